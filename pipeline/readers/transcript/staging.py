"""Grids and text lines of a transcript → staged cells, blocks and pages; and back, with the synthetic geometry.

Staged cells carry the line number, and null for page and boxes. ``restore`` gives the cells that tidying walks
through (see ``model`` for their geometry), ``line_of`` tells a line number from a vertical position.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import pyarrow as pa

from pipeline.findings import Finding
from pipeline.model import Cell, Line
from pipeline.readers.transcript.model import HEADING, OPENS, PITCH, SIZE, WIDTH, Grid, Placed
from pipeline.readers.transcript.source import RawText
from pipeline.reading import BLOCKS, CELLS, PAGES, Block, PageInfo, Reading

ENGINE = "transcript"
INFERRED = "transcript-inferred"
_STEP = 0.2
_PAGE = re.compile(r"^第 1 页")  # what tidying says of a document all on one page
_BOXES = ("x0", "top", "x1", "bottom")


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
        "tables": len(grids), "engine": ENGINE, "checks": [json.dumps(asdict(f), ensure_ascii=False) for f in findings],
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
        "engine": INFERRED if cell.inferred else ENGINE,
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


def is_transcript(reading: Reading) -> bool:
    """Whether a reading is that of a transcript."""
    return ENGINE in reading.pages.column("engine").to_pylist()


def findings_of(reading: Reading) -> list[Finding]:
    """What the reader itself found doubtful."""
    return [
        Finding(**json.loads(check))
        for checks in reading.pages.column("checks").to_pylist()
        for check in checks
    ]


def restore(reading: Reading) -> tuple[list[Cell], list[Block], list[PageInfo]]:
    """Cells, blocks and pages with their synthetic geometry (see ``model``), for tidying."""
    cells = []
    for row in reading.cells.to_pylist():
        x0, top = row["col"] * WIDTH, row["line"] * PITCH
        lines = tuple(
            _line(word["text"], x0 + 1 + _STEP * k, top, size)
            for k, (word, size) in enumerate(zip(row["lines"], row["sizes"], strict=True))
        )
        cells.append(
            Cell(
                row["cell_id"], 1, row["table_no"], row["row"], row["col"], row["row_span"], row["col_span"],
                x0, top, x0 + WIDTH * row["col_span"], top + SIZE, lines, row["engine"], row["confidence"],
                row["open_top"], row["open_bottom"],
            )
        )  # fmt: skip
    blocks = [
        Block(row["role"], _line(row["text"], 0.0, row["line"] * PITCH, row["size"]))
        for row in reading.blocks.to_pylist()
    ]
    pages = [PageInfo(**{**row, "checks": ()}) for row in reading.pages.to_pylist()]
    return cells, blocks, pages


def _line(text: str, x0: float, top: float, size: float) -> Line:
    return Line(text, x0, top, x0 + _STEP / 2, top + SIZE, 1, (1.0,) * len(text), size)


def line_of(top: float) -> int:
    """The transcript's line number at a synthetic vertical position."""
    return int(round(top / PITCH))


def with_lines(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows with their provenance in lines: ``line`` told from ``top``, no page and no box."""
    out = []
    for row in rows:
        top = row.get("top")
        plain = {key: value for key, value in row.items() if key != "page" and key not in _BOXES}
        if plain.get("line") is None and top is not None:
            plain["line"] = line_of(float(top))
        out.append(plain)
    return out


def findings_with_lines(findings: Iterable[Finding]) -> list[Finding]:
    """Findings with their provenance in lines."""
    out = []
    for finding in findings:
        line = finding.line
        if line is None and finding.top is not None:
            line = line_of(finding.top)
        message = _PAGE.sub(f"文字稿第 {line} 行", finding.message) if line is not None else finding.message
        out.append(
            replace(finding, message=message, line=line, page=None, x0=None, top=None, x1=None, bottom=None)
        )
    return out
