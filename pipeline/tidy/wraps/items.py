"""Cells → intended lines and items: geometry (``breaks``) and words (``segment``) put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from pipeline.model import Cell, GridCell, Line, LogicalTable
from pipeline.text import list_marks, normalise
from pipeline.tidy.wraps import breaks, segment
from pipeline.tidy.wraps.breaks import BreakRules
from pipeline.tidy.wraps.segment_model import CERTAIN, SURE, CellLines, Item
from pipeline.tidy.wraps.typed import Blanks

_FULL_LINE = 0.0
"""Log-odds of a boundary at a full line of a catalogue cell before its words are looked at."""

_WRAPPED = -8.0
"""Log-odds of a boundary where indent or stretching shows a wrap."""

_FULL_LINE_OF_TEXT = -15.0
"""The same for annex cells, most of which hold running text or one name: there a full line is nearly always wrapped."""


_GUESSED, _SURE_EMS = 3.0, 1.0
"""Where the room of a column is a guess: what a line with room for the next piece adds to the log-odds, and the ems of
room from which on it is sure all the same."""


@dataclass(frozen=True)
class LineRules:
    """The line-breaking rules of a document, which tables share a padding, and the intended lines of annex cells.

    ``groups`` maps (page, table_no) to a padding group; ``intended`` a staged cell's id to its intended lines.
    ``every_line``: every line ended on purpose. ``blanks``: of a transcript, which has no geometry: they take the place of
    ``boundary_odds``.
    """

    breaks: BreakRules
    groups: Mapping[tuple[int, int], str] = field(default_factory=dict)
    intended: Mapping[str, tuple[Line, ...]] = field(default_factory=dict)
    every_line: bool = False
    blanks: Blanks | None = None


def learn_rules(
    groups: Mapping[str, Sequence[LogicalTable]], sizes: Mapping[int, tuple[float, float]]
) -> LineRules:
    """The line-breaking rules of all stitched tables of a document, grouped by design and by the size of the page that they
    stand on (``sizes``: width and height of every page in points)."""
    named: dict[tuple[int, int], str] = {}
    columns: dict[str, list[tuple[float, float, Sequence[Line]]]] = {}
    for group, tables in groups.items():
        for table in tables:
            for piece in table.pieces:
                name = "{} {:.0f}x{:.0f}".format(group, *sizes.get(piece.page, (0.0, 0.0)))
                named[piece.page, piece.table_no] = name
                if piece.lines:
                    columns.setdefault(name, []).append((piece.x0, piece.x1 - piece.x0, piece.lines))
    return LineRules(breaks.learn(columns), named)


def boundary_odds(
    lines: Sequence[tuple[Line, Cell]], rules: LineRules, full: float = _FULL_LINE
) -> tuple[float, ...]:
    """Per gap between printed lines (with the pieces they stand in): the log-odds of a boundary by geometry."""
    out = []
    printed = [line for line, _ in lines]
    for at, ((a, piece), (_, other)) in enumerate(pairwise(lines), start=1):
        group = rules.groups.get((piece.page, piece.table_no), "")
        room = rules.breaks.room(piece.x0, piece.x1, group)
        gap = breaks.gap_between(a, printed[at:], room, rules.breaks, group, (piece.x0, other.x0))
        if gap.settled is False:
            out.append(_WRAPPED)
        elif gap.intended:
            guessed = rules.breaks.is_guess and gap.settled is None and gap.slack < _SURE_EMS
            out.append(full + _GUESSED if guessed else SURE)
        else:
            # Some producers would have parted a loose piece here, this one perhaps not.
            out.append(full + 1.0 if gap.loose > 0.1 else full)
    return tuple(out)


def placed_lines(pieces: Iterable[Cell]) -> list[tuple[Line, Cell]]:
    """The printed lines of cell pieces in reading order, each with its piece; lines without text are left out."""
    return [(line, piece) for piece in pieces for line in piece.lines if normalise(line.text)]


def segment_cell(
    lines: Sequence[tuple[Line, Cell]],
    rules: LineRules,
    near: tuple[int, ...] = (),
    full: float = _FULL_LINE,
    slot: tuple[str, str, str] = ("", "", ""),
) -> CellLines:
    """The segmentation problem of one cell; ``full``: log-odds of a boundary at a full line; ``slot``: its class, kind and
    tier, if it is of the catalogue."""
    texts = tuple(normalise(line.text) for line, _ in lines)
    if rules.every_line:
        return CellLines(texts, (), near)
    if rules.blanks is not None:
        odds, traits = rules.blanks.gaps(lines)
    else:
        odds, traits = boundary_odds(lines, rules, full), ()
    if all(slot):
        odds = _of_list(odds, list_marks([line.text for line, _ in lines]), bool(traits))
    return CellLines(texts, odds, near, traits, slot)


def _of_list(odds: Sequence[float], marks: Sequence[str], typed: bool) -> tuple[float, ...]:
    """The log-odds of boundaries where lines begin with list marks: a mark in order begins an item, and where there are
    several a printed line without one goes on, unless the line before it certainly ended on purpose."""
    goes_on = sum(map(bool, marks)) > 1 and not typed
    return tuple(
        CERTAIN if mark else _WRAPPED if goes_on and odd < SURE else odd
        for odd, mark in zip(odds, marks[1:], strict=True)
    )


def lines_as_items(texts: Iterable[str]) -> list[Item]:
    """The items of a cell in which every line is one."""
    return [Item(k, k, text, 1.0) for k, text in enumerate(texts)]


def hard_lines(cell: GridCell, rules: LineRules) -> list[Line]:
    """Wraps undone, intended line ends kept: one Line per intended line, text normalised, box of its first line.

    Where ``rules`` do not know a cell's intended lines, each line is one.
    """
    known = rules.intended.get(cell.first.cell_id)
    if known is not None:
        return list(known)
    lines = placed_lines(cell.pieces)
    return _intended(lines, lines_as_items([normalise(line.text) for line, _ in lines]))


def _intended(lines: Sequence[tuple[Line, Cell]], items: Iterable[Item]) -> list[Line]:
    return [replace(lines[item.first][0], text=normalise(item.text), advances=()) for item in items]


def with_intended_lines(rules: LineRules, groups: Mapping[str, Sequence[LogicalTable]]) -> LineRules:
    """The rules with the intended lines of every cell of ``groups`` worked out, column by column.

    Cells of a column resemble each other (departments, legal bases …): each column is segmented as a document of
    its own.
    """
    intended: dict[str, tuple[Line, ...]] = {}
    for tables in groups.values():
        columns: dict[tuple[int, int], list[GridCell]] = {}
        for table in tables:
            for cell in table.cells:
                columns.setdefault((table.n_cols, cell.col), []).append(cell)
        for cells in columns.values():
            placed = [placed_lines(cell.pieces) for cell in cells]
            if all(len(lines) < 2 for lines in placed):
                continue
            found = segment.segment_all(
                [segment_cell(lines, rules, full=_FULL_LINE_OF_TEXT) for lines in placed]
            )
            for cell, lines, items in zip(cells, placed, found, strict=True):
                intended[cell.first.cell_id] = tuple(_intended(lines, items))
    return replace(rules, intended=intended)
