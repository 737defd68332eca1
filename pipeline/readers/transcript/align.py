"""A ragged row → columns: the best alignment of its cells as a whole, and how much better it is than the next."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_SHIFT = 2.0
_SHIFT_STEP = 0.25
_BEYOND = 0.4
_ALIKE = 1.2
_KIN = 2.0
_PASSED = 0.8
_LEAD = 1.5
_ON, _SKIP = 0.7, 0.35
NEAR = 1.5
"""Margin (log-odds) under which the second best alignment is near."""


@dataclass(frozen=True)
class Alignment:
    """Columns of the filled cells, in order, the margin (log-odds) to the best other alignment, and the score."""

    cols: tuple[int, ...]
    margin: float
    score: float = 0.0

    @property
    def confidence(self) -> float:
        """The margin as a probability."""
        return 1.0 / (1.0 + math.exp(-min(self.margin, 30.0)))


Start = Callable[[int], float]
Step = Callable[[int, int, int], float]
"""(position of a filled cell, its column, column of the filled cell before) → cost; ``inf`` where not allowed."""


def in_order(
    indices: Sequence[int], missing: int, like: Mapping[int, int] | None = None
) -> tuple[Callable[[int], float], Step]:
    """Costs for a row with about as many cells as columns: cells keep their distance; each lost or added blank costs.

    ``missing``: how many cells fewer than the header the row has (negative: more). ``like``: index → column in the
    row before, where that looks the same: going on in the same way costs nothing.
    """
    low, high = min(0, missing), max(0, missing)
    like = like or {}

    def place(j: int, col: int) -> float:
        shift = col - indices[j]
        beyond = max(low - shift, shift - high, 0)
        if like.get(indices[j]) == col:
            return -_ALIKE
        return _BEYOND * beyond

    def change(delta: int) -> float:
        return _SHIFT + _SHIFT_STEP * abs(delta) if delta else 0.0

    def start(col: int) -> float:
        if like.get(indices[0]) == col:
            return place(0, col)
        return change(col - indices[0]) + place(0, col)

    def step(j: int, col: int, before: int) -> float:
        if col <= before:
            return math.inf
        if like.get(indices[j]) == col and like.get(indices[j - 1]) == before:
            return place(j, col)
        return change((col - indices[j]) - (before - indices[j - 1])) + place(j, col)

    return start, step


def folded(
    indices: Sequence[int], by_row: bool, like: Mapping[int, int] | None = None, lead: int = 0
) -> tuple[Callable[[int], float], Step]:
    """Costs for a row with more cells than columns: several grid rows (``by_row``), or whole columns, one after
    another. ``like``: as in ``in_order``; ``lead``: columns up to this one the row begins with as it should, most likely."""
    stay, back = (2.5, 0.6) if by_row else (_ON, 4.5)
    like = like or {}

    def place(j: int, col: int) -> float:
        if like.get(indices[j]) == col:
            return -_ALIKE
        return -_LEAD if col == indices[j] <= lead else 0.0

    def start(col: int) -> float:
        return 0.3 * abs(col - indices[0]) + place(0, col)

    def step(j: int, col: int, before: int) -> float:
        if col == indices[j] and before == indices[j - 1]:
            return place(j, col)  # the row begins as it should
        if col == before:
            return stay + place(j, col)
        if col > before:
            return _ON + _SKIP * (col - before - 1) + place(j, col)
        return back + 0.1 * (before - col) + place(j, col)

    return start, step


def with_habits(step: Step, kin: Sequence[float], groups: Sequence[int], filled: Mapping[int, float]) -> Step:
    """Costs that know a table's habits.

    Neighbouring cells that name the same things (``kin[j]``, 0–1: cell ``j`` and the one before) rather stand in
    different columns of one group: a group's tiers repeat each other. A column that is nearly always filled
    (``filled[col]``: log-odds, where positive) is not passed over lightly.
    """

    def stepped(j: int, col: int, before: int) -> float:
        same = col != before and groups[col] == groups[before]
        passed = sum(max(0.0, filled.get(c, 0.0)) for c in range(before + 1, col))
        return step(j, col, before) - _KIN * kin[j] * same + _PASSED * passed

    return stepped


def align(scores: Sequence[Mapping[int, float]], start: Callable[[int], float], step: Step) -> Alignment:
    """The cheapest assignment of columns to cells: dynamic programming over (cell, column), with max-marginals.

    ``scores[j][col]``: log-likelihood of filled cell ``j`` in a column; columns that it lacks are not allowed.
    """
    n = len(scores)
    if n == 0:
        return Alignment((), math.inf)
    forward: list[dict[int, float]] = [{c: s - start(c) for c, s in scores[0].items()}]
    back: list[dict[int, int]] = [{}]
    for j in range(1, n):
        here: dict[int, float] = {}
        came: dict[int, int] = {}
        for col, score in scores[j].items():
            best, source = -math.inf, -1
            for before, value in forward[j - 1].items():
                total = value - step(j, col, before)
                if total > best:
                    best, source = total, before
            if source >= 0 and best > -math.inf:
                here[col], came[col] = best + score, source
        forward.append(here)
        back.append(came)
    if not forward[-1]:
        return Alignment((), 0.0)
    backward: list[dict[int, float]] = [{} for _ in range(n)]
    backward[-1] = dict.fromkeys(forward[-1], 0.0)
    for j in range(n - 2, -1, -1):
        for col in forward[j]:
            backward[j][col] = max(
                (
                    scores[j + 1][after] - step(j + 1, after, col) + backward[j + 1][after]
                    for after in forward[j + 1]
                ),
                default=-math.inf,
            )
    last = max(forward[-1], key=lambda c: forward[-1][c])
    cols = [last]
    for j in range(n - 1, 0, -1):
        cols.append(back[j][cols[-1]])
    cols.reverse()
    best = forward[-1][last]
    second = max(
        (forward[j][c] + backward[j][c] for j in range(n) for c in forward[j] if c != cols[j]),
        default=-math.inf,
    )
    return Alignment(tuple(cols), best - second, best)
