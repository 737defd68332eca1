"""Where tidying meets a source without pages (transcript, Word, Excel): geometry made up, lines in place of pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from pipeline.findings import Finding
from pipeline.model import Cell, Line, LogicalTable
from pipeline.reading import (
    EXCEL,
    PAGELESS,
    PITCH,
    SIZE,
    TRANSCRIPT,
    WIDTH,
    WORD,
    Block,
    PageInfo,
    Reading,
)
from pipeline.tidy.wraps.items import LineRules
from pipeline.tidy.wraps.typed import learn_blanks, list_lines

_STEP = 0.2
"""Points between the left edges of a cell's words, which keep their order."""
_BREAK, _BREAKS = 0.02, 0.3
"""What a manual line adds to the place of its paragraph, and all of them at most, in pitches."""
_BETWEEN = 0.45
"""The same of what stands in no paragraph of the body, as text boxes do."""
_PAGE = re.compile(r"^第 1 页")  # what tidying says of a document all on one page
_BOXES = ("x0", "top", "x1", "bottom")


def engine_of(reading: Reading) -> str | None:
    """The kind of a source without pages: transcript, docx or xlsx; None for a reading of pages."""
    engines = set(reading.pages.column("engine").to_pylist()) & PAGELESS
    return next(iter(engines), None)


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
    place = 0.0
    for row in reading.cells.to_pylist():
        place = float(row["line"] or int(place) + _BETWEEN)
        x0, top = row["col"] * WIDTH, place * PITCH
        tops = _tops(row["paragraphs"], place) if row["paragraphs"] else [top] * len(row["lines"])
        lines = tuple(
            _line(word["text"], x0 + 1 + _STEP * k, at, size)
            for k, (word, at, size) in enumerate(zip(row["lines"], tops, row["sizes"], strict=True))
        )
        cells.append(
            Cell(
                row["cell_id"], 1, row["table_no"], row["row"], row["col"], row["row_span"], row["col_span"],
                x0, top, x0 + WIDTH * row["col_span"], top + SIZE, lines, row["engine"], row["confidence"],
                row["open_top"], row["open_bottom"],
            )
        )  # fmt: skip
    rows = reading.blocks.to_pylist()
    blocks = [
        Block(row["role"], _line(row["text"], 0.0, top, row["size"], 2 * PITCH / 3))
        for row, top in zip(rows, _tops([row["line"] for row in rows], 0.0), strict=True)
    ]
    pages = [PageInfo(**{**row, "checks": ()}) for row in reading.pages.to_pylist()]
    return cells, blocks, pages


def _tops(numbers: Sequence[int | None], place: float) -> list[float]:
    """The places of lines in points, by the numbers of their paragraphs; ``place`` that of what has no number."""
    out: list[float] = []
    before: int | None = None
    again = 0
    for number in numbers:
        again = again + 1 if number == before else 0
        before = number
        at = place if number is None else number
        out.append((at + min(again * _BREAK, _BREAKS)) * PITCH if number is not None else at * PITCH)
        place = int(at) + _BETWEEN
    return out


def _line(text: str, x0: float, top: float, size: float, height: float = SIZE) -> Line:
    return Line(text, x0, top, x0 + _STEP / 2, top + height, 1, (1.0,) * len(text), size)


def line_at(top: float) -> int | None:
    """The line number at a synthetic vertical position; None between two lines."""
    line = round(top / PITCH, 3)
    return None if _BREAKS < line % 1 < 0.5 else int(line + 0.5)


def with_lines(rows: Iterable[Mapping[str, Any]], engine: str) -> list[dict[str, Any]]:
    """Rows with their provenance in lines: ``line`` told from ``top`` (Excel: none, the cell's name tells), no page and
    no box."""
    out = []
    for row in rows:
        top = row.get("top")
        plain = {key: value for key, value in row.items() if key != "page" and key not in _BOXES}
        if plain.get("line") is None and top is not None and engine != EXCEL:
            plain["line"] = line_at(float(top))
        out.append(plain)
    return out


def findings_with_lines(findings: Iterable[Finding], engine: str = TRANSCRIPT) -> list[Finding]:
    """Findings with their provenance in lines."""
    out = []
    for finding in findings:
        line = finding.line
        if line is None and finding.top is not None:
            line = line_at(finding.top)
        where = _where(engine, line, finding.cell_id)
        message = _PAGE.sub(where, finding.message) if where else finding.message
        line = None if engine == EXCEL else line
        out.append(
            replace(finding, message=message, line=line, page=None, x0=None, top=None, x1=None, bottom=None)
        )
    return out


def _where(engine: str, line: int | None, cell_id: str | None) -> str:
    """A place in a source without pages, for messages."""
    if engine == EXCEL:
        return f"{cell_id or '工作表'}处"
    if line is None:
        return "文本框中" if engine == WORD else ""
    return f"第 {line} 段" if engine == WORD else f"文字稿第 {line} 行"


def place_of(engine: str, table: LogicalTable) -> str:
    """Where a table begins, for messages."""
    first = min(table.pieces, key=attrgetter("top"))
    return _where(engine, line_at(first.top), first.cell_id).removeprefix("文字稿")


def line_rules(
    rules: LineRules, annexes: Mapping[str, Iterable[LogicalTable]], cells: Sequence[Cell], engine: str
) -> LineRules:
    """The rules by which a transcript's words become items (catalogue) and intended lines (annexes); in Word and Excel
    every line is one."""
    if engine != TRANSCRIPT:
        return replace(rules, every_line=True)
    found = (cell for tables in annexes.values() for table in tables for cell in table.cells if cell.lines)
    intended = {cell.first.cell_id: tuple(list_lines(cell)) for cell in found}
    return replace(rules, intended=intended, blanks=learn_blanks(cells))
