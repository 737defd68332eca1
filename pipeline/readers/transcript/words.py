"""Blanks of a transcript's cell: item boundary, or a wrap (or a plain blank)? The odds before the words are looked at.

A transcriber either copies the printed lines of a page, a blank for every line end, or types whole items. Which of the
two it was shows in the whole row: brackets that stay open over a blank, ends of words standing alone. Where lines
were copied, one that had room for the next characters ended on purpose, as in a PDF; the width of a line is counted
in ems, and the widest word of a cell tells how much room there was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.readers.transcript.model import OPENS
from pipeline.text import is_cjk, normalise
from pipeline.tidy.model import Cell, GridCell, Line
from pipeline.tidy.segment import SURE, depth_after

_OPENING = "([{《〈“‘「『【〔"
_CLOSING = ")]}》〉”’」』】〕"
_TO_NEXT = set(_OPENING) | set("/、:,&+·—-~～")
_TO_LAST = set(_CLOSING) | set("/、:,。;；&+·—-~～%")
_NEVER = -9.0
_PARAGRAPH = 3.5
_PAGE_END = -0.5
_TYPED = 2.2
_ROOMY, _TIGHT, _FULL = 2.4, 0.8, -1.2
_BRACKET = -3.0
_LATIN = -2.4
_LATIN_SIDE = -1.2
_CUT = 0.06
"""Share of blanks inside brackets from which on a row is taken to be copied line by line."""


def width(text: str) -> float:
    """Printed width in ems: full-width characters count one, others a half."""
    return sum(1.0 if is_cjk(c) or ord(c) > 0x2E7F else 0.5 for c in text)


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


@dataclass(frozen=True)
class Blanks:
    """What a transcript's rows tell about their blanks: ``copied[row]``: the share of blanks that fall into brackets
    or part a word's end from it; ``room[row, col]``: ems that a line of the cell may take."""

    copied: Mapping[int, float] = field(default_factory=dict)

    def odds(self, lines: Sequence[tuple[Line, Cell]]) -> tuple[float, ...]:
        """Per gap between the words of a cell (with the pieces they stand in): log-odds of an item boundary."""
        room: dict[str, float] = {}
        for line, piece in lines:
            room[piece.cell_id] = max(room.get(piece.cell_id, 0.0), width(normalise(line.text)))
        out = []
        for (a, piece), (b, other) in zip(lines, lines[1:], strict=False):
            if piece.cell_id != other.cell_id:
                out.append(_PAGE_END if other.open_top else SURE)
            else:
                copied = self.copied.get(int(piece.top), 0.0) >= _CUT
                out.append(_gap(a.text, b, copied, room[piece.cell_id]))
        return tuple(out)


def _gap(first: str, second: Line, copied: bool, room: float) -> float:
    text = second.text
    if first[-1] in _TO_NEXT or text[0] in _TO_LAST:
        return _NEVER
    if second.size == OPENS:
        return _PARAGRAPH
    if text[0] in _OPENING:
        return _BRACKET
    if copied:
        slack = room - width(first) - _first_piece(text)
        odds = _ROOMY if slack >= 1.5 else _TIGHT if slack > 0.25 else _FULL
    else:
        odds = _TYPED
    if _latin(first[-1]) and _latin(text[0]):
        odds += _LATIN
    elif _latin(first[-1]) or _latin(text[0]):
        odds += _LATIN_SIDE
    return odds


def _first_piece(text: str) -> float:
    """Ems of the first piece that would not be parted: a character with the closing marks behind it, or a word."""
    end = 1
    if _latin(text[0]):
        while end < len(text) and _latin(text[end]):
            end += 1
    while end < len(text) and text[end] in _TO_LAST:
        end += 1
    return width(text[:end])


def learn_blanks(cells: Iterable[Cell]) -> Blanks:
    """Which rows were copied line by line: the share of their blanks that stand inside brackets or before a lone end
    of a word."""
    inside: dict[int, float] = defaultdict(float)
    total: dict[int, int] = defaultdict(int)
    for cell in cells:
        row = int(cell.top)
        texts = [normalise(line.text) for line in cell.lines]
        depth = 0
        for a, b in zip(texts, texts[1:], strict=False):
            depth = depth_after(a, depth)
            total[row] += 1
            if depth > 0 and not (_latin(a[-1]) or _latin(b[0])) and a[-1] not in _TO_NEXT and b[0] not in _TO_LAST:
                inside[row] += 1
            elif len(b) == 1 and is_cjk(b):
                inside[row] += 1
    return Blanks({row: inside[row] / total[row] for row in total if total[row]})


def list_lines(cell: GridCell) -> list[Line]:
    """The intended lines of an annex cell: words are put together except where a blank parts two whole texts.

    A blank is a line end where no bracket is open and neither side is Latin or a digit, nor holds on to the other by
    a mark (、 / : …). A lone character, or one right behind a lone one, is a wrap.
    """
    out: list[Line] = []
    for line in cell.lines:
        if out:
            before = out[-1].text
            a, b = before[-1], line.text[0]
            joined = (
                depth_after(before) > 0
                or a in _TO_NEXT
                or b in _TO_LAST
                or (_latin(a) or _latin(b))
                or len(line.text) == 1
            )
            if joined:
                first = out[-1]
                text = normalise(f"{before} {line.text}")
                out[-1] = Line(text, first.x0, first.top, first.x1, first.bottom, first.page, (), first.size)
                continue
        out.append(Line(normalise(line.text), line.x0, line.top, line.x1, line.bottom, line.page, (), line.size))
    return [line for line in out if line.text]
