"""What a heading is, as lines of text or as a row of a ruled table, and the section that it opens."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

from pipeline.model import Cell, Line
from pipeline.text import normalise, squeeze
from pipeline.vocabulary.headings import (
    ANNEX,
    FOOTNOTE,
    MAJOR,
    NO_TITLE,
    NOT_A_TITLE,
    NOTES,
    annex_match,
    major_heading,
    parse_annex,
)


@dataclass(frozen=True)
class PageTable:
    """A table as it stands on one page: its cells, and a heading repeated above."""

    page: int
    cells: tuple[Cell, ...]
    repeated: tuple[Cell, ...] = ()

    @cached_property
    def top(self) -> float:
        """Its upper edge in points."""
        return min(cell.top for cell in self.cells)

    @cached_property
    def bottom(self) -> float:
        """Its lower edge in points."""
        return max(cell.bottom for cell in self.cells)

    def part(self, start: int, stop: int | None = None, repeated: tuple[Cell, ...] = ()) -> PageTable:
        """The rows from ``start`` on, to before ``stop``, as a table of its own; the first has the heading above."""
        own = (cell for cell in self.cells if start <= cell.row and (stop is None or cell.row < stop))
        cells = tuple(replace(cell, row=cell.row - start) if start else cell for cell in own)
        return PageTable(self.page, cells, repeated or (() if start else self.repeated))


@dataclass(frozen=True)
class TocEntry:
    """A line of the table of contents: its text (normalised), the page it names, where it stands."""

    text: str
    page: int | None
    line: Line


@dataclass
class Section:
    """A heading and what stands under it, in reading order.

    ``kind`` is catalogue | major | annex | notes | front (before the first heading). ``content`` holds lines and
    tables as printed.
    """

    kind: str
    text: str
    lines: list[Line] = field(default_factory=list)
    number: int | None = None
    name: str = ""
    codes: tuple[str, ...] = ()
    content: list[Line | PageTable] = field(default_factory=list)

    @property
    def page(self) -> int:
        """The page of the heading, or of the first thing under it."""
        if self.lines:
            return self.lines[0].page
        return self.content[0].page if self.content else 1


_MID_SENTENCE = ("。", "；", ";", "，", ",")
AGAIN = re.compile(r"[(\[]?续(?:上?[表页])?[)\]]?$")
"""What a heading says more where it is printed again on a later page."""


def same_section(one: Section, other: Section) -> bool:
    """Whether a heading is another one printed again."""
    return one.kind == other.kind and AGAIN.sub("", one.text) == AGAIN.sub("", other.text)


def footnotes(lines: Sequence[Line], page: int) -> list[Line]:
    """Those of the last ``lines`` before a later page that are notes at the foot of ``page``: from a line that begins
    with a mark on."""
    start = next((i for i, line in enumerate(lines) if line.page == page and FOOTNOTE.match(line.text)), None)
    return [] if start is None else [line for line in lines[start:] if line.page == page]


def close_lines(stream: Sequence[Line | PageTable], position: int) -> list[Line]:
    """The line at ``position`` and up to two that may continue it: directly below, same size, same page."""
    lines: list[Line] = []
    for item in stream[position : position + 3]:
        if not isinstance(item, Line):
            break
        if lines and (
            item.page != lines[0].page
            or abs(item.size - lines[0].size) > 0.6
            or item.top - lines[-1].bottom > 1.2 * lines[0].size
        ):
            break
        lines.append(item)
    return lines


def heading(lines: list[Line], titles: set[str], in_notes: bool) -> Section | None:
    """The section whose heading begins with the first of these lines, if any, with the lines of the heading.

    ``titles``: the entries of the table of contents.
    """
    text = squeeze(lines[0].text)
    if NOTES.match(text) and len(text) <= 7:
        return Section("notes", text, lines[:1])
    text, lines = _whole_heading(lines, titles)
    major = MAJOR.match(text)
    if major and _is_major(major, text, titles):
        return Section("major", text, lines, *major_heading(major))
    printed = printed_text(lines)
    annex = annex_match(printed)
    if annex and not NOT_A_TITLE.match(annex["title"]):
        if in_notes and text not in titles and text.endswith(_MID_SENTENCE):
            return None
        marked = annex["no"] or annex["sep"] or annex["title"][:1].isdigit() or text in titles
        if marked and (parsed := parse_annex(printed)) is not None:
            return Section("annex", text, lines, *parsed)
    if text.endswith("目录") and (text in titles or "双师" in text) and not annex and not major:
        return Section("catalogue", text, lines)
    return None


def printed_text(lines: Sequence[Line]) -> str:
    """The text of a heading's lines with its blanks, one behind a number alone on its line; but none of those that are only
    the letter-spacing of a line."""
    out = ""
    for line in lines:
        bare = annex_match(out)
        out += f" {line.text}" if bare and not bare["title"] else line.text
        if " " not in line.text or len(line.advances) != len(line.text):
            continue
        closed = sum(a != " " != b for a, b in pairwise(line.text))
        spacing = (line.width - sum(line.advances)) / max(closed, 1)
        widest = max(width for char, width in zip(line.text, line.advances, strict=True) if char == " ")
        if spacing > 0.1 * line.size and widest < 1.5 * spacing:
            out = out.replace(" ", "")
    return out


def with_title(section: Section, below: list[Line], titles: set[str]) -> Section:
    """An annex whose heading is a number alone with its title, which stands ``below``: the lines that the table of contents
    (``titles``) or larger letters name, else one, or two that are centred alike; no paragraph."""
    below = [line for line in below if line.page == section.page]
    known = (below[:n] for n in range(len(below), 0, -1) if section.text + _joined(below[:n]) in titles)
    found = next(known, None) or [line for line in below if line.size > section.lines[-1].size + 0.6]
    if not found and below and not _joined(below).endswith(_MID_SENTENCE):
        pair = below[:2]
        centred = len(pair) == 2 and _centred(*pair)
        full = len(pair) == 2 and 2 * abs(pair[0].x1 - pair[1].x1) < pair[0].size < pair[0].width
        found = pair if centred else [] if full else below[:1]
    title = _joined(found)
    if not title or NO_TITLE.match(title) or opens(title) or title.endswith(_MID_SENTENCE):
        return section
    return replace(section, text=section.text + title, name=normalise(title), lines=[*section.lines, *found])


def _joined(lines: Sequence[Line]) -> str:
    return squeeze("".join(line.text for line in lines))


def _centred(one: Line, other: Line) -> bool:
    """Whether two lines of unlike width have the same middle, and the second may belong to a title."""
    off = abs(one.x0 + one.x1 - other.x0 - other.x1) / 2
    text = squeeze(other.text)
    return off < 0.5 * one.size < abs(one.x0 - other.x0) and not opens(text) and not NO_TITLE.match(text)


def _whole_heading(lines: list[Line], titles: set[str]) -> tuple[str, list[Line]]:
    """The text of a heading that may be wrapped over ``lines``, and the lines that it takes.

    The table of contents knows its whole text, else the first line must have been full.
    """
    text = squeeze(lines[0].text)
    for count, line in enumerate(lines[1:], start=1):
        more = squeeze(line.text)
        known = any(title.startswith(text + more) for title in titles)
        unfinished = MAJOR.match(text) and text not in titles and not text.endswith("目录")
        whole = unfinished and (text + more).endswith("目录")
        if opens(more) or not (known or whole):
            return text, lines[:count]
        text += more
    return text, lines


def opens(text: str) -> bool:
    """Whether a text begins as a heading does."""
    return bool(MAJOR.match(text) or ANNEX.match(text) or NOTES.match(text))


def _is_major(match: re.Match[str], text: str, titles: set[str]) -> bool:
    """A heading names codes, or an ordinal, or stands in the table of contents; running text does neither."""
    if text.endswith(_MID_SENTENCE):
        return False
    if match["code"] or match["codes2"] or match["code3"]:
        return True
    return text in titles or bool(
        match["ordinal"] and (not match["rest"] or "目录" in match["rest"] or "专业" in match["rest"])
    )


def split_at_headings(
    table: PageTable, titles: set[str], in_annex: bool
) -> Iterator[tuple[Section | None, PageTable]]:
    """The parts of a page's table, each from a heading among its rows on, with the section that this opens; None for
    what stands before the first.

    A heading is the only text of its row: set across the table, or a 专业大类 or an annex in fewer columns, the others empty.
    ``titles``: the entries of the table of contents.
    """
    cols = max(cell.col + cell.col_span for cell in table.cells)
    texts = Counter(
        row for cell in table.cells if cell.text for row in range(cell.row, cell.row + cell.row_span)
    )
    starts: dict[int, Section] = {}
    for cell in table.cells:
        wide = cell.col_span == cols
        if cols > 1 and cell.row_span == 1 and (wide or (cell.text and texts[cell.row] == 1)):
            section = _banner_heading(cell, titles, in_annex)
            if section is not None and (wide or section.kind == "annex" or section.name.endswith("大类")):
                starts[cell.row] = section
                in_annex = section.kind == "annex"
    bounds = sorted({0, *starts})
    for start, stop in zip(bounds, [*bounds[1:], None], strict=True):
        part = table.part(start, stop)
        if part.cells:
            yield starts.get(start), part


def without_first_row(table: PageTable) -> PageTable:
    """A page's table whose first row is none of it: empty, or a heading that its header repeats (that of the document's
    first section, where one grid holds all)."""
    return table.part(1, repeated=tuple(cell for cell in table.cells if cell.row == 0))


def _banner_heading(cell: Cell, titles: set[str], in_annex: bool) -> Section | None:
    """The section that a row across the table opens, if its text is a heading. In an annex a 专业大类 may head a group
    of rows."""
    text, lines = cell.text, list(cell.lines[:1])
    major = MAJOR.match(text)
    if (
        major
        and _is_major(major, text, titles)
        and (not in_annex or text in titles or "目录" in major["rest"])
    ):
        return Section("major", text, lines, *major_heading(major))
    number, title = parse_annex(printed_text(cell.lines)) or (None, "")
    named = number is not None and title and not NOT_A_TITLE.match(title)
    if named and (text in titles or not text.endswith(_MID_SENTENCE)):
        return Section("annex", text, lines, number, title)
    return None
