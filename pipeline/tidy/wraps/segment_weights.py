"""How much each kind of evidence weighs when lines become items: features of gaps and of possible items.

All features are asked of many gaps and items at once: each is an array, one number per gap or item.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pipeline.text import OPEN
from pipeline.tidy.wraps.segment_lattice import Candidates, Flags, Floats, Ints, Lines
from pipeline.tidy.wraps.segment_model import bare_of, base_of
from pipeline.tidy.wraps.segment_words import Lessons, counts, log1p

Feature = Floats | Ints | Flags | float


@dataclass(frozen=True)
class Weights:
    """Weights of ``gap_features`` (with a gap's traits behind them) and of ``item_features`` (with ``typed_features``
    behind them)."""

    gap: tuple[float, ...]
    item: tuple[float, ...]


PRINTED = Weights(
    gap=(1.43, 0.3, 1.4, 0.23, 0.02, 0.6, -0.63),
    item=(
        -1.33, -0.41, 0.31, 0.04, 0.02, -1.38, -6.65, -2.62, -3.83, -0.81, -0.19, -1.86, -0.2, -0.41, -0.75, -1.67, -0.11,
    ),
)  # fmt: skip
"""For printed lines with their geometry: an averaged structured perceptron (Collins 2002) trained on
documents of two provinces set by several producers. They weigh kinds of evidence, not words."""


TYPED = Weights(
    gap=(
        -0.01, 0.72, 0.19, 0.71, 0.46, 1.72, -0.92, 0.56, -1.06, 0.89, 0.01, 0.92, 0.94, -0.83, -0.64, 0.6, -0.25, 0.94, 0.16, 0.12, -0.78, 0.18, -0.39, 0.0, -0.47, 0.0, 0.72, 0.55, 0.0, 2.5, 0.25, 0.56, -0.08, -0.08, -0.29, -0.06,
    ),
    item=(
        -1.14, 0.32, 0.05, -0.69, 1.39, -1.22, -6.65, -2.62, -3.86, 0.21, -1.17, -1.86, -0.69, -0.8, -1.2, -2.33, 1.15, -1.92, -1.02, 1.1, -1.47, -0.19, -0.47, 0.29, -0.77, -1.83,
    ),
)  # fmt: skip
"""For words between blanks, whose traits ``typed`` names: a semi-Markov conditional random field (Sarawagi
and Cohen 2004) trained on transcripts printed from the item lists of several editions, copied line by line or typed
item by item; that a paragraph opens (2.5) is set by hand."""

ORGANISATIONS = (
    "公司", "集团", "协会", "学会", "联合会", "总会", "商会", "委员会", "中心", "研究院", "研究所", "局", "部", "厅", "学院", "大学",
)  # fmt: skip
"""How organisations are called: an item that is nothing else goes on with what they issue."""

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


def ends_well(text: str) -> bool:
    """Whether a text ends as items do: its last two characters tell."""
    return text.endswith(_END_WORDS)


@lru_cache(maxsize=65536)
def _goes_on(text: str) -> bool:
    return text.startswith(_SUFFIX_WORDS) and not text.startswith(("工程", "职业指导", "员工"))


def gap_features(
    lines: Lines, gaps: Ints, geometry: Floats, words: Floats, alike: tuple[Ints, Ints]
) -> list[Feature]:
    """What speaks for a boundary at a full line: geometry, words, and lines of the same cell that begin or end alike
    (四级编剧 四级导演 …).

    ``gaps``: the lines before the gaps; ``alike``: how many lines of its cell begin as the line behind a gap begins, and
    end as the line before it ends.
    """
    on = lines.whole.flags(_goes_on)[gaps + 1]
    begin, end = (_logs(numbers) for numbers in alike)
    return [geometry, words, 1.0, begin, end, lines.tails.flags(ends_well)[gaps] & ~on, on]


def typed_gap_features(
    lines: Lines, gaps: Ints, geometry: Floats, words: Floats, alike: tuple[Ints, Ints], traits: Floats
) -> list[Feature]:
    """``gap_features`` and a gap's ``traits`` (one row per gap); what the words say once more for a row that was copied
    line by line (the first trait)."""
    found = gap_features(lines, gaps, geometry, words, alike)[:-2]
    on = lines.whole.flags(goes_on)[gaps + 1]
    found += [lines.tails.flags(ends_well)[gaps] & ~on, on]
    copied = traits[:, 0] != 0
    return [*found, *traits.T, *(copied * feature for feature in found[1:])]


def _logs(numbers: Ints) -> Floats:
    """Logarithms of numbers from 1."""
    return log1p(numbers - 1)


def item_features(
    lines: Lines, items: Candidates, lessons: Lessons, near: Sequence[Collection[str]]
) -> list[Feature]:
    """What each text looks like as an item: known and how often, of a known base, well formed, of a usual length; lines
    inside it that begin as it begins or end as it ends look like items of their own.

    ``near``: per line, the bases of the items of resembling cells.
    """
    texts, length = items.texts, items.length
    whole = items.first == items.last
    known = counts(lessons.items, texts)
    known = known - (whole & (known > 0))  # it may have taught itself
    count = log1p(known)
    bases = list(texts)
    for k in np.flatnonzero(lines.last.flags(")".__eq__)[items.last]).tolist():
        bases[k] = base_of(texts[k])
    is_near = _among(bases, items, near)
    based = (known <= 0) & (counts(lessons.bases, bases) > whole) & ~is_near
    tails = counts(lessons.tails, texts)
    begins, closes = _repeats(lines, items)
    return [
        1.0,
        count,
        count * np.minimum(length, 12) / 4,
        is_near,
        based,
        lines.first.flags(_OPENS_BADLY.__contains__)[items.first],
        items.unbalanced,
        _levels_inside(lines, items),
        length == 1,
        length == 2,
        np.maximum(0.0, (length - 24) / 8),
        lines.last.flags(_ENDS_BADLY.__contains__)[items.last],
        np.where(known <= 0, log1p(counts(lessons.heads, texts)), 0.0),
        np.where(tails > 0, log1p(tails) - count, 0.0),
        begins,
        closes,
        _end_well(lines, items),
    ]


def _levels_inside(lines: Lines, items: Candidates) -> Ints:
    """``_inner_levels`` of each item: it takes two closed brackets to have any."""
    before = np.concatenate([[0], np.cumsum([text.count(")") for text in lines.texts])])
    out: Ints = np.zeros(len(items.texts), dtype=np.int64)
    for k in np.flatnonzero(before[items.last + 1] - before[items.first] > 1).tolist():
        out[k] = _inner_levels(items.texts[k])
    return out


def _end_well(lines: Lines, items: Candidates) -> Flags:
    """Whether each item ends as items do: its last line tells, unless that is a lone character."""
    out = lines.tails.flags(ends_well)[items.last]
    for k in np.flatnonzero((lines.length == 1)[items.last]).tolist():
        out[k] = ends_well(items.texts[k])
    return out


_OPENS_BADLY = frozenset(OPEN + ":,、")
_ENDS_BADLY = frozenset(":-、/")


def _among(keys: Sequence[str], items: Candidates, near: Sequence[Collection[str]]) -> Flags:
    """Whether the item's key is among what its lines' cell has near it."""
    if not any(near):
        return np.zeros(len(keys), dtype=bool)
    return np.array([key in near[k] for key, k in zip(keys, items.first.tolist(), strict=True)])


def _repeats(lines: Lines, items: Candidates) -> tuple[Ints, Ints]:
    """How many further lines of an item begin as it begins (after an opening bracket: with that bracket), and how many
    lines before its last end as it ends."""
    heads, tails = lines.heads, lines.tails
    # A lone character begins or ends an item together with what stands beside it.
    short = lines.length == 1
    longer = items.first < items.last
    begins: Ints = np.zeros(len(items.texts), dtype=np.int64)
    closes: Ints = np.zeros(len(items.texts), dtype=np.int64)

    at = np.flatnonzero(longer & (heads.repeated() | short)[items.first])
    first, stop = items.first[at], items.last[at] + 1
    head = heads.numbers[first]
    for k in np.flatnonzero(short[first]).tolist():
        head[k] = heads.known.get(items.texts[at[k]][:2], len(lines))
    begins[at] = heads.count(head, first + 1, stop)

    at = np.flatnonzero(longer & (tails.repeated() | short)[items.last])
    first, last = items.first[at], items.last[at]
    tail = tails.numbers[last]
    for k in np.flatnonzero(short[last]).tolist():
        tail[k] = tails.known.get(items.texts[at[k]][-2:], len(lines))
    closes[at] = tails.count(tail, first, last)

    at = np.flatnonzero(longer & lines.first.flags(OPEN.__contains__)[items.first])
    first, stop = items.first[at], items.last[at] + 1
    begins[at] = lines.first.count(lines.first.numbers[first], first + 1, stop)
    return begins, closes


def typed_features(
    lines: Lines, items: Candidates, lessons: Lessons, near: Sequence[Collection[str]]
) -> list[Feature]:
    """What else there is to ask about items whose lines are words between blanks: an organisation alone, a bare level
    inside, another tier's item but for the level, several issuers, words that are items elsewhere."""
    texts = items.texts
    size = items.last - items.first + 1
    known = lines.whole.flags(lambda line: len(line) > 2 and lessons.items.get(line, 0) > 0)
    before = np.concatenate([[0], np.cumsum(known)])
    inside = np.where(size > 1, before[items.last + 1] - before[items.first], 0)
    names = [TIERLESS + bare_of(text) for text in texts] if any(near) else texts
    issuers = np.array([text.count(":") for text in texts])
    return [
        np.fromiter((text.endswith(ORGANISATIONS) for text in texts), bool, len(texts)) & (issuers == 0),
        np.fromiter(map(_bare_levels, texts), np.int64, len(texts)),
        _among(names, items, near),
        np.maximum(issuers - 1, 0),
        size - 1,
        np.fromiter(map(goes_on, texts), bool, len(texts)),
        inside,
        (inside > 1) & (inside == size),
        np.fromiter(map(is_general, texts), bool, len(texts)),
    ]


_SECOND_HALF = re.compile(
    r"证书|书(?:\(|$)|资格|职业(?:技能|资格|等级|证|$)|执业(?:证|资格|技能|$)|技能|等级|\(|考评|认证|师|员|工(?!程)|级|与|及|和|[一二三四五]级$"
)


@lru_cache(maxsize=65536)
def goes_on(text: str) -> bool:
    """Whether a text begins as second halves of names begin (and not as 执业护士, 职业培训师)."""
    return _SECOND_HALF.match(text) is not None


_GENERAL = re.compile(
    r"(?:[(\[][^()\[\]]*[)\]]|职业|执业|技能|等级|资格|证书|证|认证|培训|考评|员|师|工|级|人)+"
)


@lru_cache(maxsize=65536)
def is_general(text: str) -> bool:
    """Whether a text, its brackets aside, is made of words that only close other names (执业证书)."""
    return _GENERAL.fullmatch(text) is not None


TIERLESS = "\0"
"""Marks, among the bases of resembling cells, items without their levels."""

_BARE_LEVEL = re.compile(r"[师员工士长][一二三四五]级(?=[^及以)）证、/])")


@lru_cache(maxsize=65536)
def _bare_levels(text: str) -> int:
    return len(_BARE_LEVEL.findall(text))


@lru_cache(maxsize=65536)
def _inner_levels(text: str) -> int:
    """Brackets that state a level, with more text behind: they close an item, what follows is another one."""
    closes = [i for i, char in enumerate(text[:-1]) if char == ")" and text[i - 1] in "级工师"]
    return (
        sum(1 for i in closes if text[i + 1] not in "()、,;/") if len(closes) + (text[-1] == ")") > 1 else 0
    )
