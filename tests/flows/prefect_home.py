"""Prefect for tests: an API with a database of its own, what it says of runs, and a file that comes anew."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pikepdf

from flows.server import prepare
from pipeline.editions.edition import load_edition
from pipeline.editions.files import file_sha256


@contextmanager
def prefect_in(folder: Path) -> Iterator[None]:
    """Flows run in this context report to a server of Prefect's own test harness."""
    before = dict(os.environ)
    prepare(folder)
    try:
        from prefect.testing.utilities import prefect_test_harness
    finally:  # Prefect has read its settings; commands that tests start set themselves up
        os.environ.clear()
        os.environ.update(before)
    with prefect_test_harness(server_startup_timeout=180):
        yield


def ask(path: str, body: dict[str, Any]) -> Any:
    """The server's own answer to a question."""
    import httpx
    from prefect.settings import PREFECT_API_URL

    answer = httpx.post(f"{PREFECT_API_URL.value()}/{path}", json=body, trust_env=False)
    answer.raise_for_status()
    return answer.json()


def tasks_of(flow_run: dict[str, Any], count: int) -> dict[str, dict[str, Any]]:
    """The task runs of a flow run by name without Prefect's suffix, once ``count`` of them have ended."""
    until = time.monotonic() + 120
    asked = {"flow_runs": {"id": {"any_": [flow_run["id"]]}}, "limit": 200}
    while True:
        runs = [
            run
            for run in ask("task_runs/filter", asked)
            if run["state_type"] in ("COMPLETED", "FAILED", "CRASHED")
        ]
        if len(runs) >= count or time.monotonic() > until:
            return {re.sub("-[0-9a-f]{3}$", "", run["name"]): run for run in runs}
        time.sleep(0.2)


def command(home: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """``xize`` in a process of its own, without the Prefect settings of this one but ``variables``."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "--home", str(home), *arguments],
        env={**plain, **variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def reissue(home: Path, edition: str, page: int) -> None:
    """The edition's PDF with one page (from 1) drawn a little further right, as a corrected file would come."""
    path = load_edition(home, edition).path("pdf")
    before = file_sha256(path)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[page - 1].contents_add(b"q 1 0 0 1 3 0 cm\n", prepend=True)
        pdf.pages[page - 1].contents_add(b"\nQ")
        # The other pages' streams stay as they are stored.
        pdf.save(path, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    source = path.parent / "source.yaml"
    source.write_text(source.read_text("utf-8").replace(before, file_sha256(path)), "utf-8")
