"""Work shared with forked copies: the same results in the same order, whatever becomes of the copies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import timing
from pipeline.forked import aside, aside_in_steps, forked_map

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


def test_results_come_from_a_copy_one_by_one(tmp_path: Path) -> None:
    """The copy waits to be told that its first result has come before it goes on to the second."""
    printed = alone(
        f"import os, time\nfrom pathlib import Path\nimport pipeline.forked as forked\nforked.processors = lambda: 2\n"
        f"told = Path({str(tmp_path / 'told')!r})\n"
        "def work():\n    yield os.getpid()\n    end = time.monotonic() + 20\n"
        "    while not told.exists() and time.monotonic() < end:\n        time.sleep(0.01)\n"
        "    yield told.exists()\n    yield from ('x' * 4_000_000, [])\n"
        "steps = forked.aside_in_steps(work)\nprint(next(steps) != os.getpid())\ntold.touch()\n"
        "print(next(steps), *map(len, steps), list(steps))"
    )
    assert printed.split() == ["True", "True", "4000000", "0", "[]"]


def test_an_error_comes_after_the_results_before_it() -> None:
    printed = alone(
        "import os\nimport pipeline.forked as forked\nforked.processors = lambda: 2\n"
        "class Odd(Exception):\n    'Holds what cannot be handed over.'\n"
        "def work(error):\n    yield os.getpid()\n    yield 2\n    raise error\n    yield 3\n"
        "for error in (ValueError('in the middle'), Odd(lambda: 0)):\n"
        "    steps, had = forked.aside_in_steps(lambda: work(error)), []\n"
        "    try:\n        for one in steps:\n            had.append(one)\n"
        "    except (ValueError, RuntimeError) as raised:\n"
        "        print(had[0] != os.getpid(), had[1:], str(raised).split()[0], list(steps))\n"
        "try:\n    os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError:\n    print('none left')"
    )
    assert printed.splitlines() == ["True [2] in []", "True [2] Odd: []", "none left"]


def test_the_rest_of_a_killed_copys_results_is_made_here() -> None:
    """Whether it is killed between two results or in the midst of handing over one that fills its pipe."""
    printed = alone(
        "import os, signal, time\nimport pipeline.forked as forked\nforked.processors = lambda: 2\nhere = os.getpid()\n"
        "def work(large):\n    yield os.getpid()\n    if not large and os.getpid() != here:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n    yield 'x' * 8_000_000\n    yield 'the end'\n"
        "for large in (False, True):\n"
        "    steps = forked.aside_in_steps(lambda: work(large))\n    child = next(steps)\n    assert child != here\n"
        "    if large:\n        time.sleep(0.3)\n        os.kill(child, signal.SIGKILL)\n"
        "    print(*map(len, steps))"
    )
    assert printed.splitlines() == ["8000000 7"] * 2


def test_where_no_copy_helps_steps_are_made_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.forked.processors", lambda: 1)
    begun: list[int] = []

    def work() -> Iterator[int]:
        for number in range(3):
            begun.append(number)
            yield os.getpid()

    steps = aside_in_steps(work)
    assert begun == []
    assert next(steps) == os.getpid() and begun == [0]
    assert list(steps) == [os.getpid()] * 2 and begun == [0, 1, 2]


@pytest.mark.parametrize("helpers", [0, 1, 3])
@pytest.mark.parametrize("items", [0, 1, 12])
def test_what_comes_first_is_done_here_and_once(helpers: int, items: int) -> None:
    here = os.getpid()
    firsts: list[int] = []

    def work(n: int) -> tuple[int, bool]:
        assert os.getpid() != here or firsts, "an item was done here before what comes first"
        return n, os.getpid() == here

    found = forked_map(work, range(items), helpers, first=lambda: firsts.append(os.getpid()))
    assert firsts == [here] and [n for n, _ in found] == list(range(items))


def test_copies_work_while_this_process_does_what_comes_first(tmp_path: Path) -> None:
    here, seen = os.getpid(), tmp_path / "seen"

    def work(n: int) -> int:
        if os.getpid() != here:
            seen.touch()
        return n

    def first() -> None:
        end = time.monotonic() + 20
        while not seen.exists():
            assert time.monotonic() < end, "no copy has begun"
            time.sleep(0.005)

    assert forked_map(work, range(4), 1, first=first) == [0, 1, 2, 3]


def test_when_what_comes_first_fails_no_copy_is_left() -> None:
    printed = alone(
        "import os\nfrom pipeline.forked import forked_map\n"
        "try:\n    forked_map(lambda n: 'x' * 1_000_000, range(20), 2, first=lambda: 1 // 0)\n"
        "except ZeroDivisionError:\n    print('raised')\n"
        "try:\n    os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError:\n    print('none left')"
    )
    assert printed.splitlines() == ["raised", "none left"]


def test_large_results_all_arrive() -> None:
    """Each is many times what a pipe holds; they are made faster than this process takes them."""

    def work(n: int) -> bytes:
        return n.to_bytes(1, "little") * 5_000_000

    def first() -> None:
        time.sleep(0.1)

    found = forked_map(work, range(12), 2, first=first)
    assert [(one[0], one[-1], len(one)) for one in found] == [(n, n, 5_000_000) for n in range(12)]


def test_a_large_result_cut_short_is_made_here(tmp_path: Path) -> None:
    """The copy is killed when this process has taken a part of what it has to say."""
    here, once = os.getpid(), tmp_path / "once"

    def work(n: int) -> bytes:
        if os.getpid() == here:
            time.sleep(0.05)
        elif n > 1:
            once.touch()
            time.sleep(0.02)
            os.kill(os.getpid(), signal.SIGKILL)
        return bytes([n]) * 8_000_000

    def first() -> None:
        while not once.exists():
            time.sleep(0.005)
        time.sleep(0.1)

    found = forked_map(work, range(4), 1, first=first)
    assert [(one[0], one[-1], len(one)) for one in found] == [(n, n, 8_000_000) for n in range(4)]
