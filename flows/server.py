"""Prefect's settings for this project, and its server as a child of this process, its log in a file. Imports no Prefect.

The child's standard input is a pipe of this process's: ``python -m flows.server`` starts Prefect's own command and
ends when that pipe closes, so that no server outlives a run that is killed.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from pipeline import system
from pipeline.errors import XizeError
from pipeline.output.web import listen

# What the user sets in the environment (PREFECT_API_URL of a server in the house, a log level) always wins.
_SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # The log of a run is read in Prefect's pages; failures reach the terminal as one sentence of the command line.
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
}
# A server for a single run needs no pages, schedules, notifications or clean-ups: they only slow its start.
_SINGLE_RUN = {
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    # Else it imports every integration that is installed to compare their blocks.
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
} | {
    f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false"
    for name in (
        "SCHEDULER", "LATE_RUNS", "FOREMAN", "CANCELLATION_CLEANUP", "PAUSE_EXPIRATIONS", "TRIGGERS", "EVENT_PERSISTER",
    )
}  # fmt: skip
_SERVING = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO"}


def prepare(home: Path, *, serving: bool = False) -> Path:
    """Set the environment for Prefect, not imported yet; give its folder (<home>/staged/.prefect, or a temporary one).

    ``serving``: for a server that stays, with its pages and its scheduler. Raises OSError for a bad PREFECT_HOME.
    """
    folder = home / "staged" / ".prefect"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a folder that cannot be written must not keep a run from saying so itself
        folder = system.private_folder("xize-prefect")
    settings = {**_SETTINGS, **(_SERVING if serving else _SINGLE_RUN), "PREFECT_HOME": str(folder)}
    os.environ.update(settings | dict(os.environ))
    folder = Path(os.environ["PREFECT_HOME"])
    folder.mkdir(parents=True, exist_ok=True)  # the server's log lies there before Prefect makes it
    return folder


_STARTUP_SECONDS = 180.0
_ANSWER_SECONDS = 15.0
_TRY_AGAIN_SECONDS = 0.1


class Server:
    """A Prefect server on 127.0.0.1 (``port`` 0: any that is free), its files in the folder ``home``.

    ``api``: the address of its API. It is not ready before :meth:`wait` has returned. Raises XizeError when the port
    is in use or no process can be started.
    """

    def __init__(self, home: Path, port: int = 0) -> None:
        with closing(listen("127.0.0.1", port)) as probe:
            self.port = int(probe.getsockname()[1])
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.log = home / f"server-{os.getpid()}.log"
        environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
        with self.log.open("wb") as log:
            self.process: subprocess.Popen[Any] = subprocess.Popen(
                [sys.executable, "-m", "flows.server", str(self.port)],
                stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, env=environment,
                cwd=Path(__file__).resolve().parents[1],
                **system.apart(),  # Ctrl-C must end this process first, which then ends the server
            )  # fmt: skip

    def wait(self) -> None:
        """Wait until the server answers. Raises XizeError with the reason when it ends before, or takes too long."""
        until = time.monotonic() + _STARTUP_SECONDS
        while self.process.poll() is None and time.monotonic() < until:
            if unreachable(self.api) is None:
                return
            time.sleep(_TRY_AGAIN_SECONDS)
        raise self.failure()

    @property
    def ended(self) -> bool:
        """Whether it has ended (it never does by itself unless something is wrong)."""
        return self.process.poll() is not None

    def failure(self) -> XizeError:
        """The sentence for a server that is not there; its log says why."""
        return XizeError(
            f"Prefect服务器没有启动或已中断（原因见日志{self.log}）："
            "请改用“xize run --no-prefect”，或检查磁盘空间、内存与权限。"
        )

    def stop(self) -> None:
        """End the server; its log stays only where it failed."""
        failed = self.ended
        system.end(self.process, seconds=10)
        if not failed:
            self.log.unlink(missing_ok=True)


def server_for(folder: Path, port: int = 0) -> Server | None:
    """A server of this process, its files in ``folder`` and its address in PREFECT_API_URL; None where that names one.

    Raises XizeError where the one that is named does not answer, and as :class:`Server` does.
    """
    configured = os.environ.get("PREFECT_API_URL")
    if error := unreachable(configured):
        raise error
    if configured:
        return None
    server = Server(folder, port)
    os.environ["PREFECT_API_URL"] = server.api
    return server


def unreachable(api: str | None, error: Exception | None = None) -> XizeError | None:
    """The sentence for an address where no Prefect API answers, or that answered with ``error``; None: all is well."""
    if not api:
        return None
    own = api.startswith("http://127.0.0.1:")  # no proxy leads to this machine
    reason: object = error if type(error).__name__ == "PrefectHTTPStatusError" else None
    try:
        opener = build_opener(ProxyHandler({} if own else None))
        with opener.open(f"{api.rstrip('/')}/health", timeout=_ANSWER_SECONDS) as answer:
            if answer.read(9).strip() != b"true":
                reason = "所答的不是Prefect，地址通常以/api结尾"
    except HTTPError as refusal:
        reason = reason or (refusal if refusal.code == 404 and "prefect.cloud" not in api else None)
    except (OSError, ValueError, HTTPException) as failure:
        reason = getattr(failure, "reason", failure)
    if reason is None:
        return None
    return XizeError(
        f"无法连接PREFECT_API_URL所指的Prefect服务器{api}（{str(reason).partition(' - For')[0]}）："
        "请检查地址、口令与网络，确认服务器已启动，或改用“xize run --no-prefect”。"
    )


@contextmanager
def explained(server: Server | None) -> Iterator[None]:
    """An error of Prefect's is one sentence (XizeError) where its server has gone, or the one that is configured refuses."""
    try:
        yield
    except XizeError:
        raise
    except Exception as error:
        if server is not None and server.ended:
            raise server.failure() from error
        if server is None and (gone := unreachable(os.environ.get("PREFECT_API_URL"), error)):
            raise gone from error
        raise


if __name__ == "__main__":
    system.end_with_parent()
    sys.argv = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", sys.argv[1]]
    runpy.run_module("prefect", run_name="__main__")
