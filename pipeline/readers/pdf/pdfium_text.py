"""The glyphs of a page from pdfium's text page.

What pdfium adds for the sake of reading aloud is undone: blanks it makes up, hyphens it takes for word breaks,
ligatures it takes apart, /ActualText it puts in place of the printed glyphs. What it leaves out stays out: a glyph
that is painted a second time on top of itself, and the second of two blanks in a row.
"""

from __future__ import annotations

import ctypes
import unicodedata
from itertools import repeat
from typing import Any

import numpy as np

from pipeline.readers.pdf.page import INVISIBLE_MODES, REPLACEMENT, Bools, Floats, Ints
from pipeline.readers.pdf.pdfium_calls import Calls, PdfiumError, address, ask, calls, lights, times

_STROKE = 1
"""The text render mode that paints outlines."""
_NARROW = 0.01
"""pdfium leaves out text objects that are less wide than this, points."""
_HYPHEN = 2
"""What pdfium writes for a hyphen at a line's end."""

_HANGING = 0.12
"""Share of an ideograph's height below the base line (PDF's default for CID fonts)."""

_DEEPEST = 0.3
"""No font that texts are set in hangs lower than this share of its size below the base line."""

_HALF = 0xD800 >> 11
"""What the upper bits of a half of a UTF-16 pair are: pdfium gives characters beyond U+FFFF as two."""

_LIGATURES = {
    "ff": 0xFB00,
    "fi": 0xFB01,
    "fl": 0xFB02,
    "ffi": 0xFB03,
    "ffl": 0xFB04,
    "ſt": 0xFB05,
    "st": 0xFB06,
}


def read_glyphs(page: Any, text_objects: list[int], clips: Floats, to_display: Floats) -> dict[str, Any]:
    """The glyph columns of :class:`PageArrays` of a loaded page.

    ``text_objects`` are the page's text objects in the order in which they are painted, those within form XObjects
    included, ``clips`` (n, 4) the boxes that they are clipped to; ``to_display`` (1, 6) leads from the page's user
    space to the displayed page. Raises PdfiumError when pdfium cannot make a text page.

    Example::

        read_glyphs(page, text_objects, clips, to_display)["texts"][:2]  # ("序", "号")
    """
    _forget_replacements(text_objects)
    modes = _give_extent(text_objects)
    raw = calls().raw
    text_page = raw.FPDFText_LoadPage(page)
    if not text_page:
        raise PdfiumError(raw.FPDF_ERR_PAGE)
    try:
        chars = _Chars(address(text_page), text_objects, modes)
        return {**_glyphs(chars, to_display), "clips": clips[chars.positions[chars.keep]]}
    finally:
        raw.FPDFText_ClosePage(text_page)


def _forget_replacements(text_objects: list[int]) -> None:
    """Drop /ActualText: pdfium would give it instead of the printed glyphs, and without their places."""
    pdfium = calls()
    for item, count in zip(text_objects, map(pdfium.marks, text_objects), strict=True):
        for k in range(count - 1, -1, -1) if count else ():
            mark = pdfium.mark(item, k)
            if mark and pdfium.mark_param(mark, b"ActualText"):
                pdfium.remove_mark(item, mark)


def _give_extent(text_objects: list[int]) -> dict[int, int]:
    """Let text objects count that are as wide as nothing: pdfium's text page leaves them out.

    A text object of one glyph is as wide as the glyph's outline, and a font that is not embedded may have none for it.
    With stroked outlines the width of the stroke is added. Gives the text render modes that the objects had.
    """
    pdfium = calls()
    left, _, right, _ = ask(pdfium.bounds, text_objects, width=4, kind=np.float32, apart=True).T
    modes = {}
    for i in np.flatnonzero(right - left < _NARROW).tolist():
        item = text_objects[i]
        modes[item] = pdfium.mode(item)
        pdfium.set_mode(item, _STROKE)
        pdfium.set_stroke_width(item, 1.0)
        pdfium.transform(item, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0)  # has the extent worked out anew
    return modes


class _Chars:
    """What pdfium tells of the characters that text objects own, in the order in which they are painted.

    ``loose`` (n, 4) left, top, right, bottom of the box of advance and font height, ``ink`` (n, 4) left, right, bottom,
    top of the outline, ``origin`` (n, 2) the pen, ``run`` (n,) which run of characters of one text object each belongs
    to, ``first`` (n,) whether it begins one, ``positions`` (n,) which text object that is. Characters of one glyph (a ligature) are put together in ``texts``;
    ``keep`` (n,) tells which entries are left.
    """

    def __init__(self, text_page: int, text_objects: list[int], modes: dict[int, int]) -> None:
        pdfium = calls()
        self.text_page = text_page
        count = max(pdfium.count_chars(text_page), 0)
        # What pdfium makes up belongs to no text object. The rest is put back into the order in which it is painted.
        painted = {item: position for position, item in enumerate(text_objects)}
        owned_by = map(pdfium.owner, repeat(text_page), range(count))
        owners = np.fromiter(map(painted.get, owned_by, repeat(-1)), dtype=np.int64, count=count)
        made_up = list(map(pdfium.made_up, repeat(text_page), range(count)))
        index = np.flatnonzero((owners >= 0) & (np.array(made_up) != 1))
        index = index[np.argsort(owners[index], kind="stable")]
        owners, chars = owners[index], index.tolist()
        self.codes: list[int] = list(map(pdfium.unicode, repeat(text_page), chars))
        unknown = list(map(pdfium.unknown, repeat(text_page), chars))
        self.loose: Floats = ask(pdfium.loose, repeat(text_page), chars, width=4, kind=np.float32)
        self.ink: Floats = ask(pdfium.ink, repeat(text_page), chars, width=4, kind=np.float64, apart=True)
        self.origin: Floats = ask(
            pdfium.origin, repeat(text_page), chars, width=2, kind=np.float64, apart=True
        )
        self.first: Bools = np.ones(len(chars), dtype=bool)
        self.first[1:] = owners[1:] != owners[:-1]
        self.run: Ints = np.cumsum(self.first) - 1
        self.heads: list[int] = index[self.first].tolist()
        self.positions: Ints = owners
        self.owners = [text_objects[k] for k in owners[self.first].tolist()]
        self.texts = _characters(self.codes, unknown)
        self.keep = self._join_glyphs()
        halves = np.flatnonzero(np.array(self.codes, dtype=np.int64) >> 11 == _HALF)
        for i in halves.tolist():
            self.texts[i] = self.texts[i].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        self.modes = list(map(pdfium.mode, self.owners))
        for k, item in enumerate(self.owners) if modes else ():
            if item in modes:
                self.modes[k] = modes[item]
                for i in np.flatnonzero(self.run == k).tolist():
                    self.keep[i] &= not self.texts[i].isspace()  # as of any other blank of its own

    def _join_glyphs(self) -> Bools:
        """Put the characters of one glyph together; pdfium gives each of them the glyph's own place and box."""
        keep = np.ones(len(self.texts), dtype=bool)
        same = (
            ~self.first[1:]
            & (self.origin[1:] == self.origin[:-1]).all(axis=1)
            & (self.loose[1:] == self.loose[:-1]).all(axis=1)
        )
        head = 0
        for i in (np.flatnonzero(same) + 1).tolist():
            if keep[i - 1]:
                head = i - 1
            self.texts[head] += self.texts[i]
            keep[i] = False
        return keep


class _Runs:
    """What the glyphs of a text object share, by run of glyphs of one text object.

    ``matrix`` (k, 6) from the text's own space to the page's user space, ``size`` (k,) the font size in the text's own
    space, ``descent`` (k,) as a share of it, ``flat`` (k,) whether the font names no height, ``light``, ``invisible``
    and ``names`` as in :class:`PageArrays`.
    """

    def __init__(self, chars: _Chars) -> None:
        pdfium, objects = calls(), chars.owners
        self._width = pdfium.glyph_width
        matrix = ask(pdfium.text_matrix, repeat(chars.text_page), chars.heads, width=6, kind=np.float32)
        self.matrix = matrix.astype(np.float64)
        self.size = ask(pdfium.size, objects, width=1, kind=np.float32)[:, 0].astype(np.float64)
        self.light = lights(pdfium.fill_color, objects)
        self.invisible: Bools = np.isin(chars.modes, INVISIBLE_MODES)
        self._fonts: list[int] = list(map(pdfium.font, objects))
        kinds = {font: _metrics(pdfium, font) for font in set(self._fonts)}
        self.names = [kinds[font][0] for font in self._fonts]
        self.descent = np.array([kinds[font][1] for font in self._fonts])
        self.flat: Bools = np.array([kinds[font][2] for font in self._fonts], dtype=bool)
        self._known: dict[tuple[int, int], float] = {}

    def vertical(self, chars: _Chars) -> Bools:
        """(k,) whether the run's font is written vertically: its advances are negative."""
        heads = np.flatnonzero(chars.first).tolist()
        fonts = {font: run for run, font in enumerate(self._fonts)}
        down = {
            font: self.width(run, chars.texts[heads[run]], chars.codes[heads[run]]) * self.size[run] < 0
            for font, run in fonts.items()
        }
        return np.array([down[font] for font in self._fonts], dtype=bool)

    def width(self, run: int, text: str, code: int) -> float:
        """Advance of a glyph in the text's own space, as its font tells; negative in vertical writing."""
        wanted = ord(text[0]) if text[0] > "\uffff" else _LIGATURES.get(text, code)
        key = self._fonts[run], wanted
        if key not in self._known:
            out = ctypes.c_float()
            self._width(key[0], wanted, 1.0, ctypes.addressof(out))
            self._known[key] = out.value
        return self._known[key] * float(self.size[run])


def _metrics(pdfium: Calls, font: int) -> tuple[str, float, bool]:
    """Name of a font, its descent as a share of the size, and whether it names no height."""
    if not font:
        return "", 0.0, True
    length = pdfium.font_name(font, None, 0)
    name = ctypes.create_string_buffer(max(length, 1))
    pdfium.font_name(font, ctypes.addressof(name), length)
    ascent, descent = ctypes.c_float(), ctypes.c_float()
    pdfium.ascent(font, 1.0, ctypes.addressof(ascent))
    pdfium.descent(font, 1.0, ctypes.addressof(descent))
    # Where the file names no descent, pdfium guesses it from a letter's code, which a subset font may have given to
    # any glyph; fonts of Type 3 (without a name) always end so.
    share = min(max(descent.value, -_DEEPEST), 0.0) if length > 1 else -_HANGING
    return name.value.decode("utf-8", "replace"), share, ascent.value == descent.value


def _glyphs(chars: _Chars, to_display: Floats) -> dict[str, Any]:
    runs, run, n = _Runs(chars), chars.run, len(chars.texts)
    a, b, c, d = runs.matrix[run, :4].T
    size = runs.size[run]
    # Corners of the glyph in the text's own space, as seen from the pen.
    x0, x1 = np.zeros(n), _advances(runs, chars)
    y0 = runs.descent[run] * size
    vertical = runs.vertical(chars)[run]
    if vertical.any():  # pdfium puts the pen of a vertical font at the glyph's lower left
        x1[vertical], y0[vertical] = size[vertical], -_HANGING * size[vertical]
    y1 = y0 + size
    a, b, c, d, e, f = times(np.column_stack([a, b, c, d, chars.origin]), to_display).T
    px, py = a * x0 + c * y0 + e, b * x0 + d * y0 + f
    qx, qy = a * x1 + c * y1 + e, b * x1 + d * y1 + f
    boxes = np.column_stack([np.minimum(px, qx), np.minimum(py, qy), np.maximum(px, qx), np.maximum(py, qy)])
    where = np.flatnonzero(chars.keep)
    rows = run[where]
    return {
        "texts": tuple(map(chars.texts.__getitem__, where.tolist())),
        "boxes": boxes[where],
        "sizes": (np.abs(size) * np.hypot(c, d))[where],
        "light": runs.light[rows],
        "angles": _angles(a, b)[where],
        "invisible": runs.invisible[rows],
        "runs": chars.positions[where],
        "fonts": tuple(map(runs.names.__getitem__, rows.tolist())),
    }


def _characters(codes: list[int], unknown: list[int]) -> list[str]:
    """The character of each glyph by its code; ``unknown`` is 1 where its font names none."""
    numbers = np.array(codes, dtype=np.int64)
    nameless = (np.array(unknown) == 1) | np.isin(numbers, (0, 0xFFFE, 0xFFFF)) | (numbers > 0x10FFFF)
    numbers[numbers == _HYPHEN] = ord("-")
    numbers[nameless] = ord(REPLACEMENT)
    return list(map(chr, numbers.tolist()))


def _advances(runs: _Runs, chars: _Chars) -> Floats:
    """Advance of each glyph in the text's own space.

    pdfium's loose box encloses the advance, which starts at the pen, and the ink; where the ink reaches its end, and
    where text does not run along the page's x axis, the font is asked. That takes longer and goes by the character,
    which a font may have twice.
    """
    run, loose, ink = chars.run, chars.loose, chars.ink
    a, b, _, _ = runs.matrix[run, :4].T
    onwards = a > 0
    reach = np.where(onwards, loose[:, 2], loose[:, 0]) - chars.origin[:, 0]
    inked = np.where(onwards, ink[:, 1] - loose[:, 2], loose[:, 0] - ink[:, 0]) > -0.001
    crooked = np.abs(b) > 1e-4 * np.abs(a)
    with np.errstate(divide="ignore", invalid="ignore"):
        advance = np.where(np.abs(a) > 0.05 * np.hypot(a, b), reach / a, runs.size[run])
    for i in np.flatnonzero((inked | crooked | runs.flat[run]) & chars.keep).tolist():
        text = chars.texts[i]
        if text == REPLACEMENT:
            continue
        told = runs.width(int(run[i]), text, chars.codes[i])
        # A font that does not know the character tells the width of something else, or none.
        fits = crooked[i] or abs(told) <= abs(advance[i]) + 0.01 * abs(runs.size[run[i]])
        if fits and (told or unicodedata.category(text[0]) in ("Cf", "Mn")):
            advance[i] = told
    return np.asarray(advance)


def _angles(a: Floats, b: Floats) -> Ints:
    """Writing directions in degrees clockwise as seen on the displayed page; -1 when skewed."""
    degrees = np.degrees(np.arctan2(b, a)) % 360
    nearest = np.rint(degrees / 90) * 90
    return np.where(np.abs(degrees - nearest) < 3, nearest % 360, -1).astype(np.int64)
