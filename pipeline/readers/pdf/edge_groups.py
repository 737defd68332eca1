"""Rails → groups: which rails belong to one table. Pure functions; pairs are found by sorting, not by trying all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.readers.pdf.edges import GridSettings, Rail
from pipeline.readers.pdf.page import Floats, Ints, PageArrays


def groups(h: Sequence[Rail], v: Sequence[Rail], settings: GridSettings) -> list[tuple[list[int], list[int]]]:
    """Connected components of crossing (or touching) rails, as index lists into ``h`` and ``v``.

    Rails that touch fewer than two rails of the other direction (underlines, strokes of a drawing) are left out,
    again and again until none is left: a border meets a border at both ends.
    """
    if not h or not v:
        return _bare(h, v, [], settings)
    ha = np.array([(r.at, r.low, r.high) for r in h])
    va = np.array([(r.at, r.low, r.high) for r in v])
    i, j = _touching(ha, va, settings.reach)
    h_on, v_on = np.ones(len(h), dtype=bool), np.ones(len(v), dtype=bool)
    while True:
        h_deg = np.bincount(i[v_on[j]], minlength=len(h))
        v_deg = np.bincount(j[h_on[i]], minlength=len(v))
        h_next, v_next = h_on & (h_deg >= 1), v_on & (v_deg >= 1)
        # One crossing is enough for an open-sided table's long lines, but a short stub at a single border is none.
        h_next &= (h_deg >= 2) | (ha[:, 2] - ha[:, 1] >= 24)
        v_next &= (v_deg >= 2) | (va[:, 2] - va[:, 1] >= 12)
        if (h_next == h_on).all() and (v_next == v_on).all():
            break
        h_on, v_on = h_next, v_next
        still = h_on[i] & v_on[j]
        i, j = i[still], j[still]
    parent = list(range(len(h) + len(v)))

    def find(k: int) -> int:
        while parent[k] != k:
            parent[k] = parent[parent[k]]
            k = parent[k]
        return k

    for one, other in zip(i.tolist(), (j + len(h)).tolist(), strict=True):
        a, b = find(one), find(other)
        if a != b:
            parent[a] = b
    members: dict[int, tuple[list[int], list[int]]] = {}
    for k in np.flatnonzero(h_on).tolist():
        members.setdefault(find(k), ([], []))[0].append(k)
    for k in np.flatnonzero(v_on).tolist():
        members.setdefault(find(len(h) + k), ([], []))[1].append(k)
    out = [group for group in members.values() if len(group[0]) + len(group[1]) >= 3]
    return out + _bare(h, v, out, settings)


def _touching(ha: Floats, va: Floats, reach: float) -> tuple[Ints, Ints]:
    """Index pairs of the horizontal and vertical rails, rows of (at, low, high), that cross or nearly touch.

    The vertical rails beside a horizontal one's whole length are a stretch of them in order of place, and likewise the
    other way round; whichever way gives fewer candidates is taken, so that a table drawn cell by cell stays linear.
    """
    along = _between(va[:, 0], ha[:, 1] - reach, ha[:, 2] + reach)
    across = _between(ha[:, 0], va[:, 1] - reach, va[:, 2] + reach)
    if along[1].sum() <= across[1].sum():
        i, j = _expand(*along)
        near = (va[j, 1] - reach <= ha[i, 0]) & (ha[i, 0] <= va[j, 2] + reach)
    else:
        j, i = _expand(*across)
        near = (ha[i, 1] - reach <= va[j, 0]) & (va[j, 0] <= ha[i, 2] + reach)
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


def _bare(
    h: Sequence[Rail], v: Sequence[Rail], taken: Sequence[tuple[list[int], list[int]]], settings: GridSettings
) -> list[tuple[list[int], list[int]]]:
    """Columns of a row that fills a whole page, its upper and lower border on other pages: three or more vertical
    rails of one extent that no horizontal rail meets."""
    used = {j for _, group in taken for j in group}
    free = np.array(
        [j for j in range(len(v)) if j not in used and v[j].high - v[j].low > 100], dtype=np.int64
    )
    ends = np.array([(v[j].low, v[j].high) for j in free.tolist()]).reshape(-1, 2)
    out: list[tuple[list[int], list[int]]] = []
    while len(free):
        same = (np.abs(ends - ends[0]) <= settings.open_end).all(axis=1)
        if same.sum() >= 3:
            out.append(([], free[same].tolist()))
        free, ends = free[~same], ends[~same]
    return out


def side_by_side(
    page: PageArrays,
    h: Sequence[Rail],
    v: Sequence[Rail],
    found: Sequence[tuple[list[int], list[int]]],
    settings: GridSettings,
) -> list[tuple[list[int], list[int]]]:
    """Put together what one merged cell parts: a cell that covers a whole page has no border across it, so the rails
    on both sides of it (or the table's outer border alone) are not connected."""
    groups_ = [(list(a), list(b)) for a, b in found]
    used = {j for _, b in groups_ for j in b}
    tolerance = settings.open_end

    def extent(group: tuple[list[int], list[int]]) -> tuple[float, float, float, float]:
        xs = [v[j].at for j in group[1]] or [h[i].low for i in group[0]]
        ys = [h[i].at for i in group[0]]
        lows, highs = [v[j].low for j in group[1]], [v[j].high for j in group[1]]
        return min(xs), min([*ys, *lows]), max(xs), max([*ys, *highs])

    extents = [extent(group) for group in groups_]
    borders = np.array(extents).reshape(-1, 4)
    for j, rail in enumerate(v):
        if j in used or not groups_:
            continue
        beside = (
            (np.abs(rail.low - borders[:, 1]) <= tolerance)
            & (np.abs(rail.high - borders[:, 3]) <= tolerance)
            & (borders[:, 3] - borders[:, 1] > 40)
            & ((rail.at < borders[:, 0]) | (rail.at > borders[:, 2]))
        )
        if beside.any():
            k = int(np.argmax(beside))
            groups_[k][1].append(j)
            extents[k] = extent(groups_[k])
            borders[k] = extents[k]
    merged: list[tuple[list[int], list[int]]] = []
    spans: list[tuple[float, float, float, float]] = []
    by_top: dict[int, list[int]] = {}  # what has been merged, by the height at which it begins
    for k in sorted(range(len(groups_)), key=lambda k: extents[k][0]):
        group, (x0, top, x1, bottom) = groups_[k], extents[k]
        band = int(top // tolerance)
        for n in sorted(n for near in (band - 1, band, band + 1) for n in by_top.get(near, ())):
            other, (_, a_top, a1, a_bottom) = merged[n], spans[n]
            if abs(a_top - top) > tolerance or abs(a_bottom - bottom) > tolerance or x0 <= a1:
                continue
            rows = {round(h[i].at / settings.snap) for i in group[0]}
            shared = sum(
                any(round(h[i].at / settings.snap) + d in rows for d in (-1, 0, 1)) for i in other[0]
            )
            if shared >= 3 and (
                _text_between(page, a1, x0, top, bottom) or 2 in (len(group[1]), len(other[1]))
            ):
                other[0].extend(group[0])
                other[1].extend(group[1])
                spans[n] = extent(other)
                by_top.setdefault(int(spans[n][1] // tolerance), []).append(n)
                break
        else:
            by_top.setdefault(band, []).append(len(merged))
            merged.append(group)
            spans.append((x0, top, x1, bottom))
    return merged


def _text_between(page: PageArrays, x0: float, x1: float, top: float, bottom: float) -> bool:
    x = (page.boxes[:, 0] + page.boxes[:, 2]) / 2
    y = (page.boxes[:, 1] + page.boxes[:, 3]) / 2
    return bool(((x > x0) & (x < x1) & (y > top) & (y < bottom)).any())
