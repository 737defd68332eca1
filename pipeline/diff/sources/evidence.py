"""What the sources themselves show at a difference: a crop of the PDF page, the lines of a text as read."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from pipeline.diff.sources.load import Side
from pipeline.diff.sources.pairs import Item
from pipeline.errors import XizeError
from pipeline.text import squeeze

# Pixels per point, points around the box, grey levels: legible Chinese text of 7 points in a few kilobytes.
_SCALE, _AROUND, _GREYS = 2.5, 5.0, 8
_LEVELS = [round(value / 255 * (_GREYS - 1)) * 255 // (_GREYS - 1) for value in range(256)]
# Pieces of a text shown before and after those that are meant.
_NEIGHBOURS = 1

_COLUMNS = (
    "cell_id",
    "page",
    "table_no",
    "row",
    "col",
    "row_span",
    "x0",
    "top",
    "x1",
    "bottom",
    "lines",
    "line",
)

Box = tuple[float, float, float, float]
Crop = tuple[int, Box]


class Evidence:
    """Evidence of one side: first everything is asked for, then ``draw`` draws each page once."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._cells: dict[str, dict[str, Any]] = {
            row["cell_id"]: row for row in side.tables["cells"].select(list(_COLUMNS)).to_pylist()
        }
        self._tables: dict[tuple[int | None, int], list[dict[str, Any]]] = {}
        for cell in self._cells.values():
            self._tables.setdefault((cell["page"], cell["table_no"]), []).append(cell)
        self._wanted: set[Crop] = set()

    def crops(self, items: Sequence[Item], *, whole_row: bool) -> list[Crop]:
        """(page, box in points) per page on which the items stand; none where the source has no pages.

        ``whole_row``: the printed row that they stand in, not only their own boxes.
        """
        boxes: dict[int, Box] = {}
        for item in items:
            box = self._row_box(item) if whole_row else item.box
            if item.page is None or box is None or not self._side.has_pages:
                continue
            boxes[item.page] = _union(boxes[item.page], box) if item.page in boxes else box
        self._wanted.update(boxes.items())
        return sorted(boxes.items())

    def draw(self) -> dict[Crop, str]:
        """Every crop asked for, as a PNG in a data URL. Raises XizeError when the PDF cannot be drawn."""
        if not self._wanted:
            return {}
        import pypdfium2

        drawn: dict[Crop, str] = {}
        try:
            document = pypdfium2.PdfDocument(str(self._side.path))
        except pypdfium2.PdfiumError as error:
            raise XizeError(
                f"{self._side.path}的页面无法绘出（{error}）：请去掉--html，或用不加密的文件。"
            ) from error
        try:
            for number, wanted in groupby(sorted(self._wanted), key=lambda crop: crop[0]):
                page = document[number - 1]
                picture = page.render(scale=_SCALE, grayscale=True).to_pil().convert("L").point(_LEVELS)
                page.close()
                drawn.update((crop, _cut(picture, crop[1])) for crop in wanted)
        finally:
            document.close()
        return drawn

    def _row(self, cell_id: str | None) -> list[dict[str, Any]]:
        """The cells of the printed row, left to right, those merged over it included."""
        cell = self._cells.get(cell_id or "")
        if cell is None:
            return []
        row = cell["row"]
        found = [
            one
            for one in self._tables[cell["page"], cell["table_no"]]
            if one["row"] <= row < one["row"] + one["row_span"]
        ]
        return sorted(found, key=lambda one: one["col"])

    def _row_box(self, item: Item) -> Box | None:
        """The printed row from its first to its last cell; as high as a merged cell where that holds the item."""
        cells = [one for one in self._row(item.cell_id) if one["x0"] is not None]
        if not cells or item.box is None:
            return item.box
        own = self._cells[item.cell_id or ""]
        box = (min(one["x0"] for one in cells), own["top"], max(one["x1"] for one in cells), own["bottom"])
        for one in cells:
            if item.key in squeeze("".join(line["text"] for line in one["lines"])):
                box = _union(box, (one["x0"], one["top"], one["x1"], one["bottom"]))
        return box

    def lines(
        self, items: Sequence[Item], *, whole_row: bool
    ) -> list[tuple[int | None, list[tuple[str, bool]]]]:
        """(line, pieces) of the cells in which the items stand: every piece as read, and whether it is meant.

        Pieces far from those meant are left out. ``whole_row``: the row's other cells are pieces, too.
        """
        found = []
        for cell_id in dict.fromkeys(item.cell_id for item in items):
            cell = self._cells.get(cell_id or "")
            if cell is None:
                continue
            own = [item for item in items if item.cell_id == cell_id]
            cells = self._row(cell_id) if whole_row else [cell]
            texts = [line["text"] for one in cells for line in one["lines"]]
            meant = _meant(texts, [squeeze(item.text) for item in own])
            found.append((own[0].line or cell["line"], _window(texts, meant)))
        return found


def _cut(picture: Any, box: Box) -> str:
    """The part of a page's picture that shows the box and a little around it, as a PNG in a data URL."""
    x0, top, x1, bottom = box
    part = picture.crop(
        (
            max(0, int((x0 - _AROUND) * _SCALE)),
            max(0, int((top - _AROUND) * _SCALE)),
            min(picture.width, int((x1 + _AROUND) * _SCALE)),
            min(picture.height, int((bottom + _AROUND) * _SCALE)),
        )
    )
    data = io.BytesIO()
    part.save(data, "PNG", compress_level=6)
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()


def _union(one: Box, other: Box) -> Box:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )


def _meant(texts: Sequence[str], wanted: Sequence[str]) -> set[int]:
    """Which pieces hold any part of the texts wanted, which follow each other in the joined pieces."""
    pieces = [squeeze(text) for text in texts]
    joined, meant, start = "".join(pieces), set(), 0
    for text in wanted:
        at = joined.find(text, start)
        if at < 0:
            at = joined.find(text)
        if at < 0 or not text:
            continue
        start = at + len(text)
        end = 0
        for number, piece in enumerate(pieces):
            begin, end = end, end + len(piece)
            if begin < start and end > at:
                meant.add(number)
    return meant


def _window(texts: Sequence[str], meant: set[int]) -> list[tuple[str, bool]]:
    """The pieces meant and their neighbours; "…" where some are left out. All of a short list."""
    near = {
        number
        for centre in meant
        for number in range(centre - _NEIGHBOURS, centre + _NEIGHBOURS + 1)
        if 0 <= number < len(texts)
    }
    if not near or len(texts) <= 2 * _NEIGHBOURS + 2:
        near = set(range(min(len(texts), 12)))
    shown: list[tuple[str, bool]] = []
    last = -1
    for number in sorted(near):
        if number != last + 1:
            shown.append(("…", False))
        shown.append((texts[number], number in meant))
        last = number
    if last < len(texts) - 1:
        shown.append(("…", False))
    return shown
