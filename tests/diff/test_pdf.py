"""Two small editions printed by a real typesetter, each in a layout of its own, read and compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.diff import judge
from pipeline import run
from pipeline.diff import Side, compare
from pipeline.editions.add import add_edition
from pipeline.job import Options, plan
from pipeline.outcome import with_findings
from pipeline.schema.changes import QUIET_CHANGES
from tests.diff.next_year import Expected, following
from tests.tidy.annexes.tables import TRUTH
from tests.typeset import Layout, typeset
from tests.typeset.content import excerpt

WIDE = {"class": 0.85, "skill": 1.5, "practice": 0.8}
THIS_YEAR = Layout("this-year", landscape=True, size=7.5, widths=WIDE)
NEXT_YEAR = Layout("next-year", landscape=True, size=7, header="repeat", widths=WIDE | {"skill": 1.3})


def read(truth: dict[str, Any], layout: Layout, edition: str, home: Path) -> Side:
    """Print and read an edition as ``xize run`` does, without validation and publishing."""
    home.mkdir()
    pdf = home / f"{edition}.pdf"
    typeset(truth, layout, pdf)
    add_edition(home, edition, pdf)
    job = plan(Options(home=home, edition=edition, allow_incomplete=True, workers=1))
    tables = with_findings(job, run.tidy_reading(job, run.read(job)))
    manifest = {"title": job.edition.source.title, "source": {"kind": "pdf"}, "code_version": "1"}
    return Side(edition, "r001", tables, manifest, str(home))


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Side, Side, list[Expected]]:
    truth = excerpt(json.loads(TRUTH.read_text("utf-8")), classes=4, annex_rows=14, sections=4)
    later, expected = following(truth, 2026, share=0.25)
    folder = tmp_path_factory.mktemp("editions")
    before = read(truth, THIS_YEAR, "demo-2025", folder / "before")
    return before, read(later, NEXT_YEAR, "demo-2026", folder / "after"), expected


def test_changes_of_a_printed_edition(printed: tuple[Side, Side, list[Expected]]) -> None:
    before, after, expected = printed
    loud = [row for row in compare(before, after).to_pylist() if row["change"] not in QUIET_CHANGES]
    right, missed, wrong = judge(expected, loud)
    told = [
        (m["change"], m["before"], m["after"]) for m in [*missed, *wrong] if m["change"] not in QUIET_CHANGES
    ]
    assert right.total() >= 40
    assert len(told) <= 1, told


def test_changes_point_at_pages_and_boxes(printed: tuple[Side, Side, list[Expected]]) -> None:
    before, after, _ = printed
    for row in compare(before, after).to_pylist():
        for side, text in (("before", row["before"]), ("after", row["after"])):
            if row["table"] == "entries" and text:
                assert row[f"page_{side}"] >= 1 and row[f"x1_{side}"] > row[f"x0_{side}"]
                assert row[f"bottom_{side}"] > row[f"top_{side}"] and row[f"cell_id_{side}"]
