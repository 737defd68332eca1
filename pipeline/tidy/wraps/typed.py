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
from functools import lru_cache
from itertools import groupby

from pipeline.model import Cell, GridCell, Line
from pipeline.reading import OPENS, PITCH
from pipeline.text import CLOSE, CLOSE_QUOTES, OPEN, OPEN_QUOTES, depth_after, is_cjk, normalise
from pipeline.tidy.wraps.segment_model import CERTAIN, SURE, is_latin
from pipeline.tidy.wraps.segment_weights import ORGANISATIONS, is_general

_OPENING = OPEN + OPEN_QUOTES
_TO_NEXT = frozenset(_OPENING + "/、:,&+·—-~～")
_TO_LAST = frozenset(CLOSE + CLOSE_QUOTES + "/、:,。;；&+·—-~～%")
"""Marks that hold on to the word behind them, or to the word before them."""
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
_PIECE = re.compile(rf"(?:[A-Za-z0-9]+|.)[{re.escape(''.join(_TO_LAST))}]*")
"""What is never parted: a character, or a Latin word, with the closing marks behind it."""
_CUT = 0.06
_NO_CUT = 0.045
_ENOUGH, _NEAR = 30, 4
"""Share of blanks inside brackets from which on a row is taken to be copied line by line."""
_PAGE_END = (*[0.0] * 21, 1.0, 0.0)
"""The traits of a gap at a page end."""


@lru_cache(maxsize=65536)
def width(text: str) -> float:
    """Printed width in ems: full-width characters count one, others a half."""
    return sum(1.0 if is_cjk(c) or ord(c) > 0x2E7F else 0.5 for c in text)


def _latin_end(text: str) -> bool:
    """Whether a word ends in Latin letters or digits, a closing bracket behind them aside."""
    return is_latin(text[-1]) or (text[-1] in ")]" and len(text) > 1 and is_latin(text[-2]))


@dataclass(frozen=True)
class _Blank:
    """A blank between two words of a cell.

    ``tail``: the end of all text before it; ``depth``: brackets open there; ``share``: of its row's blanks, those inside
    (see ``Blanks``); ``left``: ems of room behind the first word, None where unknown; ``opens``: a paragraph begins.
    """

    first: str
    second: str
    tail: str
    depth: int
    share: float
    left: float | None
    opens: bool


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
        certain (0: it is not), and its traits, what there is to weigh."""
        room = _rooms(lines)
        fixed = _fixed([line.text for line, _ in lines])
        out: list[float] = []
        traits: list[tuple[float, ...]] = []
        depth, used, tail = 0, 0.0, ""
        begins = True
        for i, ((a, piece), (b, other)) in enumerate(zip(lines, lines[1:], strict=False)):
            depth = depth_after(a.text, depth)
            tail = (tail + a.text)[-_TAIL:]
            if piece.cell_id == other.cell_id:
                widest, attested = room[piece.cell_id]
                used += width(a.text)
                left = widest - used if attested else None
                share = self.copied.get(int(piece.top), 0.0)
                blank = _Blank(a.text, b.text, tail, depth, share, left, b.size == OPENS)
                odds = self._certain(blank, begins)
                if odds < CERTAIN and depth == 0:
                    odds = fixed.get(i, odds)
                begins = odds >= CERTAIN and i not in fixed
                traits.append(self._traits(blank))
                # A blank beside Latin letters, or behind a mark, stands inside a printed line as well: it goes on.
                marked = a.text[-1] in ":,、"
                beside = _latin_end(a.text) or is_latin(b.text[0]) or marked
                on = beside and odds < SURE and used + width(b.text) <= widest + 0.5
                used = used + 0.5 * (not marked) if on else 0.0
            else:
                whole = not other.open_top or (depth == 0 and _LEVEL_END.search(tail) is not None)
                goes_on = depth > 0 or b.text[0] in _TO_LAST or a.text[-1] in _TO_NEXT
                odds = CERTAIN if whole else _NEVER if goes_on else 0.0
                traits.append(_PAGE_END)
                depth = 0 if whole else depth
                used = 0.0
                begins = whole
            out.append(odds)
        return tuple(out), tuple(traits)

    def _certain(self, blank: _Blank, begins: bool) -> float:
        """What is certain about a blank, or teaches as a boundary (``SURE``); 0 where the traits decide. ``begins``: the
        first word certainly begins an item."""
        first, second = blank.first, blank.second
        held = first[-1] in _TO_NEXT or second[0] in _TO_LAST or second[0] in "(["
        if held or second[1:2] == ":" or _PROGRAMME.search(first):
            return _NEVER
        if blank.depth or blank.opens:
            return 0.0
        if _LEVEL_END.search(blank.tail):
            return CERTAIN
        typed = blank.share < _NO_CUT
        issuer = _ISSUER.match(second)
        organisation = issuer is not None and issuer[1].endswith(ORGANISATIONS)
        if typed and issuer and begins and _is_acronym(first):  # it may well be short for the issuer
            return _NEVER if organisation else 0.0
        if typed and issuer and not (organisation and len(issuer[1]) <= _NAME):
            return CERTAIN
        whole = typed and min(len(first), len(second)) > 1
        known = blank.share < _CUT and {first, second} <= self.known
        if (whole or known) and second[0] not in "《〈" and not (is_latin(first[-1]) or is_latin(second[0])):
            return SURE
        return 0.0

    def _traits(self, blank: _Blank) -> tuple[float, ...]:
        """What there is to weigh about a blank: how the row was typed, the room that was left, the two words' ends."""
        first, second = blank.first, blank.second
        copied = blank.share >= _CUT
        slack = math.nan
        piece = _PIECE.match(second)
        if copied and blank.left is not None and len(first) > 1 and piece:
            slack = blank.left - width(piece[0])
        level = bool(_LEVEL_END.search(blank.tail))
        issuer = bool(_ISSUER.match(second))
        before, after = is_latin(first[-1]) and not level and not issuer, is_latin(second[0])
        shouted = first.isascii() and second.isascii() and first.isupper() and second.isupper()
        short = min(len(first), len(second))
        outside = blank.depth == 0
        traits = (
            copied,
            *(low < slack <= high for low, high in _SLACKS),
            blank.share < _NO_CUT and short > 1,
            before and not after,
            after and not before,
            before and after,
            shouted and short > 2,
            second[0] in "([《〈",
            issuer,
            len(second) == 1 and is_cjk(second),
            len(first) == 1,
            (first in self.known) + (second in self.known),
            not outside,
            first.endswith(ORGANISATIONS) and outside,
            level and outside,
            outside and _BARE_END.search(blank.tail) is not None,
            is_general(second),
            False,  # it is not a page end
            blank.opens,
        )
        return tuple(map(float, traits))


def _rooms(lines: Sequence[tuple[Line, Cell]]) -> dict[str, tuple[float, bool]]:
    """Per cell piece: ems that a line may take, its widest word's (a far wider one was typed as a whole), and whether
    other words are about as wide: else the room is a guess."""
    widths: dict[str, list[float]] = defaultdict(list)
    for line, piece in lines:
        widths[piece.cell_id].append(width(normalise(line.text)))
    out = {}
    for cell_id, found in widths.items():
        found.sort(reverse=True)
        if len(found) > 2 and found[0] > found[1] + _FAR:
            del found[0]
        out[cell_id] = found[0], len(found) > 2 and found[2] >= found[0] - _ABOUT
    return out


def _is_acronym(text: str) -> bool:
    return len(text) > 2 and text.isascii() and text.isalpha() and text.isupper()


def _fixed(texts: Sequence[str]) -> dict[int, float]:
    """Log-odds of gaps (by the word before) that acronyms and numbers settle.

    Several acronyms in a row are an item each. A lone one, behind which the cell ends or an issuer is named, is short
    for the occupation named before it. A number belongs to what it counts, or to a Latin name before it.
    """
    out: dict[int, float] = {}
    for acronyms, group in groupby(range(len(texts)), key=lambda i: _is_acronym(texts[i])):
        run = list(group)
        start, after = run[0], run[-1] + 1
        if acronyms and len(run) >= _SEVERAL:
            out.update(dict.fromkeys(run[:-1], CERTAIN))
        closes = after == len(texts) or _ISSUER.match(texts[after])
        if acronyms and len(run) == 1 and start and closes and texts[start - 1][-1] in _OCCUPATION:
            out[start - 1] = _NEVER
    for i, text in enumerate(texts):
        if i and _NUMBER.fullmatch(text):
            counts = i + 1 < len(texts) and texts[i + 1][0] in _MEASURES
            if counts or is_latin(texts[i - 1][-1]):
                out[i - 1] = _NEVER
            if counts:
                out[i] = _NEVER
    return out


def learn_blanks(cells: Sequence[Cell]) -> Blanks:
    """Which rows were copied line by line (the share of their blanks that stand inside brackets or before a lone end
    of a word), and which words are whole items."""
    inside: dict[int, int] = defaultdict(int)
    total: dict[int, int] = defaultdict(int)
    standing: dict[str, set[int]] = defaultdict(set)
    for cell in cells:
        row = int(cell.top)
        texts = [normalise(line.text) for line in cell.lines]
        depth = 0
        for a, b in zip(texts, texts[1:], strict=False):
            depth = depth_after(a, depth)
            total[row] += 1
            held = is_latin(a[-1]) or is_latin(b[0]) or a[-1] in _TO_NEXT or b[0] in _TO_LAST
            inside[row] += (depth > 0 and not held) or (len(b) == 1 and is_cjk(b))
        for text in texts:
            if len(text) > 1 and depth_after(text) == 0 and text[0] not in _OPENING:
                standing[text].add(row)
    copied = {}
    for row, blanks in total.items():
        # A short row is judged with its neighbours.
        rows = [row] if blanks >= _ENOUGH else [near for near in total if abs(near - row) <= _NEAR * PITCH]
        copied[row] = sum(inside[near] for near in rows) / sum(total[near] for near in rows)
    known = frozenset(
        text
        for text, rows_of in standing.items()
        if sum(copied.get(row, 0.0) < _CUT for row in rows_of) >= _SEVERAL
    )
    return Blanks(copied, known)


def list_lines(cell: GridCell) -> list[Line]:
    """The intended lines of an annex cell: words are put together except where a blank parts two whole texts.

    A blank is a line end where no bracket is open and neither side is Latin or a digit, nor holds on to the other by
    a mark (、 / : …). A lone character is a wrap.
    """
    out: list[Line] = []
    for line in cell.lines:
        before = out[-1].text if out else ""
        held = before and (before[-1] in _TO_NEXT or line.text[0] in _TO_LAST or depth_after(before) > 0)
        if held or (before and (is_latin(before[-1]) or is_latin(line.text[0]) or len(line.text) == 1)):
            out[-1] = replace(out[-1], text=normalise(f"{before} {line.text}"))
        else:
            out.append(replace(line, text=normalise(line.text), advances=()))
    return [line for line in out if line.text]
