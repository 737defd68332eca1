"""The command line: ``xize``. Heavy libraries are imported inside the commands, so that help comes at once."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline import __version__
from pipeline.cli import (
    data as cli_data,
)
from pipeline.cli import (
    diff as cli_diff,
)
from pipeline.cli import (
    findings as cli_findings,
)
from pipeline.cli import (
    query as cli_query,
)
from pipeline.cli import (
    release as cli_release,
)
from pipeline.cli import (
    review as cli_review,
)
from pipeline.cli.many import refuse_runner, run_each, showing
from pipeline.cli.shared import Curated, Decoder, Password
from pipeline.errors import XizeError
from pipeline.text import page_spans

if TYPE_CHECKING:
    from pipeline.job import Report

app = typer.Typer(
    name="xize",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From a rulebook PDF to versioned Parquet: read, tidy, validate, publish, query.",
)
app.add_typer(cli_release.app)
app.add_typer(cli_findings.app)
app.add_typer(cli_query.app)
app.add_typer(cli_diff.app)
app.add_typer(cli_data.app)
app.add_typer(cli_review.app)


@dataclass(frozen=True)
class Context:
    """Global options: the folder that holds raw/, staged/ and curated/."""

    home: Path


def _version(value: bool) -> None:
    if value:
        typer.echo(f"xize {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    ctx: typer.Context,
    home: Annotated[
        str | None,
        typer.Option(
            "--home", help="Folder of raw/, staged/ and curated/ (default: $XIZE_HOME or the project)."
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options that come before the command."""
    from pipeline.editions.edition import resolve_home

    ctx.obj = Context(resolve_home(home))


class TablesFormat(StrEnum):
    """How found tables are written."""

    json = "json"
    csv = "csv"
    html = "html"


class Runner(StrEnum):
    """Where a run's tasks run."""

    local = "local"
    dask = "dask"


def parse_pages(text: str | None) -> list[int] | None:
    """'3,5-7' → [3, 5, 6, 7]. Raises XizeError on anything else."""
    if text is None:
        return None
    pages: list[int] = []
    for part in text.replace("，", ",").split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise XizeError(f"--pages “{text}”不合写法：请写成如 3,5-7 的页码。")
        low, high = int(first), int(last or first)
        if low < 1 or high < low:
            raise XizeError(f"--pages “{text}”不合写法：页码从 1 起，范围应由小到大，如 3,5-7。")
        pages += range(low, high + 1)
    return sorted(set(pages))


@app.command()
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
) -> None:
    """Read the ruled tables of any PDF: decoder and grid finder only, no rulebook needed."""
    from pipeline.readers.pdf.damage import damaged_pages
    from pipeline.readers.pdf.export import draw_pages, read_tables, render

    wanted = parse_pages(pages)
    found = read_tables(pdf, wanted, password, decoder)
    if damaged := [n for n in sorted(damaged_pages(pdf, password)) if wanted is None or n in wanted]:
        typer.echo(
            f"第{page_spans(damaged)}页内容流损坏，读出的内容可能不全或有误：请重新取得该文件。", err=True
        )
    text = render(found, format.value)
    if output is None:
        sys.stdout.write(text)
    else:
        with _writing(output):
            output.write_text(text, encoding="utf-8-sig" if format is TablesFormat.csv else "utf-8")
    if debug is not None:
        with _writing(debug):
            drawn = draw_pages(pdf, wanted, debug, password, decoder)
        for path in drawn:
            typer.echo(str(path), err=True)


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Turn a failure to write ``target`` into one sentence."""
    try:
        yield
    except OSError as error:
        raise XizeError(f"无法写入{target}（{error.strerror}）：请检查路径与权限。") from error


@app.command()
def run(
    ctx: typer.Context,
    editions: Annotated[
        list[str],
        typer.Argument(metavar="EDITION", help="<jurisdiction>-<year>, e.g. shanghai-2025; several: each."),
    ],
    source: Annotated[
        str | None, typer.Option("--source", help="Which source to read (default: source.yaml's).")
    ] = None,
    prefect: Annotated[
        bool,
        typer.Option(
            "--prefect/--no-prefect", help="Run as a Prefect flow, or the same functions in-process."
        ),
    ] = True,
    publish: Annotated[
        bool,
        typer.Option("--publish/--no-publish", help="Publish, or only show what a release would change."),
    ] = True,
    cross_check: Annotated[
        bool, typer.Option("--cross-check", help="Read every page with camelot too and compare cell by cell.")
    ] = False,
    allow_incomplete: Annotated[
        bool,
        typer.Option(
            "--allow-incomplete", help="Publish although sections of the table of contents are missing."
        ),
    ] = False,
    latest: Annotated[
        bool,
        typer.Option("--latest", help="Let latest.json move although another source is the edition's own."),
    ] = False,
    curated: Curated = None,
    password: Password = "",
    decoder: Decoder = "pdfium",
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Reading processes (default: one per processor).")
    ] = None,
    runner: Annotated[
        Runner,
        typer.Option(
            "--runner", help="Where Prefect runs the tasks: in processes here, or on a Dask cluster."
        ),
    ] = Runner.local,
    address: Annotated[
        str | None,
        typer.Option(
            "--address", help="Dask scheduler, e.g. tcp://host:8786 (default: a cluster made here)."
        ),
    ] = None,
    profile: Annotated[
        bool,
        typer.Option("--profile", help="Tell how long each stage took, in processor time and memory too."),
    ] = False,
) -> None:
    """Read editions, tidy, validate and publish them; nothing happens when nothing has changed."""
    from pipeline.job import Options
    from pipeline.run import run as run_here
    from pipeline.system import sigterm_exits

    begin = time.perf_counter()
    refuse_runner(runner is Runner.dask, prefect, address)
    options = Options(
        ctx.obj.home,
        editions[0],
        source,
        password,
        decoder,
        workers,
        cross_check,
        allow_incomplete,
        publish,
        latest,
        curated,
    )
    with sigterm_exits(), showing(editions) as finished, _progress() as report:
        if runner is Runner.dask:
            from flows.runner import run_editions

            run_editions(editions, options, address=address, report=report, finished=finished)
        elif prefect:
            from flows.runner import run as run_flow

            run_each(editions, options, lambda one: run_flow(one, report), finished)
        else:
            run_each(editions, options, lambda one: run_here(one, report), finished)
    if profile:
        from rich.console import Console

        from pipeline import timing

        Console().print(timing.table(time.perf_counter() - begin))


@contextmanager
def _progress() -> Iterator[Report]:
    """A progress bar on stderr with stage and pages; plain silence where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    names = {"read": "读取页面", "tidy": "整理", "validate": "校验", "publish": "发布", "check": "交叉核对"}
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("准备", total=None)

        def report(stage: str, done: int, total: int) -> None:
            bar.update(task, description=names.get(stage, stage), completed=done, total=total)

        yield report


@app.command()
def serve(
    ctx: typer.Context,
    edition: Annotated[
        str | None, typer.Argument(metavar="[EDITION]", help="Default edition of the deployment.")
    ] = None,
    cron: Annotated[str | None, typer.Option("--cron", help="Schedule, e.g. '0 3 * * 1'.")] = None,
    timezone: Annotated[str, typer.Option("--timezone", help="Time zone of the schedule.")] = "Asia/Shanghai",
    port: Annotated[int, typer.Option("--port", help="Port of the local Prefect server.")] = 4200,
) -> None:
    """Serve the publishing flow as a Prefect deployment that a steward can start and schedule."""
    from flows.serve import serve as serve_flows

    serve_flows(ctx.obj.home, edition, cron=cron, timezone=timezone, port=port)


def main() -> None:
    """Entry point: a failure that the user can mend is one sentence on stderr and a non-zero exit code."""
    # A run makes hundreds of thousands of small objects and few circles of them: looking for those is lost time.
    gc.set_threshold(100_000, 50, 100)
    try:
        app()
    except XizeError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except UnicodeEncodeError as error:
        shown = error.object[error.start : error.end][:5]
        typer.echo(
            f"终端的编码{error.encoding}写不出“{ascii(shown)[1:-1]}”：请设置PYTHONIOENCODING=utf-8，或用-o写入文件。",
            err=True,
        )
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        # Wherever a disk is full or a folder may not be used: no step leaves anything half published behind.
        place = f"“{error.filename}”" if error.filename else "文件"
        reason = error.strerror or str(error)
        typer.echo(
            f"无法读写{place}（{reason}）：请检查网络、磁盘空间与权限；已发布的数据没有变动。", err=True
        )
        sys.exit(2)


__all__ = ["Context", "app", "main", "parse_pages"]

if __name__ == "__main__":
    main()
