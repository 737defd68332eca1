"""How much each kind of evidence weighs when lines become items: features of gaps and of possible items, by name.

Features are asked of many gaps or items at once: each is an array of one number per gap or item. Their weights stand in
``weights.yaml`` under the same names; docs/weights.md says what each of them tells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from pipeline.text import OPEN, brackets, squeeze
from pipeline.tidy.wraps import segment_forms as forms
from pipeline.tidy.wraps.segment_model import Candidates, bare_of, base_of
from pipeline.tidy.wraps.segment_words import Floats, Lessons, counts, log1p

Features = dict[str, Floats]
"""Name of a feature → one number per gap or item."""

WEIGHTS = Path(__file__).with_name("weights.yaml")


@dataclass(frozen=True)
class Weights:
    """Weights of ``gap_features`` and ``item_features`` by name (of a transcript: with those of typed words)."""

    gap: Mapping[str, float]
    item: Mapping[str, float]


def load_weights(path: Path = WEIGHTS) -> dict[str, Weights]:
    """The weights of a file: ``printed`` for lines with their geometry, ``typed`` for words of a transcript."""
    found: dict[str, Any] = YAML(typ="safe").load(path)
    return {name: Weights(model["gap"], model["item"]) for name, model in found.items()}


@lru_cache(maxsize=1)
def own_weights() -> dict[str, Weights]:
    """The weights that come with the package."""
    return load_weights()


def weighed(weights: Mapping[str, float], features: Features) -> Floats:
    """Sum of weights times features, added up in the features' order (so that every machine rounds alike).

    Raises ValueError where a feature has no weight, or a weight no feature.
    """
    if weights.keys() != features.keys():
        raise ValueError(f"weights do not fit features: {sorted(weights.keys() ^ features.keys())}")
    total = np.zeros(len(next(iter(features.values()))))
    for name, feature in features.items():
        total = total + weights[name] * feature
    return total


ORGANISATIONS = (
    "公司", "集团", "协会", "学会", "联合会", "总会", "商会", "委员会", "中心", "研究院", "研究所", "局", "部", "厅", "学院", "大学",
)  # fmt: skip
"""How organisations are called: an item that is nothing else goes on with what they issue."""

_END_WORDS = ("师", "员", "工", "证", "证书", "士", "人", "长", "资格", "职务", "级)", "工)", "师)", "认证",
              "专家", "裁判", "教官", "考官", "评委", "执照")  # fmt: skip
_SUFFIX_WORDS = (
    "证书", "资格", "职业", "执业", "技能", "等级", "(", "考评", "认证", "师", "员", "工", "级", "与", "及", "和",
)  # fmt: skip
"""General words of the field: how the names of occupations, titles and certificates end, and how their second halves
begin. They only tip the balance where a document is too short to teach its own."""


def ends_well(text: str) -> bool:
    """Whether a text ends as items do: its last two characters tell."""
    return text.endswith(_END_WORDS)


def begins_as_suffix(text: str) -> bool:
    """Whether a printed line begins as second halves of names begin (职业资格证书, but not 职业指导员)."""
    return text.startswith(_SUFFIX_WORDS) and not text.startswith(("工程", "职业指导", "员工"))


_SECOND_HALF = re.compile(
    r"证书|书(?:\(|$)|资格|职业(?:技能|资格|等级|证|$)|执业(?:证|资格|技能|$)|技能|等级|\(|考评|认证|师|员|工(?!程)|级|与|及|和|[一二三四五]级$"
)


def goes_on(text: str) -> bool:
    """Whether a word of a transcript begins as second halves of names begin (and not as 执业护士, 职业培训师)."""
    return _SECOND_HALF.match(text) is not None


_GENERAL = re.compile(
    r"(?:[(\[][^()\[\]]*[)\]]|职业|执业|技能|等级|资格|证书|证|认证|培训|考评|员|师|工|级|人)+"
)


def is_general(text: str) -> bool:
    """Whether a text, its brackets aside, is made of words that only close other names (执业证书)."""
    return _GENERAL.fullmatch(text) is not None


@dataclass(frozen=True)
class Gaps:
    """Full lines, with the lines behind them.

    ``geometry``, ``words``: log-odds of a boundary by the one and the other; ``begin``, ``end``: how many lines of the
    cell begin as the second line begins, and end as the first line ends; ``traits``: of a transcript, see ``TRAITS``.
    """

    pairs: Sequence[tuple[str, str]]
    geometry: Floats
    words: Floats
    begin: Sequence[int]
    end: Sequence[int]
    traits: Sequence[tuple[float, ...]] = ()


TRAITS = (
    "copied", "room_none", "room_just", "room_some", "room_much", "room_too_much", "typed", "latin_before", "latin_after",
    "latin_around", "capitals_around", "bracket_after", "issuer_after", "character_after", "character_before", "words_known",
    "inside_brackets", "organisation_before", "level_before", "bare_level_before", "general_after", "page_end", "paragraph",
)  # fmt: skip
"""What a transcript tells about a blank, in the order of ``segment_model.CellLines.traits``."""


def gap_features(gaps: Gaps, typed: bool = False) -> Features:
    """What speaks for a boundary at each gap; of a transcript (``typed``), its traits as well, and once more what the
    words say where a row was copied line by line."""
    on = _flags([(goes_on if typed else begins_as_suffix)(second) for _, second in gaps.pairs])
    out = {
        "geometry": gaps.geometry,
        "words": gaps.words,
        "always": np.ones(len(gaps.pairs)),
        # Lines of the same cell that begin or end alike: 四级编剧 四级导演 …
        "begins_like_others": log1p([n - 1 for n in gaps.begin]),
        "ends_like_others": log1p([n - 1 for n in gaps.end]),
        "ends_well": _flags([ends_well(first) for first, _ in gaps.pairs]) * (1 - on),
        "goes_on": on,
    }
    if typed:
        again = [(name, feature) for name, feature in out.items() if name != "geometry"]
        out |= zip(TRAITS, np.array(gaps.traits).T, strict=True)
        out |= {f"copied_{name}": out["copied"] * feature for name, feature in again}
    else:
        out["title_after_certification"] = _flags(
            [forms.title_after_certification(*pair) for pair in gaps.pairs]
        )
    return out


def item_features(
    items: Candidates, lessons: Lessons, near: Sequence[Collection[str]], typed: bool = False
) -> Features:
    """What each text looks like as an item: known and how often, of a known base, well formed, of a usual length.

    ``near``: per line, the bases of the items of resembling cells; ``typed``: ask of words of a transcript as well.
    """
    texts = items.texts
    length = np.array([len(text) for text in texts])
    # An item may have taught itself: what it taught is left out.
    whole = np.equal(items.first, items.last) if typed else np.array(items.own, dtype=bool)
    known = counts(lessons.items, texts)
    known = known - (whole & (known > 0))
    count = log1p(known)
    bases = [base_of(text) for text in texts]
    is_near = _among(bases, items, near)
    tails = counts(lessons.tails, texts)
    begins, ends = _alike(items)
    out = {
        "always": np.ones(len(texts)),
        "known": count,
        "known_and_long": count * np.minimum(length, 12) / 4,
        "in_resembling_cell": is_near,
        "of_known_base": (known <= 0) * (counts(lessons.bases, bases) > whole) * (1 - is_near),
        "opens_badly": _asked(forms.opens_badly, texts),
        "unbalanced": np.array(items.unbalanced, dtype=float),
        "levels_inside": _asked(forms.levels_inside, texts),
        "one_character": _flags(length == 1),
        "two_characters": _flags(length == 2),
        "very_long": np.maximum(0.0, (length - 24) / 8),
        "ends_badly": _asked(forms.ends_badly, texts),
        "begins_longer_items": np.where(known <= 0, log1p(counts(lessons.heads, texts)), 0.0),
        "ends_longer_items": np.where(tails > 0, log1p(tails) - count, 0.0),
        # Lines inside that begin as the item begins, or end as it ends, look like items of their own.
        "lines_begin_alike": begins,
        "lines_end_alike": ends,
        "ends_well": _asked(ends_well, texts),
    }  # fmt: skip
    further = (_typed_features if typed else _printed_features)(items, lessons, near)
    return out | further | _remembered(items, lessons)


def _printed_features(items: Candidates, lessons: Lessons, near: Sequence[Collection[str]]) -> Features:
    """What else there is to ask about items of printed lines."""
    texts = items.texts
    return {
        **{name: _asked(question, texts) for name, question in forms.OF_PRINTED.items()},
        "level_heads_inside": _heads_inside(items),
        "bare_in_resembling_cell": _among([TIERLESS + bare_of(text) for text in texts], items, near),
        "repeated": _repeated(items),
        "acronyms_inside": _acronyms_inside(items),
        "known_in_other_kind": _other_kind(items, lessons),
        "issuer_inside": _issuer_inside(items, lessons),
    }


def _heads_inside(items: Candidates) -> Floats:
    """How many lines of an item open with a level beyond the first one, no bracket being open (二级编剧|一级监督)."""
    heads = [forms.level_head(line) for line in items.lines]
    out = np.zeros(len(items.texts))
    for k, (first, last) in enumerate(zip(items.first, items.last, strict=True)):
        if any(heads[first + 1 : last + 1]):
            found, depth = int(heads[first]), 0
            for line in range(first, last):
                stray, opened = brackets(items.lines[line])
                depth = max(depth - stray, 0) + opened
                before, behind = items.lines[line], items.lines[line + 1]
                closes = line + 1 == last and forms.heads_only(behind)  # …工程师|高级
                found += depth == 0 and heads[line + 1] and not closes and not forms.heads_only(before)
            out[k] = max(found - 1, 0)
    return out


def _acronyms_inside(items: Candidates) -> Floats:
    """How many lines behind the first, which is an acronym, begin with another one (ACCA|CMA|AIA): each begins an item."""
    begun = [_ACRONYM.match(line) for line in items.lines]
    whole = np.array(
        [
            found is not None and found.end() == len(line)
            for found, line in zip(begun, items.lines, strict=True)
        ]
    )
    until = np.concatenate([[0], np.cumsum(np.array(begun, dtype=bool))])
    first, last = np.array(items.first), np.array(items.last)
    return np.where(whole[first], until[last + 1] - until[first + 1], 0).astype(float)


_ACRONYM = re.compile("[A-Z]{3,}(?![A-Za-z])")


def _other_kind(items: Candidates, lessons: Lessons) -> Floats:
    """Whether an item is known in other kinds of certificates only."""
    kinds = [items.slots[first][1] for first in items.first]
    here = [
        lessons.kinds[kind, text] - own for kind, text, own in zip(kinds, items.texts, items.own, strict=True)
    ]
    return _flags((np.array(here) <= 0) & (counts(lessons.items, items.texts) > np.array(items.own)))


def _issuer_inside(items: Candidates, lessons: Lessons) -> Floats:
    """Whether the issuer before a colon is known with its first lines cut off only (营销师|某某公司:新媒体运营)."""
    out = np.zeros(len(items.texts))
    for k, (text, first, last) in enumerate(zip(items.texts, items.first, items.last, strict=True)):
        rest, colon, _ = text.partition(":")
        if colon and lessons.issuers[rest] <= items.own[k]:
            for line in items.lines[first:last]:
                rest = rest[len(line) :].lstrip()
                if len(rest) < 2:
                    break
                out[k] = out[k] or lessons.issuers[rest] > 0
    return out


def _remembered(items: Candidates, lessons: Lessons) -> Features:
    """Whether an earlier edition settled the item in this class, kind and tier, in this kind, or elsewhere; of an item that it
    does not know, how much of this document it knows."""
    here, kind, other, new = np.zeros((4, len(items.texts)))
    memory = lessons.memory
    for k, text in enumerate(items.texts) if memory.items else ():
        slots = memory.items.get(squeeze(text), frozenset())
        slot = items.slots[items.first[k]]
        here[k] = slot in slots
        kind[k] = not here[k] and any(one[1] == slot[1] for one in slots)
        other[k] = bool(slots) and not here[k] and not kind[k]
        new[k] = 0.0 if slots else memory.coverage
    return {
        "remembered_here": here,
        "remembered_in_kind": kind,
        "remembered_elsewhere": other,
        "not_remembered": new,
    }


def _repeated(items: Candidates) -> Floats:
    """How often the lines of an item stand elsewhere in its part (logarithm): 教育部教育 … is the beginning of several."""
    out: list[int] = []
    for _, _, low, high in items.parts:
        found = Counter(items.texts[low:high])
        out += [found[text] - 1 for text in items.texts[low:high]]
    return log1p(out)


def _typed_features(items: Candidates, lessons: Lessons, near: Sequence[Collection[str]]) -> Features:
    """What else there is to ask about items whose lines are words between blanks."""
    texts = items.texts
    size = np.subtract(items.last, items.first) + 1
    known = [len(line) > 2 and lessons.items.get(line, 0) > 0 for line in items.lines]
    before = np.concatenate([[0], np.cumsum(known)])
    inside = np.where(size > 1, before[np.add(items.last, 1)] - before[items.first], 0)
    issuers = np.array([text.count(":") for text in texts])
    names = [TIERLESS + bare_of(text) for text in texts] if any(near) else texts
    return {
        "organisation_alone": _flags([text.endswith(ORGANISATIONS) for text in texts]) * (issuers == 0),
        "bare_levels_inside": _asked(forms.bare_levels_inside, texts),
        "tierless_in_resembling_cell": _among(names, items, near),
        "further_issuers": np.maximum(issuers - 1.0, 0.0),
        "further_words": size - 1.0,
        "goes_on": _asked(goes_on, texts),
        "words_known": inside.astype(float),
        "all_words_known": _flags((inside > 1) & (inside == size)),
        "general_only": _asked(is_general, texts),
        "level_heads_inside": _heads_inside(items),
    }


def _asked(question: Callable[[str], float], texts: Sequence[str]) -> Floats:
    """The answer about each text."""
    return np.array([question(text) for text in texts], dtype=float)


def _flags(values: Sequence[bool] | NDArray[np.bool_]) -> Floats:
    return np.asarray(values, dtype=float)


def _among(keys: Sequence[str], items: Candidates, near: Sequence[Collection[str]]) -> Floats:
    """Whether the item's key is among what its lines' cell has near it."""
    return _flags([key in near[first] for key, first in zip(keys, items.first, strict=True)])


def _alike(items: Candidates) -> tuple[Floats, Floats]:
    """How many further lines of an item begin as it begins (after an opening bracket: with that bracket), and how many
    lines before its last end as it ends."""
    ones, twos, tails = zip(*((line[0], line[:2], line[-2:]) for line in items.lines), strict=True)
    begins, ends = np.zeros((2, len(items.texts)))
    for k, (first, last, text) in enumerate(zip(items.first, items.last, items.texts, strict=True)):
        if first < last:
            heads, head = (ones, text[0]) if text[0] in OPEN else (twos, text[:2])
            begins[k] = heads[first + 1 : last + 1].count(head)
            ends[k] = tails[first:last].count(text[-2:])
    return begins, ends


TIERLESS = "\0"
"""Marks, among the bases of resembling cells, items without their levels."""
