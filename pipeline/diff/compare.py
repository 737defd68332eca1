"""The comparison of two releases: classes first, then what they hold, then notes, headings and annexes."""

from __future__ import annotations

import pyarrow as pa

from pipeline.diff.annexes import compare_annexes
from pipeline.diff.classes import compare_classes, compare_majors
from pipeline.diff.entries import compare_entries
from pipeline.diff.finish import changes_table
from pipeline.diff.headings import compare_headings, compare_notes
from pipeline.diff.model import Side


def compare(before: Side, after: Side) -> pa.Table:
    """Every change between two releases: the table ``changes`` (schema ``CHANGES.arrow``), quiet ones included.

    Its schema's metadata tell under ``read_differently`` how many runs of text are printed the same and were only
    divided into items differently by the two readings.
    """
    classes = compare_classes(before, after)
    entries = compare_entries(before, after, classes)
    annexes = compare_annexes(before, after)
    drafts = [
        *compare_headings(before, after),
        *compare_majors(before, after),
        *classes.drafts,
        *entries.drafts,
        *compare_notes(before, after),
        *annexes.drafts,
    ]
    return changes_table(drafts, before, after, entries.read_differently + annexes.read_differently)
