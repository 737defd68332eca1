"""Work shared with forked copies: the same results in the same order, whatever becomes of the copies."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from pipeline import timing
from pipeline.forked import aside, copies, forked_map

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


def test_no_copies_beside_other_threads() -> None:
    assert copies(3) == 2
    end = threading.Event()
    other = threading.Thread(target=end.wait)
    other.start()
    try:
        assert copies(3) == 0
    finally:
        end.set()
        other.join()


def test_a_copy_tells_what_it_has_spent() -> None:
    timing.begin()
    with timing.measured("sharing"):
        forked_map(lambda n: sum(range(n)), [3_000_000] * 8, 1)
    assert timing.so_far()["sharing"].processor > 0
    timing.begin()


def test_a_copy_works_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.forked.processors", lambda: 2)
    here = os.getpid()
    result = aside(lambda: (os.getpid(), "x" * 1_000_000))
    process, text = result()
    assert process != here and len(text) == 1_000_000

    def fail() -> None:
        raise ValueError("in the copy")

    failing = aside(fail)
    with pytest.raises(ValueError, match="in the copy"):
        failing()


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
