"""The scorer: a perfect release scores perfectly, and every kind of error is seen."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.expected import expected_table
from benchmarks.score import load_release, main, score, score_tables
from tests.typeset.content import excerpt

DATA = Path(__file__).parent / "data" / "shanghai-2025.truth.json"
Tables = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return excerpt(json.loads(DATA.read_text("utf-8")), classes=3, annex_rows=12)


def publish(truth: dict[str, Any]) -> Tables:
    """What a faultless pipeline would publish."""
    tables: Tables = {"majors": [], "classes": [], "entries": [], "notes": [], "findings": []}
    for section in truth["sections"]:
        college, bachelor = section["alt_codes"]
        major = {"major_code": section["major_code"], "college_code": college, "bachelor_code": bachelor}
        tables["majors"].append(major | {"name": section["name"], "present": True})
        for cls in section["classes"]:
            codes = [*cls["codes"], None, None][:3]
            named = dict(zip(("class_code", "college_code", "bachelor_code"), codes, strict=True))
            tables["classes"].append(named | {"name": cls["name"], "major_code": section["major_code"]})
            for kind, tiers in cls["cells"].items():
                for tier, items in tiers.items():
                    for n, text in enumerate(items, start=1):
                        row = {
                            "class_code": codes[0],
                            "kind": kind,
                            "tier": tier,
                            "position": n,
                            "text": text,
                            "page": 4,
                        }
                        tables["entries"].append(row)
    for n, note in enumerate(truth["notes"], start=1):
        tables["notes"].append({"number": str(n), "text": note.split(". ", 1)[-1]})
    for annex in truth["annexes"]:
        for table in annex["tables"]:
            name, rows = expected_table(table)
            for row in rows:
                made: dict[str, Any] = dict(row)
                for column in ("departments", "legal_basis"):
                    if column in made:
                        made[column] = [v for v in made[column].split("|") if v]
                if "grades" in made:
                    made["grades"] = [int(v) for v in made["grades"].split(",") if v]
                tables.setdefault(name, []).append(made)
    return tables


def test_a_perfect_release(truth: dict[str, Any]) -> None:
    result = score(truth, publish(truth))
    assert result["wrong"] == 0
    assert all(p["f1"] == 1.0 and p["cells"] == p["cells_right"] for p in result["parts"])
    assert sum(p["expected"] for p in result["parts"]) > 300


def lose_item(tables: Tables) -> None:
    del tables["entries"][5]


def split_item(tables: Tables) -> None:
    row = tables["entries"][7]
    tables["entries"].insert(8, row | {"text": row["text"][3:], "position": row["position"] + 0.5})
    tables["entries"][7] = row | {"text": row["text"][:3]}


def move_tier(tables: Tables) -> None:
    tables["entries"][0] |= {"tier": "高级", "position": 99}


def swap_items(tables: Tables) -> None:
    a, b = tables["entries"][0], tables["entries"][1]
    a["text"], b["text"] = b["text"], a["text"]


def rename_class(tables: Tables) -> None:
    tables["classes"][0]["name"] += "类"


def lose_note(tables: Tables) -> None:
    tables["notes"].pop()


def shift_merged_cell(tables: Tables) -> None:
    tables["annex_4_associations"][3]["supervisor"] = "财政部"


def lose_annex_row(tables: Tables) -> None:
    del tables["annex_7_one_plus_x"][4]


def wrong_grades(tables: Tables) -> None:
    tables["annex_6_assessments"][1]["grades"] = [4]


def join_list(tables: Tables) -> None:
    row = next(r for r in tables["annex_8_qualifications"] if len(r["legal_basis"]) > 1)
    row["legal_basis"] = ["".join(row["legal_basis"])]


def invent_row(tables: Tables) -> None:
    tables["annex_2_organisers"].append({"no": "99", "name": "无此机构"})


@pytest.mark.parametrize(
    "spoil",
    [
        lose_item, split_item, move_tier, swap_items, rename_class, lose_note, shift_merged_cell, lose_annex_row,
        wrong_grades, join_list, invent_row,
    ],
)  # fmt: skip
def test_errors_are_seen(spoil: Callable[[Tables], None], truth: dict[str, Any]) -> None:
    tables = copy.deepcopy(publish(truth))
    spoil(tables)
    assert score(truth, tables)["wrong"] > 0


def test_a_lost_item_is_named_with_its_place(truth: dict[str, Any]) -> None:
    tables = publish(truth)
    lost = tables["entries"].pop(5)
    entries = score(truth, tables)["parts"][0]
    assert entries["right"] == entries["expected"] - 1
    wrong = entries["wrong"][0]
    assert wrong["where"] == f"{lost['class_code']}/{lost['kind']}/{lost['tier']}"
    assert wrong["page"] == 4


def test_command_line_reads_a_release(
    truth: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, rows in publish(truth).items():
        columns = {key: None for row in rows for key in row}
        pq.write_table(pa.Table.from_pylist([columns | row for row in rows]), tmp_path / f"{name}.parquet")
    figures = {"characters_in_tables": 10, "published": 10, "in_findings": 0, "lost": 0}
    (tmp_path / "manifest.json").write_text(json.dumps({"stats": {"conservation": figures}}), "utf-8")
    (tmp_path / "truth.json").write_text(json.dumps(truth), "utf-8")
    monkeypatch.setattr("sys.argv", ["score.py", str(tmp_path / "truth.json"), str(tmp_path)])
    assert main() == 0
    out = capsys.readouterr().out
    assert "annex_11_mappings" in out
    assert "'lost': 0" in out
    assert set(load_release(tmp_path)[0]) >= {"entries", "annex_9_overseas"}


def test_grids_are_compared_by_span_and_text() -> None:
    cell = {"row": 0, "col": 0, "row_span": 1, "col_span": 2, "text": "甲 乙"}
    want = [{"page": 1, "cells": [cell]}]
    assert not score_tables(want, [{"page": 1, "cells": [cell | {"text": "甲乙"}]}]).wrong
    assert score_tables(want, [{"page": 1, "cells": [cell | {"col_span": 1}]}]).wrong
    assert score_tables(want, []).wrong
    assert score_tables([], want).wrong
