"""Comparing two editions, or two releases of one: what a reviewer would say has changed.

``sources`` compares two sources of one edition; ``output`` shows what was found.
"""

from pipeline.diff.compare import compare
from pipeline.diff.side import Side, load_side

__all__ = ["Side", "compare", "load_side"]
