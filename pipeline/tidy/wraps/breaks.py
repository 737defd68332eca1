"""What a typesetter's line breaks tell: was a line ended on purpose, or because the next piece did not fit?

A typesetter wraps only where the next *unbreakable piece* does not fit. Which characters stick together differs
between producers (one never parts 级/初, another does), so the rules are learned from the document: a pair of
character classes that stands thousands of times inside lines and never at a line's end is one that the producer
does not part. Beside what the document teaches stands Unicode's line breaking algorithm (UAX #14): of the two pieces the
longer one counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from pipeline.model import Line
from pipeline.tidy.wraps.break_classes import classes_of, first_break, is_breakable
from pipeline.tidy.wraps.indents import ALIGNED, is_justified, is_stretched, learn_indent

Pair = tuple[str, str]
Column = tuple[str, int, int]
"""A group of tables and the borders of one of its columns, in tenths of points."""

_SCRIPT_GAP = 0.25
"""Ems that word processors may put between an ideograph and a Latin letter beside it."""

_BLANK = 0.5
"""Ems at most of a blank between Latin words, which a wrap swallows."""

_DRAWN_APART = re.compile("(?<!a)a(?:sa)+(?!a)")
"""Single letters parted by blanks: a word drawn apart in a justified line, whose blanks nobody typed."""

_RUNS_ON = 3
"""Lines over which a piece may run on."""

CERTAIN_WRAPS = 30
"""Wraps inside brackets from which on they tell the room of a group of tables."""

_AS_WIDE, _CERTAIN_HERE = 3, 10
"""Lines that must be as wide, so that a column is known to have the room; and certain wraps of its own that can say that it has not."""

_HAIR, _FITS, _SHORT = 0.05, 0.1, 0.5
"""Points by which equally wide lines may differ; ems of room from which on a piece would have fitted, and by which no line falls
short that is stretched to its cell's width."""


def _default(pair: Pair) -> bool | None:
    """Whether a pair sticks together when the document has too few examples; None where producers differ."""
    first, second = pair
    if "s" in pair:
        return False
    if second in "cni" or first == "o":
        return True
    if pair in (("a", "a"), ("i", "a")):
        return True
    if "/" in pair or "-" in pair:
        return None
    return False


@dataclass(frozen=True)
class BreakRules:
    """Learned line-breaking rules of one document.

    ``sticky[pair]``: the producer does not part the pair (None: unknown). ``padding``: points of a cell's width,
    both sides together, that text never uses, by column group. ``stretch``: how much wider lines are set than
    their glyphs (letter spacing). ``indents``: where items are set with a first-line or hanging indent, the distance in
    points from the cell's left border at which an item's first line and its further lines begin. ``justified``: the groups
    in which wrapped lines are stretched to the cell's width, and ends on purpose are not; ``flush``: those of them in which
    hardly any wrapped line falls short of it. ``certain``: how many wraps inside brackets tell the padding. ``filled``: by column, the points that its lines are known to fill.
    """

    sticky: Mapping[Pair, bool | None] = field(default_factory=dict)
    padding: Mapping[str, float] = field(default_factory=dict)
    stretch: float = 1.0
    indents: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    justified: frozenset[str] = frozenset()
    flush: frozenset[str] = frozenset()
    certain: int = 0
    filled: Mapping[Column, float] = field(default_factory=dict)

    def sticks(self, pair: Pair) -> bool | None:
        """Whether the producer keeps the pair together; None when neither learned nor agreed among producers."""
        return self.sticky[pair] if pair in self.sticky else _default(pair)

    def first_pieces(self, lines: Sequence[Line]) -> tuple[float, float]:
        """Width in points of the first unbreakable piece of the text that begins with ``lines[0]`` and may run on over its
        end: unknown pairs stick; they do not."""
        text = "".join(line.text for line in lines[:_RUNS_ON])
        advances = [advance for line in lines[:_RUNS_ON] for advance in line.advances]
        classes = _DRAWN_APART.sub(lambda found: "a" * len(found[0]), classes_of(text))
        ends = first_break(text)
        width = advances[0]
        loose: float | None = None
        for at, pair in enumerate(pairwise(classes), start=1):
            sticks = self.sticks(pair)
            if not sticks and loose is None:
                loose = width
            if sticks is False and at >= ends:
                break
            if "x" in pair and pair[0] != pair[1] and {*pair} & {"a", "i"}:
                width += _SCRIPT_GAP * lines[0].size / self.stretch
            width += 0.0 if pair[1] == "a" and text[at] == " " else advances[at]
        return width * self.stretch, (width if loose is None else loose) * self.stretch

    def last_piece(self, line: Line) -> float:
        """Width in points of the last unbreakable piece of ``line``, unknown pairs kept together."""
        width = line.advances[-1]
        pairs = list(pairwise(classes_of(line.text)))
        for pair, advance in zip(reversed(pairs), line.advances[-2::-1], strict=True):
            if self.sticks(pair) is False:
                break
            width += advance
        return width * self.stretch

    @property
    def is_guess(self) -> bool:
        """Whether too few wraps are certain to tell how much room lines have."""
        return self.certain < CERTAIN_WRAPS

    def room(self, x0: float, x1: float, group: str) -> float:
        """The points that a line of a cell between ``x0`` and ``x1`` may fill."""
        room = x1 - x0 - self.padding.get(group, self.padding.get("", 0.0))
        return max(room, self.filled.get(_column(x0, x1, group), room))


class Gap(NamedTuple):
    """Between two printed lines: ``slack`` in ems by which the next piece would still have fitted (negative: it
    would not), ``loose`` the same for the shortest piece any producer might keep. ``settled``: the next line's indent, or
    the stretching of the first, shows that the line ended on purpose (True) or was wrapped (False); None where they tell
    nothing. A gap before a piece wider than a line has no room to tell by, and one between Latin letters only where the next word
    and a blank would have fitted: else slack 0."""

    slack: float
    loose: float
    settled: bool | None = None

    @property
    def intended(self) -> bool:
        """The line was ended on purpose."""
        if self.settled is not None:
            return self.settled
        return self.slack > _FITS


def gap_between(
    first: Line,
    behind: Sequence[Line],
    room: float,
    rules: BreakRules,
    group: str,
    lefts: tuple[float, float],
) -> Gap:
    """The gap between a line of a cell, in which a line may be ``room`` points wide, and the lines ``behind`` it.

    ``lefts``: the left borders of the cells (cell pieces) in which the first and the second line stand.
    """
    second = behind[0]
    size = max(first.size, second.size, 1.0)
    used = first.width
    settled: bool | None = None
    if group in rules.indents:
        begin, further = rules.indents[group]
        offset = second.x0 - lefts[1]
        if abs(offset - begin) <= ALIGNED:
            # Some typesetters begin a cut cell's rest like a new paragraph: below a page break it tells nothing.
            settled = True if first.page == second.page else None
        elif abs(offset - further) <= ALIGNED:
            settled = False
        used += max(0.0, first.x0 - lefts[0] - min(begin, further))
    if settled is None and group in rules.justified:
        if is_stretched(first, rules.stretch):
            settled = False
        elif group in rules.flush and is_breakable(first.text) and room - used > _SHORT * size:
            settled = True
    letters = _between_letters(first, second)
    if settled is None and letters and second.text[0].islower() and _is_full(first, second, room):
        settled = False  # a word wider than a line goes on
    pair = (classes_of(first.text)[-1], classes_of(second.text)[0])
    extra = 1.2 * _SCRIPT_GAP * size if pair in (("a", "x"), ("x", "a")) else _BLANK * size * letters
    piece, loose = (width + extra for width in rules.first_pieces(_running_on(behind, room)))
    slack, least = (room - used - piece) / size, (room - used - loose) / size
    if piece > room or (letters and slack <= _FITS):
        return Gap(0.0, 0.0, settled)
    return Gap(slack, least, settled)


def _between_letters(first: Line, second: Line) -> bool:
    return classes_of(first.text)[-1] == classes_of(second.text)[0] == "a"


def _is_full(line: Line, after: Line, room: float) -> bool:
    """Whether not even the next character would have fitted."""
    return room - line.width <= after.advances[0] + _FITS * line.size


def _running_on(lines: Sequence[Line], room: float) -> Sequence[Line]:
    """The lines that a piece may run on over, which begins with the first: a Latin word only where no letter more fits, or
    the next line begins with a small one."""
    for at, (line, after) in enumerate(pairwise(lines[:_RUNS_ON]), start=1):
        if _between_letters(line, after) and not (after.text[0].islower() or _is_full(line, after, room)):
            return lines[:at]
    return lines


CellPiece = tuple[float, float, Sequence[Line]]
"""Left border, width (points) and printed lines of a cell piece."""
Columns = Mapping[str, Sequence[CellPiece]]
"""Cell pieces by group of tables of one design (the catalogue, one annex)."""


@dataclass
class Habits:
    """What the lines of cells show of how their producer breaks lines.

    ``inside``: the pairs that stand in lines; ``spaced``: those parted by a blank (which a wrap swallows); ``ends``: the
    pairs that lines were broken between, of ``gaps`` in all; ``stretches``: how much wider than its glyphs each line is
    set; ``slack``: by group, the points that each cell's widest line leaves free.
    """

    inside: Counter[Pair] = field(default_factory=Counter)
    spaced: Counter[Pair] = field(default_factory=Counter)
    ends: Counter[Pair] = field(default_factory=Counter)
    gaps: int = 0
    stretches: list[float] = field(default_factory=list)
    slack: dict[str, list[float]] = field(default_factory=dict)


def observe(columns: Columns) -> Habits:
    """The habits that cells show."""
    out = Habits()
    defaults = BreakRules()
    for group, cells in columns.items():
        for _, width, lines in cells:
            for line in lines:
                classes = classes_of(line.text)
                out.inside.update(pairwise(classes))
                if "s" in classes:
                    out.spaced.update(
                        (x, z) for x, y, z in zip(classes, classes[1:], classes[2:], strict=False) if y == "s"
                    )
                total = sum(line.advances)
                if total > 0 and len(line.text) > 2:
                    out.stretches.append(line.width / total)
            if len(lines) < 2:
                continue
            out.gaps += len(lines) - 1
            for a, b in pairwise(lines):
                # A piece longer than the line is broken wherever it must be: that teaches nothing.
                if defaults.last_piece(a) + defaults.first_pieces([b])[0] < 0.9 * width:
                    out.ends[classes_of(a.text)[-1], classes_of(b.text)[0]] += 1
            # Lines with no place to break may run over the border and tell nothing about the padding.
            breakable = [line.width for line in lines if is_breakable(line.text)]
            if breakable:
                out.slack.setdefault(group, []).append(width - max(breakable))
    return out


def learn(columns: Columns) -> BreakRules:
    """The rules for cells. Padding, indents and justification are those of each group, all else is the producer's."""
    habits = observe(columns)
    stretches = sorted(habits.stretches)
    stretch = max(1.0, stretches[len(stretches) // 4]) if stretches else 1.0
    justified = frozenset(group for group, cells in columns.items() if is_justified(cells, stretch))
    indents = {group: found for group, cells in columns.items() if (found := learn_indent(cells)) is not None}
    rules = BreakRules(_sticky(habits), {}, stretch, indents, justified)
    cells: dict[Column, list[CellPiece]] = {}
    for group, some in columns.items():
        for left, width, lines in some:
            cells.setdefault(_column(left, left + width, group), []).append((left, width, lines))
    certain = {column: list(_certain_wraps(own, rules)) for column, own in cells.items()}
    wraps: dict[str, list[_Wrap]] = {group: [] for group in columns}
    for (group, _, _), some_wraps in certain.items():
        wraps[group] += some_wraps
    filled = {column: room for column, own in cells.items() if (room := _filled(own, certain[column]))}
    paddings = _paddings(wraps, habits.slack)
    flush = frozenset(
        group for group in justified if _is_flush(wraps[group], paddings.get(group, paddings[""]))
    )
    number = sum(map(len, wraps.values()))
    return replace(rules, padding=paddings, flush=flush, certain=number, filled=filled)


def _is_flush(wraps: Sequence[_Wrap], padding: float) -> bool:
    short = sum(wrap.free - padding > _SHORT * wrap.size for wrap in wraps)
    return len(wraps) >= CERTAIN_WRAPS and short <= 0.02 * len(wraps)


def _column(x0: float, x1: float, group: str) -> Column:
    return group, round(10 * x0), round(10 * x1)


def _filled(cells: Sequence[CellPiece], wraps: Sequence[_Wrap]) -> float | None:
    """How wide a line of a column may be, as far as its own lines show: some are that wide, and hardly any certainly
    wrapped line was as narrow with its next piece. (Borders are drawn on whole pixels, so that a column's width may be a
    point more or less than it is.)"""
    breakable = [line for _, _, lines in cells for line in lines if is_breakable(line.text)]
    widths = sorted(line.width for line in breakable if line.width <= cells[0][1])
    if len(widths) < _AS_WIDE:
        return None
    widest = widths[-_AS_WIDE] + _HAIR
    with_next = sorted(wrap.with_next for wrap in wraps)
    if len(with_next) >= _CERTAIN_HERE and widest >= with_next[len(with_next) // 50]:
        return None
    return widest + _FITS * breakable[0].size


class _Wrap(NamedTuple):
    """A wrap inside brackets, which is certain: points that its line leaves free, and those that would be left had the
    next piece been set before it; how wide the line would be then; the size of its letters."""

    free: float
    left: float
    with_next: float
    size: float


def _paddings(wraps: Mapping[str, Sequence[_Wrap]], slack: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The padding of each group, and of the whole document ("").

    Into the room that it leaves the next piece fits at hardly any certain wrap, and nearly every certainly wrapped line
    does. Where a group has too few of them, the document's counts, bounded by the group's widest lines (where these are
    full).
    """
    everything = [wrap for some in wraps.values() for wrap in some]
    widest = {group: _least(values) for group, values in slack.items() if len(values) >= 3}
    least = _least([value for values in slack.values() for value in values])
    enough = len(everything) >= CERTAIN_WRAPS
    out = {"": max(least, _padding_of(everything)) if enough else least}
    size = max((wrap.size for wrap in everything), default=0.0)
    for group in wraps:
        if len(wraps[group]) >= CERTAIN_WRAPS:
            out[group] = max(widest.get(group, 0.0), _padding_of(wraps[group]))
        elif group in widest and (not enough or abs(widest[group] - out[""]) <= size):
            out[group] = widest[group]
    return out


def _padding_of(wraps: Sequence[_Wrap]) -> float:
    """The padding that certain wraps tell."""
    left = sorted(wrap.left for wrap in wraps)
    free = sorted(wrap.free for wrap in wraps)
    return max(0.0, min(left[int(len(left) * 0.985)], free[len(free) // 20]))


def _certain_wraps(cells: Iterable[CellPiece], rules: BreakRules) -> Iterator[_Wrap]:
    """The wraps inside brackets that tell how much room there is."""
    plain = replace(rules, indents={}, justified=frozenset())
    for left, width, lines in cells:
        depth = 0
        for at, first in enumerate(lines[:-1], start=1):
            classes = classes_of(first.text)
            depth = max(0, depth + classes.count("o") - classes.count("c"))
            gap = gap_between(first, lines[at:], width, plain, "", (left, left)) if depth else None
            if gap is not None and gap.slack and not _between_letters(first, lines[at]):
                size = max(first.size, lines[at].size, 1.0)
                left_over = gap.slack * size
                yield _Wrap(width - first.width, left_over, width - left_over, size)


def _sticky(habits: Habits) -> dict[Pair, bool | None]:
    """Which pairs the producer does not part: those that lines are broken between far less often than chance has it."""
    ends, spaced = habits.ends, habits.spaced
    chars = habits.inside.total()
    rate = habits.gaps / chars if chars else 0.0
    sticky: dict[Pair, bool | None] = {}
    for pair, count in habits.inside.items():
        expected = count * rate
        if "s" in pair or expected < 4:
            continue
        if spaced[pair] and spaced[pair] >= ends[pair]:
            sticky[pair] = _default(pair)
        elif pair == ("a", "a"):
            sticky[pair] = ends[pair] <= 0.3 * expected
        elif ends[pair] >= max(3.0, 0.12 * expected):
            sticky[pair] = False
        else:
            # Once or twice at a line's end may be an odd case: then the pair is left open.
            sticky[pair] = True if ends[pair] <= 0.02 * expected else None
    for pair in ends:
        known = ends[pair] < 3 or spaced[pair] >= ends[pair]
        sticky.setdefault(pair, _default(pair) if known else False)
    return sticky


def _least(values: Sequence[float]) -> float:
    """The least slack of cells, but for the odd cell whose text overflows: the padding as far as widest lines tell it."""
    ranked = sorted(values)
    return max(0.0, ranked[min(len(ranked) - 1, len(ranked) // 200)]) if ranked else 0.0
