"""Numbered and bulleted items: a mark in order begins an item and is no part of its name; what only looks like one stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.quality.corrections.file import Correction
from pipeline.quality.corrections.rows import apply_to_rows
from pipeline.readers.pdf.read import read_pdf
from pipeline.text import list_marks, normalise
from pipeline.tidy.document import tidy
from pipeline.tidy.entries import organisations, stated
from tests.quality.truth_tables import truth
from tests.typeset import Layout, typeset
from tests.typeset.content import excerpt
from tests.typeset.layout import A3

ROUND = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
MARKS = {
    "point": lambda n: f"{n}.",
    "enumeration comma": lambda n: f"{n}、",
    "brackets": lambda n: f"（{n}）",
    "circled": lambda n: ROUND[n - 1],
    "bullet": lambda n: "•",
    "dash": lambda n: "- ",
}


@pytest.mark.parametrize(
    ("lines", "marks"),
    [
        (["1.农艺师", "2.植保", "员", "3.3D打印员"], ["1.", "2.", "", "3."]),
        (["（1）农艺师", "（2）植保员"], ["（1）", "（2）"]),
        (["1.⾼级农艺师"], ["1."]),
        (["2)农艺师", "4)植保员"], ["2)", ""]),
        (["①农艺师", "②植保员"], ["①", "②"]),
        (["· 农艺师", "·植保员"], ["·", "·"]),
        (["农艺师", "1.植保员"], ["", ""]),
        (["1.农艺师", "2、植保员"], ["1.", ""]),
        (["1+X证书"], [""]),
        (["3D打印员"], [""]),
        (["2级植保员"], [""]),
        (["2.5G通信"], [""]),
        (["1、2级植保员"], [""]),
        (["——"], [""]),
    ],
)
def test_what_a_list_mark_is(lines: list[str], marks: list[str]) -> None:
    assert list_marks(lines) == marks


@pytest.mark.parametrize("kind", MARKS)
def test_marked_items_are_read_one_by_one(kind: str, tmp_path: Path) -> None:
    """In narrow columns, where full lines leave the end of an item open."""
    mark = MARKS[kind]
    book = excerpt(truth(), classes=2, annex_rows=3, sections=2, annexes=1)
    wanted = {}
    for section in book["sections"]:
        for one in section["classes"]:
            for of_kind, tiers in one["cells"].items():
                for tier, items in tiers.items():
                    items[:] = list(dict.fromkeys(items))[: len(ROUND)]
                    wanted[one["codes"][0], of_kind, tier] = list(items)
                    items[:] = [f"{mark(n)}{item}" for n, item in enumerate(items, 1)]
    path = tmp_path / "rulebook.pdf"
    typeset(book, Layout(path.stem, page=A3, landscape=True, size=6), path)
    tidied = tidy(read_pdf(path, workers=1), {}, path.name)
    found: dict[Any, list[Any]] = {}
    for row in tidied.rows["entries"]:
        found.setdefault((row["class_code"], row["kind"], row["tier"]), []).append(row)
    known = organisations(tidied.rows)
    for slot, items in wanted.items():
        rows = found.get(slot, [])
        assert [row["text"] for row in rows] == [
            normalise(f"{mark(n)}{item}") for n, item in enumerate(items, 1)
        ]
        assert [row["name"] for row in rows] == [stated(normalise(item), known)["name"] for item in items]


def test_a_corrected_item_keeps_its_mark_out_of_its_name() -> None:
    row = {
        "class_code": "6101",
        "kind": "skill",
        "tier": "初级",
        "text": "1技术员",
        "name": "技术员",
        "position": 1,
        "entry_id": "a",
    }
    rows = {"classes": [{"class_code": "6101"}], "entries": [row]}
    where = {"class": "6101", "kind": "skill", "tier": "初级"}
    signed = {
        "where": where,
        "reason": "误植",
        "by": "李",
        "date": "2026-01-05",
        "line": 1,
        "file": "corrections.yaml",
    }
    moved = Correction.model_validate({**signed, "action": "move", "from": "①技术员", "to": {"tier": "中级"}})
    other = Correction.model_validate(
        {**signed, "action": "replace", "from": "①技术员", "to": "2.农艺师（五级）"}
    )
    for correction, text, name in ((moved, "1技术员", "技术员"), (other, "2.农艺师(五级)", "农艺师")):
        (made,) = apply_to_rows(rows, [correction])["entries"]
        assert (made["text"], made["name"]) == (text, name)
