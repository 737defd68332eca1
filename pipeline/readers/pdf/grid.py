"""The grid finder: ruling lines → tables and cells with their true spans. Pure functions over numpy arrays.

The chain, every stage kept so that it can be drawn:
rulings → ``Rails`` (snapped and joined) → connected groups → lattice of elementary cells → cells (elementary cells
between which no border is drawn are one). A border counts as drawn when rulings cover at least half of it.

The idea of naming each stage by what it turns into what is pdfplumber's; building cells by *uniting* lattice cells
that no border parts, rather than by looking for four corners, is what yields true row and column spans, also where
a corner or part of a border is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.readers.pdf.cells import Grid, GridCell, lattice, unite
from pipeline.readers.pdf.edge_groups import groups, side_by_side
from pipeline.readers.pdf.edges import GridSettings, Rail, rails
from pipeline.readers.pdf.page import PageArrays

__all__ = ["Found", "Grid", "GridCell", "GridSettings", "Rail", "find_grids", "unite"]


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
    for h_group, v_group in side_by_side(page, horizontal, vertical, found, settings):
        grid = lattice([horizontal[i] for i in h_group], [vertical[i] for i in v_group], settings)
        if grid is not None:
            grids.append(grid)
    grids = _without_frames(grids)
    grids.sort(key=lambda grid: (round(grid.ys[0]), grid.xs[0]))
    return Found(tuple(grids), tuple(horizontal), tuple(vertical))


def _without_frames(grids: list[Grid]) -> list[Grid]:
    """Leave out one-cell grids that surround others (page frames) and grids lost inside another one's cell."""
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
