"""Tables over pages: row heights, rows cut at page ends, what of a merged cell's text stands in which part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from .document import GCell, Grid
from .layout import Layout

Lines = list[tuple[str, bool]]  # (text, ends its paragraph)


@dataclass
class Part:
    """The part of a cell that stands on one page: box (top-left origin, x from the table's edge) and its lines."""

    page: int
    x0: float
    top: float
    x1: float
    bottom: float
    cell: GCell
    lines: Lines = field(default_factory=list)
    middle: bool = False
    cut_top: bool = False
    cut_bottom: bool = False
    repeated_header: bool = False


@dataclass
class Pages:
    """Where the typesetter stands. ``feed`` begins a new page; tops and bottoms are the same on every page."""

    top: float
    bottom: float
    page: int = 1
    y: float = 0.0

    def feed(self) -> None:
        """Go to the top of the next page."""
        self.page += 1
        self.y = self.top


def _height(lines: Lines, layout: Layout) -> float:
    step = layout.size * layout.leading
    return len(lines) * step + sum(layout.para_gap for _, last in lines if last)


def _fit(lines: Lines, room: float, layout: Layout) -> int:
    """How many leading lines fit into ``room`` points."""
    used, step = 0.0, layout.size * layout.leading
    for n, (_, last) in enumerate(lines):
        used += step
        if used > room + 0.01:
            return n
        used += layout.para_gap if last else 0
    return len(lines)


def place_table(
    grid: Grid, x_edges: list[float], wrap: Callable[[GCell, float], Lines], pages: Pages, layout: Layout
) -> list[Part]:
    """Parts of all cells, page by page; ``pages`` is moved to below the table."""
    pad2 = 2 * layout.padding
    step = layout.size * layout.leading
    lines = {id(c): wrap(c, x_edges[c.col + c.col_span] - x_edges[c.col] - pad2) for c in grid.cells}
    starts: dict[int, list[GCell]] = {}
    ends: dict[int, list[GCell]] = {}
    for cell in grid.cells:
        starts.setdefault(cell.row, []).append(cell)
        if cell.row_span > 1:
            ends.setdefault(cell.row + cell.row_span - 1, []).append(cell)
    stretches: dict[int, list[tuple[int, float, float]]] = {r: [] for r in range(grid.n_rows)}
    parts: list[Part] = []

    def span_room(cell: GCell) -> float:
        """Height that a merged cell has got so far: the best of its parts when text is kept together, else all."""
        per_page: dict[int, float] = {}
        for row in range(cell.row, cell.row + cell.row_span):
            for page, a, b in stretches[row]:
                per_page[page] = per_page.get(page, -pad2) + b - a
        # a line more per part is lost at most by cutting
        return sum(max(0.0, h - (step if len(per_page) > 1 else 0)) for h in per_page.values())

    def row_height(row: int) -> float:
        height = step + pad2
        for cell in starts.get(row, []):
            if cell.row_span == 1:
                height = max(height, _height(lines[id(cell)], layout) + pad2)
        for cell in ends.get(row, []):
            height = max(height, _height(lines[id(cell)], layout) + pad2 - max(0.0, span_room(cell)))
        return height

    header_height = 0.0

    def repeat_header() -> None:
        """Set the header rows again on the new page."""
        if layout.header != "repeat" or not grid.n_header:
            return
        first = header_rows[0][1]
        for cell in (c for c in grid.cells if c.header and c.row < grid.n_header):
            top = header_rows[cell.row][1] - first + pages.y
            bottom = header_rows[cell.row + cell.row_span - 1][2] - first + pages.y
            parts.append(
                Part(pages.page, x_edges[cell.col], top, x_edges[cell.col + cell.col_span], bottom, cell,
                     lines[id(cell)], True, repeated_header=True)
            )  # fmt: skip
        pages.y += header_height

    header_rows: dict[int, tuple[int, float, float]] = {}
    # header rows and the first body row stay together
    need = sum(row_height(r) for r in range(grid.n_header)) + 3 * step + pad2
    if pages.y + need > pages.bottom:
        pages.feed()
    for row in range(grid.n_rows):
        height = row_height(row)
        left = {id(c): list(lines[id(c)]) for c in starts.get(row, []) if c.row_span == 1}
        while True:
            room = pages.bottom - pages.y
            if height <= room + 0.01:
                stretches[row].append((pages.page, pages.y, pages.y + height))
                pages.y += height
                break
            whole_page = pages.bottom - pages.top - header_height * (layout.header == "repeat")
            can_cut = (layout.split_rows or height > whole_page) and row >= grid.n_header and left
            keep = int((room - pad2) / step)
            most = max((len(v) for v in left.values()), default=0)
            if can_cut and keep >= 2 and most > keep:
                cut = keep * step + pad2
                for key, rest in left.items():
                    left[key] = rest[_fit(rest, cut - pad2, layout) :]
                stretches[row].append((pages.page, pages.y, pages.y + cut))
                height = max(step, max(_height(v, layout) for v in left.values())) + pad2
                for cell in ends.get(row, []):
                    missing = _height(lines[id(cell)], layout) - span_room(cell)
                    height = max(height, missing + pad2)
            pages.feed()
            repeat_header()
        if row < grid.n_header:
            header_rows[row] = stretches[row][0]
            header_height += height
    for cell in grid.cells:
        parts.extend(_parts_of(cell, lines[id(cell)], stretches, x_edges, layout))
    return parts


def _parts_of(
    cell: GCell,
    lines: Lines,
    stretches: dict[int, list[tuple[int, float, float]]],
    x_edges: list[float],
    layout: Layout,
) -> list[Part]:
    boxes: dict[int, list[float]] = {}
    for row in range(cell.row, cell.row + cell.row_span):
        for page, a, b in stretches[row]:
            box = boxes.setdefault(page, [a, b])
            box[0], box[1] = min(box[0], a), max(box[1], b)
    x0, x1 = x_edges[cell.col], x_edges[cell.col + cell.col_span]
    parts = [Part(p, x0, a, x1, b, cell) for p, (a, b) in sorted(boxes.items())]
    for before, after in pairwise(parts):
        before.cut_bottom = after.cut_top = True
    pad2 = 2 * layout.padding
    if len(parts) == 1:
        parts[0].lines, parts[0].middle = lines, cell.valign == "middle"
        return parts
    fits = [p for p in parts if _height(lines, layout) <= p.bottom - p.top - pad2 + 0.01]
    free = cell.row_span > 1 or cell.valign == "middle"
    if layout.span_text == "repeat" and cell.row_span > 1 and fits:
        for part in fits:
            part.lines, part.middle = lines, True
        return parts
    if layout.span_text == "larger" and free and fits:
        best = max(fits, key=lambda p: p.bottom - p.top)
        best.lines, best.middle = lines, True
        return parts
    rest = lines
    for n, part in enumerate(parts):
        take = len(rest) if n == len(parts) - 1 else _fit(rest, part.bottom - part.top - pad2, layout)
        part.lines, rest = rest[:take], rest[take:]
        part.middle = layout.span_text == "centre" and free
    return parts
