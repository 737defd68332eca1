"""Changes written out: as data (JSON, also as each release carries it; CSV, Parquet), and as a terminal's summary."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.diff import compare
from pipeline.diff.output.lines import ChangeLine, by_kind, by_section, lines_of, moved
from pipeline.diff.side import Row, Side
from pipeline.releases.catalogue import Release, load_release
from pipeline.releases.publish import parquet_bytes
from pipeline.schema.changes import CHANGE_KINDS, MARKS, QUIET_CHANGES
from pipeline.text import csv_text

_SHOWN = 20
_REMOVED, _ADDED = "red", "green"


def loud(changes: pa.Table) -> pa.Table:
    """The changes without the kinds that are left out unless asked for."""
    keep = pc.invert(pc.is_in(changes["change"], value_set=pa.array(QUIET_CHANGES)))
    return changes.filter(keep)


def read_differently(changes: pa.Table) -> int:
    """How many runs of text are printed the same and were only divided differently by the two readings."""
    return int((changes.schema.metadata or {}).get(b"read_differently", 0))


def as_json(changes: pa.Table) -> bytes:
    """An array of objects."""
    return (json.dumps(changes.to_pylist(), ensure_ascii=False, indent=2) + "\n").encode()


def changes_since(
    home: Path, before: Release, manifest: Mapping[str, Any], tables: Mapping[str, pa.Table]
) -> bytes:
    """The changes from ``before`` to ``tables``, in the form of ``xize diff --format json``.

    ``manifest`` is the new release's, as far as it is known. Raises XizeError when ``before`` cannot be read.
    """
    earlier = load_release(before.url, before.edition, before.release)
    sides = (
        Side(before.edition, before.release, earlier, before.manifest, home),
        Side(manifest["edition"], manifest["release"], tables, manifest, home),
    )
    return as_json(loud(compare(*sides)))


def as_csv(changes: pa.Table) -> bytes:
    """Comma-separated, lists as JSON text."""
    rows = changes.to_pylist()
    for row in rows:
        row["marks"] = json.dumps(row["marks"], ensure_ascii=False)
    return csv_text(changes.column_names, (row.values() for row in rows)).encode()


def as_parquet(changes: pa.Table) -> bytes:
    """A Parquet file."""
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
    lines = lines_of(shown, before, after)
    groups = len({line.group for line in lines})
    total = f"{len(lines)}处变更，合{groups}组。" if lines else "没有变更。"
    console.print(f"{before.name} → {after.name}：{total}")
    notes = []
    if len(lines) < changes.num_rows:
        quiet = Counter(kind for kind in changes["change"].to_pylist() if kind in QUIET_CHANGES)
        notes = [f"{CHANGE_KINDS[kind]}{count}处（用--all列出）" for kind, count in quiet.items()]
    if count := read_differently(changes):
        notes.append(f"仅断行读法不同{count}处（印出的文字相同，不计为变更）")
    if notes:
        console.print("另有" + "；".join(notes) + "。")
    unlike = ("unlike_sources", "unlike_versions")
    common = [MARKS[mark] for mark in unlike if lines and all(mark in line.row["marks"] for line in lines)]
    if common:
        console.print("留意：" + "；".join(common) + "，有些差别可能由此而来。")
    if not lines:
        return
    kinds = table_of("按变更种类", ["变更种类"], ["处数", "组数", "存疑"])
    for kind, own in by_kind(lines).items():
        doubtful = sum(line.suspected for line in own)
        figures = (len(own), len({line.group for line in own}), doubtful or "")
        kinds.add_row(CHANGE_KINDS[kind], *map(str, figures))
    sections = table_of("按专业大类与附件", ["专业大类或附件"], ["处数"])
    for title, own in by_section(lines).items():
        sections.add_row(title, str(len(own)))
    for made in (kinds, sections, _listed(lines)):
        console.print(made)
    if len(lines) > _SHOWN:
        console.print(f"只列出前{_SHOWN}处；全部见--format json、--html或--xlsx。")


def _listed(lines: Sequence[ChangeLine]) -> Table:
    table = table_of("变更", ["种类", "位置", "变更前 → 变更后"], ["出处"], overflow="fold")
    for line in list(chain.from_iterable(by_kind(lines).values()))[:_SHOWN]:
        places = moved(line.place("before"), line.place("after"))
        table.add_row(line.title, Text(line.where), _texts(line.row), places)
    return table


def _texts(row: Row) -> Text:
    before, after = row["before"], row["after"]
    if before == after:
        return Text(before or "")
    text = Text(before or "（无）", style=_REMOVED if before else "")
    text.append(" → ", style="default")
    return text.append(after or "（无）", style=_ADDED if after else "default")
