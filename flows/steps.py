"""Between the flows and pipeline.run: page ranges, and who is told how far a run has come."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from flows.pool import read

if TYPE_CHECKING:
    from pipeline.readers.staged import Reading
    from pipeline.releases import Release
    from pipeline.run import Job, Outcome, Report

# Pages per task: coarse, since every task costs Prefect some tens of milliseconds of bookkeeping.
PAGES_PER_TASK = 16


class Progress:
    """Adds up the pages that tasks have read and passes stages on to whoever shows them. Safe across threads."""

    def __init__(self, report: Report | None = None) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._done = self._total = 0

    def expect(self, pages: int) -> None:
        """``pages`` pages are about to be read."""
        self._done, self._total = 0, pages
        self.stage("read", 0, pages)

    def read(self, pages: int) -> None:
        """``pages`` more pages have been read (or taken from the cache)."""
        with self._lock:
            self._done += pages
            self.stage("read", self._done, self._total)

    def stage(self, name: str, done: int = 0, total: int = 1) -> None:
        """As pipeline.run.Report: stage, done, total."""
        if self._report is not None:
            self._report(name, done, total)


PROGRESS: ContextVar[Progress] = ContextVar("xize_progress")


def progress() -> Progress:
    """The progress of the current run; one that tells nobody where none was set."""
    return PROGRESS.get(Progress())


def ranges(job: Job) -> list[tuple[int, ...]]:
    """The page ranges (pages from 1) of a PDF. Raises XizeError when it cannot be opened."""
    from pipeline.readers.pdf import count_pages, page_ranges

    numbers = range(1, count_pages(job.path, job.options.password, job.options.decoder) + 1)
    return [tuple(pages) for pages in page_ranges(numbers, PAGES_PER_TASK)]


def read_range(path: Path, pages: Sequence[int], decoder: str, password: str) -> Reading:
    """One range of pages."""
    return read(path, pages, password, decoder)


def merge(parts: Sequence[Reading]) -> Reading:
    """The readings of all ranges as one, in page order."""
    from pipeline.readers.staged import join_readings

    return join_readings(parts)


def readers_code() -> str:
    """The digest of the readers' code: another program may read otherwise."""
    from pipeline.staging import readers_digest

    return readers_digest()


def same(job: Job, last: Release) -> Outcome:
    """The outcome of a run that found nothing changed since ``last``."""
    from pipeline import run

    return run.same_as(job, last)
