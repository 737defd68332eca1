"""Merged cells of which a transcript shows only the value, once, somewhere in the span: which rows does it cover?

The ruling lines are lost. What is left: a typesetter sets a merged value at the top of its span or in the middle of
it (or of the part of it on one page); rows that belong together resemble each other; a value often names one of its
rows, or its letters stand in their names. The cheapest division of all rows into spans is found as a whole. Every
row but the one that the value stands in stays uncertain.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from pipeline.findings import Finding
from pipeline.readers.transcript.columns import pairs
from pipeline.readers.transcript.source import RawCell
from pipeline.text import is_cjk

if TYPE_CHECKING:
    from pipeline.readers.transcript.annexes import AnnexRow, Labels

_LATIN = re.compile(r"[A-Z][A-Za-z]+")
_TOP, _MIDDLE = 0, 1
"""How a value is set in its span."""
_SWITCH, _TURN, _PART = 1.5, 0.4, 0.4
_OFF = 0.45
_FAR = 4.0
_FIRST = 1.5
_NAMED = 2.5
_LIKE = 0.8
_OFTEN_BLANK = 0.3
_OPTIONAL = 0.6
_ENDS = re.compile(r"[。;；！？!?)\]》〉]$")
_PRINTED, _BETWEEN, _SURE, _LIKELY, _EDGE = 1.0, 0.95, 0.8, 0.7, 0.5


@dataclass(frozen=True)
class Span:
    """A value and the rows it covers, ``start`` … ``stop`` - 1; ``at`` where it is printed first; how sure each row is."""

    value: str
    at: int
    start: int
    stop: int
    confidence: tuple[float, ...]


@dataclass(frozen=True)
class _Value:
    text: str
    first: int
    last: int


def spread(rows: Sequence[AnnexRow], labels: Labels) -> list[Finding]:
    """Spread merged cells over the rows that they cover; findings about values printed again and uncertain reaches."""
    findings = []
    for col in range(labels.columns):
        for start, stop in _blocks(rows):
            for span in _column_spans(rows, col, start, stop, labels):
                for row, sure in zip(rows[span.start : span.stop], span.confidence, strict=True):
                    row.covers[col] = 0
                    row.confidence = min(row.confidence, sure)
                rows[span.start].covers[col] = span.stop - span.start
                findings += _merge(rows, span, col, labels.name(col))
    return findings


def _merge(rows: Sequence[AnnexRow], span: Span, col: int, name: str) -> list[Finding]:
    """Set a merged cell's value in its first row only."""
    findings = []
    if span.at != span.start:
        rows[span.start].cells[col] = rows[span.at].cells[col]
    for r in range(span.start + 1, span.stop):
        again = rows[r].cells.pop(col, None)
        if again is not None and r != span.at:
            findings.append(carried_over(again.text, rows[r].line, name))
    if min(span.confidence) < 0.95:
        first, last = (rows[r].cells.get(0) for r in (span.start, span.stop - 1))
        reach = f"{first.text if first else '?'}—{last.text if last else '?'}"
        message = f"“{name}”一列的“{span.value[:30]}”只印了一次，推断它适用于序号{reach}，请核对。"
        evidence, line, sure = f"{span.value[:80]}:{reach}", rows[span.at].line, min(span.confidence)
        findings.append(Finding("uncertain_span", message, evidence, line=line, confidence=sure))
    return findings


def carried_over(text: str, line: int, name: str) -> Finding:
    """That a merged cell's value, in the column ``name``, is printed again in a line."""
    message = f"“{name}”一列的“{text[:30]}”在第{line}行又印了一次（多为换页），视为同一个合并单元格。"
    return Finding("value_carried_over", message, f"{text}×1", key=str(line), line=line)


def _blocks(rows: Sequence[AnnexRow]) -> list[tuple[int, int]]:
    """Stretches of rows between banners."""
    ends = [-1, *(r for r, row in enumerate(rows) if row.banner), len(rows)]
    return [(a + 1, b) for a, b in zip(ends, ends[1:], strict=False) if b > a + 1]


def _column_spans(rows: Sequence[AnnexRow], col: int, start: int, stop: int, labels: Labels) -> list[Span]:
    """The spans of one column, rows ``start`` … ``stop`` - 1; none where the column's cells are not merged."""
    own = [r for r in range(start, stop) if not rows[r].nested]
    nested = [r for r in range(start, stop) if rows[r].nested]
    filled = sum(col in rows[r].cells for r in own) / max(len(own), 1)
    if not nested:
        return [] if filled in (0, 1) or col == 0 else _spans(rows, col, start, stop)
    groups = [(a, b) for a, b in zip(own, [*own[1:], stop], strict=True) if b - a > 1]
    if col < labels.grouped:
        return [Span("", a, a, b, (1.0,) * (b - a)) for a, b in groups if col in rows[a].cells]
    if filled < _OPTIONAL:
        return _run_on(rows, col, start, stop)
    if sum(col not in rows[r].cells for r in nested) < _OFTEN_BLANK * len(nested):
        return []
    return [span for a, b in groups for span in _spans(rows, col, a, b)]


def _run_on(rows: Sequence[AnnexRow], col: int, start: int, stop: int) -> list[Span]:
    """Texts of a column that is mostly blank, cut by page ends: put together, their parts are one cell."""
    out = []
    r = start
    while r < stop:
        first, end = rows[r].cells.get(col), r + 1
        whole = first or RawCell()
        while first and end < stop and rows[end].nested and rows[end].page > rows[end - 1].page:
            if col not in rows[end].cells or _ENDS.search(whole.text):
                break
            whole, end = whole + rows[end].cells.pop(col), end + 1
        joined = end - r
        if first and joined > 1:
            rows[r].cells[col] = whole
            while end < stop and rows[end].nested and col not in rows[end].cells:
                end += 1
            sure = (1.0, *[0.95] * (joined - 1), *[0.6] * (end - r - joined))
            out.append(Span(first.text, r, r, end, sure))
        r = end
    return out


def _spans(rows: Sequence[AnnexRow], col: int, start: int, stop: int) -> list[Span]:
    values = [row.cells[col].text if col in row.cells else "" for row in rows[start:stop]]
    # A row's own words: its first cell beside the number and the merged column.
    names = [
        next((cell.text for c, cell in sorted(row.cells.items()) if c not in (0, col)), "")
        for row in rows[start:stop]
    ]
    found = find_spans(values, names, [row.page for row in rows[start:stop]])
    return [Span(s.value, s.at + start, s.start + start, s.stop + start, s.confidence) for s in found]


def find_spans(values: Sequence[str], names: Sequence[str], pages: Sequence[int]) -> list[Span]:
    """Divide rows into spans. ``values[i]``: what is printed in the merged column ("" for nothing); ``names[i]``: the
    row's own words; ``pages[i]``: a number for the page that the row stands on. Every row is covered."""
    printed: list[_Value] = []
    for row, text in enumerate(values):
        if text and printed and printed[-1].text == text:
            printed[-1] = _Value(text, printed[-1].first, row)  # printed again, after a page end
        elif text:
            printed.append(_Value(text, row, row))
    if not printed:
        return []
    division = _Division(printed, names, pages)
    starts = division.starts([Counter()] * len(printed))
    for _ in range(2):
        ends = zip(starts, [*starts[1:], len(names)], strict=True)
        starts = division.starts([Counter(p for w in division.words[a:b] for p in w) for a, b in ends])
    return [
        Span(v.text, v.first, a, b, tuple(_certainty(values, v, range(a, b), row) for row in range(a, b)))
        for v, a, b in zip(printed, starts, [*starts[1:], len(values)], strict=True)
    ]


def _certainty(values: Sequence[str], value: _Value, span: range, row: int) -> float:
    if values[row]:
        return _PRINTED
    if value.first < row < value.last:
        return _BETWEEN
    if (row == span[0] and row > 0) or (row == span[-1] and row + 1 < len(values)):
        return _EDGE
    return _SURE if min(abs(row - value.first), abs(row - value.last)) <= 2 else _LIKELY


class _Division:
    """The rows that are divided among the printed values; ``words``: pairs of characters of each row's name. Pages are
    numbered in order."""

    def __init__(self, printed: Sequence[_Value], names: Sequence[str], pages: Sequence[int]) -> None:
        self.printed, self.names, self.pages = printed, names, pages
        self.words = [pairs(name) for name in names]
        self.rows_named: dict[str, list[int]] = defaultdict(list)
        for row, name in enumerate(names):
            self.rows_named[name].append(row)
        self.rows_of_page = {p: range(bisect_left(pages, p), bisect_right(pages, p)) for p in set(pages)}
        n = len(names)
        spread = Counter(pair for words in self.words for pair in words)
        self.weight = {pair: math.log((n + 1) / (count + 0.5)) for pair, count in spread.items()}
        self.common = {pair for pair, count in spread.items() if count >= max(0.3 * n, 4)}

    def starts(self, groups: Sequence[Counter[str]]) -> list[int]:
        """The first row of every value's span, by dynamic programming over where each span begins and how its value is
        set (a page sets its values all in one way). ``groups``: pairs in the rows of each value's span, as far as known."""
        best: dict[tuple[int, int], float] = {(0, _TOP): 0.0}
        came: list[dict[tuple[int, int], tuple[int, int]]] = []
        for k, value in enumerate(self.printed):
            before = self.printed[k - 1] if k else None
            after = self.printed[k + 1] if k + 1 < len(self.printed) else None
            # A value reaches at most from the one before to the one after.
            reach = range(before.last + 1 if before else 0, after.first if after else len(self.names))
            fits = [
                self._fit(value, row, groups[k]) if row in reach else 0.0 for row in range(len(self.names))
            ]
            sums = list(accumulate(fits, initial=0.0))
            turn = _SWITCH if before and self.pages[before.first] == self.pages[value.first] else _TURN
            here, origin = {}, {}
            for stop in range(value.last + 1, after.first + 1) if after else [len(self.names)]:
                for way in (_TOP, _MIDDLE):
                    options = []
                    for (start, way_before), cost in best.items():
                        change = 0.0 if before is None or way_before == way else turn
                        total = cost + change + self._cost(value, range(start, stop), way)
                        options.append((total - sums[stop] + sums[start], (start, way_before)))
                    here[stop, way], origin[stop, way] = min(options)
            best = here
            came.append(origin)
        state = min(best, key=lambda key: best[key])
        out = []
        for origin in reversed(came):
            state = origin[state]
            out.append(state[0])
        return out[::-1]

    def _cost(self, value: _Value, span: range, way: int) -> float:
        """How oddly a value stands in a span if it is set at the top or in the middle of it, or of its part on one page."""
        at = value.first
        page = self.rows_of_page[self.pages[at]]
        here = range(max(span.start, page.start), min(span.stop, page.stop))
        off, off_page = (_place(rows, way) - at for rows in (span, here))
        cost = min(_OFF * abs(off), _PART + _OFF * abs(off_page), _FAR)
        if way == _MIDDLE and at == 0 and len(self.names) > 1:
            cost += _FIRST  # in the very first row a value stands at the top of its span
        named = self.rows_named.get(value.text, [])
        if any(row in span for row in named):
            return cost - (1.0 if span[0] in named else 0.5)
        return cost + (_NAMED if named else 0.0)

    def _fit(self, value: _Value, row: int, group: Counter[str]) -> float:
        """How well a row's words go with a value: shared characters, letters of an acronym, likeness to its other rows."""
        own = self.words[row]
        shared = {pair for pair in (own & pairs(value.text)) - self.common if all(map(is_cjk, pair))}
        score = min(len(shared), 2) * 0.6
        letters = (word for word in _LATIN.findall(value.text) if 2 < len(word) < 8 and word.isupper())
        if any(word in self.names[row] for word in letters):
            score += 1.5
        others = sum(self.weight[pair] for pair in own if group[pair] > 1)
        return score + _LIKE * others / (sum(self.weight[pair] for pair in own) + 1.0)


def _place(rows: Sequence[int], way: int) -> float:
    """The row at the top, or in the middle, of rows."""
    return rows[0] if way == _TOP else (rows[0] + rows[-1]) / 2
