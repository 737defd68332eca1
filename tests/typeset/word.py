"""A truth as a Word file: merged cells by gridSpan and vMerge, every printed line of a cell a paragraph."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from .document import Block, GCell, Grid, Truth, blocks
from .layout import Layout

_TYPES = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMESPACES = (
    f'xmlns:w="{_W}" xmlns:r="{_R}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)
STYLES = (
    f'<w:styles xmlns:w="{_W}"><w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val="21"/></w:rPr></w:rPrDefault></w:docDefaults>'
    '<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="a"/><w:rPr><w:sz w:val="44"/>'
    '</w:rPr></w:style><w:style w:type="paragraph" w:styleId="Heading"><w:name w:val="Heading"/><w:basedOn w:val="a"/>'
    '<w:rPr><w:sz w:val="32"/></w:rPr></w:style></w:styles>'
)
_SIZES = {"title": "Title", "heading1": "Heading", "heading2": "Heading", "subtitle": "Heading"}


def paragraph(text: str = "", style: str = "", properties: str = "") -> str:
    """A w:p; a line end in ``text`` is a manual break, a tab a tab."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    inside = f"<w:pPr>{named}{properties}</w:pPr>" if named or properties else ""
    return f"<w:p>{inside}{run(text) if text else ''}</w:p>"


def run(text: str, properties: str = "") -> str:
    """A w:r."""
    inside = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    shown = escape(text).replace("\n", '</w:t><w:br/><w:t xml:space="preserve">')
    shown = shown.replace("\t", '</w:t><w:tab/><w:t xml:space="preserve">')
    return f'<w:r>{inside}<w:t xml:space="preserve">{shown}</w:t></w:r>'


def cell(content: str, span: int = 1, merge: str = "", width: int = 1000) -> str:
    """A w:tc around paragraphs; ``merge``: restart | continue."""
    spans = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    down = f'<w:vMerge w:val="{merge}"/>' if merge == "restart" else "<w:vMerge/>" if merge else ""
    return f'<w:tc><w:tcPr><w:tcW w:w="{width * span}" w:type="dxa"/>{spans}{down}</w:tcPr>{content}</w:tc>'


def row(cells: Iterable[str], properties: str = "") -> str:
    """A w:tr."""
    inside = f"<w:trPr>{properties}</w:trPr>" if properties else ""
    return f"<w:tr>{inside}{''.join(cells)}</w:tr>"


def table(rows: Iterable[str], widths: Iterable[int]) -> str:
    """A w:tbl with a grid of columns so many twips wide."""
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return f"<w:tbl><w:tblPr/><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"


def grid_table(grid: Grid, every_break: bool = False) -> str:
    """A table of the typesetter; ``every_break``: the lines of a cell are parted by manual breaks."""
    found = grid.lookup()
    rows = []
    for r in range(grid.n_rows):
        cells = []
        col = 0
        while col < grid.n_cols:
            one = found[r, col]
            cells.append(_cell_of(one, r, every_break))
            col += one.col_span
        rows.append(row(cells, "<w:tblHeader/>" if r < grid.n_header else ""))
    return table(rows, [round(1000 * weight) for weight in grid.weights])


def _cell_of(one: GCell, r: int, every_break: bool) -> str:
    merge = "" if one.row_span == 1 else "restart" if r == one.row else "continue"
    paras = one.paras if r == one.row else []
    if every_break:
        paras = ["\n".join(paras)]
    return cell("".join(map(paragraph, paras or [""])), one.col_span, merge)


def document(body: str) -> str:
    """word/document.xml around its body."""
    return f'<?xml version="1.0" encoding="UTF-8"?><w:document {NAMESPACES}><w:body>{body}<w:sectPr/></w:body></w:document>'


def save(path: Path, body: str, parts: Mapping[str, str] | None = None, title: str = "") -> Path:
    """Write a .docx; ``parts``: further ones by name (``styles``, ``numbering``, ``footnotes``, ``header1`` …)."""
    more = {"styles": STYLES, **(parts or {})}
    kinds = {name: name.rstrip("0123456789") for name in more}
    overrides = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{_TYPES}.{kind}+xml"/>'
        for name, kind in kinds.items()
    )
    related = "".join(
        f'<Relationship Id="r{n}" Type="{_R}/{kind}" Target="{name}.xml"/>'
        for n, (name, kind) in enumerate(kinds.items())
    )
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    files = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_TYPES}.document.main+xml"/>{overrides}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" Type="{_R}/officeDocument" '
        'Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{relations}">{related}</Relationships>',
        "word/document.xml": document(body),
        **{f"word/{name}.xml": text for name, text in more.items()},
    }  # fmt: skip
    if title:
        files["docProps/core.xml"] = (
            '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{escape(title)}</dc:title></cp:coreProperties>'
        )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def print_word(truth: Truth, layout: Layout, path: Path, every_break: bool = False) -> Path:
    """Write the whole truth as a .docx."""
    return save(path, "".join(_block(block, every_break) for block in blocks(truth, layout)))


def _block(block: Block, every_break: bool) -> str:
    if block.kind == "table":
        assert block.grid is not None
        return grid_table(block.grid, every_break) + paragraph()
    if block.kind == "toc":
        return "".join(paragraph(f"{entry['text']}\t{entry['page']}") for entry in block.entries)
    if block.kind == "break":
        return '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
    return paragraph(block.text, _SIZES.get(block.kind, ""))
