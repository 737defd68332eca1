"""Tables whose rulings are only pixels: camelot sees the lines in the page's picture, the grid finder makes cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.readers.pdf.camelot import CamelotDocument, usual_size
from pipeline.readers.pdf.cell_text import assign
from pipeline.readers.pdf.edges import GridSettings
from pipeline.readers.pdf.grid import FoundGrids, Grid, find_grids
from pipeline.readers.pdf.page import PageArrays
from pipeline.reading import PageInfo

_PICTURE_SHARE = 0.12
"""A page without tables is looked at in pixels when pictures cover at least this share of it."""

_SNAP = 0.6
_WIDEST_SNAP = 5.2
"""Parallel lines nearer than this share of a letter's height are one; never more than so many points."""


def needs_pixels(info: PageInfo) -> bool:
    """Whether a page has to be read in pixels: text and a picture, but no ruled table among the vector lines.

    True for a scan with a text layer as well as for a page whose table rulings are all part of a picture; stray
    vector rulings (a line under the running head) do not matter.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     needs_pixels(read_page(pdf, 1).info)
    False
    """
    return info.tables == 0 and info.glyphs > 0 and info.pictures >= _PICTURE_SHARE


def _doubts(page: PageArrays, grids: Sequence[Grid]) -> float:
    """How little a page's grids look like tables: no text at all, ragged borders, slivers, letters cut by borders."""
    filled, _ = assign(page, grids)
    if not any(len(cell) for cells in filled for cell in cells):
        return math.inf
    sliver = _SNAP * usual_size(page)
    doubts = 0
    boxes = page.boxes
    for grid, cells in zip(grids, filled, strict=True):
        doubts += grid.ragged
        doubts += int((np.diff(grid.xs) < sliver).sum() + (np.diff(grid.ys) < sliver).sum())
        for cell, members in zip(grid.cells, cells, strict=True):
            width = 0.3 * (boxes[members, 2] - boxes[members, 0])
            height = 0.3 * (boxes[members, 3] - boxes[members, 1])
            cut = (
                (boxes[members, 0] + width < cell.x0)
                | (boxes[members, 2] - width > cell.x1)
                | (boxes[members, 1] + height < cell.top)
                | (boxes[members, 3] - height > cell.bottom)
            )
            doubts += int(cut.sum())
    return doubts


def find_grids_in_pixels(page: PageArrays, document: CamelotDocument) -> FoundGrids:
    """As :func:`find_grids`, but the rulings of the (visible, upright) page come from its picture.

    camelot sees the lines, the project's own grid finder makes cells of them: it bridges gaps, keeps rows open that
    a page break cuts, and leaves out frames. Only tables that hold text count, as the lines of a drawing enclose none.
    Raises XizeError when the page cannot be drawn.

    >>> from pipeline.readers.pdf.camelot import open_camelot
    >>> with open_pdf(Path("rules.pdf")) as pdf, open_camelot(Path("rules.pdf")) as document:
    ...     len(find_grids_in_pixels(pdf.decode(1), document).grids)
    1
    """
    # A doubled or thick line has two edges in pixels, further apart than a drawn line's strokes ever are; but what
    # bridges them also gathers strokes of letters. The first reading that leaves no doubt is taken.
    wide = GridSettings(snap=min(max(_SNAP * usual_size(page), GridSettings().snap), _WIDEST_SNAP))
    best, least = FoundGrids((), (), ()), math.inf
    for broken in (False, True):
        seen = document.lines(page, broken)
        drawn = replace(page, rulings=seen, ruling_light=np.zeros(len(seen)))
        for settings in (GridSettings(), wide):
            found = find_grids(drawn, settings)
            filled, _ = assign(page, found.grids)
            kept = [
                grid for grid, cells in zip(found.grids, filled, strict=True) if any(len(c) for c in cells)
            ]
            doubts = _doubts(page, kept)
            if doubts < least:
                best, least = replace(found, grids=tuple(kept)), doubts
            if least == 0:
                return best
    return best
