"""Running heads are told from headings: what recurs from page to page, and what only comes again."""

from __future__ import annotations

import pytest

from pipeline.model import Cell, Line
from pipeline.reading import Block, PageInfo
from pipeline.tidy.outline import outline, running_heads
from pipeline.tidy.sections import PageTable
from pipeline.vocabulary.headings import begins_note

HEIGHT = 842.0
PAGES = {n: PageInfo(n, 595.0, HEIGHT, 0, 900, 20, 0.0, 1, "test") for n in range(1, 61)}
TABLES = [
    PageTable(n, (Cell(f"p{n:04d}", n, 1, 0, 0, 1, 1, 72.0, 120.0, 520.0, 700.0, (), "test"),)) for n in PAGES
]
EVERY = range(1, 41)


def _line(text: str, page: int, top: float = 60.0, x0: float = 72.0) -> Line:
    advances = (12.0,) * len(text)
    return Line(text, x0, top, x0 + sum(advances), top + 12.0, page, advances, 12.0)


def _printed(lines: list[Line]) -> list[tuple[int, str]]:
    return [(line.page, line.text) for line in lines]


def _heads(lines: list[Line]) -> list[tuple[int, str]]:
    return sorted(_printed(running_heads(lines, TABLES, PAGES)))


@pytest.mark.parametrize(
    "pages",
    [EVERY, range(1, 41, 2), range(2, 41, 2), (7, 8, 9), (7, 9, 11), (7, 8, 12), (7, 10, 13)],
    ids=["every", "right", "left", "neighbours", "alternate", "near", "every third"],
)
def test_a_text_on_pages_near_each_other_is_a_running_head(pages: range) -> None:
    lines = [_line("“双师型”教师认定细则", page) for page in pages]
    assert _heads(lines) == _printed(lines)


@pytest.mark.parametrize(
    "pages",
    [(3, 20, 37), (3, 10, 17, 24, 31, 38), (3, 4), (3, 4, 20, 21, 37, 38), (5,), range(1, 41, 4)],
    ids=["far", "often", "twice", "in pairs", "once", "every fourth"],
)
def test_a_heading_that_comes_again_far_off_is_none(pages: range) -> None:
    """Such as the name of a table that every section has, which begins a page each time."""
    assert _heads([_line("认定标准明细", page) for page in pages]) == []


def test_headings_stand_among_running_heads() -> None:
    """At the same height as the running head of the pages that have one, and on the very same pages."""
    headings = [_line("认定标准明细", page) for page in (3, 20, 37)]
    heads = [_line("教师认定细则", page) for page in EVERY if page not in (3, 20, 37)]
    assert _heads([*headings, *heads]) == _printed(heads)
    below = [_line("认定标准明细", page, top=90.0) for page in (3, 20, 37)]
    all_over = [_line("教师认定细则", page) for page in EVERY]
    assert _heads([*all_over, *below]) == _printed(all_over)


def test_left_and_right_pages_have_their_own() -> None:
    lines = [
        _line("教师认定细则", page, x0=72.0) if page % 2 else _line("上海市教育委员会", page, x0=400.0)
        for page in EVERY
    ]
    assert _heads(lines) == sorted(_printed(lines))


def test_numbers_in_running_heads_may_differ_but_not_in_headings() -> None:
    feet = [_line(f"第{page}页 共60页", page, top=800.0) for page in EVERY]
    assert _heads(feet) == _printed(feet)
    annexes = [_line(f"附件{page}：获奖名录", page) for page in range(10, 20)]
    assert _heads(annexes) == []
    assert _heads([*feet, *annexes]) == _printed(feet)


def test_what_stands_at_another_height_does_not_recur() -> None:
    """Within three points it is the same height; a heading's place differs with what stands above it."""
    near = [_line("教师认定细则", page, top=60.0 + 0.4 * (page % 3)) for page in (1, 2, 3)]
    assert _heads(near) == _printed(near)
    assert _heads([_line("教师认定细则", page, top=30.0 + 20.0 * page) for page in (1, 2, 3)]) == []


def test_text_within_a_table_is_no_running_head() -> None:
    assert _heads([_line("教师认定细则", page, top=400.0) for page in EVERY]) == []


def test_a_heading_that_comes_again_opens_its_section_each_time() -> None:
    """The whole way: an annex whose title comes again later, at the same height, keeps its tables."""
    titles = ("附件:机构名录", "附件:证书名录")
    blocks, cells = [], []
    for index, page in enumerate((2, 12, 22, 32, 42, 52)):
        blocks.append(Block("text", _line(titles[index % 2], page)))
        blocks.append(Block("text", _line("（以下按公布时间排列）", page, top=90.0)))
        line = _line("甲", page, top=130.0)
        cells.append(
            Cell(f"p{page}", page, 1, 0, 0, 1, 1, 70.0, 120.0, 200.0, 150.0, (line,), "test")
        )  # fmt: skip
    blocks += [Block("text", _line("教师认定细则", page, top=30.0)) for page in PAGES]
    found = outline(cells, blocks, list(PAGES.values()))
    assert [(s.page, s.text, len(s.content)) for s in found.sections if s.kind == "annex"] == [
        (page, titles[index % 2], 2) for index, page in enumerate((2, 12, 22, 32, 42, 52))
    ]
    assert _printed(found.margins) == [(page, "教师认定细则") for page in PAGES]


@pytest.mark.parametrize(
    ("line", "mark", "note"),
    [
        ("①2026年起停用。", "①", True),
        ("注：①2026年起停用；②仅限本市。", "②", True),
        ("注：1.2026年起停用；2.仅限本市。", "2", True),
        ("［2］2026年起停用。", "2", True),
        ("注2 2026年起停用。", "2", True),
        ("备注：*仅限本市。", "*", True),
        ("**仅限本市。", "*", False),
        ("12026年起停用。", "1", False),
        ("共3项；2项停用。", "2", False),
        ("2、标题", "2", False),
        ("1 / 20", "1", False),
    ],
)
def test_which_lines_are_notes_with_a_mark(line: str, mark: str, note: bool) -> None:
    assert begins_note(line, mark) is note
