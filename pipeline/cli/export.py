"""The command ``export``: curated data for offices."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.shared import Curated, EditionName, Release
from pipeline.errors import XizeError

if TYPE_CHECKING:
    from pipeline.export import Book
    from pipeline.releases.storage import Store


def export(
    ctx: typer.Context,
    edition: EditionName,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="Write one Excel workbook here.")] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="DIR", help="Write one CSV file per table here.")
    ] = None,
    sqlite: Annotated[Path | None, typer.Option("--sqlite", help="Write one SQLite file here.")] = None,
    metadata: Annotated[
        Path | None,
        typer.Option(
            "--metadata", metavar="DIR", help="Write croissant.json, dcat.jsonld and CITATION.cff here."
        ),
    ] = None,
    release: Release = None,
    tables: Annotated[
        str | None,
        typer.Option("--tables", help="Only these tables, e.g. entries,classes (default: all but cells)."),
    ] = None,
    curated: Curated = None,
) -> None:
    """Write a release for an office: Excel (--xlsx) or CSV (--csv), with Chinese headers and a cover; or as SQLite.

    The code names of the columns stand in Excel's second row, and in columns.csv beside the CSV files.
    """
    from pipeline.export import load, write_csv, write_sqlite, write_xlsx
    from pipeline.releases.catalogue import curated_url
    from pipeline.releases.storage import open_store

    if xlsx is None and csv is None and sqlite is None and metadata is None:
        raise XizeError("没有说明写到哪里：请用--xlsx或--sqlite给出文件，或用--csv或--metadata给出文件夹。")
    if xlsx is not None and xlsx.suffix.lower() != ".xlsx":
        raise XizeError(f"“{xlsx}”不是.xlsx文件：请把--xlsx的文件名改为以.xlsx结尾。")
    wanted = [name.strip() for name in (tables or "").replace("，", ",").split(",") if name.strip()]
    store = open_store(curated_url(ctx.obj.home, curated))
    book = load(store, edition, release, wanted)
    rows = sum(len(sheet.rows) for sheet in book.sheets)
    said = f"{book.edition}@{book.release}：{len(book.sheets)}张表，共{rows}行"
    if xlsx is not None:
        write_xlsx(book, xlsx)
        typer.echo(f"已写入{xlsx}（{said}）。")
    if sqlite is not None:
        write_sqlite(store, book, sqlite)
        typer.echo(f"已写入{sqlite}（{said}，另有columns与about）。")
    if metadata is not None:
        _write_metadata(store, book, metadata)
    if csv is not None:
        written = write_csv(book, csv)
        others = sorted({path.name for path in csv.glob("*.csv")} - {path.name for path in written})
        typer.echo(f"已写入文件夹{csv}（{said}，另有columns.csv与about.csv）。")
        if others:
            typer.echo(f"注意：该文件夹中的{'、'.join(others)}不属于本次导出。", err=True)


def _write_metadata(store: Store, book: Book, folder: Path) -> None:
    """The release for other catalogues; the addresses of its files are where it lies now."""
    from pipeline.editions.files import save_file
    from pipeline.export.metadata import metadata_files
    from pipeline.export.sheets import read_package
    from pipeline.releases.catalogue import find_release
    from pipeline.releases.storage import LocalStore

    found = find_release(store, book.edition, book.release)
    local = isinstance(store, LocalStore)
    base = Path(os.path.relpath(found.folder, folder)).as_posix() if local else found.folder
    package = read_package(store, found)
    for name, data in metadata_files(found, package, f"{base}/").items():
        save_file(folder / name, data)
    typer.echo(
        f"已写入文件夹{folder}（{book.edition}@{book.release}的croissant.json、dcat.jsonld与CITATION.cff）。"
    )
