"""Lines → items, as one decision per cell: which of the gaps between printed lines are item boundaries?

Geometry (``breaks``) settles most gaps: a line that left room for the next piece ended on purpose. For the full lines
the text decides, with what the document itself teaches: how its items begin and end, which characters stand
together inside lines, which whole items stand un-wrapped elsewhere, and that brackets close. Each possible item gets
a score; the best division of the whole cell is found by dynamic programming, and the posterior of every item under
the same scores (a semi-Markov model) is its confidence. Nothing here is a list of items: another document teaches other
words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import chain
from typing import NamedTuple

import numpy as np

from pipeline.arrow import batched
from pipeline.text import CLOSE, OPEN, brackets, squeeze
from pipeline.tidy.wraps.segment_model import (
    CERTAIN,
    SURE,
    WRAPPED,
    Candidates,
    CellLines,
    Item,
    Memory,
    bare_of,
    base_of,
    divide,
    join,
)
from pipeline.tidy.wraps.segment_weights import (
    TIERLESS,
    Gaps,
    Weights,
    gap_features,
    item_features,
    own_weights,
    weighed,
)
from pipeline.tidy.wraps.segment_words import Floats, Lessons, learn, learn_more, settled_items

_SETTLED = 0.995
"""Cells all of whose items are at least this sure are not segmented again."""

_FURTHER_PASSES = 2
"""How often the words of a transcript are segmented again."""

LIKELY = 0.9999
"""Most that words can make of an item's confidence; what layout alone settles may have more."""

_AT_ONCE = 500
"""Parts that are segmented at once: many enough for arrays to pay, few enough for arrays to stay small."""


class CellProblem(NamedTuple):
    """A cell to segment, what the document teaches, and the bases (``base_of``) of the items of resembling cells."""

    cell: CellLines
    lessons: Lessons
    near: Collection[str] = ()


class OpenLines(NamedTuple):
    """Lines ``low`` … ``high`` - 1 of a problem's cell, no gap between which is settled."""

    problem: CellProblem
    low: int
    high: int


def parts_of(problem: CellProblem) -> Iterator[OpenLines]:
    """Where geometry is sure and no bracket is open a cell falls into parts that do not touch each other."""
    cell = problem.cell
    sure = CERTAIN if cell.traits else SURE
    start = depth = 0
    last = len(cell.texts) - 1
    for k, text in enumerate(cell.texts):
        stray, opened = brackets(text)
        depth = max(depth - stray, 0) + opened
        if k == last or (cell.odds[k] >= sure and (depth == 0 or not _closes(cell.texts, k + 1))):
            yield OpenLines(problem, start, k + 1)
            start, depth = k + 1, 0


def is_settled(cell: CellLines, low: int, high: int) -> bool:
    """Whether layout alone makes one item of lines ``low`` … ``high`` - 1 of a cell without traits."""
    part = CellLines(cell.texts[low:high], cell.odds[low : high - 1])
    return not cell.traits and settled_items(part) == [reduce(join, part.texts)]


def _closes(texts: Sequence[str], start: int) -> bool:
    """Whether a bracket left open before line ``start`` is closed within the next lines, before another opens."""
    chars = chain.from_iterable(texts[start : start + 3])
    return next((char in CLOSE for char in chars if char in OPEN + CLOSE), False)


def gaps_of(parts: Sequence[OpenLines]) -> Gaps:
    """The gaps between the lines of parts, all of which share their lessons."""
    pairs: list[tuple[str, str]] = []
    odds: list[float] = []
    traits: list[tuple[float, ...]] = []
    begin: list[int] = []
    end: list[int] = []
    counted = None
    for problem, low, high in parts:
        cell = problem.cell
        if problem is not counted:
            heads = Counter([text[:2] for text in cell.texts])
            tails = Counter([text[-2:] for text in cell.texts])
            counted = problem
        befores, afters = cell.texts[low : high - 1], cell.texts[low + 1 : high]
        pairs += zip(befores, afters, strict=True)
        odds += _odds(problem, low, high)
        traits += cell.traits[low : high - 1]
        begin += [heads[text[:2]] for text in afters]
        end += [tails[text[-2:]] for text in befores]
    words = parts[0].problem.lessons.boundary_odds(pairs)
    return Gaps(pairs, np.array(odds), words, begin, end, traits)


def _odds(problem: CellProblem, low: int, high: int) -> Sequence[float]:
    """Log-odds of a boundary by geometry at the gaps of a part: none is where an earlier edition prints both sides within
    one line."""
    cell, memory = problem.cell, problem.lessons.memory
    own = cell.odds[low : high - 1]
    if cell.slot not in memory.printed:
        return own
    texts = [squeeze(text) for text in cell.texts]
    return [
        -CERTAIN
        if odds < SURE and memory.joins(cell.slot, "".join(texts[: low + k]), "".join(texts[low + k :]))
        else odds
        for k, odds in enumerate(own, 1)
    ]


def fixed_odds(gaps: Gaps, typed: bool) -> Floats:
    """Log-odds of a boundary at gaps that weights do not touch; NaN at all others."""
    if typed:
        return np.where(np.abs(gaps.geometry) >= CERTAIN, 3 * gaps.geometry, np.nan)
    decided = (gaps.geometry >= SURE) | (gaps.geometry <= WRAPPED)
    return np.where(decided, gaps.geometry + gaps.words, np.nan)


def _segment_parts(parts: Sequence[OpenLines], weights: Mapping[str, Weights]) -> Iterator[list[Item]]:
    """Best division of each part; all are of cells with traits, or all of cells without."""
    typed = bool(parts[0].problem.cell.traits)
    model = weights["typed" if typed else "printed"]
    gaps = gaps_of(parts)
    fixed = fixed_odds(gaps, typed)
    odds = np.where(np.isnan(fixed), weighed(model.gap, gap_features(gaps, typed)), fixed)
    items = Candidates()
    ending: list[
        float
    ] = []  # per line, the log-probability of a boundary behind it (of a part's last line: 0)
    near: list[Collection[str]] = []
    rest = iter(np.clip(odds, -30.0, 30.0).tolist())
    for problem, low, high in parts:
        own = [next(rest) for _ in range(low + 1, high)]
        settled = is_settled(problem.cell, low, high)
        items.add_part(
            problem.cell.texts[low:high], [-math.log1p(math.exp(x)) for x in own], settled, problem.cell.slot
        )
        ending += [*(-math.log1p(math.exp(-x)) for x in own), 0.0]
        near += [problem.near] * (high - low)
    worth = weighed(model.item, item_features(items, parts[0].problem.lessons, near, typed))
    scores = np.array(items.inner) + worth + np.array(ending)[items.last]
    found = divide(items, scores.tolist())
    capped = zip(found.posterior, items.own, strict=True)
    sure = [chance if typed or own else min(chance, LIKELY) for chance, own in capped]
    for part, (start, *_), best in zip(parts, items.parts, found.best, strict=True):
        shift = part.low - start
        yield [Item(items.first[k] + shift, items.last[k] + shift, items.texts[k], sure[k]) for k in best]


def segment_some(
    problems: Sequence[CellProblem], weights: Mapping[str, Weights] | None = None
) -> list[list[Item]]:
    """The items of each problem's cell, all of which share their lessons, and have traits or have none.

    ``weights``: other ones than the package's own.
    """
    found: list[list[Item]] = [[] for _ in problems]
    unsettled: list[tuple[int, OpenLines]] = []
    for number, problem in enumerate(problems):
        for part in parts_of(problem):
            if part.high - part.low == 1:
                found[number].append(Item(part.low, part.low, problem.cell.texts[part.low], 1.0))
            else:
                unsettled.append((number, part))
    for some in batched(unsettled, _AT_ONCE):
        done = _segment_parts([part for _, part in some], weights or own_weights())
        for (number, _), items in zip(some, done, strict=True):
            found[number] += items
    return [sorted(items) for items in found]


def first_problems(cells: Sequence[CellLines], lessons: Lessons) -> list[CellProblem]:
    """The cells to segment; of printed ones, with the bases of the items that layout alone settles in resembling cells."""
    settled = [_bases(() if cell.traits else settled_items(cell)) for cell in cells]
    return [CellProblem(cell, lessons, _near(cell, settled)) for cell in cells]


def _bases(texts: Iterable[str]) -> frozenset[str]:
    """What items have in common with those of the other tiers: without their last bracket, and without any level."""
    return frozenset(key for text in texts for key in (base_of(text), TIERLESS + bare_of(text)))


def segment_all(
    cells: Sequence[CellLines],
    extra: Iterable[str] = (),
    issuers: Iterable[str] = (),
    memory: Memory | None = None,
    weights: Mapping[str, Weights] | None = None,
) -> list[list[Item]]:
    """Segment every cell of a document: learn from what layout settles, segment.

    The words of a transcript, which has no layout, are learned from and segmented again, three times in all: what is sure
    teaches. (Printed lines have enough that is certain; of their own finds, errors would confirm themselves.) ``extra``
    are whole names, ``issuers`` organisations known from elsewhere in the document; ``memory``: what an earlier edition
    settled; ``weights``: other ones than the package's own.
    """
    lessons = learn(cells, extra, issuers, memory)
    found = segment_some(first_problems(cells, lessons), weights)
    typed = any(cell.traits for cell in cells)
    for _ in range(_FURTHER_PASSES if typed else 0):
        again = next_problems(cells, lessons, found)
        for k, items in zip(again, segment_some(list(again.values()), weights), strict=True):
            found[k] = items
    return found


def next_problems(
    cells: Sequence[CellLines], lessons: Lessons, found: Sequence[Sequence[Item]]
) -> dict[int, CellProblem]:
    """The cells (by number) to segment once more, for not all of their items are sure, with what was learned by now.

    ``lessons``: the first ones; ``found``: what was found last.
    """
    unsure = [k for k, items in enumerate(found) if any(item.confidence < _SETTLED for item in items)]
    if not unsure:
        return {}
    more = learn_more(lessons, cells, found)
    bases = [_bases(item.text for item in items if item.confidence > 0.6) for items in found]
    return {k: CellProblem(cells[k], more, _near(cells[k], bases)) for k in unsure}


def _near(cell: CellLines, bases: Sequence[frozenset[str]]) -> frozenset[str]:
    """The bases of the cells that resemble one; ``bases``: those of every cell."""
    return frozenset().union(*(bases[number] for number in cell.near))
