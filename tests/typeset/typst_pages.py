"""Typst: the document as typst markup, compiled to PDF."""

from __future__ import annotations

import json
from pathlib import Path

from .document import Block, GCell, Grid, Truth, blocks
from .layout import Layout

_DASH = {"dashed": "dashed", "dotted": "dotted"}
_TOC = (
    "#grid(columns: (auto, 1fr, auto), column-gutter: 3pt, text(size: 9.5pt, {text}),"
    " repeat[.], text(size: 9.5pt, {page}))"
)


def _text(text: str) -> str:
    """A typst string."""
    return json.dumps(text, ensure_ascii=False)


def _page(layout: Layout, turned: bool) -> str:
    width, height = layout.size_pt[::-1] if turned else layout.size_pt
    top, right, bottom, left = layout.margins
    number = "none"
    if layout.page_number:
        shown = "".join(
            {
                "page": "#context counter(page).display()",
                "pages": "#context counter(page).final().first()",
            }.get(bit)
            or f"#{_text(bit)}"
            for bit in layout.page_number.replace("{page}", "\0page\0")
            .replace("{pages}", "\0pages\0")
            .split("\0")
            if bit
        )
        number = f"align(center, text(size: 9pt)[{shown}])"
    head = f"align(center, text(size: 8pt, {_text(layout.running_head)}))" if layout.running_head else "none"
    behind = ""
    if layout.frame:
        behind += f"#place(top + left, dx: {left - 8}pt, dy: {top - 8}pt, rect(stroke: 0.7pt, width: {width - left - right + 16}pt, height: {height - top - bottom + 16}pt))"
    if layout.watermark:
        behind += f"#place(center + horizon, rotate(-35deg, text(size: 60pt, fill: luma(215), {_text(layout.watermark)})))"
    return (
        f"#set page(width: {width}pt, height: {height}pt, margin: (top: {top}pt, right: {right}pt, bottom: {bottom}pt,"
        f" left: {left}pt), header: {head}, footer: {number}, background: [{behind}])"
    )


def _cell(cell: GCell, layout: Layout, noted: list[GCell]) -> str:
    vertical = "horizon" if cell.valign == "middle" else "top"
    body = " #linebreak() ".join(f"#{_text(p)}" for p in cell.paras)
    if cell.note and layout.notes_last:
        noted.append(cell)
        body += f"#super[{len(noted)}]"
    elif cell.note:
        body += f"#footnote[#{_text(cell.note)}]"
    if cell.header:
        body = f"#text(weight: {_text('bold')}, fill: rgb({_text(layout.header_color)}))[{body}]"
    fill = f", fill: rgb({_text(layout.header_fill)})" if cell.header and layout.header_fill else ""
    return (
        f"table.cell(x: {cell.col}, y: {cell.row}, colspan: {cell.col_span}, rowspan: {cell.row_span},"
        f" align: {cell.align} + {vertical}{fill}, breakable: {str(layout.split_rows).lower()})[{body}]"
    )


def _table(grid: Grid, layout: Layout, adjoin: bool) -> str:
    columns = ", ".join(f"{weight:.3f}fr" for weight in grid.weights)
    noted: list[GCell] = []
    head = ",\n".join(_cell(cell, layout, noted) for cell in grid.cells if cell.row < grid.n_header)
    body = ",\n".join(_cell(cell, layout, noted) for cell in grid.cells if cell.row >= grid.n_header)
    last = "".join(
        f"#par(text(size: 8pt)[{n} #{_text(cell.note or '')}])\n" for n, cell in enumerate(noted, start=1)
    )
    repeat = str(layout.header == "repeat").lower()
    return (
        f"#block(above: 0pt, below: {0 if adjoin else layout.gap}pt, table(columns: ({columns},),\n"
        f"table.header(repeat: {repeat},\n{head}),\n{body}))\n" + ("#pagebreak()\n" + last if last else "")
    )


def _block(block: Block, layout: Layout, pages: dict[str, int]) -> str:
    text = f"#{_text(block.text)}"
    heading = f'font: {_text(layout.heading_font or layout.font)}, weight: "bold"'
    match block.kind:
        case "title" | "heading1":
            size = 18 if block.kind == "title" else 14
            stamp = _stamp(layout) if block.kind == "title" and layout.stamp else ""
            return f"{stamp}#block(width: 100%, sticky: true, align(center, text(size: {size}pt, {heading})[{text}]))"
        case "heading2":
            return f"#block(above: {layout.gap}pt, below: 4pt, sticky: true, text(size: 11pt, {heading})[{text}])"
        case "subtitle":
            return f"#block(width: 100%, above: 6pt, below: 6pt, sticky: true, align(center, text(size: 12pt, {heading})[{text}]))"
        case "para":
            return (
                f"#block(above: 6pt, below: 6pt, par(first-line-indent: (amount: 2em, all: true), leading: 0.7em,"
                f" text(size: 11pt)[{text}]))"
            )
        case "break":
            return f"#pagebreak(weak: true)\n{_page(layout, block.turn == 'other') if block.turn else ''}"
        case "toc":
            return "\n".join(
                _TOC.format(text=_text(e["text"]), page=_text(str(pages.get(e["text"], e.get("page", "")))))
                for e in block.entries
            )
        case "table":
            assert block.grid is not None
            return _table(block.grid, layout, block.keep == "adjoin")
    raise ValueError(block.kind)


def _stamp(layout: Layout) -> str:
    """A round red stamp on the first page, its words along a line."""
    return (
        "#place(bottom + right, rotate(-20deg, circle(radius: 42pt, stroke: 2pt + red, align(center + horizon,"
        f" text(size: 9pt, fill: red, {_text(layout.stamp or '')})))))"
    )


def markup(truth: Truth, layout: Layout, pages: dict[str, int]) -> str:
    """The document as typst markup; ``pages`` = printed page numbers of the table of contents."""
    dash = f', dash: "{_DASH[layout.rule]}"' if layout.rule in _DASH else ""
    leading = max(0.15, layout.leading - 0.95)
    head = [
        _page(layout, False),
        f'#set text(font: {_text(layout.font)}, size: {layout.size}pt, lang: "zh", region: "cn",'
        f" tracking: {layout.spacing}pt)",
        f"#set par(leading: {leading:.2f}em, justify: {str(layout.justify).lower()})",
        f"#set table(inset: {layout.padding}pt, stroke: (thickness: {layout.rule_width}pt,"
        f" paint: rgb({_text(layout.rule_color)}){dash}))",
    ]
    return "\n\n".join([*head, *(_block(block, layout, pages) for block in blocks(truth, layout))])


def print_typst(truth: Truth, layout: Layout, path: Path, pages: dict[str, int]) -> None:
    """Print a truth with typst."""
    import typst

    typst.compile(markup(truth, layout, pages).encode(), output=str(path))
