"""The words by which lines become items: what a document teaches about how its items begin, end and hold together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import TypeVar

import numpy as np

from pipeline.tidy.segment_model import (
    CLOSE,
    OPEN,
    SURE,
    Cell,
    Item,
    base_of,
    depth_after,
    is_latin,
    unbalanced,
)

Form = tuple[str, tuple[float, float, float], float, tuple[float, ...], float]
"""What ``segment_weights`` asks about a text on its own."""


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
    memory: dict[str, float] = field(default_factory=dict)
    forms: dict[tuple[str, bool], Form] = field(default_factory=dict)
    """What ``segment_weights`` has found out about texts, by text and whether it is one line. Lessons do not change
    any more once a text is asked about."""

    def add_text(self, text: str) -> None:
        """A stretch of text with no boundary inside."""
        self.grams.update([text[i : i + size] for size in (1, 2, 3, 4) for i in range(len(text) - size + 1)])
        self.n_chars += len(text)

    def add_end(self, text: str) -> None:
        """``text`` ends an item."""
        for size in (1, 2, 3, 4):
            if len(text) >= size:
                self.ends[text[-size:]] += 1
        self.n_ends += 1

    def add_start(self, text: str) -> None:
        """``text`` begins an item."""
        for size in (1, 2, 3, 4):
            if len(text) >= size:
                self.starts[text[:size]] += 1

    def add_parted(self, first: str, second: str) -> None:
        """A boundary runs between the two texts."""
        for left, right in ((1, 1), (1, 2), (2, 1), (2, 2)):
            if len(first) >= left and len(second) >= right:
                self.parted[first[-left:] + second[:right]] += 1

    def add_item(self, text: str) -> None:
        """A whole item, known for sure."""
        self.items[text] += 1
        self.bases[base_of(text)] += 1
        lengths = range(2, min(len(text), 16))
        self.heads.update([text[:k] for k in lengths])
        self.tails.update([text[-k:] for k in lengths])

    def features(
        self, first: str, second: str, inside: bool = False, apart: bool = False
    ) -> tuple[float, ...]:
        """What the words on both sides of a place say: how often such an end ends, such a start starts, and whether
        the characters that meet here meet inside items. A place that was itself counted as ``inside`` a line or as a
        boundary (``apart``) is left out of the counts."""
        ends, starts, grams = self.ends.get, self.starts.get, self.grams.get
        end = start = (self.n_ends + 1) / (self.n_chars + 2)
        itself = inside or apart
        for k in range(1, min(len(first), 4) + 1):
            key = first[-k:]
            hits, all_ = ends(key, 0) - apart, grams(key, 0) - itself
            end = (hits + 1.5 * end) / (max(all_, hits, 0) + 1.5)
        for k in range(1, min(len(second), 4) + 1):
            key = second[:k]
            hits, all_ = starts(key, 0) - apart, grams(key, 0) - itself
            start = (hits + 1.5 * start) / (max(all_, hits, 0) + 1.5)
        pair, four = first[-1:] + second[:1], first[-2:] + second[:2]
        pair_in, four_in = grams(pair, 0) - inside, grams(four, 0) - inside
        return (
            _logit(min(max(end, 1e-3), 1 - 1e-3)),
            _logit(min(max(start, 1e-3), 1 - 1e-3)),
            math.log1p(max(pair_in, 0)),
            math.log1p(max(four_in, 0)),
            math.log1p(max(self.parted.get(pair, 0) - apart, 0)),
            float(pair_in <= 0),
            1.0,
        )

    def boundary_odds(self, first: str, second: str) -> float:
        """Log-odds of an item boundary between two printed lines by their words alone (0 before anything is known)."""
        key = first[-4:] + "\n" + second[:4]
        known = self.memory.get(key)
        if known is None:
            known = self.memory[key] = sum(map(mul, self.weights, self.features(first, second)))
        return known


def fit(lessons: Lessons, apart: Sequence[tuple[str, str]], inside: Sequence[tuple[str, str]]) -> None:
    """Fit how much each feature says, by the document itself: boundaries that geometry settled against places inside
    lines. Ridge regression keeps the weights near zero where a document has little to teach (words then decide
    nothing). Both kinds count alike, so the odds carry no prior."""
    if len(apart) < 5 or len(inside) < 5:
        return
    rows = [lessons.features(a, b, apart=True) for a, b in apart] + [
        lessons.features(a, b, inside=True) for a, b in inside
    ]
    x = np.array(rows)
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
    lessons.memory.clear()


_Sampled = TypeVar("_Sampled")


def _sample(items: Sequence[_Sampled], most: int = 2500) -> Sequence[_Sampled]:
    """At most about ``most`` of the items, evenly spread: the same ones every time."""
    return items[:: max(1, len(items) // most)]


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


def learn(cells: Iterable[Cell], extra: Iterable[str] = ()) -> Lessons:
    """First lessons: line interiors, boundaries that geometry settled, single-line items between such boundaries.

    ``extra`` are whole names known from elsewhere in the document (its annexes).
    """
    lessons = Lessons()
    apart: list[tuple[str, str]] = []
    inside: list[tuple[str, int]] = []
    for cell in cells:
        texts = cell.texts
        for text in texts:
            lessons.add_text(text)
            inside.extend([(text, at) for at in _places(text)])
        if not texts:
            continue
        lessons.add_start(texts[0])
        lessons.add_end(texts[-1])
        depth = 0
        sure_start = True
        for k, text in enumerate(texts):
            depth = depth_after(text, depth)
            last = k == len(texts) - 1
            sure = last or (cell.odds[k] >= SURE and depth == 0)
            if sure and not last:
                lessons.add_end(text)
                lessons.add_start(texts[k + 1])
                lessons.add_parted(text, texts[k + 1])
                apart.append((text, texts[k + 1]))
            if sure and sure_start and unbalanced(text) == 0:
                lessons.add_item(text)
            sure_start = sure
    for name in extra:
        lessons.add_item(name)
    fit(lessons, _sample(apart), [(text[:at], text[at:]) for text, at in _sample(inside)])
    return lessons


def _places(text: str) -> list[int]:
    """Places inside a line where a wrap could stand: outside brackets, between two ideographs or beside a bracket.
    Each is given as the number of characters before it."""
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
    for cell, items in zip(cells, found, strict=True):
        for item, after in zip(items, [*items[1:], None], strict=False):
            if item.confidence < least:
                continue
            if item.last > item.first:
                out.add_item(item.text)
                for k in range(item.first, item.last):
                    a, b = cell.texts[k], cell.texts[k + 1]
                    for left, right in ((1, 1), (1, 2), (2, 1), (2, 2)):
                        if len(a) >= left and len(b) >= right:
                            out.grams[a[-left:] + b[:right]] += 1
            if after is not None and cell.odds[item.last] < SURE:
                out.add_end(item.text)
                out.add_start(after.text)
                out.add_parted(cell.texts[item.last], cell.texts[after.first])
    return out
