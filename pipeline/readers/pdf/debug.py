"""Pictures of how a page was read, for a steward who meets a page that reads badly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.readers.pdf.grid import Found
from pipeline.readers.pdf.page import PageArrays

_SCALE = 2.0
_RED, _BLUE, _GREEN, _ORANGE = (214, 39, 40), (31, 119, 180), (44, 160, 44, 70), (255, 127, 14)


def draw_page(path: Path, page: PageArrays, found: Found, target: Path, password: str = "") -> Path:
    """Write ``target`` (PNG, 144 dpi): the page, rulings red (across) and blue (down), intersections, cells green.

    A cell that spans several rows or columns is outlined in orange.
    """
    import pypdfium2 as pdfium
    from PIL import Image, ImageDraw

    document = pdfium.PdfDocument(path, password=password or None)
    try:
        picture: Any = document[page.number - 1].render(scale=_SCALE).to_pil().convert("RGB")
    finally:
        document.close()
    if page.turned:
        picture = picture.rotate(page.turned, expand=True)
    overlay = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(overlay)
    for grid in found.grids:
        for cell in grid.cells:
            box = [
                cell.x0 * _SCALE + 3,
                cell.top * _SCALE + 3,
                cell.x1 * _SCALE - 3,
                cell.bottom * _SCALE - 3,
            ]
            if box[2] <= box[0] or box[3] <= box[1]:
                continue
            merged = cell.row_span > 1 or cell.col_span > 1
            draw.rectangle(box, fill=_GREEN, outline=_ORANGE if merged else (44, 160, 44), width=2)
    for rail in found.horizontal:
        draw.line(
            [rail.low * _SCALE, rail.at * _SCALE, rail.high * _SCALE, rail.at * _SCALE], fill=_RED, width=2
        )
    for rail in found.vertical:
        draw.line(
            [rail.at * _SCALE, rail.low * _SCALE, rail.at * _SCALE, rail.high * _SCALE], fill=_BLUE, width=2
        )
    for grid in found.grids:
        for x in grid.xs:
            for y in grid.ys:
                draw.ellipse(
                    [x * _SCALE - 3, y * _SCALE - 3, x * _SCALE + 3, y * _SCALE + 3], outline=(148, 103, 189)
                )
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.alpha_composite(picture.convert("RGBA"), overlay).convert("RGB").save(target)
    return target
