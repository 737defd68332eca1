"""Prefect for tests: set up as the command line does, with a server of our own in a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows import server
from flows.environment import prepare
from flows.reporting import reporting


@contextmanager
def prefect_in(folder: Path) -> Iterator[server.Server]:
    """Flows run in this context report to a server whose database lies in ``folder``."""
    if "prefect" not in sys.modules:
        prepare(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(folder))
        patch.delenv("PREFECT_API_URL", raising=False)
        started = server.start()
        try:
            from prefect.settings import PREFECT_API_URL, PREFECT_LOCAL_STORAGE_PATH, temporary_settings

            place = folder / "storage"
            settings = {PREFECT_API_URL: started.api, PREFECT_LOCAL_STORAGE_PATH: place}
            with temporary_settings(settings), reporting():
                yield started
        finally:
            started.stop()
