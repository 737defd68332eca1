"""Every annex cell of the truth file, in the layouts and wordings that other editions may use."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from pipeline.schema import ANNEX_TABLES, TABLES, build
from pipeline.text import normalise
from pipeline.tidy.annexes import Annex, AnnexResult, read_annexes
from tests.tidy.annex_tables import Sheet, annex_of, intended_lines, sheets, truth_annexes

TRUTH = truth_annexes()
# Columns of the truth's tables in the contract's names, list by list; None: read below.
FIELDS: dict[int, list[list[str]]] = {
    2: [["no", "name"]],
    3: [["no", "type", "example"]],
    4: [["no", "name", "supervisor"], ["no", "name", "supervisor", "lead_unit"]],
    5: [["no", "org", "authority", "occupation", "grades"]],
    6: [
        ["org_no", "org", "org_code", "no", "occupation_code", "occupation", "grades"],
        ["org_no", "org", "org_code", "no", "occupation_code", "occupation", "item_type"],
    ],
    7: [["no", "org", "certificate", "batch"]],
    8: [
        ["no", "name", "sub_name", "departments", "category", "legal_basis"],
        ["no", "name", "sub_name", "departments", "category", "legal_basis", "note"],
    ],
    9: [
        ["no", "field", "certificate", "issuer"],
        ["no", "field", "certificate", "issuer"],
        ["no", "field", "issuer", "certificate"],
        ["no", "field", "issuer", "certificate"],
    ],
    11: [["no", "qualification", "rule"]],
}
PARTS = {
    4: ("list", ["双重管理", "脱钩"]),
    6: ("part", ["社会化职业技能等级认定", "专项职业能力考核"]),
    8: ("part", ["专业技术人员", "技能人员"]),
    9: ("list", ["A", "B", "C", "D"]),
}
TABLE_OF = dict(enumerate(ANNEX_TABLES, start=1))
RANKS = ["正高级", "副高级", "中级", "助理级", "员级"]
CATEGORIES = ["教学技能比赛、教学成果奖", "高技能人才称号", "科技或发明奖项·省部级", "科技或发明奖项·国家级"]


def expected(no: int) -> list[dict]:
    """The rows that annex ``no`` of the truth must give, printed columns only (annex 11: one row per cell)."""
    tables = TRUTH[no]["tables"]
    if no == 1:
        return [
            {"category": CATEGORIES[col], "name": normalise(row[col])}
            for row in tables[0]["rows"]
            for col in range(4)
            if row[col]
        ]
    if no == 10:
        return _ladders(tables[0])
    rows = []
    for index, table in enumerate(tables):
        group = None
        for row in table["rows"]:
            if len(set(row)) == 1 and len(row) > 1:
                group = row[0]
                continue
            made = {name: _value(name, text) for name, text in zip(FIELDS[no][index], row, strict=True)}
            if made.get("sub_name") == made.get("name"):
                made.pop("sub_name", None)
            if no in PARTS:
                made[PARTS[no][0]] = PARTS[no][1][index]
            if no == 5:
                made["group"] = group
            rows.append({name: value for name, value in made.items() if value not in (None, "")})
    return rows


def _value(name: str, text: str) -> object:
    if name == "grades":
        return [int(n) for n in text.split("、")]
    if name in ("departments", "legal_basis"):
        return [normalise(line) for line in text.split("\n")]
    if name == "rule":
        return "\n".join(normalise(line) for line in text.split("\n"))
    return normalise(text)


def _ladders(table: dict) -> list[dict]:
    rows, counts = [], Counter()
    for row in table["rows"]:
        counts[row[0]] += 1
        for rank, title in zip(RANKS, row[2:], strict=True):
            if title:
                made = {"series_no": row[0], "series": normalise(row[1]), "ladder": counts[row[0]]}
                rows.append({**made, "rank": rank, "title": normalise(title)})
    return rows


def read(*annexes: Annex, **options: object) -> AnnexResult:
    """Read; check that nothing was lost, and that every row fits the contract."""
    result = read_annexes(annexes, rules=None, read_lines=intended_lines, **options)
    left = [f.evidence for f in result.findings if f.code == "annex_text_unplaced"]
    given = sum(len(c.text) for a in annexes for t in a.tables for c in t.cells)
    counts = result.characters
    assert counts["given"] == given == counts["rows"] + counts["heads"] + counts["findings"]
    assert counts["findings"] == sum(map(len, left))
    for name, rows in result.rows.items():
        table = build(name, [{**row, "source": "pdf"} for row in rows], "test-2025")
        ids = table.column("row_id").to_pylist()
        assert len(set(ids)) == len(ids)
    return result


def printed(result: AnnexResult, table: str) -> list[dict]:
    """The rows of a table without provenance, derived columns and empty values; one per cell for annex 11."""
    own = {f.name for f in TABLES[table].fields}
    own -= {"edition", "annex_no", "row_id", "source", "page", "line", "x0", "top", "x1", "bottom", "cell_id"}
    own -= {"confidence", "corrected", "condition", "titles", "remark"}
    rows = [
        {k: v for k, v in row.items() if k in own and v not in (None, "", [])} for row in result.rows[table]
    ]
    if table == "annex_11_mappings":
        rows = [row for i, row in enumerate(rows) if i == 0 or row != rows[i - 1]]
    return rows


def codes(result: AnnexResult) -> Counter:
    """How often each finding occurs."""
    return Counter(f.code for f in result.findings)


def same(result: AnnexResult, no: int) -> None:
    """Every row of the annex equals the truth's, in order (the titles of one ladder row in any order)."""
    got, want = printed(result, TABLE_OF[no]), expected(no)
    if no in (1, 10):
        got, want = sorted(got, key=str), sorted(want, key=str)
    wrong = [(g, w) for g, w in zip(got, want, strict=False) if g != w]
    assert not wrong, wrong[:3]
    assert len(got) == len(want)


@pytest.mark.parametrize("no", range(1, 12))
def test_every_cell_as_printed(no: int) -> None:
    result = read(annex_of(TRUTH[no]))
    same(result, no)
    assert not result.findings
    assert all(row["annex_no"] == no and row["cell_id"] for row in result.rows[TABLE_OF[no]])


def test_all_annexes_together_renumbered_and_in_another_order() -> None:
    order = list(TRUTH)
    random.Random(7).shuffle(order)
    annexes = [annex_of(TRUTH[no], no=place) for place, no in enumerate(order, start=1)]
    result = read(*annexes)
    for no in TRUTH:
        same(result, no)
    assert not result.findings
    assert {row["annex_no"] for row in result.rows["annex_9_overseas"]} == {order.index(9) + 1}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("no", list(range(2, 12)))
def test_columns_in_any_order(no: int, seed: int) -> None:
    rng = random.Random(f"{no}{seed}")
    made = []
    for sheet in sheets(TRUTH[no]):
        blocks = _blocks(sheet)
        rng.shuffle(blocks)
        made.append(sheet.column_order([col for block in blocks for col in block]))
    same(read(annex_of(TRUTH[no], made)), no)


def _blocks(sheet: Sheet) -> list[list[int]]:
    """Columns that merged cells other than the banner's hold together."""
    blocks: list[list[int]] = [[col] for col in range(len(sheet.rows[0]))]
    for _r0, c0, _r1, c1 in sheet.merges:
        if c0 == c1 or c1 - c0 + 1 == len(sheet.rows[0]):
            continue
        inside = [block for block in blocks if any(c0 <= col <= c1 for col in block)]
        blocks = [block for block in blocks if block not in inside]
        blocks.append(sorted(col for block in inside for col in block))
    return blocks


NEXT_YEAR = {
    "行政机构": "主办单位名称",
    "制定类型": "比赛类型",
    "举例": "示例",
    "行业协会商会": "协会名称",
    "业务主管单位": "主管单位",
    "原业务主管单位/行业管理部门": "原业务主管单位",
    "自律服务小组牵头单位": "牵头单位",
    "机构名称": "评价组织名称",
    "主管部门": "业务主管部门",
    "职业（工种）": "职业（工种）名称",
    "等级": "认定等级",
    "评价机构名称": "评价机构",
    "机构备案号": "备案编号",
    "职业编码": "职业代码",
    "评价组织": "培训评价组织",
    "证书名称": "职业技能等级证书名称",
    "批次": "公布批次",
    "职业资格名称": "资格名称",
    "实施部门（单位）": "实施单位",
    "设定依据": "法律依据",
    "行业领域": "领域",
    "职业资格证书": "证书名称",
    "发证机构": "颁发机构",
    "名称": "系列名称",
    "各层级职称名称": "各层级名称",
    "国家职业资格名称": "职业资格名称",
    "可对应的职称": "对应职称",
}


def reword(sheet: Sheet, header_rows: int, words: dict[str, str]) -> Sheet:
    """The sheet with other header words."""
    rows = [[words.get(text, text) for text in row] for row in sheet.rows[:header_rows]] + sheet.rows[
        header_rows:
    ]
    return Sheet(rows, sheet.merges, sheet.widths, sheet.context, sheet.page)


@pytest.mark.parametrize("no", range(2, 12))
def test_next_years_header_words(no: int) -> None:
    made = [
        reword(sheet, len(table["header"]), NEXT_YEAR)
        for sheet, table in zip(sheets(TRUTH[no]), TRUTH[no]["tables"], strict=True)
    ]
    result = read(annex_of(TRUTH[no], made))
    same(result, no)
    assert not result.findings


@pytest.mark.parametrize("no", sorted(PARTS))
def test_list_titles_as_text_between_the_tables(no: int) -> None:
    made = []
    for sheet in sheets(TRUTH[no]):
        bare = sheet.drop(0, 1)
        made.append(
            Sheet(bare.rows, bare.merges, bare.widths, ["以下名单按序号排列。", sheet.rows[0][0]], bare.page)
        )
    result = read(annex_of(TRUTH[no], made))
    same(result, no)
    assert not result.findings
    assert len(result.context) == len(made)


@pytest.mark.parametrize("no", range(2, 12))
def test_header_repeated_in_the_middle(no: int) -> None:
    made = []
    for sheet, table in zip(sheets(TRUTH[no]), TRUTH[no]["tables"], strict=True):
        head = len(table["header"])
        merges = [m for m in sheet.merges if m[2] < head]
        for at in reversed(_cuts(sheet, head)):
            sheet = sheet.insert(at, [list(row) for row in sheet.rows[:head]], merges)
        made.append(sheet)
    result = read(annex_of(TRUTH[no], made))
    same(result, no)
    assert not result.findings


def _cuts(sheet: Sheet, head: int) -> list[int]:
    """Up to three rows that no merged cell crosses."""
    crossed = {row for r0, _c, r1, _d in sheet.merges for row in range(r0 + 1, r1 + 1)}
    free = [row for row in range(head + 1, len(sheet.rows)) if row not in crossed]
    return sorted(random.Random(1).sample(free, min(3, len(free))))


@pytest.mark.parametrize("no", range(2, 12))
def test_continued_without_a_header(no: int) -> None:
    made = []
    for sheet, table in zip(sheets(TRUTH[no]), TRUTH[no]["tables"], strict=True):
        cuts = _cuts(sheet, len(table["header"]))
        for start, stop in zip([0, *cuts], [*cuts, len(sheet.rows)], strict=True):
            merges = [[a - start, b, c - start, d] for a, b, c, d in sheet.merges if start <= a < stop]
            made.append(Sheet(sheet.rows[start:stop], merges, sheet.natural_widths(), page=sheet.page))
    result = read(annex_of(TRUTH[no], made))
    same(result, no)
    assert not result.findings


@pytest.mark.parametrize("no", sorted(PARTS))
def test_lists_run_on_in_one_ruled_table(no: int) -> None:
    parts = sheets(TRUTH[no])
    width = max(len(sheet.rows[0]) for sheet in parts)
    rows: list[list[str]] = []
    merges: list[list[int]] = []
    for sheet in parts:
        own = len(sheet.rows[0])
        for r0, c0, r1, c1 in sheet.merges:
            merges.append(
                [r0 + len(rows), c0, r1 + len(rows), width - 1 if c1 == own - 1 and c0 == 0 else c1]
            )
        for index, _row in enumerate(sheet.rows):
            if own < width and index:  # the last column is as wide as the two of the other list
                last = next(
                    (m for m in sheet.merges if m[0] <= index <= m[2] and m[3] == own - 1 and m[1]), None
                )
                if last is None:
                    merges.append([index + len(rows), own - 1, index + len(rows), width - 1])
                elif last[0] == index:
                    merges = [
                        m for m in merges if m != [last[0] + len(rows), last[1], last[2] + len(rows), own - 1]
                    ]
                    merges.append([last[0] + len(rows), last[1], last[2] + len(rows), width - 1])
        rows += [row + [row[-1]] * (width - own) for row in sheet.rows]
    result = read(annex_of(TRUTH[no], [Sheet(rows, merges)]))
    same(result, no)
    assert not result.findings


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


def test_a_required_column_that_nothing_names() -> None:
    made = [reword(s, 1, {"评价组织": "甲", "证书名称": "乙"}) for s in sheets(TRUTH[7])]
    result = read(annex_of(TRUTH[7], made))
    assert codes(result) == {"annex_column_unknown": 1}
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
