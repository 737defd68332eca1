"""Annexes that no table of the contract fits: their cells, row by row, column by column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from pipeline.diff.assign import alone, assign, increasing
from pipeline.diff.drafts import At, Draft
from pipeline.diff.side import Row, Side
from pipeline.diff.words import alike
from pipeline.text import squeeze

_TABLE = "annex_other"
_SAME_ROW = 0.5

Cells = Mapping[int, Row]  # the cells of one printed row by column, from the left


def compare_other(before: Side, after: Side) -> list[Draft]:
    """Rows paired within the annex of the same title by what they say; then cell by cell."""
    was, now = _annexes(before), _annexes(after)
    return [draft for title in {**was, **now} for draft in _compare(was.get(title, []), now.get(title, []))]


def _annexes(side: Side) -> dict[str, list[Cells]]:
    rows: dict[tuple[str, int, int, int], dict[int, Row]] = defaultdict(dict)
    for row in sorted(side.rows(_TABLE), key=lambda row: row["col"]):
        rows[squeeze(row["title"]), row["annex_no"], row["table_no"], row["row"]][row["col"]] = row
    found: dict[str, list[Cells]] = defaultdict(list)
    for place, cells in sorted(rows.items(), key=lambda item: item[0][1:]):
        found[place[0]].append(cells)
    return found


def _plain(cells: Cells) -> str:
    """What a row says, running numbers left out."""
    texts = (squeeze(row["text"]) for row in cells.values())
    return "".join(text for text in texts if not text.isdigit())


def _compare(was: Sequence[Cells], now: Sequence[Cells]) -> Iterator[Draft]:
    texts, texts_after = [_plain(cells) for cells in was], [_plain(cells) for cells in now]
    places: dict[str, list[int]] = defaultdict(list)
    for j, text in enumerate(texts_after):
        places[text].append(j)
    same = [(i, places[text].pop(0)) for i, text in enumerate(texts) if places[text]]
    kept = increasing([j for _, j in same])
    equal = [pair for n, pair in enumerate(same) if n in kept]
    left, right = alone(equal, range(len(was)), range(len(now)))
    costs = {}
    for i in left:
        for j in right:
            likeness = alike(texts[i], texts_after[j])
            if likeness >= _SAME_ROW:
                costs[i, j] = 0.9 * (1 - likeness) + 0.001 * min(100, abs(i - j))
    changed = assign(costs)
    for i, j in sorted([*equal, *changed]):
        yield from _changes(was[i], now[j])
    gone, come = alone(changed, left, right)
    for i in gone:
        yield Draft("annex_row_removed", _TABLE, _at(_first(was[i]), _joined(was[i])), None)
    for j in come:
        yield Draft("annex_row_added", _TABLE, None, _at(_first(now[j]), _joined(now[j])))


def _first(cells: Cells) -> Row:
    return next(iter(cells.values()))


def _joined(cells: Cells) -> str:
    return " | ".join(row["text"] for row in cells.values() if row["text"])


def _at(row: Row, text: str) -> At:
    return At(text or None, (row,), key=row["row_id"])


def _changes(cells: Cells, others: Cells) -> Iterator[Draft]:
    """Cells of one row that differ; a running number alone is a renumbering."""
    for col in sorted({*cells, *others}):
        was, now = cells.get(col), others.get(col)
        before, after = (row["text"] if row else "" for row in (was, now))
        first, second = squeeze(before), squeeze(after)
        if first != second:
            number = first.isdigit() and second.isdigit() and col == min(cells)
            header = next((row["header"] for row in (was, now) if row and row["header"]), str(col))
            sides = _at(was or _first(cells), before), _at(now or _first(others), after)
            change = "annex_row_renumbered" if number else "annex_row_changed"
            yield Draft(change, _TABLE, *sides, header, alike(first, second))
