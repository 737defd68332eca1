"""Export for offices: what a workbook and CSV files hold, read back with other people's readers."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.errors import XizeError
from pipeline.export import Book, load, write_csv, write_sqlite, write_xlsx, xlsx
from pipeline.releases.catalogue import load_release
from pipeline.releases.publish import RunInfo, publish
from pipeline.releases.storage import open_store
from pipeline.schema import TABLES, build
from pipeline.text import neutral
from tests.sample_tables import EDITION, sample_tables, source_info

# What a spreadsheet would take for a formula, a number, a date or an address.
HOSTILE = (
    '=HYPERLINK("http://a.b","x")',
    "+1",
    "-2",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "0012",
    "1-2",
    "http://a.b/c",
    "6101",
    "{=1+1}",
    "TRUE",
    "1e5",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two releases; in the second the organisers' names are hostile texts."""
    folder = tmp_path_factory.mktemp("offices")
    tables = sample_tables(8)
    rows = [
        {"annex_no": 2, "row_id": f"{n:02}", "no": f"{n:02}", "name": text, "source": "pdf", "page": 4}
        for n, text in enumerate(HOSTILE, 1)
    ]
    for bodies in ([], rows):
        publish(
            {**tables, "annex_2_organisers": build("annex_2_organisers", bodies, EDITION)},
            source_info(),
            RunInfo(),
            folder / "curated",
        )
    return folder


def _book(home: Path, *tables: str, release: str | None = None) -> Book:
    return load(open_store(home / "curated"), EDITION, release, tables)


def _data(home: Path, table: str) -> pa.Table:
    return load_release(home / "curated", EDITION)[table]


@pytest.fixture(scope="module")
def workbook(home: Path) -> openpyxl.Workbook:
    path = home / "a.xlsx"
    write_xlsx(_book(home), path)
    return openpyxl.load_workbook(path)


def _sheet(workbook: openpyxl.Workbook, table: str) -> list[dict[str, object]]:
    page = workbook[TABLES[table].title_zh]
    codes = [cell.value for cell in page[2]]
    return [dict(zip(codes, row, strict=True)) for row in page.iter_rows(min_row=3, values_only=True)]


def test_every_table_but_the_cells_is_a_sheet_with_two_frozen_header_rows(
    workbook: openpyxl.Workbook, home: Path
) -> None:
    tables = [name for name in TABLES if name != "cells"]
    assert workbook.sheetnames == ["封面", *(TABLES[name].title_zh for name in tables)]
    for name in tables:
        page = workbook[TABLES[name].title_zh]
        by_name = TABLES[name].by_name
        assert page.freeze_panes == "A3"
        rows = _data(home, name).num_rows
        assert page.max_row == rows + 2
        assert page.auto_filter.ref == f"A2:{page.cell(2, page.max_column).column_letter}{max(rows, 0) + 2}"
        codes = [cell.value for cell in page[2]]
        assert [code for code in codes if code in by_name] == list(TABLES[name].names)
        for title, code in zip(page[1], page[2], strict=True):
            if code.value in by_name:
                assert title.value == by_name[code.value].title_zh
            else:
                assert title.value.endswith("（附加）")
        sizes = [page.column_dimensions[cell.column_letter] for cell in page[1]]
        assert all(6 <= size.width <= 61 for size in sizes)


def test_sheets_print_on_a4(workbook: openpyxl.Workbook) -> None:
    """What only programs need is grouped and hidden; the rest fits a page's width; its head comes again on every page."""
    for page in workbook.worksheets[1:]:
        assert (int(page.page_setup.paperSize), page.page_setup.orientation) == (9, "landscape")
        assert (
            page.print_title_rows == "$1:$2"
            and page.print_area
            and page.sheet_properties.pageSetUpPr.fitToPage
        )
        hidden, widths = set[str](), dict[int, float]()
        for size in page.column_dimensions.values():
            for at in range(size.min or 1, (size.max or 0) + 1):
                code = str(page.cell(2, at).value)
                if size.hidden:
                    assert size.outlineLevel == 1
                    hidden.add(code)
                elif page.cell(2, at).value:
                    widths[at] = size.width
        assert {"edition", "source"} & {str(cell.value) for cell in page[2]} <= hidden
        assert not hidden & {"text", "name", "class_code", "tier", "kind_label", "page", "message"}
        if "kind_label" in {str(cell.value) for cell in page[2]}:
            assert "kind" in hidden  # its Chinese stands beside it
        assert sum(widths.values()) <= 190, page.title
        for row in page.iter_rows(min_row=3):  # a long text is not cut off at its first line
            height = page.row_dimensions[row[0].row].height or 15
            for cell in row:
                text = str(cell.value or "")
                if cell.column in widths and "\n" not in text:
                    assert height >= 15 * (len(text) // (1.2 * widths[cell.column])), text


def test_values_come_back_as_they_were_published(workbook: openpyxl.Workbook, home: Path) -> None:
    entries, published = _sheet(workbook, "entries"), _data(home, "entries").to_pylist()
    assert len(entries) == len(published) > 50
    for shown, row in zip(entries, published, strict=True):
        assert shown["class_code"] == row["class_code"] and isinstance(shown["class_code"], str)
        assert shown["text"] == row["text"] and shown["issuer"] == row["issuer"]
        assert (shown["grades"] or "") == "、".join(map(str, row["grades"]))
        assert shown["page"] == row["page"] and isinstance(shown["page"], int)
        assert shown["corrected"] == ("是" if row["corrected"] else "否")
        assert shown["confidence"] == pytest.approx(row["confidence"], abs=1e-6)
        assert shown["kind_label"] and shown["kind"] == row["kind"]
    names = {row["class_code"]: row["name"] for row in _data(home, "classes").to_pylist()}
    assert {row["class_name"] for row in entries} == set(names.values())
    assert any("、" in str(row["grades"]) for row in entries)
    bases = _sheet(workbook, "annex_8_qualifications")
    wanted = _data(home, "annex_8_qualifications")["legal_basis"].to_pylist()
    assert [str(row["legal_basis"] or "").split("\n") for row in bases] == [basis or [""] for basis in wanted]
    assert {row["annex_no"] for row in bases} == {"8"}


def test_no_text_becomes_a_formula_a_number_or_a_link(workbook: openpyxl.Workbook) -> None:
    page = workbook[TABLES["annex_2_organisers"].title_zh]
    at = [cell.value for cell in page[2]].index("name") + 1
    cells = [page.cell(row, at) for row in range(3, page.max_row + 1)]
    assert [cell.data_type for cell in cells] == ["s"] * len(HOSTILE)
    # XML readers turn a carriage return into a line feed; Excel itself shows one line end for both.
    assert [str(cell.value).replace("_x000D_", "\r") for cell in cells] == list(HOSTILE)
    assert all(cell.hyperlink is None and cell.number_format == "@" for cell in cells)
    numbers = [cell.value for cell in page["D"][2:]]
    assert numbers[0] == "01"


def test_the_cover_says_what_it_is_and_what_every_column_means(
    workbook: openpyxl.Workbook, home: Path
) -> None:
    rows = [
        [cell for cell in row if cell is not None] for row in workbook["封面"].iter_rows(values_only=True)
    ]
    told = {row[0]: row[1] for row in rows if len(row) > 1}
    source = source_info()
    assert rows[0] == [source.title]
    assert told["版本"] == EDITION and told["发布"] == "r002" and told["来源文件SHA-256"] == source.sha256
    assert told["使用条件"] and told["免责声明"] and told["发布时间"].startswith("20")
    described = {(row[0], row[2]): row for row in rows if len(row) > 5}
    for name in set(TABLES) - {"cells"}:
        for field in TABLES[name].fields:
            row = described[name, field.name]
            assert row[3] == field.title_zh and field.doc_zh in row
    assert described["entries", "grades"][4].startswith("整数")


def test_the_same_release_gives_the_same_file(home: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_xlsx(_book(home, "classes"), tmp_path / f"{name}.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xlsx", "b.xlsx"]


def test_csv_files_open_in_a_spreadsheet(home: Path, tmp_path: Path) -> None:
    book = _book(home)
    files = write_csv(book, tmp_path / "new" / "folder")
    assert {path.name for path in files} == {
        *(f"{name}.csv" for name in TABLES if name != "cells"),
        "columns.csv",
        "about.csv",
    }
    read = {}
    for path in files:
        data = path.read_bytes()
        assert data.startswith(b"\xef\xbb\xbf")
        read[path.stem] = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    header, *rows = read["entries"]
    assert header[:3] == ["版本", "条目标识", "专业类代码"] and len(rows) == _data(home, "entries").num_rows
    names = [row[read["annex_2_organisers"][0].index("名称")] for row in read["annex_2_organisers"][1:]]
    guarded = [text for text in HOSTILE if text[0] in "=+-@\t\r"]
    assert [f"'{text}" if text in guarded else text for text in HOSTILE] == names
    assert not any(cell.startswith(("=", "@")) for table in read.values() for row in table for cell in row)
    # The dictionary describes every column of every file, in its order.
    for sheet in book.sheets:
        own = [row for row in read["columns"][1:] if row[0] == sheet.table]
        assert [row[3] for row in own] == read[sheet.table][0]
        assert all(row[4] and row[5] for row in own)


def test_numbers_are_no_formulas() -> None:
    assert neutral(-1) == -1 and neutral(None) is None and neutral("四级-五级") == "四级-五级"


def test_tables_and_release_can_be_chosen(home: Path) -> None:
    assert [sheet.table for sheet in _book(home, "cells", "classes").sheets] == ["cells", "classes"]
    assert _book(home, "cells").sheets[0].rows
    assert not _book(home, "annex_2_organisers", release="r001").sheets[0].rows
    for tables, release, said in (
        (("nothing",), None, "没有表“nothing”"),
        ((), "r009", "没有发布r009"),
    ):
        with pytest.raises(XizeError, match=said):
            _book(home, *tables, release=release)
    with pytest.raises(XizeError, match="没有当前发布"):
        load(open_store(home / "curated"), "anhui-2025")


def test_what_excel_cannot_hold_is_refused_with_a_sentence(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = _book(home, "annex_2_organisers")
    (sheet,) = book.sheets
    at = [column.name for column in sheet.columns].index("name")
    first = list(sheet.rows[0])
    # An ideograph beyond the basic plane counts twice.
    first[at] = "长" * (xlsx.MAX_CHARS - 2) + "𠮷"
    _write = lambda text: write_xlsx(  # noqa: E731
        Book(
            book.edition,
            book.release,
            book.created,
            book.about,
            (type(sheet)(sheet.table, sheet.title, sheet.meaning_zh, sheet.columns, (tuple(text),)),),
        ),
        tmp_path / "x.xlsx",
    )
    _write(first)
    page = openpyxl.load_workbook(tmp_path / "x.xlsx")[sheet.title]
    assert page.cell(3, at + 1).value == first[at]
    first[at] = str(first[at]) + "长"
    before = (tmp_path / "x.xlsx").read_bytes()
    with pytest.raises(XizeError, match=r"annex_2_organisers第1行的“名称”有32768个字符.*--csv"):
        _write(first)
    assert (tmp_path / "x.xlsx").read_bytes() == before
    # The row limit, lowered: a million rows would take the test a minute.
    monkeypatch.setattr(xlsx, "MAX_ROWS", len(HOSTILE) + 1)
    with pytest.raises(XizeError, match="annex_2_organisers有13行，超过.*--csv"):
        write_xlsx(book, tmp_path / "y.xlsx")
    assert not (tmp_path / "y.xlsx").exists()


def test_a_sqlite_file_holds_what_was_published(home: Path, tmp_path: Path) -> None:
    store, book = open_store(home / "curated"), _book(home)
    for name in ("a", "b"):
        write_sqlite(store, book, tmp_path / f"{name}.db")
    assert (tmp_path / "a.db").read_bytes() == (tmp_path / "b.db").read_bytes()
    con = sqlite3.connect(tmp_path / "a.db")
    con.row_factory = sqlite3.Row
    assert con.execute("pragma integrity_check").fetchone()[0] == "ok"
    assert con.execute("pragma foreign_key_check").fetchall() == []
    names = [row[0] for row in con.execute("select name from sqlite_master where type = 'table'")]
    assert names == [*(name for name in TABLES if name != "cells"), "columns", "about"]
    for name in names[:-2]:
        published, rows = _data(home, name), [dict(row) for row in con.execute(f"select * from {name}")]
        assert len(rows) == published.num_rows
        for shown, row in zip(rows, published.to_pylist(), strict=True):
            assert list(shown) == list(row)
            for column, value in row.items():
                if isinstance(value, list):
                    assert json.loads(shown[column]) == value
                else:
                    assert shown[column] == (pytest.approx(value) if isinstance(value, float) else value)
    grades = "select count(*) from entries, json_each(entries.grades) where json_each.value = 4"
    assert con.execute(grades).fetchone()[0] > 5
    keyed = con.execute("select name from pragma_table_info('entries') where pk > 0 order by pk").fetchall()
    assert tuple(row[0] for row in keyed) == TABLES["entries"].key
    assert {row["table"] for row in con.execute("pragma foreign_key_list(entries)")} == {"classes"}
    described = {(row["表名"], row["列名"]) for row in con.execute("select * from columns")}
    assert described == {(name, field) for name in names[:-2] for field in TABLES[name].names}
    assert dict(con.execute("select * from about").fetchall())["发布"] == "r002"


def test_from_the_command_line(home: Path, tmp_path: Path) -> None:
    run = lambda *words: CliRunner().invoke(app, ["--home", str(home), "export", EDITION, *map(str, words)])  # noqa: E731
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "old.csv").write_text("x")
    files = ("--xlsx", tmp_path / "a.xlsx", "--csv", tmp_path / "csv", "--sqlite", tmp_path / "a.db")
    done = run(*files, "--tables", "classes，majors")
    assert sqlite3.connect(tmp_path / "a.db").execute("select count(*) from classes").fetchone() == (8,)
    assert done.exit_code == 0 and "2张表" in done.stdout and "old.csv" in done.output
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames == ["封面", "专业类", "专业大类"]
    (tmp_path / "dir.xlsx").mkdir()
    for words, said in (
        ((), "--xlsx"),
        (("--xlsx", tmp_path / "a.xls"), "不是.xlsx文件"),
        (("--xlsx", tmp_path / "dir.xlsx"), "无法写入"),
        (("--csv", tmp_path / "a.xlsx"), "无法写入"),
        (("--sqlite", tmp_path / "dir.xlsx"), "无法写入"),
        (("--csv", tmp_path / "csv", "--tables", "x"), "没有表“x”"),
    ):
        error = run(*words).exception
        assert isinstance(error, XizeError) and said in str(error) and "\n" not in str(error)
        assert str(error).endswith("。")
