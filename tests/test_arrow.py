"""arrow.py: rows of tables; and nothing of another type slips into a table."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.arrow import batched, rows
from pipeline.schema import SchemaError, build
from tests.cli_home import EDITION
from tests.sample_tables import sample_tables

LINE = pa.struct([pa.field("text", pa.string()), pa.field("x0", pa.float32())])
ASTRAL = "𠮷野家😀"  # characters of four bytes each


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
