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

KINDS = {
    "text": "文字不同",
    "split": "断行读法不同",
    "order": "次序不同",
    "place": "位置不同",
    "left": "仅{left}有",
    "right": "仅{right}有",
}


@dataclass(frozen=True)
class Spot:
    """Items ``left[0]:left[1]`` of one reading against ``right[0]:right[1]`` of the other (either may be empty)."""

    kind: str
    left: tuple[int, int]
    right: tuple[int, int]


@dataclass(frozen=True)
class Piece:
    """A stretch of a character diff; ``same``: it stands in both."""

    left: str
    right: str
    same: bool


def find_spots(left: Sequence[str], right: Sequence[str]) -> list[Spot]:
    """The spots between two readings of a cell, given as items without blanks; none where they agree."""
    if list(left) == list(right):
        return []
    if not left or not right:
        return [Spot("left" if left else "right", (0, len(left)), (0, len(right)))]
    if Counter(left) == Counter(right):
        return [_order(left, right)]
    spots: list[Spot] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal":
            spots += _between(left, right, (i1, i2), (j1, j2))
    return spots


def _order(left: Sequence[str], right: Sequence[str]) -> Spot:
    same = [one == other for one, other in zip(left, right, strict=True)]
    first = same.index(False)
    last = len(same) - same[::-1].index(False)
    return Spot("order", (first, last), (first, last))


def _between(
    left: Sequence[str], right: Sequence[str], ours: tuple[int, int], theirs: tuple[int, int]
) -> Iterator[Spot]:
    """The block between two anchors, cut wherever both readings end an item at an aligned place."""
    if ours[0] == ours[1] or theirs[0] == theirs[1]:
        yield Spot("left" if ours[0] < ours[1] else "right", ours, theirs)
        return
    ends = {at: number for number, at in _ends(left, ours)}
    other_ends = {at: number for number, at in _ends(right, theirs)}
    one, other = "".join(left[slice(*ours)]), "".join(right[slice(*theirs)])
    start = (ours[0], theirs[0])
    for i, j in _path(one, other):
        if i in ends and j in other_ends:
            end = (ends[i], other_ends[j])
            spot = _spot(left, right, (start[0], end[0]), (start[1], end[1]))
            if spot is not None:
                yield spot
            start = end


def _ends(items: Sequence[str], span: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """(item number, place in the joined text) of the block's beginning and of every item's end."""
    yield span[0], 0
    yield from enumerate(accumulate(map(len, items[slice(*span)])), span[0] + 1)


def _path(one: str, other: str) -> Iterator[tuple[int, int]]:
    """Aligned places of two texts, in order, the end included."""
    from rapidfuzz.distance import Levenshtein

    for step in Levenshtein.opcodes(one, other):
        if step.tag == "equal":
            length = step.src_end - step.src_start
            yield from (
                (step.src_start + offset, step.dest_start + offset) for offset in range(1, length + 1)
            )
        else:
            yield step.src_end, step.dest_end


def _spot(
    left: Sequence[str], right: Sequence[str], ours: tuple[int, int], theirs: tuple[int, int]
) -> Spot | None:
    mine, yours = left[slice(*ours)], right[slice(*theirs)]
    if list(mine) == list(yours):
        return None
    if not mine or not yours:
        return Spot("left" if mine else "right", ours, theirs)
    return Spot("split" if "".join(mine) == "".join(yours) else "text", ours, theirs)


def pieces(one: str, other: str) -> list[Piece]:
    """A character diff of two texts, stretch by stretch. Single equal characters between two differences are joined
    to them: a diff is read more easily in few pieces."""
    from rapidfuzz.distance import Levenshtein

    found: list[Piece] = []
    steps = [
        (step.tag == "equal", one[step.src_start : step.src_end], other[step.dest_start : step.dest_end])
        for step in Levenshtein.opcodes(one, other)
    ]
    for number, (equal, mine, yours) in enumerate(steps):
        same = equal and (len(mine) > 1 or number in (0, len(steps) - 1))
        if found and not found[-1].same and not same:
            found[-1] = Piece(found[-1].left + mine, found[-1].right + yours, False)
        else:
            found.append(Piece(mine, yours, same))
    return found


def core(one: str, other: str) -> tuple[str, str, str, str]:
    """(two characters before, this reading's own part, the other's own part, two characters after)."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    stop, other_stop = len(one) - end, len(other) - end
    return one[max(0, start - 2) : start], one[start:stop], other[start:other_stop], one[stop : stop + 2]
