"""Strips of pages: they show the place asked for, and each part of a page once."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
from PIL import Image

from pipeline.diff import Side
from pipeline.diff.output.pictures import Album, Box, box_of, strips
from tests.cli_home import EDITION, Done
from tests.diff.output.sample import place


def _pdf(published: tuple[Path, Done]) -> Path:
    return published[0] / "raw" / EDITION / f"{EDITION}.pdf"


def _boxes(side: Side) -> list[Box]:
    names = [name for name in side.tables if name == "entries" or name.startswith("annex_")]
    rows = [place(row, "before") for name in names for row in side.tables[name].to_pylist()]
    return [box for row in rows if (box := box_of(row, "before"))]


def test_strips_show_the_page(published: tuple[Path, Done], sides: tuple[Side, Side]) -> None:
    """Every box lies in a strip, and there the strip is the page as pdfium paints it, ink included."""
    boxes = _boxes(sides[0])
    album = Album(strips(_pdf(published), boxes, 1 << 30))
    assert 0 < len(album.strips) < len(set(boxes)) / 4
    document = pdfium.PdfDocument(_pdf(published))
    pages: dict[int, np.ndarray] = {}
    for box in boxes[::7]:
        index = album.find(box)
        assert index is not None
        strip = album.strips[index]
        if box.page not in pages:
            pages[box.page] = np.array(
                document[box.page - 1].render(scale=strip.scale, grayscale=True).to_pil()
            )
        picture = np.array(Image.open(io.BytesIO(strip.png)).convert("L"))
        left, top, right, bottom = (round(edge * strip.scale) for edge in box[1:])
        x, y = round(strip.place.x0 * strip.scale), round(strip.place.top * strip.scale)
        shown = picture[top - y : bottom - y, left - x : right - x].astype(int)
        painted = pages[box.page][top:bottom, left:right].astype(int)
        assert shown.shape == painted.shape and painted.min() < 100
        assert np.abs(shown - painted).max() <= 34  # eight shades of grey
    document.close()


def test_budget_is_kept(published: tuple[Path, Done], sides: tuple[Side, Side]) -> None:
    boxes = _boxes(sides[0])
    whole = Album(strips(_pdf(published), boxes, 1 << 30)).size
    assert 0 < Album(strips(_pdf(published), boxes, whole - 1)).size < whole


def test_sideways_page(published: tuple[Path, Done], sides: tuple[Side, Side], tmp_path: Path) -> None:
    """A page that is displayed sideways is shown upright, as its boxes are measured."""
    import pikepdf

    path = tmp_path / "sideways.pdf"
    box = next(box for box in _boxes(sides[0]))
    with pikepdf.open(_pdf(published)) as pdf:
        page = pdf.pages[box.page - 1]
        page.Rotate = 90
        pdf.save(path)
    upright, turned = (
        Image.open(io.BytesIO(next(iter(strips(source, [box], 1 << 30))).png)).convert("L")
        for source in (_pdf(published), path)
    )
    assert upright.size == turned.size
    assert np.abs(np.array(upright).astype(int) - np.array(turned).astype(int)).mean() < 12


def test_only_the_file_that_was_read(own_home: Path, sides: tuple[Side, Side]) -> None:
    side = sides[0]
    path, remark = side.original
    assert path is not None and not remark
    path.write_bytes(path.read_bytes() + b"\n")
    other = replace(side)
    assert other.original[0] is None and "已不是" in other.original[1]
    path.unlink()
    gone = replace(side)
    assert gone.original[0] is None and "不在手边" in gone.original[1]
    assert replace(side, edition="nowhere-2025").original[0] is None
