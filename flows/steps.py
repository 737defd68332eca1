"""Between the flows and pipeline.run: page ranges, and who is told how far a run has come. Imports no Prefect."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.packing import Parcel, left_behind, outcome_parts, unpack, unpacked
from flows.pool import read
from pipeline.editions.edition import file_sha256
from pipeline.errors import XizeError

if TYPE_CHECKING:
    from pipeline.reading import Reading
    from pipeline.releases.catalogue import Release
    from pipeline.run import Job, Outcome, Report

# Pages per task: coarse, since every task costs Prefect some tens of milliseconds of bookkeeping.
PAGES_PER_TASK = 16


class Progress:
    """Adds up the pages that tasks have read and passes stages on to whoever shows them. Safe across threads.

    ``finished`` is called with the outcome of every document of a run over several.
    """

    def __init__(
        self, report: Report | None = None, finished: Callable[[Outcome], None] | None = None
    ) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._done = self._total = 0
        self.finished = finished or (lambda outcome: None)

    def expect(self, pages: int) -> None:
        """``pages`` more pages are about to be read."""
        with self._lock:
            self._total += pages
            self.stage("read", self._done, self._total)

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


@dataclass(frozen=True)
class ToRead:
    """What reading a PDF takes: the pages ``known`` from an earlier file, the ranges (pages from 1) still to be read."""

    known: Reading | None
    ranges: tuple[tuple[int, ...], ...]

    @property
    def pages(self) -> int:
        """How many pages must be read."""
        return sum(map(len, self.ranges))

    @property
    def total(self) -> int:
        """How many pages the document has."""
        return self.pages + (0 if self.known is None else len(self.known.pages))


def to_read(job: Job) -> ToRead:
    """What must be read of a PDF that lies here. Raises XizeError when it cannot be opened."""
    from pipeline.readers.pdf.read import count_pages

    return to_read_of(job, count_pages(job.path, job.options.password, job.options.decoder))


def to_read_of(job: Job, total: int) -> ToRead:
    """What must be read of a PDF of ``total`` pages. Known pages are looked for when the very file lies here."""
    from pipeline.readers.pdf.read import page_ranges
    from pipeline.staging import known_pages

    known = known_pages(job) if _lies_here(job) else None
    have = set() if known is None else set(known.pages.column("page").to_pylist())
    missing = [number for number in range(1, total + 1) if number not in have]
    return ToRead(known, tuple(map(tuple, page_ranges(missing, PAGES_PER_TASK))))


def _lies_here(job: Job) -> bool:
    """Whether ``job.path`` is the verified file: one that only workers fetch is not."""
    if job.edition.file(job.kind).url is None:
        return True
    return job.path.is_file() and file_sha256(job.path) == job.sha256


def span(pages: Sequence[int]) -> str:
    """Page numbers in short: 1-16, 3, 7-9+12."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][1] + 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    return "+".join(f"{first}" if first == last else f"{first}-{last}" for first, last in runs)


def count_pages(url: str, sha256: str, decoder: str, password: str) -> int:
    """Number of pages of the PDF at ``url``."""
    from pipeline.editions.download import fetch
    from pipeline.readers.pdf.read import count_pages

    return count_pages(fetch(url, sha256), password, decoder)


def read_range(url: str, sha256: str, pages: Sequence[int], decoder: str, code: str, password: str) -> bytes:
    """One range of pages, packed. Raises XizeError when the readers' code here is not ``code``."""
    from pipeline.editions.download import fetch

    if code != readers_code():
        raise XizeError("工作进程与发起运行的机器所装xize不同：请在各机安装同一版本后再运行。")
    return read(fetch(url, sha256), pages, password, decoder)


def merge(parts: Sequence[bytes], known: Reading | None = None) -> Reading:
    """The packed readings of all ranges, and the pages known before, as one reading in page order."""
    from pipeline.reading import join_readings

    return join_readings([*([] if known is None else [known]), *map(unpack, parts)])


def finish_document(parcel: Parcel, parts: Sequence[bytes]) -> dict[str, Any]:
    """Tidy, validate and publish on a machine that has but the parcel and the packed reading.

    Gives the outcome's fields under ``outcome``, the files to be put under the home's staged/ under ``files``.
    Validates in this process: a cluster's worker lives on and loads the engine once.
    """
    from pipeline import run

    with unpacked(parcel) as job, tempfile.TemporaryDirectory(prefix="xize-site-") as folder:
        site = Path(folder) / "validation"
        result = run.tidy_reading(job, merge(parts))
        # Only now: a document that is refused before needs no engine, which takes seconds to load.
        import expectations.engine  # noqa: F401  (sets its loggers' levels, which the next line changes)
        from expectations import validate

        # It sets this one to INFO by itself, and Prefect prints what it says on the worker's output.
        logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
        report = validate(
            run.with_findings(job, result), context=run.validation_context(job, result), site_dir=site
        )
        try:
            outcome = run.finish(job, result, report, site)
        except XizeError as error:
            return {"error": (str(error), error.exit_code), "files": left_behind(job.options.home, parcel)}
        return {"outcome": outcome_parts(outcome), "files": left_behind(job.options.home, parcel)}


def readers_code() -> str:
    """The digest of the readers' code: another program may read otherwise."""
    from pipeline.staging import readers_digest

    return readers_digest()


def same(job: Job, last: Release) -> Outcome:
    """The outcome of a run that found nothing changed since ``last``."""
    from pipeline import run

    return run.same_as(job, last)
