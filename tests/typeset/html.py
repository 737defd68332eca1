"""HTML and CSS of a document, printed by Chromium or WeasyPrint."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from html import escape
from pathlib import Path

from .document import Block, Grid, Truth, blocks
from .layout import Layout

MARKS = "①②③④⑤⑥⑦⑧⑨⑩"
BORDERS = {
    "line": "solid",
    "solid": "solid",
    "double": "double",
    "dashed": "dashed",
    "dotted": "dotted",
    "separate": "solid",
    "ridge": "ridge",
}


def _css(layout: Layout) -> str:
    width, height = layout.size_pt
    top, right, bottom, left = layout.margins
    border = f"{layout.rule_width}pt {BORDERS[layout.rule]} {layout.rule_color}"
    number = ""
    if layout.page_number:
        content = layout.page_number.replace("{page}", '" counter(page) "').replace(
            "{pages}", '" counter(pages) "'
        )
        number = f'@bottom-center {{ content: "{content}"; font: 9pt "{layout.font}"; }}'
    head = (
        f'@top-center {{ content: "{layout.running_head}"; font: 8pt "{layout.font}"; }}'
        if layout.running_head
        else ""
    )
    mirror = ""
    if layout.mirror:
        mirror = (
            f"@page :left {{ margin: {top}pt {right + 24}pt {bottom}pt {left}pt; }}\n"
            f"@page :right {{ margin: {top}pt {right}pt {bottom}pt {left + 24}pt; }}"
        )
    collapse = "separate; border-spacing: 1.5pt" if layout.rule == "separate" else "collapse"
    break_css = {
        "kinsoku": "line-break: strict",
        "word": "line-break: loose",
        "char": "word-break: break-all; line-break: anywhere",
    }
    fill = f"background: {layout.header_fill};" if layout.header_fill else ""
    zebra = f"tbody tr:nth-child(even) td {{ background: {layout.zebra}; }}" if layout.zebra else ""
    split = "auto" if layout.split_rows else "avoid"
    group = "table-header-group" if layout.header == "repeat" else "table-row-group"
    indent = f"padding-left: {layout.indent}pt; text-indent: {-layout.indent}pt;" if layout.indent else ""
    water = ""
    if layout.watermark:
        water = (
            ".water { position: fixed; top: 40%; left: 15%; font-size: 60pt; color: rgba(150,150,150,.35);"
            " transform: rotate(-35deg); z-index: 9; }"
        )
    frame = "border: 0.7pt solid #000; padding: 7pt;" if layout.frame else ""
    page = f"margin: {top}pt {right}pt {bottom}pt {left}pt; {frame} {number} {head}"
    return f"""
@page {{ size: {width}pt {height}pt; {page} }}
@page other {{ size: {height}pt {width}pt; {page} }}
.other {{ page: other; }}
{mirror}
.stamp {{ position: absolute; right: 20pt; top: 320pt; width: 84pt; height: 84pt; border: 2pt solid #f00; border-radius: 50%;
  color: #f00; text-align: center; font-size: 9pt; line-height: 80pt; transform: rotate(-20deg); }}
sup {{ font-size: 65%; line-height: 0; }} .note {{ font-size: 8pt; text-indent: 0; }} .adjoin table {{ margin: 0; }}
* {{ box-sizing: border-box; }}
html {{ -webkit-print-color-adjust: exact; print-color-adjust: exact; }}
body {{ margin: 0; font-family: "{layout.font}"; font-size: {layout.size}pt; line-height: {layout.leading};
  letter-spacing: {layout.spacing}pt; }}
h1, h2, h3, .sub {{ font-family: "{layout.heading_font or layout.font}"; text-align: center; letter-spacing: 0; break-after: avoid; }}
h1 {{ font-size: 18pt; }} h2 {{ font-size: 14pt; }} h3 {{ font-size: 11pt; text-align: left; margin: {layout.gap}pt 0 4pt; }}
.sub {{ font-size: 12pt; margin: 6pt 0; font-weight: bold; }}
p {{ font-size: 11pt; line-height: 1.7; text-indent: 2em; margin: 0; }}
.toc {{ display: flex; font-size: 9.5pt; line-height: 1.8; }}
.toc i {{ flex: 1; border-bottom: 0.5pt dotted #000; margin: 0 4pt 4pt; }}
.brk {{ break-after: page; }}
table {{ width: 100%; table-layout: fixed; border-collapse: {collapse}; margin-bottom: {layout.gap}pt; }}
thead {{ display: {group}; }}
tr {{ break-inside: {split}; }}
td, th {{ border: {border}; padding: {layout.padding}pt; overflow-wrap: anywhere; {break_css[layout.breaking]};
  font-weight: normal; }}
th {{ {fill} color: {layout.header_color}; font-weight: bold; }}
td div {{ margin-bottom: {layout.para_gap}pt; {indent} }}
.justify td div {{ text-align: justify; }}
{zebra}
{water}
"""


def _cells(grid: Grid, lo: int, hi: int, notes: list[str]) -> str:
    rows = []
    for row in range(lo, hi):
        out = []
        for cell in sorted((c for c in grid.cells if c.row == row), key=lambda c: c.col):
            tag = "th" if cell.header else "td"
            span = (f' rowspan="{cell.row_span}"' if cell.row_span > 1 else "") + (
                f' colspan="{cell.col_span}"' if cell.col_span > 1 else ""
            )
            style = f"text-align:{cell.align};vertical-align:{cell.valign}"
            body = "".join(f"<div>{escape(p)}</div>" for p in cell.paras)
            if cell.note:
                notes.append(cell.note)
                body = body.removesuffix("</div>") + f"<sup>{MARKS[len(notes) - 1]}</sup></div>"
            out.append(f'<{tag}{span} style="{style}">{body}</{tag}>')
        rows.append("<tr>" + "".join(out) + "</tr>")
    return "\n".join(rows)


def _table(grid: Grid) -> str:
    total = sum(grid.weights)
    cols = "".join(f'<col style="width:{100 * w / total:.4f}%">' for w in grid.weights)
    notes: list[str] = []
    head = _cells(grid, 0, grid.n_header, notes)
    body = _cells(grid, grid.n_header, grid.n_rows, notes)
    foot = "".join(f'<p class="note">{MARKS[n]} {escape(text)}</p>' for n, text in enumerate(notes))
    return f"<table><colgroup>{cols}</colgroup><thead>{head}</thead><tbody>{body}</tbody></table>{foot}"


def _block(block: Block, pages: dict[str, int], stamp: str | None) -> str:
    text = escape(block.text)
    match block.kind:
        case "title":
            return f"<h1>{text}</h1>" + (f'<div class="stamp">{escape(stamp)}</div>' if stamp else "")
        case "heading1":
            return f"<h2>{text}</h2>"
        case "heading2":
            return f"<h3>{text}</h3>"
        case "subtitle":
            return f'<div class="sub">{text}</div>'
        case "para":
            return f"<p>{text}</p>"
        case "break":
            turned = {"other": '</div><div class="other">', "own": "</div><div>"}
            return turned.get(block.turn, '<div class="brk"></div>')
        case "toc":
            return "".join(
                f'<div class="toc"><span>{escape(e["text"])}</span><i></i><b>{pages.get(e["text"], e.get("page", ""))}</b></div>'
                for e in block.entries
            )
        case "table":
            assert block.grid is not None
            table = _table(block.grid)
            return f'<div class="adjoin">{table}</div>' if block.keep == "adjoin" else table
    raise ValueError(block.kind)


def html(truth: Truth, layout: Layout, pages: dict[str, int]) -> str:
    """The document as one HTML page; ``pages`` = printed page numbers of the table of contents."""
    body = "\n".join(_block(block, pages, layout.stamp) for block in blocks(truth, layout))
    water = f'<div class="water">{escape(layout.watermark)}</div>' if layout.watermark else ""
    cls = ' class="justify"' if layout.justify else ""
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(truth["title"])}</title>'
        f"<style>{_css(layout)}</style></head><body{cls}>{water}<div>{body}</div></body></html>"
    )


def chromium_path() -> str | None:
    """The headless browser of this machine, if there is one."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    return None


def print_chromium(source: Path, path: Path) -> None:
    """Print an HTML file to PDF with a headless browser."""
    browser = chromium_path()
    assert browser, "no Chromium on this machine"
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                f"--user-data-dir={profile}", "--no-pdf-header-footer", f"--print-to-pdf={path}", source.as_uri(),
            ],
            check=True, capture_output=True, timeout=280,
        )  # fmt: skip


def print_weasyprint(source: Path, path: Path) -> None:
    """Print an HTML file to PDF with WeasyPrint."""
    import weasyprint

    weasyprint.HTML(filename=str(source)).write_pdf(str(path))
