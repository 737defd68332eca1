"""The routes. Every answer names its releases; the same releases give the same tag (ETag)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from pipeline import __version__
from pipeline.api import models, reconcile
from pipeline.api.entries import coverage_rows, entries_page, entry_rows
from pipeline.api.served import Served
from pipeline.errors import UnknownName, XizeError
from pipeline.query.catalogue import Catalog
from pipeline.query.check import check as judge
from pipeline.query.check import parse_grade
from pipeline.query.history import history as follow
from pipeline.query.lists import CertificateList, Row, answer_list, list_bytes, parse_list
from pipeline.releases.catalogue import index_bytes
from pipeline.schema import KINDS, TABLES, TIERS
from pipeline.schema.json_schema import row_schema

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
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    404: {"model": models.Problem, "description": "没有所问的版本、发布或专业类"},
    422: {"model": models.Problem, "description": "问法不合要求"},
}

Class = Annotated[
    str,
    Query(
        alias="class", description="专业类：代码（中职、高职或本科）或名称", max_length=100, examples=["6101"]
    ),
]
OptionalClass = Annotated[
    str | None, Query(alias="class", description="专业类：代码或名称", max_length=100, examples=["6101"])
]
Name = Annotated[str, Query(description="证书名称", max_length=500, examples=["农作物植保员"])]
Edition = Annotated[
    str | None, Query(description="只看这个版本或发布", max_length=100, examples=["shanghai-2025"])
]
On = Annotated[date | None, Query(description="按这一天生效的版本（不写edition时）", examples=["2026-03-01"])]
Kind = Annotated[
    str | None, Query(description="、".join(f"{key}：{label}" for key, label in KINDS.items()), max_length=50)
]


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
    _published(app, served)
    _scope(app, served)
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


def tagged(served: Served, request: Request, make: Callable[[Catalog], Any]) -> Response:
    """What ``make`` says of the current releases, with their tag; 304 where the client has it already."""
    shown = served.now()
    headers = {"ETag": shown.etag, "Cache-Control": "no-cache"}
    known = request.headers.get("if-none-match", "")
    if shown.etag in known.replace("W/", "").replace(" ", "").split(","):
        return Response(status_code=304, headers=headers)
    return JSONResponse(make(shown.catalog), headers=headers)


def _questions(app: FastAPI, served: Served) -> None:
    @app.get("/check", response_model=models.Answered, responses=_PROBLEMS)
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

        return tagged(served, request, told)

    @app.get("/history", response_model=dict[str, Any], responses=_PROBLEMS)
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

        return tagged(served, request, told)

    @app.get("/health", response_model=models.Health)
    def health() -> Response:
        """服务是否正常，按哪些发布回答。不需要口令。"""
        shown = served.now()
        status = "degraded" if shown.problem else "ok"
        return JSONResponse(
            {"status": status, "releases": dict(shown.catalog.releases), "problem": shown.problem}
        )


def _lists(app: FastAPI, served: Served) -> None:
    @app.post("/check", response_model=models.AnsweredList, responses=_PROBLEMS)
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

    @app.post("/check/file", responses=_PROBLEMS, response_class=Response, openapi_extra=_FILE_BODY)
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


def _published(app: FastAPI, served: Served) -> None:
    @app.get("/editions", response_model=dict[str, Any])
    def editions(request: Request) -> Response:
        """各版本及其历次发布（同curated/index.json）。"""
        return tagged(served, request, lambda _: json.loads(index_bytes(served.store)))

    @app.get("/entries", response_model=models.Entries, responses=_PROBLEMS)
    def entries(
        request: Request,
        edition: Edition = None,
        class_code: OptionalClass = None,
        kind: Kind = None,
        tier: Annotated[str | None, Query(description="、".join(TIERS), max_length=10)] = None,
        grade: Annotated[str | None, Query(description="原文写明的等级：5至1，四级……", max_length=50)] = None,
        q: Annotated[str | None, Query(description="原文中的文字", max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    ) -> Response:
        """已发布的条目，逐页；可按专业类、类别、级次、等级和文字筛选。"""
        wanted = {"class": class_code, "kind": kind, "tier": tier, "grade": parse_grade(grade), "q": q}

        def page(catalog: Catalog) -> Mapping[str, Any]:
            releases, total, rows = entries_page(catalog, edition, wanted, limit, offset)
            more = offset + limit < total
            follows = (
                str(request.url.include_query_params(offset=offset + limit, limit=limit)) if more else None
            )
            return {
                "releases": releases,
                "total": total,
                "limit": limit,
                "offset": offset,
                "next": follows,
                "rows": rows,
            }

        return tagged(served, request, page)

    @app.get("/entries/{entry_id}", response_model=models.EntryRows, responses=_PROBLEMS)
    def entry(request: Request, entry_id: str) -> Response:
        """一个条目，在各版本的当前发布中。"""
        return tagged(served, request, lambda catalog: entry_rows(catalog, entry_id))


def _scope(app: FastAPI, served: Served) -> None:
    @app.get("/coverage", response_model=models.CoverageOf, responses=_PROBLEMS)
    def coverage(request: Request, edition: Edition = None) -> Response:
        """文件的哪些部分在数据中，哪些是来源缺失的。"""

        def told(catalog: Catalog) -> dict[str, Any]:
            releases, rows = coverage_rows(catalog, edition)
            return {"releases": releases, "rows": rows}

        return tagged(served, request, told)

    @app.get("/schema/{table}", response_model=dict[str, Any], responses=_PROBLEMS)
    def schema(table: str) -> Response:
        """一张表的行的JSON Schema。"""
        if table not in TABLES:
            raise UnknownName(f"没有表“{table[:50]}”：现有{'、'.join(TABLES)}。")
        return JSONResponse(row_schema(TABLES[table]))
