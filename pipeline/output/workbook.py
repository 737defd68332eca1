"""What all Excel workbooks that are written here have in common: texts stay texts, names, print layout, heights."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsxwriter import Workbook

MAX_CHARS = 32_767
"""Characters that Excel keeps in one cell ("Excel specifications and limits", Microsoft)."""

_ROOM = 1.15
"""Columns of text at 10 points that a unit of a sheet's width holds, at least: the unit is a digit with what is round it."""
_LINE = 15.0
"""Height of a line of text, in points."""
_TALLEST = 409.0
"""Excel's own limit of a row's height."""
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


def new_workbook(into: io.BytesIO) -> Workbook:
    """A workbook whose bytes are in ``into`` once it is closed; no text turns into a number, a formula or a link."""
    import xlsxwriter

    plain = dict.fromkeys(("strings_to_numbers", "strings_to_formulas", "strings_to_urls"), False)
    return xlsxwriter.Workbook(into, {"in_memory": True, **plain})


def sheet_names(titles: Iterable[str], *taken: str) -> list[str]:
    """Names that Excel allows for sheets of these titles: at most 31 characters, no two alike, none of ``taken``."""
    names: list[str] = []
    used = {"history", *taken}
    for title in titles:
        stem = _FORBIDDEN.sub(" ", title).strip("' ")[:31] or "表"
        name, number = stem, 2
        while name.casefold() in used:
            name, number = f"{stem[:27]} {number}", number + 1
        used.add(name.casefold())
        names.append(name)
    return names


def lay_out(page: Any, header: int, rows: int, columns: int) -> None:
    """Filter and print a sheet of ``header`` rows and ``rows`` below them: landscape A4, as wide as the page, the header on
    every page."""
    area = 0, header + rows - 1, columns - 1
    page.autofilter(header - 1, *area)
    page.print_area(0, *area)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0, header - 1)


def fit_height(page: Any, number: int, cells: Iterable[tuple[object, int]]) -> None:
    """A row as high as its texts, each in a column of so many characters, need: not every program does that by itself."""
    lines = max(
        sum(ceil(text_width(line) / (_ROOM * width)) or 1 for line in cell_text(value).split("\n"))
        for value, width in cells
    )
    if lines > 1:
        page.set_row(number, min(lines * _LINE, _TALLEST))


def cell_text(value: object) -> str:
    """A cell's value as text."""
    return "" if value is None else str(value)


def text_width(text: str) -> int:
    """Columns that a text takes on one line: two per wide character; the longest of its lines."""
    return max(
        len(line) + sum(unicodedata.east_asian_width(char) in "WFA" for char in line)
        for line in text.split("\n")
    )
