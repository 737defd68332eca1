"""Pages and answers: the templates of a package, a listening socket, the names it goes by, a server that ends cleanly."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import json
import socket
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from pipeline.errors import XizeError
from pipeline.system import interrupts_call

_WAITING = 1024


def template_text(package: str, name: str) -> str:
    """A file of a package's folder templates: a style sheet, a script."""
    return (files(package) / "templates" / name).read_text("utf-8")


def script_json(document: object) -> str:
    """JSON that may stand in a script: no "<", hence no end tag and no comment, and no line end that older browsers know."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def render(package: str, template: str, **values: Any) -> str:
    """A page of a package; values are escaped, names that do not exist are errors.

    In a template ``asset("diff.css")`` is a style sheet or script of the templates folder, whole.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader(package), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip

    def asset(name: str) -> Markup:
        return Markup(template_text(package, name).rstrip("\n"))

    return environment.get_template(template).render(asset=asset, **values)


def is_loopback(host: str) -> bool:
    """Whether an address reaches this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any that is free. Raises XizeError when there is none."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, proto)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(_WAITING)
    except OSError as error:
        reason = f"端口{port}已被占用" if error.errno == errno.EADDRINUSE else error.strerror
        raise XizeError(
            f"无法在{host}:{port}上打开服务（{reason}）：请换一个--port，或用0由系统选取。"
        ) from error
    return made


def host_names(host: str, port: int) -> frozenset[str]:
    """The values of a Host header by which a client may call a server: names that anybody else made to point here are none."""
    names = {"127.0.0.1", "localhost", "[::1]"} if is_loopback(host) else {host}
    if ":" in host:
        names.add(f"[{host}]")
    return frozenset({f"{name}:{port}" for name in names} | ({*names} if port == 80 else set()))


def address_of(host: str, bound: socket.socket) -> str:
    """The http address of a listening socket."""
    return f"http://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}"


def serve_app(app: Any, bound: socket.socket, ready: Callable[[], object]) -> None:
    """Serve an ASGI app until interrupted, without a log of requests. ``ready`` is called before the first one."""
    import uvicorn

    config = uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False, timeout_graceful_shutdown=2, lifespan="off",
        backlog=_WAITING,
    )  # fmt: skip
    server = uvicorn.Server(config)

    def leave() -> None:
        server.should_exit = True

    # From before the address is printed: uvicorn's own handlers come only once its loop runs.
    with contextlib.closing(bound), interrupts_call(leave):
        ready()
        server.run(sockets=[bound])
