"""What segmentation asks about gaps and items, asked of one at a time: what its arrays must say as well."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from functools import reduce

from pipeline.text import OPEN, brackets, depth_after, squeeze
from pipeline.tidy.wraps.segment_forms import (
    bare_levels_inside,
    begins_in_issuer,
    ends_badly,
    further_papers,
    heads_only,
    issuers,
    latin_alone,
    level_head,
    levels_inside,
    opens_badly,
    organisation_alone,
    paper_only,
    title_after_certification,
)
from pipeline.tidy.wraps.segment_model import bare_of, base_of, join
from pipeline.tidy.wraps.segment_weights import (
    ORGANISATIONS,
    TIERLESS,
    Weights,
    begins_as_suffix,
    ends_well,
    goes_on,
    is_general,
)
from pipeline.tidy.wraps.segment_words import Lessons


def unbalanced(text: str) -> int:
    return sum(brackets(text))


def gap_features(
    geometry: float, words: float, first: str, second: str, starts: Mapping[str, int], ends: Mapping[str, int]
) -> tuple[float, ...]:
    return (
        geometry,
        words,
        1.0,
        math.log(max(starts[second[:2]], 1)),
        math.log(max(ends[first[-2:]], 1)),
        float(ends_well(first) and not begins_as_suffix(second)),
        float(begins_as_suffix(second)),
        float(title_after_certification(first, second)),
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
    on = goes_on(second)
    found = gap_features(geometry, words, first, second, starts, ends)[:-3]
    found += (float(ends_well(first) and not on), float(on))
    if traits[0]:
        return (*found, *traits, *found[1:])
    return (*found, *traits, *(0.0,) * (len(found) - 1))


def item_features(
    text: str, lines: Sequence[str], lessons: Lessons, near: Collection[str], typed: bool = False
) -> tuple[float, ...]:
    known = lessons.items.get(text, 0)
    whole = typed and len(lines) == 1
    if whole and known:
        known -= 1
    base = base_of(text)
    count = math.log1p(known)
    tails = lessons.tails.get(text, 0)
    is_near = base in near
    based = known <= 0 and not is_near and lessons.bases.get(base, 0) > (1 if whole else 0)
    head, tail, first = text[:2], text[-2:], text[0]
    begins = sum(line[:2] == head or (first in OPEN and line[0] == first) for line in lines[1:])
    closes = sum(line[-2:] == tail for line in lines[:-1])
    return (
        1.0,
        count,
        count * min(len(text), 12) / 4,
        float(is_near),
        float(based),
        float(opens_badly(text)),
        float(unbalanced(text)),
        float(levels_inside(text)),
        float(len(text) == 1),
        float(len(text) == 2),
        max(0.0, (len(text) - 24) / 8),
        float(ends_badly(text)),
        math.log1p(lessons.heads.get(text, 0)) if known <= 0 else 0.0,
        math.log1p(tails) - count if tails else 0.0,
        float(begins),
        float(closes),
        float(ends_well(text)),
    )


def typed_features(
    text: str, lines: Sequence[str], lessons: Lessons, near: Collection[str]
) -> tuple[float, ...]:
    inside = sum(len(line) > 2 and lessons.items.get(line, 0) > 0 for line in lines) if len(lines) > 1 else 0
    return (
        float(text.endswith(ORGANISATIONS) and ":" not in text),
        float(bare_levels_inside(text)),
        float(TIERLESS + bare_of(text) in near),
        float(max(text.count(":") - 1, 0)),
        float(len(lines) - 1),
        float(goes_on(text)),
        float(inside),
        float(inside > 1 and inside == len(lines)),
        float(is_general(text)),
        _heads_inside(lines),
        *_remembered(text, lessons),
    )


def _heads_inside(lines: Sequence[str]) -> float:
    at_start = [depth_after("".join(lines[:k])) == 0 for k in range(len(lines))]
    heads = [k for k in range(len(lines)) if at_start[k] and level_head(lines[k])]
    if heads and heads[-1] == len(lines) - 1 > 0 and heads_only(lines[-1]):
        heads.pop()  # it closes
    return float(max(len([k for k in heads if k == 0 or not heads_only(lines[k - 1])]) - 1, 0))


def _remembered(text: str, lessons: Lessons) -> tuple[float, ...]:
    """Of an item in no class."""
    slots = lessons.memory.items.get(squeeze(text), frozenset())
    return (
        float(("", "", "") in slots),
        float(("", "", "") not in slots and any(slot[1] == "" for slot in slots)),
        float(bool(slots) and all(slot[1] for slot in slots)),
        0.0 if slots else lessons.memory.coverage,
    )


def printed_features(
    text: str, lines: Sequence[str], lessons: Lessons, near: Collection[str], repeats: int = 0
) -> tuple[float, ...]:
    """Of an item that taught itself nothing, in no class; ``repeats``: how often its text is a candidate besides."""
    acronyms = [re.match("[A-Z]{3,}(?![A-Za-z])", line) for line in lines]
    alone = acronyms[0] is not None and acronyms[0].group() == lines[0]
    head, colon, _ = text.partition(":")
    known_issuer = lessons.issuers.get(head, 0) > 0
    tails = [
        reduce(join, lines[k:]).partition(":")[0]
        for k in range(1, len(lines))
        if ":" not in "".join(lines[:k])
    ]
    inside = any(len(tail) > 1 and lessons.issuers.get(tail, 0) > 0 for tail in tails if colon)
    return (
        float(paper_only(text)),
        float(begins_in_issuer(text)),
        float(organisation_alone(text)),
        float(max(issuers(text) - 1, 0)),
        float(further_papers(text)),
        float(latin_alone(text)),
        float(bare_levels_inside(text)),
        _heads_inside(lines),
        float(TIERLESS + bare_of(text) in near),
        math.log1p(repeats),
        float(sum(map(bool, acronyms[1:])) if alone else 0),
        float(lessons.items.get(text, 0) > 0 and not lessons.kinds.get(("", text))),
        float(inside and not known_issuer),
        *_remembered(text, lessons),
    )


def worth(
    text: str,
    lines: Sequence[str],
    lessons: Lessons,
    near: Collection[str],
    weights: Weights,
    repeats: int | None = None,
) -> float:
    """What an item is worth; ``repeats``: of printed lines (see above), None of words."""
    found = item_features(text, lines, lessons, near, repeats is None)
    if repeats is None:
        found += typed_features(text, lines, lessons, near)
    else:
        found += printed_features(text, lines, lessons, near, repeats)
    return float(sum(w * f for w, f in zip(weights.item.values(), found, strict=True)))
