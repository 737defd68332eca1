"""Ruling lines of a page: unit edges from cells, drawn the way different producers draw (or spoil) them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise

from reportlab.pdfgen.canvas import Canvas

Edge = tuple[str, float, float, float]  # "h" | "v", position, from, to (top-left origin)

RULES = (
    "line", "unit", "box", "fill", "fill-unit", "fill+line", "double", "dashed", "dotted", "broken", "jitter", "hair", "overlap",
)  # fmt: skip


def unit_edges(boxes: Iterable[tuple[float, float, float, float, str]]) -> set[Edge]:
    """Edges of cell boxes (x0, top, x1, bottom, open sides "t"/"b"), cut at every crossing and without doubles."""
    boxes = list(boxes)
    xs = sorted({round(v, 3) for b in boxes for v in (b[0], b[2])})
    ys = sorted({round(v, 3) for b in boxes for v in (b[1], b[3])})
    edges: set[Edge] = set()
    shut: set[Edge] = set()
    for x0, top, x1, bottom, open_sides in boxes:
        x0, top, x1, bottom = (round(v, 3) for v in (x0, top, x1, bottom))
        inner_x = [x for x in xs if x0 <= x <= x1]
        inner_y = [y for y in ys if top <= y <= bottom]
        for side, y in (("t", top), ("b", bottom)):
            for a, b in pairwise(inner_x):
                (shut if side in open_sides else edges).add(("h", y, a, b))
        for x in (x0, x1):
            for a, b in pairwise(inner_y):
                edges.add(("v", x, a, b))
    return edges


def joined(edges: Iterable[Edge]) -> list[Edge]:
    """Collinear neighbours joined to long lines."""
    out: list[Edge] = []
    for kind, at, a, b in sorted(edges):
        if out and out[-1][0] == kind and out[-1][1] == at and abs(out[-1][3] - a) < 0.01:
            out[-1] = (kind, at, out[-1][2], b)
        else:
            out.append((kind, at, a, b))
    return out


def draw(
    canvas: Canvas, edges: set[Edge], style: str, width: float, color: str, height: float, seed: object
) -> None:
    """Draw edges on a page ``height`` points high. Raises ValueError for an unknown style."""
    dice = random.Random(str(seed))
    canvas.setStrokeColor(color)
    canvas.setFillColor(color)
    canvas.setLineWidth(width)
    canvas.setDash()

    def line(kind: str, at: float, a: float, b: float) -> None:
        if kind == "h":
            canvas.line(a, height - at, b, height - at)
        else:
            canvas.line(at, height - a, at, height - b)

    def rect(kind: str, at: float, a: float, b: float, thick: float = max(width, 0.4)) -> None:
        half = thick / 2
        if kind == "h":
            canvas.rect(a - half, height - at - half, b - a + thick, thick, stroke=0, fill=1)
        else:
            canvas.rect(at - half, height - b - half, thick, b - a + thick, stroke=0, fill=1)

    long = joined(edges)
    match style:
        case "line":
            for edge in long:
                line(*edge)
        case "hair":
            canvas.setLineWidth(0.05)
            for edge in long:
                line(*edge)
        case "unit" | "box":
            for edge in sorted(edges):
                line(*edge)
        case "fill":
            for edge in long:
                rect(*edge)
        case "fill-unit":
            for edge in sorted(edges):
                rect(*edge)
        case "fill+line":
            for edge in long:
                rect(*edge)
                line(*edge)
        case "double":
            canvas.setLineWidth(min(width, 0.4))
            for kind, at, a, b in long:
                line(kind, at - 0.7, a - 0.7, b + 0.7)
                line(kind, at + 0.7, a - 0.7, b + 0.7)
        case "dashed":
            canvas.setDash(3, 2)
            for edge in long:
                line(*edge)
            canvas.setDash()
        case "dotted":  # every dash is a line of its own
            for kind, at, a, b in long:
                pos = a
                while pos < b:
                    line(kind, at, pos, min(pos + 1.6, b))
                    pos += 2.8
        case "broken":  # long lines in stretches with small gaps, ends a little short of the crossing
            for kind, at, a, b in long:
                pos, end = a + 0.4, b - 0.4
                while pos < end - 0.2:
                    stop = min(pos + dice.uniform(25, 70), end)
                    line(kind, at, pos, stop)
                    pos = stop + 0.9
        case "jitter":
            for kind, at, a, b in sorted(edges):
                line(
                    kind,
                    at + dice.uniform(-0.4, 0.4),
                    a + dice.uniform(-0.6, 0.6),
                    b + dice.uniform(-0.6, 0.6),
                )
        case "overlap":  # cells drawn one by one: every edge twice, slightly displaced, ends sticking out
            for kind, at, a, b in sorted(edges):
                line(kind, at, a - 0.8, b + 0.8)
                line(kind, at + 0.3, a, b)
        case _:
            raise ValueError(style)
