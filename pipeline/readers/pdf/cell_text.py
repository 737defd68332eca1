"""Glyphs → cells: which cell each glyph belongs to. Pure functions over :class:`PageArrays`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from pipeline.model import Line
from pipeline.readers.pdf.grid import FoundGrids, Grid, RuledCell
from pipeline.readers.pdf.lines import level_lines, lines_of
from pipeline.readers.pdf.page import WORD, Bools, Floats, Ints, PageArrays
from pipeline.text import is_page_number

_APART = 0.7
"""Ems between two words from which on they are two texts."""
_OVER = 0.1
"""Share of its size by which a glyph stands over a border, at least."""
_CENTRED = 1.0
"""Points by which the middle of a text may stand off its cell's."""


def assign(page: PageArrays, grids: Sequence[Grid]) -> tuple[list[list[Ints]], Ints]:
    """Glyph indices per grid and cell, and those outside every grid.

    A word belongs to the cell in which its middle lies, or what its clip leaves of the place. So do all words of a text
    one of whose glyphs stands over a border: a text wider than its cell is never shared out, and one that begins at its
    cell's left border stays there. Where borders stand only in gaps, one text object may hold the texts of several cells.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     read = read_page(pdf, 1)
    >>> ((first, *_),), outside = assign(read.page, read.found.grids)
    >>> [read.page.texts[i] for i in first], len(outside)
    (['序', '号'], 0)
    """
    places = np.column_stack(page.places)
    texts = page.parts(_APART, touching=True)
    wholes = np.column_stack(page.places_of(texts))
    free = np.ones(len(places), dtype=bool)
    # Smallest first, so that a table drawn inside another one's cell keeps its own text.
    order = sorted(range(len(grids)), key=lambda k: _area(grids[k]))
    found: dict[int, list[Ints]] = {}
    for k in order:
        grid = grids[k]
        inside, owners = _owners(grid, places, free)
        over = texts[inside[_overflowing(page, grid, inside, owners)]]
        if len(over):
            whole = np.flatnonzero(np.isin(texts, over) & (texts >= 0))
            places[whole] = wholes[whole]
            # Numbers of texts rise with their glyphs.
            _place_left_aligned(
                page, grid, np.split(whole, np.flatnonzero(np.diff(texts[whole])) + 1), places
            )
            inside, owners = _owners(grid, places, free)
        free[inside] = False
        ranked = np.argsort(owners, kind="stable")
        bounds = np.searchsorted(owners[ranked], np.arange(len(grid.cells) + 1))
        found[k] = [inside[ranked[bounds[c] : bounds[c + 1]]] for c in range(len(grid.cells))]
    return [found[k] for k in range(len(grids))], np.flatnonzero(free)


def _owners(grid: Grid, places: Floats, free: Bools) -> tuple[Ints, Ints]:
    """The ``free`` glyphs whose ``places`` (n, 2) lie in a table, and the cell that each is in."""
    x, y = places.T
    x0, top, x1, bottom = grid.bbox
    inside = np.flatnonzero(free & (x >= x0) & (x <= x1) & (y >= top) & (y <= bottom))
    cols = np.clip(np.searchsorted(grid.xs, x[inside], side="right") - 1, 0, len(grid.xs) - 2)
    rows = np.clip(np.searchsorted(grid.ys, y[inside], side="right") - 1, 0, len(grid.ys) - 2)
    return inside, grid.owner[rows, cols]


def _overflowing(page: PageArrays, grid: Grid, inside: Ints, owners: Ints) -> Bools:
    """Which of the glyphs ``inside`` a table stand over the border of the cell that owns them, along their line."""
    angles = page.angles[inside]
    boxes, over = page.boxes[inside], _OVER * page.sizes[inside]
    out = np.zeros(len(inside), dtype=bool)
    for along, level in ((0, angles % 180 == 0), (1, angles % 180 == 90)):
        sides = np.array(
            [(cell.x0, cell.x1) if along == 0 else (cell.top, cell.bottom) for cell in grid.cells]
        )
        low, high = sides[owners].T
        out |= level & ((boxes[:, along] < low - over) | (boxes[:, along + 2] > high + over))
    return out & ~page.invisible[inside]  # a text layer stands only about where its picture shows the text


def _place_left_aligned(page: PageArrays, grid: Grid, texts: Sequence[Ints], places: Floats) -> None:
    """Put the ``places`` of texts that begin at the left border of a cell, and do not stand in the middle of one, where they
    begin. What a clip has placed stays."""
    for glyphs in filter(len, texts):
        left, right = page.boxes[glyphs, 0].min(), page.boxes[glyphs, 2].max()
        ends = np.array([[(left + right) / 2, places[glyphs[0], 1]], [left + 0.01, places[glyphs[0], 1]]])
        if page.angles[glyphs[0]] or abs(places[glyphs[0], 0] - ends[0, 0]) > 0.01:
            continue
        found, owners = _owners(grid, ends, np.ones(2, dtype=bool))
        cells = {
            which: grid.cells[owner] for which, owner in zip(found.tolist(), owners.tolist(), strict=True)
        }
        centred = 0 in cells and abs((cells[0].x0 + cells[0].x1) / 2 - ends[0, 0]) < _CENTRED
        if not centred and 1 in cells and left - cells[1].x0 < page.sizes[glyphs[0]]:
            places[glyphs] = ends[1]


_CLOSE = 0.6
"""Share of a line's size by which the next line of the same text may stand off it."""


def overflowing_lines(page: PageArrays, grid: Grid, per_cell: Sequence[Ints], free: Ints) -> dict[int, Ints]:
    """Glyphs below a table that go on a cell of its last row: per cell index.

    At a page's end a browser lets a cell's text run on below the table. A line belongs to the cell above it when it
    follows the cell's last line as closely as lines do, begins where that begins and stays as a whole within the cell's
    width. The first one stands over the table's border: a heading or note set right below a table begins below it.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     one = read_page(pdf, 1)
    ...     (grid,) = one.found.grids
    >>> nothing = np.array([], dtype=np.int64)
    >>> overflowing_lines(one.page, grid, [nothing] * len(grid.cells), nothing)
    {}
    """
    out: dict[int, Ints] = {}
    bottom = grid.ys[-1]
    tops = page.boxes[free, 1]
    near = free[(tops > bottom - 6) & (tops < bottom + 60)]
    if len(near) == 0:
        return out
    middle = (page.boxes[near, 0] + page.boxes[near, 2]) / 2
    for k, cell in enumerate(grid.cells):
        if cell.row + cell.row_span < len(grid.ys) - 1 or len(per_cell[k]) == 0:
            continue
        below = near[(middle > cell.x0) & (middle < cell.x1)]
        if len(below) == 0:
            continue
        # Most often it is a page number, farther away than any line that would follow: no lines need be made to see it.
        nearest = page.boxes[below, 1].min() - page.boxes[per_cell[k], 3].max()
        if nearest > _CLOSE * page.sizes[per_cell[k]].max():
            continue
        last = lines_of(page, per_cell[k])[-1]
        taken: list[Ints] = []
        for line in lines_of(page, below):
            gap = line.top - last.bottom
            if gap > _CLOSE * last.size or abs(line.x0 - last.x0) > 1 or abs(line.size - last.size) > 0.5:
                break
            if (not taken and line.top > bottom) or not _within(page, cell, line, near):
                break
            inside = (page.boxes[below, 1] >= line.top - 1) & (page.boxes[below, 3] <= line.bottom + 1)
            taken.append(below[inside])
            last = line
        if taken:
            out[k] = np.concatenate(taken)
    return out


def _within(page: PageArrays, cell: RuledCell, line: Line, glyphs: Ints) -> bool:
    """Whether a line, put together of those of ``glyphs`` that stand below a cell, goes on beyond it nowhere."""
    x0, x1 = page.boxes[glyphs, 0], page.boxes[glyphs, 2]
    middle = page.centres[1][glyphs]
    level, word = (middle > line.top) & (middle < line.bottom), WORD * line.size
    joined = level & (x0 < line.x1 + word) & (x1 > line.x0 - word)
    return bool((x0[joined] >= cell.x0).all() and (x1[joined] <= cell.x1).all())


def _area(grid: Grid) -> float:
    x0, top, x1, bottom = grid.bbox
    return (x1 - x0) * (bottom - top)


_EDGE = 3.0
"""Points from the page's edge at which a border is where the page cuts a row."""


def trim_open_ends(page: PageArrays, found: FoundGrids) -> FoundGrids:
    """Open rows end where the body does: a page number or running head beyond it is no part of a cell.

    Where a page break cut a row, its side borders may run on to the page's edge. The outermost line there is taken
    for a running head when it stands in the page's outer eighth and is a page number, or is set apart from the row's text.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     one = read_page(pdf, 1)
    >>> trim_open_ends(one.page, one.found) == one.found
    True
    """
    grids = []
    for grid in found.grids:
        ys = list(grid.ys)
        if grid.open_bottom or ys[-1] > page.height - _EDGE:
            ys[-1] = _body_end(page, grid, ys[-2], ys[-1], below=True)
        if grid.open_top or ys[0] < _EDGE:
            ys[0] = _body_end(page, grid, ys[0], ys[1], below=False)
        if ys != list(grid.ys) and all(a < b for a, b in pairwise(ys)):
            cells = tuple(
                replace(cell, top=ys[cell.row], bottom=ys[cell.row + cell.row_span]) for cell in grid.cells
            )
            grid = replace(grid, ys=tuple(ys), cells=cells)
        grids.append(grid)
    return replace(found, grids=tuple(grids))


def _body_end(page: PageArrays, grid: Grid, low: float, high: float, below: bool) -> float:
    """Where the open row between heights ``low`` and ``high`` ends: beyond its text, before a running head."""
    end = high if below else low
    x0, _, x1, _ = grid.bbox
    x, y = page.centres
    lines = level_lines(page, np.flatnonzero((x >= x0) & (x <= x1) & (y >= low) & (y <= high)))
    while lines:
        last, *rest = lines[::-1] if below else lines
        outer = last.bottom < page.height / 8 or last.top > page.height * 7 / 8
        body = (rest[0].bottom if below else rest[0].top) if rest else low if below else high
        gap = last.top - body if below else body - last.bottom
        alone = bool(rest) and gap > 1.5 * max(last.size, rest[0].size)
        numbered = is_page_number(last.text, page.number) and (gap > 0.2 * last.size or not rest)
        if not outer or not (alone or numbered):
            break
        end = (last.top + body) / 2 if below else (body + last.bottom) / 2
        lines = lines[:-1] if below else lines[1:]
    return end
