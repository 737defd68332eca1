"""The comparison of two releases: headings and groups first, then what they hold, then notes and annexes."""

from __future__ import annotations

import pyarrow as pa

from pipeline.diff.annexes import compare_annexes
from pipeline.diff.changes import changes_table
from pipeline.diff.classes import compare_classes, compare_majors
from pipeline.diff.drafts import FoundChanges
from pipeline.diff.entries import compare_entries
from pipeline.diff.headings import compare_headings, compare_notes
from pipeline.diff.side import Side


def compare(before: Side, after: Side) -> pa.Table:
    """Every change between two releases: the table ``changes`` (schema ``CHANGES.arrow``), quiet ones included.

    Its schema's metadata tell under ``read_differently`` how many runs of text are printed the same and were only
    divided into items differently by the two readings.
    """
    classes = compare_classes(before, after)
    entries = compare_entries(before, after, classes)
    found = FoundChanges(read_differently=entries.read_differently)
    found.drafts += compare_headings(before, after) + compare_majors(before, after) + classes.drafts
    found.drafts += entries.drafts + compare_notes(before, after) + compare_annexes(before, after)
    return changes_table(found, before, after)
