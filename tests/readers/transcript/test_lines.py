"""What is doubtful in a transcript is said by its line: it has no pages, though tidying walks through one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.readers.transcript.read import read_transcript
from pipeline.tidy.document import tidy
from pipeline.tidy.pageless import findings_with_lines, line_at, restore
from tests.readers.transcript.test_read import HEAD, TIERS

LINES = [
    "这里有一句不属于任何标题的话",
    "甲\t乙",
    "丙\t丁",
    "### 一、81（41、21）甲大类",
    "",
    HEAD,
    TIERS,
    "\t".join(["8101 4101 酿酒类", "技术员", "", "", "酿酒工（五级/初级工）", *[""] * 11]),
    "\t".join(["8102 4102 茶艺类", "—", "", "", "茶艺师（五级/初级工）", *[""] * 11]),
    "",
    "此处为表外的一句话",
    "",
    "## 附件1：名录",
    "",
    "序号\t名称",
    "1\t甲协会",
    "2\t乙协会",
    "",
    "尾注一句",
]


def test_findings_say_the_line_that_they_are_about(tmp_path: Path) -> None:
    file = tmp_path / "t.txt"
    file.write_text("\n".join(LINES), encoding="utf-8")
    findings = tidy(read_transcript(file), {}, file.name).findings
    codes = {finding.code for finding in findings}
    assert {"table_outside_sections", "text_outside_tables", "placeholder"} <= codes
    for finding in findings:
        assert finding.page is None and finding.top is None, finding
        assert not re.search(r"第 ?\d+ ?页", finding.message), finding.message
        assert finding.line is not None and 1 <= finding.line <= len(LINES)
        if finding.code in ("table_outside_sections", "text_outside_tables", "placeholder"):
            # What it quotes stands in that very line.
            assert finding.evidence[:4] in LINES[finding.line - 1], finding
        if finding.code != "placeholder" and (named := re.match(r"文字稿第 (\d+) 行", finding.message)):
            assert int(named[1]) == finding.line
    loose = [finding.message for finding in findings if finding.code == "text_outside_tables"]
    assert {message.split("有")[0] for message in loose} == {
        f"文字稿第 {line} 行表格之外" for line in (1, 11, 19)
    }


def test_only_the_page_of_the_transcript_itself_is_reworded(tmp_path: Path) -> None:
    """A message may quote a page that the text names, and a finding about no place in particular keeps its words."""
    file = tmp_path / "t.txt"
    file.write_text("\n".join(LINES), encoding="utf-8")
    cell = next(cell for cell in restore(read_transcript(file))[0] if "酿酒" in cell.text)
    assert line_at(cell.top) == 8
    place = {"page": 1, "x0": cell.x0, "top": cell.top, "x1": cell.x1, "bottom": cell.bottom}
    plain, quoted, placed, nowhere, longer = findings_with_lines(
        [
            Finding("placeholder", "第 1 页有“见第 1 页”一语。", "见第 1 页", **place),  # type: ignore[arg-type]
            Finding("placeholder", "单元格只印有“第 1 页”。", "第 1 页", **place),  # type: ignore[arg-type]
            Finding("placeholder", "第 1 页有误。", "x", line=3),
            Finding("placeholder", "第 1 页有误。", "x"),
            Finding("placeholder", "第 12 页有误。", "x", line=3),
        ]
    )
    assert (plain.message, plain.line) == ("文字稿第 8 行有“见第 1 页”一语。", 8)
    assert (quoted.message, quoted.line) == ("单元格只印有“第 1 页”。", 8)
    assert (placed.message, placed.line) == ("文字稿第 3 行有误。", 3)
    assert (nowhere.message, nowhere.line) == ("第 1 页有误。", None)
    assert longer.message == "第 12 页有误。"
    for finding in (plain, quoted, placed, nowhere, longer):
        assert (finding.page, finding.x0, finding.top, finding.x1, finding.bottom) == (None,) * 5


def test_a_column_group_that_nobody_knows_is_named_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "t.txt"
    strange = list(LINES)
    strange[LINES.index(HEAD)] = HEAD.replace("1+X技能等级证书", "神秘天书")
    file.write_text("\n".join(strange), encoding="utf-8")
    with pytest.raises(XizeError, match=r"^t\.txt第 6 行：表头列组“神秘天书”"):
        tidy(read_transcript(file), {}, file.name)
