"""Every expectation on tables that break it, with the real Great Expectations. One run, many faults."""

# ruff: noqa: E501  (tables and cases are read as lists)
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from expectations import ValidationReport, validate
from pipeline.errors import XizeError
from pipeline.findings import CODES
from tests.expectation_tables import TOC, Rows, context, good_rows, tables_of

Report = ValidationReport


def _failed(report: Report) -> dict[tuple[str, str], Any]:
    return {(r.rule.table, r.rule.name): r for r in report.results if not r.success}


@pytest.fixture(scope="module")
def good() -> Report:
    return validate(tables_of(good_rows()), context=context())


def test_everything_holds_for_a_sound_rulebook(good: Report) -> None:
    assert _failed(good) == {}
    assert good.success and good.findings == () and good.errors == () and good.warnings == ()
    assert {r.rule.table for r in good.results} == {*good_rows(), "document", "structure"}
    assert good.summary["expectations"] == len(good.results) > 100


def _break(rows: Rows) -> None:
    """Faults of the tables: each breaks one rule, and FAULTS says which."""
    majors, entries, credentials = (rows[n] for n in ("majors", "entries", "credentials"))
    majors.append(
        majors[1] | {"major_code": "63", "college_code": "43", "ordinal": 3, "name": "能源动力与材料大类"}
    )
    rows["classes"][2]["major_code"] = "64"
    del credentials[1]  # one grade of entries[1] is lost
    credentials[0]["grade_label"] = "四级/中级工"
    credentials[1]["tier_by_rule"] = "中级"
    credentials[1]["tier_conflict"] = True
    credentials[2]["tier_conflict"] = True
    rows["annex_4_associations"][1]["list"] = "三重管理"
    rows["annex_8_qualifications"][1]["category"] = "其他类"
    rows["annex_5_evaluators"][0]["grades"] = [4, 5]
    rows["annex_6_assessments"][0]["grades"] = [7]
    rows["annex_10_titles"][1]["ladder"] = -1
    rows["annex_9_overseas"][1]["row_id"] = rows["annex_9_overseas"][0]["row_id"]
    rows["links"][0]["row_id"] = "99"
    rows["links"].append(rows["links"][0] | {"entry_id": "f" * 16, "row_id": "2"})
    rows["notes"][0].update(x0=95.0, x1=90.0)
    rows["findings"].append(
        rows["findings"][0]
        | {"finding_id": "shanghai-2025:" + "b" * 16, "severity": "error", "message": "读取失败。"}
    )


# (table, rule): (severity, code, key of the first finding, words in its message, its evidence)
FAULTS: dict[tuple[str, str], tuple[str, str, str | None, str, str]] = {
    ("majors", "has_classes"): ("error", "section_without_classes", "62", "资源环境与安全大类", "has_classes=62"),
    ("classes", "foreign_majors"): ("error", "reference_dangling", "6201", "指向的64在专业大类表中不存在", "foreign_majors=64"),
    ("entries", "expanded"): ("error", "credential_missing", "0" * 15 + "1", "应为2行，实为1行", "expanded=应为2行"),
    ("credentials", "label"): ("error", "grade_label_wrong", "0" * 16, "应为“五级/初级工”", "label=四级/中级工/五级/初级工"),
    ("credentials", "rule_3"): ("error", "tier_rule_wrong", "0" * 15 + "1", "应为“高级”，所记为“中级”", "rule_3=中级/高级"),
    ("credentials", "conflict_flag"): ("error", "tier_rule_wrong", "0" * 15 + "2", "tier_conflict有误", "conflict_flag=级次"),
    ("annex_4_associations", "list_known"): ("warning", "value_unknown", "双重管理/2", "", ""),
    ("annex_5_evaluators", "grades_list"): ("error", "grades_invalid", "1", "未由大到小", "grades_list=[4, 5]未由大到小排列"),
    ("annex_6_assessments", "grades_list"): (
        "error", "grades_invalid", "社会化职业技能等级认定/1/1", "超出范围", "grades_list=[7]超出范围"),
    ("annex_8_qualifications", "category_known"): ("warning", "value_unknown", "技能人员/1/甲", "其他类", "category_known=其他类"),
    ("annex_9_overseas", "key"): ("error", "key_duplicated", "A/1", "键重复", "key=A/1"),
    ("annex_10_titles", "ladder_bounds"): ("error", "value_out_of_bounds", "1/1/副高级/副教授", "ladder=-1", "bounds=ladder=-1"),
    ("links", "row_exists"): ("error", "reference_dangling", "0" * 16, "annex_7_one_plus_x/99", "row_exists=annex_7_one_plus_x/99"),
    ("links", "foreign_entries"): ("error", "reference_dangling", "f" * 16, "f" * 16, "foreign_entries="),
    ("notes", "place"): ("error", "value_out_of_bounds", "1", "左边大于右边", "place=左边大于右边"),
    ("findings", "no_open_error"): ("error", "error_finding", None, "", ""),
}  # fmt: skip
# Whose rows somebody else reports: reading, or the findings themselves.
SILENT = {("annex_4_associations", "list_known"), ("findings", "no_open_error")}


@pytest.fixture(scope="module")
def broken() -> Report:
    rows = good_rows()
    _break(rows)
    return validate(tables_of(rows), context=context())


@pytest.mark.parametrize("fault", FAULTS, ids="/".join)
def test_a_table_that_breaks_a_rule_is_found(broken: Report, fault: tuple[str, str]) -> None:
    severity, code, key, words, evidence = FAULTS[fault]
    result = _failed(broken)[fault]
    assert (result.rule.severity, result.rule.code) == (severity, code)
    if fault in SILENT:
        assert not [f for f in broken.findings if f.table == fault[0]]
        return
    finding = next(
        f
        for f in broken.findings
        if (f.table, f.key, f.code) == (fault[0], key, code) and f.evidence.startswith(evidence)
    )
    assert words in finding.message and finding.level == severity
    assert finding.message.endswith("。") and finding.page == 2


def test_nothing_else_fails(broken: Report) -> None:
    assert set(_failed(broken)) == set(FAULTS)
    assert not broken.success


def test_every_code_is_documented(broken: Report) -> None:
    assert {f.code for f in broken.findings} <= set(CODES)
    assert len({f.digits for f in broken.findings}) == len(broken.findings)


def test_hard_vocabularies_nulls_and_types() -> None:
    """What `build` itself would refuse: tables that another writer made."""
    tables = tables_of(good_rows())

    def put(
        name: str, column: str, change: Callable[[list[Any]], list[Any]], kind: pa.DataType | None = None
    ) -> None:
        table = tables[name]
        at, field = table.schema.get_field_index(column), table.schema.field(column)
        values = pa.array(change(table.column(column).to_pylist()), type=kind or field.type)
        tables[name] = table.set_column(at, pa.field(column, kind or field.type), values)

    put("entries", "kind", lambda values: ["diploma", *values[1:]])
    put("entries", "text", lambda values: [None, *values[1:]])
    put("classes", "class_code", lambda values: [*values[:2], "62O1"])
    put("notes", "number", lambda values: list(map(int, values)), pa.int64())
    tables["cells"] = tables["cells"].drop_columns(["engine"])
    tables["majors"] = tables["majors"].set_column(0, "edition", pa.array(["testland-2025", "testland-2026"]))
    del tables["annex_other"]
    report = validate(tables, context=context())
    failed = _failed(report)
    broken = {("entries", "kind_enum"), ("entries", "text_required"), ("classes", "class_code_pattern")}
    assert broken <= set(failed)
    assert failed["structure", "structure"].rule.severity == "error" and not report.success
    messages = "\n".join(f.message for f in report.findings)
    assert "“diploma”不在约定的取值之中" in messages
    assert "证书条目第1行（0000000000000000）缺少必填的值：text" in messages
    assert "“62O1”不符合约定的格式" in messages
    assert "notes.number应为“string”，实为“int64”" in messages
    assert "cells.engine应为“string”，实为“缺失”" in messages
    assert "annex_other.edition应为“string”，实为“缺失”" in messages
    assert "majors.edition=应为“testland-2026”，实为“testland-2025、testland-2026”" in messages


def _document(toc: tuple[Any, ...] = TOC, **changes: Any) -> Report:
    """Only the tables that the document's promises are about: fast."""
    rows = {
        name: table
        for name, table in good_rows().items()
        if name.startswith(("majors", "annex_2", "annex_7"))
    }
    return validate(tables_of(rows), context=context(toc=toc, **changes))


def _replaced(label: str, **changes: Any) -> tuple[Any, ...]:
    from dataclasses import replace

    return tuple(replace(item, **changes) if label in item.label else item for item in TOC)


def test_missing_sections_and_annexes_block_unless_allowed() -> None:
    toc = (
        tuple(i for i in _replaced("农林牧渔", found=False) if "附件7" not in i.label)
        + _replaced("附件7", found=False)[3:]
    )
    strict, lenient = _document(toc), _document(toc, allow_incomplete=True)
    for report, severity in ((strict, "error"), (lenient, "warning")):
        failed = _failed(report)
        assert failed["document", "sections_present"].rule.severity == severity
        assert failed["document", "annexes_present"].rule.severity == severity
        found = {f.code: f for f in report.findings if f.code.startswith("toc_")}
        assert (
            "农林牧渔大类" in found["toc_section_missing"].message and found["toc_section_missing"].page == 2
        )
        assert "附件7" in found["toc_annex_missing"].message
        assert found["toc_annex_missing"].level == severity
    assert lenient.summary["allow_incomplete"] is True and strict.summary["allow_incomplete"] is False
    incomplete: Any = lenient.summary["incomplete"]
    assert any("附件7" in label for label in incomplete)


def test_a_major_absent_from_the_body_is_missing_without_a_table_of_contents() -> None:
    rows = {"majors": good_rows()["majors"]}
    rows["majors"][1]["present"] = False
    report = validate(tables_of(rows), context=context(toc=()))
    assert ("document", "sections_present") in _failed(report)
    assert [f.evidence for f in report.findings if f.code == "toc_section_missing"] == [
        "sections_present=资源环境与安全大类"
    ]
    rows["majors"][1]["name"] = ""  # in no heading and in no contents: said by major_heading_missing
    report = validate(tables_of(rows), context=context(toc=()))
    assert not [f for f in report.findings if f.code == "toc_section_missing"]


def test_an_annex_heading_without_rows_is_a_warning() -> None:
    report = _document(_replaced("附件7", number="9"))
    assert _failed(report)["document", "annexes_filled"].rule.severity == "warning"


def test_lost_characters_warn_and_many_block() -> None:
    few, many = _document(characters_lost=5), _document(characters_lost=50)
    assert _failed(few)["document", "characters_kept"].rule.severity == "warning"
    assert ("document", "few_characters_lost") not in _failed(few)
    assert _failed(many)["document", "few_characters_lost"].rule.severity == "error"
    assert "1000个字符中有50个" in next(f.message for f in many.findings if f.code == "characters_lost")


def test_row_counts_are_checked_only_where_bounds_are_given() -> None:
    bounds = {
        "annex_2_organisers": (4, None),
        "annex_7_one_plus_x": (None, 1),
        "majors": (2, 2),
        "entries": (1, None),
    }
    report = _document(bounds=bounds)
    failed = _failed(report)
    assert failed["annex_2_organisers", "enough_rows"].rule.severity == "error"
    assert failed["annex_7_one_plus_x", "not_too_many_rows"].rule.severity == "warning"
    assert failed["entries", "enough_rows"].rule.severity == "error"  # a table that is not there has no rows
    assert ("majors", "enough_rows") not in failed and ("majors", "not_too_many_rows") not in failed
    messages = {f.code: f.message for f in report.findings if f.table == "annex_2_organisers"}
    assert messages == {"row_count_below": "行政机构名单应不少于4行，实为3行，可能漏读。"}


def test_bounds_for_an_unknown_table_are_refused() -> None:
    with pytest.raises(XizeError, match="未知的表“entrys”"):
        _document(bounds={"entrys": (1, None)})


def test_rule_3_of_another_edition_is_followed() -> None:
    rows = {name: table for name, table in good_rows().items() if name == "credentials"}
    other = {5: "初级", 4: "初级", 3: "中级", 2: "高级", 1: "高级"}
    report = validate(tables_of(rows), context=context(rule3=other))
    wrong = [f for f in report.findings if f.code == "tier_rule_wrong"]
    assert [f.key for f in wrong] == ["0" * 15 + "1"] and "应为“中级”" in wrong[0].message


def test_many_rows_at_fault_are_all_named() -> None:
    row = good_rows()["annex_10_titles"][0] | {"ladder": -1}
    rows = {"annex_10_titles": [row | {"row_id": str(n)} for n in range(230)]}
    report = validate(tables_of(rows), context=context(toc=()))
    found = [f for f in report.findings if f.code == "value_out_of_bounds"]
    assert len(found) == 201 and "另有30行" in found[-1].message
    assert {f.key for f in found[:-1]} | set(found[-1].evidence.split("、")) == set(map(str, range(230)))
