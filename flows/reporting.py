"""How flows of this process tell Prefect's server of their tasks. Comes after flows.environment.prepare.

Prefect sends what tasks do as events, from one worker thread a process that keeps its first server's address for good
and tries every event again for seven seconds when that server has gone. Here it is bound to the server in use, gives up
at once (what was not delivered is sent again when the server is back), and is emptied when a flow has ended.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

# Connections tried anew without a pause; Prefect waits a second before each that is beyond the third.
_RECONNECTIONS = 2
# How long events under way may take to be delivered when a flow has ended.
_SETTLE_SECONDS = 10.0


_address: str | None = None


def report_to(api: str | None) -> None:
    """From now on events of this process go to the server at ``api`` (None: where Prefect itself sends them)."""
    global _address
    _address = api
    from prefect.events.clients import PrefectEventsClient
    from prefect.events.worker import EventsWorker

    if api is None:
        EventsWorker.set_client_override(None)
    else:
        EventsWorker.set_client_override(
            PrefectEventsClient, api_url=api, reconnection_attempts=_RECONNECTIONS
        )


def settle() -> None:
    """Wait until what was to be told has been told, or cannot be; comes before the server is stopped."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (EventsWorker, APILogWorker):
        # It warns of what it has still to send, which is why it is waited for; its logger is none of Prefect's own.
        logging.getLogger(worker.__name__).setLevel(logging.ERROR)
        worker.drain_all(timeout=_SETTLE_SECONDS)


@contextmanager
def reporting() -> Iterator[None]:
    """Flows in this context report to the server of the settings in force; at its end all is delivered or given up.

    Without heartbeats: they serve to find flows that have died, which whoever waits for a run sees by itself, and the
    thread that sends them ends up to a second after its flow.
    """
    from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    before = _address
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        report_to(PREFECT_API_URL.value())
        try:
            yield
        finally:
            settle()
            report_to(before)
