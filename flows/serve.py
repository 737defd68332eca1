"""``xize serve``: deployments that a steward can start and schedule, on a Prefect server of this machine."""

from __future__ import annotations

import _thread
import os
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flows.server import Server, explained, prepare, server_for
from pipeline import system
from pipeline.editions.edition import editions, load_edition
from pipeline.errors import XizeError

if TYPE_CHECKING:
    from prefect.schedules import Schedule


def serve(
    home: Path,
    edition: str | None = None,
    *,
    cron: str | None = None,
    timezone: str = "Asia/Shanghai",
    port: int = 4200,
) -> None:
    """Serve the deployments until interrupted or ended: ``publish_edition`` for every edition, and ``rebuild_all``.

    ``edition``: serve and schedule only this one. ``cron``: when ``rebuild_all`` (or that edition) starts by itself (five
    fields, in ``timezone``). A server is started on this machine (its address is printed at once) unless PREFECT_API_URL
    names one. Raises XizeError for a bad schedule, a port in use, or a server that does not answer.
    """
    if edition is not None:
        load_edition(home, edition)  # or say at once what is wrong
    folder = prepare(home, serving=True)
    # Being ended is the usual end of a server, before Prefect's own handlers stand as well as after.
    with system.sigterm_exits(0), ExitStack() as stack:
        server = server_for(folder, port)
        if server is not None:
            stack.callback(server.stop)
        print(f"{os.environ['PREFECT_API_URL'].removesuffix('/api')}（按Ctrl-C结束）", flush=True)
        from prefect import serve as prefect_serve

        deployments = _deployments(home, edition, None if cron is None else schedule_of(cron, timezone))
        if server is not None:
            server.wait()
            over = threading.Event()
            stack.callback(over.set)
            threading.Thread(target=_interrupt_without, args=(server, over), daemon=True).start()
        with explained(server):
            prefect_serve(*deployments, print_starting_message=False, limit=1)
        if server is not None and server.ended:  # Prefect ends quietly when it is interrupted
            raise server.failure()


def _interrupt_without(server: Server, over: threading.Event) -> None:
    """Interrupt the main thread when the server ends before it is ``over``: Prefect would ask for it for ever."""
    server.process.wait()
    if not over.is_set():
        _thread.interrupt_main()


def _deployments(home: Path, edition: str | None, schedule: Schedule | None) -> list[Any]:
    """The one edition, scheduled; or every edition, and all of them together, which is scheduled."""
    from flows.editions import publish_edition, rebuild_all

    place, own, tags = {"home": str(home)}, schedule if edition else None, ["xize"]
    found = [
        publish_edition.to_deployment(name, parameters={"edition": name, **place}, schedule=own, tags=tags)
        for name in ([edition] if edition else editions(home))
    ]
    everything = rebuild_all.to_deployment("all", parameters=place, schedule=schedule, tags=tags)
    return found if edition else [*found, everything]


def schedule_of(cron: str, timezone: str) -> Schedule:
    """The schedule; XizeError for one that means nothing."""
    from prefect.schedules import Cron

    try:
        ZoneInfo(timezone)
        return Cron(cron, timezone=timezone)
    except (ValueError, ZoneInfoNotFoundError):
        raise XizeError(
            f"定时“{cron}”（时区{timezone}）不合法：请写五段，如“0 3 * * 1”（每周一3时），时区如Asia/Shanghai。"
        ) from None
