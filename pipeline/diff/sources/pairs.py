"""What stands in the same place in both sources: cells of the catalogue, fields of annex rows, headings and notes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.diff.annexes import TITLES, AnnexSpec, PrintedAnnexRow, Rows, annex_tables, same_rows
from pipeline.diff.output.pictures import Box
from pipeline.diff.side import Names, Row, Side
from pipeline.schema import KINDS, TABLES, TIERS
from pipeline.text import squeeze

Sides = tuple[Side, Side]
Whole = tuple[str, str] | None

# Annexes whose printed cells hold several rows of the table: which columns name the cell, and which one the items.
CELLS = {
    "annex_1_awards": (("category",), "name"),
    TITLES: (("series_no", "ladder", "rank"), "title"),
}


@dataclass(frozen=True)
class SourceItem:
    """A printed text of a published row."""

    text: str
    row: Row

    @cached_property
    def key(self) -> str:
        """The text without blanks: what counts when two readings are compared."""
        return squeeze(self.text)

    @property
    def box(self) -> Box | None:
        """Where it is printed; None where it has no box."""
        return None if self.row["x0"] is None else Box(*(self.row[name] for name in Box._fields))


SourceItems = tuple[SourceItem, ...]
Cell = tuple[tuple[str, ...], SourceItems, SourceItems]


@dataclass(frozen=True)
class Pair:
    """One place in both sources. A side without items has nothing there.

    ``section``: class code or annex table; ``whole``: what is missing as a whole where one side has nothing, with its
    table (a class, a row).
    """

    table: str
    section: str
    label: str
    whole: Whole
    left: SourceItems
    right: SourceItems


def pairs(left: Side, right: Side) -> Iterator[Pair]:
    """Every place where at least one source has a text, in the order of the document."""
    sides = left, right
    for table, key in (("majors", "major_code"), ("classes", "class_code")):
        yield from _headings(sides, table, key)
    yield from _catalogue(sides)
    yield from _notes(sides)
    for spec, was, now in annex_tables(left, right):
        yield from _annex_cells(sides, spec.table) if spec.table in CELLS else _annex(spec, was, now)


def _items(rows: Iterable[Row], field: str) -> SourceItems:
    """The texts of one field; the members of a list are items of their own, a list of numbers is one."""
    found = []
    for row in rows:
        value = row[field]
        if isinstance(value, list):
            numbers = all(isinstance(one, int) for one in value)
            texts = ["、".join(map(str, value))] if numbers and value else value
        else:
            texts = [] if value is None or value == "" else [value]
        found += [SourceItem(str(text), row) for text in texts]
    return tuple(found)


def _cells(sides: Sides, table: str, columns: Sequence[str], field: str) -> Iterator[Cell]:
    """What both sides print in one field, by what the rows have in some columns, in the order of the rows."""
    found: dict[tuple[str, ...], tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for at, side in enumerate(sides):
        for row in side.rows(table):
            found[tuple(str(row[column]) for column in columns)][at].append(row)
    for key, (left, right) in found.items():
        yield key, _items(left, field), _items(right, field)


def _headings(sides: Sides, table: str, key: str) -> Iterator[Pair]:
    left, right = ({row[key]: row for row in side.rows(table)} for side in sides)
    for code in sorted({*left, *right}):
        whole = None if code in left and code in right else (table, code)
        for field in ("name", "college_code", "bachelor_code"):
            found = (_items([side[code]] if code in side else (), field) for side in (left, right))
            yield from _pair(table, code, f"{code} {TABLES[table].by_name[field].title_zh}", whole, *found)


def _pair(
    table: str, section: str, label: str, whole: Whole, left: SourceItems, right: SourceItems
) -> Iterator[Pair]:
    """The pair, where at least one source has a text."""
    if left or right:
        yield Pair(table, section, label, whole, left, right)


def _catalogue(sides: Sides) -> Iterator[Pair]:
    names, kinds, tiers = Names(*sides), list(KINDS), list(TIERS)
    cells = _cells(sides, "entries", ("class_code", "kind", "tier"), "text")

    def place(cell: Cell) -> tuple[str, int, int]:
        code, kind, tier = cell[0]
        return code, kinds.index(kind), tiers.index(tier)

    for key, *found in sorted(cells, key=place):
        code, kind, tier = key
        whole = None if all(code in known for known in names.classes) else ("classes", code)
        label = f"{code}{names.class_name(code) or ''} {KINDS[kind]} {tier}"
        left, right = (tuple(sorted(items, key=lambda item: item.row["position"])) for items in found)
        yield Pair("entries", code, label, whole, left, right)


def _notes(sides: Sides) -> Iterator[Pair]:
    cells = _cells(sides, "notes", ("number",), "text")
    for (number,), *found in sorted(cells, key=lambda cell: (len(cell[0][0]), cell[0])):
        yield Pair("notes", "notes", f"说明第{number}条", ("notes", number), *found)


def _annex_cells(sides: Sides, table: str) -> Iterator[Pair]:
    """Annexes whose rows stand several to a cell, cell by cell."""
    title, (columns, field) = TABLES[table].title_zh, CELLS[table]
    for key, *found in _cells(sides, table, columns, field):
        yield Pair(table, table, f"{title} {'/'.join(key)}", (table, *key) if len(key) == 1 else None, *found)
    if table == TITLES:
        for (number,), left, right in _cells(sides, table, ("series_no",), "series"):
            yield Pair(table, table, f"{title} {number} 系列", None, left[-1:], right[-1:])


def _annex(spec: AnnexSpec, was: Rows, now: Rows) -> Iterator[Pair]:
    """The other annexes, row by row and cell by cell."""
    declared = TABLES[spec.table]
    for one, other in same_rows(spec, was, now):
        name = next(str(row.rows[0]["row_id"]) for row in (one, other) if row)
        whole = None if one and other else (spec.table, name)
        for cell in filter(None, (spec.part, *spec.cells)):
            head = spec.heads.get(cell) or declared.by_name[cell].title_zh
            found = (_of_cell(row, cell) for row in (one, other))
            yield from _pair(spec.table, spec.table, f"{declared.title_zh} {name} {head}", whole, *found)


def _of_cell(row: PrintedAnnexRow | None, cell: str) -> SourceItems:
    if row is None:
        return ()
    if row.own:
        return _items([row.own[cell]], "text") if cell in row.own else ()
    return _items(row.rows[:1], cell)
