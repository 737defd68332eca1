"""Excel files: merged cells, lines of cells, hidden rows and columns told, several sheets; what is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import openpyxl.drawing.image
import pyarrow.parquet as pq
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Color, Font, GradientFill, PatternFill
from PIL import Image

from pipeline.errors import XizeError
from pipeline.readers.excel import printed_titles, read_excel
from pipeline.readers.word.office import soffice
from pipeline.tidy.document import tidy
from pipeline.tidy.pageless import findings_of
from tests.cli_home import EDITION, small_truth, xize
from tests.quality.truth_tables import truth
from tests.typeset import Layout
from tests.typeset.document import blocks


def write_excel(document: Any, path: Path) -> Path:
    """A rulebook as a workbook: a sheet per table, its heading above it, items parted by line ends in the cell."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    above: list[str] = []
    for block in blocks(document, Layout("excel", toc=False)):
        if block.kind != "table":
            above += [block.text] if block.text else []
            continue
        sheet = book.create_sheet(f"Sheet{len(book.sheetnames) + 1}")
        for text in above:
            sheet.append([text])
        if above:
            sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=block.grid.n_cols)
        for cell in block.grid.cells:
            row, col = len(above) + cell.row + 1, cell.col + 1
            sheet.cell(row, col, "\n".join(cell.paras) or None)
            if cell.row_span > 1 or cell.col_span > 1:
                sheet.merge_cells(
                    start_row=row, end_row=row + cell.row_span - 1, start_column=col, end_column=col + cell.col_span - 1
                )  # fmt: skip
        above = []
    book.save(path)
    return path


@pytest.mark.long
def test_a_rulebook_of_many_sheets(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    document = small_truth()
    path = write_excel(document, tmp_path / "rulebook.xlsx")
    assert xize(home, "add", EDITION, path).code == 0
    run = xize(home, "run", EDITION, "--no-prefect")
    assert run.code == 0, run.err
    entries = pq.read_table(home / "curated" / EDITION / "r001" / "entries.parquet").to_pylist()
    items = sum(
        len(texts)
        for section in document["sections"]
        for one in section["classes"]
        for tiers in one["cells"].values()
        for texts in tiers.values()
    )
    assert len(entries) == items and {row["source"] for row in entries} == {"xlsx"}
    assert all(row["line"] is None and "!" in row["cell_id"] for row in entries)


def test_all_of_2025(tmp_path: Path) -> None:
    tidied = tidy(read_excel(write_excel(truth(), tmp_path / "a.xlsx")), {}, "a.xlsx")
    assert len(tidied.rows["entries"]) == 6299 and len(tidied.rows["annex_4_associations"]) == 893
    assert tidied.characters["lost"] == 0


def _book(path: Path) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "附件2"
    sheet.append(["附件2：教师教学能力大赛的主办单位"])
    sheet.append(["序号", "主办机构", "编码"])
    sheet.append([1.0, "教育部\n人社部", 7])
    sheet.append([2, "总工会", 12])
    sheet["C3"].number_format = sheet["C4"].number_format = "000"
    sheet.row_dimensions[4].hidden = True
    sheet.column_dimensions["C"].hidden = True
    Image.new("L", (9, 9)).save(path.with_suffix(".png"))
    sheet.add_image(openpyxl.drawing.image.Image(path.with_suffix(".png")), "E1")
    sheet["B3"].comment = Comment("待定", "某")
    other = book.create_sheet("Sheet2")
    other.sheet_state = "hidden"
    other.append(["序号", "名称"])
    book.save(path)
    return book


def test_values_lines_and_hidden_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    _book(path)
    reading = read_excel(path)
    cells = {one["cell_id"]: [line["text"] for line in one["lines"]] for one in reading.cells.to_pylist()}
    assert (
        cells["附件2!A3"] == ["1"]
        and cells["附件2!B3"] == ["教育部", "人社部"]
        and cells["附件2!C3"] == ["007"]
    )
    assert [one["text"] for one in reading.blocks.to_pylist()] == [
        "附件2",
        "附件2：教师教学能力大赛的主办单位",
    ]
    told = [one.message for one in findings_of(reading)]
    assert told[:2] == ["工作簿中有1张图片，没有读入。", "图形或批注中有文字“待定”，未作数据。"]
    assert len(told) == 4 and "隐藏的行4，隐藏的列C" in told[2] and "整张表是隐藏的" in told[3]
    assert printed_titles(path)[0] == "附件2：教师教学能力大赛的主办单位"


@pytest.mark.parametrize(
    ("value", "shown_as", "text"),
    [
        (1.1, "0.00", "1.10"),
        (0.5, "0%", "50%"),
        (1.25, "General", "1.25"),
        (date(2025, 12, 1), 'yyyy"年"m"月"', "2025年12月"),
        (date(2025, 2, 1), "[$-804]yyyy/mm/dd;@", "2025/02/01"),
        (date(2025, 2, 1), "mm-dd-yy", "2025-02-01"),
        (date(2025, 2, 1), "d mmm yyyy", "2025-02-01"),
        ("农艺师", '"★"@', "★农艺师"),
        ("农艺师", '0;0;0;@"★"', "农艺师★"),
        ("农艺师", "0.00", "农艺师"),
        (3, '"第"000"项"', "第003项"),
        (0, '0;-0;"无"', "无"),
        (12, "#,##0_ ;[Red]-#,##0", "12"),
    ],
)
def test_values_are_read_as_they_are_shown(tmp_path: Path, value: Any, shown_as: str, text: str) -> None:
    book = openpyxl.Workbook()
    book.active.append(["序号", "值"])
    book.active["B2"] = value
    book.active["B2"].number_format = shown_as
    book.active["A2"] = CellRichText(TextBlock(InlineFont(b=True), "粗"), "细")
    book.save(tmp_path / "a.xlsx")
    found = {one["cell_id"]: one["lines"] for one in read_excel(tmp_path / "a.xlsx").cells.to_pylist()}
    assert found["Sheet!B2"][0]["text"] == text and found["Sheet!A2"][0]["text"] == "粗细"


def test_what_a_cell_hides_or_strikes_out_is_told_of(tmp_path: Path) -> None:
    """Hidden by its format or white on white: not read; struck out or an error: read; white on a fill: as any text."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["序号", "农艺师", "技师", "工程师", "会计师", "#REF!", "表头", "0", "渐变"])
    sheet.append([None, 7, CellRichText("留下", TextBlock(InlineFont(strike=True), "划去"))])
    sheet["B1"].number_format = sheet["B2"].number_format = ";;;"
    sheet["C1"].font = Font(color="FFFFFFFF")
    sheet["D1"].font = Font(color=Color(theme=0))
    sheet["E1"].font = Font(strike=True)
    sheet["G1"].font, sheet["G1"].fill = Font(color="FFFFFFFF"), PatternFill("solid", fgColor="FF333333")
    sheet["I1"].font, sheet["I1"].fill = Font(color="FFFFFFFF"), GradientFill(stop=("FF000000", "FF333333"))
    book.save(tmp_path / "a.xlsx")
    reading = read_excel(tmp_path / "a.xlsx")
    shown = ["序号", "会计师", "#REF!", "表头", "0", "渐变", "留下划去"]
    assert [line["text"] for cell in reading.cells.to_pylist() for line in cell["lines"]] == shown
    found = [(one.code, one.evidence) for one in findings_of(reading)]
    assert found == [
        ("hidden_text", "Sheet!B1|农艺师"),
        ("hidden_text", "Sheet!C1|技师"),
        ("hidden_text", "Sheet!D1|工程师"),
        ("struck_out", "Sheet!E1|会计师"),
        ("text_implausible", "Sheet!F1|#REF!"),
        ("hidden_text", "Sheet!B2|7"),
        ("struck_out", "Sheet!C2|划去"),
    ]


def test_formulas_without_values_and_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = _book(path)
    book.active["B5"] = "=A3&A4"
    book.save(path)
    with pytest.raises(XizeError, match="B5格是公式"):
        read_excel(path)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(XizeError, match="已损坏"):
        read_excel(path)


@pytest.mark.skipif(soffice() is None, reason="no LibreOffice on this machine")
def test_the_old_format(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    _book(path)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [
        str(soffice()),
        profile,
        "--headless",
        "--convert-to",
        "xls:MS Excel 97",
        "--outdir",
        str(tmp_path),
    ]
    subprocess.run([*command, str(path)], check=True, capture_output=True)
    if not (tmp_path / "a.xls").is_file():
        pytest.skip("this LibreOffice has no Calc")
    shutil.move(tmp_path / "a.xls", tmp_path / "b.xls")
    old, new = (read_excel(tmp_path / name).cells.to_pylist() for name in ("b.xls", "a.xlsx"))
    assert json.dumps(old) == json.dumps(new)
