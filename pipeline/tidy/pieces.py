"""The staged cell pieces of a document: which tables stand on which page, and their cells, made when asked for.

A rulebook of thousands of pages is tidied part by part: its cells stay in their Arrow columns, and only those of the
part at hand are objects.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pyarrow as pa

from pipeline.model import Cell
from pipeline.reading import Reading, cells_of, numbers


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table as it stands on one page: upper and lower edge in points, which of the staged cells are its own
    (``start`` … ``stop`` - 1), so many of them ``in_first_row``, and how many printed ``lines`` they have."""

    page: int
    table_no: int
    top: float
    bottom: float
    start: int
    stop: int
    in_first_row: int
    lines: int


@dataclass(frozen=True)
class Pieces:
    """The tables of every page in reading order; ``load(start, stop)`` gives staged cells as objects."""

    tables: tuple[PageTable, ...]
    load: Callable[[int, int], Sequence[Cell]]


def pieces_of(reading: Reading) -> Pieces:
    """The pieces of a reading, whose cells stand in page and table order."""
    cells = reading.cells

    def load(start: int, stop: int) -> Sequence[Cell]:
        return cells_of(Reading(cells.slice(start, stop - start), reading.blocks, reading.pages))

    if len(cells) == 0:
        return Pieces((), load)
    page, table_no, row = (numbers(cells.column(name)) for name in ("page", "table_no", "row"))
    top, bottom = (numbers(cells.column(name)) for name in ("top", "bottom"))
    lines = numbers(pa.chunked_array([cells.column("lines").combine_chunks().value_lengths()]))
    starts = np.flatnonzero(np.r_[True, (np.diff(page) != 0) | (np.diff(table_no) != 0)])
    columns = (
        page[starts], table_no[starts], np.minimum.reduceat(top, starts), np.maximum.reduceat(bottom, starts),
        starts, np.r_[starts[1:], len(cells)], np.add.reduceat((row == 0).astype(np.int64), starts),
        np.add.reduceat(lines, starts),
    )  # fmt: skip
    tables = tuple(PageTable(*one) for one in zip(*(column.tolist() for column in columns), strict=True))
    return Pieces(tables, load)


def pieces_in(cells: Sequence[Cell]) -> Pieces:
    """The pieces of cells that are objects already; those of one table need not stand together."""
    ordered = sorted(cells, key=lambda cell: (cell.page, cell.table_no))
    tables: list[PageTable] = []
    start = 0
    for (page, table_no), members in groupby(ordered, key=lambda cell: (cell.page, cell.table_no)):
        own = list(members)
        top, bottom = min(cell.top for cell in own), max(cell.bottom for cell in own)
        heads = sum(cell.row == 0 for cell in own)
        lines = sum(len(cell.lines) for cell in own)
        tables.append(PageTable(page, table_no, top, bottom, start, start + len(own), heads, lines))
        start += len(own)
    return Pieces(tuple(tables), lambda a, b: ordered[a:b])
