"""A table to read, and real PDFs turned into scans: pages as pictures of themselves, their text an invisible layer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium
from pikepdf import Array, Name, Operator

from pipeline.reading import Reading, cells_of
from tests.typeset.sheet import PLAN, XS, YS, Sheet, edges_of

Shape = tuple[int, int, int, int, int, int, str]

_PAINT = {"S", "s", "f", "F", "f*", "B", "B*", "b", "b*"}
_TURNED = {90: 1, 180: 2, 270: 3}


def shapes(reading: Reading) -> list[Shape]:
    """Page, table, place, spans and text of every cell."""
    return [(c.page, c.table_no, c.row, c.col, c.row_span, c.col_span, c.text) for c in cells_of(reading)]


def confidences(reading: Reading) -> set[float]:
    """Every confidence that a cell has."""
    return {round(cell.confidence, 4) for cell in cells_of(reading)}


def table(path: Path, without: tuple[tuple[str, float], ...] = ()) -> Path:
    """The zoo's table; ``without`` leaves out borders, given as direction and position."""
    sheet = Sheet(path)
    kept = {edge for edge in edges_of(PLAN, XS, YS) if (edge[0], edge[1]) not in without}
    sheet.rules(kept)
    sheet.words(PLAN, XS, YS)
    sheet.save()
    return path


def as_scan(
    source: Path,
    target: Path,
    pages: Sequence[int] | None = None,
    dpi: int = 200,
    visible: bool = False,
    strips: int = 1,
) -> None:
    """Write ``pages`` (from 1; all by default) of ``source`` as scans.

    Paths are no longer painted; ``visible`` leaves the text painted over the picture, otherwise it is there only for
    searching (render mode 3). ``strips`` cuts the picture, as scanners do.
    """
    with pikepdf.open(source) as pdf:
        drawn = pdfium.PdfDocument(source)
        keep = list(pages) if pages is not None else list(range(1, len(pdf.pages) + 1))
        for number in range(len(pdf.pages), 0, -1):
            if number not in keep:
                del pdf.pages[number - 1]
        for page, number in zip(pdf.pages, keep, strict=True):
            picture = drawn[number - 1].render(scale=dpi / 72).to_pil().convert("L")
            rotation = int(page.obj.get("/Rotate", 0)) % 360
            if rotation:
                picture = picture.rotate(rotation, expand=True)
            x0, y0, x1, y1 = (float(v) for v in page.cropbox)
            content: list[tuple[list[object], Operator]] = []
            for operands, operator in pikepdf.parse_content_stream(page):
                word = str(operator)
                if word in _PAINT:
                    operator = Operator("n")
                elif word == "Tr" and not visible:
                    continue
                content.append((operands, operator))
                if word == "BT" and not visible:
                    content.append(([3], Operator("Tr")))
            page.obj.Contents = pdf.make_stream(pikepdf.unparse_content_stream(content))
            before = b""
            high = picture.height // strips + 1
            for n in range(strips):
                part = picture.crop((0, n * high, picture.width, min((n + 1) * high, picture.height)))
                image = pdf.make_stream(
                    part.tobytes(),
                    Type=Name.XObject, Subtype=Name.Image, ColorSpace=Name.DeviceGray, BitsPerComponent=8,
                    Width=part.width, Height=part.height,
                )  # fmt: skip
                name = page.add_resource(image, Name.XObject)
                share = part.height / picture.height * (y1 - y0)
                bottom = y1 - n * high / picture.height * (y1 - y0) - share
                before += f"q {x1 - x0} 0 0 {share} {x0} {bottom} cm {name} Do Q\n".encode()
            page.contents_add(before, prepend=True)
            page.obj.MediaBox = Array([float(v) for v in page.mediabox])
        drawn.close()
        pdf.save(target)
