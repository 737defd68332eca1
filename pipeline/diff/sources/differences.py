"""Where two readings of one cell differ: the smallest runs of items that do not say the same.

Items that both readings have, in their order, are anchors (difflib's longest matching blocks). Between two anchors the
joined texts are aligned character by character (Levenshtein); wherever both readings have an item boundary at an
aligned place, the run is cut. So a cell whose text is the same but whose items are split otherwise gives spots of
kind ``split`` only, and one misread character gives one spot of kind ``text`` with one item on either side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate
from os.path import commonprefix

from rapidfuzz.distance import Levenshtein

KINDS = {
    "text": "文字不同",
    "split": "断行读法不同",
    "order": "次序不同",
    "place": "位置不同",
    "left": "仅{left}有",
    "right": "仅{right}有",
}

Span = tuple[int, int]


@dataclass(frozen=True)
class Spot:
    """Items ``left[0]:left[1]`` of one reading against ``right[0]:right[1]`` of the other (either may be empty)."""

    kind: str
    left: Span
    right: Span


def find_spots(left: Sequence[str], right: Sequence[str]) -> list[Spot]:
    """The spots between two readings of a cell, given as items without blanks; none where they agree."""
    if list(left) == list(right):
        return []
    if not left or not right:
        return [Spot("left" if left else "right", (0, len(left)), (0, len(right)))]
    if Counter(left) == Counter(right):
        return [_order(left, right)]
    blocks = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return [
        spot
        for tag, i1, i2, j1, j2 in blocks
        if tag != "equal"
        for spot in _between(left, right, (i1, i2), (j1, j2))
    ]


def _order(left: Sequence[str], right: Sequence[str]) -> Spot:
    same = [one == other for one, other in zip(left, right, strict=True)]
    first = same.index(False)
    last = len(same) - same[::-1].index(False)
    return Spot("order", (first, last), (first, last))


def _between(left: Sequence[str], right: Sequence[str], ours: Span, theirs: Span) -> Iterator[Spot]:
    """The block between two anchors, cut wherever both readings end an item at an aligned place."""
    if ours[0] == ours[1] or theirs[0] == theirs[1]:
        yield Spot("left" if ours[0] < ours[1] else "right", ours, theirs)
        return
    ends, other_ends = _ends(left, ours), _ends(right, theirs)
    i, j = ours[0], theirs[0]
    for at, other_at in _path("".join(left[slice(*ours)]), "".join(right[slice(*theirs)])):
        if at in ends and other_at in other_ends:
            stop, other_stop = ends[at], other_ends[other_at]
            spot = _spot(left, right, (i, stop), (j, other_stop))
            if spot is not None:
                yield spot
            i, j = stop, other_stop


def _ends(items: Sequence[str], span: Span) -> dict[int, int]:
    """Place in the joined text → item number, of the block's beginning and of every item's end."""
    lengths = accumulate(map(len, items[slice(*span)]), initial=0)
    return {at: number for number, at in enumerate(lengths, span[0])}


def _path(one: str, other: str) -> Iterator[tuple[int, int]]:
    """Aligned places of two texts, in order, the end included."""
    for step in Levenshtein.opcodes(one, other):
        if step.tag == "equal":
            places = (
                range(step.src_start + 1, step.src_end + 1),
                range(step.dest_start + 1, step.dest_end + 1),
            )
            yield from zip(*places, strict=True)
        else:
            yield step.src_end, step.dest_end


def _spot(left: Sequence[str], right: Sequence[str], ours: Span, theirs: Span) -> Spot | None:
    mine, yours = left[slice(*ours)], right[slice(*theirs)]
    if list(mine) == list(yours):
        return None
    if not mine or not yours:
        return Spot("left" if mine else "right", ours, theirs)
    return Spot("split" if "".join(mine) == "".join(yours) else "text", ours, theirs)


def core(one: str, other: str) -> tuple[str, str, str, str]:
    """(two characters before, this reading's own part, the other's own part, two characters after)."""
    start = len(commonprefix([one, other]))
    end = len(commonprefix([one[start:][::-1], other[start:][::-1]]))
    stop, other_stop = len(one) - end, len(other) - end
    return one[max(0, start - 2) : start], one[start:stop], other[start:other_stop], one[stop : stop + 2]
