"""Blanks of a transcript's cell: item boundary, or a wrap (or a plain blank)? The odds before the words are looked at.

A transcriber either copies the printed lines of a page, a blank for every line end, or types whole items. Which of the
two it was shows in the whole row: brackets that stay open over a blank, ends of words standing alone. Where lines
were copied, one that had room for the next characters ended on purpose, as in a PDF; the width of a line is counted
in ems, and the widest word of a cell tells how much room there was.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.readers.transcript.model import OPENS, PITCH
from pipeline.text import is_cjk, normalise
from pipeline.tidy.model import Cell, GridCell, Line
from pipeline.tidy.segment import SURE, Lessons, depth_after, learn
from pipeline.tidy.segment import Cell as Problem

_OPENING = "([{《〈“‘「『【〔"
_CLOSING = ")]}》〉”’」』】〕"
_TO_NEXT = set(_OPENING) | set("/、:,&+·—-~～")
_TO_LAST = set(_CLOSING) | set("/、:,。;；&+·—-~～%")
_NEVER = -9.0
_PARAGRAPH = 3.5
_PAGE_END = -0.5
_TYPED = 2.2
_ROOMY, _TIGHT, _FULL = 2.6, 0.9, -0.3
_BRACKET = -3.0
_LATIN = -2.4
_LATIN_COPIED = -1.2
_WORDS = 0.5
_MOST = 5.5
_AFTER_LATIN = -4.5
_BEFORE_LATIN = -2.0
_PREFIX = 2.5
_NAME, _TAIL = 4, 14
_KNOWN = 3.0
_SEVERAL = 3
_LEVEL_END = re.compile(r"(?:[一二三四五]级|[初中高]级|[初中高]级工|技师|级及以上)[)\]]$")
_ISSUER = re.compile(r"^[^()]{2,24}:")
_CUT = 0.06
_NO_CUT = 0.045
_ENOUGH, _NEAR = 30, 4
"""Share of blanks inside brackets from which on a row is taken to be copied line by line."""


def width(text: str) -> float:
    """Printed width in ems: full-width characters count one, others a half."""
    return sum(1.0 if is_cjk(c) or ord(c) > 0x2E7F else 0.5 for c in text)


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _latin_end(text: str) -> bool:
    """Whether a word ends in Latin letters or digits, a closing bracket behind them aside."""
    return _latin(text[-1]) or (text[-1] in ")]" and len(text) > 1 and _latin(text[-2]))


@dataclass(frozen=True)
class Blanks:
    """What a transcript's rows tell about their blanks.

    ``copied[row]``: the share of a row's blanks that fall into brackets or part a word's end from it. ``known``: words
    that stand between blanks in several rows that were typed item by item: whole items. ``usual[column]``: ems that a line
    of a catalogue column takes where lines were copied.
    """

    copied: Mapping[int, float] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    usual: Mapping[int, float] = field(default_factory=dict)
    lessons: Lessons | None = None

    def odds(self, lines: Sequence[tuple[Line, Cell]]) -> tuple[float, ...]:
        """Per gap between the words of a cell (with the pieces they stand in): log-odds of an item boundary."""
        room: dict[str, float] = {}
        for line, piece in lines:
            room[piece.cell_id] = max(room.get(piece.cell_id, 0.0), width(normalise(line.text)))
        for _, piece in lines:
            room[piece.cell_id] = min(room[piece.cell_id], self.usual.get(piece.col, math.inf))
        out = []
        depth = 0
        used = 0.0
        tail = ""
        for (a, piece), (b, other) in zip(lines, lines[1:], strict=False):
            depth = depth_after(a.text, depth)
            tail = (tail + a.text)[-_TAIL:]
            if piece.cell_id == other.cell_id:
                copied = self.copied.get(int(piece.top), 0.0)
                beside = _latin_end(a.text) or _latin(b.text[0]) or a.text[-1] in ":,、"
                used += width(a.text)
                odds = self._gap(a.text, tail, b, copied, room[piece.cell_id] - used, depth)
                if self.lessons is not None and _NEVER < odds < SURE:
                    odds = min(
                        odds + _WORDS * self.lessons.boundary_odds(normalise(a.text), normalise(b.text)),
                        _MOST,
                    )
                out.append(odds)
                # A blank beside Latin letters, or behind a mark, stands inside a printed line as well: it goes on.
                on = beside and odds < SURE and used + width(b.text) <= room[piece.cell_id] + 0.5
                used = used + 0.5 * (a.text[-1] not in ":,、") if on else 0.0
            elif other.open_top:
                whole = depth == 0 and bool(_LEVEL_END.search(tail))
                out.append(SURE if whole else _NEVER if b.text[0] in _TO_LAST or depth > 0 else _PAGE_END)
                depth = 0 if whole else depth
            else:
                out.append(SURE)
                depth = 0
            if piece.cell_id != other.cell_id:
                used = 0.0
        return tuple(out)

    def _gap(self, first: str, tail: str, second: Line, share: float, left: float, depth: int) -> float:
        text = second.text
        copied = share >= _CUT
        if first[-1] in _TO_NEXT or text[0] in _TO_LAST:
            return _NEVER
        if second.size == OPENS:
            return _PARAGRAPH
        latin_before, latin_after = _latin(first[-1]), _latin(text[0])
        level = bool(_LEVEL_END.search(tail))
        if depth == 0 and level:
            return _BRACKET if text[0] in "([" else SURE
        if text[0] in "([《〈":
            return _BRACKET
        latin = latin_before or latin_after
        typed = share < _NO_CUT and min(len(first), len(text)) > 1
        if (
            depth == 0
            and not latin
            and (typed or (not copied and first in self.known and text in self.known))
        ):
            return SURE
        if copied and not level and (latin or _latin_end(first)):
            return _LATIN_COPIED
        if copied:
            slack = left - _first_piece(text)
            odds = _ROOMY if slack >= 1.5 else _TIGHT if slack > 0.25 else _FULL
            whole = first in self.known and text in self.known and first + text not in self.known
            odds += _KNOWN * whole
        else:
            odds = _TYPED
        if _ISSUER.match(text) and (not copied or (text[-1] == ":" and len(text) > _NAME)):
            odds += _PREFIX if not copied else _PREFIX / 2
        if (
            first.isupper()
            and text.isupper()
            and min(len(first), len(text)) > 2
            and first.isascii()
            and text.isascii()
        ):
            return odds
        if latin_before and not level:
            odds += _LATIN if latin_after else _AFTER_LATIN
        elif latin_after and not level and not copied:
            odds += _BEFORE_LATIN
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


def learn_blanks(cells: Sequence[Cell]) -> Blanks:
    """Which rows were copied line by line (the share of their blanks that stand inside brackets or before a lone end
    of a word), and which words are whole items."""
    inside: dict[int, float] = defaultdict(float)
    total: dict[int, int] = defaultdict(int)
    standing: dict[str, set[int]] = defaultdict(set)
    for cell in cells:
        row = int(cell.top)
        texts = [normalise(line.text) for line in cell.lines]
        depth = 0
        for a, b in zip(texts, texts[1:], strict=False):
            depth = depth_after(a, depth)
            total[row] += 1
            if (
                (
                    depth > 0
                    and not (_latin(a[-1]) or _latin(b[0]))
                    and a[-1] not in _TO_NEXT
                    and b[0] not in _TO_LAST
                )
                or len(b) == 1
                and is_cjk(b)
            ):
                inside[row] += 1
        for text in texts:
            if len(text) > 1 and depth_after(text) == 0 and text[0] not in _OPENING:
                standing[text].add(row)
    copied = {row: _share(row, inside, total) for row in total}
    known = frozenset(
        text
        for text, rows in standing.items()
        if sum(copied.get(row, 0.0) < _CUT for row in rows) >= _SEVERAL
    )
    widest: dict[int, list[float]] = defaultdict(list)
    for cell in cells:
        if len(cell.lines) >= 4 and copied.get(int(cell.top), 0.0) >= _CUT:
            widest[cell.col].append(max(width(normalise(line.text)) for line in cell.lines))
    usual = {col: sorted(rooms)[len(rooms) // 2] for col, rooms in widest.items() if len(rooms) >= _SEVERAL}
    blanks = Blanks(copied, known, usual)
    problems = []
    for cell in cells:
        lines = [(line, cell) for line in cell.lines if normalise(line.text)]
        if len(lines) > 1:
            problems.append(Problem(tuple(normalise(line.text) for line, _ in lines), blanks.odds(lines)))
    return replace(blanks, lessons=learn(problems))


def _share(row: int, inside: Mapping[int, float], total: Mapping[int, int]) -> float:
    """The share of a row's blanks that part what belongs together; a short row is judged with its neighbours."""
    rows = [row]
    if total[row] < _ENOUGH:
        rows = [near for near in total if abs(near - row) <= _NEAR * PITCH]
    return sum(inside.get(near, 0.0) for near in rows) / max(sum(total[near] for near in rows), 1)


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
        out.append(
            Line(normalise(line.text), line.x0, line.top, line.x1, line.bottom, line.page, (), line.size)
        )
    return [line for line in out if line.text]
