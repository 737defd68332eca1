"""The validation site: offline pages of our own from the results, and the suites and results as JSON beside them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
from jinja2 import Environment, FileSystemLoader

from expectations.report import Result, SuiteOutcome, ValidationContext, ValidationReport
from expectations.rules import KEY, ROW, TITLES, title_of
from pipeline.findings import CODES
from pipeline.quality.coverage import STATES, Scope, scope, where
from pipeline.quality.decisions import as_decided, by_worth, finding_rows, remedy, statuses
from pipeline.schema import QUEUES, SEVERITIES, TABLES
from pipeline.schema.moe_classes import reference_majors
from pipeline.text import page_spans

_TEMPLATES = Path(__file__).with_name("templates")
_STATUSES = {"open": "未处理", "accepted": "已接受", "corrected": "已更正"}
_SHORT = {
    "present": "有", "partial": "存疑", "empty": "无条目", "lost": "缺失", "unsure": "或缺", "absent": "无", "extra": "另列",
}  # fmt: skip
_VIEWS = {
    name: f"SELECT *, {table.key[0]} AS {KEY}, row_number() OVER () AS {ROW} FROM '{name}.parquet'"
    for name, table in TABLES.items()
}
"""What the SQL of our rules reads, over the files of a release."""
Row = Mapping[str, Any]


def write_site(
    folder: Path,
    report: ValidationReport,
    context: ValidationContext,
    tables: Mapping[str, pa.Table],
    run: SuiteOutcome,
) -> None:
    """Write pages, style sheet and JSON files into ``folder`` (created); ``run``: what Great Expectations made of the suites."""
    (folder / "suites").mkdir(parents=True, exist_ok=True)
    for name, one in run.json_suites.items():
        _write_json(folder / "suites" / f"{name}.json", one)
    _write_json(folder / "results.json", {"engine": report.summary["engine"], "tables": run.json_results})
    # What Great Expectations alone cannot judge.
    own = [_own_json(one) for one in report.results if one.rule.sql or one.rule.table in TITLES]
    _write_json(folder / "own_checks.json", {"views": _VIEWS, "checks": own})
    (folder / "style.css").write_bytes((_TEMPLATES / "style.css").read_bytes())
    pages = _Pages(folder, context)
    findings = all_findings(report, context, tables["findings"])
    found = scope(tables, reference_majors())
    _write_index(pages, report, findings, found, tables)
    for name in (*TITLES, *TABLES):
        its = [r for r in report.results if r.rule.table == name]
        groups = _groups(row for row in findings if _page_of(row) == name)
        rows = tables[name].num_rows if name in tables else 0
        pages.write("table", f"{name}.html", name=name, results=its, groups=groups, rows=rows)
    if found is not None:
        _write_scope(pages, found)


def all_findings(
    report: ValidationReport, context: ValidationContext, known: pa.Table
) -> list[dict[str, Any]]:
    """The findings of the run as rows, with their statuses: those in the tables, then those of validation."""
    findings = as_decided(report.findings, context.accepted, context.corrections)
    states = statuses(findings, context.accepted, context.corrections)
    rows = [*known.to_pylist(), *finding_rows(findings, context.edition, states)]
    return [dict(row) for row in by_worth(rows)]


class _Pages:
    """Renders the templates with what every page shows."""

    def __init__(self, folder: Path, context: ValidationContext) -> None:
        self._folder = folder
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.globals.update(
            edition=context.edition,
            document_title=context.title,
            severities=SEVERITIES,
            statuses=_STATUSES,
            titles={name: title_of(name) for name in (*TITLES, *TABLES)},
        )

    def write(self, template: str, file: str, **words: Any) -> None:
        """Write one page."""
        page = self._environment.get_template(f"{template}.j2").render(**words)
        (self._folder / file).write_text(page, "utf-8")


def _write_index(
    pages: _Pages,
    report: ValidationReport,
    findings: Sequence[Row],
    found: Scope | None,
    tables: Mapping[str, pa.Table],
) -> None:
    unsettled = Counter((_page_of(row), row["severity"]) for row in findings if row["status"] == "open")
    about = []
    for name in (*TITLES, *TABLES):
        its = [r for r in report.results if r.rule.table == name]
        about.append(
            {
                "name": name,
                "rows": tables[name].num_rows if name in tables else "",
                "checked": len(its),
                "failed": sum(not r.success for r in its),
                "open": {severity: unsettled[name, severity] for severity in SEVERITIES},
                "suite": name in TABLES,
            }
        )
    pages.write(
        "index",
        "index.html",
        report=report,
        scope=found,
        tables=about,
        failed=[r for r in report.results if not r.success],
        groups=_groups(findings),
        total=len(findings),
        counts=Counter((row["severity"], row["status"]) for row in findings),
        sums=Counter(row["severity"] for row in findings),
        queues=QUEUES,
        open_by_queue=Counter(row["queue"] for row in findings if row["status"] == "open"),
    )


def _write_scope(pages: _Pages, found: Scope) -> None:
    """The coverage page: which parts of the document are in the data, at a glance."""
    without = {
        detail: page_spans(
            int(one.key) for one in found.pages if one.detail == detail and one.key.isdecimal()
        )
        for detail in dict.fromkeys(one.detail for one in found.pages)
    }
    pages.write("scope", "scope.html", scope=found, states=STATES, short=_SHORT, pages=without)


def _page_of(row: Row) -> str:
    """The page that lists a finding: its table's, or the document's."""
    return row["table"] if row["table"] in TABLES else "document"


def _groups(findings: Iterable[Row]) -> list[dict[str, Any]]:
    """Findings by severity and code, graver ones first; within, open ones first."""

    def kind(row: Row) -> tuple[int, str]:
        return list(SEVERITIES).index(row["severity"]), row["code"]

    made = []
    for (_, code), group in groupby(sorted(findings, key=kind), kind):
        rows = [{**row, "where": where(row)} for row in group]
        severity = rows[0]["severity"]
        title = CODES[code].title_zh if code in CODES else code
        about = {"severity": severity, "code": code, "title": title, "remedy": remedy(code)}
        made.append({**about, "anchor": f"{severity}-{code}", "rows": rows})
    return made


def _own_json(one: Result) -> dict[str, Any]:
    rule = one.rule
    return {
        "table": rule.table,
        "name": rule.name,
        "code": rule.code,
        "severity": rule.severity,
        "title": rule.title,
        "sql": rule.sql or None,
        "success": not one.rows,
        "evaluated": one.evaluated,
        "unexpected": [{"key": row.get(KEY), "row": row.get(ROW), "value": row["value"]} for row in one.rows],
    }


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
