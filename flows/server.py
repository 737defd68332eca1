"""A Prefect server of our own, for one run or while deployments are served. Imports no Prefect.

The listening socket is opened here and handed to the server's process: the port cannot be lost to another program,
and nobody need ask until the server is ready, since whoever connects meanwhile just waits. So the server starts while
others read pages.

For a single run the server is a forked copy of this process, made when Prefect has been imported here: more than half
of what it would have to import, which is most of its start, is the same.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

from flows.template import ready_made
from pipeline.errors import XizeError
from pipeline.forked import copies

FAILED = "Prefect服务器没有启动或已中断：请改用“xize run --no-prefect”，或检查磁盘空间、内存与权限。"

# A server on this machine is there or it is gone: Prefect's five more attempts would take a minute for each request.
_RETRIES = "1"


class Process(Protocol):
    """What is asked of a server's process, in the words of subprocess.Popen."""

    pid: int

    def poll(self) -> int | None:
        """Its exit code once it has ended."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code when it has ended; subprocess.TimeoutExpired after ``timeout`` seconds."""


@dataclass(frozen=True)
class Server:
    """A server's process, the address of its API, and our end of the pipe on which its life hangs."""

    process: Process
    api: str
    life: int

    @property
    def ended(self) -> bool:
        """Whether it has ended (it never does by itself unless something is wrong)."""
        return self.process.poll() is not None

    def address_this_process(self) -> None:
        """Let Prefect, not imported yet, find this server in its settings."""
        _address_this_process(self.api)

    def stop(self) -> None:
        """End the server; to be called once."""
        os.close(self.life)
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
    with _listen(port) as listener:
        return _spawned(listener, lasting)


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise XizeError(f"端口{port}已被占用：请用--port另选一个，或停止占用它的程序。") from None
    listener.listen(256)
    return listener


def _api(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}/api"


def _spawned(listener: socket.socket, lasting: bool) -> Server:
    number = listener.fileno()
    environment = os.environ | dict.fromkeys(_shortcuts(lasting), "false")
    environment.pop("PREFECT_API_URL", None)  # the server itself asks nobody
    theirs, life = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.server_process", str(number), "lasting" if lasting else "temporary"],
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        pass_fds=(number,),
        # In a session of its own: Ctrl-C must end this process first, which then ends the server.
        start_new_session=True,
    )
    os.close(theirs)
    return Server(process, _api(listener), life)


def _shortcuts(lasting: bool) -> list[str]:
    """Settings that, being false, spare the server what has been done already or is not needed."""
    settings = []
    if ready_made(Path(os.environ["PREFECT_HOME"])):
        settings.append("PREFECT_SERVER_DATABASE_MIGRATE_ON_START")
    if not lasting:
        settings += [
            "PREFECT_SERVER_UI_ENABLED",
            "PREFECT_SERVER_REGISTER_BLOCKS_ON_START",
            # Else it imports every integration that is installed (Dask's: two seconds) to compare their blocks.
            "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION",
        ]
    return settings


_running: list[Server] = []


def start_for_this_process() -> None:
    """Start a temporary server that lives as long as this process, unless PREFECT_API_URL names one.

    Comes before Prefect is imported, which then finds the server in its settings.
    """
    if not os.environ.get("PREFECT_API_URL"):
        _keep(start()).address_this_process()


def announce_for_this_process() -> Callable[[], None]:
    """As :func:`start_for_this_process`, but the server starts when Prefect has been imported: call what is given then.

    It is a forked copy of this process where that is safe (see pipeline.forked.copies), otherwise one of its own.
    """
    if os.environ.get("PREFECT_API_URL"):
        return lambda: None
    if not copies(2):
        start_for_this_process()
        return lambda: None
    listener = _listen(0)
    _address_this_process(_api(listener))
    # The copy will have this process's settings; these mean something to servers only.
    os.environ |= dict.fromkeys(_shortcuts(lasting=False), "false")
    atexit.register(_stop_all)

    def begin() -> None:
        with listener:
            _keep(_forked(listener) if copies(2) else _spawned(listener, lasting=False))

    return begin


def _address_this_process(api: str) -> None:
    os.environ["PREFECT_API_URL"] = api
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", _RETRIES)
    # Plain HTTP: there is no certificate to be verified, but each client would load all authorities to be ready for it.
    os.environ.setdefault("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "true")


def _keep(server: Server) -> Server:
    # Registered before Prefect's own last words, hence called after them; twice does no harm.
    atexit.register(_stop_all)
    _running.append(server)
    return server


def _stop_all() -> None:
    while _running:
        _running.pop().stop()


def failed() -> bool:
    """Whether this process's temporary server has ended too early."""
    return any(server.ended for server in _running)


class _Copy:
    """A forked copy of this process, in the words of subprocess.Popen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Its exit code once it has ended."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code when it has ended; subprocess.TimeoutExpired after ``timeout`` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if timeout is not None and until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired("server", timeout)
            time.sleep(0.01)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:  # else another process may have its number by now
            os.kill(self.pid, number)


def _forked(listener: socket.socket) -> Server:
    theirs, life = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become_server(listener, theirs)
    os.close(theirs)
    return Server(_Copy(pid), _api(listener), life)


def _become_server(listener: socket.socket, life: int) -> NoReturn:
    """The life of the copy: it keeps nothing of its parent's but what has been imported, and ends at once."""
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for place, handle in enumerate((life, nowhere, nowhere)):
            os.dup2(handle, place)
        # Locks and pipes: whoever waits for their end would wait for the server's.
        os.closerange(3, listener.fileno())
        os.closerange(listener.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
        from flows.server_process import end_with_parent, serve

        end_with_parent()
        serve(listener, temporary=True)
    finally:
        os._exit(1)
