"""One global assignment over sparse candidates: which row before is which row after.

Candidates fall into connected components; each is solved exactly with the Hungarian method
(``scipy.optimize.linear_sum_assignment``), every row having a place of its own for "no partner".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

ALONE = 0.5
"""What it costs to leave one row without a partner: a pair must cost less than twice as much."""


def assign(
    costs: Mapping[tuple[int, int], float],
    alone_left: Mapping[int, float] | None = None,
    alone_right: Mapping[int, float] | None = None,
) -> list[tuple[int, int]]:
    """The cheapest pairing of left and right rows.

    ``costs``: (left, right) → cost of the candidates, all others are impossible. A row without a partner costs
    ``ALONE``, or what ``alone_left`` and ``alone_right`` say. Rows and pairs come out in order.
    """
    lone_left, lone_right = alone_left or {}, alone_right or {}
    pairs: list[tuple[int, int]] = []
    for component in _components(costs):
        pairs += _solve(component, lone_left, lone_right)
    return sorted(pairs)


def _components(costs: Mapping[tuple[int, int], float]) -> list[dict[tuple[int, int], float]]:
    """The candidates divided into groups that share no row."""
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(node: tuple[str, int]) -> tuple[str, int]:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in costs:
        parent[root(("l", left))] = root(("r", right))
    groups: dict[tuple[str, int], dict[tuple[int, int], float]] = defaultdict(dict)
    for (left, right), cost in costs.items():
        groups[root(("l", left))][left, right] = cost
    return list(groups.values())


def _solve(
    costs: Mapping[tuple[int, int], float], lone_left: Mapping[int, float], lone_right: Mapping[int, float]
) -> list[tuple[int, int]]:
    lefts = sorted({left for left, _ in costs})
    rights = sorted({right for _, right in costs})
    if len(costs) == 1:
        ((left, right), cost) = next(iter(costs.items()))
        return [(left, right)] if cost < lone_left.get(left, ALONE) + lone_right.get(right, ALONE) else []
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    never = 1e6
    n, m = len(lefts), len(rights)
    at_left = {left: i for i, left in enumerate(lefts)}
    at_right = {right: j for j, right in enumerate(rights)}
    # Left rows, then one stand-in per right row; right rows, then one stand-in per left row.
    matrix = np.full((n + m, m + n), never)
    for (left, right), cost in costs.items():
        matrix[at_left[left], at_right[right]] = cost
    for i, left in enumerate(lefts):
        matrix[i, m + i] = lone_left.get(left, ALONE)
    for j, right in enumerate(rights):
        matrix[n + j, j] = lone_right.get(right, ALONE)
    matrix[n:, m:] = 0.0
    rows, columns = linear_sum_assignment(matrix)
    return [
        (lefts[i], rights[j])
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        if i < n and j < m and matrix[i, j] < never
    ]


def increasing(values: list[int]) -> set[int]:
    """Positions of a longest strictly increasing subsequence (patience sorting)."""
    from bisect import bisect_left

    tails: list[int] = []
    at: list[int] = []
    back = [-1] * len(values)
    for n, value in enumerate(values):
        place = bisect_left(tails, value)
        if place == len(tails):
            tails.append(value)
            at.append(n)
        else:
            tails[place], at[place] = value, n
        back[n] = at[place - 1] if place else -1
    chosen: set[int] = set()
    n = at[-1] if at else -1
    while n >= 0:
        chosen.add(n)
        n = back[n]
    return chosen
