"""Commands that serve pages and answers: ``review`` and ``api``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.shared import By, Curated, EditionName, Password, apart_from_data, next_step, progress, who
from pipeline.errors import XizeError
from pipeline.job import Options
from pipeline.output.web import address_of, host_names, is_loopback, listen, serve_app
from pipeline.releases.catalogue import curated_url

if TYPE_CHECKING:
    from pipeline.review.session import Session

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes one that is free.")]


def review(
    ctx: typer.Context,
    edition: EditionName,
    port: Port = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    by: By = None,
    release: Annotated[str | None, typer.Option(help="Show this release (default: the last run).")] = None,
    static: Annotated[
        Path | None,
        typer.Option(
            callback=apart_from_data, metavar="OUT", help="Write a read-only site to this folder instead."
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; another than loopback needs --allow-remote.")
    ] = "127.0.0.1",
    remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let other machines reach the page (not encrypted).")
    ] = False,
    allow_incomplete: Annotated[
        bool,
        typer.Option(
            "--allow-incomplete",
            help="Runs started from the page publish although sections of the table of contents are missing.",
        ),
    ] = False,
    curated: Curated = None,
    password: Password = "",
) -> None:
    """Work through an edition's findings in the browser, the page pictures beside the rows."""
    from pipeline.review.app import serve
    from pipeline.review.session import Session

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
    from pipeline.review.static import write_site

    try:
        with progress("写出页面") as shown:
            index = write_site(session, target, lambda done, total: shown(completed=done, total=total))
    finally:
        session.close()
    typer.echo(f"只读的审阅页已写好，用浏览器打开即可：{index}")


def api(
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option(help="Address to listen on; another than loopback needs --token.")
    ] = "127.0.0.1",
    port: Port = 8088,
    token: Annotated[
        str | None,
        typer.Option(envvar="XIZE_API_TOKEN", help="What clients must send as Authorization: Bearer TOKEN."),
    ] = None,
    curated: Curated = None,
) -> None:
    """Answer over HTTP what is published: /check, /history, /entries, /coverage, /editions; read-only, nothing is kept.

    New releases are served without a restart. /reconcile is a Reconciliation Service, for OpenRefine. The description for
    programs is /openapi.json.
    """
    from pipeline.api.app import create_app
    from pipeline.api.served import Served

    local = is_loopback(host)
    if not local and not token:
        raise XizeError(
            f"--host {host}会让其他机器访问数据：请同时用--token（或环境变量XIZE_API_TOKEN）设一个口令。"
        )
    if token is not None and len(token) < 16:
        raise XizeError(
            "口令过短：请至少用16个字符，例如由“python -c 'import secrets; print(secrets.token_urlsafe())'”得来。"
        )
    served = Served(curated_url(ctx.obj.home, curated))
    bound = listen(host, port)
    # Elsewhere a proxy or a container's port may give the machine other names; the token keeps strangers out there.
    hosts = host_names(host, bound.getsockname()[1]) if local else None
    app = create_app(served, hosts, token)
    if not local:
        typer.echo(f"注意：本服务在{host}上对网络开放，传输未加密：请放在加密的反向代理之后。", err=True)
    serve_app(
        app,
        bound,
        lambda: typer.echo(f"接口已打开（按Ctrl-C结束）：{address_of(host, bound)}，说明见/openapi.json"),
    )
