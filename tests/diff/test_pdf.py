"""Two small editions printed by a real typesetter, each in a layout of its own, read and compared."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.diff import judge
from pipeline import run
from pipeline.diff import Side, compare
from pipeline.editions.add import add_edition
from pipeline.editions.plan import plan
from pipeline.job import Options
from pipeline.outcome import with_findings
from pipeline.releases.learned import settled
from pipeline.schema.changes import QUIET_CHANGES
from pipeline.text import squeeze
from pipeline.tidy.wraps.segment_model import Memory
from tests.diff.next_year import Expected, following
from tests.tidy.annexes.tables import TRUTH
from tests.typeset import Layout, typeset
from tests.typeset.content import excerpt
from tests.typeset.layout import A3

WIDE = {"class": 0.85, "skill": 1.5, "practice": 0.8}
THIS_YEAR = Layout("this-year", landscape=True, size=7.5, widths=WIDE)
NEXT_YEAR = Layout("next-year", landscape=True, size=7, header="repeat", widths=WIDE | {"skill": 1.3})


def read(
    truth: dict[str, Any], layout: Layout, edition: str, home: Path, memory: Memory | None = None
) -> Side:
    """Print and read an edition as ``xize run`` does, without validation and publishing. ``memory``: what it learns."""
    home.mkdir()
    pdf = home / f"{edition}.pdf"
    typeset(truth, layout, pdf)
    add_edition(home, edition, pdf)
    job = plan(Options(home=home, edition=edition, allow_incomplete=True, workers=1))
    job = replace(job, memory=memory)
    tables = with_findings(job, run.tidy_reading(job, run.read(job)))
    manifest = {"title": job.edition.source.title, "source": {"kind": "pdf"}, "code_version": "1"}
    return Side(edition, "r001", tables, manifest, home)


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


def test_the_same_characters_divided_otherwise(tmp_path: Path) -> None:
    """Where the layout is certain on both sides, the print differs: one change with both texts. Where it is not, the reading
    may: no change, but a finding."""
    truth = excerpt(json.loads(TRUTH.read_text("utf-8")), classes=1, annex_rows=3, sections=1)
    later = copy.deepcopy(truth)
    (one,), (other,) = (t["sections"][0]["classes"] for t in (truth, later))
    one["cells"]["title"]["初级"] = ["木工", "瓦工", "隧道监测系统维修工信号工"]
    other["cells"]["title"]["初级"] = ["木工瓦工", "隧道监测系统维修工", "信号工"]
    wide = replace(THIS_YEAR, page=A3, size=6, widths={"title": 2})
    before = read(truth, wide, "demo-2025", tmp_path / "before")
    rows = list(settled(before.tables["entries"].to_pylist(), before.tables["findings"].to_pylist()))
    known = {squeeze(row["text"]): frozenset({(row["class_code"], row["kind"], row["tier"])}) for row in rows}
    assert {"木工", "瓦工", "隧道监测系统维修工信号工"} <= known.keys()
    after = read(later, NEXT_YEAR, "demo-2026", tmp_path / "after", Memory(known, 0.0))
    cell = [
        (row["text"], row["confidence"] < 1)
        for row in after.tables["entries"].to_pylist()
        if (row["class_code"], row["kind"], row["tier"]) == (one["codes"][0], "title", "初级")
    ]
    assert cell == [("木工瓦工", False), ("隧道监测系统维修工", True), ("信号工", False)]
    changes = [row for row in compare(before, after).to_pylist() if row["table"] == "entries"]
    assert [(row["change"], row["before"], row["after"]) for row in changes] == [
        ("entry_renamed", "木工 | 瓦工", "木工瓦工")
    ]
    differs = [row for row in after.tables["findings"].to_pylist() if row["code"] == "boundary_differs"]
    assert [(row["severity"], row["evidence"]) for row in differs] == [
        ("info", "隧道监测系统维修工 | 信号工|隧道监测系统维修工信号工")
    ]
