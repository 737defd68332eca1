"""Corrections change the tables that they are about, and leave all else alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.quality.corrections.cells import apply_to_cells
from pipeline.quality.corrections.file import ACTIONS, Correction
from pipeline.quality.corrections.rows import Rows, apply_to_rows
from pipeline.reading import CELLS
from pipeline.releases.publish import arrange
from pipeline.schema import ANNEX_TABLES, TABLES, build
from tests.quality.test_corrections import one, staged, where
from tests.quality.truth_tables import EDITION, truth_tables

TIDIED = ("classes", "entries", "credentials", *ANNEX_TABLES)


@pytest.fixture(scope="module")
def rows() -> Rows:
    """What tidying gives of some classes and the beginnings of all annexes of the edition."""
    kept = pa.array(["6101", "6102", "6901", "6902"])
    return {
        name: table.slice(0, 60).to_pylist()
        if name in ANNEX_TABLES
        else table.filter(pc.is_in(table["class_code"], value_set=kept)).to_pylist()
        for name, table in truth_tables().items()
        if name in TIDIED
    }


def _first(rows: Rows, tier: str = "初级", index: int = 0) -> dict[str, Any]:
    items = [r for r in rows["entries"] if (r["class_code"], r["kind"], r["tier"]) == ("6901", "skill", tier)]
    return items[index]


def _changed(
    rows: Rows, corrections: Sequence[Correction], corrected_cells: frozenset[str] = frozenset()
) -> set[str]:
    """The names of the tables that are published otherwise than without the corrections."""
    made = apply_to_rows(rows, corrections, corrected_cells=corrected_cells)
    assert made.keys() == rows.keys()
    before, after = (
        {name: arrange(TABLES[name], build(name, table, EDITION, "pdf")) for name, table in some.items()}
        for some in (rows, made)
    )
    return {name for name in before if not after[name].equals(before[name])}


def test_each_action_on_items(rows: Rows) -> None:
    text, second = (_first(rows, index=i)["text"] for i in (0, 1))
    named = {"cell_id": _first(rows)["cell_id"]}
    empty = {"class": "6101", "kind": "practice", "tier": "初级"}
    both = {"entries", "credentials"}
    for correction, changed in (
        (one(where=where(), action="replace", to="新工(四级/中级工)", **{"from": text}), both),
        (one(where=named, action="split", to=[text[:3], text[3:]], **{"from": text}), both),
        (one(where=named, action="drop", **{"from": text}), both),
        (
            one(where=where(position=1), action="split", to=[text[:3], text[3:]], **{"from": text}),
            both,
        ),
        (one(where=named, action="join", **{"from": [text, second]}), both),
        (one(where=where(), action="move", to={"tier": "高级", "position": 1}, **{"from": text}), both),
        (one(where=named, action="move", to={"class": "6101", "kind": "title"}, **{"from": text}), both),
        (one(where=where(), action="drop", **{"from": text}), both),
        (one(where=where(), action="add", to="新工(三级/高级工)", after=text), both),
        (one(where=where(position=2), action="add", to="新工"), both),
        (one(where=named, action="add", to="新工"), both),
        (one(where=empty, action="add", to="执业兽医"), both),
    ):
        assert _changed(rows, [correction]) == changed, correction


def test_each_action_on_annex_rows(rows: Rows) -> None:
    plain = "annex_7_one_plus_x"
    row, last = rows[plain][11], rows[plain][-1]
    graded = next(r for r in rows["annex_5_evaluators"] if r["grades"])
    listed = next(r for r in rows["annex_8_qualifications"] if len(r["departments"]) > 1)
    numbered = {"annex": 7, "no": last["no"]}
    again = {name: last[name] for name in ("org", "certificate", "batch")}
    for wanted, changed in (
        ([one(where={"annex": 7, "no": row["no"]}, action="replace", to="某某有限公司", **{"from": row["org"]})], plain),
        ([one(where=numbered, action="replace", column="no", to="9999", **{"from": last["no"]})], plain),
        ([one(where=numbered, action="drop", **{"from": last["certificate"]})], plain),
        ([one(where={"annex": 7, "no": "9999"}, action="add", to=again)], plain),
        (
            [
                one(where={"annex": 5, "row_id": graded["row_id"]}, action="replace", column="grades", to="5、4",
                    **{"from": "、".join(map(str, graded["grades"]))}),
            ],
            "annex_5_evaluators",
        ),
        (
            [
                one(where={"annex": 8, "row_id": listed["row_id"]}, action="replace", column="departments", to="某部",
                    **{"from": listed["departments"][0]}),
            ],
            "annex_8_qualifications",
        ),
    ):  # fmt: skip
        assert _changed(rows, wanted) == {changed}, wanted


def test_several_corrections_in_their_order(rows: Rows) -> None:
    """Later ones see what earlier ones made, in other slots too; items of an issuer that annexes name are read anew."""
    text, second = (_first(rows, index=i)["text"] for i in (0, 1))
    org = next(row["org"] for row in rows["annex_7_one_plus_x"] if row["org"])
    file = [
        one(where={"annex": 7, "no": "3"}, action="replace", to="某某证书", **{"from": rows["annex_7_one_plus_x"][2]["certificate"]}),
        one(where=where(), action="replace", to=f"{org}新工(四级/中级工)", **{"from": text}),
        one(where=where(), action="move", to={"tier": "高级"}, **{"from": f"{org}新工(四级/中级工)"}),
        one(where=where("高级"), action="split", to=[org, "新工(四级/中级工)"], **{"from": f"{org}新工(四级/中级工)"}),
        one(where=where(), action="drop", **{"from": second}),
        one(where={"annex": 7, "no": "4"}, action="drop", **{"from": rows["annex_7_one_plus_x"][3]["certificate"]}),
    ]  # fmt: skip
    assert _changed(rows, file) == {"entries", "credentials", "annex_7_one_plus_x"}
    assert {correction.action for correction in file} < set(ACTIONS)


def test_a_move_starts_where_earlier_ones_left_the_item(rows: Rows) -> None:
    others = [entry for entry in rows["entries"] if entry["class_code"] == "6101"]
    assert any((entry["kind"], entry["tier"]) == ("skill", "高级") for entry in others), (
        "whose positions go on"
    )
    item = next(
        entry
        for entry in rows["entries"]
        if (entry["class_code"], entry["kind"], entry["tier"]) == ("6901", "skill", "初级")
        and entry["text"] not in {other["text"] for other in others}
    )
    text, cell = item["text"], item["cell_id"]
    to_class = {"action": "move", "to": {"class": "6101"}, "from": text}
    to_tier = {"action": "move", "to": {"tier": "高级"}, "from": text}
    there = {"class": "6101", "kind": "skill", "tier": "初级"}
    for file in (
        [one(where={"cell_id": cell}, **to_class), one(where={"cell_id": cell}, **to_tier)],
        [one(where=where(), **to_class), one(where={"cell_id": cell}, **to_tier)],
        [one(where={"cell_id": cell}, **to_class), one(where=there, **to_tier)],
    ):
        assert _changed(rows, file) == {"entries", "credentials"}


def test_an_item_added_to_an_empty_slot_is_moved_by_its_class_s_cell(rows: Rows) -> None:
    cell = "p0001-t1-r001-c00"
    classes = [row | {"cell_id": cell} if row["class_code"] == "6101" else row for row in rows["classes"]]
    rows = {**rows, "classes": classes}
    empty = {"class": "6101", "kind": "practice", "tier": "初级"}
    file = [
        one(where=empty, action="add", to="执业兽医"),
        one(where={"cell_id": cell}, action="move", to={"kind": "skill"}, **{"from": "执业兽医"}),
    ]
    assert _changed(rows, file) == {"entries", "credentials"}


def test_rows_of_corrected_cells_are_marked(rows: Rows) -> None:
    named = frozenset({rows["annex_7_one_plus_x"][3]["cell_id"], _first(rows)["cell_id"]})
    assert _changed(rows, [], named) == {"entries", "credentials", "annex_7_one_plus_x"}
    text = _first(rows)["text"]
    drop = one(where=where(), action="drop", **{"from": text})
    assert _changed(rows, [drop], named) == {"entries", "credentials", "annex_7_one_plus_x"}


def test_corrections_of_cells_leave_rows_alone(rows: Rows) -> None:
    """They have been carried out before tidying."""
    cell = one(where={"cell_id": "p0001-t1-r000-c00"}, action="map_column", to=1, **{"from": 0})
    assert _changed(rows, []) == _changed(rows, [cell]) == set()


# --- cells


@pytest.fixture(scope="module")
def cells() -> pa.Table:
    """Two tables on two pages, and a third on the second page: ``staged`` cells with ids of their own."""
    made = []
    for page, table_no in ((1, 1), (2, 1), (2, 2)):
        name = f"p{page:04d}-t{table_no}-r{{:03d}}-c{{:02d}}".format
        grid = [["序号", "机构备案号"], ["1", "s000031300045"], ["2", ""], ["3", "乙" * table_no]]
        for row, texts in enumerate(grid):
            for col, text in enumerate(texts):
                lines = [text[:8], text[8:]] if len(text) > 8 else [text] if text else []
                made.append(
                    {"page": page, "table_no": table_no, "row": row, "col": col, "x0": 40.0 + 60 * col, "texts": lines,
                     "cell_id": name(row, col)}
                )  # fmt: skip
    return staged(*made)


def test_cells_of_other_pages_are_left_alone(cells: pa.Table) -> None:
    middle, last = "p0002-t1-r001-c01", "p0002-t2-r003-c00"
    file = [
        one(where={"cell_id": middle}, action="replace", to="S0000313", **{"from": "s0000313"}),
        one(where={"cell_id": middle}, action="set_span", to={"row_span": 2}, **{"from": {"row_span": 1}}),
        one(where={"cell_id": "p0002-t2-r002-c00"}, action="map_column", to=1, **{"from": 0}),
        one(where={"cell_id": last}, action="replace", to="三\n附", **{"from": "3"}),
        one(where=where(), action="drop", **{"from": "甲"}),  # of rows: for later
    ]
    for wanted in ([], *([c] for c in file)):
        made, changed = apply_to_cells(cells, wanted)
        assert made.schema == CELLS and changed == {one.where.cell_id for one in wanted if one.of_cells}
    made, changed = apply_to_cells(cells, file)
    assert changed == {middle, last, "p0002-t2-r002-c00"} and made.num_rows == cells.num_rows - 2
    before = cells.filter(pc.equal(cells["page"], 1))
    assert made.filter(pc.equal(made["page"], 1)).equals(before)


def test_cells_of_a_transcript_are_corrected_too(cells: pa.Table) -> None:
    """They have no page, and every one of them may be meant."""
    index = CELLS.get_field_index("page")
    typed = cells.set_column(index, CELLS.field("page"), pa.nulls(len(cells), pa.int32()))
    fix = one(where={"cell_id": "p0002-t2-r003-c00"}, action="replace", to="三", **{"from": "3"})
    made, changed = apply_to_cells(typed, [fix])
    assert len(changed) == 1 and made.num_rows == len(cells)
