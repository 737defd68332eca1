"""LibreOffice Writer: the document as a flat ODT file, converted to PDF headless."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

from .document import Block, GCell, Grid, Truth, blocks
from .layout import Layout

_NS = " ".join(
    f'xmlns:{p}="urn:oasis:names:tc:opendocument:xmlns:{u}:1.0"'
    for p, u in (
        ("office", "office"), ("style", "style"), ("text", "text"), ("table", "table"),
        ("fo", "xsl-fo-compatible"), ("svg", "svg-compatible"),
    )
)  # fmt: skip
_BORDERS = {"line": "solid", "double": "double", "dashed": "dashed", "dotted": "dotted"}


def soffice_path() -> str | None:
    """LibreOffice of this machine, if it is there with Writer."""
    path = shutil.which("soffice")
    if not path:
        return None
    library = Path(path).resolve().parent
    return path if (library / "libswlo.so").exists() or (library / "libswlo.dylib").exists() else None


def _styles(layout: Layout) -> str:
    width, height = layout.size_pt
    top, right, bottom, left = layout.margins
    font, head = layout.font, layout.heading_font or layout.font
    border = f"{layout.rule_width}pt {_BORDERS[layout.rule]} {layout.rule_color}"
    if layout.rule == "double":
        border = f"{max(layout.rule_width, 1.5)}pt double {layout.rule_color}"
    fill = f'fo:background-color="{layout.header_fill}"' if layout.header_fill else ""
    inside = width - left - right

    def face(name: str, size: float, extra: str = "") -> str:
        return (
            f'<style:text-properties style:font-name="{name}" style:font-name-asian="{name}" fo:font-size="{size}pt"'
            f' style:font-size-asian="{size}pt" fo:language="zh" fo:country="CN" style:language-asian="zh"'
            f' style:country-asian="CN" {extra}/>'
        )

    def para(
        name: str, font_name: str, size: float, align: str = "start", extra: str = "", text: str = ""
    ) -> str:
        return (
            f'<style:style style:name="{name}" style:family="paragraph">'
            f'<style:paragraph-properties fo:text-align="{align}" {extra}/>{face(font_name, size, text)}</style:style>'
        )

    bold = 'fo:font-weight="bold" style:font-weight-asian="bold"'
    spacing = f'fo:letter-spacing="{layout.spacing}pt"' if layout.spacing else ""
    leading = f'fo:line-height="{round(layout.leading * 100)}%" fo:margin-bottom="{layout.para_gap}pt" fo:orphans="0" fo:widows="0"'
    if layout.breaking == "char":
        leading += ' style:line-break="normal" style:punctuation-wrap="simple"'
    body = "justify" if layout.justify else "start"
    mirror = 'style:page-usage="mirrored"' if layout.mirror else ""
    if layout.mirror:
        left, inside = left + 24, inside - 24
    number = ""
    if layout.page_number:
        shown = (
            escape(layout.page_number)
            .replace("{page}", "<text:page-number/>")
            .replace("{pages}", "<text:page-count/>")
        )
        number = f'<style:footer><text:p text:style-name="Foot">{shown}</text:p></style:footer>'
    running = (
        f'<style:header><text:p text:style-name="Foot">{escape(layout.running_head)}</text:p></style:header>'
        if layout.running_head
        else ""
    )
    frame = 'fo:border="0.7pt solid #000000" fo:padding="6pt"' if layout.frame else ""
    turned = layout.turned != "none"

    def page(name: str, size: tuple[float, float]) -> str:
        way = "landscape" if size[0] > size[1] else "portrait"
        return f"""<style:page-layout style:name="{name}" {mirror}><style:page-layout-properties fo:page-width="{size[0]}pt"
 fo:page-height="{size[1]}pt" fo:margin-top="{top / 2}pt" fo:margin-bottom="{bottom / 2}pt" fo:margin-left="{left}pt"
 fo:margin-right="{right}pt" style:print-orientation="{way}" {frame}/>
<style:header-style><style:header-footer-properties fo:min-height="{top / 2}pt"/></style:header-style>
<style:footer-style><style:header-footer-properties fo:min-height="{bottom / 2}pt"/></style:footer-style></style:page-layout>"""

    pages = page("pl", (width, height)) + (page("po", (height, width)) if turned else "")
    breaks = "".join(
        f'<style:style style:name="Brk-{name}" style:family="paragraph" style:master-page-name="{master}"/>'
        for name, master in (("other", "Other"), ("own", "Standard"))
    )
    master = "".join(
        f'<style:master-page style:name="{name}" style:page-layout-name="{of}">{running}{number}</style:master-page>'
        for name, of in (("Standard", "pl"), *([("Other", "po")] if turned else []))
    )
    cells = "".join(
        f'<style:style style:name="{kind}-{valign}" style:family="table-cell"><style:table-cell-properties'
        f' fo:padding="{layout.padding}pt" fo:border="{border}" style:vertical-align="{valign}" {extra}/></style:style>'
        for kind, extra in (("head", fill), ("body", ""))
        for valign in ("top", "middle")
    )
    return (
        f"""
<office:font-face-decls>
{"".join(f'<style:font-face style:name="{n}" svg:font-family="&apos;{n}&apos;"/>' for n in {font, head})}
</office:font-face-decls>
<office:automatic-styles>
{pages}{breaks}
{para("H1", head, 18, "center", 'fo:margin-bottom="8pt"', bold)}{para("H2", head, 14, "center", 'fo:margin-bottom="6pt" fo:keep-with-next="always"', bold)}
{para("H3", head, 11, "start", 'fo:margin-top="8pt" fo:margin-bottom="4pt" fo:keep-with-next="always"', bold)}{para("Sub", head, 12, "center", 'fo:keep-with-next="always"', bold)}
{para("P", font, 11, "start", 'fo:text-indent="22pt" fo:line-height="170%"')}{para("Brk", font, 4, "start", 'fo:break-after="page"')}{para("Foot", font, 9, "center")}
<style:style style:name="Toc" style:family="paragraph"><style:paragraph-properties fo:line-height="150%"><style:tab-stops>
<style:tab-stop style:position="{inside}pt" style:type="right" style:leader-style="dotted" style:leader-text="."/></style:tab-stops></style:paragraph-properties>{face(font, 9.5)}</style:style>
{para("c-left", font, layout.size, body, leading, spacing)}{para("c-center", font, layout.size, "center", leading, spacing)}
{para("c-head", head, layout.size, "center", leading, bold + f' fo:color="{layout.header_color}"')}
{para("Gap", font, max(2, layout.gap / 2))}
{cells}
<style:style style:name="row" style:family="table-row"><style:table-row-properties fo:keep-together="{"auto" if layout.split_rows else "always"}"/></style:style>
""",
        f"""
<office:master-styles>{master}</office:master-styles>
""",
    )


def _row(cells: dict[tuple[int, int], GCell], row: int, n_cols: int) -> str:
    out = ['<table:table-row table:style-name="row">']
    for col in range(n_cols):
        cell = cells[row, col]
        if (cell.row, cell.col) != (row, col):
            out.append("<table:covered-table-cell/>")
            continue
        span = f' table:number-columns-spanned="{cell.col_span}" table:number-rows-spanned="{cell.row_span}"'
        style = f"{'head' if cell.header else 'body'}-{cell.valign}"
        para = "c-head" if cell.header else f"c-{cell.align}"
        body = "".join(f'<text:p text:style-name="{para}">{escape(p)}</text:p>' for p in cell.paras or [""])
        if cell.note:
            note = _NOTE.format(row=cell.row, col=cell.col, text=escape(cell.note))
            body = body.removesuffix("</text:p>") + note + "</text:p>"
        shown = span if cell.col_span > 1 or cell.row_span > 1 else ""
        out.append(
            f'<table:table-cell table:style-name="{style}" office:value-type="string"{shown}>{body}</table:table-cell>'
        )
    out.append("</table:table-row>")
    return "".join(out)


def _table(grid: Grid, number: int, layout: Layout, turned: bool, adjoin: bool) -> tuple[str, str]:
    """(styles, table)."""
    inner = layout.size_pt[turned] - layout.margins[1] - layout.margins[3]
    inner -= 24 * layout.mirror + 14 * layout.frame
    total = sum(grid.weights)
    styles = [
        (
            f'<style:style style:name="t{number}" style:family="table"><style:table-properties style:width="{inner}pt"'
            f' table:align="left" table:border-model="collapsing"/></style:style>'
        )
    ]
    columns = []
    for n, weight in enumerate(grid.weights):
        styles.append(
            f'<style:style style:name="t{number}c{n}" style:family="table-column"><style:table-column-properties'
            f' style:column-width="{inner * weight / total:.2f}pt"/></style:style>'
        )
        columns.append(f'<table:table-column table:style-name="t{number}c{n}"/>')
    cells = grid.lookup()
    head = "".join(_row(cells, r, grid.n_cols) for r in range(grid.n_header))
    body = "".join(_row(cells, r, grid.n_cols) for r in range(grid.n_header, grid.n_rows))
    if layout.header == "repeat" and grid.n_header:
        head = f"<table:table-header-rows>{head}</table:table-header-rows>"
    table = f'<table:table table:name="t{number}" table:style-name="t{number}">{"".join(columns)}{head}{body}</table:table>'
    return "".join(styles), table + ("" if adjoin else '<text:p text:style-name="Gap"/>')


_NOTE = (
    '<text:note text:id="n{row}-{col}" text:note-class="footnote"><text:note-citation>1</text:note-citation>'
    "<text:note-body><text:p>{text}</text:p></text:note-body></text:note>"
)
_PARA = {"title": "H1", "heading1": "H2", "heading2": "H3", "subtitle": "Sub", "para": "P", "break": "Brk"}


def _block(block: Block, pages: dict[str, int]) -> str:
    if block.kind == "toc":
        return "".join(
            f'<text:p text:style-name="Toc">{escape(e["text"])}<text:tab/>{pages.get(e["text"], e.get("page", ""))}</text:p>'
            for e in block.entries
        )
    style = _PARA[block.kind] + (f"-{block.turn}" if block.turn else "")
    return f'<text:p text:style-name="{style}">{escape(block.text)}</text:p>'


def flat_odt(truth: Truth, layout: Layout, pages: dict[str, int]) -> str:
    """The document as flat OpenDocument text."""
    automatic, master = _styles(layout)
    body, tables = [], []
    turned = False
    for number, block in enumerate(blocks(truth, layout)):
        turned = block.turn == "other" if block.turn else turned
        if block.grid is not None:
            styles, table = _table(block.grid, number, layout, turned, block.keep == "adjoin")
            tables.append(styles)
            body.append(table)
        else:
            body.append(_block(block, pages))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document {_NS} office:version="1.3"'
        f' office:mimetype="application/vnd.oasis.opendocument.text">{automatic}{"".join(tables)}</office:automatic-styles>'
        f"{master}<office:body><office:text>{''.join(body)}</office:text></office:body></office:document>"
    )


def print_writer(truth: Truth, layout: Layout, path: Path, pages: dict[str, int], folder: Path) -> None:
    """Print a truth with LibreOffice Writer."""
    office = soffice_path()
    assert office, "no LibreOffice Writer on this machine"
    source = folder / "document.fodt"
    source.write_text(flat_odt(truth, layout, pages), encoding="utf-8")
    subprocess.run(
        [office, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", "pdf",
         "--outdir", str(folder), str(source)],
        check=True, capture_output=True, timeout=500,
    )  # fmt: skip
    shutil.move(folder / "document.pdf", path)
