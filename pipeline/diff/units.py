"""Units: the items of one catalogue cell as the comparison sees them, cut or joined where the reading was unsure.

Both sides are read from page pictures of text; where an item ends on a full line is sometimes a guess, and the two
sides may have guessed differently. A unit is an item as read, or a part of one, or several joined.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.diff.side import Row, Side
from pipeline.model import Slot
from pipeline.releases.learned import by_layout
from pipeline.text import normalise, squeeze

NAMELESS = re.compile(
    r"(?:职业|执业|从业|专业|岗位|技能|能力|等级|水平|资格|合格|培训|考试|认证)*(?:证书|证)(?:\([^()]*\))?|\([^()]*\)"
)
"""A kind of certificate or a bracket, but no name: where the reading was unsure, it ends the item before it."""

UNSURE = 0.75
"""An item read with less confidence may begin or end elsewhere."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One item to be compared. ``key``: its text without blanks; ``rows``: the published rows it was read into;
    ``start``: how many characters without blanks stand before it in its cell.
    """

    text: str
    key: str
    rows: tuple[Row, ...]
    place: Slot
    position: int
    start: int = 0
    gap: int = 0
    as_read: bool = True

    @property
    def confidence(self) -> float:
        """The least confidence of its rows."""
        return min(float(row.get("confidence") or 0.0) for row in self.rows)

    @property
    def certain(self) -> bool:
        """Whether layout alone, or a steward, says where it begins and ends."""
        return all(map(by_layout, self.rows))


def units_of(rows: Sequence[Row], place: Slot) -> list[Unit]:
    """The items of one cell in reading order, words that name nothing joined to the item before them if in doubt."""
    units: list[Unit] = []
    start = 0
    for n, row in enumerate(sorted(rows, key=lambda row: row["position"])):
        key = squeeze(row["text"])
        units.append(Unit(row["text"], key, (row,), place, n, start))
        start += len(key)
        if len(units) > 1 and NAMELESS.fullmatch(key) and min(u.confidence for u in units[-2:]) < UNSURE:
            units[-2:] = [joined(units[-2:])]
    return units


def joined(units: Sequence[Unit], between: str = " ") -> Unit:
    """Several adjacent units as one; ``between``: what stands between their texts."""
    if len(units) == 1:
        return units[0]
    text = between.join(unit.text for unit in units)
    text = normalise(text) if between == " " else text
    rows = tuple({id(row): row for unit in units for row in unit.rows}.values())
    return replace(units[0], text=text, key="".join(unit.key for unit in units), rows=rows, as_read=False)


def cut(units: Sequence[Unit], start: int, stop: int) -> Unit:
    """The characters from ``start`` to ``stop`` (counted without blanks) of adjacent units, as one unit."""
    parts: list[Unit] = []
    at = 0
    for unit in units:
        low, high = max(start - at, 0), min(stop - at, len(unit.key))
        if low < high:
            parts.append(unit if (low, high) == (0, len(unit.key)) else _slice(unit, low, high))
        at += len(unit.key)
    return joined(parts)


def _slice(unit: Unit, low: int, high: int) -> Unit:
    """Part of one unit; ``low`` and ``high`` count characters that are no blanks."""
    places = [n for n, char in enumerate(unit.text) if not char.isspace()]
    whole = len(places) == len(unit.key)
    text = unit.text[places[low] : places[high - 1] + 1] if whole else unit.key[low:high]
    return replace(unit, text=text, key=unit.key[low:high], start=unit.start + low, as_read=False)


def line_ends(side: Side, cells: Iterable[Sequence[Unit]]) -> dict[Slot, frozenset[int]]:
    """Where the printed lines of the given catalogue cells end, in characters without blanks from the cell's start.

    An item ends nowhere but at a line's end. Cells whose lines do not add up to their items (a transcript, a cell
    whose last piece begins no item) are left out: of them nothing is known.
    """
    out: dict[Slot, frozenset[int]] = {}
    for units in cells:
        pieces = dict.fromkeys(row["cell_id"] for unit in units for row in unit.rows)
        printed = [side.cells.by_id[piece] for piece in pieces if piece in side.cells.by_id]
        lines = [squeeze(line["text"]) for cell in printed for line in cell["lines"]]
        if "".join(lines) == "".join(unit.key for unit in units):
            ends, at = {0}, 0
            for line in lines:
                at += len(line)
                ends.add(at)
            out[units[0].place] = frozenset(ends)
    return out
