"""A running `xize api` over the small edition."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.cli_home import Done

ROOT = Path(__file__).parents[2]


@contextmanager
def serving(home: Path, *options: str) -> Iterator[httpx.Client]:
    """A client of a server of its own, which is ended as a service manager does it and must leave cleanly."""
    command = [sys.executable, "-m", "pipeline.cli", "--home", str(home), "api", "--port", "0", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.stdout and server.stderr
    try:
        ready, _, _ = select.select([server.stdout], [], [], 60)
        line = server.stdout.readline() if ready else ""
        assert "接口已打开" in line, server.stderr.read()
        address = line.partition("：")[2].partition("，")[0].strip()
        with httpx.Client(base_url=address, timeout=60) as client:
            yield client
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    # Nothing of what was asked is logged.
    assert server.stdout.read() == "" and "Traceback" not in server.stderr.read()


@pytest.fixture(scope="module")
def client(published: tuple[Path, Done]) -> Iterator[httpx.Client]:
    """A client of the small edition, not to be published anew."""
    with serving(published[0]) as made:
        yield made


@pytest.fixture
def own_home(published: tuple[Path, Done], tmp_path: Path) -> Path:
    """The small edition, for the test alone."""
    home = tmp_path / "home"
    shutil.copytree(published[0], home)
    return home
