"""pdfium's functions as the decoder calls them: once per glyph and value, as cheaply as Python can.

The calls are made by ``map`` with addresses in numpy arrays as their out parameters; no Python object but the number
that the function returns comes to be.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.readers.pdf.page import Floats

LOCK = threading.RLock()
"""pdfium may be called by one thread at a time, whatever the document."""

_LUMA = np.array([0.299, 0.587, 0.114]) / 255.0


class PdfiumError(Exception):
    """pdfium cannot open a document or load a page; ``code`` is one of its FPDF_ERR_* numbers."""

    def __init__(self, code: int) -> None:
        super().__init__(f"pdfium error {code}")
        self.code = code

    @property
    def password(self) -> bool:
        """Whether a (correct) password is missing."""
        return self.code == 4

    @property
    def security(self) -> bool:
        """Whether the way in which the file is encrypted is not supported."""
        return self.code == 5


class Calls:
    """The functions with plain prototypes: handles and out parameters are addresses."""

    def __init__(self) -> None:
        import pypdfium2.raw as raw

        self.raw: Any = raw
        pointer, number, real = ctypes.c_void_p, ctypes.c_int, ctypes.c_float

        def fast(name: str, result: Any, *arguments: Any) -> Any:
            # PYFUNCTYPE keeps the GIL: letting it go and taking it again costs more than such a call.
            return ctypes.PYFUNCTYPE(result, *arguments)(address(getattr(raw, name)))

        self.count_chars = fast("FPDFText_CountChars", number, pointer)
        self.unicode = fast("FPDFText_GetUnicode", ctypes.c_uint, pointer, number)
        self.unknown = fast("FPDFText_HasUnicodeMapError", number, pointer, number)
        self.made_up = fast("FPDFText_IsGenerated", number, pointer, number)
        self.owner = fast("FPDFText_GetTextObject", pointer, pointer, number)
        self.loose = fast("FPDFText_GetLooseCharBox", number, pointer, number, pointer)
        self.ink = fast("FPDFText_GetCharBox", number, pointer, number, *[pointer] * 4)
        self.origin = fast("FPDFText_GetCharOrigin", number, pointer, number, pointer, pointer)
        self.text_matrix = fast("FPDFText_GetMatrix", number, pointer, number, pointer)
        self.font = fast("FPDFTextObj_GetFont", pointer, pointer)
        self.size = fast("FPDFTextObj_GetFontSize", number, pointer, pointer)
        self.mode = fast("FPDFTextObj_GetTextRenderMode", number, pointer)
        self.font_name = fast("FPDFFont_GetBaseFontName", ctypes.c_size_t, pointer, pointer, ctypes.c_size_t)
        self.ascent = fast("FPDFFont_GetAscent", number, pointer, real, pointer)
        self.descent = fast("FPDFFont_GetDescent", number, pointer, real, pointer)
        self.glyph_width = fast("FPDFFont_GetGlyphWidth", number, pointer, ctypes.c_uint32, real, pointer)
        self.page_objects = fast("FPDFPage_CountObjects", number, pointer)
        self.page_object = fast("FPDFPage_GetObject", pointer, pointer, number)
        self.form_objects = fast("FPDFFormObj_CountObjects", number, pointer)
        self.form_object = fast("FPDFFormObj_GetObject", pointer, pointer, ctypes.c_ulong)
        self.kind = fast("FPDFPageObj_GetType", number, pointer)
        self.matrix = fast("FPDFPageObj_GetMatrix", number, pointer, pointer)
        self.bounds = fast("FPDFPageObj_GetBounds", number, pointer, *[pointer] * 4)
        self.fill_color = fast("FPDFPageObj_GetFillColor", number, pointer, *[pointer] * 4)
        self.stroke_color = fast("FPDFPageObj_GetStrokeColor", number, pointer, *[pointer] * 4)
        self.stroke_width = fast("FPDFPageObj_GetStrokeWidth", number, pointer, pointer)
        self.draw_mode = fast("FPDFPath_GetDrawMode", number, pointer, pointer, pointer)
        self.segments = fast("FPDFPath_CountSegments", number, pointer)
        self.segment = fast("FPDFPath_GetPathSegment", pointer, pointer, number)
        self.point = fast("FPDFPathSegment_GetPoint", number, pointer, pointer, pointer)
        self.point_kind = fast("FPDFPathSegment_GetType", number, pointer)
        self.marks = fast("FPDFPageObj_CountMarks", number, pointer)
        self.mark = fast("FPDFPageObj_GetMark", pointer, pointer, ctypes.c_ulong)
        self.mark_param = fast("FPDFPageObjMark_GetParamValueType", number, pointer, ctypes.c_char_p)
        self.clip_path = fast("FPDFPageObj_GetClipPath", pointer, pointer)
        self.clip_paths = fast("FPDFClipPath_CountPaths", number, pointer)
        self.clip_segments = fast("FPDFClipPath_CountPathSegments", number, pointer, number)
        self.clip_segment = fast("FPDFClipPath_GetPathSegment", pointer, pointer, number, number)
        self.set_mode = fast("FPDFTextObj_SetTextRenderMode", number, pointer, number)
        self.set_stroke_width = fast("FPDFPageObj_SetStrokeWidth", number, pointer, real)
        self.transform = fast("FPDFPageObj_Transform", None, pointer, *[ctypes.c_double] * 6)
        self.remove_mark = fast("FPDFPageObj_RemoveMark", number, pointer, pointer)


@lru_cache(maxsize=1)
def calls() -> Calls:
    """pdfium, loaded once per process.

    >>> calls() is calls()
    True
    """
    return Calls()


def address(handle: Any) -> int:
    """The address that a typed pdfium handle holds.

    >>> address(ctypes.c_void_p(7)), address(ctypes.c_void_p(None))
    (7, 0)
    """
    return ctypes.cast(handle, ctypes.c_void_p).value or 0


def ask(call: Any, *keys: Any, width: int, kind: Any, apart: bool = False) -> npt.NDArray[Any]:
    """What ``call`` writes for each item of ``keys`` (the last of them a list of n items): an (n, width) array.

    ``apart``: the call takes one address per value, else one for all of them.

    Example::

        ask(calls().matrix, objects, width=6, kind=np.float32)  # one row of six numbers per object
    """
    return _ask(call, keys, width, kind, apart)[0]


def _ask(
    call: Any, keys: Sequence[Any], width: int, kind: Any, apart: bool
) -> tuple[npt.NDArray[Any], list[int]]:
    """As :func:`ask`, and what each call returned."""
    n = len(keys[-1])
    out = np.zeros((n, width), kind)
    item = out.itemsize
    step, base = width * item, out.ctypes.data
    places = [range(base + k * item, base + k * item + n * step, step) for k in range(width if apart else 1)]
    return out, list(map(call, *keys, *places))


def lights(call: Any, objects: Sequence[int]) -> Floats:
    """(n,) luminance 0 (black) … 1 (white) of page objects' colours; mid grey where pdfium knows no colour.

    Example::

        lights(calls().fill_color, objects)  # array([0., 1.]): black, white
    """
    colours, known = _ask(call, [objects], 4, np.uint32, apart=True)
    return np.where(np.array(known, dtype=bool), colours[:, :3].astype(np.float64) @ _LUMA, 0.5)


def matrices(objects: Sequence[int]) -> Floats:
    """The (n, 6) matrices of page objects.

    Example::

        matrices(objects)[0]  # array([1., 0., 0., 1., 72., 720.]): moved, not scaled
    """
    return ask(calls().matrix, objects, width=6, kind=np.float32).astype(np.float64)


def times(inner: Floats, outer: Floats) -> Floats:
    """Products of (n, 6) matrices (a b c d e f as in PDF), ``inner`` applied first; ``outer`` may be one row.

    >>> twice, moved = np.array([[2.0, 0, 0, 2, 0, 0]]), np.array([[1.0, 0, 0, 1, 5, 6]])
    >>> times(twice, moved).tolist()
    [[2.0, 0.0, 0.0, 2.0, 5.0, 6.0]]
    """
    a, b, c, d, e, f = inner.T
    p, q, r, s, t, u = outer.T
    return np.column_stack(
        [a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u]
    )
