"""Loading Great Expectations without what validating tables in memory never asks for.

It imports scipy's statistics and altair's charts for expectations and renderers that no suite here uses, and SQLAlchemy
if it happens to be installed, together half of the time that loading takes. The first two are loaded when somebody
first asks for something in them (``importlib.util.LazyLoader``); SQLAlchemy, which the library can do without, counts
as not installed while it is imported.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_LATER = frozenset({"altair", "scipy.stats"})
_WITHOUT = "sqlalchemy"


class _Later(MetaPathFinder):
    """Finds the modules of ``_LATER`` where they lie, to be executed when they are first looked into."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _LATER:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


@contextmanager
def lean_imports() -> Iterator[None]:
    """Imports within do without the above, unless it is loaded already."""
    finder = _Later()
    sys.meta_path.insert(0, finder)
    blocked = _WITHOUT not in sys.modules
    if blocked:
        sys.modules[_WITHOUT] = None  # type: ignore[assignment]  # as documented: importing it raises ImportError
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        if blocked:
            del sys.modules[_WITHOUT]
