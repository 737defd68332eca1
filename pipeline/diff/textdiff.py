"""Which characters of a changed text differ, in pieces that a reader takes in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

Runs = tuple[str, ...]
"""A text cut up: pieces at even places stand on both sides, pieces at odd places only on this one."""

_WORDS = re.compile(r"[0-9]+|[A-Za-z]+|\s+|.", re.DOTALL)
"""What is compared: every Chinese character and mark alone, Latin words and numbers whole."""
_OPENING, _CLOSING = frozenset("、，,;；/([（·"), frozenset("、，,;；/)]）")
_LEAST_SHARED = 0.34
"""Below this share of common pieces, two texts are shown as replaced whole: shreds help nobody."""


def _blocks(left: Sequence[str], right: Sequence[str], *, few: bool) -> list[tuple[int, int, int]]:
    """Matching blocks (start left, start right, length); those too short to matter between two changes are dropped.

    Blocks are those of Ratcliff and Obershelp, as difflib finds them, without its heuristic for common pieces.
    """
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    found = [(block.a, block.b, block.size) for block in matcher.get_matching_blocks() if block.size]
    if 2 * sum(size for _, _, size in found) < _LEAST_SHARED * (len(left) + len(right)):
        return []
    kept = []
    for i, j, size in found:
        outer = i == j == 0 or (i + size == len(left) and j + size == len(right))
        matters = size > 1 or (left[i].isalnum() and not (few and len(left[i]) == 1))
        if outer or matters:
            kept.append((i, j, size))
    return kept


def _slide(words: Sequence[str], start: int, end: int, low: int, high: int) -> int:
    """By how many pieces the run ``words[start:end]``, present on one side only, is best shifted.

    An addition such as 五[级、四]级为 may as well be read 五级[、四级]为: a run that begins or ends with a mark reads
    best. The shift stays within ``low`` pieces to the left and ``high`` to the right.
    """

    def rank(shift: int) -> tuple[int, int]:
        first, last = words[start + shift], words[end + shift - 1]
        return (2 * (first in _OPENING) + (last in _CLOSING), -abs(shift))

    shifts = [0]
    for step, limit in ((1, high), (-1, low)):
        shift = 0
        while abs(shift) < limit:
            inner, outer = (start + shift, end + shift) if step > 0 else (end + shift - 1, start + shift - 1)
            if words[inner] != words[outer]:
                break
            shift += step
            shifts.append(shift)
    return max(shifts, key=rank)


def _slid(
    blocks: Sequence[tuple[int, int, int]], left: Sequence[str], right: Sequence[str]
) -> list[tuple[int, int, int]]:
    """The blocks with what is only added or only removed between them shifted to where it reads best."""
    out = [(0, 0, 0)]
    for i, j, size in [*blocks, (len(left), len(right), 0)]:
        a, b, length = out[-1]
        shift = 0
        if i == a + length and j > b + length:
            shift = _slide(right, b + length, j, length, size)
        elif j == b + length and i > a + length:
            shift = _slide(left, a + length, i, length, size)
        out[-1] = (a, b, length + shift)
        out.append((i + shift, j + shift, size - shift))
    return out


def compare_texts(before: str, after: str, *, few: bool = False) -> tuple[Runs, Runs]:
    """Both texts as :data:`Runs`. ``"".join(runs)`` is the text again; equal texts are one piece each.

    ``few``: a single character that stays between two changes counts as changed, too: fewer pieces.
    """
    if before == after:
        return (before,), (after,)
    left, right = _WORDS.findall(before), _WORDS.findall(after)
    runs: tuple[list[str], list[str]] = ([], [])
    at = [0, 0]
    for i, j, size in _slid(_blocks(left, right, few=few), left, right):
        for side, (words, upto) in enumerate(((left, i), (right, j))):
            changed, shared = "".join(words[at[side] : upto]), "".join(words[upto : upto + size])
            if changed or not runs[side]:
                runs[side].extend(["", changed] if not runs[side] else [changed])
                runs[side].append(shared)
            else:
                runs[side][-1] += shared
            at[side] = upto + size
    return _tidy(runs[0]), _tidy(runs[1])


def _tidy(runs: Sequence[str]) -> Runs:
    """Without empty pieces at the end, and without a changed piece that is empty at the start."""
    out = list(runs)
    if len(out) >= 3 and out[0] == "" and out[1] == "":
        out = out[2:]
    while len(out) > 1 and out[-1] == "":
        out.pop()
    return tuple(out)
