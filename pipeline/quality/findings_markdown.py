"""The findings of a run as Markdown: what a steward reads in the web page of a run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pipeline.findings import CODES
from pipeline.schema import SEVERITIES

if TYPE_CHECKING:
    import pyarrow as pa

# Enough to see what a run ran into; the published table has every finding.
_SHOWN = 100


def findings_markdown(edition: str, findings: pa.Table) -> str:
    """The findings table (pipeline.schema) as Markdown: counts by code, then the gravest findings one by one."""
    rows = findings.select(["severity", "code", "page", "message", "status"]).to_pylist()
    order = list(SEVERITIES)
    rows.sort(key=lambda row: (order.index(row["severity"]), row["page"] or 0))
    lines = [f"# {edition}的发现", ""]
    total = Counter(row["severity"] for row in rows)
    lines.append("，".join(f"{word}{total[severity]}项" for severity, word in SEVERITIES.items()) + "。")
    if not rows:
        return "\n".join(lines)
    lines += ["", "| 程度 | 代码 | 含义 | 项数 |", "|---|---|---|---:|"]
    for (severity, code), count in Counter((row["severity"], row["code"]) for row in rows).items():
        title = CODES[code].title_zh if code in CODES else ""
        lines.append(f"| {SEVERITIES[severity]} | `{code}` | {title} | {count} |")
    lines += ["", "| 程度 | 页 | 说明 |", "|---|---:|---|"]
    for row in rows[:_SHOWN]:
        lines.append(f"| {SEVERITIES[row['severity']]} | {row['page'] or ''} | {_cell(row['message'])} |")
    if len(rows) > _SHOWN:
        lines += ["", f"另有{len(rows) - _SHOWN}项，见findings表。"]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text that stays inside one Markdown table cell and is not taken for markup."""
    for char in "\\`*_|<>[]":
        text = text.replace(char, "\\" + char)
    return text.replace("\n", " ")
