"""Catalogue rows on their way to a grid, and what comes of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipeline.findings import Finding
from pipeline.readers.transcript.missing_pages import Guess
from pipeline.readers.transcript.model import Grid
from pipeline.readers.transcript.parts import Header
from pipeline.readers.transcript.source import RawCell, RawRow

_CLASS = re.compile(r"^\d{4}(?:[\s,、/]*\d{4}){0,2}[\s,、/]*[^\d\s()]\S*(?:\s\S+){0,4}$")


@dataclass
class Body:
    """A body row on its way to the grid.

    ``exact``: it has exactly the header's number of cells. ``odd``: all the same its first cell is no class's.
    ``suspect``: its table has cells beyond the header's last column. ``lost``: pages missing before it.
    """

    row: RawRow
    part: int
    header: Header
    exact: bool
    code: str | None = None
    lost: int = 0
    guess: Guess | None = None
    fresh: bool = False
    cols: tuple[int, ...] = ()
    confidence: float = 1.0
    follows: bool = False
    repeated: bool = False
    odd: bool = False
    suspect: bool = False

    @property
    def head(self) -> RawCell:
        """The first cell."""
        return self.row.cells[0]


@dataclass
class Catalogued:
    """Grids by part number, findings, and how many pages are lost where."""

    grids: dict[int, Grid] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def class_code(cell: RawCell) -> str | None:
    """The first code of a class cell; None for any other cell."""
    printed = cell.printed
    return printed[:4] if len(printed) < 60 and _CLASS.match(printed) else None
