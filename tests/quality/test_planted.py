"""Faults planted in a printed rulebook: each comes up once, under its code, at its place; and nothing else does."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from tests.cli_home import EDITION, print_rulebook, small_truth, xize
from tests.quality.truth_tables import truth
from tests.typeset.content import cut_table, refresh_toc

LOOSE = "本表所列证书以发证机关最近一次公布的名称为准"


def _planted() -> tuple[dict[str, Any], str]:
    """(a small rulebook with one fault of every kind, the item that one cell prints twice)."""
    book = small_truth()
    assessments = copy.deepcopy(truth()["annexes"][5])
    assessments["tables"] = [cut_table(table, 30) for table in assessments["tables"]]
    book["annexes"].append(assessments)
    first = book["sections"][0]["classes"][0]
    first["name"] = "农林类"
    skill, certificates = first["cells"]["skill"], first["cells"]["one_plus_x"]
    for tiers in first["cells"].values():
        for tier, items in tiers.items():
            tiers[tier] = list(dict.fromkeys(items))  # the excerpt repeats some items itself
    twice: str = skill["高级"][0]
    skill["高级"] += [twice, "西式面点师(三级/高级工)"]
    skill["初级"] += ["船体装配工(五级/高级工)", "西式西点师(五级/初级工)", "园艺摄影师(五级/初级工"]
    skill["中级"] += ["西式面点师(四级/中级工)", "商业摄影师(四级/中级技师)", "保育师(二级/技师)"]
    certificates["初级"].append("职业技能等级证书(初级)")
    book["annexes"][1]["tables"][0]["rows"][2][0] = "9"
    rows = assessments["tables"][0]["rows"]
    code = next(row[2] for row in rows if row[2] != rows[0][2])
    for row in rows:
        row[2] = row[2].replace("S", "s") if row[2] == code else row[2]
    return refresh_toc(book), twice


def _print_beside(path: Path, page: int, text: str) -> None:
    """Print a line in the bottom margin of a page (from 1), clear of its tables."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        target = pdf.pages[page - 1]
        _, _, width, height = (float(value) for value in target.mediabox)
        sheet = io.BytesIO()
        canvas = Canvas(sheet, pagesize=(width, height))
        canvas.setFont("STSong-Light", 9)
        canvas.drawString(60, 90, text)
        canvas.save()
        with pikepdf.open(sheet) as overlay:
            target.add_overlay(overlay.pages[0])
        pdf.save(path)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], str]:
    """The findings of a run of that rulebook, as ``xize findings --format json`` prints them; the repeated item."""
    home = tmp_path_factory.mktemp("planted")
    book, twice = _planted()
    path = print_rulebook(book, home / "planted.pdf")
    with pikepdf.open(path) as pdf:
        pages = len(pdf.pages)
    assert pages >= 4
    _print_beside(path, 3, LOOSE)
    assert xize(home, "add", EDITION, path).code == 0
    done = xize(home, "run", EDITION, "--no-prefect", "--allow-incomplete")
    assert done.code == 0, done.err
    listed = xize(home, "findings", EDITION, "--format", "json")
    return json.loads(listed.out), twice


@pytest.mark.parametrize(
    ("code", "severity", "words"),
    [
        ("level_words_contradict", "warning", "船体装配工(五级/高级工)"),
        ("level_word_unknown", "info", "中级技师"),
        ("brackets_unbalanced", "warning", "园艺摄影师(五级/初级工"),
        ("item_cut_off", "warning", "职业技能等级证书(初级)"),
        ("name_near_duplicate", "warning", "西式西点师"),
        ("class_not_in_moe_list", "info", "农林类"),
        ("running_number_gap", "warning", "2之后是9"),
        ("org_code_pattern", "warning", "“s0000"),
        ("tier_conflict", "warning", "保育师(二级/技师)"),
        ("tier_conflict", "info", "船体装配工(五级/高级工)"),
        ("text_outside_tables", "info", LOOSE),
    ],
)
def test_every_planted_fault_comes_up(
    found: tuple[list[dict[str, Any]], str], code: str, severity: str, words: str
) -> None:
    rows = [row for row in found[0] if row["code"] == code and words in row["message"]]
    assert len(rows) == 1, [(row["code"], row["message"]) for row in found[0]]
    assert rows[0]["severity"] == severity and rows[0]["page"] is not None
    assert rows[0]["message"].endswith("。") and rows[0]["message"].count("。") == 1


def test_the_repeated_item_is_named_with_its_cell(found: tuple[list[dict[str, Any]], str]) -> None:
    (row,) = [row for row in found[0] if row["code"] == "item_repeated"]
    assert found[1] in row["message"] and "6101 国家技能等级证书(职业资格证书)·高级" in row["message"]


def test_no_fault_is_said_twice_as_a_warning(found: tuple[list[dict[str, Any]], str]) -> None:
    """One misprinted code or number is one decision, not one per row, table and validation."""
    codes = [row["code"] for row in found[0] if row["severity"] == "warning"]
    for code in ("org_code_pattern", "running_number_gap", "item_repeated", "brackets_unbalanced"):
        assert codes.count(code) == 1, code
    assert not {"value_unusual", "item_implausible", "text_implausible", "value_unknown"} & set(codes)
    still = [row for row in found[0] if row["severity"] == "warning" and row["status"] == "open"]
    order = [(row["queue"] == "document", -(row["chance"] or 0) * row["rows"]) for row in still]
    assert order == sorted(order), "what may be read wrongly first, by chance and rows"
