"""Work shared with forked copies: the same results in the same order, whatever becomes of the copies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import timing
from pipeline.forked import aside, forked_map

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def test_results_come_in_the_order_of_the_items() -> None:
    done: list[int] = []
    assert forked_map(lambda n: n * n, range(100), 3, done.append) == [n * n for n in range(100)]
    assert sorted(done) == list(range(100))
    assert forked_map(str, [], 3) == [] and forked_map(str, [7], 3) == ["7"]


def test_copies_take_part() -> None:
    def work(_: int) -> int:
        sum(range(200_000))
        return os.getpid()

    processes = set(forked_map(work, range(40), 1))
    assert os.getpid() in processes and len(processes) == 2


def test_what_a_killed_copy_leaves_undone_is_done_here(tmp_path: Path) -> None:
    here, once = os.getpid(), tmp_path / "once"

    def work(n: int) -> int:
        if os.getpid() != here and not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        sum(range(100_000))
        return -n

    assert forked_map(work, range(50), 2) == [-n for n in range(50)]
    assert once.exists()


def test_an_error_in_a_copy_is_raised_here() -> None:
    here = os.getpid()

    def work(n: int) -> int:
        if os.getpid() != here:
            raise ValueError("in a copy")
        sum(range(200_000))
        return n

    with pytest.raises(ValueError, match="in a copy"):
        forked_map(work, range(100), 1)


def alone(program: str) -> str:
    """What a program prints that runs in a process of its own: the one that runs the tests may have threads."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_copies_beside_other_threads() -> None:
    printed = alone(
        "import threading\nfrom pipeline.forked import copies\nprint(copies(3))\n"
        "end = threading.Event()\nother = threading.Thread(target=end.wait)\nother.start()\nprint(copies(3))\nend.set()"
    )
    assert printed.split() == ["2", "0"]


def test_copies_end_when_their_parent_is_killed() -> None:
    """They hold its output open: reading it to its end says that they have gone, though their answers fill no pipe."""
    program = (
        "import os, signal\nfrom pipeline.forked import forked_map\nhere = os.getpid()\n"
        "def work(n):\n    if os.getpid() == here:\n        os.kill(here, signal.SIGKILL)\n    return 'x' * 1_000_000\n"
        "forked_map(work, range(20), 2)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL


def test_a_copy_tells_what_it_has_spent() -> None:
    timing.begin()
    with timing.measured("sharing"):
        forked_map(lambda n: sum(range(n)), [3_000_000] * 8, 1)
    assert timing.so_far()["sharing"].processor > 0
    timing.begin()


def test_a_copy_works_aside() -> None:
    printed = alone(
        "import os\nimport pipeline.forked as forked\nforked.processors = lambda: 2\n"
        "process, text = forked.aside(lambda: (os.getpid(), 'x' * 1_000_000))()\nprint(process != os.getpid(), len(text))\n"
        "failing = forked.aside(lambda: 1 // 0)\ntry:\n    failing()\nexcept ZeroDivisionError:\n    print('raised')"
    )
    assert printed.split() == ["True", "1000000", "raised"]


def test_what_a_killed_copy_does_not_answer_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.forked.processors", lambda: 2)
    here = os.getpid()

    def work() -> int:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()

    assert aside(work)() == here


def test_with_one_processor_nothing_is_done_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.forked.processors", lambda: 1)
    assert aside(os.getpid)() == os.getpid()
