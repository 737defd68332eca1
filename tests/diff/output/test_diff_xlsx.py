"""The workbook, read back with openpyxl."""

from __future__ import annotations

import time
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock

from pipeline.diff import Side
from pipeline.diff.output.diff_xlsx import write_xlsx
from pipeline.errors import XizeError
from tests.cli_home import one_sentence
from tests.diff.output import sample

Sides = tuple[Side, Side]


def test_workbook(table: pa.Table, sides: Sides, tmp_path: Path) -> None:
    path = tmp_path / "sub" / "changes.xlsx"
    write_xlsx(table, *sides, path)
    book = openpyxl.load_workbook(path, rich_text=True)
    tables = {row["table"] for row in table.to_pylist()}
    assert book.sheetnames[0] == "总览" and {"条目", "专业大类与专业类", "说明"} < set(book.sheetnames)
    assert len(book.sheetnames) == 1 + len(tables)
    seen = 0
    for name in book.sheetnames[1:]:
        sheet = book[name]
        head = [cell.value for cell in sheet[1]]
        assert {"变更", "变更前", "变更后", "变更标识"} <= set(head)
        assert sheet.freeze_panes == "B2" and sheet.auto_filter.ref.startswith("A1:")
        assert sheet.auto_filter.ref.endswith(str(sheet.max_row))
        assert all(sheet.column_dimensions[cell.column_letter].width >= 8 for cell in sheet[1])
        seen += sheet.max_row - 1
        for row in sheet.iter_rows(min_row=2):
            for title, cell in zip(head, row, strict=True):
                assert cell.alignment.wrap_text and cell.data_type != "f" and cell.hyperlink is None
                if title not in ("可信度", "同组处数") and cell.value is not None:
                    assert isinstance(cell.value, str | CellRichText)
    assert seen == table.num_rows
    everything = " ".join(str(cell.value) for row in book["总览"].iter_rows() for cell in row if cell.value)
    assert "demo-2025@r001" in everything and "条目改名" in everything


def test_changed_characters_are_coloured(table: pa.Table, sides: Sides, tmp_path: Path) -> None:
    path = tmp_path / "changes.xlsx"
    write_xlsx(table, *sides, path)
    sheet = openpyxl.load_workbook(path, rich_text=True)["条目"]
    head = [cell.value for cell in sheet[1]]
    row = next(
        row
        for row in sheet.iter_rows(min_row=2)
        if str(row[head.index("变更前")].value).startswith("农作物植保员")
    )
    for title, char, colour in (("变更前", "员", "FFB3261E"), ("变更后", "工", "FF0B6B35")):
        value = row[head.index(title)].value
        assert isinstance(value, CellRichText)
        tinted = [
            part
            for part in value
            if isinstance(part, TextBlock) and part.font.color and part.font.color.rgb == colour
        ]
        assert [part.text for part in tinted] == [char]
        assert str(value) == f"农作物植保{char}(四级/中级工)"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+86",
        "-3",
        "@SUM(A1)",
        "007",
        "2025-01-02",
        "1/2",
        "https://example.org/a",
        "1E5",
        "=cmd|' /C calc'!A0",
        "TRUE",
    ],
)
def test_text_stays_text(text: str, sides: Sides, tmp_path: Path) -> None:
    rows = [
        sample.change(
            "annex_row_changed", "annex_7_one_plus_x", key=text, field="batch", before=text, after=text + "x"
        ),
        sample.change("annex_row_added", "annex_7_one_plus_x", key="2", after=text),
    ]
    path = tmp_path / "x.xlsx"
    write_xlsx(sample.changes(rows, *sides), *sides, path)
    sheet = openpyxl.load_workbook(path)[openpyxl.load_workbook(path).sheetnames[1]]
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.value == text]
    assert len(cells) == 3
    assert all(
        cell.data_type == "s" and cell.number_format == "@" and cell.hyperlink is None for cell in cells
    )


def test_nothing_changed(sides: Sides, tmp_path: Path) -> None:
    path = tmp_path / "none.xlsx"
    write_xlsx(sample.changes([], *sides), *sides, path)
    assert openpyxl.load_workbook(path).sheetnames == ["总览"]


def test_cannot_write(table: pa.Table, sides: Sides, tmp_path: Path) -> None:
    with pytest.raises(XizeError) as caught:
        write_xlsx(table, *sides, tmp_path)
    one_sentence(str(caught.value))


def test_five_thousand(crowd: pa.Table, sides: Sides, tmp_path: Path) -> None:
    start = time.process_time()
    write_xlsx(crowd, *sides, tmp_path / "many.xlsx")
    assert time.process_time() - start < 15
