"""What a decoder gives and the grid finder takes: one page as plain arrays.

A decoder (pdfium, pdfplumber) fills a :class:`PageArrays`; nothing that works on one knows which decoder it came from.
All lengths are PDF points in the displayed page (crop box and /Rotate applied), origin top left, y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

REPLACEMENT = "�"
"""Stands for a glyph whose font names no Unicode character."""
INVISIBLE_MODES = (3, 7)
"""Text render modes that paint nothing."""
WHITE = 0.97
"""Luminance from which on a colour counts as white."""
THIN = 3.0
"""Filled shapes up to this many points across are rulings."""
NO_CLIP = (-np.inf, -np.inf, np.inf, np.inf)
"""The box of a glyph that nothing clips."""
_BORDER = 12.0
"""The least length of a picture that is a table's border, points."""
_INSET = 2.0
"""Points off a clip's border: clips reach to the middle of a cell's border, or a little over it."""
WORD = 0.18
"""Ems between two letters from which on they are two words."""
_TOUCH = 0.03
"""Ems off the end of the text before it at which a text still goes on right there."""
_SLIVER = 0.01
"""Points that must be left of a shape within its clip."""
_LEAST = 0.5
"""Points on either side of its middle by which a ruling is seen, however thin it is."""
_SLANT = 0.02
"""Strokes count as level or upright up to this share of their length, or half a point."""


@dataclass(frozen=True)
class PageArrays:
    """One decoded page.

    ``texts[i]`` is the text of glyph i (usually one character; ligatures give several), ``boxes`` (n, 4) its
    x0, top, x1, bottom, ``sizes`` (n,) the font size, ``light`` (n,) the luminance of its fill colour (0 black … 1
    white), ``angles`` (n,) its writing direction in degrees clockwise (0, 90, 180, 270, or -1 for a skewed one),
    ``invisible`` (n,) whether its render mode paints nothing, ``runs`` (n,) the number of the text object (one text
    operator) that paints it, ``clips`` (n, 4) the box that it is clipped to, infinite where there is none, ``fonts``
    the font names.
    ``rulings`` (m, 5) are x0, top, x1, bottom, thickness of straight horizontal or vertical strokes and thin
    filled shapes, ``ruling_light`` (m,) their luminance; ``fills`` (k, 5) larger filled rectangles with luminance
    in the last column; ``images`` (j, 4) the boxes of pictures. ``turned`` tells by how many degrees clockwise the
    reading orientation is turned against the displayed page.
    """

    number: int
    width: float
    height: float
    texts: tuple[str, ...]
    boxes: Floats
    sizes: Floats
    light: Floats
    angles: Ints
    invisible: Bools
    runs: Ints
    clips: Floats
    fonts: tuple[str, ...]
    rulings: Floats
    ruling_light: Floats
    fills: Floats
    images: Floats
    turned: int = 0

    @property
    def centres(self) -> tuple[Floats, Floats]:
        """x (n,) and y (n,) of the middle of each glyph's box."""
        return (self.boxes[:, 0] + self.boxes[:, 2]) / 2, (self.boxes[:, 1] + self.boxes[:, 3]) / 2

    @cached_property
    def places(self) -> tuple[Floats, Floats]:
        """x (n,) and y (n,) of where each glyph counts: where its word does (see :meth:`places_of`)."""
        return self.places_of(self.parts())

    def parts(self, gap: float = WORD, touching: bool = False) -> Ints:
        """(n,) numbers of the parts of text objects that no gap of more than ``gap`` ems divides, -1 for blanks.

        ``touching``: a text object goes on the one before it where it begins right at its end.
        """
        out = np.full(len(self.texts), -1)
        index = np.flatnonzero(np.fromiter(map(bool, map(str.strip, self.texts)), bool, len(self.texts)))
        boxes, sizes, runs = self.boxes[index], self.sizes[index], self.runs[index]
        between = np.maximum(boxes[1:, :2] - boxes[:-1, 2:], boxes[:-1, :2] - boxes[1:, 2:]).max(axis=1)
        ems = between / np.where(sizes[1:] > 0, sizes[1:], 1.0)
        first = np.ones(len(index), dtype=bool)
        first[1:] = (ems > gap) | (runs[1:] != runs[:-1])
        if touching:
            first[1:] &= np.abs(ems) > _TOUCH
        out[index] = np.cumsum(first) - 1
        return out

    def places_of(self, parts: Ints) -> tuple[Floats, Floats]:
        """x (n,) and y (n,) of the middles of glyphs' ``parts`` or, where the clip cuts that off, of the nearest place
        within the clip. A spreadsheet clips text to the cell that it belongs to."""
        places = np.column_stack(self.centres)
        index = np.flatnonzero(parts >= 0)
        if len(index):
            heads = np.flatnonzero(np.diff(parts[index], prepend=-1))
            least = np.minimum.reduceat(self.boxes[index, :2], heads)
            most = np.maximum.reduceat(self.boxes[index, 2:], heads)
            places[index] = ((least + most) / 2)[np.cumsum(np.diff(parts[index], prepend=-1) != 0) - 1]
        low, high = self.clips[:, :2], self.clips[:, 2:]
        inset = np.minimum(_INSET, (high - low) / 2)
        x, y = np.clip(places, low + inset, high - inset).T
        return x, y

    def glyphs(self, index: Ints | Bools) -> PageArrays:
        """The same page with only the glyphs that ``index`` selects."""
        where = np.flatnonzero(index) if index.dtype == bool else index
        return replace(
            self,
            texts=tuple(map(self.texts.__getitem__, where.tolist())),
            fonts=tuple(map(self.fonts.__getitem__, where.tolist())),
            boxes=self.boxes[where],
            sizes=self.sizes[where],
            light=self.light[where],
            angles=self.angles[where],
            invisible=self.invisible[where],
            runs=self.runs[where],
            clips=self.clips[where],
        )


def _slices(boxes: Floats) -> Bools:
    """Which pictures are three or more of one width (or height) that follow each other without a gap."""
    out = np.zeros(len(boxes), dtype=bool)
    for along in (0, 1):
        low, high, begin, end = boxes[:, [along, along + 2, 1 - along, 3 - along]].T
        order = np.lexsort((begin, np.rint(high), np.rint(low)))
        low, high, begin, end = low[order], high[order], begin[order], end[order]
        follows = (
            (np.abs(np.diff(low)) < 1) & (np.abs(np.diff(high)) < 1) & (np.abs(begin[1:] - end[:-1]) < 0.5)
        )
        three = np.flatnonzero(follows[1:] & follows[:-1])
        out[order[np.unique([three, three + 1, three + 2])]] = True
    return out


def _cut(rows: Floats, clips: Floats) -> Floats:
    """Rows of x0, top, x1, bottom … cut to their clips; what these hide is left out."""
    low, high = np.maximum(rows[:, :2], clips[:, :2]), np.minimum(rows[:, 2:4], clips[:, 2:])
    seen = (high - low >= np.minimum(rows[:, 2:4] - rows[:, :2], _SLIVER)).all(axis=1)
    return np.column_stack([low, high, rows[:, 4:]])[seen]


@dataclass
class Shapes:
    """What a decoder finds drawn on a page, as parts of the arrays of :class:`PageArrays`.

    ``rulings`` have their luminance in a sixth column.

    >>> shapes = Shapes()
    >>> shapes.add_strokes(np.array([[10.0, 20.0, 110.0, 20.0, 0.5, 0.0]]), np.array([[0.0, 0.0, 90.0, 90.0]]))
    >>> shapes.arrays()["rulings"].tolist()
    [[10.0, 20.0, 90.0, 20.0, 0.5]]
    """

    rulings: list[Floats] = field(default_factory=lambda: [np.empty((0, 6))])
    fills: list[Floats] = field(default_factory=lambda: [np.empty((0, 5))])
    images: list[Floats] = field(default_factory=lambda: [np.empty((0, 4))])

    def add_areas(self, areas: Floats, clips: Floats) -> None:
        """Filled shapes: rows (n, 5) of x0, top, x1, bottom of the bounding box, luminance; (n, 4) their clips.

        Thin ones are rulings, dots (which may belong to a dotted line of either direction) are two.
        """
        areas = _cut(areas, clips)
        x0, top, x1, bottom, light = areas.T
        wide, high, x, y = x1 - x0, bottom - top, (x0 + x1) / 2, (top + bottom) / 2
        level, upright = high <= THIN, wide <= THIN
        self.rulings.append(np.column_stack([x0, y, x1, y, high, light])[level])
        self.rulings.append(np.column_stack([x, top, x, bottom, wide, light])[upright])
        self.fills.append(areas[~level & ~upright])

    def add_strokes(self, strokes: Floats, clips: Floats) -> None:
        """Straight strokes: rows (n, 6) of x and y of both ends, thickness, luminance; (n, 4) their clips. Slanted ones
        are left out."""
        ax, ay, bx, by, width, light = strokes.T
        dx, dy, x, y = np.abs(ax - bx), np.abs(ay - by), (ax + bx) / 2, (ay + by) / 2
        level = (dy <= np.maximum(_SLANT * dx, 0.5)) & (dx >= dy)
        upright = ~level & (dx <= np.maximum(_SLANT * dy, 0.5))
        left, right = np.minimum(ax, bx), np.maximum(ax, bx)
        top, bottom = np.minimum(ay, by), np.maximum(ay, by)
        for along, rows, where in (
            (0, np.column_stack([left, y, right, y, width, light]), level),
            (1, np.column_stack([x, top, x, bottom, width, light]), upright),
        ):
            rows, clip = rows[where], clips[where]
            half = np.maximum(rows[:, 4] / 2, _LEAST)
            seen = (rows[:, 1 - along] >= clip[:, 1 - along] - half) & (
                rows[:, 1 - along] <= clip[:, 3 - along] + half
            )
            rows[:, along] = np.maximum(rows[:, along], clip[:, along])
            rows[:, along + 2] = np.minimum(rows[:, along + 2], clip[:, along + 2])
            self.rulings.append(rows[seen & (rows[:, along] <= rows[:, along + 2])])

    def add_pictures(self, boxes: Floats, clips: Floats) -> None:
        """Pictures: rows (n, 4) of x0, top, x1, bottom; (n, 4) their clips. Thin ones as long as a border are black
        rulings, unless a larger picture is cut into them."""
        boxes = _cut(boxes, clips)
        sides = boxes[:, 2:] - boxes[:, :2]
        thin = (sides.min(axis=1) <= THIN) & (sides.max(axis=1) >= _BORDER) & ~_slices(boxes)
        self.add_areas(np.column_stack([boxes[thin], np.zeros(int(thin.sum()))]), boxes[thin])
        self.images.append(boxes[~thin])

    def arrays(self) -> dict[str, Any]:
        """The fields ``rulings``, ``ruling_light``, ``fills`` and ``images`` of :class:`PageArrays`."""
        rulings = np.concatenate(self.rulings)
        return {
            "rulings": rulings[:, :5],
            "ruling_light": rulings[:, 5],
            "fills": np.concatenate(self.fills),
            "images": np.concatenate(self.images),
        }
