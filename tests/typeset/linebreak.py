"""Line breaking as producers do it: with East Asian rules (kinsoku), with Latin words kept whole, or anywhere."""

from __future__ import annotations

from collections.abc import Callable

NO_START = set("，。、；：？！）】》〉〕”’」』％%)]}:;,.?!/·…—～々")
NO_END = set("（【《〈〔“‘「『([{")


def _latin(char: str) -> bool:
    return char.isascii() and not char.isspace()


def may_break(before: str, after: str, mode: str) -> bool:
    """Whether a line may end between two neighbouring characters."""
    if after.isspace():
        return False
    if mode == "char" or before.isspace():
        return True
    if _latin(before) and _latin(after) and (before.isalnum() or after.isalnum()):
        # a bracket or colon beside a word of letters goes with it, as in most word processors
        opens = after in NO_END and not before.isalnum()
        if not (opens or (mode == "word" and not (before.isalnum() and after.isalnum()))):
            return False
    if mode == "kinsoku":
        return after not in NO_START and before not in NO_END
    return True


def break_lines(
    text: str, width: float, measure: Callable[[str], float], mode: str, first: float = 0.0, rest: float = 0.0
) -> list[str]:
    """Greedy lines of ``text`` within ``width`` (indents ``first`` and ``rest``); blanks at line ends are dropped."""
    pieces: list[str] = []
    for char in text:
        if pieces and not may_break(pieces[-1][-1], char, mode):
            pieces[-1] += char
        else:
            pieces.append(char)
    lines: list[str] = []
    line, used = "", 0.0

    def room() -> float:
        return width - (rest if lines else first) + 0.01

    for piece in pieces:
        wide = sum(map(measure, piece.rstrip()))
        if line and used + wide > room():
            lines.append(line.rstrip())
            line, used = "", 0.0
        if wide > room():  # longer than the column: broken anywhere
            for char in piece:
                step = measure(char)
                if line and used + step > room() and not char.isspace():
                    lines.append(line.rstrip())
                    line, used = "", 0.0
                line, used = line + char, used + step
        else:
            line, used = line + piece, used + sum(map(measure, piece))
    if line.strip():
        lines.append(line.rstrip())
    return lines
