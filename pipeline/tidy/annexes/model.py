"""What goes in and what comes out: an annex with its tables, the rows and findings read from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from pipeline.findings import Finding
from pipeline.model import Cell, GridCell, Line, LogicalTable

Row = dict[str, object]
LineReader = Callable[[GridCell], list[Line]]
"""Reads the intended lines of a cell: wraps undone, text normalised."""


@dataclass(frozen=True)
class Annex:
    """One annex: its printed number, its title without the number, the page of its heading, its tables."""

    no: int | None
    title: str
    page: int
    tables: tuple[LogicalTable, ...]


@dataclass(frozen=True)
class Earlier:
    """What annexes leave for those that are read after them: titles, and how often every row_id of a table came."""

    titles: frozenset[str] = frozenset()
    ids: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass
class AnnexResult:
    """Rows by table name, findings, and what of the input they account for.

    ``context``: the text lines before tables that gave a list its name. ``characters``: squeezed characters of all
    annex cells (``given``), of those in rows (``rows``), in headers and banners (``heads``) and, left over, in
    findings (``findings``). ``after``: what annexes that are read later must know.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    context: list[Line] = field(default_factory=list)
    characters: dict[str, int] = field(default_factory=dict)
    after: Earlier = field(default_factory=Earlier)


def provenance(cell: GridCell) -> Row:
    """The provenance columns of a row whose own text starts in ``cell`` (``source`` is the caller's to add)."""
    return _box(cell.first, cell.confidence)


def line_provenance(cell: GridCell, line: Line) -> Row:
    """Provenance of a row that starts at ``line``, in the middle of ``cell``."""
    piece = next((p for p in cell.pieces if p.page == line.page), cell.first)
    row = _box(piece, cell.confidence)
    row.update(page=line.page, x0=line.x0, top=line.top, x1=line.x1, bottom=line.bottom)
    return row


def _box(piece: Cell, confidence: float) -> Row:
    return {
        "page": piece.page,
        "x0": piece.x0,
        "top": piece.top,
        "x1": piece.x1,
        "bottom": piece.bottom,
        "cell_id": piece.cell_id,
        "confidence": confidence,
    }


def finding(
    code: str,
    message: str,
    evidence: str,
    cell: GridCell | None = None,
    table: str | None = None,
    key: str | None = None,
) -> Finding:
    """A finding that points at ``cell``."""
    if cell is None:
        return Finding(code, message, evidence, table=table, key=key)
    piece = cell.first
    return Finding(
        code,
        message,
        evidence,
        table=table,
        key=key,
        page=piece.page,
        x0=piece.x0,
        top=piece.top,
        x1=piece.x1,
        bottom=piece.bottom,
        cell_id=piece.cell_id,
        confidence=cell.confidence,
    )


def row_finding(code: str, message: str, table: str, row: Row) -> Finding:
    """A finding about a finished row; its row_id is the key and the evidence."""
    key = str(row["row_id"])
    x0, top, x1, bottom = (cast(float, row[name]) for name in ("x0", "top", "x1", "bottom"))
    return Finding(
        code,
        message,
        key,
        table=table,
        key=key,
        page=cast(int, row["page"]),
        x0=x0,
        top=top,
        x1=x1,
        bottom=bottom,
        cell_id=str(row["cell_id"]),
    )
