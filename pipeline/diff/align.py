"""Two readings of one cell laid side by side: what is equal, and what is left over on either side.

First the items in order: one or several adjacent items on one side against one or several on the other with the same
characters are equal (an edit distance over items with joining moves, after Wagner and Fischer 1974). What lies between
two equal places is cut anew on both sides together: an item boundary that one side alone has is kept only if it makes
the change smaller, and a piece that nobody printed as an item costs more than one that stands elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from rapidfuzz.distance import Levenshtein

from pipeline.diff.units import NAMELESS, UNSURE, Unit, cut, joined
from pipeline.diff.words import alike, depth, item_alike, stated

Pair = tuple[Unit, Unit]

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
    """``equal``: pairs of units with the same characters; ``before`` and ``after``: what is left over.

    ``gap`` of a left-over unit says between which equal places it stands; ``read_differently``: how many runs of text
    are the same and were divided into items differently.
    """

    equal: tuple[Pair, ...]
    before: tuple[Unit, ...]
    after: tuple[Unit, ...]
    read_differently: int


Lines = frozenset[int] | None


def align(
    before: Sequence[Unit],
    after: Sequence[Unit],
    known: Collection[str],
    lines_before: Lines = None,
    lines_after: Lines = None,
) -> Aligned:
    """Lay two readings of one cell side by side.

    ``known``: texts (without blanks) that stand as items anywhere; ``lines_before``, ``lines_after``: where the printed
    lines of the cell end (``units.line_ends``), None where that is not known.
    """
    if [unit.key for unit in before] == [unit.key for unit in after]:
        return Aligned(tuple(zip(before, after, strict=True)), (), (), 0)
    equal: list[Pair] = []
    left: list[Unit] = []
    right: list[Unit] = []
    differently = gap = 0
    run_left: list[Unit] = []
    run_right: list[Unit] = []

    def close() -> None:
        nonlocal differently
        found = _recut(run_left, run_right, known, lines_before, lines_after)
        equal.extend(found.equal)
        left.extend(replace(unit, gap=gap) for unit in found.before)
        right.extend(replace(unit, gap=gap) for unit in found.after)
        differently += found.read_differently
        run_left.clear()
        run_right.clear()

    for some, other in _steps(before, after):
        if some and other:
            close()
            gap += 1
            equal.append((joined(some), joined(other)))
            differently += int(len(some) != len(other) or len(some) > 1)
        else:
            run_left += some
            run_right += other
    close()
    return Aligned(tuple(equal), tuple(left), tuple(right), differently)


def _steps(before: Sequence[Unit], after: Sequence[Unit]) -> list[tuple[list[Unit], list[Unit]]]:
    """The cheapest way through both: equal runs together, everything else alone."""
    n, m = len(before), len(after)
    a, b = [u.key for u in before], [u.key for u in after]
    head = 0
    while head < min(n, m) and a[head] == b[head]:
        head += 1
    tail = 0
    while tail < min(n, m) - head and a[n - 1 - tail] == b[m - 1 - tail]:
        tail += 1
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


def _recut(
    before: Sequence[Unit],
    after: Sequence[Unit],
    known: Collection[str],
    lines_before: Lines,
    lines_after: Lines,
) -> Aligned:
    """Cut both sides of a gap anew, together, so that as little as possible has changed."""
    if not before and not after:
        return Aligned((), (), (), 0)
    text_a, text_b = "".join(u.key for u in before), "".join(u.key for u in after)
    if len(text_a) + len(text_b) > _LONGEST_GAP:
        return Aligned((), tuple(before), tuple(after), 0)
    own_a, own_b = _ends(before), _ends(after)
    cuts_a = _cuts(before, own_a, text_b, own_b, text_a, known, lines_before)
    cuts_b = _cuts(after, own_b, text_a, own_a, text_b, known, lines_after)
    pieces_a = _Pieces(text_a, own_a, cuts_a, known, lines_before is not None)
    pieces_b = _Pieces(text_b, own_b, cuts_b, known, lines_after is not None)
    path = _cheapest(pieces_a, pieces_b)
    equal: list[Pair] = []
    left: list[Unit] = []
    right: list[Unit] = []
    differently = 0
    for (i, k), (j, m) in path:
        some = cut(before, cuts_a[i], cuts_a[k]) if k > i else None
        other = cut(after, cuts_b[j], cuts_b[m]) if m > j else None
        if some and other and some.key == other.key:
            equal.append((some, other))
            differently += 1
        else:
            left += [some] if some else []
            right += [other] if other else []
    return Aligned(tuple(equal), tuple(left), tuple(right), differently)


def _ends(units: Sequence[Unit]) -> dict[int, float]:
    """Where items begin and end, in characters, and how firmly (0–1).

    A boundary inside open brackets or before words that name nothing holds little; one that the reading was not sure
    of holds half where nothing else stands in the gap: one item cut in two is likelier there than two new ones.
    """
    ends = {0: 1.0}
    at = level = 0
    for unit, following in zip_longest(units, units[1:]):
        at += len(unit.key)
        level = max(0, depth(unit.key, level))
        ends[at] = 1.0
        if following is not None:
            least = min(unit.confidence, following.confidence)
            if level > 0 or NAMELESS.fullmatch(following.key):
                ends[at] = 0.05
            elif least < UNSURE and len(units) == 2:
                ends[at] = 0.5
    return ends


def _cuts(
    units: Sequence[Unit],
    own: Mapping[int, float],
    other_text: str,
    other: Mapping[int, float],
    text: str,
    known: Collection[str],
    lines: Lines,
) -> list[int]:
    """Where a text may be cut: at its own boundaries, and at the line ends; where those are not known, at the other
    side's boundaries and where it falls into known items."""
    if not units:
        return [0]
    if lines is not None:
        start = units[0].start
        ends = {end - start for end in lines if 0 <= end - start <= len(text)}
        if len(ends) <= _MOST_CUTS:
            return sorted(own.keys() | ends)
        return sorted(
            own.keys() | (ends & (_projected(other_text, other.keys(), text) | _known_cuts(units, known)))
        )
    return sorted(own.keys() | _projected(other_text, other.keys(), text) | _known_cuts(units, known))


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


class _Pieces:
    """All ways to take one piece of a text between two cuts, and what taking it costs."""

    def __init__(
        self, text: str, own: Mapping[int, float], cuts: list[int], known: Collection[str], lined: bool
    ) -> None:
        self.text, self.cuts, self.size, self.lined = text, cuts, len(cuts), lined
        self.starts = {at: n for n, at in enumerate(cuts)}
        self._own, self._known = own, known
        self.prices: dict[tuple[int, int], float] = {}
        self.alone: dict[tuple[int, int], float] = {}
        for i in range(self.size):
            for k in range(i + 1, self.size):
                inner, foreign = self._moved(cuts[i], cuts[k])
                is_known = self.piece(i, k) in known
                self.prices[i, k] = (inner + foreign) * (_KNOWN if is_known else _UNKNOWN)
                joint = _KNOWN if is_known else _ALONE
                self.alone[i, k] = 1 + inner * joint + foreign * min(joint, _LINES if lined else joint)

    def piece(self, i: int, k: int) -> str:
        """The characters between two cuts."""
        return self.text[self.cuts[i] : self.cuts[k]]

    def is_known(self, i: int, k: int) -> bool:
        """Whether the piece stands as an item of its own somewhere."""
        return self.piece(i, k) in self._known

    def _moved(self, start: int, stop: int) -> tuple[float, float]:
        """How many of the text's own boundaries a piece passes over, and half the ends that are none of them."""
        inner = sum(firm for end, firm in self._own.items() if start < end < stop)
        return inner, ((start not in self._own) + (stop not in self._own)) / 2


Step = tuple[tuple[int, int], tuple[int, int]]


def _cheapest(a: _Pieces, b: _Pieces) -> list[Step]:
    """The cheapest division of both texts into pieces that are equal, changed, or alone on their side."""
    cost: dict[tuple[int, int], float] = {(a.size - 1, b.size - 1): 0.0}
    choice: dict[tuple[int, int], Step] = {}
    for i in range(a.size - 1, -1, -1):
        for j in range(b.size - 1, -1, -1):
            if (i, j) == (a.size - 1, b.size - 1):
                continue
            best, step = float("inf"), None
            for k in range(i + 1, a.size):
                value = cost[k, j] + a.alone[i, k]
                if value < best:
                    best, step = value, ((i, k), (j, j))
            for m in range(j + 1, b.size):
                value = cost[i, m] + b.alone[j, m]
                if value < best:
                    best, step = value, ((i, i), (j, m))
            for k in range(i + 1, a.size):
                for m in range(j + 1, b.size):
                    rest = cost[k, m] + a.prices[i, k] + b.prices[j, m]
                    if rest >= best:
                        continue
                    first, second = a.piece(i, k), b.piece(j, m)
                    # Text that both sides have needs no item elsewhere to vouch for it.
                    if first == second:
                        value = rest - 0.8 * (a.prices[i, k] + b.prices[j, m])
                    elif _lines_apart(a, b, i, k, j, m) or _lines_apart(b, a, j, m, i, k):
                        continue
                    else:
                        value = rest + _change(first, second)
                        if value < best and _divides(a, b, i, k, j, m):
                            value += _DIVIDED
                    if value < best:
                        best, step = value, ((i, k), (j, m))
            cost[i, j] = best
            assert step is not None
            choice[i, j] = step
    path: list[Step] = []
    i = j = 0
    while (i, j) != (a.size - 1, b.size - 1):
        step = choice[i, j]
        path.append(step)
        i, j = step[0][1], step[1][1]
    return path


def _lines_apart(long: _Pieces, short: _Pieces, i: int, k: int, j: int, m: int) -> bool:
    """Whether one piece is the other with whole printed lines (or a known item) more: an item came or went, then.

    Not so where the lines are but the kind of certificate or a bracket, or where the other side prints the rest in
    one line.
    """
    text, rest = long.piece(i, k), short.piece(j, m)
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
        if not NAMELESS.fullmatch(lines) and depth(lines) == 0 and depth(text[:head]) == 0:
            return True
    return False


def _divides(a: _Pieces, b: _Pieces, i: int, k: int, j: int, m: int) -> bool:
    """Whether two pieces begin or end with the same item that is known to stand alone elsewhere."""
    for u in range(i + 1, k):
        head, tail = a.cuts[u] - a.cuts[i], a.cuts[k] - a.cuts[u]
        w, v = b.starts.get(b.cuts[j] + head), b.starts.get(b.cuts[m] - tail)
        if w is not None and j < w < m and a.piece(i, u) == b.piece(j, w) and a.is_known(i, u):
            return True
        if v is not None and j < v < m and a.piece(u, k) == b.piece(v, m) and a.is_known(u, k):
            return True
    return False


def _change(first: str, second: str) -> float:
    likeness = max(alike(first, second), item_alike(stated(first), stated(second)))
    return _PAIR + _STEEP * (1 - likeness) if likeness >= _ALIKE else float("inf")
