"""What a page break cut: is the first row below it the rest of the row above, and which merged cells run on over it?

Where the ruling lines are silent (they never say whether an empty cell below a page break belongs to the cell above it)
the columns' own habits decide: a column that is never empty elsewhere is not empty here either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.model import Cell, GridCell
from pipeline.text import brackets
from pipeline.tidy.growing_table import GrowingCell, GrowingTable, column_key, pattern, shape
from pipeline.tidy.headers import ends_as_class

_FILLED = 0.97
_FEW = 0.955
_OFTEN = 0.8
"""Shares of a column's cells that are filled: (nearly) always, always as far as a few cells tell, and usually."""

Pairs = Sequence[tuple[Cell, GrowingCell | None]]
"""The cells of the first row below a page break, each with the cell above it that has the same borders."""
FillRates = Mapping[tuple[int, int], float]
"""Share of filled cells by ``column_key``."""


def row_is_cut(table: GrowingTable, pairs: Pairs, filled: FillRates) -> bool:
    """Whether the first row after a page break is the rest of the row before it, rather than a row of its own."""
    matched = [(cell, above) for cell, above in pairs if above is not None]
    if len(matched) < len(pairs):
        return False
    key, above = _key(table, matched)
    if key.text and not above.text and not table.merging:
        # The class stands in the middle of its row and the break came before it; where it stands at the top of a
        # high cell, its row begins here, and what is above belongs to the row before that.
        return not _at_top(key)
    if key.text and above.text and _two_keys(table, key, above):
        return False
    if above.text and not key.text and not table.merging:
        return True  # a class goes on; that it ended with the page, and the next one is named further below, is rare
    single = [(cell, above) for cell, above in matched if above.row_span == cell.row_span == 1]
    if any(cell.text for cell, _ in single) and not any(above.text for _, above in single):
        return True  # the break came before the row's first line
    always = [
        (cell, above) for cell, above in matched if filled.get(column_key(above.x0, above.x1), 0.0) >= 0.9
    ]
    if not always:
        return not pairs[0][0].text
    present = [(cell, above) for cell, above in always if cell.text]
    missing = [(cell, above) for cell, above in always if not cell.text]
    if not present:
        return True
    complete = _complete(table, always)
    if not missing:
        opened = any(cell.open_top or above.pieces[-1].open_bottom for cell, above in always)
        return opened and not complete
    ordered = sorted(always, key=lambda pair: pair[1].x0)
    if (ordered[0][0].text and complete) or _begins_right_of_merged(matched):
        return False
    if any(broken_value(table, cell, above) for cell, above in present):
        return all(not _ended(above) for _, above in present)
    # Key columns that are empty because a merged cell runs on are no sign of a cut row.
    if all(cell.row_span > 1 or above.row_span > 1 for cell, above in missing):
        return False
    # So are the leftmost columns alone, when every column right of them has a text of its own.
    if len(present) >= 2 and all(cell.text for cell, _ in ordered[len(missing) :]):
        return False
    # Nor is an empty key where keys are usually merged, when every text above the break ended on purpose: the last row
    # of a merged cell may be drawn apart.
    if all(table.merged(above) for _, above in missing) and all(
        above.text and _ended(above) for _, above in present
    ):
        return False
    whole = any(
        (round(above.x0), cell.text) in table.values or cell.text.isdigit() for cell, above in present
    )
    return not (whole and 2 * len(present) >= len(always))


def _key(table: GrowingTable, matched: Sequence[tuple[Cell, GrowingCell]]) -> tuple[Cell, GrowingCell]:
    """The pair of the column that names the rows: the leftmost, or in a catalogue the one in which the classes stand."""

    def classes(pair: tuple[Cell, GrowingCell]) -> bool:
        texts = [pair[0].text, pair[1].text, *(text for at, text in table.values if abs(at - pair[1].x0) < 2)]
        named = [ends_as_class(text) for text in texts if text]
        return 2 * sum(named) >= len(named) > 0

    ordered = sorted(matched, key=lambda pair: pair[0].x0)
    return ordered[0] if table.merging else next(filter(classes, ordered), ordered[0])


def _two_keys(table: GrowingTable, key: Cell, above: GrowingCell) -> bool:
    """Whether the leftmost texts on both sides of a break are whole keys: then these are two rows.

    A code or number below words (a header) begins a row; the rest of a cut key would be of one kind with it.
    """
    fresh, before = shape(key.text), shape(above.text)
    return (
        fresh == before or {fresh, before} <= table.shapes(above.x0) or (fresh[0] == "9" and before[0] != "9")
    )


def _begins_right_of_merged(matched: Sequence[tuple[Cell, GrowingCell]]) -> bool:
    """Whether the leftmost text stands right of merged cells that run on, below a value that ended on purpose: it is a
    value of its own."""
    in_order = sorted(matched, key=lambda pair: pair[1].x0)
    lead = next((i for i, (cell, _) in enumerate(in_order) if cell.text), 0)
    above = in_order[lead][1]
    return (
        lead > 0
        and all(cell.row_span > 1 or other.row_span > 1 for cell, other in in_order[:lead])
        and bool(above.text)
        and _ended(above)
    )


def broken_value(table: GrowingTable, cell: Cell, above: GrowingCell) -> bool:
    """Whether a page break cuts a code (S00003130001|5): the upper line is full, and only both together have the pattern
    of the column's codes."""
    known = table.patterns(above.x0) - {""}
    whole = pattern(above.text + cell.text)
    return (
        bool(cell.text and above.text)
        and whole in known
        and not {pattern(cell.text), pattern(above.text)} & known
        and not _ended(above, 1.0)
    )


def _ended(cell: GrowingCell, room: float = 2.5) -> bool:
    """Whether a cell's last line leaves ``room`` for so many more characters: its text ended on purpose."""
    piece = next((piece for piece in reversed(cell.pieces) if piece.lines), None)
    if piece is None:
        return False
    line = piece.lines[-1]
    return piece.x1 - piece.x0 - line.width > room * line.size


def _at_top(cell: Cell) -> bool:
    """Whether a cell's text begins at its top border although there is room below it: it is not centred."""
    lines = [line for line in cell.lines if line.text.strip()]
    height = lines[0].bottom - lines[0].top
    above, below = lines[0].top - cell.top, cell.bottom - lines[-1].bottom
    return above < height and below > above + 2 * height


def _complete(table: GrowingTable, always: Sequence[tuple[Cell, GrowingCell]]) -> bool:
    """The first column's texts on both sides of a break look like whole values: the same shape as others of it."""
    cell, above = min(always, key=lambda pair: pair[1].x0)
    shapes = table.shapes(above.x0)
    return shape(cell.text) in shapes and shape(above.text) in shapes


def runs_on(
    above: GrowingCell,
    cell: Cell,
    filled: float,
    table: GrowingTable,
    below: Cell,
    key: GrowingCell | None = None,
) -> bool:
    """Whether a cell below a page break is the rest of the (merged) cell above it, the row itself being whole.

    ``filled``: the share of the column's cells that are filled; ``below``: the row's key; ``key``: the key above the
    break, if it runs on.
    Where nothing tells, the cell is noted as uncertain.
    """
    upper, lower = above.text, cell.text
    if not table.merging and above.row_span == 1 and cell.row_span == 1:
        return False
    if upper and not lower:
        merged = above.row_span > 1 or cell.row_span > 1
        if filled >= _FILLED or (filled >= _FEW and merged) or (filled >= _OFTEN and cell.row_span > 1):
            return True
        own = (
            below.text
            and below.row_span == cell.row_span
            and any(not one.text for one in table.merged(above))
        )
        if cell.row_span > 1 and not own:
            return True
        if key is not None and (key is above or _goes_with(above, key, table)):
            return True
        if above.row_span > 1:
            table.uncertain.append(cell)
        return False
    if lower and not upper:
        return filled >= _FILLED or (above.row_span > 1 and filled >= 0.9)
    if not upper and not lower:
        return filled >= _FEW and above.row_span + cell.row_span > 2
    if upper == lower:
        return above.row_span > 1 or cell.row_span > 1
    if broken_value(table, cell, above):
        return True
    if key is not None and key is not above and not _ended(above) and table.spans_with(above.x0, key.x0):
        return True
    return bool(brackets(upper)[1] and brackets(lower)[0])


def _goes_with(above: GrowingCell, key: GrowingCell, table: GrowingTable) -> bool:
    """Whether a cell above a page break covers all rows of a key that runs on, so that it runs on with it."""
    return above.row <= key.row and (above.row_span > 1 or table.spans_with(above.x0, key.x0))


def without_holes(cells: Sequence[GridCell]) -> tuple[list[GridCell], list[Cell]]:
    """The cells of a table without its holes, and what stood there.

    Where a merged cell is cut, word processors draw what is left of it and of those beside it as empty cells, with or
    without the borders between. A row whose first columns are all empty below merged cells that end there belongs to
    these: by the borders only where a page break cuts the cells, or follows; where borders are lacking, anywhere.
    """
    pages = {cell.row: cell.pieces[0].page for cell in cells}
    breaks = {row for row in pages if row and pages[row] != pages.get(row - 1)}
    ends = {(cell.row + cell.row_span, cell.col): cell for cell in cells if cell.text}
    empty: dict[int, list[tuple[GridCell, list[GridCell]]]] = {}
    for cell in cells:
        if not cell.text and (above := _above_hole(cell, ends, breaks)):
            empty.setdefault(cell.row, []).append((cell, above))
    longer: dict[int, GridCell] = {}
    gone: dict[int, GridCell] = {}
    for row, holes in empty.items():
        if holes[0][0].col or sum(hole.col_span for hole, _ in holes) < 2:
            continue
        for hole, above in holes:
            gone[id(hole)] = hole
            for one in above:
                rows = hole.row + hole.row_span - one.row
                pieces = (*one.pieces, *(hole.pieces if one is above[0] else ()))
                longer[id(one)] = replace(one, row_span=rows, pieces=pieces, unsure_from=row)
    kept = [longer.get(id(cell), cell) for cell in cells if id(cell) not in gone]
    return kept, [piece for hole in gone.values() for piece in hole.pieces]


def _above_hole(hole: GridCell, ends: Mapping[tuple[int, int], GridCell], breaks: set[int]) -> list[GridCell]:
    """The cells right above an empty one that cover its very columns: any where it stands in several columns without a border
    between, else merged ones that a page break cuts or follows (the rows that ``breaks`` has begin a page). [] if none do."""
    above, col = [], hole.col
    while col < hole.col + hole.col_span and (one := ends.get((hole.row, col))) is not None:
        begins = range(one.row + 1, hole.row + hole.row_span + 1)
        if hole.col_span == 1 and (
            breaks.isdisjoint(begins) or (one.row_span == 1 and hole.row not in breaks)
        ):
            return []
        above.append(one)
        col += one.col_span
    return above if col == hole.col + hole.col_span else []
