"""Lines → items, as one decision per cell: which of the gaps between printed lines are item boundaries?

Geometry (``breaks``) settles most gaps: a line that left room for the next piece ended on purpose. For the full lines
the text decides, with what the document itself teaches: how its items begin and end, which characters stand
together inside lines, which whole items stand un-wrapped elsewhere, and that brackets close. Each possible item gets
a score; the best segmentation of the whole cell is found by dynamic programming, and the posterior of every gap under
the same scores (forward-backward over the lattice of segmentations, as in a semi-Markov model) is its confidence.
Nothing here is a list of items: another document teaches other words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import mul

from pipeline.forked import copies, forked_map
from pipeline.tidy.segment_model import (
    CERTAIN,
    CLOSE,
    OPEN,
    SURE,
    Cell,
    Item,
    bare_of,
    base_of,
    depth_after,
    join,
)
from pipeline.tidy.segment_weights import PRINTED, TIERLESS, TYPED, gap_features, typed_gap_features, worth
from pipeline.tidy.segment_words import Lessons, learn, learn_more

_LONGEST = 14
"""Most printed lines that one item may be wrapped over (unless its brackets stay open)."""

_SETTLED = 0.995
"""Cells all of whose items are at least this sure are not segmented again."""


def segment(cell: Cell, lessons: Lessons, near: Mapping[str, int] | None = None) -> list[Item]:
    """The items of a cell: best segmentation of the whole, with the posterior of each item's boundaries.

    ``near`` counts the bases (``base_of``) of the items of resembling cells.
    """
    n = len(cell.texts)
    near = near or {}
    sure = CERTAIN if cell.traits else SURE
    out: list[Item] = []
    starts: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    start = depth = 0
    for k in range(n):
        depth = depth_after(cell.texts[k], depth)
        # Where geometry is sure and no bracket is open the cell falls into parts that do not touch each other.
        if k == n - 1 or (cell.odds[k] >= sure and (depth == 0 or not _closes(cell.texts, k + 1))):
            if k == start:
                out.append(Item(k, k, cell.texts[k], 1.0))
            else:
                starts = starts or Counter([text[:2] for text in cell.texts])
                ends = ends or Counter([text[-2:] for text in cell.texts])
                out.extend(_segment_part(cell, start, k + 1, lessons, near, starts, ends))
            start, depth = k + 1, 0
    return out


def _closes(texts: Sequence[str], start: int) -> bool:
    """Whether a bracket left open before line ``start`` is closed within the next lines, before another opens."""
    for text in texts[start : start + 3]:
        for char in text:
            if char in CLOSE:
                return True
            if char in OPEN:
                return False
    return False


def _segment_part(
    cell: Cell,
    low: int,
    high: int,
    lessons: Lessons,
    near: Mapping[str, int],
    starts: Mapping[str, int],
    ends: Mapping[str, int],
) -> list[Item]:
    """Best segmentation of lines ``low`` … ``high`` - 1; ``starts``, ``ends``: how many of the cell's lines begin and
    end with two characters."""
    texts = cell.texts[low:high]
    n = len(texts)
    weights = TYPED if cell.traits else PRINTED
    odds = _gap_odds(cell, low, high, lessons, starts, ends)
    part = [-math.log1p(math.exp(-x)) for x in odds]
    stay = [-math.log1p(math.exp(x)) for x in odds]
    # What a line adds to a text that ends with the line before it: a blank is restored between Latin words.
    glued = [texts[0], *(join(a, b)[len(a) :] for a, b in zip(texts, texts[1:], strict=False))]
    scores: dict[tuple[int, int], float] = {}
    best = [-math.inf] * (n + 1)
    best[0] = 0.0
    back = [0] * (n + 1)
    for start in range(n):
        if best[start] == -math.inf:
            continue
        text, inner = texts[start], 0.0
        for end in range(start, n):
            if end > start:
                inner += stay[end - 1]
                if end - start >= _LONGEST and depth_after(text) == 0:
                    break
                text += glued[end]
            if inner < -25:  # no form of the text makes up for so sure a boundary inside it
                break
            score = (
                inner
                + worth(text, texts[start : end + 1], lessons, near, weights)
                + (part[end] if end < n - 1 else 0.0)
            )
            scores[start, end] = score
            if best[start] + score > best[end + 1]:
                best[end + 1] = best[start] + score
                back[end + 1] = start
    spans: list[tuple[int, int]] = []
    end = n
    while end > 0:
        spans.append((back[end], end - 1))
        end = back[end]
    spans.reverse()
    return [
        Item(low + start, low + end, texts[start] + "".join(glued[start + 1 : end + 1]), confidence)
        for (start, end), confidence in zip(spans, _posteriors(scores, n, spans), strict=True)
    ]


def _gap_odds(
    cell: Cell, low: int, high: int, lessons: Lessons, starts: Mapping[str, int], ends: Mapping[str, int]
) -> list[float]:
    """Log-odds of a boundary at every gap between lines ``low`` … ``high`` - 1, geometry and words weighed."""
    out = []
    for k in range(low, high - 1):
        first, second = cell.texts[k], cell.texts[k + 1]
        geometry = cell.odds[k]
        words = lessons.boundary_odds(first, second)
        if cell.traits:
            if abs(geometry) >= CERTAIN:
                out.append(_clip(3 * geometry))
                continue
            found = typed_gap_features(geometry, words, first, second, starts, ends, cell.traits[k])
            out.append(_clip(sum(map(mul, TYPED.gap, found))))
        elif geometry >= SURE:
            out.append(_clip(geometry + words))
        else:
            found = gap_features(geometry, words, first, second, starts, ends)
            out.append(_clip(sum(map(mul, PRINTED.gap, found))))
    return out


def _clip(odds: float) -> float:
    return min(max(odds, -30.0), 30.0)


def _posteriors(
    scores: dict[tuple[int, int], float], n: int, wanted: Sequence[tuple[int, int]]
) -> list[float]:
    """Probability of the ``wanted`` items under the scores of all candidates, which come in order: forward-backward
    over all segmentations."""
    forward = [-math.inf] * (n + 1)
    forward[0] = 0.0
    backward = [-math.inf] * (n + 1)
    backward[n] = 0.0
    for (start, end), score in scores.items():
        forward[end + 1] = _add(forward[end + 1], forward[start] + score)
    for (start, end), score in reversed(scores.items()):
        backward[start] = _add(backward[start], score + backward[end + 1])
    total = forward[n]
    return [
        min(1.0, math.exp(forward[start] + scores[start, end] + backward[end + 1] - total))
        for start, end in wanted
    ]


def _add(a: float, b: float) -> float:
    if a == -math.inf:
        return b
    if b == -math.inf:
        return a
    high, low = (a, b) if a > b else (b, a)
    return high + math.log1p(math.exp(low - high))


def segment_all(cells: Sequence[Cell], extra: Iterable[str] = (), passes: int = 3) -> list[list[Item]]:
    """Segment every cell of a document: learn, segment, learn from what is sure, segment again what is not."""
    lessons = learn(cells, extra)
    found = _segment_each([(cell, lessons, {}) for cell in cells])
    for _ in range(passes - 1):
        unsure = [k for k, items in enumerate(found) if any(item.confidence < _SETTLED for item in items)]
        if not unsure:
            break
        more = learn_more(lessons, cells, found)
        bases: dict[int, list[str]] = {}
        again: list[tuple[Cell, Lessons, Mapping[str, int]]] = []
        for k in unsure:
            near: Counter[str] = Counter()
            for other in cells[k].near:
                if other not in bases:
                    sure = [item.text for item in found[other] if item.confidence > 0.6]
                    bases[other] = [base_of(text) for text in sure]
                    if cells[other].traits:
                        bases[other] += [TIERLESS + bare_of(text) for text in sure]
                near.update(bases[other])
            again.append((cells[k], more, near))
        for k, items in zip(unsure, _segment_each(again), strict=True):
            found[k] = items
    return found


_MANY = 1000
"""Lines to segment from which on forked copies of the process help: fewer are done sooner than shared."""


def _segment_each(problems: Sequence[tuple[Cell, Lessons, Mapping[str, int]]]) -> list[list[Item]]:
    """``segment(*problem)`` for each problem, shared with the other processors."""
    lines = sum(len(cell.texts) for cell, _, _ in problems)
    parts = [problems[i : i + 8] for i in range(0, len(problems), 8)]
    found = forked_map(_segment_some, parts, copies() if lines >= _MANY else 0)
    return [items for part in found for items in part]


def _segment_some(problems: Sequence[tuple[Cell, Lessons, Mapping[str, int]]]) -> list[list[Item]]:
    return [segment(*problem) for problem in problems]
