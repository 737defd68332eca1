"""What stands in the same place in both sources: cells of the catalogue, fields of annex rows, headings and notes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.diff.assign import alone, assign
from pipeline.diff.side import Names, Row, Side
from pipeline.schema import ANNEX_TABLES, KINDS, PROVENANCE, TABLES, TIERS
from pipeline.text import squeeze

SAME_ROW = 60
"""Rows of an annex whose keys differ are taken for the same row from this likeness on (0–100)."""
_MATCHED = 3000
"""More leftover rows than this are not matched by likeness (the table of likenesses would be too large)."""

Box = tuple[float, float, float, float]
Sides = tuple[Side, Side]
Keyed = dict[tuple[str, ...], list[Row]]
Cell = tuple[tuple[str, ...], tuple["SourceItem", ...], tuple["SourceItem", ...]]

_TITLES, _MAPPINGS = "annex_10_titles", "annex_11_mappings"
# Columns that only repeat what another column of the row says.
_DERIVED = {_MAPPINGS: ("condition", "titles", "remark")}
# Annexes whose printed cells hold several rows of the table: which columns name the cell, and which one the items.
CELLS = {
    "annex_1_awards": (("category",), "name"),
    _TITLES: (("series_no", "ladder", "rank"), "title"),
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
        """Its box in points, origin top left."""
        row = self.row
        return None if row["x0"] is None else (row["x0"], row["top"], row["x1"], row["bottom"])


@dataclass(frozen=True)
class Pair:
    """One place in both sources. A side without items has nothing there.

    ``section``: class code or annex table; ``group``: what is missing as a whole where one side has nothing
    (a class, a row), else the place itself.
    """

    table: str
    section: str
    label: str
    group: str
    left: tuple[SourceItem, ...]
    right: tuple[SourceItem, ...]


def pairs(left: Side, right: Side) -> Iterator[Pair]:
    """Every place where at least one source has a text, in the order of the document."""
    sides = left, right
    for table, key in (("majors", "major_code"), ("classes", "class_code")):
        yield from _headings(sides, table, key)
    yield from _catalogue(sides)
    yield from _notes(sides)
    for table in ANNEX_TABLES:
        if all(table in side.tables for side in sides):
            yield from (_annex_cells if table in CELLS else _annex)(sides, table)


def _items(rows: Iterable[Row], field: str) -> tuple[SourceItem, ...]:
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


def _by(rows: Iterable[Row], *columns: str) -> Keyed:
    """The rows by what they have in some columns, as text."""
    found: Keyed = defaultdict(list)
    for row in rows:
        found[tuple(str(row[column]) for column in columns)].append(row)
    return dict(found)


def _both(sides: Sides, table: str, *columns: str) -> tuple[Keyed, Keyed]:
    return _by(sides[0].rows(table), *columns), _by(sides[1].rows(table), *columns)


def _cells(sides: Sides, table: str, columns: Sequence[str], field: str) -> Iterator[Cell]:
    """What both sides print in one field, by what the rows have in some columns, in the order of the rows."""
    left, right = _both(sides, table, *columns)
    for key in {**left, **right}:
        yield key, _items(left.get(key, ()), field), _items(right.get(key, ()), field)


def _headings(sides: Sides, table: str, key: str) -> Iterator[Pair]:
    left, right = _both(sides, table, key)
    for name in sorted({*left, *right}):
        (code,) = name
        for field in ("name", "college_code", "bachelor_code"):
            found = _items(left.get(name, ()), field), _items(right.get(name, ()), field)
            label = f"{code} {TABLES[table].by_name[field].title_zh}"
            group = f"{table}/{code}/{field}" if name in left and name in right else f"{table}/{code}"
            if any(found):
                yield Pair(table, code, label, group, *found)


def _catalogue(sides: Sides) -> Iterator[Pair]:
    names, kinds, tiers = Names(*sides), list(KINDS), list(TIERS)
    cells = _cells(sides, "entries", ("class_code", "kind", "tier"), "text")

    def place(cell: Cell) -> tuple[str, int, int]:
        code, kind, tier = cell[0]
        return code, kinds.index(kind), tiers.index(tier)

    for key, *found in sorted(cells, key=place):
        code, kind, tier = key
        whole = not all(code in known for known in names.classes)
        group = f"classes/{code}" if whole else "entries/" + "/".join(key)
        label = f"{code}{names.class_name(code) or ''} {KINDS[kind]} {tier}"
        left, right = (tuple(sorted(items, key=lambda item: item.row["position"])) for items in found)
        yield Pair("entries", code, label, group, left, right)


def _notes(sides: Sides) -> Iterator[Pair]:
    cells = _cells(sides, "notes", ("number",), "text")
    for (number,), *found in sorted(cells, key=lambda cell: (len(cell[0][0]), cell[0])):
        yield Pair("notes", "notes", f"说明第{number}条", f"notes/{number}", *found)


def _annex_cells(sides: Sides, table: str) -> Iterator[Pair]:
    """Annexes whose rows stand several to a cell, cell by cell."""
    title, (columns, field) = TABLES[table].title_zh, CELLS[table]
    for key, *found in _cells(sides, table, columns, field):
        name = "/".join(key)
        yield Pair(table, table, f"{title} {name}", f"{table}/{name}", *found)
    if table == _TITLES:
        for (number,), left, right in _cells(sides, table, ("series_no",), "series"):
            label, group = f"{title} {number} 系列", f"{table}/{number}/series"
            yield Pair(table, table, label, group, left[-1:], right[-1:])


def _annex(sides: Sides, table: str) -> Iterator[Pair]:
    """The other annexes, row by row and field by field."""
    hidden = {
        "edition",
        "annex_no",
        "row_id",
        *(field.name for field in PROVENANCE),
        *_DERIVED.get(table, ()),
    }
    fields = [field for field in TABLES[table].fields if field.name not in hidden]
    left, right = (side.rows(table) for side in sides)
    key = "row_id"
    if table == _MAPPINGS:  # one printed row gives a row per condition
        key = "no"
        left, right = ([dict(rows[0]) for rows in _by(found, key).values()] for found in (left, right))
    for one, other in _same_rows(left, right, key, [field.name for field in fields]):
        name = (one or other or {})[key]
        for field in fields:
            found = _items([one] if one else (), field.name), _items([other] if other else (), field.name)
            if any(found):
                group = f"{table}/{name}/{field.name}" if one and other else f"{table}/{name}"
                yield Pair(table, table, f"{TABLES[table].title_zh} {name} {field.title_zh}", group, *found)


def _same_rows(
    left: Sequence[Row], right: Sequence[Row], key: str, fields: Sequence[str]
) -> Iterator[tuple[Row | None, Row | None]]:
    """Rows with the same key; then, of the rest, those most alike, as one best assignment; then what is left over."""
    places = {name: j for j, name in enumerate(_keys(right, key))}
    same = [(i, places[name]) for i, name in enumerate(_keys(left, key)) if name in places]
    rest, others = alone(same, range(len(left)), range(len(right)))
    partners = dict(same)
    for i, j in _alike([left[i] for i in rest], [right[j] for j in others], fields):
        partners[rest[i]] = others[j]
    for i, row in enumerate(left):
        yield row, right[partners[i]] if i in partners else None
    taken = set(partners.values())
    yield from ((None, right[j]) for j in others if j not in taken)


def _keys(rows: Sequence[Row], column: str) -> list[tuple[str, int]]:
    """The rows' keys; where several rows have one, they are counted."""
    seen: Counter[str] = Counter()
    found = []
    for row in rows:
        key = squeeze(row[column])
        seen[key] += 1
        found.append((key, seen[key]))
    return found


def _alike(left: Sequence[Row], right: Sequence[Row], fields: Sequence[str]) -> list[tuple[int, int]]:
    if not left or not right or max(len(left), len(right)) > _MATCHED:
        return []
    from rapidfuzz import fuzz, process

    texts, others = (
        [" ".join(str(row[field]) for field in fields) for row in rows] for rows in (left, right)
    )
    scores = process.cdist(texts, others, scorer=fuzz.ratio)
    near = zip(*(indices.tolist() for indices in (scores >= SAME_ROW).nonzero()), strict=True)
    return assign({(i, j): 1 - float(scores[i, j]) / 100 for i, j in near})
