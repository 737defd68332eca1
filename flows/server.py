"""A Prefect server of our own, for one run or while deployments are served. Imports no Prefect.

The listening socket is opened here and handed to the server's process: the port cannot be lost to another program,
and nobody need ask until the server is ready, since whoever connects meanwhile just waits. So the server starts while
this process imports Prefect and reads pages.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from flows.template import ready_made
from pipeline.errors import XizeError

FAILED = "Prefect服务器没有启动或已中断：请改用“xize run --no-prefect”，或检查磁盘空间、内存与权限。"

# A server on this machine is there or it is gone: Prefect's five more attempts would take a minute for each request.
_RETRIES = "1"


@dataclass(frozen=True)
class Server:
    """A server's process and the address of its API."""

    process: subprocess.Popen[bytes]
    api: str

    @property
    def ended(self) -> bool:
        """Whether it has ended (it never does by itself unless something is wrong)."""
        return self.process.poll() is not None

    def address_this_process(self) -> None:
        """Let Prefect, not imported yet, find this server in its settings."""
        os.environ["PREFECT_API_URL"] = self.api
        os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", _RETRIES)

    def stop(self) -> None:
        """End the server; safe to call twice."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(port: int = 0, *, lasting: bool = False) -> Server:
    """Start a server on 127.0.0.1 (``port`` 0: any that is free) and return before it is ready.

    ``lasting``: with Prefect's pages and services, otherwise for a single run. The process ends when this one does,
    even when that is killed. Comes after :func:`flows.environment.prepare`. Raises XizeError when the port is in use.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            raise XizeError(f"端口{port}已被占用：请用--port另选一个，或停止占用它的程序。") from None
        listener.listen(256)
        number = listener.fileno()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "flows.server_process",
                str(number),
                "lasting" if lasting else "temporary",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | _shortcuts(lasting),
            pass_fds=(number,),
            # In a session of its own: Ctrl-C must end this process first, which then ends the server.
            start_new_session=True,
        )
        return Server(process, f"http://127.0.0.1:{listener.getsockname()[1]}/api")


def _shortcuts(lasting: bool) -> dict[str, str]:
    """Settings that spare the server what has been done already or is not needed."""
    settings = {}
    if ready_made(Path(os.environ["PREFECT_HOME"])):
        settings["PREFECT_SERVER_DATABASE_MIGRATE_ON_START"] = "false"
    if not lasting:
        settings["PREFECT_SERVER_REGISTER_BLOCKS_ON_START"] = "false"
    return settings


_running: list[Server] = []


def start_for_this_process() -> None:
    """Start a temporary server that lives as long as this process, unless PREFECT_API_URL names one.

    Comes before Prefect is imported, which then finds the server in its settings.
    """
    if os.environ.get("PREFECT_API_URL"):
        return
    server = start()
    server.address_this_process()
    _running.append(server)
    # Registered before Prefect's own last words, hence called after them.
    atexit.register(server.stop)


def failed() -> bool:
    """Whether this process's temporary server has ended too early."""
    return any(server.ended for server in _running)
