"""Comparing two editions, or two releases of one: what a reviewer would say has changed.

``sources`` compares two sources of one edition; ``output`` shows what was found.
"""

from __future__ import annotations

import pyarrow as pa

from pipeline.diff.annexes import compare_annexes
from pipeline.diff.changes import changes_table
from pipeline.diff.classes import compare_classes, compare_majors
from pipeline.diff.entries import compare_entries
from pipeline.diff.headings import compare_headings, compare_notes
from pipeline.diff.side import Side, load_side

__all__ = ["Side", "compare", "load_side"]


def compare(before: Side, after: Side) -> pa.Table:
    """Every change between two releases: the table ``changes`` (schema ``CHANGES.arrow``), quiet ones included.

    Headings and groups come first, then what they hold, then notes and annexes. The schema's metadata tell under
    ``read_differently`` how many runs of text are printed the same and were only divided into items differently by the
    two readings.
    """
    classes = compare_classes(before, after)
    entries, read_differently = compare_entries(before, after, classes)
    drafts = [*compare_headings(before, after), *compare_majors(before, after), *classes.drafts, *entries]
    drafts += [*compare_notes(before, after), *compare_annexes(before, after)]
    return changes_table(drafts, read_differently, before, after)
