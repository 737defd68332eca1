"""A ragged row → columns: the best alignment of its cells as a whole, and how much better it is than the next.

``Costs`` say what an alignment costs beside what the cells' texts say: an array over columns for the first filled cell,
and for each further one an array (column of the cell before × its own column); ``inf`` where not allowed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Costs = tuple[Floats, list[Floats]]
Scores = Sequence[Mapping[int, float]]
"""Per filled cell: column → log-likelihood; columns that it lacks are not allowed."""

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


def in_order(indices: Sequence[int], columns: int, missing: int, like: Mapping[int, int]) -> Costs:
    """Costs for a row with about as many cells as columns: cells keep their distance; each lost or added blank costs.

    ``missing``: how many cells fewer than the header the row has (negative: more). ``like``: index → column in the
    row before, where that looks the same: going on in the same way costs nothing.
    """
    cols = np.arange(columns)
    low, high = min(0, missing), max(0, missing)

    def place(index: int) -> Floats:
        shift = cols - index
        beyond = np.maximum(np.maximum(low - shift, shift - high), 0)
        return np.where(cols == like.get(index), -_ALIKE, _BEYOND * beyond)

    def change(delta: npt.NDArray[np.int64]) -> Floats:
        return np.where(delta != 0, _SHIFT + _SHIFT_STEP * abs(delta), 0.0)

    first = indices[0]
    start = place(first) + np.where(cols == like.get(first), 0.0, change(cols - first))
    steps = []
    for before, index in zip(indices, indices[1:], strict=False):
        step = change((cols - index) - (cols[:, None] - before))
        step[np.outer(cols == like.get(before), cols == like.get(index))] = 0.0
        step = step + place(index)
        step[cols[:, None] >= cols] = math.inf
        steps.append(step)
    return start, steps


def folded(
    indices: Sequence[int], columns: int, by_row: bool, like: Mapping[int, int], lead: int = 0
) -> Costs:
    """Costs for a row with more cells than columns: several grid rows (``by_row``), or whole columns, one after
    another. ``like``: as in ``in_order``; ``lead``: up to this column the row most likely begins as it should."""
    stay, back = (2.5, 0.6) if by_row else (_ON, 4.5)
    cols = np.arange(columns)
    ahead = cols - cols[:, None]
    moved = np.where(ahead > 0, _ON + _SKIP * (ahead - 1), np.where(ahead == 0, stay, back - 0.1 * ahead))

    def place(index: int) -> Floats:
        lead_cost = -_LEAD if index <= lead else 0.0
        return np.where(cols == like.get(index), -_ALIKE, np.where(cols == index, lead_cost, 0.0))

    steps = []
    for before, index in zip(indices, indices[1:], strict=False):
        step = moved.copy()
        if index < columns:
            step[before, index] = 0.0  # the row begins as it should
        steps.append(step + place(index))
    return 0.3 * abs(cols - indices[0]) + place(indices[0]), steps


def with_habits(
    costs: Costs, kin: Sequence[float], groups: Sequence[int], filled: Mapping[int, float]
) -> Costs:
    """Costs that know a table's habits.

    Neighbouring cells that name the same things (``kin[j]``, 0–1: cell ``j`` and the one before) rather stand in
    different columns of one group: a group's tiers repeat each other. A column that is nearly always filled
    (``filled[col]``: log-odds, where positive) is not passed over lightly.
    """
    group = np.array(groups)
    same = (group[:, None] == group) & ~np.eye(len(groups), dtype=bool)
    up_to = np.cumsum([max(0.0, filled.get(col, 0.0)) for col in range(len(groups))])
    before_own = np.concatenate([[0.0], up_to[:-1]])
    passed = np.maximum(before_own - up_to[:, None], 0.0)
    start, steps = costs
    return start, [step - _KIN * kin[j] * same + _PASSED * passed for j, step in enumerate(steps, start=1)]


def align(scores: Scores, costs: Costs) -> Alignment:
    """The cheapest assignment of columns to cells, by dynamic programming; no columns where none is allowed.

    The margin is the score of the best assignment less that of the best one which differs in some cell.
    """
    if not scores:
        return Alignment((), math.inf)
    start, steps = costs
    value = np.full((len(scores), len(start)), -math.inf)
    for j, row in enumerate(scores):
        value[j, list(row)] = list(row.values())
    forward, came = [value[0] - start], []
    for j, step in enumerate(steps, start=1):
        totals = forward[-1][:, None] - step
        came.append(totals.argmax(axis=0))
        forward.append(totals.max(axis=0) + value[j])
    best = float(forward[-1].max())
    if best == -math.inf:
        return Alignment((), 0.0)
    backward = [np.zeros(len(start))]
    for j in range(len(steps), 0, -1):
        backward.append((value[j] + backward[-1] - steps[j - 1]).max(axis=1))
    cols = [int(forward[-1].argmax())]
    for origin in reversed(came):
        cols.append(int(origin[cols[-1]]))
    cols.reverse()
    through = np.array(forward) + np.array(backward[::-1])
    through[range(len(cols)), cols] = -math.inf
    return Alignment(tuple(cols), best - float(through.max()), best)
