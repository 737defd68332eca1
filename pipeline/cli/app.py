"""The command line: ``xize``. Heavy libraries are imported inside the commands, so that help comes at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline import __version__
from pipeline.cli import chinese, diff, export, findings, query, release, review, run, tables
from pipeline.editions.edition import resolve_home
from pipeline.errors import XizeError
from pipeline.releases.catalogue import curated_url
from pipeline.releases.storage import Store, open_store
from pipeline.tasks import collect_seldom

if TYPE_CHECKING:
    from pipeline.query.catalogue import Catalog

__all__ = ["Context", "app", "main"]

app = typer.Typer(
    name="xize",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="From a rulebook PDF to versioned Parquet: read, tidy, validate, publish, query.",
)
_COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    "Steward: from a file to a release": (
        release.add, run.run, findings.findings, findings.accept, findings.correct, findings.carry, release.approve,
    ),
    "Analyst: use what is published": (
        export.browse, query.sql, query.check, export.export, query.history, tables.tables,
    ),
    "Reviewer: compare with the document and between editions": (
        review.review, diff.diff, diff.compare, diff.coverage,
    ),
    "Operator: keep it running": (
        release.releases, release.verify, release.rollback, release.prune, export.publish_site, review.api, run.serve,
    ),
}  # fmt: skip
"""Every command, by who uses it most: the panels of ``--help``."""
for panel, commands in _COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)


@dataclass(frozen=True)
class Context:
    """Global options: ``named`` is the folder that --home names."""

    named: str | None

    @cached_property
    def home(self) -> Path:
        """The folder that holds raw/, staged/ and curated/. Raises XizeError when it does not exist: only for the
        commands that ask for it."""
        return resolve_home(self.named)

    def store(self, curated: str | None) -> Store:
        """Where the releases lie: what --curated names, else curated/ in the home. Raises XizeError."""
        return open_store(curated_url(self.home, curated))

    def catalog(self, curated: str | None, pins: Sequence[str] = ()) -> Catalog:
        """The releases there, to be asked by SQL; ``pins``: those to show of their editions. Raises XizeError."""
        from pipeline.query.catalogue import Catalog  # a third of a second, for help too

        return Catalog(curated, home=self.home, pins=pins)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"xize {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    ctx: typer.Context,
    home: Annotated[
        str | None,
        typer.Option(help="Folder of raw/, staged/ and curated/ (default: $XIZE_HOME or the project)."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options that come before the command."""
    ctx.obj = Context(home)


def main() -> None:
    """Entry point: a failure that the user can mend is one sentence on stderr and a non-zero exit code."""
    collect_seldom()
    # Whoever closes them wants nothing said; libraries expect something to write to.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    _check_encoding(sys.argv[1:])
    command = typer.main.get_command(app)
    if chinese.is_wanted():
        chinese.translate(command)
    try:
        command()
    except XizeError as error:
        _fail(str(error), error.exit_code)
    except UnicodeEncodeError as error:
        shown = ascii(error.object[error.start : error.end][:5])[1:-1]
        _fail(f"终端的编码{error.encoding}写不出“{shown}”：请设置PYTHONIOENCODING=utf-8，或用-o写入文件。", 2)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        # Wherever a disk is full or a folder may not be used: no step leaves anything half published behind.
        place = f"“{error.filename}”" if error.filename else "文件"
        reason = error.strerror or str(error)
        _fail(f"无法读写{place}（{reason}）：请检查网络、磁盘空间与权限；已发布的数据没有变动。", 2)


def _check_encoding(words: Sequence[str]) -> None:
    """End with one sentence where an argument is of another encoding than the system's: it would be looked for in vain."""
    for number, word in enumerate(words, 1):
        if any("\ud800" <= char <= "\udfff" for char in word):
            shown = word.encode("utf-8", "replace").decode()
            encoding = sys.getfilesystemencoding()
            _fail(
                f"第{number}个参数“{shown}”不是{encoding}编码：请把终端设为{encoding}；如是文件名，请先改名。",
                2,
            )


def _fail(sentence: str, code: int) -> None:
    typer.echo(sentence, err=True)
    sys.exit(code)
