"""The printed lines round a place, for where no picture of the page can be shown."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.diff.output.sides import Side

_AROUND = 2
_LONGEST = 160
"""Characters of a line that are shown; a transcript's line may be a whole table row."""


class Excerpt(NamedTuple):
    """Printed lines and which of them is meant."""

    lines: list[str]
    hit: int


class SourceText:
    """The lines of a release's source: of its transcript (``path``) or of its published cells."""

    def __init__(self, side: Side, path: Path | None) -> None:
        self._side, self._path = side, path

    @cached_property
    def transcript(self) -> list[str] | None:
        """The transcript's lines as they are; None when the source is no transcript or not at hand."""
        if self._path is None or self._side.manifest["source"]["kind"] != "transcript":
            return None
        return self._path.read_text("utf-8-sig", errors="replace").split("\n")

    @cached_property
    def cells(self) -> Mapping[str, list[dict[str, Any]]]:
        """The printed lines of every cell by its id."""
        table = self._side.tables.get("cells")
        if table is None:
            return {}
        return dict(zip(table["cell_id"].to_pylist(), table["lines"].to_pylist(), strict=True))


def excerpt(source: SourceText, row: Mapping[str, Any], which: str) -> Excerpt | None:
    """The lines round a change's place on side ``which`` (before | after); None when it has no place there."""
    line, printed = row[f"line_{which}"], row[which] or ""
    transcript = source.transcript
    if line is not None and transcript is not None and 1 <= line <= len(transcript):
        start = max(0, line - 1 - _AROUND)
        lines = [text.rstrip("\r") for text in transcript[start : line + _AROUND]]
        return _shorten(lines, line - 1 - start, printed)
    cell = source.cells.get(row[f"cell_id_{which}"] or "", [])
    if not cell:
        return None
    top = row[f"top_{which}"]
    hit = 0
    if top is not None:
        tops = [piece["top"] for piece in cell]
        hit = min(range(len(cell)), key=lambda index: abs((tops[index] or 0.0) - top))
    start = max(0, hit - _AROUND)
    return _shorten([piece["text"] for piece in cell[start : hit + _AROUND + 1]], hit - start, printed)


def _shorten(lines: list[str], hit: int, printed: str) -> Excerpt:
    """Long lines cut down: the one that is meant round the printed text's beginning, the others at their end."""
    out = []
    for index, text in enumerate(lines):
        start = 0
        if index == hit and len(text) > _LONGEST:
            found = text.find(printed[:4]) if printed else -1
            start = max(0, found - _LONGEST // 3)
        end = start + _LONGEST
        out.append(("…" if start else "") + text[start:end] + ("…" if end < len(text) else ""))
    return Excerpt(out, hit)
