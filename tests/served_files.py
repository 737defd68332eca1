"""Files over HTTP: a folder that a server of this process offers, and an edition whose file lies there."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@contextmanager
def served_files(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The address under which an HTTP server offers ``folder``, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            if self.command == "GET":
                asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def move_to(source: Path, url: str) -> None:
    """Let source.yaml say that the file lies at ``url``."""
    text = source.read_text("utf-8")
    assert text.count("kind: pdf") == 1
    source.write_text(text.replace("kind: pdf", f"kind: pdf\n    url: {url}"), "utf-8")
