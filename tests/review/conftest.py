"""A home whose small edition has doubtful places on purpose, and the review page served from it."""

from __future__ import annotations

import copy
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli_home import EDITION, print_rulebook, small_truth, xize

ROOT = Path(__file__).parents[2]
REPEATED = "星际花艺师(五级/初级工)"
TWO_IN_ONE = "量子园艺师云端灌溉员(五级/初级工)"


def doubtful_truth() -> dict[str, Any]:
    """The small rulebook; its first 技能 cell lists an item twice and prints two items as one."""
    truth: dict[str, Any] = copy.deepcopy(small_truth())
    cell = truth["sections"][0]["classes"][0]["cells"]["skill"]["初级"]
    cell[:] = [*cell[:3], REPEATED, REPEATED, TWO_IN_ONE]
    return truth


@pytest.fixture(scope="session")
def doubtful_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home as published once. Not to be changed."""
    home = tmp_path_factory.mktemp("review-home")
    rulebook = print_rulebook(doubtful_truth(), tmp_path_factory.mktemp("print") / "doubtful.pdf")
    added = xize(home, "add", EDITION, rulebook)
    assert added.code == 0, added.err
    run = xize(home, "run", EDITION, "--no-prefect")
    assert run.code == 0, run.err
    return home


@pytest.fixture
def doubtful(doubtful_home: Path, tmp_path: Path) -> Path:
    """That home, for the test alone."""
    own = tmp_path / "home"
    shutil.copytree(doubtful_home, own)
    return own


@dataclass(frozen=True)
class Served:
    """A running review page: its whole address, its origin and token, the process."""

    address: str
    origin: str
    token: str
    process: subprocess.Popen[str]
    line: str


@contextmanager
def serving(home: Path, *options: str) -> Iterator[Served]:
    """``xize review`` as a process of its own, on a port of the system's choice; interrupted at the end, which must
    be a clean one."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "pipeline.cli", "--home", str(home), "review", EDITION, "--no-browser"]
    process = subprocess.Popen(
        [*command, "--by", "李", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None and process.stderr is not None
        ready, _, _ = select.select([process.stdout], [], [], 60)
        line = process.stdout.readline() if ready else ""
        match = re.search(r"(http://[^/\s]+)/\?t=(\S+)", line)
        if match is None:
            process.kill()
            raise AssertionError(line + process.stderr.read())
        yield Served(match[0], match[1], match[2], process, line)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(20)
                raise
            assert process.returncode == 0
            assert process.stderr is not None and process.stderr.read() == ""
