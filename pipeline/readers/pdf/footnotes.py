"""Footnote marks in cells: small raised numbers or signs, and the note of the page that begins with each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.model import Line
from pipeline.readers.pdf.lines import lines_of
from pipeline.readers.pdf.page import Ints, PageArrays
from pipeline.vocabulary.headings import begins_note

_SMALL = 0.8
"""Share of the size beside it that a mark has at most, by the data contract."""
_RAISED = 0.15
"""Share of the size beside it by which a mark stands higher, at least."""
_MARK = re.compile(r"[0-9]{1,2}|[\u2460-\u2473]|[*＊]{1,3}|[†‡]")
_UNIT = re.compile(r"(?<![A-Za-z])[A-Za-z]{1,2}$")
"""A number behind a unit is a power (m²), not a mark."""


@dataclass(frozen=True)
class FootnoteMark:
    """A mark: its ``glyphs`` of the page, its ``text``, its box and the ``note`` that it stands for (None: this page has
    none)."""

    glyphs: Ints
    text: str
    box: tuple[float, float, float, float]
    note: Line | None


def footnote_marks(page: PageArrays, cells: Sequence[Sequence[Ints]], free: Ints) -> list[FootnoteMark]:
    """What may be marks among the glyphs of ``cells`` (per grid, per cell), each with the line of the glyphs outside,
    ``free``, that begins with it.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     page = pdf.decode(1)
    >>> footnote_marks(page, [[np.arange(40)]], np.arange(0))
    []
    """
    found: list[FootnoteMark] = []
    notes: list[Line] | None = None
    for glyphs in (group for grid in cells for group in grid):
        for mark in _raised(page, glyphs):
            text = "".join(page.texts[i] for i in mark.tolist()).strip()
            if not _MARK.fullmatch(text):
                continue
            if notes is None:
                notes = lines_of(page, free)
            bottom = float(page.boxes[mark, 3].max())
            note = next((line for line in notes if line.top > bottom and begins_note(line.text, text)), None)
            least, most = page.boxes[mark].min(axis=0).tolist(), page.boxes[mark].max(axis=0).tolist()
            found.append(FootnoteMark(mark, text, (*least[:2], *most[2:]), note))
    return found


def _raised(page: PageArrays, glyphs: Ints) -> list[Ints]:
    """Runs of small glyphs, each raised against the larger one in front of it or, where it begins a line, behind it; or
    alone on its line: the line before was full."""
    if len(glyphs) < 2:
        return []
    boxes, sizes = page.boxes[glyphs], page.sizes[glyphs]
    near = np.minimum(sizes[1:], sizes[:-1])
    joined = np.abs(np.diff(sizes)) < 0.1
    joined &= np.abs(np.diff(boxes[:, 3])) < 0.1 * near
    joined &= np.abs(boxes[1:, 0] - boxes[:-1, 2]) < 0.3 * near
    ends = np.append(np.flatnonzero(~joined) + 1, len(glyphs))
    starts = np.append(0, ends[:-1])

    def raised(start: int, end: int) -> bool:
        """Whether the run is a mark by its place among its neighbours."""
        size, bottom = sizes[start], boxes[start, 3]

        def beside(other: int, gap: float) -> bool:
            high = bottom > boxes[other, 1] and boxes[other, 3] > boxes[start, 1]
            return bool(high and abs(gap) < 0.5 * sizes[other])

        def against(other: int) -> bool:
            return bool(size <= _SMALL * sizes[other] and bottom < boxes[other, 3] - _RAISED * sizes[other])

        if start and beside(start - 1, boxes[start, 0] - boxes[start - 1, 2]):
            unit = _UNIT.search("".join(page.texts[i] for i in glyphs[max(0, start - 3) : start].tolist()))
            return against(start - 1) and not (unit and page.texts[glyphs[start]].isdecimal())
        if end < len(glyphs) and beside(end, boxes[end, 0] - boxes[end - 1, 2]):
            return against(end)
        below = start and boxes[start, 1] > boxes[start - 1, 3] - _RAISED * sizes[start - 1]
        return bool(
            below and size <= _SMALL * sizes[start - 1] and boxes[start, 1] - boxes[start - 1, 3] < size
        )

    smaller = np.zeros(len(starts), bool)
    smaller[1:] = sizes[starts[1:]] <= _SMALL * sizes[starts[1:] - 1]
    smaller[:-1] |= sizes[starts[:-1]] <= _SMALL * sizes[ends[:-1]]
    smaller &= page.angles[glyphs[starts]] == 0
    runs = ((int(starts[i]), int(ends[i])) for i in np.flatnonzero(smaller))
    return [glyphs[start:end] for start, end in runs if raised(start, end)]
