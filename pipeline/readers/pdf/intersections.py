"""Edges → intersections → groups of edges that belong to one table. Pairs are found by sorting, not by trying all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.readers.pdf.edges import Edge, GridSettings
from pipeline.readers.pdf.page import Floats, Ints, PageArrays

_SHARED_ROWS = 3
"""Borders between rows that two groups must have at the same height to be parts of one table."""


@dataclass
class EdgeGroup:
    """The edges of one table."""

    horizontal: list[Edge]
    vertical: list[Edge]

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """x0, top, x1, bottom of the outermost vertical edges and of all edges' heights."""
        xs = [edge.at for edge in self.vertical] or [edge.low for edge in self.horizontal]
        ys = [edge.at for edge in self.horizontal]
        lows, highs = [edge.low for edge in self.vertical], [edge.high for edge in self.vertical]
        return min(xs), min([*ys, *lows]), max(xs), max([*ys, *highs])


def group_edges(
    horizontal: Sequence[Edge], vertical: Sequence[Edge], settings: GridSettings
) -> list[EdgeGroup]:
    """Connected components of intersecting edges.

    Edges that meet fewer than two edges of the other direction (underlines, strokes of a drawing) are left out, again
    and again until none is left: a border meets a border at both ends.

    >>> across = [Edge(at, 0.0, 50.0) for at in (0.0, 20.0, 400.0)]
    >>> down = [Edge(at, 0.0, 20.0) for at in (0.0, 50.0)]
    >>> [len(group.horizontal) for group in group_edges(across, down, GridSettings())]
    [2]
    """
    h = np.array([(edge.at, edge.low, edge.high) for edge in horizontal]).reshape(-1, 3)
    v = np.array([(edge.at, edge.low, edge.high) for edge in vertical]).reshape(-1, 3)
    i, j = find_intersections(h, v, settings.reach)
    # One intersection is enough for an open-sided table's long lines, but a short stub at a single border is none.
    h_long, v_long = h[:, 2] - h[:, 1] >= 24, v[:, 2] - v[:, 1] >= 12
    while True:
        h_met, v_met = np.bincount(i, minlength=len(h)), np.bincount(j, minlength=len(v))
        h_on, v_on = (h_met >= 2) | (h_met == 1) & h_long, (v_met >= 2) | (v_met == 1) & v_long
        still = h_on[i] & v_on[j]
        if still.all():
            break
        i, j = i[still], j[still]
    groups = []
    for members in components(len(h) + len(v), zip(i.tolist(), (j + len(h)).tolist(), strict=True)):
        if len(members) >= 3:
            across = [horizontal[k] for k in members if k < len(h)]
            groups.append(EdgeGroup(across, [vertical[k - len(h)] for k in members if k >= len(h)]))
    return groups + _open_columns(vertical, groups, settings)


def components(count: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Numbers 0 … ``count`` - 1 in groups that ``pairs`` connect.

    >>> components(4, [(0, 2), (2, 3)])
    [[0, 2, 3], [1]]
    """
    parent = list(range(count))

    def find(k: int) -> int:
        while parent[k] != k:
            parent[k] = parent[parent[k]]
            k = parent[k]
        return k

    for one, other in pairs:
        parent[find(one)] = find(other)
    members: dict[int, list[int]] = {}
    for k in range(count):
        members.setdefault(find(k), []).append(k)
    return list(members.values())


def find_intersections(h: Floats, v: Floats, reach: float) -> tuple[Ints, Ints]:
    """Index pairs of the horizontal and vertical edges, rows of (at, low, high), that cross or nearly touch.

    The vertical edges beside a horizontal one's whole length are a stretch of them in order of place, and likewise the
    other way round; whichever way gives fewer candidates is taken, so that a table drawn cell by cell stays linear.

    >>> i, j = find_intersections(np.array([[0.0, 0.0, 50.0]]), np.array([[30.0, 1.0, 9.0], [70.0, 0.0, 9.0]]), 3.0)
    >>> i.tolist(), j.tolist()
    ([0], [0])
    """
    along = _between(v[:, 0], h[:, 1] - reach, h[:, 2] + reach)
    across = _between(h[:, 0], v[:, 1] - reach, v[:, 2] + reach)
    if along[1].sum() <= across[1].sum():
        i, j = _expand(*along)
        near = (v[j, 1] - reach <= h[i, 0]) & (h[i, 0] <= v[j, 2] + reach)
    else:
        j, i = _expand(*across)
        near = (h[i, 1] - reach <= v[j, 0]) & (v[j, 0] <= h[i, 2] + reach)
    i, j = i[near], j[near]
    order = np.lexsort((j, i))
    return i[order], j[order]


def _between(places: Floats, low: Floats, high: Floats) -> tuple[Ints, Ints, Ints]:
    """Which ``places`` lie from ``low[k]`` to ``high[k]``: per k the start and length of a stretch of ``order``."""
    order = np.argsort(places, kind="stable")
    ranked = places[order]
    start = np.searchsorted(ranked, low, side="left")
    return start, np.maximum(np.searchsorted(ranked, high, side="right") - start, 0), order


def _expand(start: Ints, count: Ints, order: Ints) -> tuple[Ints, Ints]:
    """Stretches of ``order`` as pairs (which stretch, which member)."""
    which = np.repeat(np.arange(len(start)), count)
    within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    return which, order[start[which] + within]


def _open_columns(
    vertical: Sequence[Edge], taken: Sequence[EdgeGroup], settings: GridSettings
) -> list[EdgeGroup]:
    """Columns of a row that fills a whole page, its upper and lower border on other pages: three or more vertical
    edges of one extent that no horizontal edge meets."""
    used = {edge for group in taken for edge in group.vertical}
    free = [edge for edge in vertical if edge not in used and edge.high - edge.low > 100]
    groups = []
    while free:
        ends = np.array([(edge.low, edge.high) for edge in free])
        same = (np.abs(ends - ends[0]) <= settings.open_end).all(axis=1)
        if same.sum() >= 3:
            groups.append(EdgeGroup([], [edge for edge, alike in zip(free, same, strict=True) if alike]))
        free = [edge for edge, alike in zip(free, same, strict=True) if not alike]
    return groups


def join_side_by_side(
    page: PageArrays, groups: Sequence[EdgeGroup], vertical: Sequence[Edge], settings: GridSettings
) -> list[EdgeGroup]:
    """Put together what one merged cell parts: a cell that covers a whole page has no border across it, so the edges
    on both sides of it (or the table's outer border alone) are not connected.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     page = pdf.decode(1)
    >>> group = EdgeGroup([Edge(0, 0, 50), Edge(40, 0, 50)], [Edge(0, 0, 40), Edge(50, 0, 40)])
    >>> join_side_by_side(page, [group], [], GridSettings()) == [group]
    True
    """
    _add_outer_borders(groups, vertical, settings.open_end)
    merged: list[EdgeGroup] = []
    by_top: dict[int, list[int]] = {}  # what has been merged, by the height at which it begins
    for group in sorted(groups, key=lambda group: group.extent[0]):
        band = int(group.extent[1] // settings.open_end)
        near = sorted({n for k in (band - 1, band, band + 1) for n in by_top.get(k, ())})
        left = next((n for n in near if _parted(page, merged[n], group, settings)), None)
        if left is None:
            by_top.setdefault(band, []).append(len(merged))
            merged.append(group)
        else:
            merged[left].horizontal.extend(group.horizontal)
            merged[left].vertical.extend(group.vertical)
            by_top.setdefault(int(merged[left].extent[1] // settings.open_end), []).append(left)
    return merged


def _add_outer_borders(groups: Sequence[EdgeGroup], vertical: Sequence[Edge], tolerance: float) -> None:
    """Add vertical edges that no group has to the first group of the same height beside which they stand."""
    used = {edge for group in groups for edge in group.vertical}
    extents = np.array([group.extent for group in groups]).reshape(-1, 4)
    for edge in vertical if groups else ():
        if edge in used:
            continue
        x0, top, x1, bottom = extents.T
        beside = (
            (np.abs(edge.low - top) <= tolerance)
            & (np.abs(edge.high - bottom) <= tolerance)
            & (bottom - top > 40)
            & ((edge.at < x0) | (edge.at > x1))
        )
        if beside.any():
            k = int(np.argmax(beside))
            groups[k].vertical.append(edge)
            extents[k] = groups[k].extent


def _parted(page: PageArrays, left: EdgeGroup, right: EdgeGroup, settings: GridSettings) -> bool:
    """Whether two groups of one height have rows in common and only a merged cell, with text in it, between them."""
    (_, top, x0, bottom), (x1, other_top, _, other_bottom) = left.extent, right.extent
    off = max(abs(top - other_top), abs(bottom - other_bottom))
    if off > settings.open_end or x1 <= x0:
        return False
    rows = {round(edge.at / settings.snap) + d for edge in right.horizontal for d in (-1, 0, 1)}
    shared = sum(round(edge.at / settings.snap) in rows for edge in left.horizontal)
    if shared < _SHARED_ROWS:
        return False
    x, y = page.centres
    between = (x > x0) & (x < x1) & (y > other_top) & (y < other_bottom)
    return bool(between.any()) or 2 in (len(left.vertical), len(right.vertical))
