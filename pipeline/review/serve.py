"""The server of the review page: a socket on loopback, a token in the address, a clean end."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable

from pipeline.output.web import address_of, host_names, listen, serve_app
from pipeline.review.app import Guard, create_app
from pipeline.review.session import Session


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
