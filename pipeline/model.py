"""The shapes that pass between reading and tidying: lines, staged cells, stitched tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pipeline.text import squeeze

Slot = tuple[str, str, str]
"""A cell of the catalogue: class code, kind, tier."""


def slot_of(entry: Mapping[str, Any]) -> Slot:
    """The catalogue cell in which an entry stands."""
    return entry["class_code"], entry["kind"], entry["tier"]


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line. Box in PDF points, origin top left; ``advances[i]`` is the width of ``text[i]``.

    >>> Line("序号", 83.0, 125.0, 101.0, 134.0, page=1, advances=(9.0, 9.0), size=9.0).width
    18.0
    """

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    page: int
    advances: tuple[float, ...] = ()
    size: float = 0.0

    @property
    def width(self) -> float:
        """Printed width in points."""
        return self.x1 - self.x0

    @property
    def place(self) -> dict[str, Any]:
        """Its page and box, in the columns of rows and findings."""
        return {"page": self.page, "x0": self.x0, "top": self.top, "x1": self.x1, "bottom": self.bottom}


@dataclass(frozen=True, slots=True)
class Cell:
    """One staged cell: a cell, or the part of it that stands on one page, as read. Rows and columns from 0."""

    cell_id: str
    page: int
    table_no: int
    row: int
    col: int
    row_span: int
    col_span: int
    x0: float
    top: float
    x1: float
    bottom: float
    lines: tuple[Line, ...]
    engine: str
    confidence: float = 1.0
    open_top: bool = False
    open_bottom: bool = False
    _text: str | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def text(self) -> str:
        """All characters of the cell, blanks deleted (worked out once: it is asked for again and again)."""
        known = self._text
        if known is None:
            known = squeeze("".join([line.text for line in self.lines]))
            object.__setattr__(self, "_text", known)
        return known

    @property
    def place(self) -> dict[str, Any]:
        """Its page, box and name, in the columns of rows and findings."""
        return {
            "page": self.page, "x0": self.x0, "top": self.top, "x1": self.x1, "bottom": self.bottom,
            "cell_id": self.cell_id,
        }  # fmt: skip


@dataclass(frozen=True)
class GridCell:
    """A cell of a stitched table: one piece per page that it stands on, in reading order.

    ``unsure_from``: the row from which on no ruling line says that the cell covers it: an empty cell below a page break
    was taken for the rest of it.
    """

    row: int
    col: int
    row_span: int
    col_span: int
    pieces: tuple[Cell, ...]
    unsure_from: int | None = None

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The printed lines of every piece, in reading order."""
        return tuple(line for piece in self.pieces for line in piece.lines)

    @cached_property
    def text(self) -> str:
        """All characters of the cell, blanks deleted."""
        return squeeze("".join(line.text for line in self.lines))

    @property
    def first(self) -> Cell:
        """The piece in which the cell's text starts (the first piece when it is empty): its provenance."""
        return next((piece for piece in self.pieces if piece.lines), self.pieces[0])

    @property
    def confidence(self) -> float:
        """The lowest confidence of the pieces."""
        return min(piece.confidence for piece in self.pieces)

    @property
    def place(self) -> dict[str, Any]:
        """The place of the piece in which the text starts, and the confidence."""
        return {**self.first.place, "confidence": self.confidence}


@dataclass(frozen=True)
class LogicalTable:
    """A table as meant: pages stitched, rows and cells cut by page breaks joined.

    ``context``: the text lines printed between the heading (or the table before) and this table. ``x_edges``: the
    places of its vertical edges in points. ``repeated``: the repeated header cells that were dropped; ``uncertain``: cells
    whose span over a page break is; ``notes``: the footnotes at the feet of its pages.
    """

    context: tuple[Line, ...]
    n_rows: int
    n_cols: int
    cells: tuple[GridCell, ...]
    x_edges: tuple[float, ...] = ()
    repeated: tuple[Cell, ...] = ()
    uncertain: tuple[Cell, ...] = ()
    notes: tuple[Line, ...] = ()
    _index: dict[tuple[int, int], GridCell] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for cell in self.cells:
            for row in range(cell.row, cell.row + cell.row_span):
                for col in range(cell.col, cell.col + cell.col_span):
                    self._index[row, col] = cell

    def at(self, row: int, col: int) -> GridCell | None:
        """The cell that covers grid position (row, col), or None where the table has a hole."""
        return self._index.get((row, col))

    def row(self, row: int) -> list[GridCell]:
        """The distinct cells that cover ``row``, left to right (cells merged from rows above included)."""
        seen: list[GridCell] = []
        for col in range(self.n_cols):
            cell = self._index.get((row, col))
            if cell is not None and (not seen or seen[-1] is not cell):
                seen.append(cell)
        return seen

    def starting(self, row: int) -> list[GridCell]:
        """The cells with text that start in ``row``, left to right."""
        return [cell for cell in self.row(row) if cell.row == row and cell.text]

    def column(self, col: int, start: int, stop: int) -> list[GridCell]:
        """The cells with text that cover a column in rows ``start`` … ``stop`` - 1, top to bottom, each once."""
        found = {id(cell): cell for row in range(start, stop) if (cell := self.at(row, col)) and cell.text}
        return list(found.values())

    @property
    def pieces(self) -> list[Cell]:
        """The staged cells that the table consists of."""
        return [piece for cell in self.cells for piece in cell.pieces]

    @property
    def page(self) -> int:
        """The first page that the table stands on."""
        return min(cell.pieces[0].page for cell in self.cells)
