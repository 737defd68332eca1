"""Tables over pages that hold nothing."""

from __future__ import annotations

import pytest

from pipeline.model import Cell, Line
from pipeline.tidy.sections import PageTable, Section
from pipeline.tidy.stitch import stitch


def _cells(page: int) -> list[Cell]:
    """A table of one row and two columns at the top of a page."""
    out = []
    for col in range(2):
        x0, top, text = 50.0 + 100 * col, 60.0, f"{page}甲乙丙"[: 3 + col]
        line = Line(text, x0, top, x0 + 40, top + 10, page, (10.0,) * len(text), 10.0)
        name = f"p{page:04d}-t1-r000-c{col:02d}"
        out.append(Cell(name, page, 1, 0, col, 1, 1, x0, top, x0 + 100, top + 20, (line,), "test"))
    return out


@pytest.mark.parametrize(
    ("pages", "pictured", "tables"),
    [((1, 2), (), 1), ((1, 3), (), 1), ((1, 4, 6), (), 1), ((1, 3), (2,), 2), ((1, 4), (3,), 2), ((1, 3), (5,), 1)],
    ids=["next page", "a blank page", "blank pages", "a picture", "a blank page and a picture", "a picture later"],
)  # fmt: skip
def test_a_table_goes_on_over_blank_pages_only(
    pages: tuple[int, ...], pictured: tuple[int, ...], tables: int
) -> None:
    content = [PageTable(page, tuple(_cells(page))) for page in pages]
    found = stitch(Section("major", "一、甲大类", content=list(content)), pictured)
    assert len(found.tables) == tables and found.rest == ()
    assert sum(table.n_rows for table in found.tables) == len(pages)
