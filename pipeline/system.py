"""What differs between systems: signals, process groups, processors, memory figures. Nothing else in the project asks for them."""

from __future__ import annotations

import getpass
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def apart() -> dict[str, Any]:
    """Arguments of ``subprocess.Popen`` for a child in a group of its own, which Ctrl-C in the terminal does not reach."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def end_group(process: subprocess.Popen[Any], seconds: float = 5.0) -> None:
    """End a child begun :func:`apart` and all that it has started: asked first, by force after ``seconds`` or what outlives it."""
    if sys.platform == "win32":
        end(process, seconds)
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def end(process: subprocess.Popen[Any], seconds: float = 5.0) -> None:
    """End a child: asked first, by force after ``seconds``."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def ignore_interrupts() -> None:
    """Let Ctrl-C go by: the parent, which it reaches too, ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def interrupts_call(leave: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C and SIGTERM call ``leave`` instead of ending whatever the main thread happens to be doing."""
    before = {number: signal.signal(number, lambda *_: leave()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_on_sigterm(code: int = 128 + signal.SIGTERM) -> Any:
    """From now on SIGTERM raises SystemExit(``code``) in the main thread, so that ``with`` and ``finally`` blocks clean up.

    Gives the handler that was there before.
    """
    return signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(code))


@contextmanager
def sigterm_exits(code: int = 128 + signal.SIGTERM) -> Iterator[None]:
    """As :func:`exit_on_sigterm`, for a while."""
    before = exit_on_sigterm(code)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def end_with_parent() -> None:
    """End this process when the pipe that is its standard input closes, which happens however its parent ends."""

    def wait() -> None:
        while sys.stdin.buffer.read(1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def end_with_parent_process() -> None:
    """End this process of multiprocessing when its parent has ended, however it did: it would wait for work for ever."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_memory() -> float:
    """The most memory that this process, or the largest of its ended children, has held so far, in MiB; 0: unknown."""
    if sys.platform == "win32":
        return 0.0
    import resource

    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


def limit_seconds(seconds: int) -> None:
    """Let the system end this process once it has taken so many more ``seconds`` of processor time. Not on Windows."""
    if sys.platform == "win32":
        return
    import resource

    own = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    until = int(own.ru_utime + own.ru_stime) + seconds + 1
    resource.setrlimit(
        resource.RLIMIT_CPU, (until if most == resource.RLIM_INFINITY else min(until, most), most)
    )


class TimeUp(BaseException):
    """The processor time of :func:`stopped_after` is used up. No Exception: nobody catches it on the way."""


@contextmanager
def stopped_after(seconds: int) -> Iterator[None]:
    """Raises TimeUp once this process has taken so many more ``seconds`` of processor time, after a step of a library
    when that is done. Not on Windows, and in the main thread only: others get no signals."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds + 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def sync_folder(path: Path) -> None:
    """Have the disk keep what a folder lists. Nothing on Windows, which cannot. Raises OSError."""
    if sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(name: str) -> Path:
    """A folder of this user's own among the temporary files, made if need be. Raises OSError."""
    if sys.platform == "win32":  # where every user has temporary files of his own
        folder = Path(tempfile.gettempdir()) / name
        folder.mkdir(exist_ok=True)
        return folder
    folder = Path(tempfile.gettempdir()) / f"{name}-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.is_symlink():  # another user's: not to be trusted
        return Path(tempfile.mkdtemp(prefix=f"{name}-"))
    return folder


def login_name() -> str:
    """The user's login name, "" for one without an entry in the system's list, as in containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
