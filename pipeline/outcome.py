"""The end of a run: findings put together, tables published (or compared with what is), summed up as an Outcome; and
how long each step took."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline import __version__
from pipeline.errors import XizeError
from pipeline.job import Job, Outcome, Report, RunResult, code_digest
from pipeline.releases.catalogue import (
    Release,
    curated_url,
    damaged_files,
    last_release,
    latest_name,
    load_release,
)
from pipeline.releases.storage import Store, open_store
from pipeline.staging import note_same, same_inputs
from pipeline.system import login_name, peak_memory

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.table import Table

    from expectations.report import ValidationReport
    from pipeline.releases.deltas import TableDelta

_CROP_BYTES = 7_500_000
"""Pictures of doubtful places in browse.html: in base64 a third more, so that the page stays below 12 MB."""


def _store(job: Job) -> Store:
    return open_store(curated_url(job.options.home, job.options.curated))


def unchanged(job: Job) -> Outcome | None:
    """What a run comes to that finds nothing changed: the last release of this source, if it was made from the very same
    inputs and its files are whole, and its figures. None when the run is not to publish.
    """
    from pipeline.releases.last_findings import keep_findings_of

    if not job.options.publish:
        return None
    store = _store(job)
    last = last_release(store, job.edition.name, job.kind)
    if last is None or (job.options.latest and not last.is_latest):
        return None
    if job.inputs not in (last.manifest.get("stats", {}).get("inputs"), same_inputs(job, last.release)):
        return None
    if damaged_files(store, job.edition.name, last.release):
        return None
    keep_findings_of(job.options.home, store, last)  # a run of another source may have left its own
    manifest = last.manifest
    findings = manifest.get("findings") or {}
    return Outcome(
        job,
        last,
        False,
        {**manifest.get("stats", {}), "conservation": manifest.get("conservation") or {}},
        last.rows,
        dict(findings.get("by_severity", {})),
        dict(findings.get("open_by_queue", {})),
    )


def with_findings(job: Job, result: RunResult, report: ValidationReport | None = None) -> dict[str, pa.Table]:
    """All tables, with the findings of tidying and (once there is a ``report``) of validation."""
    from pipeline.quality.assess import set_statuses
    from pipeline.quality.decisions import accepted_in
    from pipeline.releases.last_findings import store_last_findings
    from pipeline.schema import TABLES

    name = job.edition.name
    tables = set_statuses(
        result.tables,
        [*result.findings, *(report.findings if report is not None else ())],
        edition=name,
        source=job.kind,
        accepted=accepted_in(job.edition.folder / "accepted.yaml", job.decisions["accepted.yaml"]),
        corrections=result.context["corrections"],
    )
    if report is not None:
        store_last_findings(job.options.home, name, tables["findings"])
    return {table: tables[table] for table in TABLES if table in tables}


def finish(
    job: Job, result: RunResult, verdict: ValidationReport, site: Path, report: Report | None = None
) -> Outcome:
    """Publish the validated result, or (``publish=False``) say what a release would change.

    ``site``: the folder of the rendered verdict. Raises XizeError naming the first errors when validation forbids it.
    """
    from pipeline.releases.last_findings import store_unpublished
    from pipeline.releases.manifest import count_findings

    if report:
        report("publish", 0, 1)
    with measured("publish"):
        tables = with_findings(job, result, verdict)
        counts = count_findings(tables["findings"])
        rows = {name: table.num_rows for name, table in tables.items()}
        about = (result.stats, rows, counts["by_severity"], counts["open_by_queue"], verdict)
        errors = _open_errors(tables)
        if errors or not job.options.publish:
            store_unpublished(job, result, tables)
        if not job.options.publish:
            would = preview(job, tables), changes(job, result, tables)
            return Outcome(job, None, False, *about, *would, open_errors=len(errors))
        if errors:
            shown = "；".join(message.rstrip("。") for message in errors[:3])
            more = f" 等 {len(errors)} 处" if len(errors) > 3 else ""
            raise XizeError(
                f"{job.path.name}：校验有 {len(errors)} 个错误，没有发布：{shown}{more}。", exit_code=1
            )
        release = _publish(job, result, tables, verdict, site)
        if not release.changed:
            note_same(job, release.release)
        return Outcome(job, release, release.changed, *about)


def _publish(
    job: Job, result: RunResult, tables: dict[str, pa.Table], verdict: ValidationReport, site: Path
) -> Release:
    from pipeline.diff.output.pictures import Box, Strip, strips
    from pipeline.export.start_page import write_start_page
    from pipeline.releases.publish import RunInfo, SourceInfo, publish

    def compare(before: Release, manifest: Mapping[str, Any], new: Mapping[str, pa.Table]) -> bytes:
        from pipeline.diff.output.terminal import changes_since  # most runs have nothing to compare with

        return changes_since(job.options.home, before, manifest, new)

    def browse(manifest: Mapping[str, Any], package: Mapping[str, Any], new: Mapping[str, pa.Table]) -> bytes:
        from pipeline.export.browse import browse_page, doubtful_places

        crops: Iterable[Strip] = ()
        if job.kind == "pdf" and not job.options.password:
            boxes = [Box(*place) for place in doubtful_places(new)]
            crops = strips(job.path, boxes, _CROP_BYTES, result.context["turned"])
        return browse_page(manifest, package, new, crops)

    version = f"{__version__}+{code_digest()[:12]}"
    store = _store(job)
    release = publish(
        tables,
        SourceInfo.of(job.edition, job.kind, job.sha256),
        RunInfo(
            result.stats,
            dict(verdict.summary),
            job.options.allow_incomplete,
            version,
            compare,
            browse,
            job.options.by or login_name(),
        ),
        store.url,
        site=site,
        latest=True if job.options.latest else None,
    )
    write_start_page(store)
    return release


def _open_errors(tables: Mapping[str, pa.Table]) -> list[str]:
    """The messages of the errors that forbid publishing."""
    rows = tables["findings"].select(["severity", "status", "message"]).to_pylist()
    return [row["message"] for row in rows if row["severity"] == "error" and row["status"] == "open"]


def preview(job: Job, tables: Mapping[str, pa.Table]) -> tuple[TableDelta, ...]:
    """What a release of ``tables`` would change against the latest one."""
    from pipeline.releases.deltas import diff_summary
    from pipeline.schema import TABLES, build

    store, name = _store(job), job.edition.name
    if latest_name(store, name) is None:
        before = {table: build(table, [], name) for table in TABLES}
    else:
        before = load_release(store.url, name)
    return diff_summary(tables, before)


def changes(job: Job, result: RunResult, tables: Mapping[str, pa.Table]) -> dict[str, dict[str, int]]:
    """What a release of ``tables`` would change against the last one of its source, and against last edition's current one:
    edition@release → number of changes by kind."""
    import json

    from pipeline.diff.output.terminal import changes_since
    from pipeline.releases.manifest import manifest
    from pipeline.releases.publish import RunInfo, SourceInfo, releases_before

    source = SourceInfo.of(job.edition, job.kind, job.sha256)
    about = manifest("r000", source, RunInfo(result.stats), tables, {})
    store = _store(job)
    found = {}
    for before in releases_before(store, job.edition.name, job.kind):
        rows = json.loads(changes_since(job.options.home, before, about, tables))
        found[f"{before.edition}@{before.release}"] = dict(Counter(row["change"] for row in rows))
    return found


STEPS = ("read", "check", "tidy", "assess", "validate", "publish")
"""In the order of the work; what is none of them is starting up, imports and orchestration."""


class Spent(NamedTuple):
    """Seconds on the clock, seconds of processor time (worker processes that have ended included), peak MiB so far."""

    clock: float = 0.0
    processor: float = 0.0
    memory: float = 0.0


_spent: dict[str, Spent] = {}


@contextmanager
def measured(step: str) -> Iterator[None]:
    """Count what happens within as ``step``; several times add up.

    >>> with measured("read"): pass
    """
    clock, processor = time.perf_counter(), _processor_time()
    try:
        yield
    finally:
        before = _spent.get(step, Spent())
        _spent[step] = Spent(
            before.clock + time.perf_counter() - clock,
            before.processor + _processor_time() - processor,
            peak_memory(),
        )


def _processor_time() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def steps_table(seconds: float) -> Table:
    """The steps as a table for the terminal; ``seconds``: on the clock from start to end."""
    from rich.table import Table

    shown = Table("step", box=None, header_style="bold")
    for name in ("seconds", "processor seconds", "peak MiB"):
        shown.add_column(name, justify="right")
    steps = [_spent.get(step, Spent()) for step in STEPS]
    clock, processor = (sum(one[column] for one in steps) for column in (0, 1))
    whole = Spent(seconds, _processor_time(), peak_memory())
    other = Spent(seconds - clock, whole.processor - processor, whole.memory)
    for step, one in zip((*STEPS, "other", "all"), (*steps, other, whole), strict=True):
        shown.add_row(step, f"{one.clock:.2f}", f"{one.processor:.2f}", f"{one.memory:.0f}")
    return shown
