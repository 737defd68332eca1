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
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from pipeline.forked import copies, forked_map
from pipeline.text import CLOSE, OPEN, brackets
from pipeline.tidy.wraps.segment_lattice import Candidates, Floats, Ints, Lines, candidates, weighed
from pipeline.tidy.wraps.segment_model import (
    CERTAIN,
    SURE,
    Cell,
    Item,
    bare_of,
    base_of,
)
from pipeline.tidy.wraps.segment_weights import (
    PRINTED,
    TIERLESS,
    TYPED,
    gap_features,
    item_features,
    typed_features,
    typed_gap_features,
)
from pipeline.tidy.wraps.segment_words import Lessons, learn, learn_more

_SETTLED = 0.995
"""Cells all of whose items are at least this sure are not segmented again."""


class Problem(NamedTuple):
    """A cell to segment, what the document teaches, and the bases (``base_of``) of the items of resembling cells."""

    cell: Cell
    lessons: Lessons
    near: Collection[str] = ()


class _Part(NamedTuple):
    """Lines ``low`` … ``high`` - 1 of a problem's cell, no gap between which is settled."""

    number: int
    low: int
    high: int


def segment(cell: Cell, lessons: Lessons, near: Collection[str] = ()) -> list[Item]:
    """The items of a cell: best segmentation of the whole, with the posterior of each item's boundaries.

    ``near``: the bases (``base_of``) of the items of resembling cells.
    """
    return segment_some([Problem(cell, lessons, near)])[0]


def segment_some(problems: Sequence[Problem]) -> list[list[Item]]:
    """The items of each problem's cell, all of which share their lessons."""
    found: list[list[Item]] = []
    open_parts: dict[bool, list[_Part]] = {False: [], True: []}
    for number, problem in enumerate(problems):
        texts = problem.cell.texts
        found.append([])
        for low, high in _parts(problem.cell):
            if high - low == 1:
                found[-1].append(Item(low, low, texts[low], 1.0))
            else:
                open_parts[bool(problem.cell.traits)].append(_Part(number, low, high))
    for parts in open_parts.values():
        if parts:
            for part, items in zip(parts, _segment_parts(problems, parts), strict=True):
                found[part.number] += items
    for items in found:
        items.sort(key=lambda item: item.first)
    return found


def _parts(cell: Cell) -> list[tuple[int, int]]:
    """Where geometry is sure and no bracket is open a cell falls into parts that do not touch each other: (first line,
    line behind the last) of each."""
    sure = CERTAIN if cell.traits else SURE
    out = []
    start = depth = 0
    last = len(cell.texts) - 1
    for k, text in enumerate(cell.texts):
        stray, opened = brackets(text)
        depth = (depth - stray if depth > stray else 0) + opened
        if k == last or (cell.odds[k] >= sure and (depth == 0 or not _closes(cell.texts, k + 1))):
            out.append((start, k + 1))
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


def _segment_parts(problems: Sequence[Problem], parts: Sequence[_Part]) -> list[list[Item]]:
    """Best segmentation of each part; all are of cells with traits, or all of cells without."""
    lessons = problems[0].lessons
    typed = bool(problems[parts[0].number].cell.traits)
    lines = Lines([problems[number].cell.texts[low:high] for number, low, high in parts])
    odds = _gap_odds(problems, parts, lines, lessons, typed)
    part, stay = (np.zeros(len(lines)) for _ in range(2))  # log-probabilities of a boundary, and of none
    part[lines.gaps] = [-math.log1p(math.exp(-x)) for x in odds]
    stay[lines.gaps] = [-math.log1p(math.exp(x)) for x in odds]
    items = candidates(lines, stay)
    near = [problems[number].near for number, low, high in parts for _ in range(low, high)]
    features = item_features(lines, items, lessons, near)
    if typed:
        features += typed_features(lines, items, lessons, near)
    worth = weighed((TYPED if typed else PRINTED).item, features)
    return _best(parts, items, items.inner + worth + part[items.last])


def _gap_odds(
    problems: Sequence[Problem], parts: Sequence[_Part], lines: Lines, lessons: Lessons, typed: bool
) -> list[float]:
    """Log-odds of a boundary at every gap of the parts, geometry and words weighed."""
    pairs: list[tuple[str, str]] = []
    known: list[float] = []
    traits: list[tuple[float, ...]] = []
    begins: list[int] = []
    ends: list[int] = []
    counted = -1
    begin: Counter[str] = Counter()
    end: Counter[str] = Counter()
    for number, low, high in parts:
        cell = problems[number].cell
        if number != counted:
            begin, end = (
                Counter([text[:2] for text in cell.texts]),
                Counter([text[-2:] for text in cell.texts]),
            )
            counted = number
        befores, afters = cell.texts[low : high - 1], cell.texts[low + 1 : high]
        pairs += zip(befores, afters, strict=True)
        known += cell.odds[low : high - 1]
        traits += cell.traits[low : high - 1]
        begins += [begin[text[:2]] for text in afters]
        ends += [end[text[-2:]] for text in befores]
    geometry = np.array(known)
    words = lessons.boundary_odds(pairs)
    alike = np.array(begins), np.array(ends)
    if typed:
        features = typed_gap_features(lines, lines.gaps, geometry, words, alike, np.array(traits))
        odds = np.where(np.abs(geometry) >= CERTAIN, 3 * geometry, weighed(TYPED.gap, features))
    else:
        features = gap_features(lines, lines.gaps, geometry, words, alike)
        odds = np.where(geometry >= SURE, geometry + words, weighed(PRINTED.gap, features))
    clipped: list[float] = np.clip(odds, -30.0, 30.0).tolist()
    return clipped


_STRETCH = 500
"""Lines over which sums over divisions, which may double with every line, stay within the range of floats."""


def _best(parts: Sequence[_Part], items: Candidates, scores: Floats) -> list[list[Item]]:
    """The best division of each part into items (Viterbi), and the posterior of each of these (forward sums over all
    divisions, then backward the probability that a boundary lies at a place).

    With ``best[p]`` the score of the best division before place p, every candidate weighs
    exp(best before it + its score - best behind it) ≤ 1: sums stay relative to the best division.
    """
    # Candidates by the place where they begin, then by where they end. A part of n lines has n + 1 places.
    order = np.lexsort((items.last, items.first))
    lengths = np.array([high - low for _, low, high in parts])
    before = np.repeat(np.arange(len(parts)), lengths)[items.first[order]]
    begin, behind = items.first[order] + before, items.last[order] + before + 1
    stops = np.cumsum(lengths + 1)  # the place behind each part's last one
    starts = stops - lengths - 1
    score = scores[order]
    begins, behinds = begin.tolist(), behind.tolist()

    best = [-math.inf] * int(stops[-1])
    for place in starts.tolist():
        best[place] = 0.0
    back = [0] * len(best)
    for k, (a, b, s) in enumerate(zip(begins, behinds, score.tolist(), strict=True)):
        reached = best[a] + s
        if reached > best[b]:
            best[b] = reached
            back[b] = k
    tops = np.array(best)
    weights = np.exp(tops[begin] + score - tops[behind])
    shares = _shares(begin, behind, weights, starts, stops)
    passed = [0.0] * len(best)  # the probability that a boundary lies there
    for stop in stops.tolist():
        passed[stop - 1] = 1.0
    for a, b, share in zip(reversed(begins), reversed(behinds), reversed(shares), strict=True):
        passed[a] += passed[b] * share

    out = []
    for part, start, stop in zip(parts, starts.tolist(), stops.tolist(), strict=True):
        place = stop - 1
        shift = part.low - start
        found = []
        while place > start:
            k = back[place]
            posterior = min(1.0, passed[place] * shares[k])
            first, last = begins[k] + shift, place - 1 + shift
            found.append(Item(first, last, items.texts[order[k]], posterior))
            place = begins[k]
        found.reverse()
        out.append(found)
    return out


def _shares(begin: Ints, behind: Ints, weights: Floats, starts: Ints, stops: Ints) -> list[float]:
    """Per candidate, the share that divisions whose last item it is have in all divisions of what lies before its end."""
    forward = [0.0] * int(stops[-1])
    for start in starts.tolist():
        forward[start] = 1.0
    scale = np.zeros(len(forward))  # logarithms of what the sums were divided by
    long = np.flatnonzero(stops - starts > _STRETCH).tolist()
    cuts = [place for k in long for place in range(starts[k] + _STRETCH, stops[k] - 1, _STRETCH)]
    steps = [0, *np.searchsorted(begin, cuts).tolist(), len(begin)]
    candidates = zip(begin.tolist(), behind.tolist(), weights.tolist(), strict=True)
    for low, high, cut in zip(steps, steps[1:], [*cuts, None], strict=False):
        for a, b, weight in islice(candidates, high - low):
            forward[b] += forward[a] * weight
        if cut is not None:
            stop = int(stops[np.searchsorted(stops, cut, side="right")])
            scale[cut:stop] += math.log(forward[cut])
            forward[cut:stop] = [value / forward[cut] for value in forward[cut:stop]]
    sums = np.array(forward)
    shares: list[float] = (
        sums[begin] / sums[behind] * weights * np.exp(scale[begin] - scale[behind])
    ).tolist()
    return shares


def segment_all(cells: Sequence[Cell], extra: Iterable[str] = (), passes: int = 3) -> list[list[Item]]:
    """Segment every cell of a document: learn, segment, learn from what is sure, segment again what is not."""
    lessons = learn(cells, extra)
    found = _segment_each([Problem(cell, lessons) for cell in cells])
    for _ in range(passes - 1):
        unsure = [k for k, items in enumerate(found) if any(item.confidence < _SETTLED for item in items)]
        if not unsure:
            break
        more = learn_more(lessons, cells, found)
        bases: dict[int, list[str]] = {}
        again: list[Problem] = []
        for k in unsure:
            near: set[str] = set()
            for other in cells[k].near:
                if other not in bases:
                    sure = [item.text for item in found[other] if item.confidence > 0.6]
                    bases[other] = [base_of(text) for text in sure]
                    if cells[other].traits:
                        bases[other] += [TIERLESS + bare_of(text) for text in sure]
                near.update(bases[other])
            again.append(Problem(cells[k], more, near))
        for k, items in zip(unsure, _segment_each(again), strict=True):
            found[k] = items
    return found


_MANY = 1000
"""Lines to segment from which on forked copies of the process help: fewer are done sooner than shared."""

_AT_ONCE = 1500
"""Lines that are segmented at once: many enough for arrays to pay, few enough for arrays to stay small."""


def _segment_each(problems: Sequence[Problem]) -> list[list[Item]]:
    """``segment(*problem)`` for each problem, shared with the other processors."""
    lines = 0
    some: list[list[Problem]] = [[]]
    for problem in problems:
        if lines // _AT_ONCE != (lines + len(problem.cell.texts)) // _AT_ONCE and some[-1]:
            some.append([])
        lines += len(problem.cell.texts)
        some[-1].append(problem)
    found = forked_map(segment_some, some, copies() if lines >= _MANY else 0)
    return [items for part in found for items in part]
