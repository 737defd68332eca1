"""Changes in the words in which a reviewer reads them, in reading order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import pyarrow as pa

from pipeline.diff.side import Names, Row, Side
from pipeline.diff.textdiff import Runs, compare_texts
from pipeline.schema import ANNEX_TABLES, TABLES
from pipeline.schema.changes import CHANGE_KINDS, QUIET_CHANGES
from pipeline.text import place_words

SHORT_KINDS: Mapping[str, str] = {
    "title": "职称",
    "skill": "技能等级证书",
    "practice": "执业资格证书",
    "one_plus_x": "1+X证书",
    "industry": "行业证书",
}
"""The kinds of certificates in words short enough for a table's column."""

_ORDER = {change: index for index, change in enumerate(CHANGE_KINDS)}
_OTHER_FIELDS = {"title": "标题", "heading": "标题行", "header": "表头"}


@dataclass(frozen=True)
class ChangeLine:
    """One change, ready to be shown. ``row`` is the change as :data:`pipeline.schema.changes.CHANGES` has it.

    ``section`` and ``section_title``: the major (its code), ``notes``, the annex table or ``document`` that it belongs to;
    ``where``: the place within; ``field``: the column in words; ``classes``: the class codes of both sides.
    """

    row: Row
    section: str
    section_title: str
    where: str
    field: str | None
    classes: tuple[str, ...]

    @property
    def id(self) -> str:
        """change_id"""
        return str(self.row["change_id"])

    @property
    def change(self) -> str:
        """One of CHANGE_KINDS."""
        return str(self.row["change"])

    @property
    def group(self) -> str:
        """The group in which it is decided; a change without one is a group of its own."""
        return str(self.row["group"] or self.row["change_id"])

    @property
    def quiet(self) -> bool:
        """Whether it is of a kind that nobody has to sign."""
        return self.change in QUIET_CHANGES

    @property
    def title(self) -> str:
        """Kind of change in words."""
        return CHANGE_KINDS[self.change]

    @property
    def suspected(self) -> bool:
        """Whether an open finding suspects one of its sides of being misread."""
        return any(mark.startswith("finding_") for mark in self.row["marks"])

    @cached_property
    def runs(self) -> tuple[Runs | None, Runs | None]:
        """Both texts with the changed characters told apart; None for a side without text."""
        before, after = self.row["before"], self.row["after"]
        if before is None or after is None:
            return (None if before is None else (before,)), (None if after is None else (after,))
        return compare_texts(before, after)

    def place(self, side: str) -> str:
        """Where it is printed on ``side`` (before | after): 第12页, 第88行, 第88段, or nothing."""
        return place_words(*(self.row[f"{name}_{side}"] for name in ("page", "line", "source")))


def moved(before: str | None, after: str | None) -> str:
    """``before``, or "before → after" where they differ; "" when neither is known."""
    return " → ".join(dict.fromkeys(text for text in (before, after) if text))


def lines_of(changes: pa.Table, before: Side, after: Side) -> list[ChangeLine]:
    """Every change of the table as a :class:`ChangeLine`, in reading order: title, majors by code, notes, annexes."""
    names = Names(before, after)
    lines = []
    for row in changes.to_pylist():
        codes = tuple(dict.fromkeys(code for code in (row["class_code"], row["class_code_after"]) if code))
        section, title = _section(row, codes, names)
        lines.append(ChangeLine(row, section, title, _where(row, names), _field(row), codes))
    return sorted(lines, key=lambda line: _order(line, names))


def by_kind(lines: Iterable[ChangeLine]) -> dict[str, list[ChangeLine]]:
    """The changes of every kind that there is, in the order of a report."""
    ordered = sorted(lines, key=lambda line: _ORDER[line.change])
    return {kind: list(own) for kind, own in groupby(ordered, key=lambda line: line.change)}


def by_section(lines: Iterable[ChangeLine]) -> dict[str, list[ChangeLine]]:
    """The changes of every section by its title, in the order of the lines."""
    found: dict[str, list[ChangeLine]] = {}
    for line in lines:
        found.setdefault(line.section_title, []).append(line)
    return found


def _order(line: ChangeLine, names: Names) -> tuple[Any, ...]:
    row, section = line.row, line.section
    if section in ANNEX_TABLES:
        place: tuple[Any, ...] = (3, names.annex_order(section), section)
    elif section in ("document", "notes"):
        place = (0 if section == "document" else 2, (0, 0), "")
    else:
        place = (1, (0, 0), section)
    return (
        place,
        line.classes[:1],
        _ORDER[row["change"]],
        row["kind"] or "",
        *(row[f"{name}_after"] or row[f"{name}_before"] or 0 for name in ("page", "line", "top")),
        row["change_id"],
    )


def _section(row: Row, codes: tuple[str, ...], names: Names) -> tuple[str, str]:
    if row["table"] in (*ANNEX_TABLES, "notes"):
        return row["table"], names.table(row["table"])
    major = row["major_code"] or (codes[0][:2] if codes else None)
    if major is None:
        return "document", names.table("document")
    return major, f"{major} {row['major_name'] or names.majors.get(major, '')}".strip()


def _field(row: Row) -> str | None:
    declared = TABLES.get(row["table"])
    if declared is not None and row["field"] in declared.by_name:
        return declared.by_name[row["field"]].title_zh
    return _OTHER_FIELDS.get(row["field"], row["field"])


def _where(row: Row, names: Names) -> str:
    """The place of a change in one phrase: class, kind and tier, or annex and row; moves with an arrow."""
    table = row["table"]
    if table in ("entries", "classes"):
        kinds = (SHORT_KINDS.get(row[name]) for name in ("kind", "kind_after"))
        parts = [_class(row, names), moved(*kinds), moved(row["tier"], row["tier_after"])]
    elif table == "majors":
        parts = [f"{row['major_code'] or row['key'] or ''} {row['major_name'] or ''}".strip()]
    elif table == "notes":
        parts = ["说明", f"第{row['key']}条" if row["key"] else ""]
    elif table in ANNEX_TABLES:
        parts = [names.table(table), moved(row["key"], row["key_after"]), _field(row) or ""]
    else:
        parts = [names.table(table), _field(row) or ""]
    return " · ".join(part for part in parts if part)


def _class(row: Row, names: Names) -> str:
    """Code and name of the class: what it was called before, unless it is new or the change is; both where it moved."""

    def named(code: str | None, known: Mapping[str, str]) -> str:
        return f"{code} {known.get(code) or row['class_name'] or ''}".strip() if code else ""

    was, now = names.classes
    new = row["change"] in ("class_added", "entry_added")
    code, other = row["class_code"], row["class_code_after"] or row["class_code"]
    if row["change"] == "entry_class_moved":
        return moved(named(code, was), named(other, now))
    return named(other, now) if new or not code else named(code, was)
