"""The main job, step by step: plan → read (or take what is staged) → tidy → validate → publish.

Every step is a plain function; ``run`` calls them in-process, the flows in flows/ call the same ones under Prefect.
Great Expectations lives in expectations/ and is only touched by ``validate_result``.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.editions.edition import Edition, edition_lock, load_edition
from pipeline.errors import XizeError
from pipeline.finish import Outcome, finish, preview, publish_result, same_as, with_findings
from pipeline.forked import aside
from pipeline.garbage import collecting_seldom
from pipeline.staging import known_pages, load_staged, pages_read, same_inputs, store_staged
from pipeline.timing import measured

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.findings import Finding
    from pipeline.reading import Reading
    from pipeline.releases.catalogue import Release

__all__ = [
    "Job", "Options", "Outcome", "Report", "RunResult", "code_digest", "finish", "load_libraries", "plan", "preview",
    "publish_result", "read", "run", "same_as", "tidy_reading", "unchanged", "validation_context", "with_findings",
]  # fmt: skip


@contextmanager
def ending_with(last: Stored) -> Iterator[None]:
    """Call ``last`` at the end, come what may; an error before it is the one that is raised."""
    try:
        yield
    except BaseException:
        with suppress(XizeError):
            last()
        raise
    last()


Report = Callable[[str, int, int], None]
"""Progress: (stage, done, total); stages are read, tidy, validate, publish."""


@dataclass(frozen=True)
class Options:
    """What a run was asked to do."""

    home: Path
    edition: str
    source: str | None = None
    password: str = ""
    decoder: str = "pdfium"
    workers: int | None = None
    cross_check: bool = False
    allow_incomplete: bool = False
    publish: bool = True
    latest: bool = False
    curated: str | None = None


@dataclass(frozen=True)
class Job:
    """A verified source: its edition, file, checksum, and ``inputs``, the digest of everything the result rests on."""

    options: Options
    edition: Edition
    kind: str
    path: Path
    sha256: str
    inputs: str


@dataclass
class RunResult:
    """Curated tables by name, figures for the manifest, findings of reading and tidying."""

    tables: dict[str, pa.Table]
    stats: dict[str, Any]
    context: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of the code and vocabularies that a result depends on: another program may read otherwise."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[1]
    for folder in ("pipeline", "expectations"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".py", ".csv", ".yaml", ".j2") and path.is_file():
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def plan(options: Options, *, fetch: bool = True) -> Job:
    """Verify the edition and its source. Raises XizeError (missing file or key, wrong checksum).

    ``fetch=False``: a file that lies at a url is left there for others to fetch and verify; ``path`` only names it.
    """
    edition = load_edition(options.home, options.edition)
    file = edition.file(options.source)
    kind = file.kind
    if fetch or file.url is None:
        path, sha256 = edition.verify(kind)
    else:
        path, sha256 = edition.path(kind), file.sha256
    digest = hashlib.sha256()
    for part in (
        sha256, code_digest(), kind, options.decoder, str(options.cross_check), str(options.allow_incomplete),
    ):  # fmt: skip
        digest.update(part.encode())
    for name in ("source.yaml", "corrections.yaml", "accepted.yaml"):
        beside = edition.folder / name
        digest.update(beside.read_bytes() if beside.is_file() else b"-")
    return Job(options, edition, kind, path, sha256, digest.hexdigest())


def unchanged(job: Job) -> Release | None:
    """The last release of this source, if it was made from the very same inputs and its files are whole."""
    from pipeline.releases.catalogue import curated_url, damaged_files, last_release
    from pipeline.releases.storage import open_store

    store = open_store(curated_url(job.options.home, job.options.curated))
    last = last_release(store, job.edition.name, job.kind)
    if last is None:
        return None
    known = (last.manifest.get("stats", {}).get("inputs"), same_inputs(job, last.release))
    if job.inputs not in known:
        return None
    if job.options.latest and not last.is_latest:
        return None
    return None if damaged_files(store, job.edition.name, last.release) else last


Stored = Callable[[], object]
"""Waits until a reading is staged; raises XizeError where it cannot be."""


def read(job: Job, report: Report | None = None) -> Reading:
    """The reading of the source: what is staged, or the file read anew and staged."""
    reading, stored = begin(job, report)
    stored()
    return reading


def begin(job: Job, report: Report | None = None) -> tuple[Reading, Stored]:
    """As :func:`read`, but a forked copy of this process may still be staging what was read: it must be waited for."""
    known = load_staged(job)
    if known is not None:
        return known, _is_stored
    if job.kind == "pdf":
        return _read_document(job, report)
    if job.kind == "transcript":
        from expectations.reference import reference_classes
        from pipeline.readers.transcript.read import read_transcript

        reading = read_transcript(job.path, reference_classes())
    else:
        raise XizeError(f"{job.path.name}：不支持读取“{job.kind}”一类的来源；请改用 pdf 或 transcript。")
    store_staged(job, reading)
    return reading, _is_stored


def _is_stored() -> None:
    """Nothing to wait for."""


def read_document(job: Job, report: Report | None = None) -> Reading:
    """As :func:`read` does when nothing is staged for the PDF."""
    reading, stored = _read_document(job, report)
    stored()
    return reading


def _read_document(job: Job, report: Report | None) -> tuple[Reading, Stored]:
    """The PDF read anew and staged; pages that an earlier file of the edition held unchanged are taken from there."""
    from pipeline.readers.pdf.read import count_pages, read_pdf
    from pipeline.reading import join_readings

    known = known_pages(job)
    have = set() if known is None else set(known.pages.column("page").to_pylist())
    total = count_pages(job.path, job.options.password, job.options.decoder)
    missing = [number for number in range(1, total + 1) if number not in have]
    if known is not None and not missing:
        store_staged(job, known, read=0)
        return known, _is_stored
    reading = read_pdf(
        job.path,
        pages=missing,
        password=job.options.password,
        decoder=job.options.decoder,
        workers=job.options.workers,
        progress=(lambda done, _: report("read", len(have) + done, total)) if report else None,
    )
    if known is not None:
        reading = join_readings([known, reading])

    def store() -> None:
        with measured("stage"):
            store_staged(job, reading, read=len(missing))

    return reading, aside(store)


def check_reading(
    job: Job, reading: Reading, report: Report | None = None
) -> tuple[Reading, list[Finding], dict[str, int]]:
    """A second pair of eyes: every page with ``cross_check``, else the pages whose reading fails its own checks.

    Gives the reading with its cells' confidence adjusted, the disagreements, and figures for the manifest.
    """
    if job.kind != "pdf":
        return reading, [], {}
    from pipeline.readers.cross_check.pages import compare_pages, summary, suspects, with_confidence

    pages = reading.pages.column("page").to_pylist() if job.options.cross_check else suspects(reading)
    if not pages:
        return reading, [], {}
    progress = (lambda done, total: report("check", done, total)) if report else None
    compared = compare_pages(job.path, reading, pages, job.options.password, job.options.workers, progress)
    findings = [finding for page in compared for finding in page.findings]
    if job.options.cross_check:
        from pipeline.readers.cross_check.compare_decoders import compare_decoders

        findings += compare_decoders(job.path, pages, job.options.password, job.options.workers)
    return with_confidence(reading, compared), findings, summary(compared)


def tidy_reading(
    job: Job, reading: Reading, report: Report | None = None, stored: Stored = _is_stored
) -> RunResult:
    """Check a reading, apply the steward's corrections and tidy it into the contract's tables.

    ``stored`` is called when that is done or has failed: nobody must take the result for one of a staged reading
    before, and a copy that still stages holds the edition's lock. ``report`` is told of the stage first.
    Raises XizeError as ``tidy.document.tidy`` does, and when a correction does not apply.
    """
    with ending_with(stored):
        if report:
            report("tidy", 0, 1)
        load_libraries()
        from expectations.reference import reference_rows
        from pipeline.arrow import release
        from pipeline.quality import coverage
        from pipeline.quality.assess import assess
        from pipeline.quality.corrections.file import load_corrections, summary
        from pipeline.quality.corrections.tables import correct_cells, correct_tables
        from pipeline.schema import TABLES
        from pipeline.schema.table_builder import Gathered
        from pipeline.tidy.document import tidy

        name, kind = job.edition.name, job.kind
        header_map = {
            words: value
            for words, meaning in job.edition.source.headers.items()
            if (value := meaning.kind or meaning.field or meaning.tier)
        }
        reading, disagreements, compared = check_reading(job, reading, report)
        corrections = load_corrections(job.edition.corrections)
        cells, changed = correct_cells(reading.cells, corrections)
        made = Gathered(name, kind)
        with measured("tidy"):
            tidied = tidy(replace(reading, cells=cells), header_map, job.path.name, made.keep)
    with measured("link"):
        findings = [*disagreements, *tidied.findings]
        tables = correct_tables(
            made.tables(), corrections, edition=name, source=kind, rule3=tidied.rule3, corrected_cells=changed
        )
        tables["cells"] = cells_table(reading, name, kind)
        tables, more = assess(
            tables,
            edition=name,
            source=kind,
            toc=tidied.toc,
            reference=reference_rows(),
            pages=reading.pages if kind == "pdf" else None,
        )
    findings += more
    tables = {table: tables[table] for table in TABLES if table in tables}
    stats: dict[str, Any] = {
        "inputs": job.inputs,
        "pages": tidied.pages,
        "pages_read": pages_read(job),
        "tables_found": tidied.tables,
        "conservation": {**tidied.characters},
        "corrections": summary(job.edition.corrections, corrections).summary,
        "coverage": coverage.summary(tables["coverage"].to_pylist()),
    }
    if compared:
        stats["cross_check"] = compared
    context = {"toc": tidied.toc, "rule3": dict(tidied.rule3)}
    release()
    return RunResult(tables, stats, context, findings)


def cells_table(reading: Reading, edition: str, kind: str) -> pa.Table:
    """The published ``cells``: the staged ones with edition and source."""
    import pyarrow as pa

    from pipeline.arrow import repeated
    from pipeline.schema import TABLES

    schema = TABLES["cells"].arrow
    cells = reading.cells
    columns = []
    for column in schema:
        if column.name == "edition":
            columns.append(repeated(edition, len(cells)))
        elif column.name == "source":
            columns.append(repeated(kind, len(cells)))
        else:
            columns.append(cells.column(column.name).cast(column.type))
    return pa.table(columns, schema=schema)


def validation_context(job: Job, result: RunResult) -> Any:
    """What validation must know beside the tables."""
    from expectations.report import TocItem, ValidationContext

    conservation = result.stats["conservation"]
    return ValidationContext(
        edition=job.edition.name,
        bounds={name: (bound.min, bound.max) for name, bound in job.edition.source.bounds.items()},
        toc=tuple(
            TocItem(
                "annex" if line.kind == "annex" else "section", line.label, line.found, line.number, line.page
            )
            for line in result.context["toc"]
        ),
        rule3=result.context["rule3"],
        allow_incomplete=job.options.allow_incomplete,
        characters_in_tables=conservation["in_tables"],
        characters_lost=conservation["lost"],
        title=job.edition.source.title,
    )


def load_libraries() -> None:
    """Import what tidying and publishing need: before copies of this process are made for them, which then have it."""
    with measured("imports"):
        import pipeline.quality.assess
        import pipeline.releases.publish
        import pipeline.tidy.document  # noqa: F401


def run(options: Options, report: Report | None = None) -> Outcome:
    """The whole job in this process (reading and validation use worker processes of their own).

    Raises XizeError with one sentence when anything the user can mend stands in the way; nothing published before
    is touched then.
    """
    with edition_lock(options.home, options.edition), collecting_seldom():
        job = plan(options)
        last = unchanged(job) if options.publish else None
        if last is not None:
            return same_as(job, last)
        from expectations.worker import warm_up

        with warm_up() as validator, tempfile.TemporaryDirectory(prefix="xize-site-") as folder:
            reading, stored = begin(job, report)
            result = tidy_reading(job, reading, report, stored)
            if report:
                report("validate", 0, 1)
            site = Path(folder) / "validation"
            outcome = validator.validate(
                with_findings(job, result), context=validation_context(job, result), site_dir=site
            )
            if report:
                report("publish", 0, 1)
            return finish(job, result, outcome, site)
