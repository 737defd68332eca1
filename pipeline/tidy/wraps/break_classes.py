"""Classes of characters for line breaking, and what they make of a line."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from pipeline.text import is_cjk

_OPEN = set("([{（［｛【〔《〈“‘「『")
_CLOSE = set(")]}）］｝】〕》〉”’」』%％")
_STOP = set("、，。；：！？·•")
_INFIX = set(",.;:!?")
_SLASH = set("/／\\")
_DASH = set("-‐‑–—－~～+＋=&")


def char_class(char: str) -> str:
    """The class of a character for line breaking.

    o(pening), c(losing), n (full-width stop), i (half-width infix stop), "/" slash, "-" dash, a (Latin letter or
    digit), s (blank), x (ideograph and the rest).
    """
    if is_cjk(char):
        return "x"
    if char.isspace():
        return "s"
    if char in _OPEN:
        return "o"
    if char in _CLOSE:
        return "c"
    if char in _STOP:
        return "n"
    if char in _INFIX:
        return "i"
    if char in _SLASH:
        return "/"
    if char in _DASH:
        return "-"
    if char.isalnum():
        return "a"
    return "x"


class _Classes(dict[int, str]):
    """The classes of characters for ``str.translate``, found out when a character first comes."""

    def __missing__(self, code: int) -> str:
        found = self[code] = char_class(chr(code))
        return found


_CLASSES = _Classes()


class Shape(NamedTuple):
    """What a line's text is for line breaking: the classes of its characters, whether its width tells how wide a line
    may be (see ``is_breakable``)."""

    classes: str
    breakable: bool


@lru_cache(maxsize=65536)
def shape_of(text: str) -> Shape:
    """The shape of a line's text."""
    return Shape(text.translate(_CLASSES), is_breakable(text))


def is_breakable(text: str) -> bool:
    """Whether a line's width tells how wide a line may be: it could have been broken earlier, and it does not end in
    full-width punctuation, which browsers set half as wide there and word processors let hang into the margin."""
    last = text[-1]
    hanging = char_class(last) in "cn" and unicodedata.east_asian_width(last) in "WF"
    return not hanging and sum(map(is_cjk, text)) >= 2
