"""The seam between decoders and the grid finder: one page as plain arrays.

A decoder (pdfplumber, pdfium …) fills a :class:`PageArrays`; nothing above this module may know which one ran.
All lengths are PDF points in the displayed page (crop box, /Rotate applied), origin top left, y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PageArrays:
    """One decoded page.

    ``texts[i]`` is the text of glyph i (usually one character; ligatures give several), ``boxes`` (n, 4) its
    x0, top, x1, bottom, ``sizes`` (n,) the font size, ``light`` (n,) the luminance of its fill colour (0 black … 1
    white), ``angles`` (n,) its writing direction in degrees clockwise (0, 90, 180, 270, or -1 for a skewed one),
    ``invisible`` (n,) whether its render mode paints nothing, ``fonts`` the font names.
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
    fonts: tuple[str, ...]
    rulings: Floats
    ruling_light: Floats
    fills: Floats
    images: Floats
    turned: int = 0

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
        )


@dataclass
class PageBuilder:
    """Growing lists that a decoder appends to; ``build`` turns them into :class:`PageArrays`."""

    number: int
    width: float
    height: float

    def __post_init__(self) -> None:
        self.texts: list[str] = []
        self.fonts: list[str] = []
        self.glyph_rows: list[tuple[float, float, float, float, float, float, int, bool]] = []
        self.ruling_rows: list[tuple[float, float, float, float, float, float]] = []
        self.fill_rows: list[tuple[float, float, float, float, float]] = []
        self.image_rows: list[tuple[float, float, float, float]] = []

    def glyph(
        self,
        text: str,
        box: tuple[float, float, float, float],
        size: float,
        light: float,
        angle: int,
        invisible: bool,
        font: str,
    ) -> None:
        """Add a glyph; see :class:`PageArrays` for the meaning of the values."""
        self.texts.append(text)
        self.fonts.append(font)
        self.glyph_rows.append((*box, size, light, angle, invisible))

    def segment(
        self,
        p: tuple[float, float],
        q: tuple[float, float],
        thickness: float,
        light: float,
        slant: float = 0.02,
    ) -> None:
        """Add a straight stroke if it is horizontal or vertical (within ``slant``, as a share of its length)."""
        (ax, ay), (bx, by) = p, q
        dx, dy = abs(ax - bx), abs(ay - by)
        if dy <= max(slant * dx, 0.5) and dx >= dy:
            y = (ay + by) / 2
            self.ruling_rows.append((min(ax, bx), y, max(ax, bx), y, thickness, light))
        elif dx <= max(slant * dy, 0.5):
            x = (ax + bx) / 2
            self.ruling_rows.append((x, min(ay, by), x, max(ay, by), thickness, light))

    def area(self, box: tuple[float, float, float, float], light: float, thin: float = 3.0) -> None:
        """Add a filled shape by its bounding box: a ruling when it is at most ``thin`` points thick, else a fill."""
        x0, top, x1, bottom = box
        wide, high = x1 - x0, bottom - top
        if (
            high <= thin and wide <= thin
        ):  # a dot of a dotted line: it may belong to a line of either direction
            self.ruling_rows.append((x0, (top + bottom) / 2, x1, (top + bottom) / 2, high, light))
            self.ruling_rows.append(((x0 + x1) / 2, top, (x0 + x1) / 2, bottom, wide, light))
        elif high <= thin:
            self.ruling_rows.append((x0, (top + bottom) / 2, x1, (top + bottom) / 2, high, light))
        elif wide <= thin:
            self.ruling_rows.append(((x0 + x1) / 2, top, (x0 + x1) / 2, bottom, wide, light))
        else:
            self.fill_rows.append((x0, top, x1, bottom, light))

    def build(self) -> PageArrays:
        """The arrays of everything added so far."""
        glyphs = np.array(self.glyph_rows, dtype=np.float64).reshape(-1, 8)
        rulings = np.array(self.ruling_rows, dtype=np.float64).reshape(-1, 6)
        return PageArrays(
            number=self.number,
            width=self.width,
            height=self.height,
            texts=tuple(self.texts),
            boxes=glyphs[:, :4],
            sizes=glyphs[:, 4],
            light=glyphs[:, 5],
            angles=glyphs[:, 6].astype(np.int64),
            invisible=glyphs[:, 7].astype(bool),
            fonts=tuple(self.fonts),
            rulings=rulings[:, :5],
            ruling_light=rulings[:, 5],
            fills=np.array(self.fill_rows, dtype=np.float64).reshape(-1, 5),
            images=np.array(self.image_rows, dtype=np.float64).reshape(-1, 4),
        )
