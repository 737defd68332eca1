"""Prefect's settings for this project: offline, no account, no telemetry, a quiet terminal. Imports no Prefect."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# What the user sets in the environment (PREFECT_API_URL of a server in the house, a log level) always wins.
_SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # The log of a run is read in Prefect's pages; failures reach the terminal as one sentence of the command line.
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
}
# A server for a single run needs no pages, schedules, notifications or clean-ups: they only slow its start.
_SINGLE_RUN = {
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    # Else it imports every integration that is installed to compare their blocks.
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
} | {
    f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false"
    for name in (
        "SCHEDULER", "LATE_RUNS", "FOREMAN", "CANCELLATION_CLEANUP", "PAUSE_EXPIRATIONS", "TRIGGERS", "EVENT_PERSISTER",
    )
}  # fmt: skip
_SERVING = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO"}


def prepare(home: Path, *, serving: bool = False) -> Path:
    """Set the environment for Prefect, not imported yet; give its folder (<home>/staged/.prefect, or a temporary one).

    ``serving``: for a server that stays, with its pages and its scheduler.
    """
    folder = home / "staged" / ".prefect"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a folder that cannot be written must not keep a run from saying so itself
        folder = Path(tempfile.gettempdir()) / "xize-prefect"
        folder.mkdir(exist_ok=True)
    settings = {**_SETTINGS, **(_SERVING if serving else _SINGLE_RUN), "PREFECT_HOME": str(folder)}
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    return Path(os.environ["PREFECT_HOME"])
