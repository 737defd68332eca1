"""Sheets as one Excel workbook: a cover, then a sheet per table with two header rows, filters and fitting widths."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import XizeError
from pipeline.export.sheets import DICTIONARY_HEADER, Book, Sheet, Value, dictionary, replace_file

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

# Excel's own limits ("Excel specifications and limits", Microsoft).
MAX_ROWS = 1_048_576
MAX_CHARS = 32_767

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
_ROOM = 1.15
"""Columns of text at 10 points that a unit of a sheet's width holds, at least: the unit is a digit with what is round it."""
_LINE = 15.0
"""Height of a line of text, in points."""
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


def write_xlsx(book: Book, path: Path) -> None:
    """Write the workbook. The same release gives the same bytes.

    Raises XizeError when the path cannot be written, or when a sheet or a cell is larger than Excel allows.
    """
    for sheet in book.sheets:
        _check_limits(sheet)
    replace_file(path, lambda target: _write(book, target))


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
                    f"表{sheet.table}第{number}行的“{column.title}”有{_units(value)}个字符，超过Excel单元格的"
                    f"{MAX_CHARS}个：请改用--csv，或用--tables略去该表。"
                )


def _units(text: str) -> int:
    """Length as Excel counts it: UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def _write(book: Book, target: Path) -> None:
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    plain = {
        "in_memory": True,
        "strings_to_numbers": False,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    workbook = xlsxwriter.Workbook(str(target), plain)
    created = datetime.datetime.fromisoformat(book.created).replace(tzinfo=None)
    title = dict(book.about).get("名称", book.edition)
    workbook.set_properties({"title": title, "subject": f"{book.edition}@{book.release}", "created": created})
    workbook.formats[0].set_font_name(_FONT)
    workbook.formats[0].set_font_size(10)
    names = _sheet_names(book.sheets)
    _cover(workbook, book, names)
    styles = _Styles(workbook)
    for sheet in book.sheets:
        _table(workbook.add_worksheet(names[sheet.table]), sheet, styles, book)
    try:
        workbook.close()
    except FileCreateError as error:
        raise (
            error.args[0] if error.args and isinstance(error.args[0], OSError) else OSError(str(error))
        ) from error


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


def _sheet_names(sheets: Sequence[Sheet]) -> dict[str, str]:
    """Table → the name of its sheet: its Chinese title, at most 31 characters, no two alike."""
    names: dict[str, str] = {}
    taken = {_COVER}
    for sheet in sheets:
        stem = _FORBIDDEN.sub(" ", sheet.title).strip("' ")[:31] or sheet.table
        name, number = stem, 2
        while name.casefold() in taken:
            name, number = f"{stem[:27]} {number}", number + 1
        taken.add(name.casefold())
        names[sheet.table] = name
    return names


def _table(page: Worksheet, sheet: Sheet, styles: _Styles, book: Book) -> None:
    shown, hidden = _for_people(sheet), False
    widths = _widths(sheet, shown)
    for at, column in enumerate(sheet.columns):
        title = f"{column.title}（附加）" if column.derived else column.title
        page.write_string(0, at, title, styles.title)
        page.write_string(1, at, column.code, styles.code)
        cells = [row[at] for row in sheet.rows]
        group = {"collapsed": hidden} if at in shown else {"level": 1, "hidden": True}
        page.set_column(at, at, widths[at], None, group)
        hidden = at not in shown
        for number, value in enumerate(cells, _HEADER_ROWS):
            _put(page, number, at, value, styles)
    head = [f"{one.title}（附加）" if one.derived else one.title for one in sheet.columns]
    for number, row in ((0, head), *enumerate(sheet.rows, _HEADER_ROWS)):
        _fit_height(page, number, [(row[at], widths[at]) for at in shown])
    last = len(sheet.rows) + _HEADER_ROWS - 1
    page.freeze_panes(_HEADER_ROWS, 0)
    page.autofilter(_HEADER_ROWS - 1, 0, max(last, _HEADER_ROWS - 1), len(sheet.columns) - 1)
    # Codes are text on purpose: no green corners.
    page.ignore_errors({"number_stored_as_text": f"A1:XFD{MAX_ROWS}"})
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0, _HEADER_ROWS - 1)
    page.print_area(0, 0, max(last, _HEADER_ROWS - 1), len(sheet.columns) - 1)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.set_footer(f"&L{book.edition}@{book.release}&C{sheet.title}&R第&P页，共&N页")


def _for_people(sheet: Sheet) -> list[int]:
    """The columns that are shown."""
    codes = [column.code for column in sheet.columns]
    return [at for at, code in enumerate(codes) if code not in _TECHNICAL and f"{code}_label" not in codes]


def _fit_height(page: Worksheet, number: int, cells: Iterable[tuple[Value, int]]) -> None:
    """A row as high as its texts, each in a column of so many characters, need: not every program does that by itself."""
    lines = max(
        sum(ceil(_width(line) / (_ROOM * width)) or 1 for line in _shown(value).split("\n"))
        for value, width in cells
    )
    if lines > 1:
        page.set_row(number, min(lines * _LINE, 409.0))  # Excel's own limit


def _widths(sheet: Sheet, shown: Sequence[int]) -> list[int]:
    """A width for every column: what fits its texts; wide ones give way until those shown fit a page."""
    widths = [
        _fitting([column.title, column.code, *(_shown(row[at]) for row in sheet.rows)])
        for at, column in enumerate(sheet.columns)
    ]
    while sum(widths[at] for at in shown) > _A4:
        widest = max(shown, key=lambda at: widths[at])
        if widths[widest] <= 2 * _NARROW:
            break
        widths[widest] -= 1
    return widths


def _put(page: Worksheet, row: int, col: int, value: Value, styles: _Styles) -> None:
    if value is None:
        page.write_blank(row, col, None, styles.text)
    elif isinstance(value, str):
        page.write_string(row, col, value, styles.text)
    else:
        page.write_number(row, col, value, styles.number)


def _shown(value: Value) -> str:
    return "" if value is None else str(value)


def _width(text: str) -> int:
    """Columns that a text takes on one line: two per wide character; the longest of its lines."""
    return max(
        len(line) + sum(unicodedata.east_asian_width(char) in "WFA" for char in line)
        for line in text.split("\n")
    )


def _fitting(texts: Iterable[str]) -> int:
    """A width that shows nearly all of the texts on one line; longer ones wrap."""
    widths = sorted(_width(text) for text in texts)
    usual = widths[int(0.98 * (len(widths) - 1))]
    # The filter's button and the cell's padding take some room.
    return max(_NARROW, min(_WIDE, usual + 3))


def _cover(workbook: Workbook, book: Book, names: dict[str, str]) -> None:
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
    page.write_string(0, 0, title, styles.head)
    page.set_row(0, 28)
    at = 2
    shape = (
        "表头",
        "每张工作表前两行为表头：第一行中文名，第二行代码名；筛选按钮在第二行。代码与编号一律为文本。",
    )
    for label, text in (*book.about, shape):
        page.write_string(at, 0, label, styles.label)
        page.merge_range(at, 1, at, 6, "", styles.text)
        page.write_string(at, 1, text, styles.text)
        _fit_height(page, at, [(text, 120)])
        at += 1
    at = _section(page, at, "各表", ("表名", "工作表", "行数", "内容"), styles)
    for sheet in book.sheets:
        page.write_string(at, 0, sheet.table, styles.text)
        page.write_url(at, 1, f"internal:'{names[sheet.table]}'!A1", styles.link, names[sheet.table])
        page.write_number(at, 2, len(sheet.rows), styles.number)
        page.merge_range(at, 3, at, 6, "", styles.text)
        page.write_string(at, 3, sheet.meaning_zh, styles.text)
        at += 1
    at = _section(page, at, "各列的含义", DICTIONARY_HEADER, styles)
    for row in rows:
        for col, value in enumerate(row):
            page.write_string(at, col, value, styles.text)
        _fit_height(page, at, list(zip(row, widths, strict=True)))
        at += 1
    page.hide_gridlines(2)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)


def _section(page: Worksheet, at: int, title: str, header: Sequence[str], styles: _Styles) -> int:
    """A heading and a header row after an empty line; returns the row that follows."""
    page.write_string(at + 1, 0, title, styles.section)
    for col, text in enumerate(header):
        page.write_string(at + 2, col, text, styles.title)
    return at + 3
