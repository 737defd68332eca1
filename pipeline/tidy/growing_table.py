"""A table while its pages are being stitched: its cells so far, its columns, what its whole rows say about these.

What is asked at every page break is kept up to date, so that a table over a thousand pages is not looked through a
thousand times.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.model import Cell, Line

Placed = tuple[Cell, float, float]
"""A cell with its left and right border in the coordinates of the table's first page."""


@dataclass
class GrowingCell:
    """A cell being stitched: row (from 0) and borders in the table, the pieces in reading order; ``unsure_from`` as in
    :class:`GridCell`."""

    row: int
    row_span: int
    x0: float
    x1: float
    pieces: list[Cell]
    unsure_from: int | None = None

    @property
    def text(self) -> str:
        """The squeezed text of all pieces."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def last(self) -> int:
        """The last row that it covers."""
        return self.row + self.row_span - 1


@dataclass
class GrowingTable:
    """The table so far. ``bottom``: the cells that reach its last row, in order; all others are settled, for only these
    can go on on the next page. ``values``: where settled cells begin (in whole points) and their texts."""

    context: list[Line]
    x0: float
    x1: float
    edges: list[float]
    last_page: int
    merging: bool = True  # cells merged over rows are usual here: an annex, not the catalogue
    cells: list[GrowingCell] = field(default_factory=list)
    n_rows: int = 0
    bottom: list[GrowingCell] = field(default_factory=list)
    values: set[tuple[int, str]] = field(default_factory=set)
    repeated: list[Cell] = field(default_factory=list)
    uncertain: list[Cell] = field(default_factory=list)
    notes: list[Line] = field(default_factory=list)
    _rows: dict[int, list[GrowingCell]] = field(default_factory=dict)
    _filled: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    _shapes: dict[float, set[str]] = field(default_factory=dict)

    def take(self, fresh: Sequence[GrowingCell]) -> None:
        """Put new cells behind those so far, some of which may have grown."""
        self.cells.extend(fresh)
        for cell in fresh:
            self._rows.setdefault(cell.row, []).append(cell)
        reach = [*self.bottom, *fresh]
        self.n_rows = max([self.n_rows, *(cell.last + 1 for cell in reach)])
        self.bottom = [cell for cell in reach if cell.last == self.n_rows - 1]
        for cell in reach:
            if cell.last < self.n_rows - 1:
                text = cell.text
                counts = self._filled.setdefault(column_key(cell.x0, cell.x1), [0, 0])
                counts[0] += bool(text)
                counts[1] += 1
                self._shapes.setdefault(cell.x0, set()).add(shape(text))
                self.values.add((round(cell.x0), text))

    def row_texts(self, row: int) -> list[str]:
        """The texts of the cells that begin in a row, from left to right."""
        return [text for _, text in sorted((cell.x0, cell.text) for cell in self._rows.get(row, ()))]

    def has_rows(self, rows: Sequence[Sequence[str]]) -> bool:
        """Whether rows of these texts stand in the table, one below the other."""
        return not rows or any(
            all(self.row_texts(at + n) == list(row) for n, row in enumerate(rows))
            for at in range(self.n_rows - len(rows) + 1)
        )

    def shapes(self, x0: float) -> set[str]:
        """The shapes of the settled texts of the column that begins at ``x0``."""
        return {one for at, found in self._shapes.items() if abs(at - x0) < 2 for one in found}

    def patterns(self, x0: float) -> set[str]:
        """The patterns (see :func:`pattern`) of the settled texts of the column that begins at ``x0``."""
        return {pattern(text) for at, text in self.values if abs(at - x0) < 2}

    def merged(self, like: GrowingCell) -> list[GrowingCell]:
        """The recent cells with the borders of another one that are merged over rows."""
        key = column_key(like.x0, like.x1)
        recent = self.cells[-_RECENT:]
        return [cell for cell in recent if cell.row_span > 1 and column_key(cell.x0, cell.x1) == key]

    def spans_with(self, x0: float, key_x0: float) -> bool:
        """Whether the column that begins at ``x0`` is merged over the rows of its key wherever the key is merged."""
        recent = self.cells[-_RECENT:]
        spans = {cell.row: cell.row_span for cell in recent if abs(cell.x0 - x0) < 2}
        merged = (cell for cell in recent if abs(cell.x0 - key_x0) < 2 and cell.row_span > 1)
        keys = [cell for cell in merged if cell not in self.bottom]
        alike = sum(spans.get(key.row) == key.row_span for key in keys)
        return bool(keys) and alike >= 0.8 * len(keys)

    def fill_rates(self, further: Iterable[Placed]) -> dict[tuple[int, int], float]:
        """Share of filled cells per column (see :func:`column_key`): of settled cells and ``further`` ones; that of a
        column of a few cells is never all."""
        counts = {key: list(both) for key, both in self._filled.items()}
        for cell, a, b in further:
            both = counts.setdefault(column_key(a, b), [0, 0])
            both[0] += bool(cell.text)
            both[1] += 1
        return {
            key: filled / all_ if all_ >= _ENOUGH else min(filled / all_, 0.96)
            for key, (filled, all_) in counts.items()
        }

    def placed(self, cells: Sequence[Cell]) -> list[Placed]:
        """The cells of a later page's table with their borders in the first page's coordinates.

        Margins may differ between pages (mirrored ones do), widths a little: the outer borders are made to coincide,
        then each edge takes the place of the nearest known one.
        """
        own, scaled = self._scaled(cells)
        by_order = len(own) == len(self.edges) and any(
            abs(x - edge) > self._tolerance for x, edge in zip(scaled, self.edges, strict=True)
        )
        x0, scale = self._scale(cells)

        def place(x: float) -> float:
            if by_order:
                return self.edges[nearest(own, x)]
            x = self.x0 + (x - x0) * scale
            edge = self.edges[nearest(self.edges, x)]
            return edge if abs(edge - x) <= _NEAR else x

        return [(cell, place(cell.x0), place(cell.x1)) for cell in cells]

    def same_columns(self, cells: Sequence[Cell]) -> bool:
        """Whether a later page's table has these columns: its edges fall on known ones, or as many of them in much the
        same places."""
        if not 0.8 < self._scale(cells)[1] < 1.25:
            return False
        edges, tolerance = self.edges, self._tolerance
        _, scaled = self._scaled(cells)
        ours = sum(any(abs(x - e) <= tolerance for e in edges) for x in scaled) / len(scaled)
        theirs = sum(any(abs(x - e) <= tolerance for x in scaled) for e in edges) / len(edges)
        if max(ours, theirs) >= 0.9:
            return True
        if len(scaled) != len(edges):
            return False
        narrowest = min(b - a for a, b in zip(edges, edges[1:], strict=False))
        return all(abs(x - e) < 0.5 * narrowest for x, e in zip(scaled, edges, strict=True))

    @property
    def _tolerance(self) -> float:
        return max(_NEAR, 0.008 * (self.x1 - self.x0))

    def _scale(self, cells: Sequence[Cell]) -> tuple[float, float]:
        """The left border of a page's table, and how much wider the first page's is."""
        x0, x1 = extent(cells)
        return x0, (self.x1 - self.x0) / max(x1 - x0, 1.0)

    def _scaled(self, cells: Sequence[Cell]) -> tuple[list[float], list[float]]:
        """The edges of a page's table, as they are and in the first page's coordinates."""
        x0, scale = self._scale(cells)
        own = edges_of(cells)
        return own, [self.x0 + (x - x0) * scale for x in own]


_RECENT = 3000
"""So many of the last cells say how a column goes with its key."""
_ENOUGH = 5
"""So many cells tell whether a column is always filled."""
_NEAR = 3.5
"""Points by which edges of one column differ at most from page to page."""


def column_key(a: float, b: float) -> tuple[int, int]:
    """A column by its borders: the same for cells whose borders differ by less than about a point."""
    return round(a / 2), round(b / 2)


def extent(cells: Sequence[Cell]) -> tuple[float, float]:
    """The left and right border of a page's table."""
    return min(cell.x0 for cell in cells), max(cell.x1 for cell in cells)


def edges_of(cells: Sequence[Cell]) -> list[float]:
    """The places of a page's table at which cells begin or end, ascending, a point or more apart."""
    out: list[float] = []
    for value in sorted({round(x, 1) for cell in cells for x in (cell.x0, cell.x1)}):
        if not out or value - out[-1] > 1.0:
            out.append(value)
    return out


def nearest(edges: Sequence[float], x: float) -> int:
    """The index of the edge nearest to ``x`` (the left one of two as near); ``edges`` ascend."""
    at = bisect_left(edges, x)
    if at == len(edges) or (at and abs(edges[at - 1] - x) <= abs(edges[at] - x)):
        return at - 1
    return at


def shape(text: str) -> str:
    """How a text begins and ends: with a digit or with something else."""
    return "".join("9" if char.isdigit() else "字" for char in (text[:1], text[-1:]) if char)


def pattern(text: str) -> str:
    """A code's pattern: 9 for every digit, A for every letter; "" for a text with anything else but - and .."""
    if not re.fullmatch(r"[0-9A-Za-z.\-]+", text):
        return ""
    return re.sub("[A-Za-z]", "A", re.sub("[0-9]", "9", text))
