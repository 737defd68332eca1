"""Catalogue tables → classes, each with the cell pieces of its items by kind and tier."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.findings import Finding
from pipeline.model import Cell, GridCell, LogicalTable
from pipeline.schema import KINDS
from pipeline.text import squeeze
from pipeline.tidy.class_cells import PrintedClass, class_of, without_codes
from pipeline.tidy.headers import CatalogueHeader, find_header
from pipeline.vocabulary.kinds import kind_scores, tier_word

Slot = tuple[str, str, str]
"""(class_code, kind, tier)"""


@dataclass
class Catalogue:
    """What the catalogue tables say: classes in printed order, findings.

    ``structure`` are the cells used as headers or class cells, ``unplaced`` those whose text stands in no row, ``extra``
    those of columns that are of no kind, by the column's words, ``merged`` those that cover several columns (class,
    cell, how many columns).
    """

    classes: list[PrintedClass] = field(default_factory=list)
    structure: list[Cell] = field(default_factory=list)
    unplaced: list[Cell] = field(default_factory=list)
    extra: dict[str, list[Cell]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    merged: list[tuple[PrintedClass, GridCell, int]] = field(default_factory=list)

    @property
    def slots(self) -> dict[Slot, list[Cell]]:
        """The cell pieces of every class × kind × tier that has any."""
        return {
            (one.class_code, *slot): pieces for one in self.classes for slot, pieces in one.pieces.items()
        }


def is_catalogue(table: LogicalTable) -> bool:
    """Whether a table has a catalogue's header: at least three tier words in a row under two or more kinds' words."""
    for row in range(min(8, table.n_rows)):
        if sum(tier_word(cell.text) is not None for cell in table.starting(row)) < 3:
            continue
        around = {
            cell.text
            for r in range(max(0, row - 2), min(table.n_rows, row + 2))
            for cell in table.row(r)
            if len(cell.text) >= 4
        }
        return sum(max(kind_scores(text).values()) >= 85 for text in around) >= 2
    return False


def page_of(table: LogicalTable) -> str:
    """Where a table begins, for messages."""
    return f"第 {table.page} 页"


def read_catalogue(
    tables: Iterable[tuple[LogicalTable, str]],
    mapping: Mapping[str, str],
    where: str,
    place: Callable[[LogicalTable], str] = page_of,
) -> Catalogue:
    """Classes and cell pieces of catalogue tables, each given with the heading it stands under.

    ``mapping``: header words → kind from source.yaml. ``where`` names the document and ``place`` a table's place in it,
    for messages. A table without a header takes the last one's, if it has as many columns. Raises XizeError where a
    column group cannot be named (see ``headers.find_header``).
    """
    out = Catalogue()
    known: CatalogueHeader | None = None
    last: tuple[PrintedClass, str] | None = None  # the class printed last, and the heading it stands under
    for table, heading in tables:
        header = find_header(table, mapping, where + place(table))
        if header is not None:
            known = header
            out.findings += _similar_words(table, header)
        elif known is not None and len(known.columns) == table.n_cols:
            header = CatalogueHeader(0, known.columns)
        else:
            out.unplaced += [piece for cell in table.cells for piece in cell.pieces if piece.lines]
            continue
        current = last[0] if last is not None and last[1] == heading else None
        current = _read_rows(out, table, header, heading, current)
        if current is not None:
            last = current, heading
    out.findings += without_codes(out.classes)
    out.findings += map(_across_columns, out.merged)
    # A cell merged down from above the first class stood in no row until one began beside it.
    placed = {piece.cell_id for pieces in out.slots.values() for piece in pieces}
    out.unplaced = [piece for piece in out.unplaced if piece.cell_id not in placed]
    return out


def _similar_words(table: LogicalTable, header: CatalogueHeader) -> Iterator[Finding]:
    for words, kind, score in header.similar:
        first = next((c.first for c in table.cells if c.row < header.rows and squeeze(words) in c.text), None)
        yield Finding(
            "header_similar",
            f"表头“{words}”按相近词认作“{KINDS[kind]}”（相似度 {score:.0f}），请核对；"
            f"如有误，请在 source.yaml 的 headers 中写明。",
            words,
            table="entries",
            **(first.place if first else {"page": table.page}),
        )


def _read_rows(
    out: Catalogue,
    table: LogicalTable,
    header: CatalogueHeader,
    heading: str,
    current: PrintedClass | None,
) -> PrintedClass | None:
    """Read the rows of a table into ``out``; ``current`` is the class that goes on into it. Returns the last class."""
    out.structure += [piece for cell in table.cells if cell.row < header.rows for piece in cell.pieces]
    class_cols = [c for c, column in enumerate(header.columns) if column.role == "class"]
    for row in range(header.rows, table.n_rows):
        cells = table.row(row)
        starting = [cell for cell in cells if cell.row == row]
        if _is_repeated_header(cells, header):
            out.structure += [piece for cell in starting for piece in cell.pieces]
            continue
        spanning = [cell for cell in starting if cell.col_span == table.n_cols and table.n_cols > 2]
        covered = {id(table.at(row, col)) for col in class_cols}
        class_cells = [cell for cell in cells if id(cell) in covered and cell not in spanning]
        fresh = [cell for cell in class_cells if cell.row == row]
        if fresh:
            current = class_of(fresh, out.classes, current, heading, out.findings)
        for cell in starting:
            if cell in class_cells:
                out.structure += cell.pieces
            elif cell in spanning:
                to = out.structure if cell.text == squeeze(heading) else out.unplaced
                to += [piece for piece in cell.pieces if piece.lines]
            elif all(
                column.role == "other" for column in header.columns[cell.col : cell.col + cell.col_span]
            ):
                out.extra.setdefault(header.columns[cell.col].label, []).extend(
                    p for p in cell.pieces if p.lines
                )
            else:
                _place(out, cell, header, current)
        # A cell merged down over further classes belongs to each of them (once, however often the class is printed).
        for cell in cells:
            if cell.row < row and cell not in class_cells and fresh and fresh[0].text:
                _place(out, cell, header, current)
    return current


def _across_columns(merged: tuple[PrintedClass, GridCell, int]) -> Finding:
    one, cell, columns = merged
    place = next(piece for piece in cell.pieces if piece.lines).place
    message = f"{one.class_code}的一个单元格横跨{columns}列，其条目计入每一列；请核对合并是否属实。"
    return Finding(
        "merged_across_columns", message, cell.text[:200], table="entries", key=one.class_code, **place
    )


def _is_repeated_header(cells: Sequence[GridCell], header: CatalogueHeader) -> bool:
    words = [cell.text for cell in cells if cell.text]
    labels = {squeeze(column.label) for column in header.columns}
    hits = sum(1 for word in words if tier_word(word) or word in labels)
    return len(words) >= 3 and hits >= 0.9 * len(words)


def _place(out: Catalogue, cell: GridCell, header: CatalogueHeader, current: PrintedClass | None) -> None:
    """Give an item cell's pieces to the class, under the kind and tier of every column that the cell covers."""
    filled = [piece for piece in cell.pieces if piece.lines]
    if not filled:
        return
    covered = header.columns[cell.col : cell.col + cell.col_span]
    slots = list(dict.fromkeys((column.kind, column.tier) for column in covered if column.role == "item"))
    if current is None or not slots:
        out.unplaced += filled
        return
    new = {slot: [p for p in filled if p not in current.pieces.get(slot, ())] for slot in slots}
    if len(slots) > 1 and header.rows and any(new.values()):
        out.merged.append((current, cell, len(slots)))
    for slot, pieces in new.items():
        if pieces:
            current.pieces.setdefault(slot, []).extend(pieces)
