"""Where the one way from ``staged`` on meets a transcript: geometry restored, blanks in place of line breaks, lines in
place of pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipeline.model import Cell, LogicalTable
from pipeline.readers.transcript import staging
from pipeline.readers.transcript.words import learn_blanks, list_lines
from pipeline.reading import Block, PageInfo, Reading
from pipeline.tidy.wraps.items import LineRules

is_transcript = staging.is_transcript
findings_of = staging.findings_of
findings_with_lines = staging.findings_with_lines
with_lines = staging.with_lines


def line_of(table: LogicalTable) -> str:
    """Where a table begins, for messages."""
    return f"第 {min(staging.line_of(cell.pieces[0].top) for cell in table.cells)} 行"


def restore(reading: Reading) -> tuple[list[Cell], list[Block], list[PageInfo]]:
    """Cells, blocks and pages of a transcript's reading, with the synthetic geometry that tidying walks through."""
    return staging.restore(reading)


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
