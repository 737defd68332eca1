"""From a truth to neutral blocks (headings, paragraphs, tables) that every typesetter prints."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
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
    note: str | None = None  # a footnote's text, whose mark stands behind the last paragraph


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
    """kind: title | toc | heading1 | heading2 | para | subtitle | table | break. A break may ``turn`` the pages to come:
    "other" than the layout's, or back to its "own" way."""

    kind: str
    text: str = ""
    grid: Grid | None = None
    entries: list[dict[str, Any]] = field(default_factory=list)
    keep: str = ""  # the name that truth keeps the page of
    turn: str = ""


def class_paras(cls: dict[str, Any], layout: Layout) -> list[str]:
    """How the class column prints codes and name."""
    codes, name = cls["codes"], cls["name"]
    if layout.class_cell == "inline":
        rest = "（" + "、".join(codes[1:]) + "）" if codes[1:] else ""
        return [f"{codes[0]}{rest}{name}"]
    if layout.class_cell == "bracket":
        return [name, f"（{'、'.join(codes)}）"]
    if layout.class_cell == "name-first":
        return [name, *codes]
    return [*codes, name]


def catalogue_grid(truth: Truth, section: dict[str, Any], layout: Layout) -> Grid:
    """The big table of one section: its header rows (two, and what the layout adds), then a row per class."""
    slots = _slots(layout)
    n_cols = 1 + len(slots) + bool(layout.extra)
    first = int(bool(layout.extra) and layout.extra_first)
    start = first + int(layout.class_first)
    class_col = first if layout.class_first else first + len(slots)
    extra_col = 0 if first else n_cols - 1
    cells: list[GCell] = []
    top = 0
    if layout.sections != "above":
        wide = n_cols - layout.heading_short
        cells.append(GCell(0, 0, 1, wide, [section["heading"]], True, "center", "middle"))
        cells += [GCell(0, col, 1, 1, [], True, "center", "middle") for col in range(wide, n_cols)]
        top = 1
    head = top + bool(layout.top_word) + 2

    def label(row: int, col: int, rows: int, cols: int, words: list[str]) -> None:
        cells.append(GCell(row, col, rows, cols, words, True, "center", "middle"))

    label(top, class_col, head - top, 1, list(layout.corner))
    if layout.extra:
        label(top, extra_col, head - top, 1, [layout.extra])
    if layout.top_word:
        label(top, start, 1, len(slots), [layout.top_word])
    for row, words in ((head - 2, [s[2] for s in slots]), (head - 1, [s[3] for s in slots])):
        begin = 0
        for col in range(1, len(slots) + 1):
            if col == len(slots) or row == head - 1 or words[col] != words[begin]:
                label(row, start + begin, 1, col - begin, [words[begin]])
                begin = col
    weights = [1.0] * n_cols
    weights[class_col] = layout.widths.get("class", 0.8)
    for n, (kind, tier, _, _) in enumerate(slots):
        weights[start + n] = layout.widths.get(f"{kind}.{tier}", layout.widths.get(kind, 1.0))
    for r, cls in enumerate(section["classes"], start=head):
        cells.append(GCell(r, class_col, 1, 1, class_paras(cls, layout), False, "center", layout.valign))
        for n, (kind, tier, _, _) in enumerate(slots):
            items = list(cls["cells"].get(kind, {}).get(tier, [])) if tier else _remark(r + n)
            note = cls.get("notes", {}).get(f"{kind}.{tier}") if layout.footnotes and items else None
            cells.append(GCell(r, start + n, 1, 1, items, False, layout.align, layout.valign, note))
        if layout.extra:
            cells.append(GCell(r, extra_col, 1, 1, _remark(r), False, layout.align, layout.valign))
    return Grid(head + len(section["classes"]), n_cols, head, weights, cells)


def _slots(layout: Layout) -> list[tuple[str, str, str, str]]:
    """(kind, tier or "", upper header word, lower header word) of every item column; words of kinds as ``{kind}``."""
    words = dict(zip(layout.tiers, layout.tier_words or layout.tiers, strict=True))
    if layout.tiers_above:
        return [(kind, tier, words[tier], f"{{{kind}}}") for tier in layout.tiers for kind in layout.groups]
    found = []
    for kind in layout.groups:
        found += [(kind, tier, f"{{{kind}}}", words[tier]) for tier in layout.tiers]
        if layout.extra_in_kinds:
            found.append((kind, "", f"{{{kind}}}", "备注"))
    return found


def _remark(number: int) -> list[str]:
    """What a column of remarks says in a row: now and then something."""
    return ["" if number % 3 else f"见附件{number % 7 + 1}"]


def one_grid(grids: list[Grid]) -> Grid:
    """Tables of one design as a single one, each with its own header rows."""
    cells, rows = [], 0
    for grid in grids:
        cells += [replace(cell, row=cell.row + rows) for cell in grid.cells]
        rows += grid.n_rows
    return Grid(rows, grids[0].n_cols, grids[0].n_header, grids[0].weights, cells)


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
    yield from _catalogue(truth, layout)
    for n, annex in enumerate(truth["annexes"]):
        if n == 0 and layout.turned == "annexes":
            yield Block("break", turn="other")
        elif n == 0 or layout.section_page:
            yield Block("break")
        words = f"附件{annex['no']}" if layout.title_below else annex["heading"]
        yield Block("heading2", words, keep=annex["heading"])
        if layout.title_below:
            yield Block("subtitle", annex["title"])
        for line in annex.get("lines", []):
            yield Block("para", line)
        for number, table in enumerate(annex["tables"]):
            if number and layout.list_page:
                yield Block("break")
            banner, grid = annex_grid(table, layout)
            if banner:
                yield Block("subtitle" if layout.align == "center" else "para", banner)
            yield Block("table", grid=grid)


def _catalogue(truth: Truth, layout: Layout) -> Iterator[Block]:
    """The sections: a heading and a table each, or all in tables alone."""
    grids = [_with_labels(catalogue_grid(truth, one, layout), truth) for one in truth["sections"]]
    if layout.sections == "one" and grids:
        yield Block("table", grid=one_grid(grids))
        return
    for n, (section, grid) in enumerate(zip(truth["sections"], grids, strict=True)):
        if layout.turned == "sections" and n:
            yield Block("break", turn="other" if n % 2 else "own")
        elif layout.section_page and n:
            yield Block("break")
        if layout.sections == "above":
            yield Block("heading2", section["heading"], keep=section["heading"])
        yield Block("table", grid=grid, keep="adjoin" if layout.sections == "adjoin" else "")
    if layout.turned == "sections" and len(grids) % 2 == 0:
        yield Block("break", turn="own")


def _with_labels(grid: Grid, truth: Truth) -> Grid:
    """The grid with the truth's words of the kinds."""
    labels = {f"{{{kind}}}": words for kind, words in truth["kind_labels"].items()}
    cells = [replace(cell, paras=[labels.get(text, text) for text in cell.paras]) for cell in grid.cells]
    return replace(grid, cells=cells)
