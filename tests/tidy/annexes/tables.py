"""Stitched tables typeset from the truth file: what a reader would hand over, without a PDF in between."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from pipeline.model import Cell, GridCell, Line, LogicalTable
from pipeline.text import is_cjk, normalise
from pipeline.tidy.annexes import Annex

TRUTH = Path(__file__).parents[2] / "data" / "shanghai-2025.truth.json"
SIZE, LEADING, PADDING = 10.0, 14.0, 4.0
_PIECE = re.compile(r"[A-Za-z0-9.&™+\-]+|.", re.DOTALL)


def truth_annexes() -> dict[int, dict]:
    """The annexes of the truth file by number."""
    data = json.loads(TRUTH.read_text(encoding="utf-8"))
    return {annex["no"]: annex for annex in data["annexes"]}


def advance(char: str) -> float:
    """Width of a character: full for CJK and full-width punctuation, half for the rest."""
    return SIZE if is_cjk(char) or ord(char) > 0x2E80 or char in "“”—™" else SIZE / 2


def unbreakable(text: str) -> list[str]:
    """The pieces that the typesetter does not part: Latin words, and punctuation with what it belongs to."""
    pieces: list[str] = []
    for piece in _PIECE.findall(text):
        if pieces and (piece in ")）》〉、，。；：,;:！”" or pieces[-1][-1] in "(（《〈“"):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def intended_lines(cell: GridCell) -> list[Line]:
    """The cell's lines with the typesetter's own wraps undone: a line that had room for the next piece ended on
    purpose."""
    lines: list[Line] = []
    for piece in cell.pieces:
        before: Line | None = None
        for line in piece.lines:
            first = sum(map(advance, unbreakable(line.text)[0]))
            if before is not None and before.x1 + first > piece.x1 - PADDING + 0.01:
                lines[-1] = replace(lines[-1], text=normalise(f"{lines[-1].text} {line.text}"))
            else:
                lines.append(replace(line, text=normalise(line.text)))
            before = line
    return lines


def wrap(text: str, width: float) -> list[str]:
    """Greedy line breaking: Latin words whole where they fit, no closing punctuation at a line's start."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in unbreakable(paragraph):
            if line and sum(map(advance, line + piece.rstrip())) > width:
                lines.append(line)
                line = piece.lstrip()
            else:
                line += piece
            while sum(map(advance, line.rstrip())) > width:  # a word wider than its column
                cut = next(i for i in range(1, len(line) + 1) if sum(map(advance, line[:i])) > width) - 1
                lines.append(line[: max(cut, 1)])
                line = line[max(cut, 1) :]
        lines.append(line)
    return lines


@dataclass
class Sheet:
    """A grid of texts with merged ranges [r0, c0, r1, c1], to be typeset as one stitched table."""

    rows: list[list[str]]
    merges: list[list[int]] = field(default_factory=list)
    widths: list[float] | None = None
    context: Sequence[str] = ()
    page: int = 1

    def column_order(self, order: Sequence[int]) -> Sheet:
        """The same sheet with its columns in another order; merges over columns must stay side by side."""
        rows = [[row[col] for col in order] for row in self.rows]
        merges = []
        for r0, c0, r1, c1 in self.merges:
            places = sorted(order.index(c) for c in range(c0, c1 + 1))
            assert places == list(range(places[0], places[0] + len(places)))
            merges.append([r0, places[0], r1, places[-1]])
        return Sheet(rows, merges, self.widths, self.context, self.page)

    def drop(self, start: int, stop: int) -> Sheet:
        """Without rows ``start`` … ``stop``-1, which no merge crosses."""
        gone = stop - start
        rows = self.rows[:start] + self.rows[stop:]
        merges = [
            [r0 - gone, c0, r1 - gone, c1] if r0 >= stop else [r0, c0, r1, c1]
            for r0, c0, r1, c1 in self.merges
            if not start <= r0 < stop
        ]
        return Sheet(rows, merges, self.widths, self.context, self.page)

    def insert(self, at: int, rows: list[list[str]], merges: Sequence[Sequence[int]] = ()) -> Sheet:
        """With ``rows`` before row ``at`` (their merges counted within them); merges crossing ``at`` are parted."""
        more = len(rows)
        moved = []
        for r0, c0, r1, c1 in self.merges:
            if r1 < at:
                moved.append([r0, c0, r1, c1])
            elif r0 >= at:
                moved.append([r0 + more, c0, r1 + more, c1])
            else:
                moved.append([r0, c0, at - 1, c1])
                moved.append([at + more, c0, r1 + more, c1])
        moved += [[r0 + at, c0, r1 + at, c1] for r0, c0, r1, c1 in merges]
        return Sheet(self.rows[:at] + rows + self.rows[at:], moved, self.widths, self.context, self.page)

    def natural_widths(self) -> list[float]:
        """The column widths that fit the sheet's contents."""
        return [_natural(self, col) for col in range(max(map(len, self.rows)))]

    def table(self, tag: str = "t") -> LogicalTable:
        """Typeset: every cell with its lines, boxes and widths."""
        n_cols = max(len(row) for row in self.rows)
        widths = self.widths or self.natural_widths()
        edges = [40.0]
        for width in widths:
            edges.append(edges[-1] + width)
        spans = {(r0, c0): (r1 - r0 + 1, c1 - c0 + 1) for r0, c0, r1, c1 in self.merges}
        covered = {
            (r, c)
            for r0, c0, r1, c1 in self.merges
            for r in range(r0, r1 + 1)
            for c in range(c0, c1 + 1)
            if (r, c) != (r0, c0)
        }
        cells: list[GridCell] = []
        top = 50.0
        for r, row in enumerate(self.rows):
            for c, text in enumerate(row):
                if (r, c) in covered:
                    continue
                down, across = spans.get((r, c), (1, 1))
                x0, x1 = edges[c], edges[c + across]
                printed = wrap(text, x1 - x0 - 2 * PADDING) if text else []
                lines = tuple(
                    _line(line, x0 + PADDING, top + i * LEADING, self.page) for i, line in enumerate(printed)
                )
                bottom = top + max(1, len(lines)) * LEADING
                piece = Cell(
                    f"{tag}-{r}-{c}", self.page, 0, r, c, down, across, x0, top, x1, bottom, lines, "truth"
                )
                cells.append(GridCell(r, c, down, across, (piece,)))
            top += 200.0
        context = tuple(_line(text, 40.0, 30.0, self.page) for text in self.context)
        return LogicalTable(context, len(self.rows), n_cols, tuple(cells), tuple(edges))


def _natural(sheet: Sheet, col: int) -> float:
    """A column width that wraps long texts, wide enough for any Latin word, at which every intended line end of a
    list cell leaves room for what follows (a line end on a full line cannot be told from a wrap)."""
    texts = [row[col] for row in sheet.rows if "\n" in row[col]]
    longest = max(
        (sum(map(advance, line)) for row in sheet.rows[2:] for line in row[col].split("\n")), default=0.0
    )
    width = min(max(longest, 40.0), 160.0)
    while not all(_leaves_room(text, width) for text in texts):
        width += SIZE / 2
    return width + 2 * PADDING


def _leaves_room(text: str, width: float) -> bool:
    paragraphs = text.split("\n")
    for before, after in pairwise(paragraphs):
        if sum(map(advance, wrap(before, width)[-1])) + sum(map(advance, unbreakable(after)[0])) > width:
            return False
    return True


def _line(text: str, x0: float, top: float, page: int) -> Line:
    advances = tuple(map(advance, text))
    return Line(text, x0, top, x0 + sum(advances), top + SIZE, page, advances, SIZE)


def sheets(annex: dict) -> list[Sheet]:
    """The sheets of a truth annex."""
    return [
        Sheet(
            [list(row) for row in t["header"] + t["rows"]], [list(m) for m in t["merges"]], page=annex["page"]
        )
        for t in annex["tables"]
    ]


def annex_of(annex: dict, made: Sequence[Sheet] | None = None, no: int | None = None) -> Annex:
    """A truth annex (or other sheets in its place) ready to be read."""
    number = annex["no"] if no is None else no
    tables = tuple(
        s.table(f"a{number}t{i}") for i, s in enumerate(made if made is not None else sheets(annex))
    )
    return Annex(number, annex["title"], annex["page"], tables)
