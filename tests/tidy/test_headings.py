"""Headings of annexes: number and title told apart; a number alone takes the title below it, in every kind of file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pytest

from pipeline.readers.excel import read_excel
from pipeline.readers.pdf.read import read_pdf
from pipeline.readers.transcript.read import read_transcript
from pipeline.readers.word.read import read_word
from pipeline.reading import Reading, blocks_of, cells_of, pages_of
from pipeline.tidy import pageless
from pipeline.tidy.annexes import Annex
from pipeline.tidy.outline import outline
from pipeline.vocabulary.headings import parse_annex
from tests.tidy.annexes.tables import Sheet as Grid
from tests.tidy.annexes.truth import codes, read
from tests.typeset import word
from tests.typeset.fonts import BASE, Face, font_file
from tests.typeset.sheet import Sheet

Found = list[tuple[int | None, str]]
LETTERS = "".join(sorted(char for char in set(Path(__file__).read_text("utf-8")) if char.isprintable()))
ROWS = (("序号", "单位名称"), ("1", "甲学会"))


@pytest.mark.parametrize(
    ("text", "number", "title"),
    [
        ("附件3 1+X证书目录", 3, "1+X证书目录"),
        ("附件 3：1+X证书目录", 3, "1+X证书目录"),
        ("附件３　１＋Ｘ证书目录", 3, "1+X证书目录"),
        ("附件31+X证书目录", 3, "1+X证书目录"),
        ("附件111+X证书目录", 11, "1+X证书目录"),
        ("附件1+X证书目录", None, "1+X证书目录"),
        ("附件2 2025年度名单", 2, "2025年度名单"),
        ("附件22025年度名单", 2, "2025年度名单"),
        ("附件112025年度名单", 11, "2025年度名单"),
        ("附件2025年度名单", None, "2025年度名单"),
        ("附件3 100家企业名单", 3, "100家企业名单"),
        ("附件3100家企业名单", None, "3100家企业名单"),
        ("附件十一 十佳教师名单", 11, "十佳教师名单"),
        ("附件一 一级建造师名单", 1, "一级建造师名单"),
        ("附件一一级建造师名单", 1, "一级建造师名单"),
        ("附件二十一级建造师名单", 20, "一级建造师名单"),
        ("附表2-1 教学成果", 2, "教学成果"),
        ("附表2-1+X证书目录", 2, "1+X证书目录"),
        ("附 件 1 1 境 外 证 书", 11, "境外证书"),
        ("附 件 3  1 + X 证 书", 3, "1+X证书"),
        ("附件11", 11, ""),
        ("附件10：职称名称", 10, "职称名称"),
        ("附件:机构名录", None, "机构名录"),
    ],
)
def test_number_and_title_are_told_apart(text: str, number: int | None, title: str) -> None:
    assert parse_annex(text) == (number, title)


@pytest.mark.parametrize(
    ("title", "told"), [("3100家企业名单", 1), ("2025年名单", 0), ("1+X目录", 0), ("机构名录", 0)]
)
def test_a_number_that_cannot_be_told_is_a_finding(title: str, told: int) -> None:
    found = codes(read(Annex(None, title, 1, (Grid([["名次", "奖杯"], ["甲", "乙"]]).table(),))))
    assert found.get("annex_number_unread", 0) == told


def _annexes(reading: Reading) -> Found:
    if pageless.engine_of(reading):
        found = outline(*pageless.restore(reading))
    else:
        found = outline(cells_of(reading), blocks_of(reading), pages_of(reading))
    return [(one.number, one.name) for one in found.sections if one.kind == "annex"]


def _on_paper(path: Path, draw: Callable[[Sheet], None]) -> Found:
    sheet = Sheet(path / "annex.pdf")
    sheet.face = Face(BASE if font_file(BASE) else "STSong-Light", LETTERS)
    draw(sheet)
    plan = tuple((r, c, 1, 1, text) for r, texts in enumerate(ROWS) for c, text in enumerate(texts))
    sheet.table(plan, (100.0, 200.0, 495.0), (200.0, 220.0, 240.0))
    sheet.save()
    return _annexes(read_pdf(sheet.path, workers=1))


def _centred(sheet: Sheet, y: float, text: str) -> None:
    width = sum(sheet.face.width(char, 12.0) for char in text)
    sheet.text((595.0 - width) / 2, y, text, 12.0)


@pytest.mark.parametrize(
    ("step", "words", "expected"),
    [
        (6.0, ("附件3", "1+X证书目录"), (3, "1+X证书目录")),
        (40.0, ("附件2", "2025年度名单"), (2, "2025年度名单")),
        (10.0, tuple("附件11境外证书目录"), (11, "境外证书目录")),
        (10.0, tuple("附件31+X证书目录"), (3, "1+X证书目录")),
    ],
    ids=["gap", "tab", "spaced", "spaced 1+X"],
)
def test_blanks_on_paper_are_gaps(
    step: float, words: Sequence[str], expected: tuple[int, str], tmp_path: Path
) -> None:
    def draw(sheet: Sheet) -> None:
        x = 80.0
        for text in words:
            sheet.text(x, 150, text, 12.0)
            x += sum(sheet.face.width(char, 12.0) for char in text) + step

    assert _on_paper(tmp_path, draw) == [expected]


@pytest.mark.parametrize(
    ("below", "title"),
    [
        (("2025年度竞赛主办单位名单",), "2025年度竞赛主办单位名单"),
        (
            ("浙江省职业院校教师教学能力大赛及", "技能竞赛主办单位名单"),
            "浙江省职业院校教师教学能力大赛及技能竞赛主办单位名单",
        ),
        (("主办单位名单", "(单位：个)"), "主办单位名单"),
        (("（2025年版）",), ""),
        (("主办单位由省教育厅公布，", "以最新公布的为准。"), ""),
    ],
    ids=["one line", "two lines", "a bracket", "a bracket alone", "a sentence"],
)
@pytest.mark.parametrize("gap", [18.0, 40.0])
def test_a_number_alone_takes_the_title_below(
    gap: float, below: Sequence[str], title: str, tmp_path: Path
) -> None:
    def draw(sheet: Sheet) -> None:
        sheet.text(80.0, 100, "附件2", 12.0)
        for n, text in enumerate(below):
            _centred(sheet, 100 + gap + 16.0 * n, text)

    assert _on_paper(tmp_path, draw) == [(2, title)]


def test_a_paragraph_below_a_number_is_no_title(tmp_path: Path) -> None:
    words = "主办单位按照省教育厅公布的名单排列" * 4

    def draw(sheet: Sheet) -> None:
        sheet.text(80.0, 100, "附件2", 12.0)
        for n, text in enumerate((words[:26], words[26:54], words[54:])):
            sheet.text(80.0 if n else 104.0, 118 + 16 * n, text, 12.0)

    assert _on_paper(tmp_path, draw) == [(2, "")]


def _as_word(path: Path) -> Reading:
    rows = [word.row([word.cell(word.paragraph(text)) for text in texts]) for texts in ROWS]
    above = word.paragraph("附件2") + word.paragraph() + word.paragraph("2025年度主办单位名单")
    return read_word(word.save(path / "annex.docx", above + word.table(rows, [1000, 1000])))


def _as_excel(path: Path, named: str = "Sheet") -> Reading:
    book = openpyxl.Workbook()
    book.active.title = named
    for texts in (("附件2",), ("2025年度主办单位名单",), *ROWS):
        book.active.append(texts)
    book.save(path / "annex.xlsx")
    return read_excel(path / "annex.xlsx")


def _as_typed(path: Path) -> Reading:
    lines = ("附件2", "2025年度主办单位名单", *("\t".join(texts) for texts in ROWS))
    (path / "annex.txt").write_text("\n".join(lines), "utf-8")
    return read_transcript(path / "annex.txt")


@pytest.mark.parametrize(
    "made",
    [_as_word, _as_excel, lambda path: _as_excel(path, "附件2"), _as_typed],
    ids=["word", "excel", "a sheet of that name", "transcript"],
)
def test_other_files_do_as_paper(made: Callable[[Path], Reading], tmp_path: Path) -> None:
    assert _annexes(made(tmp_path)) == [(2, "2025年度主办单位名单")]


@pytest.mark.parametrize("wide", [1, 2, 4])
def test_a_section_is_opened_by_a_row_of_any_width(wide: int, tmp_path: Path) -> None:
    """If the row says nothing else; a class that stands alone in its row is none."""
    book = openpyxl.Workbook()
    sheet = book.active
    for texts in (
        ("专业类别", "初级", "中级", "备注"),
        ("6101\n农业类", "农艺师", "", ""),
        ("6102（4102）林业类", "", "", ""),
        ("二、62（42、22）资源环境与安全大类", "", "", ""),
        ("专业类别", "初级", "中级", "备注"),
        ("6203\n测绘类", "测绘师", "", ""),
    ):
        sheet.append(texts)
    if wide > 1:
        sheet.merge_cells(start_row=4, end_row=4, start_column=1, end_column=wide)
    book.save(tmp_path / "sections.xlsx")
    found = outline(*pageless.restore(read_excel(tmp_path / "sections.xlsx"))).sections
    assert [(one.kind, one.name, one.codes) for one in found[1:]] == [
        ("major", "资源环境与安全大类", ("62", "42", "22"))
    ]
