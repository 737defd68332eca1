"""Arrow's memory, and rows of a table without a dictionary for each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import pyarrow as pa

__all__ = ["Row", "batched", "release", "rows"]


if "ARROW_DEFAULT_MEMORY_POOL" not in os.environ:
    # Arrow's own pools keep what they were given for a while: a fifth of a large document's memory. The system's does not.
    pa.set_memory_pool(pa.system_memory_pool())

Value = TypeVar("Value")


def release() -> None:
    """Give back to the system what is free: between the steps of a large document that is half of a step's memory."""
    pa.default_memory_pool().release_unused()


class Row(Mapping[str, Any]):
    """A row of a table, looked up when asked for: a fraction of the memory of a dictionary per row.

    Rows may share a list of equal values: lists are to be read, not changed.
    """

    __slots__ = ("_columns", "_index")

    def __init__(self, columns: _Columns, index: int) -> None:
        self._columns, self._index = columns, index

    def __getitem__(self, name: str) -> Any:
        return self._columns[name][self._index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns.table.column_names)

    def __len__(self) -> int:
        return int(self._columns.table.num_columns)

    # As identity tells rows apart, they need not be compared value by value.
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


class _Columns(dict[str, list[Any]]):
    """The columns of a table as Python values, made when first asked for.

    Scalars, and lists of scalars, that occur again are kept once: their lists are shared between rows and not to be
    changed.
    """

    def __init__(self, table: pa.Table) -> None:
        super().__init__()
        self.table = table

    def __missing__(self, name: str) -> list[Any]:
        values: list[Any] = self.table.column(name).to_pylist()
        kind = self.table.schema.field(name).type
        if pa.types.is_list(kind) and not pa.types.is_nested(kind.value_type):
            lists: dict[tuple[Any, ...], list[Any]] = {}
            values = [None if one is None else lists.setdefault(tuple(one), one) for one in values]
        elif not pa.types.is_nested(kind):  # the Python values of other kinds have no hash
            known: dict[Any, Any] = {}
            values = list(map(known.setdefault, values, values))
        self[name] = values
        return values


def batched(values: Sequence[Value], size: int) -> Iterator[Sequence[Value]]:
    """Slices of ``size`` values, the last perhaps shorter."""
    return (values[start : start + size] for start in range(0, len(values), size))


def rows(table: pa.Table) -> list[Row]:
    """The rows of a table, to be read as mappings of column name to value: lists are shared between rows and not to be changed.

    A row raises KeyError for a column that the table lacks.
    """
    columns = _Columns(table)
    return [Row(columns, index) for index in range(table.num_rows)]
