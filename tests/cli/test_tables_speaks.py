"""`xize tables` says on stderr what stands in no table, and needs no folder of editions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pikepdf
from PIL import Image
from reportlab.lib.utils import ImageReader

from tests.typeset.bad import good
from tests.typeset.sheet import XS, YS, Sheet

ROOT = Path(__file__).parents[2]


def spoken(path: Path, *options: str) -> list[str]:
    """The sentences on stderr; the home that the environment names does not exist."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "tables", str(path), "--format", "csv", *options],
        env={**os.environ, "XIZE_HOME": "/nonexistent/home", "PYTHONPATH": str(ROOT)},
        cwd=path.parent, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()


def test_a_plain_document_is_read_in_silence(tmp_path: Path) -> None:
    good(tmp_path / "plain.pdf")
    assert spoken(tmp_path / "plain.pdf") == []


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    path = tmp_path / "rules.pdf"
    sheet = Sheet(path)
    sheet.table()
    sheet.canvas.drawImage(
        ImageReader(Image.new("RGB", (30, 12), "#336699")),
        XS[3] + 20,
        sheet.height - YS[4] + 4,
        width=30,
        height=12,
    )
    sheet.text(XS[0], YS[-1] + 40, "请勿外", mode=3)
    sheet.canvas.showPage()
    sheet.canvas.showPage()
    sheet.table()
    sheet.save()
    assert spoken(path) == [
        "第1页有1个单元格里只有图片而没有文字：请对照原件，或先做文字识别（OCR）。",
        "第1页有3字在页面上看不见（不可见、白色或水印），未读入。",
        "第2页没有文字：如是扫描件，请先做文字识别（OCR）。",
    ]
    assert spoken(path, "--pages", "3") == []


def test_characters_without_a_code_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "rules.pdf"
    good(path, 1)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].Resources.Font.F9 = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type3, FontBBox=[0, 0, 1, 1], FontMatrix=[1, 0, 0, 1, 0, 0],
            FirstChar=1, LastChar=2, Widths=[1, 1], CharProcs=pikepdf.Dictionary(g1=pdf.make_stream(b"1 0 d0 0 0 1 1 re f")),
            Encoding=pikepdf.Dictionary(Differences=[1, pikepdf.Name.g1, pikepdf.Name.g1]),
        )  # fmt: skip
        pdf.pages[0].contents_add(b"BT /F9 9 Tf 100 700 Td <0102> Tj ET")
        pdf.save(path)
    assert spoken(path) == ["第1页有2字的字体没有给出编码（以�代替）：请对照原件。"]
