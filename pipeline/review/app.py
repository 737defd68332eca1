"""The server of the review page: its routes, and the guard before them (loopback, token, origin, headers)."""

from __future__ import annotations

import hmac
import secrets
import threading
import webbrowser
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Body, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from pipeline.errors import XizeError
from pipeline.output.web import address_of, host_names, listen, render, serve_app, template_text
from pipeline.review import view
from pipeline.review.session import Session
from pipeline.text import unkeepable

_SCRIPTS = (
    "data.js", "picture.js", "list.js", "rows.js", "lines.js", "decide.js", "correct.js", "many.js", "main.js"
)  # fmt: skip
ASSETS = {"review.css": "text/css; charset=utf-8"} | dict.fromkeys(_SCRIPTS, "text/javascript; charset=utf-8")
"""The only files that are served beside the page; their names are compared, never joined to a path."""

_MALFORMED = "请求的内容不合格式：请重新载入本页。"
_BODY_LIMIT = 1_000_000
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def asset(name: str) -> str:
    """The text of a style sheet or script. Raises KeyError for any other name."""
    if name not in ASSETS:
        raise KeyError(name)
    return template_text("pipeline.review", name)


def page_html(**values: Any) -> str:
    """The page itself, its values escaped."""
    return render("pipeline.review", "review.html.j2", assets=list(ASSETS), **values)


@dataclass(frozen=True)
class Guard:
    """Who may speak to the page: the hosts it answers to (host:port), the token of its address, the value that
    requests which change something must carry."""

    hosts: frozenset[str]
    cookie: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def problem(self, request: Request) -> tuple[int, str] | None:
        """Why a request is refused: status and sentence. None when it may pass.

        The Host header is compared first (a name of somebody else's that was made to point here), then the token
        (in the page's address, later in a cookie), then, for whatever is no mere reading, origin and CSRF value.
        """
        host = request.headers.get("host", "")
        if host not in self.hosts:
            return 421, "请求的主机名不是本页的地址：请用“xize review”打印的地址打开。"
        given = request.query_params.get("t") if request.url.path == "/" else None
        given = given if given is not None else request.cookies.get(self.cookie, "")
        if not _equal(given, self.token):
            return 403, "口令不符：请用“xize review”打印的完整地址打开本页。"
        if request.method in ("GET", "HEAD"):
            return None
        if request.headers.get("origin") != f"http://{host}":
            return 403, "请求不是由本页发出的，已拒绝。"
        if not _equal(request.headers.get("x-xize-csrf", ""), self.csrf):
            return 403, "本页已过期：请重新载入后再试。"
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return 415, "请求应为JSON：请重新载入本页。"
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > _BODY_LIMIT:
            return 413, "请求过大，已拒绝。"
        return None


def _equal(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode(), known.encode())


Given = TypeVar("Given")
Wanted = Annotated[dict[str, Any], Body()]
Tab = Annotated[str, Header(alias="X-Xize-Tab", max_length=64)]


def create_app(session: Session, guard: Guard) -> FastAPI:
    """The application: every route goes through ``guard``."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _refusals(app)
    _reading(app, session, guard)
    _deciding(app, session)

    @app.middleware("http")
    async def guarded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        problem = guard.problem(request)
        response = _refused(*problem) if problem else await call_next(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app


def _refused(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"problem": sentence}, status_code=status)


def _refusals(app: FastAPI) -> None:
    """Failures as one sentence."""

    def refuse(kind: type[Exception], status: int, words: Callable[[Any], str]) -> None:
        async def answer(_: Request, error: Exception) -> Response:
            return _refused(status, words(error))

        app.add_exception_handler(kind, answer)

    refuse(XizeError, 409, str)
    refuse(OSError, 409, lambda error: f"无法读写文件（{error.strerror or error}）：请检查磁盘空间与权限。")
    refuse(KeyError, 404, lambda _: "没有这一项：请重新载入本页。")
    refuse(RequestValidationError, 422, lambda _: _MALFORMED)

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> Response:
        words = "没有这一页。" if error.status_code == 404 else "不支持这样的请求。"
        return _refused(error.status_code, words)


def _reading(app: FastAPI, session: Session, guard: Guard) -> None:
    """Routes that only read. Pages go by number, findings by id: no route takes a path."""

    @app.get("/")
    def index(request: Request) -> Response:
        response = HTMLResponse(page_html(csrf=guard.csrf, static=False, title=session.material.edition.name))
        if "t" in request.query_params:
            response.set_cookie(guard.cookie, guard.token, httponly=True, samesite="strict", path="/")
        return response

    @app.get("/assets/{name}")
    def served(name: str) -> Response:
        return Response(asset(name), media_type=ASSETS[name], headers={"Cache-Control": "no-cache"})

    @app.get("/api/state")
    def state(tab: Tab = "") -> Response:
        return JSONResponse(session.state(tab))

    @app.get("/api/page/{number}")
    def page(number: int) -> Response:
        return JSONResponse(view.page(session.material, number))

    @app.get("/picture/{number}")
    def picture(number: int) -> Response:
        # The address carries the file's checksum, so that a picture may be kept.
        headers = {"Cache-Control": "private, max-age=86400, immutable"}
        return Response(session.pictures.get(number), media_type="image/webp", headers=headers)

    @app.get("/api/finding/{finding_id}")
    def finding(finding_id: str) -> Response:
        return JSONResponse(view.rows_of(session.material, finding_id))

    @app.get("/api/lines/{cell_id}")
    def lines(cell_id: str, finding: str = "") -> Response:
        return JSONResponse(session.lines(finding, cell_id))

    @app.get("/api/slot/{class_code}/{kind}/{tier}")
    def slot(class_code: str, kind: str, tier: str) -> Response:
        return JSONResponse(view.slot(session.material, class_code, kind, tier))

    @app.get("/api/preview/{number}")
    def answer(number: int) -> Response:
        found = session.answer(number)
        if found is None:
            return JSONResponse({"waiting": True})
        if "problem" in found:
            raise XizeError(found["problem"])
        return JSONResponse(found)

    @app.get("/api/run")
    def run_status() -> Response:
        return JSONResponse(session.run_status())


def _kept(value: Any) -> None:
    """Every text in ``value`` must be one that the steward's files can hold. Raises XizeError."""
    if isinstance(value, Mapping):
        for pair in value.items():
            _kept(pair)
    elif isinstance(value, list | tuple):
        for one in value:
            _kept(one)
    elif isinstance(value, str) and unkeepable(value):
        raise XizeError("文字中有控制字符或不成字的字符：请重新输入。")


def _given(wanted: Mapping[str, Any], name: str, kind: type[Given], default: Any = None) -> Given:
    """The value of ``name`` in a request. Raises XizeError when it is of another kind, or cannot be kept."""
    value = wanted.get(name, default)
    if not isinstance(value, kind):
        raise XizeError(_MALFORMED)
    _kept(value)
    return value


def _text(wanted: Mapping[str, Any], name: str) -> str:
    return _given(wanted, name, str, "")


def _deciding(app: FastAPI, session: Session) -> None:
    """Routes that change something."""

    @app.post("/api/preview")
    def preview(wanted: Wanted) -> Response:
        everywhere = wanted.get("everywhere") is True
        return JSONResponse(session.preview(_given(wanted, "entry", dict), _text(wanted, "by"), everywhere))

    @app.post("/api/warm")
    def warm(wanted: Wanted) -> Response:
        session.warm()
        return JSONResponse({})

    @app.post("/api/correct")
    def correct(wanted: Wanted, tab: Tab = "") -> Response:
        everywhere = wanted.get("everywhere") is True
        return JSONResponse(
            session.correct(_given(wanted, "entry", dict), _text(wanted, "by"), tab, everywhere)
        )

    @app.post("/api/accept")
    def accept(wanted: Wanted, tab: Tab = "") -> Response:
        ids = [str(one) for one in _given(wanted, "findings", list, [_text(wanted, "finding")])]
        return JSONResponse(session.accept(ids, _text(wanted, "why"), _text(wanted, "by"), tab))

    @app.post("/api/undo")
    def undo(wanted: Wanted, tab: Tab = "") -> Response:
        return JSONResponse(session.undo(tab))

    @app.post("/api/reviewed")
    def reviewed(wanted: Wanted) -> Response:
        done = wanted.get("reviewed") is True
        number = wanted.get("page")
        if isinstance(number, int) and not isinstance(number, bool):
            session.mark_page(number, done, _text(wanted, "by"))
        else:
            session.mark_finding(_text(wanted, "finding"), done, _text(wanted, "by"))
        return JSONResponse({})

    @app.post("/api/run")
    def run(wanted: Wanted) -> Response:
        if not session.run(wanted.get("publish") is True):
            raise XizeError("已有一次运行正在进行：请等它完成。")
        return JSONResponse(session.run_status())


def guard_for(host: str, port: int) -> Guard:
    """The guard of a server: the names by which a browser on this machine may call it."""
    return Guard(host_names(host, port), f"xize_review_{port}")


def serve(session: Session, host: str, port: int, browser: bool, say: Callable[[str], None]) -> None:
    """Serve until interrupted. ``say`` gets the one line with the address. Raises XizeError."""
    bound = listen(host, port)
    guard = guard_for(host, bound.getsockname()[1])
    address = f"{address_of(host, bound)}/?t={guard.token}"

    def ready() -> None:
        say(f"审阅页已打开，请在浏览器中访问（按Ctrl-C结束）：{address}")
        if browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    try:
        serve_app(create_app(session, guard), bound, ready)
    finally:
        session.close()
