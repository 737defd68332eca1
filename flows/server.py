"""``prefect server start`` as a child of this process, its log in a file. Imports no Prefect.

The child's standard input is a pipe of this process's: ``python -m flows.server`` starts Prefect's own command and
ends when that pipe closes, so that no server outlives a run that is killed.
"""

from __future__ import annotations

import os
import runpy
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from pipeline import system
from pipeline.errors import XizeError

_STARTUP_SECONDS = 180.0
_ANSWER_SECONDS = 15.0
_TRY_AGAIN_SECONDS = 0.1


class Server:
    """A Prefect server on 127.0.0.1 (``port`` 0: any that is free), its files in the folder ``home``.

    ``api``: the address of its API. It is not ready before :meth:`wait` has returned. Raises XizeError when the port
    is in use or no process can be started.
    """

    def __init__(self, home: Path, port: int = 0) -> None:
        self.port = _free(port)
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.log = home / f"server-{os.getpid()}.log"
        environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
        with self.log.open("wb") as log:
            self._process: subprocess.Popen[Any] = subprocess.Popen(
                [sys.executable, "-m", "flows.server", str(self.port)],
                stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, env=environment,
                cwd=Path(__file__).resolve().parents[1],
                **system.apart(),  # Ctrl-C must end this process first, which then ends the server
            )  # fmt: skip

    def wait(self) -> None:
        """Wait until the server answers. Raises XizeError with the reason when it ends before, or takes too long."""
        until = time.monotonic() + _STARTUP_SECONDS
        while self._process.poll() is None and time.monotonic() < until:
            if why_silent(self.api) is None:
                return
            time.sleep(_TRY_AGAIN_SECONDS)
        raise self.failure()

    @property
    def ended(self) -> bool:
        """Whether it has ended (it never does by itself unless something is wrong)."""
        return self._process.poll() is not None

    def wait_for_end(self) -> None:
        """Wait until it has ended."""
        self._process.wait()

    def failure(self) -> XizeError:
        """The sentence for a server that is not there: the last words of its log, and where that lies."""
        return XizeError(
            f"Prefect服务器没有启动或已中断（{self._last_words()}；日志：{self.log}）："
            "请改用“xize run --no-prefect”，或检查磁盘空间、内存与权限。"
        )

    def _last_words(self) -> str:
        try:
            lines = self.log.read_text("utf-8", "replace").splitlines()
        except OSError:
            lines = []
        said = [line.strip() for line in lines if line.strip() and "Server stopped" not in line]
        faults = [line for line in said if "error" in line.lower() and not line.startswith("File ")]
        code = self._process.poll()
        ended = "没有应答" if code is None else f"退出码{code}"
        words = [*faults[-1:], *said[-1:]][:1]
        return "，".join([ended, *(word[:200].rstrip("。.") for word in words)])

    def stop(self) -> None:
        """End the server; its log stays only where it failed."""
        failed = self.ended
        system.end(self._process, seconds=10)
        if self._process.stdin is not None:
            self._process.stdin.close()
        if not failed:
            self.log.unlink(missing_ok=True)


def why_silent(api: str) -> str | None:
    """Why the Prefect API at ``api`` does not answer; None when it does."""
    own = api.startswith("http://127.0.0.1:")
    proxies = urllib.request.ProxyHandler({} if own else None)  # never through a proxy to this machine
    try:
        with urllib.request.build_opener(proxies).open(f"{api.rstrip('/')}/health", timeout=_ANSWER_SECONDS):
            return None
    except urllib.error.HTTPError:
        return None  # somebody answers: what is refused is told by Prefect itself
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))


def unreachable(api: str) -> XizeError | None:
    """The sentence for a server that PREFECT_API_URL names and that does not answer; None when it does."""
    why = why_silent(api)
    if why is None:
        return None
    return XizeError(
        f"无法连接PREFECT_API_URL所指的Prefect服务器{api}（{why}）："
        "请检查地址与网络，确认服务器已启动，或改用“xize run --no-prefect”。"
    )


def _free(port: int) -> int:
    """``port``, or any that is free for 0. Raises XizeError when it is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise XizeError(f"端口{port}已被占用：请用--port另选一个，或停止占用它的程序。") from None
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    system.end_with_parent()
    sys.argv = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", sys.argv[1]]
    runpy.run_module("prefect", run_name="__main__")
