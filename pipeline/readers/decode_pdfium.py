"""The pdfium decoder: a page → :class:`PageArrays`, by way of pdfium's text page and page objects.

It knows nothing of the pdfplumber decoder, reads the same page some ten times faster, and agrees with it on every
glyph's advance and every stroke; like it, it ignores clipping.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.readers.page import Bools, Floats, Ints, PageArrays, PageBuilder
from pipeline.readers.pdfium_calls import LOCK, PdfiumError, address, ask, calls, luminance, matrices, times
from pipeline.readers.pdfium_text import read_glyphs

_TEXT, _PATH, _IMAGE, _FORM = 1, 2, 3, 5
_MOVE, _CURVE = 2, 1
_THIN = 3.0
_SLANT = 0.02
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
    builder = PageBuilder(number, right - left, high - low)
    texts: list[int] = []
    handle, pdfium = address(page), calls()
    objects = list(map(pdfium.page_object, repeat(handle), range(pdfium.page_objects(handle))))
    _walk(objects, to_display, builder, texts)
    return replace(builder.build(), **read_glyphs(page, texts, to_display))


def _walk(objects: list[int], outer: Floats, builder: PageBuilder, texts: list[int]) -> None:
    """Add the shapes among ``objects`` to the builder, the text objects to ``texts``, form XObjects' content too.

    ``outer`` (1, 6) leads from the objects' space to the displayed page.
    """
    pdfium = calls()
    kinds = np.fromiter(map(pdfium.kind, objects), dtype=np.int64, count=len(objects))
    _add_images([objects[i] for i in np.flatnonzero(kinds == _IMAGE).tolist()], outer, builder)
    _add_paths([objects[i] for i in np.flatnonzero(kinds == _PATH).tolist()], outer, builder)
    for i in np.flatnonzero((kinds == _TEXT) | (kinds == _FORM)).tolist():
        item = objects[i]
        if kinds[i] == _TEXT:
            texts.append(item)
        else:
            inside = list(map(pdfium.form_object, repeat(item), range(pdfium.form_objects(item))))
            _walk(inside, times(matrices([item]), outer), builder, texts)


def _boxes(bounds: Floats, full: Floats) -> list[tuple[float, float, float, float]]:
    """Boxes (left, bottom, right, top) under (n, 6) matrices, as x0, top, x1, bottom of what encloses them."""
    a, b, c, d, e, f = full.T
    corners_x = [a * x + c * y + e for x in bounds.T[[0, 2]] for y in bounds.T[[1, 3]]]
    corners_y = [b * x + d * y + f for x in bounds.T[[0, 2]] for y in bounds.T[[1, 3]]]
    sides = (
        np.min(corners_x, axis=0),
        np.min(corners_y, axis=0),
        np.max(corners_x, axis=0),
        np.max(corners_y, axis=0),
    )
    return list(zip(*(side.tolist() for side in sides), strict=True))


def _add_images(images: list[int], outer: Floats, builder: PageBuilder) -> None:
    """A picture is the unit square under its matrix. Thin ones are rulings."""
    if not images:
        return
    full = times(matrices(images), outer)
    for box in _boxes(np.tile([0.0, 0.0, 1.0, 1.0], (len(images), 1)), full):
        if min(box[2] - box[0], box[3] - box[1]) <= _THIN:
            builder.area(box, 0.0)
        else:
            builder.image_rows.append(box)


def _add_paths(paths: list[int], outer: Floats, builder: PageBuilder) -> None:
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
    light = luminance(*ask(pdfium.fill_color, [chosen], len(chosen), 4, np.uint32, apart=True))
    bounds, _ = ask(pdfium.bounds, [chosen], len(chosen), 4, np.float32, apart=True)
    for box, shade in zip(_boxes(bounds.astype(np.float64), outer), light.tolist(), strict=True):
        builder.area(box, shade)
    other = np.flatnonzero(~plain & (fill | stroke) & (counts > 1))
    if len(other):
        chosen = [paths[i] for i in other.tolist()]
        _add_drawn(chosen, counts[other], fill[other], stroke[other], times(own[other], outer), builder)


def _add_drawn(
    paths: list[int], counts: Ints, fill: Bools, stroke: Bools, full: Floats, builder: PageBuilder
) -> None:
    """Paths by their points, all at once; ``full`` (n, 6) leads from each one's space to the displayed page."""
    pdfium, n = calls(), len(paths)
    fill_light = luminance(*ask(pdfium.fill_color, [paths], n, 4, np.uint32, apart=True))
    stroke_light = luminance(*ask(pdfium.stroke_color, [paths], n, 4, np.uint32, apart=True))
    width, _ = ask(pdfium.stroke_width, [paths], n, 1, np.float32, apart=False)
    widths = width[:, 0] * np.sqrt(np.abs(full[:, 0] * full[:, 3] - full[:, 1] * full[:, 2]))
    handles: list[int] = []
    for path, count in zip(paths, counts.tolist(), strict=True):
        handles.extend(map(pdfium.segment, repeat(path), range(count)))
    total = len(handles)
    own, _ = ask(pdfium.point, [handles], total, 2, np.float32, apart=True)
    kinds = np.fromiter(map(pdfium.point_kind, handles), dtype=np.int64, count=total)
    closes = np.fromiter(map(pdfium.closes, handles), dtype=bool, count=total)
    a, b, c, d, e, f = np.repeat(full, counts, axis=0).T
    x, y = own.astype(np.float64).T
    x, y = a * x + c * y + e, b * x + d * y + f

    begins = kinds == _MOVE
    begins[np.cumsum(counts) - counts] = True
    first = np.flatnonzero(begins)  # of each subpath
    last = np.append(first[1:], total) - 1
    path_of = np.repeat(np.arange(n), counts)[first]
    closed = np.logical_or.reduceat(closes, first)
    curved = np.logical_or.reduceat(kinds == _CURVE, first)

    to = np.flatnonzero(~begins)
    p, q = np.append(to - 1, last[closed]), np.append(to, first[closed])
    subpath = (np.cumsum(begins) - 1)[q]
    drawn = stroke[path_of[subpath]] & ~curved[subpath] & ((x[p] != x[q]) | (y[p] != y[q]))
    p, q, owner = p[drawn], q[drawn], path_of[subpath[drawn]]
    _add_strokes(x[p], y[p], x[q], y[q], widths[owner], stroke_light[owner], builder)

    boxes = [fold.reduceat(side, first) for fold in (np.minimum, np.maximum) for side in (x, y)]
    filled = fill[path_of] & (last > first)
    for box, light in zip(
        np.column_stack(boxes)[filled].tolist(), fill_light[path_of[filled]].tolist(), strict=True
    ):
        builder.area((box[0], box[1], box[2], box[3]), light)


def _add_strokes(
    ax: Floats, ay: Floats, bx: Floats, by: Floats, width: Floats, light: Floats, builder: PageBuilder
) -> None:
    """What :meth:`PageBuilder.segment` does with one stroke, for many (a dotted line may be made of thousands)."""
    dx, dy = np.abs(ax - bx), np.abs(ay - by)
    level = (dy <= np.maximum(_SLANT * dx, 0.5)) & (dx >= dy)
    upright = ~level & (dx <= np.maximum(_SLANT * dy, 0.5))
    middle_x, middle_y = (ax + bx) / 2, (ay + by) / 2
    rows = np.column_stack(
        [
            np.where(level, np.minimum(ax, bx), middle_x),
            np.where(level, middle_y, np.minimum(ay, by)),
            np.where(level, np.maximum(ax, bx), middle_x),
            np.where(level, middle_y, np.maximum(ay, by)),
            width,
            light,
        ]
    )
    builder.ruling_rows += map(tuple, rows[level | upright].tolist())
