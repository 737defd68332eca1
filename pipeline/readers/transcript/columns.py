"""Which columns the cells of a ragged row belong to: what their texts say, and the best alignment of the row as a whole.

A cell's text is evidence of two kinds, learned from the rows that stand where they should: the words (what kind of thing
is named: pairs of characters, and how items end), pooled over the columns of one group, and the level words
((五级/初级工), 中级 …), counted per column, with the rows of the same class counted more.

``Costs`` say what an alignment costs beside that: an array over columns for the first filled cell, and for each further one an
array (column of the cell before × its own column); ``inf`` where not allowed.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pipeline.readers.transcript.source import RawCell

Floats = npt.NDArray[np.float64]
Costs = tuple[Floats, list[Floats]]
Scores = Sequence[Mapping[int, float]]
"""Per filled cell: column → log-likelihood; columns that it lacks are not allowed."""

_LEVEL = re.compile(r"高级技师|高级工|中级工|初级工|技师|[一二三四五]级|初级|中级|高级")
_BRACKET = re.compile(r"[(\[]([^()\[\]]*)[)\]]?")
_CLASS_DOUBT = 2.0
"""Statements by which a class's own use of a column is mixed with everybody's."""
_MAJOR_WEIGHT = 5.0
_TIER_WEIGHT = 6.0
_SMOOTHING = 150.0
_KIN_PAIRS = 12
"""Short texts share pairs by chance."""
_TIERS = ("初级", "中级", "高级")
_GRADES = (
    ("三级/高级工",),
    ("二级/技师", "二级"),
    ("一级/高级技师", "一级"),
    ("四级/中级工", "四级", "四级/中级"),
    ("五级/初级工", "五级", "五级/初级"),
)
_LADDER = 8
"""Statements from which on a class is taken to use its columns for the three upper grades."""
_MOST_KIND, _MOST_LEVEL = 4.0, 5.0

_SHIFT = 2.0
_SHIFT_STEP = 0.25
_BEYOND = 0.4
_ALIKE = 1.2
_KIN = 2.0
_PASSED = 0.8
_LEAD = 1.5
_ON, _SKIP = 0.7, 0.35
NEAR = 1.5
"""Margin (log-odds) under which the second best alignment is near."""


def level_words(text: str) -> list[str]:
    """The level statements of a squeezed text, one per bracket (or per bare word at its end), words sorted."""
    found = []
    for match in _BRACKET.finditer(text):
        words = sorted(set(_LEVEL.findall(match[1])))
        if words:
            found.append("/".join(words))
    if not found:
        tail = re.search(rf"(?:{_LEVEL.pattern})(?:证书?|认证|及以上)?$", text)
        if tail:
            found.append("/".join(sorted(set(_LEVEL.findall(tail[0])))))
    return found


def pairs(text: str) -> set[str]:
    """Pairs of neighbouring characters of a text."""
    return {text[i : i + 2] for i in range(len(text) - 1)}


def word_pairs(text: str) -> list[str]:
    """Pairs of neighbouring characters of a text, its level brackets left out."""
    plain = _BRACKET.sub(lambda m: "" if _LEVEL.search(m[1]) else m[0], text)
    return [plain[i : i + 2] for i in range(len(plain) - 1)] + ([f"{plain[-1]}$"] if plain else [])


def kinship(texts: Sequence[str]) -> list[float]:
    """How much (0–1) every text names the same things as the one before, levels left out."""
    found = [set(word_pairs(text)) for text in texts]
    both = zip(found, found[1:], strict=False)
    return [0.0, *(len(a & b) / max(min(len(a), len(b)), _KIN_PAIRS) for a, b in both)]


@dataclass
class ColumnEvidence:
    """Counts per column; ``groups[c]`` is the group (header label) that column ``c`` stands under,
    ``tiers[c]`` its tier; ``habits[c]``: log-odds that a class's first row has something in the column."""

    groups: tuple[int, ...]
    tiers: tuple[str, ...]
    pairs: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    levels: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    own: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    major: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    seen: Counter[str] = field(default_factory=Counter)
    words: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    habits: dict[int, float] = field(default_factory=dict)

    def add(self, col: int, cell: RawCell, times: int = 1) -> None:
        """A cell that stands in its column for sure; ``times`` -1 takes back what it taught."""
        pairs = set(word_pairs(cell.text))
        for counts, words in (
            (self.words[col], set(cell.words)),
            (self.pairs[self.groups[col]], pairs),
            (self.seen, pairs),
            (self.levels[col], level_words(cell.text)),
        ):
            for word in words:
                counts[word] += times

    def start_class(self, texts: Iterable[str] = ()) -> None:
        """A new class begins: what its own rows said about levels is forgotten.

        ``texts``: all its cells. A class that states the three upper grades apart, and the lower ones far less often,
        uses its three columns for them.
        """
        self.own = defaultdict(Counter)
        stated = Counter(word for text in texts for word in level_words(text))
        counts = [sum(stated[word] for word in words) for words in _GRADES]
        if min(counts[:3]) >= max(_LADDER, 2 * sum(counts[3:])):
            usual: Counter[int] = Counter()
            for col, words in self.levels.items():
                usual[self.groups[col]] += sum(words[word] for grade in _GRADES for word in grade)
            [(group, _)] = usual.most_common(1) or [(-1, 0)]
            for col, tier in enumerate(self.tiers):
                if tier in _TIERS and self.groups[col] == group:
                    for word in _GRADES[_TIERS.index(tier)]:
                        self.own[col][word] += _LADDER

    def start_major(self, cells: Iterable[tuple[int, RawCell]]) -> None:
        """A new 专业大类 begins: its cells that stand in their columns for sure say how it uses levels."""
        self.major = defaultdict(Counter)
        for col, cell in cells:
            self.major[col].update(level_words(cell.text))

    def add_own(self, col: int, text: str) -> None:
        """A cell of the class at hand, placed before."""
        self.own[col].update(level_words(text))

    def score(self, cell: RawCell, cols: Sequence[int]) -> dict[int, float]:
        """Log-likelihood, up to a constant, of the cell in each column."""
        pairs = word_pairs(cell.text)
        weight = min(len(pairs), 12) * 0.55 / max(len(pairs), 1)
        kinds = {group: weight * self._kind(group, pairs) for group in {self.groups[c] for c in cols}}
        words = level_words(cell.text)
        scale = min(len(words), 4) ** 0.5 / max(len(words), 1)
        levels = {col: scale * sum(self._level(col, word) for word in words) for col in cols}
        best, highest = max(kinds.values()), max(levels.values())
        return {
            col: max(kinds[self.groups[col]] - best, -_MOST_KIND)
            + max(levels[col] - highest, -_MOST_LEVEL)
            + self._whole_words(cell, col)
            for col in cols
        }

    def _kind(self, group: int, pairs: Sequence[str]) -> float:
        """How much likelier pairs of characters are in a group than anywhere."""
        counts = self.pairs[group]
        total = sum(counts.values()) + _SMOOTHING
        everything = sum(self.seen.values()) + 1.0
        return sum(
            math.log((counts[p] + _SMOOTHING * self.seen[p] / everything) / total * everything / self.seen[p])
            for p in pairs
            if self.seen[p]
        )

    def _whole_words(self, cell: RawCell, col: int) -> float:
        """Whole words that stand in this column rather than in its group's other ones, elsewhere in the document."""
        same = [c for c, group in enumerate(self.groups) if group == self.groups[col]]
        logs = []
        for word in cell.words[:40]:
            total = sum(self.words[c][word] for c in same)
            if total:
                logs.append(math.log((self.words[col][word] + 0.3) / (total + 0.3 * len(same))))
        return sum(logs) / len(logs) * min(len(logs), 3) ** 0.5 if logs else -1.1

    def _level(self, col: int, word: str) -> float:
        """Log-probability of a level statement in a column; what is rare there leans on all columns of its tier."""
        counts, own, major = self.levels[col], self.own[col], self.major[col]
        tier = [c for c, name in enumerate(self.tiers) if name == self.tiers[col]]
        wide = sum(self.levels[c][word] for c in tier)
        everything = sum(sum(self.levels[c].values()) for c in tier)
        prior = (wide + 0.2) / (everything + 8.0)
        seen = counts[word] + _MAJOR_WEIGHT * major[word] + _TIER_WEIGHT * prior
        total = sum(counts.values()) + _MAJOR_WEIGHT * sum(major.values()) + _TIER_WEIGHT
        usual = seen / total
        return math.log((own[word] + _CLASS_DOUBT * usual) / (sum(own.values()) + _CLASS_DOUBT))


@dataclass(frozen=True)
class Alignment:
    """Columns of the filled cells, in order, the margin (log-odds) to the best other alignment, and the score."""

    cols: tuple[int, ...]
    margin: float
    score: float = 0.0

    @property
    def confidence(self) -> float:
        """The margin as a probability."""
        return 1.0 / (1.0 + math.exp(-min(self.margin, 30.0)))


def in_order(indices: Sequence[int], columns: int, missing: int, like: Mapping[int, int]) -> Costs:
    """Costs for a row with about as many cells as columns: cells keep their distance; each lost or added blank costs.

    ``missing``: how many cells fewer than the header the row has (negative: more). ``like``: index → column in the
    row before, where that looks the same: going on in the same way costs nothing.
    """
    cols = np.arange(columns)
    low, high = min(0, missing), max(0, missing)

    def place(index: int) -> Floats:
        shift = cols - index
        beyond = np.maximum(np.maximum(low - shift, shift - high), 0)
        return np.where(cols == like.get(index), -_ALIKE, _BEYOND * beyond)

    def change(delta: npt.NDArray[np.int64]) -> Floats:
        return np.where(delta != 0, _SHIFT + _SHIFT_STEP * abs(delta), 0.0)

    first = indices[0]
    start = place(first) + np.where(cols == like.get(first), 0.0, change(cols - first))
    steps = []
    for before, index in zip(indices, indices[1:], strict=False):
        step = change((cols - index) - (cols[:, None] - before))
        step[np.outer(cols == like.get(before), cols == like.get(index))] = 0.0
        step = step + place(index)
        step[cols[:, None] >= cols] = math.inf
        steps.append(step)
    return start, steps


def folded(
    indices: Sequence[int], columns: int, by_row: bool, like: Mapping[int, int], lead: int = 0
) -> Costs:
    """Costs for a row with more cells than columns: several grid rows (``by_row``), or whole columns, one after
    another. ``like``: as in ``in_order``; ``lead``: up to this column the row most likely begins as it should."""
    stay, back = (2.5, 0.6) if by_row else (_ON, 4.5)
    cols = np.arange(columns)
    ahead = cols - cols[:, None]
    moved = np.where(ahead > 0, _ON + _SKIP * (ahead - 1), np.where(ahead == 0, stay, back - 0.1 * ahead))

    def place(index: int) -> Floats:
        lead_cost = -_LEAD if index <= lead else 0.0
        return np.where(cols == like.get(index), -_ALIKE, np.where(cols == index, lead_cost, 0.0))

    steps = []
    for before, index in zip(indices, indices[1:], strict=False):
        step = moved.copy()
        if index < columns:
            step[before, index] = 0.0  # the row begins as it should
        steps.append(step + place(index))
    return 0.3 * abs(cols - indices[0]) + place(indices[0]), steps


def with_habits(
    costs: Costs, kin: Sequence[float], groups: Sequence[int], filled: Mapping[int, float]
) -> Costs:
    """Costs that know a table's habits.

    Neighbouring cells that name the same things (``kin[j]``, 0–1: cell ``j`` and the one before) rather stand in
    different columns of one group: a group's tiers repeat each other. A column that is nearly always filled
    (``filled[col]``: log-odds, where positive) is not passed over lightly.
    """
    group = np.array(groups)
    same = (group[:, None] == group) & ~np.eye(len(groups), dtype=bool)
    up_to = np.cumsum([max(0.0, filled.get(col, 0.0)) for col in range(len(groups))])
    before_own = np.concatenate([[0.0], up_to[:-1]])
    passed = np.maximum(before_own - up_to[:, None], 0.0)
    start, steps = costs
    return start, [step - _KIN * kin[j] * same + _PASSED * passed for j, step in enumerate(steps, start=1)]


def align(scores: Scores, costs: Costs) -> Alignment:
    """The cheapest assignment of columns to cells, by dynamic programming; no columns where none is allowed.

    The margin is the score of the best assignment less that of the best one which differs in some cell.
    """
    if not scores:
        return Alignment((), math.inf)
    start, steps = costs
    value = np.full((len(scores), len(start)), -math.inf)
    for j, row in enumerate(scores):
        value[j, list(row)] = list(row.values())
    forward, came = [value[0] - start], []
    for j, step in enumerate(steps, start=1):
        totals = forward[-1][:, None] - step
        came.append(totals.argmax(axis=0))
        forward.append(totals.max(axis=0) + value[j])
    best = float(forward[-1].max())
    if best == -math.inf:
        return Alignment((), 0.0)
    backward = [np.zeros(len(start))]
    for j in range(len(steps), 0, -1):
        backward.append((value[j] + backward[-1] - steps[j - 1]).max(axis=1))
    cols = [int(forward[-1].argmax())]
    for origin in reversed(came):
        cols.append(int(origin[cols[-1]]))
    cols.reverse()
    through = np.array(forward) + np.array(backward[::-1])
    through[range(len(cols)), cols] = -math.inf
    return Alignment(tuple(cols), best - float(through.max()), best)
