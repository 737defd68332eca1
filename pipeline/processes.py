"""Work in other processes, by the standard library's pool. Nothing here forks."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import XizeError
from pipeline.system import processors
from pipeline.tasks import begin_beside, begin_noting, noted

__all__ = ["Call", "map_in_processes", "process_beside"]

Item = TypeVar("Item")
Result = TypeVar("Result")
Call = Callable[[Callable[[], Result]], Callable[[], Result]]
"""Has a function of a module (or a ``partial`` of one) called; what comes back gives what it gives, or raises what it raises."""

_ENDED = "一个工作进程{what}被系统中止（可能内存不足，或用时过长）：请关闭其他程序，用--workers 1重试，或用--max-seconds放宽。"
# Spawned: a forked copy of a process with threads (Prefect, Arrow, a progress bar) may hang on a lock.
_SPAWN = multiprocessing.get_context("spawn")


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
    order. Raises what ``work`` raises, and XizeError naming what a :func:`task` told last when a process was ended from
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
            with ProcessPoolExecutor(count, _SPAWN, begin_noting, (notes,)) as pool:
                indices = {pool.submit(work, item): index for index, item in enumerate(items)}
                processes = multiprocessing.active_children()
                try:
                    for future in as_completed(indices):
                        results[indices[future]] = future.result()
                        done(indices[future])
                finally:
                    pool.shutdown(cancel_futures=True)
        except BrokenProcessPool as error:  # all processes have ended
            raise XizeError(_ENDED.format(what=noted(processes, Path(notes)))) from error
    return [results[index] for index in range(len(items))]


@contextmanager
def process_beside(module: str) -> Iterator[Call[Any]]:
    """A process of its own, which imports ``module`` (a library that takes seconds) while this one goes on.

    What is yielded has a function called there, whose arguments and result must be picklable; its result is asked for by a
    call of what that gives, which raises XizeError when that process was ended from outside.
    """
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(1, _SPAWN, begin_beside) as pool:
        pool.submit(exec, f"import {module}")
        own = [child for child in multiprocessing.active_children() if child not in others]

        def call(work: Callable[[], Any]) -> Callable[[], Any]:
            future = pool.submit(work)

            def result() -> Any:
                try:
                    return future.result()
                except BrokenProcessPool as error:
                    raise XizeError(_ENDED.format(what="")) from error

            return result

        try:
            yield call
        except BaseException:
            for child in own:  # nobody waits for what it still imports
                child.terminate()
            raise
