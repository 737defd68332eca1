"""A whole document tidied: nothing lost, what annexes name is known to the catalogue, what is missing is said."""

from __future__ import annotations

import pytest

from pipeline.errors import XizeError
from pipeline.readers.pdf.read import read_pdf
from pipeline.reading import Reading, cells_of, select_pages
from pipeline.tidy.document import Tidied, tidy
from pipeline.tidy.outline import page_tables
from tests.quality.truth_tables import truth
from tests.typeset import Layout, typeset
from tests.typeset.content import excerpt
from tests.typeset.layout import A3


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    """Four 专业大类 and seven annexes; items wrap in one column only, whose names the last annex prints whole."""
    small = excerpt(truth(), classes=2, annex_rows=12, sections=4, annexes=7)
    widths = {"class": 0.6, "title": 1.3, "skill": 1.3, "practice": 0.8, "one_plus_x": 0.5, "industry": 1.3}
    path = tmp_path_factory.mktemp("document") / "rulebook.pdf"
    typeset(small, Layout(path.stem, page=A3, landscape=True, size=6, widths=widths), path)
    return read_pdf(path, workers=1)


@pytest.fixture(scope="module")
def whole(reading: Reading) -> Tidied:
    """The document tidied."""
    return tidy(reading, {}, "rulebook.pdf")


def _first_annex(whole: Tidied) -> int:
    """The page on which the annexes begin."""
    tables = (rows for name, rows in whole.rows.items() if name.startswith("annex_"))
    return min(int(str(row["page"])) for rows in tables for row in rows)


def test_nothing_is_lost(whole: Tidied) -> None:
    assert whole.characters["lost"] == 0 and whole.characters["in_tables"] > 5000
    assert len(whole.rows["majors"]) == 4 and len(whole.rows["classes"]) == 8
    assert sum(bool(rows) for name, rows in whole.rows.items() if name.startswith("annex_")) >= 7
    ids = [row["entry_id"] for row in whole.rows["entries"]]
    assert len(set(ids)) == len(ids)
    assert {row["entry_id"] for row in whole.rows["credentials"]} == set(ids)


def test_names_that_annexes_print_are_known_to_the_catalogue(reading: Reading, whole: Tidied) -> None:
    """Some items are surer than in the same document without annexes."""
    bare = tidy(select_pages(reading, range(1, _first_annex(whole))), {}, "rulebook.pdf")
    without, known = (
        {row["entry_id"]: float(str(row["confidence"])) for row in one.rows["entries"]}
        for one in (bare, whole)
    )
    assert known.keys() == without.keys()
    assert any(known[name] > without[name] for name in known)


def test_a_document_without_a_catalogue_is_said(reading: Reading, whole: Tidied) -> None:
    annexes = select_pages(reading, range(_first_annex(whole), whole.pages + 1))
    with pytest.raises(XizeError, match=r"^rulebook\.pdf：没有找到专业目录表"):
        tidy(annexes, {}, "rulebook.pdf")


def test_cells_of_a_table_need_not_stand_together(reading: Reading) -> None:
    cells = cells_of(reading)
    mixed = sorted(cells, key=lambda cell: (cell.row, cell.col, -cell.page))
    assert [cell.cell_id for cell in mixed] != [cell.cell_id for cell in cells]
    assert page_tables(mixed) == page_tables(cells)
    assert page_tables([]) == []
    for table in page_tables(cells):
        assert len({(cell.page, cell.table_no) for cell in table.cells}) == 1
        assert table.top == min(cell.top for cell in table.cells)
