"""Pages → tables as meant: the pieces of a table on successive pages become one grid.

Columns are matched by position, not by count. A header repeated on a later page is dropped (and kept in
``StitchedTable.repeated`` for the conservation of characters). A row cut by the page break is joined, a merged cell that
runs on over the break is one cell again. Where the ruling lines are silent (they never say whether an empty cell
below a page break belongs to the cell above it) the columns' own habits decide: a column that is never empty
elsewhere is not empty here either.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pipeline.model import Cell, GridCell, Line, LogicalTable
from pipeline.text import squeeze
from pipeline.tidy.outline import PageTable, Section
from pipeline.tidy.stitch_model import (
    Builder,
    Piece,
    column_key,
    edges_of,
    extent,
    mapped,
    nearest,
    same_columns,
    shape,
)

_CONTINUED = re.compile(r"^[(\[]?(?:续|接)(?:上?表|上?页|前表)?.{0,12}[)\]]?$")
_FILLED = 0.97
_OFTEN = 0.8
"""Shares of a column's cells that are filled: (nearly) always, and usually."""


@dataclass(frozen=True)
class StitchedTable:
    """A stitched table, the repeated header cells that were dropped, and cells whose span over a break is uncertain."""

    table: LogicalTable
    repeated: tuple[Cell, ...]
    uncertain: tuple[Cell, ...]

    @property
    def pieces(self) -> list[Cell]:
        """The staged cells that the table consists of."""
        return [piece for cell in self.table.cells for piece in cell.pieces]


@dataclass(frozen=True)
class StitchedSection:
    """A section with its stitched tables, and the lines printed after the last of them."""

    section: Section
    tables: tuple[StitchedTable, ...]
    rest: tuple[Line, ...]


def stitch(section: Section, pictured: Collection[int] = ()) -> StitchedSection:
    """The tables of a section as meant.

    A table goes on over pages that hold nothing; ``pictured`` are those that hold a picture, which may be of a table.
    """
    out: list[StitchedTable] = []
    builder: Builder | None = None
    context: list[Line] = []
    for item in section.content:
        if isinstance(item, Line):
            text = squeeze(item.text)
            if builder is None or len(text) >= 16 or not _CONTINUED.match(text):
                context.append(item)
            continue
        if builder is not None and not context and _follows(builder, item, pictured):
            _extend(builder, item.page, item.cells)
            continue
        if builder is not None:
            out.append(_finish(builder, section))
        builder = _begin(item.page, item.cells, context, section.kind == "annex")
        context = []
    if builder is not None:
        out.append(_finish(builder, section))
    return StitchedSection(section, tuple(out), tuple(context))


def _follows(builder: Builder, table: PageTable, pictured: Collection[int]) -> bool:
    """Whether a page's table may be the rest of the table so far: same columns, no page with a picture between."""
    return (
        table.page > builder.last_page
        and not any(page in pictured for page in range(builder.last_page + 1, table.page))
        and same_columns(builder, table.cells)
    )


def _row_texts(pieces: Sequence[tuple[int, float, str]], row: int) -> list[str]:
    return [text for _, text in sorted((x, text) for r, x, text in pieces if r == row)]


def _begin(page: int, cells: Sequence[Cell], context: list[Line], merging: bool) -> Builder:
    x0, x1 = extent(cells)
    builder = Builder(context, x0, x1, merging)
    builder.take([Piece(cell.row, cell.row_span, cell.x0, cell.x1, [cell]) for cell in cells])
    builder.last_page = page
    builder.edges = edges_of(cells)
    return builder


def _repeated_header(builder: Builder, cells: Sequence[tuple[Cell, float, float]]) -> int:
    """How many first rows of a page's table repeat the table's header."""
    fresh = [(cell.row, x0, cell.text) for cell, x0, _ in cells]
    rows = max(cell.row + cell.row_span for cell, _, _ in cells)
    best = 0
    for offset in range(min(4, builder.n_rows)):
        k = 0
        while k < rows and offset + k < builder.n_rows:
            mine = _row_texts(fresh, k)
            theirs = builder.row_texts(offset + k)
            words = [text for text in mine if text]
            if mine != theirs or (not words and k == 0) or any(text.isdigit() for text in words):
                break
            if len(words) < 2 and not (k == 0 and len(mine) == 1):
                # a lone word may recur in the body; a header's second row has several
                break
            k += 1
        if k and any(len([t for t in _row_texts(fresh, i) if t]) >= 2 for i in range(k)):
            best = max(best, k)
    # A header cell spanning further rows takes these along.
    for cell, _, _ in cells:
        if cell.row < best < cell.row + cell.row_span:
            best = cell.row + cell.row_span
    return best


def _extend(builder: Builder, page: int, cells: Sequence[Cell]) -> None:
    placed = mapped(builder, cells)
    skip = _repeated_header(builder, placed)
    builder.repeated.extend(cell for cell, _, _ in placed if cell.row < skip)
    body = [(cell, a, b) for cell, a, b in placed if cell.row >= skip]
    builder.last_page = page
    for edge in (x for _, a, b in body for x in (a, b)):
        if all(abs(edge - known) > 1.0 for known in builder.edges):
            builder.edges.append(edge)
            builder.edges.sort()
    if not body:
        return
    last = builder.n_rows - 1
    first = [(cell, a, b) for cell, a, b in body if cell.row == skip]
    pairs = [(cell, _matching(builder.bottom, a, b)) for cell, a, b in first]
    filled = builder.fill_rates(one for one in body if one[0].row > skip)
    cut = all(match is not None for _, match in pairs) and _row_is_cut(builder, pairs, filled)
    shift = (last if cut else last + 1) - skip
    partners = {cell.cell_id: match for cell, match in pairs}
    # Of a column with no other cell nothing is known: a merged cell runs on, another goes with the key, which runs on
    # when it is empty below.
    key, upper = min(pairs, key=lambda pair: pair[0].x0)
    unknown = 1.0 if upper is not None and upper.text and not key.text else 0.0
    fresh: list[Piece] = []
    for cell, a, b in body:
        match = partners.get(cell.cell_id) if cell.row == skip else None
        usual = filled.get(column_key(a, b), 1.0 if match is not None and match.row_span > 1 else unknown)
        if match is not None and (cut or _runs_on(match, cell, usual, builder)):
            match.pieces.append(cell)
            match.row_span = max(match.row_span, cell.row + shift + cell.row_span - match.row)
        else:
            fresh.append(Piece(cell.row + shift, cell.row_span, a, b, [cell]))
    if cut:
        builder.joined_rows.append(last)
    builder.take(fresh)


def _matching(above: Sequence[Piece], a: float, b: float) -> Piece | None:
    return next((p for p in above if abs(p.x0 - a) < 2 and abs(p.x1 - b) < 2), None)


def _row_is_cut(
    builder: Builder, pairs: Sequence[tuple[Cell, Piece | None]], filled: dict[tuple[int, int], float]
) -> bool:
    """Whether the first row after a page break is the rest of the row before it, rather than a row of its own."""
    key, above = min(pairs, key=lambda pair: pair[0].x0)
    if above is not None and key.text and not above.text and not builder.merging:
        # The class stands in the middle of its row and the break came before it; where it stands at the top of a
        # high cell, its row begins here, and what is above belongs to the row before that.
        return not _at_top(key)
    if above is not None and key.text and above.text:
        # Keys stand in the leftmost column: a whole one on either side of the break means two rows.
        shapes = builder.shapes(above.x0)
        fresh, before = shape(key.text), shape(above.text)
        # A code or number below words (a header) begins a row; the rest of a cut key would be of one kind with it.
        if fresh == before or {fresh, before} <= shapes or (fresh[0] == "9" and before[0] != "9"):
            return False
    alone = [
        (cell, match) for cell, match in pairs if match is not None and match.row_span == cell.row_span == 1
    ]
    if alone and any(cell.text for cell, _ in alone) and not any(match.text for _, match in alone):
        return True  # the break came before the row's first line
    always = [
        (cell, match)
        for cell, match in pairs
        if match is not None and filled.get(column_key(match.x0, match.x1), 0.0) >= 0.9
    ]
    if not always:
        first = pairs[0][0]
        return not first.text
    present = [(cell, match) for cell, match in always if cell.text]
    missing = [(cell, match) for cell, match in always if not cell.text]
    if not present:
        return True
    if not missing:
        opened = any(cell.open_top or match.pieces[-1].open_bottom for cell, match in always)
        return opened and not _complete(builder, always)
    leftmost = min(always, key=lambda pair: pair[1].x0)
    if leftmost[0].text and _complete(builder, always):
        return False
    # The leftmost text stands right of merged cells that run on, below a value that ended on purpose: a value of its own.
    in_order = sorted(((c, m) for c, m in pairs if m is not None), key=lambda pair: pair[1].x0)
    lead = next((i for i, (cell, _) in enumerate(in_order) if cell.text), None)
    if (
        lead
        and all(cell.row_span > 1 or match.row_span > 1 for cell, match in in_order[:lead])
        and in_order[lead][1].text
        and _ended(in_order[lead][1])
    ):
        return False
    # Key columns that are empty because a merged cell runs on are no sign of a cut row.
    if all(cell.row_span > 1 or match.row_span > 1 for cell, match in missing):
        return False
    # So are the leftmost columns alone, when every column right of them has a text of its own.
    ordered = sorted(always, key=lambda pair: pair[1].x0)
    if len(present) >= 2 and all(cell.text for cell, _ in ordered[len(missing) :]):
        return False
    whole = sum(
        (round(match.x0), cell.text) in builder.values or cell.text.isdigit() for cell, match in present
    )
    return not (whole and 2 * len(present) >= len(always))


def _ended(piece: Piece) -> bool:
    """Whether a cell's last line leaves room for more than a character: its text ended on purpose."""
    cell = next((p for p in reversed(piece.pieces) if p.lines), None)
    if cell is None:
        return False
    line = cell.lines[-1]
    return cell.x1 - cell.x0 - line.width > 2.5 * line.size


def _at_top(cell: Cell) -> bool:
    """Whether a cell's text begins at its top border although there is room below it: it is not centred."""
    lines = [line for line in cell.lines if line.text.strip()]
    height = lines[0].bottom - lines[0].top
    above, below = lines[0].top - cell.top, cell.bottom - lines[-1].bottom
    return above < height and below > above + 2 * height


def _complete(builder: Builder, always: Sequence[tuple[Cell, Piece]]) -> bool:
    """The first column's texts on both sides of a break look like whole values: the same shape as others of it."""
    cell, match = min(always, key=lambda pair: pair[1].x0)
    shapes = builder.shapes(match.x0)
    return shape(cell.text) in shapes and shape(match.text) in shapes


def _runs_on(above: Piece, cell: Cell, filled: float, builder: Builder) -> bool:
    """Whether a cell below a page break is the rest of the (merged) cell above it, the row itself being whole."""
    upper, lower = above.text, cell.text
    if not builder.merging and above.row_span == 1 and cell.row_span == 1:
        return False
    if upper and not lower:
        if cell.row_span > 1 or filled >= _FILLED or (above.row_span > 1 and filled >= _OFTEN):
            return True
        if above.row_span > 1:
            builder.uncertain.append(cell)
        return False
    if lower and not upper:
        return filled >= _FILLED or (above.row_span > 1 and filled >= 0.9)
    if not upper and not lower:
        return filled >= _FILLED and above.row_span + cell.row_span > 2
    if upper == lower:
        return above.row_span > 1 or cell.row_span > 1
    return upper.count("(") > upper.count(")") and lower.count(")") > lower.count("(")


def _finish(builder: Builder, section: Section) -> StitchedTable:
    edges = builder.edges
    cells = []
    for piece in builder.pieces:
        a, b = nearest(edges, piece.x0), nearest(edges, piece.x1)
        pieces = piece.pieces
        if len(pieces) > 1 and len({p.text for p in pieces if p.lines}) == 1 and piece.row_span > 1:
            # A merged value printed again after the page break is one value; all pieces stay as provenance.
            pieces = _said_once(pieces, builder)
        cells.append(GridCell(piece.row, a, piece.row_span, max(1, b - a), tuple(pieces)))
    cells.sort(key=lambda cell: (cell.row, cell.col))
    table = LogicalTable(
        section.text,
        str(section.number) if section.number is not None else None,
        section.page,
        tuple(builder.context),
        builder.n_rows,
        len(edges) - 1,
        tuple(cells),
        tuple(edges),
    )
    return StitchedTable(table, tuple(builder.repeated), tuple(builder.uncertain))


def _said_once(pieces: Sequence[Cell], builder: Builder) -> list[Cell]:
    out: list[Cell] = []
    said = False
    for piece in pieces:
        if piece.lines and said:
            builder.repeated.append(piece)
            continue
        said = said or bool(piece.lines)
        out.append(piece)
    return out
