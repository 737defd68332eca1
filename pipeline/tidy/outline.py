"""The document's skeleton: table of contents, headings, notes, running heads; which tables stand under what."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.model import Line
from pipeline.reading import Block, PageInfo
from pipeline.text import is_page_number, normalise, squeeze
from pipeline.tidy.headings import ANNEX, LEADER, MAJOR, NOT_A_TITLE, NOTES, NUMERAL, TOC, numeral
from pipeline.tidy.pieces import PageTable, Pieces


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


_NEAR = 6
"""A running head comes at least three times within so many pages: left and right pages may have their own."""


def outline(pieces: Pieces, blocks: Sequence[Block], pages: Sequence[PageInfo]) -> Outline:
    """Take a document apart into its sections."""
    lines = [block.line for block in blocks if block.role == "text"]
    hidden = [block for block in blocks if block.role != "text"]
    margins = running_heads(lines, pieces.tables, {p.page: p for p in pages})
    off = {id(line) for line in margins}
    lines = [line for line in lines if id(line) not in off]
    title, toc, toc_lines = contents(lines)
    in_toc = {id(line) for line in toc_lines} | {id(line) for line in title}
    stream = _stream([line for line in lines if id(line) not in in_toc], pieces.tables)
    return Outline(title, toc, _sections(stream, toc, pieces), margins, hidden)


def running_heads(
    lines: Sequence[Line], tables: Sequence[PageTable], pages: dict[int, PageInfo]
) -> list[Line]:
    """Page numbers and running heads: lines beyond a page's body that recur from page to page.

    A page number is a number alone in the outer eighth of a page; a running head is a text that stands at one height
    (to 3 points), beyond every table, on at least three pages near each other, digits aside. (A heading may come again at
    the same height many pages on.)
    """
    extent: dict[int, tuple[float, float]] = {}
    for table in tables:
        low, high = extent.get(table.page, (float("inf"), 0.0))
        extent[table.page] = (min(low, table.top), max(high, table.bottom))
    ends: dict[int, tuple[float, float]] = {}
    for line in lines:
        low, high = ends.get(line.page, (float("inf"), 0.0))
        ends[line.page] = (min(low, line.top), max(high, line.bottom))
    found: list[Line] = []
    recurring: dict[tuple[str, int], list[Line]] = defaultdict(list)
    for line in lines:
        text = squeeze(line.text)
        page = pages.get(line.page)
        height = page.height if page else 842.0
        body = extent.get(line.page)
        outer = line.bottom < height / 8 or line.top > height * 7 / 8
        if outer and is_page_number(text, line.page):
            found.append(line)
            continue
        if body is not None and body[0] < line.top < body[1]:
            continue
        if outer or line.top <= ends[line.page][0] + 1 or line.bottom >= ends[line.page][1] - 1:
            key = re.sub(r"\d+", "#", text)
            for bucket in (round(line.top / 3), round(line.top / 3) + 1):
                recurring[key, bucket].append(line)
    taken = {id(line) for line in found}
    for (_, _), members in sorted(recurring.items()):
        on = sorted({line.page for line in members})
        close = any(c - a <= _NEAR for a, c in zip(on, on[2:], strict=False))
        texts = {squeeze(line.text) for line in members}
        numbered = len(texts) > 1 and any(ANNEX.match(t) or MAJOR.match(t) for t in texts)
        if close and not numbered:
            for line in members:
                if id(line) not in taken:
                    taken.add(id(line))
                    found.append(line)
    return found


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
    keyed: list[tuple[int, float, int, int, Line | PageTable]] = []
    for i, line in enumerate(lines):
        keyed.append((line.page, (line.top + line.bottom) / 2, 0, i, line))
    for i, table in enumerate(tables):
        keyed.append((table.page, table.top, 1, i, table))
    return [item[4] for item in sorted(keyed, key=lambda item: item[:4])]


def _sections(stream: Sequence[Line | PageTable], toc: Sequence[TocEntry], pieces: Pieces) -> list[Section]:
    titles = {squeeze(entry.text) for entry in toc}
    sections: list[Section] = [Section("front", "")]
    skip: set[int] = set()
    for position, item in enumerate(stream):
        here = sections[-1]
        if isinstance(item, PageTable):
            banner = _banner_heading(item, pieces)
            if banner is not None and banner.text != here.text:
                sections.append(banner)
                here = banner
            here.content.append(item)
            continue
        if position in skip:
            continue
        section, extra = _heading(stream, position, titles, in_notes=here.kind == "notes")
        if section is None:
            here.content.append(item)
            continue
        skip.update(extra)
        if section.kind == here.kind and section.text == here.text and section.kind != "front":
            here.lines.extend(section.lines)  # the heading is repeated at the top of a later page
            continue
        sections.append(section)
    return sections


def _following(stream: Sequence[Line | PageTable], position: int) -> list[tuple[int, Line]]:
    """Lines that may continue the heading at ``position``: directly below, same size, same page."""
    first = stream[position]
    assert isinstance(first, Line)
    out: list[tuple[int, Line]] = []
    before = first
    for at in range(position + 1, min(position + 3, len(stream))):
        item = stream[at]
        if not isinstance(item, Line) or item.page != first.page or abs(item.size - first.size) > 0.6:
            break
        if item.top - before.bottom > 1.2 * first.size:
            break
        out.append((at, item))
        before = item
    return out


def _heading(
    stream: Sequence[Line | PageTable], position: int, titles: set[str], in_notes: bool
) -> tuple[Section | None, list[int]]:
    """The section that the line at ``position`` opens, if any, and the positions of further lines of its heading."""
    line = stream[position]
    assert isinstance(line, Line)
    text = squeeze(line.text)
    if NOTES.match(text) and len(text) <= 7:
        return Section("notes", text, [line]), []
    more = _following(stream, position)
    # A heading may be wrapped: the table of contents knows its whole text, else the first line must have been full.
    joined = text
    taken: list[int] = []
    lines = [line]
    for at, following in more:
        candidate = joined + squeeze(following.text)
        if _opens(squeeze(following.text)):
            break
        known = any(t.startswith(candidate) for t in titles)
        unfinished = MAJOR.match(joined) and joined not in titles and not joined.endswith("目录")
        if (
            known
            or (unfinished and candidate.endswith("目录"))
            or (ANNEX.match(joined) and not _annex_title(joined))
        ):
            joined, taken, lines = candidate, [*taken, at], [*lines, following]
        else:
            break
    major = MAJOR.match(joined)
    if major and _is_major(major, joined, titles):
        return _major_section(major, joined, lines), taken
    annex = ANNEX.match(joined)
    if annex and not NOT_A_TITLE.match(annex["title"]) and (annex["no"] or annex["sep"] or joined in titles):
        if in_notes and joined not in titles and joined.endswith(("。", "；", ";", "，", ",")):
            return None, []
        if annex["no"] or annex["title"]:
            number = numeral(annex["no"]) if annex["no"] else None
            return Section("annex", joined, lines, number, normalise(annex["title"])), taken
    if joined.endswith("目录") and (joined in titles or "双师" in joined) and not annex and not major:
        return Section("catalogue", joined, lines), taken
    return None, []


def _annex_title(text: str) -> str:
    match = ANNEX.match(text)
    return match["title"] if match else ""


def _opens(text: str) -> bool:
    return bool(MAJOR.match(text) or ANNEX.match(text) or NOTES.match(text))


def _is_major(match: re.Match[str], text: str, titles: set[str]) -> bool:
    """A heading names codes, or an ordinal, or stands in the table of contents; running text does neither."""
    if text.endswith(("。", "；", ";", "，", ",")):
        return False
    if match["code"] or match["codes2"] or match["code3"]:
        return True
    return text in titles or bool(
        match["ordinal"] and (not match["rest"] or "目录" in match["rest"] or "专业" in match["rest"])
    )


def _major_section(match: re.Match[str], text: str, lines: list[Line]) -> Section:
    name = match["name"] or match["name2"] or match["name3"] or match["name4"] or ""
    codes: list[str] = []
    for group in ("code", "others", "codes2", "code3"):
        if match[group]:
            codes += re.findall(r"\d{2,4}", match[group])
    ordinal = numeral(match["ordinal"]) if match["ordinal"] else None
    return Section("major", text, lines, ordinal, name, tuple(codes))


def parse_major(text: str) -> Section | None:
    """A heading or line of the contents that names a 专业大类, taken apart; None for any other text."""
    squeezed = squeeze(text)
    match = MAJOR.match(squeezed)
    if match is None:
        return None
    if not (match["code"] or match["codes2"] or match["code3"] or match["ordinal"]):
        return None
    return _major_section(match, squeezed, [])


def parse_annex(text: str) -> tuple[int | None, str] | None:
    """(number, title) of an annex heading or line of the contents; None for any other text."""
    match = ANNEX.match(squeeze(text))
    if match is None or not (match["no"] or match["title"]):
        return None
    return (numeral(match["no"]) if match["no"] else None), normalise(match["title"])


def _banner_heading(table: PageTable, pieces: Pieces) -> Section | None:
    """A section heading that is set inside the ruled table, as a first row across its whole width."""
    if table.in_first_row != 1:
        return None
    cells = pieces.load(table.start, table.stop)
    cols = max(cell.col + cell.col_span for cell in cells)
    first = [cell for cell in cells if cell.row == 0]
    if first[0].col_span != cols or cols < 2:
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
