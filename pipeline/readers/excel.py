"""An Excel file (.xlsx; .xls through LibreOffice) → staged reading: each sheet's rows, merged cells, lines of cells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.readers.word.package import Package, open_package
from pipeline.reading import EXCEL, SIZE, Reading, staged_without_pages

_UNNAMED = re.compile(r"^(?:sheet|工作表|表)\s*\d*$", re.IGNORECASE)
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_SAID = re.compile(r'"([^"]*)"|\\(.)|\[[^\]]*\]|[_*].|([^"\\[_*]+)')
"""Parts of a number format: said as it stands, the place of the value, or (neither group) how it looks."""
_MOST = 2_000_000
"""Cells of a sheet: more than a rulebook has, fewer than a sheet that was formatted down to its last row."""


@dataclass
class _Sheet:
    """A sheet's printed texts by (row, column), both from 1, and its merged cells: first cell → (rows, columns)."""

    name: str
    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    covered: set[tuple[int, int]] = field(default_factory=set)

    def filled(self, row: int) -> list[int]:
        """The columns of a row in which a text begins."""
        return sorted(col for at, col in self.texts if at == row)

    def crossed(self, row: int) -> bool:
        """Whether a merged cell runs through a row from above."""
        return any(first < row < first + high for (first, _), (high, _) in self.merged.items())


def read_excel(path: Path) -> Reading:
    """Read every sheet. Raises XizeError as ``open_package`` does, for a workbook without text and for formulas whose
    values it does not hold."""
    cells: list[dict[str, Any]] = []
    blocks: list[dict[str, Any]] = []
    findings: list[Finding] = []
    line = 0
    tables = 0
    for sheet in _sheets(path, findings):
        if not _UNNAMED.match(sheet.name):
            line += 1
            blocks.append({"role": "text", "text": sheet.name, "size": SIZE, "line": line})
        for rows in _regions(sheet):
            while rows and len(sheet.filled(rows[0])) < 2 and not sheet.crossed(rows[0]):
                row = rows.pop(0)
                line += 1
                blocks += [
                    {"role": "text", "text": sheet.texts[row, col], "size": SIZE, "line": line}
                    for col in sheet.filled(row)
                ]
            if rows:
                tables += 1
                cells += _cells(sheet, rows, tables, line)
                line += len(rows)
    if not cells and not blocks:
        raise XizeError(f"{path.name}：Excel文件中没有任何文字；请核对文件。")
    return staged_without_pages(EXCEL, cells, blocks, findings, line)


def printed_titles(path: Path) -> tuple[str | None, str | None]:
    """(the first text of the first sheet, the title in the properties)."""
    sheet = next(_sheets(path, []), None)
    printed = sheet.texts[min(sheet.texts)] if sheet is not None else None
    return printed, open_package(path, "workbook").title()


def _sheets(path: Path, findings: list[Finding]) -> Iterator[_Sheet]:
    """The sheets with text, in order; hidden rows, columns and sheets, and drawings, are told in ``findings``."""
    import openpyxl

    package = open_package(path, "workbook")
    package.check()
    try:
        book = openpyxl.load_workbook(package.stream(), data_only=True, keep_links=False, rich_text=True)
        formulas = (
            openpyxl.load_workbook(package.stream(), keep_links=False) if _has_formulas(package) else None
        )
    except Exception as error:  # openpyxl raises anything on a damaged workbook
        raise XizeError(f"{path.name}：文件已损坏或不完整，无法读取；请用Excel打开后另存。") from error
    _tell_drawings(package, findings)
    for sheet in book.worksheets:
        if sheet.max_row * sheet.max_column > _MOST:
            raise XizeError(
                f"{path.name}的工作表“{sheet.title}”有{sheet.max_row}行{sheet.max_column}列，多得异常；请删去空行空列后另存。"
            )
        found = _Sheet(sheet.title)
        _take_texts(found, sheet, formulas, path.name, findings)
        if found.texts:
            _tell_hidden(sheet, findings)
            yield found


def _has_formulas(package: Package) -> bool:
    return any(b"<f" in package.data(name) for name in package.parts("xl/worksheets/"))


def _take_texts(found: _Sheet, sheet: Any, formulas: Any | None, name: str, findings: list[Finding]) -> None:
    """The texts and merged cells of a sheet. Raises XizeError for a formula without its value."""
    plain = not sheet.tables and not sheet.conditional_formatting  # these may give a fill of their own
    for area in sheet.merged_cells.ranges:
        first = (area.min_row, area.min_col)
        found.merged[first] = (area.max_row - area.min_row + 1, area.max_col - area.min_col + 1)
        found.covered |= {
            (row, col)
            for row in range(area.min_row, area.max_row + 1)
            for col in range(area.min_col, area.max_col + 1)
        } - {first}
    for cells in sheet.iter_rows():
        for cell in cells:
            place = (cell.row, cell.column)
            if place in found.covered:
                continue
            if cell.value is None:
                if formulas is not None and formulas[sheet.title].cell(*place).data_type == "f":
                    raise XizeError(
                        f"{name}的工作表“{sheet.title}”{cell.coordinate}格是公式，文件中没有它的值；请用Excel打开后保存。"
                    )
                continue
            text = _text(cell.value, cell.number_format or "").strip()
            hidden = (
                plain
                and _white(cell.font.color)
                and (
                    cell.fill.fill_type is None or _white(getattr(cell.fill, "fgColor", None))
                )  # a gradient has none
            )
            if text and not hidden:
                found.texts[place] = text
            _tell_cell(cell, str(cell.value).strip() if hidden or not text else "", findings)


def _white(color: Any | None) -> bool:
    if color is None or color.tint:
        return False
    return bool(
        color.type == "rgb" and str(color.rgb)[-6:].upper() == "FFFFFF"
        or color.type == "theme" and color.theme == 0
        or color.type == "indexed" and color.indexed in (1, 9)
    )  # fmt: skip


def _tell_cell(cell: Any, hidden: str, findings: list[Finding]) -> None:
    """What of a cell a steward must know: text that it does not show, an error in place of a value, text struck out."""
    sheet = cell.parent.title
    where, place = f"工作表“{sheet}”{cell.coordinate}格", f"{sheet}!{cell.coordinate}"
    if hidden:
        message = f"{where}的“{hidden[:40]}”不显示（白字，或由数字格式隐去），未读入；如确为正文，请在Excel中显示后换上新文件。"
        findings.append(Finding("hidden_text", message, f"{place}|{hidden}", cell_id=place))
        return
    if cell.data_type == "e":
        message = f"{where}的值是错误“{cell.value}”，已照文件读入；请用Excel改正后换上新文件，或在corrections.yaml中更正。"
        findings.append(Finding("text_implausible", message, f"{place}|{cell.value}", cell_id=place))
    parts = cell.value if isinstance(cell.value, list) else [str(cell.value)]
    fonts = ((part, cell.font if isinstance(part, str) else part.font) for part in parts)
    struck = "".join(str(part) for part, font in fonts if font is not None and font.strike).strip()
    if struck:
        message = f"{where}的“{struck[:40]}”带有删除线，已照常读入；请核对是否已删去。"
        findings.append(Finding("struck_out", message, f"{place}|{struck}", cell_id=place))


def _text(value: Any, shown_as: str) -> str:
    """A value as the sheet shows it, as far as rulebooks need: whole numbers without a fraction, leading zeros, dates,
    and what its format says besides; "" where that hides it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime | date):
        return _day(value, shown_as)
    number = isinstance(value, int | float)
    section = _section(value if number else None, shown_as)
    parts = list(_SAID.finditer(section))
    if not number:
        return "".join(one[1] or one[2] or (one[3] or "").replace("@", str(value)) for one in parts)
    slots = [one[3] for one in parts if one[3]]
    if not slots and (";" in shown_as or parts):
        return "".join(one[1] or one[2] or "" for one in parts)
    if len(slots) == 1 and re.fullmatch(r"[0#,.%]+|General|G/通用格式", slots[0]):
        return "".join(one[1] or one[2] or (_number(value, one[3]) if one[3] else "") for one in parts)
    return _number(value, section)


def _section(value: float | None, shown_as: str) -> str:
    """The section of a format that is for a number (above, below, at zero) or for text (None)."""
    sections = re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', shown_as)
    if value is None:
        return sections[3] if len(sections) > 3 else sections[-1] if "@" in sections[-1] else "@"
    at = 0 if value > 0 else 1 if value < 0 else 2
    return sections[at] if at < min(len(sections), 3) else sections[0]


def _number(value: float, shown_as: str) -> str:
    fixed = re.fullmatch(r"0(?:\.(0+))?(%?)", shown_as)
    if fixed and (fixed[1] or fixed[2]):
        return f"{value:.{len(fixed[1] or '')}{'%' if fixed[2] else 'f'}}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        return f"{value:0{len(shown_as)}d}" if shown_as and set(shown_as) == {"0"} else str(value)
    return str(value)


def _day(day: date, shown_as: str) -> str:
    """A day as its format shows it (2025年12月), as 2025-12-20 where that names more than year, month and day, or is
    the one that every computer shows in its own way."""
    said = re.sub(r"\[[^\]]*\]|;.*", "", shown_as).lower()
    parts = {
        "yyyy": f"{day:%Y}", "yy": f"{day:%y}", "mm": f"{day:%m}", "m": str(day.month), "dd": f"{day:%d}", "d": str(day.day)
    }  # fmt: skip
    found = list(re.finditer(r'"([^"]*)"|\\(.)|([ymd]+)|([-/.年月日 ])', said))
    known = all(one[3] is None or one[3] in parts for one in found)
    if said in ("", "mm-dd-yy") or not known or "".join(one[0] for one in found) != said:
        return f"{day:%Y-%m-%d}"
    return "".join(parts[one[3]] if one[3] else one[1] or one[2] or one[4] or "" for one in found)


def _tell_drawings(package: Package, findings: list[Finding]) -> None:
    """Text in shapes over the cells and in comments, and pictures: no data, but named."""
    for part in (*package.parts("xl/drawings/"), *package.parts("xl/comments")):
        root = package.xml(part) if part.endswith(".xml") else None
        if root is None:
            continue
        text = "".join(one.text or "" for one in root.iter(f"{_DRAWING}t", f"{_SHEET}t"))
        pictures = len(list(root.iter(f"{_DRAWING}blip")))
        told = [f"图形或批注中有文字“{text[:40]}”，未作数据。"] if text.strip() else []
        told += [f"工作簿中有{pictures}张图片，没有读入。"] if pictures else []
        findings += [Finding("text_outside_tables", message, f"{part}|{message}") for message in told]


def _tell_hidden(sheet: Any, findings: list[Finding]) -> None:
    from openpyxl.utils import get_column_letter

    rows = [str(n) for n, one in sheet.row_dimensions.items() if one.hidden and n <= sheet.max_row]
    columns = [
        get_column_letter(n)
        for one in sheet.column_dimensions.values()
        if one.hidden
        for n in range(one.min, min(one.max, sheet.max_column) + 1)
    ]
    parts = [f"隐藏的{what}{'、'.join(names)}" for what, names in (("行", rows), ("列", columns)) if names]
    if sheet.sheet_state != "visible":
        parts.insert(0, "整张表是隐藏的")
    if parts:
        said = "，".join(parts)
        message = f"工作表“{sheet.title}”有{said}，其内容已照常读入；请核对是否应属正文。"
        findings.append(Finding("hidden_rows", message, f"{sheet.title}|{said}", cell_id=f"{sheet.title}!A1"))


def _regions(sheet: _Sheet) -> Iterator[list[int]]:
    """The rows of each table with what stands above it: parted by empty rows before a title, other empty rows left out."""
    used = sorted({row for row, _ in sheet.texts} | {row for row, _ in sheet.covered})
    region: list[int] = []
    for row in used:
        title = len(sheet.filled(row)) == 1 and not sheet.crossed(row)
        if region and row > region[-1] + 1 and title:
            yield region
            region = []
        region.append(row)
    if region:
        yield region


def _cells(sheet: _Sheet, rows: list[int], table: int, line: int) -> Iterator[dict[str, Any]]:
    """The cells of a table, holes as empty cells; its first row is line ``line`` + 1."""
    from openpyxl.utils import get_column_letter

    inside = set(rows)
    spans = {place: span for place, span in sheet.merged.items() if place[0] in inside}
    columns = {col for row, col in sheet.texts if row in inside}
    columns |= {
        n
        for place, (_, wide) in spans.items()
        if place in sheet.texts
        for n in range(place[1], place[1] + wide)
    }
    first, last = min(columns), max(columns)
    at = {row: number for number, row in enumerate(rows)}
    for row in rows:
        for col in range(first, last + 1):
            if (row, col) in sheet.covered:
                continue
            high, wide = spans.get((row, col), (1, 1))
            lines = [one for text in sheet.texts.get((row, col), "").split("\n") if (one := text.strip())]
            yield {
                "cell_id": f"{sheet.name}!{get_column_letter(col)}{row}",
                "table_no": table,
                "row": at[row],
                "col": col - first,
                "row_span": sum(one in inside for one in range(row, row + high)),
                "col_span": min(wide, last + 1 - col),
                "lines": [{"text": one} for one in lines],
                "sizes": [SIZE] * len(lines),
                "line": line + at[row] + 1,
            }
