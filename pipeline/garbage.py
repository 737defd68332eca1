"""How often Python looks for objects that refer to each other in circles."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """A run makes hundreds of thousands of small objects and no circles of them: looking for circles takes a tenth of
    its time and frees nothing."""
    _not_at_exit()
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@cache
def _not_at_exit() -> None:
    atexit.register(_leave_circles)


def _leave_circles() -> None:
    """Do not look for them when Python ends, and all memory goes anyway: it would take a fifth of a second.

    DuckDB's binding counts then what of it was not freed, and complains.
    """
    if "duckdb" not in sys.modules:
        gc.freeze()
