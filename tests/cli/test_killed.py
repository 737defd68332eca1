"""A run that is killed leaves nothing among the temporary files, and what it left in the home goes with the next run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pipeline.system import apart, end_group
from tests.cli_home import EDITION, print_rulebook, small_truth, xize
from tests.review.conftest import ROOT


@pytest.mark.long
@pytest.mark.parametrize("kill", [os.killpg, os.kill])  # all of its processes, or it alone
def test_nothing_is_left_after_a_kill(tmp_path: Path, kill: Callable[[int, int], None]) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    for folder in (home, temporary):
        folder.mkdir()
    assert xize(home, "add", EDITION, print_rulebook(small_truth(), tmp_path / "small.pdf")).code == 0
    staged = home / "staged" / EDITION
    killed = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "--home", str(home), "run", EDITION, "--no-prefect"],
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 120
    while not list(staged.glob(".work-*/*")):  # validation is at work
        assert killed.poll() is None and time.monotonic() < until
        time.sleep(0.02)
    children = psutil.Process(killed.pid).children(recursive=True)
    kill(killed.pid, signal.SIGKILL)
    killed.wait(30)
    assert children and not psutil.wait_procs(children, timeout=20)[1]
    assert list(staged.glob(".work-*")) and list(temporary.iterdir()) == []
    again = xize(home, "run", EDITION, "--no-prefect")
    assert again.code == 0, again.err
    assert not list(staged.glob(".work-*"))


def test_what_outlives_the_first_of_a_group_is_ended() -> None:
    """A child of the child that takes no notice of being asked."""
    script = "(trap '' TERM; exec sh -c 'echo $$; exec sleep 60') & wait"
    process = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True, **apart())
    assert process.stdout is not None
    left = psutil.Process(int(process.stdout.readline()))
    end_group(process)
    assert process.poll() is not None
    gone, _ = psutil.wait_procs([left], timeout=5)
    assert gone or left.status() == psutil.STATUS_ZOMBIE
