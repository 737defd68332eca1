"""The grid finder: ruling lines → tables and cells with their true spans. Pure functions over numpy arrays.

The chain, every stage kept so that it can be drawn:
rulings → ``Rails`` (snapped and joined) → connected groups → lattice of elementary cells → cells (elementary cells
between which no border is drawn are one). A border counts as drawn when rulings cover at least half of it.

The idea of naming each stage by what it turns into what is pdfplumber's; building cells by *uniting* lattice cells
that no border parts, rather than by looking for four corners, is what yields true row and column spans, also where
a corner or part of a border is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.readers.page import Bools, Floats, PageArrays

_WHITE = 0.97
_DASH = 8.0
"""Points: pieces up to this length count as dashes; a cell's own border strokes are longer."""


@dataclass(frozen=True)
class GridSettings:
    """Tolerances in points: ``snap`` unites parallel rulings, ``join`` closes gaps along one, ``reach`` lets ends meet.

    ``shortest`` is the least length of a ruling, ``cover`` the share of a border that must be drawn.
    """

    snap: float = 2.6
    join: float = 4.0
    reach: float = 3.0
    shortest: float = 4.5
    cover: float = 0.5
    open_end: float = 5.0


@dataclass(frozen=True)
class Rail:
    """A straight ruling: ``at`` its position across, ``low``–``high`` its extent along (points)."""

    at: float
    low: float
    high: float


@dataclass(frozen=True)
class GridCell:
    """A cell of a found table: position and span in the lattice (from 0), box in points."""

    row: int
    col: int
    row_span: int
    col_span: int
    x0: float
    top: float
    x1: float
    bottom: float


@dataclass(frozen=True)
class Grid:
    """A found table: lattice positions ``xs`` and ``ys``, its cells, ``owner[r, c]`` the index of the covering cell.

    ``open_top``/``open_bottom`` (…left/right): the lattice was closed there although no border is drawn, as where a
    page break cuts a row. ``ragged`` counts places where the borders left no rectangle.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[GridCell, ...]
    owner: np.ndarray
    open_top: bool = False
    open_bottom: bool = False
    open_left: bool = False
    open_right: bool = False
    ragged: int = 0

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """x0, top, x1, bottom."""
        return self.xs[0], self.ys[0], self.xs[-1], self.ys[-1]


@dataclass(frozen=True)
class Found:
    """Everything the grid finder saw on a page, for the reader and for the debug pictures."""

    grids: tuple[Grid, ...]
    horizontal: tuple[Rail, ...]
    vertical: tuple[Rail, ...]


def find_grids(page: PageArrays, settings: GridSettings | None = None) -> Found:
    """Tables of a page from its rulings, top to bottom."""
    settings = settings or GridSettings()
    horizontal, vertical = rails(page, settings)
    grids: list[Grid] = []
    found = groups(horizontal, vertical, settings)
    for h_group, v_group in _side_by_side(page, horizontal, vertical, found, settings):
        grid = lattice([horizontal[i] for i in h_group], [vertical[i] for i in v_group], settings)
        if grid is not None:
            grids.append(grid)
    grids = _without_frames(grids)
    grids.sort(key=lambda grid: (round(grid.ys[0]), grid.xs[0]))
    return Found(tuple(grids), tuple(horizontal), tuple(vertical))


def rails(page: PageArrays, settings: GridSettings) -> tuple[list[Rail], list[Rail]]:
    """Horizontal and vertical rulings, parallel ones snapped together and pieces of one joined."""
    rulings = page.rulings[_drawn(page)]
    if len(rulings):
        # Browsers let borders of a cut row run on beyond the page, under its clip.
        rulings = np.column_stack(
            [
                np.clip(rulings[:, [0, 2]], 0, page.width),
                np.clip(rulings[:, [1, 3]], 0, page.height),
                rulings[:, 4],
            ]
        )[:, [0, 2, 1, 3, 4]]
    if len(rulings) == 0:
        return [], []
    flat = (rulings[:, 3] - rulings[:, 1]) <= (rulings[:, 2] - rulings[:, 0])
    h, v = rulings[flat], rulings[~flat]
    dots = rulings[np.isclose(rulings[:, 0], rulings[:, 2]) & np.isclose(rulings[:, 1], rulings[:, 3])]
    if len(dots):
        v = np.vstack([v, dots])
    return (
        _join(np.stack([h[:, 1], h[:, 0], h[:, 2], h[:, 4]], axis=1), settings),
        _join(np.stack([v[:, 0], v[:, 1], v[:, 3], v[:, 4]], axis=1), settings),
    )


def _drawn(page: PageArrays) -> Bools:
    """Rulings that can be seen: white ones count only upon a darker fill."""
    visible = page.ruling_light < _WHITE
    dark = page.fills[page.fills[:, 4] < _WHITE] if len(page.fills) else page.fills
    if visible.all() or len(dark) == 0:
        return visible
    for i in np.flatnonzero(~visible):
        x0, top, x1, bottom, _ = page.rulings[i]
        x, y = (x0 + x1) / 2, (top + bottom) / 2
        visible[i] = bool(
            (
                (dark[:, 0] <= x + 1) & (dark[:, 2] >= x - 1) & (dark[:, 1] <= y + 1) & (dark[:, 3] >= y - 1)
            ).any()
        )
    return visible


def snap(positions: Floats, distance: float) -> Floats:
    """Each position replaced by the mean of its cluster; neighbours nearer than ``distance`` share one.

    A cluster never grows wider than 1.6 × ``distance``, so that a row of fine steps does not collapse into one line.
    """
    order = np.argsort(positions, kind="stable")
    out = np.empty_like(positions)
    start = 0
    ranked = positions[order]
    for i in range(1, len(ranked) + 1):
        if (
            i == len(ranked)
            or ranked[i] - ranked[i - 1] > distance
            or ranked[i] - ranked[start] > 1.6 * distance
        ):
            out[order[start:i]] = ranked[start:i].mean()
            start = i
    return out


def _join(pieces: Floats, settings: GridSettings) -> list[Rail]:
    """Rows of (at, low, high, thickness) → rails: snapped across, joined along over gaps of up to ``join`` points.

    A dashed line's gaps may be as long as its dashes; they are bridged when pieces on both sides are short alike.
    """
    if len(pieces) == 0:
        return []
    at = snap(pieces[:, 0], settings.snap)
    out: list[Rail] = []
    order = np.lexsort((pieces[:, 1], at))
    current: list[float] | None = None
    for i in order:
        low, high = float(pieces[i, 1]), float(pieces[i, 2])
        gap = settings.join
        if current is not None and high - low < _DASH and current[3] < _DASH:
            gap = max(gap, min(1.5 * max(high - low, current[3]), 9.0))
        if current is not None and at[i] == current[0] and low <= current[2] + gap:
            current[2] = max(current[2], high)
            current[3] = max(current[3], high - low)
        else:
            if current is not None:
                out.append(Rail(current[0], current[1], current[2]))
            current = [float(at[i]), low, high, high - low]
    if current is not None:
        out.append(Rail(current[0], current[1], current[2]))
    return [rail for rail in out if rail.high - rail.low >= settings.shortest]


def groups(h: Sequence[Rail], v: Sequence[Rail], settings: GridSettings) -> list[tuple[list[int], list[int]]]:
    """Connected components of crossing (or touching) rails, as index lists into ``h`` and ``v``.

    Rails that touch fewer than two rails of the other direction (underlines, strokes of a drawing) are left out,
    again and again until none is left: a border meets a border at both ends.
    """
    if not h or not v:
        return _bare(h, v, [], settings)
    ha = np.array([(r.at, r.low, r.high) for r in h])
    va = np.array([(r.at, r.low, r.high) for r in v])
    reach = settings.reach
    touch = (
        (ha[:, None, 1] - reach <= va[None, :, 0])
        & (va[None, :, 0] <= ha[:, None, 2] + reach)
        & (va[None, :, 1] - reach <= ha[:, None, 0])
        & (ha[:, None, 0] <= va[None, :, 2] + reach)
    )
    h_on, v_on = np.ones(len(h), dtype=bool), np.ones(len(v), dtype=bool)
    while True:
        h_deg = (touch & v_on[None, :]).sum(axis=1)
        v_deg = (touch & h_on[:, None]).sum(axis=0)
        h_next, v_next = h_on & (h_deg >= 1), v_on & (v_deg >= 1)
        # One crossing is enough for an open-sided table's long lines, but a short stub at a single border is none.
        h_next &= (h_deg >= 2) | (ha[:, 2] - ha[:, 1] >= 24)
        v_next &= (v_deg >= 2) | (va[:, 2] - va[:, 1] >= 12)
        if (h_next == h_on).all() and (v_next == v_on).all():
            break
        h_on, v_on = h_next, v_next
    parent = list(range(len(h) + len(v)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in np.argwhere(touch & h_on[:, None] & v_on[None, :]).tolist():
        a, b = find(i), find(len(h) + j)
        if a != b:
            parent[a] = b
    members: dict[int, tuple[list[int], list[int]]] = {}
    for i in np.flatnonzero(h_on).tolist():
        members.setdefault(find(i), ([], []))[0].append(i)
    for j in np.flatnonzero(v_on).tolist():
        members.setdefault(find(len(h) + j), ([], []))[1].append(j)
    out = [group for group in members.values() if len(group[0]) + len(group[1]) >= 3]
    return out + _bare(h, v, out, settings)


def _bare(
    h: Sequence[Rail], v: Sequence[Rail], taken: Sequence[tuple[list[int], list[int]]], settings: GridSettings
) -> list[tuple[list[int], list[int]]]:
    """Columns of a row that fills a whole page, its upper and lower border on other pages: three or more vertical
    rails of one extent that no horizontal rail meets."""
    used = {j for _, group in taken for j in group}
    free = [j for j in range(len(v)) if j not in used and v[j].high - v[j].low > 100]
    out: list[tuple[list[int], list[int]]] = []
    while free:
        first = v[free[0]]
        same = [
            j
            for j in free
            if abs(v[j].low - first.low) <= settings.open_end
            and abs(v[j].high - first.high) <= settings.open_end
        ]
        if len(same) >= 3:
            out.append(([], same))
        free = [j for j in free if j not in same]
    return out


def _side_by_side(
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

    for j, rail in enumerate(v):
        if j in used:
            continue
        for group in groups_:
            x0, top, x1, bottom = extent(group)
            if (
                abs(rail.low - top) <= tolerance
                and abs(rail.high - bottom) <= tolerance
                and bottom - top > 40
                and (rail.at < x0 or rail.at > x1)
            ):
                group[1].append(j)
                break
    groups_.sort(key=lambda group: extent(group)[0])
    merged: list[tuple[list[int], list[int]]] = []
    for group in groups_:
        x0, top, x1, bottom = extent(group)
        for other in merged:
            a0, a_top, a1, a_bottom = extent(other)
            if abs(a_top - top) > tolerance or abs(a_bottom - bottom) > tolerance or x0 <= a1:
                continue
            rows = {round(h[i].at / settings.snap) for i in group[0]}
            shared = sum(any(abs(r - round(h[i].at / settings.snap)) <= 1 for r in rows) for i in other[0])
            if shared >= 3 and (
                _text_between(page, a1, x0, top, bottom) or 2 in (len(group[1]), len(other[1]))
            ):
                other[0].extend(group[0])
                other[1].extend(group[1])
                break
        else:
            merged.append(group)
    return merged


def _text_between(page: PageArrays, x0: float, x1: float, top: float, bottom: float) -> bool:
    x = (page.boxes[:, 0] + page.boxes[:, 2]) / 2
    y = (page.boxes[:, 1] + page.boxes[:, 3]) / 2
    return bool(((x > x0) & (x < x1) & (y > top) & (y < bottom)).any())


def _ends(
    rails: Sequence[Rail], first: float, last: float, settings: GridSettings
) -> tuple[float | None, float | None]:
    """Where rails of one direction stick out beyond the outermost rails of the other: (before, after), else None."""
    lows = sorted(r.low for r in rails if r.low < first - settings.open_end)
    highs = sorted(r.high for r in rails if r.high > last + settings.open_end)
    before = lows[0] if len(lows) >= 2 and lows[1] - lows[0] <= settings.open_end else None
    after = highs[-1] if len(highs) >= 2 and highs[-1] - highs[-2] <= settings.open_end else None
    return before, after


def lattice(h: Sequence[Rail], v: Sequence[Rail], settings: GridSettings) -> Grid | None:
    """The table that a group of connected rails draws, or None when they enclose nothing."""
    ys = sorted({r.at for r in h})
    xs = sorted({r.at for r in v})
    if not xs:
        return None
    if not ys:
        low, high = min(r.low for r in v), max(r.high for r in v)
        bare = unite(
            np.array(xs),
            np.array([low, high]),
            np.ones((2, len(xs) - 1), dtype=bool),
            np.ones((len(xs), 1), dtype=bool),
        )
        return None if bare is None else replace(bare, open_top=True, open_bottom=True)
    top, bottom = _ends(v, ys[0], ys[-1], settings)
    left, right = _ends(h, xs[0], xs[-1], settings)
    if top is not None:
        ys.insert(0, top)
    if bottom is not None:
        ys.append(bottom)
    if left is not None:
        xs.insert(0, left)
    if right is not None:
        xs.append(right)
    if len(xs) < 2 or len(ys) < 2:
        return None
    x, y = np.array(xs), np.array(ys)
    # h_border[k, c]: the border on y[k] over column c is drawn; v_border[k, r]: that on x[k] beside row r.
    h_border = _covered([(r.at, r.low, r.high) for r in h], y, x, settings.cover)
    v_border = _covered([(r.at, r.low, r.high) for r in v], x, y, settings.cover)
    # A rail that draws no whole border (an underline beside a border) is none.
    rows: Bools = np.asarray(h_border.any(axis=1))
    cols: Bools = np.asarray(v_border.any(axis=1))
    rows[[0, -1]] = cols[[0, -1]] = True
    if not (rows.all() and cols.all()):
        x, y = x[cols], y[rows]
        h_border = _covered([(r.at, r.low, r.high) for r in h if r.at in y], y, x, settings.cover)
        v_border = _covered([(r.at, r.low, r.high) for r in v if r.at in x], x, y, settings.cover)
    h_border[0, :] = h_border[-1, :] = True
    v_border[0, :] = v_border[-1, :] = True
    return unite(
        x,
        y,
        h_border,
        v_border,
        open_top=top is not None,
        open_bottom=bottom is not None,
        open_left=left is not None,
        open_right=right is not None,
    )


def _covered(
    rails: Sequence[tuple[float, float, float]], across: Floats, along: Floats, cover: float
) -> Bools:
    """(len(across), len(along) - 1): the share of each elementary border that rails cover is at least ``cover``."""
    covered = np.zeros((len(across), len(along) - 1))
    index = {position: k for k, position in enumerate(across.tolist())}
    length = np.diff(along)
    for at, low, high in rails:  # rails at one position never overlap: they have been joined
        overlap = np.minimum(along[1:], high) - np.maximum(along[:-1], low)
        covered[index[at]] += np.clip(overlap, 0, None)
    return np.asarray(covered >= cover * length)


def unite(x: Floats, y: Floats, h_border: Bools, v_border: Bools, **opened: bool) -> Grid | None:
    """Unite elementary cells that no border parts; cut what is no rectangle into rows of rectangles."""
    rows, cols = len(y) - 1, len(x) - 1
    parent = list(range(rows * cols))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for r, c in np.argwhere(~v_border[1:-1].T).tolist() if cols > 1 else []:
        a, b = find(r * cols + c), find(r * cols + c + 1)
        parent[a] = b
    for r, c in np.argwhere(~h_border[1:-1]).tolist() if rows > 1 else []:
        a, b = find(r * cols + c), find((r + 1) * cols + c)
        parent[a] = b
    members: dict[int, list[tuple[int, int]]] = {}
    for i in range(rows * cols):
        members.setdefault(find(i), []).append(divmod(i, cols))
    rectangles: list[tuple[int, int, int, int]] = []
    ragged = 0
    for places in members.values():
        r0, r1 = min(p[0] for p in places), max(p[0] for p in places)
        c0, c1 = min(p[1] for p in places), max(p[1] for p in places)
        if (r1 - r0 + 1) * (c1 - c0 + 1) == len(places):
            rectangles.append((r0, c0, r1, c1))
        else:
            ragged += 1
            rectangles.extend(_cut(set(places)))
    rectangles.sort()
    owner = np.full((rows, cols), -1, dtype=np.int64)
    cells = []
    for k, (r0, c0, r1, c1) in enumerate(rectangles):
        owner[r0 : r1 + 1, c0 : c1 + 1] = k
        cells.append(
            GridCell(
                r0,
                c0,
                r1 - r0 + 1,
                c1 - c0 + 1,
                float(x[c0]),
                float(y[r0]),
                float(x[c1 + 1]),
                float(y[r1 + 1]),
            )
        )
    return Grid(tuple(x.tolist()), tuple(y.tolist()), tuple(cells), owner, ragged=ragged, **opened)


def _cut(places: set[tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """A region that is no rectangle, as rectangles: runs of each row, equal runs of adjoining rows united."""
    runs: list[tuple[int, int, int, int]] = []
    for row in sorted({r for r, _ in places}):
        cols = sorted(c for r, c in places if r == row)
        start = cols[0]
        for here, after in zip(cols, [*cols[1:], None], strict=True):
            if after != here + 1:
                above = next((k for k, run in enumerate(runs) if run[1:] == (start, row - 1, here)), None)
                if above is None:
                    runs.append((row, start, row, here))
                else:
                    runs[above] = (runs[above][0], start, row, here)
                start = after if after is not None else start
    return runs


def _without_frames(grids: list[Grid]) -> list[Grid]:
    """Leave out one-cell grids that surround others (page frames) and grids lost inside another one's cell."""
    kept = []
    for grid in grids:
        x0, top, x1, bottom = grid.bbox
        surrounds = any(
            other is not grid
            and other.bbox[0] >= x0 - 1
            and other.bbox[1] >= top - 1
            and other.bbox[2] <= x1 + 1
            and other.bbox[3] <= bottom + 1
            for other in grids
        )
        if len(grid.cells) == 1 and surrounds:
            continue
        kept.append(grid)
    return kept
