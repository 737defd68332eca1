"""The annexes of two releases: rows paired by what they say, not by their running number, then cell by cell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from pipeline.diff.annex_rows import (
    SPECS,
    TITLES,
    Annex,
    AnnexSpec,
    PrintedAnnexRow,
    grade_cells,
    other_annexes,
    printed_rows,
)
from pipeline.diff.assign import alone, assign, increasing
from pipeline.diff.changes import At, Draft
from pipeline.diff.side import Side
from pipeline.diff.words import alike
from pipeline.text import squeeze

SAME_ROW, SAME_ROW_HERE, SAME_ROW_ALONE = 0.6, 0.45, 0.35
"""How alike the names of two rows must be to be one row changed: anywhere in the list, between the same neighbours,
and where exactly one row stands between them on both sides."""
MOVED = 0.85
"""The same in another list of the annex."""

_MOST_PAIRS = 1_000_000  # beyond, only rows between the same neighbours are compared

Pairs = list[tuple[int, int]]
Rows = Sequence[PrintedAnnexRow]
Gap = tuple[str, int]  # a list, and how many equal rows stand before


def compare_annexes(before: Side, after: Side) -> list[Draft]:
    """All changes of the annexes."""
    drafts: list[Draft] = []
    for spec, was, now in annex_tables(before, after):
        if "grades" in spec.cells:
            was, now = _with_grades(before, was, after, now)
        drafts += _compare(spec, was, now)
    return drafts


def annex_tables(before: Side, after: Side) -> Iterator[Annex]:
    """How every annex that a side has is compared, and its printed rows on both sides."""
    known = ((spec, printed_rows(before, spec), printed_rows(after, spec)) for spec in SPECS)
    return (one for one in chain(known, other_annexes(before, after)) if one[1] or one[2])


def same_rows(spec: AnnexSpec, was: Rows, now: Rows) -> Pairs:
    """Which row before is which row after: those that are equal, then those that are most alike; in order."""
    equal = _equal(spec, was, now)
    return sorted([*equal, *_changed(spec, was, now, equal)])


def _with_grades(
    before: Side, was: list[PrintedAnnexRow], after: Side, now: list[PrintedAnnexRow]
) -> tuple[list[PrintedAnnexRow], list[PrintedAnnexRow]]:
    """Grades as the cells print them rather than as a list of numbers, where that is known of every row."""
    printed, printed_after = grade_cells(before, was), grade_cells(after, now)
    if None in printed or None in printed_after:
        return was, now
    both = ((was, printed), (now, printed_after))
    first, second = (
        [row.with_text("grades", text or "") for row, text in zip(rows, texts, strict=True)]
        for rows, texts in both
    )
    return first, second


def _compare(spec: AnnexSpec, was: Rows, now: Rows) -> list[Draft]:
    renamed, drafts = _renamed_lists(spec, was, now)
    now = [replace(row, part=renamed.get(row.part, row.part)) for row in now]
    pairs = same_rows(spec, was, now)
    absent = _absent(spec, was), _absent(spec, now)
    for i, j in pairs:
        drafts += _fields(spec, was[i], now[j], absent)
    gone, come = alone(pairs, range(len(was)), range(len(now)))
    drafts += [Draft("annex_row_removed", spec.table, _whole(spec, was[i]), None) for i in gone]
    drafts += [Draft("annex_row_added", spec.table, None, _whole(spec, now[j])) for j in come]
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
    old: dict[tuple[str, ...], list[int]] = defaultdict(list)
    new: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for found, rows in ((old, was), (new, now)):
        for at, row in enumerate(rows):
            found[row.part, *_content(spec, row)].append(at)
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


def _whole(spec: AnnexSpec, row: PrintedAnnexRow) -> At:
    """A row that only one side has."""
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
