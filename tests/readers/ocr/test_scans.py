"""Scans of small typeset rulebooks: recognised without the network, exact but for what is named; what is refused."""

from __future__ import annotations

import importlib.util
import json
import socket
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.errors import XizeError
from pipeline.model import Cell, Line
from pipeline.readers.ocr import engine
from pipeline.readers.ocr.layout import find_rulings
from pipeline.readers.ocr.picture import straightened
from pipeline.readers.ocr.read import read_scans
from pipeline.readers.ocr.scans import DOUBTFUL, doubts, pages_to_recognise, recognised
from pipeline.readers.pdf.read import read_pdf
from pipeline.reading import RECOGNISED, Reading, cells_of, pages_of, to_reading
from tests.cli_home import EDITION, TRUTH, xize
from tests.readers.ocr.pictures import scan
from tests.typeset import Layout, typeset
from tests.typeset.bad import picture
from tests.typeset.content import excerpt
from tests.typeset.layout import A3
from tests.typeset.sheet import PLAN, XS, YS, Sheet

pytestmark = pytest.mark.skipif(not engine.installed(), reason="the extra ocr is not installed")


def _truth() -> dict[str, Any]:
    known = json.loads(TRUTH.read_text("utf-8"))
    return excerpt(known, classes=1, annex_rows=12, sections=1, annexes=1)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("printed") / "rulebook.pdf"
    widths = {"class": 0.6, "title": 1.3, "skill": 1.3, "practice": 0.8, "one_plus_x": 1.3, "industry": 1.3}
    typeset(_truth(), Layout("scan", page=A3, landscape=True, size=8, widths=widths, toc=False), path)
    return path


def _texts(reading: Reading) -> dict[tuple[int, int, int, int], str]:
    return {(cell.page, cell.table_no, cell.row, cell.col): cell.text for cell in cells_of(reading)}


@pytest.fixture(scope="module")
def scanned(printed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scan(printed, tmp_path_factory.mktemp("scan") / "scan.pdf", dpi=200)


def test_the_cells_of_a_scan(printed: Path, scanned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("the recogniser wants the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    blank = read_pdf(scanned)
    assert pages_to_recognise(blank) == blank.pages.column("page").to_pylist() and not len(blank.cells)
    reading = recognised(scanned, blank, workers=1)
    wanted, found = _texts(read_pdf(printed)), _texts(reading)
    filled = [place for place, text in wanted.items() if text]
    right = [place for place in filled if found.get(place) == wanted[place]]
    assert len(right) >= 0.98 * len(filled)
    assert not [text for place, text in found.items() if text and not wanted.get(place)]
    wrong = {c.cell_id for c in cells_of(reading) if c.text != wanted.get((c.page, c.table_no, c.row, c.col))}
    named = {one.cell_id for one in doubts(reading) if one.code == "ocr_uncertain"}
    assert wrong <= named and len(named - wrong) <= 0.05 * len(filled)
    assert set(reading.cells.column("engine").to_pylist()) == {RECOGNISED}
    assert [one.code for one in doubts(reading)].count("page_recognised") == 1


def _with_a_bad_layer(path: Path) -> Path:
    """Pages: text; a picture; pictures under an invisible layer without codes and under a good one; one with a page number only."""
    first, second = Sheet(path), Sheet(path.with_name("second.pdf"))

    def photo(sheet: Sheet) -> None:
        sheet.canvas.drawImage(picture(200), 0, 0, sheet.width, sheet.height)

    first.table()
    first.canvas.showPage()
    photo(first)
    first.canvas.showPage()
    photo(first)
    first.words(PLAN, XS, YS, mode=3)
    first.canvas.showPage()
    photo(first)
    first.text(400, 800, "第5页")
    photo(second)
    second.words(PLAN, XS, YS, mode=3)
    for sheet in (first, second):
        sheet.save()
    with pikepdf.open(path, allow_overwriting_input=True) as made, pikepdf.open(second.path) as bad:
        for font in bad.pages[0].Resources.Font.values():  # type: ignore[operator, union-attr]
            if "/ToUnicode" in font:
                del font["/ToUnicode"]
        made.pages.insert(2, bad.pages[0])
        made.save(path)
    return path


def test_of_a_mixed_file_the_better_text_is_taken_and_told(tmp_path: Path) -> None:
    path = _with_a_bad_layer(tmp_path / "mixed.pdf")
    found = recognised(path, read_pdf(path), workers=1)
    by_page = {page.page: page.engine == RECOGNISED for page in pages_of(found)}
    assert by_page == {1: False, 2: True, 3: True, 4: False, 5: True}
    wanted = [text for *_, text in PLAN]
    for number in by_page:
        assert [cell.text for cell in cells_of(found) if cell.page == number] == wanted
    assert [one.message.split("页")[0] for one in doubts(found)] == ["第 2-3、5 "]


@pytest.mark.parametrize(
    ("text", "at_the_foot", "at_the_head", "named"),
    [
        ("电工（四级/中级工)、焊工(五级)", False, False, False),
        ("(人社部发〔2019]16号)", False, False, True),
        ("电工(四级/中级", False, False, True),
        ("电工(四级/中级", True, False, False),
        ("工)、焊工(五级)", False, False, True),
        ("工)、焊工(五级)", False, True, False),
        ("Fe11ow", False, False, True),
        ("5、4.3", False, False, True),
        ("培养项目一一电工", False, False, True),
        ("电工(四级/中级、焊工(五级)", True, False, True),
        ("[电工(四级)、焊工", True, False, True),
    ],
)
def test_lines_that_print_does_not_hold_are_named(
    text: str, at_the_foot: bool, at_the_head: bool, named: bool
) -> None:
    def cell(row: int, bottom: float, said: str) -> Cell:
        line = Line(said, 10, bottom - 9, 90, bottom, page=1)
        return Cell(f"c{row}", 1, 1, row, 0, 1, 1, 0, bottom - 10, 100, bottom, (line,), RECOGNISED)

    cells = [cell(1 if at_the_head else 9, 100, text), cell(10, 90 if at_the_foot else 110, "电工")]
    found = list(doubts(to_reading(cells, [], [], [[1.0], [1.0]])))
    assert [one.cell_id for one in found] == ([cells[0].cell_id] if named else [])


def test_a_line_is_as_sure_as_against_the_second_guess_and_as_nothing_was_passed_over() -> None:
    signs = ["", "(", "（", "4", "3", "、", "构", "枸", " "]

    def line(*steps: dict[str, float]) -> tuple[str, float]:
        answer = np.zeros((len(steps), len(signs)), dtype=np.float32)
        for at, step in enumerate(steps):
            for sign, share in step.items():
                answer[at, signs.index(sign)] = share
        found = engine.Decoder(signs).line(answer)
        return found.text, round(found.certainty, 2)

    assert line({"4": 1}, {"": 1}, {"4": 1}, {"4": 1}) == ("44", 1.0)
    assert line({"(": 0.5, "（": 0.45, "": 0.05}) == ("(", 1.0)
    assert line({"构": 0.6, "枸": 0.2, "": 0.2}) == ("构", 0.75)
    assert line({"4": 1}, {"": 0.6, "、": 0.4}, {"3": 1}) == ("43", 0.6)
    assert line({"4": 1}, {"": 0.6, "4": 0.4}, {"3": 1}) == ("43", 1.0)
    assert line({"4": 1}, {"、": 0.6, "(": 0.4}, {"3": 1}) == ("4、3", 1.0)
    assert line({"": 1}) == ("", 0.0)


def test_a_coarser_scan_and_pictures_of_pages(printed: Path, tmp_path: Path) -> None:
    coarse = scan(printed, tmp_path / "coarse.pdf", pages=[1], dpi=150, skew=-0.5, noise=5)
    reading = read_scans(coarse, [1])
    wanted = _texts(read_pdf(printed, pages=[1]))
    found = _texts(reading)
    filled = [place for place, text in wanted.items() if text]
    assert sum(found.get(place) == wanted[place] for place in filled) >= 0.95 * len(filled)
    assert all(0.0 <= cell.confidence <= 1.0 for cell in cells_of(reading))


@pytest.mark.long
def test_from_scan_to_release(scanned: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    assert xize(home, "add", EDITION, scanned, "--title", "某细则").code == 0
    run = xize(home, "run", EDITION, "--no-prefect", "--allow-incomplete")
    assert run.code == 0, run.err
    release = home / "curated" / EDITION / "r001"
    entries = pq.read_table(release / "entries.parquet").to_pylist()
    items = [
        text
        for one in _truth()["sections"][0]["classes"]
        for tiers in one["cells"].values()
        for texts in tiers.values()
        for text in texts
    ]
    assert len(entries) == len(items) and {row["source"] for row in entries} == {"pdf"}
    stats = json.loads((release / "manifest.json").read_text("utf-8"))["stats"]
    assert stats["recognised"]["pages"] and "rapidocr" in stats["recognised"]
    kept = sorted((home / "staged" / EDITION / "ocr").iterdir())
    assert len(kept) == stats["recognised"]["pages"]
    before = [place.stat().st_mtime_ns for place in kept]
    (home / "raw" / EDITION / "corrections.yaml").write_text("[]\n")
    for place in (home / "staged" / EDITION / "pdf").rglob("reading.json"):
        place.unlink()  # as if the run had been interrupted after the last page
    assert xize(home, "run", EDITION, "--no-prefect", "--allow-incomplete").code == 0
    assert [place.stat().st_mtime_ns for place in kept] == before


def test_without_the_extra_the_sentence_says_what_to_install(
    scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    blank = read_pdf(scanned)
    assert recognised(scanned, blank) is blank
    from pipeline.tidy.document import tidy

    with pytest.raises(XizeError, match=r"pip install 'xize\[ocr\]'"):
        tidy(blank, {}, "scan.pdf")


def _png(path: Path, wide: int, high: int) -> Path:
    """A PNG whose head says it has so many pixels, which are not there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize(("size", "said"), [((25_000, 20_000), "大得无法识别"), ((1, 1), "小得无法识别")])
def test_pictures_of_no_use_are_one_sentence(tmp_path: Path, size: tuple[int, int], said: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    answer = xize(home, "add", EDITION, _png(tmp_path / "page.png", *size))
    assert answer.code != 0 and said in answer.err and not list(home.rglob("source.yaml"))


def test_a_speck_on_a_page_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "speck.pdf"
    Image.new("L", (1, 1), 0).save(path, "PDF", resolution=0.1)
    with pytest.raises(XizeError, match="小得无法识别"):
        read_scans(path, [1])


def test_several_pictures_are_the_pages_of_one_document(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name, kind in (("a.png", "PNG"), ("b.jpg", "JPEG")):
        Image.new("L", (827, 1169), 255).save(tmp_path / name, kind, dpi=(100, 100))
    Image.new("1", (827, 1169), 1).save(
        tmp_path / "c.tif", save_all=True, append_images=[Image.new("1", (827, 1169), 1)], dpi=(100, 100)
    )
    names = [tmp_path / name for name in ("a.png", "b.jpg", "c.tif")]
    assert xize(home, "add", EDITION, *names, "--title", "某细则").code == 0
    reading = read_pdf(home / "raw" / EDITION / f"{EDITION}.pdf")
    assert len(reading.pages) == 4 and set(reading.pages.column("pictures").to_pylist()) == {1.0}
    assert [round(width) for width in reading.pages.column("width").to_pylist()] == [595] * 4


def test_short_rulings_are_told_from_strokes_of_letters() -> None:
    page = np.zeros((500, 800), dtype=np.uint8)
    for y in (20, 50, 80, *range(112, 480, 32)):  # a row of one line, a banner, rows of one line
        page[y : y + 5, 50:704] = 1
    page[112:117, 117:700] = 0  # only the narrow first column ends here
    for x in (50, 111, 700):
        page[20:50, x : x + 6] = page[80:465, x : x + 6] = 1
    page[80:465, 300:303] = 1  # the same letter in every row, touching the rulings above and below
    for y in range(80, 460, 8):
        page[y : y + 3, 292:312] = 1
    lines = find_rulings(page, page, 150).lines
    level, upright = lines[lines[:, 1] == lines[:, 3]], lines[lines[:, 0] == lines[:, 2]]
    assert {round(line[1] / 4) * 4 for line in level if line[2] - line[0] < 90} == {116}
    assert sorted(round(line[0]) // 10 for line in upright) == [5, 5, 11, 11, 70, 70]


def test_a_picture_askew_is_straightened() -> None:
    page = np.full((900, 700), 255, dtype=np.uint8)
    page[100:800:40, 80:620] = 0
    page[101:801:40, 80:620] = 0
    askew = np.asarray(Image.fromarray(page).rotate(1.3, resample=Image.Resampling.BICUBIC, fillcolor=255))
    level = straightened(askew)
    assert ((level < 128).sum(axis=1) > 450).sum() >= 15 > ((askew < 128).sum(axis=1) > 450).sum()
    assert 0 < DOUBTFUL < 1
