"""Pages are read the same in one process and in several."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest

from pipeline.errors import XizeError
from pipeline.readers.pdf.read import read_pdf
from pipeline.reading import blocks_of, cells_of, pages_of
from tests.readers.pdf.scans import table
from tests.readers.pdf.test_decoders import write_page
from tests.typeset.sheet import Sheet


def test_many_pages_are_shared_between_processes(tmp_path: Path) -> None:
    path = tmp_path / "many.pdf"
    with pikepdf.open(table(tmp_path / "one.pdf")) as pdf:
        for _ in range(69):
            pdf.pages.append(pdf.pages[0])
        pdf.save(path)
    told: list[tuple[int, int]] = []
    shared = read_pdf(path, workers=2, progress=lambda *at: told.append(at))
    assert told[-1] == (70, 70) and [done for done, _ in told] == sorted(done for done, _ in told)
    alone = read_pdf(path, workers=1)
    for name in ("cells", "blocks", "pages"):
        assert getattr(shared, name).equals(getattr(alone, name)), name
    assert read_pdf(path, pages=[7, 3]).pages.column("page").to_pylist() == [3, 7]


def test_a_page_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(XizeError, match="没有第 2 页（共 1 页）"):
        read_pdf(table(tmp_path / "one.pdf"), pages=[1, 2])


def test_the_decoder_that_names_more_characters_reads_the_page(tmp_path: Path) -> None:
    path = tmp_path / "layer.pdf"
    box = "40 90 100 40 re S 90 90 m 90 130 l S "
    write_page(path, box + "BT /F5 10 Tf 50 100 Td <5E8F53F7> Tj 50 0 Td <540D79F0> Tj ET")
    reading = read_pdf(path)
    assert [(cell.text, cell.engine) for cell in cells_of(reading)] == [
        ("序号", "pdfplumber"),
        ("名称", "pdfplumber"),
    ]
    # Where neither can tell, the first has said as much.
    write_page(path, box + "BT /F3 10 Tf 50 100 Td <0102> Tj 50 0 Td <0304> Tj ET")
    (info,) = pages_of(read_pdf(path))
    assert info.engine == "pdfium"


CELLS = "40 90 200 120 re S 40 170 m 240 170 l S 140 90 m 140 210 l S "


@pytest.mark.parametrize("decoder", ["pdfium", "pdfplumber"])
def test_clipped_text_belongs_to_the_cell_that_it_is_clipped_to(decoder: str, tmp_path: Path) -> None:
    path = tmp_path / "clipped.pdf"
    # Set across three cells, or in the row above, as spreadsheets do: what is painted is the clip's part of it.
    wide = "q 140 170 100 40 re W n BT /F4 20 Tf 80 180 Td <0003000300030003000300030003> Tj ET Q "
    above = "q 40 90 100 80 re W* n BT /F1 10 Tf 50 190 Td (below) Tj ET Q "
    form = "/X1 Do BT /F1 10 Tf 150 100 Td (whole) Tj ET"
    write_page(
        path,
        CELLS + wide + "BT /F1 10 Tf 50 180 Td (head) Tj ET " + above + form,
        form="q 0 0 1 1 re W n Q BT /F1 10 Tf 50 150 Td (far) Tj ET q 0 0 1 1 re W n",
    )
    reading = read_pdf(path, decoder=decoder)
    assert {(cell.row, cell.col): "".join(sorted(cell.text)) for cell in cells_of(reading)} == {
        (0, 0): "adeh",
        (0, 1): "姓" * 7,
        (1, 0): "abeflorw",
        (1, 1): "ehlow",
    }
    assert not blocks_of(reading)


@pytest.mark.parametrize("decoder", ["pdfium", "pdfplumber"])
def test_rules_are_cut_to_their_clip(decoder: str, tmp_path: Path) -> None:
    path = tmp_path / "clipped.pdf"
    frame = "40 90 200 120 re S "
    beside = "q 40 90 90 120 re W n 140 90 m 140 210 l S 140 90 1 120 re f Q "
    half = "q 40 90 100 120 re W n 40 170 m 240 170 l S 0 130 400 1 re f Q "
    short = half.replace("100 120", "60 120")
    by_fill = "q 139.5 90 1 80 re W n 100 0 100 300 re f Q "  # a fill of which the clip leaves a rule
    form = "q 30 0 0 30 30 80 cm /X1 Do Q "
    write_page(path, frame + beside + short + form, form="q 0 0 2 2 re W n 5 0 0.02 9 re f Q")
    assert [cell.col_span for cell in cells_of(read_pdf(path, decoder=decoder))] == [1]
    hair = "q 40 90 60.02 120 re W n 100 90 1 120 re f Q "  # all but a hair's breadth cut off: still painted
    write_page(path, frame + hair)
    assert [cell.col_span for cell in cells_of(read_pdf(path, decoder=decoder))] == [1, 1]
    write_page(path, frame + beside + half + by_fill)
    assert [
        (cell.row, cell.col, cell.row_span, cell.col_span)
        for cell in cells_of(read_pdf(path, decoder=decoder))
    ] == [(0, 0, 1, 2), (1, 0, 1, 1), (1, 1, 2, 1), (2, 0, 1, 1)]


_THREE = "40 100 300 40 re S 140 100 m 140 140 l S 240 100 m 240 140 l S "


@pytest.mark.parametrize("decoder", ["pdfium", "pdfplumber"])
@pytest.mark.parametrize(
    ("shown", "cells"),
    [
        ("105 120 Td <0003000300030003000300030003> Tj", ["", "姓" * 7, ""]),
        ("105 120 Td " + "<0003> Tj 20 0 Td " * 7, ["", "姓" * 7, ""]),
        ("105 120 Td /F1 20 Tf (Programmes and titles) Tj", ["", "Programmesandtitles", ""]),
        ("45 120 Td /F1 20 Tf (ab cd e) Tj /F4 20 Tf <00030003> Tj", ["abcde姓姓", "", ""]),
        ("300 120 Td <000300030003> Tj", ["", "", "姓姓姓"]),
        ("45 120 Td /F1 20 Tf [(one) -4000 (two) -3000 (three)] TJ", ["one", "two", "three"]),
        ("106 120 Td /F1 20 Tf (row in the mist words) Tj", ["row", "inthemist", "words"]),
    ],
)
def test_a_text_is_never_shared_out(decoder: str, shown: str, cells: list[str], tmp_path: Path) -> None:
    """It belongs to the cell of its middle; one text object for a row is divided where borders stand in its gaps."""
    path = tmp_path / "wide.pdf"
    write_page(path, _THREE + f"BT /F4 20 Tf {shown} ET")
    reading = read_pdf(path, decoder=decoder)
    assert [cell.text for cell in cells_of(reading)] == cells
    assert not blocks_of(reading)


@pytest.mark.parametrize("decoder", ["pdfium", "pdfplumber"])
def test_text_that_is_clipped_away_is_hidden(decoder: str, tmp_path: Path) -> None:
    path = tmp_path / "clipped.pdf"
    away = "q 900 900 10 10 re W n BT /F1 10 Tf 50 180 Td (away) Tj ET Q "
    nothing = "q 50 100 20 20 re W n 150 100 20 20 re W n BT /F1 10 Tf 55 105 Td (nothing) Tj ET Q "
    write_page(path, CELLS + away + nothing + "BT /F1 10 Tf 150 180 Td (shown) Tj ET")
    reading = read_pdf(path, decoder=decoder)
    assert "".join(cell.text for cell in cells_of(reading)) == "shown"
    assert [(block.role, block.line.text) for block in blocks_of(reading)] == [("clipped", "awaynothing")]


@pytest.mark.parametrize("matrix", ["0 1 -1 0 80 100", "0 -1 1 0 60 160"])
def test_upright_text_keeps_its_blanks(matrix: str, tmp_path: Path) -> None:
    path = tmp_path / "upright.pdf"
    level = "BT /F1 10 Tf 150 180 Td (most text is level) Tj ET "
    write_page(path, CELLS + level + f"BT /F1 10 Tf 12 TL {matrix} Tm (two words) Tj T* (below) Tj ET")
    (cell,) = [cell for cell in cells_of(read_pdf(path)) if cell.row_span == 1 and "two" in cell.text]
    assert [line.text for line in cell.lines] == ["two words", "below"]
    first, second = cell.lines
    assert first.bottom - first.top > 40 > 12 > first.x1 - first.x0
    assert (first.x0 < second.x0) == (matrix[0:3] == "0 1")


@pytest.mark.parametrize(
    ("x", "word", "other", "texts"),
    [
        (113, "AutoCAD/SolidWorks", 145, ["", "AutoCAD/SolidWorks", "1"]),  # over the next cell's text and the table's end
        (97.5, "Professional", 45, ["1", "Professional", ""]),  # centred: it begins in the cell before
        (45, "CertifiedProfessional", 175, ["CertifiedProfessional", "", "1"]),  # over a whole cell
    ],
)  # fmt: skip
def test_a_word_wider_than_its_cell_belongs_to_it_as_a_whole(
    x: float, word: str, other: int, texts: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "wide.pdf"
    edges = "40 90 150 40 re S 110 90 m 110 130 l S 140 90 m 140 130 l S "
    write_page(path, f"{edges}BT /F1 10 Tf {x} 105 Td ({word}) Tj ET BT /F1 10 Tf {other} 105 Td (1) Tj ET")
    reading = read_pdf(path)
    assert [cell.text for cell in cells_of(reading)] == texts and not blocks_of(reading)


@pytest.mark.parametrize("text", ["二、高级技能证书目录", "说明：附件目录", "说明"])
@pytest.mark.parametrize("lower", [0.0, -3.0], ids=["below the border", "over the border"])
def test_a_line_right_below_a_table_is_no_part_of_it(text: str, lower: float, tmp_path: Path) -> None:
    """Set as large and as far left as the last cell's text, as word processors do. What stands over the border is the
    cell's only where it is no wider than the cell."""
    sheet = Sheet(tmp_path / "below.pdf")
    plan = ((0, 0, 1, 1, "甲\n乙"), (0, 1, 1, 1, "丙\n丁"))
    sheet.table(plan, (80.0, 120.0, 240.0), (120.0, 147.0))
    sheet.text(83, 157 + lower, text)
    sheet.save()
    reading = read_pdf(sheet.path)
    overflows = text == "说明" and lower < 0
    assert [cell.text for cell in cells_of(reading)] == ["甲乙" + text * overflows, "丙丁"]
    assert [block.line.text for block in blocks_of(reading)] == [text] * (not overflows)
