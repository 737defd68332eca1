"""Annexes that no table of the contract fits: their cells, row by row, column by column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.diff.assign import assign, increasing
from pipeline.diff.model import Draft, Row, Side
from pipeline.diff.words import alike
from pipeline.text import squeeze

_TABLE = "annex_other"
_SAME_ROW = 0.5


@dataclass(frozen=True)
class _Line:
    """One printed row: its cells by column."""

    cells: dict[int, Row]
    key: str
    plain: str


def compare_other(before: Side, after: Side) -> list[Draft]:
    """Rows paired within the annex of the same title by what they say; then cell by cell."""
    was, now = _annexes(before), _annexes(after)
    drafts: list[Draft] = []
    for title in {**was, **now}:
        drafts += _compare(was.get(title, []), now.get(title, []))
    return drafts


def _annexes(side: Side) -> dict[str, list[_Line]]:
    rows: dict[tuple[str, int, int, int], dict[int, Row]] = defaultdict(dict)
    for row in side.rows(_TABLE):
        rows[squeeze(row["title"]), row["annex_no"], row["table_no"], row["row"]][row["col"]] = row
    found: dict[str, list[_Line]] = defaultdict(list)
    for place, cells in sorted(rows.items(), key=lambda item: item[0][1:]):
        texts = [squeeze(cells[col]["text"]) for col in sorted(cells)]
        found[place[0]].append(_Line(cells, "\x1f".join(texts), "".join(t for t in texts if not t.isdigit())))
    return found


def _compare(was: Sequence[_Line], now: Sequence[_Line]) -> list[Draft]:
    by_key: dict[str, list[int]] = defaultdict(list)
    for j, line in enumerate(now):
        by_key[line.plain].append(j)
    equal = []
    for i, line in enumerate(was):
        if by_key.get(line.plain):
            equal.append((i, by_key[line.plain].pop(0)))
    kept = increasing([j for _, j in equal])
    equal = [pair for n, pair in enumerate(equal) if n in kept]
    left = [i for i in range(len(was)) if i not in {a for a, _ in equal}]
    right = [j for j in range(len(now)) if j not in {b for _, b in equal}]
    costs = {}
    for i in left:
        for j in right:
            likeness = alike(was[i].plain, now[j].plain)
            if likeness >= _SAME_ROW:
                costs[i, j] = 0.9 * (1 - likeness) + 0.001 * min(100, abs(i - j))
    changed = assign(costs)
    drafts: list[Draft] = []
    for i, j in sorted([*equal, *changed]):
        drafts += _cells(was[i], now[j])
    gone, come = {i for i, _ in changed}, {j for _, j in changed}
    for i in left:
        if i not in gone:
            row = _first(was[i])
            drafts.append(
                Draft("annex_row_removed", _TABLE, (row,), (), _joined(was[i]), None, key=row["row_id"])
            )
    for j in right:
        if j not in come:
            row = _first(now[j])
            drafts.append(
                Draft("annex_row_added", _TABLE, (), (row,), None, _joined(now[j]), key_after=row["row_id"])
            )
    return drafts


def _first(line: _Line) -> Row:
    return line.cells[min(line.cells)]


def _joined(line: _Line) -> str:
    return " | ".join(line.cells[col]["text"] for col in sorted(line.cells) if line.cells[col]["text"])


def _cells(line: _Line, other: _Line) -> list[Draft]:
    """Cells of one row that differ; a running number alone is a renumbering."""
    drafts = []
    for col in sorted({*line.cells, *other.cells}):
        was, now = line.cells.get(col), other.cells.get(col)
        before, after = (row["text"] if row else "" for row in (was, now))
        if squeeze(before) == squeeze(after):
            continue
        number = squeeze(before).isdigit() and squeeze(after).isdigit() and col == min(line.cells)
        header = next((row["header"] for row in (was, now) if row and row["header"]), str(col))
        drafts.append(
            Draft(
                "annex_row_renumbered" if number else "annex_row_changed", _TABLE,
                (was or _first(line),), (now or _first(other),), before or None, after or None,
                key=(was or _first(line))["row_id"], key_after=(now or _first(other))["row_id"], field=header,
                score=alike(squeeze(before), squeeze(after)),
            )
        )  # fmt: skip
    return drafts
