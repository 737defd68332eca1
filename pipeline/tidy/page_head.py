"""The head of a page's table: titles and header rows by which it is a list of its own, or the same list once more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.model import Cell, GridCell, LogicalTable
from pipeline.tidy.annexes.columns import banner, header_rows
from pipeline.tidy.growing_table import edges_of, nearest
from pipeline.tidy.headers import header_block
from pipeline.tidy.sections import AGAIN, PageTable, without_first_row
from pipeline.vocabulary.annexes import ALL_WORDS
from pipeline.vocabulary.kinds import kind_scores

_COLUMNS_DIFFER = 2.0
"""Points by which edges of one column differ at most within a page."""


def head_texts(cells: Sequence[Cell], in_annex: bool) -> list[list[str]]:
    """The texts of the rows at the top of a page's table that are titles and a header, left to right; [] where no
    header stands there. In an annex the vocabulary of all annexes tells it, else a row of tiers."""
    table = _grid(cells)
    stop = _head_end(table, 0) if in_annex else header_block(table)[1]
    return [[AGAIN.sub("", cell.text) for cell in table.row(row) if cell.row == row] for row in range(stop)]


def only_head(cells: Sequence[Cell], in_annex: bool) -> bool:
    """Whether a table holds words of a header alone, which goes on on the next page."""
    table = _grid(cells)
    if in_annex:
        return _head_end(table, 0) >= table.n_rows
    words = [cell.text for cell in table.cells if cell.text]
    kinds = sum(max(kind_scores(word).values()) >= 70 for word in words)
    return table.n_rows <= 3 and kinds >= 0.5 * len(words)


def lists_in(item: PageTable, in_annex: bool) -> Iterator[PageTable]:
    """The tables that a page's grid holds one below the other: each begins with a header of its own, in an annex with a
    title or a header over other columns than those above. Empty cells above a header at a page's top are no row."""
    if all(cell.row or not cell.text for cell in item.cells) and any(cell.row for cell in item.cells):
        below = without_first_row(item)
        item = below if head_texts(below.cells, in_annex) else item
    table = _grid(item.cells)
    start = 0
    row = max(1, _head_end(table, 0) if in_annex else header_block(table)[1])
    while row < table.n_rows:
        if in_annex:
            own = all(cell.row == row for cell in table.row(row))
            stop = _head_end(table, row) if own else row
            if row == start:
                pass  # right below a gap: the table begins here
            elif _is_gap(table, row) and not _same_columns(item.cells, start, row, row + 1):
                yield item.part(start, row)
                start = stop = row + 1
            elif stop > row and not _same_columns(item.cells, start, row, stop):
                yield item.part(start, row)
                start = row
            row = max(row + 1, stop)
        else:
            first, stop = header_block(table, row, table.n_rows)
            if not stop:
                break
            if first == row > 1 and stop == row + 1:
                row = stop  # right below a repeated header: the rest of the one that the page break cut
                continue
            while first > start and len(table.row(first - 1)) == 1:
                first -= 1  # a title above the header
            if first > start:
                yield item.part(start, first)
                start = first
            row = stop
    yield item.part(start, table.n_rows) if start else item


def _head_end(table: LogicalTable, row: int) -> int:
    """The row after the titles and the header that begin at ``row``; ``row`` itself where no header does."""
    first = row
    while first < table.n_rows and banner(table, first) is not None:
        first += 1
    stop = header_rows(table, first, ALL_WORDS, {}) if first < table.n_rows else first
    return stop if stop > first else row


def _is_gap(table: LogicalTable, row: int) -> bool:
    """Whether a row is what lies between two tables that nearly touch: empty, and lower than any line of text."""
    own = [piece for cell in table.row(row) for piece in cell.pieces]
    if row + 1 == table.n_rows or any(cell.text for cell in own):
        return False
    size = min((line.size for cell in table.cells for line in cell.lines), default=0.0)
    return max(cell.bottom - cell.top for cell in own) < size


def _same_columns(cells: Sequence[Cell], start: int, row: int, stop: int) -> bool:
    """Whether the rows ``start`` … ``row`` - 1 have the edges of those from ``row`` on."""
    above = edges_of([cell for cell in cells if start <= cell.row < row])
    below = edges_of(
        [cell for cell in cells if cell.row >= stop] or [cell for cell in cells if cell.row >= row]
    )
    return len(above) == len(below) and all(
        abs(a - b) < _COLUMNS_DIFFER for a, b in zip(above, below, strict=True)
    )


def _grid(cells: Sequence[Cell]) -> LogicalTable:
    """A page's table as a grid of its own columns."""
    edges = edges_of(cells)
    ends = ((cell, nearest(edges, cell.x0), nearest(edges, cell.x1)) for cell in cells)
    found = (GridCell(cell.row, a, cell.row_span, max(1, b - a), (cell,)) for cell, a, b in ends)
    n_rows = max(cell.row + cell.row_span for cell in cells)
    return LogicalTable((), n_rows, len(edges) - 1, tuple(found), tuple(edges))
