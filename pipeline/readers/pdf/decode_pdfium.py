"""The pdfium decoder: a page → :class:`PageArrays`, by way of pdfium's text page and page objects.

It knows nothing of the pdfplumber decoder, reads the same page some ten times faster, and agrees with it on every
glyph's advance and every stroke; like it, it ignores clipping.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.readers.pdf.page import Bools, Floats, Ints, PageArrays
from pipeline.readers.pdf.pdfium_calls import (
    LOCK,
    PdfiumError,
    address,
    ask,
    calls,
    luminance,
    matrices,
    times,
)
from pipeline.readers.pdf.pdfium_text import read_glyphs

_TEXT, _PATH, _IMAGE, _FORM = 1, 2, 3, 5
_CURVE, _MOVE = 1, 2
_THIN = 3.0
"""Filled shapes up to this many points across are rulings (as in :class:`PageBuilder`)."""
_SLANT = 0.02
"""Strokes count as straight up to this share of their length, or half a point (as in :class:`PageBuilder`)."""
_ROTATIONS = ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))
"""By the quarter turns clockwise of /Rotate: a b c d of the matrix that turns the page."""


class PdfiumDocument:
    """An open document: ``page_count`` and ``read(number)``; pages are decoded one by one and never kept."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self.page_count = int(calls().raw.FPDF_GetPageCount(handle))

    def read(self, number: int) -> PageArrays:
        """Decode page ``number`` (from 1). Raises PdfiumError when pdfium cannot load it."""
        raw = calls().raw
        with LOCK:
            page = raw.FPDF_LoadPage(self._handle, number - 1)
            if not page:
                raise PdfiumError(raw.FPDF_GetLastError())
            try:
                return _read(page, number)
            finally:
                raw.FPDF_ClosePage(page)


@contextmanager
def open_pdfium(path: Path, password: str = "") -> Iterator[PdfiumDocument]:
    """Open ``path`` with pdfium; the file is closed on leaving.

    Raises PdfiumError for a broken or encrypted file; ``readers.pdf`` turns that into a sentence.
    """
    with LOCK:
        raw = calls().raw
        handle = raw.FPDF_LoadDocument(str(path).encode() + b"\0", password.encode() + b"\0")
        if not handle:
            raise PdfiumError(raw.FPDF_GetLastError())
    try:
        yield PdfiumDocument(handle)
    finally:
        with LOCK:
            raw.FPDF_CloseDocument(handle)


@dataclass
class _Found:
    """What a page holds: text objects in the order in which they are painted, and rows of :class:`PageArrays`
    (``rulings`` with their luminance in a sixth column)."""

    texts: list[int] = field(default_factory=list)
    rulings: list[Floats] = field(default_factory=lambda: [np.empty((0, 6))])
    fills: list[Floats] = field(default_factory=lambda: [np.empty((0, 5))])
    images: list[Floats] = field(default_factory=lambda: [np.empty((0, 4))])

    def areas(self, boxes: Floats, light: Floats) -> None:
        """Filled shapes by their bounding boxes: rulings where they are thin (dots of either direction), else fills."""
        x0, top, x1, bottom = boxes.T
        wide, high, x, y = x1 - x0, bottom - top, (x0 + x1) / 2, (top + bottom) / 2
        level, upright = high <= _THIN, wide <= _THIN
        self.rulings.append(np.column_stack([x0, y, x1, y, high, light])[level])
        self.rulings.append(np.column_stack([x, top, x, bottom, wide, light])[upright])
        self.fills.append(np.column_stack([boxes, light])[~level & ~upright])

    def strokes(self, ax: Floats, ay: Floats, bx: Floats, by: Floats, width: Floats, light: Floats) -> None:
        """Straight strokes from a to b; those neither level nor upright are left out."""
        dx, dy, x, y = np.abs(ax - bx), np.abs(ay - by), (ax + bx) / 2, (ay + by) / 2
        level = (dy <= np.maximum(_SLANT * dx, 0.5)) & (dx >= dy)
        upright = ~level & (dx <= np.maximum(_SLANT * dy, 0.5))
        left, right, top, bottom = (
            np.minimum(ax, bx),
            np.maximum(ax, bx),
            np.minimum(ay, by),
            np.maximum(ay, by),
        )
        self.rulings.append(np.column_stack([left, y, right, y, width, light])[level])
        self.rulings.append(np.column_stack([x, top, x, bottom, width, light])[upright])


def _read(page: Any, number: int) -> PageArrays:
    raw = calls().raw
    box = raw.FS_RECTF()
    if not raw.FPDF_GetPageBoundingBox(page, box):  # the crop box, as far as the media box reaches
        raise PdfiumError(raw.FPDF_ERR_PAGE)
    a, b, c, d = _ROTATIONS[raw.FPDFPage_GetRotation(page) % 4]
    corners = [(a * x + c * y, b * x + d * y) for x in (box.left, box.right) for y in (box.bottom, box.top)]
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    low, high = min(y for _, y in corners), max(y for _, y in corners)
    to_display = np.array([[a, -b, c, -d, -left, high]], dtype=np.float64)
    found, handle, pdfium = _Found(), address(page), calls()
    _walk(
        list(map(pdfium.page_object, repeat(handle), range(pdfium.page_objects(handle)))), to_display, found
    )
    rulings = np.concatenate(found.rulings)
    return PageArrays(
        number=number,
        width=right - left,
        height=high - low,
        rulings=rulings[:, :5],
        ruling_light=rulings[:, 5],
        fills=np.concatenate(found.fills),
        images=np.concatenate(found.images),
        **read_glyphs(page, found.texts, to_display),
    )


def _walk(objects: list[int], outer: Floats, found: _Found) -> None:
    """Add page objects and what form XObjects among them hold; ``outer`` (1, 6) leads from their space to the
    displayed page."""
    pdfium = calls()
    kinds = np.fromiter(map(pdfium.kind, objects), dtype=np.int64, count=len(objects))
    _add_images([objects[i] for i in np.flatnonzero(kinds == _IMAGE).tolist()], outer, found)
    _add_paths([objects[i] for i in np.flatnonzero(kinds == _PATH).tolist()], outer, found)
    for i in np.flatnonzero((kinds == _TEXT) | (kinds == _FORM)).tolist():
        item = objects[i]
        if kinds[i] == _TEXT:
            found.texts.append(item)
        else:
            inside = list(map(pdfium.form_object, repeat(item), range(pdfium.form_objects(item))))
            _walk(inside, times(matrices([item]), outer), found)


def _boxes(bounds: Floats, full: Floats) -> Floats:
    """Boxes (left, bottom, right, top) under (n, 6) matrices: x0, top, x1, bottom of what encloses them."""
    a, b, c, d, e, f = full.T
    corners = [(x, y) for x in bounds.T[[0, 2]] for y in bounds.T[[1, 3]]]
    xs, ys = [a * x + c * y + e for x, y in corners], [b * x + d * y + f for x, y in corners]
    return np.column_stack([np.min(xs, axis=0), np.min(ys, axis=0), np.max(xs, axis=0), np.max(ys, axis=0)])


def _add_images(images: list[int], outer: Floats, found: _Found) -> None:
    """A picture is the unit square under its matrix. Thin ones are rulings."""
    if not images:
        return
    boxes = _boxes(np.tile([0.0, 0.0, 1.0, 1.0], (len(images), 1)), times(matrices(images), outer))
    thin = np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) <= _THIN
    found.areas(boxes[thin], np.zeros(int(thin.sum())))
    found.images.append(boxes[~thin])


def _add_paths(paths: list[int], outer: Floats, found: _Found) -> None:
    """The strokes and fills of painted paths, subpath by subpath."""
    if not paths:
        return
    pdfium, n = calls(), len(paths)
    modes, _ = ask(pdfium.draw_mode, [paths], n, 2, np.int32, apart=True)
    fill, stroke = modes[:, 0] != 0, modes[:, 1] != 0
    counts = np.fromiter(map(pdfium.segments, paths), dtype=np.int64, count=n)
    own = matrices(paths)
    turned, level = np.abs(own[:, 1:3]).max(axis=1), np.abs(own[:, [0, 3]]).max(axis=1)
    square = np.minimum(turned, level) <= 1e-6 * np.maximum(turned, level)
    # A filled rectangle, by far the most common shape, is told by pdfium's bounding box.
    plain = fill & ~stroke & (counts > 1) & (counts <= 5) & square
    chosen = [paths[i] for i in np.flatnonzero(plain).tolist()]
    bounds, _ = ask(pdfium.bounds, [chosen], len(chosen), 4, np.float32, apart=True)
    light = luminance(*ask(pdfium.fill_color, [chosen], len(chosen), 4, np.uint32, apart=True))
    found.areas(_boxes(bounds.astype(np.float64), outer), light)
    other = np.flatnonzero(~plain & (fill | stroke) & (counts > 1))
    if len(other):
        chosen = [paths[i] for i in other.tolist()]
        _add_drawn(chosen, counts[other], fill[other], stroke[other], times(own[other], outer), found)


def _add_drawn(
    paths: list[int], counts: Ints, fill: Bools, stroke: Bools, full: Floats, found: _Found
) -> None:
    """Paths by their points, all at once; ``full`` (n, 6) leads from each one's space to the displayed page."""
    pdfium, n = calls(), len(paths)
    handles: list[int] = []
    for path, count in zip(paths, counts.tolist(), strict=True):
        handles.extend(map(pdfium.segment, repeat(path), range(count)))
    points, _ = ask(pdfium.point, [handles], len(handles), 2, np.float32, apart=True)
    kinds = np.fromiter(map(pdfium.point_kind, handles), dtype=np.int64, count=len(handles))
    a, b, c, d, e, f = np.repeat(full, counts, axis=0).T
    x, y = points.astype(np.float64).T
    x, y = a * x + c * y + e, b * x + d * y + f

    begins = kinds == _MOVE
    begins[np.cumsum(counts) - counts] = True
    first = np.flatnonzero(begins)  # of each subpath
    last = np.append(first[1:], len(handles)) - 1
    path_of = np.repeat(np.arange(n), counts)[first]
    if stroke.any():
        light = luminance(*ask(pdfium.stroke_color, [paths], n, 4, np.uint32, apart=True))
        width, _ = ask(pdfium.stroke_width, [paths], n, 1, np.float32, apart=False)
        widths = width[:, 0] * np.sqrt(np.abs(full[:, 0] * full[:, 3] - full[:, 1] * full[:, 2]))
        curved = np.logical_or.reduceat(kinds == _CURVE, first)
        to = np.flatnonzero(~begins)  # pdfium closes a subpath with a point where it began
        subpath = (np.cumsum(begins) - 1)[to]
        moved = (x[to] != x[to - 1]) | (y[to] != y[to - 1])
        drawn = stroke[path_of[subpath]] & ~curved[subpath] & moved
        q, owner = to[drawn], path_of[subpath[drawn]]
        found.strokes(x[q - 1], y[q - 1], x[q], y[q], widths[owner], light[owner])
    filled = fill[path_of] & (last > first)
    if filled.any():
        light = luminance(*ask(pdfium.fill_color, [paths], n, 4, np.uint32, apart=True))
        boxes = np.column_stack(
            [fold.reduceat(side, first) for fold in (np.minimum, np.maximum) for side in (x, y)]
        )
        found.areas(boxes[filled], light[path_of[filled]])
