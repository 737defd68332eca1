"""Worker processes that read page ranges for tasks: parsing is pure Python, threads would take turns."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol

from pipeline.forked import processors


class Reader(Protocol):
    """Whoever reads page ranges for tasks."""

    def read(self, path: Path, pages: Sequence[int], password: str, decoder: str) -> bytes:
        """Pages (from 1) of a PDF, packed (flows.packing)."""


def read_packed(path: Path, pages: Sequence[int], password: str, decoder: str) -> bytes:
    """Pages (from 1) of a PDF read in this process, packed (flows.packing)."""
    from flows.packing import pack
    from pipeline.readers.pdf.read import read_pages

    return pack(read_pages(path, pages, password, decoder))


class ReaderPool:
    """Processes that read page ranges.

    Safe across threads. When a process is killed, the range that asked for it raises BrokenProcessPool, and whoever
    asks next has new processes.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None

    def read(self, path: Path, pages: Sequence[int], password: str, decoder: str) -> bytes:
        """As :class:`Reader`."""
        try:
            return self._submit(path, pages, password, decoder).result()
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


_READER: ContextVar[Reader | None] = ContextVar("xize_reader", default=None)


@contextmanager
def reading_with(reader: Reader) -> Iterator[None]:
    """Let ``reader`` read for the tasks started in this context."""
    token = _READER.set(reader)
    try:
        yield
    finally:
        _READER.reset(token)


@contextmanager
def reader_pool(workers: int | None = None) -> Iterator[None]:
    """Let the tasks started in this context read in ``workers`` processes (default: the processors there are).

    Where somebody reads for them already, nothing changes. Processes are spawned when the first range is read, so that
    a run whose ranges are all cached starts none.
    """
    if _READER.get() is not None:
        yield
        return
    pool = ReaderPool(workers or processors())
    try:
        with reading_with(pool):
            yield
    finally:
        pool.close()


def read(path: Path, pages: Sequence[int], password: str, decoder: str) -> bytes:
    """Pages (from 1) of a PDF, packed: by the context's reader, or here where there is none (a cluster's worker)."""
    reader = _READER.get()
    if reader is None:
        return read_packed(path, pages, password, decoder)
    return reader.read(path, pages, password, decoder)
