"""``xize api``: the published releases over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.shared import Curated
from pipeline.errors import XizeError


def api(
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; another than loopback needs --token.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes one that is free.")
    ] = 8088,
    token: Annotated[
        str | None,
        typer.Option(
            "--token", envvar="XIZE_API_TOKEN", help="What clients must send as Authorization: Bearer TOKEN."
        ),
    ] = None,
    curated: Curated = None,
) -> None:
    """Answer over HTTP what is published: /check, /history, /entries, /coverage, /editions; read-only, nothing is kept.

    New releases are served without a restart. /reconcile is a Reconciliation Service, for OpenRefine. The description for
    programs is /openapi.json.
    """
    from pipeline.api.app import create_app
    from pipeline.api.served import Served
    from pipeline.releases.catalogue import curated_url
    from pipeline.web import address_of, host_names, is_loopback, listen, serve_app

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
