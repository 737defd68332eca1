"""The end of a run: what was found is put together, published (or previewed) and summed up as an :class:`Outcome`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import __version__
from pipeline.errors import XizeError
from pipeline.staging import note_same
from pipeline.timing import measured

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.report import ValidationReport
    from pipeline.releases.catalogue import Release, TableDelta
    from pipeline.run import Job, RunResult


@dataclass(frozen=True)
class Outcome:
    """What a run came to: the release (None with ``publish=False``), figures, findings by severity and code."""

    job: Job
    release: Release | None
    changed: bool
    stats: Mapping[str, Any]
    rows: Mapping[str, int]
    by_severity: Mapping[str, int]
    by_code: Mapping[str, int]
    report: ValidationReport | None = None
    deltas: tuple[TableDelta, ...] = ()


def with_findings(job: Job, result: RunResult, report: ValidationReport | None = None) -> dict[str, pa.Table]:
    """All tables, with the findings of tidying and (once there is a ``report``) of validation."""
    from pipeline.quality.assess import settle
    from pipeline.quality.corrections.file import load_corrections
    from pipeline.quality.decisions import load_accepted
    from pipeline.releases.last_findings import store_last_findings

    name = job.edition.name
    tables = settle(
        result.tables,
        [*result.findings, *(report.findings if report is not None else ())],
        edition=name,
        source=job.kind,
        accepted=load_accepted(job.edition.folder / "accepted.yaml"),
        corrections=load_corrections(job.edition.corrections),
    )
    if report is not None:
        store_last_findings(job.options.home, name, tables["findings"])
    return tables


def publish_result(
    job: Job, result: RunResult, tables: dict[str, pa.Table], report: ValidationReport, site: Path
) -> Release:
    """Publish, or raise XizeError naming the first errors when validation forbids it."""
    from pipeline.releases.catalogue import curated_url
    from pipeline.releases.publish import RunInfo, SourceInfo, publish
    from pipeline.run import code_digest

    _refuse_errors(job, tables)
    version = f"{__version__}+{code_digest()[:12]}"
    return publish(
        tables,
        SourceInfo.of(job.edition, job.kind, job.sha256),
        RunInfo(result.stats, dict(report.summary), job.options.allow_incomplete, version),
        curated_url(job.options.home, job.options.curated),
        site=site,
        latest=True if job.options.latest else None,
    )


def _refuse_errors(job: Job, tables: Mapping[str, pa.Table]) -> None:
    rows = tables["findings"].select(["severity", "status", "message"]).to_pylist()
    errors = [row["message"] for row in rows if row["severity"] == "error" and row["status"] == "open"]
    if errors:
        shown = "；".join(message.rstrip("。") for message in errors[:3])
        more = f" 等 {len(errors)} 处" if len(errors) > 3 else ""
        raise XizeError(
            f"{job.path.name}：校验有 {len(errors)} 个错误，没有发布：{shown}{more}。", exit_code=1
        )


def finish(job: Job, result: RunResult, report: ValidationReport, site: Path) -> Outcome:
    """Publish the validated result, or (``publish=False``) say what a release would change."""
    with measured("publish"):
        return _finish(job, result, report, site)


def _finish(job: Job, result: RunResult, report: ValidationReport, site: Path) -> Outcome:
    from pipeline import arrow

    tables = with_findings(job, result, report)
    arrow.release()
    severities = Counter(tables["findings"].column("severity").to_pylist())
    codes = Counter(tables["findings"].column("code").to_pylist())
    rows = {name: table.num_rows for name, table in tables.items()}
    if not job.options.publish:
        deltas = preview(job, tables)
        return Outcome(job, None, False, result.stats, rows, severities, codes, report, deltas)
    release = publish_result(job, result, tables, report, site)
    if not release.changed:
        note_same(job, release.release)
    return Outcome(job, release, release.changed, result.stats, rows, severities, codes, report)


def preview(job: Job, tables: Mapping[str, pa.Table]) -> tuple[TableDelta, ...]:
    """What a release of ``tables`` would change against the latest one."""
    from pipeline.releases.catalogue import curated_url, diff_summary, latest_name, load_release
    from pipeline.releases.storage import open_store
    from pipeline.schema import TABLES, build

    url = curated_url(job.options.home, job.options.curated)
    name = job.edition.name
    if latest_name(open_store(url), name) is None:
        before = {table: build(table, [], name) for table in TABLES}
    else:
        before = load_release(url, name)
    return diff_summary(tables, before)


def same_as(job: Job, last: Release) -> Outcome:
    """The outcome of a run that found nothing changed: the figures of the release that stands."""
    manifest = last.manifest
    findings = manifest.get("findings") or {}
    return Outcome(
        job,
        last,
        False,
        {**manifest.get("stats", {}), "conservation": manifest.get("conservation") or {}},
        last.rows,
        dict(findings.get("by_severity", {})),
        dict(findings.get("by_code", {})),
    )
