"""What segmentation works on: cells as lines and gaps, items, and small questions about their texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

SURE = 6.0
"""Log-odds of a boundary where geometry alone decides."""

WRAPPED = -5.0
"""Log-odds of a boundary from which down layout alone decides that there is none."""

CERTAIN = 9.0
"""The same for a cell with traits, in which a boundary at ``SURE`` teaches, but may still be outvoted."""


Slot = tuple[str, str, str]
"""The class, kind and tier of a cell."""


@dataclass(frozen=True)
class CellLines:
    """A cell to segment: the normalised texts of its lines and, per gap, the log-odds of a boundary by geometry.

    ``near`` names cells whose items resemble this one's (the other tiers of the same class and kind). ``traits``: for
    a source without geometry, per gap what stands in its place (see ``typed``). ``slot``: its class, kind and tier.
    """

    texts: tuple[str, ...]
    odds: tuple[float, ...]
    near: tuple[int, ...] = ()
    traits: tuple[tuple[float, ...], ...] = ()
    slot: Slot = ("", "", "")


_AROUND = 4
"""Characters on each side by which a place is known again."""


@dataclass(frozen=True)
class Memory:
    """The items that earlier editions settled: by text (blanks deleted) the slots in which they stood.

    ``coverage``: of the items there that layout alone did not settle, the share that something else did: how much it means
    that an item is not known. ``printed``: the texts of slots, a line feed wherever a printed line or an item ended.
    """

    items: Mapping[str, frozenset[Slot]] = field(default_factory=dict)
    coverage: float = 0.0
    printed: Mapping[Slot, str] = field(default_factory=dict)

    def joins(self, slot: Slot, before: str, after: str) -> bool:
        """Whether both texts (blanks deleted), where they meet in this slot, always met within a printed line."""
        sides = ("\n?".join(map(re.escape, side)) for side in (before[-_AROUND:], after[:_AROUND]))
        found = re.findall("(\n?)".join(sides), self.printed.get(slot, ""))
        return bool(found) and not any(found)


class Item(NamedTuple):
    """A found item: lines ``first`` … ``last`` (from 0), its text, and the posterior of this reading (0–1)."""

    first: int
    last: int
    text: str
    confidence: float


def base_of(text: str) -> str:
    """The item without a last bracket: what the tiers of one class have in common."""
    if text.endswith(")") and "(" in text:
        return text[: text.rindex("(")]
    return text


_LEVEL_WORD = re.compile(
    r"[(\[]?(?:国家职业资格)?(?:[一二三四五]级|[初中高]级工?|高?级?技师)(?:[/、](?:[一二三四五]级|[初中高]级工?|高?级?技师))*[)\]]?"
)


@lru_cache(maxsize=65536)
def bare_of(text: str) -> str:
    """The item without any word for a level: what the tiers of one class have in common, bracketed or not."""
    return _LEVEL_WORD.sub("", text) if "级" in text or "技师" in text else text


def join(first: str, second: str) -> str:
    """Two halves of a wrapped text put together; a blank is restored between Latin words."""
    if first and second and is_latin(first[-1]) and is_latin(second[0]):
        return f"{first} {second}"
    return first + second


def is_latin(char: str) -> bool:
    """Whether a character is an ASCII letter or digit."""
    return char.isascii() and char.isalnum()
