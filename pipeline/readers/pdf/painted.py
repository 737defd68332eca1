"""How many glyphs a page's content shows, counted apart from the decoders.

The contents of a page, as qpdf gives them (:mod:`damage`), name the strings that it shows, those of form XObjects included.
What a decoder gives for each of them is counted against it: a library leaves out what it cannot draw, with a damaged font
for instance, and does not say so.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pikepdf

from pipeline.readers.pdf.content import Content, name_of
from pipeline.readers.pdf.damage import Key, Structure, is_stream, named
from pipeline.readers.pdf.page import PageArrays

_MOST = 1_000_000
"""Operators that show text on one page, at most: whoever shows more nests forms without end."""

_SHOW = (b"Tj", b"TJ", b"'", b'"')
_QUOTES = (b"(", b"<")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|.)|\r\n?", re.DOTALL)
_LETTERS = {
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"b": b"\b",
    b"f": b"\f",
    b"\r\n": b"",
    b"\n": b"",
    b"\r": b"",
}


class _Font:
    """How many bytes the codes of a font have: ``width`` 1 or 2, or 0 where a CMap tells it code by code; whether a
    graphics state sets it (``stated``)."""

    def __init__(self, spec: Any, stated: bool, playas: Callable[[Any], Any]) -> None:
        self._spec = spec
        self.stated = stated
        self._playas = playas
        self._font: Any = None
        self._cmap: Any = None
        self.width = 1
        if _text(spec, "/Subtype") != "/Type0":
            return
        encoding = spec.get("/Encoding")
        name = _text(encoding, "/CMapName") if is_stream(encoding) else str(encoding)
        if name.startswith("/OneByteIdentity"):
            return
        self.width = 2
        if "Identity" not in name and "UCS2" not in name:
            from playa.cmapdb import get_cmap, parse_encoding

            with suppress(KeyError):  # a CMap that nobody knows: most have codes of two bytes
                self._cmap = (
                    parse_encoding(encoding.read_bytes()) if is_stream(encoding) else get_cmap(name[1:])
                )
                self.width = 0

    def codes(self, data: bytes) -> list[bytes]:
        """The codes of a string, each as its bytes."""
        if self._cmap is not None:
            out, at = [], 0
            for code, _ in self._cmap.decode(data):
                begin = data.index(code, at)
                out += [*_strange(data[at:begin]), code]
                at = begin + len(code)
            return out + _strange(data[at:])
        return [data[i : i + self.width] for i in range(0, len(data) - self.width + 1, self.width)]

    def blank(self, code: bytes) -> bool:
        """Whether the font says that a code stands for a blank."""
        try:
            if self._font is None:
                self._font = self._playas(self._spec)
            texts = [text for _, text in self._font.decode(code) if text]
            return bool(texts) and all(map(_blank, texts))
        except Exception:  # playa raises anything on a damaged font: then nothing says so
            return False

    def count(self, string: bytes, length: int) -> int:
        """How many codes a string of so many bytes has, as it is written in the content."""
        return length // self.width if self.width else len(self.codes(_bytes(string)))


class Run(NamedTuple):
    """What one operator shows: ``glyphs`` codes of the strings among its ``operands``, in one ``font``; ``off`` in a layer
    that is not shown."""

    font: _Font
    operands: Sequence[bytes]
    glyphs: int
    off: bool

    @property
    def codes(self) -> list[tuple[_Font, bytes]]:
        """The codes, each with its font."""
        strings = [_bytes(token) for token in self.operands if token[:1] in _QUOTES]
        return [(self.font, code) for string in strings for code in self.font.codes(string)]


class _Setting(NamedTuple):
    """Where content is painted: the ``font`` that is set, whether in a layer that is ``off``, ``within`` which forms."""

    font: _Font | None = None
    off: bool = False
    within: tuple[Key, ...] = ()


class Painted:
    """The text that the pages of an open document show; ``structure`` is None for one that qpdf cannot open. What else is
    opened for it is closed with ``stack``."""

    def __init__(self, structure: Structure | None, path: Path, password: str, stack: ExitStack) -> None:
        self._structure = structure
        self._fonts: dict[Any, _Font] = {}
        self._path, self._password, self._stack = path, password, stack
        self._document: Any = None

    def runs(self, number: int) -> list[Run]:
        """What page ``number`` (from 1) shows, in the order in which it is painted; empty strings are left out.

        Raises ValueError where forms nest without end or strings cannot be told, and whatever pikepdf raises for a broken
        page.
        """
        if self._structure is None:
            raise ValueError("the file cannot be opened")
        out: list[Run] = []
        content, resources = self._structure.shown(number)
        self._read(self._structure, content, resources, _Setting(), out)
        return out

    def _read(
        self, structure: Structure, content: Content, resources: Any, setting: _Setting, out: list[Run]
    ) -> None:
        if content.endless:
            raise ValueError("a string without end")
        font = setting.font
        saved: list[_Font | None] = []
        off = [setting.off]
        fonts, forms, states, groups = (
            named(resources, kind) for kind in ("/Font", "/XObject", "/ExtGState", "/Properties")
        )
        known: dict[bytes, _Font] = {}
        for operator, about in content.steps:
            if operator in _SHOW:
                run = (
                    None if font is None else _run(font, about, off[-1])
                )  # nothing is painted without a font
                if run is not None:
                    out.append(run)
            elif operator == b"q":
                saved.append(font)
            elif operator == b"Q":
                font = saved.pop() if saved else font
            elif operator == b"Tf":
                if about[0] not in known:
                    known[about[0]] = self._font(fonts.get(name_of(about[0])))
                font = known[about[0]]
            elif operator == b"gs":
                state = states.get(name_of(about[0]), {})
                font = self._font(state["/Font"][0], stated=True) if "/Font" in state else font
            elif operator == b"Do":
                form = forms.get(name_of(about[0]))
                if is_stream(form) and form.get("/Subtype") == "/Form" and form.objgen not in setting.within:
                    if len(out) > _MOST:
                        raise ValueError("forms nest without end")
                    hidden = off[-1] or structure.is_off(form.get("/OC"))
                    inner = _Setting(font, hidden, (*setting.within, form.objgen))
                    shown = structure.content((form.objgen,))
                    self._read(structure, shown, form.get("/Resources", resources), inner, out)
            elif operator in (b"BMC", b"BDC"):
                group = groups.get(name_of(about[1])) if about[0] == b"/OC" and operator == b"BDC" else None
                off.append(off[-1] or structure.is_off(group))
            elif operator == b"EMC" and len(off) > 1:
                off.pop()

    def _font(self, spec: Any, stated: bool = False) -> _Font:
        key = None if spec is None else spec.objgen if spec.is_indirect else spec.unparse()
        if (key, stated) not in self._fonts:
            self._fonts[key, stated] = _Font(spec, stated, self._playas)
        return self._fonts[key, stated]

    def _playas(self, spec: Any) -> Any:
        """A font as playa sees it, which knows the characters of codes; raises whatever playa raises."""
        import playa
        from playa.parser import ObjectParser

        if self._document is None:
            logging.getLogger("playa").setLevel(logging.ERROR)
            self._document = self._stack.enter_context(playa.open(self._path, password=self._password))
        _, parsed = next(ObjectParser(spec.unparse(resolved=True), self._document))
        return self._document.get_font(0, parsed)


def missing(runs: Sequence[Run], page: PageArrays) -> int:
    """How many of the glyphs shown by ``runs`` a decoder does not give in ``page``, blanks apart.

    A decoder may leave out blanks. Which codes are blanks is learnt where the decoder gives all glyphs of a run.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     missing(pdf.painted.runs(1), pdf.decode(1))
    0
    """
    wanted = np.fromiter((run.glyphs for run in runs), dtype=np.int64, count=len(runs))
    given = np.bincount(page.runs, minlength=len(runs))[: len(runs)]
    short = np.flatnonzero(given < wanted)
    if len(short) == 0:
        return 0
    begins = np.searchsorted(page.runs, np.arange(len(runs)))

    def texts(k: int) -> tuple[str, ...]:
        return page.texts[begins[k] : begins[k] + given[k]]

    fonts = {runs[k].font for k in short.tolist()}
    blank = {
        code
        for k in np.flatnonzero((given == wanted) & (given > 0)).tolist()
        if runs[k].font in fonts
        for code, text in zip(runs[k].codes, texts(k), strict=True)
        if _blank(text)
    }
    lacking = 0
    for k in short.tolist():
        shown = sum((font, code) not in blank and not font.blank(code) for font, code in runs[k].codes)
        lacking += max(0, shown - sum(not _blank(text) for text in texts(k)))
    return lacking


def _strange(data: bytes) -> list[bytes]:
    """The codes, taken for two bytes each, of what a CMap does not know."""
    data = data.translate(None, bytes(range(32)))
    return [data[i : i + 2] for i in range(0, len(data) - 1, 2)]


def _blank(text: str) -> bool:
    return not text.strip()


def _run(font: _Font, operands: Sequence[bytes], off: bool) -> Run | None:
    """What is shown of some operands; None where they say nothing."""
    length = count = 0
    for string in operands:
        if string[:1] in _QUOTES:
            has = _length(string)
            length += has
            count += font.count(string, has)
    return Run(font, operands, count, off) if length else None


def _length(string: bytes) -> int:
    """How many bytes a string operand says."""
    if string[:1] == b"<":
        return (len(string) - 1) // 2 if string[1:-1].isalnum() else len(_bytes(string))
    return len(_bytes(string)) if b"\\" in string or b"\r" in string else len(string) - 2


def _bytes(string: bytes) -> bytes:
    """What a string operand says."""
    if string[:1] == b"<":
        digits = b"".join(string[1:-1].split()).decode("ascii")
        return bytes.fromhex(digits + "0" * (len(digits) % 2))
    inner = string[1:-1]
    return _ESCAPE.sub(_unescaped, inner) if b"\\" in inner or b"\r" in inner else inner


def _unescaped(match: re.Match[bytes]) -> bytes:
    what = match[1]
    if what is None:
        return b"\n"  # any line end counts as one
    return bytes([int(what, 8) & 255]) if what[:1].isdigit() and what < b"8" else _LETTERS.get(what, what)


def _text(value: Any, name: str) -> str:
    """What a dictionary or stream says by a name, as text; "" for anything else."""
    return str(value.get(name, "")) if isinstance(value, pikepdf.Dictionary | pikepdf.Stream) else ""
