"""The change notice in Word and as a page to print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docx
import pyarrow as pa
import pytest
from docx.oxml.ns import qn

from pipeline.diff import Side
from pipeline.diff.output.notice import NoticeGrid, chinese_number, compose
from pipeline.diff.output.notice_file import write_notice
from pipeline.errors import XizeError
from pipeline.schema.changes import QUIET_CHANGES
from tests.cli_home import one_sentence
from tests.diff.output import sample

Sides = tuple[Side, Side]


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "一"), (10, "十"), (11, "十一"), (19, "十九"), (20, "二十"), (34, "三十四"), (99, "九十九")],
)
def test_chinese_number(number: int, text: str) -> None:
    assert chinese_number(number) == text


def _texts(table: pa.Table) -> list[str]:
    rows = [row for row in table.to_pylist() if row["change"] not in QUIET_CHANGES]
    return [row[side] for row in rows for side in ("before", "after") if row[side]]


def test_word(table: pa.Table, sides: Sides, tmp_path: Path) -> None:
    path = tmp_path / "notice.docx"
    write_notice(table, *sides, path)
    document = docx.Document(str(path))
    headings = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert headings == ["一、总体情况", "二、标题变更", "三、专业目录变更", "四、说明变更", "五、附件变更"]
    majors = [p.text for p in document.paragraphs if p.style.name == "Heading 2"]
    names = sides[0].tables["majors"]["name"].to_pylist()
    assert sum(any(name in heading for name in names) for heading in majors) == 2
    cells = {cell.text for grid in document.tables for row in grid.rows for cell in row.cells}
    assert {text for text in _texts(table) if text not in cells} == set()
    reordered = next(row["before"] for row in table.to_pylist() if row["change"] == "entry_reordered")
    assert reordered not in cells  # order is no matter for an announcement
    assert sides[0].manifest["title"] in document.paragraphs[0].text
    assert "年" in document.paragraphs[-1].text and "demo-2025@r001" in document.paragraphs[1].text
    _check_form(document)


def _check_form(document: Any) -> None:
    """Chinese fonts named for Chinese text, page numbers, heads that repeat, changed characters marked."""
    for name, font in (("Normal", "仿宋"), ("Heading 1", "黑体"), ("Title", "宋体")):
        fonts = document.styles[name].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) == font and fonts.get(qn("w:eastAsiaTheme")) is None
    assert "PAGE" in document.sections[0].footer._element.xml
    for grid in document.tables:
        assert grid.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
        assert len({len(row.cells) for row in grid.rows}) == 1
    runs = [
        run
        for grid in document.tables
        for row in grid.rows
        for cell in row.cells
        for p in cell.paragraphs
        for run in p.runs
    ]
    assert "员" in {run.text for run in runs if run.font.strike} and "工" in {
        run.text for run in runs if run.font.underline
    }


def test_page(table: pa.Table, sides: Sides, tmp_path: Path, browser: Any) -> None:
    import pypdfium2 as pdfium

    path = tmp_path / "notice.html"
    write_notice(table, *sides, path)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    cells = page.eval_on_selector_all("td", "cells => cells.map(cell => cell.textContent)")
    assert {text for text in _texts(table) if text not in cells} == set()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.pdf(path=tmp_path / "notice.pdf", prefer_css_page_size=True)
    page.close()
    document = pdfium.PdfDocument(tmp_path / "notice.pdf")
    assert len(document) >= 2
    assert "—1—" in "".join(document[0].get_textpage().get_text_bounded().split())
    document.close()


def test_doubtful_changes_are_marked(sides: Sides) -> None:
    sure = sample.change("note_changed", "notes", key="1", before="甲", after="乙", confidence=0.9)
    unsure = sample.change(
        "note_changed", "notes", key="2", before="丙", after="丁", marks=["finding_before"]
    )
    notice = compose(sample.changes([sure, unsure], *sides), *sides)
    grid = [block for block in notice.blocks if isinstance(block, NoticeGrid)][-1]
    assert [row[0].runs[0] for row in grid.rows] == ["1", "2*"]
    plain = compose(sample.changes([sure], *sides), *sides)
    assert "存疑" in str(notice.blocks[-1]) and "存疑" not in str(plain.blocks[-1])


def test_markup_is_text(sides: Sides, tmp_path: Path) -> None:
    evil = '<b>&"甲"</b>\x0b'
    table = sample.changes([sample.change("note_changed", "notes", key="1", before=evil, after="乙")], *sides)
    write_notice(table, *sides, tmp_path / "n.docx")
    cells = {
        cell.text
        for grid in docx.Document(str(tmp_path / "n.docx")).tables
        for row in grid.rows
        for cell in row.cells
    }
    assert '<b>&"甲"</b>' in cells
    write_notice(table, *sides, tmp_path / "n.html")
    assert "<b>" not in (tmp_path / "n.html").read_text("utf-8")


def test_nothing_changed(sides: Sides, tmp_path: Path) -> None:
    write_notice(sample.changes([], *sides), *sides, tmp_path / "n.docx")
    assert any("没有变更" in p.text for p in docx.Document(str(tmp_path / "n.docx")).paragraphs)


def test_refused(table: pa.Table, sides: Sides, tmp_path: Path) -> None:
    (tmp_path / "folder.docx").mkdir()
    for name in ("notice.pdf", "folder.docx"):
        with pytest.raises(XizeError) as caught:
            write_notice(table, *sides, tmp_path / name)
        one_sentence(str(caught.value))
