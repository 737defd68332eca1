"""A group of rails → a table: the lattice of elementary cells, and the cells that no border parts, united."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.readers.pdf.edges import GridSettings, Rail
from pipeline.readers.pdf.page import Bools, Floats


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
        at_y, at_x = set(y.tolist()), set(x.tolist())
        h_border = _covered([(r.at, r.low, r.high) for r in h if r.at in at_y], y, x, settings.cover)
        v_border = _covered([(r.at, r.low, r.high) for r in v if r.at in at_x], x, y, settings.cover)
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
    if len(rails):
        places = np.array(rails)
        first = np.maximum(np.searchsorted(along, places[:, 1], side="right") - 1, 0).tolist()
        after = np.minimum(np.searchsorted(along, places[:, 2], side="left"), len(length)).tolist()
        for (at, low, high), i, j in zip(rails, first, after, strict=True):
            if i < j:  # rails at one position never overlap: they have been joined
                overlap = np.minimum(along[i + 1 : j + 1], high) - np.maximum(along[i:j], low)
                covered[index[at], i:j] += np.clip(overlap, 0, None)
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
