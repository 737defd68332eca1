"""How a process works: it seldom collects garbage, and each task has a limit of processor time.

Where that limit ends the process, whoever started it knows what the task was.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import XizeError
from pipeline.system import TimeUp, end_with_parent_process, exit_on_sigterm, limit_seconds, stopped_after

__all__ = ["begin_beside", "begin_noting", "collect_seldom", "noted", "task"]

_TOO_LONG = "读取{what}用时超过{seconds}秒，文件可能已损坏；确要读取请用--max-seconds放宽。"
_notes: Path | None = None
"""The folder in which this process notes what it is at."""


def collect_seldom() -> None:
    """Let the garbage collector run seldom: a run makes hundreds of thousands of small objects and few circles of them."""
    gc.set_threshold(100_000, 50, 100)


@contextmanager
def task(text: str, seconds: int) -> Iterator[None]:
    """Work that takes at most so many ``seconds`` of processor time, else XizeError names it.

    In a process that notes its tasks the system ends that process, and whoever started it names what was noted. In any
    other one the work is stopped, see :func:`stopped_after`.
    """
    if _notes is not None:
        (_notes / str(os.getpid())).write_text(text, encoding="utf-8")
        limit_seconds(seconds)
        yield
        return
    try:
        with stopped_after(seconds):
            yield
    except TimeUp as error:
        raise XizeError(_TOO_LONG.format(what=text, seconds=seconds)) from error


def begin_noting(folder: str) -> None:
    """The first that a process of a pool does: from now on it notes in ``folder`` what it is at."""
    global _notes
    _notes = Path(folder)
    collect_seldom()
    end_with_parent_process()


def begin_beside() -> None:
    """The first that a process beside the main one does."""
    collect_seldom()
    end_with_parent_process()
    exit_on_sigterm()
    atexit.register(gc.freeze)  # at its end nobody looks for garbage among what took seconds to import


def noted(processes: Sequence[Any], folder: Path) -> str:
    """What those of the processes were at that died; the others have only been told to end."""
    died = [str(one.pid) for one in processes if one.exitcode not in (0, None, -signal.SIGTERM)]
    told = [(folder / pid).read_text(encoding="utf-8") for pid in died if (folder / pid).exists()]
    return f"在读取{'、'.join(told)}时" if told else ""
