"""``xize tables``: the ruled tables of any PDF."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pipeline.cli.shared import Decoder, MaxBytes, MaxObjects, MaxSeconds, Password, apart_from_data, writing
from pipeline.editions.kinds import kind_of, office_kind
from pipeline.editions.pictures import one_document
from pipeline.errors import XizeError
from pipeline.job import Limits

TablesFormat = Literal["json", "csv", "html"]
"""How found tables are written."""


def parse_pages(text: str | None) -> list[int] | None:
    """'3,5-7' → [3, 5, 6, 7]. Raises XizeError on anything else."""
    if text is None:
        return None
    pages: set[int] = set()
    for part in text.replace("，", ",").split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise XizeError(f"--pages “{text}”不合写法：请写成如 3,5-7 的页码。")
        low, high = int(first), int(last or first)
        if low < 1 or high < low:
            raise XizeError(f"--pages “{text}”不合写法：页码从 1 起，范围应由小到大，如 3,5-7。")
        pages.update(range(low, high + 1))
    return sorted(pages)


def tables(
    pdf: Annotated[
        Path,
        typer.Argument(
            metavar="ANY.pdf", help="Any PDF with ruled tables (also a Word, Excel or picture file)."
        ),
    ],
    pages: Annotated[str | None, typer.Option(help="Pages to read, e.g. 3,5-7 (default: all).")] = None,
    format: Annotated[TablesFormat, typer.Option(help="Output format.")] = "json",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", callback=apart_from_data, help="Write here instead of stdout."),
    ] = None,
    debug: Annotated[
        Path | None,
        typer.Option(
            callback=apart_from_data,
            help="Also write page pictures with rulings, intersections and cells drawn in.",
        ),
    ] = None,
    password: Password = "",
    decoder: Decoder = "pdfium",
    max_objects: MaxObjects = Limits.objects,
    max_bytes: MaxBytes = Limits.size,
    max_seconds: MaxSeconds = Limits.seconds,
) -> None:
    """Read the ruled tables of any PDF: decoder and grid finder only, no rulebook needed. Scanned pages are recognised."""
    from pipeline.quality.checks.pages import pages_in_words
    from pipeline.readers.ocr.scans import recognised
    from pipeline.readers.pdf.export import draw_pages, render, tables_of
    from pipeline.readers.pdf.read import read_pdf

    wanted = parse_pages(pages)
    with one_document([pdf]) as path:
        kind = kind_of(path) if path.is_file() and office_kind(path.read_bytes()) else "pdf"
        if kind != "pdf":
            _write(render(_tables_without_pages(path, kind), format), output, format)
            return
        limits = Limits(max_objects, max_bytes, max_seconds)
        reading = read_pdf(path, pages=wanted, password=password, decoder=decoder, limits=limits)
        reading = recognised(path, reading, password)
        for sentence in pages_in_words(reading):
            typer.echo(sentence, err=True)
        _write(render(tables_of(reading), format), output, format)
        if debug is not None:
            with writing(debug):
                drawn = draw_pages(path, wanted, debug, password, decoder)
            for picture in drawn:
                typer.echo(str(picture), err=True)


def _tables_without_pages(path: Path, kind: str) -> list[dict[str, Any]]:
    """The tables of a Word or Excel file: they have neither pages nor boxes."""
    from pipeline.readers.excel import read_excel
    from pipeline.readers.pdf.export import tables_of_cells
    from pipeline.readers.word.read import read_word
    from pipeline.tidy.pageless import restore

    cells, _, _ = restore(read_word(path) if kind == "docx" else read_excel(path))
    found = tables_of_cells(sorted(cells, key=lambda cell: (cell.table_no, cell.row, cell.col)))
    boxes = dict.fromkeys(("x0", "top", "x1", "bottom"))
    return [
        {**table, "page": None, "bbox": None, "cells": [{**cell, **boxes} for cell in table["cells"]]}
        for table in found
    ]


def _write(text: str, output: Path | None, format: TablesFormat) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    with writing(output):
        output.write_text(text, encoding="utf-8-sig" if format == "csv" else "utf-8")
