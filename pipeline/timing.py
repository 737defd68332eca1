"""How long each stage of a run takes: on the clock, of the processors, and how much memory it came to.

Stages add up over a whole process; forked copies hand theirs to their parent (``pipeline.forked``), the validating
process with its answer. Clock times of processes that work side by side overlap, and count once each.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

STAGES = ("imports", "decode", "grid", "stage", "tidy", "link", "validate", "publish")
"""In the order of the work; what is none of them is orchestration."""


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock, seconds of processor time, and the process's peak memory so far in MiB."""

    clock: float = 0.0
    processor: float = 0.0
    memory: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.clock + other.clock, self.processor + other.processor, max(self.memory, other.memory)
        )


_spent: dict[str, Spent] = {}
_under_way: list[str] = []


def peak_memory() -> float:
    """The most memory that this process has held resident so far, in MiB."""
    import resource
    import sys

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


@contextmanager
def measured(stage: str) -> Iterator[None]:
    """What happens within counts as ``stage``, in this process."""
    clock, processor = time.perf_counter(), time.process_time()
    _under_way.append(stage)
    try:
        yield
    finally:
        _under_way.pop()
        add({stage: Spent(time.perf_counter() - clock, time.process_time() - processor, peak_memory())})


def add(spent: Mapping[str, Spent]) -> None:
    """Count what another process has spent."""
    for stage, more in spent.items():
        _spent[stage] = _spent.get(stage, Spent()) + more


def begin() -> None:
    """Forget what was spent: in a process that only tells what it spends from now on."""
    _spent.clear()


def of_copy(begun: float) -> dict[str, Spent]:
    """What a forked copy has spent since its ``process_time`` was ``begun``.

    What it did not measure itself belongs to the stage in which it was made.
    """
    found = so_far()
    rest = time.process_time() - begun - sum(one.processor for one in found.values())
    if _under_way:
        stage = _under_way[-1]
        found[stage] = found.get(stage, Spent()) + Spent(0.0, max(rest, 0.0), peak_memory())
    return found


def so_far() -> dict[str, Spent]:
    """What each stage has taken so far."""
    return dict(_spent)


def since_start() -> float:
    """Seconds since this process was started (not only since Python began to import); 0 where nobody tells."""
    try:
        with open("/proc/self/stat", encoding="ascii") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        with open("/proc/uptime", encoding="ascii") as file:
            return float(file.read().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def table(total: float) -> Table:
    """The stages as a table for the terminal; ``total``: seconds on the clock from start to end."""
    from rich.table import Table

    shown = Table("stage", box=None, header_style="bold")
    for name in ("seconds", "processor seconds", "peak MiB"):
        shown.add_column(name, justify="right")
    spent = so_far()
    for stage in (*STAGES, *sorted(spent.keys() - set(STAGES))):
        one = spent.get(stage, Spent())
        shown.add_row(stage, f"{one.clock:.2f}", f"{one.processor:.2f}", f"{one.memory:.0f}")
    times = os.times()
    processor = times.user + times.system + times.children_user + times.children_system
    known = sum(one.processor for one in spent.values())
    shown.add_row("orchestration", "", f"{max(processor - known, 0.0):.2f}", "")
    shown.add_row(
        "all",
        f"{total:.2f}",
        f"{processor:.2f}",
        f"{max(o.memory for o in spent.values()):.0f}" if spent else "",
    )
    return shown
