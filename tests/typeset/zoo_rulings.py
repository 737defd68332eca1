"""Animals of the zoo: ways to draw rulings, and lines that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .rulings import RULES
from .sheet import PLAN, XS, YS, ZOO, Case, H, Sheet, W, case, edges_of, expect


def _ruled(style: str, width: float) -> Case:
    def make(path: Path) -> list[dict[str, Any]]:
        sheet = Sheet(path)
        sheet.table(style=style, width=width)
        sheet.save()
        return [expect(PLAN)]

    return make


for _style in RULES:
    ZOO[f"rule_{_style}"] = _ruled(_style, 0.5)
ZOO["rule_thick"] = _ruled("line", 2.2)
ZOO["rule_fill_thick"] = _ruled("fill", 1.8)


@case
def grey_rules(path: Path) -> list[dict[str, Any]]:
    """Light grey lines are still rulings."""
    sheet = Sheet(path)
    sheet.table(color="#c8c8c8")
    sheet.save()
    return [expect(PLAN)]


@case
def thick_frame(path: Path) -> list[dict[str, Any]]:
    """A thick outer frame drawn over thin inner lines, a little outside them."""
    sheet = Sheet(path)
    sheet.table(width=0.3)
    sheet.canvas.setLineWidth(1.5)
    sheet.canvas.rect(XS[0] - 0.5, H - YS[-1] - 0.5, XS[-1] - XS[0] + 1, YS[-1] - YS[0] + 1)
    sheet.save()
    return [expect(PLAN)]


@case
def stroked_boxes(path: Path) -> list[dict[str, Any]]:
    """Every cell a stroked rectangle of its own."""
    sheet = Sheet(path)
    sheet.canvas.setLineWidth(0.5)
    for row, col, rs, cs, _ in PLAN:
        sheet.canvas.rect(XS[col], H - YS[row + rs], XS[col + cs] - XS[col], YS[row + rs] - YS[row])
    sheet.words(PLAN, XS, YS)
    sheet.save()
    return [expect(PLAN)]


@case
def separate_boxes(path: Path) -> list[dict[str, Any]]:
    """Boxes 1.5 pt apart (CSS border-collapse: separate): every border is two lines."""
    sheet = Sheet(path)
    sheet.canvas.setLineWidth(0.5)
    for row, col, rs, cs, _ in PLAN:
        sheet.canvas.rect(
            XS[col] + 0.75,
            H - YS[row + rs] + 0.75,
            XS[col + cs] - XS[col] - 1.5,
            YS[row + rs] - YS[row] - 1.5,
        )
    sheet.words(PLAN, XS, YS)
    sheet.save()
    return [expect(PLAN)]


@case
def one_path(path: Path) -> list[dict[str, Any]]:
    """All rulings in a single path."""
    sheet = Sheet(path)
    pen = sheet.canvas.beginPath()
    for kind, at, a, b in sorted(edges_of(PLAN, XS, YS)):
        pen.moveTo(*((a, H - at) if kind == "h" else (at, H - a)))
        pen.lineTo(*((b, H - at) if kind == "h" else (at, H - b)))
    sheet.canvas.setLineWidth(0.5)
    sheet.canvas.drawPath(pen)
    sheet.words(PLAN, XS, YS)
    sheet.save()
    return [expect(PLAN)]


@case
def polygon_rules(path: Path) -> list[dict[str, Any]]:
    """Rulings as filled four-cornered paths drawn with lines (trapezia with mitred ends, as browsers draw them)."""
    sheet = Sheet(path)
    sheet.canvas.setFillColor("#000000")
    for kind, at, a, b in sorted(edges_of(PLAN, XS, YS)):
        pen = sheet.canvas.beginPath()
        half = 0.4
        if kind == "h":
            corners = [(a - half, at - half), (b + half, at - half), (b, at + half), (a, at + half)]
        else:
            corners = [(at - half, a - half), (at + half, a), (at + half, b), (at - half, b + half)]
        pen.moveTo(corners[0][0], H - corners[0][1])
        for x, y in corners[1:]:
            pen.lineTo(x, H - y)
        pen.close()
        sheet.canvas.drawPath(pen, stroke=0, fill=1)
    sheet.words(PLAN, XS, YS)
    sheet.save()
    return [expect(PLAN)]


@case
def scaled_page(path: Path) -> list[dict[str, Any]]:
    """The whole page drawn under a scaling matrix (0.24 pt units) with a flipped y axis for the lines."""
    sheet = Sheet(path)
    sheet.canvas.saveState()
    sheet.canvas.transform(0.24, 0, 0, -0.24, 0, H)
    sheet.canvas.setLineWidth(2)
    for kind, at, a, b in sorted(edges_of(PLAN, XS, YS)):
        k = 1 / 0.24
        sheet.canvas.line(
            *((a * k, at * k, b * k, at * k) if kind == "h" else (at * k, a * k, at * k, b * k))
        )
    sheet.canvas.restoreState()
    sheet.words(PLAN, XS, YS)
    sheet.save()
    return [expect(PLAN)]


@case
def form_object(path: Path) -> list[dict[str, Any]]:
    """Table and text inside a form XObject placed with an offset."""
    sheet = Sheet(path)
    sheet.canvas.beginForm("table")
    sheet.table()
    sheet.canvas.endForm()
    sheet.canvas.saveState()
    sheet.canvas.translate(11, -37)
    sheet.canvas.doForm("table")
    sheet.canvas.restoreState()
    sheet.save()
    return [expect(PLAN)]


@case
def header_fill(path: Path) -> list[dict[str, Any]]:
    """White words on a dark header: visible, so they belong to their cells."""
    sheet = Sheet(path)
    sheet.fill(XS[0], YS[0], XS[-1], YS[1], "#1f4e79")
    sheet.rules(edges_of(PLAN, XS, YS))
    head = tuple(p for p in PLAN if p[0] == 0)
    body = tuple(p for p in PLAN if p[0] > 0)
    sheet.words(head, XS, YS, color="#ffffff")
    sheet.words(body, XS, YS)
    sheet.save()
    return [expect(PLAN)]


@case
def filled_cells(path: Path) -> list[dict[str, Any]]:
    """Every cell with a background of its own, lines between."""
    sheet = Sheet(path)
    for n, (row, col, rs, cs, _) in enumerate(PLAN):
        sheet.fill(XS[col], YS[row], XS[col + cs], YS[row + rs], ("#fff2cc", "#ddebf7", "#f8cbad")[n % 3])
    sheet.table()
    sheet.save()
    return [expect(PLAN)]


@case
def white_rules_on_fill(path: Path) -> list[dict[str, Any]]:
    """A coloured header whose columns are parted by white lines; black lines below."""
    sheet = Sheet(path)
    sheet.fill(XS[0], YS[0], XS[-1], YS[1], "#4472c4")
    edges = edges_of(PLAN, XS, YS)
    top = {e for e in edges if e[0] == "v" and e[2] < YS[1]}
    sheet.rules(edges - top)
    sheet.rules(top, color="#ffffff", width=0.75)
    sheet.words(tuple(p for p in PLAN if p[0] == 0), XS, YS, color="#ffffff")
    sheet.words(tuple(p for p in PLAN if p[0] > 0), XS, YS)
    sheet.save()
    return [expect(PLAN)]


@case
def white_on_white(path: Path) -> list[dict[str, Any]]:
    """White lines on white paper across merged cells (spreadsheets leave them) part nothing."""
    sheet = Sheet(path)
    sheet.line(XS[1], YS[4], XS[3], YS[4], color="#ffffff")
    sheet.line(XS[2], YS[3], XS[2], YS[5], color="#ffffff")
    sheet.table()
    sheet.save()
    return [expect(PLAN)]


@case
def underlines(path: Path) -> list[dict[str, Any]]:
    """Underlined words are no rulings."""
    sheet = Sheet(path)
    sheet.table()
    for row, col in ((1, 1), (2, 2), (3, 1)):
        sheet.line(XS[col] + 3, YS[row] + 15, XS[col] + 33, YS[row] + 15, 0.4)
    sheet.save()
    return [expect(PLAN)]


@case
def diagonal_corner(path: Path) -> list[dict[str, Any]]:
    """A corner cell with a diagonal line (斜线表头)."""
    sheet = Sheet(path)
    sheet.table()
    sheet.line(XS[0], YS[0], XS[1], YS[1])
    sheet.save()
    return [expect(PLAN)]


@case
def page_frame_and_head_rule(path: Path) -> list[dict[str, Any]]:
    """A decorative frame around the page and a line under the running head are no tables."""
    sheet = Sheet(path)
    sheet.canvas.setLineWidth(1)
    sheet.canvas.rect(30, 30, W - 60, H - 60)
    sheet.text(80, 52, "标题")
    sheet.line(60, 58, W - 60, 58)
    sheet.table()
    sheet.save()
    return [expect(PLAN)]


@case
def open_sides(path: Path) -> list[dict[str, Any]]:
    """No left and right outer borders (as in yearbooks): the horizontal lines tell where the table ends."""
    sheet = Sheet(path)
    edges = {e for e in edges_of(PLAN, XS, YS) if not (e[0] == "v" and e[1] in (XS[0], XS[-1]))}
    sheet.rules(edges)
    sheet.words(PLAN, XS, YS)
    sheet.save()
    return [expect(PLAN)]
