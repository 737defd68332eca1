"""What a field, a key and a table are: the shapes in which the data contract is declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa


@dataclass(frozen=True)
class Field:
    """One column: its Arrow type, Chinese and English label and meaning, and what its values must look like.

    ``enum`` and ``pattern`` are hard (another value is an error); ``known`` and ``usual`` are soft:
    enumerations and spellings of one edition, where another value is published as printed with a warning.
    ``bounds`` are the smallest and largest number allowed (for lists: of every member). ``default`` is what
    :func:`build` fills in when a row does not name the column.
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
