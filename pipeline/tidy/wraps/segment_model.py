"""What segmentation works on: cells as lines and gaps, items, and small questions about their texts; every item that could
be made of lines, and the best division of the lines into items.

Lines of all parts (runs of lines with no settled gap between) stand end to end; a possible item is a run of lines of one
part. A semi-Markov model scores each; what the scores consist of, ``segment`` and ``segment_weights`` know.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from pipeline.model import Slot
from pipeline.text import brackets

SURE = 6.0
"""Log-odds of a boundary where geometry alone decides."""

WRAPPED = -5.0
"""Log-odds of a boundary from which down layout alone decides that there is none."""

CERTAIN = 9.0
"""The same for a cell with traits, in which a boundary at ``SURE`` teaches, but may still be outvoted."""

BY_LAYOUT = 0.99995
"""Confidence from which on layout alone settled an item (what words decided stays below, see ``segment.LIKELY``)."""


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


_LONGEST = 14
"""Most printed lines that one item may be wrapped over (unless its brackets stay open)."""

_HOPELESS = -25.0
"""Log-probability of the gaps inside an item below which no form of its text makes up for so sure a boundary."""


@dataclass
class Candidates:
    """Every possible item of the parts of ``lines``, part by part, by first line and then by last.

    ``parts``: per part its first line, the line behind its last, its first item and the item behind its last. Per item:
    ``first`` and ``last`` line, its text, the log-probability of the gaps inside it, its brackets without a partner, and
    whether it is one that layout settles, all of its part (which taught it to the lessons). ``slots``: per line, the class,
    kind and tier of its cell.
    """

    lines: list[str] = field(default_factory=list)
    parts: list[tuple[int, int, int, int]] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    inner: list[float] = field(default_factory=list)
    unbalanced: list[int] = field(default_factory=list)
    own: list[bool] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)

    def add_part(
        self, lines: Sequence[str], stay: Sequence[float], settled: bool = False, slot: Slot = ("", "", "")
    ) -> None:
        """Add the lines of a part and all items that they could be.

        ``stay``: the log-probability that a gap is no boundary, of the gaps between the lines; ``settled``: layout alone
        makes one item of them.
        """
        start, before = len(self.lines), len(self.texts)
        found = [brackets(line) for line in lines]
        for first, line in enumerate(lines):
            text, inner = line, 0.0
            stray, depth = found[first]
            for last in range(first, len(lines)):
                if last > first:
                    inner += stay[last - 1]
                    if inner < _HOPELESS or (last - first >= _LONGEST and depth == 0):
                        break
                    text = join(text, lines[last])
                    closing, opening = found[last]
                    stray += max(closing - depth, 0)
                    depth = max(depth - closing, 0) + opening
                self.first.append(start + first)
                self.last.append(start + last)
                self.texts.append(text)
                self.inner.append(inner)
                self.unbalanced.append(stray + depth)
                self.own.append(settled and last - first + 1 == len(lines))
        self.lines += lines
        self.slots += [slot] * len(lines)
        self.parts.append((start, start + len(lines), before, len(self.texts)))


@dataclass
class Divisions:
    """What the scores of all possible items come to.

    ``best``: per part, the numbers of the items of its best division; ``total``: per part, the logarithm of the sum of
    exp(score) over all divisions; ``posterior``: per item, the share of the divisions of which it is one.
    """

    best: list[list[int]]
    total: list[float]
    posterior: list[float]


def divide(items: Candidates, scores: Sequence[float]) -> Divisions:
    """Divide each part into items: the best way (Viterbi), and all ways (forward and backward sums).

    ``scores``: one per item; a division scores the sum of its items.
    """
    out = Divisions([], [], [0.0] * len(scores))
    for start, stop, low, high in items.parts:
        best = [0.0] + [-math.inf] * (stop - start)  # of the lines before a place
        back = [0] * len(best)
        sums = [0.0] * len(best)
        arriving: list[list[float]] = [[] for _ in best]
        arriving[0] = [0.0]
        place = -1
        spans = [(items.first[k] - start, items.last[k] + 1 - start) for k in range(low, high)]
        for k, (first, behind) in enumerate(spans, low):
            if first > place:
                place, sums[first] = first, _log_sum(arriving[first])
            arriving[behind].append(sums[first] + scores[k])
            if best[first] + scores[k] > best[behind]:
                best[behind], back[behind] = best[first] + scores[k], k
        sums[-1] = _log_sum(arriving[-1])
        passed = [0.0] * (stop - start) + [1.0]  # the probability that an item begins at a place
        for k, (first, behind) in zip(range(high - 1, low - 1, -1), reversed(spans), strict=True):
            share = passed[behind] * math.exp(sums[first] + scores[k] - sums[behind])
            out.posterior[k] = min(1.0, share)
            passed[first] += share
        out.best.append(_path(back, items, start, stop))
        out.total.append(sums[-1])
    return out


def _path(back: Sequence[int], items: Candidates, start: int, stop: int) -> list[int]:
    """The items of the best division, found from its end."""
    found = []
    place = stop
    while place > start:
        k = back[place - start]
        found.append(k)
        place = items.first[k]
    return found[::-1]


def _log_sum(logs: Sequence[float]) -> float:
    if len(logs) == 1:
        return logs[0]
    most = max(logs)
    return most + math.log(sum(math.exp(x - most) for x in logs))
