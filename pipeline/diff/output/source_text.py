"""The printed lines round a place, for where no picture of the page can be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from pipeline.diff.side import Row, Side

_AROUND = 2
_LONGEST = 160
"""Characters of a line that are shown; a transcript's line may be a whole table row."""


class Excerpt(NamedTuple):
    """Printed lines and which of them is meant."""

    lines: list[str]
    hit: int


class SourceText:
    """The lines of a release's source: of its transcript or of its published cells."""

    def __init__(self, side: Side) -> None:
        self._side = side

    @cached_property
    def transcript(self) -> list[str] | None:
        """The transcript's lines as they are; None when the source is no transcript or not at hand."""
        path = self._side.original[0]
        if path is None or self._side.source != "transcript":
            return None
        lines = path.read_text("utf-8-sig", errors="replace").split("\n")
        return [line.rstrip("\r") for line in lines]

    def lines_of(self, cell_id: str | None) -> Sequence[Mapping[str, Any]]:
        """The printed lines of a cell."""
        cell = self._side.cells.by_id.get(cell_id or "")
        return cell["lines"] if cell else ()

    def excerpt(self, row: Row, which: str) -> Excerpt | None:
        """The lines round a change's place on side ``which`` (before | after); None when it has no place there."""
        line, printed = row[f"line_{which}"], row[which] or ""
        if line is not None and self.transcript is not None and 1 <= line <= len(self.transcript):
            return _around(self.transcript, line - 1, printed)
        cell = self.lines_of(row[f"cell_id_{which}"])
        top = row[f"top_{which}"]
        hit = 0
        if top is not None:
            hit = min(range(len(cell)), key=lambda at: abs((cell[at]["top"] or 0.0) - top), default=0)
        return _around([piece["text"] for piece in cell], hit, printed) if cell else None


def _around(texts: Sequence[str], hit: int, printed: str) -> Excerpt:
    """The line that is meant and those round it. Long lines are cut: that one round the printed text's beginning, the
    others at their end."""
    first = max(0, hit - _AROUND)
    out = []
    for index, text in enumerate(texts[first : hit + _AROUND + 1], first):
        start = 0
        if index == hit and len(text) > _LONGEST:
            found = text.find(printed[:4]) if printed else -1
            start = max(0, found - _LONGEST // 3)
        end = start + _LONGEST
        out.append(("…" if start else "") + text[start:end] + ("…" if end < len(text) else ""))
    return Excerpt(out, hit - first)
