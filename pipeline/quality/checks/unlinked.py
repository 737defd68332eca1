"""1+X entries that no row of the 1+X annex names: what a steward can do about them, in as few findings as possible.

Proofs of a role (考评员, 师资, 讲师 …) are no certificates of the annex and never stand in it: one info for all. Where most
certificates of a document are missing, its annex lists others: one finding for all. Otherwise one per certificate, with
the annex's most alike name where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pipeline.findings import Finding
from pipeline.quality.checks.content import Entry, about, listed

MOST = 0.5
"""Share of a document's 1+X certificates that must be missing for the annex, not the entries, to be in question."""

FEWEST = 10
"""Fewer certificates than this say nothing about the annex: each is pointed out for itself."""

ALIKE = 75
"""Least likeness (RapidFuzz ``ratio``) of an annex name that is worth showing beside an unlinked one."""

_ROLE = re.compile(r"考评|师资|教员|讲师|培训师|(?:培训|指导|种子|技能)(?:教师|老师)|内训")


def unlinked_findings(
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
    from rapidfuzz import fuzz, process

    found = process.extractOne(name, list(known), scorer=fuzz.ratio, score_cutoff=ALIKE)
    return known[found[0]] if found is not None else None
