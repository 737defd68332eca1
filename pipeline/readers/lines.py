"""Glyphs → cells → printed lines. Pure functions over :class:`PageArrays`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from pipeline.readers.grid import Found, Grid
from pipeline.readers.page import Ints, PageArrays
from pipeline.text import is_cjk
from pipeline.tidy.model import Line

_NO_SPACE_BEFORE = set(",.;:!?)]}%，。；：！？）】》、")


def assign(page: PageArrays, grids: Sequence[Grid]) -> tuple[list[list[Ints]], Ints]:
    """Glyph indices per grid and cell, and those outside every grid.

    A glyph belongs to the cell in which its centre lies: found by position in the sorted lattice, not by scanning.
    """
    x = (page.boxes[:, 0] + page.boxes[:, 2]) / 2
    y = (page.boxes[:, 1] + page.boxes[:, 3]) / 2
    free = np.ones(len(x), dtype=bool)
    per_grid: list[list[Ints]] = []
    # Smallest first, so that a table drawn inside another one's cell keeps its own text.
    order = sorted(range(len(grids)), key=lambda k: _area(grids[k]))
    found: dict[int, list[Ints]] = {}
    for k in order:
        grid = grids[k]
        x0, top, x1, bottom = grid.bbox
        inside = np.flatnonzero(free & (x >= x0) & (x <= x1) & (y >= top) & (y <= bottom))
        free[inside] = False
        cols = np.clip(np.searchsorted(grid.xs, x[inside], side="right") - 1, 0, len(grid.xs) - 2)
        rows = np.clip(np.searchsorted(grid.ys, y[inside], side="right") - 1, 0, len(grid.ys) - 2)
        owners = _overflowing(page, grid, inside, grid.owner[rows, cols])
        ranked = np.argsort(owners, kind="stable")
        bounds = np.searchsorted(owners[ranked], np.arange(len(grid.cells) + 1))
        found[k] = [inside[ranked[bounds[c] : bounds[c + 1]]] for c in range(len(grid.cells))]
    per_grid = [found[k] for k in range(len(grids))]
    return per_grid, np.flatnonzero(free)


def _overflowing(page: PageArrays, grid: Grid, inside: Ints, owners: Ints) -> Ints:
    """Owners with text that runs over its cell's border given back to that cell.

    A glyph that stands across a border and follows upon its neighbour without a gap, in the content stream and on the
    line, belongs to the neighbour's cell; so do up to two more that follow it.
    """
    boxes, sizes = page.boxes[inside], page.sizes[inside]
    follows = np.zeros(len(inside), dtype=bool)
    follows[1:] = (
        (np.diff(inside) == 1)
        & (np.abs(boxes[1:, 0] - boxes[:-1, 2]) < 0.2 * sizes[1:])
        & (np.abs(boxes[1:, 3] - boxes[:-1, 3]) < 0.3 * sizes[1:])
    )
    other = np.zeros(len(inside), dtype=bool)
    other[1:] = owners[1:] != owners[:-1]
    out = owners.copy()
    for i in np.flatnonzero(follows & other).tolist():
        before = out[i - 1]
        edge = grid.cells[before].x1
        width = boxes[i, 2] - boxes[i, 0]
        if not boxes[i, 0] + 0.1 * width < edge < boxes[i, 2]:
            continue
        for j in range(i, min(i + 3, len(inside))):
            if j > i and not follows[j]:
                break
            out[j] = before
    return out


def overflowing_lines(page: PageArrays, grid: Grid, per_cell: Sequence[Ints], free: Ints) -> dict[int, Ints]:
    """Glyphs below a table that go on a cell of its last row: per cell index.

    At a page's end a browser lets a cell's text run on below the table. A line belongs to the cell above it when it
    follows the cell's last line as closely as lines do, begins where that begins and stays within the cell's width.
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
        last = lines_of(page, per_cell[k])[-1]
        taken: list[Ints] = []
        for line in lines_of(page, below):
            gap = line.top - last.bottom
            if gap > 0.6 * last.size or abs(line.x0 - last.x0) > 1 or abs(line.size - last.size) > 0.5:
                break
            inside = (page.boxes[below, 1] >= line.top - 1) & (page.boxes[below, 3] <= line.bottom + 1)
            taken.append(below[inside])
            last = line
        if taken:
            out[k] = np.concatenate(taken)
    return out


def _area(grid: Grid) -> float:
    x0, top, x1, bottom = grid.bbox
    return (x1 - x0) * (bottom - top)


_PAGE_NUMBER = re.compile(
    r"^[-–—~·•\s]*(?:第\s*\d{1,4}\s*页(?:\s*[/,，]?\s*共\s*\d{1,4}\s*页)?|(?P<number>\d{1,4})(?:\s*/\s*\d{1,4})?"
    r"|page\s*\d+(?:\s*of\s*\d+)?|[ivxlcIVXLC]{1,6})[-–—~·•\s]*$",
    re.IGNORECASE,
)
_OFF = 60
"""By how much a printed page number may differ from the page's place in the file."""


def is_page_number(text: str, page: int) -> bool:
    """Whether a line alone at a page's edge is its number: near the page's place in the file, so that no code is."""
    match = _PAGE_NUMBER.match(text)
    return match is not None and (match["number"] is None or abs(int(match["number"]) - page) <= _OFF)


def trim_open_ends(page: PageArrays, found: Found) -> Found:
    """Open rows end where the body does: a page number or running head beyond it is no part of a cell.

    Where a page break cut a row, its side borders may run on to the page's edge. The outermost line there is taken
    for a running head when it stands in the page's outer eighth and is a page number, or is set apart.
    """
    grids = []
    for grid in found.grids:
        ys = list(grid.ys)
        if grid.open_bottom:
            ys[-1] = _body_end(page, grid, ys[-2], ys[-1], below=True)
        if grid.open_top:
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
    x = (page.boxes[:, 0] + page.boxes[:, 2]) / 2
    y = (page.boxes[:, 1] + page.boxes[:, 3]) / 2
    lines = _level_lines(page, np.flatnonzero((x >= x0) & (x <= x1) & (y >= low) & (y <= high)))
    while len(lines) > 1:
        last, before = (lines[-1], lines[-2]) if below else (lines[0], lines[1])
        outer = last.bottom < page.height / 8 or last.top > page.height * 7 / 8
        gap = last.top - before.bottom if below else before.top - last.bottom
        alone = gap > 1.5 * max(last.size, before.size)
        if not outer or not (alone or (is_page_number(last.text, page.number) and gap > 0.2 * last.size)):
            break
        end = (last.top + before.bottom) / 2 if below else (before.top + last.bottom) / 2
        lines = lines[:-1] if below else lines[1:]
    return end


def lines_of(page: PageArrays, index: Ints | Iterable[int]) -> list[Line]:
    """The printed lines of the glyphs ``index``, top to bottom, each with its text, box and advances.

    Glyphs share a line when their vertical centres differ by less than half the smaller size. Glyphs turned against
    the page (a sideways header word) are put together along their own direction.
    """
    where = np.fromiter(index, dtype=np.int64) if not isinstance(index, np.ndarray) else index
    if len(where) == 0:
        return []
    angles = page.angles[where]
    if (angles == 0).all():
        return _level_lines(page, where)
    out: list[Line] = []
    for angle in sorted(set(angles.tolist())):
        part = where[angles == angle]
        out.extend(_level_lines(page, part) if angle in (0, 180, -1) else _upright_lines(page, part, angle))
    return out


def _level_lines(page: PageArrays, where: Ints) -> list[Line]:
    boxes = page.boxes[where]
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    sizes = page.sizes[where]
    order = np.lexsort((boxes[:, 0], middle))
    rows: list[list[int]] = []
    at = reach = 0.0
    for i in order.tolist():
        if not printed(page.texts[where[i]]):
            continue
        if rows and middle[i] - at < 0.5 * min(reach, sizes[i] or reach):
            rows[-1].append(i)
            at += (middle[i] - at) / len(rows[-1])
            reach = min(reach, float(sizes[i]) or reach)
        else:
            rows.append([i])
            at, reach = float(middle[i]), float(sizes[i]) or 1.0
    out = [_line(page, where[sorted(row, key=lambda i: boxes[i, 0])]) for row in rows]
    return [line for line in out if line is not None]


def _upright_lines(page: PageArrays, where: Ints, angle: int) -> list[Line]:
    """Lines of text that runs downwards (90) or upwards (270): columns of glyphs, read along their direction."""
    boxes = page.boxes[where]
    middle = (boxes[:, 0] + boxes[:, 2]) / 2
    across = -middle if angle == 90 else middle  # lines follow each other leftwards when text runs downwards
    along = boxes[:, 1] if angle == 90 else -boxes[:, 3]
    order = np.lexsort((along, across))
    rows: list[list[int]] = []
    at = 0.0
    for i in order.tolist():
        if not printed(page.texts[where[i]]):
            continue
        size = float(page.sizes[where[i]]) or 1.0
        if rows and abs(across[i] - at) < 0.5 * size:
            rows[-1].append(i)
        else:
            rows.append([i])
            at = float(across[i])
    out = []
    for row in rows:
        ids = where[sorted(row, key=lambda i: along[i])]
        box = page.boxes[ids]
        text = "".join(page.texts[i] for i in ids)
        height = float(box[:, 3].max() - box[:, 1].min())
        out.append(
            Line(
                text,
                float(box[:, 0].min()),
                float(box[:, 1].min()),
                float(box[:, 2].max()),
                float(box[:, 3].max()),
                page.number,
                tuple([height / max(len(text), 1)] * len(text)),
                float(np.median(page.sizes[ids])),
            )
        )
    return out


@lru_cache(maxsize=16384)
def printed(text: str) -> str:
    """A glyph's text without blanks and format characters: some ToUnicode maps add zero-width ones."""
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")


def _line(page: PageArrays, ids: Ints) -> Line | None:
    """One line from its glyphs, left to right; a blank is put where the gap between Latin words shows one."""
    chars: list[str] = []
    advances: list[float] = []
    end = None
    boxes = page.boxes[ids]
    for position, i in enumerate(ids.tolist()):
        text = printed(page.texts[i])
        if not text:
            continue
        x0, x1 = float(boxes[position, 0]), float(boxes[position, 2])
        if end is not None:
            gap = x0 - end
            before = chars[-1]
            if gap > 1.5 * (float(page.sizes[i]) or 1.0):
                # Text set apart (the page number of a line of the contents); between ideographs a tab means nothing.
                chars.append("\t")
                advances.append(gap)
            elif (
                gap > 0.18 * (float(page.sizes[i]) or 1.0)
                and not is_cjk(before)
                and not is_cjk(text[0])
                and text[0] not in _NO_SPACE_BEFORE
            ):
                chars.append(" ")
                advances.append(gap)
        chars.extend(text)
        advances.extend([(x1 - x0) / len(text)] * len(text))
        end = x1 if end is None else max(end, x1)
    if not chars:
        return None
    return Line(
        "".join(chars),
        float(boxes[:, 0].min()),
        float(boxes[:, 1].min()),
        float(boxes[:, 2].max()),
        float(boxes[:, 3].max()),
        page.number,
        tuple(advances),
        float(np.median(page.sizes[ids])),
    )
