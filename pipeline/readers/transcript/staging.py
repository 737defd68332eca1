"""Grids and text lines of a transcript → staged cells, blocks and the one page; line numbers stand for pages and boxes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import pyarrow as pa

from pipeline.findings import Finding
from pipeline.readers.transcript.model import Grid, Placed
from pipeline.readers.transcript.source import RawText
from pipeline.reading import (
    BLOCKS,
    CELLS,
    HEADING,
    INFERRED,
    OPENS,
    PAGES,
    PITCH,
    SIZE,
    TRANSCRIPT,
    WIDTH,
    Reading,
)


def to_reading(
    grids: Sequence[Grid],
    texts: Sequence[RawText],
    findings: Sequence[Finding],
    lines: int,
) -> Reading:
    """Arrow tables as a PDF's reader gives them. The reading's findings are kept as JSON in the page's ``checks``."""
    cells: list[dict[str, object]] = []
    for number, grid in enumerate(grids, start=1):
        for placed in grid.cells:
            cells.append(_cell_row(placed, number))
    blocks = [_block_row(text) for text in texts]
    blocks.sort(key=lambda row: int(str(row["line"])))
    page = {
        "page": 1, "width": WIDTH * max((g.n_cols for g in grids), default=1), "height": PITCH * (lines + 2),
        "turned": 0, "glyphs": sum(len(t.text) for t in texts), "rulings": 0, "pictures": 0.0,
        "tables": len(grids), "engine": TRANSCRIPT, "checks": [json.dumps(asdict(f), ensure_ascii=False) for f in findings],
    }  # fmt: skip
    return Reading(
        pa.Table.from_pylist(cells, schema=CELLS),
        pa.Table.from_pylist(blocks, schema=BLOCKS),
        pa.Table.from_pylist([page], schema=PAGES),
    )


def _cell_row(cell: Placed, table_no: int) -> dict[str, object]:
    words = cell.raw.words
    return {
        "cell_id": f"l{cell.line:05d}-t{table_no}-r{cell.row:03d}-c{cell.col:02d}",
        "page": None,
        "table_no": table_no,
        "row": cell.row,
        "col": cell.col,
        "row_span": cell.row_span,
        "col_span": cell.col_span,
        "lines": [{"text": word} for word in words],
        "engine": INFERRED if cell.inferred else TRANSCRIPT,
        "advances": [[1.0] * len(word) for word in words],
        "sizes": [OPENS if opens else SIZE for opens in cell.raw.opens],
        "confidence": cell.confidence,
        "open_top": cell.follows,
        "open_bottom": False,
        "line": cell.line,
    }


def _block_row(text: RawText) -> dict[str, object]:
    size = HEADING if text.heading else SIZE
    return {
        "page": None, "role": "text", "text": text.text, "size": size,
        "advances": [1.0] * len(text.text), "line": text.line,
    }  # fmt: skip
