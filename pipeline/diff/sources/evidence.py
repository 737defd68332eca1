"""What the sources themselves show at a difference: a crop of the PDF page, the lines of a text as read."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pypdfium2

from pipeline.diff.side import Side
from pipeline.diff.sources.pairs import Box, SourceItem
from pipeline.errors import XizeError
from pipeline.readers.pdf.pictures import grey_pages, grey_png
from pipeline.text import squeeze

# Pixels per point and points around the box: legible Chinese text of 7 points in a few kilobytes.
_SCALE, _AROUND = 2.5, 5.0
# Pieces of a text shown before and after those that are meant; short lists are shown whole.
_NEIGHBOURS, _SHORT = 1, 12

Crop = tuple[int, Box]
Texts = list[tuple[str, bool]]


class SourceEvidence:
    """Evidence of one side: first everything is asked for, then ``draw`` draws each page once."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._wanted: set[Crop] = set()

    def crops(self, items: Sequence[SourceItem], *, whole_row: bool) -> list[Crop]:
        """(page, box in points) per page on which the items stand; none where the source has no pages.

        ``whole_row``: the printed row that they stand in, not only their own boxes.
        """
        boxes: dict[int, list[Box]] = defaultdict(list)
        for item in items:
            box = self._row_box(item) if whole_row else item.box
            if box is not None and self._side.pdf is not None:
                boxes[item.row["page"]].append(box)
        found = sorted((page, _union(own)) for page, own in boxes.items())
        self._wanted.update(found)
        return found

    def draw(self) -> dict[Crop, str]:
        """Every crop asked for, as a PNG in a data URL. Raises XizeError when the PDF cannot be drawn."""
        path = self._side.pdf
        if not self._wanted or path is None:
            return {}
        drawn: dict[Crop, str] = {}
        try:
            for number, picture in grey_pages(path, {page for page, _ in self._wanted}, _SCALE):
                for crop in self._wanted:
                    if crop[0] == number:
                        drawn[crop] = _cut(picture, crop[1])
        except pypdfium2.PdfiumError as error:
            raise XizeError(f"{path}的页面无法绘出（{error}）：请去掉--html，或用不加密的文件。") from error
        return drawn

    def _row_box(self, item: SourceItem) -> Box | None:
        """The printed row from its first to its last cell; as high as a merged cell where that holds the item."""
        cells = [one for one in self._side.cells.row_of(item.row["cell_id"]) if one["x0"] is not None]
        if not cells or item.box is None:
            return item.box
        own = self._side.cells.by_id[item.row["cell_id"]]
        row = (min(one["x0"] for one in cells), own["top"], max(one["x1"] for one in cells), own["bottom"])
        holding = [
            one for one in cells if item.key in squeeze("".join(line["text"] for line in one["lines"]))
        ]
        return _union([row, *((one["x0"], one["top"], one["x1"], one["bottom"]) for one in holding)])

    def lines(self, items: Sequence[SourceItem], *, whole_row: bool) -> list[tuple[int | None, Texts]]:
        """(line, pieces) of the cells in which the items stand: every piece as read, and whether it is meant.

        Pieces far from those meant are left out. ``whole_row``: the row's other cells are pieces, too.
        """
        found = []
        for cell_id in dict.fromkeys(item.row["cell_id"] for item in items):
            cell = self._side.cells.by_id.get(cell_id or "")
            if cell is None:
                continue
            own = [item for item in items if item.row["cell_id"] == cell_id]
            cells = self._side.cells.row_of(cell_id) if whole_row else [cell]
            texts = [line["text"] for one in cells for line in one["lines"]]
            meant = _meant(texts, [item.key for item in own])
            found.append((own[0].row["line"] or cell["line"], _window(texts, meant)))
        return found


def _cut(picture: Any, box: Box) -> str:
    """The part of a page's picture that shows the box and a little around it, as a PNG in a data URL."""
    left, top = (max(0, int((edge - _AROUND) * _SCALE)) for edge in box[:2])
    right, bottom = (int((edge + _AROUND) * _SCALE) for edge in box[2:])
    part = picture.crop((left, top, min(picture.width, right), min(picture.height, bottom)))
    return "data:image/png;base64," + base64.b64encode(grey_png(part)).decode()


def _union(boxes: Sequence[Box]) -> Box:
    x0, top, x1, bottom = zip(*boxes, strict=True)
    return min(x0), min(top), max(x1), max(bottom)


def _meant(texts: Sequence[str], wanted: Sequence[str]) -> set[int]:
    """Which pieces hold any part of the texts wanted, which follow each other in the joined pieces."""
    pieces = [squeeze(text) for text in texts]
    owner = [number for number, piece in enumerate(pieces) for _ in piece]  # of every character
    joined, meant, start = "".join(pieces), set(), 0
    for text in wanted:
        at = joined.find(text, start)
        if at < 0:
            at = joined.find(text)
        if at >= 0 and text:
            start = at + len(text)
            meant.update(owner[at:start])
    return meant


def _window(texts: Sequence[str], meant: set[int]) -> Texts:
    """The pieces meant and their neighbours; "…" where some are left out. All of a short list."""
    near = {
        number
        for centre in meant
        for number in range(centre - _NEIGHBOURS, centre + _NEIGHBOURS + 1)
        if 0 <= number < len(texts)
    }
    if not near or len(texts) <= 2 * _NEIGHBOURS + 2:
        near = set(range(min(len(texts), _SHORT)))
    shown: Texts = []
    last = -1
    for number in sorted(near):
        if number != last + 1:
            shown.append(("…", False))
        shown.append((texts[number], number in meant))
        last = number
    return [*shown, ("…", False)] if last < len(texts) - 1 else shown
