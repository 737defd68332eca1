"""``xize tables``: the tables of any PDF as JSON, CSV or HTML, and debug pictures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment

from pipeline.model import Cell
from pipeline.readers.pdf.debug import draw_page
from pipeline.readers.pdf.read import look_at, open_pdf, read_pdf
from pipeline.readers.pdf.visible import see
from pipeline.text import clean
from pipeline.tidy.pieces import pieces_of

_HTML = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{{ name }}</title>
<style>
body { font: 14px/1.6 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif; margin: 2em; color: #222; }
table { border-collapse: collapse; margin: .5em 0 2em; }
td { border: 1px solid #bbb; padding: .25em .5em; vertical-align: top; white-space: pre-line; }
h2 { font-size: 1rem; color: #555; }
</style></head><body>
<h1>{{ name }}</h1>
{% for table in tables %}
<h2>第 {{ table.page }} 页，表 {{ table.table_no }}</h2>
<table>
{%- for row in table.rows %}
<tr>{% for cell in row %}<td{% if cell.row_span > 1 %} rowspan="{{ cell.row_span }}"{% endif %}{% if cell.col_span > 1 %} colspan="{{ cell.col_span }}"{% endif %}>{{ cell.text }}</td>{% endfor %}</tr>
{%- endfor %}
</table>
{% else %}
<p>没有找到带线的表格。</p>
{% endfor %}
</body></html>
"""


def cell_text(cell: Cell) -> str:
    """The cell's printed lines, one per line; ligatures, format characters and compatibility forms resolved."""
    return "\n".join(clean(line.text).replace("\t", " ") for line in cell.lines)


def read_tables(path: Path, pages: Sequence[int] | None, password: str, decoder: str) -> list[dict[str, Any]]:
    """Found tables: page (from 1), table_no, bbox and cells with row, col (from 0), spans, text and box in points."""
    reading = read_pdf(path, pages=pages, password=password, decoder=decoder)
    out = []
    pieces = pieces_of(reading)
    for table in pieces.tables:
        cells = pieces.load(table.start, table.stop)
        box = (
            min(c.x0 for c in cells),
            min(c.top for c in cells),
            max(c.x1 for c in cells),
            max(c.bottom for c in cells),
        )
        out.append(
            {
                "page": table.page,
                "table_no": table.table_no,
                "bbox": [round(value, 2) for value in box],
                "cells": [
                    {
                        "row": cell.row,
                        "col": cell.col,
                        "row_span": cell.row_span,
                        "col_span": cell.col_span,
                        "text": cell_text(cell),
                        "x0": round(cell.x0, 2),
                        "top": round(cell.top, 2),
                        "x1": round(cell.x1, 2),
                        "bottom": round(cell.bottom, 2),
                    }
                    for cell in cells
                ],
            }
        )
    return out


def render(tables: Sequence[dict[str, Any]], form: str, name: str = "tables") -> str:
    """Tables as JSON ({"tables": […]}), CSV (one line per row, merged cells' text once) or an HTML page."""
    if form == "json":
        return json.dumps({"tables": list(tables)}, ensure_ascii=False, indent=1) + "\n"
    if form == "csv":
        sink = io.StringIO()
        writer = csv.writer(sink)
        for table in tables:
            columns = max(cell["col"] + cell["col_span"] for cell in table["cells"])
            rows = max(cell["row"] + cell["row_span"] for cell in table["cells"])
            grid = [[""] * columns for _ in range(rows)]
            for cell in table["cells"]:
                grid[cell["row"]][cell["col"]] = cell["text"]
            for row in grid:
                writer.writerow([table["page"], table["table_no"], *row])
        return sink.getvalue()
    prepared = []
    for table in tables:
        rows_of: dict[int, list[dict[str, Any]]] = {}
        for cell in table["cells"]:
            rows_of.setdefault(cell["row"], []).append(cell)
        prepared.append({**table, "rows": [rows_of[row] for row in sorted(rows_of)]})
    return Environment(autoescape=True).from_string(_HTML).render(tables=prepared, name=name)


def draw_pages(
    path: Path, pages: Sequence[int] | None, folder: Path, password: str, decoder: str
) -> list[Path]:
    """Debug pictures of the pages, as PNG files in ``folder``."""
    out = []
    with open_pdf(path, password, decoder) as reader:
        for number in pages or range(1, reader.page_count + 1):
            *_, found, arrays = look_at(reader, path, number)
            page, _ = see(arrays)
            out.append(draw_page(path, page, found, folder / f"{path.stem}-{number:04d}.png", password))
    return out
