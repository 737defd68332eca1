"""Documentation that is generated from the code: ``python -m pipeline.docs [NAME...]`` writes docs/NAME.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are written as they are.

    >>> table(["a", "b"], [["1", "2"]])
    '| a | b |\\n| --- | --- |\\n| 1 | 2 |\\n'
    """
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(text: str | None) -> str:
    """A text on one line, with what Markdown would take for its own escaped."""
    return " ".join((text or "").split()).replace("|", "\\|").replace("<", "\\<")
