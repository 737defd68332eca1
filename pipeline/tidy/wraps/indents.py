"""Indents and justification: layouts that show by themselves whether a line goes on with the one above."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pipeline.model import Line
from pipeline.tidy.wraps.break_classes import classes_of, is_breakable

ALIGNED = 1.3
"""Points by which left edges of lines that begin alike may differ."""


def learn_indent(cells: Iterable[tuple[float, float, Sequence[Line]]]) -> tuple[float, float] | None:
    """(first, further) indents of a group of cells, or None where lines do not differ by indent.

    Nearly all cells must begin at one indent, and nearly all further lines of these at that one or one other. Cells that
    begin elsewhere (a column set further in), and those whose text is centred, do not show what a further line's indent is.
    """
    offsets: list[list[float]] = []
    size = 1.0
    for left, width, lines in cells:
        if len(lines) < 2 or _is_centred(left, width, lines):
            continue
        size = max(size, lines[0].size)
        offsets.append([round((line.x0 - left) * 2) / 2 for line in lines])
    first = Counter(at for at, *_ in offsets)
    if sum(first.values()) < 8:
        return None
    begin = _mode(first)
    if begin is None:
        return None
    rest = Counter(at for own, *more in offsets if abs(own - begin) <= ALIGNED for at in more)
    further = _mode(Counter({at: n for at, n in rest.items() if abs(at - begin) > ALIGNED}))
    if further is None or abs(begin - further) < 0.4 * size:
        return None
    total = sum(rest.values())
    at_begin, at_further = _near(rest, begin), _near(rest, further)
    usual = _near(first, begin) >= 0.75 * sum(first.values())
    both = at_further >= 0.15 * total and at_begin >= 0.03 * total and at_begin + at_further >= 0.9 * total
    return (begin, further) if usual and both else None


def _is_centred(left: float, width: float, lines: Sequence[Line]) -> bool:
    """Whether each line leaves as much room on its left as on its right."""
    return all(abs((line.x0 + line.x1) - (2 * left + width)) <= ALIGNED for line in lines)


def is_stretched(line: Line, usual: float) -> bool:
    """Whether a line's characters are set wider apart than is usual in the document."""
    total = sum(line.advances)
    return total > 0 and len(line.text) > 1 and line.width / total > 1.02 * usual


def is_justified(cells: Iterable[tuple[float, float, Sequence[Line]]], stretch: float) -> bool:
    """Whether wrapped lines are stretched, and only these.

    Lines within brackets are certainly wrapped: many of them must be stretched; a cell's last line certainly is not:
    few of these may be (where a page break cut the cell). (Where even lines ended by hand are stretched, stretching tells nothing.)
    """
    wrapped = stretched = last = stretched_last = 0
    for _, _, lines in cells:
        depth = 0
        for line in lines:
            classes = classes_of(line.text)
            depth = max(0, depth + classes.count("o") - classes.count("c"))
            if not is_breakable(line.text):
                continue
            if line is lines[-1]:
                last += depth == 0
                stretched_last += depth == 0 and is_stretched(line, stretch)
            elif depth:
                wrapped += 1
                stretched += is_stretched(line, stretch)
    return wrapped >= 20 and stretched >= 0.5 * wrapped and last >= 20 and stretched_last <= 0.15 * last


def _near(counts: Counter[float], at: float) -> int:
    return sum(n for other, n in counts.items() if abs(other - at) <= ALIGNED)


def _mode(counts: Counter[float]) -> float | None:
    """The place round which most stand (ties: the leftmost)."""
    if not counts:
        return None
    best = max(sorted(counts), key=lambda at: _near(counts, at))
    close = {at: n for at, n in counts.items() if abs(at - best) <= ALIGNED}
    return sum(at * n for at, n in close.items()) / sum(close.values())
