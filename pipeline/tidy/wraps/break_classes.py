"""Classes of characters for line breaking, and what they make of a line."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from icu4py.breakers import LineBreaker

from pipeline.text import is_cjk

_KNOWN = {
    **dict.fromkeys("([{（［｛【〔《〈“‘「『", "o"),
    **dict.fromkeys(")]}）］｝】〕》〉”’」』%％", "c"),
    **dict.fromkeys("、，。；：！？·•", "n"),
    **dict.fromkeys(",.;:!?", "i"),
    **dict.fromkeys("/／\\", "/"),
    **dict.fromkeys("-‐‑–—－~～+＋=&", "-"),
}


@lru_cache(maxsize=65536)
def char_class(char: str) -> str:
    """The class of a character for line breaking.

    o(pening), c(losing), n (full-width stop), i (half-width infix stop), "/" slash, "-" dash, a (Latin letter or
    digit), s (blank), x (ideograph and the rest).
    """
    if is_cjk(char):
        return "x"
    if char.isspace():
        return "s"
    return _KNOWN.get(char) or ("a" if char.isalnum() else "x")


@lru_cache(maxsize=65536)
def classes_of(text: str) -> str:
    """The classes of the characters of a line's text: 茶艺师(A级) → xxxoaxc."""
    return "".join(map(char_class, text))


_NARROW = str.maketrans("（）［］｛｝", "()[]{}")
"""Word processors keep full-width brackets together with letters as they keep others; UAX #14 parts them."""


@lru_cache(maxsize=65536)
def first_break(text: str) -> int:
    """Characters of ``text`` before the first place where UAX #14 lets a line end: 级)证书 has 2."""
    return len(next(iter(LineBreaker(text.translate(_NARROW), "root")), ""))


@lru_cache(maxsize=65536)
def is_breakable(text: str) -> bool:
    """Whether a line's width tells how wide a line may be: it could have been broken earlier, and it does not end in
    full-width punctuation, which browsers set half as wide there and word processors let hang into the margin."""
    last = text[-1]
    hanging = char_class(last) in "cn" and unicodedata.east_asian_width(last) in "WF"
    return not hanging and sum(map(is_cjk, text)) >= 2
