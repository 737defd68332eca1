"""Scans read in pixels, and the cross-check: real PDFs, typeset and scanned here."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from pipeline.errors import XizeError
from pipeline.findings import CODES
from pipeline.readers.cross_check.pages import compare_pages, cross_check, suspects, with_confidence
from pipeline.readers.pdf.read import count_pages, read_pdf
from pipeline.reading import (
    AGREED,
    PIXELS,
    SINGLE,
    STRUCTURE_DIFFERS,
    TEXT_DIFFERS,
    Reading,
    blocks_of,
    cells_of,
    pages_of,
    to_reading,
)
from tests.readers.scans import as_scan
from tests.typeset.bad import scan_with_text
from tests.typeset.sheet import PLAN, XS, YS, Sheet, edges_of
from tests.typeset.zoo import ZOO

Shape = tuple[int, int, int, int, int, int, str]

SCANNABLE = [
    "crop_box", "filled_cells", "grey_rules", "header_fill", "long_cells", "many_narrow_columns", "open_sides",
    "page_frame_and_head_rule", "page_furniture", "rule_broken", "rule_dashed", "separate_boxes", "two_tables",
    "two_tables_side_by_side", "white_rules_on_fill",
]  # fmt: skip


def shapes(reading: Reading) -> list[Shape]:
    return [(c.page, c.table_no, c.row, c.col, c.row_span, c.col_span, c.text) for c in cells_of(reading)]


def confidences(reading: Reading) -> set[float]:
    return {round(cell.confidence, 4) for cell in cells_of(reading)}


def table(path: Path, without: tuple[tuple[str, float], ...] = (), **how: object) -> Path:
    """The zoo's table; ``without`` leaves out borders, given as direction and position."""
    sheet = Sheet(path)
    kept = {edge for edge in edges_of(PLAN, XS, YS) if (edge[0], edge[1]) not in without}
    sheet.rules(kept)
    sheet.words(PLAN, XS, YS)
    sheet.save()
    return path


def test_ocr_scan_is_read_like_its_table(tmp_path: Path) -> None:
    scan_with_text(tmp_path / "scan.pdf")
    reading = read_pdf(tmp_path / "scan.pdf")
    assert shapes(reading) == [(1, 1, r, c, rs, cs, t) for r, c, rs, cs, t in PLAN]
    assert {cell.engine for cell in cells_of(reading)} == {"camelot"}
    assert confidences(reading) == {PIXELS}
    assert pages_of(reading)[0].engine == "camelot"


@pytest.mark.parametrize("name", SCANNABLE)
def test_scan_reads_as_its_vector_original(name: str, tmp_path: Path) -> None:
    vector, scan = tmp_path / "vector.pdf", tmp_path / "scan.pdf"
    ZOO[name](vector)
    as_scan(vector, scan, dpi=150)
    original, scanned = read_pdf(vector), read_pdf(scan)
    assert shapes(scanned) == shapes(original)
    for one, other in zip(cells_of(original), cells_of(scanned), strict=True):
        assert (one.x0, one.x1) == pytest.approx((other.x0, other.x1), abs=4)
        assert one.lines == other.lines


@pytest.mark.parametrize("how", [{"visible": True}, {"strips": 5}, {"dpi": 100}])
def test_other_scans(how: dict[str, int], tmp_path: Path) -> None:
    vector, scan = table(tmp_path / "vector.pdf"), tmp_path / "scan.pdf"
    as_scan(vector, scan, **how)  # type: ignore[arg-type]
    assert shapes(read_pdf(scan)) == shapes(read_pdf(vector))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_scan(turn: int, tmp_path: Path) -> None:
    table(tmp_path / "v.pdf")
    as_scan(tmp_path / "v.pdf", tmp_path / "s.pdf")
    with pikepdf.open(tmp_path / "s.pdf", allow_overwriting_input=True) as pdf:
        pdf.pages[0].Rotate = turn
        pdf.save(tmp_path / "s.pdf")
    reading = read_pdf(tmp_path / "s.pdf")
    assert shapes(reading) == [(1, 1, r, c, rs, cs, t) for r, c, rs, cs, t in PLAN]
    assert pages_of(reading)[0].turned == turn


def test_encrypted_scan_needs_the_password(tmp_path: Path) -> None:
    scan_with_text(tmp_path / "open.pdf")
    locked = tmp_path / "locked.pdf"
    with pikepdf.open(tmp_path / "open.pdf") as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(user="细则", owner="o", R=6))
    assert shapes(read_pdf(locked, password="细则")) == shapes(read_pdf(tmp_path / "open.pdf"))
    with pytest.raises(XizeError, match="--password"):
        read_pdf(locked)


def test_vector_pages_never_load_camelot(tmp_path: Path) -> None:
    path = table(tmp_path / "v.pdf")
    code = (
        "import sys; from pathlib import Path; from pipeline.readers.pdf.read import read_pdf; import pipeline.readers.cross_check.pages; "
        f"assert read_pdf(Path({str(path)!r})).cells.num_rows; "
        "sys.exit(bool({'camelot', 'cv2', 'playa'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_agreement_raises_confidence(tmp_path: Path) -> None:
    path = table(tmp_path / "v.pdf")
    reading = read_pdf(path)
    assert confidences(reading) == {SINGLE}
    checked, findings = cross_check(path, reading, [1])
    assert findings == []
    assert confidences(checked) == {AGREED}
    assert shapes(checked) == shapes(reading)
    assert checked.cells.schema.equals(reading.cells.schema)
    (page,) = compare_pages(path, reading, [1])
    assert (page.status, page.cells, len(page.agreed)) == ("agreed", len(PLAN), len(PLAN))


def test_missing_border_is_flagged_and_cross_checked(tmp_path: Path) -> None:
    whole, cut = table(tmp_path / "whole.pdf"), table(tmp_path / "cut.pdf", without=(("v", XS[0]),))
    reading = read_pdf(cut)
    assert suspects(reading) == [1]
    assert suspects(read_pdf(whole)) == []
    (page,) = compare_pages(cut, reading, suspects(reading))
    assert (page.page, page.status, len(page.agreed)) == (1, "agreed", len(PLAN))
    assert confidences(with_confidence(reading, [page])) == {AGREED}


def test_disagreement_names_both_readings(tmp_path: Path) -> None:
    """A border that only a picture shows: the rulings unite two cells, the pixels part them."""
    whole, path = table(tmp_path / "whole.pdf"), tmp_path / "path.pdf"
    table(path, without=(("h", YS[3]),))
    stripe = tmp_path / "stripe.pdf"
    with pikepdf.open(path) as pdf:
        page = pdf.pages[0]
        image = pdf.make_stream(
            bytes(4 * 20), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=20, Height=4,
            ColorSpace=pikepdf.Name.DeviceGray, BitsPerComponent=8,
        )  # fmt: skip
        name = page.add_resource(image, pikepdf.Name.XObject)
        height = float(page.mediabox[3])
        box = f"{XS[-1] - XS[0]} 0 0 1 {XS[0]} {height - YS[3] - 0.5}"
        page.contents_add(f"q {box} cm {name} Do Q".encode(), prepend=False)
        pdf.save(stripe)
    reading = read_pdf(path)
    assert shapes(reading) != shapes(read_pdf(whole))
    checked, findings = cross_check(stripe, reading, [1])
    assert findings
    assert {finding.code for finding in findings} == {"cross_check_structure"}
    finding = findings[0]
    assert CODES[finding.code].severity == finding.level == "warning"
    assert "pdfium：" in finding.evidence and "| camelot：" in finding.evidence
    assert finding.page == 1 and finding.cell_id in {cell.cell_id for cell in cells_of(reading)}
    assert finding.x0 is not None and finding.x1 is not None and finding.x0 < finding.x1
    by_id = {cell.cell_id: round(cell.confidence, 4) for cell in cells_of(checked)}
    assert by_id[finding.cell_id] == STRUCTURE_DIFFERS
    assert AGREED in by_id.values()
    assert findings == cross_check(stripe, reading, [1])[1]


def test_other_text_is_found(tmp_path: Path) -> None:
    path = table(tmp_path / "v.pdf")
    reading = read_pdf(path)
    cells = [
        replace(cell, lines=(replace(cell.lines[0], text="焊接"),)) if cell.text == "焊工" else cell
        for cell in cells_of(reading)
    ]
    forged = to_reading(cells, blocks_of(reading), pages_of(reading))
    checked, findings = cross_check(path, forged, [1])
    assert [finding.code for finding in findings] == ["cross_check_text"]
    assert "“焊接”" in findings[0].evidence and "“焊工”" in findings[0].evidence
    wrong = next(cell for cell in cells_of(checked) if cell.text == "焊接")
    assert round(wrong.confidence, 4) == TEXT_DIFFERS
    assert findings[0].cell_id == wrong.cell_id


def test_a_table_only_the_second_reader_sees(tmp_path: Path) -> None:
    path = table(tmp_path / "v.pdf")
    reading = read_pdf(path)
    nothing = Reading(reading.cells.slice(0, 0), reading.blocks, reading.pages)
    (page,) = compare_pages(path, nothing, [1])
    assert page.status == "differs"
    assert [finding.code for finding in page.findings] == ["cross_check_structure"]


def test_scans_are_not_checked_against_themselves(tmp_path: Path) -> None:
    scan_with_text(tmp_path / "scan.pdf")
    reading = read_pdf(tmp_path / "scan.pdf")
    (page,) = compare_pages(tmp_path / "scan.pdf", reading, [1])
    assert page.status == "pixels"
    assert confidences(with_confidence(reading, [page])) == {PIXELS}


def test_several_pages_in_workers(tmp_path: Path) -> None:
    table(tmp_path / "v.pdf")
    path = tmp_path / "many.pdf"
    with pikepdf.open(tmp_path / "v.pdf") as pdf:
        for _ in range(9):
            pdf.pages.append(pdf.pages[0])
        pdf.save(path)
    reading = read_pdf(path)
    alone = compare_pages(path, reading, [9, 1, 4], workers=1)
    assert [page.page for page in alone] == [9, 1, 4]
    seen: list[tuple[int, int]] = []
    every = compare_pages(
        path, reading, range(1, count_pages(path) + 1), workers=2, progress=lambda *at: seen.append(at)
    )
    assert {page.status for page in every} == {"agreed"}
    assert every[0] == alone[1]
    assert seen[-1] == (10, 10)


def test_cross_check_of_an_encrypted_file(tmp_path: Path) -> None:
    table(tmp_path / "v.pdf")
    locked = tmp_path / "locked.pdf"
    with pikepdf.open(tmp_path / "v.pdf") as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(user="secret", owner="o", R=6))
    reading = read_pdf(locked, password="secret")
    assert confidences(cross_check(locked, reading, [1], password="secret")[0]) == {AGREED}
    with pytest.raises(XizeError, match="--password"):
        cross_check(locked, reading, [1])
