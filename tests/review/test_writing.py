"""One decision is written, and exactly that one is taken back: the rest of the file stays byte for byte."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import XizeError
from pipeline.quality.corrections.file import load_corrections
from pipeline.quality.decisions import load_accepted
from pipeline.review import writing

DAY = datetime.date(2026, 1, 5)
ENTRY: dict[str, Any] = {
    "where": {"class": "6101", "kind": "skill", "tier": "初级"},
    "action": "replace",
    "from": "西式西点师: 1+X",
    "to": "西式面点师",
    "reason": "误植",
    "finding": "0123456789abcdef",
}
HAND = """# 抬头
-   where: {class: 6901,   kind: skill, tier: 初级}   # 手写的格式
    action: replace
    from: "甲"
    to: '乙'

    reason: 误植   # 说明
    by: 王
    date: 2026-01-01
# 尾注
"""


def compose(**more: Any) -> Any:
    return writing.compose({**ENTRY, **more}, "李", DAY)


@pytest.mark.parametrize(
    "before",
    [
        HAND,
        HAND.rstrip("\n"),
        HAND.replace("\n", "\r\n"),
        "".join(f"   {line}\n" for line in HAND.splitlines()),
        "# 只有注释\n",
        "",
        None,
    ],
)
def test_an_entry_is_added_and_nothing_else_moves(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "corrections.yaml"
    if before is not None:
        path.write_bytes(before.encode())
    written = writing.write_corrections(path, [(compose(), "第3页 说明")])
    data = path.read_bytes()
    assert data.startswith((before or "").encode())
    corrections = load_corrections(path)
    assert len(corrections) == (before or "").count("where:") + 1
    last = corrections[-1]
    assert (last.expect, last.to, last.by, last.date) == ("西式西点师: 1+X", "西式面点师", "李", DAY)
    assert last.finding == "0123456789abcdef"
    assert "第3页 说明".encode() in data
    writing.take_back(written)
    assert (path.read_bytes() if path.is_file() else None) == (
        before.encode() if before is not None else None
    )


@pytest.mark.parametrize("text", ["[]\n", HAND + "...\n"])
def test_a_file_to_whose_end_nothing_can_be_added_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "corrections.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(XizeError, match="无法在.*末尾添加"):
        writing.write_corrections(path, [(compose(), "")])
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ({"action": "burn"}, "burn"),
        ({"reason": " "}, "理由"),
        ({"to": None}, "to"),
        ({"where": {"class": "6101"}}, "kind"),
        ({"where": {"cell": "x"}}, "where"),
        ({"where": None}, "where"),
        ({"action": "split", "to": ["西式", "别的"]}, "连起来"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_a_run_would_refuse_is_not_written(tmp_path: Path, entry: dict[str, Any], word: str) -> None:
    path = tmp_path / "corrections.yaml"
    path.write_text(HAND, "utf-8")
    with pytest.raises(XizeError, match=word):
        writing.write_corrections(path, [(compose(**entry), "")])
    assert path.read_text("utf-8") == HAND


def test_a_broken_file_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "corrections.yaml"
    path.write_text("- where: {\n", "utf-8")
    with pytest.raises(XizeError, match="不是合法的YAML"):
        writing.write_corrections(path, [(compose(), "")])
    path.write_text("where: x\n", "utf-8")
    with pytest.raises(XizeError, match="不是列表"):
        writing.write_corrections(path, [(compose(), "")])
    assert path.read_text("utf-8") == "where: x\n"


def test_taking_back_leaves_what_others_added_since(tmp_path: Path) -> None:
    path = tmp_path / "corrections.yaml"
    path.write_text(HAND, "utf-8")
    written = writing.write_corrections(path, [(compose(), "")])
    later = HAND.split("\n", 1)[1].replace("6901", "7001")
    path.write_bytes(path.read_bytes() + later.encode())
    writing.take_back(written)
    assert path.read_text("utf-8") == HAND + later


def test_taking_back_what_was_edited_since_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "corrections.yaml"
    written = writing.write_corrections(path, [(compose(), "")])
    edited = path.read_text("utf-8").replace("西式面点师", "西式糕点师")
    path.write_text(edited, "utf-8")
    with pytest.raises(XizeError, match="改动过"):
        writing.take_back(written)
    assert path.read_text("utf-8") == edited


def finding(finding_id: str) -> dict[str, Any]:
    return {
        "finding_id": finding_id,
        "code": "item_repeated",
        "message": "重复。",
        "evidence": "甲",
        "key": "k",
        "keys": [],
    }


def test_acceptances_are_taken_back_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "accepted.yaml"
    one, two = finding("a" * 16), finding("b" * 16)
    writing.write_acceptances(path, [one], "属实", "王", DAY)
    text = path.read_text("utf-8").replace("- finding_id", "# 王的注释\n- finding_id", 1)
    path.write_text(text, "utf-8")
    first = writing.write_acceptances(path, [two], "原文如此", "李", DAY)
    writing.write_acceptances(path, [finding("c" * 16)], "原文如此", "李", DAY)
    writing.take_back(first)
    assert [item.finding_id for item in load_accepted(path)] == ["a" * 16, "c" * 16]
    assert "# 王的注释" in path.read_text("utf-8")
    again = writing.write_acceptances(path, [one], "改了理由", "王", DAY)
    assert load_accepted(path)[0].why == "改了理由"
    writing.take_back(again)
    assert load_accepted(path)[0].why == "属实"
