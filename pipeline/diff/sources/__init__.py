"""Two sources of one edition side by side: where a PDF and a text of the same document disagree.

``load_sides`` finds the last release of each source, ``compare`` pairs what stands in the same place and says how the
two readings differ, ``render`` makes a page of it.
"""

from __future__ import annotations

from pipeline.diff.side import load_sides
from pipeline.diff.sources.comparison import Comparison, Decision, compare
from pipeline.diff.sources.page import render

__all__ = ["Comparison", "Decision", "compare", "load_sides", "render"]
