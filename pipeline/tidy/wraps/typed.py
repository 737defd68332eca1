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
from dataclasses import dataclass, field
from functools import lru_cache

from pipeline.model import Cell, GridCell, Line
from pipeline.reading import OPENS, PITCH
from pipeline.text import depth_after, is_cjk, normalise
from pipeline.tidy.wraps.segment_model import CERTAIN, SURE
from pipeline.tidy.wraps.segment_weights import ORGANISATIONS, is_general

_OPENING = "([{《〈“‘「『【〔"
_CLOSING = ")]}》〉”’」』】〕"
_TO_NEXT = set(_OPENING) | set("/、:,&+·—-~～")
_TO_LAST = set(_CLOSING) | set("/、:,。;；&+·—-~～%")
_NEVER = -9.0
_NAME, _TAIL = 4, 14
_NUMBER = re.compile(r"\d{1,2}(?:[-~]\d{1,2})?")
_MEASURES = "个种级项类次门年"
"""A number by itself belongs to these words behind it, or to a Latin name before it (Level 3)."""
_SEVERAL = 3
_OCCUPATION = "师员工士人"
_SLACKS = ((-math.inf, -0.25), (-0.25, 0.25), (0.25, 1.25), (1.25, 2.75), (2.75, math.inf))
"""Ems of room that a copied line left: none, just enough, some, much, more than a line leaves."""
_ABOUT = 1.0
_FAR = 2.5
"""Ems by which a word is too wide to be a line beside the others."""
_LEVEL_END = re.compile(r"(?:[一二三四五]级|[初中高]级(?:工|证书|认证)?|技师|级及以上)[)\]]$")
_BARE_END = re.compile(r"[师员工士长书][一二三四五初中高]级$")
_ISSUER = re.compile(r"^([^()]{2,24}?):")
_PROGRAMME = re.compile(r"\d\+[xX]$")
"""1+X, which names a kind of certificate and stands before its name."""
_CUT = 0.06
_NO_CUT = 0.045
_ENOUGH, _NEAR = 30, 4
"""Share of blanks inside brackets from which on a row is taken to be copied line by line."""


@lru_cache(maxsize=65536)
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
    that stand between blanks in several rows that were typed item by item: whole items.
    """

    copied: Mapping[int, float] = field(default_factory=dict)
    known: frozenset[str] = frozenset()

    def gaps(
        self, lines: Sequence[tuple[Line, Cell]]
    ) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
        """Per gap between the words of a cell (with the pieces they stand in): log-odds of an item boundary where a rule is
        certain (0: it is not), and its traits, what there is to weigh (``TRAITS`` numbers)."""
        room = _rooms(lines)
        out: list[float] = []
        traits: list[tuple[float, ...]] = []
        depth = 0
        used = 0.0
        tail = ""
        fixed = _fixed([line.text for line, _ in lines])
        begins = True
        for i, ((a, piece), (b, other)) in enumerate(zip(lines, lines[1:], strict=False)):
            depth = depth_after(a.text, depth)
            tail = (tail + a.text)[-_TAIL:]
            if piece.cell_id == other.cell_id:
                share = self.copied.get(int(piece.top), 0.0)
                beside = _latin_end(a.text) or _latin(b.text[0]) or a.text[-1] in ":,、"
                used += width(a.text)
                left = abs(room[piece.cell_id]) - used
                opens = b.size == OPENS
                odds = self._gap(a.text, tail, b.text, share, settled=depth == 0 and not opens, begins=begins)
                if odds < CERTAIN and depth == 0:
                    odds = fixed.get(i, odds)
                begins = odds >= CERTAIN and i not in fixed
                out.append(odds)
                attested = room[piece.cell_id] > 0
                known = left if attested else None
                traits.append((*self._traits(a.text, tail, b.text, share, known, depth), float(opens)))
                # A blank beside Latin letters, or behind a mark, stands inside a printed line as well: it goes on.
                on = beside and odds < SURE and used + width(b.text) <= abs(room[piece.cell_id]) + 0.5
                used = used + 0.5 * (a.text[-1] not in ":,、") if on else 0.0
                continue
            if other.open_top:
                whole = depth == 0 and bool(_LEVEL_END.search(tail))
                goes_on = b.text[0] in _TO_LAST or depth > 0
                goes_on = goes_on or a.text[-1] in _TO_NEXT
                out.append(CERTAIN if whole else _NEVER if goes_on else 0.0)
                traits.append(_at_page_end())
                depth = 0 if whole else depth
            else:
                out.append(CERTAIN)
                traits.append(_at_page_end())
                depth = 0
            used = 0.0
            begins = out[-1] >= CERTAIN
        return tuple(out), tuple(traits)

    def _traits(
        self, first: str, tail: str, second: str, share: float, left: float | None, depth: int
    ) -> tuple[float, ...]:
        """What there is to weigh about a blank: how the row was typed, the room that was left, the two words' ends."""
        copied = share >= _CUT
        slack = None if left is None or len(first) == 1 else left - _first_piece(second)
        level = bool(_LEVEL_END.search(tail))
        issuer = bool(_ISSUER.match(second))
        before, after = _latin(first[-1]) and not level and not issuer, _latin(second[0])
        shouted = first.isascii() and second.isascii() and first.isupper() and second.isupper()
        return (
            float(copied),
            *(float(copied and slack is not None and low < slack <= high) for low, high in _SLACKS),
            float(share < _NO_CUT and min(len(first), len(second)) > 1),
            float(before and not after),
            float(after and not before),
            float(before and after),
            float(shouted and min(len(first), len(second)) > 2),
            float(second[0] in "([《〈"),
            float(issuer),
            float(len(second) == 1 and is_cjk(second)),
            float(len(first) == 1),
            float(first in self.known) + float(second in self.known),
            float(depth > 0),
            float(first.endswith(ORGANISATIONS) and depth == 0),
            float(level and depth == 0),
            float(bool(_BARE_END.search(tail)) and depth == 0),
            float(is_general(second)),
            0.0,
        )

    def _gap(self, first: str, tail: str, second: str, share: float, settled: bool, begins: bool) -> float:
        """What is certain about a blank, or teaches as a boundary (``SURE``); 0 where the traits decide. ``settled``: no
        bracket is open, and no paragraph begins; ``begins``: the first word certainly begins an item."""
        if (
            first[-1] in _TO_NEXT
            or second[0] in _TO_LAST
            or second[0] in "(["
            or second[1:2] == ":"
            or _PROGRAMME.search(first)
        ):
            return _NEVER
        if not settled:
            return 0.0
        if _LEVEL_END.search(tail):
            return CERTAIN
        typed = share < _NO_CUT
        issuer = _ISSUER.match(second)
        organisation = issuer is not None and issuer[1].endswith(ORGANISATIONS)
        if typed and issuer and begins and _is_acronym(first):  # it may well be short for the issuer
            return _NEVER if organisation else 0.0
        if typed and issuer and not (organisation and len(issuer[1]) <= _NAME):
            return CERTAIN
        whole = typed and min(len(first), len(second)) > 1
        known = share < _CUT and first in self.known and second in self.known
        if (whole or known) and second[0] not in "《〈" and not (_latin(first[-1]) or _latin(second[0])):
            return SURE
        return 0.0


TRAITS = 23


def _rooms(lines: Sequence[tuple[Line, Cell]]) -> dict[str, float]:
    """Per cell piece: ems that a line may take, its widest word's (a far wider one was typed as a whole). Negative
    where no other word is about as wide: the room is a guess then."""
    widths: dict[str, list[float]] = defaultdict(list)
    for line, piece in lines:
        widths[piece.cell_id].append(width(normalise(line.text)))
    out = {}
    for cell_id, found in widths.items():
        found.sort(reverse=True)
        if len(found) > 2 and found[0] > found[1] + _FAR:
            del found[0]
        attested = len(found) > 2 and found[2] >= found[0] - _ABOUT
        out[cell_id] = found[0] if attested else -found[0]
    return out


def _is_acronym(text: str) -> bool:
    return len(text) > 2 and text.isascii() and text.isalpha() and text.isupper()


def _fixed(texts: Sequence[str]) -> dict[int, float]:
    """Log-odds of gaps (by the word before) that acronyms and numbers settle.

    Several acronyms in a row are an item each. A lone one, behind which the cell ends or an issuer is named, is short
    for the occupation named before it. A number belongs to what it counts, or to a Latin name before it.
    """
    shouted = [_is_acronym(text) for text in texts]
    out: dict[int, float] = {}
    start = 0
    for i in range(len(texts) + 1):
        if i < len(texts) and shouted[i]:
            continue
        if i - start >= _SEVERAL:
            out.update(dict.fromkeys(range(start, i - 1), CERTAIN))
        closes = i == len(texts) or _ISSUER.match(texts[i])
        if i - start == 1 and start and closes and texts[start - 1][-1] in _OCCUPATION:
            out[start - 1] = _NEVER
        start = i + 1
    for i, text in enumerate(texts):
        if i and _NUMBER.fullmatch(text):
            counts = i + 1 < len(texts) and texts[i + 1][0] in _MEASURES
            if counts or _latin(texts[i - 1][-1]):
                out[i - 1] = _NEVER
            if counts:
                out[i] = _NEVER
    return out


def _at_page_end() -> tuple[float, ...]:
    return (0.0,) * (TRAITS - 2) + (1.0, 0.0)


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
    return Blanks(copied, known)


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
