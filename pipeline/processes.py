"""Work in other processes, by the standard library's pool. Nothing here forks."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeVar

from pipeline.errors import XizeError

__all__ = ["Call", "map_in_processes", "process_beside", "processors"]

Item = TypeVar("Item")
Result = TypeVar("Result")
Call = Callable[[Callable[[], Result]], Result]
"""Calls a function of a module (or a ``partial`` of one) and gives what it gives, or raises what it raises."""

_ENDED = "一个工作进程被系统中止（可能是内存不足）：请关闭其他程序，或用--workers 1重试。"
# Spawned: a forked copy of a process with threads (Prefect, Arrow, a progress bar) may hang on a lock.
_SPAWN = multiprocessing.get_context("spawn")


def processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_in_processes(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    workers: int | None = None,
    done: Callable[[int], None] | None = None,
) -> list[Result]:
    """``[work(item) for item in items]``, done by ``workers`` processes (None: one per processor).

    ``work`` must be a function of a module, items and results picklable. With one worker or one item everything is
    done in this process. ``done`` is told the index of each item that is finished, in any order. Raises what ``work``
    raises, and XizeError when a process was ended from outside (out of memory, killed).

    >>> map_in_processes(abs, [-1, 2], workers=1)
    [1, 2]
    """
    count = min(workers or processors(), len(items))
    results: dict[int, Result] = {}
    if count <= 1:
        for index, item in enumerate(items):
            results[index] = work(item)
            if done is not None:
                done(index)
        return list(results.values())
    with ProcessPoolExecutor(count, mp_context=_SPAWN) as pool:
        indices = {pool.submit(work, item): index for index, item in enumerate(items)}
        try:
            for future in as_completed(indices):
                results[indices[future]] = future.result()
                if done is not None:
                    done(indices[future])
        except BrokenProcessPool as error:
            raise XizeError(_ENDED) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return [results[index] for index in range(len(items))]


@contextmanager
def process_beside(module: str) -> Iterator[Call[Any]]:
    """A process of its own, which imports ``module`` (a library that takes seconds) while this one goes on.

    What is yielded calls a function there, whose arguments and result must be picklable. Raises XizeError when that process was
    ended from outside.
    """
    with ProcessPoolExecutor(1, mp_context=_SPAWN) as pool:
        pool.submit(_import, module)

        def call(work: Callable[[], Any]) -> Any:
            try:
                return pool.submit(work).result()
            except BrokenProcessPool as error:
                raise XizeError(_ENDED) from error

        yield call


def _import(module: str) -> None:
    import_module(module)
