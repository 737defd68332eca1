"""Picture files (PNG, JPEG, TIFF) → a PDF whose pages they are, without loss: a scan comes in either form."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.editions.kinds import is_picture
from pipeline.errors import XizeError

LARGEST = 120_000_000
SMALLEST = 100
"""Pixels of the largest picture that is read (an A2 sheet at 600 dpi), and across or down of the smallest."""
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


@contextmanager
def one_document(files: Sequence[Path]) -> Iterator[Path]:
    """The one file that is given, or a PDF made of pictures. Raises XizeError for several other files."""
    if not all(file.is_file() and is_picture(file) for file in files):
        if len(files) > 1:
            raise XizeError("一次只能加入一个文件（图片可以有几个，各为一页）：请分几次加入。")
        yield files[0]
        return
    with TemporaryDirectory(prefix="xize-") as folder:
        made = Path(folder) / f"{files[0].stem}.pdf"
        made.write_bytes(pictures_as_pdf(files))
        yield made


def _pictures(path: Path) -> Iterator[tuple[Any, float]]:
    """The pictures of a file in shades of grey or colour, each with its dots per inch."""
    from PIL import Image, ImageOps, ImageSequence

    Image.MAX_IMAGE_PIXELS = None  # sizes are looked at before anything is unpacked
    try:
        with Image.open(path) as file:
            for number, frame in enumerate(ImageSequence.Iterator(file), start=1):
                check_size(f"{path.name}的第{number}幅", *frame.size)
                stated = frame.info.get("dpi") or (_USUAL_DPI,)
                dpi = float(stated[0]) if _DPI[0] <= float(stated[0]) <= _DPI[1] else _USUAL_DPI
                upright = ImageOps.exif_transpose(frame)
                grey = upright.mode in ("1", "L", "I;16", "LA")
                yield upright.convert("L" if grey else "RGB"), dpi
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise XizeError(f"{path.name}：图片已损坏或不完整，无法读取；请重新扫描。") from error


def check_size(where: str, wide: int, high: int, least: int = SMALLEST) -> None:
    """Raise XizeError for a picture that is far too large or too small to be read."""
    if wide * high > LARGEST:
        raise XizeError(f"{where}有{wide}×{high}像素，大得无法识别；请以200至300 dpi重新扫描。")
    if min(wide, high) < least:
        raise XizeError(f"{where}只有{wide}×{high}像素，小得无法识别；请以200至300 dpi重新扫描。")
