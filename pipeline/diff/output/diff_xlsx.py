"""The changes as an Excel workbook: a cover and a sheet per table of changes, for those who work in a spreadsheet."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.diff.output.lines import SHORT_KINDS, ChangeLine, by_kind, by_section, lines_of, moved
from pipeline.diff.side import Names, Side
from pipeline.editions.files import save_file
from pipeline.errors import XizeError
from pipeline.output.workbook import MAX_CHARS, fit_height, lay_out, new_workbook, sheet_names
from pipeline.schema.changes import CHANGE_KINDS, MARKS

_COVER, _CLASSES = "总览", "专业大类与专业类"


class _Column(NamedTuple):
    """A column of a sheet: header, width in characters, its value for a change, and how that looks."""

    title: str
    width: int
    value: Callable[[ChangeLine], str | float | None]
    style: str = "text"
    technical: bool = False


def write_xlsx(changes: pa.Table, before: Side, after: Side, path: Path) -> None:
    """Write the workbook: ``总览``, then one sheet per table that has changes, in reading order.

    Every text is written as text: nothing becomes a number, a date, a formula or a link. Raises XizeError when the
    path does not end in .xlsx and when the file cannot be written.
    """
    if path.suffix.lower() != ".xlsx":
        raise XizeError(f"“{path}”不是.xlsx文件：请把--xlsx的文件名改为以.xlsx结尾。")
    lines, made = lines_of(changes, before, after), io.BytesIO()
    sheets = _sheets(lines, Names(before, after))
    with new_workbook(made) as book:
        book.set_properties({"title": f"细则变更：{before.name}→{after.name}"})
        cover = book.add_worksheet(_COVER)
        styles = _styles(book)
        for title, rows in sheets.items():
            _sheet(book.add_worksheet(title), rows, styles)
        _cover(cover, lines, (before, after), styles, sheets)
    save_file(path, made.getvalue())


def _sheets(lines: Sequence[ChangeLine], names: Names) -> dict[str, list[ChangeLine]]:
    """The lines by name of sheet, in reading order of the sheets' first line."""
    by_table: dict[str, list[ChangeLine]] = {}
    for line in lines:
        table = str(line.row["table"])
        title = {"majors": _CLASSES, "classes": _CLASSES, "entries": "条目", "notes": "说明"}.get(table)
        by_table.setdefault(title or names.table(table), []).append(line)
    return dict(zip(sheet_names(by_table, _COVER), by_table.values(), strict=True))


def _styles(book: Any) -> dict[str, Any]:
    bare = {"font_name": "Microsoft YaHei", "font_size": 10.5}
    font = {**bare, "valign": "top", "text_wrap": True}
    cell = {**font, "border": 1, "border_color": "#C9CFD6"}
    looks = {
        "title": {**bare, "font_size": 16, "bold": True},
        "label": {**cell, "bold": True, "bg_color": "#F2F4F7"},
        "head": {**cell, "bold": True, "bg_color": "#DCE6F1", "valign": "vcenter", "align": "center"},
        # The number format "@" keeps a text a text also when a reader edits the cell.
        "text": {**cell, "num_format": "@"},
        "number": {**cell, "num_format": "0"},
        "share": {**cell, "num_format": "0.00"},
        "remark": {**font, "font_color": "#57606A"},
        "same": bare,
        "gone": {**bare, "font_color": "#B3261E", "font_strikeout": True},
        "come": {**bare, "font_color": "#0B6B35", "underline": 1},
    }
    return {name: book.add_format(look) for name, look in looks.items()}


_COLUMNS = (
    _Column("变更", 14, lambda line: line.title),
    _Column("专业大类", 14, lambda line: line.section_title if line.row["major_code"] else None),
    _Column("专业类代码", 10, lambda line: moved(line.row["class_code"], line.row["class_code_after"])),
    _Column("专业类", 14, lambda line: line.row["class_name"]),
    _Column("证书类别", 14, lambda line: moved(_kind(line, "kind"), _kind(line, "kind_after"))),
    _Column("级次", 9, lambda line: moved(line.row["tier"], line.row["tier_after"])),
    _Column("行标识", 14, lambda line: _row_key(line)),
    _Column("字段", 13, lambda line: line.field),
    _Column("变更前", 36, lambda line: line.row["before"]),
    _Column("变更后", 36, lambda line: line.row["after"]),
    _Column("变更前页码", 9, lambda line: line.place("before")),
    _Column("变更后页码", 9, lambda line: line.place("after")),
    _Column("可信度", 8, lambda line: round(float(line.row["confidence"]), 2), "share", True),
    _Column("标记", 24, lambda line: "；".join(MARKS.get(mark, mark) for mark in line.row["marks"]), technical=True),
    _Column("同组处数", 9, lambda line: line.row["group_size"] if line.row["group_size"] > 1 else None, "number", True),
    _Column("变更标识", 19, lambda line: line.id, technical=True),
)  # fmt: skip
_CHANGED = {"变更前": "gone", "变更后": "come"}
"""Columns whose changed characters are coloured, and how."""
_ALWAYS = ("变更", *_CHANGED)
"""Columns that a sheet has even if no line fills them."""


def _kind(line: ChangeLine, name: str) -> str | None:
    return SHORT_KINDS.get(line.row[name], line.row[name])


def _row_key(line: ChangeLine) -> str | None:
    """The printed key of an annex row or note; an entry's identifier tells a reader nothing."""
    if line.row["table"] in ("entries", "classes", "majors"):
        return None
    return moved(line.row["key"], line.row["key_after"])


def _sheet(sheet: Any, lines: Sequence[ChangeLine], styles: dict[str, Any]) -> None:
    columns = [
        column
        for column in _COLUMNS
        if column.title in _ALWAYS or any(column.value(line) not in (None, "") for line in lines)
    ]
    for index, column in enumerate(columns):
        # What only programs need is grouped and hidden: one click shows it.
        group = {"level": 1, "hidden": True} if column.technical else {}
        sheet.set_column(index, index, column.width, None, group)
        sheet.write(0, index, column.title, styles["head"])
    sheet.set_row(0, 24)
    for number, line in enumerate(lines, 1):
        for index, column in enumerate(columns):
            _cell(sheet, (number, index), column, line, styles)
        fit_height(sheet, number, [(column.value(line), column.width) for column in columns])
    sheet.freeze_panes(1, 1)
    lay_out(sheet, 1, len(lines), len(columns))
    sheet.set_footer("&C第&P页，共&N页")


def _cell(sheet: Any, at: tuple[int, int], column: _Column, line: ChangeLine, styles: dict[str, Any]) -> None:
    value, pieces = column.value(line), []
    if changed := _CHANGED.get(column.title):
        formats, runs = (styles["same"], styles[changed]), line.runs[changed == "come"] or ()
        pieces = [(formats[place % 2], text) for place, text in enumerate(runs) if text]
    # A rich string must have two pieces at least; of a plain one that is too long XlsxWriter writes what Excel can hold.
    if len(pieces) > 1 and len(str(value)) <= MAX_CHARS:
        sheet.write_rich_string(*at, *chain.from_iterable(pieces), styles["text"])
    else:
        sheet.write(*at, value, styles["text" if value is None else column.style])


def _cover(
    sheet: Any,
    lines: Sequence[ChangeLine],
    sides: tuple[Side, Side],
    styles: dict[str, Any],
    sheets: dict[str, list[ChangeLine]],
) -> None:
    """Which releases are compared, how many changes of which kind, in which major or annex, and on which sheet."""
    sheet.hide_gridlines(2)
    for index, width in enumerate((26, 40, 40)):
        sheet.set_column(index, index, width)
    sheet.write(0, 0, "细则变更一览", styles["title"])
    sheet.set_row(0, 28)
    facts = [
        ("细则", *(side.title for side in sides)),
        ("版本@发布", *(side.name for side in sides)),
        ("发布日期", *(side.created for side in sides)),
        ("来源", *(f"{side.source} {side.file}" for side in sides)),
        ("校验和", *(side.sha256 for side in sides)),
    ]
    sheet.write_row(2, 0, ("", "变更前", "变更后"), styles["head"])
    for at, (label, *texts) in enumerate([*facts, ("制作日期", date.today().isoformat())], 3):
        sheet.write(at, 0, label, styles["label"])
        sheet.write_row(at, 1, texts, styles["text"])
    at = 3 + len(facts)
    sheet.set_row(at - 1, 38)
    kinds = {CHANGE_KINDS[kind]: found for kind, found in by_kind(lines).items()}
    blocks = {"按变更种类": kinds, "按专业大类与附件": by_section(lines), "按工作表": sheets}
    for title, parts in blocks.items():
        at += 2
        sheet.write_row(at, 0, (title, "处数"), styles["head"])
        for label, found in {**parts, "合计": lines}.items():
            at += 1
            sheet.write(at, 0, label, styles["label"])
            sheet.write(at, 1, len(found), styles["number"])
    at += 2
    sheet.merge_range(at, 0, at, 2, "变更前一列中红色带删除线的字只见于变更前，变更后一列中绿色带下划线的字只见于变更后；"
                      "数据来自对细则的读取，不是法律文本，以主管部门发布的原件为准。", styles["remark"])  # fmt: skip
    sheet.set_row(at, 38)
    sheet.set_portrait()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
