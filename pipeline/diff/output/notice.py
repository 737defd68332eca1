"""The change notice: what changed, major by major and annex by annex, fit to be attached to an announcement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa
from icu4py.messageformat import MessageFormat

from pipeline.diff.output.lines import SHORT_KINDS, ChangeLine, by_kind, by_section, lines_of, moved
from pipeline.diff.side import Side
from pipeline.diff.textdiff import Runs
from pipeline.schema import ANNEX_TABLES
from pipeline.schema.changes import CHANGE_KINDS

_DOUBT = 0.7
_SPELLED = MessageFormat("{number, spellout}", "zh")
_WAYS = ("新增", "删除", "调整")
_PARTS = {
    "document": ("标题变更", ""),
    "majors": ("专业目录变更", "以下按专业大类逐一列明。"),
    "notes": ("说明变更", ""),
    "annexes": ("附件变更", "以下按附件逐一列明。"),
}
"""The parts of a notice after its overview; those with a sentence are divided further."""


class NoticeCell(NamedTuple):
    """A table's cell: text in :data:`Runs`; ``mark`` says what its odd pieces are: ``del`` or ``ins``, or nothing."""

    runs: Runs
    mark: str = ""


@dataclass(frozen=True)
class NoticeGrid:
    """A table: caption, columns with the share of the width that each gets, and rows."""

    caption: str
    columns: Mapping[str, float]
    rows: Sequence[Sequence[NoticeCell]]


class Heading(NamedTuple):
    """A numbered heading of the first or second order."""

    level: int
    text: str


@dataclass(frozen=True)
class Notice:
    """The whole notice. ``blocks``: headings, paragraphs and tables in order; ``closing``: the lines at its end, to be
    filled in by whoever issues it."""

    title: str
    blocks: Sequence[Heading | NoticeGrid | str]
    closing: Sequence[str]


def chinese_number(number: int) -> str:
    """A number in Chinese numerals: 一, 十, 十九, 二十三."""
    return _SPELLED.format({"number": number})


def compose(changes: pa.Table, before: Side, after: Side) -> Notice:
    """The notice's contents. Changes of order and number only are left out."""
    lines = [line for line in lines_of(changes, before, after) if not line.quiet]
    blocks: list[Heading | NoticeGrid | str] = [
        f"本说明依据《{before.title}》（{_release(before)}）与《{after.title}》（{_release(after)}）"
        "逐条对照编制，所列均为印出文字的变更。",
        Heading(1, "一、总体情况"),
        *_overview(lines),
    ]
    number = 1
    for part, (title, text) in _PARTS.items():
        found = [line for line in lines if _part(line) == part]
        if found:
            number += 1
            blocks.append(Heading(1, f"{chinese_number(number)}、{title}"))
            blocks += [text, *_sections(found)] if text else _grids(found)
    if any(_doubtful(line) for line in lines):
        blocks.append("标有*的变更由机器读取时存疑，请以原件为准，印发前核对。")
    return Notice(f"{after.title}变更说明", blocks, ("（发布单位）", "    年    月    日"))


def _release(side: Side) -> str:
    return f"数据版本{side.name}" + (f"，{side.created}" if side.created else "")


def _part(line: ChangeLine) -> str:
    if line.section in ANNEX_TABLES:
        return "annexes"
    return line.section if line.section in _PARTS else "majors"


def _doubtful(line: ChangeLine) -> bool:
    return line.suspected or float(line.row["confidence"]) < _DOUBT


def _way(line: ChangeLine) -> str:
    """Which column of the overview counts the change."""
    if line.change.endswith("_added"):
        return "新增"
    return "删除" if line.change.endswith("_removed") else "调整"


def _overview(lines: Sequence[ChangeLine]) -> Iterator[NoticeGrid | str]:
    if not lines:
        yield "两版之间没有变更。"
        return
    groups = len({line.group for line in lines})
    ways = Counter(map(_way, lines))
    words = "、".join(f"{way}{ways[way]}处" for way in _WAYS if ways[way])
    yield f"两版之间共有变更{len(lines)}处，合{groups}项（同一变更见于多处的为一项），其中{words}。"
    rows = [_plain(CHANGE_KINDS[kind], len(found)) for kind, found in by_kind(lines).items()]
    yield NoticeGrid("按变更种类", {"变更种类": 0.7, "处数": 0.3}, rows)
    rows = []
    for title, found in by_section(lines).items():
        count = Counter(map(_way, found))
        rows.append(_plain(title, *(count[way] or "" for way in _WAYS), len(found)))
    figures = dict.fromkeys((*_WAYS, "合计"), 0.12)
    yield NoticeGrid("按专业大类与附件", {"专业大类或附件": 0.52, **figures}, rows)


def _plain(*texts: object) -> list[NoticeCell]:
    return [NoticeCell((str(text),)) for text in texts]


def _sections(lines: Sequence[ChangeLine]) -> Iterator[Heading | NoticeGrid]:
    for number, (title, found) in enumerate(by_section(lines).items(), 1):
        yield Heading(2, f"（{chinese_number(number)}）{title}")
        yield from _grids(found)


def _grids(lines: Sequence[ChangeLine]) -> list[NoticeGrid]:
    """A table per kind of change, in the order of a report."""
    return [_grid(kind, found) for kind, found in by_kind(lines).items()]


def _grid(kind: str, lines: Sequence[ChangeLine]) -> NoticeGrid:
    """The changes of one kind; what is one group is one row with all its places."""
    groups: dict[str, list[ChangeLine]] = {}
    for line in lines:
        groups.setdefault(line.group, []).append(line)
    places = f"，{len(lines)}处" if len(lines) > len(groups) else ""
    caption = f"{CHANGE_KINDS[kind]}（{len(groups)}项{places}）"
    gone, come = (any(line.row[side] for line in lines) for side in ("before", "after"))
    same = all(line.row["before"] == line.row["after"] for line in lines)
    both = gone and come and not same
    rows = []
    for number, found in enumerate(groups.values(), 1):
        before, after = found[0].runs
        where = "；".join(dict.fromkeys(map(_where, found)))
        cells = _plain(f"{number}{'*' if any(map(_doubtful, found)) else ''}", where)
        if gone or not come:
            cells.append(NoticeCell(before or ("",), "del" if both else ""))
        if come and not same:
            cells.append(NoticeCell(after or ("",), "ins" if gone else ""))
        rows.append(cells)
    texts = {"位置": 0.28, "变更前": 0.32, "变更后": 0.32} if both else {"位置": 0.36, "内容": 0.56}
    return NoticeGrid(caption, {"序号": 0.08, **texts}, rows)


def _where(line: ChangeLine) -> str:
    """The place without what the section's heading says already."""
    row = line.row
    if row["table"] == "entries":
        kinds = (SHORT_KINDS.get(row[name] or "", row[name]) for name in ("kind", "kind_after"))
        column = "·".join(part for part in (moved(*kinds), moved(row["tier"], row["tier_after"])) if part)
        place = line.where.split(" · ")[0]
        return f"{place}，{column}" if column else place
    if row["table"] in ANNEX_TABLES:
        return "，".join(part for part in (moved(row["key"], row["key_after"]), line.field) if part)
    return line.where
