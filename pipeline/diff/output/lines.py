"""Changes in the words in which a reviewer reads them, in reading order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from pipeline.diff.output.sides import Names, Side
from pipeline.diff.output.textdiff import Runs, compare_texts
from pipeline.schema import ANNEX_TABLES, TABLES
from pipeline.schema.changes import CHANGE_KINDS, QUIET_CHANGES

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
_SEPARATOR = " → "


@dataclass(frozen=True)
class Line:
    """One change, ready to be shown. ``row`` is the change as :data:`pipeline.schema.changes.CHANGES` has it.

    ``section`` and ``section_title``: the major (its code), ``notes``, the annex table or ``document`` that it belongs to;
    ``where``: the place within; ``classes``: the class codes of both sides; ``order``: key of the reading order.
    """

    row: Mapping[str, Any]
    section: str
    section_title: str
    where: str
    field: str | None
    classes: tuple[str, ...]
    order: tuple[Any, ...]

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

    @cached_property
    def runs(self) -> tuple[Runs | None, Runs | None]:
        """Both texts with the changed characters told apart; None for a side without text."""
        before, after = self.row["before"], self.row["after"]
        if before is None or after is None:
            return (None if before is None else (before,)), (None if after is None else (after,))
        return compare_texts(before, after)

    def place(self, side: str) -> str:
        """Where it is printed on ``side`` (before | after): 第12页, 第88行, or nothing."""
        page, line = self.row[f"page_{side}"], self.row[f"line_{side}"]
        if page is not None:
            return f"第{page}页"
        return f"第{line}行" if line is not None else ""


def moved(before: str | None, after: str | None) -> str:
    """``before``, or "before → after" where they differ; "" when neither is known."""
    if before and after and before != after:
        return f"{before}{_SEPARATOR}{after}"
    return before or after or ""


def lines_of(changes: pa.Table, before: Side, after: Side) -> list[Line]:
    """Every change of the table as a :class:`Line`, in reading order: title, majors by code, notes, annexes."""
    names = Names(before, after)
    lines = [_line(row, names) for row in changes.to_pylist()]
    return sorted(lines, key=lambda line: line.order)


def _line(row: dict[str, Any], names: Names) -> Line:
    table = row["table"]
    field = _field(table, row["field"])
    codes = tuple(dict.fromkeys(code for code in (row["class_code"], row["class_code_after"]) if code))
    section, title, rank = _section(row, codes, names)
    order = (
        rank,
        codes[:1],
        _ORDER[row["change"]],
        row["kind"] or "",
        row["page_after"] or row["page_before"] or 0,
        row["line_after"] or row["line_before"] or 0,
        row["top_after"] or row["top_before"] or 0.0,
        row["change_id"],
    )
    return Line(row, section, title, _where(row, names), field, codes, order)


def _section(
    row: Mapping[str, Any], codes: tuple[str, ...], names: Names
) -> tuple[str, str, tuple[int, tuple[int, int], str]]:
    table = row["table"]
    if table in ANNEX_TABLES:
        return table, names.table(table), (3, names.annex_order(table), table)
    if table == "notes":
        return table, names.table(table), (2, (0, 0), "")
    major = row["major_code"] or (names.major_of_class.get(codes[0], codes[0][:2]) if codes else None)
    if major is None:
        return "document", names.table("document"), (0, (0, 0), "")
    title = row["major_name"] or names.majors.get(major, "")
    return major, f"{major} {title}".strip(), (1, (0, 0), major)


def _field(table: str, field: str | None) -> str | None:
    if field is None:
        return None
    declared = TABLES.get(table)
    if declared is not None and field in declared.by_name:
        return declared.by_name[field].title_zh
    return _OTHER_FIELDS.get(field, field)


def _class(code: str | None, known: Mapping[str, str], fallback: str | None) -> str | None:
    return f"{code} {known.get(code) or fallback or ''}".strip() if code else None


def _where(row: Mapping[str, Any], names: Names) -> str:
    """The place of a change in one phrase: class, kind and tier, or annex and row; moves with an arrow."""
    table, name = row["table"], row["class_name"]
    if table in ("entries", "classes"):
        was, now = names.classes
        first = row["class_code"] if row["change"] not in ("class_added", "entry_added") else None
        parts = [
            moved(_class(first, was, name), _class(row["class_code_after"] or row["class_code"], now, name))
            if table == "entries" and row["change"] == "entry_class_moved"
            else _class(row["class_code"] or row["class_code_after"], was if first else now, name) or "",
            moved(SHORT_KINDS.get(row["kind"]), SHORT_KINDS.get(row["kind_after"])),
            moved(row["tier"], row["tier_after"]),
        ]
    elif table == "majors":
        parts = [f"{row['major_code'] or row['key'] or ''} {row['major_name'] or ''}".strip()]
    elif table == "notes":
        parts = ["说明", f"第{row['key']}条" if row["key"] else ""]
    elif table in ANNEX_TABLES:
        parts = [names.table(table), moved(row["key"], row["key_after"]), _field(table, row["field"]) or ""]
    else:
        parts = [names.table(table), _field(table, row["field"]) or ""]
    return " · ".join(part for part in parts if part)
