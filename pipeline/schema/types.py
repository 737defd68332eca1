"""What a field, a key and a table are: the shapes in which the data contract is declared, and rows made into them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from pipeline.arrow import array, repeated


class SchemaError(ValueError):
    """A row does not fit its table: unknown or missing column, or a value of the wrong type."""


@dataclass(frozen=True)
class Field:
    """One column: its Arrow type, Chinese and English label and meaning, and what its values must look like.

    ``enum`` and ``pattern`` are hard (another value is an error); ``known`` and ``usual`` are soft:
    enumerations and spellings of one edition, where another value is published as printed with a warning.
    ``bounds`` are the smallest and largest number allowed (for lists: of every member). ``default`` is what
    :meth:`Table.build` fills in when a row does not name the column.
    """

    name: str
    title_zh: str
    title_en: str
    doc_zh: str
    doc_en: str
    type: pa.DataType = pa.string()
    nullable: bool = False
    enum: tuple[str, ...] | None = None
    pattern: str | None = None
    known: tuple[str, ...] | None = None
    usual: str | None = None
    bounds: tuple[float, float] | None = None
    default: object = None

    @property
    def arrow(self) -> pa.Field:
        """The Arrow field (name, type, nullability)."""
        return pa.field(self.name, self.type, nullable=self.nullable)


@dataclass(frozen=True)
class ForeignKey:
    """``fields`` of this table point to ``target_fields`` of table ``target``."""

    fields: tuple[str, ...]
    target: str
    target_fields: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One published table.

    ``key`` is unique within an edition; ``row_key`` names the columns that make up an annex row's ``row_id``;
    ``order`` the columns that published rows are sorted by ("-" before a name: descending), then by ``key``.
    """

    name: str
    title_zh: str
    title_en: str
    doc_zh: str
    doc_en: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    foreign: tuple[ForeignKey, ...] = ()
    row_key: tuple[str, ...] = ()
    order: tuple[str, ...] = ("page", "line", "top", "x0")

    @cached_property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, columns in publishing order, no metadata."""
        return pa.schema([field.arrow for field in self.fields])

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The column names in publishing order."""
        return tuple(field.name for field in self.fields)

    def build(
        self, rows: Iterable[Mapping[str, object]], edition: str, source: str | None = None
    ) -> pa.Table:
        """Rows (mappings of column name to value) as an Arrow table in the contract's columns.

        ``edition`` fills that column, ``source`` (if given) the rows that name no source. Lists default to [],
        ``corrected`` to False, ``confidence`` to 1.0, nullable columns to null.
        Raises SchemaError on an unknown column, a missing value or a value of the wrong type.
        """
        rows = rows if isinstance(rows, list) else list(rows)
        known = frozenset(self.names)
        for index, row in enumerate(rows):
            if not row.keys() <= known:
                unknown = ", ".join(sorted(map(str, row.keys() - known)))
                raise SchemaError(f"{self.name}: unknown column {unknown} in row {index}")
        columns = []
        for field in self.fields:
            if field.name == "edition":
                columns.append(repeated(edition, len(rows)))
            elif field.name == "source" and source is not None:
                columns.append(array([row.get("source") or source for row in rows], field.type))
            else:
                columns.append(self._column(field, rows))
        return pa.table(columns, schema=self.arrow)

    def _column(self, field: Field, rows: list[Mapping[str, object]]) -> pa.Array:
        # A list is never null in the contract, nor is any column that has a default.
        given = (row.get(field.name) for row in rows)
        values = [field.default if value is None else value for value in given]
        try:
            column = array(values, field.type)
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, OverflowError) as error:
            raise SchemaError(f"{self.name}.{field.name}: {error}") from error
        if not field.nullable and column.null_count:
            first = values.index(None)
            raise SchemaError(
                f"{self.name}.{field.name}: no value in row {first}: {dict(rows[first])!r:.400}"
            )
        return column
