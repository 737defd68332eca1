"""``xize browse``: the page that every release carries, in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.shared import Curated, next_step, write_out
from pipeline.errors import XizeError

if TYPE_CHECKING:
    from pipeline.releases.catalogue import Release
    from pipeline.releases.storage import Store

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
            "--output", "-o", help="Write the page to this file instead, also of a release that has none."
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
    ] = True,
    curated: Curated = None,
) -> None:
    """Search and filter every table of a release in the browser: one file, without a server."""
    import webbrowser

    from pipeline.releases.catalogue import curated_url, find_release, parse_pin, read_file
    from pipeline.releases.storage import LocalStore, open_store

    store = open_store(curated_url(ctx.obj.home, curated))
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


def _latest(store: Store) -> Release:
    """The current release of the latest edition. Raises XizeError when there is none."""
    from pipeline.editions.names import validate_name
    from pipeline.releases.catalogue import editions_in, find_release, latest_name

    names = [name for name in editions_in(store) if latest_name(store, name)]
    if not names:
        raise XizeError(f"{store.url}中还没有任何发布：请先运行“xize run 版本名”，或更正--home。")
    return find_release(store, max(names, key=lambda name: validate_name(name)[::-1]))


def _made(store: Store, release: Release) -> bytes:
    """The page of a release of before there were such pages: without pictures of the original."""
    from pipeline.export.browse import browse_page
    from pipeline.export.sheets import read_package
    from pipeline.releases.catalogue import load_release

    tables = load_release(store.url, release.edition, release.release)
    return browse_page(release.manifest, read_package(store, release), tables)
