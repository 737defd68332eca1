"""``xize tables``: the tables of any PDF as JSON, CSV or HTML, and debug pictures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment

from pipeline.model import Cell
from pipeline.readers.pdf.grid import FoundGrids
from pipeline.readers.pdf.open import open_pdf
from pipeline.readers.pdf.page import PageArrays
from pipeline.readers.pdf.read import read_page
from pipeline.reading import Reading, cells_of
from pipeline.text import clean

_SCALE = 2.0
_RED, _BLUE, _GREEN, _ORANGE = (214, 39, 40), (31, 119, 180), (44, 160, 44, 70), (255, 127, 14)

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
    """The cell's printed lines, one per line; ligatures, format characters and compatibility forms resolved.

    >>> cell = cells_of(read_pdf(Path("rules.pdf")))[1]
    >>> cell_text(cell)
    '机构名称'
    """
    return "\n".join(clean(line.text).replace("\t", " ") for line in cell.lines)


def tables_of(reading: Reading) -> list[dict[str, Any]]:
    """Found tables: page (from 1), table_no, bbox and cells with row, col (from 0), spans, text and box in points.

    >>> (table,) = tables_of(read_pdf(Path("rules.pdf")))
    >>> table["bbox"], table["cells"][1]["text"], table["cells"][1]["col_span"]
    ([80.0, 120.0, 460.0, 230.0], '机构名称', 2)
    """
    return tables_of_cells(cells_of(reading))


def tables_of_cells(every: Sequence[Cell]) -> list[dict[str, Any]]:
    """Cells in page and table order as tables, see :func:`tables_of`.

    >>> cells = cells_of(read_pdf(Path("rules.pdf")))
    >>> [(table["page"], len(table["cells"]) == len(cells)) for table in tables_of_cells(cells)]
    [(1, True)]
    """
    out = []
    for (page, table_no), members in groupby(every, key=lambda cell: (cell.page, cell.table_no)):
        cells = list(members)
        box = (
            min(c.x0 for c in cells),
            min(c.top for c in cells),
            max(c.x1 for c in cells),
            max(c.bottom for c in cells),
        )
        out.append(
            {
                "page": page,
                "table_no": table_no,
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
    """Tables as JSON ({"tables": […]}), CSV (one line per row, merged cells' text once) or an HTML page.

    ``form`` is ``json``, ``csv`` or ``html``, ``name`` the title of the HTML page.

    >>> print(render(tables_of(read_pdf(Path("rules.pdf"))), "csv").splitlines()[0])
    1,1,序号,机构名称,,等级
    """
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
    """Debug pictures of the pages, as PNG files in ``folder``.

    >>> [path.name for path in draw_pages(Path("rules.pdf"), [1], Path("."), "", "pdfium")]
    ['rules-0001.png']
    """
    with open_pdf(path, password, decoder) as pdf:
        read = [read_page(pdf, number) for number in pages or range(1, pdf.page_count + 1)]
    return [
        _draw_page(path, one.page, one.found, folder / f"{path.stem}-{one.page.number:04d}.png", password)
        for one in read
    ]


def _draw_page(path: Path, page: PageArrays, found: FoundGrids, target: Path, password: str = "") -> Path:
    """Write ``target`` (PNG, 144 dpi): the page, rulings red (across) and blue (down), intersections, cells green.

    A cell that spans several rows or columns is outlined in orange.
    """
    import pypdfium2 as pdfium
    from PIL import Image, ImageDraw

    document = pdfium.PdfDocument(path, password=password or None)
    try:
        picture: Any = document[page.number - 1].render(scale=_SCALE).to_pil().convert("RGB")
    finally:
        document.close()
    if page.turned:
        picture = picture.rotate(page.turned, expand=True)
    overlay = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(overlay)
    for grid in found.grids:
        for cell in grid.cells:
            box = [
                cell.x0 * _SCALE + 3,
                cell.top * _SCALE + 3,
                cell.x1 * _SCALE - 3,
                cell.bottom * _SCALE - 3,
            ]
            if box[2] <= box[0] or box[3] <= box[1]:
                continue
            merged = cell.row_span > 1 or cell.col_span > 1
            draw.rectangle(box, fill=_GREEN, outline=_ORANGE if merged else (44, 160, 44), width=2)
    for edge in found.horizontal:
        draw.line(
            [edge.low * _SCALE, edge.at * _SCALE, edge.high * _SCALE, edge.at * _SCALE], fill=_RED, width=2
        )
    for edge in found.vertical:
        draw.line(
            [edge.at * _SCALE, edge.low * _SCALE, edge.at * _SCALE, edge.high * _SCALE], fill=_BLUE, width=2
        )
    for grid in found.grids:
        for x in grid.xs:
            for y in grid.ys:
                draw.ellipse(
                    [x * _SCALE - 3, y * _SCALE - 3, x * _SCALE + 3, y * _SCALE + 3], outline=(148, 103, 189)
                )
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.alpha_composite(picture.convert("RGBA"), overlay).convert("RGB").save(target)
    return target
