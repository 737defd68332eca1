"""A transcript's tables as grids."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.readers.transcript.source import RawCell


@dataclass(frozen=True)
class Placed:
    """A cell of a grid: its raw cell, the line it stands on, and how sure its place (and span) is.

    ``follows``: the row goes on after a page end, the text may go on too. ``inferred``: not printed here.
    """

    row: int
    col: int
    raw: RawCell
    line: int
    row_span: int = 1
    col_span: int = 1
    confidence: float = 1.0
    follows: bool = False
    inferred: bool = False


@dataclass
class Grid:
    """A table as the transcript means it: ``n_rows`` × ``n_cols`` cells; rows and columns from 0."""

    n_cols: int
    cells: list[Placed] = field(default_factory=list)
    n_rows: int = 0
