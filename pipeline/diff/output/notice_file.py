"""The change notice as a file: a page to print, or a Word document set as official documents are (GB/T 9704)."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import docx
import pyarrow as pa
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

from pipeline.diff.output.notice import Heading, Notice, NoticeCell, NoticeGrid, compose
from pipeline.diff.side import Side
from pipeline.editions.files import save_file
from pipeline.errors import XizeError
from pipeline.output.web import render

_LATIN = "Times New Roman"
_TEXT, _HEAD, _TITLE, _TABLE = "仿宋", "黑体", "宋体", "宋体"
_CELL_STYLE, _HEAD_STYLE = "XizeCell", "XizeHead"
# Characters that XML 1.0 cannot hold.
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WIDTH_MM = 156.0
"""A4 less the margins left (28 mm) and right (26 mm)."""
_MARKS = {"del": "<w:rPr><w:strike/></w:rPr>", "ins": '<w:rPr><w:u w:val="single"/></w:rPr>', "": ""}


def write_notice(changes: pa.Table, before: Side, after: Side, path: Path) -> None:
    """Write the notice: Word for a path that ends in .docx, a page to print for .html.

    Raises XizeError for any other ending and when the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".docx", ".html", ".htm"):
        raise XizeError(f"变更说明只能写成.docx或.html，而不是{path.name}：请改用其中一种扩展名。")
    notice = compose(changes, before, after)
    made = io.BytesIO()
    if suffix == ".docx":
        document(notice).save(made)
    else:
        made.write(render("pipeline.diff.output", "notice.html.j2", notice=notice).encode())
    save_file(path, made.getvalue())


def document(notice: Notice) -> Document:
    """``notice`` as a Word document."""
    made = docx.Document()
    _page(made)
    _styles(made)
    made.core_properties.title, made.core_properties.author = notice.title, ""
    made.add_paragraph(notice.title, style="Title")
    for block in notice.blocks:
        if isinstance(block, Heading):
            made.add_paragraph(block.text, style=f"Heading {block.level}")
        elif isinstance(block, NoticeGrid):
            _grid(made, block)
        else:  # first line indented by two characters, lines 28 points apart
            layout = made.add_paragraph(block).paragraph_format
            layout.first_line_indent, layout.line_spacing = Pt(32), Pt(28)
    made.add_paragraph()
    for line in notice.closing:
        paragraph = made.add_paragraph(line)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        paragraph.paragraph_format.keep_with_next = True
    return made


def _page(document: Document) -> None:
    """A4 with the standard's margins; the page number in the middle of the foot."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    _font(document.styles["Footer"], _TITLE, 14)
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot.add_run("— ")
    # A field that the word processor computes (python-docx has no call for it).
    field = f'<w:fldSimple {nsdecls("w")} w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>'
    foot._p.append(parse_xml(field))
    foot.add_run(" —")


def _styles(document: Document) -> None:
    normal = document.styles["Normal"]
    _font(normal, _TEXT, 16)
    normal.paragraph_format.space_after = Pt(0)
    for name, font, size, bold in (
        ("Title", _TITLE, 22, True),
        ("Heading 1", _HEAD, 16, False),
        ("Heading 2", "楷体", 16, True),
        ("Caption", _HEAD, 12, False),
    ):
        style = document.styles[name]
        _font(style, font, size)
        style.font.bold, style.font.italic = bold, False
        layout = style.paragraph_format
        layout.space_before, layout.space_after = Pt(10), Pt(4)
        layout.keep_with_next = True
        layout.line_spacing_rule = WD_LINE_SPACING.SINGLE
    for name, font in ((_CELL_STYLE, _TABLE), (_HEAD_STYLE, _HEAD)):
        style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        _font(style, font, 10.5)
        style.paragraph_format.space_before = style.paragraph_format.space_after = Pt(1.5)
        if name == _HEAD_STYLE:
            style.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title = document.styles["Title"]
    title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.paragraph_format.space_after = Pt(18)
    # The template's rule below the title is no part of an official document.
    for border in title.element.xpath("./w:pPr/w:pBdr"):
        border.getparent().remove(border)


def _font(target: Any, chinese: str, size: float) -> None:
    """Set a run's or style's fonts: Latin and Chinese apart, black; a theme's fonts would win and are taken out."""
    target.font.name, target.font.size = _LATIN, Pt(size)
    target.font.color.rgb = RGBColor(0, 0, 0)
    fonts = target.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    fonts.set(qn("w:hAnsi"), _LATIN)
    fonts.set(qn("w:eastAsia"), chinese)


def _grid(document: Document, grid: NoticeGrid) -> None:
    """A captioned table whose head repeats on every page and whose rows are not torn apart.

    Rows are written as XML: python-docx's cells take a minute for a few thousand changes.
    """
    document.add_paragraph(grid.caption, style="Caption")
    table = document.add_table(rows=0, cols=len(grid.columns))
    table.style = "Table Grid"
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    widths = [Mm(_WIDTH_MM * share) for share in grid.columns.values()]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    twips = [round(width.pt * 20) for width in widths]
    head = tuple(NoticeCell((title,)) for title in grid.columns)
    for number, cells in enumerate((head, *grid.rows)):
        row = _row(cells, twips, head=number == 0).replace("<w:tr>", f"<w:tr {nsdecls('w')}>", 1)
        table._tbl.append(parse_xml(row))


def _row(cells: Sequence[NoticeCell], twips: Sequence[int], head: bool) -> str:
    """A table row as WordprocessingML; ``twips`` are the widths of its cells."""
    marks = "<w:cantSplit/><w:tblHeader/>" if head else "<w:cantSplit/>"
    style = _HEAD_STYLE if head else _CELL_STYLE
    out = [f"<w:tr><w:trPr>{marks}</w:trPr>"]
    for cell, width in zip(cells, twips, strict=True):
        runs = "".join(_run(text, cell.mark if index % 2 else "") for index, text in enumerate(cell.runs))
        out.append(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>'
            f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{runs}</w:p></w:tc>'
        )
    return "".join([*out, "</w:tr>"])


def _run(text: str, mark: str) -> str:
    allowed = escape(_NOT_XML.sub("", text))
    return f'<w:r>{_MARKS[mark]}<w:t xml:space="preserve">{allowed}</w:t></w:r>' if text else ""
