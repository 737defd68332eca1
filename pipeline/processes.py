"""Work in other processes, by the standard library's pool. Nothing here forks."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import XizeError
from pipeline.system import TimeUp, exit_on_sigterm, limit_seconds, stopped_after

__all__ = ["Call", "map_in_processes", "process_beside", "processors", "task"]

Item = TypeVar("Item")
Result = TypeVar("Result")
Call = Callable[[Callable[[], Result]], Result]
"""Calls a function of a module (or a ``partial`` of one) and gives what it gives, or raises what it raises."""

_ENDED = "一个工作进程{what}被系统中止（可能内存不足，或用时过长）：请关闭其他程序，用--workers 1重试，或用--max-seconds放宽。"
_TOO_LONG = "读取{what}用时超过{seconds}秒，文件可能已损坏；确要读取请用--max-seconds放宽。"
# Spawned: a forked copy of a process with threads (Prefect, Arrow, a progress bar) may hang on a lock.
_SPAWN = multiprocessing.get_context("spawn")
_notes: Path | None = None
"""The folder in which a process of a pool notes what it is at."""


def processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_in_processes(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    workers: int | None = None,
    done: Callable[[int], None] = lambda index: None,
    apart: bool = False,
) -> list[Result]:
    """``[work(item) for item in items]``, done by ``workers`` processes (None: one per processor).

    ``work`` must be a function of a module, items and results picklable. With one worker or one item everything is
    done in this process, unless it is to be ``apart``. ``done`` is told the index of each item that is finished, in any
    order. Raises what ``work`` raises, and XizeError naming what :func:`task` told last when a process was ended from
    outside (out of memory, killed) or by a fault of a library.

    >>> map_in_processes(abs, [-1, 2], workers=1)
    [1, 2]
    """
    count = min(workers or processors(), len(items))
    results: dict[int, Result] = {}
    if count <= 1 and not apart:
        for index, item in enumerate(items):
            results[index] = work(item)
            done(index)
        return list(results.values())
    with tempfile.TemporaryDirectory(prefix="xize-work-") as notes:
        try:
            with ProcessPoolExecutor(count, _SPAWN, _begin, (notes,)) as pool:
                indices = {pool.submit(work, item): index for index, item in enumerate(items)}
                processes = multiprocessing.active_children()
                try:
                    for future in as_completed(indices):
                        results[indices[future]] = future.result()
                        done(indices[future])
                finally:
                    pool.shutdown(cancel_futures=True)
        except BrokenProcessPool as error:  # all processes have ended
            raise XizeError(_ENDED.format(what=_last_notes(processes, Path(notes)))) from error
    return [results[index] for index in range(len(items))]


@contextmanager
def task(text: str, seconds: int) -> Iterator[None]:
    """Work that takes at most so many ``seconds`` of processor time, else XizeError names it.

    In a process of :func:`map_in_processes` the system ends that process, and what was noted is named. In any other one
    the work is stopped, see :func:`stopped_after`.
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


def _begin(folder: str) -> None:
    global _notes
    _notes = Path(folder)
    _end_with_parent()


def _begin_beside() -> None:
    exit_on_sigterm()
    _end_with_parent()


def _end_with_parent() -> None:
    """End this process when its parent has ended, however it did: it would wait for work for ever."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _last_notes(processes: Sequence[Any], notes: Path) -> str:
    """What those processes were at that died; the others have only been told to end."""
    died = [str(one.pid) for one in processes if one.exitcode not in (0, None, -signal.SIGTERM)]
    told = [(notes / pid).read_text(encoding="utf-8") for pid in died if (notes / pid).exists()]
    return f"在读取{'、'.join(told)}时" if told else ""


@contextmanager
def process_beside(module: str) -> Iterator[Call[Any]]:
    """A process of its own, which imports ``module`` (a library that takes seconds) while this one goes on.

    What is yielded calls a function there, whose arguments and result must be picklable. Raises XizeError when that process was
    ended from outside.
    """
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(1, mp_context=_SPAWN, initializer=_begin_beside) as pool:
        pool.submit(_import, module)
        own = [child for child in multiprocessing.active_children() if child not in others]

        def call(work: Callable[[], Any]) -> Any:
            try:
                return pool.submit(work).result()
            except BrokenProcessPool as error:
                raise XizeError(_ENDED.format(what="")) from error

        try:
            yield call
        except BaseException:
            for child in own:  # what it imports is not wanted any more: nobody waits for it
                child.terminate()
            raise


def _import(module: str) -> None:
    import_module(module)
