"""What the review page shows: an immutable snapshot of an edition's findings, rows, cells and pages."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.arrow import grouped
from pipeline.editions.edition import Edition
from pipeline.model import Slot, slot_of
from pipeline.schema import ANNEX_TABLES, PROVENANCE
from pipeline.tidy.grades.grammar import DEFAULT_RULE3

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]

NOT_SHOWN = frozenset(
    {"edition", "row_id", "annex_no", "requires_attention", "settled_by", "entry_id"}
    | {field.name for field in PROVENANCE}
)
"""Columns that say where a row stands, not what it says."""

LINES_PER_PAGE = 60
"""A transcript has no pages: it is shown in stretches of so many lines."""

_CELL_COLUMNS = (
    "cell_id", "page", "line", "table_no", "row", "col", "row_span", "col_span", "x0", "top", "x1", "bottom",
    "lines", "confidence", "open_top", "open_bottom",
)  # fmt: skip


@dataclass(frozen=True)
class Page:
    """One page of the review: a page of a PDF (size in points as read, degrees clockwise that it was turned), the lines
    ``first``–``last`` (from 1) of a transcript, or the table with that number of a Word or Excel file."""

    number: int
    width: float = 0.0
    height: float = 0.0
    turned: int = 0
    first: int = 0
    last: int = 0


@dataclass(frozen=True)
class Material:
    """Everything that is shown, as it stood when it was loaded.

    ``release`` is None when the rows are those of a run that was not published. ``applied``: the sha256 of the
    corrections.yaml that the rows rest on, None where there was none. ``notice``: a sentence for the steward, or "".
    ``staged``: the cells as Arrow, without corrections. ``sizes``: of a PDF's pages; ``lines``: of a transcript.
    """

    edition: Edition
    kind: str
    path: Path
    sha256: str
    findings: Sequence[Row]
    sizes: Sequence[tuple[float, float, int]] = ()
    lines: Sequence[str] = ()
    staged: pa.Table = None
    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    release: str | None = None
    applied: str | None = None
    rule3: Mapping[int, str] = field(default_factory=lambda: DEFAULT_RULE3)
    notice: str = ""
    password: str = field(default="", repr=False)

    @property
    def pictured(self) -> bool:
        """Whether there are pictures of its pages."""
        return self.kind == "pdf"

    @cached_property
    def pages(self) -> list[Page]:
        """Its pages: of a PDF, stretches of a transcript's lines, or tables."""
        if self.pictured:
            return [Page(number, *size) for number, size in enumerate(self.sizes, 1)]
        if self.kind == "transcript":
            end = len(self.lines)
            starts = enumerate(range(1, end + 1, LINES_PER_PAGE), 1)
            return [Page(n, first=at, last=min(at + LINES_PER_PAGE - 1, end)) for n, at in starts]
        return [Page(n) for n in range(1, max((cell["table_no"] for cell in self.cells), default=0) + 1)]

    @cached_property
    def _tables(self) -> tuple[dict[str, int], list[tuple[int, int]]]:
        """Of a Word or Excel file: cell → its table, and (first paragraph, table) in order."""
        first: dict[int, int] = {}
        for cell in self.cells:
            if cell["line"] is not None:
                first.setdefault(cell["table_no"], cell["line"])
        by_cell = {cell["cell_id"]: cell["table_no"] for cell in self.cells}
        return by_cell, sorted((line, table) for table, line in first.items())

    @cached_property
    def cells(self) -> list[Row]:
        """The staged cells, ``texts`` their lines."""
        cells: list[Row] = self.staged.select(_CELL_COLUMNS).to_pylist()
        for cell in cells:
            cell["texts"] = [line["text"] for line in cell["lines"]]
        return cells

    @cached_property
    def by_id(self) -> dict[str, Row]:
        """finding_id → finding."""
        return {row["finding_id"]: row for row in self.findings}

    @cached_property
    def by_key(self) -> dict[tuple[str, str], Row]:
        """(table, key) → row, for rows that findings may name."""
        keys = {"entries": "entry_id", "classes": "class_code", "majors": "major_code"}
        keys |= dict.fromkeys(ANNEX_TABLES, "row_id")
        return {(table, row[key]): row for table, key in keys.items() for row in self.rows.get(table, ())}

    @cached_property
    def class_names(self) -> dict[str, str]:
        """class_code → name."""
        return {row["class_code"]: row["name"] for row in self.rows.get("classes", ())}

    @cached_property
    def cell_by_id(self) -> dict[str, Row]:
        """cell_id → staged cell."""
        return {cell["cell_id"]: cell for cell in self.cells}

    @cached_property
    def slots(self) -> dict[Slot, list[Row]]:
        """Catalogue cell → its items, in reading order."""
        return grouped(self.rows.get("entries", ()), slot_of)

    def page_of(self, row: Mapping[str, Any]) -> int | None:
        """The page of the review on which a row, cell or finding stands."""
        if self.pictured:
            return int(row["page"]) if row["page"] is not None else None
        if self.kind != "transcript":
            return self._table_of(row)
        return (int(row["line"]) - 1) // LINES_PER_PAGE + 1 if row["line"] is not None else None

    def _table_of(self, row: Mapping[str, Any]) -> int | None:
        """The table that a row of a Word or Excel file stands in, or the next one behind its paragraph."""
        by_cell, starts = self._tables
        table = by_cell.get(row["cell_id"] or "")
        if table is None and row["line"] is not None and starts:
            at = bisect_left(starts, (int(row["line"]), 0))
            table = starts[min(at, len(starts) - 1)][1]
        return table

    @cached_property
    def cells_on(self) -> dict[int, list[Row]]:
        """Page → its cells."""
        return self._by_page(self.cells)

    @cached_property
    def rows_on(self) -> dict[int, list[tuple[str, Row]]]:
        """Page → (table, row) of what starts there, in reading order; rows derived from others left out."""
        found: dict[int, list[tuple[str, Row]]] = {}
        for table, rows in self.rows.items():
            if table in ("credentials", "links", "coverage", "findings"):
                continue
            for page, here in self._by_page(rows).items():
                found.setdefault(page, []).extend((table, row) for row in here)
        return found

    @cached_property
    def findings_on(self) -> dict[int, list[Row]]:
        """Page → its findings."""
        return self._by_page(self.findings)

    def _by_page(self, rows: Sequence[Row]) -> dict[int, list[Row]]:
        pages = grouped(rows, self.page_of)
        return {page: here for page, here in pages.items() if page is not None}

    @cached_property
    def continues(self) -> dict[str, str]:
        """Cell that goes on from the page before → the cell there in which it starts.

        A piece with text but no row of its own at the top of its page (and no repeated header) goes with the last cell
        of the same edges in the last table of the page before.
        """
        if not self.pictured:
            return {}
        starts = {row["cell_id"] for row in self.rows.get("entries", ())}
        found: dict[str, str] = {}
        for number, cells in sorted(self.cells_on.items()):
            before = self.cells_on.get(number - 1, ())
            last = max((cell["table_no"] for cell in before), default=0)
            above = [cell for cell in before if cell["table_no"] == last]
            if starts.isdisjoint(cell["cell_id"] for cell in above):
                continue
            first = min(cell["table_no"] for cell in cells)
            for cell in cells:
                is_piece = cell["texts"] and cell["cell_id"] not in starts
                if cell["table_no"] == first and is_piece and (cell["row"] == 0 or cell["open_top"]):
                    end = _continued_cell(cell, above)
                    if end is not None:
                        found[cell["cell_id"]] = found.get(end, end)
        return found


def _continued_cell(cell: Row, above: Sequence[Row]) -> str | None:
    """The cell with text of the table on the page before in which ``cell`` starts; None for a repeated header."""
    over = [
        other
        for other in above
        if other["texts"] and abs(other["x0"] - cell["x0"]) < 3 and abs(other["x1"] - cell["x1"]) < 3
    ]
    if not over or any(other["texts"] == cell["texts"] for other in over):
        return None
    return str(max(over, key=lambda other: other["row"])["cell_id"])
