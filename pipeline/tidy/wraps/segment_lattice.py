"""Many cells' lines as arrays, and every item that could be made of them: what segmentation chooses from.

Lines of all parts (runs of lines with no settled gap between) stand end to end; a possible item is a run of lines of one
part. Everything is asked of all of them at once; how the best division is found, ``segment`` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.text import brackets
from pipeline.tidy.wraps.segment_model import is_latin

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_LONGEST = 14
"""Most printed lines that one item may be wrapped over (unless its brackets stay open)."""

_HOPELESS = -25.0
"""Log-probability of the gaps inside an item below which no form of its text makes up for so sure a boundary."""


class Places:
    """Which keys stand with lines, one with each; to ask about every different key once, and to count how often one
    stands between two lines."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.known = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        self.numbers: Ints = np.fromiter(map(self.known.__getitem__, keys), np.int64, len(keys))

    def flags(self, ask: Callable[[str], object]) -> Flags:
        """What ``ask`` says about each line's key."""
        return np.fromiter(map(ask, self.known), bool, len(self.known))[self.numbers]

    def repeated(self) -> Flags:
        """Per line, whether its key stands with other lines as well."""
        return np.asarray(np.bincount(self.numbers)[self.numbers] > 1)

    @cached_property
    def _ordered(self) -> Ints:
        return np.sort(self.numbers * (len(self.numbers) + 1) + np.arange(len(self.numbers)))

    def count(self, numbers: Ints, first: Ints, stop: Ints) -> Ints:
        """How often keys of these numbers stand in lines ``first`` … ``stop`` - 1 (elementwise)."""
        base = numbers * (len(self.numbers) + 1)
        return np.searchsorted(self._ordered, base + stop) - np.searchsorted(self._ordered, base + first)


class Lines:
    """The lines of all parts, end to end. ``stops[i]``: number of the line behind the last of line ``i``'s part;
    ``gaps``: the lines behind which a gap of their part lies."""

    def __init__(self, parts: Sequence[Sequence[str]]) -> None:
        """Lines of parts, each given as its texts; none of them is empty."""
        self.texts = [text for part in parts for text in part]
        counts = np.array([len(part) for part in parts], dtype=np.int64)
        self.stops: Ints = np.repeat(np.cumsum(counts), counts)
        at = np.arange(len(self.texts))
        self.gaps: Ints = at[at + 1 < self.stops]

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def whole(self) -> Places:
        """The lines' texts."""
        return Places(self.texts)

    @cached_property
    def heads(self) -> Places:
        """The first two characters of every line."""
        return Places([text[:2] for text in self.texts])

    @cached_property
    def tails(self) -> Places:
        """The last two characters of every line."""
        return Places([text[-2:] for text in self.texts])

    @cached_property
    def first(self) -> Places:
        """The first character of every line."""
        return Places([text[0] for text in self.texts])

    @cached_property
    def last(self) -> Places:
        """The last character of every line."""
        return Places([text[-1] for text in self.texts])

    @cached_property
    def length(self) -> Ints:
        """Characters of every line."""
        return np.fromiter(map(len, self.texts), np.int64, len(self.texts))

    @cached_property
    def glued(self) -> list[str]:
        """What every line adds to a text that ends with the line before: a blank is restored between Latin words (see
        ``segment_model.join``)."""
        out = list(self.texts)
        for k in np.flatnonzero(self.last.flags(is_latin)[:-1] & self.first.flags(is_latin)[1:]).tolist():
            out[k + 1] = " " + out[k + 1]
        return out


@dataclass(frozen=True)
class Candidates:
    """Every possible item: lines ``first`` … ``last``, its text and its length, the log-probability of the gaps inside it,
    its brackets without a partner. Single lines come first, in order, then runs of two lines, and so on."""

    first: Ints
    last: Ints
    texts: list[str]
    length: Ints
    inner: Floats
    unbalanced: Ints


def candidates(lines: Lines, stay: Floats) -> Candidates:
    """Every possible item; ``stay``: per line, the log-probability that the gap behind it is no boundary."""
    found = np.array([brackets(text) for text in lines.whole.known], dtype=np.int64)[lines.whole.numbers]
    closing, opening = found[:, 0], found[:, 1]
    first: Ints = np.arange(len(lines))
    inner: Floats = np.zeros(len(lines))
    texts, stray, depth = lines.texts, closing, opening
    size = lines.length
    added = np.fromiter(map(len, lines.glued), np.int64, len(lines))
    waves: list[tuple[Any, ...]] = []
    length = 1
    while len(first):
        waves.append((first, first + (length - 1), texts, size, inner, stray + depth))
        alive = first + length < lines.stops[first]
        if length >= _LONGEST:
            alive &= depth > 0
        inner = inner + stay[first + (length - 1)]
        at = np.flatnonzero(alive & (inner >= _HOPELESS))
        first, inner, stray, depth = first[at], inner[at], stray[at], depth[at]
        after = first + length
        texts = [texts[i] + lines.glued[j] for i, j in zip(at.tolist(), after.tolist(), strict=True)]
        size = size[at] + added[after]
        stray = stray + np.maximum(closing[after] - depth, 0)
        depth = np.maximum(depth - closing[after], 0) + opening[after]
        length += 1
    firsts, lasts, all_texts, sizes, inners, unpaired = zip(*waves, strict=True)
    return Candidates(
        np.concatenate(firsts),
        np.concatenate(lasts),
        list(chain.from_iterable(all_texts)),
        np.concatenate(sizes),
        np.concatenate(inners),
        np.concatenate(unpaired),
    )


def weighed(weights: Sequence[float], features: Sequence[Floats | Flags | Ints | float]) -> Floats:
    """Sum of weights times features, added up in their order (so that every machine rounds alike)."""
    total: Any = 0.0
    for weight, feature in zip(weights, features, strict=True):
        total = total + weight * feature
    return np.asarray(total, dtype=np.float64)
