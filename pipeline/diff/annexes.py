"""The annexes of two releases: rows paired by what they say, not by their running number, then cell by cell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.diff.annex_other import compare_other
from pipeline.diff.annex_rows import RANKS, SPECS, AnnexSpec, Printed, grade_cells, printed_rows
from pipeline.diff.assign import assign, increasing
from pipeline.diff.model import Draft, Found, Side
from pipeline.diff.words import alike
from pipeline.text import squeeze

SAME_ROW, SAME_ROW_HERE, SAME_ROW_ALONE = 0.6, 0.45, 0.35
"""How alike the names of two rows must be to be one row changed: anywhere in the list, between the same neighbours,
and where exactly one row stands between them on both sides."""
MOVED = 0.85
"""The same in another list of the annex."""

_MOST_PAIRS = 1_000_000  # beyond, only rows between the same neighbours are compared


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row without an equal stands: between which equal rows, and how many such rows are there."""

    gap: tuple[str, int]
    company: int


def compare_annexes(before: Side, after: Side) -> Found:
    """All changes of the annexes."""
    found = Found()
    for table, spec in SPECS.items():
        was, now = printed_rows(before, table), printed_rows(after, table)
        if "grades" in spec.cells:
            was, now = _with_grades(before, was, after, now)
        found.drafts += _compare(table, spec, was, now)
    found.drafts += compare_other(before, after)
    return found


def _with_grades(
    before: Side, was: list[Printed], after: Side, now: list[Printed]
) -> tuple[list[Printed], list[Printed]]:
    """Grades as the cells print them rather than as a list of numbers, where that is known of every row."""
    printed, printed_after = grade_cells(before, was), grade_cells(after, now)
    if len(printed) < len(was) or len(printed_after) < len(now):
        return was, now
    return [_graded(r, printed[r.position]) for r in was], [
        _graded(r, printed_after[r.position]) for r in now
    ]


def _graded(row: Printed, text: str) -> Printed:
    return replace(row, texts={**row.texts, "grades": text}, keys={**row.keys, "grades": squeeze(text)})


def _compare(table: str, spec: AnnexSpec, was: Sequence[Printed], now: Sequence[Printed]) -> list[Draft]:
    if not was and not now:
        return []
    parts, drafts = _parts(table, spec, was, now)
    now = [replace(row, part=parts.get(row.part, row.part)) for row in now]
    equal = _equal(spec, was, now)
    places_left, places_right = _places(was, now, equal)
    known, known_after = {i for i, _ in equal}, {j for _, j in equal}
    left = [row for row in was if row.position not in known]
    right = [row for row in now if row.position not in known_after]
    changed = _changed(spec, left, right, places_left, places_right)
    old, new = {row.position: row for row in was}, {row.position: row for row in now}
    absent = _absent(spec, was), _absent(spec, now)
    for i, j in sorted([*equal, *changed]):
        drafts += _fields(table, spec, old[i], new[j], absent)
    gone, come = {i for i, _ in changed}, {j for _, j in changed}
    for row in left:
        if row.position not in gone:
            drafts += _alone(table, spec, row, "annex_row_removed")
    for row in right:
        if row.position not in come:
            drafts += _alone(table, spec, row, "annex_row_added")
    return _one_per_cell(table, drafts)


def _parts(
    table: str, spec: AnnexSpec, was: Sequence[Printed], now: Sequence[Printed]
) -> tuple[dict[str, str], list[Draft]]:
    """Lists that were only given another heading: new name → old name, and the change of heading."""
    if spec.part is None:
        return {}, []
    old, new = Counter(row.part for row in was), Counter(row.part for row in now)
    contents: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for side, rows in (("<", was), (">", now)):
        for row in rows:
            contents[side + row.part][_content(spec, row)] += 1
    renamed: dict[str, str] = {}
    drafts = []
    for part in [p for p in old if p not in new]:
        for other in [p for p in new if p not in old and p not in renamed]:
            common = (contents["<" + part] & contents[">" + other]).total()
            if 2 * common >= max(1, max(old[part], new[other])):
                renamed[other] = part
                first = next(row for row in was if row.part == part)
                second = next(row for row in now if row.part == other)
                drafts.append(
                    Draft("edition_changed", table, first.rows[:1], second.rows[:1], part or None, other or None,
                          field=spec.part)
                )  # fmt: skip
                break
    return renamed, drafts


def _content(spec: AnnexSpec, row: Printed) -> tuple[str, ...]:
    return tuple(row.keys[cell] for cell in spec.contents)


def _equal(spec: AnnexSpec, was: Sequence[Printed], now: Sequence[Printed]) -> list[tuple[int, int]]:
    """Rows of the same list with the same cells but for the number; of several such, those with the same number."""
    lost: dict[tuple[str, ...], list[Printed]] = defaultdict(list)
    for row in was:
        lost[row.part, *_content(spec, row)].append(row)
    pairs: list[tuple[int, int]] = []
    come: dict[tuple[str, ...], list[Printed]] = defaultdict(list)
    for row in now:
        come[row.part, *_content(spec, row)].append(row)
    for content, rights in come.items():
        lefts = lost.get(content, [])
        numbered = {tuple(row.keys[n] for n in spec.numbers): row for row in lefts}
        rest, taken = [], set()
        for row in rights:
            twin = numbered.pop(tuple(row.keys[n] for n in spec.numbers), None)
            if twin is None:
                rest.append(row)
            else:
                taken.add(twin.position)
                pairs.append((twin.position, row.position))
        free = [row for row in lefts if row.position not in taken]
        pairs += [(a.position, b.position) for a, b in zip(free, rest, strict=False)]
    return sorted(pairs)


def _places(
    was: Sequence[Printed], now: Sequence[Printed], equal: Sequence[tuple[int, int]]
) -> tuple[dict[int, _Place], dict[int, _Place]]:
    """For every row without an equal: between which equal rows (that kept their order) it stands."""
    kept = increasing([j for _, j in equal])
    anchors = [pair for n, pair in enumerate(equal) if n in kept]
    found: list[dict[int, _Place]] = []
    for side, rows in ((0, was), (1, now)):
        stops = {pair[side] for pair in anchors}
        matched = {pair[side] for pair in equal}
        gap = 0
        gaps: dict[int, tuple[str, int]] = {}
        for row in rows:
            if row.position in stops:
                gap += 1
            elif row.position not in matched:
                gaps[row.position] = (row.part, gap)
        company = Counter(gaps.values())
        found.append({position: _Place(where, company[where]) for position, where in gaps.items()})
    return found[0], found[1]


def _changed(
    spec: AnnexSpec,
    left: Sequence[Printed],
    right: Sequence[Printed],
    places_left: dict[int, _Place],
    places_right: dict[int, _Place],
) -> list[tuple[int, int]]:
    """Pairs of rows that are one row with other words, by one global assignment."""
    every = len(left) * len(right) <= _MOST_PAIRS
    costs: dict[tuple[int, int], float] = {}
    for row in left:
        here = places_left[row.position]
        for other in right:
            there = places_right[other.position]
            together = here.gap == there.gap
            if not (together or every):
                continue
            likeness = _likeness(spec, row, other, together)
            need = SAME_ROW if row.part == other.part else MOVED
            if together:
                need = SAME_ROW_ALONE if here.company == there.company == 1 else SAME_ROW_HERE
            if likeness < need:
                continue
            same_number = all(row.keys[n] == other.keys[n] for n in spec.numbers)
            costs[row.position, other.position] = (
                0.75 * (1 - likeness)
                + (0.0 if together else 0.12)
                + (0.0 if same_number else 0.03)
                + (0.0 if row.part == other.part else 0.1)
                + 0.1 * _different(spec, row, other)
            )
    return assign(costs)


def _likeness(spec: AnnexSpec, row: Printed, other: Printed, together: bool) -> float:
    """How alike the cells that name a row are (0–1)."""
    total = weight = 0.0
    for cell, share in spec.names.items():
        first, second = row.keys[cell], other.keys[cell]
        if first or second:
            weight += share
            total += share * (alike(first, second) if first and second else 0.0)
    return total / weight if weight else float(together)


def _different(spec: AnnexSpec, row: Printed, other: Printed) -> float:
    """Share of the cells that differ."""
    cells = spec.contents
    return sum(row.keys[cell] != other.keys[cell] for cell in cells) / len(cells)


def _absent(spec: AnnexSpec, rows: Sequence[Printed]) -> frozenset[tuple[str, str]]:
    """(list, cell) of columns that a list of this side does not have at all."""
    present = {(row.part, cell) for row in rows for cell in spec.contents if row.keys[cell]}
    return frozenset((row.part, cell) for row in rows for cell in spec.contents) - present


def _fields(
    table: str,
    spec: AnnexSpec,
    row: Printed,
    other: Printed,
    absent: tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]],
) -> Iterator[Draft]:
    """What is printed differently of one row, cell by cell."""
    moved = row.part != other.part
    if moved:
        yield _cell(table, row, other, spec.part or "", row.part, other.part)
    for cell in spec.contents:
        if row.keys[cell] == other.keys[cell]:
            continue
        # A column that the other list does not have comes or goes with the move.
        if moved and ((row.part, cell) in absent[0] or (other.part, cell) in absent[1]):
            continue
        yield from _one_field(table, row, other, cell)
    if any(row.keys[number] != other.keys[number] for number in spec.numbers) and not moved:
        shown = [n for n in spec.numbers if row.keys[n] != other.keys[n]]
        before = "/".join(row.texts[n] for n in spec.numbers)
        after = "/".join(other.texts[n] for n in spec.numbers)
        yield Draft(
            "annex_row_renumbered", table, row.rows[:1], other.rows[:1], before, after, key=row.row_id,
            key_after=other.row_id, field=shown[0],
        )  # fmt: skip


def _cell(table: str, row: Printed, other: Printed, field: str, before: str, after: str) -> Draft:
    return Draft(
        "annex_row_changed", table, row.rows[:1], other.rows[:1], before or None, after or None, key=row.row_id,
        key_after=other.row_id, field=field, score=alike(squeeze(before), squeeze(after)),
    )  # fmt: skip


def _one_field(table: str, row: Printed, other: Printed, cell: str) -> Iterator[Draft]:
    if cell not in RANKS:
        yield _cell(table, row, other, cell, row.texts[cell], other.texts[cell])
        return
    # A cell of annex 10 may hold several titles, and each is a published row.
    before, after = row.texts[cell].split("\n"), other.texts[cell].split("\n")
    before, after = [t for t in before if t], [t for t in after if t]
    lost = [t for t in before if squeeze(t) not in {squeeze(o) for o in after}]
    come = [t for t in after if squeeze(t) not in {squeeze(o) for o in before}]
    costs = {
        (i, j): 1 - alike(squeeze(a), squeeze(b)) if len(lost) > 1 or len(come) > 1 else 0.0
        for i, a in enumerate(lost)
        for j, b in enumerate(come)
    }
    pairs = assign(costs)
    for i, j in pairs:
        yield replace(
            _cell(table, row, other, "title", lost[i], come[j]),
            rows_before=_of_title(row, cell, lost[i]),
            rows_after=_of_title(other, cell, come[j]),
            key=str(_of_title(row, cell, lost[i])[0]["row_id"]),
            key_after=str(_of_title(other, cell, come[j])[0]["row_id"]),
        )
    for i, title in enumerate(lost):
        if i not in {a for a, _ in pairs}:
            yield _title_alone(table, row, cell, title, "annex_row_removed")
    for j, title in enumerate(come):
        if j not in {b for _, b in pairs}:
            yield _title_alone(table, other, cell, title, "annex_row_added")


def _of_title(row: Printed, rank: str, title: str) -> tuple[dict[str, object], ...]:
    """The published row of one title of a printed row."""
    found = [dict(r) for r in row.rows if r["title"] == title and r["rank"] in (rank, r["rank"])]
    exact = [r for r in found if r["rank"] == rank]
    return tuple((exact or found)[:1])


def _title_alone(table: str, row: Printed, rank: str, title: str, change: str) -> Draft:
    rows = _of_title(row, rank, title)
    text = " | ".join((row.texts["series_no"], row.texts["series"], title))
    if change == "annex_row_removed":
        return Draft(change, table, rows, (), text, None, key=str(rows[0]["row_id"]))
    return Draft(change, table, (), rows, None, text, key_after=str(rows[0]["row_id"]))


def _alone(table: str, spec: AnnexSpec, row: Printed, change: str) -> Iterator[Draft]:
    if table == "annex_10_titles":
        for rank in RANKS:
            for title in filter(None, row.texts[rank].split("\n")):
                yield _title_alone(table, row, rank, title, change)
        return
    text = " | ".join(row.texts[cell].replace("\n", "") for cell in spec.cells if row.texts[cell])
    if change == "annex_row_removed":
        yield Draft(change, table, row.rows[:1], (), text, None, key=row.row_id)
    else:
        yield Draft(change, table, (), row.rows[:1], None, text, key_after=row.row_id)


def _one_per_cell(table: str, drafts: list[Draft]) -> list[Draft]:
    """The series of annex 10 is one merged cell over its rows: printed once, changed once."""
    if table != "annex_10_titles":
        return drafts
    seen: set[tuple[object, ...]] = set()
    kept = []
    for draft in drafts:
        mark = (draft.change, draft.field, draft.before, draft.after)
        if draft.field in ("series", "series_no") and mark in seen:
            continue
        seen.add(mark)
        kept.append(draft)
    return kept
