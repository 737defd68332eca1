"""Merged cells of which a transcript shows only the value, once, somewhere in the span: which rows does it cover?

The ruling lines are lost. What is left: a typesetter sets a merged value at the top of its span or in the middle of
it (or of the part of it on one page); rows that belong together resemble each other; a value often names one of its
rows, or its letters stand in their names. The cheapest division of all rows into spans is found as a whole. Every
row but the one that the value stands in stays uncertain.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.text import is_cjk

_LATIN = re.compile(r"[A-Z][A-Za-z]+")
_SETTINGS = (0, 1)
_SWITCH, _TURN, _PART = 1.5, 0.4, 0.4
_OFF = 0.45
_FAR = 4.0
_FIRST = 1.5
_NAMED = 2.5
_LIKE = 0.8
_PRINTED, _BETWEEN, _SURE, _LIKELY, _EDGE = 1.0, 0.95, 0.8, 0.7, 0.5


@dataclass(frozen=True)
class Span:
    """A value and the rows it covers, ``start`` … ``stop`` - 1; ``at`` where it is printed first; how sure each row is."""

    value: str
    at: int
    start: int
    stop: int
    confidence: tuple[float, ...]

    @property
    def certain(self) -> bool:
        """Whether nothing had to be guessed: the value covers just the row in which it is printed."""
        return self.stop - self.start == 1


@dataclass(frozen=True)
class _Value:
    text: str
    first: int
    last: int


def find_spans(values: Sequence[str], names: Sequence[str], pages: Sequence[int]) -> list[Span]:
    """Divide rows into spans. ``values[i]``: what is printed in the merged column ("" for nothing); ``names[i]``: the
    row's own words; ``pages[i]``: a number for the page that the row stands on. Every row is covered."""
    printed: list[_Value] = []
    for row, text in enumerate(values):
        if not text:
            continue
        if printed and printed[-1].text == text:
            printed[-1] = _Value(text, printed[-1].first, row)  # printed again, after a page end
        else:
            printed.append(_Value(text, row, row))
    if not printed:
        return []
    starts = _divide(printed, names, pages, None)
    for _ in range(2):
        starts = _divide(printed, names, pages, _groups(printed, names, starts))
    stops = [*starts[1:], len(values)]
    return [
        Span(
            v.text, v.first, a, b, tuple(_certainty(values, v, a, b, row, len(values)) for row in range(a, b))
        )
        for v, a, b in zip(printed, starts, stops, strict=True)
    ]


def _certainty(values: Sequence[str], value: _Value, start: int, stop: int, row: int, rows: int) -> float:
    if values[row]:
        return _PRINTED
    if value.first < row < value.last:
        return _BETWEEN
    inner_edge = (row == start and start > 0) or (row == stop - 1 and stop < rows)
    if inner_edge:
        return _EDGE
    return _SURE if min(abs(row - value.first), abs(row - value.last)) <= 2 else _LIKELY


def _pairs(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}


def _groups(printed: Sequence[_Value], names: Sequence[str], starts: Sequence[int]) -> list[Counter[str]]:
    stops = [*starts[1:], len(names)]
    return [
        Counter(pair for row in range(a, b) for pair in _pairs(names[row]))
        for a, b in zip(starts, stops, strict=True)
    ]


def _divide(
    printed: Sequence[_Value],
    names: Sequence[str],
    pages: Sequence[int],
    groups: Sequence[Counter[str]] | None,
) -> list[int]:
    """The first row of every value's span: dynamic programming over where each span begins."""
    n = len(names)
    spread = Counter(pair for name in names for pair in _pairs(name))
    weight = {pair: math.log((n + 1) / (count + 0.5)) for pair, count in spread.items()}
    words = [_pairs(name) for name in names]
    common = {pair for pair, count in spread.items() if count >= max(0.3 * n, 4)}
    sums = []
    for k, value in enumerate(printed):
        # A value reaches at most from the one before to the one after.
        low = printed[k - 1].last + 1 if k else 0
        high = printed[k + 1].first if k + 1 < len(printed) else n
        group = groups[k] if groups else None
        fits = [0.0] * n
        for row in range(low, high):
            fits[row] = _fit(value, names[row], words[row], group, weight, common)
        sums.append(_running(fits))
    bounds = [(0, 0)] + [(printed[k - 1].last + 1, printed[k].first) for k in range(1, len(printed))]
    # A state is (first row after the span, how its value is set): a page sets its values all in one way.
    best: list[dict[tuple[int, int], float]] = [{(0, _SETTINGS[0]): 0.0}]
    back: list[dict[tuple[int, int], tuple[int, int]]] = [{}]
    for k in range(1, len(printed) + 1):
        low, high = bounds[k] if k < len(printed) else (n, n)
        value = printed[k - 1]
        same_page = k > 1 and pages[value.first] == pages[printed[k - 2].first]
        here: dict[tuple[int, int], float] = {}
        came: dict[tuple[int, int], tuple[int, int]] = {}
        for stop in range(low, high + 1):
            for setting in _SETTINGS:
                options = []
                for (start, before), cost in best[k - 1].items():
                    change = 0.0 if k == 1 or before == setting else (_SWITCH if same_page else _TURN)
                    total = cost + change + _span_cost(value, start, stop, setting, names, pages)
                    options.append((total - sums[k - 1][stop] + sums[k - 1][start], (start, before)))
                here[stop, setting], came[stop, setting] = min(options)
        best.append(here)
        back.append(came)
    starts = []
    state = min(best[-1], key=lambda key: best[-1][key])
    for k in range(len(printed), 0, -1):
        state = back[k][state]
        starts.append(state[0])
    return starts[::-1]


def _running(values: Sequence[float]) -> list[float]:
    out = [0.0]
    for value in values:
        out.append(out[-1] + value)
    return out


def _span_cost(
    value: _Value, start: int, stop: int, setting: int, names: Sequence[str], pages: Sequence[int]
) -> float:
    """How oddly a value stands in a span (rows ``start`` … ``stop`` - 1) if it is set at the top (0) or in the middle
    (1) of it, or of its part on one page."""
    at = value.first
    first, last = start, stop - 1
    while pages[first] != pages[at]:
        first += 1
    while pages[last] != pages[at]:
        last -= 1
    if setting == _SETTINGS[0]:
        costs = [_OFF * abs(at - start), _PART + _OFF * abs(at - first)]
    else:
        costs = [_OFF * abs(at - (start + stop - 1) / 2), _PART + _OFF * abs(at - (first + last) / 2)]
    cost = min(*costs, _FAR)
    if setting != _SETTINGS[0] and at == 0 and len(names) > 1:
        cost += _FIRST  # in the very first row a value stands at the top of its span
    if value.text in names[start:stop]:
        cost -= 1.0 if names[start] == value.text else 0.5
    elif value.text in names:
        cost += _NAMED
    return cost


def _fit(
    value: _Value,
    name: str,
    pairs: set[str],
    group: Counter[str] | None,
    weight: Mapping[str, float],
    common: set[str],
) -> float:
    """How well a row's words go with a value: shared characters, letters of an acronym, likeness to its other rows."""
    shared = {pair for pair in (pairs & _pairs(value.text)) - common if all(map(is_cjk, pair))}
    score = min(len(shared), 2) * 0.6
    letters = {word for word in _LATIN.findall(value.text) if 2 < len(word) < 8 and word.isupper()}
    if any(word in name for word in letters):
        score += 1.5
    if group is not None and pairs:
        others = sum(weight[pair] for pair in pairs if group[pair] > 1)
        score += _LIKE * others / (sum(weight[pair] for pair in pairs) + 1.0)
    return score
