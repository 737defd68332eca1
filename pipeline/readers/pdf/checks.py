"""A reading's own checks: what makes a page worth a second reading."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from pipeline.model import Cell, Line
from pipeline.readers.pdf.grid import Grid
from pipeline.readers.pdf.page import REPLACEMENT, PageArrays
from pipeline.reading import UNREADABLE, UNREADABLE_SHARE

_SLIVER = 5.0
_NAMELESS = re.compile(f"[\x00-\x1f{REPLACEMENT}]")


def failed_checks(
    page: PageArrays, grids: Sequence[Grid], cells: Sequence[Sequence[Cell]], outside: Sequence[Line]
) -> tuple[str, ...]:
    """Names of the checks that the reading of a page fails.

    ``ragged`` borders leave no rectangle · ``sliver`` two column edges of one table nearly coincide ·
    ``open_side`` a side border is missing, or a top/bottom one away from the page's edge · ``straddle`` a character
    stands across a column border · ``two_columns`` one cell holds the text of two columns ·
    ``columns_outside`` text in columns stands outside every table · ``unreadable`` too many glyphs have no character. (:mod:`damage` has more, which the page's arrays
    cannot show.)

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     read_page(pdf, 1).info.checks
    ()
    """
    failed: set[str] = set()
    for position, (grid, members) in enumerate(zip(grids, cells, strict=True)):
        if grid.ragged:
            failed.add("ragged")
        if len(grid.xs) > 2 and float(np.diff(grid.xs).min()) < _SLIVER:
            failed.add("sliver")
        if grid.open_left or grid.open_right:
            failed.add("open_side")
        if (grid.open_top and position > 0) or (grid.open_bottom and position < len(grids) - 1):
            failed.add("open_side")
        if any(_two_columns(cell, grid) for cell in members if cell.col_span > 1):
            failed.add("two_columns")
        if _straddles(page, grid):
            failed.add("straddle")
    if _in_columns(outside, grids):
        failed.add("columns_outside")
    if _unreadable(page.texts) > UNREADABLE_SHARE:
        failed.add(UNREADABLE)
    return tuple(sorted(failed))


def _unreadable(texts: Sequence[str]) -> float:
    """Share of the printed glyphs that have no character, or a control character that no text holds."""
    printed = "".join("".join(texts).split())
    return len(_NAMELESS.findall(printed)) / max(len(printed), 1)


def _two_columns(cell: Cell, grid: Grid) -> bool:
    """At least two lines of a merged cell leave a gap just where another row's column border runs."""
    for edge in grid.xs[cell.col + 1 : cell.col + cell.col_span]:
        split = 0
        for line in cell.lines:
            if not line.x0 < edge < line.x1:
                continue
            at = line.x0
            for char, advance in zip(line.text, line.advances, strict=True):
                if char.isspace() and at <= edge <= at + advance and advance > 0.8 * line.size:
                    split += 1
                at += advance
        if split >= 2:
            return True
    return False


def _straddles(page: PageArrays, grid: Grid) -> bool:
    x0, top, x1, bottom = grid.bbox
    boxes = page.boxes
    centre = (boxes[:, 1] + boxes[:, 3]) / 2
    within = (boxes[:, 0] > x0) & (boxes[:, 2] < x1) & (centre > top) & (centre < bottom)
    index = np.flatnonzero(within)
    if len(index) == 0:
        return False
    left, right = boxes[index, 0], boxes[index, 2]
    third = (right - left) * 0.3
    a = np.searchsorted(grid.xs, left + third, side="right")
    b = np.searchsorted(grid.xs, right - third, side="right")
    rows = np.clip(np.searchsorted(grid.ys, centre[index], side="right") - 1, 0, len(grid.ys) - 2)
    crossing = a != b
    if not crossing.any():
        return False
    first = np.clip(a[crossing] - 1, 0, len(grid.xs) - 2)
    second = np.clip(b[crossing] - 1, 0, len(grid.xs) - 2)
    return bool((grid.owner[rows[crossing], first] != grid.owner[rows[crossing], second]).any())


def _in_columns(outside: Sequence[Line], grids: Sequence[Grid]) -> bool:
    """Two or more rows of text outside every table are set in three or more columns that line up."""
    if not outside:
        return False
    rows: dict[int, list[float]] = {}
    for line in outside:
        gap_starts = [line.x0]
        at = line.x0
        for char, advance in zip(line.text, line.advances, strict=True):
            if char.isspace() and advance > 2.0 * line.size:
                gap_starts.append(at + advance)
            at += advance
        rows.setdefault(round(line.top), []).extend(gap_starts)
    split = [sorted(starts) for starts in rows.values() if len(starts) >= 3]
    return any(
        sum(abs(a - b) < 3 for a, b in zip(one, other, strict=False)) >= 3
        for i, one in enumerate(split)
        for other in split[i + 1 :]
    )
