"""Major groups and classes: which class before is which class after, and what is printed differently of them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from pipeline.diff.assign import assign, side_by_side
from pipeline.diff.changes import At, Draft
from pipeline.diff.side import Row, Side
from pipeline.diff.words import alike
from pipeline.text import squeeze

Content = Counter[tuple[str, str, str]]  # (kind, tier, squeezed text)


@dataclass(frozen=True)
class Classes:
    """``pairs``: class_code before → after; ``removed`` and ``added``: codes of classes that one side alone has."""

    pairs: dict[str, str]
    removed: set[str]
    added: set[str]
    drafts: list[Draft]


def compare_classes(before: Side, after: Side) -> Classes:
    """Pair the classes by code, name and content, all at once, and say what has changed of them."""
    old, new = (
        [*{row["class_code"]: row for row in side.rows("classes")}.values()] for side in (before, after)
    )
    was, now = _contents(before), _contents(after)
    costs: dict[tuple[int, int], float] = {}
    for (i, row), (j, other) in product(enumerate(old), enumerate(new)):
        likeness = _same_class(row, other, was.get(row["class_code"]), now.get(other["class_code"]))
        if likeness > 0:
            costs[i, j] = 0.9 - likeness / 4
    found = Classes({}, set(), set(), [])
    for one, another in side_by_side(assign(costs), old, new):
        if one and another:
            found.pairs[one["class_code"]] = another["class_code"]
            found.drafts.extend(_changes(one, another))
        elif one:
            found.removed.add(one["class_code"])
            found.drafts.append(Draft("class_removed", "classes", _at(one, one["name"]), None))
        elif another:
            found.added.add(another["class_code"])
            found.drafts.append(Draft("class_added", "classes", None, _at(another, another["name"])))
    return found


def _contents(side: Side) -> dict[str, Content]:
    found: dict[str, Content] = defaultdict(Counter)
    for row in side.rows("entries"):
        found[row["class_code"]][row["kind"], row["tier"], squeeze(row["text"])] += 1
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
    if likeness >= 0.6 and content >= 0.3 and not (_prints_code(before) and _prints_code(after)):
        return likeness / 2 + content  # no code says that they are two
    few = min(was.total() if was else 0, now.total() if now else 0) < 5
    return 0.0 if few or content < 0.6 else content


def _at(row: Row, text: str | None) -> At:
    return At(text, (row,), key=row["class_code"], class_code=row["class_code"])


def _codes(row: Row) -> str | None:
    """The codes as printed: 6101(4101、2101); None where none is."""
    if not _prints_code(row):
        return None
    others = "、".join(code for code in (row["college_code"], row["bachelor_code"]) if code)
    return f"{row['class_code']}({others})" if others else str(row["class_code"])


def _prints_code(row: Row) -> bool:
    """Whether a class prints a code; releases of before it was noted hold none that does not."""
    return row.get("code_printed") is not False


def _changes(before: Row, after: Row) -> Iterator[Draft]:
    name, other = squeeze(before["name"]), squeeze(after["name"])
    if name != other:
        names = _at(before, before["name"]), _at(after, after["name"])
        yield Draft("class_renamed", "classes", *names, "name", alike(name, other))
    if before["class_code"] != after["class_code"] and _prints_code(before) and _prints_code(after):
        codes = _at(before, before["class_code"]), _at(after, after["class_code"])
        yield Draft("class_recoded", "classes", *codes, "class_code")
    elif _codes(before) != _codes(after):
        column = "college_code" if before["college_code"] != after["college_code"] else "bachelor_code"
        column = column if _prints_code(before) == _prints_code(after) else "class_code"
        codes = _at(before, _codes(before)), _at(after, _codes(after))
        yield Draft("class_recoded", "classes", *codes, column)


def compare_majors(before: Side, after: Side) -> list[Draft]:
    """What is printed differently of the major groups: names, codes, added, removed; ordinals only if the order is."""
    old = {row["major_code"]: row for row in before.rows("majors")}
    new = {row["major_code"]: row for row in after.rows("majors")}
    pairs = {code: code for code in old if code in new}
    names = {squeeze(row["name"]): code for code, row in new.items() if code not in pairs}
    pairs |= {
        code: names[squeeze(row["name"])]
        for code, row in old.items()
        if code not in pairs and squeeze(row["name"]) in names
    }

    def at(row: Row, column: str = "name") -> At:
        return At(_printed(row[column]) and row[column], (row,), key=row["major_code"])

    drafts = [
        Draft("major_changed", "majors", at(old[code], column), at(new[other], column), column)
        for code, other in pairs.items()
        for column in ("major_code", "college_code", "bachelor_code", "name")
        if _printed(old[code][column]) != _printed(new[other][column])
    ]
    gone, come = old.keys() - pairs.keys(), new.keys() - set(pairs.values())
    drafts += [Draft("major_changed", "majors", at(old[code]), None, "name") for code in gone]
    return drafts + [Draft("major_changed", "majors", None, at(new[code]), "name") for code in come]


def _printed(value: str | None) -> str | None:
    """A column of a major as printed; None where it prints none (its key then begins with N)."""
    return None if value is None or re.fullmatch(r"N[0-9a-f]{8}", value) else squeeze(value)
