"""The command that compares: ``diff``."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import shared as cli_shared
from pipeline.cli.shared import Curated, FileFormat

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.diff import Side


_WIDTH = 160
"""Columns of a summary where there is no terminal."""


def diff(
    ctx: typer.Context,
    before: Annotated[
        str, typer.Argument(metavar="A", help="EDITION (its latest release) or EDITION@RELEASE.")
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="The same, compared with A.")],
    format: Annotated[
        FileFormat, typer.Option("--format", "-f", help="How to write the changes.")
    ] = FileFormat.table,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was only re-ordered or renumbered.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write a page for reading and signing off, with page pictures."),
    ] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="Write an Excel workbook.")] = None,
    notice: Annotated[
        Path | None, typer.Option("--notice", help="Write a change notice: FILE.docx or FILE.html.")
    ] = None,
    signoff: Annotated[
        list[Path] | None,
        typer.Option("--signoff", help="Read back a sign-off exported from the page (repeatable)."),
    ] = None,
    curated: Curated = None,
) -> None:
    """Say what changed between two editions, or two releases of one. Exit code: 0 equal, 1 different, 2 error."""
    from pipeline.diff import compare, load_side
    from pipeline.diff.output.terminal import loud

    sides = load_side(ctx.obj.home, before, curated), load_side(ctx.obj.home, after, curated)
    changes = compare(*sides)
    shown = changes if everything else loud(changes)
    _write_reports(shown, sides, html, xlsx, notice, signoff)
    if not (html or xlsx or notice or signoff) or output or format is not FileFormat.table:
        _write(changes, shown, sides, format, output)
    if shown.num_rows:
        raise typer.Exit(1)


def _write_reports(
    changes: pa.Table,
    sides: tuple[Side, Side],
    html: Path | None,
    xlsx: Path | None,
    notice: Path | None,
    signoff: list[Path] | None,
) -> None:
    """The pages and files for people; each writer is imported only when asked for."""
    if html is not None:
        from pipeline.diff.output.diff_page import write_html

        write_html(changes, *sides, html)
        _told(html, changes)
    if xlsx is not None:
        from pipeline.diff.output.diff_xlsx import write_xlsx

        write_xlsx(changes, *sides, xlsx)
        _told(xlsx, changes)
    if notice is not None:
        from pipeline.diff.output.notice_file import write_notice

        write_notice(changes, *sides, notice)
        _told(notice, changes)
    if signoff:
        from pipeline.diff.output.signoff import read_back, render

        cli_shared.console(_WIDTH).print(render(read_back(signoff, changes, *sides)))


def _told(path: Path, changes: pa.Table) -> None:
    typer.echo(f"已写入{path}（{changes.num_rows}处变更）。", err=True)


def _write(
    changes: pa.Table, shown: pa.Table, sides: tuple[Side, Side], format: FileFormat, output: Path | None
) -> None:
    """The changes as data or as a summary, to a file or to stdout."""
    from rich.console import Console

    from pipeline.diff.output import terminal as writers

    cli_shared.refuse_parquet_on_screen(format, output)
    if format is FileFormat.table and output is None:
        writers.print_summary(cli_shared.console(_WIDTH), changes, shown, *sides)
        return
    if format is FileFormat.table:
        text = io.StringIO()
        writers.print_summary(Console(file=text, width=_WIDTH, color_system=None), changes, shown, *sides)
        data = text.getvalue().encode()
    else:
        as_bytes = {"json": writers.as_json, "csv": writers.as_csv, "parquet": writers.as_parquet}
        data = as_bytes[format](shown)
    if cli_shared.write_out(data, output) and output is not None:
        _told(output, shown)
