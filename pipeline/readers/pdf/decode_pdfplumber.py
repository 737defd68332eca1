"""The pdfplumber decoder: a page's content stream → :class:`PageArrays`.

pdfplumber opens the file and finds its pages; the content stream is interpreted by pdfminer.six, on which
pdfplumber rests, with a device of our own. It keeps what pdfplumber's dictionaries lose (the text render mode, the
writing direction) and builds no Python object per glyph, which costs pdfplumber most of its time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pdfplumber
from pdfminer.converter import PDFLayoutAnalyzer
from pdfminer.pdffont import PDFUnicodeNotDefined
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdftypes import dict_value, list_value, resolve1
from pdfminer.psparser import literal_name
from pdfminer.utils import apply_matrix_pt, mult_matrix

from pipeline.readers.pdf.page import INVISIBLE_MODES, NO_CLIP, REPLACEMENT, Floats, PageArrays, Shapes

Matrix = tuple[float, float, float, float, float, float]
Point = tuple[float, float]
Box = tuple[float, float, float, float]


def luminance(color: Any) -> float:
    """Luminance 0 (black) … 1 (white) of a pdfminer colour (grey, RGB or CMYK); patterns count as mid grey.

    >>> luminance(1.0), luminance((0, 0, 0)), luminance(("P0",))
    (1.0, 0.0, 0.5)
    """
    if color is None:
        return 0.0
    parts = color if isinstance(color, (tuple, list)) else (color,)
    if not all(isinstance(part, (int, float)) for part in parts):
        return 0.5
    values = [min(max(float(part), 0.0), 1.0) for part in parts]
    if len(values) == 1:
        return values[0]
    if len(values) == 3:
        return 0.299 * values[0] + 0.587 * values[1] + 0.114 * values[2]
    if len(values) == 4:
        c, m, y, k = values
        return (0.299 * (1 - c) + 0.587 * (1 - m) + 0.114 * (1 - y)) * (1 - k)
    return 0.5


def _light(color: Any, space: Any) -> float:
    """Luminance of a colour in its colour space: of inks (Separation, DeviceN) 1 is the full one, not white."""
    light = luminance(color)
    inks = getattr(space, "name", "") in ("Separation", "DeviceN")
    single = not isinstance(color, (tuple, list)) or len(color) == 1
    return 1.0 - light if inks and single else light


def _angle(matrix: Matrix) -> int:
    """Writing direction of a text matrix in degrees clockwise as seen on the page; -1 when skewed."""
    degrees = math.degrees(math.atan2(-matrix[1], matrix[0])) % 360
    nearest = round(degrees / 90) * 90
    return nearest % 360 if abs(degrees - nearest) < 3 else -1


class _ArrayDevice(PDFLayoutAnalyzer):
    """A pdfminer device that notes glyphs, strokes, fills and pictures, as rows of the arrays that they become.

    ``left`` and ``top`` lie the displayed page's upper left corner in pdfminer's coordinates.
    """

    def __init__(self, manager: PDFResourceManager, left: float, top: float) -> None:
        super().__init__(manager)
        self.texts: list[str] = []
        self.fonts: list[str] = []
        self.glyphs: list[tuple[float, ...]] = []
        self.strokes: list[tuple[float, ...]] = []
        self.areas: list[tuple[float, ...]] = []
        self.pictures: list[tuple[float, ...]] = []
        self._left, self._top = left, top
        self.clip: Box = NO_CLIP
        self.clips: list[Box] = []
        """The clips that q operators have saved."""
        self._outside: list[tuple[Matrix, Box, int]] = []
        self._invisible = False
        self.run = -1
        self._lights: dict[int, tuple[Any, float]] = {}

    def begin_page(self, page: Any, ctm: Matrix) -> None:
        """Nothing to prepare."""

    def end_page(self, page: Any) -> None:
        """Nothing to analyse."""

    def begin_figure(self, name: str, bbox: Any, matrix: Matrix) -> None:
        """Clip to the box of a form XObject; pdfminer leaves its matrix in force afterwards."""
        self._outside.append((self.ctm, self.clip, len(self.clips)))
        x0, y0, x1, y1 = map(float, bbox)
        inner = mult_matrix(matrix, self.ctm)
        self._clip_to([apply_matrix_pt(inner, at) for at in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))])

    def end_figure(self, _: str) -> None:
        """Go back to the matrix and the clip outside of the form XObject."""
        ctm, self.clip, saved = self._outside.pop()
        del self.clips[saved:]
        self.set_ctm(ctm)

    def clip_path(self, path: Sequence[Any]) -> None:
        """From now on nothing is painted outside of the path (taken for the box around it)."""
        corners = [(float(at[-2]), float(at[-1])) for at in path if len(at) > 2]
        self._clip_to([apply_matrix_pt(self.ctm, at) for at in corners])

    def _clip_to(self, points: Sequence[Point]) -> None:
        x0, top, x1, bottom = _bounds([self._flip(point) for point in points]) if points else (0, 0, 0, 0)
        clip = self.clip
        self.clip = max(x0, clip[0]), max(top, clip[1]), min(x1, clip[2]), min(bottom, clip[3])

    def _flip(self, point: Point) -> Point:
        return point[0] - self._left, self._top - point[1]

    def render_image(self, name: str, stream: Any) -> None:
        """A picture: the unit square under the current matrix."""
        flipped = [self._flip(apply_matrix_pt(self.ctm, at)) for at in ((0, 0), (1, 0), (1, 1), (0, 1))]
        self.pictures.append((*_bounds(flipped), *self.clip))

    def render_string(self, textstate: Any, seq: Any, ncs: Any, graphicstate: Any) -> None:
        """Note the render mode before the glyphs of a string come."""
        self._invisible = textstate.render in INVISIBLE_MODES
        super().render_string(textstate, seq, ncs, graphicstate)

    def render_char(self, matrix: Matrix, font: Any, fontsize: float, *state: Any) -> float:
        """Note one glyph. The box follows pdfminer's LTChar: advance wide, font size high, standing on the descent.

        ``state`` is the scaling, the rise, the character's number in the font, the colour space, the graphics state.
        """
        scaling, rise, cid, ncs, graphicstate = state
        try:
            text = font.to_unichr(cid) or REPLACEMENT  # nothing is left of half a character
        except PDFUnicodeNotDefined:
            text = REPLACEMENT
        advance: float = font.char_width(cid) * fontsize * scaling
        if font.is_vertical():
            vx, vy = font.char_disp(cid)
            vx = fontsize * 0.5 if vx is None else vx * fontsize * 0.001
            vy = (1000 - vy) * fontsize * 0.001
            x0, y0, x1, y1 = -vx, vy + rise + advance, -vx + fontsize, vy + rise
        else:
            descent = font.get_descent() * fontsize
            x0, y0, x1, y1 = 0.0, descent + rise, advance, descent + rise + fontsize
        a, b, c, d, e, f = matrix
        px, py = a * x0 + c * y0 + e, b * x0 + d * y0 + f
        qx, qy = a * x1 + c * y1 + e, b * x1 + d * y1 + f
        left, right = (px, qx) if px <= qx else (qx, px)
        low, high = (py, qy) if py <= qy else (qy, py)
        angle = 0 if b == 0 and a > 0 else _angle(matrix)
        size = abs(fontsize) * math.hypot(c, d)
        color = graphicstate.ncolor
        # Colours repeat for thousands of glyphs; the value is kept beside the id so that the id stays taken.
        known = self._lights.get(id(color))
        if known is None:
            known = self._lights[id(color)] = (color, _light(color, ncs))
        self.texts.append(text)
        self.fonts.append(str(font.fontname))
        box = left - self._left, self._top - high, right - self._left, self._top - low
        self.glyphs.append((*box, size, known[1], angle, self._invisible, self.run, *self.clip))
        return advance

    def paint_path(self, gstate: Any, stroke: bool, fill: bool, evenodd: bool, path: Sequence[Any]) -> None:
        """Note the strokes and fills of a painted path, subpath by subpath."""
        width = float(gstate.linewidth or 0.0)  # pdfminer has scaled it by the matrix
        for points, closed, curved in self._subpaths(path):
            if stroke and not curved:
                light = _light(gstate.scolor, gstate.scs)
                ends = [*points[1:], points[0]] if closed else points[1:]
                self.strokes += [
                    (*p, *q, width, light, *self.clip) for p, q in zip(points, ends, strict=False) if p != q
                ]
            if fill and len(points) > 1:
                self.areas.append((*_bounds(points), _light(gstate.ncolor, gstate.ncs), *self.clip))

    def _subpaths(self, path: Sequence[Any]) -> Iterator[tuple[list[Point], bool, bool]]:
        points: list[Point] = []
        closed = curved = False
        for operator, *operands in path:
            if operator == "m":
                if len(points) > 1:
                    yield points, closed, curved
                points, closed, curved = [], False, False
            if operator == "h":
                closed = True
            else:
                curved = curved or operator in "cvy"
                x, y = operands[-2:]
                points.append(self._flip(apply_matrix_pt(self.ctm, (float(x), float(y)))))
        if len(points) > 1:
            yield points, closed, curved


class _Interpreter(PDFPageInterpreter):
    """pdfminer's interpreter, which knows no clipping, with clip paths noted in the device."""

    device: _ArrayDevice

    def do_q(self) -> None:
        """Save the clip too."""
        self.device.clips.append(self.device.clip)
        super().do_q()

    def do_Q(self) -> None:
        """Restore the clip too."""
        if self.gstack:
            self.device.clip = self.device.clips.pop()
        super().do_Q()

    def do_gs(self, name: Any) -> None:
        """Set the font that a graphics state names: pdfminer takes nothing of one."""
        states = dict_value((self.resources or {}).get("ExtGState") or {})
        font = dict_value(states.get(literal_name(name)) or {}).get("Font")
        if font:
            reference, size = list_value(font)
            spec = dict_value(reference)
            self.textstate.font = self.rsrcmgr.get_font(getattr(reference, "objid", None), spec)
            self.textstate.fontsize = float(resolve1(size))

    def do_TJ(self, seq: Any) -> None:
        """Number what is shown."""
        shown = any(isinstance(piece, bytes) and piece for piece in seq)
        self.device.run += shown and self.textstate.font is not None
        super().do_TJ(seq)

    def do_W(self) -> None:
        """Clip to the path under way."""
        self.device.clip_path(self.curpath)

    def do_W_a(self) -> None:
        """Clip to the path under way; the box around it is the same by either rule."""
        self.device.clip_path(self.curpath)


def _bounds(points: Sequence[Point]) -> Box:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)


def _rows(rows: list[tuple[float, ...]], width: int) -> Floats:
    return np.array(rows, dtype=np.float64).reshape(-1, width)


_ROTATIONS: dict[int, tuple[int, int, int, int]] = {
    90: (0, -1, 1, 0),
    180: (-1, 0, 0, -1),
    270: (0, 1, -1, 0),
}


class PdfplumberDocument:
    """An open document: ``page_count`` and ``read(number)``; pages are decoded one by one and never kept."""

    def __init__(self, pdf: Any) -> None:
        self._pdf = pdf
        self.page_count = len(pdf.pages)

    def read(self, number: int) -> PageArrays:
        """Decode page ``number`` (from 1)."""
        page = self._pdf.pages[number - 1]
        obj = page.page_obj
        rotation = int(obj.rotate or 0) % 360
        turn = _ROTATIONS.get(rotation, (1, 0, 0, 1))
        crop = obj.cropbox or obj.mediabox
        media = obj.mediabox
        # A crop box reaching past the media box shows no more than the media box does.
        crop = (
            max(min(crop[0], crop[2]), min(media[0], media[2])),
            max(min(crop[1], crop[3]), min(media[1], media[3])),
            min(max(crop[0], crop[2]), max(media[0], media[2])),
            min(max(crop[1], crop[3]), max(media[1], media[3])),
        )
        ctm: Matrix = (*turn, 0.0, 0.0)
        corners = [apply_matrix_pt(ctm, (x, y)) for x in (crop[0], crop[2]) for y in (crop[1], crop[3])]
        left, right = min(c[0] for c in corners), max(c[0] for c in corners)
        low, high = min(c[1] for c in corners), max(c[1] for c in corners)
        manager = self._pdf.rsrcmgr
        device = _ArrayDevice(manager, left, high)
        interpreter = _Interpreter(manager, device)
        interpreter.device.set_ctm(mult_matrix(ctm, (1, 0, 0, 1, 0, 0)))
        interpreter.render_contents(obj.resources, obj.contents, ctm=ctm)
        page.close()
        shapes, glyphs = Shapes(), _rows(device.glyphs, 13)
        shapes.add_strokes(*np.split(_rows(device.strokes, 10), [6], axis=1))
        shapes.add_areas(*np.split(_rows(device.areas, 9), [5], axis=1))
        shapes.add_pictures(*np.split(_rows(device.pictures, 8), [4], axis=1))
        return PageArrays(
            number=number,
            width=right - left,
            height=high - low,
            texts=tuple(device.texts),
            fonts=tuple(device.fonts),
            boxes=glyphs[:, :4],
            sizes=glyphs[:, 4],
            light=glyphs[:, 5],
            angles=glyphs[:, 6].astype(np.int64),
            invisible=glyphs[:, 7].astype(bool),
            runs=glyphs[:, 8].astype(np.int64),
            clips=glyphs[:, 9:],
            **shapes.arrays(),
        )


@contextmanager
def open_pdfplumber(path: Path, password: str = "") -> Iterator[PdfplumberDocument]:
    """Open ``path`` with pdfplumber; the file is closed on leaving.

    Raises whatever pdfplumber raises for a broken or encrypted file; ``open_pdf`` turns that into a sentence.

    >>> with open_pdfplumber(Path("rules.pdf")) as document:
    ...     document.read(1).texts[:2]
    ('序', '号')
    """
    with pdfplumber.open(path, password=password) as pdf:
        yield PdfplumberDocument(pdf)
