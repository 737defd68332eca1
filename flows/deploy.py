"""A deployment that a steward can start and schedule: a local server, and a process that does what it asks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.edition import editions, load_edition
from pipeline.errors import XizeError

if TYPE_CHECKING:
    from prefect.schedules import Schedule

_STARTUP_SECONDS = 180.0


def serve(
    home: Path,
    edition: str | None = None,
    *,
    cron: str | None = None,
    timezone: str = "Asia/Shanghai",
    port: int = 4200,
) -> None:
    """Serve the deployments until interrupted: ``publish_edition`` for every edition, and ``rebuild_all``.

    ``edition``: serve and schedule only this one. ``cron``: when ``rebuild_all`` (or that edition) starts by
    itself (five fields, in ``timezone``). A server is started on this machine (its pages:
    http://127.0.0.1:<port>) unless PREFECT_API_URL names one. Raises XizeError for a bad schedule or a port in
    use.
    """
    from flows.environment import prepare

    prepare(home, serving=True)
    own = not os.environ.get("PREFECT_API_URL")
    if own:  # said before Prefect is loaded and reads its settings
        _refuse_taken(port)
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    schedule = None if cron is None else _schedule(cron, timezone)
    with _server(port) if own else nullcontext():
        from prefect import serve as prefect_serve

        from flows.editions import publish_edition, rebuild_all

        names = editions(home) if edition is None else (load_edition(home, edition).name,)
        alone = schedule if edition is not None else None
        deployments: list[Any] = [
            publish_edition.to_deployment(
                name, parameters={"edition": name, "home": str(home)}, schedule=alone, tags=["xize"]
            )
            for name in names
        ]
        if edition is None:
            every = rebuild_all.to_deployment(
                "all", parameters={"home": str(home)}, schedule=schedule, tags=["xize"]
            )
            deployments.append(every)
        prefect_serve(*deployments, print_starting_message=False, limit=1)


def _schedule(cron: str, timezone: str) -> Schedule:
    """The schedule; XizeError for one that means nothing."""
    from prefect.schedules import Cron

    try:
        ZoneInfo(timezone)
        return Cron(cron, timezone=timezone)
    except (ValueError, ZoneInfoNotFoundError):
        raise XizeError(
            f"定时“{cron}”（时区{timezone}）不合法：请写五段，如“0 3 * * 1”（每周一3时），时区如Asia/Shanghai。"
        ) from None


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise XizeError(f"端口{port}已被占用：请用--port另选一个，或停止占用它的程序。") from None


@contextmanager
def _server(port: int) -> Iterator[None]:
    """A Prefect server on this machine for the time being."""
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    # In a session of its own: Ctrl-C must end the serving process first, which then ends the server.
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        _wait(process, f"http://127.0.0.1:{port}/api/health")
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    """Until the server answers; XizeError when it ends or takes too long."""
    until = time.monotonic() + _STARTUP_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy
    while time.monotonic() < until and process.poll() is None:
        try:
            with opener.open(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise XizeError("Prefect服务器没有启动：请改用“xize run --no-prefect”，或检查磁盘空间与权限。")
