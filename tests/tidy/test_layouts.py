"""Layouts of other commissions: whatever stands where, majors, classes, notes, annexes and places of items are exact."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.editions import failures
from pipeline.readers.pdf.read import read_pdf
from pipeline.tidy.document import Tidied, tidy
from tests.typeset import Layout, available, typeset
from tests.typeset.content import refresh_toc
from tests.typeset.editions import random_edition
from tests.typeset.layout import A3, A4
from tests.typeset.province import province

pytestmark = pytest.mark.skipif(available("typst") is not None, reason="typst is not installed")

WIDE = Layout(
    "wide", "typst", page=A3, landscape=True, size=9, header="repeat", widths={"class": 1.2, "skill": 1.4}
)
LONG = ("初级“双师型”教师", "中级“双师型”教师", "高级“双师型”教师")
LAYOUTS = {
    "heading in the table": replace(WIDE, sections="row", gap=2.0),
    "heading without the last column": replace(WIDE, sections="row", heading_short=1, extra="备注"),
    "one table, headings over half of it": replace(WIDE, sections="one", header="first", heading_short=5),
    "tables adjoining": replace(WIDE, sections="adjoin", header="first"),
    "one table, the first heading repeated": replace(WIDE, sections="one"),
    "one table, nothing repeated": replace(WIDE, sections="one", header="first", valign="middle"),
    "a word over all groups": replace(WIDE, top_word="双师型教师可认定的证书"),
    "three levels in the table": replace(WIDE, top_word="证书类别", sections="row"),
    "tiers above kinds": replace(WIDE, tiers_above=True, top_word="证书"),
    "long words for tiers": replace(WIDE, tier_words=LONG),
    "twelve columns": replace(WIDE, groups=("skill", "title", "industry", "one_plus_x")),
    "twenty columns": replace(WIDE, extra_in_kinds=True, size=7),
    "a column of remarks": replace(WIDE, extra="备注", class_first=False),
    "remarks first, codes in brackets": replace(WIDE, extra="备注", extra_first=True, class_cell="bracket", page=A4),
    "titles below": replace(WIDE, title_below=True, tier_words=("初级层次", "中级层次", "高级层次")),
    "annexes turned": replace(WIDE, turned="annexes"),
    "sections turned": replace(WIDE, turned="sections"),
    "frame, stamp, watermark": replace(WIDE, frame=True, stamp="专用章", watermark="征求意见稿", running_head="认定细则"),
    "footnotes": replace(WIDE, footnotes=True),
    "footnotes behind the table": replace(WIDE, footnotes=True, notes_last=True),
    "lists on pages of their own": replace(WIDE, list_page=True, page_number="第{page}页 共{pages}页"),
    "banners as text": replace(WIDE, banner="text", annex_shuffle=True, header="first"),
}  # fmt: skip


def printed(truth: dict[str, Any], layout: Layout, folder: Path) -> tuple[dict[str, Any], Tidied]:
    """The truth as typeset, and what is read of it."""
    path = folder / "rulebook.pdf"
    return typeset(truth, layout, path), tidy(read_pdf(path, workers=1), {}, path.name)


def small(layout: Layout) -> dict[str, Any]:
    """A province with lists of two kinds, printed under the groups of a layout, with footnotes here and there."""
    truth = province(5, majors=3, classes=3, scale=0.15, more=True)
    for section in truth["sections"]:
        for cls in section["classes"]:
            cls["cells"] = {kind: cls["cells"][kind] for kind in layout.groups}
            cls["notes"] = (
                {"skill.中级": f"{cls['name']}以证书颁发时的名称为准。"} if layout.footnotes else {}
            )
    return truth


def check(truth: dict[str, Any], found: Tidied) -> None:
    assert failures(truth, found.rows) == []
    assert found.characters["lost"] == 0
    assert [finding.message for finding in found.findings if finding.level == "error"] == []


@pytest.mark.parametrize("name", LAYOUTS)
def test_structure_is_exact(name: str, tmp_path: Path) -> None:
    check(*printed(small(LAYOUTS[name]), LAYOUTS[name], tmp_path))


def test_a_title_below_the_number_is_the_annexes(tmp_path: Path) -> None:
    truth, found = printed(small(LAYOUTS["titles below"]), LAYOUTS["titles below"], tmp_path)
    assert {row["title"] for row in found.rows["annex_other"]} <= {one["title"] for one in truth["annexes"]}
    assert not [one for one in found.findings if one.code == "annex_similar"]


@pytest.mark.parametrize("seed", [4, 6, 8, 9, 26, 29])
def test_a_random_edition_is_exact(seed: int, tmp_path: Path) -> None:
    """More of them: ``benchmarks/editions.py``."""
    check(*printed(*random_edition(seed, "typst"), tmp_path))


def test_a_column_of_remarks_is_told_of(tmp_path: Path) -> None:
    layout = LAYOUTS["a column of remarks"]
    _, found = printed(small(layout), layout, tmp_path)
    (finding,) = (one for one in found.findings if one.code == "catalogue_column_extra")
    assert finding.evidence.startswith("备注：见附件") and finding.level == "warning"


@pytest.mark.parametrize("name", ["footnotes", "footnotes behind the table"])
def test_footnotes_do_not_end_a_table_and_are_told_of(name: str, tmp_path: Path) -> None:
    truth, found = printed(small(LAYOUTS[name]), LAYOUTS[name], tmp_path)
    marks = [one for one in found.findings if one.code == "footnote_mark"]
    assert len(marks) == sum(len(cls["notes"]) for one in truth["sections"] for cls in one["classes"])
    assert all("以证书颁发时的名称为准" in one.evidence for one in marks)


def test_a_mark_without_a_note_stays_and_is_told_of(tmp_path: Path) -> None:
    truth = small(LAYOUTS["footnotes"])
    for cls in (cls for section in truth["sections"] for cls in section["classes"]):
        cls["notes"] = dict.fromkeys(cls["notes"], "12")
    truth, found = printed(truth, LAYOUTS["footnotes"], tmp_path)
    marks = [one for one in found.findings if one.code in ("footnote_mark", "raised_mark")]
    assert len(marks) == sum(len(cls["notes"]) for one in truth["sections"] for cls in one["classes"])
    assert all(one.code == "raised_mark" and one.page and "没有找到其注文" in one.message for one in marks)


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_a_section_that_prints_only_its_header_is_told_of(first: bool, tmp_path: Path) -> None:
    """Also the last one, behind which the notes of all stand."""
    layout = WIDE if first else replace(WIDE, sections="one", footnotes=True, notes_last=True)
    truth = small(layout)
    section = truth["sections"][0 if first else -1]
    section["classes"] = []
    truth, found = printed(truth, layout, tmp_path)
    check(truth, found)
    (finding,) = (one for one in found.findings if one.code == "section_header_only")
    assert finding.key == section["major_code"] and finding.level == "warning"


def test_contents_that_lie_change_nothing(tmp_path: Path) -> None:
    truth = refresh_toc(small(WIDE))
    truth["toc"].pop(2)
    truth["toc"][-1]["text"] = truth["toc"][-1]["text"].replace("名单", "目录").replace("目录", "清单")
    check(*printed(truth, WIDE, tmp_path))


@pytest.mark.parametrize(
    ("page", "title", "absent"),
    [(1, "不在的名单", True), (99, "不在的名单", False), (1, "以证书颁发时的名称为准", False)],
    ids=["not there", "behind the last page", "its title stands somewhere"],
)
def test_contents_that_name_an_annex_that_is_not_there(
    page: int, title: str, absent: bool, tmp_path: Path
) -> None:
    layout = replace(WIDE, footnotes=True)
    truth = refresh_toc(small(layout))
    truth["toc"].append({"text": f"附件19：{title}", "page": page})
    _, found = printed(truth, layout, tmp_path)
    assert [line.absent for line in found.toc if not line.found] == [absent]
    assert [one.level for one in found.findings if one.code == "toc_annex_absent"] == ["warning"] * absent
