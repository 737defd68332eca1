"""Pictures of the places where changes are printed: strips of pages, each rendered once however many changes it shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pypdfium2

from pipeline.readers.pdf.pictures import grey_pages, grey_png

_AROUND, _ABOVE = 190.0, 36.0
"""How much of the page is shown beside and above a box, in points."""
_GAP = 14.0
"""Strips of one page closer than this are one strip, in points."""
_SCALE = 1.7


class Box(NamedTuple):
    """A place on a page (from 1): points, origin top left."""

    page: int
    x0: float
    top: float
    x1: float
    bottom: float


def union(boxes: Iterable[Box]) -> Box:
    """The least box that holds them all; they are on one page."""
    pages, x0, top, x1, bottom = zip(*boxes, strict=True)
    return Box(pages[0], min(x0), min(top), max(x1), max(bottom))


class Strip(NamedTuple):
    """A part of a page as PNG: where it lies (points) and how large it is shown (CSS pixels per point is ``scale``)."""

    place: Box
    scale: float
    png: bytes

    def holds(self, box: Box) -> bool:
        """Whether the whole box lies within, and as much beside it as the page has to show."""
        own = self.place
        return (
            (own.page == box.page and own.x0 <= box.x0 and own.x1 >= box.x1)
            and own.top <= box.top
            and own.bottom >= box.bottom
        )


def box_of(row: Mapping[str, Any], side: str) -> Box | None:
    """The box of a change on ``side`` (before | after), None where it has no page or no box."""
    values = [row[f"{name}_{side}"] for name in Box._fields]
    return None if None in values else Box(*values)


def _parts(boxes: Iterable[Box], width: float, height: float) -> list[Box]:
    """The parts of one page that show the boxes with what stands round them; what nearly touches is one part."""
    parts: list[Box] = []
    for box in sorted(boxes, key=lambda box: box.top):
        new = Box(
            box.page,
            max(0.0, box.x0 - _AROUND),
            max(0.0, box.top - _ABOVE),
            min(width, box.x1 + _AROUND),
            min(height, box.bottom + _ABOVE),
        )
        if new.x1 <= new.x0 or new.bottom <= new.top:
            continue  # the box lies off the page
        if parts and new.top <= parts[-1].bottom + _GAP:
            new = union([parts.pop(), new])
        parts.append(new)
    return parts


def strips(
    path: Path, boxes: Iterable[Box], budget: int, turned: Mapping[int, int] | None = None
) -> Iterator[Strip]:
    """Strips that show ``boxes``, page by page, as long as their PNGs together stay within ``budget`` bytes.

    ``turned``: by how many degrees each page was turned when it was read, where that is known. Pages that pdfium cannot
    load are left out: the change's text is shown instead.
    """
    by_page: dict[int, set[Box]] = {}
    for box in boxes:
        by_page.setdefault(box.page, set()).add(box)
    try:
        for page, picture in grey_pages(path, by_page, _SCALE, turned):
            for part in _parts(by_page[page], picture.width / _SCALE, picture.height / _SCALE):
                edges = [round(edge * _SCALE) for edge in part[1:]]
                png = grey_png(picture.crop((edges[0], edges[1], edges[2], edges[3])))
                budget -= len(png)
                if budget < 0:
                    return
                yield Strip(Box(page, *(edge / _SCALE for edge in edges)), _SCALE, png)
    except pypdfium2.PdfiumError:
        return  # encrypted, or broken


class Album:
    """Strips by page, so that the one that shows a box is found at once."""

    def __init__(self, found: Iterable[Strip] = ()) -> None:
        self.strips: list[Strip] = []
        self._by_page: dict[int, list[int]] = {}
        self.add(found)

    def add(self, found: Iterable[Strip]) -> None:
        """Take in further strips."""
        for strip in found:
            self._by_page.setdefault(strip.place.page, []).append(len(self.strips))
            self.strips.append(strip)

    @property
    def size(self) -> int:
        """Bytes of all PNGs."""
        return sum(len(strip.png) for strip in self.strips)

    def find(self, box: Box) -> int | None:
        """Which of the strips shows the box; None when none does."""
        places = self._by_page.get(box.page, ())
        return next((index for index in places if self.strips[index].holds(box)), None)
