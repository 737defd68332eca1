"""The grid finder: ruling lines → tables and cells with their true spans. Pure functions over numpy arrays.

The chain, every stage kept so that it can be drawn: rulings → edges (snapped and joined) → intersections → groups of
connected edges → a grid of elementary cells → cells (elementary cells between which no border is drawn are one). A
border counts as drawn when edges cover at least half of it.

The idea of naming each stage by what it turns into what is pdfplumber's; building cells by *uniting* elementary cells
that no border parts, rather than by looking for four corners, is what yields true row and column spans, also where
a corner or part of a border is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.readers.pdf.charts import without_charts
from pipeline.readers.pdf.edges import Edge, GridSettings, find_edges
from pipeline.readers.pdf.fills import with_fill_edges
from pipeline.readers.pdf.intersections import EdgeGroup, components, group_edges, join_side_by_side
from pipeline.readers.pdf.page import Bools, Floats, Ints, PageArrays


@dataclass(frozen=True)
class RuledCell:
    """A cell of a ruled table: position and span in the grid (from 0), box in points."""

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
    """A ruled table: its lines' positions ``xs`` and ``ys`` in points, its cells, ``owner[r, c]`` the index of the cell
    that covers elementary cell (r, c).

    ``open_top``/``open_bottom`` (…left/right): the grid was closed there although no border is drawn, as where a
    page break cuts a row. ``ragged`` counts places where the borders left no rectangle.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[RuledCell, ...]
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
class FoundGrids:
    """What the grid finder sees on a page: its tables, and all edges for the debug pictures."""

    grids: tuple[Grid, ...]
    horizontal: tuple[Edge, ...]
    vertical: tuple[Edge, ...]


def find_grids(page: PageArrays, settings: GridSettings | None = None) -> FoundGrids:
    """Tables of a (visible, upright) page from its rulings, top to bottom.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     (grid,) = find_grids(visible_glyphs(pdf.decode(1))[0]).grids
    >>> len(grid.cells), grid.cells[1]
    (14, RuledCell(row=0, col=1, row_span=1, col_span=2, x0=130.0, top=120.0, x1=350.0, bottom=142.0))
    """
    settings = settings or GridSettings()
    horizontal, vertical = _without_frame(page, *find_edges(page, settings), settings)
    groups = join_side_by_side(page, group_edges(horizontal, vertical, settings), vertical, settings)
    groups = [with_fill_edges(page, group, settings) for group in groups]
    grids = [grid for group in groups for grid in make_grids(group, settings, page)]
    grids = _without_boxes(without_charts(page, grids))
    grids.sort(key=lambda grid: (round(grid.ys[0]), grid.xs[0]))
    return FoundGrids(tuple(grids), tuple(horizontal), tuple(vertical))


_FRAME = 0.7
"""Share of a page's width and height that a frame round it encloses at least."""


def _without_frame(
    page: PageArrays, horizontal: list[Edge], vertical: list[Edge], settings: GridSettings
) -> tuple[list[Edge], list[Edge]]:
    """The edges without those of a frame round the page: the outermost four that meet at their ends, where no other edge
    ends at any of them, as it would at a table's own border."""
    if len(horizontal) < 2 or len(vertical) < 2:
        return horizontal, vertical
    top, *_, bottom = sorted(horizontal, key=lambda edge: edge.at)
    left, *_, right = sorted(vertical, key=lambda edge: edge.at)
    near = settings.reach

    def meets(edge: Edge, low: Edge, high: Edge) -> bool:
        return abs(edge.low - low.at) <= near and abs(edge.high - high.at) <= near

    def touches(edge: Edge, low: Edge, high: Edge) -> bool:
        return abs(edge.low - low.at) <= near or abs(edge.high - high.at) <= near

    wide, high = right.at - left.at, bottom.at - top.at
    if wide < _FRAME * page.width or high < _FRAME * page.height:
        return horizontal, vertical
    if not all(meets(e, left, right) for e in (top, bottom)) or not all(
        meets(e, top, bottom) for e in (left, right)
    ):
        return horizontal, vertical
    across = [edge for edge in horizontal if edge not in (top, bottom)]
    down = [edge for edge in vertical if edge not in (left, right)]
    if any(touches(e, left, right) for e in across) or any(touches(e, top, bottom) for e in down):
        return horizontal, vertical
    return across, down


def _without_boxes(grids: list[Grid]) -> list[Grid]:
    """Leave out one-cell grids that surround others."""
    boxes = np.array([grid.bbox for grid in grids]).reshape(-1, 4)
    inwards = np.array([1.0, 1.0, -1.0, -1.0])
    kept = []
    for grid in grids:
        if len(grid.cells) == 1:
            within = ((boxes - np.array(grid.bbox)) * inwards >= -1).all(axis=1)
            if within.sum() > 1:  # itself and another one
                continue
        kept.append(grid)
    return kept


def _open_ends(
    edges: Sequence[Edge], places: list[float], settings: GridSettings
) -> tuple[list[float], bool, bool]:
    """``places`` of the edges of one direction, with the ends of at least two ``edges`` of the other direction that
    stick out alike before the first and after the last; and whether there are such ends."""
    lows = sorted(edge.low for edge in edges if edge.low < places[0] - settings.open_end)
    highs = sorted(edge.high for edge in edges if edge.high > places[-1] + settings.open_end)
    before = lows[:1] if len(lows) >= 2 and lows[1] - lows[0] <= settings.open_end else []
    after = highs[-1:] if len(highs) >= 2 and highs[-1] - highs[-2] <= settings.open_end else []
    return [*before, *places, *after], bool(before), bool(after)


def make_grids(group: EdgeGroup, settings: GridSettings, page: PageArrays | None = None) -> list[Grid]:
    """The table that a group of connected edges draws, and one within a cell of it that meets the cell's border; none
    when the edges enclose nothing.

    Edges that stick out of it open a row, and a column where there is text of the ``page`` between them.

    >>> across = [Edge(at, 0.0, 50.0) for at in (0.0, 20.0)]
    >>> down = [Edge(at, 0.0, 20.0) for at in (0.0, 30.0, 50.0)]
    >>> [grid.xs for grid in make_grids(EdgeGroup(across, down), GridSettings())]
    [(0.0, 30.0, 50.0)]
    """
    h, v = group.horizontal, group.vertical
    ys = sorted({edge.at for edge in h})
    xs = sorted({edge.at for edge in v})
    if not xs:
        return []
    if not ys:
        low, high = min(edge.low for edge in v), max(edge.high for edge in v)
        across, down = np.ones((2, len(xs) - 1), dtype=bool), np.ones((len(xs), 1), dtype=bool)
        grid = unite(np.array(xs), np.array([low, high]), across, down)
        return [replace(grid, open_top=True, open_bottom=True)]
    at_y, open_top, open_bottom = _open_ends(v, ys, settings)
    at_x, open_left, open_right = _open_ends(h, xs, settings)
    if page is not None and (open_left or open_right):
        open_left = open_left and _has_text(page, at_x[:2], at_y)
        open_right = open_right and _has_text(page, at_x[-2:], at_y)
        at_x = [*(at_x[:1] if open_left else ()), *xs, *(at_x[-1:] if open_right else ())]
    if len(at_x) < 2 or len(at_y) < 2:
        return []
    x, y = np.array(at_x), np.array(at_y)
    # h_border[k, c]: the border on y[k] over column c is drawn; v_border[k, r]: that on x[k] beside row r.
    h_border, v_border = _covered(h, y, x, settings.cover), _covered(v, x, y, settings.cover)
    # An edge that draws no whole border (an underline beside a border) is none.
    rows, cols = _lines(h_border), _lines(v_border)
    if not (rows.all() and cols.all()):
        x, y = x[cols], y[rows]
        h_border, v_border = _covered(h, y, x, settings.cover), _covered(v, x, y, settings.cover)
    h_border[[0, -1], :] = v_border[[0, -1], :] = True
    grid, *inner = _tables(x, y, h_border, v_border)
    grid = replace(
        grid, open_top=open_top, open_bottom=open_bottom, open_left=open_left, open_right=open_right
    )
    return [grid, *inner]


def _tables(x: Floats, y: Floats, h_border: Bools, v_border: Bools) -> list[Grid]:
    """The table that borders draw (see :func:`unite`), and those within its cells that meet a border of their cell."""
    grid = unite(x, y, h_border, v_border)
    found = _nested(h_border, v_border) if grid.ragged else None
    if found is None:
        return [grid]
    (top, left, bottom, right), (r0, c0, r1, c1) = found
    inner = _tables(
        x[c0 : c1 + 1],
        y[r0 : r1 + 1],
        h_border[r0 : r1 + 1, c0:c1].copy(),
        v_border[c0 : c1 + 1, r0:r1].copy(),
    )
    h_border[top + 1 : bottom, left:right] = v_border[left + 1 : right, top:bottom] = False
    rows, cols = _lines(h_border), _lines(v_border)
    across, down = _between(h_border, rows, cols), _between(v_border, cols, rows)
    return [*_tables(x[cols], y[rows], across, down), *inner]


def _lines(border: Bools) -> Bools:
    """Which lines draw a border; the outermost always do."""
    drawn: Bools = np.asarray(border.any(axis=1))
    drawn[[0, -1]] = True
    return drawn


def _between(border: Bools, lines: Bools, ends: Bools) -> Bools:
    """The borders on ``lines`` between those ``ends`` that are left: parts between others are drawn alike."""
    return border[lines][:, np.flatnonzero(ends)[:-1]]


def _nested(
    h_border: Bools, v_border: Bools
) -> tuple[tuple[int, int, int, int], tuple[int, int, int, int]] | None:
    """A cell that surrounds others on three sides at least, and what it surrounds: a table within it, near its border.

    Both as first row, first column, and those after the last.
    """
    rows, cols = len(h_border) - 1, len(v_border) - 1
    label: Ints = np.empty((rows, cols), dtype=np.int64)
    for k, members in enumerate(_regions(h_border, v_border)):
        label.flat[members] = k
    for k in range(int(label.max()) + 1):
        r0, c0, r1, c1 = _extent(label == k)
        box = label[r0:r1, c0:c1]
        if (box == k).all():
            continue
        a, b, c, d = _extent(box != k)
        inside = box[a:c, b:d]
        meets = (a == 0) + (b == 0) + (c == r1 - r0) + (d == c1 - c0)
        if meets <= 1 and (inside != k).all() and np.isin(label, inside).sum() == inside.size:
            return (r0, c0, r1, c1), (r0 + a, c0 + b, r0 + c, c0 + d)
    return None


def _extent(where: Bools) -> tuple[int, int, int, int]:
    """First row and column that ``where`` marks, and those after the last."""
    rows, cols = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    return int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1


def _has_text(page: PageArrays, xs: Sequence[float], ys: Sequence[float]) -> bool:
    """Whether printed glyphs stand between the first and the last of ``xs`` and of ``ys``."""
    x, y = page.places
    inside = np.flatnonzero((x > xs[0]) & (x < xs[-1]) & (y > ys[0]) & (y < ys[-1]))
    return any(page.texts[i].strip() for i in inside.tolist())


def _covered(edges: Sequence[Edge], across: Floats, along: Floats, cover: float) -> Bools:
    """(len(across), len(along) - 1): the share of each elementary border that edges cover is at least ``cover``.

    Edges that stand at none of the places ``across`` do not count.
    """
    covered = np.zeros((len(across), len(along) - 1))
    index = {position: k for k, position in enumerate(across.tolist())}
    edges = [edge for edge in edges if edge.at in index]
    first = np.searchsorted(along, [edge.low for edge in edges], side="right") - 1
    after = np.searchsorted(along, [edge.high for edge in edges], side="left")
    length = np.diff(along)
    for edge, i, j in zip(edges, np.maximum(first, 0).tolist(), after.tolist(), strict=True):
        j = min(j, len(length))
        if i < j:  # edges at one position never overlap: they have been joined
            overlap = np.minimum(along[i + 1 : j + 1], edge.high) - np.maximum(along[i:j], edge.low)
            covered[index[edge.at], i:j] += np.clip(overlap, 0, None)
    return np.asarray(covered >= cover * length)


def unite(x: Floats, y: Floats, h_border: Bools, v_border: Bools) -> Grid:
    """Unite elementary cells that no border parts; cut what is no rectangle into rows of rectangles.

    ``x`` (cols + 1,) and ``y`` (rows + 1,) are the lines' positions in points; ``h_border`` (rows + 1, cols) and
    ``v_border`` (cols + 1, rows) tell which elementary borders are drawn.

    >>> drawn = np.ones((3, 1), dtype=bool)
    >>> grid = unite(np.array([0.0, 50.0]), np.array([0.0, 10.0, 20.0]), drawn, np.ones((2, 2), dtype=bool))
    >>> [(cell.row, cell.row_span) for cell in grid.cells]
    [(0, 1), (1, 1)]
    """
    rows, cols = len(y) - 1, len(x) - 1
    rectangles: list[tuple[int, int, int, int]] = []
    ragged = 0
    for members in _regions(h_border, v_border):
        places = [divmod(i, cols) for i in members]
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
            RuledCell(
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
    return Grid(tuple(x.tolist()), tuple(y.tolist()), tuple(cells), owner, ragged=ragged)


def _regions(h_border: Bools, v_border: Bools) -> list[list[int]]:
    """Elementary cells, counted row by row, in groups that no border parts."""
    rows, cols = len(h_border) - 1, len(v_border) - 1
    pairs = [(r * cols + c, r * cols + c + 1) for c, r in np.argwhere(~v_border[1:-1]).tolist()]
    pairs += [(r * cols + c, (r + 1) * cols + c) for r, c in np.argwhere(~h_border[1:-1]).tolist()]
    return components(rows * cols, pairs)


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
