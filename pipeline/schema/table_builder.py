"""Rows of a document → Arrow tables, part by part: rows that are made are not kept as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from pipeline.schema import ANNEX_TABLES, build

TIDIED: tuple[str, ...] = ("majors", "classes", "entries", "credentials", "notes", *ANNEX_TABLES)
"""The tables that tidying gives."""


@dataclass(frozen=True)
class Gathered:
    """Tables of one edition and source while their rows come in."""

    edition: str
    source: str
    _parts: dict[str, list[pa.Table]] = field(default_factory=dict)

    def keep(self, table: str, rows: list[dict[str, object]]) -> None:
        """Take rows of a table. Raises SchemaError when a row does not fit it."""
        if rows:
            self._parts.setdefault(table, []).append(build(table, rows, self.edition, self.source))

    def tables(self) -> Mapping[str, pa.Table]:
        """Every tidied table, those without rows too."""
        return {name: self.table(name) for name in TIDIED}

    def table(self, name: str) -> pa.Table:
        """One table, which may have no rows."""
        return pa.concat_tables(self._parts.get(name) or [build(name, [], self.edition)]).combine_chunks()
