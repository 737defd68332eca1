"""The change notice: what changed, major by major and annex by annex, fit to be attached to an announcement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from pipeline.diff.output.lines import SHORT_KINDS, Line, lines_of, moved
from pipeline.diff.output.sides import Side, created_of, name_of, title_of
from pipeline.diff.output.textdiff import Runs
from pipeline.errors import XizeError
from pipeline.schema import ANNEX_TABLES
from pipeline.schema.changes import CHANGE_KINDS

_DOUBT = 0.7
_DIGITS = "零一二三四五六七八九"
_OVERVIEW = ("新增", "删除", "调整")


@dataclass(frozen=True)
class Cell:
    """A table's cell: text in :data:`Runs`; ``mark`` says what its odd pieces are: ``del`` or ``ins``, or nothing."""

    runs: Runs
    mark: str = ""


@dataclass(frozen=True)
class Grid:
    """A table: caption, header, rows, and the share of the width that each column gets."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[float, ...]


@dataclass(frozen=True)
class Section:
    """A numbered heading of the second order and its tables."""

    heading: str
    grids: tuple[Grid, ...]


@dataclass(frozen=True)
class Part:
    """A numbered heading of the first order, a paragraph, tables, and sections."""

    heading: str
    text: str
    grids: tuple[Grid, ...] = ()
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True)
class Notice:
    """The whole notice. ``closing``: the lines at its end, to be filled in by whoever issues it."""

    title: str
    basis: tuple[str, ...]
    parts: tuple[Part, ...]
    remark: str
    closing: tuple[str, ...]


def chinese_number(number: int) -> str:
    """1–99 in Chinese numerals: 一, 十, 十九, 二十三. Raises ValueError beyond."""
    if not 1 <= number <= 99:
        raise ValueError(f"not between 1 and 99: {number}")
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones or not tens else "")


def write_notice(changes: pa.Table, before: Side, after: Side, path: Path) -> None:
    """Write the notice: Word for a path that ends in .docx, a page to print for .html.

    Raises XizeError for any other ending and when the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".docx", ".html", ".htm"):
        raise XizeError(f"变更说明只能写成.docx或.html，而不是{path.name}：请改用其中一种扩展名。")
    notice = compose(changes, before, after)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if suffix == ".docx":
            from pipeline.diff.output.notice_docx import write_docx

            write_docx(notice, path)
        else:
            path.write_text(_html(notice), "utf-8")
    except OSError as error:
        raise XizeError(f"无法写入{path}（{error.strerror}）：请检查文件夹、权限与磁盘空间。") from error


def _html(notice: Notice) -> str:
    from pipeline.diff.output.templating import asset, environment

    return environment().get_template("notice.html.j2").render(notice=notice, css=asset("notice.css"))


def compose(changes: pa.Table, before: Side, after: Side) -> Notice:
    """The notice's contents. Changes of order and number only are left out."""
    lines = [line for line in lines_of(changes, before, after) if not line.quiet]
    parts = [_overview(lines)]
    for title, text, rows in (
        ("标题变更", "", [line for line in lines if _part(line) == "document"]),
        ("专业目录变更", "以下按专业大类逐一列明。", [line for line in lines if _part(line) == "majors"]),
        ("说明变更", "", [line for line in lines if _part(line) == "notes"]),
        ("附件变更", "以下按附件逐一列明。", [line for line in lines if _part(line) == "annexes"]),
    ):
        if not rows:
            continue
        heading = f"{chinese_number(len(parts) + 1)}、{title}"
        if text:
            parts.append(Part(heading, text, sections=_sections(rows)))
        else:
            parts.append(Part(heading, text, grids=_grids(rows)))
    doubtful = any(_doubtful(line) for line in lines)
    return Notice(
        f"{title_of(after)}变更说明",
        (
            f"本说明依据《{title_of(before)}》（{_release(before)}）与《{title_of(after)}》（{_release(after)}）"
            "逐条对照编制，所列均为印出文字的变更。",
        ),
        tuple(parts),
        "标有*的变更由机器读取时存疑，请以原件为准，印发前核对。" if doubtful else "",
        ("（发布单位）", "    年    月    日"),
    )


def _release(side: Side) -> str:
    day = created_of(side)
    return f"数据版本{name_of(side)}" + (f"，{day}" if day else "")


def _part(line: Line) -> str:
    if line.section in ANNEX_TABLES:
        return "annexes"
    return line.section if line.section in ("document", "notes") else "majors"


def _doubtful(line: Line) -> bool:
    return float(line.row["confidence"]) < _DOUBT or any(
        mark.startswith("finding_") for mark in line.row["marks"]
    )


def _way(line: Line) -> str:
    """Which column of the overview counts the change."""
    if line.change.endswith("_added"):
        return "新增"
    return "删除" if line.change.endswith("_removed") else "调整"


def _overview(lines: Sequence[Line]) -> Part:
    groups = len({line.group for line in lines})
    if not lines:
        return Part("一、总体情况", "两版之间没有变更。")
    ways = Counter(_way(line) for line in lines)
    words = "、".join(f"{way}{ways[way]}处" for way in _OVERVIEW if ways[way])
    text = f"两版之间共有变更{len(lines)}处，合{groups}项（同一变更见于多处的为一项），其中{words}。"
    kinds = Counter(line.change for line in lines)
    by_kind = Grid(
        "按变更种类",
        ("变更种类", "处数"),
        tuple(
            (_plain(title), _plain(str(kinds[kind]))) for kind, title in CHANGE_KINDS.items() if kinds[kind]
        ),
        (0.7, 0.3),
    )
    rows = []
    for title, found in _by_section(lines):
        count = Counter(_way(line) for line in found)
        numbers = [*(count[way] for way in _OVERVIEW), len(found)]
        rows.append((_plain(title), *(_plain(str(number) if number else "") for number in numbers)))
    by_section = Grid(
        "按专业大类与附件",
        ("专业大类或附件", *_OVERVIEW, "合计"),
        tuple(rows),
        (0.52, 0.12, 0.12, 0.12, 0.12),
    )
    return Part("一、总体情况", text, (by_kind, by_section))


def _by_section(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    return [(title, list(found)) for title, found in groupby(lines, key=lambda line: line.section_title)]


def _sections(lines: Sequence[Line]) -> tuple[Section, ...]:
    return tuple(
        Section(f"（{chinese_number(number)}）{title}", _grids(found))
        for number, (title, found) in enumerate(_by_section(lines), 1)
    )


def _grids(lines: Sequence[Line]) -> tuple[Grid, ...]:
    """A table per kind of change, in the order of a report."""
    by_kind: dict[str, list[Line]] = {}
    for line in sorted(lines, key=lambda line: list(CHANGE_KINDS).index(line.change)):
        by_kind.setdefault(line.change, []).append(line)
    return tuple(_grid(kind, found) for kind, found in by_kind.items())


def _grid(kind: str, lines: Sequence[Line]) -> Grid:
    """The changes of one kind; what is one group is one row with all its places."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.group, []).append(line)
    caption = (
        f"{CHANGE_KINDS[kind]}（{len(groups)}项{f'，{len(lines)}处' if len(lines) > len(groups) else ''}）"
    )
    gone, come = (any(line.row[side] for line in lines) for side in ("before", "after"))
    same = all(line.row["before"] == line.row["after"] for line in lines)
    rows = []
    for number, places in enumerate(groups.values(), 1):
        first = places[0]
        where = "；".join(dict.fromkeys(_where(line) for line in places))
        cells = [_plain(f"{number}{'*' if any(map(_doubtful, places)) else ''}"), _plain(where)]
        if gone or not come:
            cells.append(Cell(first.runs[0] or ("",), "" if not come or same else "del"))
        if come and not same:
            cells.append(Cell(first.runs[1] or ("",), "ins" if gone else ""))
        rows.append(tuple(cells))
    if gone and come and not same:
        return Grid(caption, ("序号", "位置", "变更前", "变更后"), tuple(rows), (0.08, 0.28, 0.32, 0.32))
    return Grid(caption, ("序号", "位置", "内容"), tuple(rows), (0.08, 0.36, 0.56))


def _where(line: Line) -> str:
    """The place without what the section's heading says already."""
    row = line.row
    if row["table"] == "entries":
        kinds = [SHORT_KINDS.get(row[name] or "", row[name]) for name in ("kind", "kind_after")]
        column = "·".join(part for part in (moved(*kinds), moved(row["tier"], row["tier_after"])) if part)
        place = line.where.split(" · ")[0]
        return f"{place}，{column}" if column else place
    if row["table"] in ANNEX_TABLES:
        key = moved(row["key"], row["key_after"])
        return "，".join(part for part in (key, line.field) if part)
    return line.where


def _plain(text: str) -> Cell:
    return Cell((text,))
