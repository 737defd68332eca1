"""arrow.py: arrays from buffers are those that pyarrow itself makes, and nothing of another type slips into them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipeline.arrow import array, batched, from_numpy, offsets, repeated, rows
from pipeline.schema import TABLES, SchemaError, build
from tests.cli_home import EDITION
from tests.sample_tables import sample_tables

LINE = pa.struct([pa.field("text", pa.string()), pa.field("x0", pa.float32())])
ASTRAL = "𠮷野家😀"  # characters of four bytes each
VALUES: list[tuple[pa.DataType, list[Any]]] = [
    (pa.string(), ["", "茶艺师", ASTRAL, "a\x00b", "́", "x" * 300]),
    (pa.bool_(), [True, False, False, True, True, False, True, True, False, True]),
    (pa.int8(), [0, 127, -128, 5]),
    (pa.int32(), [0, 2**31 - 1, -(2**31)]),
    (pa.int64(), [0, 2**63 - 1, -(2**63)]),
    (pa.float32(), [0.0, 1.5, -0.1, float("inf"), 3]),
    (pa.float64(), [0.1, -2.5e300, 7]),
    (pa.list_(pa.string()), [[], ["甲", ASTRAL], ("乙",), ["", ""]]),
    (pa.list_(pa.int8()), [[5, 4], [], [3]]),
    (pa.list_(pa.list_(pa.float32())), [[[1.0, 2.5], []], [], [[0.5]]]),
    (LINE, [{"text": "甲", "x0": 1.0}, {"x0": 2.5}, {"text": ASTRAL}, {}]),
    (pa.list_(LINE), [[{"text": "甲", "x0": 1.0}, {"text": "乙", "x0": 2.0}], [], [{"text": None, "x0": 3.0}]]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values"), VALUES, ids=[str(kind) for kind, _ in VALUES])
def test_arrays_are_those_of_pyarrow(kind: pa.DataType, values: list[Any]) -> None:
    with_nulls = [None, *(both for value in values for both in (value, None)), None]
    for given in (values, with_nulls, [None, None, None], [None] * 17, []):
        made, known = array(given, kind), pa.array(given, kind)
        made.validate(full=True)
        assert made.type == kind and made.equals(known), given
        assert made.null_count == known.null_count and made.to_pylist() == known.to_pylist()
        # However it is handed over, and also as a part of a larger column.
        assert array((value for value in given), kind).equals(known)
        assert made.slice(1).equals(known.slice(1))


def test_members_of_lists_and_structs_may_be_null() -> None:
    for kind, given in (
        (pa.list_(pa.string()), [["甲", None], None, [None]]),
        (pa.list_(LINE), [[None, {"text": "甲"}], None, []]),
        (LINE, [None, {"text": None, "x0": None}]),
    ):
        made = array(given, kind)
        made.validate(full=True)
        assert made.to_pylist() == pa.array(given, kind).to_pylist()


def test_every_column_of_a_release_is_that_of_pyarrow() -> None:
    """Whatever the contract declares can be made, and is made right."""
    for name, table in sample_tables(2).items():
        for field in TABLES[name].arrow:
            values = table[field.name].to_pylist()
            assert array(values, field.type).equals(pa.array(values, field.type)), (name, field.name)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.string(), 7),
        (pa.string(), b"x"),
        (pa.string(), ["x"]),
        (pa.bool_(), 1),
        (pa.bool_(), "true"),
        (pa.int32(), "7"),
        (pa.int32(), 7.0),
        (pa.int32(), True),
        (pa.float32(), "1.5"),
        (pa.float32(), True),
        (pa.list_(pa.string()), "甲乙"),
        (pa.list_(pa.string()), {"甲"}),
        (pa.list_(pa.string()), ["甲", 7]),
        (pa.list_(pa.int8()), [5, "4"]),
        (LINE, ["text"]),
        (LINE, {"text": 7}),
    ],
    ids=str,
)
def test_a_value_of_another_type_is_refused(kind: pa.DataType, value: object) -> None:
    good = next(values for known, values in VALUES if known == kind)[0]
    for given in ([value], [good, None, value]):
        with pytest.raises(pa.ArrowTypeError):
            array(given, kind)


@pytest.mark.parametrize(
    ("kind", "value"),
    [(pa.int8(), 128), (pa.int8(), -129), (pa.int32(), 2**31), (pa.int64(), 2**63), (pa.int64(), -(2**63) - 1)],
)  # fmt: skip
def test_a_number_that_does_not_fit_is_refused(kind: pa.DataType, value: int) -> None:
    for given in ([value], [1, None, value]):
        with pytest.raises(OverflowError):
            array(given, kind)


def test_a_type_that_is_not_made_here_is_said() -> None:
    with pytest.raises(pa.ArrowNotImplementedError, match="date32"):
        array([None, 3], pa.date32())


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("entries", "position", "1"),
        ("entries", "position", 2**31),
        ("entries", "text", 7),
        ("entries", "text", "\ud800"),  # half a character: no UTF-8
        ("entries", "grades", [200]),
        ("entries", "grades", "54"),
        ("entries", "corrected", 1),
        ("cells", "lines", ["甲"]),
    ],
)
def test_a_row_of_another_type_names_its_column(table: str, column: str, value: object) -> None:
    good = sample_tables(1)[table].to_pylist()
    build(table, good, EDITION)
    with pytest.raises(SchemaError, match=rf"^{table}\.{column}: "):
        build(table, [good[0], {**good[-1], column: value}], EDITION)


def test_a_row_that_lacks_a_value_names_its_column() -> None:
    good = sample_tables(1)["entries"].to_pylist()
    with pytest.raises(SchemaError, match=r"^entries\.text: no value in row 1"):
        build("entries", [good[0], {**good[1], "text": None}, good[2]], EDITION)


def test_repeated_numbers_and_offsets() -> None:
    for text, count in (("上海-2025", 3), (ASTRAL, 1), ("", 4), ("x", 0)):
        made = repeated(text, count)
        made.validate(full=True)
        assert made.equals(pa.array([text] * count, pa.string()))
    every_other = np.arange(10, dtype=np.int64)[::2]  # not one piece of memory
    for values in (every_other, np.array([], np.int32), np.array([1.5, -2], np.float32)):
        made = from_numpy(values)
        made.validate(full=True)
        assert made.equals(pa.array(values.tolist(), pa.from_numpy_dtype(values.dtype)))
    assert offsets([2, 0, 3]).to_pylist() == [0, 2, 2, 5] and offsets([]).to_pylist() == [0]


def test_batches_are_slices_of_one_size() -> None:
    assert list(batched([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(batched((1, 2), 5)) == [(1, 2)] and list(batched([], 3)) == []


def test_rows_are_mappings() -> None:
    table = pa.table(
        {
            "name": pa.chunked_array([["甲", None], [ASTRAL]]),
            "grades": pa.array([[5, 4], None, []], pa.list_(pa.int8())),
            "page": pa.array([7, 7, None], pa.int32()),
        }
    )
    found = rows(table)
    assert [dict(row) for row in found] == table.to_pylist()
    assert [{**row} for row in found] == table.to_pylist()
    first = found[0]
    assert list(first) == table.column_names and len(first) == 3 and "name" in first and "names" not in first
    assert first["grades"] == [5, 4] and found[1]["grades"] is None and found[2]["grades"] == []
    assert first.get("page") == 7 and first.get("colour") is None and first.get("colour", "白") == "白"
    with pytest.raises(KeyError):
        first["colour"]
    assert rows(table.slice(0, 0)) == []
    nested = pa.table(
        {"l": pa.array([[{"text": "甲", "x0": 1.0}], None], pa.list_(LINE)), "s": [{"a": 1}, None]}
    )
    assert [dict(row) for row in rows(nested)] == nested.to_pylist()
    # Rows are told apart by what they are, not by what they say: alike rows of a table stay two.
    alike = rows(pa.table({"name": ["甲", "甲"]}))
    assert alike[0] != alike[1] and len(set(alike)) == 2 and alike[0] == alike[0]
