"""Every annex cell of the truth file, in the layouts and wordings that other editions may use."""

from __future__ import annotations

import random

import pytest

from tests.tidy.annexes.tables import Sheet, annex_of, sheets
from tests.tidy.annexes.truth import PARTS, TABLE_OF, TRUTH, read, reword, same


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
