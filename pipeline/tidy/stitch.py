"""Pages → tables as meant: the pieces of a table on successive pages become one grid.

Columns are matched by position, not by count. A header repeated on a later page is dropped (and kept in
``LogicalTable.repeated`` for the conservation of characters). A row cut by the page break is joined, a merged cell that
runs on over the break is one cell again (see ``page_break``). Then the tables are sorted by what they are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pipeline.model import Cell, GridCell, Line, LogicalTable
from pipeline.reading import PageInfo
from pipeline.text import squeeze
from pipeline.tidy.catalogue import is_catalogue
from pipeline.tidy.growing_table import (
    GrowingCell,
    GrowingTable,
    Placed,
    column_key,
    edges_of,
    extent,
    nearest,
)
from pipeline.tidy.page_break import row_is_cut, runs_on, without_holes
from pipeline.tidy.page_head import head_texts, lists_in, only_head
from pipeline.tidy.sections import PageTable, Section, footnotes

_CONTINUED = re.compile(r"^[(\[]?(?:续|接)(?:上?表|上?页|前表)?.{0,12}[)\]]?$")


_HEAD_ROWS = 4
"""So many rows a header has at most."""


@dataclass(frozen=True)
class StitchedSection:
    """A section with its stitched tables, and the lines printed after the last of them."""

    section: Section
    tables: tuple[LogicalTable, ...]
    rest: tuple[Line, ...]


def stitch(section: Section, pictured: Collection[int] = ()) -> StitchedSection:
    """The tables of a section as meant.

    A table goes on over pages that hold nothing; ``pictured`` are those that hold a picture, which may be of a table.
    """
    annex = section.kind == "annex"
    tables: list[GrowingTable] = []
    context: list[Line] = []
    alone: list[Cell] = []
    for item in section.content:
        if isinstance(item, Line):
            text = squeeze(item.text)
            if not tables or len(text) >= 16 or not _CONTINUED.match(text):
                context.append(item)
            continue
        if all(cell.text == section.text for cell in item.cells):
            alone += item.cells  # a heading at a page's end, its table on the next page
            continue
        for part in lists_in(item, annex):
            notes = footnotes(context, tables[-1].last_page) if tables else []
            if tables and len(notes) == len(context) and _follows(tables[-1], part, pictured):
                tables[-1].notes += notes
                _extend(tables[-1], part)
            else:
                tables.append(_begin(part, context, annex))
            tables[-1].repeated += [*alone, *part.repeated]
            context, alone = [], []
    if alone:
        tables.append(_begin(PageTable(alone[0].page, tuple(alone)), context, annex))
    return StitchedSection(section, tuple(map(_finish, tables)), tuple(context))


def _follows(table: GrowingTable, item: PageTable, pictured: Collection[int]) -> bool:
    """Whether a page's table may be the rest of the table so far: same columns, no header of its own but one that
    repeats the table's, no page with a picture between."""
    return (
        item.page > table.last_page
        and not any(page in pictured for page in range(table.last_page + 1, item.page))
        and table.same_columns(item.cells)
        and _own_header(table, head_texts(item.cells, table.merging))
    )


def _own_header(table: GrowingTable, head: list[list[str]]) -> bool:
    """Whether the header of a page's table, if there is one, is that of the table so far, or the rest of it."""
    if not head or table.has_rows(head):
        return True
    return table.n_rows <= _HEAD_ROWS and only_head(
        [c for one in table.cells for c in one.pieces], table.merging
    )


def _begin(item: PageTable, context: list[Line], merging: bool) -> GrowingTable:
    table = GrowingTable(context, *extent(item.cells), edges_of(item.cells), item.page, merging)
    table.take([GrowingCell(cell.row, cell.row_span, cell.x0, cell.x1, [cell]) for cell in item.cells])
    return table


def _extend(table: GrowingTable, item: PageTable) -> None:
    """Add the next page's piece of the table."""
    placed = table.placed(item.cells)
    skip = _repeated_header(table, placed)
    table.repeated += [cell for cell, _, _ in placed if cell.row < skip]
    table.last_page = item.page
    body = [one for one in placed if one[0].row >= skip]
    for edge in (x for _, a, b in body for x in (a, b)):
        if all(abs(edge - known) > 1.0 for known in table.edges):
            table.edges.append(edge)
            table.edges.sort()
    if not body:
        return
    pairs = [(cell, _above(table.bottom, a, b)) for cell, a, b in body if cell.row == skip]
    partners = {cell.cell_id: above for cell, above in pairs}
    filled = table.fill_rates(one for one in body if one[0].row > skip)
    cut = _rest_of_header(pairs) if _header_alone(table) else row_is_cut(table, pairs, filled)
    shift = (table.n_rows - 1 if cut else table.n_rows) - skip
    # Of a column with no other cell nothing is known: a merged cell runs on, another goes with the key, which runs on
    # when it is empty below.
    key, upper = min(pairs, key=lambda pair: pair[0].x0)
    unknown = 1.0 if upper is not None and upper.text and not key.text else 0.0
    usual = filled.get(column_key(upper.x0, upper.x1), unknown) if upper is not None else 0.0
    going_on = upper if unknown and upper is not None and runs_on(upper, key, usual, table, key) else None
    fresh: list[GrowingCell] = []
    for cell, a, b in body:
        above = partners.get(cell.cell_id)
        usual = filled.get(column_key(a, b), 1.0 if above is not None and above.row_span > 1 else unknown)
        if above is not None and (cut or runs_on(above, cell, usual, table, key, going_on)):
            drawn = cell.open_top and above.pieces[-1].open_bottom  # as one cell
            if above.text and not (cut or cell.text or drawn):
                table.uncertain.append(cell)
                above.unsure_from = above.unsure_from or cell.row + shift
            above.pieces.append(cell)
            above.row_span = max(above.row_span, cell.row + shift + cell.row_span - above.row)
        else:
            fresh.append(GrowingCell(cell.row + shift, cell.row_span, a, b, [cell]))
    table.take(fresh)


def _header_alone(table: GrowingTable) -> bool:
    """Whether the table so far is a catalogue's header, or its first rows."""
    if table.merging or table.n_rows > _HEAD_ROWS:
        return False
    return len(head_texts([cell for one in table.cells for cell in one.pieces[:1]], False)) == table.n_rows


def _rest_of_header(pairs: Sequence[tuple[Cell, GrowingCell | None]]) -> bool:
    """Whether the first row below a page break is the rest of the header row above it: of words over several columns."""
    return all(above is not None for _, above in pairs) and any(cell.col_span > 1 for cell, _ in pairs)


def _above(bottom: Sequence[GrowingCell], a: float, b: float) -> GrowingCell | None:
    """The cell at the end of the table so far that has these borders."""
    return next((cell for cell in bottom if abs(cell.x0 - a) < 2 and abs(cell.x1 - b) < 2), None)


def _repeated_header(table: GrowingTable, cells: Sequence[Placed]) -> int:
    """How many first rows of a page's table repeat the table's header."""
    head = head_texts([cell for cell, _, _ in cells], table.merging)
    if head and table.has_rows(head):
        return len(head)
    fresh: dict[int, list[tuple[float, str]]] = defaultdict(list)
    for cell, x0, _ in cells:
        fresh[cell.row].append((x0, cell.text))
    best = 0
    for offset in range(min(4, table.n_rows)):
        same = several = 0
        while offset + same < table.n_rows:
            texts = [text for _, text in sorted(fresh[same])]
            if not _repeats(texts, table.row_texts(offset + same), same == 0):
                break
            several += sum(map(bool, texts)) >= 2
            same += 1
        if several:
            best = max(best, same)
    # A header cell spanning further rows takes these along.
    for cell, _, _ in cells:
        if cell.row < best < cell.row + cell.row_span:
            best = cell.row + cell.row_span
    return best


def _repeats(mine: Sequence[str], theirs: Sequence[str], first: bool) -> bool:
    """Whether a row has the texts of a row of the header. A lone word may recur in the body; a header's second row has
    several."""
    words = [text for text in mine if text]
    if mine != theirs or (first and not words) or any(text.isdigit() for text in words):
        return False
    return len(words) >= 2 or (first and len(mine) == 1)


def _finish(table: GrowingTable) -> LogicalTable:
    edges = table.edges
    cells = []
    for cell in table.cells:
        a, b = nearest(edges, cell.x0), nearest(edges, cell.x1)
        pieces = cell.pieces
        if len(pieces) > 1 and len({p.text for p in pieces if p.lines}) == 1 and cell.row_span > 1:
            # A merged value printed again after the page break is one value; all pieces stay as provenance.
            first = next(piece for piece in pieces if piece.lines)
            table.repeated += [piece for piece in pieces if piece.lines and piece is not first]
            pieces = [piece for piece in pieces if piece is first or not piece.lines]
        cells.append(GridCell(cell.row, a, cell.row_span, max(1, b - a), tuple(pieces), cell.unsure_from))
    cells.sort(key=lambda cell: (cell.row, cell.col))
    if table.merging:
        cells, holes = without_holes(cells)
        table.uncertain += holes
    return LogicalTable(
        tuple(table.context), table.n_rows, len(edges) - 1, tuple(cells), tuple(edges),
        tuple(table.repeated), tuple(table.uncertain), tuple(table.notes),
    )  # fmt: skip


@dataclass(frozen=True)
class DocumentTables:
    """Sections with their stitched tables, and the tables by what they are: those of the catalogue, each with the
    heading it stands under, the annexes, and all others."""

    sections: Sequence[StitchedSection] = ()
    catalogue: Sequence[tuple[LogicalTable, str]] = ()
    annexes: Sequence[StitchedSection] = ()
    others: Sequence[LogicalTable] = ()

    @property
    def annex_groups(self) -> dict[str, Sequence[LogicalTable]]:
        """The tables of each annex, which are of one design."""
        return {f"annex{index}": annex.tables for index, annex in enumerate(self.annexes)}

    @property
    def groups(self) -> dict[str, Sequence[LogicalTable]]:
        """Tables of one design: the catalogue's, and those of each annex."""
        return {"catalogue": [table for table, _ in self.catalogue], **self.annex_groups}

    @property
    def all(self) -> list[LogicalTable]:
        """Every table: those of annexes, of the catalogue, others."""
        annexes = [table for annex in self.annexes for table in annex.tables]
        return [*annexes, *(table for table, _ in self.catalogue), *self.others]


def document_tables(sections: Sequence[Section], pages: Sequence[PageInfo]) -> DocumentTables:
    """Stitch the tables of every section and sort them.

    Those of annexes belong to these; of the rest, those under a 专业大类 or with a catalogue's header are the
    catalogue's.
    """
    pictured = frozenset(page.page for page in pages if not page.tables and page.pictures)
    stitched = [stitch(section, pictured) for section in sections]
    catalogue: list[tuple[LogicalTable, str]] = []
    others: list[LogicalTable] = []
    for one in stitched:
        for table in one.tables if one.section.kind != "annex" else ():
            if one.section.kind == "major" or is_catalogue(table):
                catalogue.append((table, one.section.text))
            else:
                others.append(table)
    annexes = [one for one in stitched if one.section.kind == "annex"]
    return DocumentTables(stitched, catalogue, annexes, others)
