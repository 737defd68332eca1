"""A correction settles the rows that it changes, and no others: the rest of its finding stays open and is counted."""

from __future__ import annotations

import copy
import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.editions.source_yaml import load_yaml
from pipeline.findings import Finding
from pipeline.quality.corrections.file import Correction
from pipeline.quality.decisions import decided, finding_rows, row_digest, write_yaml
from pipeline.releases.catalogue import load_release
from pipeline.tidy.entries import entry_id
from tests.cli_home import EDITION, print_rulebook, small_truth, xize

MISPRINT, RIGHT = "星际花艺师(五级/初级工", "星际花艺师(五级/初级工)"
TODAY = datetime.date(2026, 1, 5)


def misprinted() -> dict[str, Any]:
    """The small rulebook with one misprint in seven cells."""
    truth: dict[str, Any] = copy.deepcopy(small_truth())
    cells = [
        one["cells"][kind]
        for section in truth["sections"]
        for one in section["classes"]
        for kind in ("skill", "title")
    ]
    seven = [(cell, tier) for cell in cells for tier in ("初级", "中级")][:7]
    for cell, tier in seven:
        cell[tier] = [*cell[tier][:2], MISPRINT]
    return truth


@pytest.mark.long
def test_one_of_seven_places_corrected_leaves_six_open(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    rulebook = print_rulebook(misprinted(), tmp_path / "seven.pdf")
    assert xize(home, "add", EDITION, rulebook).code == 0
    path = home / "raw" / EDITION / "corrections.yaml"

    def misprints(*options: str) -> list[dict[str, Any]]:
        done = xize(home, "findings", EDITION, "--format", "json", *options)
        return [one for one in json.loads(done.out) if one["code"] == "brackets_unbalanced"]

    # Before the first release the skeleton names the rows already, and runs once it is completed.
    assert xize(home, "run", EDITION, "--no-prefect", "--no-publish").code == 0
    (seven,) = misprints()
    assert seven["rows"] == 7
    made = xize(home, "correct", seven["finding_id"], "--by", "李")
    assert made.code == 0 and "7项待填" in made.out
    document = load_yaml(path)
    assert {one["where"]["class"] for one in document} > {"6101"} and {one["from"] for one in document} == {
        MISPRINT
    }
    del document[1:]  # the first place only
    document[0] |= {"to": RIGHT, "reason": "漏印括号"}
    write_yaml(path, document)
    (six,) = misprints()
    assert (six["rows"], six["status"], six["finding_id"]) == (6, "open", seven["finding_id"])
    assert misprints("--status", "corrected") == []
    # A run corrects the one, publishes the six as they are printed, and says of them that they are open.
    assert xize(home, "run", EDITION, "--no-prefect").code == 0
    (six,) = misprints()
    assert six["rows"] == 6
    entries = load_release(home / "curated", EDITION)["entries"].to_pylist()
    assert sum(one["text"] == MISPRINT and one["requires_attention"] for one in entries) == 6
    assert [one["corrected"] for one in entries if one["text"] == RIGHT].count(True) == 1
    # The rest is known: accepted, and so the next run has it.
    assert xize(home, "accept", six["finding_id"], "--why", "待发布机关勘误", "--by", "李").code == 0
    assert xize(home, "run", EDITION, "--no-prefect").code == 0
    assert misprints() == [] and misprints("--status", "accepted")[0]["rows"] == 6
    # The rest again, by a second skeleton of the same finding.
    (home / "raw" / EDITION / "accepted.yaml").unlink()
    again = xize(home, "correct", six["finding_id"], "--by", "王")
    assert again.code == 0 and "6项待填" in again.out


def _ids(*tiers: str, text: str = "甲", occurrences: int = 1) -> tuple[str, ...]:
    return tuple(
        entry_id("6101", "skill", tier, text, n) for tier in tiers for n in range(1, occurrences + 1)
    )


def _correction(finding: Finding, **values: Any) -> Correction:
    where = {"class": "6101", "kind": "skill", "tier": "初级"} | values.pop("where", {})
    base = {"action": "replace", "from": "甲", "to": "乙", "reason": "误植", "by": "李", "date": TODAY}
    return Correction.model_validate({"where": where, **base, **values, "finding": finding.digits})


THREE = Finding("brackets_unbalanced", "某条。", "甲", table="entries", keys=_ids("初级", "中级", "高级"))


@pytest.mark.parametrize(
    ("finding", "more", "left"),
    [
        (THREE, {}, 2),
        (THREE, {"where": {"tier": "中级"}}, 2),
        (THREE, {"from": "丙"}, 3),
        (THREE, {"where": {"class": "6102"}}, 3),
        # One of three that stand in a cell: which one it is, the ids do not say, but it is one.
        (Finding("item_repeated", "某条。", "甲", table="entries", keys=_ids("初级", occurrences=3)),
         {"where": {"position": 2}, "action": "drop", "to": None}, 2),
        (Finding("item_cut_off", "某条。", "甲", table="entries", keys=(*_ids("初级"), *_ids("初级", text="丁"))),
         {"action": "join", "from": ["甲", "丁"], "to": None}, 0),
        (Finding("item_length", "某条。", "甲", table="entries", key=_ids("初级")[0]), {}, 0),
        (Finding("merged_across_columns", "某处。", "甲", table="entries"), {}, 0),
    ],
)  # fmt: skip
def test_what_a_correction_settles(finding: Finding, more: dict[str, Any], left: int) -> None:
    (row,) = finding_rows([finding], EDITION)
    (now,) = decided([row], corrections=[_correction(finding, **more)])
    assert now["status"] == ("open" if left else "corrected")
    assert not left or len(now["keys"] or [now["key"]]) == left
    # With its evidence it counts the same; made for other evidence, not at all.
    (same,) = decided([row], corrections=[_correction(finding, **more, evidence=row_digest(row))])
    assert same == now
    (other,) = decided([row], corrections=[_correction(finding, **more, evidence="0" * 16)])
    assert other == {**row, "status": "open"}


def test_an_annex_row_is_settled_by_its_number() -> None:
    finding = Finding(
        "org_code_pattern", "某号。", "s1", table="annex_9_overseas", keys=("A/12", "B/12", "A/13")
    )
    (row,) = finding_rows([finding], EDITION)
    where = {"class": None, "kind": None, "tier": None, "annex": 9}
    for more, gone in (({"no": "12", "list": "B"}, "B/12"), ({"row_id": "A/13"}, "A/13")):
        (now,) = decided([row], corrections=[_correction(finding, where={**where, **more}, column="issuer")])
        assert now["keys"] == [key for key in finding.keys if key != gone]


def test_each_row_by_its_own_correction() -> None:
    (row,) = finding_rows([THREE], EDITION)
    three = [
        _correction(THREE, where={"tier": tier}, evidence=row_digest(row))
        for tier in ("初级", "中级", "高级")
    ]
    assert [decided([row], corrections=three[:n])[0]["status"] for n in (1, 2, 3)] == [
        "open",
        "open",
        "corrected",
    ]
