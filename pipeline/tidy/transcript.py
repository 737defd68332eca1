"""Where tidying meets a transcript: geometry made up, blanks in place of line breaks, lines in place of pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.findings import Finding
from pipeline.model import Cell, Line, LogicalTable
from pipeline.reading import PITCH, SIZE, TRANSCRIPT, WIDTH, Block, PageInfo, Reading
from pipeline.tidy.wraps.items import LineRules
from pipeline.tidy.wraps.typed import learn_blanks, list_lines

_STEP = 0.2
"""Points between the left edges of a cell's words, which keep their order."""
_PAGE = re.compile(r"^第 1 页")  # what tidying says of a document all on one page
_BOXES = ("x0", "top", "x1", "bottom")


def is_transcript(reading: Reading) -> bool:
    """Whether a reading is that of a transcript."""
    return TRANSCRIPT in reading.pages.column("engine").to_pylist()


def findings_of(reading: Reading) -> list[Finding]:
    """What the reader itself found doubtful."""
    return [
        Finding(**json.loads(check))
        for checks in reading.pages.column("checks").to_pylist()
        for check in checks
    ]


def restore(reading: Reading) -> tuple[list[Cell], list[Block], list[PageInfo]]:
    """Cells, blocks and pages with their synthetic geometry (see ``reading``), for tidying."""
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


def line_at(top: float) -> int:
    """The transcript's line number at a synthetic vertical position."""
    return int(round(top / PITCH))


def with_lines(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows with their provenance in lines: ``line`` told from ``top``, no page and no box."""
    out = []
    for row in rows:
        top = row.get("top")
        plain = {key: value for key, value in row.items() if key != "page" and key not in _BOXES}
        if plain.get("line") is None and top is not None:
            plain["line"] = line_at(float(top))
        out.append(plain)
    return out


def findings_with_lines(findings: Iterable[Finding]) -> list[Finding]:
    """Findings with their provenance in lines."""
    out = []
    for finding in findings:
        line = finding.line
        if line is None and finding.top is not None:
            line = line_at(finding.top)
        message = _PAGE.sub(f"文字稿第 {line} 行", finding.message) if line is not None else finding.message
        out.append(
            replace(finding, message=message, line=line, page=None, x0=None, top=None, x1=None, bottom=None)
        )
    return out


def line_of(table: LogicalTable) -> str:
    """Where a table begins, for messages."""
    return f"第 {min(line_at(cell.pieces[0].top) for cell in table.cells)} 行"


def line_rules(
    rules: LineRules, annexes: Mapping[str, Iterable[LogicalTable]], cells: Sequence[Cell]
) -> LineRules:
    """The rules by which a transcript's words become items (catalogue) and intended lines (annexes)."""
    intended = {
        cell.first.cell_id: tuple(list_lines(cell))
        for tables in annexes.values()
        for table in tables
        for cell in table.cells
        if cell.lines
    }
    return replace(rules, intended=intended, gaps=learn_blanks(cells).gaps)
