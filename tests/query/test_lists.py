"""A list of teachers' certificates comes back with an answer in every row, as a bureau would use it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest

from pipeline.errors import XizeError
from pipeline.query import lists
from pipeline.query.lists import ANSWER_COLUMNS, read_list
from pipeline.releases.publish import RunInfo, publish
from tests.cli_home import one_sentence, snapshot, xize
from tests.query.test_query import _ENTRIES, _tables
from tests.sample_tables import source_info

HEADER = ["姓名", "专业类", "证书名称（全称）", "等级", "取得日期"]
PEOPLE = [
    ["=甲", 6101, "农作物植保员", "四级", "2020-01-02"],
    ["乙", "农业类", "农作物植保员(五级/初级工)", None, None],
    ["丙", "6101", "农作物植保师", 4, None],
    ["丁", "6101", "农作物植保员", "一级", None],
    ["戊", "6101", "Web前端开发", "中级", None],
    ["己", "6101", "珠宝", None, None],
    ["庚", "9999", "农艺师", None, None],
    ["辛", "6101", "农艺师", "特级", None],
    ["壬", "6101", "林木种苗工", "中级工", None],
]
WANTED = ["是", "是", "相近", "相近", "是", "否", "无法判断", "无法判断", "相近"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two editions; in the later one everything of class 6101 at 初级 is gone but for one."""
    folder = tmp_path_factory.mktemp("home")
    for edition, entries in (("shanghai-2024", _ENTRIES[:1]), ("shanghai-2025", _ENTRIES)):
        publish(_tables(edition, entries), source_info(edition=edition), RunInfo(), folder / "curated")
    return folder


def _answers(rows: list[list[object]], header: int) -> list[dict[str, object]]:
    assert tuple(rows[header][-len(ANSWER_COLUMNS) :]) == ANSWER_COLUMNS
    return [dict(zip(rows[header], row, strict=True)) for row in rows[header + 1 :]]


def test_a_workbook_comes_back_with_answers(home: Path, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["某区教师证书名单"])
    page.merge_cells("A1:E1")
    page.append(HEADER)
    for person in PEOPLE:
        page.append(person)
        page.cell(page.max_row, 1).data_type = "s"
    # One class for two teachers, as people merge cells; an empty row; a formula that Excel has not calculated.
    page.append(["癸", "6102", "林木种苗工", 4])
    page.append([None, None, "农艺师"])
    page.merge_cells("B12:B13")
    page.append([])
    page.append(["=1+1", "6101", "HCIE"])
    page.append(["子", "=B1", "=C1"])
    given, made = tmp_path / "teachers.xlsx", tmp_path / "made.xlsx"
    book.save(given)
    before = snapshot(home)
    done = xize(home, "check", "--list", given, "-o", made)
    assert done.code == 0 and "共13行" in one_sentence(done.err) and not done.out
    back = openpyxl.load_workbook(made)["核对结果"]
    rows = [list(row) for row in back.iter_rows(values_only=True)]
    assert rows[0][0] == "某区教师证书名单"
    answers = _answers(rows, 1)
    assert [row["是否计入"] for row in answers] == [*WANTED, "是", "是", None, "是", "无法判断"]
    assert [row["姓名"] for row in answers[:9]] == [person[0] for person in PEOPLE]
    assert back["A3"].data_type == "s" and answers[0]["取得日期"] == "2020-01-02"
    first, _, near, other = answers[:4]
    assert (first["级次"], first["原文"], first["页码"]) == ("中级", "农作物植保员(四级/中级工)", "7")
    assert first["依据版本"] == "shanghai-2025@r001"
    assert near["级次"] is None and "农作物植保员(四级/中级工)" in str(near["原文"])
    assert other["说明"] == "名称相同，但所问等级不在其列"
    assert "没有专业类9999" in str(answers[6]["说明"]) and "特级" in str(answers[7]["说明"])
    assert "所问的格是公式" in str(answers[-1]["说明"]) and answers[-1]["专业类"] == "=B1"
    assert answers[8]["说明"] == "见于专业类6102林业类"
    # Nothing of the list stays anywhere but in the file that was asked for.
    assert snapshot(home) == before and sorted(path.name for path in tmp_path.iterdir()) == [
        made.name,
        given.name,
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_csv_file_comes_back_as_csv(home: Path, tmp_path: Path, encoding: str) -> None:
    given, made = tmp_path / "teachers.csv", tmp_path / "made.csv"
    with given.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream).writerows(
            [["Class", "Certificate", "Grade", "姓名"], *([*row[1:4], row[0]] for row in PEOPLE)]
        )
    assert xize(home, "check", "--list", given, "-o", made).code == 0
    rows = list(csv.reader(io.StringIO(made.read_bytes().decode("utf-8-sig"), newline="")))
    answers = _answers(rows, 0)
    assert [row["是否计入"] for row in answers] == WANTED and answers[0]["姓名"] == "'=甲"
    shown = xize(home, "check", "--list", given, "--edition", "shanghai-2024")
    assert shown.out.encode().startswith(b"\xef\xbb\xbf") and "shanghai-2024@r001" in shown.out
    assert shown.out.count(",是,") == 1


def test_a_list_that_cannot_be_read_is_one_sentence(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, odd, good = tmp_path / "a.xlsx", tmp_path / "odd.csv", tmp_path / "good.csv"
    broken.write_bytes(b"PK\x03\x04 no workbook")
    odd.write_text("姓名,证书名称\n甲,农艺师\n", encoding="utf-8")
    good.write_text("专业类,证书\n6101,农艺师\n", encoding="utf-8")
    for path, said in (
        (broken, "不是完好的Excel工作簿"),
        (odd, "找不到“专业类”和“证书名称”两列"),
        (tmp_path / "none.csv", "无法读取"),
        (tmp_path / "a.docx", "不是.xlsx或.csv文件"),
    ):
        with pytest.raises(XizeError, match=said):
            read_list(path)
    # A sheet formatted down to its last cell, as people do by selecting all of it.
    vast, book = tmp_path / "vast.xlsx", openpyxl.Workbook()
    book.active.append(["专业类", "证书名称"])
    book.active["XFD1048576"].number_format = "0"
    book.save(vast)
    with pytest.raises(XizeError, match="1048576行16384列，多得异常"):
        read_list(vast)
    # Blanks without end, packed.
    with ZipFile(vast) as book_parts, ZipFile(tmp_path / "bomb.xlsx", "w", ZIP_DEFLATED) as packed:
        for name in book_parts.namelist():
            packed.writestr(name, book_parts.read(name) + b" " * 2_000_000 * name.endswith("sheet1.xml"))
    monkeypatch.setattr(lists, "_MOST_BYTES", 1_000_000)
    with pytest.raises(XizeError, match="解压后超过1兆字节"):
        read_list(tmp_path / "bomb.xlsx")
    before = good.read_bytes()
    for words, said in (
        (["--list", good, "-o", good], "以免覆盖"),
        (["--list", good, "-o", tmp_path / "x.docx"], "-o"),
        (["--list", good, "--class", "6101"], "--class"),
        (["--name", "农艺师"], "--list"),
    ):
        done = xize(home, "check", *words)
        assert done.code == 2 and said in one_sentence(done.err)
    assert good.read_bytes() == before


def test_several_jurisdictions_need_an_edition(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "curated"
    for edition in ("shanghai-2025", "anhui-2026"):
        publish(_tables(edition), source_info(edition=edition), RunInfo(), other)
    given = tmp_path / "list.csv"
    given.write_text("专业类,证书\n6101,农艺师\n", encoding="utf-8")
    refused = xize(tmp_path, "check", "--list", given)
    assert refused.code == 2 and "--edition" in one_sentence(refused.err)
    assert "anhui-2026@r001" in xize(tmp_path, "check", "--list", given, "--edition", "anhui-2026").out
