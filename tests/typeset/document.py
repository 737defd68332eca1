"""From a truth to neutral blocks (headings, paragraphs, tables) that every typesetter prints."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .layout import Layout

Truth = dict[str, Any]


@dataclass
class GCell:
    """A cell of a grid: position, spans and its paragraphs (each begins a line of its own)."""

    row: int
    col: int
    row_span: int
    col_span: int
    paras: list[str]
    header: bool = False
    align: str = "left"
    valign: str = "top"


@dataclass
class Grid:
    """A table: column weights, number of header rows, cells."""

    n_rows: int
    n_cols: int
    n_header: int
    weights: list[float]
    cells: list[GCell]

    def lookup(self) -> dict[tuple[int, int], GCell]:
        """Every grid position → the cell that covers it."""
        found: dict[tuple[int, int], GCell] = {}
        for cell in self.cells:
            for row in range(cell.row, cell.row + cell.row_span):
                for col in range(cell.col, cell.col + cell.col_span):
                    assert (row, col) not in found, (row, col)
                    found[row, col] = cell
        return found


@dataclass
class Block:
    """kind: title | toc | heading1 | heading2 | para | subtitle | table | break."""

    kind: str
    text: str = ""
    grid: Grid | None = None
    entries: list[dict[str, Any]] = field(default_factory=list)
    keep: str = ""  # the name that truth keeps the page of


def class_paras(cls: dict[str, Any], layout: Layout) -> list[str]:
    """How the class column prints codes and name."""
    codes, name = cls["codes"], cls["name"]
    if layout.class_cell == "inline":
        rest = "（" + "、".join(codes[1:]) + "）" if codes[1:] else ""
        return [f"{codes[0]}{rest}{name}"]
    if layout.class_cell == "name-first":
        return [name, *codes]
    return [*codes, name]


def catalogue_grid(truth: Truth, classes: list[dict[str, Any]], layout: Layout) -> Grid:
    """The big table of one section (two header rows, then a row per class)."""
    tiers = layout.tiers
    n_cols = 1 + len(layout.groups) * len(tiers)
    start = 1 if layout.class_first else 0
    class_col = 0 if layout.class_first else n_cols - 1
    cells = [GCell(0, class_col, 2, 1, list(layout.corner), True, "center", "middle")]
    weights = [0.0] * n_cols
    weights[class_col] = layout.widths.get("class", 0.8)
    for g, kind in enumerate(layout.groups):
        col = start + g * len(tiers)
        cells.append(GCell(0, col, 1, len(tiers), [truth["kind_labels"][kind]], True, "center", "middle"))
        for t, tier in enumerate(tiers):
            cells.append(GCell(1, col + t, 1, 1, [tier], True, "center", "middle"))
            weights[col + t] = layout.widths.get(f"{kind}.{tier}", layout.widths.get(kind, 1.0))
    for r, cls in enumerate(classes, start=2):
        cells.append(GCell(r, class_col, 1, 1, class_paras(cls, layout), False, "center", layout.valign))
        for g, kind in enumerate(layout.groups):
            for t, tier in enumerate(tiers):
                items = list(cls["cells"].get(kind, {}).get(tier, []))
                col = start + g * len(tiers) + t
                cells.append(GCell(r, col, 1, 1, items, False, layout.align, layout.valign))
    return Grid(2 + len(classes), n_cols, 2, weights, cells)


def _display(text: str) -> float:
    return sum(1.0 if ord(c) > 255 else 0.55 for c in text)


def annex_grid(table: dict[str, Any], layout: Layout) -> tuple[str | None, Grid]:
    """An annex table; with banner == "text" its first merged row is handed back as a line to print above."""
    header, rows = table["header"], table["rows"]
    merges = [tuple(m) for m in table["merges"]]
    grid = [list(r) for r in header + rows]
    n_header, n_cols = len(header), len(grid[0])
    banner = None
    if layout.banner == "text" and (0, 0, 0, n_cols - 1) in merges and n_header > 1:
        banner = grid[0][0]
        merges = [(a - 1, b, c - 1, d) for a, b, c, d in merges if (a, b, c, d) != (0, 0, 0, n_cols - 1)]
        grid, n_header = grid[1:], n_header - 1
    order = list(range(n_cols))
    if (
        layout.annex_shuffle
        and n_cols > 2
        and all(b == d or (b, d) == (0, n_cols - 1) for _, b, _, d in merges)
    ):
        rest = order[1:]
        random.Random(f"{layout.name}{header}").shuffle(rest)
        order = [0, *rest]
        place = {old: new for new, old in enumerate(order)}
        grid = [[r[o] for o in order] for r in grid]
        merges = [(a, place[b], c, place[d]) if b == d else (a, b, c, d) for a, b, c, d in merges]
    owner: dict[tuple[int, int], tuple[int, int, int, int]] = {}
    for merge in merges:
        for r in range(merge[0], merge[2] + 1):
            for c in range(merge[1], merge[3] + 1):
                assert (r, c) not in owner, (table["header"], merge)
                owner[r, c] = merge
    cells = []
    for r, row in enumerate(grid):
        for c, text in enumerate(row):
            merge = owner.get((r, c), (r, c, r, c))
            if (merge[0], merge[1]) != (r, c):
                assert text == grid[merge[0]][merge[1]], (merge, text, grid[merge[0]][merge[1]])
                continue
            head = r < n_header
            whole = merge[1] == 0 and merge[3] == n_cols - 1
            short = _display(text) <= 4
            tall = merge[2] > merge[0]
            cells.append(
                GCell(
                    r,
                    c,
                    merge[2] - merge[0] + 1,
                    merge[3] - merge[1] + 1,
                    text.split("\n") if text else [],
                    head,
                    "center" if head or whole or short else layout.align,
                    "middle" if head or tall or layout.valign == "middle" else layout.valign,
                )
            )
    weights = []
    for c in range(n_cols):
        widths = sorted(_display(part) for row in grid[n_header - 1 :] for part in row[c].split("\n"))
        typical = widths[int(len(widths) * 0.8)] if widths else 4
        weights.append(min(max(3.6, typical + 1), 24.0))
    return banner, Grid(len(grid), n_cols, n_header, weights, cells)


def blocks(truth: Truth, layout: Layout) -> Iterator[Block]:
    """The whole document in printing order."""
    yield Block("title", truth["title"])
    if layout.toc and truth["toc"]:
        yield Block("subtitle", "目录")
        yield Block("toc", entries=truth["toc"])
        yield Block("break")
    if truth["notes"]:
        yield Block("subtitle", "说明")
        for note in truth["notes"]:
            yield Block("para", note)
        yield Block("break")
    if truth["sections"]:
        yield Block("heading1", truth["catalogue_heading"])
    for n, section in enumerate(truth["sections"]):
        if layout.section_page and n:
            yield Block("break")
        yield Block("heading2", section["heading"], keep=section["heading"])
        yield Block("table", grid=catalogue_grid(truth, section["classes"], layout))
    for n, annex in enumerate(truth["annexes"]):
        if n == 0 or layout.section_page:
            yield Block("break")
        yield Block("heading2", annex["heading"], keep=annex["heading"])
        for line in annex.get("lines", []):
            yield Block("para", line)
        for table in annex["tables"]:
            banner, grid = annex_grid(table, layout)
            if banner:
                yield Block("subtitle" if layout.align == "center" else "para", banner)
            yield Block("table", grid=grid)
