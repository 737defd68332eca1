"""What a cell says: one text, intended lines, legal bases, titles."""

from __future__ import annotations

import re
from collections.abc import Set
from itertools import accumulate, pairwise

from pipeline.model import GridCell, Line, LogicalTable
from pipeline.text import depth_after, is_cjk, normalise, squeeze
from pipeline.tidy.annexes.columns import Ref
from pipeline.tidy.annexes.model import LineReader

_BASIS_START = ("《", "〈")
_OFFICES, _GOING_ON = "部厅局会院署委办", "及和与或、("
"""How names of offices end; how the rest of a name begins."""
_WHOLE = ("委员会", "社会保障", "社会工作", "社会组织", "办公室", "办公厅")
"""Words of such names that hold one of those endings within: no name ends there."""
_AGAINST = 0.8  # what geometry's judgement of a line end weighs beside a name that ends there as names do
_PADDING = 8.0  # the most room (points) that a cell keeps between its ruling line and its text


def _splits_word(cell: GridCell, line: Line, after: Line) -> bool:
    """Whether a line break cuts a Latin word: the word alone fills its line from edge to edge, and goes on in lower
    case or in digits on the next."""
    word, rest = line.text.strip(), after.text.strip()
    if not (word[-1].isalnum() and rest[0].isalnum()) or rest[0].isupper():
        return False
    if any(c.isspace() or is_cjk(c) for c in word):
        return False
    piece = next((p for p in cell.pieces if p.page == line.page), cell.first)
    slack = min(min(other.x0 - piece.x0, piece.x1 - other.x1) for other in piece.lines)
    room = (piece.x1 - piece.x0) - 2 * min(max(slack, 0.0), _PADDING) - line.width
    return room < (after.advances[0] if after.advances else line.size or line.bottom - line.top)


def joined(cell: GridCell) -> str:
    """All lines of a cell as one normalised text: wraps undone, a blank between Latin words.

    A Latin word that was too long for its column and cut by the typesetter is put together again.
    """
    lines = [line for line in cell.lines if line.text.strip()]
    if not lines:
        return ""
    text = lines[0].text
    for before, line in pairwise(lines):
        text += "" if _splits_word(cell, before, line) else " "
        text += line.text
    return normalise(text)


def _glue(before: str, after: str) -> str:
    return normalise(f"{before} {after}")


def line_texts(cell: GridCell, read_lines: LineReader) -> list[str]:
    """One text per intended line."""
    return [text for line in read_lines(cell) if (text := normalise(line.text))]


def lone_lines(table: LogicalTable, ref: Ref, start: int) -> set[str]:
    """The texts of a column's cells from row ``start`` on that have one printed line: each is a value as a whole."""
    cells = {id(c): c for row in range(start, table.n_rows) for c in values(table, row, ref)}
    return {normalise(cell.lines[0].text) for cell in cells.values() if len(cell.lines) == 1}


def names(cell: GridCell, read_lines: LineReader, known: Set[str]) -> list[str]:
    """The names that a cell lists, one or more printed lines each.

    Where lines are full, geometry does not tell where a name ends; the names that other cells print alone (``known``) do:
    by their texts, and by the characters in which they end. None begins with 及 or the like, or within a word.
    """
    printed = [text for line in cell.lines if (text := normalise(line.text))]
    intended = line_texts(cell, read_lines)
    if not known or len(printed) < 2:
        return intended
    ends = set(accumulate(len(squeeze(text)) for text in intended))
    at = [0, *accumulate(len(squeeze(text)) for text in printed)]
    finals = {name[-1] for name in known}.union(_OFFICES)
    best: list[tuple[float, list[str]]] = [(0.0, [])]
    for stop in range(1, len(printed) + 1):
        choices = []
        for start in range(stop):
            lines = printed[start:stop]
            name = normalise(" ".join(lines))
            against = sum(at[i] in ends for i in range(start + 1, stop)) + (at[stop] not in ends)
            ended = sum(a[-1] in finals and not _goes_on(a, b) for a, b in pairwise(lines))
            gain = -_AGAINST * against - ended - (start > 0 and _goes_on(printed[start - 1], name))
            gain += (1.0 if len(lines) == 1 else 1.5) if name in known else -float(name[-1] not in finals)
            choices.append((best[start][0] + gain, [*best[start][1], name]))
        best.append(max(choices, key=lambda choice: choice[0]))
    return best[-1][1]


def _goes_on(before: str, after: str) -> bool:
    """Whether ``after``, on the next line, can only be the rest of the name that ``before`` begins."""
    within = (
        before.endswith(word[:n]) and after.startswith(word[n:])
        for word in _WHOLE
        for n in range(1, len(word))
    )
    return after[0] in _GOING_ON or any(within)


def bases(cell: GridCell, read_lines: LineReader) -> list[str]:
    """Legal bases, one per printed line joined over wraps.

    A basis starts at an intended line, or at a printed line that opens with 《 after one that is complete; never
    inside an open bracket.
    """
    starts = {(line.page, round(line.top, 1), round(line.x0, 1)) for line in read_lines(cell)}
    items: list[str] = []
    for line in cell.lines:
        text = normalise(line.text)
        if not text:
            continue
        opens = text.startswith(_BASIS_START)
        intended = (line.page, round(line.top, 1), round(line.x0, 1)) in starts
        whole = bool(items) and depth_after(items[-1], quotes=True) == 0
        if not items or (whole and (intended or (opens and items[-1][-1] in "》〉)。;"))):
            items.append(text)
        else:
            items[-1] = _glue(items[-1], text)
    return items


def values(table: LogicalTable, row: int, ref: Ref) -> list[GridCell]:
    """The distinct non-empty cells of ``row`` under a header cell, left to right.

    A cell stands under the header if it covers all of its columns, or if at least half of its own width lies there:
    where the columns of a later page are a little off, a neighbour may reach into the header's columns.
    """
    cells = (table.at(row, col) for col in range(ref.start, ref.stop))
    distinct = {id(cell): cell for cell in cells if cell is not None and cell.text}
    return [cell for cell in distinct.values() if _under(table, cell, ref)]


def _under(table: LogicalTable, cell: GridCell, ref: Ref) -> bool:
    start, stop = cell.col, cell.col + cell.col_span
    if start <= ref.start and stop >= ref.stop or start >= ref.start and stop <= ref.stop:
        return True
    edges = table.x_edges if len(table.x_edges) > table.n_cols else tuple(map(float, range(table.n_cols + 1)))
    inside = edges[min(stop, ref.stop)] - edges[max(start, ref.start)]
    return 2 * inside >= edges[stop] - edges[start]


_SPLIT = re.compile(r"[、;]")


def outside_brackets(text: str, separators: re.Pattern[str]) -> list[str]:
    """``text`` split at ``separators`` that stand outside every bracket; empty pieces are dropped."""
    pieces, start = [], 0
    for found in separators.finditer(text):
        if depth_after(text[: found.start()], quotes=True) == 0:
            pieces.append(text[start : found.start()])
            start = found.end()
    pieces.append(text[start:])
    return [piece for piece in (p.strip() for p in pieces) if piece]


def titles(cell: GridCell, read_lines: LineReader) -> list[str]:
    """The titles of a rank cell: one per intended line, or between 、 outside brackets."""
    lines: list[str] = []
    for text in line_texts(cell, read_lines):
        # A piece of one character, or one after an open bracket, is the rest of a wrapped title.
        if lines and (len(text) < 2 or depth_after(lines[-1], quotes=True) or lines[-1][-1] in "、;/"):
            lines[-1] = _glue(lines[-1], text)
        else:
            lines.append(text)
    return [title for line in lines for title in outside_brackets(line, _SPLIT)]
