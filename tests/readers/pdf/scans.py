"""A table to read, and real PDFs turned into scans: pages as pictures of themselves, their text an invisible layer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2 as pdfium
from pikepdf import Array, Name, Operator

from pipeline.reading import Reading, cells_of
from tests.typeset.sheet import PLAN, SIZE, XS, YS, Sheet, edges_of

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


def grid_to_the_border(path: Path, style: str = "line", room: float = 1.5) -> Path:
    """Four rows by three columns whose words end ``room`` points before the border at their right."""
    sheet = Sheet(path)
    xs, ys = XS[:4], YS[:5]
    plan = tuple((row, col, 1, 1, "农业农村厅" if col else "甲") for row in range(4) for col in range(3))
    sheet.rules(edges_of(plan, xs, ys), style, 0.5, "#000000")
    for row, col, _, _, text in plan:
        sheet.text(xs[col + 1] - SIZE * len(text) - room, ys[row] + 14, text)
    sheet.save()
    return path


def worn(scan: Path, stretch: int = 100, grain: float = 0.0) -> None:
    """Make a scan of :func:`as_scan` a real one: letters of the layer ``stretch`` percent as wide as those printed, paper
    with ``grain`` (standard deviation of its shades)."""
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        content: list[tuple[object, Operator]] = []
        for operands, operator in pikepdf.parse_content_stream(pdf.pages[0]):
            content.append((operands, operator))
            if str(operator) == "BT":
                content.append(([stretch], Operator("Tz")))
        pdf.pages[0].obj.Contents = pdf.make_stream(pikepdf.unparse_content_stream(content))
        for image in pdf.pages[0].get_images().values():
            pixels = np.frombuffer(image.read_bytes(), dtype=np.uint8).astype(float)
            pixels += np.random.default_rng(1).normal(0, grain, len(pixels))
            image.write(np.clip(pixels, 0, 255).astype(np.uint8).tobytes())
        pdf.save(scan)


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
