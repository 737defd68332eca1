"""Two readings of one cell laid side by side: what is equal, and what is left over on either side.

First the items in order: one or several adjacent items on one side against one or several on the other with the same
characters are equal (an edit distance over items with joining moves, after Wagner and Fischer 1974). What lies between
two equal places is cut anew on both sides together: an item boundary that one side alone has is kept only if it makes
the change smaller, and a piece that nobody printed as an item costs more than one that stands elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, groupby, zip_longest
from operator import itemgetter
from os.path import commonprefix

from rapidfuzz.distance import Levenshtein

from pipeline.diff.units import NAMELESS, UNSURE, Unit, cut, joined
from pipeline.diff.words import alike, item_alike
from pipeline.text import brackets, depth_after
from pipeline.tidy.grades.levels import read_levels

_MOST = 5  # so many adjacent items may be one on the other side
_MOST_CUTS = 24
_LONGEST_GAP = 700  # characters on both sides of a gap that is cut anew
_KNOWN, _UNKNOWN = 0.04, 0.45  # what a boundary moved costs, by whether the piece stands elsewhere as an item
_ALONE = (
    1.2  # the same for unknown items joined to one without a partner: several changes must not become one
)
_LINES = 0.3  # the same for a piece without a partner that is cut out of an item at the ends of printed lines
_DIVIDED = (
    0.4  # a changed pair that begins or ends with the same known item is that item and a smaller change
)
_ALIKE = 0.44  # texts less alike are no changed pair
_PAIR, _STEEP = 0.35, 1.25  # a changed pair costs _PAIR + _STEEP * (1 - similarity); a piece alone costs 1


@dataclass(frozen=True)
class Aligned:
    """``before`` and ``after``: what is left over once the units with the same characters are paired.

    ``gap`` of a left-over unit says between which equal places it stands; ``read_differently``: how many runs of text
    are the same and were divided into items differently; ``redivided``: the runs of those where both sides' layout is
    certain, so that it is the print that differs.
    """

    before: list[Unit]
    after: list[Unit]
    read_differently: int
    redivided: list[tuple[Unit, Unit]]


Lines = frozenset[int] | None


def align(
    before: Sequence[Unit],
    after: Sequence[Unit],
    known: Collection[str],
    lines_before: Lines,
    lines_after: Lines,
) -> Aligned:
    """Lay two readings of one cell side by side.

    ``known``: texts (without blanks) that stand as items anywhere; ``lines_before``, ``lines_after``: where the printed
    lines of the cell end (``units.line_ends``), None where that is not known.
    """
    left: list[Unit] = []
    right: list[Unit] = []
    redivided: list[tuple[Unit, Unit]] = []
    differently = gap = 0
    for in_both, steps in groupby(_steps(before, after), key=lambda step: bool(step[0] and step[1])):
        if in_both:
            for some, other in steps:
                gap += 1
                if len(some) == len(other) == 1:
                    continue
                if all(unit.certain for unit in (*some, *other)):
                    redivided.append((joined(some, " | "), joined(other, " | ")))
                else:
                    differently += 1
            continue
        firsts, seconds = (list(chain.from_iterable(side)) for side in zip(*steps, strict=True))
        gone, come, same = _recut(_Text(firsts, known, lines_before), _Text(seconds, known, lines_after))
        left += (replace(unit, gap=gap) for unit in gone)
        right += (replace(unit, gap=gap) for unit in come)
        differently += same
    return Aligned(left, right, differently, redivided)


def _steps(before: Sequence[Unit], after: Sequence[Unit]) -> list[tuple[list[Unit], list[Unit]]]:
    """The cheapest way through both: equal runs together, everything else alone."""
    n, m = len(before), len(after)
    a, b = [u.key for u in before], [u.key for u in after]
    head = len(commonprefix([a, b]))
    tail = len(commonprefix([a[head:][::-1], b[head:][::-1]]))
    # cost[i][j]: of before[i:n-tail] against after[j:m-tail]; choice: how many items of each are taken.
    stop_a, stop_b = n - tail, m - tail
    cost = [[float(stop_a - i + stop_b - j) for j in range(stop_b + 1)] for i in range(stop_a + 1)]
    choice: dict[tuple[int, int], tuple[int, int]] = {}
    for i in range(stop_a, head - 1, -1):
        for j in range(stop_b, head - 1, -1):
            if i == stop_a and j == stop_b:
                continue
            best, step = (cost[i + 1][j] + 1, (1, 0)) if i < stop_a else (cost[i][j + 1] + 1, (0, 1))
            if j < stop_b and cost[i][j + 1] + 1 < best:
                best, step = cost[i][j + 1] + 1, (0, 1)
            if i < stop_a and j < stop_b:
                for p, q in _equal_runs(a, b, i, j, stop_a, stop_b):
                    value = cost[i + p][j + q] + (0.0 if p == q == 1 else 0.01 * (p + q))
                    if value <= best:
                        best, step = value, (p, q)
            cost[i][j], choice[i, j] = best, step
    out: list[tuple[list[Unit], list[Unit]]] = [([before[k]], [after[k]]) for k in range(head)]
    i = j = head
    while (i, j) != (stop_a, stop_b):
        p, q = choice[i, j]
        out.append((list(before[i : i + p]), list(after[j : j + q])))
        i, j = i + p, j + q
    return out + [([before[n - tail + k]], [after[m - tail + k]]) for k in range(tail)]


def _equal_runs(
    a: Sequence[str], b: Sequence[str], i: int, j: int, stop_a: int, stop_b: int
) -> list[tuple[int, int]]:
    """How many items from ``i`` and from ``j`` on hold the same characters; the shortest such runs only."""
    first, second = a[i], b[j]
    if first == second:
        return [(1, 1)]
    p = q = 1
    while first != second:
        if len(first) < len(second):
            if not second.startswith(first) or i + p >= stop_a or p >= _MOST:
                return []
            first, p = first + a[i + p], p + 1
        else:
            if not first.startswith(second) or j + q >= stop_b or q >= _MOST:
                return []
            second, q = second + b[j + q], q + 1
    return [(p, q)]


# -- between two equal places


def _recut(a: _Text, b: _Text) -> tuple[Sequence[Unit], Sequence[Unit], int]:
    """Cut both sides of a gap anew, together, so that as little as possible has changed: (what is left over before, after,
    how many pieces are the same)."""
    if len(a.text) + len(b.text) > _LONGEST_GAP:
        return a.units, b.units, 0
    a.cut_like(b)
    b.cut_like(a)
    left: list[Unit] = []
    right: list[Unit] = []
    same = 0
    for (i, k), (j, m) in _cheapest(a, b):
        some = cut(a.units, a.cuts[i], a.cuts[k]) if k > i else None
        other = cut(b.units, b.cuts[j], b.cuts[m]) if m > j else None
        if some and other and some.key == other.key:
            same += 1
        else:
            left += [some] if some else []
            right += [other] if other else []
    return left, right, same


class _Text:
    """One side of a gap: its items as one text, where it may be cut, and what every piece costs."""

    def __init__(self, units: Sequence[Unit], known: Collection[str], lines: Lines) -> None:
        self.units, self.known, self.lined = units, known, lines is not None
        self.text = "".join(unit.key for unit in units)
        self.ends = _ends(units)
        start = units[0].start if units else 0
        self.lines = {end - start for end in lines or () if 0 <= end - start <= len(self.text)}
        self.cuts: list[int] = [0]
        self.starts: dict[int, int] = {}
        self.prices: dict[tuple[int, int], float] = {}
        self.alone: dict[tuple[int, int], float] = {}

    def cut_like(self, other: _Text) -> None:
        """Find the cuts: at its own boundaries, and at the line ends; where those are not known, at the other side's
        boundaries and where it falls into known items. Then what every piece between two cuts costs."""
        ends = self.lines
        if not self.lined or len(ends) > _MOST_CUTS:
            found = _projected(other.text, other.ends.keys(), self.text) | _known_cuts(self.units, self.known)
            ends = ends & found if self.lined else found
        self.cuts = sorted(self.ends.keys() | ends) if self.units else [0]
        self.starts = {at: n for n, at in enumerate(self.cuts)}
        for i, k in combinations(range(len(self.cuts)), 2):
            inner, foreign = self._moved(self.cuts[i], self.cuts[k])
            is_known = self.is_known(i, k)
            self.prices[i, k] = (inner + foreign) * (_KNOWN if is_known else _UNKNOWN)
            joint = _KNOWN if is_known else _ALONE
            self.alone[i, k] = 1 + inner * joint + foreign * min(joint, _LINES if self.lined else joint)

    def _moved(self, start: int, stop: int) -> tuple[float, float]:
        """How many of the text's own boundaries a piece passes over, and half the ends that are none of them."""
        inner = sum(firm for end, firm in self.ends.items() if start < end < stop)
        return inner, ((start not in self.ends) + (stop not in self.ends)) / 2

    def piece(self, i: int, k: int) -> str:
        """The characters between two cuts."""
        return self.text[self.cuts[i] : self.cuts[k]]

    def is_known(self, i: int, k: int) -> bool:
        """Whether the piece stands as an item of its own somewhere."""
        return self.piece(i, k) in self.known


def _ends(units: Sequence[Unit]) -> dict[int, float]:
    """Where items begin and end, in characters, and how firmly (0–1).

    A boundary inside open brackets or before words that name nothing holds little; one that the reading was not sure
    of holds half where nothing else stands in the gap: one item cut in two is likelier there than two new ones.
    """
    ends = {0: 1.0}
    at = level = 0
    for unit, following in zip_longest(units, units[1:]):
        at += len(unit.key)
        level = depth_after(unit.key, level, quotes=True)
        ends[at] = 1.0
        if following is not None:
            least = min(unit.confidence, following.confidence)
            if level > 0 or NAMELESS.fullmatch(following.key):
                ends[at] = 0.05
            elif least < UNSURE and len(units) == 2:
                ends[at] = 0.5
    return ends


def _projected(source: str, ends: Collection[int], target: str) -> set[int]:
    """Boundaries of one side carried over to the other along the characters both have."""
    cuts: set[int] = set()
    for step in Levenshtein.opcodes(source, target):
        a0, a1, b0, b1 = step.src_start, step.src_end, step.dest_start, step.dest_end
        if step.tag == "equal":
            cuts.update(b0 + end - a0 for end in ends if a0 <= end <= a1)
        else:
            cuts.update(b0 for end in ends if end == a0)
            cuts.update(b1 for end in ends if end == a1)
    edges = sorted(ends)
    for start, stop in zip(edges, edges[1:], strict=False):
        if stop - start >= 2 and (at := target.find(source[start:stop])) >= 0:
            cuts.update((at, at + stop - start))
    return cuts


def _known_cuts(units: Sequence[Unit], known: Collection[str]) -> set[int]:
    """Where an item falls into two texts that both stand elsewhere as items of their own."""
    cuts: set[int] = set()
    at = 0
    for unit in units:
        for n in range(3, len(unit.key) - 2):
            if unit.key[:n] in known and unit.key[n:] in known:
                cuts.add(at + n)
        at += len(unit.key)
    return cuts


Step = tuple[tuple[int, int], tuple[int, int]]


def _cheapest(a: _Text, b: _Text) -> list[Step]:
    """The cheapest division of both texts into pieces that are equal, changed, or alone on their side."""
    last = len(a.cuts) - 1, len(b.cuts) - 1
    cost: dict[tuple[int, int], float] = {last: 0.0}
    choice: dict[tuple[int, int], Step] = {}
    for i in range(last[0], -1, -1):
        for j in range(last[1], -1, -1):
            if (i, j) != last:
                cost[i, j], choice[i, j] = _first_step(a, b, i, j, cost)
    path: list[Step] = []
    at = 0, 0
    while at != last:
        path.append(choice[at])
        (_, i), (_, j) = choice[at]
        at = i, j
    return path


def _first_step(
    a: _Text, b: _Text, i: int, j: int, cost: Mapping[tuple[int, int], float]
) -> tuple[float, Step]:
    """The cheapest pieces to begin with at two cuts, and what the rest costs with them; ``cost``: of what follows."""
    later, later_b = range(i + 1, len(a.cuts)), range(j + 1, len(b.cuts))
    alone = [(cost[k, j] + a.alone[i, k], ((i, k), (j, j))) for k in later]
    alone += [(cost[i, m] + b.alone[j, m], ((i, i), (j, m))) for m in later_b]
    best, step = min(alone, key=itemgetter(0))
    for k in later:
        for m in later_b:
            rest = cost[k, m] + a.prices[i, k] + b.prices[j, m]
            if rest >= best:
                continue
            first, second = a.piece(i, k), b.piece(j, m)
            # Text that both sides have needs no item elsewhere to vouch for it.
            if first == second:
                value = rest - 0.8 * (a.prices[i, k] + b.prices[j, m])
            elif _lines_apart(a, b, (i, k), (j, m)) or _lines_apart(b, a, (j, m), (i, k)):
                continue
            else:
                value = rest + _change(first, second)
                if value < best and _divides(a, b, (i, k), (j, m)):
                    value += _DIVIDED
            if value < best:
                best, step = value, ((i, k), (j, m))
    return best, step


def _lines_apart(long: _Text, short: _Text, whole: tuple[int, int], part: tuple[int, int]) -> bool:
    """Whether one piece is the other with whole printed lines (or a known item) more: an item came or went, then.

    Not so where the lines are but the kind of certificate or a bracket, or where the other side prints the rest in
    one line.
    """
    (i, k), j = whole, part[0]
    text, rest = long.piece(*whole), short.piece(*part)
    more = len(text) - len(rest)
    if more < 3 or not rest:
        return False
    for u in range(i, k):
        head = long.cuts[u] - long.cuts[i]
        v = long.starts.get(long.cuts[u] + more)
        if v is None or v > k or text[:head] + text[head + more :] != rest:
            continue
        if not long.lined and not long.is_known(u, v):
            continue
        middle = u > i and v < k
        if middle and short.cuts[j] + head not in short.starts:
            continue
        lines = long.piece(u, v)
        if not NAMELESS.fullmatch(lines) and not any((*brackets(lines), *brackets(text[:head]))):
            return True
    return False


def _divides(a: _Text, b: _Text, piece: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two pieces begin or end with the same item that is known to stand alone elsewhere."""
    (i, k), (j, m) = piece, other
    for u in range(i + 1, k):
        head, tail = a.cuts[u] - a.cuts[i], a.cuts[k] - a.cuts[u]
        w, v = b.starts.get(b.cuts[j] + head), b.starts.get(b.cuts[m] - tail)
        if w is not None and j < w < m and a.piece(i, u) == b.piece(j, w) and a.is_known(i, u):
            return True
        if v is not None and j < v < m and a.piece(u, k) == b.piece(v, m) and a.is_known(u, k):
            return True
    return False


def _change(first: str, second: str) -> float:
    likeness = max(alike(first, second), item_alike(read_levels(first), read_levels(second)))
    return _PAIR + _STEEP * (1 - likeness) if likeness >= _ALIKE else float("inf")
