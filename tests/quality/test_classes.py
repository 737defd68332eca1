"""What is odd about majors, classes, positions and characters."""

# ruff: noqa: E501  (cases are read as a list)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.findings import Finding
from pipeline.quality.assess import check_tables
from pipeline.quality.checks.writing import cell_problem, occupation_codes, text_problem
from tests.expectation_tables import Rows, good_rows, tables_of


def _found(change: Callable[[Rows], object]) -> list[Finding]:
    rows = good_rows()
    change(rows)
    return check_tables(tables_of(rows))


def test_a_sound_rulebook_has_none() -> None:
    assert _found(lambda rows: None) == []


@pytest.mark.parametrize(
    ("table", "at", "change", "code", "key", "evidence"),
    [
        ("majors", 0, {"college_code": "42"}, "class_code_inconsistent", "61", "college_code_agrees=61与42"),
        ("majors", 0, {"bachelor_code": "22"}, "class_code_inconsistent", "61", "bachelor_code_agrees=61与22"),
        ("majors", 1, {"ordinal": 3}, "running_number_gap", "62", "ordinal_continuous=1之后是3"),
        ("majors", 1, {"name": "资源环境大类"}, "class_not_in_moe_list", "62", "moe_list=62“资源环境大类”在目录中为“资源环境与安全大类”"),
        ("classes", 0, {"college_code": "4102"}, "class_code_inconsistent", "6101", "college_code_agrees=6101与4102"),
        ("classes", 2, {"major_code": "61"}, "class_code_inconsistent", "6201", "in_major=6201属61"),
        ("classes", 1, {"name": "林业与草业类"}, "class_not_in_moe_list", "6102", "moe_list=6102“林业与草业类”在目录中为“林业类”"),
        ("entries", 4, {"position": 4}, "position_not_continuous", "0" * 15 + "4", "position=第2条的位置为4"),
        ("entries", 3, {"name": ""}, "item_implausible", "0" * 15 + "3", "named="),
        ("entries", 2, {"issuer": "植保\ue000协会"}, "text_implausible", "0" * 15 + "2", "characters=“植保\ue000协会”含无法识别的字符U+E000"),
    ],
)  # fmt: skip
def test_one_fault_is_one_finding(
    table: str, at: int, change: dict[str, Any], code: str, key: str, evidence: str
) -> None:
    (finding,) = _found(lambda rows: rows[table][at].update(change))
    assert (finding.table, finding.key, finding.code, finding.evidence) == (table, key, code, evidence)
    assert finding.message.endswith("。") and finding.page == 2


def test_a_class_without_items_and_a_code_of_no_list() -> None:
    def more(rows: Rows) -> None:
        rows["classes"].append(rows["classes"][2] | {"class_code": "6299", "name": "星际类"})

    found = {finding.code: finding.message for finding in _found(more)}
    assert found.keys() == {"class_without_entries", "class_not_in_moe_list"}
    assert "6299星际类的各栏都没有读到条目" in found["class_without_entries"]
    assert "代码不在目录中" in found["class_not_in_moe_list"]


def test_a_suspicious_text_in_many_rows_is_one_finding() -> None:
    def spoil(rows: Rows) -> None:
        for row in rows["annex_7_one_plus_x"]:
            row["org"] = "甲 会"

    (finding,) = _found(spoil)
    assert finding.rows == ("1", "2") and "（1等2处）" in finding.message


def test_a_code_of_an_occupation_that_is_written_otherwise() -> None:
    rows = {"annex_6_assessments": good_rows()["annex_6_assessments"]}
    rows["annex_6_assessments"][1]["occupation_code"] = "6-18-1-01"
    (finding,) = occupation_codes(tables_of(rows))
    assert (
        finding.code == "value_unusual" and "“6-18-1-01”与其他行（如“6-18-01-01”）写法不同" in finding.message
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Royal Society of Chemistry", None),
        ("会士(FRSC)", None),
        ("会士（FRSC）", "规范化"),
        ("会 士", "规范化"),
        (" ACCA", "规范化"),
        ("会\u200b士", "规范化"),
        ("会士\ufffd", "U+FFFD"),
        ("会\n士", "控制字符"),
    ],
)
def test_characters_of_texts(text: str, fault: str | None) -> None:
    found = text_problem(text)
    assert found is None if fault is None else found is not None and fault in found


def test_a_cell_as_printed_keeps_its_line_ends() -> None:
    assert cell_problem("一级建造师:工程师\n二级建造师:助理工程师") is None
    found = cell_problem("一级建造师:工程师\n二级建造师：助理工程师")
    assert found is not None and "规范化" in found
