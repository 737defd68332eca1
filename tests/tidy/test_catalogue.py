"""Classes of the catalogue over page breaks: a class cell that a break has cut is one class, however often it is printed."""

from __future__ import annotations

import hashlib

import pytest

from pipeline.model import Cell, GridCell, Line, LogicalTable
from pipeline.schema import KINDS, TIERS
from pipeline.tidy.accounting import doubts_of_tables
from pipeline.tidy.catalogue import Catalogue, is_catalogue, name_key, read_catalogue
from pipeline.tidy.entries import TidyEntries
from pipeline.tidy.section_rows import class_rows
from pipeline.tidy.stitch import DocumentTables

WORDS = ("非教师系列职称", "技能等级证书", "执业资格证书", "1+X技能等级证书", "行业内其它权威证书")
HEADING = "一、61(41、21)甲大类"
Printed = tuple[int, str, str]
"""A row of the catalogue: its page, class cell and one item, printed under the first kind and tier."""


def _cell(row: int, col: int, text: str, page: int, rows: int = 1, cols: int = 1) -> GridCell:
    x0, top = 40.0 + 50 * col, 100.0 + 20 * row
    lines = tuple(
        Line(
            word, x0, top + 12 * i, x0 + 10.0 * len(word), top + 12 * i + 10, page, (10.0,) * len(word), 10.0
        )
        for i, word in enumerate(text.split("\n"))
        if word
    )
    name = f"p{page:04d}-t1-r{row:03d}-c{col:02d}"
    piece = Cell(
        name, page, 1, row, col, rows, cols, x0, top, x0 + 50.0 * cols, top + 20.0 * rows, lines, "test"
    )
    return GridCell(row, col, rows, cols, (piece,))


def _table(*rows: Printed, header: bool = True) -> LogicalTable:
    """A catalogue table with such rows; every row has cells of its own, as where a break parts them."""
    page = rows[0][0]
    cells = []
    if header:
        cells = [_cell(0, 0, "专业类别", page, rows=2)]
        cells += [_cell(0, 1 + 3 * i, word, page, cols=3) for i, word in enumerate(WORDS)]
        cells += [_cell(1, 1 + i, tier, page) for i, tier in enumerate(TIERS * 5)]
    first = 2 if header else 0
    for row, (page, name, item) in enumerate(rows, first):
        texts = [name, item, *[""] * 14]
        cells += [_cell(row, col, text, page) for col, text in enumerate(texts)]
    return LogicalTable((), first + len(rows), 16, tuple(cells))


def _classes(catalogue: Catalogue) -> list[tuple[list[str], str]]:
    return [(row.codes, row.name) for row in catalogue.classes]


def _items(catalogue: Catalogue, code: str) -> list[str]:
    return [piece.text for piece in catalogue.slots.get((code, next(iter(KINDS)), TIERS[0]), [])]


ONCE: list[Printed] = [(1, "6101\n农业类", "甲"), (1, "6102\n林业类", "乙")]
CUT: list[Printed] = [(1, "6101", "甲"), (2, "农业类", "甲二"), (2, "6102\n林业类", "乙")]
AGAIN: list[Printed] = [(5, "6101", "丙"), (6, "农业类", "丁"), (6, "6102\n林业类", "戊")]


def test_a_class_whose_name_stands_on_the_next_page() -> None:
    table = _table(*CUT)
    assert is_catalogue(table)
    found = read_catalogue([(table, HEADING)], {}, "x.pdf")
    assert _classes(found) == [(["6101"], "农业类"), (["6102"], "林业类")]
    assert _items(found, "6101") == ["甲", "甲二"] and found.findings == []


@pytest.mark.parametrize("before", [ONCE, CUT], ids=["whole before", "cut before"])
@pytest.mark.parametrize("divided", ["one table", "two tables", "two headings"])
def test_a_class_that_is_printed_again_and_cut_by_a_page_break(before: list[Printed], divided: str) -> None:
    """The same class once more, its name on the page after its code: that class going on, not one without a code."""
    later = "二、" + HEADING[2:]
    if divided == "one table":
        found = read_catalogue([(_table(*before, *AGAIN), HEADING)], {}, "x.pdf")
        slots = found.slots
    else:
        heading = HEADING if divided == "two tables" else later
        found = read_catalogue([(_table(*before), HEADING), (_table(*AGAIN), heading)], {}, "x.pdf")
        slots = found.slots
    assert _classes(found) == [(["6101"], "农业类"), (["6102"], "林业类")]
    assert found.findings == [] and found.unplaced == []
    own = [item for _, _, item in before[:-1] if item != "乙"]
    assert [piece.text for piece in slots["6101", next(iter(KINDS)), TIERS[0]]] == [*own, "丙", "丁"]
    assert [piece.text for piece in slots["6102", next(iter(KINDS)), TIERS[0]]] == ["乙", "戊"]


@pytest.mark.parametrize("name", ["农业类", ""], ids=["its name", "its items alone"])
def test_what_goes_on_in_a_table_of_its_own_belongs_to_the_class_printed_last(name: str) -> None:
    """Where tables of successive pages are not one (a line stands between them), the class that was printed last goes
    on, not the one that is last in the list: it may have been printed before."""
    pages = (_table(*ONCE), _table((5, "6101", "丙")), _table((6, name, "丁"), header=False))
    found = read_catalogue([(table, HEADING) for table in pages], {}, "x.pdf")
    assert _items(found, "6101") == ["甲", "丙", "丁"] and _items(found, "6102") == ["乙"]
    assert _classes(found) == [(["6101"], "农业类"), (["6102"], "林业类")] and found.findings == []
    # Under another heading nothing goes on.
    other = (_table((7, "", "戊"), header=False), "二、乙大类")
    found = read_catalogue([*((table, HEADING) for table in pages[:2]), other], {}, "x.pdf")
    assert _items(found, "6101") == ["甲", "丙"] and [piece.text for piece in found.unplaced] == ["戊"]
    # What has no place is an error: it would be missing from the data.
    doubts = doubts_of_tables(found, TidyEntries([], []), DocumentTables())
    lost = [doubt for doubt in doubts if doubt.code == "catalogue_text_unplaced"]
    assert [(doubt.evidence, doubt.level) for doubt in lost] == [("戊", "error")]


def test_codes_cut_from_a_class_that_is_printed_again() -> None:
    """The break may also part its codes, or leave its items alone on the next page."""
    rows: list[Printed] = [
        (1, "6101\n4101\n农业类", "甲"), (1, "6102\n林业类", "乙"), (5, "6101", "丙"), (6, "4101\n农业类", "丁"), (7, "", "戊"),
    ]  # fmt: skip
    found = read_catalogue([(_table(*rows), HEADING)], {}, "x.pdf")
    assert _classes(found) == [(["6101", "4101"], "农业类"), (["6102"], "林业类")]
    assert _items(found, "6101") == ["甲", "丙", "丁", "戊"] and found.findings == []


@pytest.mark.parametrize(
    "before",
    [[], [(1, "6101\n农业类", "甲")], ONCE],
    ids=["the first", "the class before goes on", "after another class"],
)
def test_the_next_class_is_no_rest_of_one_whose_name_is_whole(before: list[Printed]) -> None:
    """Its code differs in the first digit only, as the codes of one class do; but it has a name of its own."""
    later: list[Printed] = [(5, "6101\n农业类", "丙"), (5 if before else 6, "4101\n农艺类", "丁")]
    found = read_catalogue([(_table(*before, *later), HEADING)], {}, "x.pdf")
    assert (["4101"], "农艺类") in _classes(found) and (["6101"], "农业类") in _classes(found)
    assert _items(found, "4101") == ["丁"] and _items(found, "6101")[-1] == "丙" and found.findings == []


def test_a_class_without_a_code_is_still_said() -> None:
    """A whole name on a page of its own that no code stands before is another class: nothing is guessed."""
    rows: list[Printed] = [(1, "6101\n农业类", "甲"), (2, "牧业类", "乙")]
    found = read_catalogue([(_table(*rows), HEADING)], {}, "x.pdf")
    assert _classes(found) == [(["6101"], "农业类"), ([], "牧业类")]
    (finding,) = found.findings
    assert finding.code == "class_code_missing" and finding.page == 2 and "牧业类" in finding.message
    assert finding.key == name_key("牧业类") and _items(found, finding.key) == ["乙"]


def test_a_class_without_a_name_is_said() -> None:
    rows: list[Printed] = [(1, "6101\n农业类", "甲"), (1, "6102", "乙")]
    found = read_catalogue([(_table(*rows), HEADING)], {}, "x.pdf")
    assert _classes(found) == [(["6101"], "农业类"), (["6102"], "")]
    (finding,) = found.findings
    assert (finding.code, finding.key, finding.level) == ("class_name_missing", "6102", "warning")


def test_a_code_that_names_two_classes_is_said() -> None:
    rows: list[Printed] = [(1, "6101\n农业类", "甲"), (3, "6101\n牧业类", "乙")]
    found = read_catalogue([(_table(*rows), HEADING)], {}, "x.pdf")
    assert _classes(found) == [(["6101"], "农业类")] and _items(found, "6101") == ["甲", "乙"]
    assert [finding.code for finding in found.findings] == ["class_code_repeated"]


def _merged(table: LogicalTable, row: int, rows: int) -> LogicalTable:
    """The table with the item cell of ``row`` merged down over ``rows`` rows."""
    item = table.at(row, 1)
    assert item is not None
    cells = [cell for cell in table.cells if not (cell.col == 1 and row <= cell.row < row + rows)]
    whole = _cell(row, 1, item.text, item.pieces[0].page, rows=rows)
    return LogicalTable((), table.n_rows, table.n_cols, (*cells, whole))


def test_a_cell_merged_down_belongs_once_to_every_class_beside_it() -> None:
    rows: list[Printed] = [(1, "6101\n农业类", "甲"), (1, "6101\n农业类", ""), (1, "6102\n林业类", "")]
    found = read_catalogue([(_merged(_table(*rows), 2, 3), HEADING)], {}, "x.pdf")
    assert _items(found, "6101") == ["甲"] and _items(found, "6102") == ["甲"]
    assert found.findings == [] and found.unplaced == []


def test_a_cell_merged_down_from_above_the_first_class_is_placed_with_it() -> None:
    rows: list[Printed] = [(1, "", "甲"), (1, "6101\n农业类", "")]
    found = read_catalogue([(_merged(_table(*rows), 2, 2), HEADING)], {}, "x.pdf")
    assert _items(found, "6101") == ["甲"] and found.unplaced == []


def test_a_class_without_a_code_whose_name_is_cut_keeps_its_items() -> None:
    rows: list[Printed] = [(1, "农业", "甲"), (2, "种植类", "乙")]
    found = read_catalogue([(_table(*rows), HEADING)], {}, "x.pdf")
    assert _classes(found) == [([], "农业种植类")]
    key = name_key("农业种植类")
    assert {slot[0] for slot in found.slots} == {key} and _items(found, key) == ["甲", "乙"]
    assert [(one.code, one.key) for one in found.findings] == [("class_code_missing", key)]


@pytest.mark.parametrize(
    ("above", "below"),
    [("农业", "林业"), ("水产养殖类", "养殖类"), ("农业类", "林业"), ("农业", "林业类")],
    ids=["names without 类", "the end of the name above", "the second without 类", "the first without 类"],
)
def test_two_classes_without_codes_on_either_side_of_a_page_break(above: str, below: str) -> None:
    before: list[Printed] = [(1, "牧业", "零")] if (above, below) == ("农业", "林业类") else []
    found = read_catalogue([(_table(*before, (1, above, "甲"), (2, below, "乙")), HEADING)], {}, "x.pdf")
    assert _classes(found)[-2:] == [([], above), ([], below)]
    assert _items(found, name_key(above)) == ["甲"] and _items(found, name_key(below)) == ["乙"]


def test_a_class_without_a_code_goes_on_where_its_last_line_is_printed_again() -> None:
    """A merged cell that a page break cuts is drawn again, clipped: its last lines stand on both pages."""
    rows: list[Printed] = [(1, "水产\n养殖类", "甲"), (2, "养殖类", "乙"), (3, "水产养殖类", "丙")]
    found = read_catalogue([(_table(*rows), HEADING)], {}, "x.pdf")
    assert _classes(found) == [([], "水产养殖类")]
    assert _items(found, name_key("水产养殖类")) == ["甲", "乙", "丙"]


def test_classes_without_codes_that_share_a_name_are_told_apart_by_their_headings() -> None:
    """The key is N and the first 8 hex digits of the name's SHA-256, with -2 for the second class of that name."""
    later = "二、" + HEADING[2:]
    once, twice = _table((1, "其他类", "甲"), (2, "其他类", "乙")), _table((3, "其他类", "丙"))
    found = read_catalogue([(once, HEADING), (twice, later)], {}, "x.pdf")
    first, second = (row.class_code for row in found.classes)
    assert first == "N" + hashlib.sha256("其他类".encode()).hexdigest()[:8] and second == f"{first}-2"
    assert _items(found, first) == ["甲", "乙"] and _items(found, second) == ["丙"]
    assert [one.key for one in found.findings] == [first, second]


@pytest.mark.parametrize(
    ("texts", "code"), [(["甲"], "characters_lost"), (["甲乙", "甲乙"], "characters_added")]
)
def test_entries_that_hold_less_or_more_than_the_cells_are_said(texts: list[str], code: str) -> None:
    found = read_catalogue([(_table((1, "6101\n农业类", "甲乙")), HEADING)], {}, "x.pdf")
    rows: list[dict[str, object]] = [{"text": text} for text in texts]
    findings = doubts_of_tables(found, TidyEntries(rows, []), DocumentTables())
    assert [finding.code for finding in findings] == [code]
    whole: list[dict[str, object]] = [{"text": "甲"}, {"text": "乙"}]
    assert doubts_of_tables(found, TidyEntries(whole, []), DocumentTables()) == []


def test_a_class_without_a_code_belongs_to_the_major_it_stands_under() -> None:
    """By the heading's code, or by its name where it has none either; without a heading to a nameless major."""
    majors: list[dict[str, object]] = [
        {"major_code": "61", "name": "甲大类", "page": 1}, {"major_code": name_key("乙丙大类"), "name": "乙丙大类", "page": 2},
    ]  # fmt: skip
    tables = [
        (_table((1, "农业类", "甲")), HEADING),
        (_table((2, "林业类", "乙")), "二、乙丙大类"),
        (_table((3, "牧业类", "丙")), ""),
    ]
    rows, unnamed, findings = class_rows(read_catalogue(tables, {}, "x.pdf"), majors)
    assert [row["major_code"] for row in rows] == ["61", name_key("乙丙大类"), name_key("")]
    assert {row["code_printed"] for row in rows} == {False} and [row["name"] for row in unnamed] == [""]
    assert [(one.code, one.key) for one in findings] == [
        ("major_code_missing", name_key("乙丙大类")), ("major_heading_missing", name_key("")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "rows",
    [
        [(1, "6101(410", "甲"), (2, "1、2101)农业类", "乙")],
        [(1, "农业类", "甲"), (2, "6101\n4101\n2101", "乙")],
        [(1, "6101\n41", "甲"), (2, "01\n2101\n农业类", "乙")],
    ],
    ids=["within a code", "codes below the name", "within a code of its own line"],
)
def test_codes_that_a_page_break_cuts(rows: list[Printed]) -> None:
    found = read_catalogue([(_table(*rows), HEADING)], {}, "x.pdf")
    assert _classes(found) == [(["6101", "4101", "2101"], "农业类")]
    assert _items(found, "6101") == ["甲", "乙"] and found.unplaced == []
