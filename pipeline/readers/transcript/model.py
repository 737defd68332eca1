"""A transcript's tables as grids, and their synthetic geometry.

A transcript has no page and no boxes. So that it walks through the same tidying as a PDF, a line stands
``PITCH`` points below the line before, a column is ``WIDTH`` points wide, and everything stands on page 1; the line
number can always be told from ``top``. Published rows get the line number, and no page and no box.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.readers.transcript.source import RawCell

PITCH = 30.0
WIDTH = 100.0
SIZE = 10.0
OPENS = 11.0
"""The size of a word that begins a paragraph of its own."""
HEADING = 16.0


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
