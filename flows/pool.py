"""Worker processes that read page ranges for tasks: parsing is pure Python, threads would take turns."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.readers.staged import Reading

_POOL: ContextVar[ProcessPoolExecutor | None] = ContextVar("xize_reader_pool", default=None)


@contextmanager
def reader_pool(workers: int | None = None) -> Iterator[None]:
    """Let the tasks started in this context read in ``workers`` processes (default: the processors there are).

    Spawned when the first range is read, so that a run whose ranges are all cached starts none.
    """
    count = workers or len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        token = _POOL.set(pool)
        try:
            yield
        finally:
            _POOL.reset(token)


def read(path: Path, pages: Sequence[int], password: str, decoder: str) -> Reading:
    """Pages (from 1) of a PDF, read in the context's pool, or here where there is none (another machine's worker)."""
    from pipeline.readers.pdf import read_pages

    pool = _POOL.get()
    if pool is None:
        return read_pages(path, pages, password, decoder)
    return pool.submit(read_pages, path, pages, password, decoder).result()
