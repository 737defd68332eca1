"""Real PDFs turned into scans: every page a picture of itself, its text an invisible layer on top."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium
from pikepdf import Array, Name, Operator

_PAINT = {"S", "s", "f", "F", "f*", "B", "B*", "b", "b*"}
_TURNED = {90: 1, 180: 2, 270: 3}


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
