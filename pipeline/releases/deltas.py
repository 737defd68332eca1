"""What a release would change in the tables of the one before it, in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class TableDelta:
    """What a release would change in one table, rows told apart by the table's key."""

    table: str
    rows_before: int
    rows_after: int
    added: int
    removed: int
    changed: int


def diff_summary(tables: Mapping[str, pa.Table], before: Mapping[str, pa.Table]) -> tuple[TableDelta, ...]:
    """Per table: rows before and after, how many were added, removed or changed (same key, other values)."""
    from pipeline.schema import TABLES

    deltas = []
    for name, table in TABLES.items():
        old, new = before.get(name, table.arrow.empty_table()), tables[name]
        was, now = _rows(old, table.key), _rows(new, table.key)
        gone, come = (Counter(key for key, _ in rows.elements()) for rows in (was - now, now - was))
        changed = (gone & come).total()
        added, removed = come.total() - changed, gone.total() - changed
        deltas.append(TableDelta(name, old.num_rows, new.num_rows, added, removed, changed))
    return tuple(deltas)


def _rows(table: pa.Table, key: tuple[str, ...]) -> Counter[tuple[tuple[object, ...], str]]:
    """(key, all values as text) of every row."""
    rows = table.select(sorted(table.column_names)).to_pylist()
    return Counter((tuple(row[name] for name in key), repr(row)) for row in rows)
