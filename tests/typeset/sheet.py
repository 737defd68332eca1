"""A page under the pen, the zoo's usual table, and the registry of its animals (see ``zoo``)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reportlab.pdfgen.canvas import Canvas

from .fonts import BASE, Face, font_file
from .layout import A4
from .rulings import Edge, draw, unit_edges

W, H = A4
SIZE = 9.0

# a table with every kind of span: 5 rows × 4 columns
PLAN: tuple[tuple[int, int, int, int, str], ...] = (
    (0, 0, 1, 1, "序号"), (0, 1, 1, 2, "机构名称"), (0, 3, 1, 1, "等级"),
    (1, 0, 2, 1, "1"), (1, 1, 1, 1, "电工"), (1, 2, 1, 1, "(四级/中级工)"), (1, 3, 2, 1, "5、4、3"),
    (2, 1, 1, 1, "焊工"), (2, 2, 1, 1, "PLC编程"),
    (3, 0, 1, 1, "2"), (3, 1, 2, 2, "农业农村厅"), (3, 3, 1, 1, ""),
    (4, 0, 1, 1, "3"), (4, 3, 1, 1, "二级"),
)  # fmt: skip
SMALL: tuple[tuple[int, int, int, int, str], ...] = (
    (0, 0, 1, 1, "甲"),
    (0, 1, 1, 1, "乙"),
    (1, 0, 1, 1, "丙"),
    (1, 1, 1, 1, "丁"),
)
XS = (80.0, 130.0, 240.0, 350.0, 460.0)
YS = (120.0, 142.0, 164.0, 186.0, 208.0, 230.0)
_LETTERS = (
    "序号机构名称等级电工四中焊编程农业村厅二三五标题说明内部资料请勿外传征求意见稿甲乙丙丁戊己续表长行一小人大山石立示见青龙来理六更"
    "跨页单元格的值合并位附件目录注册工程师高级技能证书、（）(),.:/：，。“”第页"
)


def face() -> Face:
    """The zoo's font: a real one where it is installed, else Adobe's not embedded STSong-Light."""
    return Face(BASE if font_file(BASE) else "STSong-Light", _LETTERS)


def expect(plan: tuple[tuple[int, int, int, int, str], ...], page: int = 1) -> dict[str, Any]:
    """The grid of a plan."""
    return {
        "page": page,
        "cells": [
            {"row": r, "col": c, "row_span": rs, "col_span": cs, "text": t} for r, c, rs, cs, t in plan
        ],
    }


class Sheet:
    """A page under the pen: coordinates from the top left."""

    def __init__(self, path: Path, size: tuple[float, float] = A4) -> None:
        self.path = path
        self.width, self.height = size
        self.canvas = Canvas(str(path), pagesize=size, invariant=1)
        self.face = face()

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = SIZE,
        color: str = "#000000",
        mode: int = 0,
        twice: float | None = None,
    ) -> None:
        """One line with its baseline at ``y``; ``twice`` draws it again that many points to the right."""
        self.canvas.setFillColor(color)
        for shift in (0.0,) if twice is None else (0.0, twice):
            at = x + shift
            for font, run in self.face.runs(text):
                self.canvas.setFont(font, size)
                self.canvas.drawString(at, self.height - y, run, mode=mode)
                at += sum(self.face.width(c, size) for c in run)

    def fill(self, x0: float, top: float, x1: float, bottom: float, color: str) -> None:
        """A filled rectangle."""
        self.canvas.setFillColor(color)
        self.canvas.rect(x0, self.height - bottom, x1 - x0, bottom - top, stroke=0, fill=1)

    def line(
        self, x0: float, y0: float, x1: float, y1: float, width: float = 0.5, color: str = "#000000"
    ) -> None:
        """A stroke."""
        self.canvas.setStrokeColor(color)
        self.canvas.setLineWidth(width)
        self.canvas.line(x0, self.height - y0, x1, self.height - y1)

    def rules(
        self,
        edges: set[Edge],
        style: str = "line",
        width: float = 0.5,
        color: str = "#000000",
        seed: object = 0,
    ) -> None:
        """Rulings in one of the styles of ``rulings.RULES``."""
        draw(self.canvas, edges, style, width, color, self.height, seed)

    def words(
        self,
        plan: tuple[tuple[int, int, int, int, str], ...],
        xs: tuple[float, ...],
        ys: tuple[float, ...],
        **how: Any,
    ) -> None:
        """The texts of a plan, each at its cell's top left."""
        for row, col, _, _, text in plan:
            for n, part in enumerate(text.split("\n")):
                if part:
                    self.text(xs[col] + 3, ys[row] + 13 + 11 * n, part, **how)

    def table(
        self, plan: tuple[tuple[int, int, int, int, str], ...] = PLAN, xs: tuple[float, ...] = XS, ys: tuple[float, ...] = YS,
        style: str = "line", width: float = 0.5, color: str = "#000000", open_sides: str = "", **how: Any,
    ) -> None:  # fmt: skip
        """Rulings and texts of a plan. ``open_sides``: t/b — the table's own top or bottom border is missing."""
        self.rules(edges_of(plan, xs, ys, open_sides), style, width, color, seed=str(self.path.name))
        self.words(plan, xs, ys, **how)

    def save(self) -> None:
        """Finish page and file."""
        self.canvas.showPage()
        self.canvas.save()


def edges_of(
    plan: tuple[tuple[int, int, int, int, str], ...],
    xs: tuple[float, ...],
    ys: tuple[float, ...],
    open_sides: str = "",
) -> set[Edge]:
    """Unit edges of a plan."""
    boxes = []
    for row, col, row_span, col_span, _ in plan:
        shut = ("t" if row == 0 and "t" in open_sides else "") + (
            "b" if row + row_span == len(ys) - 1 and "b" in open_sides else ""
        )
        boxes.append((xs[col], ys[row], xs[col + col_span], ys[row + row_span], shut))
    return unit_edges(boxes)


Case = Callable[[Path], list[dict[str, Any]]]
ZOO: dict[str, Case] = {}


def case(function: Case) -> Case:
    """Register an animal under its function's name."""
    ZOO[function.__name__] = function
    return function
