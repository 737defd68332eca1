"""What goes in and what comes out: an annex with its tables, the rows and findings read from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pipeline.findings import Finding
from pipeline.model import GridCell, Line, LogicalTable

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


@dataclass
class AnnexResult:
    """Rows by table name, findings, and what of the input they account for.

    ``context``: the text lines before tables that gave a list its name. ``characters``: squeezed characters of all
    annex cells (``given``), of those in rows (``rows``), in headers and banners (``heads``) and, left over, in
    findings (``findings``). ``stands``: the cells whose text stands in a row (``rows``), or is a header or banner
    (``heads``), by identity; cells repeat in no other way.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    context: list[Line] = field(default_factory=list)
    characters: dict[str, int] = field(default_factory=dict)
    stands: dict[int, str] = field(default_factory=dict)

    def row(self, cell: GridCell) -> None:
        """The cell's text stands in a row."""
        self.stands[id(cell)] = "rows"

    def head(self, cells: Iterable[GridCell]) -> None:
        """The cells' text is a header or a banner."""
        for cell in cells:
            self.stands.setdefault(id(cell), "heads")

    def report(
        self,
        code: str,
        message: str,
        evidence: str,
        cell: GridCell | None = None,
        table: str | None = None,
        key: str | None = None,
    ) -> None:
        """Add a finding that points at ``cell``."""
        place: dict[str, Any] = cell.place if cell is not None else {}
        self.findings.append(Finding(code, message, evidence, table=table, key=key, **place))
