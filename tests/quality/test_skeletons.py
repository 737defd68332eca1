"""The skeleton that ``xize correct`` writes, completed, is one that a run applies: for every code and kind of place."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.editions.source_yaml import load_yaml
from pipeline.errors import XizeError
from pipeline.findings import CODES, Finding
from pipeline.quality.correction_template import write_template
from pipeline.quality.corrections.cells import apply_to_cells
from pipeline.quality.corrections.file import load_corrections
from pipeline.quality.corrections.rows import apply_to_rows
from pipeline.quality.decisions import decided, finding_rows, write_yaml
from tests.quality.truth_tables import EDITION, truth_tables
from tests.sample_tables import sample_tables

ANNEX = "annex_6_assessments"


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    """One class with its items, its annex 6, and a few cells."""
    whole = truth_tables()
    few = {"classes": whole["classes"][:1], ANNEX: whole[ANNEX][:3], "cells": sample_tables(2)["cells"]}
    mask = [
        code == few["classes"]["class_code"][0].as_py() for code in whole["entries"]["class_code"].to_pylist()
    ]
    return {**few, "entries": whole["entries"].filter(mask)}


def _found(code: str, place: str, tables: dict[str, pa.Table]) -> Finding:
    entry, annex = tables["entries"].to_pylist()[0], tables[ANNEX].to_pylist()[0]
    cell = next(one for one in tables["cells"].to_pylist() if one["lines"])
    return {
        "entry": Finding(code, "某条。", entry["text"], table="entries", key=entry["entry_id"]),
        "annex": Finding(code, "某行。", annex["org_code"], table=ANNEX, key=annex["row_id"]),
        "cell": Finding(code, "某格。", "甲", page=cell["page"], cell_id=cell["cell_id"]),
    }[place]


def _completed(item: Any) -> None:
    """What a steward types: the decision and the reason."""
    text = item["from"]
    decisions = {
        "replace": lambda: f"{text}改",
        "split": lambda: [text[:2], text[2:]],
        "move": lambda: {"tier": "高级" if item["where"]["tier"] != "高级" else "初级"},
    }
    if item["action"] in decisions:
        item["to"] = decisions[item["action"]]()
    item["reason"] = "已核对"


@pytest.mark.parametrize("place", ["entry", "annex", "cell"])
@pytest.mark.parametrize("code", sorted(CODES))
def test_a_completed_skeleton_applies(
    code: str, place: str, tables: dict[str, pa.Table], tmp_path: Path
) -> None:
    path = tmp_path / "corrections.yaml"
    (row,) = finding_rows([_found(code, place, tables)], EDITION)
    assert write_template(path, row, tables, "李", datetime.date(2026, 1, 5)) == (1, 1)
    document = load_yaml(path)
    _completed(document[0])
    write_yaml(path, document)
    (correction,) = load_corrections(path)
    before = {name: tables[name].to_pylist() for name in ("classes", "entries", ANNEX)}
    if correction.of_cells:
        cells, changed = apply_to_cells(tables["cells"], [correction])
        assert changed == {row["cell_id"]} and cells != tables["cells"]
    else:
        assert apply_to_rows(before, [correction]) != before
    assert decided([row], corrections=[correction])[0]["status"] == "corrected"


def test_two_items_that_may_be_one_are_joined_where_only_the_reason_is_filled_in(
    tables: dict[str, pa.Table], tmp_path: Path
) -> None:
    """One entry a pair, not one a row."""
    path = tmp_path / "corrections.yaml"
    slots: dict[tuple[str, ...], list[Any]] = {}
    for entry in tables["entries"].to_pylist():
        slots.setdefault((entry["kind"], entry["tier"]), []).append(entry)
    pairs = [sorted(slot, key=lambda one: one["position"])[:2] for slot in slots.values() if len(slot) > 1][
        :3
    ]
    keys = tuple(one["entry_id"] for pair in pairs for one in pair)
    found = Finding("boundary_uncertain", "两条还是一条。", "甲|乙", table="entries", keys=keys)
    (row,) = finding_rows([found], EDITION)
    assert write_template(path, row, tables, "李", datetime.date(2026, 1, 5)) == (3, 3)
    document = load_yaml(path)
    for item in document:
        item["reason"] = "是一条"
    write_yaml(path, document)
    corrections = load_corrections(path)
    assert {tuple(one.expect) for one in corrections} == {
        tuple(one["text"] for one in pair) for pair in pairs
    }
    before = {name: tables[name].to_pylist() for name in ("classes", "entries", ANNEX)}
    after = apply_to_rows(before, corrections)
    assert len(after["entries"]) == len(before["entries"]) - 3
    assert decided([row], corrections=corrections)[0]["status"] == "corrected"


def test_the_parts_that_a_finding_names_are_filled_in(tables: dict[str, pa.Table], tmp_path: Path) -> None:
    path = tmp_path / "corrections.yaml"
    (first, *rest) = tables["entries"].to_pylist()
    made = {**tables, "entries": pa.Table.from_pylist([{**first, "text": "甲工、乙工"}, *rest])}
    found = Finding("items_run_together", "是两条。", "甲工|乙工", table="entries", key=first["entry_id"])
    (row,) = finding_rows([found], EDITION)
    assert write_template(path, row, made, "李", datetime.date(2026, 1, 5)) == (1, 1)
    document = load_yaml(path)
    document[0]["reason"] = "原文以顿号分隔"
    write_yaml(path, document)
    after = apply_to_rows({"entries": made["entries"].to_pylist(), "classes": []}, load_corrections(path))
    assert [entry["text"] for entry in after["entries"]][:2] == ["甲工", "乙工"]


def test_a_finding_without_a_place_cannot_be_corrected(tables: dict[str, pa.Table], tmp_path: Path) -> None:
    (row,) = finding_rows([Finding("pages_lost", "缺第3页。", "3")], EDITION)
    with pytest.raises(XizeError, match="没有指明可以更正的行或单元格.*xize accept"):
        write_template(tmp_path / "corrections.yaml", row, tables, "李", datetime.date(2026, 1, 5))
    assert not (tmp_path / "corrections.yaml").exists()
