"""Grids and text lines of a transcript → staged cells, blocks and its one page; line numbers stand for pages and boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.findings import Finding
from pipeline.readers.transcript.source import RawCell, RawText
from pipeline.reading import HEADING, INFERRED, OPENS, SIZE, TRANSCRIPT, Reading, staged_without_pages


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
class TypedGrid:
    """A table as the transcript means it: ``n_rows`` × ``n_cols`` cells; rows and columns from 0."""

    n_cols: int
    cells: list[Placed] = field(default_factory=list)
    n_rows: int = 0


def to_reading(
    grids: Sequence[TypedGrid], texts: Sequence[RawText], findings: Sequence[Finding], lines: int
) -> Reading:
    """Arrow tables as a PDF's reader gives them; ``lines``: how many the transcript has."""
    cells = [_cell_row(cell, number) for number, grid in enumerate(grids, start=1) for cell in grid.cells]
    blocks = [
        {
            "role": "text",
            "text": text.text,
            "size": HEADING if text.heading else SIZE,
            "line": text.line,
        }
        for text in sorted(texts, key=lambda text: text.line)
    ]
    return staged_without_pages(TRANSCRIPT, cells, blocks, findings, lines)


def _cell_row(cell: Placed, table_no: int) -> dict[str, object]:
    return {
        "cell_id": f"l{cell.line:05d}-t{table_no}-r{cell.row:03d}-c{cell.col:02d}",
        "table_no": table_no,
        "row": cell.row,
        "col": cell.col,
        "row_span": cell.row_span,
        "col_span": cell.col_span,
        "lines": [{"text": word} for word in cell.raw.words],
        "engine": INFERRED if cell.inferred else TRANSCRIPT,
        "sizes": [OPENS if opens else SIZE for opens in cell.raw.opens],
        "confidence": cell.confidence,
        "open_top": cell.follows,
        "line": cell.line,
    }
