"""Corrections of an edition that has several sources: they are made for the one that source.yaml names."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from pipeline.quality.corrections.cells import apply_to_cells
from pipeline.quality.corrections.file import Correction
from tests.cli_home import EDITION, one_sentence, print_rulebook, small_truth, xize
from tests.quality.test_corrections import cells as cells
from tests.quality.test_corrections import named, one
from tests.typeset import Layout
from tests.typeset.word import print_word


def _run(home: Path, *words: str) -> tuple[Path, dict[str, int]]:
    """The newest release that a run makes, and its corrections' figures."""
    done = xize(home, "run", EDITION, "--no-prefect", "--allow-incomplete", *words)
    assert done.code == 0, done.err
    release = max((home / "curated" / EDITION).glob("r*"))
    counted: dict[str, int] = json.loads((release / "manifest.json").read_text("utf-8"))["stats"][
        "corrections"
    ]
    return release, counted


@pytest.mark.long
def test_what_does_not_fit_another_source_is_left_out_and_told(tmp_path: Path) -> None:
    home, truth = tmp_path / "home", small_truth()
    home.mkdir()
    for path in (
        print_rulebook(truth, tmp_path / "a.pdf"),
        print_word(truth, Layout("word"), tmp_path / "a.docx"),
    ):
        assert xize(home, "add", EDITION, path).code == 0
    release, _ = _run(home)
    cell = next(row for row in pq.read_table(release / "cells.parquet").to_pylist() if len(row["lines"]) == 1)
    item = pq.read_table(release / "entries.parquet").to_pylist()[0]
    place = {"class": item["class_code"], "kind": item["kind"], "tier": item["tier"]}
    signed = {"reason": "笔误", "by": "某", "date": "2026-01-05"}
    text = cell["lines"][0]["text"]
    of_pdf = {"where": {"cell_id": cell["cell_id"]}, "action": "replace", "from": text, "to": text, **signed}
    of_both = {"where": place, "action": "replace", "from": item["text"], "to": "甲工", **signed}
    corrections = home / "raw" / EDITION / "corrections.yaml"
    YAML().dump([of_pdf, of_both], corrections)
    assert _run(home)[1]["count"] == 2
    # Whoever went back to an earlier release is told that the newest, which a run finds unchanged, is not in force.
    assert xize(home, "rollback", EDITION, "r001").code == 0
    again = xize(home, "run", EDITION, "--no-prefect", "--allow-incomplete")
    assert "（最新为 r002，当前生效的是 r001）" in again.out

    release, counted = _run(home, "--source", "docx")
    assert counted["count"] == 1
    entries = pq.read_table(release / "entries.parquet").to_pylist()
    assert any(row["text"] == "甲工" and row["corrected"] for row in entries)
    findings = pq.read_table(release / "findings.parquet").to_pylist()
    (told,) = [row for row in findings if row["code"] == "correction_not_applied"]
    assert cell["cell_id"] in told["message"] and "第1行" in told["message"]
    # For the source that it was made for it still must fit.
    YAML().dump([{**of_pdf, "from": "没有的字"}], corrections)
    done = xize(home, "run", EDITION, "--no-prefect", "--allow-incomplete")
    assert done.code == 2 and "不再适用" in one_sentence(done.err)


def test_what_does_not_fit_leaves_cells_as_they_were(cells: pa.Table) -> None:
    above = {"cell_id": "p0001-t1-r000-c00"}
    covering = one(where=above, action="set_span", to={"row_span": 2}, **{"from": {"row_span": 1}})
    left_out: list[Correction] = []
    out, changed = apply_to_cells(cells, [covering], left_out)
    assert left_out == [covering] and not changed
    assert named(out, above["cell_id"]) == named(cells, above["cell_id"])
