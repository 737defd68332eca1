"""Python values → Arrow arrays, from buffers; and rows of a table without a dictionary for each.

``pyarrow.array`` imports pandas before it looks at its argument: half a second and 50 MiB in every process, which a run
that has no use for pandas need not spend.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if "ARROW_DEFAULT_MEMORY_POOL" not in os.environ:
    # Arrow's own pools keep what they were given for a while: a fifth of a large document's memory. The system's does not.
    pa.set_memory_pool(pa.system_memory_pool())

Value = TypeVar("Value")
Key = TypeVar("Key")


def array(values: Iterable[Any], kind: pa.DataType) -> pa.Array:
    """An array of strings, booleans, numbers, or lists or dictionaries of them; None is null.

    Raises pyarrow.ArrowTypeError for a value that is not of the kind (no conversions but from int to float) and
    OverflowError for an integer that does not fit.
    """
    given: Sequence[Any] = values if isinstance(values, list | tuple) else list(values)
    types = set(map(type, given))
    if types - {type(None)} - _fitting(kind):
        wrong = next(value for value in given if value is not None and type(value) not in _fitting(kind))
        raise pa.ArrowTypeError(f"{wrong!r:.80} is no {kind}")
    nulls, validity = 0, None
    if type(None) in types:
        there = np.fromiter((value is not None for value in given), dtype=bool, count=len(given))
        nulls = len(given) - int(np.count_nonzero(there))
        validity = _bits(there)
        empty = _EMPTY.get(kind.id, 0)
        given = [empty if value is None else value for value in given]
    if pa.types.is_list(kind):
        members = array(chain.from_iterable(given), kind.value_type)
        lengths = _offset_buffer(list(map(len, given)))
        return pa.Array.from_buffers(kind, len(given), [validity, lengths], nulls, children=[members])
    if pa.types.is_struct(kind):
        columns = [array([value.get(field.name) for value in given], field.type) for field in kind]
        return pa.Array.from_buffers(kind, len(given), [validity], nulls, children=columns)
    if pa.types.is_string(kind):
        encoded = [value.encode() for value in given]
        data = pa.py_buffer(b"".join(encoded))
        return pa.Array.from_buffers(
            kind, len(given), [validity, _offset_buffer(list(map(len, encoded))), data], nulls
        )
    if pa.types.is_boolean(kind):
        return pa.Array.from_buffers(kind, len(given), [validity, _bits(np.array(given, dtype=bool))], nulls)
    numbers = np.array(given, dtype=kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(given), [validity, pa.py_buffer(numbers)], nulls)


_EMPTY: dict[int, Any] = {pa.string().id: "", pa.list_(pa.string()).id: (), pa.struct([]).id: {}}
"""By kind of type, what stands in an array's buffers for a null (else 0)."""


def _fitting(kind: pa.DataType) -> frozenset[type]:
    """The Python types whose values an array of this kind takes."""
    if pa.types.is_list(kind):
        return frozenset({list, tuple})
    if pa.types.is_struct(kind):
        return frozenset({dict})
    if pa.types.is_string(kind):
        return frozenset({str})
    if pa.types.is_boolean(kind):
        return frozenset({bool, np.bool_})
    if pa.types.is_integer(kind):
        return frozenset({int, np.int32, np.int64})
    if pa.types.is_floating(kind):
        return frozenset({float, int, np.float32, np.float64})
    raise pa.ArrowNotImplementedError(f"no array of {kind} is made here")


def from_numpy(values: np.ndarray) -> pa.Array:
    """The numbers of a one-dimensional array."""
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))], 0)


def repeated(text: str, count: int) -> pa.Array:
    """The same string ``count`` times."""
    encoded = text.encode()
    ends = _offset_buffer([len(encoded)] * count)
    return pa.Array.from_buffers(pa.string(), count, [None, ends, pa.py_buffer(encoded * count)], 0)


def offsets(lengths: Sequence[int]) -> pa.Array:
    """The offsets (int32, one more than ``lengths``) of lists that follow each other."""
    return pa.Array.from_buffers(pa.int32(), len(lengths) + 1, [None, _offset_buffer(lengths)])


def _offset_buffer(lengths: Sequence[int]) -> pa.Buffer:
    return pa.py_buffer(np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int32))


def _bits(flags: np.ndarray) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


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


def grouped(values: Iterable[Value], key: Callable[[Value], Key]) -> dict[Key, list[Value]]:
    """The values by their key, keys and values in the order in which they come."""
    found: dict[Key, list[Value]] = {}
    for value in values:
        found.setdefault(key(value), []).append(value)
    return found


def with_column(table: pa.Table, name: str, values: Iterable[Any]) -> pa.Table:
    """The table with other values in one of its columns."""
    index, field = table.schema.get_field_index(name), table.schema.field(name)
    return table.set_column(index, field, array(values, field.type))


def where(table: pa.Table, column: str, *values: Any) -> pa.Table:
    """The rows of a table that have one of the values in a column. (``pyarrow.compute.equal`` with a value imports pandas.)"""
    wanted = array(values, table.schema.field(column).type)
    return table.filter(pc.is_in(table[column], value_set=wanted))


def rows(table: pa.Table) -> list[Row]:
    """The rows of a table, to be read as mappings of column name to value: lists are shared between rows and not to be changed.

    A row raises KeyError for a column that the table lacks.
    """
    columns = _Columns(table)
    return [Row(columns, index) for index in range(table.num_rows)]
