"""What counts as a border and what does not: on pages typeset for the purpose, with both decoders."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader

from pipeline.readers.pdf.export import tables_of
from pipeline.readers.pdf.read import read_pages
from pipeline.reading import RAISED, STRUCK, pages_of
from tests.typeset.sheet import Sheet

DECODERS = ("pdfium", "pdfplumber")


def box(sheet: Sheet, x0: float, top: float, x1: float, bottom: float) -> None:
    """A frame of four strokes."""
    for ends in ((x0, top, x1, top), (x0, bottom, x1, bottom), (x0, top, x0, bottom), (x1, top, x1, bottom)):
        sheet.line(*ends)


def texts(path: Path, decoder: str) -> list[list[list[str]]]:
    """The tables of the first page as rows of cell texts."""
    out = []
    for table in tables_of(read_pages(path, [1], decoder=decoder)):
        rows: dict[int, list[str]] = {}
        for cell in table["cells"]:
            rows.setdefault(cell["row"], []).append(cell["text"])
        out.append(list(rows.values()))
    return out


@pytest.fixture(params=DECODERS)
def decoder(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    return Sheet(tmp_path / "page.pdf")


def read(sheet: Sheet, decoder: str) -> list[list[list[str]]]:
    sheet.save()
    return texts(sheet.path, decoder)


@pytest.mark.parametrize("width", [0.5, 3.0])
def test_a_white_rule_between_fills(sheet: Sheet, decoder: str, width: float) -> None:
    sheet.fill(80, 120, 300, 140 - width / 2, "#99aacc")
    sheet.fill(80, 140 + width / 2, 300, 160, "#bbccee")
    sheet.fill(80, 140 - width / 2, 300, 140 + width / 2, "#ffffff")
    box(sheet, 80, 120, 300, 160)
    sheet.line(200, 120, 200, 160)
    for x, y, text in ((90, 133, "甲"), (210, 133, "乙"), (90, 153, "丙"), (210, 153, "丁")):
        sheet.text(x, y, text)
    assert read(sheet, decoder) == [[["甲", "乙"], ["丙", "丁"]]]


def test_a_white_rule_on_white_paper_is_none(sheet: Sheet, decoder: str) -> None:
    sheet.fill(80, 120, 300, 160, "#99aacc")
    sheet.fill(80, 139, 340, 141, "#ffffff")
    sheet.fill(80, 119, 340, 121, "#ffffff")
    sheet.fill(80, 159, 340, 161, "#ffffff")
    for x in (80, 200, 300):
        sheet.line(x, 120, x, 160)
    for x, y, text in ((90, 133, "甲"), (210, 133, "乙"), (90, 153, "丙"), (210, 153, "丁")):
        sheet.text(x, y, text)
    assert read(sheet, decoder) == [[["甲", "乙"], ["丙", "丁"]]]


@pytest.mark.parametrize("beyond", ["", "戊"])
def test_rules_that_stick_out(sheet: Sheet, decoder: str, beyond: str) -> None:
    for y in (120, 140, 160):
        sheet.line(80, y, 340, y)
    for x in (80, 200, 300):
        sheet.line(x, 120, x, 160)
    for x, y, text in (
        (90, 133, "甲"),
        (210, 133, "乙"),
        (90, 153, "丙"),
        (210, 153, "丁"),
        (310, 133, beyond),
    ):
        sheet.text(x, y, text)
    more = [[beyond], [""]] if beyond else [[], []]
    assert read(sheet, decoder) == [[["甲", "乙", *more[0]], ["丙", "丁", *more[1]]]]


def test_a_banner_by_its_colour(sheet: Sheet, decoder: str) -> None:
    sheet.fill(80, 120, 300, 180, "#aaddaa")
    sheet.fill(80, 120, 300, 140, "#eedd88")
    box(sheet, 80, 120, 300, 180)
    sheet.line(80, 160, 300, 160)
    sheet.line(200, 140, 200, 180)
    for x, y, text in (
        (90, 133, "标题"),
        (90, 153, "甲"),
        (210, 153, "乙"),
        (90, 173, "丙"),
        (210, 173, "丁"),
    ):
        sheet.text(x, y, text)
    assert read(sheet, decoder) == [[["标题"], ["甲", "乙"], ["丙", "丁"]]]


def test_a_marked_word_is_no_row(sheet: Sheet, decoder: str) -> None:
    sheet.fill(86, 126, 130, 137, "#ffee00")
    box(sheet, 80, 120, 300, 160)
    sheet.line(200, 120, 200, 160)
    for x, y, text in ((90, 134, "甲"), (90, 150, "乙"), (210, 134, "丙")):
        sheet.text(x, y, text)
    assert read(sheet, decoder) == [[["甲\n乙", "丙"]]]


def test_pictures_as_borders_and_in_slices(sheet: Sheet, decoder: str) -> None:
    ink = ImageReader(Image.new("RGB", (2, 2), "#000000"))

    def picture(x0: float, top: float, x1: float, bottom: float) -> None:
        sheet.canvas.drawImage(ink, x0, sheet.height - bottom, width=x1 - x0, height=bottom - top)

    for y in (120, 140, 160):
        picture(80, y - 0.5, 300, y + 0.5)
    for x in (80, 200, 300):
        picture(x - 0.5, 120, x + 0.5, 160)
    for n in range(12):  # a letter that a producer cut into slices, and single dots of one
        picture(100 + n, 124, 101 + n, 137)
        picture(220, 124 + n, 240, 125 + n)
        picture(260 + 3 * n, 126, 261 + 3 * n, 132)
    sheet.text(90, 153, "丙")
    sheet.text(210, 153, "丁")
    assert read(sheet, decoder) == [[["", ""], ["丙", "丁"]]]
    (info,) = pages_of(read_pages(sheet.path, [1], decoder=decoder))
    assert info.pictured == 2


def upright(sheet: Sheet, x: float, y: float, text: str) -> None:
    """Text that runs upwards from a place."""
    sheet.canvas.saveState()
    sheet.canvas.translate(x, sheet.height - y)
    sheet.canvas.rotate(90)
    sheet.canvas.setFont("Helvetica", 8)
    sheet.canvas.drawString(0, 0, text)
    sheet.canvas.restoreState()


def test_upright_headers_keep_their_blanks_and_turn_no_page(sheet: Sheet, decoder: str) -> None:
    """They have more letters than the body, which takes more room."""
    columns = range(10)
    xs = [80 + 30 * n for n in range(11)]
    for y in (120, 240, *range(262, 262 + 22 * 18, 22)):
        sheet.line(xs[0], y, xs[-1], y)
    for x in xs:
        sheet.line(x, 120, x, 262 + 22 * 17)
    header = "Projected Population in lakhs"
    for n in columns:
        upright(sheet, xs[n] + 12, 236, header)
        for row in range(18):
            sheet.text(xs[n] + 4, 255 + 22 * row, str(n))
    assert len(header) * 10 > 18 * 10
    ((head, *body),) = read(sheet, decoder)
    assert head == [header] * 10
    assert body == [[str(n) for n in columns]] * 18
    assert pages_of(read_pages(sheet.path, [1], decoder=decoder))[0].turned == 0


def test_a_table_in_a_cell_that_meets_its_border(sheet: Sheet, decoder: str) -> None:
    box(sheet, 80, 120, 400, 260)
    sheet.line(80, 145, 400, 145)
    for y in (180, 200, 220):
        sheet.line(80, y, 280, y)
    for x in (180, 280):
        sheet.line(x, 180, x, 220)
    for x, y, text in ((90, 137, "标题"), (90, 160, "说明"), (90, 193, "甲"), (190, 193, "乙"), (90, 213, "丙"),
                       (190, 213, "丁"), (90, 245, "附件")):  # fmt: skip
        sheet.text(x, y, text)
    assert read(sheet, decoder) == [[["标题"], ["说明\n附件"]], [["甲", "乙"], ["丙", "丁"]]]


@pytest.mark.parametrize("upright_scale", [False, True])
def test_a_chart_is_no_table(sheet: Sheet, decoder: str, upright_scale: bool) -> None:
    """Bars over grid lines, in a frame with a legend, above a table; the scale stands below or to the left."""
    box(sheet, 80, 100, 420, 262)
    for n in range(6):
        if upright_scale:
            sheet.line(140, 120 + 20 * n, 340, 120 + 20 * n)
            sheet.text(118, 123 + 20 * n, f"{50 - 10 * n}")
        else:
            sheet.line(140 + 40 * n, 120, 140 + 40 * n, 220)
            sheet.canvas.setFont("Helvetica", 9)
            sheet.canvas.drawCentredString(140 + 40 * n, sheet.height - 233, f"{20 * n}%")
    box(sheet, 140, 120, 340, 220)
    for n in range(3):
        sheet.fill(140, 130 + 30 * n, 200 + 40 * n, 142 + 30 * n, "#66aacc")
        box(sheet, 140, 130 + 30 * n, 200 + 40 * n, 142 + 30 * n)
        sheet.text(150, 140 + 30 * n, f"{11 * n + 12}")
    box(sheet, 150, 240, 330, 260)
    sheet.text(170, 254, "甲")
    sheet.table(((0, 0, 1, 1, "甲"), (0, 1, 1, 1, "乙")), (80.0, 200.0, 300.0), (300.0, 320.0))
    assert read(sheet, decoder) == [[["甲", "乙"]]]


def test_footnote_marks_leave_the_text(sheet: Sheet, decoder: str) -> None:
    """Only where a note below begins with the mark; a power and a raised number without a note stay."""
    sheet.table(((0, 0, 1, 1, "甲"), (0, 1, 1, 1, "m"), (1, 0, 1, 1, "丙"), (1, 1, 1, 1, "丁")), (80.0, 200.0, 300.0),
                (120.0, 140.0, 160.0))  # fmt: skip
    width = sheet.face.width("m", 9)
    for x, y, text in ((92.2, 130, "1"), (203 + width, 130, "2"), (92.2, 150, "3"), (212.2, 150, "12")):
        sheet.text(x, y, text, size=5)
    sheet.text(80, 180, "1 甲级")
    sheet.text(80, 195, "2、标题")
    sheet.text(80, 210, "12）说明")
    assert read(sheet, decoder) == [[["甲", "m2"], ["丙3", "丁"]]]
    blocks = read_pages(sheet.path, [1], decoder=decoder).blocks.to_pylist()
    marks = [row["text"].split("\t") for row in blocks if row["role"] == "footnote_mark"]
    assert [(mark, note.replace(" ", "")) for mark, note in marks] == [("1", "1甲级"), ("12", "12）说明")]


def test_rules_that_strike_text_out_are_no_borders(sheet: Sheet, decoder: str) -> None:
    """Side by side they might be one; underlines, bars of fractions and borders through text strike nothing out."""
    sheet.table(((0, 0, 1, 1, ""), (0, 1, 1, 1, "")), (80.0, 200.0, 240.0), (120.0, 190.0))
    for x, y, text in (
        (83, 133, "甲乙"),
        (203, 133, "丙丁"),
        (83, 150, "工程"),
        (83, 165, "1"),
        (83, 176, "2"),
    ):
        sheet.text(x, y, text)
    sheet.text(195, 230, "序号")
    sheet.line(190, 226.6, 300, 226.6)
    for x0, x1, y in ((83, 101, 129.6), (203, 221, 129.6), (83, 101, 151.5), (83, 92, 167)):
        sheet.line(x0, y, x1, y)
    assert read(sheet, decoder) == [[["甲乙\n工程\n1\n2", "丙丁"]]]
    blocks = read_pages(sheet.path, [1], decoder=decoder).blocks.to_pylist()
    assert [row["text"] for row in blocks if row["role"] == STRUCK] == ["甲乙", "丙丁"]


@pytest.mark.parametrize(
    ("size", "mark", "notes"),
    [(5.3, "*", ["*12甲"]), (7, "1", ["1 12甲"]), (7, "2", ["2.甲"]), (7, "*", []), (7, "1", ["12甲", "1、甲"])],
)  # fmt: skip
@pytest.mark.parametrize("where", ["behind", "in front", "on the next line"])
def test_where_footnote_marks_stand(
    sheet: Sheet, decoder: str, where: str, size: float, mark: str, notes: list[str]
) -> None:
    """A mark leaves the text where a note is found, wherever it stands; else it stays."""
    marked = {"behind": (92.2, 130), "in front": (83, 130), "on the next line": (83, 143)}[where]
    width = sum(sheet.face.width(char, size) for char in mark)
    drawn = [((83 + width if where == "in front" else 83, 133), "甲", 9), (marked, mark, size)]
    sheet.table(((0, 0, 1, 1, ""), (0, 1, 1, 1, "乙")), (80.0, 200.0, 300.0), (120.0, 150.0))
    for at, text, points in drawn[:: -1 if where == "in front" else 1]:
        sheet.text(*at, text, size=points)
    for n, text in enumerate(notes):
        sheet.text(80, 180 + 15 * n, text)
    found = len(notes) == 1
    shown = {"behind": f"甲{mark}", "in front": f"{mark}甲", "on the next line": f"甲\n{mark}"}[where]
    assert read(sheet, decoder) == [[["甲" if found else shown, "乙"]]]
    blocks = read_pages(sheet.path, [1], decoder=decoder).blocks.to_pylist()
    assert [row["role"] for row in blocks if row["role"] != "text"] == ["footnote_mark" if found else RAISED]


@pytest.mark.parametrize("rest", [True, False])
def test_borders_that_run_on_beyond_the_page(sheet: Sheet, decoder: str, rest: bool) -> None:
    """Browsers draw a cut row whole, under the page's clip: its page number is no part of it."""
    beyond = sheet.height + 40
    sheet.line(80, 740, 300, 740)
    sheet.line(80, 760, 300, 760)
    sheet.line(80, beyond, 300, beyond)
    for x in (80, 200, 300):
        sheet.line(x, 740, x, beyond)
    for x, y, text in (
        (90, 753, "甲"),
        (210, 753, "乙"),
        *([(90, 775, "丙"), (210, 775, "丁")] if rest else []),
    ):
        sheet.text(x, y, text)
    sheet.text(230, 815, "1")
    assert read(sheet, decoder) == [[["甲", "乙"], ["丙", "丁"] if rest else ["", ""]]]
