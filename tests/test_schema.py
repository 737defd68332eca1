"""schema.py: every table of the contract, declared once, and rows turned into Arrow tables."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from pipeline.schema import (
    ANNEX_TABLES,
    GRADE_LABELS,
    KINDS,
    PROVENANCE,
    STAGED_CELLS,
    TABLES,
    TIERS,
    SchemaError,
    build,
    row_id,
)

ENTRY = {
    "entry_id": "0123456789abcdef",
    "class_code": "6101",
    "kind": "skill",
    "tier": "中级",
    "position": 1,
    "text": "农作物植保员(四级/中级工)",
    "name": "农作物植保员",
    "source": "pdf",
}


def test_tables_stand_in_publishing_order() -> None:
    names = list(TABLES)
    assert names[:5] == ["majors", "classes", "entries", "credentials", "notes"]
    assert names[5:17] == list(ANNEX_TABLES)
    assert names[17:] == ["coverage", "links", "findings", "cells"]
    assert [name.split("_")[1] for name in ANNEX_TABLES] == [*map(str, range(1, 12)), "other"]


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_every_declaration_is_complete(table) -> None:
    names = [field.name for field in table.fields]
    assert names[0] == "edition"
    assert len(set(names)) == len(names)
    assert set(table.key) <= set(names)
    assert {name.lstrip("-") for name in table.order} <= set(names)
    for field in table.fields:
        assert all((field.title_zh, field.title_en, field.doc_zh, field.doc_en)), field.name
        assert re.search(r"[一-鿿]", field.title_zh), field.name
        assert re.search(r"[A-Za-z]", field.title_en), field.name
        assert table.arrow.field(field.name).type == field.type
        assert table.arrow.field(field.name).nullable == field.nullable
        if field.pattern:
            # Whole values, whichever way a validator applies it.
            assert field.pattern[0] == "^" and field.pattern[-1] == "$"
            re.compile(field.pattern)
    for key in table.foreign:
        assert set(key.fields) <= set(names)
        assert set(key.target_fields) <= set(TABLES[key.target].names)


@pytest.mark.parametrize("name", [name for name in TABLES if name != "cells"])
def test_every_published_row_carries_provenance(name: str) -> None:
    assert TABLES[name].fields[-len(PROVENANCE) :] == PROVENANCE


def test_types_are_the_contracts() -> None:
    entries, credentials, cells = (TABLES[name].arrow for name in ("entries", "credentials", "cells"))
    assert entries.field("grades").type == pa.list_(pa.int8())
    assert not entries.field("grades").nullable
    assert credentials.field("grade").type == pa.int8()
    assert TABLES["annex_8_qualifications"].arrow.field("departments").type == pa.list_(pa.string())
    line = pa.struct(
        [("text", pa.string()), *((side, pa.float32()) for side in ("x0", "top", "x1", "bottom"))]
    )
    assert cells.field("lines").type == pa.list_(line)
    assert cells.field("advances").type == pa.list_(pa.list_(pa.float32()))
    assert STAGED_CELLS.names == cells.names[1:]
    assert set(GRADE_LABELS) == {1, 2, 3, 4, 5} and len(KINDS) == 5 and TIERS == ("初级", "中级", "高级")


def test_build_fills_what_a_row_leaves_out() -> None:
    row = build("entries", [ENTRY], "shanghai-2025").to_pylist()[0]
    assert row["edition"] == "shanghai-2025"
    assert row["grades"] == [] and row["level"] is None and row["page"] is None
    assert row["corrected"] is False and row["confidence"] == 1.0 and row["requires_attention"] is False


def test_build_gives_the_source_where_rows_name_none() -> None:
    rows = [
        {key: value for key, value in ENTRY.items() if key != "source"},
        {**ENTRY, "source": "transcript"},
    ]
    assert build("entries", rows, "shanghai-2025", "pdf")["source"].to_pylist() == ["pdf", "transcript"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": "red"}, "unknown column colour"),
        ({"text": None}, "entries.text: no value in row 1"),
        ({"position": "first"}, "entries.position"),
        ({"grades": [400]}, "entries.grades"),
    ],
)
def test_build_refuses_rows_that_do_not_fit(change: dict[str, object], said: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(said)):
        build("entries", [ENTRY, {**ENTRY, **change}], "shanghai-2025")


def test_row_ids_join_the_key_columns() -> None:
    assert row_id("annex_7_one_plus_x", {"no": "12"}) == "12"
    assert row_id("annex_9_overseas", {"list": "A", "no": "12"}) == "A/12"
    assert row_id("annex_6_assessments", {"part": "甲", "org_no": "1", "no": None}) == "甲/1"
    row = {"part": "技能人员", "no": "2", "sub_name": "保安员", "name": "安全保护服务人员"}
    assert row_id("annex_8_qualifications", row) == "技能人员/2/保安员"
