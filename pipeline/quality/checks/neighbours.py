"""Names that differ by one character from a neighbour's: likely misprints or misreadings.

Names that differ only in the word for the person (师, 员, 工 …) are two ways to name an occupation, seldom a slip: an
info. Names of which one spells out both ways (某某师(员), 某某工/员) or is the other with 等 say so on purpose: no finding.

Most names that differ by one character are different credentials (中式面点师, 西式面点师). What gives a misprint away is
that the other name is a known one: it stands in an annex and this one does not; or that, in the same class and kind,
each fills the tiers that the other leaves empty, as one certificate's grades do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from pipeline.findings import Finding
from pipeline.quality.checks.content import Entry, about, places
from pipeline.quality.checks.links import bare, telling
from pipeline.text import squeeze

SHORTEST = 4
"""Shorter names differ by one character as a rule (车工, 钳工)."""

# Titles differ by a character as a rule: 主任医师, 主任护师, 农业经济员, 农业经济师.
_WITHOUT = frozenset({"title"})
# Words beside links.telling that tell two qualifications apart: 执业中药师, 执业药师.
_MEDICINE = re.compile(r"[中西](?=[医药])")
# The word for the person that bears the credential.
_PERSON = re.compile(r"(?:工程师|工艺师|技术员|人员|师傅|[师员工者手])$")
# The other way to name the person, spelt out beside the first: 师(员), 工/员; and a list left open.
_SPELT_OUT = re.compile(r"(?:[师员工者]\([师员工者]\)|[师员工者]/[师员工者])(?=\W|$)")
_RANK = re.compile(r"^(?:注册|执业|助理|初级|中级|高级|[一二三四五]级)+")


def near_duplicates(entries: Sequence[Entry], annex_names: Iterable[str] = ()) -> Iterator[Finding]:
    """One finding per pair of names, about every entry that bears the doubtful one.

    ``annex_names``: whole names that the annexes print.
    """
    known = frozenset(bare(name) for name in annex_names)
    keys = [bare(entry["name"]) for entry in entries]
    often = Counter(keys)
    groups: dict[tuple[str, str], dict[str, list[Entry]]] = {}
    for entry, key in zip(entries, keys, strict=True):
        if entry["kind"] in _WITHOUT or _SPELT_OUT.search(squeeze(entry["name"])):
            continue
        groups.setdefault((entry["class_code"], entry["kind"]), {}).setdefault(key, []).append(entry)
    found: dict[tuple[str, str], list[Entry]] = {}
    usual: dict[str, str] = {}
    for names in groups.values():
        for one, other in _one_apart(list(names)):
            pair = _doubtful(one, other, names, often, known)
            if pair is not None:
                found.setdefault(pair, []).extend(names[pair[0]])
                usual[pair[1]] = names[pair[1]][0]["name"]
    for (doubtful, other), group in found.items():
        text = group[0]["name"]
        persons = _same_but_for_the_person(doubtful, other)
        what = "只有末尾的人员称谓不同，是否同一职业须由人判断" if persons else "只差一个字，可能是误植"
        message = (
            f"“{text}”（{places(group)}）与“{usual[other]}”{what}；"
            f"请核对原文，如应统一，请在corrections.yaml中用replace更正，属实则接受此项。"
        )
        severity = "info" if persons else ""
        yield about("name_near_duplicate", message, f"{doubtful}|{other}", group, severity=severity)


def _same_but_for_the_person(one: str, other: str) -> bool:
    """Whether two bare names differ in nothing but the word for the person: 某某员, 某某师."""
    stems = {_PERSON.sub("", name) for name in (one, other)}
    return len(stems) == 1 and bool(_PERSON.search(one)) and bool(_PERSON.search(other))


def _one_apart(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The pairs of names, long enough, that one insertion, deletion, change or exchange of characters parts."""
    long = [name for name in names if len(name) >= SHORTEST]
    if len(long) < 2:
        return
    distances = process.cdist(long, long, scorer=OSA.distance, score_cutoff=1, dtype=np.uint16)
    for row, column in zip(*np.nonzero(distances == 1), strict=True):
        if row < column:
            yield long[row], long[column]


def _doubtful(
    one: str,
    other: str,
    names: dict[str, list[Entry]],
    often: Counter[str],
    known: Collection[str],
) -> tuple[str, str] | None:
    """(doubtful name, usual name) of a pair, None where both may well be meant."""
    if telling(one) != telling(other) or _MEDICINE.findall(one) != _MEDICINE.findall(other):
        return None
    if other == f"{one}等" or one == f"{other}等":
        return None  # a list left open, beside its single item
    sure, other_sure = _is_known(one, known), _is_known(other, known)
    if sure != other_sure:
        return (other, one) if sure else (one, other)
    if not sure and often[one] != often[other] and _complement(names[one], names[other]):
        return (one, other) if often[one] < often[other] else (other, one)
    return None


def _is_known(name: str, known: Collection[str]) -> bool:
    """Whether an annex names it, be it without the rank in front (注册某某师, where the annex prints 某某师)."""
    return name in known or _RANK.sub("", name) in known


def _complement(one: Iterable[Entry], other: Iterable[Entry]) -> bool:
    """Whether two names share no tier: the grades of one certificate, spelt in two ways."""
    return not {entry["tier"] for entry in one} & {entry["tier"] for entry in other}
