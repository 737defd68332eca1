"""``xize tables``: the ruled tables of any PDF."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.shared import Decoder, MaxBytes, MaxObjects, MaxSeconds, Password, writing
from pipeline.errors import XizeError
from pipeline.job import Limits


class TablesFormat(StrEnum):
    """How found tables are written."""

    json = "json"
    csv = "csv"
    html = "html"


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
    pdf: Annotated[Path, typer.Argument(metavar="ANY.pdf", help="Any PDF with ruled tables.")],
    pages: Annotated[
        str | None, typer.Option("--pages", help="Pages to read, e.g. 3,5-7 (default: all).")
    ] = None,
    format: Annotated[TablesFormat, typer.Option("--format", help="Output format.")] = TablesFormat.json,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here instead of stdout.")
    ] = None,
    debug: Annotated[
        Path | None,
        typer.Option(
            "--debug", help="Also write page pictures with rulings, intersections and cells drawn in."
        ),
    ] = None,
    password: Password = "",
    decoder: Decoder = "pdfium",
    max_objects: MaxObjects = Limits.objects,
    max_bytes: MaxBytes = Limits.size,
    max_seconds: MaxSeconds = Limits.seconds,
) -> None:
    """Read the ruled tables of any PDF: decoder and grid finder only, no rulebook needed."""
    from pipeline.quality.checks.pages import damage_in_words
    from pipeline.readers.pdf.export import draw_pages, render, tables_of
    from pipeline.readers.pdf.read import read_pdf

    wanted = parse_pages(pages)
    limits = Limits(max_objects, max_bytes, max_seconds)
    reading = read_pdf(pdf, pages=wanted, password=password, decoder=decoder, limits=limits)
    for sentence in damage_in_words(reading.pages):
        typer.echo(sentence, err=True)
    text = render(tables_of(reading), format.value)
    if output is None:
        sys.stdout.write(text)
    else:
        with writing(output):
            output.write_text(text, encoding="utf-8-sig" if format is TablesFormat.csv else "utf-8")
    if debug is not None:
        with writing(debug):
            drawn = draw_pages(pdf, wanted, debug, password, decoder)
        for path in drawn:
            typer.echo(str(path), err=True)
