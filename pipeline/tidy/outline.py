"""The document's skeleton: table of contents, headings, notes, running heads; which tables stand under what."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from pipeline.model import Cell, Line
from pipeline.reading import Block, PageInfo
from pipeline.text import is_page_number, normalise, squeeze
from pipeline.vocabulary.headings import (
    ANNEX,
    LEADER,
    MAJOR,
    NOT_A_TITLE,
    NOTES,
    NUMERAL,
    TOC,
    major_heading,
    numeral,
)


@dataclass(frozen=True)
class PageTable:
    """A table as it stands on one page: its cells, its upper and lower edge in points."""

    page: int
    cells: tuple[Cell, ...]
    top: float
    bottom: float


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


@dataclass
class Outline:
    """A document taken apart: title lines, contents, sections in printed order, margins (running heads, numbers)."""

    title: list[Line]
    toc: list[TocEntry]
    sections: list[Section]
    margins: list[Line]
    hidden: list[Block]


_MID_SENTENCE = ("。", "；", ";", "，", ",")
_NEAR = 6
"""A running head comes at least three times within so many pages: left and right pages may have their own."""


def outline(cells: Sequence[Cell], blocks: Sequence[Block], pages: Sequence[PageInfo]) -> Outline:
    """Take a document apart into its sections."""
    tables = page_tables(cells)
    lines = [block.line for block in blocks if block.role == "text"]
    hidden = [block for block in blocks if block.role != "text"]
    margins = running_heads(lines, tables, {p.page: p for p in pages})
    off = {id(line) for line in margins}
    lines = [line for line in lines if id(line) not in off]
    title, toc, toc_lines = contents(lines)
    in_toc = {id(line) for line in toc_lines} | {id(line) for line in title}
    stream = _stream([line for line in lines if id(line) not in in_toc], tables)
    return Outline(title, toc, _sections(stream, toc), margins, hidden)


def page_tables(cells: Sequence[Cell]) -> list[PageTable]:
    """The tables of every page, in page and table order."""
    out = []
    ordered = sorted(cells, key=lambda cell: (cell.page, cell.table_no))
    for (page, _), members in groupby(ordered, key=lambda cell: (cell.page, cell.table_no)):
        own = tuple(members)
        out.append(PageTable(page, own, min(cell.top for cell in own), max(cell.bottom for cell in own)))
    return out


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


def contents(lines: Sequence[Line]) -> tuple[list[Line], list[TocEntry], list[Line]]:
    """Title lines, entries of the table of contents, and the lines these took."""
    start = next((i for i, line in enumerate(lines) if TOC.match(squeeze(line.text))), None)
    leaders = [i for i, line in enumerate(lines) if LEADER.match(line.text.strip())]
    if start is None and len(leaders) < 3:
        return _title(lines), [], []
    if start is None:
        start = leaders[0] - 1
    inside = [i for i in leaders if i > start]
    if not inside:
        return _title(lines), [], [lines[start]] if start >= 0 else []
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
    return _title(lines[: max(start, 0)]), entries, list(lines[max(start, 0) : last + 1])


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
        text = squeeze(line.text)
        if line.size < largest - 0.5 or MAJOR.match(text) or ANNEX.match(text) or NOTES.match(text):
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
            banner = _banner_heading(item)
            if banner is not None and banner.text != here.text:
                sections.append(banner)
            sections[-1].content.append(item)
            continue
        if wrapped:
            wrapped -= 1
            continue
        section = _heading(_close_lines(stream, position), titles, in_notes=here.kind == "notes")
        if section is None:
            here.content.append(item)
            continue
        wrapped = len(section.lines) - 1
        if section.kind == here.kind and section.text == here.text:
            here.lines.extend(section.lines)  # the heading is repeated at the top of a later page
        else:
            sections.append(section)
    return sections


def _close_lines(stream: Sequence[Line | PageTable], position: int) -> list[Line]:
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


def _heading(lines: list[Line], titles: set[str], in_notes: bool) -> Section | None:
    """The section whose heading begins with the first of these lines, if any, with the lines of the heading.

    ``titles``: the entries of the table of contents.
    """
    text = squeeze(lines[0].text)
    if NOTES.match(text) and len(text) <= 7:
        return Section("notes", text, lines[:1])
    text, lines = _whole_heading(lines, titles)
    major = MAJOR.match(text)
    if major and _is_major(major, text, titles):
        return _major_section(major, text, lines)
    annex = ANNEX.match(text)
    if annex and not NOT_A_TITLE.match(annex["title"]) and (annex["no"] or annex["sep"] or text in titles):
        if in_notes and text not in titles and text.endswith(_MID_SENTENCE):
            return None
        if annex["no"] or annex["title"]:
            number = numeral(annex["no"]) if annex["no"] else None
            return Section("annex", text, lines, number, normalise(annex["title"]))
    if text.endswith("目录") and (text in titles or "双师" in text) and not annex and not major:
        return Section("catalogue", text, lines)
    return None


def _whole_heading(lines: list[Line], titles: set[str]) -> tuple[str, list[Line]]:
    """The text of a heading that may be wrapped over ``lines``, and the lines that it takes.

    The table of contents knows its whole text, else the first line must have been full.
    """
    text = squeeze(lines[0].text)
    for count, line in enumerate(lines[1:], start=1):
        more = squeeze(line.text)
        known = any(title.startswith(text + more) for title in titles)
        unfinished = MAJOR.match(text) and text not in titles and not text.endswith("目录")
        annex = ANNEX.match(text)
        if _opens(more) or not (
            known or (unfinished and (text + more).endswith("目录")) or (annex and not annex["title"])
        ):
            return text, lines[:count]
        text += more
    return text, lines


def _opens(text: str) -> bool:
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


def _major_section(match: re.Match[str], text: str, lines: list[Line]) -> Section:
    return Section("major", text, lines, *major_heading(match))


def _banner_heading(table: PageTable) -> Section | None:
    """A section heading that is set inside the ruled table, as a first row across its whole width."""
    first = [cell for cell in table.cells if cell.row == 0]
    cols = max(cell.col + cell.col_span for cell in table.cells)
    if len(first) != 1 or first[0].col_span != cols or cols < 2:
        return None
    text = first[0].text
    match = MAJOR.match(text)
    if match and (match["code"] or match["codes2"] or match["code3"]):
        return _major_section(match, text, [])
    annex = ANNEX.match(text)
    if annex and annex["no"] and annex["title"] and not NOT_A_TITLE.match(annex["title"]):
        return Section("annex", text, [], numeral(annex["no"]), normalise(annex["title"]))
    return None


def note_texts(section: Section) -> list[tuple[str, str, Line]]:
    """(number, text, first line) of each paragraph under 说明: a new one begins with a number or an indent."""
    out: list[tuple[str, str, Line]] = []
    held: list[Line] = []

    def flush() -> None:
        if held:
            text = normalise("".join(line.text for line in held))
            match = re.match(rf"^(?:[(\[]?(\d{{1,2}}|[{NUMERAL}]{{1,3}})[)\].、．:]+)", text)
            number = str(numeral(match[1])) if match else str(len(out) + 1)
            out.append((number, text, held[0]))
            held.clear()

    lefts = Counter(round(line.x0) for line in section.content if isinstance(line, Line))
    margin = min(lefts) if lefts else 0
    for item in section.content:
        if not isinstance(item, Line):
            continue
        text = normalise(item.text)
        numbered = re.match(rf"^(?:[(\[]?(?:\d{{1,2}}|[{NUMERAL}]{{1,3}})[)\].、．])\D", text)
        indented = item.x0 > margin + 1.2 * item.size and len(lefts) > 1
        if numbered or (indented and held and held[-1].text.rstrip().endswith(("。", ";", "；", ":", "："))):
            flush()
        held.append(item)
    flush()
    return out
