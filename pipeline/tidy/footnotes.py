"""Footnote marks whose note stands on another page: behind the table, at the end of the annex or the catalogue, or at the
foot of the page on which a cut row begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipeline.model import Cell, Line
from pipeline.reading import RAISED, Block, footnote
from pipeline.tidy.sections import Section
from pipeline.vocabulary.headings import begins_note


def without_marks(
    cells: Sequence[Cell], blocks: Sequence[Block], sections: Sequence[Section]
) -> tuple[list[Cell], list[Block]]:
    """``cells`` without the marks whose note another page of their section has, and ``blocks`` with these marks and notes."""
    found = {
        id(block): note for block in blocks if block.role == RAISED and (note := _note(block.line, sections))
    }
    told, bare = list(blocks), list(cells)
    for at, block in enumerate(blocks):
        if id(block) in found:
            mark = block.line
            told[at] = footnote(
                mark.text, (mark.x0, mark.top, mark.x1, mark.bottom), mark.page, found[id(block)]
            )
            index = next(i for i, cell in enumerate(bare) if _holds(cell, mark))
            lines = (_without(line, mark) for line in bare[index].lines)
            bare[index] = replace(bare[index], lines=tuple(line for line in lines if line.text.strip()))
    return bare, told


def _note(mark: Line, sections: Sequence[Section]) -> Line | None:
    """The next line behind a mark's page that begins with it, else the last on the page before: in the mark's section or, if
    that is the catalogue's, in those of the catalogue."""
    for number, section in enumerate(sections):
        tables = (item for item in section.content if not isinstance(item, Line) and item.page == mark.page)
        if any(_holds(cell, mark) for table in tables for cell in table.cells):
            notes = [line for line in _lines(sections[number:]) if begins_note(line.text, mark.text)]
            before = [line for line in notes if line.page == mark.page - 1]
            return next((line for line in notes if line.page > mark.page), before[-1] if before else None)
    return None


def _lines(sections: Sequence[Section]) -> Iterator[Line]:
    """The lines of the first section, and of the next ones as long as both are the catalogue's."""
    for section in sections:
        if section is not sections[0] and "annex" in (section.kind, sections[0].kind):
            return
        yield from (item for item in section.content if isinstance(item, Line))


def _holds(cell: Cell, mark: Line) -> bool:
    x, y = (mark.x0 + mark.x1) / 2, (mark.top + mark.bottom) / 2
    return (
        cell.page == mark.page
        and cell.x0 <= x <= cell.x1
        and cell.top <= y <= cell.bottom
        and any(_at(line, mark) is not None for line in cell.lines)
    )


def _at(line: Line, mark: Line) -> int | None:
    """Where in a line's text a mark that is printed within its height stands."""
    if not line.top - 1 <= (mark.top + mark.bottom) / 2 <= line.bottom + 1:
        return None
    places = [i for i in range(len(line.text)) if line.text.startswith(mark.text, i)]
    nearest = min(places, key=lambda i: abs(line.x0 + sum(line.advances[:i]) - mark.x0), default=None)
    if nearest is None or abs(line.x0 + sum(line.advances[:nearest]) - mark.x0) > max(line.size, 1.0):
        return None
    return nearest


def _without(line: Line, mark: Line) -> Line:
    start = _at(line, mark)
    if start is None:
        return line
    stop = start + len(mark.text)
    text = line.text[:start] + line.text[stop:]
    x1 = line.x0 + sum(line.advances[:start]) if not line.text[stop:].strip() else line.x1
    return replace(line, text=text, advances=line.advances[:start] + line.advances[stop:], x1=x1)
