"""What several commands share: arguments, formats, and how a result reaches the screen or a file."""

from __future__ import annotations

import datetime
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.errors import XizeError
from pipeline.system import login_name

EditionName = Annotated[
    str,
    typer.Argument(
        metavar="EDITION",
        help="<jurisdiction>-<year>, e.g. shanghai-2025; shanghai-2025-2 for a later version of that year.",
    ),
]
Curated = Annotated[
    str | None, typer.Option(help="Folder or fsspec/pyarrow URL of the releases (default: HOME/curated).")
]
By = Annotated[str | None, typer.Option(help="Who decides (default: the user's login name).")]
Password = Annotated[str, typer.Option(help="Password of an encrypted PDF.")]
Decoder = Annotated[str, typer.Option(help="Which decoder reads the pages.")]


MaxObjects = Annotated[
    int, typer.Option(min=1, help="Most glyphs, rulings and pictures of a page that is read.")
]
MaxBytes = Annotated[int, typer.Option(min=1, help="Most bytes of a page's content, forms included.")]
MaxSeconds = Annotated[int, typer.Option(min=1, help="Most processor seconds for one page.")]


Format = Literal["table", "csv", "json"]
"""How a result for the screen or for a program is written."""
FileFormat = Literal["table", "csv", "json", "parquet"]
"""The same where the result may also become a file of data."""

Release = Annotated[str | None, typer.Option(help="This release, e.g. r001 (default: the latest).")]


def queue_words(counts: Mapping[str, int]) -> str:
    """Open findings by queue in words: 可能读错 12，原文如此 240."""
    from pipeline.schema import QUEUES

    return "，".join(f"{label} {counts.get(queue, 0)}" for queue, label in QUEUES.items())


HowToWrite = Annotated[Format, typer.Option("--format", "-f", help="How to write it.")]


def console(width: int = 10_000) -> Console:
    """Where tables for people go: as wide as the terminal, or ``width`` columns in a file or a pipe."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=width)


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` columns: Chinese breaks anywhere, but no word does, and no line begins with
    a mark that closes or ends with one that opens."""
    lines = [""]
    for piece in re.findall(r"[（“《]*(?:[!-~]+|.)[，。；：、）”》？！]*", text, re.DOTALL):
        if cell_len(lines[-1] + piece) > width:
            lines.append("")
        lines[-1] += piece
    return [part for line in lines for part in chop_cells(line, width) if part]


@contextmanager
def progress(words: str) -> Iterator[Callable[..., None]]:
    """A progress bar on stderr, ``words`` before it; plain silence where stderr is no terminal.

    What is yielded moves it on: ``completed``, ``total`` and, where other words are to stand there, ``description``.
    """
    from rich import progress as rich

    columns = (
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeElapsedColumn(),
        rich.TimeRemainingColumn(),
    )
    made = Console(stderr=True)
    with rich.Progress(
        "{task.description}", *columns, console=made, transient=True, disable=not made.is_terminal
    ) as bar:
        yield partial(bar.update, bar.add_task(words, total=None))


def echo_json(document: Any) -> None:
    """Print ``document`` as JSON that people can read too."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def next_step(*commands: str) -> None:
    """Print what is usually done next."""
    typer.echo(f"下一步：{'，或'.join(commands)}")


def refuse_parquet_on_screen(format: FileFormat, output: Path | None) -> None:
    """Raise XizeError where Parquet is asked for without a file."""
    if format == "parquet" and output is None:
        raise XizeError("parquet格式须写入文件：请用-o给出文件名。")


def write_out(data: bytes, output: Path | None) -> bool:
    """Write ``data`` to ``output``, or to stdout where that is None; whether a file was written. Raises XizeError."""
    if output is None:
        sys.stdout.buffer.write(data)
        return False
    with writing(output):
        output.write_bytes(data)
    return True


def apart_from_data(target: Path | None) -> Path | None:
    """The path that an option names to be written. Raises XizeError where releases or a steward's own files lie there."""
    for folder in [] if target is None else [target.absolute(), *target.absolute().parents][:4]:
        if any((folder / name).is_file() for name in ("latest.json", "source.yaml")):
            raise XizeError(f"{target}在数据的文件夹{folder}之内，不能写入：请写到别处。")
    return target


def who(by: str | None) -> str:
    """Who decides: ``by``, else the login name. Raises XizeError where the user has none."""
    name = by or login_name()
    if not name:
        raise XizeError("不知道是谁在操作：请用--by署名。")
    return name


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn a failure to write ``target`` into one sentence."""
    try:
        yield
    except OSError as error:
        raise XizeError(f"无法写入{target}（{error.strerror}）：请检查路径与权限。") from error


def day(text: str | None, option: str) -> datetime.date | None:
    """The day that an option names, YYYY-MM-DD. Raises XizeError."""
    try:
        return None if text is None else datetime.date.fromisoformat(text.strip())
    except ValueError:
        raise XizeError(f"{option}“{text}”不是日期：请写成年-月-日，如2026-03-01。") from None


def text_table(columns: Sequence[str], rows: Iterable[Iterable[object]], **options: Any) -> Table:
    """A table for a console whose cells are plain text: brackets in them are no mark-up."""
    table = Table(*columns, **options)
    for row in rows:
        table.add_row(
            *(one if isinstance(one, Text) else Text("" if one is None else str(one)) for one in row)
        )
    return table
