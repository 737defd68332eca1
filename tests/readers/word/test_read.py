"""What Word files can hold: each trap on a file that the test makes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from pipeline.findings import Finding
from pipeline.readers.word.office import soffice
from pipeline.readers.word.package import W
from pipeline.readers.word.read import printed_titles, read_word
from pipeline.reading import Reading
from pipeline.tidy.pageless import findings_of
from tests.typeset.word import NAMESPACES, cell, document, paragraph, row, run, save, table

Cells = dict[tuple[int, int], list[str]]


def _read(folder: Path, body: str, **parts: str) -> Reading:
    return read_word(save(folder / "a.docx", body, parts))


def _cells(reading: Reading, number: int = 1) -> Cells:
    """(row, column) → lines, of the cells with text of a table."""
    return {
        (one["row"], one["col"]): [line["text"] for line in one["lines"]]
        for one in reading.cells.to_pylist()
        if one["table_no"] == number and one["lines"]
    }


def _spans(reading: Reading) -> dict[str, tuple[int, int]]:
    """Text of a cell → (rows, columns) that it covers."""
    return {
        one["lines"][0]["text"]: (one["row_span"], one["col_span"])
        for one in reading.cells.to_pylist()
        if one["lines"]
    }


def _codes(reading: Reading) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for one in findings_of(reading):
        found.setdefault(one.code, []).append(one)
    return found


def _one(content: str, widths: tuple[int, ...] = (1000,)) -> str:
    """A table of one cell."""
    return table([row([cell(content)])], widths)


def test_spans_and_holes(tmp_path: Path) -> None:
    rows = [
        row([cell(paragraph("横二"), 2), cell(paragraph("高二"), merge="restart")]),
        row([cell(paragraph("甲")), cell(paragraph("乙")), cell(paragraph(), merge="continue")]),
        row([cell(paragraph("丙"), 2)], '<w:gridBefore w:val="1"/>'),
    ]
    reading = _read(tmp_path, table(rows, [1000, 1000, 1000]))
    assert _spans(reading) == {"横二": (1, 2), "高二": (2, 1), "甲": (1, 1), "乙": (1, 1), "丙": (1, 2)}
    assert _cells(reading) == {
        (0, 0): ["横二"],
        (0, 2): ["高二"],
        (1, 0): ["甲"],
        (1, 1): ["乙"],
        (2, 1): ["丙"],
    }


def test_a_second_merge_below_the_first_is_one_of_its_own(tmp_path: Path) -> None:
    merges = ("restart", "continue", "restart", "continue")
    rows = [
        row(
            [
                cell(paragraph("上" if n == 0 else "下" if n == 2 else ""), merge=merge),
                cell(paragraph(str(n))),
            ]
        )
        for n, merge in enumerate(merges)
    ]
    spans = _spans(_read(tmp_path, table(rows, [1000, 1000])))
    assert spans["上"] == spans["下"] == (2, 1)


def test_what_merged_cells_hide_is_told(tmp_path: Path) -> None:
    rows = [
        row([cell(paragraph("见"), merge="restart"), cell(paragraph("一"))]),
        row([cell(paragraph("不见"), merge="continue"), cell(paragraph("二"))]),
    ]
    reading = _read(tmp_path, table(rows, [1000, 1000]))
    assert _cells(reading)[0, 0] == ["见"]
    assert [b["text"] for b in reading.blocks.to_pylist() if b["role"] != "text"] == ["不见"]


def test_borders_dragged_out_of_line_make_no_columns(tmp_path: Path) -> None:
    rows = [
        row([cell(paragraph("甲")), cell(paragraph("乙"), 2), cell(paragraph("丙"), merge="restart")]),
        row([cell(paragraph("丁"), 2), cell(paragraph("戊")), cell(paragraph(), merge="continue")]),
    ]
    reading = _read(tmp_path, table(rows, [2000, 30, 2000, 1000]))
    assert _cells(reading) == {(0, 0): ["甲"], (0, 1): ["乙"], (0, 2): ["丙"], (1, 0): ["丁"], (1, 1): ["戊"]}
    assert set(_spans(reading).values()) == {(1, 1), (2, 1)}


def test_a_narrow_column_with_cells_of_its_own_stays(tmp_path: Path) -> None:
    rows = [row([cell(paragraph(text)) for text in "甲乙丙"])]
    assert _cells(_read(tmp_path, table(rows, [2000, 60, 2000]))) == {
        (0, n): [t] for n, t in enumerate("甲乙丙")
    }


def test_paragraphs_and_manual_breaks_end_lines(tmp_path: Path) -> None:
    reading = _read(tmp_path, paragraph("前") + _one(paragraph("一\n二") + paragraph() + paragraph("三")))
    (staged,) = reading.cells.to_pylist()
    assert [line["text"] for line in staged["lines"]] == ["一", "二", "三"]
    assert staged["paragraphs"] == [2, 2, 4] and staged["line"] == 2


def test_the_line_is_the_number_of_the_paragraph(tmp_path: Path) -> None:
    box = "<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx><w:txbxContent>{}</w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox><w:txbxContent>{}</w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    inner = paragraph("框中文字")
    body = f"<w:p>{run('正文')}{box.format(inner, inner)}</w:p>" + _one(paragraph("甲") + paragraph("乙"))
    reading = _read(tmp_path, body)
    numbered = list(etree.fromstring(document(body).encode()).iter(f"{W}p"))
    (staged,) = reading.cells.to_pylist()
    texts = ["".join(numbered[n - 1].itertext()) for n in staged["paragraphs"]]
    assert texts == ["甲", "乙"]
    (found,) = _codes(reading)["text_outside_tables"]
    assert found.evidence == "框中文字" and found.cell_id == "textbox-1" and found.line is None


def test_a_table_in_a_text_box_is_read(tmp_path: Path) -> None:
    inner = _one(paragraph("格中")) + paragraph()
    body = f"<w:p><w:r><w:drawing><wps:txbx><w:txbxContent>{inner}</w:txbxContent></wps:txbx></w:drawing></w:r></w:p>"
    (staged,) = _read(tmp_path, body).cells.to_pylist()
    assert staged["lines"][0]["text"] == "格中" and staged["line"] is None
    assert staged["cell_id"].startswith("textbox-1")


def test_nested_tables(tmp_path: Path) -> None:
    inner = table(
        [row([cell(paragraph("二")), cell(paragraph("三"))]), row([cell(paragraph("四"), 2)])], [500, 500]
    )
    reading = _read(tmp_path, _one(paragraph("一") + inner + paragraph("五")))
    assert _cells(reading) == {(0, 0): ["一", "二", "三", "四", "五"]}


def test_a_table_that_lays_out_a_table(tmp_path: Path) -> None:
    rows = [row([cell(paragraph(f"{a}{b}")) for b in range(3)]) for a in range(2)]
    inner = table(rows, [500] * 3)
    reading = _read(tmp_path, _one(paragraph("附件1：名单") + inner + paragraph()))
    assert len(_cells(reading)) == 6
    assert [one["text"] for one in reading.blocks.to_pylist()] == ["附件1：名单"]


def test_content_controls_at_every_height(tmp_path: Path) -> None:
    def control(content: str, properties: str = "") -> str:
        return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"

    hint = control(run("单击此处输入"), "<w:showingPlcHdr/>")
    inside = row(
        [control(cell(f"<w:p>{control(run('甲'))}{run('乙')}</w:p>")), cell(control(paragraph("丙")))]
    )
    body = control(paragraph("标题") + control(table([control(inside)], [1000, 1000]))) + f"<w:p>{hint}</w:p>"
    reading = _read(tmp_path, body)
    assert _cells(reading) == {(0, 0): ["甲乙"], (0, 1): ["丙"]}
    assert [(b["role"], b["text"]) for b in reading.blocks.to_pylist()] == [
        ("text", "标题"),
        ("隐藏的", "单击此处输入"),
    ]


def test_tracked_changes_are_read_as_accepted(tmp_path: Path) -> None:
    who = 'w:id="1" w:author="某" w:date="2026-01-01T00:00:00Z"'
    changed = f"<w:p>{run('农')}<w:del {who}><w:r><w:delText>业</w:delText></w:r></w:del><w:ins {who}>{run('艺')}</w:ins>{run('师')}</w:p>"
    moved = f"<w:p><w:moveFrom {who}>{run('旧处')}</w:moveFrom></w:p><w:p><w:moveTo {who}>{run('新处')}</w:moveTo></w:p>"
    joined = f"<w:p><w:pPr><w:rPr><w:del {who}/></w:rPr></w:pPr>{run('前半')}</w:p>{paragraph('后半')}"
    gone = row(
        [cell(f"<w:p><w:del {who}><w:r><w:delText>整行</w:delText></w:r></w:del></w:p>")], f"<w:del {who}/>"
    )
    rows = [row([cell(one)]) for one in (changed, moved, joined)] + [gone]
    reading = _read(tmp_path, table(rows, [1000]))
    assert _cells(reading) == {(0, 0): ["农艺师"], (1, 0): ["新处"], (2, 0): ["前半后半"]}
    found = _codes(reading)["tracked_changes"]
    assert [one.evidence for one in found] == ["整行|", "业|艺", "旧处|", "|新处", "前半¶后半|"]
    assert all(one.line for one in found)


def test_text_struck_out_is_read_and_told_of(tmp_path: Path) -> None:
    """By the run, by its double line, by a style; a run may say that it is not."""
    styles = f"<w:styles {NAMESPACES}><w:style w:type='paragraph' w:styleId='off'><w:rPr><w:strike/></w:rPr></w:style></w:styles>"
    part = f"<w:p>{run('农业', '<w:strike/>')}{run('经济员', '<w:dstrike/>')}{run('会计师')}</w:p>"
    kept = run("工程师", '<w:strike w:val="0"/>')
    styled = f"<w:p><w:pPr><w:pStyle w:val='off'/></w:pPr>{run('技师')}{kept}</w:p>"
    reading = _read(tmp_path, table([row([cell(part)]), row([cell(styled)])], [1000]), styles=styles)
    assert _cells(reading) == {(0, 0): ["农业经济员会计师"], (1, 0): ["技师工程师"]}
    assert [(one.evidence, one.line) for one in _codes(reading)["struck_out"]] == [
        ("农业经济员", 1),
        ("技师", 2),
    ]


def test_tracked_marks_and_cells_are_told_of(tmp_path: Path) -> None:
    """An end of a paragraph put in or taken away, a cell put in, taken away or merged, a row of a table in a cell."""
    who = 'w:id="1" w:author="某" w:date="2026-01-01T00:00:00Z"'

    def ended(tag: str, text: str) -> str:
        return f"<w:p><w:pPr><w:rPr><w:{tag} {who}/></w:rPr></w:pPr>{run(text) if text else ''}</w:p>"

    inner = table(
        [row([cell(paragraph("内一"))]), row([cell(paragraph("内二"))], f"<w:del {who}/>")], [1000]
    ) + paragraph("")

    def changed(tag: str, text: str) -> str:
        return cell(paragraph(text)).replace("</w:tcPr>", f"<w:{tag} {who}/></w:tcPr>")

    plain = ended("ins", "技术员") + paragraph("工程师")
    empty = ended("del", "") + ended("ins", "") + paragraph("农艺师")
    rows = [
        row([cell(plain), cell(inner)]),
        row([cell(empty), changed("cellIns", "新格")]),
        row([changed("cellMerge", "并格"), cell(paragraph("丁"))]),
        row([cell(paragraph("丙")), changed("cellDel", "旧格")]),
    ]
    reading = _read(tmp_path, table(rows, [1000, 1000]))
    assert _cells(reading)[0, 0] == ["技术员", "工程师"] and _cells(reading)[1, 0] == ["农艺师"]
    found = [one.evidence for one in _codes(reading)["tracked_changes"]]
    assert sorted(found) == sorted(["旧格|", "|新格", "|单元格的合并：并格", "|技术员¶", "内二|"])


NUMBERING = f"""<w:numbering {NAMESPACES}>
<w:abstractNum w:abstractNumId="0">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%1、"/><w:suff w:val="nothing"/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%2."/></w:lvl>
</w:abstractNum>
<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="2"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="&#xF06C;"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="3"><w:lvl w:ilvl="0"><w:start w:val="1"/><mc:AlternateContent><mc:Choice Requires="w14">
<w:numFmt w:val="custom" w:format="001, 002, 003, ..."/></mc:Choice><mc:Fallback><w:numFmt w:val="decimal"/></mc:Fallback>
</mc:AlternateContent><w:lvlText w:val="%1"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>
<w:num w:numId="5"><w:abstractNumId w:val="3"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="8"/></w:lvlOverride></w:num>
<w:num w:numId="4"><w:abstractNumId w:val="2"/></w:num>
</w:numbering>"""


def _listed(text: str, number: int, level: int = 0) -> str:
    return paragraph(
        text, properties=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    )


def test_automatic_numbers_are_rendered(tmp_path: Path) -> None:
    body = (
        _listed("甲", 1) + _listed("子", 1, 1) + _listed("丑", 1, 1) + _listed("乙", 1) + _listed("寅", 1, 1)
    )
    body += _listed("丙", 4) + table(
        [row([cell(_listed("", 2)), cell(paragraph(name))]) for name in "天地"] + [row([cell(_listed("", 3)), cell(paragraph("人"))])],
        [1000, 1000],
    )  # fmt: skip
    reading = _read(tmp_path, body, numbering=NUMBERING)
    texts = [one["text"] for one in reading.blocks.to_pylist()]
    assert texts == ["一、甲", "1. 子", "2. 丑", "二、乙", "1. 寅", "丙"]
    assert (
        _cells(reading)[0, 0] == ["1"] and _cells(reading)[1, 0] == ["2"] and _cells(reading)[2, 0] == ["8"]
    )


def as_doc(path: Path) -> Path:
    """A Word file in the old format, by LibreOffice."""
    profile = f"-env:UserInstallation={(path.parent / 'profile').as_uri()}"
    out = path.parent / "made"
    command = [str(soffice()), profile, "--headless", "--convert-to", "doc:MS Word 97", "--outdir", str(out)]
    subprocess.run([*command, str(path)], check=True, capture_output=True)
    return out / f"{path.stem}.doc"


@pytest.mark.skipif(soffice() is None, reason="no LibreOffice on this machine")
@pytest.mark.long
@pytest.mark.parametrize("suffix", [".doc", ".wps"])
def test_what_tables_hold_comes_through_the_old_format(tmp_path: Path, suffix: str) -> None:
    inner = table([row([cell(paragraph("三")), cell(paragraph("四"))])], [500, 500])
    rows = [
        row([cell(paragraph("类"), merge="restart"), cell(paragraph("甲"), 2)], "<w:tblHeader/>"),
        row([cell(paragraph(), merge="continue"), cell(paragraph("一\n二")), cell(paragraph("五") + inner + paragraph())]),
        row([cell(_listed("", 2)), cell(_listed("农艺师", 1)), cell(paragraph("末"))]),
        row([cell(_listed("", 2)), cell(_listed("茶艺师", 1)), cell(f"<w:p>{run('显')}{run('隐', '<w:vanish/>')}</w:p>")]),
    ]  # fmt: skip
    path = save(tmp_path / "a.docx", table(rows, [1000, 2000, 2000]) + paragraph(), {"numbering": NUMBERING})
    made = as_doc(path)
    shutil.move(made, made.with_suffix(suffix))
    old, new = (read_word(one).cells.to_pylist() for one in (made.with_suffix(suffix), path))

    def texts(cells: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        names = ("row", "col", "row_span", "col_span")
        return [(*(one[name] for name in names), [line["text"] for line in one["lines"]]) for one in cells]

    assert texts(old) == texts(new) and ["一、农艺师"] in [
        one["lines"] and [one["lines"][0]["text"]] for one in old
    ]


def test_a_paragraph_may_change_the_level_of_its_style(tmp_path: Path) -> None:
    named = "<w:numPr><w:ilvl w:val='1'/><w:numId w:val='1'/></w:numPr>"
    styles = f"<w:styles {NAMESPACES}><w:style w:type='paragraph' w:styleId='low'><w:pPr>{named}</w:pPr></w:style></w:styles>"
    body = (
        paragraph("甲", "low", '<w:numPr><w:ilvl w:val="0"/></w:numPr>')
        + paragraph("子", "low")
        + _listed("天", 5)
    )
    reading = _read(tmp_path, body, styles=styles, numbering=NUMBERING)
    assert [one["text"] for one in reading.blocks.to_pylist()] == ["一、甲", "1. 子", "001 天"]


def test_a_style_may_give_the_number(tmp_path: Path) -> None:
    styles = (
        f"<w:styles {NAMESPACES}><w:style w:type='paragraph' w:styleId='base'><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr>"
        "</w:pPr></w:style><w:style w:type='paragraph' w:styleId='own'><w:basedOn w:val='base'/></w:style></w:styles>"
    )
    body = (
        paragraph("甲", "own")
        + paragraph("无", "own", '<w:numPr><w:numId w:val="0"/></w:numPr>')
        + paragraph("乙", "own")
    )
    reading = _read(tmp_path, body, styles=styles, numbering=NUMBERING)
    assert [one["text"] for one in reading.blocks.to_pylist()] == ["一、甲", "无", "二、乙"]


def test_notes_headers_and_hidden_text_are_named(tmp_path: Path) -> None:
    notes = f'<w:footnotes {NAMESPACES}><w:footnote w:type="separator" w:id="0"/><w:footnote w:id="2">{paragraph("须持有效证书")}</w:footnote></w:footnotes>'
    header = f"<w:hdr {NAMESPACES}>{paragraph('内部资料')}</w:hdr>"
    mark = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    content = f"<w:p>{run('农艺师')}{mark}{run('看不见', '<w:vanish/>')}</w:p>"
    remark = (
        f'<w:comments {NAMESPACES}><w:comment w:id="1">{paragraph("删去此项？")}</w:comment></w:comments>'
    )
    reading = _read(tmp_path, _one(content), footnotes=notes, header1=header, comments=remark)
    assert _cells(reading) == {(0, 0): ["农艺师"]}
    (found,) = _codes(reading)["footnote_mark"]
    assert "须持有效证书" in found.message and found.cell_id and found.line == 1
    margin, comment = _codes(reading)["text_outside_tables"]
    assert comment.message == "批注中有文字“删去此项？”，未作数据。"
    assert margin.evidence == "内部资料" and margin.cell_id == "header-1" and margin.line is None
    assert [b["text"] for b in reading.blocks.to_pylist()] == ["看不见"]


def _sign(kind: str, content: str = "") -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}">{content}</w:fldChar></w:r>'


def test_fields_show_their_result(tmp_path: Path) -> None:
    sign = _sign
    code = "<w:r><w:instrText>PAGEREF a</w:instrText></w:r>"
    inner = sign("begin") + run("代码中的字") + sign("separate") + run("里") + sign("end")
    body = f"<w:p>{run('第')}{sign('begin')}{code}{sign('separate')}{run('7')}{inner}{sign('end')}{run('章')}</w:p>"
    body += f"<w:p>{sign('begin')}{run('没有结束')}</w:p>" + paragraph("后文")
    reading = _read(tmp_path, body)
    assert [one["text"] for one in reading.blocks.to_pylist()] == ["第7里章", "后文"]


def test_signs_and_links(tmp_path: Path) -> None:
    link = (
        f"<w:hyperlink r:id='x'>{run('链')}</w:hyperlink><w:fldSimple w:instr='SEQ'>{run('9')}</w:fldSimple>"
    )
    ruby = "<w:r><w:ruby><w:rt><w:r><w:t>yin</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>音</w:t></w:r></w:rubyBase></w:ruby></w:r>"
    sign = '<w:r><w:noBreakHyphen/><w:sym w:font="宋体" w:char="2161"/><w:softHyphen/></w:r>'
    formula = "<m:oMath><m:r><m:t>x+1</m:t></m:r></m:oMath>"
    reading = _read(tmp_path, _one(f"<w:p>{link}{ruby}{sign}{formula}</w:p>"))
    assert _cells(reading) == {(0, 0): ["链9音-Ⅱx+1"]}


@pytest.mark.parametrize(
    ("code", "text", "aside"),
    [
        (r" eq \o\ac(○,12)", "始12终", ""),
        (r'EQ \* jc2 \* "Font:宋体" \* hps10 \o\ad(\s\up 9(zhōng),中)', "始中终", "注音“zhōng”"),
        (r"EQ \o(\s\up 5(教育),\s\do 2(部))", "始教育部终", ""),
        (r"eq \f(1,2)", "始1/2终", ""),
        (" PAGE ", "始终", ""),
    ],
)
def test_fields_that_print_their_instruction(tmp_path: Path, code: str, text: str, aside: str) -> None:
    field = f"{_sign('begin')}<w:r><w:instrText>{code}</w:instrText></w:r>{_sign('end')}"
    reading = _read(tmp_path, _one(f"<w:p>{run('始')}{field}{run('终')}</w:p>"))
    assert _cells(reading) == {(0, 0): [text]}
    assert [aside in one.message for one in findings_of(reading)] == [True] * bool(aside)


def test_what_is_chosen_and_symbols_of_fonts_of_their_own(tmp_path: Path) -> None:
    entries = "".join(f'<w:listEntry w:val="{text}"/>' for text in "甲乙")
    choice = _sign("begin", f'<w:ffData><w:ddList><w:result w:val="1"/>{entries}</w:ddList></w:ffData>')
    signs = '<w:r><w:sym w:font="Wingdings" w:char="F0FC"/><w:sym w:font="Symbol" w:char="0061"/></w:r>'
    half = "<m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath>"
    reading = _read(tmp_path, _one(f"<w:p>{choice}{_sign('end')}{signs}{half}</w:p>"))
    assert _cells(reading) == {(0, 0): ["乙✓\ufffd1/2"]}


def test_alternatives_are_read_once_at_every_height(tmp_path: Path) -> None:
    def either(first: str, second: str) -> str:
        return f'<mc:AlternateContent><mc:Choice Requires="w14">{first}</mc:Choice><mc:Fallback>{second}</mc:Fallback></mc:AlternateContent>'

    inside = _one(f"<w:p>{either(run('甲'), run('乙'))}</w:p>")
    reading = _read(tmp_path, either(paragraph("前"), paragraph("后")) + either(inside, inside))
    assert _cells(reading) == {(0, 0): ["甲"]} and len(reading.cells) == 1
    assert [one["text"] for one in reading.blocks.to_pylist()] == ["前"]


def test_pictures_objects_and_hidden_rows_are_told(tmp_path: Path) -> None:
    drawn = '<w:r><w:drawing><a:blip r:embed="r9"/></w:drawing></w:r>'
    embedded = '<w:r><w:object><v:shape><v:imagedata r:id="r8"/></v:shape></w:object></w:r>'
    hidden = row([cell(paragraph("不见"))], "<w:hidden/>")
    rows = [row([cell(f"<w:p>{run('格')}{drawn}{embedded}</w:p>")]), hidden]
    reading = _read(tmp_path, f"<w:p>{run('前')}{drawn}</w:p>" + table(rows, [1000]))
    found = _codes(reading)
    assert [one.message for one in found["cell_pictured"]] == [
        "“格”处有图片，没有读入。",
        "“格”处有嵌入的对象，没有读入。",
    ]
    assert found["text_outside_tables"][0].message == "“前”处有图片，没有读入。"
    assert "不见" in found["hidden_rows"][0].message and _cells(reading)[1, 0] == ["不见"]


def test_a_table_from_right_to_left(tmp_path: Path) -> None:
    rows = [row([cell(paragraph("右")), cell(paragraph("左"), 2)]), row([cell(paragraph(x)) for x in "321"])]
    turned = table(rows, [1000] * 3).replace("<w:tblPr/>", "<w:tblPr><w:bidiVisual/></w:tblPr>")
    found = _cells(_read(tmp_path, turned))
    assert found == {(0, 2): ["右"], (0, 0): ["左"], (1, 2): ["3"], (1, 1): ["2"], (1, 0): ["1"]}


def test_strict_files_are_read_too(tmp_path: Path) -> None:
    path = save(tmp_path / "a.docx", _one(paragraph("甲")))
    import zipfile

    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    other = tmp_path / "strict.docx"
    with zipfile.ZipFile(other, "w") as archive:
        for name, data in files.items():
            data = data.replace(
                b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
                b"http://purl.oclc.org/ooxml/wordprocessingml/main",
            )
            archive.writestr(name, data.replace(b"http://schemas.openxmlformats.org/officeDocument/2006/relationships", b"http://purl.oclc.org/ooxml/officeDocument/relationships"))  # fmt: skip
    assert _cells(read_word(other)) == {(0, 0): ["甲"]}


def test_the_title_is_what_is_printed_largest(tmp_path: Path) -> None:
    body = (
        paragraph("某教〔2026〕3号") + paragraph("某省双师型教师", "Title") + paragraph("认定细则", "Title")
    )
    path = save(
        tmp_path / "a.docx", body + paragraph("目录", "Heading") + paragraph("正文"), title="Document1"
    )
    assert printed_titles(path) == ("某省双师型教师认定细则", "Document1")
    numbered = paragraph("细则", "Title", '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
    path = save(tmp_path / "b.docx", numbered + paragraph("正文"), {"numbering": NUMBERING})
    assert printed_titles(path) == ("一、细则", None)  # its number counts once
