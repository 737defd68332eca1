"""Annexes that are not as the contract knows them: what is kept, what is published, and which findings say so."""

from __future__ import annotations

from collections import Counter

import pytest

from pipeline.tidy.annexes import Annex
from tests.tidy.annexes.tables import Sheet, annex_of, sheets
from tests.tidy.annexes.truth import RANKS, TRUTH, codes, expected, read, reword, same


def test_an_unknown_annex_is_kept_cell_by_cell() -> None:
    sheet = Sheet([["序号", "姓名", "单位名称"], ["1", "张三", "某大学"], ["2", "李四", "某学院"]])
    result = read(annex_of(TRUTH[7]), Annex(12, "上海市产业教授名单", 130, (sheet.table(),)))
    other = result.rows["annex_other"]
    assert [(r["row"], r["col"], r["header"], r["text"]) for r in other[3:6]] == [
        (1, 0, "序号", "1"),
        (1, 1, "姓名", "张三"),
        (1, 2, "单位名称", "某大学"),
    ]
    assert len(other) == 9 and {r["annex_no"] for r in other} == {12}
    assert codes(result) == {"annex_unknown": 1}
    same(result, 7)


def test_the_header_of_an_unknown_annex_stands_above_its_first_number_wherever_that_is() -> None:
    """Its first column may hold areas, its second the numbers."""
    rows = [["所在片区", "编号", "基地名称"], ["城东", "1", "某公司"], ["", "2", "某工厂"]]
    result = read(Annex(4, "教师实践基地名单", 25, (Sheet(rows, [[1, 0, 2, 0]]).table(),)))
    other = result.rows["annex_other"]
    assert [r["header"] for r in other] == [None] * 3 + ["所在片区", "编号", "基地名称", "编号", "基地名称"]


def test_a_required_column_that_nothing_names() -> None:
    made = [reword(s, 1, {"评价组织": "甲", "证书名称": "乙"}) for s in sheets(TRUTH[7])]
    result = read(annex_of(TRUTH[7], made))
    assert codes(result) == {"annex_column_unknown": 1}
    assert "source.yaml的headers" in result.findings[0].message
    assert not result.rows["annex_7_one_plus_x"]
    assert len(result.rows["annex_other"]) == sum(1 for row in made[0].rows for text in row if text)
    mapped = read(annex_of(TRUTH[7], made), header_map={"甲": "org", "乙": "证书名称"})
    same(mapped, 7)
    assert not mapped.findings


def test_the_nearest_word_is_a_finding() -> None:
    made = [reword(s, 1, {"评价组织": "证书评价组织", "批次": "批次号"}) for s in sheets(TRUTH[7])]
    result = read(annex_of(TRUTH[7], made))
    same(result, 7)
    assert codes(result) == {"annex_column_similar": 2}


def test_a_column_that_the_contract_lacks() -> None:
    (sheet,) = sheets(TRUTH[7])
    rows = [[*row, "联系电话" if i == 0 else f"021-{i}"] for i, row in enumerate(sheet.rows)]
    result = read(annex_of(TRUTH[7], [Sheet(rows, sheet.merges)]))
    same(result, 7)
    assert codes(result) == {"annex_column_extra": 1}
    other = result.rows["annex_other"]
    assert [r["text"] for r in other] == [f"021-{i}" for i in range(1, len(rows))]
    assert {r["header"] for r in other} == {"联系电话"}


def test_a_list_without_any_header() -> None:
    made = [sheet.drop(0, 1) for sheet in sheets(TRUTH[2])]
    result = read(annex_of(TRUTH[2], made))
    same(result, 2)
    assert codes(result) == {"annex_header_missing": 1}


def test_running_numbers_and_codes() -> None:
    (sheet,) = sheets(TRUTH[7])
    sheet.rows[10][0], sheet.rows[20][0], sheet.rows[30][0] = "9", "200", "三十"
    result = read(annex_of(TRUTH[7], [sheet]))
    found = [(f.code, f.evidence) for f in result.findings]
    assert ("running_number_duplicate", "9") in found and ("row_id_duplicate", "9#2") in found
    assert ("running_number_gap", "19→200") in found and ("running_number_invalid", "三十") in found
    assert [r["row_id"] for r in result.rows["annex_7_one_plus_x"]][8:10] == ["9", "9#2"]
    assert not {"9→11", "200→22", "29→31", "30→32"} & {evidence for _, evidence in found}, (
        "one slip, one finding"
    )
    first, second = sheets(TRUTH[6])
    for row in first.rows[2:12]:
        row[2] = "s00003110000"
    result = read(annex_of(TRUTH[6], [first, second]))
    assert result.rows["annex_6_assessments"][9]["org_code"] == "s00003110000"
    assert not result.findings, "how codes are written is judged over the whole table: quality/codes.py"


def test_an_unknown_list_is_published_as_printed() -> None:
    made = sheets(TRUTH[9])
    made[3].rows[0] = ["E类"] * 4
    made[0].rows[0] = ["第一类"] * 4
    result = read(annex_of(TRUTH[9], made))
    assert [k for k, _ in Counter(r["list"] for r in result.rows["annex_9_overseas"]).items()] == [
        "第一类",
        "B",
        "C",
        "E",
    ]
    assert codes(result) == {"annex_part_unknown": 2}


def test_a_merged_value_reaches_its_rows_and_no_other() -> None:
    rows = [
        ["序号", "行业协会商会", "业务主管单位"],
        ["1", "甲协会", "某部"],
        ["2", "乙协会", "某部"],
        ["3", "丙协会", ""],
        ["4", "丁协会", "某委"],
    ]
    sheet = Sheet(rows, [[1, 2, 2, 2]], context=["一、双重管理全国性行业协会商会参考名单"])
    result = read(Annex(4, "比赛主办单位为全国性行业协会商会参考名单", 1, (sheet.table(),)))
    got = [row.get("supervisor") for row in result.rows["annex_4_associations"]]
    assert got == ["某部", "某部", None, "某委"]
    assert not result.findings


def test_ranks_named_outright_and_in_rising_order() -> None:
    title = TRUTH[10]["title"]
    plain = Sheet(
        [
            ["序号", "系列", "正高级", "副高级", "中级", "助理级", "员级"],
            ["1", "甲", "a1", "b1", "c1", "d1", "e1"],
        ]
    )
    rising = Sheet(
        [
            ["序号", "名称", "初级", "初级", "中级", "高级", "高级"],
            ["1", "甲", "e1", "d1", "c1", "b1", "a1"],
        ],
        [[0, 2, 0, 3], [0, 5, 0, 6]],
    )
    for sheet in (plain, rising):
        result = read(Annex(10, title, 1, (sheet.table(),)))
        got = {row["rank"]: row["title"] for row in result.rows["annex_10_titles"]}
        assert got == dict(zip(RANKS, ["a1", "b1", "c1", "d1", "e1"], strict=True))
        assert not result.findings


def test_provenance_is_where_the_rows_own_text_starts() -> None:
    result = read(annex_of(TRUTH[8]))
    nested = next(
        r
        for r in result.rows["annex_8_qualifications"]
        if r.get("sub_name") == "国防科工局" or r["row_id"].endswith("国防科技工业军用核设施操纵人员")
    )
    assert str(nested["cell_id"]).endswith("-2")  # the sub_name column: no and name stand in the row above
    result = read(annex_of(TRUTH[11]))
    pair = [r for r in result.rows["annex_11_mappings"] if r["no"] == "5"]
    assert pair[0]["top"] != pair[1]["top"] and str(pair[1]["cell_id"]).endswith("-2")


def test_values_repeated_in_every_row_instead_of_merged() -> None:
    for no in (6, 8, 10):
        made = []
        for sheet, table in zip(sheets(TRUTH[no]), TRUTH[no]["tables"], strict=True):
            head = len(table["header"])
            # Merged over columns stays: a name over both columns has no sub-name.
            merges = [m for m in sheet.merges if m[2] < head or m[0] == m[2]]
            made.append(Sheet(sheet.rows, merges, page=sheet.page))
        result = read(annex_of(TRUTH[no], made))
        same(result, no)
        assert not result.findings


def test_awards_listed_line_by_line() -> None:
    header, columns = TRUTH[1]["tables"][0]["header"], []
    for col in range(4):
        columns.append("\n".join(row[col] for row in TRUTH[1]["tables"][0]["rows"] if row[col]))
    sheet = Sheet([*header, columns], [[0, 2, 0, 3], [0, 0, 1, 0], [0, 1, 1, 1]], [250.0] * 4)
    result = read(annex_of(TRUTH[1], [sheet]))
    same(result, 1)


def test_a_list_that_lost_its_title() -> None:
    made = sheets(TRUTH[9])
    made[2] = made[2].drop(0, 1)
    result = read(annex_of(TRUTH[9], made))
    lists = Counter(row["list"] for row in result.rows["annex_9_overseas"])
    assert lists == {"A": 111, "B": 22, "": 33, "D": 9}
    assert codes(result) == {"annex_part_missing": 1}


def test_no_numbers_printed() -> None:
    made = [Sheet([row[1:] for row in s.rows], page=s.page) for s in sheets(TRUTH[7])]
    result = read(annex_of(TRUTH[7], made))
    assert [r["certificate"] for r in result.rows["annex_7_one_plus_x"]] == [
        r["certificate"] for r in expected(7)
    ]
    assert codes(result) == {"annex_value_missing": 1}


def test_a_row_without_what_identifies_it_is_an_error() -> None:
    for col, code in ((0, "annex_key_missing"), (1, "annex_key_missing"), (3, "annex_value_missing")):
        (sheet,) = sheets(TRUTH[7])
        sheet.rows[5][col] = ""
        (finding,) = (f for f in read(annex_of(TRUTH[7], [sheet])).findings if f.code.startswith("annex"))
        assert (finding.code, finding.level == "error") == (code, code == "annex_key_missing")
        assert finding.evidence.endswith((":no", ":org", ":certificate", ":batch")[col])


def test_remarks_below_the_rows_are_findings() -> None:
    (sheet,) = sheets(TRUTH[7])
    sheet.rows.append(["注：以上证书以教育部公布的为准。"] * 4)
    sheet.merges.append([len(sheet.rows) - 1, 0, len(sheet.rows) - 1, 3])
    result = read(annex_of(TRUTH[7], [sheet]))
    same(result, 7)
    assert [(f.code, f.evidence) for f in result.findings] == [
        ("annex_banner_unknown", "注:以上证书以教育部公布的为准。")
    ]


def test_words_that_no_list_of_words_has_are_matched_by_likeness() -> None:
    for no in range(2, 12):
        made = []
        for sheet, table in zip(sheets(TRUTH[no]), TRUTH[no]["tables"], strict=True):
            words = {w: f"{w}情况" for w in table["header"][-1] if w not in ("序号", "编号")}
            made.append(reword(sheet, len(table["header"]), words))
        result = read(annex_of(TRUTH[no], made))
        same(result, no)
        assert set(codes(result)) == {"annex_column_similar"}


def test_columns_that_are_a_little_off_on_a_later_page() -> None:
    """Grid columns 1|2 and 3|4 are one printed column each, parted by edges that differ between pages."""
    rows = [
        ["序号", "评价组织", "评价组织", "证书名称", "批次"],
        ["1", "甲公司", "甲公司", "子证书", "第一批"],
        ["2", "乙公司", "丑证书", "丑证书", "第一批"],
    ]
    merges = [[0, 1, 0, 2], [1, 1, 1, 2], [2, 2, 2, 3]]
    sheet = Sheet(rows, merges, [30.0, 100.0, 6.0, 100.0, 60.0])
    result = read(Annex(7, "教育部1+X证书目录", 1, (sheet.table(),)))
    got = [(r["org"], r["certificate"]) for r in result.rows["annex_7_one_plus_x"]]
    assert got == [("甲公司", "子证书"), ("乙公司", "丑证书")]
    assert not result.findings


def test_an_annex_without_a_table() -> None:
    result = read(Annex(3, "制定比赛名单", 5, ()))
    assert [(f.code, f.page) for f in result.findings] == [("annex_empty", 5)]


def test_columns_that_many_lists_have_are_no_hint_at_one() -> None:
    """A number and a name: the nearest table is not named."""
    sheet = Sheet([["序号", "单位名称"], ["1", "某学会"], ["2", "某协会"]])
    result = read(Annex(2, "主办单位参考名单", 1, (sheet.table(),)))
    assert codes(result) == {"annex_unknown": 1}


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (["合计", "", "3个", ""], "annex_sum"),
        (["总计：", "2", "3", "1.5"], "annex_sum"),
        (["", "小计3种", "", ""], "annex_sum"),
        (["合计", "", "传感网证书", ""], "running_number_invalid"),
    ],
    ids=["a count", "in every column", "in one cell", "words behind it"],
)
def test_a_sum_is_no_row(last: list[str], told: str) -> None:
    (sheet,) = sheets(TRUTH[7])
    result = read(annex_of(TRUTH[7], [Sheet([*sheet.rows, last], sheet.merges)]))
    if told == "annex_sum":
        same(result, 7)
        assert codes(result) == {told: 1} and result.findings[0].level == "info"
    else:
        assert told in codes(result)
