"""Page pictures (WebP, by pdfium), rendered once and kept beside what is staged."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium

from pipeline.editions.files import replace_file
from pipeline.errors import XizeError
from pipeline.readers.pdf.pdfium_calls import LOCK
from pipeline.readers.pdf.pictures import draw_page
from pipeline.review.model import Material

_LONG_SIDE = 1700.0
"""Pixels of a picture's longer side: print of 7 points is legible at twice its size."""


def page_sizes(path: Path, password: str = "") -> list[tuple[float, float]]:
    """Width and height of every page in points, as displayed. Raises XizeError when the file cannot be opened."""
    with LOCK:
        document = _open(path, password)
        try:
            return [document.get_page_size(index) for index in range(len(document))]
        except pdfium.PdfiumError as error:
            raise XizeError(f"{path.name}无法打开（{error}）：请换上完整的文件。") from error
        finally:
            document.close()


def _open(path: Path, password: str) -> Any:
    try:
        return pdfium.PdfDocument(path, password=password or None)
    except pdfium.PdfiumError as error:
        raise XizeError(f"{path.name}无法打开（{error}）：如文件已加密，请用--password给出密码。") from error


class Pictures:
    """The pictures of a source's pages: each made when it is first asked for, and kept. The page itself asks for those that
    it shows next."""

    def __init__(self, material: Material) -> None:
        self._material = material
        # By the file's checksum: a replaced file has pictures of its own.
        base = material.edition.home / "staged" / material.edition.name / "pictures"
        self._folder = base / material.sha256[:16]
        self._document: Any = None

    def get(self, number: int) -> bytes:
        """The picture of a page (from 1). Raises XizeError, KeyError when there is no such page."""
        if not self._material.pictured or not 1 <= number <= len(self._material.pages):
            raise KeyError(number)
        kept = self._folder / f"{number:05d}.webp"
        with contextlib.suppress(OSError):  # not kept yet, or not to be read: rendered
            return kept.read_bytes()
        with LOCK:
            if self._document is None:
                self._document = _open(self._material.path, self._material.password)
            page = self._material.pages[number - 1]
            scale = min(3.0, max(0.5, _LONG_SIDE / max(page.width, page.height, 1.0)))
            try:
                picture = draw_page(self._document, number, scale, turned=page.turned)
            except pdfium.PdfiumError as error:
                name = self._material.path.name
                raise XizeError(f"{name}第{number}页无法显示（{error}）：请检查该文件。") from error
        stream = io.BytesIO()
        picture.save(stream, "WEBP", lossless=True, quality=0, method=0)  # quality: effort, here the least
        data = stream.getvalue()
        with contextlib.suppress(OSError):  # a share that others look at: rendered each time
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_file(kept, data)
        return data

    def close(self) -> None:
        """Close the file, once no page is rendered: a process that ends while pdfium is at work crashes."""
        with LOCK:
            if self._document is not None:
                self._document.close()
                self._document = None
