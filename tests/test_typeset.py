"""The typesetters print what the truth says: every letter arrives in the PDF, whatever the producer."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from benchmarks.expected import expected_table
from tests.typeset import Layout, available, typeset
from tests.typeset.content import excerpt, next_year
from tests.typeset.document import annex_grid, blocks
from tests.typeset.fonts import BASE, font_file
from tests.typeset.layout import A3
from tests.typeset.letters import missing
from tests.typeset.linebreak import break_lines
from tests.typeset.province import province

DATA = Path(__file__).parent / "data" / "shanghai-2025.truth.json"
WIDE = {"class": 0.85, "skill": 1.5}
LAYOUTS = [
    Layout("plain", landscape=True, widths=WIDE),
    Layout(
        "repeat",
        landscape=True,
        header="repeat",
        span_text="repeat",
        valign="middle",
        rule="fill",
        cut="closed",
    ),
    Layout("larger", landscape=True, span_text="larger", rule="double", class_cell="inline", banner="text"),
    Layout(
        "centre", page=A3, span_text="centre", mirror=True, justify=True, indent=8, para_gap=2, rule="jitter"
    ),
    Layout(
        "turned", landscape=True, rotate="all", crop=15, annex_shuffle=True, class_first=False, per_glyph=True
    ),
    Layout("cid", landscape=True, font="STSong-Light", breaking="char", watermark="征求意见稿"),
    Layout("disguised", landscape=True, unicode="mixed", fake_bold=True, ghosts="white"),
    Layout("chromium", "chromium", landscape=True, header="repeat", rule="dashed"),
    Layout("weasyprint", "weasyprint", landscape=True, header_fill="#dddddd"),
    Layout("writer", "writer", landscape=True, header="repeat", rule="double"),
]


def producer(layout: Layout) -> None:
    """Skip with the reason if this machine lacks the layout's producer or the fonts."""
    reason = available(layout.engine)
    if reason is None and layout.engine == "canvas" and not font_file(BASE):
        reason = "PyPI package justmytype-intl-cjk is not installed"
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return excerpt(json.loads(DATA.read_text("utf-8")), classes=2, annex_rows=9)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_everything_is_printed(layout: Layout, truth: dict[str, Any], tmp_path: Path) -> None:
    producer(layout)
    path = tmp_path / "a.pdf"
    slow = layout.engine != "canvas"
    if slow:
        truth = excerpt(truth, classes=1, annex_rows=3, sections=1)
    printed = typeset(truth, layout, path, second_pass=not slow)
    assert not missing(truth, layout, path)
    assert printed["page_count"] >= 4
    assert all(part["page"] for part in printed["sections"] + printed["annexes"])


def test_headings_stand_on_the_pages_that_truth_names(truth: dict[str, Any], tmp_path: Path) -> None:
    layout = LAYOUTS[0]
    producer(layout)
    printed = typeset(truth, layout, tmp_path / "a.pdf")
    document = pypdfium2.PdfDocument(tmp_path / "a.pdf")
    for annex in printed["annexes"]:
        text = document[annex["page"] - 1].get_textpage().get_text_range()
        assert annex["title"][:8] in "".join(text.split())
    document.close()


def test_the_same_layout_gives_the_same_bytes(truth: dict[str, Any], tmp_path: Path) -> None:
    layout = dataclasses.replace(LAYOUTS[6], name="twice")
    producer(layout)
    for name in ("a", "b"):
        typeset(truth, layout, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("mode", "lines"),
    [
        ("kinsoku", ["农艺工", "(五级/", "初级", "工)、", "BIM师"]),
        ("char", ["农艺工(", "五级/初", "级工)、", "BIM师"]),
    ],
)
def test_line_breaking(mode: str, lines: list[str]) -> None:
    def measure(char: str) -> float:
        return 10.0 if ord(char) > 255 else 5.0

    broken = break_lines("农艺工(五级/初级工)、BIM师", 35.0, measure, mode)
    assert broken == lines


def test_a_word_wider_than_its_column_is_broken_anywhere() -> None:
    assert break_lines("ABCDEFG", 3.0, lambda _: 1.0, "word") == ["ABC", "DEF", "G"]


@pytest.mark.parametrize("seed", range(1, 7))
def test_invented_provinces_are_consistent(seed: int) -> None:
    made = province(seed, majors=5, scale=0.3)
    layout = Layout("x", banner="text", annex_shuffle=True)
    assert sum(block.grid is not None for block in blocks(made, layout)) >= 5 + 9
    kinds = {expected_table(t)[0] for a in made["annexes"] for t in a["tables"]}
    assert {"annex_other", "annex_4_associations", "annex_8_qualifications", "annex_10_titles"} <= kinds
    codes = [c["codes"][0] for s in made["sections"] for c in s["classes"]]
    assert len(codes) == len(set(codes))


def test_next_year_differs_everywhere_but_keeps_its_shape() -> None:
    before = json.loads(DATA.read_text("utf-8"))
    after = next_year(before)
    assert after["kind_labels"] != before["kind_labels"]
    assert [a["printed_no"] for a in after["annexes"]] == list(range(1, len(after["annexes"]) + 1))
    old = {c["codes"][0]: c for s in before["sections"] for c in s["classes"]}
    new = {c["codes"][0]: c for s in after["sections"] for c in s["classes"]}
    assert set(new) < set(old)
    assert any(new[code]["name"] != old[code]["name"] for code in new)
    for annex in after["annexes"]:
        for table in annex["tables"]:
            annex_grid(table, Layout("x"))
