"""Catalogue tables → classes and the printed lines of every class × kind × tier → entries."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.findings import Finding
from pipeline.forked import aside
from pipeline.model import Cell, GridCell, Line, LogicalTable
from pipeline.schema import KINDS, TIERS
from pipeline.text import normalise, squeeze
from pipeline.tidy.grades.levels import read_levels
from pipeline.tidy.headers import CatalogueHeader, find_header
from pipeline.tidy.wraps import segment
from pipeline.tidy.wraps.items import LineRules, placed_lines, segment_cell
from pipeline.vocabulary.kinds import kind_scores, tier_word

_CODE = re.compile(r"\d{4,}")
_PLACEHOLDER = re.compile(r"^(?:[-—–/\\\u3000·…]+|无|空白|/)$")
Slot = tuple[str, str, str]
"""(class_code, kind, tier)"""


@dataclass
class ClassRow:
    """A 专业类 as printed: its codes in printed order, its name, the cell it stands in.

    ``apart`` tells it from a class of the same name under another heading, where neither has a code.
    """

    codes: list[str]
    name: str
    cell: GridCell
    heading: str = ""
    page: int = 0
    apart: str = ""

    @property
    def class_code(self) -> str:
        """The first code printed; the name where no code is printed."""
        return self.codes[0] if self.codes else self.name + self.apart


@dataclass
class Catalogue:
    """What the catalogue tables say: classes in printed order, the cell pieces of every slot, findings.

    ``structure`` are the cells used as headers or class cells, ``unplaced`` those whose text stands in no row. ``header``
    is the last one printed: that of tables without one. ``last``: the class printed last, and the heading it stands under.
    """

    classes: list[ClassRow] = field(default_factory=list)
    slots: dict[Slot, list[Cell]] = field(default_factory=dict)
    structure: list[Cell] = field(default_factory=list)
    unplaced: list[Cell] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    header: CatalogueHeader | None = None
    last: tuple[ClassRow, str] | None = None


def at_cell(cell: Cell) -> dict[str, object]:
    """Provenance of a finding that points at a whole cell piece."""
    return {
        "page": cell.page, "x0": cell.x0, "top": cell.top, "x1": cell.x1, "bottom": cell.bottom,
        "cell_id": cell.cell_id,
    }  # fmt: skip


def is_catalogue(table: LogicalTable) -> bool:
    """Whether a table has a catalogue's header: at least three tier words in a row under two or more kinds' words."""

    for row in range(min(8, table.n_rows)):
        tiers = [cell for cell in table.row(row) if cell.row == row and tier_word(cell.text)]
        if len(tiers) < 3:
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
    before: Catalogue | None = None,
    place: Callable[[LogicalTable], str] = page_of,
) -> Catalogue:
    """Classes and cell pieces of catalogue tables, each given with the heading it stands under.

    ``mapping``: header words → kind from source.yaml. ``where`` names the document and ``place`` a table's place in it,
    for messages. ``before``: what earlier tables said, whose classes may go on and
    are given again. A table without a header takes the last one's, if it has as
    many columns. Raises XizeError where a column group cannot be named (see ``headers.find_header``).
    """
    out = (
        Catalogue()
        if before is None
        else Catalogue(classes=before.classes, header=before.header, last=before.last)
    )
    for table, heading in tables:
        header = find_header(table, mapping, where + place(table))
        if header is None and out.header is not None and len(out.header.columns) == table.n_cols:
            header = CatalogueHeader(0, out.header.columns)
        if header is None:
            for cell in table.cells:
                out.unplaced.extend(piece for piece in cell.pieces if piece.lines)
            continue
        if header.rows:
            out.header = header
            for words, kind, score in header.similar:
                piece = next(
                    (c.first for c in table.cells if c.row < header.rows and squeeze(words) in c.text), None
                )
                out.findings.append(
                    Finding(
                        "header_similar",
                        f"表头“{words}”按相近词认作“{KINDS[kind]}”（相似度 {score:.0f}），请核对；"
                        f"如有误，请在 source.yaml 的 headers 中写明。",
                        words,
                        table="entries",
                        **(at_cell(piece) if piece else {"page": table.page}),
                    )
                )
        _read_rows(out, table, header, heading)
    # A cell merged down from above the first class stood in no row until one began beside it.
    placed = {piece.cell_id for pieces in out.slots.values() for piece in pieces}
    out.unplaced = [piece for piece in out.unplaced if piece.cell_id not in placed]
    return out


def _read_rows(out: Catalogue, table: LogicalTable, header: CatalogueHeader, heading: str) -> None:
    for cell in table.cells:
        if cell.row < header.rows:
            out.structure.extend(cell.pieces)
    class_cols = [c for c, column in enumerate(header.columns) if column.role == "class"]
    current = _same_section(out, heading)
    for row in range(header.rows, table.n_rows):
        cells = table.row(row)
        if _is_repeated_header(cells, header):
            out.structure.extend(piece for cell in cells if cell.row == row for piece in cell.pieces)
            continue
        starting = [cell for cell in cells if cell.row == row]
        spanning = [cell for cell in starting if cell.col_span == table.n_cols and table.n_cols > 2]
        class_cells: list[GridCell] = []
        for col in class_cols:
            here = table.at(row, col)
            if here is not None and here not in class_cells and here not in spanning:
                class_cells.append(here)
        fresh = [cell for cell in class_cells if cell.row == row]
        if fresh:
            current = _class_of(out, fresh, current, heading)
        for cell in starting:
            if cell in class_cells:
                out.structure.extend(cell.pieces)
                continue
            if cell in spanning:
                out.unplaced.extend(piece for piece in cell.pieces if piece.lines)
                continue
            _place(out, cell, header, current, table, row)
        # A cell merged down over further classes belongs to each of them (once, however often the class is printed).
        for cell in cells:
            if cell.row < row and cell not in class_cells and fresh and fresh[0].text:
                _place(out, cell, header, current, table, row)


def _same_section(out: Catalogue, heading: str) -> ClassRow | None:
    return out.last[0] if out.last is not None and out.last[1] == heading else None


def _is_repeated_header(cells: Sequence[GridCell], header: CatalogueHeader) -> bool:

    words = [cell.text for cell in cells if cell.text]
    labels = {squeeze(column.label) for column in header.columns}
    hits = sum(1 for word in words if tier_word(word) or word in labels)
    return len(words) >= 3 and hits >= 0.9 * len(words)


def _place(
    out: Catalogue,
    cell: GridCell,
    header: CatalogueHeader,
    current: ClassRow | None,
    table: LogicalTable,
    row: int,
) -> None:
    """Put an item cell's pieces into the slots of the columns that it covers."""
    slots: list[tuple[str, str]] = []
    for col in range(cell.col, cell.col + cell.col_span):
        column = header.columns[col] if col < len(header.columns) else None
        if column is not None and column.role == "item" and (column.kind, column.tier) not in slots:
            slots.append((column.kind, column.tier))
    filled = [piece for piece in cell.pieces if piece.lines]
    if not filled:
        return
    if current is None or not slots:
        out.unplaced.extend(filled)
        return
    new = {
        slot: [piece for piece in filled if piece not in out.slots.get((current.class_code, *slot), ())]
        for slot in slots
    }
    if len(slots) > 1 and header.rows and any(new.values()):
        out.findings.append(
            Finding(
                "merged_across_columns",
                f"{current.class_code}的一个单元格横跨{len(slots)}列，其条目计入每一列；请核对合并是否属实。",
                cell.text[:200],
                table="entries",
                key=current.class_code,
                **at_cell(filled[0]),  # type: ignore[arg-type]
            )
        )
    for slot, pieces in new.items():
        if pieces:
            out.slots.setdefault((current.class_code, *slot), []).extend(pieces)


def parse_class(cell_lines: Iterable[Line]) -> tuple[list[str], str]:
    """(codes in printed order, name) of a class cell. Codes printed without a blank between are told apart by length."""
    text = " ".join(normalise(line.text) for line in cell_lines)
    codes: list[str] = []
    for run in _CODE.findall(text):
        if len(run) > 4 and len(run) % 4 == 0:
            codes += [run[i : i + 4] for i in range(0, len(run), 4)]
        else:
            codes.append(run)
    name = squeeze(_CODE.sub("", text))
    return codes, re.sub(r"^[/、,，;；|()\[\]\-]+|[/、,，;；|\-]+$|[(\[][/、,，\s]*[)\]]", "", name)


def _class_of(
    out: Catalogue, cells: Sequence[GridCell], current: ClassRow | None, heading: str
) -> ClassRow | None:
    """The class that a row belongs to: a new one, or the current one going on (empty, repeated or cut class cell)."""
    lines = [line for cell in cells for line in cell.lines]
    codes, name = parse_class(lines)
    first = cells[0]
    if not codes and not name:
        return current
    if current is not None:
        if codes and codes == current.codes and name in ("", current.name):
            return current
        broken = first.first.page > current.page
        if broken and set(codes) <= set(current.codes) and current.name.endswith(name):
            return current  # the rest of a class cell that was printed whole before
        if broken and _rest_of_codes(current, codes) and (not name or _unfinished_name(current.name)):
            # The page break cut the class cell: its last codes or its name stand on the next page.
            current.codes += [code for code in codes if code not in current.codes]
            current.name += name
            return current
        if not codes and broken and _unfinished_name(current.name):
            _go_on(out, current, name)
            return current
    again = next((c for c in out.classes if _same_class(c, codes, name, heading)), None)
    row = ClassRow(codes, name, first, heading, first.first.page)
    if not codes and again is None:
        if any(other.class_code == name for other in out.classes):
            row.apart = f"（{squeeze(heading)}）"
        out.findings.append(
            Finding(
                "class_code_missing",
                f"专业类“{name}”没有印出代码，暂以名称代替；请核对原文。",
                name,
                table="classes",
                key=name,
                **at_cell(first.first),  # type: ignore[arg-type]
            )
        )
    if again is not None:
        if again.name != name and name and again.name:
            out.findings.append(
                Finding(
                    "class_code_repeated",
                    f"代码 {codes[0]} 既是“{again.name}”又是“{name}”，条目并入前者；请核对原文。",
                    f"{again.name}|{name}",
                    table="classes",
                    key=codes[0],
                    **at_cell(first.first),  # type: ignore[arg-type]
                )
            )
        again.page = first.first.page
        out.last = again, heading
        return again
    out.classes.append(row)
    out.last = row, heading
    return row


def _same_class(known: ClassRow, codes: Sequence[str], name: str, heading: str) -> bool:
    """Whether a class cell prints a known class again: by its first code; without any, by its name and heading."""
    if codes:
        return known.codes[:1] == codes[:1]
    return not known.codes and known.name == name and known.heading == heading


def _go_on(out: Catalogue, current: ClassRow, name: str) -> None:
    """The rest of a class's name; where the name stands for its code, its slots go on under the new one."""
    before = current.class_code
    current.name += name
    if current.class_code != before:
        for key in [key for key in out.slots if key[0] == before]:
            out.slots[(current.class_code, *key[1:])] = out.slots.pop(key)


def _rest_of_codes(current: ClassRow, codes: Sequence[str]) -> bool:
    """Codes that complete the current class: same last three digits, none of them printed yet."""
    if not codes or not current.codes:
        return False
    return (
        all(code[1:] == current.codes[0][1:] and code not in current.codes for code in codes)
        and len(current.codes) + len(codes) <= 3
    )


def _unfinished_name(name: str) -> bool:
    return not name.endswith("类")


def entry_id(class_code: str, kind: str, tier: str, text: str, occurrence: int) -> str:
    """Stable name of an entry: hash of class, kind, tier, text and occurrence number (from 1), the same every year."""
    key = "\x1f".join((class_code, kind, tier, squeeze(text), str(occurrence)))
    return hashlib.sha256(key.encode()).hexdigest()[:16]


@dataclass
class Counted:
    """How many entries there are so far: in every slot, and of every text in a slot (by its first ``entry_id``)."""

    positions: Counter[Slot] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)


@dataclass
class Entries:
    """Rows of ``entries`` (without edition and source), and the cells whose text is only a placeholder."""

    rows: list[dict[str, object]]
    placeholders: list[Cell]


def read_entries(
    catalogue: Catalogue,
    rules: LineRules,
    known_names: Iterable[str],
    organisations: Callable[[], frozenset[str]],
    counted: Counted,
    apart: bool = False,
) -> Entries:
    """Segment the cells of every slot into items and read what each item states; they are ``counted``.

    ``known_names``: whole names known from the annexes; ``organisations`` gives names by which issuers are known. Both
    are asked for as late as possible. ``apart``: segment in a copy of this process, which takes the memory for it away.
    """
    keys = [key for key in _ordered(catalogue) if catalogue.slots.get(key)]
    index = {key: i for i, key in enumerate(keys)}
    placed = []
    placeholders: list[Cell] = []
    problems = []
    for key in keys:
        pieces = catalogue.slots[key]
        lines = placed_lines(pieces)
        if lines and all(_PLACEHOLDER.match(squeeze(line.text)) for line, _ in lines):
            placeholders.extend(pieces)
            lines = []
        near = tuple(
            index[key[0], key[1], tier]
            for tier in TIERS
            if tier != key[2] and (key[0], key[1], tier) in index
        )
        placed.append(lines)
        problems.append(segment_cell(lines, rules, near))
    if apart:
        names = list(known_names)
        found = aside(lambda: segment.segment_all(problems, names))()
    else:
        found = segment.segment_all(problems, known_names)
    issuers = organisations()
    # Lists that end every item with a semicolon print a separator, not a part of the name.
    rows: list[dict[str, object]] = []
    for key, lines, items in zip(keys, placed, found, strict=True):
        for item in items:
            text = normalise(item.text)
            if not text:
                continue
            counted.positions[key] += 1
            name = entry_id(*key, text, 1)
            counted.texts[name] += 1
            if counted.texts[name] > 1:
                name = entry_id(*key, text, counted.texts[name])
            line, piece = lines[item.first]
            levels = read_levels(text, issuers)
            last = lines[item.last][0]
            whole = last.page == line.page and last.top >= line.top
            boxes = [ln for ln, _ in lines[item.first : item.last + 1]] if whole else [line]
            rows.append(
                {
                    "entry_id": name,
                    "class_code": key[0],
                    "kind": key[1],
                    "tier": key[2],
                    "position": counted.positions[key],
                    "text": text,
                    "name": levels.name or text,
                    "issuer": levels.issuer,
                    "grades": list(levels.grades),
                    "level": levels.level,
                    "requires_attention": False,
                    "page": line.page,
                    "x0": min(b.x0 for b in boxes),
                    "top": line.top,
                    "x1": max(b.x1 for b in boxes),
                    "bottom": max(b.bottom for b in boxes),
                    "cell_id": piece.cell_id,
                    "confidence": round(min(item.confidence, piece.confidence), 4),
                }
            )
    return Entries(rows, placeholders)


def _ordered(catalogue: Catalogue) -> list[Slot]:
    return [(row.class_code, kind, tier) for row in catalogue.classes for kind in KINDS for tier in TIERS]
