"""Scanned pages → staged cells: straightened, grid from the rulings seen, lines recognised, glyphs with boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.errors import XizeError
from pipeline.readers.ocr.engine import Recognised, recognise
from pipeline.readers.ocr.layout import (
    Ruled,
    TextBox,
    find_rulings,
    lines_in,
    parts_of_line,
    usual_height,
    without_specks,
)
from pipeline.readers.ocr.picture import RULING, STROKE, Grey, Picture, dark_of, page_picture
from pipeline.readers.pdf.edges import GridSettings
from pipeline.readers.pdf.grid import Grid, find_grids
from pipeline.readers.pdf.page import NO_CLIP, REPLACEMENT, PageArrays
from pipeline.readers.pdf.pdfium_calls import LOCK
from pipeline.readers.pdf.read import ReadPage, read_arrays
from pipeline.reading import RECOGNISED, Reading, to_reading
from pipeline.text import is_cjk

_INSIDE = 2
"""Pixels off a border where a cell's text begins."""


def read_scans(path: Path, numbers: Sequence[int], password: str = "") -> Reading:
    """Recognise some pages (from 1) of a PDF in this process. Raises XizeError as ``open_pdf`` and ``page_picture`` do."""
    import pypdfium2 as pdfium

    with LOCK:
        try:
            document = pdfium.PdfDocument(path, password=password or None)
        except pdfium.PdfiumError as error:
            raise XizeError(f"{path.name}：PDF结构已损坏，无法识别；请重新取得该文件。") from error
        with document:
            pictures = [(number, page_picture(document, number, path.name)) for number in numbers]
    pages = [read_picture(picture, number) for number, picture in pictures]
    cells = [cell for page, _ in pages for cell in page.cells]
    scores = [one for _, found in pages for one in found]
    blocks = [block for page, _ in pages for block in page.blocks]
    return to_reading(cells, blocks, [page.info for page, _ in pages], scores)


def read_picture(picture: Picture, number: int) -> tuple[ReadPage, list[list[float]]]:
    """A page's cells and lines outside, and per cell the certainty of each of its lines."""
    dpi = picture.scale * 72
    ruled = find_rulings(picture.ink, dark_of(picture.grey, RULING), dpi)
    usual = usual_height(ruled.text, dpi)
    ruled = replace(ruled, text=without_specks(ruled.text, usual))
    empty = _arrays(picture, number, [], [], ruled)
    found = find_grids(empty, GridSettings(snap=max(GridSettings().snap, 0.35 * usual / picture.scale)))
    boxes = _text_boxes(picture, ruled, found.grids, usual)
    texts = recognise(picture.grey, boxes)
    # Where something is printed that was not recognised at all, a stand-in says so.
    texts = [one if one.text.strip() else Recognised(REPLACEMENT, 0.0) for one in texts]
    grids = tuple(grid for grid in found.grids if _holds_text(grid, boxes, picture.scale))
    arrays = _arrays(picture, number, boxes, texts, ruled)
    read = read_arrays(arrays, RECOGNISED, lambda page: replace(found, grids=grids))
    scores = _scores(read, boxes, texts, picture.scale)
    cells = tuple(
        replace(cell, confidence=trust(min(lines))) if lines else cell
        for cell, lines in zip(read.cells, scores, strict=True)
    )
    return replace(read, cells=cells), scores


_CURVE = (
    (0.0, 0.43, 0.56, 0.65, 0.75, 0.86, 0.93, 0.97, 0.99, 1.0),
    (0.02, 0.08, 0.2, 0.4, 0.63, 0.78, 0.925, 0.96, 0.99, 0.999),
)
"""Certainty of a cell's least sure character → share of such cells that are right (the table in docs/reading.md)."""


def trust(score: float) -> float:
    """The confidence of a recognised cell: how often one with such a certainty is right."""
    return float(np.interp(score, *_CURVE))


def _text_boxes(picture: Picture, ruled: Ruled, grids: Sequence[Grid], usual: float) -> list[TextBox]:
    """The lines of text of every cell, and those outside the grids."""
    scale = picture.scale
    out: list[TextBox] = []
    dark = dark_of(picture.grey, STROKE)
    free = ruled.text.copy()
    for grid in grids:
        for cell in grid.cells:
            x0, top, x1, bottom = (round(v * scale) for v in (cell.x0, cell.top, cell.x1, cell.bottom))
            inner = TextBox(x0 + _INSIDE, top + _INSIDE, x1 - _INSIDE, bottom - _INSIDE)
            if inner.x0 < inner.x1 and inner.top < inner.bottom:
                out += (_widened(line, inner, dark, usual) for line in lines_in(ruled.text, inner, usual))
        x0, top, x1, bottom = (round(v * scale) for v in grid.bbox)
        free[max(0, top - 3) : bottom + 3, max(0, x0 - 3) : x1 + 3] = 0
    high, wide = free.shape
    for line in lines_in(free, TextBox(0, 0, wide, high), usual):
        out += [part for part in parts_of_line(free, line, usual) if part.x1 - part.x0 > 0.2 * usual]
    return out


def _widened(line: TextBox, cell: TextBox, dark: Grey, usual: float) -> TextBox:
    """The line with a thin stroke beside it, and with a little room round it."""
    near, room = round(1.3 * usual), max(1, round(0.08 * usual))
    top, bottom = max(cell.top, line.top - room), min(cell.bottom, line.bottom + room)
    left, right = max(cell.x0 + _INSIDE, line.x0 - near), min(cell.x1 - _INSIDE, line.x1 + near)
    columns = left + np.flatnonzero(dark[line.top : line.bottom, left:right].any(axis=0))
    x0, x1 = (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (line.x0, line.x1)
    return TextBox(max(cell.x0, min(line.x0, x0) - room), top, min(cell.x1, max(line.x1, x1) + room), bottom)


def _holds_text(grid: Grid, boxes: Sequence[TextBox], scale: float) -> bool:
    """Whether a line of text stands in the grid: the lines of a drawing enclose none."""
    x0, top, x1, bottom = (v * scale for v in grid.bbox)
    return any(x0 <= (b.x0 + b.x1) / 2 <= x1 and top <= (b.top + b.bottom) / 2 <= bottom for b in boxes)


def _arrays(
    picture: Picture, number: int, boxes: Sequence[TextBox], texts: Sequence[Recognised], ruled: Ruled
) -> PageArrays:
    """The page as a decoder would give it: recognised characters with boxes, rulings as seen."""
    chars: list[str] = []
    places: list[tuple[float, float, float, float]] = []
    runs: list[int] = []
    for run, (box, one) in enumerate(zip(boxes, texts, strict=True)):
        shown = one.text.strip()
        widths = [1.0 if is_cjk(char) or ord(char) > 0x2E7F else 0.55 for char in shown]
        at, step = float(box.x0), (box.x1 - box.x0) / sum(widths)
        for char, width in zip(shown, widths, strict=True):
            if not char.isspace():
                chars.append(char)
                places.append((at, box.top, at + width * step, box.bottom))
                runs.append(run)
            at += width * step
    n = len(chars)
    glyphs = np.array(places, dtype=np.float64).reshape(-1, 4) / picture.scale
    rulings = ruled.lines / picture.scale
    return PageArrays(
        number, picture.width, picture.height, tuple(chars), glyphs,
        sizes=np.round(glyphs[:, 3] - glyphs[:, 1], 1) if n else np.empty(0),
        light=np.zeros(n), angles=np.zeros(n, dtype=np.int64), invisible=np.zeros(n, dtype=bool),
        runs=np.array(runs, dtype=np.int64), clips=np.tile(np.array(NO_CLIP), (n, 1)), fonts=("",) * n,
        rulings=rulings, ruling_light=np.zeros(len(rulings)), fills=np.empty((0, 5)),
        images=np.array([[0.0, 0.0, picture.width, picture.height]]),
    )  # fmt: skip


def _scores(
    read: ReadPage, boxes: Sequence[TextBox], texts: Sequence[Recognised], scale: float
) -> list[list[float]]:
    """Per cell and line: the certainty of the least sure recognised line that it is made of."""
    middles = np.array([((b.x0 + b.x1) / 2, (b.top + b.bottom) / 2) for b in boxes]).reshape(-1, 2) / scale
    sure = np.array([one.certainty for one in texts])
    out = []
    for cell in read.cells:
        lines = []
        for line in cell.lines:
            inside = (
                (middles[:, 0] >= line.x0 - 1) & (middles[:, 0] <= line.x1 + 1)
                & (middles[:, 1] >= line.top - 1) & (middles[:, 1] <= line.bottom + 1)
            )  # fmt: skip
            lines.append(float(sure[inside].min()) if inside.any() else 0.0)
        out.append(lines)
    return out
