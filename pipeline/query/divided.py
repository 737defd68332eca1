"""The same characters read as other items: what one edition's reading joins and another's parts is no change of the print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.releases.learned import by_layout
from pipeline.text import squeeze

Row = Mapping[str, Any]
Cell = tuple[str, str, str, str]
"""Edition, class, kind and tier."""

_MOST = 4
"""So many neighbours may be one item of another edition."""


class Cells:
    """The entries of each cell, in the order of print."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: dict[Cell, list[Row]] = {}
        for row in rows:
            self._rows.setdefault(_cell(row, row["edition"]), []).append(row)

    def reads_otherwise(self, edition: str, row: Row) -> bool:
        """Whether the edition has the characters of an entry of another edition, divided otherwise (with its neighbours), and
        layout is not certain of it on both sides."""
        here = dict(_runs(self._rows.get(_cell(row, edition), ())))
        for text, there in _runs(self._rows[_cell(row, row["edition"])], row):
            found = here.get(text, ())
            if len(found) != len(there) and found and not all(map(by_layout, (*found, *there))):
                return True
        return False


def _cell(row: Row, edition: str) -> Cell:
    return edition, row["class_code"], row["kind"], row["tier"]


def _runs(rows: Sequence[Row], within: Row | None = None) -> Iterator[tuple[str, Sequence[Row]]]:
    """Every run of up to ``_MOST`` neighbours (those with the row ``within``), with its characters."""
    for first in range(len(rows)):
        for last in range(first + 1, min(first + _MOST, len(rows)) + 1):
            run = rows[first:last]
            if within is None or any(row is within for row in run):
                yield "".join(squeeze(row["text"]) for row in run), run
