"""The words by which lines become items: what a document teaches about how its items begin, end and hold together."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, repeat
from typing import TypeVar

import numpy as np

from pipeline.text import CLOSE, OPEN, brackets
from pipeline.tidy.wraps.segment_lattice import Floats, Ints, weighed
from pipeline.tidy.wraps.segment_model import SURE, Cell, Item, base_of, is_latin

_SIZES = (1, 2, 3, 4)
_BESIDE = ((1, 1), (1, 2), (2, 1), (2, 2))
_NAMES = 16
"""Characters from which on the beginnings and ends of an item's text are not counted."""

Pair = tuple[str, str]
_Text = TypeVar("_Text", str, Pair)


def counts(known: Mapping[str, int], keys: Sequence[str]) -> Ints:
    """How often each key was counted."""
    return np.fromiter(map(known.get, keys, repeat(0)), np.int64, len(keys))


def log1p(numbers: Ints) -> Floats:
    """log(1 + n) of each number from 0."""
    most = int(numbers.max(initial=0))
    return _logarithms(most.bit_length())[numbers]


@lru_cache(maxsize=64)
def _logarithms(bits: int) -> Floats:
    return np.array([math.log1p(n) for n in range(1 << bits)])


def _grams(text: str) -> list[str]:
    return [text[i : i + size] for size in _SIZES for i in range(len(text) - size + 1)]


def _ends(text: str) -> list[str]:
    return [text[-size:] for size in _SIZES if len(text) >= size]


def _starts(text: str) -> list[str]:
    return [text[:size] for size in _SIZES if len(text) >= size]


def _meeting(pair: Pair) -> list[str]:
    first, second = pair
    return [
        first[-left:] + second[:right]
        for left, right in _BESIDE
        if len(first) >= left and len(second) >= right
    ]


def _heads(text: str) -> list[str]:
    return [text[:k] for k in range(2, min(len(text), _NAMES))]


def _tails(text: str) -> list[str]:
    return [text[-k:] for k in range(2, min(len(text), _NAMES))]


def _count(into: Counter[str], texts: Iterable[_Text], pieces: Callable[[_Text], Iterable[str]]) -> None:
    """Count the pieces of every text; those of a text that comes often are made once."""
    alike: defaultdict[int, list[_Text]] = defaultdict(list)
    for text, times in Counter(texts).items():
        alike[times].append(text)
    for times, group in alike.items():
        found = chain.from_iterable(map(pieces, group))
        if times == 1:
            into.update(found)
            continue
        for piece, n in Counter(found).items():
            into[piece] += n * times


@dataclass
class Lessons:
    """What a document teaches about its items: counts over text that geometry alone has settled."""

    ends: Counter[str] = field(default_factory=Counter)
    starts: Counter[str] = field(default_factory=Counter)
    grams: Counter[str] = field(default_factory=Counter)
    parted: Counter[str] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    bases: Counter[str] = field(default_factory=Counter)
    heads: Counter[str] = field(default_factory=Counter)
    tails: Counter[str] = field(default_factory=Counter)
    n_ends: float = 0.0
    n_chars: float = 0.0
    weights: tuple[float, ...] = (0.0,) * 7
    _ending: dict[str, float] = field(default_factory=dict, init=False, repr=False, compare=False)
    _starting: dict[str, float] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What ``boundary_odds`` has found out. Lessons do not change any more once it was asked."""

    def add_texts(self, texts: Sequence[str]) -> None:
        """Stretches of text with no boundary inside."""
        _count(self.grams, texts, _grams)
        self.n_chars += sum(map(len, texts))

    def add_joins(self, pairs: Sequence[Pair]) -> None:
        """Pairs of texts between which no boundary runs."""
        _count(self.grams, pairs, _meeting)

    def add_ends(self, texts: Sequence[str]) -> None:
        """Texts that end an item."""
        _count(self.ends, texts, _ends)
        self.n_ends += len(texts)

    def add_starts(self, texts: Sequence[str]) -> None:
        """Texts that begin an item."""
        _count(self.starts, texts, _starts)

    def add_parted(self, pairs: Sequence[Pair]) -> None:
        """Pairs of texts between which a boundary runs."""
        _count(self.parted, pairs, _meeting)

    def add_items(self, texts: Sequence[str]) -> None:
        """Whole items, known for sure."""
        self.items.update(texts)
        self.bases.update(map(base_of, texts))
        _count(self.heads, texts, _heads)
        _count(self.tails, texts, _tails)

    def features(self, pairs: Sequence[Pair], inside: bool = False, apart: bool = False) -> list[Floats]:
        """What the words on both sides of places say: how often such an end ends, such a start starts, and whether
        the characters that meet here meet inside items; one array per feature. Places that were themselves counted as
        ``inside`` a line or as a boundary (``apart``) are left out of the counts."""
        twos = [first[-1:] + second[:1] for first, second in pairs]
        fours = [first[-2:] + second[:2] for first, second in pairs]
        itself = inside or apart
        two_in = counts(self.grams, twos) - inside
        four_in = counts(self.grams, fours) - inside
        return [
            self._ends_items([first[-_SIZES[-1] :] for first, _ in pairs], apart, itself),
            self._starts_items([second[: _SIZES[-1]] for _, second in pairs], apart, itself),
            log1p(np.maximum(two_in, 0)),
            log1p(np.maximum(four_in, 0)),
            log1p(np.maximum(counts(self.parted, twos) - apart, 0)),
            (two_in <= 0).astype(np.float64),
            np.ones(len(pairs)),
        ]

    def _ends_items(self, texts: Sequence[str], apart: bool, itself: bool) -> Floats:
        """Log-odds that an item ends with these characters, longer ends smoothed by shorter ones."""
        memory = {} if itself else self._ending
        new = [text for text in dict.fromkeys(texts) if text not in memory]
        parts = ([text[-size:] for text in new] for size in _SIZES)
        memory.update(zip(new, self._shares(new, parts, self.ends, apart, itself), strict=True))
        return np.array([memory[text] for text in texts])

    def _starts_items(self, texts: Sequence[str], apart: bool, itself: bool) -> Floats:
        """Log-odds that an item begins with these characters, longer beginnings smoothed by shorter ones."""
        memory = {} if itself else self._starting
        new = [text for text in dict.fromkeys(texts) if text not in memory]
        parts = ([text[:size] for text in new] for size in _SIZES)
        memory.update(zip(new, self._shares(new, parts, self.starts, apart, itself), strict=True))
        return np.array([memory[text] for text in texts])

    def _shares(
        self,
        texts: Sequence[str],
        parts: Iterable[Sequence[str]],
        known: Mapping[str, int],
        apart: bool,
        itself: bool,
    ) -> list[float]:
        """Log-odds that what stands here is of the ``known``; ``parts``: of every text one, two, three, four characters."""
        share = np.full(len(texts), (self.n_ends + 1) / (self.n_chars + 2))
        length = np.fromiter(map(len, texts), np.int64, len(texts))
        for size, cut in zip(_SIZES, parts, strict=True):
            hits = counts(known, cut) - apart
            seen = np.maximum(np.maximum(counts(self.grams, cut) - itself, hits), 0)
            share = np.where(length >= size, (hits + 1.5 * share) / (seen + 1.5), share)
        return [math.log(p / (1 - p)) for p in np.clip(share, 1e-3, 1 - 1e-3).tolist()]

    def boundary_odds(self, pairs: Sequence[Pair]) -> Floats:
        """Log-odds of an item boundary between two printed lines by their words alone (0 before anything is known)."""
        return weighed(self.weights, self.features(pairs))


def fit(lessons: Lessons, apart: Sequence[Pair], inside: Sequence[Pair]) -> None:
    """Fit how much each feature says, by the document itself: boundaries that geometry settled against places inside
    lines. Ridge regression keeps the weights near zero where a document has little to teach (words then decide
    nothing). Both kinds count alike, so the odds carry no prior."""
    if len(apart) < 5 or len(inside) < 5:
        return
    x = np.ascontiguousarray(
        np.concatenate([lessons.features(apart, apart=True), lessons.features(inside, inside=True)], axis=1).T
    )
    y = np.array([1.0] * len(apart) + [0.0] * len(inside))
    weight = np.where(y == 1, 0.5 / len(apart), 0.5 / len(inside)) * min(len(apart), len(inside)) * 2
    w = np.zeros(x.shape[1])
    ridge = np.full(x.shape[1], 2.0)
    ridge[-1] = 0.1
    for _ in range(25):  # Newton's method
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (weight * (y - p)) - ridge * w
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        w += step
        if float(np.abs(step).max()) < 1e-4:
            break
    lessons.weights = tuple(w.tolist())


_MOST = 2500
"""About so many examples of each kind are enough to weigh the features by."""


def learn(cells: Iterable[Cell], extra: Iterable[str] = ()) -> Lessons:
    """First lessons: line interiors, boundaries that geometry settled, single-line items between such boundaries.

    ``extra`` are whole names known from elsewhere in the document (its annexes).
    """
    lessons = Lessons()
    texts: list[str] = []
    starts: list[str] = []
    ends: list[str] = []
    apart: list[Pair] = []
    items: list[str] = []
    for cell in cells:
        if not cell.texts:
            continue
        texts += cell.texts
        starts.append(cell.texts[0])
        ends.append(cell.texts[-1])
        depth = 0
        sure_start = True
        for text, after, odds in zip(cell.texts, (*cell.texts[1:], None), (*cell.odds, SURE), strict=True):
            stray, opened = brackets(text)
            depth = (depth - stray if depth > stray else 0) + opened
            sure = after is None or (odds >= SURE and depth == 0)
            if sure and after is not None:
                apart.append((text, after))
            if sure and sure_start and not (stray or opened):
                items.append(text)
            sure_start = sure
    lessons.add_texts(texts)
    lessons.add_starts(starts + [second for _, second in apart])
    lessons.add_ends(ends + [first for first, _ in apart])
    lessons.add_parted(apart)
    lessons.add_items([*items, *extra])
    fit(lessons, apart[:: max(1, len(apart) // _MOST)], _inside(texts))
    return lessons


def _inside(texts: Sequence[str]) -> list[Pair]:
    """At most about ``_MOST`` places inside lines where a wrap could stand, evenly spread: what stands on both sides."""
    places: dict[str, Sequence[int]] = {}
    for text in texts:
        if text not in places:
            places[text] = _places(text)
    numbers = np.cumsum([0, *(len(places[text]) for text in texts)])
    chosen = np.arange(0, numbers[-1], max(1, int(numbers[-1]) // _MOST))
    lines = np.searchsorted(numbers, chosen, side="right") - 1
    out = []
    for line, place in zip(lines.tolist(), (chosen - numbers[lines]).tolist(), strict=True):
        at = places[texts[line]][place]
        out.append((texts[line][:at], texts[line][at:]))
    return out


_TOGETHER = re.compile(f"[{re.escape(OPEN + CLOSE)}A-Za-z0-9]")


def _places(text: str) -> Sequence[int]:
    """Places inside a line where a wrap could stand: outside brackets, between two ideographs or beside a bracket.
    Each is given as the number of characters before it."""
    if not _TOGETHER.search(text):
        return range(1, len(text))
    out = []
    depth = 0
    for at, (char, after) in enumerate(zip(text, text[1:], strict=False), start=1):
        if char in OPEN:
            depth += 1
        elif char in CLOSE and depth:
            depth -= 1
        if depth == 0 and after not in CLOSE and not (is_latin(char) and is_latin(after)):
            out.append(at)
    return out


def learn_more(
    lessons: Lessons, cells: Sequence[Cell], found: Sequence[Sequence[Item]], least: float = 0.97
) -> Lessons:
    """Lessons of a second pass: the first ones, and the items that were found with great confidence."""
    out = Lessons(
        lessons.ends.copy(), lessons.starts.copy(), lessons.grams.copy(), lessons.parted.copy(),
        lessons.items.copy(), lessons.bases.copy(), lessons.heads.copy(), lessons.tails.copy(), lessons.n_ends, lessons.n_chars, lessons.weights,
    )  # fmt: skip
    wrapped: list[str] = []
    joined: list[Pair] = []
    apart: list[Pair] = []
    starts: list[str] = []
    ends: list[str] = []
    for cell, items in zip(cells, found, strict=True):
        for item, after in zip(items, [*items[1:], None], strict=True):
            if item.confidence < least:
                continue
            if item.last > item.first:
                wrapped.append(item.text)
                joined += [(cell.texts[k], cell.texts[k + 1]) for k in range(item.first, item.last)]
            if after is not None and cell.odds[item.last] < SURE:
                ends.append(item.text)
                starts.append(after.text)
                apart.append((cell.texts[item.last], cell.texts[after.first]))
    out.add_items(wrapped)
    out.add_joins(joined)
    out.add_ends(ends)
    out.add_starts(starts)
    out.add_parted(apart)
    return out
