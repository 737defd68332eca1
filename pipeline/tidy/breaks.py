"""What a typesetter's line breaks tell: was a line ended on purpose, or because the next piece did not fit?

A typesetter wraps only where the next *unbreakable piece* does not fit. Which characters stick together differs
between producers (one never parts 级/初, another does), so the rules are learned from the document: a pair of
character classes that stands thousands of times inside lines and never at a line's end is one that the producer
does not part. The defaults for pairs too rare to learn from follow Unicode's line breaking algorithm (UAX #14).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.text import is_cjk
from pipeline.tidy.model import Line

_OPEN = set("([{（［｛【〔《〈“‘「『")
_CLOSE = set(")]}）］｝】〕》〉”’」』%％")
_STOP = set("、，。；：！？·•")
_INFIX = set(",.;:!?")
_SLASH = set("/／\\")
_DASH = set("-‐‑–—－~～+＋=&")

Pair = tuple[str, str]


def char_class(char: str) -> str:
    """The class of a character for line breaking.

    o(pening), c(losing), n (full-width stop), i (half-width infix stop), "/" slash, "-" dash, a (Latin letter or
    digit), s (blank), x (ideograph and the rest).
    """
    if is_cjk(char):
        return "x"
    if char.isspace():
        return "s"
    if char in _OPEN:
        return "o"
    if char in _CLOSE:
        return "c"
    if char in _STOP:
        return "n"
    if char in _INFIX:
        return "i"
    if char in _SLASH:
        return "/"
    if char in _DASH:
        return "-"
    if char.isalnum():
        return "a"
    return "x"


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
    their glyphs (letter spacing).
    """

    sticky: Mapping[Pair, bool | None] = field(default_factory=dict)
    padding: Mapping[str, float] = field(default_factory=dict)
    stretch: float = 1.0

    def sticks(self, pair: Pair) -> bool | None:
        """Whether the producer keeps the pair together; None when neither learned nor agreed among producers."""
        return self.sticky[pair] if pair in self.sticky else _default(pair)

    def first_piece(self, line: Line, loose: bool = False) -> float:
        """Width in points of the first unbreakable piece of ``line``; unknown pairs stick only if not ``loose``."""
        width = 0.0
        before: str | None = None
        for char, advance in zip(line.text, line.advances, strict=True):
            here = char_class(char)
            if before is not None:
                sticks = self.sticks((before, here))
                if sticks is False or (sticks is None and loose):
                    break
            width += advance
            before = here
        return width * self.stretch

    def last_piece(self, line: Line) -> float:
        """Width in points of the last unbreakable piece of ``line``, unknown pairs kept together."""
        width = 0.0
        after: str | None = None
        for char, advance in zip(reversed(line.text), reversed(line.advances), strict=True):
            here = char_class(char)
            if after is not None and self.sticks((here, after)) is False:
                break
            width += advance
            after = here
        return width * self.stretch

    def room(self, width: float, group: str) -> float:
        """The points of a cell ``width`` wide that a line may fill."""
        return width - self.padding.get(group, self.padding.get("", 0.0))


@dataclass(frozen=True, slots=True)
class Gap:
    """Between two printed lines: ``slack`` in ems by which the next piece would still have fitted (negative: it
    would not), ``loose`` the same for the shortest piece any producer might keep, ``parted``: the two characters
    beside the gap never stand at a wrap in this document. ``page_break``: a page ends here."""

    slack: float
    loose: float
    parted: bool
    page_break: bool = False

    @property
    def intended(self) -> bool:
        """The line was ended on purpose."""
        return self.parted or self.slack > 0.1

    @property
    def wrapped(self) -> bool:
        """The line was full: it may have been wrapped."""
        return not self.intended


def gap_between(first: Line, second: Line, room: float, rules: BreakRules) -> Gap:
    """The gap between two lines of a cell in which a line may be ``room`` points wide."""
    size = max(first.size, second.size, 1.0)
    used = first.width
    pair = (char_class(first.text[-1]), char_class(second.text[0]))
    # Word processors put up to a quarter of an em between ideographs and Latin letters.
    extra = 0.3 * size if pair in (("a", "x"), ("x", "a")) else 0.0
    piece = rules.first_piece(second) + extra
    loose = rules.first_piece(second, loose=True) + extra
    # A piece longer than a whole line is broken anywhere: then nothing can be said from the pair.
    # After a dash or slash, and between Latin letters, producers break when they must.
    parted = (
        rules.sticks(pair) is True
        and pair[0] not in "-/"
        and pair != ("a", "a")
        and rules.last_piece(first) + piece <= room
    )
    return Gap(
        (room - used - piece) / size, (room - used - loose) / size, parted, first.page != second.page
    )


def learn(columns: Mapping[str, Iterable[tuple[float, Sequence[Line]]]]) -> BreakRules:
    """Learn the rules from cells: per column group, pairs of (cell width in points, printed lines).

    Groups are tables of one design (the catalogue, one annex): they share their padding.
    """
    inside: Counter[Pair] = Counter()
    spaced = 0
    ends: Counter[Pair] = Counter()
    chars = gaps = 0
    stretches: list[float] = []
    slack: dict[str, list[float]] = {}
    defaults = BreakRules()
    for group, cells in columns.items():
        for width, lines in cells:
            for line in lines:
                classes = [char_class(c) for c in line.text]
                pairs = list(zip(classes, classes[1:], strict=False))
                inside.update(pairs)
                spaced += sum(1 for a, b, c in zip(classes, classes[1:], classes[2:], strict=False) if (a, b, c) == ("a", "s", "a"))
                chars += len(pairs)
                total = sum(line.advances)
                if total > 0 and len(line.text) > 2:
                    stretches.append(line.width / total)
            if len(lines) < 2:
                continue
            for a, b in zip(lines, lines[1:], strict=False):
                gaps += 1
                # A piece longer than the line is broken wherever it must be: that teaches nothing.
                if defaults.last_piece(a) + defaults.first_piece(b) < 0.9 * width:
                    ends[char_class(a.text[-1]), char_class(b.text[0])] += 1
            # Lines with no place to break may run over the border and tell nothing about the padding.
            widest = max((line.width for line in lines if _breakable(line)), default=None)
            if widest is not None:
                slack.setdefault(group, []).append(width - widest)
    rate = gaps / chars if chars else 0.0
    sticky: dict[Pair, bool | None] = {}
    for pair, count in inside.items():
        if "s" in pair:
            continue
        expected = count * rate
        if expected < 4:
            continue
        if pair == ("a", "a"):
            sticky[pair] = ends[pair] <= 3 * spaced * rate + 0.3 * expected
        elif ends[pair] >= max(3.0, 0.12 * expected):
            sticky[pair] = False
        else:
            # Once or twice at a line's end may be an odd case: then the pair is left open.
            sticky[pair] = True if ends[pair] <= 0.02 * expected else None
    for pair in ends:
        sticky.setdefault(pair, _default(pair) if ends[pair] < 3 else False)
    padding = {group: _least(values) for group, values in slack.items() if len(values) >= 3}
    everything = [value for values in slack.values() for value in values]
    padding[""] = _least(everything) if everything else 0.0
    stretches.sort()
    stretch = max(1.0, stretches[len(stretches) // 4]) if stretches else 1.0
    return BreakRules(sticky, padding, stretch)


def _breakable(line: Line) -> bool:
    """Whether a line's width tells how wide a line may be: it could have been broken earlier, and it does not end in
    full-width punctuation, which browsers set half as wide there and word processors let hang into the margin."""
    last = line.text[-1]
    hanging = char_class(last) in "cn" and unicodedata.east_asian_width(last) in "WF"
    return not hanging and sum(is_cjk(c) for c in line.text) >= 2


def _least(values: Sequence[float]) -> float:
    """The least slack of a group's cells, but for the odd cell whose text overflows: the padding."""
    ranked = sorted(values)
    return max(0.0, ranked[min(len(ranked) - 1, len(ranked) // 200)])
