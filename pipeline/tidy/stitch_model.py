"""A table while its pages are being stitched: the cells so far, its columns, what its whole rows say about its columns.

What is asked at every page break is kept up to date, so that a table over a thousand pages is not looked through a
thousand times.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.model import Cell, Line


@dataclass
class Piece:
    """A cell being stitched: position in the reference table (x in points), rows from 0, pieces in reading order."""

    row: int
    row_span: int
    x0: float
    x1: float
    pieces: list[Cell]

    @property
    def text(self) -> str:
        """The squeezed text of all pieces."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def last(self) -> int:
        """The last row that it covers."""
        return self.row + self.row_span - 1


@dataclass
class Builder:
    """The table so far. ``bottom``: the cells that reach its last row, in the order of ``pieces``; all others are
    settled, for only these can go on on the next page."""

    context: list[Line]
    x0: float
    x1: float
    merging: bool = True  # cells merged over rows are usual here: an annex, not the catalogue
    pieces: list[Piece] = field(default_factory=list)
    n_rows: int = 0
    last_page: int = 0
    repeated: list[Cell] = field(default_factory=list)
    joined_rows: list[int] = field(default_factory=list)
    uncertain: list[Cell] = field(default_factory=list)
    edges: list[float] = field(default_factory=list)
    bottom: list[Piece] = field(default_factory=list)
    values: set[tuple[int, str]] = field(default_factory=set)
    """Where settled cells begin (in whole points) and their texts."""
    _rows: dict[int, list[Piece]] = field(default_factory=dict)
    _filled: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    _shapes: dict[float, set[str]] = field(default_factory=dict)

    def take(self, fresh: Sequence[Piece]) -> None:
        """Put new cells behind those so far, some of which may have grown."""
        self.pieces.extend(fresh)
        for piece in fresh:
            self._rows.setdefault(piece.row, []).append(piece)
        reach = [*self.bottom, *fresh]
        self.n_rows = max([self.n_rows, *(piece.last + 1 for piece in reach)])
        self.bottom = [piece for piece in reach if piece.last == self.n_rows - 1]
        for piece in reach:
            if piece.last < self.n_rows - 1:
                text = piece.text
                counts = self._filled.setdefault(column_key(piece.x0, piece.x1), [0, 0])
                counts[0] += bool(text)
                counts[1] += 1
                self._shapes.setdefault(piece.x0, set()).add(shape(text))
                self.values.add((round(piece.x0), text))

    def row_texts(self, row: int) -> list[str]:
        """The texts of the cells that begin in a row, from left to right."""
        return [text for _, text in sorted((piece.x0, piece.text) for piece in self._rows.get(row, ()))]

    def shapes(self, x0: float) -> set[str]:
        """The shapes of the settled texts of the column that begins at ``x0``."""
        return {one for at, found in self._shapes.items() if abs(at - x0) < 2 for one in found}

    def fill_rates(self, further: Iterable[tuple[Cell, float, float]]) -> dict[tuple[int, int], float]:
        """Share of filled cells per column (see :func:`column_key`): of settled cells and ``further`` ones."""
        counts = {key: list(both) for key, both in self._filled.items()}
        for cell, a, b in further:
            both = counts.setdefault(column_key(a, b), [0, 0])
            both[0] += bool(cell.text)
            both[1] += 1
        return {key: filled / all_ for key, (filled, all_) in counts.items()}


def column_key(a: float, b: float) -> tuple[int, int]:
    """A column by its borders: the same for cells whose borders differ by less than about a point."""
    return round(a / 2), round(b / 2)


def extent(cells: Sequence[Cell]) -> tuple[float, float]:
    """The left and right border of a page's table."""
    return min(cell.x0 for cell in cells), max(cell.x1 for cell in cells)


def edges_of(cells: Sequence[Cell]) -> list[float]:
    """The places of a page's table at which cells begin or end, ascending, a point or more apart."""
    values = sorted({round(x, 1) for cell in cells for x in (cell.x0, cell.x1)})
    out: list[float] = []
    for value in values:
        if not out or value - out[-1] > 1.0:
            out.append(value)
    return out


def shape(text: str) -> str:
    """How a text begins and ends: with a digit or with something else."""
    return "".join("9" if char.isdigit() else "字" for char in (text[:1], text[-1:]) if char)


def mapped(builder: Builder, cells: Sequence[Cell]) -> list[tuple[Cell, float, float]]:
    """The cells of a page's table with x0, x1 in the first page's coordinates.

    Margins may differ between pages (mirrored ones do), widths a little: the outer borders are made to coincide, then
    each edge takes the place of the nearest known one.
    """
    x0, x1 = extent(cells)
    scale = (builder.x1 - builder.x0) / max(x1 - x0, 1.0)
    out = []
    own = edges_of(cells)
    by_order = len(own) == len(builder.edges) and _far(builder, own, x0, scale)
    for cell in cells:
        a, b = (builder.x0 + (x - x0) * scale for x in (cell.x0, cell.x1))
        if by_order:
            a, b = (builder.edges[nearest(own, x)] for x in (cell.x0, cell.x1))
        else:
            a, b = (_onto(builder.edges, x) for x in (a, b))
        out.append((cell, a, b))
    return out


def nearest(edges: Sequence[float], x: float) -> int:
    """The index of the edge nearest to ``x`` (the left one of two as near); ``edges`` ascend."""
    at = bisect_left(edges, x)
    if at == len(edges) or (at and abs(edges[at - 1] - x) <= abs(edges[at] - x)):
        return at - 1
    return at


def _tolerance(builder: Builder) -> float:
    return max(3.5, 0.008 * (builder.x1 - builder.x0))


def _onto(edges: Sequence[float], x: float, tolerance: float = 3.5) -> float:
    near = edges[nearest(edges, x)]
    return near if abs(near - x) <= tolerance else x


def _far(builder: Builder, own: Sequence[float], x0: float, scale: float) -> bool:
    tolerance = _tolerance(builder)
    return any(
        abs(builder.x0 + (x - x0) * scale - e) > tolerance for x, e in zip(own, builder.edges, strict=True)
    )


def same_columns(builder: Builder, cells: Sequence[Cell]) -> bool:
    """Whether the page's table has the columns of the table so far: its edges fall on known ones, or as many of them
    in much the same places."""
    x0, x1 = extent(cells)
    scale = (builder.x1 - builder.x0) / max(x1 - x0, 1.0)
    if not 0.8 < scale < 1.25:
        return False
    own = [builder.x0 + (x - x0) * scale for x in edges_of(cells)]
    tolerance = _tolerance(builder)
    ours = sum(any(abs(x - e) <= tolerance for e in builder.edges) for x in own) / len(own)
    theirs = sum(any(abs(x - e) <= tolerance for x in own) for e in builder.edges) / len(builder.edges)
    if max(ours, theirs) >= 0.9:
        return True
    if len(own) != len(builder.edges):
        return False
    widths = [b - a for a, b in zip(builder.edges, builder.edges[1:], strict=False)]
    return all(abs(x - e) < 0.5 * min(widths) for x, e in zip(own, builder.edges, strict=True))
