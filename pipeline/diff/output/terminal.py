"""Changes written out: as data (JSON, CSV, Parquet) and as the summary that a terminal shows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.diff.side import Side
from pipeline.schema.annexes import ANNEXES
from pipeline.schema.changes import CHANGE_KINDS, MARKS, QUIET_CHANGES
from pipeline.schema.common import KINDS
from pipeline.text import csv_text

_SHOWN = 20
_REMOVED, _ADDED = "red", "green"


def loud(changes: pa.Table) -> pa.Table:
    """The changes without the kinds that are left out unless asked for."""
    import pyarrow.compute as pc

    keep = pc.invert(pc.is_in(changes["change"], value_set=pa.array(QUIET_CHANGES)))
    return changes.filter(keep)


def read_differently(changes: pa.Table) -> int:
    """How many runs of text are printed the same and were only divided differently by the two readings."""
    return int((changes.schema.metadata or {}).get(b"read_differently", 0))


def as_json(changes: pa.Table) -> bytes:
    """An array of objects."""
    return (json.dumps(changes.to_pylist(), ensure_ascii=False, indent=2) + "\n").encode()


def as_csv(changes: pa.Table) -> bytes:
    """Comma-separated, lists as JSON text."""
    rows = changes.to_pylist()
    for row in rows:
        row["marks"] = json.dumps(row["marks"], ensure_ascii=False)
    return csv_text(changes.column_names, (row.values() for row in rows)).encode()


def as_parquet(changes: pa.Table) -> bytes:
    """A Parquet file."""
    from pipeline.releases.publish import parquet_bytes

    return parquet_bytes(changes)


def table_of(title: str, left: Sequence[str], right: Sequence[str] = (), **options: Any) -> Table:
    """A titled table for the terminal: columns of text, then columns of figures. ``options``: of rich's columns."""
    table = Table(title=title, title_justify="left")
    for name in left:
        table.add_column(name, **options)
    for name in right:
        table.add_column(name, justify="right", **options)
    return table


def print_summary(console: Console, changes: pa.Table, shown: pa.Table, before: Side, after: Side) -> None:
    """Counts by kind of change and by major group, then the first changes.

    ``changes``: all of them; ``shown``: those to be listed and counted (without the quiet kinds, unless asked for).
    """
    rows = shown.to_pylist()
    quiet = Counter(kind for kind in changes["change"].to_pylist() if kind in QUIET_CHANGES)
    console.print(f"{before.name} → {after.name}：{_total(rows)}")
    notes = []
    if len(rows) < changes.num_rows:
        notes = [f"{CHANGE_KINDS[kind]}{count}处（用--all列出）" for kind, count in quiet.items()]
    if count := read_differently(changes):
        notes.append(f"仅断行读法不同{count}处（印出的文字相同，不计为变更）")
    if notes:
        console.print("另有" + "；".join(notes) + "。")
    unlike = ("unlike_sources", "unlike_versions")
    common = [MARKS[mark] for mark in unlike if rows and all(mark in row["marks"] for row in rows)]
    if common:
        console.print("留意：" + "；".join(common) + "，有些差别可能由此而来。")
    if not rows:
        return
    console.print(_by_kind(rows))
    console.print(_by_major(rows))
    console.print(_listed(rows))
    if len(rows) > _SHOWN:
        console.print(f"只列出前{_SHOWN}处；全部见--format json、--html或--xlsx。")


def _total(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return "没有变更。"
    groups = len({row["group"] for row in rows})
    return f"{len(rows)}处变更，合{groups}组。"


def _by_kind(rows: Sequence[dict[str, Any]]) -> Table:
    table = table_of("按变更种类", ["变更种类"], ["处数", "组数", "存疑"])
    for kind, label in CHANGE_KINDS.items():
        own = [row for row in rows if row["change"] == kind]
        groups = {row["group"] for row in own}
        doubtful = sum(any(mark.startswith("finding_") for mark in row["marks"]) for row in own)
        if own:
            table.add_row(label, str(len(own)), str(len(groups)), str(doubtful or ""))
    return table


_TABLE_TITLES = {annex.name: annex.title_zh for annex in ANNEXES}


def _where(row: dict[str, Any]) -> str:
    """The major group, annex or part of the rulebook that a change is about."""
    if row["major_code"]:
        return f"{row['major_code']} {row['major_name'] or ''}".strip()
    return _TABLE_TITLES.get(row["table"], "正文")


def _by_major(rows: Sequence[dict[str, Any]]) -> Table:
    counts = Counter(map(_where, rows))
    annexes = list(_TABLE_TITLES.values())
    majors = sorted({_where(row) for row in rows if row["major_code"]})
    order = [*majors, *sorted(counts.keys() - set(majors) - set(annexes)), *annexes]
    table = table_of("按专业大类与附件", ["专业大类或附件"], ["处数"])
    for name in order:
        if counts[name]:
            table.add_row(name, str(counts[name]))
    return table


def _listed(rows: Sequence[dict[str, Any]]) -> Table:
    table = table_of("变更", ["种类", "位置", "变更前 → 变更后"], ["页"], overflow="fold")
    for row in rows[:_SHOWN]:
        pages = "→".join(str(row[f"page_{side}"] or "") for side in ("before", "after")).strip("→")
        table.add_row(CHANGE_KINDS[row["change"]], Text(_place(row)), _texts(row), pages)
    return table


def _place(row: dict[str, Any]) -> str:
    if row["table"] != "entries":
        name = row["class_code"] or row["key"] or ""
        parts = [_where(row), name if name != row["major_code"] else "", row["field"] or ""]
        return " ".join(filter(None, parts))
    to = {
        "entry_tier_moved": f" →{row['tier_after']}",
        "entry_kind_moved": f" →{_column(row['kind_after'], row['tier_after'])}",
        "entry_class_moved": f" →{row['class_code_after']}",
    }.get(row["change"], "")
    return f"{row['class_code']} {row['class_name'] or ''} {_column(row['kind'], row['tier'])}{to}"


def _column(kind: str | None, tier: str | None) -> str:
    """国家技能等级证书·中级"""
    return f"{KINDS[kind].partition('(')[0] if kind else ''}·{tier}"


def _texts(row: dict[str, Any]) -> Text:
    before, after = row["before"], row["after"]
    if before == after:
        return Text(before or "")
    text = Text(before or "（无）", style=_REMOVED if before else "")
    text.append(" → ", style="default")
    return text.append(after or "（无）", style=_ADDED if after else "default")
