"""Worker processes that read page ranges for tasks: parsing is pure Python, threads would take turns."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_Key = tuple[str, tuple[int, ...], str, str]


def read_packed(path: Path, pages: Sequence[int], password: str, decoder: str) -> bytes:
    """Pages (from 1) of a PDF read in this process, packed (flows.packing)."""
    from flows.packing import pack
    from pipeline.readers.pdf import read_pages

    return pack(read_pages(path, pages, password, decoder))


class ReaderPool:
    """Processes that read page ranges; what is :meth:`expect`-ed is read before a task asks for it.

    Safe across threads. When a process is killed, the range that asked for it raises BrokenProcessPool, and whoever
    asks next has new processes.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None
        self._begun: dict[_Key, Future[bytes]] = {}

    def expect(self, path: Path, ranges: Sequence[Sequence[int]], password: str, decoder: str) -> None:
        """Begin to read page ranges (pages from 1) that tasks will ask for."""
        for pages in ranges:
            key = (str(path), tuple(pages), password, decoder)
            self._begun[key] = self._submit(path, pages, password, decoder)

    def read(self, path: Path, pages: Sequence[int], password: str, decoder: str) -> bytes:
        """The range as begun, or read now (a range that failed once is read anew)."""
        begun = self._begun.pop((str(path), tuple(pages), password, decoder), None)
        try:
            return (begun or self._submit(path, pages, password, decoder)).result()
        except BrokenProcessPool:
            self.close()
            raise

    def close(self) -> None:
        """End the processes; what has not begun is given up."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            # Waiting, at most for the ranges being read: a pool left to end by itself may trip over the interpreter's
            # own end (OSError: bad file descriptor).
            executor.shutdown(wait=True, cancel_futures=True)

    def _submit(self, path: Path, pages: Sequence[int], password: str, decoder: str) -> Future[bytes]:
        with self._lock:
            if self._executor is None:
                context = multiprocessing.get_context("spawn")
                self._executor = ProcessPoolExecutor(self._workers, context)
            return self._executor.submit(read_packed, path, tuple(pages), password, decoder)


_POOL: ContextVar[ReaderPool | None] = ContextVar("xize_reader_pool", default=None)


@contextmanager
def reader_pool(workers: int | None = None) -> Iterator[ReaderPool]:
    """Let the tasks started in this context read in ``workers`` processes (default: the processors there are).

    Within another such context: that one's pool. Processes are spawned when the first range is read, so that a run
    whose ranges are all cached starts none.
    """
    outer = _POOL.get()
    if outer is not None:
        yield outer
        return
    pool = ReaderPool(workers or len(os.sched_getaffinity(0)))
    token = _POOL.set(pool)
    try:
        yield pool
    finally:
        _POOL.reset(token)
        pool.close()


def read(path: Path, pages: Sequence[int], password: str, decoder: str) -> bytes:
    """Pages (from 1) of a PDF, packed: read in the context's pool, or here where there is none (a cluster's worker)."""
    pool = _POOL.get()
    if pool is None:
        return read_packed(path, pages, password, decoder)
    return pool.read(path, pages, password, decoder)
