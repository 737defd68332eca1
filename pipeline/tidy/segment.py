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
from dataclasses import dataclass, field
from functools import lru_cache
from operator import mul

import numpy as np

_OPEN = "([{【〔《〈"
_CLOSE = ")]}】〕》〉"
_LONGEST = 14
"""Most printed lines that one item may be wrapped over (unless its brackets stay open)."""


@dataclass(frozen=True)
class Cell:
    """A cell to segment: the normalised texts of its lines and, per gap, the log-odds of a boundary by geometry.

    ``near`` names cells whose items resemble this one's (the other tiers of the same class and kind).
    """

    texts: tuple[str, ...]
    odds: tuple[float, ...]
    near: tuple[int, ...] = ()
    blanks: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Item:
    """A found item: lines ``first`` … ``last`` (from 0), its text, and the posterior of this reading (0–1)."""

    first: int
    last: int
    text: str
    confidence: float


_SETTLED = 0.995
"""Cells all of whose items are at least this sure are not segmented again."""

SURE = 6.0
"""Log-odds of a boundary where geometry alone decides."""


def depth_after(text: str, depth: int = 0) -> int:
    """Open brackets after ``text``, having begun with ``depth``; a closing bracket with nothing open counts none."""
    for char in text:
        if char in _OPEN:
            depth += 1
        elif char in _CLOSE and depth:
            depth -= 1
    return depth


@lru_cache(maxsize=65536)
def unbalanced(text: str) -> int:
    """Brackets of ``text`` without a partner."""
    depth = stray = 0
    for char in text:
        if char in _OPEN:
            depth += 1
        elif char in _CLOSE:
            if depth:
                depth -= 1
            else:
                stray += 1
    return depth + stray


def base_of(text: str) -> str:
    """The item without a last bracket: what the tiers of one class have in common."""
    if text.endswith(")") and "(" in text:
        return text[: text.rindex("(")]
    return text


def join(first: str, second: str) -> str:
    """Two halves of a wrapped text put together; a blank is restored between Latin words."""
    if first and second and _latin(first[-1]) and _latin(second[0]):
        return f"{first} {second}"
    return first + second


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


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

    def add_text(self, text: str) -> None:
        """A stretch of text with no boundary inside."""
        for size in (1, 2, 3, 4):
            for i in range(len(text) - size + 1):
                self.grams[text[i : i + size]] += 1
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
        for k in range(2, min(len(text), 16)):
            self.heads[text[:k]] += 1
            self.tails[text[-k:]] += 1

    def features(
        self, first: str, second: str, inside: bool = False, apart: bool = False
    ) -> tuple[float, ...]:
        """What the words on both sides of a place say: how often such an end ends, such a start starts, and whether
        the characters that meet here meet inside items. A place that was itself counted as ``inside`` a line or as a
        boundary (``apart``) is left out of the counts."""
        end = start = (self.n_ends + 1) / (self.n_chars + 2)
        for k in (1, 2, 3, 4):
            if len(first) >= k:
                key = first[-k:]
                hits, all_ = (
                    self.ends[key] - apart,
                    self.grams[key] - 1 if inside or apart else self.grams[key],
                )
                end = (hits + 1.5 * end) / (max(all_, hits, 0) + 1.5)
            if len(second) >= k:
                key = second[:k]
                hits, all_ = (
                    self.starts[key] - apart,
                    self.grams[key] - 1 if inside or apart else self.grams[key],
                )
                start = (hits + 1.5 * start) / (max(all_, hits, 0) + 1.5)
        pair, four = first[-1:] + second[:1], first[-2:] + second[:2]
        pair_in, four_in = self.grams[pair] - inside, self.grams[four] - inside
        return (
            _logit(min(max(end, 1e-3), 1 - 1e-3)),
            _logit(min(max(start, 1e-3), 1 - 1e-3)),
            math.log1p(max(pair_in, 0)),
            math.log1p(max(four_in, 0)),
            math.log1p(max(self.parted[pair] - apart, 0)),
            float(pair_in <= 0),
            1.0,
        )

    def boundary_odds(self, first: str, second: str) -> float:
        """Log-odds of an item boundary between two printed lines by their words alone (0 before anything is known)."""
        key = first[-4:] + "\n" + second[:4]
        known = self.memory.get(key)
        if known is None:
            known = self.memory[key] = sum(
                w * f for w, f in zip(self.weights, self.features(first, second), strict=True)
            )
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


def _sample(items: Sequence[tuple[str, str]], most: int = 2500) -> Sequence[tuple[str, str]]:
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
    inside: list[tuple[str, str]] = []
    for cell in cells:
        texts = cell.texts
        for text in texts:
            lessons.add_text(text)
            inside.extend(_places(text))
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
    fit(lessons, _sample(apart), _sample(inside))
    return lessons


def _places(text: str) -> list[tuple[str, str]]:
    """Places inside a line where a wrap could stand: outside brackets, between two ideographs or beside a bracket."""
    out = []
    depth = 0
    for i, char in enumerate(text[:-1]):
        depth = depth_after(char, depth)
        if depth == 0 and text[i + 1] not in _CLOSE and not (_latin(char) and _latin(text[i + 1])):
            out.append((text[: i + 1], text[i + 1 :]))
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


def segment(cell: Cell, lessons: Lessons, near: Mapping[str, int] | None = None) -> list[Item]:
    """The items of a cell: best segmentation of the whole, with the posterior of each item's boundaries.

    ``near`` counts the bases (``base_of``) of the items of resembling cells.
    """
    n = len(cell.texts)
    near = near or {}
    out: list[Item] = []
    starts: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    start = depth = 0
    for k in range(n):
        depth = depth_after(cell.texts[k], depth)
        # Where geometry is sure and no bracket is open the cell falls into parts that do not touch each other.
        if k == n - 1 or (cell.odds[k] >= SURE and (depth == 0 or not _closes(cell.texts, k + 1))):
            if k == start:
                out.append(Item(k, k, cell.texts[k], 1.0))
            else:
                starts = starts or Counter(text[:2] for text in cell.texts)
                ends = ends or Counter(text[-2:] for text in cell.texts)
                out.extend(_segment_part(cell, start, k + 1, lessons, near, starts, ends))
            start, depth = k + 1, 0
    return out


def _closes(texts: Sequence[str], start: int) -> bool:
    """Whether a bracket left open before line ``start`` is closed within the next lines, before another opens."""
    for text in texts[start : start + 3]:
        for char in text:
            if char in _CLOSE:
                return True
            if char in _OPEN:
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
    odds = []
    for k in range(n - 1):
        geometry = cell.odds[low + k]
        words = lessons.boundary_odds(texts[k], texts[k + 1])
        if geometry >= SURE:
            odds.append(_clip(geometry + words))
        else:
            found = gap_features(geometry, words, texts[k], texts[k + 1], starts, ends)
            odds.append(_clip(sum(w * f for w, f in zip(GAP_WEIGHTS, found, strict=True))))
    part = [-math.log1p(math.exp(-x)) for x in odds]
    stay = [-math.log1p(math.exp(x)) for x in odds]
    scores: dict[tuple[int, int], float] = {}
    best = [-math.inf] * (n + 1)
    best[0] = 0.0
    back = [0] * (n + 1)
    for start in range(n):
        if best[start] == -math.inf:
            continue
        text, inner = "", 0.0
        for end in range(start, n):
            if end > start:
                inner += stay[end - 1]
                if end - start >= _LONGEST and depth_after(text) == 0:
                    break
            text = join(text, texts[end])
            if inner < -25:  # no form of the text makes up for so sure a boundary inside it
                break
            score = (
                inner
                + _worth(text, texts[start : end + 1], lessons, near)
                + (part[end] if end < n - 1 else 0.0)
            )
            scores[start, end] = score
            if best[start] + score > best[end + 1]:
                best[end + 1] = best[start] + score
                back[end + 1] = start
    posterior = _posteriors(scores, n)
    items: list[Item] = []
    end = n
    while end > 0:
        start = back[end]
        text = ""
        for k in range(start, end):
            text = join(text, texts[k])
        items.append(Item(low + start, low + end - 1, text, posterior[start, end - 1]))
        end = start
    items.reverse()
    return items


def _clip(odds: float) -> float:
    return min(max(odds, -30.0), 30.0)


GAP_WEIGHTS = (1.43, 0.3, 1.4, 0.23, 0.02, 0.6, -0.63)
ITEM_WEIGHTS = (
    -1.33, -0.41, 0.31, 0.04, 0.02, -1.38, -6.65, -2.62, -3.83, -0.81, -0.19, -1.86, -0.2, -0.41, -0.75, -1.67, -0.11,
)  # fmt: skip
"""Weights of ``gap_features`` and ``item_features``: an averaged structured perceptron (Collins 2002) trained on
documents of two provinces set by several producers. They weigh kinds of evidence, not words."""


_END_WORDS = ("师", "员", "工", "证", "证书", "士", "人", "长", "资格", "职务", "级)", "工)", "师)", "认证")
_SUFFIX_WORDS = (
    "证书",
    "资格",
    "职业",
    "执业",
    "技能",
    "等级",
    "(",
    "考评",
    "认证",
    "师",
    "员",
    "工",
    "级",
    "与",
    "及",
    "和",
)
"""General words of the field: how the names of occupations, titles and certificates end, and how their second halves
begin. They only tip the balance where a document is too short to teach its own."""


@lru_cache(maxsize=65536)
def _ends_well(text: str) -> bool:
    return text.endswith(_END_WORDS)


@lru_cache(maxsize=65536)
def _goes_on(text: str) -> bool:
    return text.startswith(_SUFFIX_WORDS) and not text.startswith(("工程", "职业指导", "员工"))


def gap_features(
    geometry: float, words: float, first: str, second: str, starts: Mapping[str, int], ends: Mapping[str, int]
) -> tuple[float, ...]:
    """What speaks for a boundary at a full line: geometry, words, and lines of the same cell that begin or end alike
    (四级编剧 四级导演 …)."""
    return (
        geometry,
        words,
        1.0,
        math.log(max(starts[second[:2]], 1)),
        math.log(max(ends[first[-2:]], 1)),
        float(_ends_well(first) and not _goes_on(second)),
        float(_goes_on(second)),
    )


def item_features(
    text: str, lines: Sequence[str], lessons: Lessons, near: Mapping[str, int]
) -> tuple[float, ...]:
    """What a text, wrapped over ``lines``, looks like as an item: known and how often, of a known base, well formed, of a
    usual length; lines inside it that begin as it begins or end as it ends look like items of their own."""
    wraps = len(lines) - 1
    known = lessons.items[text]
    if wraps == 0 and known:
        known -= 1  # it may have taught itself
    base = base_of(text)
    count = math.log1p(known)
    is_near = bool(near.get(base))
    return (
        1.0,
        count,
        count * min(len(text), 12) / 4,
        float(is_near),
        float(not is_near and known <= 0 and lessons.bases[base] > (1 if wraps == 0 else 0)),
        float(text[0] in _OPEN or text[0] in ":,、"),
        float(unbalanced(text)),
        float(_inner_levels(text)),
        float(len(text) == 1),
        float(len(text) == 2),
        max(0.0, (len(text) - 24) / 8),
        float(text[-1] in ":-、/"),
        math.log1p(lessons.heads[text]) if known <= 0 else 0.0,
        math.log1p(lessons.tails[text]) - count if lessons.tails[text] else 0.0,
        float(sum(line[:2] == text[:2] or line[0] == text[0] in _OPEN for line in lines[1:])),
        float(sum(line[-2:] == text[-2:] for line in lines[:-1])),
        float(_ends_well(text)),
    )


def _worth(text: str, lines: Sequence[str], lessons: Lessons, near: Mapping[str, int]) -> float:
    return float(sum(map(mul, ITEM_WEIGHTS, item_features(text, lines, lessons, near))))


@lru_cache(maxsize=65536)
def _inner_levels(text: str) -> int:
    """Brackets that state a level, with more text behind: they close an item, what follows is another one."""
    closes = [i for i, char in enumerate(text[:-1]) if char == ")" and text[i - 1] in "级工师"]
    return (
        sum(1 for i in closes if text[i + 1] not in "()、,;/") if len(closes) + (text[-1] == ")") > 1 else 0
    )


def _posteriors(scores: Mapping[tuple[int, int], float], n: int) -> dict[tuple[int, int], float]:
    """Probability of every candidate item under the scores: forward-backward over all segmentations."""
    forward = [-math.inf] * (n + 1)
    forward[0] = 0.0
    backward = [-math.inf] * (n + 1)
    backward[n] = 0.0
    ordered = sorted(scores)
    for start, end in ordered:
        forward[end + 1] = _add(forward[end + 1], forward[start] + scores[start, end])
    for start, end in reversed(ordered):
        backward[start] = _add(backward[start], scores[start, end] + backward[end + 1])
    total = forward[n]
    return {
        (start, end): min(1.0, math.exp(forward[start] + score + backward[end + 1] - total))
        for (start, end), score in scores.items()
    }


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
    found: list[list[Item]] = [segment(cell, lessons) for cell in cells]
    for _ in range(passes - 1):
        unsure = [k for k, items in enumerate(found) if any(item.confidence < _SETTLED for item in items)]
        if not unsure:
            break
        more = learn_more(lessons, cells, found)
        bases: dict[int, list[str]] = {}
        again: dict[int, list[Item]] = {}
        for k in unsure:
            near: Counter[str] = Counter()
            for other in cells[k].near:
                if other not in bases:
                    bases[other] = [base_of(item.text) for item in found[other] if item.confidence > 0.6]
                near.update(bases[other])
            again[k] = segment(cells[k], more, near)
        for k, items in again.items():
            found[k] = items
    return found
