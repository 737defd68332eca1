"""The words by which lines become items: what a document teaches about how its items begin, end and hold together."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.text import CLOSE, OPEN, brackets
from pipeline.tidy.wraps.segment_model import SURE, WRAPPED, CellLines, Item, Memory, base_of, is_latin, join

Floats = NDArray[np.float64]
Pair = tuple[str, str]

_SIZES = (1, 2, 3, 4)
_BESIDE = ((1, 1), (1, 2), (2, 1), (2, 2))
_NAMES = 16
"""Characters from which on the beginnings and ends of an item's text are not counted."""


def counts(known: Mapping[str, int], keys: Sequence[str]) -> NDArray[np.int64]:
    """How often each key was counted."""
    return np.fromiter(map(known.get, keys, repeat(0)), np.int64, len(keys))


def log1p(numbers: Sequence[int] | NDArray[np.int64]) -> Floats:
    """log(1 + n) of each number from 0 (not numpy's, which rounds differently on some processors)."""
    return np.array([math.log1p(n) for n in np.asarray(numbers).tolist()])


def _grams(text: str) -> list[str]:
    return [text[i : i + size] for size in _SIZES for i in range(len(text) - size + 1)]


def _meeting(pair: Pair) -> list[str]:
    first, second = pair
    return [
        first[-left:] + second[:right]
        for left, right in _BESIDE
        if len(first) >= left and len(second) >= right
    ]


@dataclass
class Lessons:
    """What a document teaches about its items: counts over text that geometry alone has settled.

    ``ends``, ``starts``: characters with which items end and begin; ``grams``: characters that stand together;
    ``parted``: characters that meet at a boundary; ``items``: whole items, ``bases``, ``heads``, ``tails``: what they
    are without a last bracket, and how they begin and end; ``kinds``: (kind, item); ``issuers``: what stands before a colon;
    ``memory``: what an earlier edition settled; ``weights``: how much each of ``features`` says.
    """

    ends: Counter[str] = field(default_factory=Counter)
    starts: Counter[str] = field(default_factory=Counter)
    grams: Counter[str] = field(default_factory=Counter)
    parted: Counter[str] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    bases: Counter[str] = field(default_factory=Counter)
    heads: Counter[str] = field(default_factory=Counter)
    tails: Counter[str] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    issuers: Counter[str] = field(default_factory=Counter)
    memory: Memory = field(default_factory=Memory)
    n_ends: float = 0.0
    n_chars: float = 0.0
    weights: tuple[float, ...] = (0.0,) * 7

    def add_texts(self, texts: Sequence[str]) -> None:
        """Stretches of text with no boundary inside."""
        self.grams.update(chain.from_iterable(map(_grams, texts)))
        self.n_chars += sum(map(len, texts))

    def add_joins(self, pairs: Sequence[Pair]) -> None:
        """Pairs of texts between which no boundary runs."""
        self.grams.update(chain.from_iterable(map(_meeting, pairs)))

    def add_ends(self, texts: Sequence[str]) -> None:
        """Texts that end an item."""
        self.ends.update(text[-size:] for text in texts for size in _SIZES if len(text) >= size)
        self.n_ends += len(texts)

    def add_starts(self, texts: Sequence[str]) -> None:
        """Texts that begin an item."""
        self.starts.update(text[:size] for text in texts for size in _SIZES if len(text) >= size)

    def add_parted(self, pairs: Sequence[Pair]) -> None:
        """Pairs of texts between which a boundary runs."""
        self.parted.update(chain.from_iterable(map(_meeting, pairs)))

    def add_items(self, texts: Sequence[str]) -> None:
        """Whole items, known for sure."""
        self.items.update(texts)
        self.bases.update(map(base_of, texts))
        self.heads.update(text[:k] for text in texts for k in range(2, min(len(text), _NAMES)))
        self.tails.update(text[-k:] for text in texts for k in range(2, min(len(text), _NAMES)))

    def add_issuers(self, texts: Iterable[str]) -> None:
        """The issuers that items name before a colon."""
        self.issuers.update(text.partition(":")[0] for text in texts if ":" in text)

    def features(self, pairs: Sequence[Pair], inside: bool = False, apart: bool = False) -> list[Floats]:
        """What the words on both sides of places say: how often such an end ends, such a start starts, and whether
        the characters that meet here meet inside items; one array per feature. Places that were themselves counted as
        ``inside`` a line or as a boundary (``apart``) are left out of the counts."""
        firsts, seconds = zip(*pairs, strict=True)
        twos = [first[-1:] + second[:1] for first, second in pairs]
        fours = [first[-2:] + second[:2] for first, second in pairs]
        itself = inside or apart
        two_in = counts(self.grams, twos) - inside
        four_in = counts(self.grams, fours) - inside
        ending = [[text[-size:] for text in firsts] for size in _SIZES]
        starting = [[text[:size] for text in seconds] for size in _SIZES]
        return [
            self._shares(ending, self.ends, apart, itself),
            self._shares(starting, self.starts, apart, itself),
            log1p(np.maximum(two_in, 0)),
            log1p(np.maximum(four_in, 0)),
            log1p(np.maximum(counts(self.parted, twos) - apart, 0)),
            (two_in <= 0).astype(np.float64),
            np.ones(len(pairs)),
        ]

    def _shares(
        self, parts: Sequence[Sequence[str]], known: Mapping[str, int], apart: bool, itself: bool
    ) -> Floats:
        """Log-odds that what stands here is of the ``known``, longer parts smoothed by shorter ones.

        ``parts``: one, two, three, four characters of every text, as far as it has them.
        """
        share = np.full(len(parts[0]), (self.n_ends + 1) / (self.n_chars + 2))
        length = np.array([len(text) for text in parts[-1]])
        for size, cut in zip(_SIZES, parts, strict=True):
            hits = counts(known, cut) - apart
            seen = np.maximum(np.maximum(counts(self.grams, cut) - itself, hits), 0)
            share = np.where(length >= size, (hits + 1.5 * share) / (seen + 1.5), share)
        return np.array([math.log(p / (1 - p)) for p in np.clip(share, 1e-3, 1 - 1e-3).tolist()])

    def boundary_odds(self, pairs: Sequence[Pair]) -> Floats:
        """Log-odds of an item boundary between two printed lines by their words alone (0 before anything is known)."""
        total = np.zeros(len(pairs))
        for weight, feature in zip(self.weights, self.features(pairs), strict=True):
            total = total + weight * feature
        return total


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


def settled_items(cell: CellLines) -> list[str]:
    """The items that layout alone settles: between sure boundaries, and wrapped only inside brackets or where it shows."""
    out: list[str] = []
    text, depth, whole = "", 0, True
    for k, line in enumerate(cell.texts):
        stray, opened = brackets(line)
        whole = whole and stray <= depth
        depth = max(depth - stray, 0) + opened
        text = join(text, line)
        if k + 1 == len(cell.texts) or (cell.odds[k] >= SURE and depth == 0):
            if whole and depth == 0 and (text == line or not cell.traits):
                out.append(text)
            text, depth, whole = "", 0, True
        else:
            whole = whole and (depth > 0 or cell.odds[k] <= WRAPPED)
    return out


def learn(
    cells: Iterable[CellLines],
    extra: Iterable[str] = (),
    issuers: Iterable[str] = (),
    memory: Memory | None = None,
) -> Lessons:
    """First lessons: line interiors, boundaries that geometry settled, the items that layout alone settles.

    ``extra`` are whole names, ``issuers`` organisations known from elsewhere in the document (its annexes); ``memory``: what
    an earlier edition settled.
    """
    lessons = Lessons()
    filled = [cell for cell in cells if cell.texts]
    apart: list[Pair] = []
    for cell in filled:
        depth = 0
        for text, after, odds in zip(cell.texts, cell.texts[1:], cell.odds, strict=False):
            stray, opened = brackets(text)
            depth = max(depth - stray, 0) + opened
            if odds >= SURE and depth == 0:
                apart.append((text, after))
    texts = [text for cell in filled for text in cell.texts]
    lessons.add_texts(texts)
    lessons.add_starts([cell.texts[0] for cell in filled] + [second for _, second in apart])
    lessons.add_ends([cell.texts[-1] for cell in filled] + [first for first, _ in apart])
    lessons.add_parted(apart)
    settled = [(cell.slot[1], item) for cell in filled for item in settled_items(cell)]
    items = [item for _, item in settled]
    lessons.add_items([*items, *extra])
    lessons.kinds.update(settled)
    lessons.add_issuers(items)
    lessons.issuers.update(issuers)
    if memory is not None:
        lessons.memory = memory
    fit(lessons, apart[:: max(1, len(apart) // _MOST)], _inside(texts))
    return lessons


def _inside(texts: Sequence[str]) -> list[Pair]:
    """At most about ``_MOST`` places inside lines where a wrap could stand, evenly spread: what stands on both sides."""
    places = [(text, at) for text in texts for at in _places(text)]
    return [(text[:at], text[at:]) for text, at in places[:: max(1, len(places) // _MOST)]]


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
    lessons: Lessons, cells: Sequence[CellLines], found: Sequence[Sequence[Item]], least: float = 0.97
) -> Lessons:
    """Lessons of a second pass: the first ones, and the items that were found with great confidence."""
    counted: dict[str, Any] = {
        name: value.copy() for name, value in vars(lessons).items() if isinstance(value, Counter)
    }
    out = replace(lessons, **counted)
    wrapped: list[str] = []
    joined: list[Pair] = []
    apart: list[Pair] = []
    starts: list[str] = []
    ends: list[str] = []
    for cell, items in zip(cells, found, strict=True):
        for item, after in zip(items, [*items[1:], None], strict=False):
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
