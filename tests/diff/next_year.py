"""A next-year edition with known changes: the truth of one edition is changed and every change written down.

``following(truth, seed)`` gives the changed truth (to be typeset) and the changes that a comparison must find, worded
as the data contract words them. Cells that one change has touched are left alone by the others, so that what was done
is what must be found.
"""

from __future__ import annotations

import copy
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.text import normalise
from pipeline.tidy.grades.levels import read_levels
from tests.typeset.content import refresh_toc
from tests.typeset.stock import ACTS, THINGS, fresh

Truth = dict[str, Any]
Cell = tuple[str, str, str]  # class code, kind, tier

# How many of each are made at full size; a small document takes fewer (``share``).
PLAN = {
    "added": 14, "added_known": 6, "removed": 14, "renamed": 16, "renamed_widely": 2, "grades": 14, "grade_words": 6,
    "level": 8, "issuer": 6, "tier": 8, "kind": 5, "class": 8, "reordered": 6, "class_renamed": 4, "class_recoded": 2,
    "class_added": 2, "class_removed": 2, "major": 2, "note": 2, "association": 12, "evaluator": 3, "assessment": 8,
    "one_plus_x": 12, "qualification": 6, "overseas": 6, "title": 5, "mapping": 6, "award": 4, "organiser": 3,
}  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """One change that a comparison must find; texts normalised, rows of annexes as the cells that must be in them."""

    change: str
    table: str
    class_code: str | None = None
    kind: str | None = None
    tier: str | None = None
    tier_after: str | None = None
    field: str | None = None
    before: str | None = None
    after: str | None = None
    class_code_after: str | None = None
    kind_after: str | None = None


@dataclass
class Book:
    """The edition being changed, what has been touched, and the changes made."""

    truth: Truth
    dice: random.Random
    expected: list[Expected] = field(default_factory=list)
    touched: set[Any] = field(default_factory=set)

    def classes(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        for section in self.truth["sections"]:
            for cls in section["classes"]:
                yield section, cls

    def cells(self) -> list[tuple[Cell, list[str]]]:
        """Untouched cells of untouched classes."""
        found = []
        for _, cls in self.classes():
            code = cls["codes"][0]
            for kind, tiers in cls["cells"].items():
                for tier, items in tiers.items():
                    cell = code, kind, tier
                    if code not in self.touched and cell not in self.touched:
                        found.append((cell, items))
        return found

    def item(
        self, fits: Callable[[str], bool] = bool, kinds: tuple[str, ...] = ()
    ) -> tuple[Cell, list[str], int] | None:
        """An item that stands once in its class and kind, in an untouched cell."""
        cells = self.cells()
        self.dice.shuffle(cells)
        for cell, items in cells:
            if kinds and cell[1] not in kinds:
                continue
            here = Counter(plain(t) for tier in self.of(cell[0])["cells"][cell[1]].values() for t in tier)
            fit = [n for n, text in enumerate(items) if here[plain(text)] == 1 and fits(text)]
            if fit:
                self.touched.add(cell)
                return cell, items, self.dice.choice(fit)
        return None

    def of(self, code: str) -> dict[str, Any]:
        return next(cls for _, cls in self.classes() if cls["codes"][0] == code)

    def note(self, change: str, cell: Cell, before: str | None, after: str | None, **more: Any) -> None:
        code, kind, tier = cell
        self.expected.append(
            Expected(change, "entries", code, kind, tier, before=plain(before), after=plain(after), **more)
        )

    def annex(
        self, change: str, table: str, column: str | None, before: str | None, after: str | None
    ) -> None:
        self.expected.append(Expected(change, table, field=column, before=plain(before), after=plain(after)))


def plain(text: str | None) -> str | None:
    """Text as a release has it."""
    return None if text is None else normalise(text)


def following(truth: Truth, seed: int, share: float = 1.0) -> tuple[Truth, list[Expected]]:
    """The changed truth and what has been changed."""
    book = Book(copy.deepcopy(truth), random.Random(seed))
    for section in book.truth["sections"]:
        section.setdefault("printed", section["name"])
    for step in STEPS:
        name = step.__name__.removeprefix("_")
        for _ in range(max(1, round(PLAN[name] * share)) if PLAN[name] else 0):
            step(book)
    _title(book, str(seed))
    for section in book.truth["sections"]:
        section.pop("printed", None)
    return refresh_toc(book.truth), book.expected


# -- entries

_SURE = re.compile(r"^[\w/]{3,}(?:\(|（)[一二三四五]级/(?:高级技师|技师|高级工|中级工|初级工)(?:\)|）)$")


def _added(book: Book) -> None:
    cells = [(cell, items) for cell, items in book.cells() if items]
    cell, items = book.dice.choice(cells)
    text = fresh(cell[1], cell[2], book.dice)
    _insert(book, cell, items, text)


def _added_known(book: Book) -> None:
    """An item that other classes have, in a class that does not have it in any column."""
    cells = [(cell, items) for cell, items in book.cells() if items]
    cell, items = book.dice.choice(cells)
    here = {t for tiers in book.of(cell[0])["cells"].values() for tier in tiers.values() for t in tier}
    rest = [t for other, found in cells if other[1:] == cell[1:] for t in found if t not in here]
    counts = Counter(rest)
    often = [t for t, n in counts.items() if n > 1]
    if often:
        _insert(book, cell, items, book.dice.choice(often))


def _insert(book: Book, cell: Cell, items: list[str], text: str) -> None:
    items.insert(book.dice.randint(0, len(items)), text)
    book.touched.add(cell)
    book.note("entry_added", cell, None, text)


def _removed(book: Book) -> None:
    if found := book.item():
        cell, items, at = found
        book.note("entry_removed", cell, items.pop(at), None)


def _new_name(text: str, dice: random.Random) -> str:
    stated = read_levels(text)
    name = stated.name
    ways = [
        lambda: text.replace("职业技能等级证书", "技能等级证书"),
        lambda: text.replace("职业技能等级证书", "职业技能证书"),
        lambda: text.replace(name, name[:-1] + ("员" if name[-1] == "师" else "师")) if name[-1] in "师员工" else text,
        lambda: text.replace(name, dice.choice(("现代", "智能", "数字")) + name),
        lambda: text.replace(name, name[: len(name) // 2] + dice.choice(("与", "及")) + dice.choice(ACTS) + name[len(name) // 2 :]),
        lambda: text.replace(name, name[:-2] + dice.choice(THINGS) + name[-2:]) if len(name) > 4 else text,
        lambda: text.replace(name, name[:2] + name[3:]) if len(name) > 6 else text,
    ]  # fmt: skip
    dice.shuffle(ways)
    for way in ways:
        if (new := way()) != text:
            other = read_levels(new)
            if (other.grades, other.level, other.issuer) == (
                stated.grades,
                stated.level,
                stated.issuer,
            ) and other.name != name:
                return new
    return text


def _renamed(book: Book) -> None:
    found = book.item(lambda t: len(read_levels(t).name) >= 4 and read_levels(t).name in t)
    if found is None:
        return
    cell, items, at = found
    new = _new_name(items[at], book.dice)
    if new != items[at]:
        book.note("entry_renamed", cell, items[at], new)
        items[at] = new


def _renamed_widely(book: Book) -> None:
    """One certificate renamed wherever it stands."""
    counts = Counter(t for cell, items in book.cells() if cell[1] != "title" for t in items if len(t) > 8)
    often = [t for t, n in counts.items() if 5 <= n <= 16 and read_levels(t).name in t]
    if not often:
        return
    text = book.dice.choice(sorted(often))
    new = _new_name(text, book.dice)
    if new == text:
        return
    for cell, items in book.cells():
        for n, item in enumerate(items):
            if item == text and items.count(text) == 1:
                items[n] = new
                book.touched.add(cell)
                book.note("entry_renamed", cell, text, new)


_RANGES = ("三级/高级工、二级/技师", "二级/技师", "三级/高级工", "四级/中级工", "一级/高级技师", "三级及以上")


def _grades(book: Book) -> None:
    if found := book.item(lambda t: _SURE.match(t) is not None, ("skill",)):
        cell, items, at = found
        open_ = max(items[at].rfind("("), items[at].rfind("（"))
        here = {plain(t) for t in items}
        words = [w for w in _RANGES if plain(items[at][: open_ + 1] + w + ")") not in here]
        new = items[at][: open_ + 1] + book.dice.choice(words) + items[at][-1]
        if read_levels(new).grades != read_levels(items[at]).grades:
            book.note("grades_changed", cell, items[at], new)
            items[at] = new


def _grade_words(book: Book) -> None:
    """The printed grade words differ, not what they mean."""
    if found := book.item(lambda t: _SURE.match(t) is not None, ("skill",)):
        cell, items, at = found
        new = re.sub(r"([一二三四五]级)/\w+", r"\1", items[at])
        book.note("grades_changed", cell, items[at], new)
        items[at] = new


def _level(book: Book) -> None:
    def fits(text: str) -> bool:
        stated = read_levels(text)
        return (
            stated.level is not None
            and not stated.grades
            and text[-1] in ")）"
            and text[-3:-1] in ("初级", "中级", "高级")
        )

    if found := book.item(fits, ("one_plus_x", "industry")):
        cell, items, at = found
        here = {plain(t) for t in items}
        for word in ("初级", "中级", "高级"):
            new = items[at][:-3] + word + items[at][-1]
            if plain(new) not in here:
                book.note("level_changed", cell, items[at], new)
                items[at] = new
                return


def _issuer(book: Book) -> None:
    if found := book.item(
        lambda t: (
            bool(read_levels(t).issuer)
            and str(read_levels(t).issuer) in t
            and len(read_levels(t).issuer or "") > 4
        )
    ):
        cell, items, at = found
        new = items[at].replace(
            str(read_levels(items[at]).issuer), f"中国{book.dice.choice(THINGS)}行业协会", 1
        )
        book.note("issuer_changed", cell, items[at], new)
        items[at] = new


def _tier(book: Book) -> None:
    if found := book.item(lambda t: len(t) > 3):
        (code, kind, tier), items, at = found
        others = [t for t in ("初级", "中级", "高级") if t != tier and (code, kind, t) not in book.touched]
        if others:
            to = book.dice.choice(others)
            text = items.pop(at)
            target = book.of(code)["cells"][kind][to]
            target.insert(book.dice.randint(0, len(target)), text)
            book.touched.add((code, kind, to))
            book.note("entry_tier_moved", (code, kind, tier), text, text, tier_after=to)


def _kind(book: Book) -> None:
    if found := book.item(lambda t: len(t) > 4, ("industry", "practice", "skill")):
        (code, kind, tier), items, at = found
        to = book.dice.choice([k for k in ("industry", "practice", "skill") if k != kind])
        target = book.of(code)["cells"][to][tier]
        if (code, to, tier) not in book.touched and items[at] not in target:
            text = items.pop(at)
            target.insert(book.dice.randint(0, len(target)), text)
            book.touched.add((code, to, tier))
            book.note("entry_kind_moved", (code, kind, tier), text, text, kind_after=to, tier_after=tier)


def _class(book: Book) -> None:
    """An item that one class alone has moves to another class, same column."""
    counts = Counter(
        t
        for _, cls in book.classes()
        for tiers in cls["cells"].values()
        for tier in tiers.values()
        for t in tier
    )
    if found := book.item(lambda t: len(t) > 4 and counts[t] <= 2):
        cell, items, at = found
        others = [
            (other, target)
            for other, target in book.cells()
            if other[1:] == cell[1:] and other[0] != cell[0] and items[at] not in target
        ]
        if others:
            other, target = book.dice.choice(others)
            text = items.pop(at)
            target.insert(book.dice.randint(0, len(target)), text)
            book.touched.add(other)
            book.note("entry_class_moved", cell, text, text, class_code_after=other[0], tier_after=cell[2])


def _reordered(book: Book) -> None:
    if found := book.item():
        cell, items, at = found
        if len(items) > 3 and len(set(items)) == len(items):
            text = items.pop(at)
            items.insert((at + 2) % len(items), text)
            book.note("entry_reordered", cell, text, text)


# -- classes, majors, notes, title


def _untouched_class(book: Book, least: int = 0) -> tuple[dict[str, Any], dict[str, Any]] | None:
    touched = {cell[0] if isinstance(cell, tuple) else cell for cell in book.touched}
    found = [
        (section, cls)
        for section, cls in book.classes()
        if cls["codes"][0] not in touched
        and len(section["classes"]) > 2
        and sum(len(t) for tiers in cls["cells"].values() for t in tiers.values()) >= least
    ]
    if not found:
        return None
    section, cls = book.dice.choice(found)
    book.touched.add(cls["codes"][0])
    return section, cls


def _class_renamed(book: Book) -> None:
    if found := _untouched_class(book):
        _, cls = found
        new = cls["name"].removesuffix("类") + book.dice.choice(("与装备类", "技术类", "与服务类"))
        book.expected.append(
            Expected("class_renamed", "classes", cls["codes"][0], before=cls["name"], after=new)
        )
        cls["name"] = new


def _class_recoded(book: Book) -> None:
    if found := _untouched_class(book, least=4):
        _, cls = found
        taken = {other["codes"][0] for _, other in book.classes()}
        number = next(n for n in range(40, 99) if cls["codes"][0][:2] + str(n) not in taken)
        old = cls["codes"][0]
        cls["codes"] = [code[:2] + str(number) for code in cls["codes"]]
        book.touched.add(cls["codes"][0])
        book.expected.append(Expected("class_recoded", "classes", old, before=old, after=cls["codes"][0]))


def _class_added(book: Book) -> None:
    section = book.dice.choice(book.truth["sections"])
    taken = {cls["codes"][0] for _, cls in book.classes()}
    major = section["major_code"]
    number = next(n for n in range(30, 99) if major + str(n) not in taken)
    codes = [code + str(number) for code in (major, *section["alt_codes"])]
    cells = {
        kind: {
            tier: list(dict.fromkeys(fresh(kind, tier, book.dice) for _ in range(3)))
            for tier in ("初级", "中级", "高级")
        }
        for kind in ("title", "skill", "practice", "one_plus_x", "industry")
    }
    name = f"{book.dice.choice(THINGS)}{book.dice.choice(ACTS)}类"
    section["classes"].append({"codes": codes, "name": name, "cells": cells})
    book.touched.add(codes[0])
    book.expected.append(Expected("class_added", "classes", codes[0], after=name))


def _class_removed(book: Book) -> None:
    if found := _untouched_class(book, least=5):
        section, cls = found
        section["classes"].remove(cls)
        book.expected.append(Expected("class_removed", "classes", cls["codes"][0], before=cls["name"]))


def _major(book: Book) -> None:
    free = [s for s in book.truth["sections"] if s["name"] == s["printed"] and len(s["classes"]) > 1]
    section = book.dice.choice(free)
    new = section["name"].removesuffix("大类") + "与服务大类"
    section["heading"] = section["heading"].replace(section["name"], new)
    book.expected.append(Expected("major_changed", "majors", field="name", before=section["name"], after=new))
    section["name"] = new


def _note(book: Book) -> None:
    notes = book.truth["notes"]
    if "note" not in book.touched:
        book.touched.add("note")
        new = notes[1].replace("附件1至附件19", "附件1至附件11")
        book.expected.append(Expected("note_changed", "notes", before=plain(notes[1]), after=plain(new)))
        notes[1] = new
        return
    new = f"{len(notes) + 1}. 本细则自2026年3月1日起施行，由市教育委员会负责解释。"
    notes.append(new)
    book.expected.append(Expected("note_changed", "notes", after=plain(new)))


def _title(book: Book, year: str) -> None:
    new = (
        book.truth["title"]
        .replace("2025", year[:4] if year.startswith("20") else "2026")
        .replace("（试用版）", "")
    )
    book.expected.append(
        Expected(
            "edition_changed", "edition", field="title", before=plain(book.truth["title"]), after=plain(new)
        )
    )
    book.truth["title"] = new


STEPS: list[Callable[[Book], None]] = [
    _class_renamed, _class_recoded, _class_added, _class_removed, _major, _note, _renamed_widely, _added, _added_known,
    _removed, _renamed, _grades, _grade_words, _level, _issuer, _tier, _kind, _class, _reordered,
]  # fmt: skip

__all__ = ["STEPS", "Book", "Expected", "following", "plain", "replace"]

from tests.diff import next_year_annexes  # noqa: E402  (adds its steps)

STEPS += next_year_annexes.STEPS
