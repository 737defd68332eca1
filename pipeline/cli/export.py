"""Commands that give away what is published: ``export``, ``browse`` and ``publish-site``."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.shared import Curated, EditionName, Release, apart_from_data, next_step, write_out
from pipeline.editions.files import save_file
from pipeline.editions.names import validate_name
from pipeline.errors import XizeError
from pipeline.releases.catalogue import (
    editions_in,
    find_release,
    latest_name,
    load_release,
    parse_pin,
    read_file,
)
from pipeline.releases.storage import LocalStore

if TYPE_CHECKING:
    from pipeline.export import Book
    from pipeline.releases import catalogue
    from pipeline.releases.storage import Store


def export(
    ctx: typer.Context,
    edition: EditionName,
    xlsx: Annotated[
        Path | None, typer.Option(callback=apart_from_data, help="Write one Excel workbook here.")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(callback=apart_from_data, metavar="DIR", help="Write one CSV file per table here."),
    ] = None,
    sqlite: Annotated[
        Path | None, typer.Option(callback=apart_from_data, help="Write one SQLite file here.")
    ] = None,
    metadata: Annotated[
        Path | None,
        typer.Option(
            callback=apart_from_data,
            metavar="DIR",
            help="Write croissant.json, dcat.jsonld and CITATION.cff here.",
        ),
    ] = None,
    release: Release = None,
    tables: Annotated[
        str | None, typer.Option(help="Only these tables, e.g. entries,classes (default: all but cells).")
    ] = None,
    curated: Curated = None,
) -> None:
    """Write a release for an office: Excel (--xlsx) or CSV (--csv), with Chinese headers and a cover; or as SQLite.

    The code names of the columns stand in Excel's second row, and in columns.csv beside the CSV files.
    """
    from pipeline.export import load, write_csv, write_sqlite, write_xlsx

    if xlsx is None and csv is None and sqlite is None and metadata is None:
        raise XizeError("没有说明写到哪里：请用--xlsx或--sqlite给出文件，或用--csv或--metadata给出文件夹。")
    if xlsx is not None and xlsx.suffix.lower() != ".xlsx":
        raise XizeError(f"“{xlsx}”不是.xlsx文件：请把--xlsx的文件名改为以.xlsx结尾。")
    wanted = [name.strip() for name in (tables or "").replace("，", ",").split(",") if name.strip()]
    store = ctx.obj.store(curated)
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
    from pipeline.export.metadata import metadata_files
    from pipeline.export.sheets import read_package

    found = find_release(store, book.edition, book.release)
    local = isinstance(store, LocalStore)
    base = Path(os.path.relpath(found.folder, folder)).as_posix() if local else found.folder
    package = read_package(store, found)
    for name, data in metadata_files(found, package, f"{base}/").items():
        save_file(folder / name, data)
    typer.echo(
        f"已写入文件夹{folder}（{book.edition}@{book.release}的croissant.json、dcat.jsonld与CITATION.cff）。"
    )


_PAGE = "browse.html"


def browse(
    ctx: typer.Context,
    edition: Annotated[
        str | None,
        typer.Argument(
            metavar="[EDITION[@RELEASE]]",
            help="e.g. shanghai-2025@r001 (default: the latest edition's current release).",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            callback=apart_from_data,
            help="Write the page to this file instead, also of a release that has none.",
        ),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    curated: Curated = None,
) -> None:
    """Search and filter every table of a release in the browser: one file, without a server."""
    store = ctx.obj.store(curated)
    release = find_release(store, *parse_pin(edition)) if edition else _latest(store)
    has_page = _PAGE in release.manifest["files"]
    if output is not None:
        write_out(read_file(store, release, _PAGE) if has_page else _made(store, release), output)
        typer.echo(f"已写入{output}（{release.edition}@{release.release}）。")
        return
    if not has_page or not isinstance(store, LocalStore):
        raise XizeError(
            f"{release.edition}@{release.release}没有可直接打开的浏览页：请用-o写出一个，再用浏览器打开。"
        )
    read_file(store, release, _PAGE)  # what is opened is what was published
    path = Path(release.folder) / _PAGE
    typer.echo(f"浏览页：{path}")
    if browser and not webbrowser.open(path.as_uri()):
        next_step(f"用浏览器打开{path}")


def _latest(store: Store) -> catalogue.Release:
    """The current release of the latest edition. Raises XizeError when there is none."""
    names = [name for name in editions_in(store) if latest_name(store, name)]
    if not names:
        raise XizeError(f"{store.url}中还没有任何发布：请先运行“xize run 版本名”，或更正--home。")
    return find_release(store, max(names, key=lambda name: validate_name(name)[::-1]))


def _made(store: Store, release: catalogue.Release) -> bytes:
    """The page of a release of before there were such pages: without pictures of the original."""
    from pipeline.export.browse import browse_page
    from pipeline.export.sheets import read_package

    tables = load_release(store.url, release.edition, release.release)
    return browse_page(release.manifest, read_package(store, release), tables)


def publish_site(
    ctx: typer.Context,
    target: Annotated[
        Path,
        typer.Argument(
            callback=apart_from_data,
            metavar="DIR",
            help="Folder to write: new, empty, or written by this command before.",
        ),
    ],
    base_url: Annotated[
        str, typer.Option(help="Address at which the folder will stand, for the feed and the catalogue.")
    ] = "",
    curated: Curated = None,
) -> None:
    """Write every release as a static tree: start page, browse pages, index.json, Atom feed, DCAT, Croissant, citation."""
    from pipeline.export.site import write_site

    count = write_site(ctx.obj.store(curated), target, base_url)
    typer.echo(f"已写入{target}（{count}个发布）：可由任何网页服务器提供，首页为{target / 'index.html'}。")
