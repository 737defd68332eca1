"""Which annex row a catalogue entry names: exact, then without certificate words and brackets, then by likeness.

An entry gets its best link only. ``exact``: the printed texts agree. ``normalised``: they agree without what only says
that it is a certificate (职业技能等级证书, 证书, 资格 …), without 1+X in front, stated grades and bracket signs.
``fuzzy``: the rest is alike (RapidFuzz ``ratio``) by at least ``THRESHOLD`` and differs in no word that tells two
credentials apart: ranks (助理, 高级, 注册 …), roles (考评员), numbers and Latin words. ``score`` is 1 but for ``fuzzy``.

1+X entries that no row of the 1+X annex names become as few findings as possible, by what a steward can do about them.
Proofs of a role (考评员, 师资, 讲师 …) are no certificates of the annex and never stand in it: one info for all. Where most
certificates of a document are missing, its annex lists others: one finding for all. Otherwise one per certificate, with
the annex's most alike name where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa
from rapidfuzz import fuzz, process

from pipeline.arrow import batched, grouped
from pipeline.arrow import rows as rows_of
from pipeline.findings import Finding
from pipeline.quality.checks.content import Entry, about, listed
from pipeline.text import squeeze

THRESHOLD = 0.87
"""Least likeness of a fuzzy link. Below it, hand-checked links are right in fewer than 95 of 100 cases."""

_AT_ONCE = 2_000_000
"""Likenesses that are worked out at once: they take four bytes each."""

# Where the entries of a kind may lead, the likeliest annex first: (table, column that holds the name).
_SKILLS = ("annex_6_assessments", "occupation")
_CERTIFICATES = ("annex_7_one_plus_x", "certificate")
_QUALIFICATIONS = (("annex_8_qualifications", "sub_name"), ("annex_8_qualifications", "name"))
_TITLES = ("annex_10_titles", "title")
_MAPPINGS = ("annex_11_mappings", "qualification")
TARGETS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "one_plus_x": (_CERTIFICATES,),
    "skill": (_SKILLS, *_QUALIFICATIONS, _MAPPINGS, _TITLES),
    "practice": (*_QUALIFICATIONS, _MAPPINGS, _TITLES),
    "title": (_TITLES, _MAPPINGS, *_QUALIFICATIONS),
}

_PLACE = ("source", "page", "line", "x0", "top", "x1", "bottom", "cell_id", "confidence", "corrected")
# The endings that only say what kind of paper it is; 专业技术人员职业资格 is taken off piece by piece.
_PAPER = re.compile(
    r"(?:[职执]业技能等级(?:标准)?|职业技能|技能等级|职业技术等级|职业资格|执业资格|从业资格|专业技术资格|专业技术人员|资格|等级)?"
    r"(?:证书|证|认证|考试|资格)$|(?:职业技能等级|职业技术等级|职业技能|技能等级|职业资格|执业资格)$"
)
_FRONT = re.compile(r"^(?:.*1\+[Xx](?:证书)?[”\"]?(?=.{3})|国家(?=注册|执业|一级|二级)|中华人民共和国)[:：]?")
_ONE_PLUS_X = re.compile(r"1\+[Xx]")
# An abbreviation added in brackets: 某某管理(EPPM).
_ABBREVIATION = re.compile(r"\([A-Za-z]+\)")
_SIGNS = re.compile(r"[^\w+#]|_")

# Words that tell two credentials of otherwise like names apart.
_TELLING = re.compile(
    r"正高级|副高级|初级|中级|高级|助理|副主任|主任|副(?=教授|研究|编审|译审|主)|主管|主治|首席|实习|注册|执业|见习|"
    r"[一二三四五六]级|特级|考评|教员|讲师|教师|培训师|师资|内训|协理|技师|技士|技术员|兽|"
    r"[零一二三四五六七八九十]+|[A-Za-z]+|\d+"
)


MOST = 0.5
"""Share of a document's 1+X certificates that must be missing for the annex, not the entries, to be in question."""

FEWEST = 10
"""Fewer certificates than this say nothing about the annex: each is pointed out for itself."""

ALIKE = 75
"""Least likeness (RapidFuzz ``ratio``) of an annex name that is worth showing beside an unlinked one."""

_ROLE = re.compile(r"考评|师资|教员|讲师|培训师|(?:培训|指导|种子|技能)(?:教师|老师)|内训")


@dataclass(frozen=True, slots=True)
class _Target:
    """One annex row under the name by which an entry may mean it; ``order``: how likely its table is."""

    table: str
    row_id: str
    text: str
    key: str
    grades: frozenset[int]
    order: int


@lru_cache(maxsize=65536)
def bare(name: str) -> str:
    """What tells a credential from others: no blanks, brackets and separators, no 1+X in front, no 证书 at the end."""
    text = _ONE_PLUS_X.sub("", _FRONT.sub("", squeeze(name)))
    stripped = text
    while (shorter := _PAPER.sub("", stripped)) != stripped and len(shorter) >= 2:
        stripped = shorter
    return _SIGNS.sub("", stripped).lower() or _SIGNS.sub("", text).lower()


@lru_cache(maxsize=65536)
def telling(key: str) -> tuple[str, ...]:
    """The words of a bare name that must agree in a fuzzy link, sorted."""
    return tuple(sorted(_TELLING.findall(key)))


def link(tables: Mapping[str, pa.Table]) -> tuple[list[dict[str, object]], list[Finding]]:
    """The rows of ``links`` (without edition) and the findings: 1+X entries whose certificate no annex row names.

    ``tables`` needs ``entries`` and the annex tables that it has; a missing annex table gives no links.
    """
    entries = rows_of(tables["entries"])
    links: list[dict[str, object]] = []
    unlinked: dict[str, list[Mapping[str, Any]]] = {}
    for kind in TARGETS:
        own = [entry for entry in entries if entry["kind"] == kind]
        targets = list(_targets(tables, kind))
        found = _best(own, targets) if targets else {}
        for entry in own if targets else ():
            best = found.get((entry["text"], tuple(entry["grades"])))
            if best is not None:
                place = {name: entry[name] for name in _PLACE}
                links.append({"entry_id": entry["entry_id"], **best, **place})
            elif kind == "one_plus_x":
                unlinked.setdefault(bare(entry["name"]), []).append(entry)
    if not unlinked:
        return links, []
    table, column = _CERTIFICATES
    distinct = {bare(entry["name"]) for entry in entries if entry["kind"] == "one_plus_x"}
    known = {bare(name): str(name) for name in tables[table][column].to_pylist() if name}
    return links, list(_unlinked(unlinked, len(distinct), known))


def _targets(tables: Mapping[str, pa.Table], kind: str) -> Iterable[_Target]:
    for order, (table, column) in enumerate(TARGETS[kind]):
        if table not in tables:
            continue
        for row in rows_of(tables[table]):
            if text := row[column]:
                grades = frozenset(row.get("grades", ()))
                yield _Target(table, row["row_id"], squeeze(text), bare(text), grades, order)


def _best(
    entries: Sequence[Mapping[str, Any]], targets: Sequence[_Target]
) -> dict[tuple[str, tuple[int, ...]], dict[str, object]]:
    """The best link of every distinct (text, grades): the columns of ``links`` that say what it is."""
    by_text: dict[str, list[_Target]] = grouped(targets, attrgetter("text"))
    by_key: dict[str, list[_Target]] = grouped(targets, attrgetter("key"))
    found: dict[tuple[str, tuple[int, ...]], dict[str, object]] = {}
    rest: dict[str, list[tuple[tuple[str, tuple[int, ...]], str]]] = {}
    for entry in entries:
        what = (entry["text"], tuple(entry["grades"]))
        if what in found:
            continue
        key = bare(entry["name"])
        if same := by_text.get(squeeze(entry["text"])):
            found[what] = _link(same, what[1], "exact", 1.0)
        elif same := by_key.get(key):
            found[what] = _link(same, what[1], "normalised", 1.0)
        else:
            rest.setdefault(_without_abbreviation(entry["name"], by_key), []).append((what, key))
    for key, (other, score) in _alike(list(rest), list(by_key)).items():
        for what, whole in rest[key]:
            likeness = score if whole == key else round(fuzz.ratio(whole, other) / 100, 4)
            found[what] = _link(by_key[other], what[1], "fuzzy", likeness)
    return found


def _without_abbreviation(name: str, known: Mapping[str, object]) -> str:
    """The bare name; without an abbreviation in brackets if only then it is ``known``."""
    shorter = bare(_ABBREVIATION.sub("", name))
    return shorter if shorter in known else bare(name)


def _link(same: Sequence[_Target], grades: Sequence[int], method: str, score: float) -> dict[str, object]:
    """A link to one of the rows of one name: the likeliest table's, there the one that states most of the entry's grades."""
    target = min(same, key=lambda target: (target.order, -len(target.grades & set(grades))))
    return {"table": target.table, "row_id": target.row_id, "method": method, "score": score}


def _alike(keys: Sequence[str], others: Sequence[str]) -> dict[str, tuple[str, float]]:
    """For every key the most alike of ``others``, with its likeness, if it is alike enough and may be meant."""
    if not keys or not others:
        return {}
    found: dict[str, tuple[str, float]] = {}
    for some in batched(keys, max(1, _AT_ONCE // len(others))):
        scores = process.cdist(
            some, others, scorer=fuzz.ratio, score_cutoff=100 * THRESHOLD, dtype=np.float32
        )
        for row, column in zip(*np.nonzero(scores), strict=True):
            key, other = some[row], others[column]
            score = float(scores[row, column]) / 100
            if (key not in found or score > found[key][1]) and telling(key) == telling(other):
                found[key] = (other, round(score, 4))
    return found


def _unlinked(
    missing: Mapping[str, Sequence[Entry]], distinct: int, known: Mapping[str, str]
) -> Iterator[Finding]:
    """The findings about ``missing`` (bare name → its entries).

    ``distinct``: how many 1+X names the document has in all; ``known``: the annex's names, bare → printed.
    """
    roles = {name: group for name, group in missing.items() if _ROLE.search(group[0]["name"])}
    others = {name: group for name, group in missing.items() if name not in roles}
    if roles:
        names = [group[0]["name"] for group in roles.values()]
        message = (
            f"1+X一栏有{len(names)}种考评员、师资、讲师一类的证明{listed(names)}，1+X证书目录附件只列证书，没有对应的行；"
            f"属实则接受此项。"
        )
        every = [entry for group in roles.values() for entry in group]
        yield about("one_plus_x_unlinked", message, "roles", every, severity="info")
    if len(others) >= FEWEST and len(others) > MOST * (distinct - len(roles)):
        names = [group[0]["name"] for group in others.values()]
        message = (
            f"1+X一栏的{distinct}种证书中有{len(names)}种不在1+X证书目录附件中（{listed(names)}）；"
            f"请核对附件是否读全，属附件未收则接受此项。"
        )
        every = [entry for group in others.values() for entry in group]
        yield about("one_plus_x_unlinked", message, "most", every)
        return
    for name, group in others.items():
        alike = _most_alike(name, known)
        hint = f"，名称最相近的是“{alike}”" if alike else ""
        message = (
            f"1+X证书“{group[0]['name']}”（{len(group)}处）在1+X证书目录附件中没有对应的证书{hint}；"
            f"请核对名称，如系误植请在corrections.yaml中用replace更正，属附件未收则接受此项。"
        )
        yield about("one_plus_x_unlinked", message, name, group)


def _most_alike(name: str, known: Mapping[str, str]) -> str | None:
    """The most alike of the annex's names, None where none is like it."""
    found = process.extractOne(name, list(known), scorer=fuzz.ratio, score_cutoff=ALIKE)
    return known[found[0]] if found is not None else None
