"""A whole next-year edition against this year's, read perfectly and read with doubtful item boundaries."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pytest

from benchmarks.diff import judge
from pipeline.diff import Side, compare
from pipeline.diff.output.terminal import read_differently
from pipeline.schema.changes import CHANGES, QUIET_CHANGES
from tests.diff.next_year import Expected, following
from tests.diff.sides import Truth, known_truth, side_of
from tests.typeset.content import excerpt

SEED = 22


@pytest.fixture(scope="module")
def this_year() -> Side:
    return side_of(known_truth())


@pytest.fixture(scope="module")
def next_year() -> tuple[Truth, list[Expected]]:
    return following(known_truth(), SEED)


@pytest.fixture(scope="module")
def changes(this_year: Side, next_year: tuple[Truth, list[Expected]]) -> pa.Table:
    return compare(this_year, side_of(next_year[0], "shanghai-2026"))


def test_every_change_is_found_once_and_nothing_else(
    changes: pa.Table, next_year: tuple[Truth, list[Expected]]
) -> None:
    rows = changes.to_pylist()
    _, missed, wrong = judge(next_year[1], [r for r in rows if r["change"] not in QUIET_CHANGES])
    assert [m for m in missed if m["change"] not in QUIET_CHANGES] == []
    assert wrong == []
    assert Counter(r["change"] for r in rows)["entry_reordered"] >= 1


def test_the_table_is_as_declared(changes: pa.Table) -> None:
    assert changes.schema.equals(CHANGES.arrow)
    assert len(set(changes["change_id"].to_pylist())) == changes.num_rows
    for row in changes.to_pylist():
        assert row["release_before"] == row["release_after"] == "r001"
        assert 0 <= row["confidence"] <= 1
        if row["table"] != "edition":
            assert row["page_before"] or row["page_after"]


def test_an_inserted_row_does_not_change_the_rows_below(changes: pa.Table) -> None:
    counts = Counter(row["change"] for row in changes.to_pylist() if row["table"] == "annex_4_associations")
    assert counts["annex_row_changed"] + counts["annex_row_added"] + counts["annex_row_removed"] < 20
    assert counts["annex_row_renumbered"] > 100


def test_the_same_change_in_many_cells_is_one_group(changes: pa.Table) -> None:
    renamed = [row for row in changes.to_pylist() if row["change"] == "entry_renamed"]
    widest = max(renamed, key=lambda row: row["group_size"])
    assert widest["group_size"] >= 5
    assert widest["group_size"] == sum(row["group"] == widest["group"] for row in renamed)


def test_equal_releases_have_no_change(this_year: Side) -> None:
    found = compare(this_year, dataclasses.replace(this_year, release="r002"))
    assert found.num_rows == 0
    assert found.schema.equals(CHANGES.arrow)


def unsure(seed: int, share: float) -> object:
    """A reading that joins some neighbours and cuts some long items in two."""
    dice = random.Random(seed)

    def divide(items: Sequence[str]) -> list[str]:
        out: list[str] = []
        for item in items:
            if out and dice.random() < share:
                out[-1] += item
            elif len(item) > 9 and dice.random() < share:
                at = dice.randrange(4, len(item) - 4)
                out += [item[:at], item[at:]]
            else:
                out.append(item)
        return out

    return divide


def test_items_divided_otherwise_are_no_change() -> None:
    truth = excerpt(known_truth(), classes=99, annex_rows=3, sections=6, annexes=2)
    found = compare(
        side_of(truth, divide=unsure(1, 0.03)), side_of(truth, "shanghai-2026", divide=unsure(2, 0.03))
    )
    assert [row for row in found.to_pylist() if row["table"] == "entries"] == []
    assert read_differently(found) > 40


def test_changes_are_found_among_items_divided_otherwise(next_year: tuple[Truth, list[Expected]]) -> None:
    """Boundaries wrong at 1.5 % of the items on either side, anywhere in a word, with no line ends to tell by."""
    truth, expected = next_year
    found = compare(
        side_of(known_truth(), divide=unsure(3, 0.015)),
        side_of(truth, "shanghai-2026", divide=unsure(4, 0.015)),
    )
    loud = [row for row in found.to_pylist() if row["change"] not in QUIET_CHANGES]
    right, missed, wrong = judge(expected, loud)
    missed = [change for change in missed if change["change"] not in QUIET_CHANGES]
    assert len(missed) <= 0.05 * right.total()
    assert len(wrong) <= 0.05 * right.total()
