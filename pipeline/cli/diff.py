"""The command that compares: ``diff``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import shared as cli_shared
from pipeline.cli.shared import Curated, FileFormat
from pipeline.errors import XizeError

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

    from pipeline.diff import Side

app = typer.Typer(no_args_is_help=True)

_WIDTH = 160
"""Columns of a summary in a file."""


@app.command()
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

    home = ctx.obj.home
    sides = load_side(home, before, curated), load_side(home, after, curated)
    changes = compare(*sides)
    shown = changes if everything else loud(changes)
    _write_reports(shown, *sides, home, html=html, xlsx=xlsx, notice=notice, signoff=signoff or [])
    if not (html or xlsx or notice or signoff) or output or format is not FileFormat.table:
        _write(changes, shown, *sides, format, output)
    if shown.num_rows:
        raise typer.Exit(1)


def _write_reports(
    changes: pa.Table,
    before: Side,
    after: Side,
    home: Path,
    *,
    html: Path | None,
    xlsx: Path | None,
    notice: Path | None,
    signoff: list[Path],
) -> None:
    """The pages and files for people; each writer is imported only when asked for."""
    if html is not None:
        from pipeline.diff.output.diff_page import write_html

        write_html(changes, before, after, html, home)
        _told(html, changes)
    if xlsx is not None:
        if xlsx.suffix.lower() != ".xlsx":
            raise XizeError(f"“{xlsx}”不是.xlsx文件：请把--xlsx的文件名改为以.xlsx结尾。")
        from pipeline.diff.output.diff_xlsx import write_xlsx

        write_xlsx(changes, before, after, xlsx)
        _told(xlsx, changes)
    if notice is not None:
        from pipeline.diff.output.notice import write_notice

        write_notice(changes, before, after, notice)
        _told(notice, changes)
    if signoff:
        from pipeline.diff.output.signoff import read_back, render

        _console().print(render(read_back(signoff, changes, before, after, home)))


def _console() -> Console:
    """Where summaries go: as wide as the terminal, or wide enough for a file."""
    return cli_shared.console(width=_WIDTH)


def _told(path: Path, changes: pa.Table) -> None:
    typer.echo(f"已写入{path}（{changes.num_rows}处变更）。", err=True)


def _write(
    changes: pa.Table, shown: pa.Table, before: Side, after: Side, format: FileFormat, output: Path | None
) -> None:
    """The changes as data or as a summary, to a file or to stdout."""
    from pipeline.diff.output import terminal as writers

    if format is FileFormat.table:
        data = _summary(changes, shown, before, after) if output else None
        if data is None:
            writers.print_summary(_console(), changes, shown, before, after)
            return
    else:
        as_bytes = {
            FileFormat.json: writers.as_json,
            FileFormat.csv: writers.as_csv,
            FileFormat.parquet: writers.as_parquet,
        }[format]
        cli_shared.refuse_parquet_on_screen(format, output)
        data = as_bytes(shown)
    if cli_shared.write_out(data, output):
        assert output is not None
        _told(output, shown)


def _summary(changes: pa.Table, shown: pa.Table, before: Side, after: Side) -> bytes:
    """The summary as plain text."""
    import io

    from rich.console import Console

    from pipeline.diff.output.terminal import print_summary

    text = io.StringIO()
    print_summary(Console(file=text, width=_WIDTH, color_system=None), changes, shown, before, after)
    return text.getvalue().encode()
