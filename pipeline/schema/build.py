"""From plain rows to the contract's Arrow tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from pipeline.arrow import array, repeated
from pipeline.schema.types import Field, Table


class SchemaError(ValueError):
    """A row does not fit its table: unknown or missing column, or a value of the wrong type."""


def _column(table: Table, field: Field, rows: list[Mapping[str, object]]) -> pa.Array:
    name, default = field.name, field.default
    if default is None:
        values = [row.get(name) for row in rows]
    else:
        # A list is never null in the contract, nor is any column that has a default.
        values = [default if (value := row.get(name)) is None else value for row in rows]
    try:
        column = array(values, field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, OverflowError) as error:
        raise SchemaError(f"{table.name}.{name}: {error}") from error
    if not field.nullable and column.null_count:
        first = values.index(None)
        raise SchemaError(f"{table.name}.{name}: no value in row {first}: {dict(rows[first])!r:.400}")
    return column


def build_table(
    table: Table, rows: Iterable[Mapping[str, object]], edition: str, source: str | None = None
) -> pa.Table:
    """Rows (mappings of column name to value) as an Arrow table in the contract's columns.

    ``edition`` fills that column, ``source`` (if given) the rows that name no source. Lists default to [],
    ``corrected`` to False, ``confidence`` to 1.0, nullable columns to null.
    Raises SchemaError on an unknown column, a missing value or a value of the wrong type.
    """
    rows = rows if isinstance(rows, list) else list(rows)
    known = frozenset(table.names)
    for index, row in enumerate(rows):
        if not row.keys() <= known:
            unknown = ", ".join(sorted(map(str, row.keys() - known)))
            raise SchemaError(f"{table.name}: unknown column {unknown} in row {index}")
    columns = []
    for field in table.fields:
        if field.name == "edition":
            columns.append(repeated(edition, len(rows)))
        elif field.name == "source" and source is not None:
            columns.append(array([row.get("source") or source for row in rows], field.type))
        else:
            columns.append(_column(table, field, rows))
    return pa.table(columns, schema=table.arrow)
