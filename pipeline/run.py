"""The main job: read → check → correct cells → tidy → correct rows → assess → validate → publish.

Every step is a plain function from value to value. ``run`` calls them in this process; the tasks in flows/ call the
same ones.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.editions.edition import edition_lock
from pipeline.errors import XizeError
from pipeline.job import Job, Options, Outcome, Report, RunResult
from pipeline.outcome import finish, measured, unchanged, with_findings
from pipeline.processes import Call, process_beside
from pipeline.releases.learned import planned
from pipeline.staging import known_pages, load_staged, pages_read, store_staged, work_folder

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.report import ValidationContext, ValidationReport
    from pipeline.findings import Finding
    from pipeline.reading import Reading
    from pipeline.tidy.beside import WordFile
    from pipeline.tidy.document import Tidied

__all__ = [
    "check_reading",
    "pages_to_read",
    "read",
    "read_document",
    "recognise_scans",
    "run",
    "tidy_cells",
    "tidy_reading",
    "validate_result",
]


def run(options: Options, report: Report | None = None) -> Outcome:
    """The whole job in this process (pages are read by worker processes).

    Raises XizeError with one sentence when anything the user can mend stands in the way; nothing published before
    is touched then.
    """
    with edition_lock(options.home, options.edition):
        job = planned(options)
        if (last := unchanged(job)) is not None:
            return last
        reading = read(job, report)
        # Great Expectations takes seconds to import; a processor is free for that while the tables are tidied.
        with process_beside("expectations.engine") as beside, work_folder(job) as folder:
            result = tidy_reading(job, reading, report)
            site = folder / "validation"
            verdict = validate_result(job, result, site, report, beside)
            return finish(job, result, verdict, site, report)


def read(job: Job, report: Report | None = None) -> Reading:
    """The reading of the source: what is staged, or the file read anew and staged."""
    known = load_staged(job)
    if known is not None:
        # Scans that were staged without the extra are recognised once it is there.
        better = recognise_scans(job, known, report) if job.kind == "pdf" else known
        if better is not known:
            store_staged(job, better, read=0)
        return better
    with measured("read"):
        if job.kind == "pdf":
            return read_document(job, report)
        reading = _read_without_pages(job)
        store_staged(job, reading)
        return reading


def _read_without_pages(job: Job) -> Reading:
    """The reading of a source that is no PDF. Raises XizeError for a kind that nothing reads."""
    if job.kind == "docx":
        from pipeline.readers.word.read import read_word

        return read_word(job.path)
    if job.kind == "xlsx":
        from pipeline.readers.excel import read_excel

        return read_excel(job.path)
    if job.kind == "transcript":
        from pipeline.readers.transcript.read import read_transcript
        from pipeline.schema.moe_classes import reference_classes

        return read_transcript(job.path, reference_classes())
    raise XizeError(f"{job.path.name}：不支持读取“{job.kind}”一类的来源；请改用pdf、docx、xlsx或transcript。")


def read_document(job: Job, report: Report | None = None) -> Reading:
    """The PDF read anew and staged; pages that an earlier file of the edition held unchanged are taken from there."""
    from pipeline.readers.pdf.read import read_pdf
    from pipeline.reading import join_readings

    known, missing, total = pages_to_read(job)
    parts = [] if known is None else [known]
    if missing:
        new = read_pdf(
            job.path,
            pages=missing,
            password=job.options.password,
            decoder=job.options.decoder,
            workers=job.options.workers,
            limits=job.options.limits,
            progress=(lambda done, _: report("read", total - len(missing) + done, total)) if report else None,
        )
        parts.append(new)
    reading = recognise_scans(job, join_readings(parts), report)
    store_staged(job, reading, read=len(missing))
    return reading


def recognise_scans(job: Job, reading: Reading, report: Report | None = None) -> Reading:
    """The reading with its scanned pages recognised; each page is kept as soon as it is done."""
    from pipeline.readers.ocr.scans import recognised

    kept = job.edition.home / "staged" / job.edition.name / "ocr"
    progress = (lambda done, total: report("recognise", done, total)) if report else None
    return recognised(job.path, reading, job.options.password, job.options.workers, kept, progress)


def pages_to_read(job: Job) -> tuple[Reading | None, list[int], int]:
    """(pages known from an earlier file, numbers of those to be read, number of all) of a PDF."""
    from pipeline.readers.pdf.read import count_pages

    known = known_pages(job)
    have = set() if known is None else set(known.pages.column("page").to_pylist())
    total = count_pages(job.path, job.options.password, job.options.decoder)
    return known, [number for number in range(1, total + 1) if number not in have], total


def tidy_reading(job: Job, reading: Reading, report: Report | None = None) -> RunResult:
    """Check a reading, apply the steward's corrections and tidy it into the contract's tables.

    Raises XizeError as ``tidy.document.tidy`` does, and when a correction does not apply; of another source than the
    edition's own it is left out then, which is a finding.
    """
    from pipeline.arrow import rows
    from pipeline.quality.assess import assess, name_rows
    from pipeline.quality.checks.pages import conservation
    from pipeline.quality.checks.uncertain import boundary_differs
    from pipeline.quality.corrections.cells import apply_to_cells
    from pipeline.quality.corrections.file import Correction, corrections_in, not_applied, summary
    from pipeline.quality.corrections.rows import apply_to_rows
    from pipeline.readers.ocr.scans import doubts
    from pipeline.schema import TIDIED, build

    name, kind = job.edition.name, job.kind
    if report:
        report("tidy", 0, 1)
    reading, disagreements, compared = check_reading(job, reading, report)
    uncertain = list(doubts(reading)) if kind == "pdf" else []
    corrections = corrections_in(job.edition.corrections, job.decisions["corrections.yaml"])
    left_out: list[Correction] = []
    spared = None if kind == job.edition.source.read else left_out
    with measured("tidy"):
        cells, changed = apply_to_cells(reading.cells, corrections, spared)
        tidied = tidy_cells(job, replace(reading, cells=cells))
        made = tidied.rows
        if corrections:
            made = apply_to_rows(
                made, corrections, rule3=tidied.rule3, corrected_cells=changed, left_out=spared
            )
        tables = {table: build(table, made.get(table, []), name, kind) for table in TIDIED}
    tables["cells"] = _cells_table(reading, name, kind)
    with measured("assess"):
        tables, more = assess(
            tables,
            edition=name,
            source=kind,
            toc=tidied.toc,
            pages=reading.pages if kind == "pdf" else None,
        )
    if job.memory is not None:
        more = [*more, *boundary_differs(rows(tables["entries"]), job.memory)]
    painted = conservation(reading.pages) if kind == "pdf" else {}
    kept = {**painted, **tidied.characters}
    figures = {"pages": tidied.pages, "tables_found": tidied.tables, "conservation": kept}
    corrections = tuple(one for one in corrections if one not in left_out)
    stats = _stats(job, reading, tables, figures, compared)
    stats["corrections"] = summary(job.decisions["corrections.yaml"], corrections)
    pages = zip(*(reading.pages[name].to_pylist() for name in ("page", "turned")), strict=True)
    context = {
        "toc": tidied.toc, "rule3": dict(tidied.rule3), "turned": dict(pages), "corrections": corrections,
    }  # fmt: skip
    named = [*name_rows(uncertain, tables), *map(not_applied, left_out)]
    return RunResult(tables, stats, context, [*disagreements, *named, *tidied.findings, *more])


def tidy_cells(job: Job, reading: Reading) -> Tidied:
    """A reading tidied with all that settles it: the Word file beside it, the items of earlier editions.

    Raises XizeError as ``tidy.document.tidy`` does.
    """
    from pipeline.tidy.document import tidy

    return tidy(reading, job.header_map, job.path.name, _beside(job), job.memory)


def _beside(job: Job) -> WordFile | None:
    """The Word file that settles a PDF, read and tidied; None where there is none."""
    if job.settled_by is None:
        return None
    from pipeline.tidy.beside import word_file
    from pipeline.tidy.document import tidy

    path, sha256 = job.settled_by
    reading = read(replace(job, kind="docx", path=path, sha256=sha256, settled_by=None))
    return word_file(tidy(reading, job.header_map, path.name).rows, reading.cells)


def check_reading(
    job: Job, reading: Reading, report: Report | None = None
) -> tuple[Reading, list[Finding], dict[str, int]]:
    """Compare with a second reader: every page with ``cross_check``, else the pages whose reading fails its own checks.

    Gives the reading with its cells' confidence adjusted, the disagreements, and figures for the manifest.
    """
    if job.kind != "pdf":
        return reading, [], {}
    from pipeline.readers.cross_check.pages import compare_pages, summary, suspects, with_confidence

    pages = reading.pages.column("page").to_pylist() if job.options.cross_check else suspects(reading)
    if not pages:
        return reading, [], {}
    progress = (lambda done, total: report("check", done, total)) if report else None
    with measured("check"):
        compared = compare_pages(
            job.path, reading, pages, job.options.password, job.options.workers, progress
        )
        findings = [finding for page in compared for finding in page.findings]
        if job.options.cross_check:
            from pipeline.readers.cross_check.compare_decoders import compare_decoders

            findings += compare_decoders(job.path, pages, job.options.password, job.options.workers)
    return with_confidence(reading, compared), findings, summary(compared)


def _stats(
    job: Job, reading: Reading, tables: dict[str, pa.Table], figures: dict[str, Any], compared: dict[str, int]
) -> dict[str, Any]:
    """Figures for the manifest."""
    from pipeline.quality import coverage
    from pipeline.reading import RECOGNISED

    stats = {
        "inputs": job.inputs,
        "pages": figures["pages"],
        "pages_read": pages_read(job),
        "tables_found": figures["tables_found"],
        "conservation": figures["conservation"],
        "coverage": coverage.summary(tables["coverage"].to_pylist()),
    }
    engines = Counter(reading.pages.column("engine").to_pylist())
    if engines[RECOGNISED]:
        from pipeline.readers.ocr.engine import versions

        stats["recognised"] = {"pages": engines[RECOGNISED], **versions()}
    if job.settled_by is not None:
        path, sha256 = job.settled_by
        stats["settled_by"] = [{"role": "settles", "kind": "docx", "file": path.name, "sha256": sha256}]
    if job.learned:
        stats["learned"] = [dict(record) for record in job.learned]
    return {**stats, "cross_check": compared} if compared else stats


def _cells_table(reading: Reading, edition: str, kind: str) -> pa.Table:
    """The published ``cells``: the staged ones with edition and source."""
    import pyarrow as pa

    from pipeline.arrow import repeated
    from pipeline.schema import TABLES

    schema, cells = TABLES["cells"].arrow, reading.cells
    given = {"edition": repeated(edition, len(cells)), "source": repeated(kind, len(cells))}
    columns = [
        given[field.name] if field.name in given else cells.column(field.name).cast(field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def validate_result(
    job: Job,
    result: RunResult,
    site: Path,
    report: Report | None = None,
    call: Call[Any] = lambda work: work,
) -> ValidationReport:
    """The verdict of Great Expectations on the tables, rendered into the folder ``site``; ``call`` says where it runs."""
    from expectations import validate

    if report:
        report("validate", 0, 1)
    with measured("validate"):
        tables, context = with_findings(job, result), _validation_context(job, result)
        return validate(tables, context=context, site_dir=site, call=call)


def _validation_context(job: Job, result: RunResult) -> ValidationContext:
    """What validation must know beside the tables."""
    from expectations.report import TocItem, ValidationContext
    from pipeline.quality.decisions import accepted_in

    conservation = result.stats["conservation"]
    return ValidationContext(
        edition=job.edition.name,
        bounds={name: (bound.min, bound.max) for name, bound in job.edition.source.bounds.items()},
        toc=tuple(
            TocItem(
                "annex" if line.kind == "annex" else "section", line.label, line.found, line.number, line.page
            )
            for line in result.context["toc"]
            if not line.absent
        ),
        rule3=result.context["rule3"],
        allow_incomplete=job.options.allow_incomplete,
        characters_in_tables=conservation["in_tables"],
        characters_lost=conservation["lost"],
        title=job.edition.source.title,
        accepted=accepted_in(job.edition.folder / "accepted.yaml", job.decisions["accepted.yaml"]),
        corrections=result.context["corrections"],
    )
