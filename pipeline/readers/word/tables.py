"""A w:tbl → cells on its grid: spans by gridSpan and vMerge, holes by gridBefore, slivers of columns put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from pipeline.errors import XizeError
from pipeline.readers.word.package import ALTERNATIVES, W, chosen, val
from pipeline.readers.word.styles import on, whole

_SLIVER = 80
"""Twips (4 points): a column of the grid that is no wider comes of borders that were dragged not quite in line."""

_THROUGH = frozenset(f"{W}{name}" for name in ("sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo"))


@dataclass
class WordCell:
    """A cell as the grid has it: rows and columns from 0; ``covered``: cells below it that it is merged with."""

    row: int
    col: int
    row_span: int
    col_span: int
    element: Any
    covered: list[Any]


@dataclass(frozen=True)
class WordGrid:
    """A table: its cells, row by row; the rows and cells that tracked changes took away, put in or ``merged``, and rows
    that are hidden."""

    cells: tuple[WordCell, ...]
    n_rows: int
    n_cols: int
    deleted: tuple[Any, ...]
    inserted: tuple[Any, ...]
    merged: tuple[Any, ...]
    hidden: tuple[Any, ...]


def parts_of(element: Any, wanted: Iterable[str]) -> Iterator[Any]:
    """The children of the ``wanted`` tags, in order, content controls and other wrappings seen through."""
    names = frozenset(wanted)
    for child in element:
        if child.tag in names:
            yield child
        elif child.tag in _THROUGH:
            yield from parts_of(child, names)
        elif child.tag == ALTERNATIVES:
            yield from parts_of(chosen(child), names)


def read_grid(table: Any, where: str) -> WordGrid:
    """The grid of a table. Raises XizeError (beginning with ``where``) for a table without one."""
    grid = table.find(f"{W}tblGrid")
    widths = [whole(one.get(f"{W}w")) or 0 for one in grid.iter(f"{W}gridCol")] if grid is not None else []
    if not widths:
        raise XizeError(
            f"{where}的表格没有列的定义（tblGrid），不知各格在哪一列；请用Word打开后另存，再读取。"
        )
    deleted: list[Any] = []
    inserted: list[Any] = []
    merged: list[Any] = []
    hidden: list[Any] = []
    found: list[tuple[WordCell, bool]] = []
    row = 0
    for element in parts_of(table, (f"{W}tr",)):
        properties = element.find(f"{W}trPr")
        if properties is not None and properties.find(f"{W}del") is not None:
            deleted.append(element)
            continue
        if properties is not None and properties.find(f"{W}ins") is not None:
            inserted.append(element)
        if properties is not None and on(properties.find(f"{W}hidden")):
            hidden.append(element)
        for cell in parts_of(element, (f"{W}tc",)):
            for tag, told in (("cellDel", deleted), ("cellIns", inserted), ("cellMerge", merged)):
                told += [cell] if cell.find(f"{W}tcPr/{W}{tag}") is not None else []
        found += _row_cells(element, properties, row)
        row += 1
    edges = _edges([cell for cell, _ in found], widths)
    cells = _merged(found, edges)
    width = max(edges.values())
    if on(table.find(f"{W}tblPr/{W}bidiVisual")):  # the first cell of a row stands at the right
        for cell in cells:
            cell.col = width - cell.col - cell.col_span
    return WordGrid(tuple(cells), row, width, *map(tuple, (deleted, inserted, merged, hidden)))


def _merged(found: Iterable[tuple[WordCell, bool]], edges: Mapping[int, int]) -> list[WordCell]:
    """The cells on their final edges, those that go on from above put together with the cell above."""
    cells: list[WordCell] = []
    open_: dict[tuple[int, int], WordCell] = {}
    for cell, goes_on in found:
        start = edges[cell.col]
        cell.col, cell.col_span = start, max(1, edges[cell.col + cell.col_span] - start)
        upper = open_.get((cell.col, cell.col_span))
        if goes_on and upper is not None and upper.row + upper.row_span == cell.row:
            upper.row_span += 1
            upper.covered.append(cell.element)
        else:
            cells.append(cell)
            open_[cell.col, cell.col_span] = cell
    return cells


def _row_cells(element: Any, properties: Any | None, row: int) -> list[tuple[WordCell, bool]]:
    """The cells of a row, each with whether it is merged with the one above."""
    col = _value(properties, "gridBefore", 0)
    found: list[tuple[WordCell, bool]] = []
    for child in parts_of(element, (f"{W}tc",)):
        own = child.find(f"{W}tcPr")
        if own is not None and own.find(f"{W}cellDel") is not None:
            continue
        span = max(1, _value(own, "gridSpan", 1))
        if _merge(own, "hMerge") == "continue" and found:  # a merge of the old kind
            found[-1][0].col_span += span
            found[-1][0].covered.append(child)
        else:
            merged = _merge(own, "vMerge") == "continue"
            found.append((WordCell(row, col, 1, span, child, []), merged))
        col += span
    return found


def _merge(properties: Any | None, tag: str) -> str | None:
    """restart | continue as w:vMerge or w:hMerge says, None where it is not there."""
    found = properties.find(f"{W}{tag}") if properties is not None else None
    return None if found is None else str(found.get(f"{W}val", "continue"))


def _value(properties: Any | None, tag: str, usual: int) -> int:
    value = whole(val(properties, tag))
    return usual if value is None else value


def _edges(cells: Sequence[WordCell], widths: Sequence[int]) -> dict[int, int]:
    """Edges of the file's grid → those of the table: only edges that some cell has, and of edges a sliver apart one."""
    n_cols = max([len(widths), *(cell.col + cell.col_span for cell in cells)])
    places = [0, *accumulate([*widths, *[max(widths)] * (n_cols - len(widths))])]
    stated = places[-1] > _SLIVER * n_cols
    used = {0, n_cols} | {edge for cell in cells for edge in (cell.col, cell.col + cell.col_span)}
    lone = {(cell.col, cell.col + cell.col_span) for cell in cells}
    new = {0: 0}
    for before, edge in pairwise(sorted(used)):
        close = stated and places[edge] - places[before] <= _SLIVER and (before, edge) not in lone
        new[edge] = new[before] + (not close)
    return new
