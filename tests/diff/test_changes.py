"""One kind of change at a time, on a small rulebook."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.diff import Side, compare
from pipeline.diff.output.terminal import loud, read_differently
from pipeline.text import squeeze
from tests.diff.next_year_annexes import insert_row, remove_row, renumber, set_value
from tests.diff.sides import known_truth, side_of
from tests.typeset.content import excerpt

Truth = dict[str, Any]
Change = Callable[[Truth], None]

ITEMS = {
    "title": {"初级": ["助理园艺师", "技术员"], "中级": ["园艺师"], "高级": ["高级园艺师", "正高级园艺师"]},
    "skill": {
        "初级": ["月季栽培工(五级/初级工)", "果树嫁接工(五级/初级工)", "茶叶加工工(五级/初级工)"],
        "中级": ["月季栽培工(四级/中级工)", "果树嫁接工(四级/中级工)", "茶叶加工工(四级/中级工)"],
        "高级": ["月季栽培工(三级/高级工)", "果树嫁接工(三级/高级工)", "茶叶加工工(三级/高级工)"],
    },
    "practice": {"初级": [], "中级": ["执业园艺师"], "高级": []},
    "one_plus_x": {
        "初级": ["苗圃管理职业技能等级证书(初级)"],
        "中级": ["苗圃管理职业技能等级证书(中级)"],
        "高级": [],
    },
    "industry": {"初级": ["中国花卉协会:花艺讲师(初级)"], "中级": [], "高级": []},
}


@pytest.fixture(scope="module")
def truth() -> Truth:
    small = excerpt(known_truth(), classes=3, annex_rows=12, sections=2)
    for section in small["sections"]:
        for number, cls in enumerate(section["classes"]):
            cls["cells"] = copy.deepcopy(ITEMS)
            cls["cells"]["skill"]["初级"] += [f"{section['name'][:2]}专工{number}甲", f"{cls['name']}专工乙"]
    return small


_BEFORE: dict[int, Side] = {}


def found(truth: Truth, change: Change, **options: Any) -> list[dict[str, Any]]:
    """The loud changes between a truth and itself with one change made."""
    after = copy.deepcopy(truth)
    change(after)
    before = _BEFORE.setdefault(id(truth), _BEFORE.get(id(truth)) or side_of(truth))
    rows: list[dict[str, Any]] = loud(compare(before, side_of(after, "shanghai-2026", **options))).to_pylist()
    return rows


def only(rows: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(rows) == 1, [(r["change"], r["table"], r["field"], r["before"], r["after"]) for r in rows]
    return rows[0]


def cells(truth: Truth, section: int = 0, cls: int = 0) -> dict[str, dict[str, list[str]]]:
    return truth["sections"][section]["classes"][cls]["cells"]


def table(truth: Truth, annex: int, number: int = 0) -> dict[str, Any]:
    return truth["annexes"][annex - 1]["tables"][number]


def test_entry_added(truth: Truth) -> None:
    row = only(found(truth, lambda t: cells(t)["skill"]["中级"].insert(1, "桑蚕饲养员(四级/中级工)")))
    assert (row["change"], row["before"], row["after"]) == ("entry_added", None, "桑蚕饲养员(四级/中级工)")
    assert (row["class_code"], row["kind"], row["tier_after"], row["key"]) == (
        "6101",
        "skill",
        "中级",
        row["key_after"],
    )


def test_entry_removed(truth: Truth) -> None:
    row = only(found(truth, lambda t: cells(t)["skill"]["中级"].remove("果树嫁接工(四级/中级工)")))
    assert (row["change"], row["before"], row["after"]) == ("entry_removed", "果树嫁接工(四级/中级工)", None)
    assert (row["tier"], row["tier_after"], row["page_after"]) == ("中级", None, None)


def test_one_added_and_another_removed_are_two_changes(truth: Truth) -> None:
    def change(t: Truth) -> None:
        cells(t)["skill"]["中级"][1] = "潜水员(四级/中级工)"

    assert sorted(row["change"] for row in found(truth, change)) == ["entry_added", "entry_removed"]


@pytest.mark.parametrize(
    ("kind", "tier", "number", "after", "change"),
    [
        ("skill", "中级", 0, "月季栽培师(四级/中级工)", "entry_renamed"),
        ("skill", "中级", 0, "现代月季栽培工(四级/中级工)", "entry_renamed"),
        ("skill", "中级", 0, "月季栽培工(四级/中级工、三级/高级工)", "grades_changed"),
        ("skill", "中级", 0, "月季栽培工(四级/中级)", "grades_changed"),
        ("skill", "中级", 0, "月季栽培工(四级)", "grades_changed"),
        ("skill", "中级", 0, "月季栽培工", "grades_changed"),
        ("one_plus_x", "中级", 0, "苗圃管理职业技能等级证书(高级)", "level_changed"),
        ("one_plus_x", "中级", 0, "苗圃管理技能等级证书(中级)", "entry_renamed"),
        ("industry", "初级", 0, "上海市花卉协会:花艺讲师(初级)", "issuer_changed"),
        ("industry", "初级", 0, "花艺讲师(初级)", "issuer_changed"),
    ],
)
def test_changed_in_place(truth: Truth, kind: str, tier: str, number: int, after: str, change: str) -> None:
    before = ITEMS[kind][tier][number]

    def put(t: Truth) -> None:
        cells(t)[kind][tier][number] = after

    row = only(found(truth, put))
    assert (row["change"], row["before"], row["after"]) == (change, before, after)
    assert 0.5 <= row["score"] <= 1


def test_punctuation_in_another_form_and_blanks_are_no_change(truth: Truth) -> None:
    def put(t: Truth) -> None:
        cells(t)["skill"]["中级"][0] = "月季 栽培工（四级/中级工）"

    assert found(truth, put) == []


def test_moved_to_another_tier(truth: Truth) -> None:
    def move(t: Truth) -> None:
        cells(t)["title"]["高级"].insert(0, cells(t)["title"]["中级"].pop())

    row = only(found(truth, move))
    assert (row["change"], row["tier"], row["tier_after"]) == ("entry_tier_moved", "中级", "高级")
    assert row["before"] == row["after"] == "园艺师"


def test_moved_to_another_kind(truth: Truth) -> None:
    def move(t: Truth) -> None:
        cells(t)["industry"]["中级"].append(cells(t)["practice"]["中级"].pop())

    row = only(found(truth, move))
    assert (row["change"], row["kind"], row["kind_after"]) == ("entry_kind_moved", "practice", "industry")


def test_moved_to_another_class(truth: Truth) -> None:
    def move(t: Truth) -> None:
        cells(t, 1)["skill"]["初级"].append(cells(t)["skill"]["初级"].pop())

    row = only(found(truth, move))
    assert row["change"] == "entry_class_moved"
    assert row["class_code"] == "6101" and row["class_code_after"].startswith("62")


def test_reordered_is_quiet(truth: Truth) -> None:
    after = copy.deepcopy(truth)
    cells(after)["skill"]["中级"].reverse()
    every = compare(side_of(truth), side_of(after, "shanghai-2026"))
    assert {row["change"] for row in every.to_pylist()} == {"entry_reordered"}
    assert loud(every).num_rows == 0


def test_the_same_rename_in_every_class_is_one_group(truth: Truth) -> None:
    def rename(t: Truth) -> None:
        for section in t["sections"]:
            for cls in section["classes"]:
                cls["cells"]["skill"]["高级"][2] = "茶叶精制师(三级/高级工)"

    rows = found(truth, rename)
    assert {row["change"] for row in rows} == {"entry_renamed"} and len({row["group"] for row in rows}) == 1
    assert rows[0]["group_size"] == len(rows) > 4


def test_items_joined_by_the_reading_are_no_change(truth: Truth) -> None:
    after = side_of(
        truth, "shanghai-2026", divide=lambda items: ["".join(items[:2]), *items[2:]] if items else []
    )
    changes = compare(side_of(truth), after)
    assert changes.num_rows == 0 and read_differently(changes) > 10


def test_a_change_inside_joined_items_names_the_item_alone(truth: Truth) -> None:
    def put(t: Truth) -> None:
        cells(t)["skill"]["中级"][1] = "果树嫁接师(四级/中级工)"

    joined = {"divide": lambda items: ["".join(items[:2]), *items[2:]] if len(items) == 3 else items}
    row = only(found(truth, put, **joined))
    assert (row["change"], row["before"], row["after"]) == (
        "entry_renamed", "果树嫁接工(四级/中级工)", "果树嫁接师(四级/中级工)",
    )  # fmt: skip
    assert row["confidence"] < 1


@pytest.mark.parametrize(("name", "change"), [("林业与草业类", "class_renamed")])
def test_class_renamed(truth: Truth, name: str, change: str) -> None:
    def rename(t: Truth) -> None:
        t["sections"][0]["classes"][1]["name"] = name

    row = only(found(truth, rename))
    assert (row["change"], row["class_code"], row["after"]) == (change, "6102", name)


def test_class_recoded_keeps_its_entries(truth: Truth) -> None:
    def recode(t: Truth) -> None:
        t["sections"][0]["classes"][1]["codes"] = ["6177", "4177", "2177"]

    row = only(found(truth, recode))
    assert (row["change"], row["before"], row["after"]) == ("class_recoded", "6102", "6177")


def test_a_class_added_or_removed_is_one_change(truth: Truth) -> None:
    def add(t: Truth) -> None:
        extra = {"codes": ["6166", "4166", "2166"], "name": "昆虫类", "cells": copy.deepcopy(ITEMS)}
        extra["cells"]["title"]["初级"] = ["助理昆虫师"]
        t["sections"][0]["classes"].append(extra)

    row = only(found(truth, add))
    assert (row["change"], row["class_code"], row["after"]) == ("class_added", "6166", "昆虫类")
    row = only(found(truth, lambda t: t["sections"][0]["classes"].pop()))
    assert (row["change"], row["before"]) == ("class_removed", "畜牧业类")


def test_major_notes_and_title(truth: Truth) -> None:
    def change(t: Truth) -> None:
        t["sections"][1]["name"] = "资源与安全大类"
        t["notes"].insert(0, "1. 本细则自印发之日起施行。")
        t["notes"][1] = t["notes"][1].replace("1. ", "2. ").replace("19个", "20个")
        t["title"] = t["title"].replace("2025", "2026")

    rows = found(truth, change)
    assert sorted(row["change"] for row in rows) == [
        "edition_changed",
        "major_changed",
        "note_changed",
        "note_changed",
    ]
    major = next(row for row in rows if row["change"] == "major_changed")
    assert (major["key"], major["field"], major["after"]) == ("62", "name", "资源与安全大类")
    assert {row["before"] is None for row in rows if row["change"] == "note_changed"} == {True, False}


@pytest.mark.parametrize(
    ("annex", "number", "row", "column", "value", "field"),
    [
        (4, 0, 5, 2, "国家体育总局", "supervisor"),
        (4, 1, 5, 3, "中国气象学会", "lead_unit"),
        (5, 0, 3, 4, "5、4、3、2", "grades"),
        (6, 0, 3, 4, "6-18-01-99", "occupation_code"),
        (7, 0, 4, 3, "第九批", "batch"),
        (7, 0, 4, 1, "某某教育科技有限公司", "org"),
        (8, 0, 5, 4, "水平评价类", "category"),
        (9, 0, 6, 3, "某国际学会", "issuer"),
        (11, 0, 2, 1, "注册测绘工程师", "qualification"),
        (11, 0, 4, 2, "一级注册计量师：工程师\n二级注册计量师：技术员", "rule"),
    ],
)
def test_one_cell_of_an_annex(
    truth: Truth, annex: int, number: int, row: int, column: int, value: str, field: str
) -> None:
    old = table(truth, annex, number)["rows"][row][column]
    changed = only(found(truth, lambda t: set_value(table(t, annex, number), row, column, value)))
    assert (changed["change"], changed["field"]) == ("annex_row_changed", field)
    assert squeeze(changed["before"]) == squeeze(old)
    assert squeeze(changed["after"]) == squeeze(value)


def test_a_changed_title_is_one_row_of_annex_10(truth: Truth) -> None:
    def change(t: Truth) -> None:
        table(t, 10)["rows"][2][3] = "副高级研究员"

    changed = only(found(truth, change))
    assert (changed["field"], changed["before"], changed["after"]) == ("title", "副研究员", "副高级研究员")


def test_rows_added_and_removed_renumber_the_others_quietly(truth: Truth) -> None:
    after = copy.deepcopy(truth)
    rows = table(after, 7)
    insert_row(rows, 3, ["", "上海某某有限公司", "潜水作业职业技能等级证书", "第一批"])
    remove_row(rows, 8)
    renumber(rows)
    every = compare(side_of(truth), side_of(after, "shanghai-2026"))
    gone, come = (
        only([r for r in loud(every).to_pylist() if r["change"] == f"annex_row_{c}"])
        for c in ("removed", "added")
    )
    assert come["after"] == "4 | 上海某某有限公司 | 潜水作业职业技能等级证书 | 第一批"
    assert gone["before"].startswith("8 | ") and loud(every).num_rows == 2
    assert every["change"].to_pylist().count("annex_row_renumbered") == 4


def test_an_association_moved_to_the_other_list_is_one_change(truth: Truth) -> None:
    def move(t: Truth) -> None:
        double, loose = t["annexes"][3]["tables"]
        values = remove_row(double, 4)
        insert_row(loose, 5, ["", values[1], values[2], loose["rows"][0][3]])
        renumber(double)
        renumber(loose, start=177)

    row = only(found(truth, move))
    assert (row["change"], row["field"], row["before"], row["after"]) == (
        "annex_row_changed",
        "list",
        "双重管理",
        "脱钩",
    )


def test_an_annex_of_another_number_keeps_its_rows(truth: Truth) -> None:
    def change(t: Truth) -> None:
        for annex in t["annexes"]:
            annex["no"] = annex["printed_no"] = annex["no"] + 1

    rows = found(truth, change)
    assert {row["change"] for row in rows} == {"edition_changed"} and len(rows) == len(truth["annexes"])


def test_marks(truth: Truth) -> None:
    from pipeline.schema import TABLES, build

    before, after = side_of(truth), copy.deepcopy(truth)
    cells(after)["skill"]["中级"][0] = "月季栽培师(四级/中级工)"
    side = side_of(after, "shanghai-2026")
    entries = side.tables["entries"].to_pylist()
    changed = next(row for row in entries if row["text"].startswith("月季栽培师"))
    changed["corrected"] = True
    finding = {
        "finding_id": "shanghai-2026:" + "0" * 16, "code": "boundary_uncertain", "severity": "info", "queue": "reading", "chance": 0.5, "table": "entries",
        "key": changed["entry_id"], "message": "条目起止不确定。", "evidence": changed["text"], "source": "pdf",
    }  # fmt: skip
    tables = {
        **side.tables,
        "entries": build(
            "entries", [{k: v for k, v in r.items() if k != "edition"} for r in entries], side.edition
        ),
        "findings": build("findings", [finding], side.edition),
    }
    assert "findings" in TABLES
    manifest = {**side.manifest, "source": {"kind": "transcript"}, "code_version": "2"}
    row = only(loud(compare(before, dataclasses.replace(side, tables=tables, manifest=manifest))).to_pylist())
    assert row["marks"] == ["corrected_after", "finding_after", "unlike_sources", "unlike_versions"]
    assert row["confidence"] < 0.9


def test_sides_that_lack_a_table_are_compared(truth: Truth) -> None:
    side = side_of(truth)
    bare = {name: rows for name, rows in side.tables.items() if name in ("entries", "classes", "majors")}
    assert compare(dataclasses.replace(side, tables=bare), side).num_rows > 0


def test_side_hash_depends_on_content(truth: Truth) -> None:
    side: Side = side_of(truth)
    assert side.sha256 == side_of(truth).sha256
    assert side.sha256 != side_of({**truth, "notes": []}).sha256
