"""What a page break cuts: codes, rows below a merged key, remarks that go with their key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.model import Cell, Line, LogicalTable
from pipeline.tidy.annexes import Annex, read_annexes
from pipeline.tidy.outline import without_boxes
from pipeline.tidy.sections import PageTable, Section
from pipeline.tidy.stitch import stitch

XS = (40.0, 80.0, 200.0, 290.0, 420.0, 500.0)
HEADER = ["编号", "评价机构名称", "机构备案号", "职业（工种）", "备注"]
Printed = tuple[str | None, int]
"""A cell's text (None: covered by the one above) and its row span."""


def _page(page: int, rows: list[list[Printed]]) -> PageTable:
    cells = []
    for row, printed in enumerate(rows):
        for col, (text, span) in enumerate(printed):
            if text is None:
                continue
            x0, x1, top = XS[col], XS[col + 1], 60.0 + 24 * row
            lines = tuple(
                Line(part, x0 + 4, top + 12 * n, x0 + 4 + 6.0 * len(part), top + 12 * n + 10, page, (6.0,) * len(part), 10.0)
                for n, part in enumerate(text.split("\n"))
                if part
            )  # fmt: skip
            name = f"p{page:04d}-t1-r{row:03d}-c{col:02d}"
            bottom = top + 24 * span
            cells.append(Cell(name, page, 1, row, col, span, 1, x0, top, x1, bottom, lines, "test"))
    return PageTable(page, tuple(cells))


HEAD: list[Printed] = [(text, 1) for text in ("序号", "评价组织名称", "主管部门", "职业（工种）", "等级")]


def _one(*texts: str) -> list[Printed]:
    return [(text, 1) for text in texts]


ABOVE = [
    _one(*HEADER),
    [("1", 2), ("甲公司", 2), ("S000031300041", 2), ("电工", 1), ("每年复核", 2)],
    [(None, 1), (None, 1), (None, 1), ("焊工", 1), (None, 1)],
    _one("2", "乙公司", "S000031300042", "钳工", ""),
    [("3", 2), ("丙公司", 2), ("S000031300043", 2), ("车工", 1), ("", 2)],
    [(None, 1), (None, 1), (None, 1), ("铣工", 1), (None, 1)],
]


def _stitched(last: list[Printed], *below: list[Printed]) -> LogicalTable:
    content: list[Line | PageTable] = [_page(1, [*ABOVE, last]), _page(2, list(below))]
    (table,) = stitch(Section("annex", "附件1：名单", content=content)).tables
    return table


def _texts(table: LogicalTable, row: int) -> list[str]:
    return [cell.text for cell in table.row(row)]


@pytest.mark.parametrize("remark", ["每年复核", ""])
def test_a_row_below_a_merged_key_is_a_row_of_its_own(remark: str) -> None:
    """The last row of the merged cells is drawn apart, as word processors do; the text above ended on purpose."""
    table = _stitched(_one("4", "丁公司", "S000031300044", "钳工", remark), _one("", "", "", "刨工", ""), _one("5", "戊公司", "S000031300045", "磨工", ""))  # fmt: skip
    assert table.n_rows == 9
    assert _texts(table, 7)[:4] == ["4", "丁公司", "S000031300044", "刨工"]
    assert _texts(table, 7)[4] == remark
    assert _texts(table, 8)[:2] == ["5", "戊公司"]


def test_a_code_wrapped_over_the_break_is_one_code() -> None:
    table = _stitched(_one("4", "丁公司", "S00003130004", "钳工", ""), _one("", "", "4", "", ""), _one("5", "戊公司", "S000031300045", "磨工", ""))  # fmt: skip
    assert table.n_rows == 8
    assert _texts(table, 6) == ["4", "丁公司", "S000031300044", "钳工", ""]


def test_a_whole_code_below_the_break_is_another_one() -> None:
    table = _stitched(_one("4", "丁公司", "S000031300044", "钳工", ""), _one("5", "戊公司", "S000031300045", "磨工", ""))  # fmt: skip
    assert table.n_rows == 8 and _texts(table, 7)[2] == "S000031300045"


def test_a_list_that_begins_a_page_with_its_own_title_is_its_own_table() -> None:
    title = [("二、专项职业能力考核", 1)]
    below = _page(2, [_one(*HEADER), _one("1", "己公司", "S000031300046", "镗工", "")])
    page = [*(cell for cell in below.cells)]
    banner = _page(2, [title]).cells[0]
    moved = [Cell(f"b{c.cell_id}", 2, 1, c.row + 1, c.col, 1, 1, c.x0, c.top + 24, c.x1, c.bottom + 24, c.lines, "test") for c in page]  # fmt: skip
    wide = Cell("banner", 2, 1, 0, 0, 1, 5, XS[0], 60.0, XS[-1], 84.0, banner.lines, "test")
    content: list[Line | PageTable] = [_page(1, ABOVE), PageTable(2, (wide, *moved))]
    found = stitch(Section("annex", "附件1：名单", content=content)).tables
    assert [table.n_rows for table in found] == [6, 3]


@pytest.mark.parametrize("note", ["①以公布时的名称为准。", "1 以公布时的名称为准。", "*以公布时的名称为准。"])
def test_a_footnote_does_not_end_a_table(note: str) -> None:
    line = Line(note, 40.0, 700.0, 200.0, 710.0, 1, (8.0,) * len(note), 8.0)
    rest = _page(2, [_one("4", "丁公司", "S000031300044", "钳工", "")])
    (table,) = stitch(Section("annex", "附件1：名单", content=[_page(1, ABOVE), line, rest])).tables
    assert table.notes == (line,) and table.n_rows == 7
    caption = Line("二、其他机构名单", 40.0, 700.0, 200.0, 710.0, 1, (8.0,) * 8, 8.0)
    assert len(stitch(Section("annex", "附件1：名单", content=[_page(1, ABOVE), caption, rest])).tables) == 2


def test_a_class_goes_on_over_two_breaks_and_the_next_one_is_named_in_the_middle_of_its_row() -> None:
    """The page between prints no class, and only some of its columns go on: they are those of the class above."""
    header = _one("类别", "初级", "中级", "高级", "备注")
    full = [_one(f"610{n}", "甲工", "乙工", "丙工", "") for n in range(1, 5)]
    below = [("\n6106", 3), ("子工", 3), ("丑工", 3), ("寅工", 3), ("", 3)]
    pages = [
        [header, *full, _one("6105", "甲工", "乙工", "丙工", "")],
        [_one("", "丁工", "戊工", "己工", "")],
        [below],
    ]
    content: list[Line | PageTable] = [_page(n, list(rows)) for n, rows in enumerate(pages, start=1)]
    (table,) = stitch(Section("major", "一、61农林牧渔大类", content=content)).tables
    assert _texts(table, 5)[:2] == ["6105", "甲工丁工"]
    assert _texts(table, 6)[:2] == ["6106", "子工"]


def test_classes_behind_a_column_of_remarks_begin_their_rows() -> None:
    above = [
        _one("备注", "专业类", "初级", "中级", "高级"),
        _one("", "农业类（6101）", "甲工", "乙工", "丙工"),
    ]
    last = _one("新增", "林业类（6102）", "甲工", "乙工", "丙工")
    pages = [_page(1, [*above, last]), _page(2, [_one("", "渔业类（6104）", "丁工", "戊工", "己工")])]
    (table,) = stitch(Section("major", "一、61农林牧渔大类", content=[*pages])).tables
    assert [_texts(table, row)[1] for row in (2, 3)] == ["林业类(6102)", "渔业类(6104)"]


@pytest.mark.parametrize("hole", [True, False], ids=["a hole", "closed cells"])
@pytest.mark.parametrize("broken", [True, False], ids=["below a page break", "within a page"])
def test_values_filled_into_empty_cells_are_unsure(hole: bool, broken: bool) -> None:
    """What word processors draw of a merged cell's rest: one empty cell without borders, or a closed empty cell each."""
    key = [("4", 2), ("丁公司", 2), ("浦东新区", 2)]
    first = [_page(1, [HEAD, [*key, ("电工", 1), ("五级", 1)], [(None, 1)] * 3 + _one("焊工", "四级")])]
    rest = [_one("", "", "", "刨工", "三级"), _one("5", "戊公司", "黄浦区", "磨工", "五级")]
    below = _page(2, rest) if broken else _page(1, [*[[]] * 3, *rest])
    cells = list(below.cells)
    if hole:
        wide = replace(cells[0], x1=XS[3], col_span=3)
        cells = [wide, *cells[3:]]
    if broken:
        content: list[Line | PageTable] = [*first, PageTable(2, tuple(cells))]
    else:
        content = [PageTable(1, (*first[0].cells, *cells))]
    (table,) = stitch(Section("annex", "附件5：名单", content=content)).tables
    annex = Annex(5, "社会培训评价组织及评价项目名单", 1, (table,))
    rows = read_annexes([annex], lambda cell: list(cell.lines)).rows["annex_5_evaluators"]
    if not hole and not broken:  # the borders decide: never filled down within a page
        assert [(row["no"], row["org"]) for row in rows] == [("4", "丁公司")] * 2 + [
            ("", ""),
            ("5", "戊公司"),
        ]
        return
    assert [(row["no"], row["org"], row["occupation"], row["confidence"]) for row in rows] == [
        ("4", "丁公司", "电工", 1.0), ("4", "丁公司", "焊工", 1.0), ("4", "丁公司", "刨工", 0.9), ("5", "戊公司", "磨工", 1.0),
    ]  # fmt: skip
    assert len(table.uncertain) == (1 if hole else 3)


def _moved(cells: list[Cell], down: int, height: float, edges: tuple[float, ...]) -> list[Cell]:
    """Cells of a second table ``down`` rows and ``height`` points further down, between other edges."""
    return [
        replace(
            cell,
            row=cell.row + down,
            x0=edges[cell.col],
            x1=edges[cell.col + 1],
            top=cell.top + height,
            bottom=cell.bottom + height,
        )
        for cell in cells
    ]


def test_tables_that_nearly_touch_are_two() -> None:
    """The gap between them is an empty row, too low for any text; the second has a header that nobody knows."""
    first = _page(1, ABOVE)
    empty = _page(1, [*[[]] * 6, _one(*[""] * 5)]).cells
    gap = [replace(cell, top=204.0, bottom=208.0) for cell in empty]
    second = _page(1, [_one("区域", "基地", "方向", "人数", ""), _one("城东", "甲公司", "电工", "17人", "")])
    moved = _moved(list(second.cells), 7, 168.0, (40.0, 120.0, 250.0, 330.0, 470.0, 500.0))
    for row, tables in ((gap, 2), ([replace(cell, bottom=228.0) for cell in gap], 1)):
        page = PageTable(1, (*first.cells, *row, *moved))
        assert len(stitch(Section("annex", "附件1：名单", content=[page])).tables) == tables


def test_a_single_cell_is_text_with_a_line_round_it() -> None:
    """Notes in a box; a list's title at a page's end, its table on the next page."""
    table = _page(1, [_one(*HEADER)]).cells
    box = replace(_page(1, [_one("二、技能人员职业资格")]).cells[0], table_no=2)
    assert without_boxes([*table, box]) == (list(table), list(box.lines))


def test_a_header_that_a_page_break_cuts_is_one_header() -> None:
    def wide(cell: Cell, stop: int) -> Cell:
        return replace(cell, x1=XS[stop], col_span=stop - cell.col)

    corner, top = _page(1, [[("双师级别", 2), ("证书类别", 1)]]).cells
    tiers = _page(1, [[], _one("", "初级", "", "中级", "高级")]).cells
    above = (corner, wide(top, 5), wide(tiers[1], 3), *tiers[3:])
    cells = _page(2, [[("专业类别", 2), *_one("", "", "", "")], [(None, 1), *_one(*"甲乙丙丁")]]).cells
    rest = [cells[0], wide(cells[1], 3), *cells[3:]]
    row = _page(2, [[], [], _one("6101农业类", "甲", "乙", "丙", "丁")]).cells
    content: list[Line | PageTable] = [
        PageTable(1, above),
        PageTable(2, (*rest, *row)),
    ]
    (table,) = stitch(Section("major", "一、61农林牧渔大类", content=content)).tables
    assert [_texts(table, row) for row in range(table.n_rows)] == [
        ["双师级别专业类别", "证书类别"],
        ["双师级别专业类别", "初级", "中级", "高级"],
        ["双师级别专业类别", "甲", "乙", "丙", "丁"],
        ["6101农业类", "甲", "乙", "丙", "丁"],
    ]
