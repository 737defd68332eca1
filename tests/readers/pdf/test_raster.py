"""Scans, typeset and scanned here, read in pixels like their originals."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest

from pipeline.errors import XizeError
from pipeline.readers.pdf.read import read_pdf
from pipeline.reading import PIXELS, cells_of, pages_of
from tests.readers.pdf.scans import as_scan, confidences, grid_to_the_border, shapes, table, worn
from tests.typeset.bad import scan_with_text
from tests.typeset.sheet import PLAN
from tests.typeset.zoo import ZOO

SCANNABLE = [
    "crop_box", "filled_cells", "grey_rules", "header_fill", "long_cells", "many_narrow_columns", "open_sides",
    "page_frame_and_head_rule", "page_furniture", "rule_broken", "rule_dashed", "separate_boxes", "two_tables",
    "two_tables_side_by_side", "white_rules_on_fill",
]  # fmt: skip


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


@pytest.mark.parametrize(("stretch", "grain", "style"), [(180, 0, "line"), (100, 12, "dashed")])
def test_a_layer_that_lies_over_rules_and_grain_leave_the_rules(
    stretch: int, grain: float, style: str, tmp_path: Path
) -> None:
    vector, scan = grid_to_the_border(tmp_path / "vector.pdf", style), tmp_path / "scan.pdf"
    as_scan(vector, scan, dpi=150)
    worn(scan, stretch, grain)
    assert [shape[1:6] for shape in shapes(read_pdf(scan))] == [
        (1, row, col, 1, 1) for row in range(4) for col in range(3)
    ]


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
