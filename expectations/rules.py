"""One rule that a table must keep, whoever checks it, and the findings about the rows that do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.findings import Finding
from pipeline.schema import TABLES

# One finding per row up to here; the rest of a rule's rows share one finding that lists their keys.
EACH = 200
KEY, ROW = "_key", "_row"
"""What every row that breaks a rule comes with: its key, and which row of the table it is (from 1)."""
PLACE = ("page", "line", "x0", "top", "x1", "bottom", "cell_id", "confidence")
"""And where it stands; every table has these columns."""
ROW_HEAD = ", ".join((KEY, ROW, *PLACE))
"""All of it, as SQL selects it."""

TITLES = {"document": "文件整体", "structure": "表结构"}
"""What is checked beside the tables."""


@dataclass(frozen=True)
class Rule:
    """``code`` and ``severity`` are those of the findings about it; ``title`` says in Chinese what must hold.

    ``message`` and ``evidence`` are filled with ``title`` (of the table), ``key``, ``row``, ``value`` and the row's own
    columns. ``findings``: False where somebody else reports the same rows. ``sql`` selects the rows that break the rule,
    with what is wrong as ``value``; a rule without is checked by Great Expectations or in code.
    """

    table: str
    name: str
    code: str
    severity: str
    title: str
    message: str
    evidence: str = ""
    findings: bool = True
    sql: str = ""


def title_of(table: str) -> str:
    """The Chinese title of a table, or of what is checked beside the tables."""
    return TITLES.get(table) or TABLES[table].title_zh


def findings_of(rule: Rule, rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """The findings about ``rows``, which break ``rule``: KEY, ROW, PLACE, ``value`` and what its message names."""
    if not rule.findings:
        return
    for row in rows[:EACH]:
        yield _finding(rule, row)
    if rest := rows[EACH:]:
        keys = "、".join(str(row.get(ROW) if row.get(KEY) is None else row[KEY]) for row in rest)
        message = f"{title_of(rule.table)}另有{len(rest)}行不符合“{rule.title}”，各行的键见证据。"
        yield Finding(rule.code, message, keys, rule.severity, rule.table)


def _finding(rule: Rule, row: Mapping[str, Any]) -> Finding:
    key = None if row.get(KEY) is None else str(row[KEY])
    words = {name: "" if value is None else value for name, value in row.items()}
    words = {"title": title_of(rule.table), "table": rule.table, **words, "row": words.get(ROW, "")}
    words["key"] = key or f"第{words['row']}行"
    evidence = (rule.evidence or f"{rule.name}={{value}}").format_map(words)
    about = row.get("table") if rule.table == "structure" else rule.table if rule.table in TABLES else None
    place = {name: _plain(name, row[name]) for name in PLACE if row.get(name) is not None}
    return Finding(rule.code, rule.message.format_map(words), evidence, rule.severity, about, key, **place)


def _plain(name: str, value: Any) -> Any:
    if name == "cell_id":
        return str(value)
    return int(value) if name in ("page", "line") else float(value)
