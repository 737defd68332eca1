"""Catalogue tables → classes, each with the cell pieces of its items by kind and tier."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.findings import Finding
from pipeline.model import Cell, GridCell, Line, LogicalTable, Slot
from pipeline.schema import KINDS
from pipeline.text import normalise, squeeze
from pipeline.tidy.headers import CatalogueColumn, CatalogueHeader, find_header
from pipeline.vocabulary.kinds import kind_scores, tier_word


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
            out.unplaced += [piece for piece in table.pieces if piece.lines]
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
        place: dict[str, Any] = first.place if first else {"page": table.page}
        message = f"表头“{words}”按相近词认作“{KINDS[kind]}”（相似度 {score:.0f}），请核对；如有误，请在 source.yaml 的 headers 中写明。"
        yield Finding("header_similar", message, words, table="entries", **place)


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
            elif any(column.role != "other" for column in _covered(cell, header)):
                _place(out, cell, header, current)
            else:
                label = header.columns[cell.col].label
                out.extra.setdefault(label, []).extend(piece for piece in cell.pieces if piece.lines)
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


def _covered(cell: GridCell, header: CatalogueHeader) -> tuple[CatalogueColumn, ...]:
    return header.columns[cell.col : cell.col + cell.col_span]


def _place(out: Catalogue, cell: GridCell, header: CatalogueHeader, current: PrintedClass | None) -> None:
    """Give an item cell's pieces to the class, under the kind and tier of every column that the cell covers."""
    filled = [piece for piece in cell.pieces if piece.lines]
    if not filled:
        return
    items = (column for column in _covered(cell, header) if column.role == "item")
    slots = list(dict.fromkeys((column.kind, column.tier) for column in items))
    if current is None or not slots:
        out.unplaced += filled
        return
    new = {slot: [p for p in filled if p not in current.pieces.get(slot, ())] for slot in slots}
    if len(slots) > 1 and header.rows and any(new.values()):
        out.merged.append((current, cell, len(slots)))
    for slot, pieces in new.items():
        if pieces:
            current.pieces.setdefault(slot, []).extend(pieces)


_CODE = re.compile(r"\d{4,}")
_CUT_CODE = re.compile(r"(?<!\d)(\d{1,3}) (?=\d)|(?<=\d)() (?=\d{1,3}(?![\dA-Za-z]))")
"""The blank of a line end within a code: one of its parts is shorter than any code."""


@dataclass(eq=False)
class PrintedClass:
    """A 专业类 as printed: its codes in printed order, its name, the cell it stands in, its items' cells.

    ``page``: where it was printed last. ``occurrence`` tells it from classes of the same name under other headings, where
    none has a code. ``pieces``: (kind, tier) → the cell pieces in which its items stand.
    """

    codes: list[str]
    name: str
    cell: GridCell
    heading: str
    page: int
    occurrence: int = 1
    pieces: dict[tuple[str, str], list[Cell]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)  # of its class cell, where it was printed last

    @property
    def class_code(self) -> str:
        """The first code printed; the key of its name where no code is printed."""
        return self.codes[0] if self.codes else name_key(self.name, self.occurrence)


def name_key(name: str, occurrence: int = 1) -> str:
    """The key of what has a name and no code: N and the first 8 hex digits of the name's SHA-256.

    ``name_key("农业类")`` gives ``N8e66b217``, and ``N8e66b217-2`` for a second one of that name.
    """
    key = "N" + hashlib.sha256(name.encode()).hexdigest()[:8]
    return key if occurrence == 1 else f"{key}-{occurrence}"


def parse_class(cell_lines: Iterable[Line]) -> tuple[list[str], str]:
    """(codes in printed order, name) of a class cell. Codes printed without a blank between are told apart by their ends,
    which are the same for one class, else by the usual length of four."""
    text = _CUT_CODE.sub(r"\1\2", " ".join(normalise(line.text) for line in cell_lines))
    codes: list[str] = []
    for run in _CODE.findall(text):
        parts = [
            [run[i : i + size] for i in range(0, len(run), size)] for size in (4, 6) if len(run) % size == 0
        ]
        alike = (part for part in parts if len({code[1:] for code in part}) == 1)
        codes += next(alike, parts[0] if parts else [run])
    name = squeeze(_CODE.sub("", text))
    return codes, re.sub(r"^[/、,，;；|()\[\]\-]+|[/、,，;；|\-]+$|[(\[][/、,，\s]*[)\]]", "", name)


def class_of(
    cells: Sequence[GridCell],
    classes: list[PrintedClass],
    current: PrintedClass | None,
    heading: str,
    findings: list[Finding],
) -> PrintedClass | None:
    """The class that a row with these class cells belongs to.

    It is the ``current`` one going on (an empty, repeated or cut class cell), one of ``classes`` printed again, or a
    new one, which is added to ``classes``; doubts are added to ``findings``.
    """
    lines = [line for cell in cells for line in cell.lines]
    codes, name = parse_class(lines)
    first = cells[0]
    page = first.first.page
    if not codes and not name:
        return current
    if current is not None and page > current.page and _completes(current, lines):
        return current
    if current is not None and _goes_on(current, classes, codes, name, page):
        current.lines += lines
        return current
    again = next((one for one in classes if _same_class(one, codes, name, heading)), None)
    if again is not None:
        if again.name != name and name and again.name:
            message = f"代码 {codes[0]} 既是“{again.name}”又是“{name}”，条目并入前者；请核对原文。"
            findings.append(_finding("class_code_repeated", message, f"{again.name}|{name}", codes[0], first))
        again.page, again.lines = page, lines
        return again
    fresh = PrintedClass(codes, name, first, heading, page, lines=lines)
    classes.append(fresh)
    return fresh


def without_codes(classes: Iterable[PrintedClass]) -> Iterator[Finding]:
    """Number the classes that have the same name and no code, and say of each that it has none, or no name. (Names grow
    while a table is read: this comes last.)"""
    seen: Counter[str] = Counter()
    for one in classes:
        if not one.codes:
            seen[one.name] += 1
            one.occurrence = seen[one.name]
            key = one.class_code
            message = f"专业类“{one.name}”没有印出代码，以由名称得出的{key}为键；请核对原文。"
            yield _finding("class_code_missing", message, one.name, key, one.cell)
        elif not one.name:
            key = one.class_code
            message = f"专业类{key}只印有代码，没有印出名称，名称留空；请核对原文。"
            yield _finding("class_name_missing", message, key, key, one.cell)


def _finding(code: str, message: str, evidence: str, key: str, cell: GridCell) -> Finding:
    return Finding(code, message, evidence, table="classes", key=key, **cell.first.place)


def _goes_on(
    current: PrintedClass, classes: Sequence[PrintedClass], codes: Sequence[str], name: str, page: int
) -> bool:
    """Whether a class cell is the current class going on, which takes over the codes and the name it was cut from."""
    if codes and codes == current.codes and name in ("", current.name):
        return True
    if page <= current.page:
        return False
    if set(codes) <= set(current.codes) and name in _ends(current):
        return True  # the rest of a class cell that was printed whole before
    unfinished = not current.name.endswith("类")
    if _rest_of_codes(current, codes) and (not name or unfinished):
        # The page break cut the class cell: its last codes or its name stand on the next page.
        current.codes += [code for code in codes if code not in current.codes]
        current.name += name
        return True
    if not codes and unfinished and (current.codes or _name_is_cut(current, classes, name)):
        current.name += name
        return True
    return False


def _completes(current: PrintedClass, lines: list[Line]) -> bool:
    """Whether a page break cut a code of the current class: with what stands below it the cell is that of one class."""
    codes, name = parse_class([*current.lines, *lines])
    # The name may stand first, its codes below the break.
    codes_alone = not current.codes and not parse_class(lines)[1]
    alike = len(codes) <= 3 and len({code[1:] for code in codes}) == 1
    if not alike or not name.endswith("类") or (current.name.endswith("类") and not codes_alone):
        return False
    current.codes, current.name = codes, name
    current.lines += lines
    return True


def _ends(current: PrintedClass) -> set[str]:
    """What a class cell says from each of its lines on."""
    lines = [line for line in current.cell.lines if line.text.strip()]
    return {"", current.name, *(parse_class(lines[at:])[1] for at in range(len(lines)))}


def _name_is_cut(current: PrintedClass, classes: Iterable[PrintedClass], rest: str) -> bool:
    """Whether ``rest``, below a page break, completes a name without a code: with it, it ends in 类 as all others do."""
    return rest.endswith("类") and all(one.name.endswith("类") for one in classes if one is not current)


def _same_class(known: PrintedClass, codes: Sequence[str], name: str, heading: str) -> bool:
    """Whether a class cell prints a known class again: by its first code; without any, by its name and heading."""
    if codes:
        return known.codes[:1] == codes[:1]
    return not known.codes and known.name == name and known.heading == heading


def _rest_of_codes(current: PrintedClass, codes: Sequence[str]) -> bool:
    """Codes that complete the current class: same last three digits, none of them printed yet."""
    known = current.codes
    fresh = all(code[1:] == known[0][1:] and code not in known for code in codes) if known else False
    return bool(codes) and fresh and len(known) + len(codes) <= 3
