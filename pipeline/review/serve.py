"""The server of the review page: a socket on loopback, a token in the address, a clean end."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
import webbrowser
from collections.abc import Callable

import uvicorn

from pipeline.errors import XizeError
from pipeline.review.app import Guard, create_app
from pipeline.review.session import Session
from pipeline.system import interrupts_call


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
        made.listen(128)
    except OSError as error:
        raise XizeError(
            f"无法在{host}:{port}上打开服务（{error.strerror}）：请换一个--port，或用0由系统选取。"
        ) from error
    return made


def guard_for(host: str, port: int) -> Guard:
    """The guard of a server: the names by which a browser on this machine may call it."""
    names = {"127.0.0.1", "localhost", "[::1]"} if is_loopback(host) else {host}
    if ":" in host:
        names.add(f"[{host}]")
    hosts = {f"{name}:{port}" for name in names} | ({*names} if port == 80 else set())
    return Guard(frozenset(hosts), f"xize_review_{port}")


def serve(session: Session, host: str, port: int, browser: bool, say: Callable[[str], None]) -> None:
    """Serve until interrupted. ``say`` gets the one line with the address. Raises XizeError."""
    bound = listen(host, port)
    with contextlib.closing(bound):
        port = bound.getsockname()[1]
        guard = guard_for(host, port)
        name = f"[{host}]" if ":" in host else host
        address = f"http://{name}:{port}/?t={guard.token}"
        config = uvicorn.Config(
            create_app(session, guard), log_level="error", access_log=False, server_header=False,
            timeout_graceful_shutdown=2, lifespan="off",
        )  # fmt: skip
        server = uvicorn.Server(config)

        def leave() -> None:
            server.should_exit = True

        try:
            # From before the address is printed: uvicorn's own handlers come only once its loop runs.
            with interrupts_call(leave):
                say(f"审阅页已打开，请在浏览器中访问（按Ctrl-C结束）：{address}")
                if browser:
                    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
                server.run(sockets=[bound])
        finally:
            session.close()
