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
"""Share of the size beside it that a mark has at most."""
_RAISED = 0.15
"""Share of the size beside it by which a mark stands higher, at least."""
_MARK = re.compile(r"[0-9]{1,2}|[\u2460-\u2473]|[*＊]{1,3}|[†‡]")
_UNIT = re.compile(r"[A-Za-z]")
"""A number beside a Latin letter is a power (m²), not a mark."""


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
    """Runs of small raised glyphs, each right behind a larger one that it is raised against."""
    if len(glyphs) < 2:
        return []
    boxes, sizes = page.boxes[glyphs], page.sizes[glyphs]
    small = sizes[1:] <= _SMALL * sizes[:-1]
    small &= boxes[1:, 3] < boxes[:-1, 3] - _RAISED * sizes[:-1]
    small &= np.abs(boxes[1:, 0] - boxes[:-1, 2]) < 0.5 * sizes[:-1]
    small &= (boxes[1:, 3] > boxes[:-1, 1]) & (page.angles[glyphs[1:]] == 0)
    out = []
    for i in (np.flatnonzero(small) + 1).tolist():
        end = i + 1
        while (
            end < len(glyphs)
            and abs(sizes[end] - sizes[i]) < 0.1
            and abs(boxes[end, 3] - boxes[i, 3]) < 0.1 * sizes[i]
            and abs(boxes[end, 0] - boxes[end - 1, 2]) < 0.3 * sizes[i]
        ):
            end += 1
        power = page.texts[glyphs[i]].isdigit() and _UNIT.fullmatch(page.texts[glyphs[i - 1]])
        if not power:
            out.append(glyphs[i:end])
    return out
