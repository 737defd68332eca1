"""The pdfium decoder: a page → :class:`PageArrays`, by way of pdfium's text page and page objects.

It knows nothing of the pdfplumber decoder, reads the same page some ten times faster, and agrees with it on every
glyph's advance and every stroke; both take a clip for the box around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.readers.pdf.page import NO_CLIP, Bools, Floats, Ints, PageArrays, Shapes
from pipeline.readers.pdf.pdfium_calls import LOCK, PdfiumError, address, ask, calls, lights, matrices, times
from pipeline.readers.pdf.pdfium_text import read_glyphs

_TEXT, _PATH, _IMAGE, _FORM = 1, 2, 3, 5
_CURVE, _MOVE = 1, 2
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
                return _decode(page, number)
            finally:
                raw.FPDF_ClosePage(page)


@contextmanager
def open_pdfium(path: Path, password: str = "") -> Iterator[PdfiumDocument]:
    """Open ``path`` with pdfium; the file is closed on leaving.

    Raises PdfiumError for a broken or encrypted file; ``open_pdf`` turns that into a sentence.

    >>> with open_pdfium(Path("rules.pdf")) as document:
    ...     document.read(1).texts[:2]
    ('序', '号')
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


def _decode(page: Any, number: int) -> PageArrays:
    raw, pdfium = calls().raw, calls()
    box = raw.FS_RECTF()
    if not raw.FPDF_GetPageBoundingBox(page, box):  # the crop box, as far as the media box reaches
        raise PdfiumError(raw.FPDF_ERR_PAGE)
    a, b, c, d = _ROTATIONS[raw.FPDFPage_GetRotation(page) % 4]
    corners = [(a * x + c * y, b * x + d * y) for x in (box.left, box.right) for y in (box.bottom, box.top)]
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    low, high = min(y for _, y in corners), max(y for _, y in corners)
    to_display = np.array([[a, -b, c, -d, -left, high]], dtype=np.float64)
    shapes, handle = Shapes(), address(page)
    objects = list(map(pdfium.page_object, repeat(handle), range(pdfium.page_objects(handle))))
    text_objects, clips = _add_objects(objects, to_display, np.array(NO_CLIP), shapes)
    return PageArrays(
        number=number,
        width=right - left,
        height=high - low,
        **shapes.arrays(),
        **read_glyphs(page, text_objects, clips, to_display),
    )


def _add_objects(objects: list[int], outer: Floats, clip: Floats, shapes: Shapes) -> tuple[list[int], Floats]:
    """Add the shapes of page objects and of what form XObjects among them hold; gives all text objects as painted, and
    the boxes (n, 4) in the displayed page that they are clipped to.

    ``outer`` (1, 6) leads from the objects' space to the displayed page, ``clip`` (4,) clips all of them.
    """
    pdfium = calls()
    kinds = np.fromiter(map(pdfium.kind, objects), dtype=np.int64, count=len(objects))
    boxes = _clips(objects, outer, clip)
    where = np.flatnonzero(kinds == _IMAGE)
    if len(where):  # a picture is the unit square under its matrix
        full = times(matrices([objects[i] for i in where.tolist()]), outer)
        shapes.add_pictures(_boxes(np.tile([0.0, 0.0, 1.0, 1.0], (len(where), 1)), full), boxes[where])
    where = np.flatnonzero(kinds == _PATH)
    _add_paths([objects[i] for i in where.tolist()], boxes[where], outer, shapes)
    where = np.flatnonzero((kinds == _TEXT) | (kinds == _FORM))
    clipped, boxes = [objects[i] for i in where.tolist()], boxes[where]
    texts: list[int] = []
    clips: list[Floats] = []
    begin = 0
    for k in np.flatnonzero(kinds[where] == _FORM).tolist():
        form = clipped[k]
        inside = list(map(pdfium.form_object, repeat(form), range(pdfium.form_objects(form))))
        inner, inner_clips = _add_objects(inside, times(matrices([form]), outer), boxes[k], shapes)
        texts += [*clipped[begin:k], *inner]
        clips += [boxes[begin:k], inner_clips]
        begin = k + 1
    return texts + clipped[begin:], np.concatenate([*clips, boxes[begin:]])


def _clips(objects: list[int], outer: Floats, clip: Floats) -> Floats:
    """(n, 4) the boxes around the clip paths of page objects, as far as they lie within ``clip``."""
    pdfium = calls()
    boxes = np.tile(clip, (len(objects), 1))
    handles: list[int] = []
    starts: list[int] = []
    owners: list[int] = []
    paths = list(map(pdfium.clip_path, objects))
    for i, count in enumerate(map(pdfium.clip_paths, paths)):
        for k in range(count):  # -1 where there is none
            owners.append(i)
            starts.append(len(handles))
            segments = range(pdfium.clip_segments(paths[i], k))
            handles.extend(map(pdfium.clip_segment, repeat(paths[i]), repeat(k), segments))
    if handles:
        a, b, c, d, e, f = outer[0]
        x, y = ask(pdfium.point, handles, width=2, kind=np.float32, apart=True).astype(np.float64).T
        points = np.column_stack([a * x + c * y + e, b * x + d * y + f])
        np.maximum.at(boxes[:, :2], owners, np.minimum.reduceat(points, starts))
        np.minimum.at(boxes[:, 2:], owners, np.maximum.reduceat(points, starts))
    return boxes


def _boxes(bounds: Floats, full: Floats) -> Floats:
    """Boxes (left, bottom, right, top) under (n, 6) matrices: x0, top, x1, bottom of what encloses them."""
    a, b, c, d, e, f = full.T
    corners = [(x, y) for x in bounds.T[[0, 2]] for y in bounds.T[[1, 3]]]
    xs, ys = [a * x + c * y + e for x, y in corners], [b * x + d * y + f for x, y in corners]
    return np.column_stack([np.min(xs, axis=0), np.min(ys, axis=0), np.max(xs, axis=0), np.max(ys, axis=0)])


def _add_paths(paths: list[int], clips: Floats, outer: Floats, shapes: Shapes) -> None:
    """Add the strokes and fills of painted paths, subpath by subpath, as far as their ``clips`` (n, 4) show them."""
    if not paths:
        return
    pdfium = calls()
    modes = ask(pdfium.draw_mode, paths, width=2, kind=np.int32, apart=True)
    fill, stroke = modes[:, 0] != 0, modes[:, 1] != 0
    counts = np.fromiter(map(pdfium.segments, paths), dtype=np.int64, count=len(paths))
    own = matrices(paths)
    turned, level = np.abs(own[:, 1:3]).max(axis=1), np.abs(own[:, [0, 3]]).max(axis=1)
    square = np.minimum(turned, level) <= 1e-6 * np.maximum(turned, level)
    # A filled rectangle, by far the most common shape, is told by pdfium's bounding box.
    plain = fill & ~stroke & (counts > 1) & (counts <= 5) & square
    chosen = [paths[i] for i in np.flatnonzero(plain).tolist()]
    bounds = ask(pdfium.bounds, chosen, width=4, kind=np.float32, apart=True).astype(np.float64)
    areas = np.column_stack([_boxes(bounds, outer), lights(pdfium.fill_color, chosen)])
    shapes.add_areas(areas, clips[plain])
    other = np.flatnonzero(~plain & (fill | stroke) & (counts > 1))
    if len(other):
        chosen = [paths[i] for i in other.tolist()]
        points = _Points(chosen, counts[other], times(own[other], outer), clips[other])
        points.add_strokes(stroke[other], shapes)
        points.add_fills(fill[other], shapes)


class _Points:
    """The points of ``paths``, all at once; ``full`` (n, 6) leads from each one's space to the displayed page, ``clips``
    (n, 4) are their clips there."""

    def __init__(self, paths: list[int], counts: Ints, full: Floats, clips: Floats) -> None:
        pdfium = calls()
        self._paths, self._full, self._clips = paths, full, clips
        handles: list[int] = []
        for path, count in zip(paths, counts.tolist(), strict=True):
            handles.extend(map(pdfium.segment, repeat(path), range(count)))
        points = ask(pdfium.point, handles, width=2, kind=np.float32, apart=True)
        self._kinds = np.fromiter(map(pdfium.point_kind, handles), dtype=np.int64, count=len(handles))
        a, b, c, d, e, f = np.repeat(full, counts, axis=0).T
        x, y = points.astype(np.float64).T
        self._x, self._y = a * x + c * y + e, b * x + d * y + f
        self._begins = self._kinds == _MOVE
        self._begins[np.cumsum(counts) - counts] = True
        self._first = np.flatnonzero(self._begins)  # of each subpath
        self._path_of = np.repeat(np.arange(len(paths)), counts)[self._first]

    def add_strokes(self, stroke: Bools, shapes: Shapes) -> None:
        """Add the straight strokes of the paths that ``stroke`` marks."""
        if not stroke.any():
            return
        pdfium, x, y, full = calls(), self._x, self._y, self._full
        light = lights(pdfium.stroke_color, self._paths)
        width = ask(pdfium.stroke_width, self._paths, width=1, kind=np.float32)
        widths = width[:, 0] * np.sqrt(np.abs(full[:, 0] * full[:, 3] - full[:, 1] * full[:, 2]))
        curved = np.logical_or.reduceat(self._kinds == _CURVE, self._first)
        to = np.flatnonzero(~self._begins)  # pdfium closes a subpath with a point where it began
        subpath = (np.cumsum(self._begins) - 1)[to]
        moved = (x[to] != x[to - 1]) | (y[to] != y[to - 1])
        drawn = stroke[self._path_of[subpath]] & ~curved[subpath] & moved
        q, owner = to[drawn], self._path_of[subpath[drawn]]
        strokes = np.column_stack([x[q - 1], y[q - 1], x[q], y[q], widths[owner], light[owner]])
        shapes.add_strokes(strokes, self._clips[owner])

    def add_fills(self, fill: Bools, shapes: Shapes) -> None:
        """Add the subpaths of the paths that ``fill`` marks by their bounding boxes."""
        last = np.append(self._first[1:], len(self._x)) - 1
        filled = fill[self._path_of] & (last > self._first)
        if filled.any():
            light = lights(calls().fill_color, self._paths)[self._path_of]
            sides = [
                fold.reduceat(at, self._first)
                for fold in (np.minimum, np.maximum)
                for at in (self._x, self._y)
            ]
            areas = np.column_stack([*sides, light])[filled]
            shapes.add_areas(areas, self._clips[self._path_of[filled]])
