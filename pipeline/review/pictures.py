"""Page pictures (WebP, by pdfium), rendered once and kept beside what is staged."""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.errors import XizeError
from pipeline.review.model import Material, Page

_LONG_SIDE = 1700.0
"""Pixels of a picture's longer side: print of 7 points is legible at twice its size."""


def page_sizes(path: Path, password: str = "") -> list[tuple[float, float]]:
    """Width and height of every page in points, as displayed. Raises XizeError when the file cannot be opened."""
    import pypdfium2 as pdfium

    from pipeline.readers.pdf.pdfium_calls import LOCK

    with LOCK:
        document = _open(path, password)
        try:
            return [document.get_page_size(index) for index in range(len(document))]
        except pdfium.PdfiumError as error:
            raise XizeError(f"{path.name}无法打开（{error}）：请换上完整的文件。") from error
        finally:
            document.close()


def _open(path: Path, password: str) -> Any:
    import pypdfium2 as pdfium

    try:
        return pdfium.PdfDocument(path, password=password or None)
    except pdfium.PdfiumError as error:
        raise XizeError(f"{path.name}无法打开（{error}）：如文件已加密，请用--password给出密码。") from error


def render(document: Any, page: Page, name: str) -> bytes:
    """A page of an open document as WebP without loss, turned as it was read. Raises XizeError."""
    import pypdfium2 as pdfium

    from pipeline.readers.pdf.pdfium_calls import LOCK

    with LOCK:
        try:
            one = document[page.number - 1]
            scale = min(3.0, max(0.5, _LONG_SIDE / max(*one.get_size(), 1.0)))
            picture = one.render(scale=scale).to_pil().convert("RGB")
            one.close()
        except pdfium.PdfiumError as error:
            raise XizeError(f"{name}第{page.number}页无法显示（{error}）：请检查该文件。") from error
    if page.turned:
        picture = picture.rotate(page.turned, expand=True)
    stream = io.BytesIO()
    picture.save(stream, "WEBP", lossless=True, quality=0, method=0)  # quality: effort, here the least
    return stream.getvalue()


class Pictures:
    """The pictures of a source's pages: what is asked for first; the neighbours, then all others, in the background."""

    def __init__(self, material: Material) -> None:
        self._material = material
        # By the file's checksum: a replaced file has pictures of its own.
        base = material.edition.home / "staged" / material.edition.name / "pictures"
        self._folder = base / material.sha256[:16]
        self._locks: dict[int, threading.Lock] = {}
        self._changed = threading.Condition()
        self._urgent = 0
        self._ahead: list[int] = []
        self._rest = list(range(len(material.pages), 0, -1))
        self._closed = False
        self._keeps = True
        self._document: Any = None
        if material.kind != "transcript":
            threading.Thread(target=self._work, name="pictures", daemon=True).start()

    def get(self, number: int) -> bytes:
        """The picture of a page (from 1). Raises XizeError, KeyError when there is no such page."""
        if self._material.kind == "transcript" or not 1 <= number <= len(self._material.pages):
            raise KeyError(number)
        with self._changed:
            self._urgent += 1
        try:
            return self._made(number)
        finally:
            with self._changed:
                self._urgent -= 1
                self._changed.notify_all()

    def _made(self, number: int) -> bytes:
        from pipeline.readers.pdf.pdfium_calls import LOCK

        file = self._folder / f"{number:05d}.webp"
        with self._changed:
            lock = self._locks.setdefault(number, threading.Lock())
        with lock:
            with contextlib.suppress(OSError):  # not kept yet, or not to be read: rendered
                return file.read_bytes()
            with LOCK:
                if self._document is None:
                    self._document = _open(self._material.path, self._material.password)
            data = render(self._document, self._material.pages[number - 1], self._material.path.name)
            self._keep(file, data)
            return data

    def _keep(self, file: Path, data: bytes) -> None:
        """Keep a picture for the next time. Where nothing can be written (a share that others look at), the pages that
        are asked for are rendered each time, and none ahead of it."""
        beside = file.with_name(f".{file.name}.tmp-{os.getpid()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(data)
            beside.replace(file)
        except OSError:
            with self._changed:
                self._keeps = False
                self._changed.notify_all()

    def ahead(self, numbers: Iterable[int]) -> None:
        """Render these pages next in the background, the first of them first."""
        wanted = [number for number in numbers if 1 <= number <= len(self._material.pages)]
        with self._changed:
            self._ahead += reversed(wanted)
            self._changed.notify_all()

    def close(self) -> None:
        """End the background thread after the page it is at."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                # Whoever looks at a page comes first.
                self._changed.wait_for(
                    lambda: (
                        self._closed
                        or not self._keeps
                        or (not self._urgent and bool(self._ahead or self._rest))
                    )
                )
                if self._closed or not self._keeps:
                    return
                number = (self._ahead or self._rest).pop()
            with contextlib.suppress(XizeError, OSError):  # whoever asks for the page is told
                self._made(number)
