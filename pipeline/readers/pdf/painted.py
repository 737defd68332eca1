"""How many glyphs a page's content shows, counted apart from the decoders.

The content streams, as playa opens them, are searched for the operators that show text, those of form XObjects
included. What a decoder gives for each of them is counted against it: a library leaves out what it cannot draw, with
a damaged font for instance, and does not say so.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.readers.pdf.page import PageArrays

_DEEPEST = 8
"""Brackets within each other that a string may hold unescaped."""
_MOST = 1_000_000
"""Operators that show text on one page, at most: whoever shows more nests forms without end."""


def _literal(depth: int) -> str:
    inner = "|" + _literal(depth - 1) if depth else ""
    return rf"\((?:[^()\\]++|\\.{inner})*+\)"


_BLANK = r"\s\0"
_STRING = rf"{_literal(_DEEPEST)}|<[0-9A-Fa-f{_BLANK}]*+>"
_BEFORE, _AFTER = rf"(?<![^{_BLANK}\[\]<>(){{}}%])", rf"(?![^{_BLANK}\[\]<>()/{{}}%])"
_WORDS = re.compile(
    rf"%[^\r\n]*+"
    rf"|({_STRING})[{_BLANK}]*+(Tj{_AFTER}|['\"])?+"
    rf"|\[((?:[^\[\]<>()%]++|%[^\r\n]*+|{_STRING})*+)\][{_BLANK}]*+TJ{_AFTER}"
    rf"|/([^{_BLANK}\[\]<>()/{{}}%]*+)[{_BLANK}]*+(?:[\d.+-]++[{_BLANK}]*+(Tf){_AFTER}|(Do|gs){_AFTER})?+"
    rf"|{_BEFORE}([qQ]){_AFTER}"
    rf"|{_BEFORE}BI\s.*?\sID\s.*?\sEI{_AFTER}"
    rf"|(\()".encode(),
    re.DOTALL,
)
_STRINGS = re.compile(rf"%[^\r\n]*+|({_STRING})".encode(), re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|.)|\r\n?", re.DOTALL)
_CODED = re.compile(rb"#([0-9A-Fa-f]{2})")
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

    def __init__(self, spec: Any, document: Any, stated: bool) -> None:
        from playa.cmapdb import get_cmap, parse_encoding

        self.spec = spec  # kept so that its id stays taken
        self.stated = stated
        self._document = document
        self._font: Any = None
        self._cmap: Any = None
        self.width = 1
        if not isinstance(spec, dict) or _name(spec.get("Subtype")) != "Type0":
            return
        encoding = _value(spec.get("Encoding"))
        name = _name(encoding) or _name(getattr(encoding, "attrs", {}).get("CMapName"))
        if name.startswith("OneByteIdentity"):
            return
        self.width = 2
        if "Identity" not in name and "UCS2" not in name:
            with suppress(KeyError):  # a CMap that nobody knows: most have codes of two bytes
                self._cmap = parse_encoding(encoding.buffer) if _stream(encoding) else get_cmap(name)
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
                self._font = self._document.get_font(0, self.spec if isinstance(self.spec, dict) else None)
            texts = [text for _, text in self._font.decode(code) if text]
            return bool(texts) and all(map(_blank, texts))
        except Exception:  # playa raises anything on a damaged font: then nothing says so
            return False

    def count(self, data: bytes) -> int:
        """How many codes a string has."""
        return len(data) // self.width if self.width else len(self.codes(data))


@dataclass(frozen=True, slots=True)
class Run:
    """What one operator shows: ``count`` codes of the ``pieces`` of a string in one ``font``."""

    font: _Font
    pieces: tuple[bytes, ...]
    count: int

    @property
    def codes(self) -> list[tuple[_Font, bytes]]:
        """The codes, each with its font."""
        return [(self.font, code) for piece in self.pieces for code in self.font.codes(piece)]


class Painted:
    """The content of an open document's pages."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._fonts: dict[tuple[int, bool], _Font] = {}

    def runs(self, number: int) -> list[Run]:
        """What page ``number`` (from 1) shows, in the order in which it is painted; empty strings are left out.

        Raises ValueError where forms nest without end or strings cannot be told, and whatever playa raises for a broken
        page.
        """
        page = self._document.pages[number - 1]
        out: list[Run] = []
        content = b"\n".join(stream.buffer for stream in page.streams)
        self._read(content, page.resources, None, (), out)
        return out

    def _read(
        self, content: bytes, resources: Any, font: _Font | None, forms: tuple[int, ...], out: list[Run]
    ) -> None:
        saved: list[_Font | None] = []
        known: dict[bytes, _Font] = {}
        for string, shown, array, name, sets, calls, state, unclosed in _WORDS.findall(content):
            if unclosed:
                raise ValueError("a string without end, or too many brackets within one")
            if shown or array:
                pieces = tuple(filter(None, map(_bytes, (string,) if shown else _STRINGS.findall(array))))
                if pieces and font is not None:  # without a font nothing is painted
                    out.append(Run(font, pieces, sum(map(font.count, pieces))))
            elif sets:
                if name not in known:
                    known[name] = self._font(_entry(resources, "Font", name))
                font = known[name]
            elif state == b"q":
                saved.append(font)
            elif state and saved:
                font = saved.pop()
            elif calls == b"gs":
                given = _value(_entry(resources, "ExtGState", name))
                if isinstance(given, dict) and "Font" in given:
                    font = self._font(_value(given["Font"])[0], stated=True)
            elif calls:
                self._form(_value(_entry(resources, "XObject", name)), resources, font, forms, out)

    def _form(
        self, form: Any, resources: Any, font: _Font | None, forms: tuple[int, ...], out: list[Run]
    ) -> None:
        if not _stream(form) or _name(form.attrs.get("Subtype")) != "Form" or id(form) in forms:
            return
        if len(out) > _MOST:
            raise ValueError("forms nest without end")
        self._read(
            form.buffer, _value(form.attrs.get("Resources")) or resources, font, (*forms, id(form)), out
        )

    def _font(self, reference: Any, stated: bool = False) -> _Font:
        spec = _value(reference)
        key = id(spec), stated
        if key not in self._fonts:
            self._fonts[key] = _Font(spec, self._document, stated)
        return self._fonts[key]


@contextmanager
def open_painted(path: Path, password: str = "") -> Iterator[Painted]:
    """Open ``path`` for counting; raises whatever playa raises for a file that it cannot open."""
    import playa

    logging.getLogger("playa").setLevel(logging.ERROR)
    with playa.open(path, password=password) as document:
        yield Painted(document)


def missing(runs: Sequence[Run], page: PageArrays) -> int:
    """How many of the glyphs shown by ``runs`` a decoder does not give in ``page``, blanks apart.

    A decoder may leave out blanks. Which codes are blanks is learnt where the decoder gives all glyphs of a run.
    """
    wanted = np.fromiter((run.count for run in runs), dtype=np.int64, count=len(runs))
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


def _entry(resources: Any, kind: str, name: bytes) -> Any:
    """What resources call ``name``, a name as it is written in the content."""
    from playa.pdftypes import name_str

    entries = _value((_value(resources) or {}).get(kind)) or {}
    return entries.get(name_str(_CODED.sub(lambda match: bytes.fromhex(match[1].decode()), name)))


def _stream(value: Any) -> bool:
    return hasattr(value, "buffer")


def _name(value: Any) -> str:
    return str(getattr(_value(value), "name", ""))


def _value(reference: Any) -> Any:
    from playa.pdftypes import resolve1

    return resolve1(reference)
