"""The rows of the edition in raw/ and the tables of typeset PDFs are those of benchmarks/guard.json."""

from __future__ import annotations

import json

import pytest

from benchmarks.guard import KEPT, differences, measure


@pytest.mark.long
def test_rows_and_tables_are_those_that_were_kept() -> None:
    assert differences(json.loads(KEPT.read_text("utf-8")), measure()) == []


def test_a_difference_is_named() -> None:
    before = {"pdf": {"entries": "2 aa", "notes": "1 bb"}}
    assert differences(before, before) == []
    assert differences(before, {"pdf": {"entries": "2 ab"}}) == [
        "pdf entries: 2 aa → 2 ab",
        "pdf notes: 1 bb → nothing",
    ]
