"""Pages that camelot reads too, compared with what was staged."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from pipeline.errors import XizeError
from pipeline.findings import CODES, Finding
from pipeline.readers.cross_check.pages import compare_pages, suspects, with_confidence
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
from tests.readers.pdf.scans import confidences, shapes, table
from tests.typeset.bad import scan_with_text
from tests.typeset.sheet import PLAN, XS, YS


def test_vector_pages_never_load_camelot(tmp_path: Path) -> None:
    path = table(tmp_path / "v.pdf")
    code = (
        "import sys; from pathlib import Path; from pipeline.readers.pdf.read import read_pdf; import pipeline.readers.cross_check.pages; "
        f"assert read_pdf(Path({str(path)!r})).cells.num_rows; "
        "sys.exit(bool({'camelot', 'cv2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def cross_check(
    path: Path, reading: Reading, pages: list[int], password: str = ""
) -> tuple[Reading, list[Finding]]:
    """The reading with its cells' confidence adjusted, and the disagreements."""
    compared = compare_pages(path, reading, pages, password)
    return with_confidence(reading, compared), [finding for page in compared for finding in page.findings]


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
