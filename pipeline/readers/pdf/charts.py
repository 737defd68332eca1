"""Charts are not tables: their grid lines carry a scale, numbers that stand outside, each at the end of a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.readers.pdf.page import Bools, Floats, PageArrays

if TYPE_CHECKING:
    from pipeline.readers.pdf.grid import Grid

_BESIDE = 40.0
"""Points off the grid within which its scale stands."""
_LEAST = 4
"""Numbers that make a scale."""
_SHARE = 0.8
"""Share of what stands there that must be a scale's numbers."""
_CENTRED = 2.5
"""Points by which a number may stand off the line that it is for."""


def without_charts(page: PageArrays, grids: Sequence[Grid]) -> list[Grid]:
    """The grids that are no charts, nor drawn within the frame of one (legends).

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     one = read_page(pdf, 1)
    >>> len(without_charts(one.page, one.found.grids))
    1
    """
    charts = [np.array(grid.bbox) for grid in grids if _has_scale(page, grid)]
    if not charts:
        return list(grids)
    frames = [np.array(grid.bbox) for grid in grids if len(grid.cells) == 1]
    areas = charts + [frame for frame in frames if any(_within(chart, frame) for chart in charts)]
    return [grid for grid in grids if not any(_within(np.array(grid.bbox), area) for area in areas)]


def _within(box: Floats, area: Floats) -> bool:
    return bool(((box - area) * np.array([1.0, 1.0, -1.0, -1.0]) >= -1).all())


def _has_scale(page: PageArrays, grid: Grid) -> bool:
    """Whether numbers stand at the ends of the grid's lines, below it or to its left."""
    x0, top, x1, bottom = grid.bbox
    x, y = page.centres
    below = (y > bottom) & (y < bottom + _BESIDE) & (x > x0 - _BESIDE) & (x < x1 + _BESIDE)
    left = (x < x0) & (x > x0 - _BESIDE) & (y > top - _BESIDE / 2) & (y < bottom + _BESIDE / 2)
    return (len(grid.xs) >= _LEAST and _is_scale(page, below, grid.xs, 0)) or (
        len(grid.ys) >= _LEAST and _is_scale(page, left, grid.ys, 1)
    )


def _is_scale(page: PageArrays, where: Bools, lines: Sequence[float], along: int) -> bool:
    """Whether the words ``where`` on the first row below (0) or beside (1) the grid are numbers centred on its ``lines``."""
    index = np.array([i for i in np.flatnonzero(where).tolist() if page.texts[i].strip()], dtype=np.int64)
    if len(index) < _LEAST:
        return False
    boxes, sizes = page.boxes[index], page.sizes[index]
    if along == 0:  # the first row only: a title or a legend may follow
        row = boxes[:, 1] < boxes[:, 1].min() + 0.5 * sizes.max()
        index, boxes, sizes = index[row], boxes[row], sizes[row]
    order = np.argsort(boxes[:, along], kind="stable")
    index, boxes = index[order], boxes[order]
    gap = 0.5 * float(np.median(sizes)) if along == 0 else 0.0
    ends = np.maximum.accumulate(boxes[:, along + 2])
    words = np.split(np.arange(len(index)), np.flatnonzero(boxes[1:, along] > ends[:-1] + gap) + 1)
    centres = np.array([(boxes[word, along].min() + boxes[word, along + 2].max()) / 2 for word in words])
    numbers = [any(page.texts[i].isdigit() for i in index[word].tolist()) for word in words]
    fits = (np.abs(centres[:, None] - np.array(lines)) <= _CENTRED).any(axis=1) & np.array(numbers)
    return bool(fits.sum() >= max(_LEAST, _SHARE * len(words)))
