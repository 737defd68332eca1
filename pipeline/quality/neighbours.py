"""Names that differ by one character from a neighbour's: likely misprints or misreadings.

Most names that differ by one character are different credentials (中式面点师, 西式面点师). What gives a misprint away is
that the other name is a known one: it stands in an annex and this one does not; or that, in the same class and kind,
each fills the tiers that the other leaves empty, as one certificate's grades do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from pipeline.quality.content import Entry, about, places
from pipeline.quality.findings import Finding
from pipeline.quality.links import bare, telling

SHORTEST = 4
"""Shorter names differ by one character as a rule (车工, 钳工)."""

# Titles differ by a character as a rule: 主任医师, 主任护师, 农业经济员, 农业经济师.
_WITHOUT = frozenset({"title"})
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
        if entry["kind"] in _WITHOUT:
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
        message = (
            f"“{text}”（{places(group)}）与“{usual[other]}”只差一个字，可能是误植；"
            f"请核对原文，如应统一，请在corrections.yaml中更正。"
        )
        yield about("name_near_duplicate", message, f"{doubtful}|{other}", group)


def _one_apart(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The pairs of names, long enough, that one insertion, deletion, change or exchange of characters parts."""
    import numpy as np
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

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
    if telling(one) != telling(other):
        return None
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
