"""Columns of grades, the document's rule on grades and tiers, and rows by grade."""

from __future__ import annotations

import pytest

from pipeline.schema import GRADE_LABELS
from pipeline.tidy.grades.levels import (
    expand,
    read_grade_list,
    read_rule3,
)


@pytest.mark.parametrize(
    ("text", "grades"),
    [
        ("5、4、3、2、1", [5, 4, 3, 2, 1]),
        ("5", [5]),
        ("5,4,3", [5, 4, 3]),
        ("5；4；3", [5, 4, 3]),
        ("5 4 3", [5, 4, 3]),
        ("5-1", [5, 4, 3, 2, 1]),
        ("1-5级", [5, 4, 3, 2, 1]),
        ("五至一级", [5, 4, 3, 2, 1]),
        ("五级、四级", [5, 4]),
        ("５级、４级", [5, 4]),
        ("三级/高级工", [3]),
        ("三级(高级工)、二级(技师)", [3, 2]),
        ("高级工、技师", [3, 2]),
        ("三级及以上", [3, 2, 1]),
        ("（5、4）", [5, 4]),
        ("Ⅲ、Ⅱ", [3, 2]),
        ("", []),
        ("—", []),
    ],
)
def test_grade_column(text: str, grades: list[int]) -> None:
    assert read_grade_list(text) == grades


@pytest.mark.parametrize(
    "text", ["全部等级", "6", "5、6", "专项职业能力", "初级", "543", "三级、待定", "2025", "0"]
)
def test_grade_column_that_is_not_understood_states_nothing(text: str) -> None:
    assert read_grade_list(text) == []


@pytest.mark.parametrize(
    ("note", "tiers"),
    [
        ("3. 本细则按五级制划分，其中：五级对应初级；四级对应中级；三级、二级、一级对应高级。", "初中高高高"),
        ("初级对应五级，中级对应四级，高级对应三级及以上", "初中高高高"),
        ("五级、四级对应初级，三级对应中级，二级、一级对应高级", "初初中高高"),
        ("五、四级为初级，三级为中级，二级及以上为高级", "初初中高高"),
        ("其中：初级包括五级、四级；中级包括三级；高级包括二级、一级", "初初中高高"),
        (
            "五级（初级工）对应初级，四级（中级工）、三级（高级工）对应中级，二级（技师）及以上对应高级",
            "初中中高高",
        ),
        ("5级对应初级；4级对应中级；3、2、1级对应高级", "初中高高高"),
        ("三级对应中级；三级对应初级", "初中高高高"),
        ("本次评审工作遵循19个专业大类分类标准", "初中高高高"),
    ],
)
def test_rule_3_is_read_from_the_notes(note: str, tiers: str) -> None:
    assert read_rule3(["本细则自发布之日起施行。", note]) == {
        5 - i: f"{tier}级" for i, tier in enumerate(tiers)
    }


def test_default_rule_3() -> None:
    assert [read_rule3([])[grade] for grade in (5, 4, 3, 2, 1)] == ["初级", "中级", "高级", "高级", "高级"]


def _entry(tier: str, grades: list[int], level: str | None) -> dict[str, object]:
    return {
        "entry_id": "e1",
        "class_code": "9901",
        "kind": "skill",
        "tier": tier,
        "position": 3,
        "text": "焊工(…)",
        "name": "焊工",
        "issuer": None,
        "grades": grades,
        "level": level,
        "page": 7,
    }


def test_expand_makes_a_row_per_grade() -> None:
    rows = expand(_entry("高级", [4, 3, 2, 1], None))
    assert [row["grade"] for row in rows] == [4, 3, 2, 1]
    assert [row["grade_label"] for row in rows] == [GRADE_LABELS[g] for g in (4, 3, 2, 1)]
    assert [row["tier_by_rule"] for row in rows] == ["中级", "高级", "高级", "高级"]
    assert [row["tier_conflict"] for row in rows] == [True, False, False, False]
    assert all(row["entry_id"] == "e1" and row["page"] == 7 and row["name"] == "焊工" for row in rows)
    assert not {"grades", "text", "position"} & set(rows[0])


@pytest.mark.parametrize(
    ("level", "by_rule", "conflict"), [(None, None, False), ("高级", "高级", False), ("初级", "初级", True)]
)
def test_expand_without_grade(level: str | None, by_rule: str | None, conflict: bool) -> None:
    (row,) = expand(_entry("高级", [], level))
    assert (row["grade"], row["grade_label"], row["level"]) == (None, None, level)
    assert (row["tier_by_rule"], row["tier_conflict"]) == (by_rule, conflict)


def test_expand_follows_the_documents_own_rule() -> None:
    (row,) = expand(_entry("中级", [3], None), {5: "初级", 4: "初级", 3: "中级", 2: "高级", 1: "高级"})
    assert (row["tier_by_rule"], row["tier_conflict"]) == ("中级", False)
