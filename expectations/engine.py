"""The Great Expectations run itself: an ephemeral context, one batch per table, results as our own records.

Importing this module imports Great Expectations (seconds).
"""

from __future__ import annotations

import logging
import os
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.lean import lean_imports

# Offline and silent, before the library is imported: no telemetry, no progress bars, no banner.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.setdefault("TQDM_DISABLE", "1")
with warnings.catch_warnings(), lean_imports():
    warnings.simplefilter("ignore")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    from expectations.suites import suite

from expectations.checks import Check
from expectations.findings import KEYS, findings_of
from expectations.report import ExpectationResult, ValidationContext, ValidationReport
from expectations.site import suite_page, write_site
from pipeline.findings import Finding
from pipeline.forked import copies, forked_map
from pipeline.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core import ExpectationSuiteValidationResult

    from pipeline.quality.scope import Scope

logging.getLogger("great_expectations").setLevel(logging.ERROR)

# How many unexpected values the rendered site shows per expectation; findings take every row.
SHOWN = 20


def run(
    checks: Mapping[str, list[Check]],
    frames: Mapping[str, pd.DataFrame],
    context: ValidationContext,
    site_dir: Path | None,
    scope: Scope | None = None,
) -> ValidationReport:
    """Evaluate every suite on its frame, and write the site (with the coverage, if there is one) if asked to.

    Raises RuntimeError when an expectation could not be evaluated at all: a fault of ours, never of the data.
    """
    # The longest first: whoever is free takes the next one.
    order = sorted(checks, key=lambda table: -len(frames[table]) * len(checks[table]))
    batches = _batches()

    def evaluate(table: str) -> _Verdict:
        return _evaluate(batches, table, checks[table], frames, context if site_dir is not None else None)

    found = dict(zip(order, forked_map(evaluate, order, copies()), strict=True))
    verdicts = {table: found[table] for table in checks}
    results = [result for verdict in verdicts.values() for result in verdict.results]
    findings: dict[str, Finding] = {}
    for verdict in verdicts.values():
        for finding in verdict.findings:
            findings.setdefault(finding.finding_id, finding)
    errors = [r for r in results if not r.success and r.severity == "error"]
    report = ValidationReport(
        success=not errors,
        results=tuple(results),
        findings=tuple(findings.values()),
        summary=_summary(results, findings, context, {name: len(frames[name]) for name in checks}),
    )
    if site_dir is not None:
        pages = {table: verdict.page for table, verdict in verdicts.items()}
        write_site(site_dir, pages, report, context, scope)
    return report


@dataclass(frozen=True)
class _Verdict:
    """What came of one suite: a result per expectation, findings in their order, its page of the site (or "")."""

    results: list[ExpectationResult]
    findings: list[Finding]
    page: str


def _evaluate(
    batches: Any,
    table: str,
    checks: list[Check],
    frames: Mapping[str, pd.DataFrame],
    shown_for: ValidationContext | None,
) -> _Verdict:
    """One suite on its frame, and its page where a site is asked for."""
    outcome = _validate(batches, table, checks, frames[table], "BASIC")
    details = _details(outcome)
    results = [_record(check, *details[check.name]) for check in checks]
    failed = [check for check in checks if not details[check.name][0]]
    findings: list[Finding] = []
    for check, failing in _failing_rows(batches, table, failed, frames[table]):
        rows = _unreported(check, failing, frames)
        if failing and not rows:
            continue
        observed = details[check.name][1].get("observed_value")
        findings.extend(findings_of(check, frames[table], rows, observed))
    page = suite_page(table, outcome, shown_for) if shown_for is not None else ""
    return _Verdict(results, findings, page)


def _batches() -> Any:
    """The batch definition that every table goes through: a whole frame, in a context that is not stored."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("xize").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("whole")


def _validate(
    batches: Any, table: str, checks: list[Check], frame: pd.DataFrame, detail: str
) -> ExpectationSuiteValidationResult:
    # Only the columns looked at: Great Expectations copies the rows of the frame over and over.
    looked_at = [column for column in frame.columns if any(column in check.columns for check in checks)]
    batch = batches.get_batch({"dataframe": frame[looked_at]})
    with warnings.catch_warnings():  # pandas remarks on groups in a pattern
        warnings.simplefilter("ignore", UserWarning)
        outcome: ExpectationSuiteValidationResult = batch.validate(
            suite(table, checks), result_format={"result_format": detail, "partial_unexpected_count": SHOWN}
        )
    return outcome


def _details(outcome: ExpectationSuiteValidationResult) -> dict[str, tuple[bool, dict[str, Any]]]:
    """Check name → (holds, result). Great Expectations orders its results by column: ours go by name."""
    details: dict[str, tuple[bool, dict[str, Any]]] = {}
    for one in outcome.results:
        config: Any = one.expectation_config
        info: Mapping[str, Any] = one.exception_info or {}
        if info.get("raised_exception") or any(
            isinstance(v, dict) and v.get("raised_exception") for v in info.values()
        ):
            raise RuntimeError(f"{outcome.suite_name}.{config.meta['name']} could not be evaluated: {info}")
        details[config.meta["name"]] = bool(one.success), dict(one.result)
    return details


def _failing_rows(
    batches: Any, table: str, failed: list[Check], frame: pd.DataFrame
) -> Iterator[tuple[Check, list[int]]]:
    """The positions of the rows for which each failed check does not hold (none if it is about the table).

    Row lists double the cost of an expectation, so only those that failed are evaluated again with them.
    """
    other = [check for check in failed if check.form not in ("none", "rows")]
    details = _details(_validate(batches, table, other, frame, "COMPLETE")) if other else {}
    for check in failed:
        if check.form == "none":
            rows = [position for position, bad in enumerate(frame[check.columns[0]].notna()) if bad]
        elif check.form == "rows":
            rows = []
        else:
            rows = [int(row) for row in details[check.name][1]["unexpected_index_list"]]
        yield check, rows


def _unreported(check: Check, rows: list[int], frames: Mapping[str, pd.DataFrame]) -> list[int]:
    """The rows about which tidying has not already reported the same thing."""
    if not check.reported_by or not rows or "findings" not in frames:
        return rows
    known = frames["findings"]
    same = known[(known["table"] == check.table) & known["code"].str.startswith(check.reported_by)]
    keys = set(same["key"].dropna())
    if KEYS in same.columns:
        keys.update(key for joined in same[KEYS] for key in joined.split("\x1f"))
    own = frames[check.table][TABLES[check.table].key[0]]
    return [row for row in rows if own.iloc[row] not in keys]


def _record(check: Check, success: bool, detail: Mapping[str, Any]) -> ExpectationResult:
    return ExpectationResult(
        table=check.table,
        name=check.name,
        code=check.code,
        severity=check.severity,
        title=check.title,
        columns=check.columns,
        success=success,
        evaluated=int(detail.get("element_count", detail.get("observed_value", 0)) or 0),
        unexpected=int(detail.get("unexpected_count", 0 if success else 1) or 0),
    )


def _summary(
    results: list[ExpectationResult],
    findings: Mapping[str, Finding],
    context: ValidationContext,
    rows: Mapping[str, int],
) -> dict[str, object]:
    failed = [r for r in results if not r.success]
    tables: dict[str, dict[str, int]] = {}
    for name, count in rows.items():
        own = [r for r in results if r.table == name]
        tables[name] = {"rows": count, "expectations": len(own), "failed": sum(not r.success for r in own)}
    return {
        "success": not any(r.severity == "error" for r in failed),
        "engine": f"great_expectations {gx.__version__}",
        "expectations": len(results),
        "failed": {s: sum(r.severity == s for r in failed) for s in ("error", "warning", "info")},
        "findings": dict(sorted(Counter(f.code for f in findings.values()).items())),
        "allow_incomplete": context.allow_incomplete,
        "incomplete": [f.evidence.partition("=")[2] for f in findings.values() if f.code in _INCOMPLETE],
        "tables": tables,
    }


_INCOMPLETE = frozenset({"toc_section_missing", "toc_annex_missing", "section_without_classes"})
