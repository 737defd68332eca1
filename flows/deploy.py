"""A deployment that a steward can start and schedule: a local server, and a process that does what it asks."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flows.server import FAILED, Server, start
from pipeline.editions.edition import editions, load_edition
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
    with nullcontext() if os.environ.get("PREFECT_API_URL") else _server(port) as server:
        schedule = None if cron is None else _schedule(cron, timezone)
        if server is not None:
            _wait(server)
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


@contextmanager
def _server(port: int) -> Iterator[Server]:
    """A Prefect server on this machine for the time being, not ready yet."""
    server = start(port, lasting=True)
    server.address_this_process()
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    over = threading.Event()
    threading.Thread(target=_interrupt_without, args=(server, over), daemon=True).start()
    try:
        yield server
    except (Exception, KeyboardInterrupt) as error:
        if server.ended:
            raise XizeError(FAILED) from error
        raise
    else:  # Prefect ends quietly when it is interrupted
        if server.ended:
            raise XizeError(FAILED)
    finally:
        over.set()
        signal.signal(signal.SIGTERM, before)
        server.stop()


def _interrupt_without(server: Server, over: threading.Event) -> None:
    """Interrupt the main thread when the server ends before it is ``over``: Prefect would ask for it for ever."""
    server.process.wait()
    if not over.is_set():
        os.kill(os.getpid(), signal.SIGINT)


def _wait(server: Server) -> None:
    """Until the server answers; XizeError when it ends or takes too long."""
    until = time.monotonic() + _STARTUP_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy
    while time.monotonic() < until and not server.ended:
        try:
            with opener.open(f"{server.api}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise XizeError(FAILED)
