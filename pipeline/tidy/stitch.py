"""Pages → tables as meant: the pieces of a table on successive pages become one grid.

Columns are matched by position, not by count. A header repeated on a later page is dropped (and kept in
``Stitched.repeated`` for the conservation of characters). A row cut by the page break is joined, a merged cell that
runs on over the break is one cell again. Where the ruling lines are silent (they never say whether an empty cell
below a page break belongs to the cell above it) the columns' own habits decide: a column that is never empty
elsewhere is not empty here either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.text import squeeze
from pipeline.tidy.model import Cell, GridCell, Line, LogicalTable
from pipeline.tidy.sections import PageTable, Section

_CONTINUED = re.compile(r"^[(\[]?(?:续|接)(?:上?表|上?页|前表)?.{0,12}[)\]]?$")
_FILLED = 0.97
_OFTEN = 0.8
"""Shares of a column's cells that are filled: (nearly) always, and usually."""


@dataclass
class _Piece:
    """A cell being stitched: position in the reference table (x in points), rows from 0, pieces in reading order."""

    row: int
    row_span: int
    x0: float
    x1: float
    pieces: list[Cell]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    @property
    def last(self) -> int:
        return self.row + self.row_span - 1


@dataclass
class _Builder:
    context: list[Line]
    x0: float
    x1: float
    merging: bool = True  # cells merged over rows are usual here: an annex, not the catalogue
    pieces: list[_Piece] = field(default_factory=list)
    n_rows: int = 0
    last_page: int = 0
    repeated: list[Cell] = field(default_factory=list)
    joined_rows: list[int] = field(default_factory=list)
    uncertain: list[Cell] = field(default_factory=list)
    edges: list[float] = field(default_factory=list)
    tables: list[PageTable] = field(default_factory=list)


@dataclass(frozen=True)
class Stitched:
    """A stitched table, the repeated header cells that were dropped, and cells whose span over a break is uncertain."""

    table: LogicalTable
    repeated: tuple[Cell, ...]
    uncertain: tuple[Cell, ...]


def stitch(section: Section) -> tuple[list[Stitched], list[Line]]:
    """The tables of a section, and lines printed after its last table."""
    out: list[Stitched] = []
    builder: _Builder | None = None
    context: list[Line] = []
    for item in section.content:
        if isinstance(item, Line):
            if builder is not None and _CONTINUED.match(squeeze(item.text)) and len(squeeze(item.text)) < 16:
                continue
            context.append(item)
            continue
        follows = (
            builder is not None
            and not context
            and item.page == builder.last_page + 1
            and _same_columns(builder, item)
        )
        if follows and builder is not None:
            _extend(builder, item)
        else:
            if builder is not None:
                out.append(_finish(builder, section))
            builder = _begin(item, context, section.kind == "annex")
            context = []
    if builder is not None:
        out.append(_finish(builder, section))
    return out, context


def _extent(table: PageTable) -> tuple[float, float]:
    return min(cell.x0 for cell in table.cells), max(cell.x1 for cell in table.cells)


def _edges(table: PageTable) -> list[float]:
    values = sorted({round(x, 1) for cell in table.cells for x in (cell.x0, cell.x1)})
    out: list[float] = []
    for value in values:
        if not out or value - out[-1] > 1.0:
            out.append(value)
    return out


def _begin(table: PageTable, context: list[Line], merging: bool) -> _Builder:
    x0, x1 = _extent(table)
    builder = _Builder(context, x0, x1, merging)
    for cell in table.cells:
        builder.pieces.append(_Piece(cell.row, cell.row_span, cell.x0, cell.x1, [cell]))
    builder.n_rows = max(cell.row + cell.row_span for cell in table.cells)
    builder.last_page = table.page
    builder.edges = _edges(table)
    builder.tables.append(table)
    return builder


def _mapped(builder: _Builder, table: PageTable) -> list[tuple[Cell, float, float]]:
    """The cells of a page's table with x0, x1 in the first page's coordinates.

    Margins may differ between pages (mirrored ones do), widths a little: the outer borders are made to coincide, then
    each edge takes the place of the nearest known one.
    """
    x0, x1 = _extent(table)
    scale = (builder.x1 - builder.x0) / max(x1 - x0, 1.0)
    out = []
    own = _edges(table)
    by_order = len(own) == len(builder.edges) and _far(builder, own, x0, scale)
    for cell in table.cells:
        a, b = (builder.x0 + (x - x0) * scale for x in (cell.x0, cell.x1))
        if by_order:
            a, b = (builder.edges[_nearest(own, x)] for x in (cell.x0, cell.x1))
        else:
            a, b = (_onto(builder.edges, x) for x in (a, b))
        out.append((cell, a, b))
    return out


def _nearest(edges: Sequence[float], x: float) -> int:
    return min(range(len(edges)), key=lambda i: abs(edges[i] - x))


def _tolerance(builder: _Builder) -> float:
    return max(3.5, 0.008 * (builder.x1 - builder.x0))


def _onto(edges: Sequence[float], x: float, tolerance: float = 3.5) -> float:
    near = edges[_nearest(edges, x)]
    return near if abs(near - x) <= tolerance else x


def _far(builder: _Builder, own: Sequence[float], x0: float, scale: float) -> bool:
    tolerance = _tolerance(builder)
    return any(
        abs(builder.x0 + (x - x0) * scale - e) > tolerance for x, e in zip(own, builder.edges, strict=True)
    )


def _same_columns(builder: _Builder, table: PageTable) -> bool:
    """Whether the page's table has the columns of the table so far: its edges fall on known ones, or as many of them
    in much the same places."""
    x0, x1 = _extent(table)
    scale = (builder.x1 - builder.x0) / max(x1 - x0, 1.0)
    if not 0.8 < scale < 1.25:
        return False
    own = [builder.x0 + (x - x0) * scale for x in _edges(table)]
    tolerance = _tolerance(builder)
    ours = sum(any(abs(x - e) <= tolerance for e in builder.edges) for x in own) / len(own)
    theirs = sum(any(abs(x - e) <= tolerance for x in own) for e in builder.edges) / len(builder.edges)
    if max(ours, theirs) >= 0.9:
        return True
    if len(own) != len(builder.edges):
        return False
    widths = [b - a for a, b in zip(builder.edges, builder.edges[1:], strict=False)]
    return all(abs(x - e) < 0.5 * min(widths) for x, e in zip(own, builder.edges, strict=True))


def _row_texts(pieces: Sequence[tuple[int, float, str]], row: int) -> list[str]:
    return [text for _, text in sorted((x, text) for r, x, text in pieces if r == row)]


def _repeated_header(builder: _Builder, cells: Sequence[tuple[Cell, float, float]]) -> int:
    """How many first rows of a page's table repeat the table's header."""
    known = [(p.row, p.x0, p.text) for p in builder.pieces]
    fresh = [(cell.row, x0, cell.text) for cell, x0, _ in cells]
    rows = max(cell.row + cell.row_span for cell, _, _ in cells)
    best = 0
    for offset in range(min(4, builder.n_rows)):
        k = 0
        while k < rows and offset + k < builder.n_rows:
            mine = _row_texts(fresh, k)
            theirs = _row_texts(known, offset + k)
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


def _extend(builder: _Builder, table: PageTable) -> None:
    cells = _mapped(builder, table)
    skip = _repeated_header(builder, cells)
    builder.repeated.extend(cell for cell, _, _ in cells if cell.row < skip)
    body = [(cell, a, b) for cell, a, b in cells if cell.row >= skip]
    builder.last_page = table.page
    builder.tables.append(table)
    for edge in (x for _, a, b in body for x in (a, b)):
        if all(abs(edge - known) > 1.0 for known in builder.edges):
            builder.edges.append(edge)
            builder.edges.sort()
    if not body:
        return
    last = builder.n_rows - 1
    above = [p for p in builder.pieces if p.row <= last <= p.last]
    first = [(cell, a, b) for cell, a, b in body if cell.row == skip]
    pairs = [(cell, _matching(above, a, b)) for cell, a, b in first]
    filled = _fill_rates(builder, body, last, skip)
    cut = all(match is not None for _, match in pairs) and _row_is_cut(builder, pairs, filled)
    shift = (last if cut else last + 1) - skip
    partners = {cell.cell_id: match for cell, match in pairs}
    # Of a column with no other cell nothing is known: a merged cell runs on, another goes with the key, which runs on
    # when it is empty below.
    key, upper = min(pairs, key=lambda pair: pair[0].x0)
    unknown = 1.0 if upper is not None and upper.text and not key.text else 0.0
    for cell, a, b in body:
        match = partners.get(cell.cell_id) if cell.row == skip else None
        usual = filled.get(_key(a, b), 1.0 if match is not None and match.row_span > 1 else unknown)
        if match is not None and (cut or _runs_on(match, cell, usual, builder)):
            match.pieces.append(cell)
            match.row_span = max(match.row_span, cell.row + shift + cell.row_span - match.row)
        else:
            builder.pieces.append(_Piece(cell.row + shift, cell.row_span, a, b, [cell]))
    if cut:
        builder.joined_rows.append(last)
    builder.n_rows = max(p.row + p.row_span for p in builder.pieces)


def _key(a: float, b: float) -> tuple[int, int]:
    return round(a / 2), round(b / 2)


def _matching(above: Sequence[_Piece], a: float, b: float) -> _Piece | None:
    return next((p for p in above if abs(p.x0 - a) < 2 and abs(p.x1 - b) < 2), None)


def _fill_rates(
    builder: _Builder, body: Sequence[tuple[Cell, float, float]], last: int, skip: int
) -> dict[tuple[int, int], float]:
    """Share of filled cells per column, cells at the page break left out."""
    counts: dict[tuple[int, int], list[int]] = {}
    for p in builder.pieces:
        if p.last < last:
            counts.setdefault(_key(p.x0, p.x1), []).append(bool(p.text))
    for cell, a, b in body:
        if cell.row > skip:
            counts.setdefault(_key(a, b), []).append(bool(cell.text))
    return {key: sum(values) / len(values) for key, values in counts.items()}


def _row_is_cut(
    builder: _Builder, pairs: Sequence[tuple[Cell, _Piece | None]], filled: dict[tuple[int, int], float]
) -> bool:
    """Whether the first row after a page break is the rest of the row before it, rather than a row of its own."""
    key, above = min(pairs, key=lambda pair: pair[0].x0)
    if above is not None and key.text and not above.text and not builder.merging:
        # The class stands in the middle of its row and the break came before it; where it stands at the top of a
        # high cell, its row begins here, and what is above belongs to the row before that.
        return not _at_top(key)
    if above is not None and key.text and above.text:
        # Keys stand in the leftmost column: a whole one on either side of the break means two rows.
        shapes = {
            _shape(p.text) for p in builder.pieces if abs(p.x0 - above.x0) < 2 and p.last < builder.n_rows - 1
        }
        fresh, before = _shape(key.text), _shape(above.text)
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
        if match is not None and filled.get(_key(match.x0, match.x1), 0.0) >= 0.9
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
    values = {(round(p.x0), p.text) for p in builder.pieces if p.last < builder.n_rows - 1}
    whole = sum((round(match.x0), cell.text) in values or cell.text.isdigit() for cell, match in present)
    return not (whole and 2 * len(present) >= len(always))


def _ended(piece: _Piece) -> bool:
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


def _complete(builder: _Builder, always: Sequence[tuple[Cell, _Piece]]) -> bool:
    """The first column's texts on both sides of a break look like whole values: the same shape as others of it."""
    cell, match = min(always, key=lambda pair: pair[1].x0)
    shapes = {
        _shape(p.text) for p in builder.pieces if abs(p.x0 - match.x0) < 2 and p.last < builder.n_rows - 1
    }
    return _shape(cell.text) in shapes and _shape(match.text) in shapes


def _shape(text: str) -> str:
    """How a text begins and ends: with a digit or with something else."""
    return "".join("9" if char.isdigit() else "字" for char in (text[:1], text[-1:]) if char)


def _runs_on(above: _Piece, cell: Cell, filled: float, builder: _Builder) -> bool:
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


def _finish(builder: _Builder, section: Section) -> Stitched:
    edges = builder.edges
    cells = []
    for piece in builder.pieces:
        a, b = _nearest(edges, piece.x0), _nearest(edges, piece.x1)
        pieces = piece.pieces
        if len(pieces) > 1 and len({p.text for p in pieces if p.lines}) == 1 and piece.row_span > 1:
            # A merged value printed again after the page break is one value; all pieces stay as provenance.
            pieces = _said_once(pieces, builder)
        cells.append(GridCell(piece.row, a, piece.row_span, max(1, b - a), tuple(pieces)))
    cells.sort(key=lambda cell: (cell.row, cell.col))
    first = builder.tables[0]
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
    assert first.page == table.page
    return Stitched(table, tuple(builder.repeated), tuple(builder.uncertain))


def _said_once(pieces: Sequence[Cell], builder: _Builder) -> list[Cell]:
    out: list[Cell] = []
    said = False
    for piece in pieces:
        if piece.lines and said:
            builder.repeated.append(piece)
            continue
        said = said or bool(piece.lines)
        out.append(piece)
    return out
