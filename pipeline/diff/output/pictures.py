"""Pictures of the places where changes are printed: strips of pages, each rendered once however many changes it shows."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.diff.output.sides import Side
from pipeline.editions.edition import file_sha256

if TYPE_CHECKING:
    from PIL import Image

_AROUND, _ABOVE = 190.0, 36.0
"""How much of the page is shown beside and above a box, in points."""
_GAP = 14.0
"""Strips of one page closer than this are one strip, in points."""
_SCALE = 1.7
_SHADES = 8


class Box(NamedTuple):
    """A place on a page (from 1): points, origin top left."""

    page: int
    x0: float
    top: float
    x1: float
    bottom: float


@dataclass(frozen=True)
class Strip:
    """A part of a page as PNG: where it lies (points) and how large it is shown (CSS pixels per point is ``scale``)."""

    page: int
    x0: float
    top: float
    x1: float
    bottom: float
    scale: float
    png: bytes

    def holds(self, box: Box) -> bool:
        """Whether the whole box lies within, and as much beside it as the page has to show."""
        return (
            self.page == box.page
            and self.x0 <= box.x0
            and self.x1 >= box.x1
            and self.top <= box.top
            and self.bottom >= box.bottom
        )


@dataclass(frozen=True)
class Window:
    """A part of a page that is wanted, in points."""

    x0: float
    top: float
    x1: float
    bottom: float


def box_of(row: Mapping[str, Any], side: str) -> Box | None:
    """The box of a change on ``side`` (before | after), None where it has no page or no box."""
    edges = [row[f"{edge}_{side}"] for edge in ("x0", "top", "x1", "bottom")]
    if row[f"page_{side}"] is None or any(edge is None for edge in edges):
        return None
    return Box(row[f"page_{side}"], *edges)


def original(side: Side, home: Path) -> tuple[Path | None, str]:
    """The file that the release was read from, if it is still at hand, and otherwise why not (Chinese, no full stop).

    The checksum must be the manifest's: a reissued file would show other lines under the same boxes.
    """
    source = side.manifest["source"]
    path = home / "raw" / side.edition / str(source["file"])
    if not path.is_file():
        return None, f"{side.edition}的原文件{source['file']}不在手边"
    if file_sha256(path) != source["sha256"]:
        return None, f"{side.edition}的原文件{source['file']}已不是{side.edition}@{side.release}所读的那一份"
    return path, ""


def windows(boxes: Iterable[Box], width: float, height: float) -> list[Window]:
    """The parts of one page that show the boxes with what stands round them; what nearly touches is one part."""
    bands: list[Window] = []
    for box in sorted(boxes, key=lambda box: box.top):
        new = Window(
            max(0.0, box.x0 - _AROUND),
            max(0.0, box.top - _ABOVE),
            min(width, box.x1 + _AROUND),
            min(height, box.bottom + _ABOVE),
        )
        if new.x1 <= new.x0 or new.bottom <= new.top:
            continue  # the box lies off the page
        if bands and new.top <= bands[-1].bottom + _GAP:
            last = bands.pop()
            new = Window(min(last.x0, new.x0), last.top, max(last.x1, new.x1), max(last.bottom, new.bottom))
        bands.append(new)
    return bands


def strips(path: Path, boxes: Iterable[Box], budget: int) -> Iterator[Strip]:
    """Strips that show ``boxes``, page by page, as long as their PNGs together stay within ``budget`` bytes.

    Pages that pdfium cannot load are left out: the change's text is shown instead.
    """
    by_page: dict[int, set[Box]] = {}
    for box in boxes:
        by_page.setdefault(box.page, set()).add(box)
    with _opened(path) as document:
        if document is None:
            return
        for page in sorted(by_page):
            picture = _page(document, path, page)
            if picture is None:
                continue
            for part in windows(by_page[page], picture.width / _SCALE, picture.height / _SCALE):
                edges = (part.x0, part.top, part.x1, part.bottom)
                left, top, right, bottom = (round(edge * _SCALE) for edge in edges)
                png = _png(picture.crop((left, top, right, bottom)))
                budget -= len(png)
                if budget < 0:
                    return
                yield Strip(page, left / _SCALE, top / _SCALE, right / _SCALE, bottom / _SCALE, _SCALE, png)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The document, None when pdfium cannot open it (it is encrypted, or broken)."""
    import pypdfium2 as pdfium

    from pipeline.readers.pdf.pdfium_calls import LOCK

    with LOCK:
        try:
            document = pdfium.PdfDocument(path)
        except pdfium.PdfiumError:
            yield None
            return
        try:
            yield document
        finally:
            document.close()


def _page(document: Any, path: Path, number: int) -> Image.Image | None:
    """A page in shades of grey, upright as the readers measure it; None when there is no such page."""
    import pypdfium2 as pdfium

    from pipeline.readers.pdf.decode_pdfium import open_pdfium
    from pipeline.readers.pdf.pdfium_calls import PdfiumError
    from pipeline.readers.pdf.visible import turn_upright

    if not 1 <= number <= len(document):
        return None
    try:
        with open_pdfium(path) as decoded:
            turned = turn_upright(decoded.read(number)).turned
        picture: Image.Image = document[number - 1].render(scale=_SCALE, grayscale=True).to_pil().convert("L")
    except (PdfiumError, pdfium.PdfiumError):
        return None
    return picture.rotate(turned, expand=True) if turned else picture


def _png(picture: Image.Image) -> bytes:
    """A grey picture as a PNG of few shades: text stays sharp and small."""
    from PIL import Image

    step = 256 // _SHADES
    indexed = Image.frombytes("P", picture.size, picture.point([v // step for v in range(256)]).tobytes())
    indexed.putpalette([round(i * 255 / (_SHADES - 1)) for i in range(_SHADES) for _ in range(3)])
    out = io.BytesIO()
    indexed.save(out, "PNG", bits=4, optimize=False, compress_level=6)
    return out.getvalue()


class Album:
    """Strips by page, so that the one that shows a box is found at once."""

    def __init__(self, found: Iterable[Strip] = ()) -> None:
        self.strips: list[Strip] = []
        self._by_page: dict[int, list[int]] = {}
        self.add(found)

    def add(self, found: Iterable[Strip]) -> None:
        """Take in further strips."""
        for strip in found:
            self._by_page.setdefault(strip.page, []).append(len(self.strips))
            self.strips.append(strip)

    @property
    def size(self) -> int:
        """Bytes of all PNGs."""
        return sum(len(strip.png) for strip in self.strips)

    def find(self, box: Box) -> int | None:
        """Which of the strips shows the box; None when none does."""
        places = self._by_page.get(box.page, ())
        return next((index for index in places if self.strips[index].holds(box)), None)
