"""The annexes of two releases: rows paired by what they say, not by their running number, then cell by cell.

``annex_11`` is published one row per condition; compared is its one printed cell of rules. What a published table only
derives (condition, titles, remark, ladder) is no cell here.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from operator import itemgetter

from pipeline.diff.assign import alone, assign, increasing, places, side_by_side
from pipeline.diff.changes import At, Draft
from pipeline.diff.side import Row, Side
from pipeline.diff.words import alike
from pipeline.text import squeeze
from pipeline.tidy.grades.levels import read_grade_list

SAME_ROW, SAME_ROW_HERE, SAME_ROW_ALONE = 0.6, 0.45, 0.35
"""How alike the names of two rows must be to be one row changed: anywhere in the list, between the same neighbours,
and where exactly one row stands between them on both sides."""
MOVED = 0.85
"""The same in another list of the annex."""

_MOST_PAIRS = 1_000_000  # beyond, only rows between the same neighbours are compared
_GRADE_WORDS = re.compile(r"[\d一二三四五级初中高工技师/、,,;至到~\-()]+")


@dataclass(frozen=True)
class AnnexSpec:
    """How one annex is compared.

    ``cells``: its printed cells in order; ``numbers``: those that are running numbers; ``names``: which cells say
    what a row is about, with weights; ``part``: the column that says in which list it stands; ``heads``: what cells are
    called that are no columns.
    """

    table: str
    cells: tuple[str, ...]
    numbers: tuple[str, ...]
    names: Mapping[str, float]
    part: str | None = None
    heads: Mapping[str, str] = field(default_factory=dict)

    @property
    def contents(self) -> tuple[str, ...]:
        """The cells that are no running numbers."""
        return tuple(cell for cell in self.cells if cell not in self.numbers)


TITLES = "annex_10_titles"

SPECS = (
    AnnexSpec("annex_1_awards", ("name",), (), {"name": 1}, "category"),
    AnnexSpec("annex_2_organisers", ("no", "name"), ("no",), {"name": 1}),
    AnnexSpec("annex_3_contests", ("no", "type", "example"), ("no",), {"type": 2, "example": 1}),
    AnnexSpec("annex_4_associations", ("no", "name", "supervisor", "lead_unit"), ("no",), {"name": 1}, "list"),
    AnnexSpec(
        "annex_5_evaluators", ("no", "org", "authority", "occupation", "grades"), ("no",), {"org": 2, "occupation": 2},
        "group",
    ),
    AnnexSpec(
        "annex_6_assessments",
        ("org_no", "org", "org_code", "no", "occupation_code", "occupation", "grades", "item_type"),
        ("org_no", "no"), {"org": 1, "org_code": 1, "occupation_code": 1, "occupation": 2}, "part",
    ),
    AnnexSpec("annex_7_one_plus_x", ("no", "org", "certificate", "batch"), ("no",), {"certificate": 3, "org": 2}),
    AnnexSpec(
        "annex_8_qualifications", ("no", "name", "sub_name", "departments", "category", "legal_basis", "note"), ("no",),
        {"name": 2, "sub_name": 2}, "part",
    ),
    AnnexSpec("annex_9_overseas", ("no", "field", "certificate", "issuer"), ("no",), {"certificate": 2, "issuer": 2}, "list"),
    AnnexSpec(TITLES, ("series_no", "series", "rank", "title"), ("series_no",), {"series": 1, "rank": 1, "title": 2}),
    AnnexSpec("annex_11_mappings", ("no", "qualification", "rule"), ("no",), {"qualification": 1}),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PrintedAnnexRow:
    """One printed row: ``texts`` and ``keys`` (without blanks) by cell, its part, and the published rows it gave.

    ``own``: the published row of a cell that has one of its own.
    """

    texts: Mapping[str, str]
    keys: Mapping[str, str]
    part: str
    rows: tuple[Row, ...]
    own: Mapping[str, Row] = field(default_factory=dict)

    def at(self, text: str | None, cell: str = "") -> At:
        """A side of a change in this row; it stands at the published row of the cell, else at the first one."""
        row = self.own.get(cell, self.rows[0])
        return At(text or None, (row,), key=str(row["row_id"]))


Annex = tuple[AnnexSpec, list[PrintedAnnexRow], list[PrintedAnnexRow]]
"""How an annex is compared, and its rows on both sides."""
Pairs = list[tuple[int, int]]
Rows = Sequence[PrintedAnnexRow]
Gap = tuple[str, int]  # a list, and how many equal rows stand before


def printed_rows(side: Side, spec: AnnexSpec) -> list[PrintedAnnexRow]:
    """The rows of an annex as printed, in reading order."""
    rows = side.rows(spec.table)
    together = spec.table == "annex_11_mappings"
    groups = _together(rows, "no", "qualification", "rule") if together else [[row] for row in rows]
    return [
        _printed(
            {cell: _text(group[0][cell]) for cell in spec.cells},
            group,
            str(group[0][spec.part] or "") if spec.part else "",
        )
        for group in groups
    ]


def _printed(
    cells: Mapping[str, str], group: Sequence[Row], part: str = "", own: Mapping[str, Row] | None = None
) -> PrintedAnnexRow:
    keys = {cell: squeeze(text) for cell, text in cells.items()}
    return PrintedAnnexRow(cells, keys, part, tuple(group), own or {})


def other_annexes(before: Side, after: Side) -> Iterator[Annex]:
    """The annexes that no table of the contract fits, by title: how they are compared, and the rows of both sides.

    Their cells are their columns. The first one is a running number where it holds digits only.
    """
    was, now = _other_lines(before), _other_lines(after)
    for title in {**was, **now}:
        both = was.get(title, []), now.get(title, [])
        heads: dict[str, str] = {}
        for line in (line for lines in both for line in lines):
            heads |= {cell: row["header"] or cell for cell, row in line.items()}
        cells = tuple(sorted(heads, key=int))
        first = [line[cells[0]]["text"] for lines in both for line in lines if cells[0] in line]
        numbers = cells[:1] if all(squeeze(text).isdigit() for text in first) else ()
        names = dict.fromkeys(cells[len(numbers) :], 1)
        was_rows, now_rows = (
            [
                _printed({cell: line[cell]["text"] if cell in line else "" for cell in cells}, [*line.values()], "", line)
                for line in lines
            ]
            for lines in both
        )  # fmt: skip
        yield AnnexSpec("annex_other", cells, numbers, names, heads=heads), was_rows, now_rows


def _other_lines(side: Side) -> dict[str, list[dict[str, Row]]]:
    """Title of an annex → its printed lines, each a row per column."""
    found: dict[str, list[dict[str, Row]]] = defaultdict(list)
    rows = sorted(side.rows("annex_other"), key=itemgetter("annex_no", "table_no", "row", "col"))
    for line in _together(rows, "annex_no", "table_no", "row"):
        found[squeeze(line[0]["title"])].append({str(row["col"]): row for row in line})
    return found


def _together(rows: Iterable[Row], *columns: str) -> list[list[Row]]:
    """Neighbouring rows with the same values."""
    return [list(group) for _, group in groupby(rows, key=lambda row: [row[column] for column in columns])]


def _text(value: object) -> str:
    """A published value as its cell prints it."""
    if isinstance(value, list):
        numbers = all(isinstance(item, int) for item in value)
        return ("、" if numbers else "\n").join(str(item) for item in value)
    return "" if value is None else str(value)


def compare_annexes(before: Side, after: Side) -> list[Draft]:
    """All changes of the annexes."""
    drafts: list[Draft] = []
    for spec, was, now in annex_tables(before, after):
        if "grades" in spec.cells:
            printed, printed_after = _with_grades(before, was), _with_grades(after, now)
            if printed is not None and printed_after is not None:
                was, now = printed, printed_after
        drafts += _compare(spec, was, now)
    return drafts


def annex_tables(before: Side, after: Side) -> Iterator[Annex]:
    """How every annex that a side has is compared, and its printed rows on both sides."""
    known = ((spec, printed_rows(before, spec), printed_rows(after, spec)) for spec in SPECS)
    return (one for one in chain(known, other_annexes(before, after)) if one[1] or one[2])


def same_rows(
    spec: AnnexSpec, was: Rows, now: Rows
) -> list[tuple[PrintedAnnexRow | None, PrintedAnnexRow | None]]:
    """Which row before is which row after: those that are equal, then those that are most alike."""
    equal = _equal(spec, was, now)
    return side_by_side([*equal, *_changed(spec, was, now, equal)], was, now)


def _with_grades(side: Side, rows: Rows) -> list[PrintedAnnexRow] | None:
    """The rows with grades as their cells print them rather than as a list of numbers, found among the cells of the same table
    row; None where that is not known of every row (a transcript's merged cells, say)."""
    found = []
    for one in rows:
        row = one.rows[0]
        here = side.cells.row_of(row["cell_id"]) if row["page"] is not None else ()
        texts = [squeeze("".join(line["text"] for line in cell["lines"])) for cell in here]
        grades = [
            text for text in texts if _GRADE_WORDS.fullmatch(text) and read_grade_list(text) == row["grades"]
        ]
        if not grades:
            return None
        printed = {"grades": grades[-1]}
        found.append(replace(one, texts={**one.texts, **printed}, keys={**one.keys, **printed}))
    return found


def _compare(spec: AnnexSpec, was: Rows, now: Rows) -> list[Draft]:
    renamed, drafts = _renamed_lists(spec, was, now)
    now = [replace(row, part=renamed.get(row.part, row.part)) for row in now]
    absent = _absent(spec, was), _absent(spec, now)
    for row, other in same_rows(spec, was, now):
        if row and other:
            drafts += _fields(spec, row, other, absent)
        else:
            change = "annex_row_removed" if row else "annex_row_added"
            drafts.append(Draft(change, spec.table, _whole(spec, row), _whole(spec, other)))
    return _one_per_cell(drafts) if spec.table == TITLES else drafts


def _renamed_lists(spec: AnnexSpec, was: Rows, now: Rows) -> tuple[dict[str, str], list[Draft]]:
    """Lists that were only given another heading: new name → old name, and the change of heading."""
    if spec.part is None:
        return {}, []
    old, new = _lists(spec, was), _lists(spec, now)
    renamed: dict[str, str] = {}
    drafts = []
    for part in [part for part in old if part not in new]:
        for other in [part for part in new if part not in old and part not in renamed]:
            common = (old[part] & new[other]).total()
            if 2 * common >= max(1, old[part].total(), new[other].total()):
                renamed[other] = part
                first = next(row for row in was if row.part == part)
                second = next(row for row in now if row.part == other)
                headings = At(part or None, first.rows[:1]), At(other or None, second.rows[:1])
                drafts.append(Draft("edition_changed", spec.table, *headings, spec.part))
                break
    return renamed, drafts


def _lists(spec: AnnexSpec, rows: Rows) -> dict[str, Counter[tuple[str, ...]]]:
    """What stands in every list of an annex."""
    found: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for row in rows:
        found[row.part][_content(spec, row)] += 1
    return found


def _content(spec: AnnexSpec, row: PrintedAnnexRow) -> tuple[str, ...]:
    return tuple(row.keys[cell] for cell in spec.contents)


def _numbers(spec: AnnexSpec, row: PrintedAnnexRow) -> tuple[str, ...]:
    return tuple(row.keys[cell] for cell in spec.numbers)


def _equal(spec: AnnexSpec, was: Rows, now: Rows) -> Pairs:
    """Rows of the same list with the same cells but for the number; of several such, those with the same number."""
    old, new = (places(rows, lambda row: (row.part, *_content(spec, row))) for rows in (was, now))
    pairs: Pairs = []
    for content, rights in new.items():
        lefts = old.get(content, [])
        numbered = {_numbers(spec, was[i]): i for i in lefts}
        twins = [(numbered.pop(_numbers(spec, now[j]), None), j) for j in rights]
        same = [(i, j) for i, j in twins if i is not None]
        pairs += [*same, *zip(*alone(same, lefts, rights), strict=False)]
    return sorted(pairs)


def _gaps(was: Rows, now: Rows, equal: Pairs) -> tuple[dict[int, Gap], dict[int, Gap]]:
    """For every row without an equal: between which equal rows (that kept their order) it stands."""
    kept = increasing([j for _, j in equal])
    found: list[dict[int, Gap]] = []
    for side, rows in enumerate((was, now)):
        matched = {pair[side] for pair in equal}
        anchors = {pair[side] for n, pair in enumerate(equal) if n in kept}
        gaps, gap = {}, 0
        for at, row in enumerate(rows):
            gap += at in anchors
            if at not in matched:
                gaps[at] = (row.part, gap)
        found.append(gaps)
    return found[0], found[1]


def _changed(spec: AnnexSpec, was: Rows, now: Rows, equal: Pairs) -> Pairs:
    """Pairs of rows that are one row with other words, by one global assignment."""
    gaps, gaps_after = _gaps(was, now, equal)
    company, company_after = Counter(gaps.values()), Counter(gaps_after.values())
    every = len(gaps) * len(gaps_after) <= _MOST_PAIRS
    costs: dict[tuple[int, int], float] = {}
    for i, gap in gaps.items():
        for j, other_gap in gaps_after.items():
            together = gap == other_gap
            if not (together or every):
                continue
            row, other = was[i], now[j]
            likeness = _likeness(spec, row, other, together)
            if together:
                need = SAME_ROW_ALONE if company[gap] == company_after[gap] == 1 else SAME_ROW_HERE
            else:
                need = SAME_ROW if row.part == other.part else MOVED
            if likeness >= need:
                costs[i, j] = (
                    0.75 * (1 - likeness)
                    + (0.0 if together else 0.12)
                    + (0.0 if _numbers(spec, row) == _numbers(spec, other) else 0.03)
                    + (0.0 if row.part == other.part else 0.1)
                    + 0.1 * _different(spec, row, other)
                )
    return assign(costs)


def _likeness(spec: AnnexSpec, row: PrintedAnnexRow, other: PrintedAnnexRow, together: bool) -> float:
    """How alike the cells that name a row are (0–1)."""
    total = weight = 0.0
    for cell, share in spec.names.items():
        first, second = row.keys[cell], other.keys[cell]
        if first or second:
            weight += share
            total += share * (alike(first, second) if first and second else 0.0)
    return total / weight if weight else float(together)


def _different(spec: AnnexSpec, row: PrintedAnnexRow, other: PrintedAnnexRow) -> float:
    """Share of the cells that differ."""
    cells = spec.contents
    return sum(row.keys[cell] != other.keys[cell] for cell in cells) / len(cells)


def _absent(spec: AnnexSpec, rows: Rows) -> set[tuple[str, str]]:
    """(list, cell) of columns that a list of this side does not have at all."""
    present = {(row.part, cell) for row in rows for cell in spec.contents if row.keys[cell]}
    return {(row.part, cell) for row in rows for cell in spec.contents} - present


# -- what is printed differently of one row


def _fields(
    spec: AnnexSpec,
    row: PrintedAnnexRow,
    other: PrintedAnnexRow,
    absent: tuple[set[tuple[str, str]], set[tuple[str, str]]],
) -> Iterator[Draft]:
    """What is printed differently of one row, cell by cell."""
    moved = row.part != other.part
    if moved:
        yield _cell(spec, row.at(row.part), other.at(other.part), spec.part or "")
    for cell in spec.contents:
        # A column that the other list does not have comes or goes with the move.
        with_move = moved and ((row.part, cell) in absent[0] or (other.part, cell) in absent[1])
        if row.keys[cell] == other.keys[cell] or with_move:
            continue
        sides = row.at(row.texts[cell], cell), other.at(other.texts[cell], cell)
        yield _cell(spec, *sides, spec.heads.get(cell, cell))
    changed = [cell for cell in spec.numbers if row.keys[cell] != other.keys[cell]]
    if changed and not moved:
        texts, texts_after = ("/".join(one.texts[cell] for cell in spec.numbers) for one in (row, other))
        sides = row.at(texts), other.at(texts_after)
        yield Draft("annex_row_renumbered", spec.table, *sides, spec.heads.get(changed[0], changed[0]))


def _cell(spec: AnnexSpec, before: At, after: At, field: str) -> Draft:
    score = alike(squeeze(before.text or ""), squeeze(after.text or ""))
    return Draft("annex_row_changed", spec.table, before, after, field, score)


def _whole(spec: AnnexSpec, row: PrintedAnnexRow | None) -> At | None:
    """A row that only one side has."""
    if row is None:
        return None
    return row.at(" | ".join(row.texts[cell].replace("\n", "") for cell in spec.cells if row.texts[cell]))


def _one_per_cell(drafts: Sequence[Draft]) -> list[Draft]:
    """The series of annex 10 is one merged cell over its rows: printed once, changed once."""
    seen: set[tuple[object, ...]] = set()
    kept = []
    for draft in drafts:
        mark = (draft.change, draft.field, *(at and at.text for at in (draft.before, draft.after)))
        if draft.field not in ("series", "series_no") or mark not in seen:
            kept.append(draft)
        seen.add(mark)
    return kept
