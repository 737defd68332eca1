"""One global assignment over sparse candidates: which row before is which row after.

Candidates fall into connected components; each is solved exactly with the Hungarian method
(``scipy.optimize.linear_sum_assignment``), every row having a place of its own for "no partner". (SciPy is imported where it
is used: every run that publishes loads this package, and most have nothing to compare.)
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

ALONE = 0.5
"""What it costs to leave one row without a partner: a pair must cost less than twice as much."""

Item = TypeVar("Item")
Key = TypeVar("Key")
Costs = Mapping[tuple[int, int], float]


def assign(costs: Costs) -> list[tuple[int, int]]:
    """The cheapest pairing of left and right rows, in order.

    ``costs``: (left, right) → cost of the candidates, all others are impossible. A row without a partner costs ``ALONE``.
    """
    return sorted(pair for group in _components(costs) for pair in _solve(group))


def alone(
    pairs: Iterable[tuple[int, int]], lefts: Iterable[int], rights: Iterable[int]
) -> tuple[list[int], list[int]]:
    """The left rows and the right rows that stand in no pair."""
    paired = list(pairs)
    known, known_right = {i for i, _ in paired}, {j for _, j in paired}
    return [i for i in lefts if i not in known], [j for j in rights if j not in known_right]


def side_by_side(
    pairs: Iterable[tuple[int, int]], lefts: Sequence[Item], rights: Sequence[Item]
) -> list[tuple[Item | None, Item | None]]:
    """Every left row with its partner, then the right rows that have none; None beside a row that stands in no pair."""
    partners = dict(pairs)
    both = [(left, rights[partners[i]] if i in partners else None) for i, left in enumerate(lefts)]
    return [*both, *((None, rights[j]) for j in alone(partners.items(), (), range(len(rights)))[1])]


def places(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[int]]:
    """Where in a sequence the items with each key stand."""
    found: dict[Key, list[int]] = defaultdict(list)
    for at, item in enumerate(items):
        found[key(item)].append(at)
    return found


def _components(costs: Costs) -> list[Costs]:
    """The candidates divided into groups that share no row."""
    if len(costs) < 2:
        return [costs] if costs else []
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left, right = np.array(list(costs)).T
    first = int(left.max()) + 1  # rows on the right are numbered on from those on the left
    size = first + int(right.max()) + 1
    graph = coo_array((np.ones(len(costs)), (left, right + first)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1]
    groups: dict[int, dict[tuple[int, int], float]] = defaultdict(dict)
    for pair, cost in costs.items():
        groups[labels[pair[0]]][pair] = cost
    return list(groups.values())


def _solve(costs: Costs) -> list[tuple[int, int]]:
    if len(costs) == 1:
        return [pair for pair, cost in costs.items() if cost < 2 * ALONE]
    from scipy.optimize import linear_sum_assignment

    never = 1e6
    lefts, rights = sorted({left for left, _ in costs}), sorted({right for _, right in costs})
    n, m = len(lefts), len(rights)
    at_left, at_right = ({row: at for at, row in enumerate(rows)} for rows in (lefts, rights))
    # Left rows, then one stand-in per right row; right rows, then one stand-in per left row.
    matrix = np.full((n + m, m + n), never)
    for (left, right), cost in costs.items():
        matrix[at_left[left], at_right[right]] = cost
    matrix[range(n), range(m, m + n)] = ALONE
    matrix[range(n, n + m), range(m)] = ALONE
    matrix[n:, m:] = 0.0
    found = zip(*(indices.tolist() for indices in linear_sum_assignment(matrix)), strict=True)
    return [(lefts[i], rights[j]) for i, j in found if i < n and j < m and matrix[i, j] < never]


def increasing(values: Sequence[int]) -> set[int]:
    """Positions of a longest strictly increasing subsequence (patience sorting)."""
    tails: list[int] = []
    at: list[int] = []
    back: list[int] = []
    for n, value in enumerate(values):
        place = bisect_left(tails, value)
        tails[place : place + 1], at[place : place + 1] = [value], [n]
        back.append(at[place - 1] if place else -1)
    chosen: set[int] = set()
    n = at[-1] if at else -1
    while n >= 0:
        chosen.add(n)
        n = back[n]
    return chosen
