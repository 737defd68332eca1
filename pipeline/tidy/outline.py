"""The document's skeleton: table of contents, headings, notes, running heads; which tables stand under what."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter

from pipeline.model import Cell, Line
from pipeline.reading import RAISED, Block, PageInfo, footnote
from pipeline.text import is_page_number, normalise, squeeze
from pipeline.tidy.sections import (
    PageTable,
    Section,
    TocEntry,
    close_lines,
    heading,
    opens,
    same_section,
    split_at_headings,
    with_title,
    without_first_row,
)
from pipeline.vocabulary.headings import ANNEX, LEADER, MAJOR, TOC, begins_note


@dataclass
class Outline:
    """A document taken apart: contents, sections in printed order, margins (running heads, numbers)."""

    toc: list[TocEntry]
    sections: list[Section]
    margins: list[Line]
    hidden: list[Block]


_NEAR = 6
"""A running head comes at least three times within so many pages: left and right pages may have their own."""


def outlined(cells: list[Cell], blocks: list[Block], pages: Sequence[PageInfo]) -> tuple[list[Cell], Outline]:
    """The cells without the footnote marks whose notes stand on other pages, and the document's parts."""
    parts = outline(cells, blocks, pages)
    if any(block.role == RAISED for block in blocks):
        cells, blocks = without_marks(cells, blocks, parts.sections)
        parts = outline(cells, blocks, pages)
    return cells, parts


def outline(cells: Sequence[Cell], blocks: Sequence[Block], pages: Sequence[PageInfo]) -> Outline:
    """Take a document apart into its sections."""
    tables = page_tables(cells)
    lines = [block.line for block in blocks if block.role == "text"]
    hidden = [block for block in blocks if block.role != "text"]
    margins = running_heads(lines, tables, {p.page: p for p in pages})
    off = {id(line) for line in margins}
    lines = [line for line in lines if id(line) not in off]
    toc, before = contents(lines)
    in_front = set(map(id, before))
    stream = _stream([line for line in lines if id(line) not in in_front], tables)
    return Outline(toc, _sections(stream, toc), margins, hidden)


def without_boxes(cells: Sequence[Cell]) -> tuple[list[Cell], list[Line]]:
    """The cells of tables, and the lines in boxes: a single cell is no table, but text with a line round it (notes, or a
    list's title whose table begins the next page)."""
    sizes = Counter((cell.page, cell.table_no) for cell in cells)
    alone = [cell for cell in cells if sizes[cell.page, cell.table_no] == 1]
    rest = [cell for cell in cells if sizes[cell.page, cell.table_no] > 1] if alone else list(cells)
    return rest, [line for cell in alone for line in cell.lines]


def page_tables(cells: Sequence[Cell]) -> list[PageTable]:
    """The tables of every page, in page and table order."""
    place = attrgetter("page", "table_no")
    return [PageTable(page, tuple(own)) for (page, _), own in groupby(sorted(cells, key=place), key=place)]


def running_heads(
    lines: Sequence[Line], tables: Sequence[PageTable], pages: dict[int, PageInfo]
) -> list[Line]:
    """Page numbers and running heads: lines beyond a page's body that recur from page to page.

    A page number is a number alone in the outer eighth of a page; a running head is a text that stands at one height
    (to 3 points), beyond every table, on at least three pages near each other, digits aside. (A heading may come again at
    the same height many pages on.)
    """
    body, ends = _extents(tables), _extents(lines)
    found: dict[int, Line] = {}
    recurring: dict[tuple[str, int], list[Line]] = defaultdict(list)
    for line in lines:
        text = squeeze(line.text)
        height = pages[line.page].height if line.page in pages else 842.0
        outer = line.bottom < height / 8 or line.top > height * 7 / 8
        if outer and is_page_number(text, line.page):
            found[id(line)] = line
            continue
        if line.page in body and body[line.page][0] < line.top < body[line.page][1]:
            continue
        top, bottom = ends[line.page]
        if outer or line.top <= top + 1 or line.bottom >= bottom - 1:
            key = re.sub(r"\d+", "#", text)
            for bucket in (round(line.top / 3), round(line.top / 3) + 1):
                recurring[key, bucket].append(line)
    for _, members in sorted(recurring.items()):
        on = sorted({line.page for line in members})
        close = any(c - a <= _NEAR for a, c in zip(on, on[2:], strict=False))
        texts = {squeeze(line.text) for line in members}
        numbered = len(texts) > 1 and any(ANNEX.match(t) or MAJOR.match(t) for t in texts)
        if close and not numbered:
            found.update((id(line), line) for line in members)
    return list(found.values())


def _extents(items: Iterable[Line | PageTable]) -> dict[int, tuple[float, float]]:
    """Page → the upper edge of the uppermost item on it and the lower edge of the lowest."""
    extents: dict[int, tuple[float, float]] = {}
    for item in items:
        top, bottom = extents.get(item.page, (item.top, item.bottom))
        extents[item.page] = min(top, item.top), max(bottom, item.bottom)
    return extents


def contents(lines: Sequence[Line]) -> tuple[list[TocEntry], list[Line]]:
    """The entries of the table of contents, and the lines that these and the document's title took."""
    start = next((i for i, line in enumerate(lines) if TOC.match(squeeze(line.text))), None)
    leaders = [i for i, line in enumerate(lines) if LEADER.match(line.text.strip())]
    if start is None and len(leaders) < 3:
        return [], _title(lines)
    if start is None:
        start = leaders[0] - 1
    inside = [i for i in leaders if i > start]
    if not inside:
        return [], [*_title(lines), lines[start]]
    # The contents end with the last leader line before the body: a gap of many lines without any is the body.
    last = inside[0]
    for i in inside:
        if i - last > 8:
            break
        last = i
    entries: list[TocEntry] = []
    held: list[Line] = []
    for line in lines[start + 1 : last + 1]:
        held.append(line)
        match = LEADER.match(line.text.strip())
        if match:
            before = "".join(held_line.text for held_line in held[:-1])
            entries.append(TocEntry(normalise(before + match["text"]), int(match["page"]), held[0]))
            held = []
        elif len(held) > 1 and _starts_entry(squeeze(line.text)) and _starts_entry(squeeze(held[0].text)):
            entries.append(TocEntry(normalise("".join(h.text for h in held[:-1])), None, held[0]))
            held = [line]
    start = max(start, 0)
    return entries, [*_title(lines[:start]), *lines[start : last + 1]]


def _starts_entry(text: str) -> bool:
    annex = ANNEX.match(text)
    return bool(MAJOR.match(text) or (annex and annex["no"]))


def _title(lines: Sequence[Line]) -> list[Line]:
    """The document's title: the largest lines at its very beginning, before any heading."""
    if not lines:
        return []
    first = [line for line in lines if line.page == lines[0].page]
    largest = max(line.size for line in first)
    out = []
    for line in first:
        if line.size < largest - 0.5 or opens(squeeze(line.text)):
            break
        out.append(line)
    return out


def _stream(lines: Sequence[Line], tables: Sequence[PageTable]) -> list[Line | PageTable]:
    """Lines and tables in reading order: by page, then by height (lines beside a table come before it)."""

    def place(item: Line | PageTable) -> tuple[int, float, bool]:
        if isinstance(item, PageTable):
            return item.page, item.top, True
        return item.page, (item.top + item.bottom) / 2, False

    return sorted([*lines, *tables], key=place)


def _sections(stream: Sequence[Line | PageTable], toc: Sequence[TocEntry]) -> list[Section]:
    titles = {squeeze(entry.text) for entry in toc}
    sections: list[Section] = [Section("front", "")]
    wrapped = 0  # so many lines to come belong to the heading before them
    for position, item in enumerate(stream):
        here = sections[-1]
        if isinstance(item, PageTable):
            for banner, part in split_at_headings(item, titles, here.kind == "annex"):
                opened = _opened(sections, banner, part)
                sections[-1].content.append(opened)
            continue
        if wrapped:
            wrapped -= 1
            continue
        section = heading(close_lines(stream, position), titles, in_notes=here.kind == "notes")
        if section is None:
            here.content.append(item)
            continue
        if section.kind == "annex" and not section.name:
            section = with_title(section, close_lines(stream, position + len(section.lines)), titles)
        wrapped = len(section.lines) - 1
        bare = here.kind == "annex" and not here.name and not here.content
        if bare and section.kind == "annex" and section.number == here.number:
            sections[-1] = replace(
                section, lines=[*here.lines, *section.lines]
            )  # a sheet's name, its heading
        elif same_section(section, here):
            here.lines.extend(section.lines)  # the heading is repeated at the top of a later page
        else:
            sections.append(section)
    return sections


def _opened(sections: list[Section], banner: Section | None, part: PageTable) -> PageTable:
    """Open the section of a heading inside a table, unless it is only repeated; the table as it goes into it.

    A header that is repeated at a page's top brings along the heading above it, which may be an earlier section's.
    """
    if banner is None:
        return part
    first = [cell for cell in part.cells if cell.row == 0]
    headless = without_first_row(part) if len(first) < len(part.cells) else part
    narrow = len(first) > 1  # beside cells without text: not to be taken for part of a header
    if same_section(banner, sections[-1]):
        return headless if narrow else part
    top = part.cells[0].cell_id.endswith("-r000-c00")
    if top and any(same_section(banner, one) for one in sections) and headless is not part:
        return headless
    sections.append(banner)
    return headless if narrow else part


def without_marks(
    cells: Sequence[Cell], blocks: Sequence[Block], sections: Sequence[Section]
) -> tuple[list[Cell], list[Block]]:
    """``cells`` without the marks whose note another page of their section has, and ``blocks`` with these marks and notes,
    other marks with the cell that they stay in.

    The note stands behind the table, at the end of the annex or the catalogue, or at the foot of the page on which a cut
    row begins.
    """
    told, bare = list(blocks), list(cells)
    for at, block in enumerate(blocks):
        mark = block.line
        holding = (i for i, cell in enumerate(bare) if block.role == RAISED and _holds(cell, mark))
        if (index := next(holding, None)) is None:
            continue
        note = _note(mark, sections)
        if note is None:
            told[at] = replace(block, line=replace(mark, text=f"{mark.text}\t{bare[index].text}"))
            continue
        told[at] = footnote(mark.text, (mark.x0, mark.top, mark.x1, mark.bottom), mark.page, note)
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
    off, at = min(((abs(line.x0 + sum(line.advances[:i]) - mark.x0), i) for i in places), default=(0.0, None))
    return at if off <= max(line.size, 1.0) else None


def _without(line: Line, mark: Line) -> Line:
    start = _at(line, mark)
    if start is None:
        return line
    stop = start + len(mark.text)
    text = line.text[:start] + line.text[stop:]
    x1 = line.x0 + sum(line.advances[:start]) if not line.text[stop:].strip() else line.x1
    return replace(line, text=text, advances=line.advances[:start] + line.advances[stop:], x1=x1)
