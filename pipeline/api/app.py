"""The routes. Every answer names its releases; the same releases give the same tag (ETag)."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from pipeline import __version__
from pipeline.api import models, published, reconcile
from pipeline.api.models import PROBLEMS, Class, Edition, Kind, Name, On, OptionalClass
from pipeline.api.served import Served
from pipeline.errors import UnknownName, XizeError
from pipeline.query.catalogue import Catalog
from pipeline.query.check import check as judge
from pipeline.query.check import parse_grade
from pipeline.query.history import history as follow
from pipeline.query.lists import CertificateList, Row, answer_list, list_bytes, parse_list
from pipeline.schema import TIERS

_BODY_LIMIT = 20_000_000
_ABOUT = """双师型教师专业认定细则的数据：证书是否计入、历年情况、已发布的条目。只读；所提交的名单不保存，也不记录。

每个回答写明所依据的发布；`ETag`随发布而变，可用`If-None-Match`询问是否有新发布。"""
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_KINDS_OF_LIST = {"csv": "text/csv; charset=utf-8", "xlsx": _XLSX}
_FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def create_app(served: Served, hosts: frozenset[str] | None = None, token: str | None = None) -> FastAPI:
    """The application.

    ``hosts``: the values of the Host header that are answered (None: any). ``token``: what every request but /health must
    bring as ``Authorization: Bearer`` (None: nothing).
    """
    app = FastAPI(
        title="Xize", version=__version__, description=_ABOUT, redoc_url=None, docs_url=None,
        generate_unique_id_function=lambda route: route.name,
    )  # fmt: skip
    _refusals(app)
    _questions(app, served)
    _lists(app, served)
    published.add_routes(app, served)
    reconcile.add_routes(app, served)

    @app.middleware("http")
    async def guarded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        problem = _problem(request, hosts, token)
        response = _refused(*problem) if problem else await call_next(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app


def _problem(request: Request, hosts: frozenset[str] | None, token: str | None) -> tuple[int, str] | None:
    """Why a request is refused before it is looked at: status and sentence."""
    if hosts is not None and request.headers.get("host", "") not in hosts:
        return 421, "请求的主机名不是本服务的地址：请用“xize api”打印的地址。"
    if token is not None and request.url.path != "/health":
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        # The tools that match names take an address and nothing else.
        if request.url.path.startswith(reconcile.PATH):
            given = given or request.query_params.get("token", "")
        if not hmac.compare_digest(given.encode(), token.encode()):
            return 401, "口令不符：请在请求头中加上“Authorization: Bearer 口令”。"
    length = request.headers.get("content-length", "")  # without one, nobody knows how much will come
    if request.method == "POST" and (not length.isdecimal() or int(length) > _BODY_LIMIT):
        return (
            413,
            f"请求过大，或没有写明长度（Content-Length）：一次最多{_BODY_LIMIT // 1_000_000}兆字节，请分成几份。",
        )
    return None


def _refused(status: int, sentence: str) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    sentence = sentence.encode("utf-8", "replace").decode()  # it may quote half a character
    return JSONResponse({"problem": sentence}, status_code=status, headers=headers)


def _refusals(app: FastAPI) -> None:
    """Failures as one sentence."""

    @app.exception_handler(UnknownName)
    async def unknown(_: Request, error: UnknownName) -> Response:
        return _refused(404, str(error))

    @app.exception_handler(XizeError)
    async def wrong(_: Request, error: XizeError) -> Response:
        return _refused(422, str(error))

    @app.exception_handler(UnicodeEncodeError)
    async def half_characters(_: Request, error: UnicodeEncodeError) -> Response:
        return _refused(422, "所给的文字中有不成字的字符（单独的代理码位）：请改正后再发。")

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> Response:
        # Where, never what: the values are somebody's list.
        places = {"→".join(str(part) for part in one["loc"]) for one in error.errors()}
        return _refused(
            422, f"请求的这些部分不合要求：{'、'.join(sorted(places)[:5])}，请对照/openapi.json。"
        )

    @app.exception_handler(404)
    async def nowhere(_: Request, error: Exception) -> Response:
        return _refused(404, "没有这个地址：请见/openapi.json。")


def _questions(app: FastAPI, served: Served) -> None:
    @app.get("/check", response_model=models.Answered, responses=PROBLEMS)
    def check(
        request: Request,
        class_code: Class,
        name: Name,
        grade: Annotated[
            str | None, Query(description="5至1，四级，中级工……", max_length=50, examples=["4"])
        ] = None,
        level: Annotated[str | None, Query(description="、".join(TIERS), max_length=50)] = None,
        edition: Edition = None,
        on: On = None,
    ) -> Response:
        """证书是否计入某专业类，计入哪一级次。"""

        def told(catalog: Catalog) -> dict[str, Any]:
            editions = edition or (catalog.in_force(on) if on else None)
            return judge(catalog, class_code, name, parse_grade(grade), level, editions).to_dict()

        return served.tagged(request, told)

    @app.get("/history", response_model=dict[str, Any], responses=PROBLEMS)
    def history(
        request: Request,
        name: Name,
        class_code: OptionalClass = None,
        kind: Kind = None,
        jurisdiction: Annotated[
            str | None, Query(description="地区", max_length=50, examples=["shanghai"])
        ] = None,
    ) -> Response:
        """证书自哪一年起列入、列在哪一级次，中间有无缺失。"""

        def told(catalog: Catalog) -> dict[str, Any]:
            found = follow(catalog, name, class_code=class_code, kind=kind, jurisdiction=jurisdiction)
            return {"releases": dict(catalog.releases), **found.to_dict()}

        return served.tagged(request, told)

    @app.get("/health", response_model=models.Health)
    def health() -> Response:
        """服务是否正常，按哪些发布回答。不需要口令。"""
        shown = served.now()
        status = "degraded" if shown.problem else "ok"
        return JSONResponse(
            {"status": status, "releases": dict(shown.catalog.releases), "problem": shown.problem}
        )


def _lists(app: FastAPI, served: Served) -> None:
    @app.post("/check", response_model=models.AnsweredList, responses=PROBLEMS)
    def check_list(asked: models.AskedList) -> Response:
        """一次核对一份名单；名单不保存，也不记录。"""
        rows: list[Row] = [["class", "name", "grade"]]
        rows += [[one.class_code, one.name, one.grade] for one in asked.rows]
        given = CertificateList(rows, 0, {"class": 0, "name": 1, "grade": 2})
        catalog = served.now().catalog
        made, counts = answer_list(catalog, given, asked.edition or catalog.judging(asked.on))
        names = ("class", "name", "grade", "answer", "tier", "text", "page", "release", "why")
        answered = [dict(zip(names, row, strict=True)) for row in made[1:]]
        return JSONResponse({"counts": dict(counts), "rows": answered}, headers={"Cache-Control": "no-store"})

    @app.post("/check/file", responses=PROBLEMS, response_class=Response, openapi_extra=_FILE_BODY)
    async def check_file(
        request: Request,
        edition: Edition = None,
        format: Annotated[str | None, Query(description="csv或xlsx；默认看Content-Type")] = None,
    ) -> Response:
        """一次核对一个.csv或.xlsx文件，回答写在各行之后，返回同样的文件。"""
        data = await request.body()
        sent = request.headers.get("content-type", "").partition(";")[0].strip()
        kind = format or next(
            (one for one, mime in _KINDS_OF_LIST.items() if mime.partition(";")[0] == sent), ""
        )
        if kind not in _KINDS_OF_LIST:
            return _refused(
                415, f"请用format=csv或format=xlsx，或用Content-Type（text/csv或{_XLSX}）说明文件的种类。"
            )

        def answered() -> bytes:
            given = parse_list(data, f".{kind}", "所给的名单")
            return list_bytes(answer_list(served.now().catalog, given, edition)[0], f".{kind}")

        made = await run_in_threadpool(answered)
        return Response(made, media_type=_KINDS_OF_LIST[kind], headers={"Cache-Control": "no-store"})
