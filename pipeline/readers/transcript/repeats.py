"""Cells that the transcriber wrote again and again: published once, the others counted in a finding.

Where a class is written one item to a row, a column with fewer items than its neighbours is often filled up by
repeating its last ones, and a machine that loses its place repeats itself for dozens of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LOOP = 3
"""A run of so many equal cells in a column says that the rows around are looping."""
_ROWS = 4


@dataclass(frozen=True)
class Repeat:
    """A cell text that stands once too often, or more: where the one that stays is, and how many others there are."""

    text: str
    line: int
    col: int
    dropped: tuple[tuple[int, str], ...]

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines of the others."""
        return tuple(line for line, _ in self.dropped)


Placed = Sequence[tuple[int, dict[int, str]]]
"""Rows of one block: (line, column → squeezed text)."""


def repeats(block: Placed) -> list[Repeat]:
    """The repetitions within a block: rows that follow one another on one page and belong to one class."""
    if len(block) < _ROWS:
        return []
    columns = sorted({col for _, cells in block for col in cells})
    looping = any(_longest_run(block, col) >= _LOOP for col in columns)
    out: list[Repeat] = []
    for col in columns:
        first: dict[str, int] = {}
        again: dict[str, list[tuple[int, str]]] = {}
        before = ""
        for line, cells in block:
            text = cells.get(col, "")
            if not text:
                before = ""
                continue
            if text in first and (looping or text == before):
                again.setdefault(text, []).append((line, text))
            elif looping and _cut_longer(text, before):
                again.setdefault(before, []).append((line, text))
                continue
            else:
                first.setdefault(text, line)
            before = text
        out.extend(Repeat(text, first[text], col, tuple(others)) for text, others in again.items())
    return out


def _cut_longer(text: str, before: str) -> bool:
    """Whether both are the beginning of one cut-off text, this one a little longer."""
    return (
        len(before) >= 4 and text.startswith(before) and len(text) <= len(before) + 3 and text[-1] not in ")]"
    )


def _longest_run(block: Placed, col: int) -> int:
    longest = run = 0
    before = ""
    for _, cells in block:
        text = cells.get(col, "")
        run = run + 1 if text and text == before else (1 if text else 0)
        longest = max(longest, run)
        before = text
    return longest


def contained(row: Sequence[str], earlier: Sequence[str], least: int = 5) -> bool:
    """Whether a row's filled texts stand, in the same order, in an earlier row: without a gap, or with one gap between
    two stretches the longer of which says enough by itself."""
    if len(row) < least or len(row) > len(earlier):
        return False
    for i in range(len(earlier) - len(row) + 1):
        same = 0
        while same < len(row) and row[same] == earlier[i + same]:
            same += 1
        rest = list(row[same:])
        if not rest or (max(same, len(rest)) >= least and _stands(rest, earlier[i + same :])):
            return True
    return False


def _stands(row: Sequence[str], earlier: Sequence[str]) -> bool:
    return any(list(earlier[i : i + len(row)]) == list(row) for i in range(len(earlier) - len(row) + 1))
