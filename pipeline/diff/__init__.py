"""Comparing two editions, or two releases of one: what a reviewer would say has changed."""

from pipeline.diff.compare import compare
from pipeline.diff.model import Side
from pipeline.diff.sides import load_side

__all__ = ["Side", "compare", "load_side"]
