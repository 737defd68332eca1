"""How much each kind of evidence weighs when lines become items: features of gaps and of possible items."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import mul

from pipeline.tidy.segment_model import OPEN, bare_of, base_of, unbalanced
from pipeline.tidy.segment_words import Form, Lessons


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
"""For words between blanks, whose traits ``readers.transcript.words`` names: a semi-Markov conditional random field (Sarawagi
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


def typed_gap_features(
    geometry: float,
    words: float,
    first: str,
    second: str,
    starts: Mapping[str, int],
    ends: Mapping[str, int],
    traits: tuple[float, ...],
) -> tuple[float, ...]:
    """``gap_features`` and a gap's traits; what the words say once more for a row that was copied line by line (the
    first trait)."""
    on = goes_on(second)
    found = gap_features(geometry, words, first, second, starts, ends)[:-2]
    found += (float(_ends_well(first) and not on), float(on))
    if traits[0]:
        return (*found, *traits, *found[1:])
    return (*found, *traits, *(0.0,) * (len(found) - 1))


def item_features(
    text: str, lines: Sequence[str], lessons: Lessons, near: Mapping[str, int]
) -> tuple[float, ...]:
    """What a text, wrapped over ``lines``, looks like as an item: known and how often, of a known base, well formed, of a
    usual length; lines inside it that begin as it begins or end as it ends look like items of their own."""
    whole = len(lines) == 1
    form = lessons.forms.get((text, whole))
    if form is None:
        form = lessons.forms[text, whole] = _form(text, whole, lessons)
    base, known, based, shape, ends = form
    is_near = bool(near.get(base))
    begins = closes = 0
    if not whole:
        head, tail, first = text[:2], text[-2:], text[0]
        begins = [line[:2] for line in lines[1:]].count(head)
        if first in OPEN:
            begins = sum(line[:2] == head or line[0] == first for line in lines[1:])
        closes = [line[-2:] for line in lines[:-1]].count(tail)
    return (
        *known, float(is_near), 0.0 if is_near else based, *shape, float(begins), float(closes), ends,
    )  # fmt: skip


def _form(text: str, whole: bool, lessons: Lessons) -> Form:
    """What ``item_features`` asks that neither the place of the text's lines nor the cells beside it change: its base,
    the features of how well it is known, whether its base is known, how it is formed, whether it ends as items do."""
    known = lessons.items.get(text, 0)
    if whole and known:
        known -= 1  # it may have taught itself
    base, looks, ends = _looks(text)
    count = math.log1p(known) if known else 0.0
    tails = lessons.tails.get(text, 0)
    shape = (
        *looks,
        math.log1p(lessons.heads.get(text, 0)) if known <= 0 else 0.0,
        math.log1p(tails) - count if tails else 0.0,
    )
    based = float(known <= 0 and lessons.bases.get(base, 0) > (1 if whole else 0))
    return base, (1.0, count, count * min(len(text), 12) / 4), based, shape, ends


@lru_cache(maxsize=131072)
def _looks(text: str) -> tuple[str, tuple[float, ...], float]:
    """What a text says on its own, whatever the document teaches: its base, how it is formed, whether it ends as items
    do."""
    looks = (
        float(text[0] in OPEN or text[0] in ":,、"),
        float(unbalanced(text)),
        float(_inner_levels(text)),
        float(len(text) == 1),
        float(len(text) == 2),
        max(0.0, (len(text) - 24) / 8),
        float(text[-1] in ":-、/"),
    )
    return base_of(text), looks, float(_ends_well(text))


def typed_features(
    text: str, lines: Sequence[str], lessons: Lessons, near: Mapping[str, int]
) -> tuple[float, ...]:
    """What else there is to ask about an item whose lines are words between blanks: an organisation alone, a bare level
    inside, another tier's item but for the level, several issuers, words that are items elsewhere."""
    inside = sum(len(line) > 2 and lessons.items[line] > 0 for line in lines) if len(lines) > 1 else 0
    return (
        float(text.endswith(ORGANISATIONS) and ":" not in text),
        float(len(_BARE_LEVEL.findall(text))),
        float(bool(near.get(TIERLESS + bare_of(text)))),
        float(max(text.count(":") - 1, 0)),
        float(len(lines) - 1),
        float(goes_on(text)),
        float(inside),
        float(inside > 1 and inside == len(lines)),
        float(is_general(text)),
    )


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


def worth(
    text: str, lines: Sequence[str], lessons: Lessons, near: Mapping[str, int], weights: Weights
) -> float:
    """How good an item the text, wrapped over ``lines``, would make."""
    found = item_features(text, lines, lessons, near)
    if len(weights.item) > len(found):
        found += typed_features(text, lines, lessons, near)
    return float(sum(map(mul, weights.item, found)))


@lru_cache(maxsize=65536)
def _inner_levels(text: str) -> int:
    """Brackets that state a level, with more text behind: they close an item, what follows is another one."""
    closes = [i for i, char in enumerate(text[:-1]) if char == ")" and text[i - 1] in "级工师"]
    return (
        sum(1 for i in closes if text[i + 1] not in "()、,;/") if len(closes) + (text[-1] == ")") > 1 else 0
    )
