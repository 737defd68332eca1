"""Every published table and field, declared once.

Arrow schemas, the base expectations, datapackage.json and the data dictionary all derive from ``TABLES``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from pipeline.schema.annexes import ANNEXES
from pipeline.schema.catalogue import CLASSES, CREDENTIALS, ENTRIES, MAJORS, NOTES
from pipeline.schema.common import GRADE_LABELS, KINDS, PROVENANCE, QUEUES, SEVERITIES, TIERS
from pipeline.schema.quality import CELLS, COVERAGE, FINDINGS, LINKS
from pipeline.schema.types import Field, ForeignKey, SchemaError, Table

__all__ = [
    "ANNEX_TABLES",
    "GRADE_LABELS",
    "KINDS",
    "PROVENANCE",
    "QUEUES",
    "SEVERITIES",
    "STAGED_CELLS",
    "TABLES",
    "TIDIED",
    "TIERS",
    "Field",
    "ForeignKey",
    "SchemaError",
    "Table",
    "build",
    "row_id",
]

# In publishing order.
TABLES: dict[str, Table] = {
    table.name: table
    for table in (MAJORS, CLASSES, ENTRIES, CREDENTIALS, NOTES, *ANNEXES, COVERAGE, LINKS, FINDINGS, CELLS)
}

ANNEX_TABLES: tuple[str, ...] = tuple(table.name for table in ANNEXES)

TIDIED: tuple[str, ...] = ("majors", "classes", "entries", "credentials", "notes", *ANNEX_TABLES)
"""The tables that tidying gives."""

# staged/…/cells.parquet: the published cells without their edition (staged files go by the source's hash).
STAGED_CELLS: pa.Schema = pa.schema([field.arrow for field in CELLS.fields if field.name != "edition"])


def build(
    name: str, rows: Iterable[Mapping[str, object]], edition: str, source: str | None = None
) -> pa.Table:
    """Rows of table ``name`` as an Arrow table: see :meth:`Table.build`.

    Raises KeyError when the contract has no such table, SchemaError when a row does not fit it.
    """
    return TABLES[name].build(rows, edition, source)


def row_id(name: str, row: Mapping[str, object]) -> str:
    """The ``row_id`` of a row of annex table ``name``: its key columns joined by "/", empty ones left out."""
    values = (row.get(column) for column in TABLES[name].row_key)
    return "/".join(str(value) for value in values if value is not None and value != "")
