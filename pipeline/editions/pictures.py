"""Picture files (PNG, JPEG, TIFF) → a PDF whose pages they are, without loss: a scan comes in either form."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import XizeError

_LARGEST = 120_000_000
_SMALLEST = 100
"""Pixels of the largest picture that is read, and across or down of the smallest."""
_USUAL_DPI = 200.0
_DPI = (72.0, 1200.0)
"""The resolution of a picture that names none, and those that are believed."""


def pictures_as_pdf(paths: Sequence[Path]) -> bytes:
    """The pictures as the pages of a PDF, in the order given; a TIFF may hold several.

    Raises XizeError for a file that is no whole picture, or one that is far too small or too large.
    """
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    document = pdfium.PdfDocument.new()
    for path in paths:
        for picture, dpi in _pictures(path):
            width, height = (72 * side / dpi for side in picture.size)
            page = document.new_page(width, height)
            image = pdfium.PdfImage.new(document)
            image.set_bitmap(pdfium.PdfBitmap.from_pil(picture))
            image.set_matrix(pdfium.PdfMatrix().scale(width, height))
            page.insert_obj(image)
            page.gen_content()
            page.close()
    out = io.BytesIO()
    document.save(out, flags=raw.FPDF_NO_INCREMENTAL)
    document.close()
    return out.getvalue()


def _pictures(path: Path) -> Iterator[tuple[Any, float]]:
    """The pictures of a file in shades of grey or colour, each with its dots per inch."""
    from PIL import Image, ImageOps, ImageSequence

    Image.MAX_IMAGE_PIXELS = None  # sizes are looked at before anything is unpacked
    try:
        with Image.open(path) as file:
            for number, frame in enumerate(ImageSequence.Iterator(file), start=1):
                _check_size(f"{path.name}的第{number}幅", *frame.size)
                stated = frame.info.get("dpi") or (_USUAL_DPI,)
                dpi = float(stated[0]) if _DPI[0] <= float(stated[0]) <= _DPI[1] else _USUAL_DPI
                upright = ImageOps.exif_transpose(frame)
                grey = upright.mode in ("1", "L", "I;16", "LA")
                yield upright.convert("L" if grey else "RGB"), dpi
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise XizeError(f"{path.name}：图片已损坏或不完整，无法读取；请重新扫描。") from error


def _check_size(where: str, wide: int, high: int) -> None:
    if wide * high > _LARGEST:
        raise XizeError(f"{where}有{wide}×{high}像素，大得无法识别；请以200至300 dpi重新扫描。")
    if min(wide, high) < _SMALLEST:
        raise XizeError(f"{where}只有{wide}×{high}像素，小得无法识别；请以200至300 dpi重新扫描。")
