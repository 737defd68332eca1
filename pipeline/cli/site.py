"""``xize publish-site``: what is published as files for a web server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.shared import Curated


def publish_site(
    ctx: typer.Context,
    target: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder to write: new, empty, or written by this command before."),
    ],
    base_url: Annotated[
        str,
        typer.Option(
            "--base-url", help="Address at which the folder will stand, for the feed and the catalogue."
        ),
    ] = "",
    curated: Curated = None,
) -> None:
    """Write every release as a static tree: start page, browse pages, index.json, Atom feed, DCAT, Croissant, citation."""
    from pipeline.export.site import write_site
    from pipeline.releases.catalogue import curated_url
    from pipeline.releases.storage import open_store

    count = write_site(open_store(curated_url(ctx.obj.home, curated)), target, base_url)
    typer.echo(f"已写入{target}（{count}个发布）：可由任何网页服务器提供，首页为{target / 'index.html'}。")
