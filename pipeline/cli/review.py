"""``xize review``: the steward's page beside the page pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.shared import By, Curated, EditionName, Password, next_step, who
from pipeline.errors import XizeError

if TYPE_CHECKING:
    from pipeline.review.session import Session

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes one that is free.")]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")]
Shown = Annotated[str | None, typer.Option("--release", help="Show this release (default: the last run).")]
Static = Annotated[
    Path | None,
    typer.Option("--static", metavar="OUT", help="Write a read-only site to this folder instead."),
]
Host = Annotated[
    str,
    typer.Option("--host", help="Address to listen on; another than loopback needs --allow-remote."),
]
Remote = Annotated[
    bool, typer.Option("--allow-remote", help="Let other machines reach the page (not encrypted).")
]
Incomplete = Annotated[
    bool,
    typer.Option(
        "--allow-incomplete",
        help="Runs started from the page publish although sections of the table of contents are missing.",
    ),
]


def review(
    ctx: typer.Context,
    edition: EditionName,
    port: Port = 0,
    browser: Browser = True,
    by: By = None,
    release: Shown = None,
    static: Static = None,
    host: Host = "127.0.0.1",
    remote: Remote = False,
    allow_incomplete: Incomplete = False,
    curated: Curated = None,
    password: Password = "",
) -> None:
    """Work through an edition's findings in the browser, the page pictures beside the rows."""
    from pipeline.job import Options
    from pipeline.review.serve import serve
    from pipeline.review.session import Session
    from pipeline.web import is_loopback

    if static is None and not is_loopback(host):
        if not remote:
            raise XizeError(f"--host {host}会让其他机器访问本页：确要如此请加--allow-remote。")
        if host in ("0.0.0.0", "::"):
            raise XizeError(f"--host请写明本机的一个地址，而不是{host}：请求的主机名要与它相符。")
        typer.echo(f"注意：本页在{host}上对网络开放，传输未加密，请只在可信的网络中使用。", err=True)
    options = Options(
        ctx.obj.home, edition, password=password, curated=curated, allow_incomplete=allow_incomplete
    )
    session = Session(options, who(by), release)
    if static is None:
        serve(session, host, port, browser, typer.echo)
        next_step(f"xize run {edition}", f"xize findings {edition}")
    else:
        _write_site(session, static)


def _write_site(session: Session, target: Path) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from pipeline.review.static import write_site

    console = Console(stderr=True)
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("写出页面", total=None)
            index = write_site(
                session, target, lambda done, total: bar.update(task, completed=done, total=total)
            )
    finally:
        session.close()
    typer.echo(f"只读的审阅页已写好，用浏览器打开即可：{index}")
