"""A typesetter of our own on reportlab's canvas: breaks lines, cuts rows over pages, draws rulings in many ways."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reportlab.pdfgen.canvas import Canvas

from .document import GCell, Grid, Truth, blocks
from .fonts import ALIASES, BASE, CID_FONTS, ZERO_WIDTH, Face, font_file
from .layout import Layout
from .linebreak import break_lines
from .paginate import Lines, Pages, Part, place_table
from .rulings import draw, unit_edges

GHOST = "内部资料请勿外传"


def _letters(value: Any) -> set[str]:
    if isinstance(value, str):
        return set(value)
    if isinstance(value, dict):
        return set().union(*map(_letters, value.values()), *map(_letters, value))
    if isinstance(value, (list, tuple)):
        return set().union(*map(_letters, value)) if value else set()
    return set()


class Press:
    """Collects what is to be drawn per page, then draws. Coordinates: points, origin top left of the page."""

    def __init__(self, truth: Truth, layout: Layout) -> None:
        self.layout = layout
        letters = _letters(truth) | set(
            "目录说明第页共" + GHOST + (layout.watermark or "") + (layout.running_head or "")
        )
        letters |= _letters(layout.corner) | _letters(layout.page_number or "")
        letters -= {"\n", "\t"}
        text = "".join(sorted(letters))
        name = layout.font if font_file(layout.font) or layout.font in CID_FONTS else BASE
        self.face = Face(name, text)
        self.bold = Face(BASE, text, 700) if font_file(BASE) else self.face
        self.width, self.height = layout.size_pt
        top, right, bottom, left = layout.margins
        self.gutter = 24.0 if layout.mirror else 0.0
        self.inner = self.width - left - right - self.gutter
        self.pages = Pages(top, self.height - bottom, 1, top)
        self.ops: dict[int, list[Callable[[Canvas], None]]] = {}
        self.dice = random.Random(layout.name)

    def left(self, page: int) -> float:
        """Left edge of the text area (mirrored margins move it on odd pages)."""
        return self.layout.margins[3] + (self.gutter if page % 2 else 0.0)

    def add(self, page: int, op: Callable[[Canvas], None]) -> None:
        """Queue a drawing operation."""
        self.ops.setdefault(page, []).append(op)

    # -- letters

    def disguise(self, text: str) -> str:
        """The same letters under the code points that the layout's producer would name."""
        mode = self.layout.unicode
        if mode == "plain":
            return text
        out = []
        for char in text:
            for name in ("kangxi", "compat"):
                if mode in (name, "mixed") and char in ALIASES[name]:
                    char = ALIASES[name][char]
                    break
            out.append(char)
            if mode in ("zero-width", "mixed") and self.dice.random() < 0.12:
                out.append(ZERO_WIDTH)
        return "".join(out)

    def text(
        self, page: int, x: float, base: float, text: str, size: float, face: Face, color: str = "#000000",
        space: float = 0.0, twice: bool = False, mode: int = 0, disguise: bool = True,
    ) -> None:  # fmt: skip
        """Queue one line of text with its baseline ``base`` points below the page's top."""
        shown = self.disguise(text) if disguise else text

        def op(canvas: Canvas) -> None:
            canvas.setFillColor(color)
            for shift in (0.0, 0.22) if twice else (0.0,):
                at = x + shift
                for font, run in face.runs(shown):
                    canvas.setFont(font, size)
                    for bit in run if self.layout.per_glyph else (run,):
                        canvas.drawString(at, self.height - base, bit, mode=mode, charSpace=space)
                        at += sum(face.width(c, size) + space for c in bit)

        self.add(page, op)

    def measure(self, face: Face, size: float, space: float = 0.0) -> Callable[[str], float]:
        """A function: character → its advance."""
        return lambda c: face.width(c, size) + space

    def paragraph(
        self, text: str, size: float, face: Face, align: str, leading: float = 1.5, indent: float = 0.0
    ) -> None:
        """Set a paragraph over the whole width of the text area."""
        measure = self.measure(face, size)
        for n, line in enumerate(break_lines(text, self.inner, measure, "kinsoku", first=indent)):
            step = size * leading
            if self.pages.y + step > self.pages.bottom:
                self.pages.feed()
            x = self.left(self.pages.page) + (indent if n == 0 else 0)
            if align == "center":
                x += (self.inner - sum(map(measure, line))) / 2
            self.text(self.pages.page, x, self.pages.y + size * 1.1, line, size, face)
            self.pages.y += step

    def toc(self, entries: list[dict[str, Any]], pages: dict[str, int]) -> None:
        """Entries with leaders and page numbers."""
        size, face = 9.5, self.face
        measure = self.measure(face, size)
        for entry in entries:
            number = str(pages.get(entry["text"], entry.get("page") or ""))
            lines = break_lines(entry["text"], self.inner - 40, measure, "kinsoku")
            for n, line in enumerate(lines):
                if self.pages.y + 16 > self.pages.bottom:
                    self.pages.feed()
                x = self.left(self.pages.page)
                if n == len(lines) - 1:
                    tail = sum(map(measure, number))
                    free = self.inner - sum(map(measure, line)) - tail - 4
                    line += self.layout.toc_leader * int(free / measure(self.layout.toc_leader))
                    self.text(self.pages.page, x + self.inner - tail, self.pages.y + 10, number, size, face)
                self.text(self.pages.page, x, self.pages.y + 10, line, size, face, disguise=False)
                self.pages.y += 16

    # -- tables

    def wrap(self, cell: GCell, width: float) -> Lines:
        """Lines of a cell."""
        layout = self.layout
        face = self.bold if cell.header and not layout.fake_bold else self.face
        measure = self.measure(face, layout.size, layout.spacing)
        out: Lines = []
        first, rest = max(-layout.indent, 0.0), max(layout.indent, 0.0)
        if cell.header or cell.align == "center":
            first = rest = 0.0
        for para in cell.paras:
            lines = break_lines(para, width, measure, layout.breaking, first, rest)
            out += [(line, n == len(lines) - 1) for n, line in enumerate(lines)]
        return out

    def table(self, grid: Grid) -> None:
        """Set a table from where the page stands."""
        total = sum(grid.weights)
        x_edges = [0.0]
        for weight in grid.weights:
            x_edges.append(x_edges[-1] + self.inner * weight / total)
        parts = place_table(grid, x_edges, self.wrap, self.pages, self.layout)
        by_page: dict[int, list[Part]] = {}
        for part in parts:
            by_page.setdefault(part.page, []).append(part)
        for page, found in sorted(by_page.items()):
            self.table_page(page, found)
        self.pages.y += self.layout.gap

    def table_page(self, page: int, parts: list[Part]) -> None:
        """Backgrounds, rulings and text of a table's parts on one page."""
        layout, dx = self.layout, self.left(page)
        boxes = []
        for part in parts:
            fill = (
                layout.header_fill
                if part.cell.header
                else layout.zebra
                if layout.zebra and part.cell.row % 2
                else None
            )
            if fill:
                self.add(page, lambda c, p=part, f=fill: _fill(c, p, f, dx, self.height))
            sides = ("t" if part.cut_top and layout.cut in ("open", "bottom") else "") + (
                "b" if part.cut_bottom and layout.cut in ("open", "top") else ""
            )
            boxes.append((part.x0 + dx, part.top, part.x1 + dx, part.bottom, sides))
        edges = unit_edges(boxes)
        seed = (layout.name, page)
        self.add(
            page,
            lambda c: draw(c, edges, layout.rule, layout.rule_width, layout.rule_color, self.height, seed),
        )
        for part in parts:
            self.cell_text(part, dx)

    def cell_text(self, part: Part, dx: float) -> None:
        """The lines of a part of a cell."""
        layout, cell = self.layout, part.cell
        size, step = layout.size, layout.size * layout.leading
        face = self.bold if cell.header and not layout.fake_bold else self.face
        y = part.top + layout.padding
        if part.middle:
            used = len(part.lines) * step + sum(layout.para_gap for _, last in part.lines if last)
            y = part.top + max(layout.padding, (part.bottom - part.top - used) / 2)
        color = layout.header_color if cell.header else "#000000"
        room = part.x1 - part.x0 - 2 * layout.padding
        begins = True
        for line, last in part.lines:
            wide = sum(face.width(c, size) + layout.spacing for c in line)
            x, space = part.x0 + dx + layout.padding, layout.spacing
            if cell.align == "center":
                x += (room - wide) / 2
            elif cell.align == "right":
                x += room - wide
            else:
                if layout.indent and not cell.header:
                    x += max(-layout.indent, 0) if begins else max(layout.indent, 0)
                if layout.justify and not last and len(line) > 1:
                    space += max(0.0, room - wide - (x - part.x0 - dx - layout.padding)) / (len(line) - 1)
            self.text(
                part.page, x, y + (step - size) / 2 + size * 0.86, line, size, face, color, space,
                twice=layout.fake_bold and cell.header, disguise=True,
            )  # fmt: skip
            y += step + (layout.para_gap if last else 0)
            begins = last
        if layout.ghosts != "none" and not cell.header and self.dice.random() < 0.1:
            at = (part.x0 + dx + layout.padding + 1, part.bottom - layout.padding - 1)
            mode, tint = (0, "#ffffff") if layout.ghosts == "white" else (3, "#000000")
            self.text(part.page, at[0], at[1], GHOST, size, self.face, tint, mode=mode, disguise=False)

    # -- the whole

    def finish(self, path: Path, title: str) -> None:
        """Draw everything to a PDF file."""
        layout = self.layout
        canvas = Canvas(str(path), pagesize=(self.width, self.height), pageCompression=1, invariant=1)
        canvas.setTitle(title)
        last = max(self.ops)
        for page in range(1, last + 1):
            if layout.watermark:
                canvas.saveState()
                canvas.setFillColor("#d9d9d9")
                canvas.translate(self.width / 2, self.height / 2)
                canvas.rotate(35)
                for font, run in self.bold.runs(layout.watermark):
                    canvas.setFont(font, 54)
                    canvas.drawCentredString(0, 0, run)
                canvas.restoreState()
            extra: list[tuple[str, float, float]] = []
            if layout.running_head:
                extra.append((layout.running_head, 8.0, layout.margins[0] * 0.6))
            if layout.page_number:
                shown = layout.page_number.format(page=page, pages=last)
                extra.append((shown, 9.0, self.height - layout.margins[2] * 0.45))
            for text, size, y in extra:
                wide = sum(self.face.width(c, size) for c in text)
                x = self.left(page) + (self.inner - wide) / 2
                self.text(page, x, y, text, size, self.face, disguise=False)
            for op in self.ops.get(page, []):
                op(canvas)
            canvas.showPage()
        canvas.save()


def _fill(canvas: Canvas, part: Part, color: str, dx: float, height: float) -> None:
    canvas.setFillColor(color)
    canvas.rect(
        part.x0 + dx, height - part.bottom, part.x1 - part.x0, part.bottom - part.top, stroke=0, fill=1
    )


def print_canvas(truth: Truth, layout: Layout, path: Path, toc_pages: dict[str, int]) -> dict[str, int]:
    """Typeset a truth; returns heading → page."""
    press = Press(truth, layout)
    landed: dict[str, int] = {}
    heading_face = press.bold
    for block in blocks(truth, layout):
        pages = press.pages
        match block.kind:
            case "title":
                press.paragraph(block.text, 18, heading_face, "center", 2.0)
            case "heading1":
                press.paragraph(block.text, 14, heading_face, "center", 1.8)
                landed[block.text] = pages.page
            case "heading2":
                if pages.y + 110 > pages.bottom:
                    pages.feed()
                landed[block.keep] = pages.page
                press.paragraph(block.text, 11, heading_face, "left", 1.6)
            case "subtitle":
                if pages.y + 80 > pages.bottom:
                    pages.feed()
                press.paragraph(block.text, 12, heading_face, "center", 1.8)
            case "para":
                press.paragraph(block.text, 11, press.face, "left", 1.7, indent=22)
            case "toc":
                press.toc(block.entries, toc_pages)
            case "break":
                if pages.y > pages.top:
                    pages.feed()
            case "table":
                assert block.grid is not None
                press.table(block.grid)
    press.finish(path, truth["title"])
    return landed
