"""What many places have in common is one finding, which names all of its pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.findings import Finding
from pipeline.quality.decisions import finding_rows, merge_findings
from pipeline.readers.pdf.read import read_pdf
from pipeline.tidy.document import tidy
from tests.cli_home import small_truth
from tests.typeset import Layout, typeset

HIDDEN = Finding("hidden_text", "第 2 页有水印文字，未读入表格；如确为正文，请核对原件。", "内部资料", page=2)


def _on(page: int, **other: object) -> Finding:
    message = HIDDEN.message.replace("2", str(page))
    return replace(HIDDEN, **{"page": page, "message": message, **other})  # type: ignore[arg-type]


def test_pages_are_named_by_spans() -> None:
    (one,) = merge_findings([_on(2), _on(3), _on(4), _on(7)])
    assert one.message == "第 2-4、7 页有水印文字，未读入表格；如确为正文，请核对原件。"
    assert (one.page, one.digits) == (2, HIDDEN.digits), "one decision, taken earlier, still settles it"


def test_another_text_stays_apart_and_the_order_is_kept() -> None:
    found = merge_findings([_on(3, evidence="第3页"), _on(2), _on(4, evidence="第4页"), _on(5)])
    assert [(one.page, one.message.split("有")[0]) for one in found] == [
        (3, "第 3 页"),
        (2, "第 2、5 页"),
        (4, "第 4 页"),
    ]


def test_the_same_text_for_another_reason_is_said_with_its_own_pages() -> None:
    white = HIDDEN.message.replace("第 2 页有水印", "第 9 页有白色")
    (one,) = merge_findings([_on(2), _on(3), _on(9, message=white)])
    assert one.message == (
        "第 2-3 页有水印文字，未读入表格；如确为正文，请核对原件；"
        "第 9 页有白色文字，未读入表格；如确为正文，请核对原件。"
    )


def test_a_message_without_a_page_says_how_many_places() -> None:
    dash = Finding("placeholder", "单元格只印有“—{}”，按空白处理。", "—", page=4, cell_id="p0004-t1-r002-c03")
    (one,) = merge_findings([dash, replace(dash, cell_id="p0004-t1-r005-c03"), replace(dash, page=6)])
    assert one.message == "单元格只印有“—{}”，按空白处理（共 3 处，在第 4、6 页）。"
    (line,) = merge_findings([replace(dash, page=None, cell_id=None, line=n) for n in (5, 8)])
    assert line.message == "单元格只印有“—{}”，按空白处理（共 2 处）。"
    assert merge_findings([dash, dash]) == [dash], "said twice of one place is said once"


def test_every_different_sentence_stays() -> None:
    two = Finding("placeholder", "单元格横跨2列。", "甲", page=3)
    three = replace(two, message="单元格横跨3列。")
    (apart,) = merge_findings([two, replace(three, page=9)])
    assert apart.message == "单元格横跨2列；单元格横跨3列（共 2 处，在第 3、9 页）。"
    (together,) = merge_findings([two, three])
    assert together.message == "单元格横跨2列；单元格横跨3列。"


def test_a_page_number_written_closely() -> None:
    close = Finding("placeholder", "第12页：表2。", "甲", page=12)
    (one,) = merge_findings([close, replace(close, page=13, message="第13页：表2。")])
    assert one.message == "第12-13页：表2。"


def test_a_watermark_printed_on_every_page(tmp_path: Path) -> None:
    path = tmp_path / "marked.pdf"
    typeset(small_truth(), Layout("marked", watermark="内部资料请勿外传"), path)
    reading = read_pdf(path)
    pages = reading.pages.num_rows
    assert pages > 3
    found = tidy(reading, {}, path.name).findings
    rows = [row for row in finding_rows(found, "shanghai-2025") if row["code"] == "hidden_text"]
    (row,) = rows
    assert row["message"].startswith(f"第 1-{pages} 页有水印文字") and row["evidence"] == "内部资料请勿外传"
