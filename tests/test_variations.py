"""From PDF to curated tables: small editions in many layouts, next year's and other provinces'.

A ratchet: places still read wrongly are recorded per case and may not become more (where fewer are found, lower the
figure). What is wrong is an item boundary on a line filled exactly, or a merged cell that a page break parts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.corpus import read_tables
from benchmarks.score import score, show
from tests.typeset import Layout, available, typeset
from tests.typeset.content import excerpt, next_year
from tests.typeset.fonts import BASE, font_file
from tests.typeset.layout import A3
from tests.typeset.province import province

DATA = Path(__file__).parent / "data" / "shanghai-2025.truth.json"
WIDE = {"class": 1.0, "skill": 1.5}
LAYOUTS = {
    "plain": Layout("plain", landscape=True, widths=WIDE),
    "repeated-header": Layout("repeated-header", landscape=True, header="repeat", rule="fill", cut="closed", widths=WIDE),
    "other-order": Layout(
        "other-order", landscape=True, class_cell="inline", banner="text", annex_shuffle=True, widths=WIDE,
        groups=("practice", "industry", "skill", "title", "one_plus_x"),
    ),
    "big-page": Layout("big-page", page=A3, size=9, mirror=True, rule="double", running_head="双师型教师", valign="middle"),
    "turned": Layout("turned", landscape=True, rotate="odd", crop=12, class_first=False, widths=WIDE, fake_bold=True),
    "disguised": Layout("disguised", landscape=True, unicode="mixed", ghosts="white", watermark="征求意见稿", widths=WIDE),
    "chromium": Layout("chromium", "chromium", landscape=True, header="repeat", widths=WIDE),
    "writer": Layout("writer", "writer", landscape=True, rule="double", widths=WIDE),
}  # fmt: skip


def contents() -> dict[str, dict[str, Any]]:
    """What is printed: excerpts of the known edition and of its next, and an invented province."""
    known = json.loads(DATA.read_text("utf-8"))
    return {
        "known": excerpt(known, classes=3, annex_rows=12),
        "next": excerpt(next_year(known), classes=3, annex_rows=12),
        "province": province(11, majors=3, classes=3, scale=0.1),
    }


CONTENTS = contents()
KNOWN_WRONG = {
    **dict.fromkeys(
        ("known-plain", "known-repeated-header", "known-other-order", "known-turned", "known-disguised"), 1
    ),
    "known-big-page": 2,
    "next-plain": 2,
}
"""``known-``: an annex's merged name that a page break parts (1); a bracket on a full line, behind which the title could go on
(民用无人机系统专业工程师(中型视距内)/BIM建模师, big-page); rows of a merged cell that a page break parts (next-plain)."""
CASES = [
    *(("known", name) for name in LAYOUTS),
    ("next", "plain"),
    ("next", "other-order"),
    ("province", "plain"),
    ("province", "big-page"),
]


@pytest.mark.parametrize(("what", "name"), CASES, ids=["-".join(case) for case in CASES])
def test_read_as_typeset(what: str, name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    reason = available(layout.engine)
    if reason is None and layout.engine == "canvas" and not font_file(BASE):
        reason = "PyPI package justmytype-intl-cjk is not installed"
    if reason:
        pytest.skip(reason)
    truth = typeset(CONTENTS[what], layout, tmp_path / f"{name}.pdf")
    tables, stats = read_tables(name, tmp_path, {})
    result = score(truth, tables, stats)
    assert result["conservation"]["lost"] == 0
    assert result["wrong"] <= KNOWN_WRONG.get(f"{what}-{name}", 0), show(result, 30)
