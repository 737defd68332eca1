"""How long each step of a run takes: on the clock, of the processors, and how much memory it came to."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from pipeline.system import peak_memory

if TYPE_CHECKING:
    from rich.table import Table

STEPS = ("read", "check", "tidy", "assess", "validate", "publish")
"""In the order of the work; what is none of them is starting up, imports and orchestration."""


class Spent(NamedTuple):
    """Seconds on the clock, seconds of processor time (worker processes that have ended included), peak MiB so far."""

    clock: float = 0.0
    processor: float = 0.0
    memory: float = 0.0


_spent: dict[str, Spent] = {}


@contextmanager
def measured(step: str) -> Iterator[None]:
    """Count what happens within as ``step``; several times add up.

    >>> with measured("read"): ...
    """
    clock, processor = time.perf_counter(), _processor_time()
    try:
        yield
    finally:
        before = _spent.get(step, Spent())
        _spent[step] = Spent(
            before.clock + time.perf_counter() - clock,
            before.processor + _processor_time() - processor,
            peak_memory(),
        )


def _processor_time() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def table(seconds: float) -> Table:
    """The steps as a table for the terminal; ``seconds``: on the clock from start to end."""
    from rich.table import Table

    shown = Table("step", box=None, header_style="bold")
    for name in ("seconds", "processor seconds", "peak MiB"):
        shown.add_column(name, justify="right")
    steps = [_spent.get(step, Spent()) for step in STEPS]
    clock, processor = (sum(one[column] for one in steps) for column in (0, 1))
    whole = Spent(seconds, _processor_time(), peak_memory())
    other = Spent(seconds - clock, whole.processor - processor, whole.memory)
    for step, one in zip((*STEPS, "other", "all"), (*steps, other, whole), strict=True):
        shown.add_row(step, f"{one.clock:.2f}", f"{one.processor:.2f}", f"{one.memory:.0f}")
    return shown
