"""Annexes that no table of the contract fits, compared row by row and cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.diff import Side, compare
from pipeline.schema import TABLES, build

LINES = [["1", "花艺师工作室", "浦东"], ["2", "园艺师工作室", "徐汇"], ["3", "茶艺师工作室", "黄浦"]]


def _side(edition: str, lines: Sequence[Sequence[str]]) -> Side:
    rows = [
        {"annex_no": 12, "title": "工作室名单", "table_no": 1, "row": row, "col": col, "text": text,
         "header": ("序号", "名称", "所在区")[col], "row_id": f"1/{row}/{col}", "source": "pdf", "page": 9}
        for row, line in enumerate(lines)
        for col, text in enumerate(line)
    ]  # fmt: skip
    tables = {name: build(name, rows if name == "annex_other" else (), edition) for name in TABLES}
    manifest = {"title": "细则", "source": {"kind": "pdf"}}
    return Side(edition, "r001", tables, manifest, Path("nowhere"))


def _changes(after: Sequence[Sequence[str]]) -> list[tuple[str, str | None, str | None, str | None]]:
    found = compare(_side("demo-2025", LINES), _side("demo-2026", after)).to_pylist()
    return [(row["change"], row["field"], row["before"], row["after"]) for row in found]


def test_a_cell_changed() -> None:
    after = [LINES[0], ["2", "园艺师工作室", "静安"], LINES[2]]
    assert _changes(after) == [("annex_row_changed", "所在区", "徐汇", "静安")]
    found = compare(_side("demo-2025", LINES), _side("demo-2026", after)).to_pylist()
    assert (found[0]["key"], found[0]["key_after"]) == ("1/1/2", "1/1/2")  # the cell's own row


def test_a_row_taken_out_moves_the_numbers_below() -> None:
    assert _changes([LINES[0], ["2", "茶艺师工作室", "黄浦"]]) == [
        ("annex_row_removed", None, "2 | 园艺师工作室 | 徐汇", None),
        ("annex_row_renumbered", "序号", "3", "2"),
    ]


def test_a_row_put_in() -> None:
    added = ["4", "西点制作基地", "宝山"]
    assert _changes([*LINES, added]) == [("annex_row_added", None, None, "4 | 西点制作基地 | 宝山")]
