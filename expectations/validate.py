"""Validation of one edition's curated tables: tables in, a verdict with findings out, the site on the side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pyarrow as pa

from expectations.own_checks import own_results, structure
from expectations.report import Result, SuiteOutcome, ValidationContext, ValidationReport
from expectations.rules import KEY, ROW, TITLES, findings_of
from pipeline.arrow import array
from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.processes import Call
from pipeline.schema import TABLES, build

_INCOMPLETE = frozenset({"toc_section_missing", "toc_annex_missing", "section_without_classes"})


def validate(
    tables: Mapping[str, pa.Table],
    *,
    context: ValidationContext,
    site_dir: Path | None = None,
    call: Call[SuiteOutcome] = lambda work: work,
) -> ValidationReport:
    """Validate one edition's curated tables.

    ``tables``: table name → Arrow table of pipeline.schema (a missing one is an error, an empty one is not).
    ``site_dir``: where the site goes (created): index.html, one page per table, scope.html, suites/, results.json and
    own_checks.json; None for none. ``call``: has Great Expectations called, here or in a process of its own, where
    its quarter of a gigabyte is. Raises XizeError when ``context.bounds`` names an unknown table, OSError when the site cannot
    be written, RuntimeError when an expectation could not be evaluated at all (a fault of ours).
    """
    for name in context.bounds:
        if name not in TABLES:
            raise XizeError(
                f"{context.edition}的source.yaml为未知的表“{name}”规定了行数，请改为数据约定中的表名。"
            )
    sound = {name: _checkable(tables.get(name), name, context.edition) for name in TABLES}
    suites = call(partial(_run_suites, sound, context, None if site_dir is None else site_dir.parent))
    # At the same time, where there are processes.
    own = [structure(tables, context.edition), *own_results(sound, context)]
    run = suites()
    results = [*own, *run.results]
    findings: dict[str, Finding] = {}
    for result in results:
        for finding in findings_of(result.rule, result.rows):
            findings.setdefault(finding.digits, finding)
    # The document's and the structure's first, then tables in publishing order.
    order = [*TITLES, *TABLES]
    results.sort(key=lambda result: order.index(result.rule.table))
    rows = {name: table.num_rows for name, table in sound.items()}
    report = ValidationReport(
        success=not any(not r.success and r.rule.severity == "error" for r in results),
        results=tuple(results),
        findings=tuple(findings.values()),
        summary=_summary(results, list(findings.values()), context, rows) | {"engine": run.engine},
    )
    if site_dir is not None:
        from expectations.site import write_site

        write_site(site_dir, report, context, sound, run)
    return report


def _run_suites(
    tables: Mapping[str, pa.Table], context: ValidationContext, place: Path | None
) -> SuiteOutcome:
    # Imports Great Expectations: seconds, and a quarter of a gigabyte.
    from expectations.engine import run_suites

    return run_suites(tables, context, place)


def _checkable(table: pa.Table | None, name: str, edition: str) -> pa.Table:
    """The table with the key and the number of each row; an empty one where it is missing or not as declared.

    ``structure`` has said so then; nothing else can be said of it.
    """
    declared = TABLES[name].arrow
    types = {} if table is None else {field.name: field.type for field in table.schema}
    if table is None or any(types.get(field.name) != field.type for field in declared):
        table = build(name, [], edition)
    numbers = array(range(1, table.num_rows + 1), pa.int32())
    return table.append_column(KEY, table[TABLES[name].key[0]]).append_column(ROW, numbers)


def _summary(
    results: list[Result],
    found: list[Finding],
    context: ValidationContext,
    rows: Mapping[str, int],
) -> dict[str, object]:
    failed = [r for r in results if not r.success]
    tables: dict[str, dict[str, int]] = {}
    for result in results:
        name = result.rule.table
        own = tables.setdefault(name, {"rows": rows.get(name, 0), "expectations": 0, "failed": 0})
        own["expectations"] += 1
        own["failed"] += not result.success
    return {
        "success": not any(r.rule.severity == "error" for r in failed),
        "expectations": len(results),
        "failed": {s: sum(r.rule.severity == s for r in failed) for s in ("error", "warning", "info")},
        "findings": dict(sorted(Counter(f.code for f in found).items())),
        "allow_incomplete": context.allow_incomplete,
        "incomplete": [f.evidence.partition("=")[2] for f in found if f.code in _INCOMPLETE],
        "tables": tables,
    }
