"""What stands in the same place in both sources: cells of the catalogue, fields of annex rows, headings and notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.schema import ANNEX_TABLES, KINDS, PROVENANCE, TABLES, TIERS
from pipeline.text import squeeze

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]
Tables = Mapping[str, "pa.Table"]

# Rows of an annex whose keys differ are taken for the same row from this likeness on (0–100).
SAME_ROW = 60
# More leftover rows than this are not matched by likeness (the table of likenesses would be too large).
_MATCHED = 3000

# Columns that only repeat what another column of the row says.
_DERIVED = {"annex_11_mappings": ("condition", "titles", "remark")}
# Annexes whose printed cells hold several rows of the table: which columns name the cell, and which one the items.
_CELLS = {
    "annex_1_awards": (("category",), "name"),
    "annex_10_titles": (("series_no", "ladder", "rank"), "title"),
}


@dataclass(frozen=True)
class Item:
    """A printed text with its place. Box in PDF points, origin top left; page and line from 1."""

    text: str
    page: int | None
    line: int | None
    box: tuple[float, float, float, float] | None
    cell_id: str | None

    @property
    def key(self) -> str:
        """The text without blanks: what counts when two readings are compared."""
        return squeeze(self.text)


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
    left: tuple[Item, ...]
    right: tuple[Item, ...]


def pairs(left: Tables, right: Tables) -> Iterator[Pair]:
    """Every place where at least one source has a text, in the order of the document."""
    yield from _headings(left, right)
    yield from _catalogue(left, right)
    yield from _notes(left, right)
    for table in ANNEX_TABLES:
        if table in left and table in right:
            yield from _annex(table, left[table].to_pylist(), right[table].to_pylist())


def _item(row: Row, text: object) -> Item:
    sides: list[Any] = [row.get(side) for side in ("x0", "top", "x1", "bottom")]
    box = None if None in sides else (sides[0], sides[1], sides[2], sides[3])
    return Item(str(text), row.get("page"), row.get("line"), box, row.get("cell_id"))


def _items(row: Row | None, field: str) -> tuple[Item, ...]:
    """The texts of one field: list members are items of their own."""
    value = row.get(field) if row else None
    if row is None or value in (None, "", []):
        return ()
    if isinstance(value, list):
        if all(isinstance(one, int) for one in value):
            return (_item(row, "、".join(map(str, value))),)
        return tuple(_item(row, one) for one in value)
    return (_item(row, value),)


def _class_names(left: Tables, right: Tables) -> dict[str, str]:
    rows = [*right["classes"].to_pylist(), *left["classes"].to_pylist()]
    return {row["class_code"]: row["name"] for row in rows}


def _headings(left: Tables, right: Tables) -> Iterator[Pair]:
    for table, key, fields in (
        ("majors", "major_code", ("name", "college_code", "bachelor_code")),
        ("classes", "class_code", ("name", "college_code", "bachelor_code")),
    ):
        rows = [{row[key]: row for row in side[table].to_pylist()} for side in (left, right)]
        for code in sorted({*rows[0], *rows[1]}):
            whole = code not in rows[0] or code not in rows[1]
            for field in fields:
                title = TABLES[table].by_name[field].title_zh
                group = f"{table}/{code}" if whole else f"{table}/{code}/{field}"
                pair = Pair(
                    table,
                    code,
                    f"{code} {title}",
                    group,
                    _items(rows[0].get(code), field),
                    _items(rows[1].get(code), field),
                )
                if pair.left or pair.right:
                    yield pair


def _catalogue(left: Tables, right: Tables) -> Iterator[Pair]:
    cells: list[dict[tuple[str, str, str], list[Row]]] = []
    for side in (left, right):
        found: dict[tuple[str, str, str], list[Row]] = {}
        for row in sorted(side["entries"].to_pylist(), key=lambda row: row["position"]):
            found.setdefault((row["class_code"], row["kind"], row["tier"]), []).append(row)
        cells.append(found)
    names = _class_names(left, right)
    have = [set(side["classes"]["class_code"].to_pylist()) for side in (left, right)]
    kinds, tiers = list(KINDS), list(TIERS)
    order = sorted({*cells[0], *cells[1]}, key=lambda key: (key[0], kinds.index(key[1]), tiers.index(key[2])))
    for key in order:
        code, kind, tier = key
        whole = code not in have[0] or code not in have[1]
        yield Pair(
            "entries",
            code,
            f"{code}{names.get(code, '')} {KINDS[kind]} {tier}",
            f"classes/{code}" if whole else "entries/" + "/".join(key),
            tuple(_item(row, row["text"]) for row in cells[0].get(key, ())),
            tuple(_item(row, row["text"]) for row in cells[1].get(key, ())),
        )


def _notes(left: Tables, right: Tables) -> Iterator[Pair]:
    rows = [{row["number"]: row for row in side["notes"].to_pylist()} for side in (left, right)]
    for number in sorted({*rows[0], *rows[1]}, key=lambda text: (len(text), text)):
        yield Pair(
            "notes",
            "notes",
            f"说明第{number}条",
            f"notes/{number}",
            _items(rows[0].get(number), "text"),
            _items(rows[1].get(number), "text"),
        )


def _annex(table: str, left: list[Row], right: list[Row]) -> Iterator[Pair]:
    title = TABLES[table].title_zh
    if table in _CELLS:
        yield from _annex_cells(table, left, right)
        return
    provenance = {field.name for field in PROVENANCE}
    hidden = {"edition", "annex_no", "row_id", *provenance, *_DERIVED.get(table, ())}
    fields = [field for field in TABLES[table].fields if field.name not in hidden]
    if table == "annex_11_mappings":  # one printed row gives a row per condition
        left, right = _first_of(left, "no"), _first_of(right, "no")
    for one, other in _same_rows(table, left, right, [field.name for field in fields]):
        row = one or other or {}
        name = row["row_id"] if table != "annex_11_mappings" else row["no"]
        whole = one is None or other is None
        for field in fields:
            found = _items(one, field.name), _items(other, field.name)
            if any(found):
                group = f"{table}/{name}" if whole else f"{table}/{name}/{field.name}"
                yield Pair(table, table, f"{title} {name} {field.title_zh}", group, *found)


def _annex_cells(table: str, left: list[Row], right: list[Row]) -> Iterator[Pair]:
    names, field = _CELLS[table]
    cells: list[dict[tuple[str, ...], list[Row]]] = []
    for side in (left, right):
        found: dict[tuple[str, ...], list[Row]] = {}
        for row in side:
            found.setdefault(tuple(str(row[name]) for name in names), []).append(row)
        cells.append(found)
    for key in dict.fromkeys([*cells[0], *cells[1]]):
        name = "/".join(key)
        yield Pair(
            table,
            table,
            f"{TABLES[table].title_zh} {name}",
            f"{table}/{name}",
            tuple(_item(row, row[field]) for row in cells[0].get(key, ())),
            tuple(_item(row, row[field]) for row in cells[1].get(key, ())),
        )
    if table == "annex_10_titles":
        rows = [{row["series_no"]: row for row in side} for side in (left, right)]
        for number in dict.fromkeys([*rows[0], *rows[1]]):
            yield Pair(
                table,
                table,
                f"{TABLES[table].title_zh} {number} 系列",
                f"{table}/{number}/series",
                _items(rows[0].get(number), "series"),
                _items(rows[1].get(number), "series"),
            )


def _first_of(rows: Sequence[Row], column: str) -> list[Row]:
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row[column], row)
    return list(found.values())


def _same_rows(
    table: str, left: Sequence[Row], right: Sequence[Row], fields: Sequence[str]
) -> Iterator[tuple[Row | None, Row | None]]:
    """Rows with the same key; then, of the rest, those most alike, as one best assignment; then what is left over."""

    def keyed(rows: Sequence[Row]) -> dict[tuple[str, int], Row]:
        seen: dict[str, int] = {}
        found = {}
        for row in rows:
            key = squeeze(row["row_id"] if table != "annex_11_mappings" else row["no"])
            seen[key] = seen.get(key, 0) + 1
            found[key, seen[key]] = row
        return found

    ours, theirs = keyed(left), keyed(right)
    rest = [row for key, row in theirs.items() if key not in ours]
    alone = [row for key, row in ours.items() if key not in theirs]
    near = _assigned(alone, rest, lambda row: " ".join(str(row[field]) for field in fields))
    partner = {id(one): other for one, other in near}
    taken = {id(other) for _, other in near}
    for key, row in ours.items():
        yield row, theirs[key] if key in theirs else partner.get(id(row))
    for row in rest:
        if id(row) not in taken:
            yield None, row


def _assigned(left: Sequence[Row], right: Sequence[Row], text: Callable[[Row], str]) -> list[tuple[Row, Row]]:
    if not left or not right or max(len(left), len(right)) > _MATCHED:
        return []
    from rapidfuzz import fuzz, process
    from scipy.optimize import linear_sum_assignment

    scores = process.cdist(list(map(text, left)), list(map(text, right)), scorer=fuzz.ratio)
    rows, columns = linear_sum_assignment(scores, maximize=True)
    return [
        (left[i], right[j])
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        if scores[i, j] >= SAME_ROW
    ]
