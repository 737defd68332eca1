"""Grades and levels that an item states: one small grammar, as the data contract words it.

A *grade* is one of the five national skill grades (5 五级/初级工 … 1 一级/高级技师), a *level* one of the words
初级/中级/高级. Which words state one depends on where they stand:

* ``N级`` inside a bracket, after 职业资格, closing the item, right before 证书 or before the trailing brackets;
* 初级工 … 高级技师 only as a whole part of a bracket (parts are divided by / 、 and the like);
* 初级/中级/高级 as a whole part of a bracket (初级认证, 高级证书 too), or, like ``N级``, closing the item, before its
  closing 证书/认证/证 or its trailing brackets. They state a level only where the item states no grade;
* everything else is the name (高级工程师, 一级建造师, (高级考评员)).

A number outside 1–5 anywhere among the stated ones (9级/10级, 4-8级) means another scale: none of them counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipeline.schema import GRADE_LABELS, TIERS
from pipeline.text import normalise
from pipeline.tidy.grades import grammar
from pipeline.tidy.grades.grammar import DEFAULT_RULE3, GRADE_LIST, MAYBE_LEVEL, LevelPart
from pipeline.tidy.grades.names import (
    brackets,
    is_organisation,
    issuer_bracket,
    name_without,
    split_issuer,
)


@dataclass(frozen=True, slots=True)
class Levels:
    """What one item states.

    ``grades`` descending without repeats; ``level`` only where no grade is stated and exactly one of the three words
    is; ``name`` the text without stated grade, level and issuer; ``conflict`` the stated words contradict each other
    (五级/高级工, 中级/二级); ``unknown`` words that look like levels and are not understood; ``words`` the printed words
    that state something.
    """

    grades: tuple[int, ...]
    level: str | None
    name: str
    issuer: str | None = None
    conflict: bool = False
    unknown: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@lru_cache(maxsize=65536)
def read_levels(text: str, organisations: frozenset[str] = frozenset()) -> Levels:
    """Grades, level, name and issuer of one item.

    ``organisations``: names and brands of the document's organisations (``names.organisation_names``), by which a
    bracket such as (某品牌) is recognised as the issuer. Never raises: what is not understood is in ``unknown``.

    >>> read_levels("焊工(三级/高级工)").grades
    (3,)
    """
    text = normalise(text)
    issuer, body = split_issuer(text, organisations)
    runs, unknown = _runs(text, body, organisations)
    stated = [part for run in runs for part in run if part.states]
    if any(part.number not in (None, *GRADE_LABELS) for part in stated):
        numbered = [part for part in stated if part.number is not None]
        unknown.extend(text[start:stop] for start, stop in grammar.spans(text, numbered))
        stated = [part for part in stated if part.number is None]
        runs = [[part for part in run if part.number is None] for run in runs]

    grades = grammar.descending(grade for run in runs for grade in grammar.grades(run))
    levels = [level for level in TIERS if any(part.level == level for part in stated)]
    level = None
    if not grades and levels:
        if len(levels) == 1 or any(part.reach for part in stated):
            level = levels[0]
        else:
            unknown.append("/".join(levels))
    spans = grammar.spans(text, stated)
    name = name_without(text, body, spans)
    if issuer is None:
        issuer, name = issuer_bracket(name, organisations)
    return Levels(
        grades,
        level,
        name,
        issuer,
        conflict=grammar.contradicts(runs),
        unknown=tuple(dict.fromkeys(unknown)),
        words=tuple(text[start:stop] for start, stop in spans),
    )


def _runs(text: str, body: int, organisations: frozenset[str]) -> tuple[list[list[LevelPart]], list[str]]:
    """The brackets and chains of an item's text, from ``body`` on, that may state something, and words in them that
    look like levels and are not understood."""
    found = [b for b in brackets(text) if b.start >= body]
    runs: list[list[LevelPart]] = []
    unknown: list[str] = []
    for bracket in found:
        for start, stop in grammar.own_text(bracket, found):
            inner = text[start:stop]
            if MAYBE_LEVEL.search(inner) and not is_organisation(inner, organisations):
                runs.append(grammar.parts(text, start, stop))
                unknown.extend(grammar.strange(text, runs[-1]))
    outside = grammar.outside(text, body, found)
    runs.extend(chain for chain in outside if any(p.number is not None for p in chain))
    if not any(p.number is not None or p.word is not None for run in runs for p in run):
        # 网络工程师高级(三级/高级工): beside a grade a bare level word outside brackets is part of the name
        runs.extend(chain for chain in outside if chain not in runs)
    return runs, unknown


_WRITTEN = re.compile(r"\w")
_AROUND = re.compile(r"[()\[\]【】〔〕。.]")


def read_grade_list(text: str) -> list[int]:
    """The grades, descending, of a cell of a grade column: 5、4、3 · 五级、四级 · 5-1 · 五至一级 · 三级/高级工.

    Everything in the cell must be understood and every number be 1–5; otherwise, and where the cell is empty, [].

    >>> read_grade_list("三级及以上")
    [3, 2, 1]
    """
    flat = _AROUND.sub("/", normalise(text))  # 三级(高级工)、二级(技师)
    if not _WRITTEN.search(flat):
        return []
    parts = grammar.parts(flat, 0, len(flat), column=True)
    understood = all(
        part.whole
        and (part.word is not None or part.number is not None)
        and part.number in (None, *GRADE_LABELS)
        for part in parts
    )
    return list(grammar.descending(grammar.grades(parts))) if understood else []


_VERB = r"(?:分别)?(?:对应|视为|视同|相当于|等同于|等同|认定为|归为|归入|划为|列为|属于|为|包括|包含|指)"
_RULE_FORWARD = re.compile(
    rf"(?P<grades>{GRADE_LIST})[^级;。]{{0,8}}?{_VERB}[^级;。]{{0,8}}?(?P<tier>初级|中级|高级)(?!工|技师)"
)
_RULE_BACKWARD = re.compile(
    rf"(?P<tier>初级|中级|高级)(?!工|技师)[^级;。]{{0,8}}?{_VERB}[^级;。]{{0,8}}?(?P<grades>{GRADE_LIST})"
)


def read_rule3(notes: Iterable[str]) -> dict[int, str]:
    """Which tier each grade belongs to, as the 说明 words it; the default for a grade that no note maps.

    Reads 五级对应初级 and 初级对应五级, lists (三级、二级、一级对应高级) and 三级及以上. A grade that the notes map to two
    tiers keeps the default.

    >>> read_rule3(["四级、三级对应中级。"])
    {5: '初级', 4: '中级', 3: '中级', 2: '高级', 1: '高级'}
    """
    mapped: dict[int, set[str]] = {}
    for note in notes:
        text = normalise(note)
        pattern = _RULE_FORWARD if _RULE_FORWARD.search(text) else _RULE_BACKWARD
        for match in pattern.finditer(text):
            for grade in read_grade_list(match["grades"]):
                mapped.setdefault(grade, set()).add(match["tier"])
    rule = dict(DEFAULT_RULE3)
    rule.update({grade: next(iter(tiers)) for grade, tiers in mapped.items() if len(tiers) == 1})
    return rule


_NOT_OF_CREDENTIALS = frozenset({"grades", "text", "position", "requires_attention", "settled_by"})


def expand(entry: Mapping[str, Any], rule3: Mapping[int, str] = DEFAULT_RULE3) -> list[dict[str, Any]]:
    """The credentials rows of one entries row: one per grade, or one with a null grade.

    ``entry`` needs ``tier``, ``grades`` and ``level``; its other columns (keys, name, issuer, provenance) are copied.

    >>> rows = expand({"name": "焊工", "tier": "中级", "grades": [4, 3], "level": None})
    >>> [(row["grade"], row["grade_label"], row["tier_conflict"]) for row in rows]
    [(4, '四级/中级工', False), (3, '三级/高级工', True)]
    """
    common = {key: value for key, value in entry.items() if key not in _NOT_OF_CREDENTIALS}
    rows = []
    for grade in entry["grades"] or (None,):
        by_rule = entry["level"] if grade is None else rule3[grade]
        rows.append(
            common
            | {
                "grade": grade,
                "grade_label": None if grade is None else GRADE_LABELS[grade],
                "tier_by_rule": by_rule,
                "tier_conflict": by_rule is not None and by_rule != entry["tier"],
            }
        )
    return rows
