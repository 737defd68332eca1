"""Major groups and classes: which class before is which class after, and what is printed differently of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.diff.assign import assign
from pipeline.diff.model import Draft, Row, Side
from pipeline.diff.words import alike
from pipeline.text import squeeze

Content = Counter[tuple[str, str, str]]  # (kind, tier, squeezed text)


@dataclass(frozen=True)
class Classes:
    """``pairs``: class_code before → after; ``removed`` and ``added``: codes of classes that one side alone has."""

    pairs: Mapping[str, str]
    removed: frozenset[str]
    added: frozenset[str]
    drafts: tuple[Draft, ...]


def compare_classes(before: Side, after: Side) -> Classes:
    """Pair the classes by code, name and content, all at once, and say what has changed of them."""
    old = {row["class_code"]: row for row in before.rows("classes")}
    new = {row["class_code"]: row for row in after.rows("classes")}
    was, now = _contents(before), _contents(after)
    before_codes, after_codes = list(old), list(new)
    costs: dict[tuple[int, int], float] = {}
    for i, code in enumerate(before_codes):
        for j, other in enumerate(after_codes):
            likeness = _same_class(old[code], new[other], was.get(code), now.get(other))
            if likeness > 0:
                costs[i, j] = 0.9 - likeness / 4
    pairs = {before_codes[i]: after_codes[j] for i, j in assign(costs)}
    removed = frozenset(old) - set(pairs)
    added = frozenset(new) - set(pairs.values())
    drafts: list[Draft] = []
    for code, other in pairs.items():
        drafts += _changes(old[code], new[other])
    drafts += [
        Draft(
            "class_removed", "classes", (old[code],), (), old[code]["name"], None, class_code=code, key=code
        )
        for code in sorted(removed)
    ]
    drafts += [
        Draft("class_added", "classes", (), (new[code],), None, new[code]["name"], class_code_after=code,
              key_after=code)
        for code in sorted(added)
    ]  # fmt: skip
    return Classes(pairs, removed, added, tuple(drafts))


def _contents(side: Side) -> dict[str, Content]:
    found: dict[str, Content] = {}
    table = side.tables.get("entries")
    if table is None:
        return found
    columns = (table[name].to_pylist() for name in ("class_code", "kind", "tier", "text"))
    for code, kind, tier, text in zip(*columns, strict=True):
        found.setdefault(code, Counter())[kind, tier, squeeze(text)] += 1
    return found


def _overlap(first: Content | None, second: Content | None) -> float | None:
    """Share of entries that two classes have in common; None where one of them has none."""
    if not first or not second:
        return None
    small, large = sorted((first, second), key=len)
    common = sum(min(count, large[item]) for item, count in small.items() if item in large)
    return 2 * common / (first.total() + second.total())


def _same_class(before: Row, after: Row, was: Content | None, now: Content | None) -> float:
    """How likely two rows are the same class (0: not at all). Code and name tell it; content must not deny it."""
    same_code = before["class_code"] == after["class_code"]
    same_name = squeeze(before["name"]) == squeeze(after["name"])
    overlap = _overlap(was, now)
    likeness = 1.0 if same_name else alike(squeeze(before["name"]), squeeze(after["name"]))
    content = 0.3 if overlap is None else overlap
    if same_code and same_name:
        return 2.0 + content
    if same_code:
        denied = overlap is not None and overlap < 0.15 and likeness < 0.4
        return 0.0 if denied else 1.0 + likeness / 2 + content
    if same_name:
        return 0.7 + content
    few = min(was.total() if was else 0, now.total() if now else 0) < 5
    return 0.0 if few or content < 0.6 else content


def _codes(row: Row) -> str:
    """The codes as printed: 6101(4101、2101)."""
    others = "、".join(code for code in (row["college_code"], row["bachelor_code"]) if code)
    return f"{row['class_code']}({others})" if others else str(row["class_code"])


def _changes(before: Row, after: Row) -> list[Draft]:
    code, other = before["class_code"], after["class_code"]
    where = {"class_code": code, "class_code_after": other, "key": code, "key_after": other}
    found = []
    if squeeze(before["name"]) != squeeze(after["name"]):
        found.append(
            Draft("class_renamed", "classes", (before,), (after,), before["name"], after["name"], field="name",
                  score=alike(squeeze(before["name"]), squeeze(after["name"])), **where)
        )  # fmt: skip
    if code != other:
        found.append(
            Draft("class_recoded", "classes", (before,), (after,), code, other, field="class_code", **where)
        )
    elif _codes(before) != _codes(after):
        column = "college_code" if before["college_code"] != after["college_code"] else "bachelor_code"
        found.append(
            Draft("class_recoded", "classes", (before,), (after,), _codes(before), _codes(after), field=column,
                  **where)
        )  # fmt: skip
    return found


def compare_majors(before: Side, after: Side) -> list[Draft]:
    """What is printed differently of the major groups: names, codes, added, removed; ordinals only if the order is."""
    old = {row["major_code"]: row for row in before.rows("majors")}
    new = {row["major_code"]: row for row in after.rows("majors")}
    pairs = {code: code for code in old if code in new}
    names = {squeeze(row["name"]): code for code, row in new.items() if code not in pairs}
    for code, row in old.items():
        if code not in pairs and squeeze(row["name"]) in names:
            pairs[code] = names[squeeze(row["name"])]
    drafts = []
    for code, other in pairs.items():
        was, now = old[code], new[other]
        for column in ("major_code", "college_code", "bachelor_code", "name"):
            if squeeze(was[column] or "") != squeeze(now[column] or ""):
                drafts.append(
                    Draft("major_changed", "majors", (was,), (now,), was[column], now[column], key=code,
                          key_after=other, field=column)
                )  # fmt: skip
    for code in old.keys() - pairs.keys():
        row = old[code]
        drafts.append(Draft("major_changed", "majors", (row,), (), row["name"], None, key=code, field="name"))
    for code in new.keys() - set(pairs.values()):
        row = new[code]
        drafts.append(
            Draft("major_changed", "majors", (), (row,), None, row["name"], key_after=code, field="name")
        )
    return drafts
