"""Prefect's settings for this project: offline, no account, no telemetry, few log lines. Imports no Prefect."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from flows import server

# A profile of the user's own may point to a hosted service; ours never does. What the user sets in the
# environment (PREFECT_API_URL of a server in the house, a log level) always wins.
_SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # A busy machine needs longer than Prefect's 20 s to start its temporary server.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    # A server of our own answers once it has started (flows.server); requests wait for that.
    "PREFECT_API_REQUEST_TIMEOUT": "180",
    # The temporary server says nothing of its own: its services' shutdown would end in pages of tracebacks.
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    # Nothing that runs once needs schedules, notifications or clean-ups; they only slow the server's start.
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    # The type checks of a library that the server keeps leases with are compiled anew at each start.
    "PY_KEY_VALUE_DISABLE_BEARTYPE": "true",
    # Nobody reads the log of a run that shows its progress and ends in one sentence.
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    # Failures reach the user as one sentence from the command line, not as Prefect's traceback.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
}
_SERVING = {
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "true",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "true",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED": "true",
    "PREFECT_LOGGING_TO_API_ENABLED": "true",
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "ERROR",
}


def ensure(home: Path) -> None:
    """:func:`prepare` and a server for this process, unless Prefect is at work in it already."""
    if "prefect" not in sys.modules:
        prepare(home)
        server.start_for_this_process()


def prepare(home: Path, *, serving: bool = False) -> Path:
    """Set the environment for Prefect and return its folder (<home>/staged/.prefect, or a temporary one).

    ``serving``: for a long-lived server, which needs its scheduler and logs. Raises RuntimeError when Prefect has
    already been imported: its settings are then fixed.
    """
    if "prefect" in sys.modules:
        raise RuntimeError("prepare() comes before the first import of prefect")
    folder = home / "staged" / ".prefect"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a folder that cannot be written must not keep a run from saying so itself
        folder = Path(tempfile.mkdtemp(prefix="xize-prefect-"))
    settings = _SETTINGS | {"PREFECT_HOME": str(folder)} | (_SERVING if serving else {})
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    return folder
