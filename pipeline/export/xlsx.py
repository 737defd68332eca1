"""Sheets as one Excel workbook: a cover, then a sheet per table with two header rows, filters and fitting widths."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.editions.files import save_file
from pipeline.errors import XizeError
from pipeline.export.sheets import DICTIONARY_HEADER, Book, Sheet, dictionary
from pipeline.output.workbook import (
    MAX_CHARS,
    cell_text,
    fit_height,
    lay_out,
    new_workbook,
    sheet_names,
    text_width,
)

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

MAX_ROWS = 1_048_576
"""Rows of a sheet ("Excel specifications and limits", Microsoft)."""

_HEADER_ROWS = 2
_COVER = "封面"
_FONT = "微软雅黑"
_NARROW, _WIDE = 6, 60
_A4 = 165
"""Characters across a landscape A4 page at a size that can be read."""

_TECHNICAL = frozenset({
    "edition", "source", "line", "x0", "top", "x1", "bottom", "cell_id", "confidence", "corrected", "entry_id", "row_id",
    "finding_id", "key", "keys", "evidence", "chance", "settled_by", "requires_attention", "advances", "sizes", "open_top",
    "open_bottom", "engine", "table_no", "row_span", "col_span", "lines",
})  # fmt: skip
"""Columns for programs: grouped and hidden, one click shows them; so are code words whose Chinese stands beside them."""


def write_xlsx(book: Book, path: Path) -> None:
    """Write the workbook. The same release gives the same bytes.

    Raises XizeError when the path cannot be written, or when a sheet or a cell is larger than Excel allows.
    """
    for sheet in book.sheets:
        _check_limits(sheet)
    save_file(path, _bytes(book))


def _check_limits(sheet: Sheet) -> None:
    if len(sheet.rows) + _HEADER_ROWS > MAX_ROWS:
        raise XizeError(
            f"表{sheet.table}有{len(sheet.rows)}行，超过Excel一张工作表的{MAX_ROWS}行："
            "请改用--csv，或用--tables略去它。"
        )
    for number, row in enumerate(sheet.rows, 1):
        for column, value in zip(sheet.columns, row, strict=True):
            if isinstance(value, str) and _units(value) > MAX_CHARS:
                raise XizeError(
                    f"表{sheet.table}第{number}行的“{column.title_zh}”有{_units(value)}个字符，超过Excel单元格的"
                    f"{MAX_CHARS}个：请改用--csv，或用--tables略去该表。"
                )


def _units(text: str) -> int:
    """Length as Excel counts it: UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def _bytes(book: Book) -> bytes:
    made = io.BytesIO()
    with new_workbook(made) as workbook:
        created = datetime.datetime.fromisoformat(book.created).replace(tzinfo=None)
        title = dict(book.about).get("名称", book.edition)
        about = {"title": title, "subject": f"{book.edition}@{book.release}", "created": created}
        workbook.set_properties(about)
        workbook.formats[0].set_font_name(_FONT)
        workbook.formats[0].set_font_size(10)
        names = sheet_names((sheet.title for sheet in book.sheets), _COVER)
        _cover(workbook, book, names)
        styles = _Styles(workbook)
        for sheet, name in zip(book.sheets, names, strict=True):
            _table(workbook.add_worksheet(name), sheet, styles, book)
    return made.getvalue()


class _Styles:
    """The few formats that all sheets share."""

    def __init__(self, workbook: Workbook) -> None:
        base = {"font_name": _FONT, "font_size": 10, "valign": "top", "border": 1, "border_color": "#D9DEE3"}
        self.title = workbook.add_format(
            {**base, "bold": True, "bg_color": "#E4EBF2", "text_wrap": True, "valign": "vcenter"}
        )
        self.code = workbook.add_format(
            {**base, "font_name": "Consolas", "font_size": 9, "font_color": "#66727F", "bg_color": "#F5F7F9"}
        )
        self.text = workbook.add_format({**base, "num_format": "@", "text_wrap": True})
        self.number = workbook.add_format(base)
        self.head = workbook.add_format({"font_name": _FONT, "bold": True, "font_size": 16})
        self.label = workbook.add_format({**base, "bold": True, "bg_color": "#F5F7F9"})
        self.section = workbook.add_format({"font_name": _FONT, "bold": True, "font_size": 12})
        self.link = workbook.add_format({**base, "font_color": "#1257A6", "underline": 1, "text_wrap": True})


def _table(page: Worksheet, sheet: Sheet, styles: _Styles, book: Book) -> None:
    shown, hidden = _for_people(sheet), False
    widths = _widths(sheet, shown)
    head = [one.title_zh + ("（附加）" if sheet.is_derived(one) else "") for one in sheet.columns]
    for at, column in enumerate(sheet.columns):
        page.write(0, at, head[at], styles.title)
        page.write(1, at, column.name, styles.code)
        group = {"collapsed": hidden} if at in shown else {"level": 1, "hidden": True}
        page.set_column(at, at, widths[at], None, group)
        hidden = at not in shown
        for number, row in enumerate(sheet.rows, _HEADER_ROWS):
            look = styles.number if isinstance(row[at], int | float) else styles.text
            page.write(number, at, row[at], look)
    for number, texts in ((0, head), *enumerate(sheet.rows, _HEADER_ROWS)):
        fit_height(page, number, [(texts[at], widths[at]) for at in shown])
    page.freeze_panes(_HEADER_ROWS, 0)
    lay_out(page, _HEADER_ROWS, len(sheet.rows), len(sheet.columns))
    # Codes are text on purpose: no green corners.
    page.ignore_errors({"number_stored_as_text": f"A1:XFD{MAX_ROWS}"})
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.set_footer(f"&L{book.edition}@{book.release}&C{sheet.title}&R第&P页，共&N页")


def _for_people(sheet: Sheet) -> list[int]:
    """The columns that are shown."""
    codes = [column.name for column in sheet.columns]
    return [at for at, code in enumerate(codes) if code not in _TECHNICAL and f"{code}_label" not in codes]


def _widths(sheet: Sheet, shown: Sequence[int]) -> list[int]:
    """A width for every column: what fits its texts; wide ones give way until those shown fit a page."""
    widths = [
        _fitting([column.title_zh, column.name, *(cell_text(row[at]) for row in sheet.rows)])
        for at, column in enumerate(sheet.columns)
    ]
    while sum(widths[at] for at in shown) > _A4:
        widest = max(shown, key=lambda at: widths[at])
        if widths[widest] <= 2 * _NARROW:
            break
        widths[widest] -= 1
    return widths


def _fitting(texts: Iterable[str]) -> int:
    """A width that shows nearly all of the texts on one line; longer ones wrap."""
    widths = sorted(text_width(text) for text in texts)
    usual = widths[int(0.98 * (len(widths) - 1))]
    # The filter's button and the cell's padding take some room.
    return max(_NARROW, min(_WIDE, usual + 3))


def _cover(workbook: Workbook, book: Book, names: Sequence[str]) -> None:
    page: Any = workbook.add_worksheet(_COVER)
    styles = _Styles(workbook)
    rows = list(dictionary(book))
    widths = [
        min(_fitting([header, *(row[at] for row in rows)]), 44) for at, header in enumerate(DICTIONARY_HEADER)
    ]
    widths[0] = max(22, widths[0])
    for at, width in enumerate(widths):
        page.set_column(at, at, width)
    title = dict(book.about).get("名称", book.edition)
    page.write(0, 0, title, styles.head)
    page.set_row(0, 28)
    at = 2
    shape = (
        "表头",
        "每张工作表前两行为表头：第一行中文名，第二行代码名；筛选按钮在第二行。代码与编号一律为文本。",
    )
    for label, text in (*book.about, shape):
        page.write(at, 0, label, styles.label)
        page.merge_range(at, 1, at, 6, text, styles.text)
        fit_height(page, at, [(text, 120)])
        at += 1
    at = _section(page, at, "各表", ("表名", "工作表", "行数", "内容"), styles)
    for sheet, name in zip(book.sheets, names, strict=True):
        page.write(at, 0, sheet.table, styles.text)
        page.write_url(at, 1, f"internal:'{name}'!A1", styles.link, name)
        page.write(at, 2, len(sheet.rows), styles.number)
        page.merge_range(at, 3, at, 6, sheet.meaning_zh, styles.text)
        at += 1
    at = _section(page, at, "各列的含义", DICTIONARY_HEADER, styles)
    for row in rows:
        page.write_row(at, 0, row, styles.text)
        fit_height(page, at, list(zip(row, widths, strict=True)))
        at += 1
    page.hide_gridlines(2)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)


def _section(page: Worksheet, at: int, title: str, header: Sequence[str], styles: _Styles) -> int:
    """A heading and a header row after an empty line; returns the row that follows."""
    page.write(at + 1, 0, title, styles.section)
    page.write_row(at + 2, 0, header, styles.title)
    return at + 3
