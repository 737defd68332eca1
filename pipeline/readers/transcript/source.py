"""A text transcript → rows of cells and lines of text, as printed, each with its line number (from 1); and its parts.

A transcript is typed off a document, or read off a scan by a machine: rows have their cells parted by tabs, a cell
may hold ``<p>`` paragraphs and other tags, rows of dashes fill up tables, blank lines stand where a page ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pipeline.errors import XizeError
from pipeline.text import clean, squeeze
from pipeline.vocabulary.headings import parse_annex, parse_major

_PARAGRAPH = re.compile(r"</?(?:p|br|div|li)\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]*)?/?>")
_MARK = re.compile(r"^(?P<hashes>#{1,6})\s+|\*\*|^__|__$")
_FILLER = re.compile(r"^[-—–=:\s]*$")
_STATED = r"[(][^()\s]*(?:级|级工|技师)[)]"
_LOST_BLANK = re.compile(rf"(?<=[级工师][)])(?=(?:[\u4e00-\u9fff][^()\s]*{_STATED})+(?:\s|$))")
"""Between two items run together, each of which ends with its level in brackets."""
_PAGE = re.compile(r"\t\d{1,4}$")
_CONTENTS = re.compile(r"^(?P<text>\D.*?)\t\s*(?P<page>\d{1,4})\s*$")


@dataclass(frozen=True)
class RawCell:
    """A cell as typed: the words between blanks, and whether each begins a paragraph of its own."""

    words: tuple[str, ...] = ()
    opens: tuple[bool, ...] = ()

    @property
    def text(self) -> str:
        """All characters, blanks deleted."""
        return squeeze("".join(self.words))

    @property
    def printed(self) -> str:
        """The words with single blanks between them."""
        return " ".join(self.words)

    def __add__(self, other: RawCell) -> RawCell:
        """The words of both."""
        return RawCell(self.words + other.words, self.opens + other.opens)


@dataclass(frozen=True)
class RawRow:
    """A row as typed. ``gap``: blank lines right before it (rows of dashes do not count)."""

    line: int
    cells: tuple[RawCell, ...]
    gap: int = 0

    @property
    def filled(self) -> list[int]:
        """Indices of the cells that hold text."""
        return [i for i, cell in enumerate(self.cells) if cell.words]

    @property
    def texts(self) -> tuple[str, ...]:
        """The squeezed text of every cell."""
        return tuple(cell.text for cell in self.cells)


@dataclass(frozen=True)
class RawText:
    """A line outside tables; ``heading``: it is marked as one. A line of the contents keeps its tab and page."""

    line: int
    text: str
    heading: bool = False
    gap: int = 0


def read_text(path: Path) -> str:
    """The transcript's text. Raises XizeError for an empty file or one that is no text."""
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise XizeError(f"{path.name}：不是文字文件（既非UTF-8也非GB18030编码），请核对来源。")
    if "\x00" in text:
        raise XizeError(f"{path.name}：不是文字文件（含有空字符），请核对来源。")
    if not text.strip():
        raise XizeError(f"{path.name}：文件是空的，请核对来源。")
    return text


def parse_cell(raw: str) -> RawCell:
    """A cell's words and paragraph starts; tags are deleted, a blank lost between two items is put back."""
    words: list[str] = []
    opens: list[bool] = []
    for paragraph in _PARAGRAPH.split(raw):
        fresh = bool(words)
        text = _LOST_BLANK.sub(" ", clean(_TAG.sub("", paragraph).replace("**", "")))
        for word in text.split():
            words.append(word)
            opens.append(fresh)
            fresh = False
    return RawCell(tuple(words), tuple(opens))


def parse(text: str) -> Iterator[RawRow | RawText]:
    """The rows and text lines of a transcript, in order."""
    gap = 0
    for number, raw in enumerate(text.splitlines(), start=1):
        if not raw.strip(" \r\n\ufeff") or (not raw.strip() and "\t" not in raw):
            gap += 1
            continue
        if _FILLER.match(raw):
            continue
        contents = _CONTENTS.match(raw)
        if contents and "\t" not in contents["text"] and len(squeeze(contents["text"])) > 8:
            yield RawText(number, f"{clean(contents['text'])}\t{contents['page']}", False, gap)
        elif "\t" in raw:
            yield RawRow(number, tuple(parse_cell(cell) for cell in raw.split("\t")), gap)
        else:
            mark = _MARK.match(raw.strip())
            words = parse_cell(_MARK.sub("", raw.strip())).words
            if words:
                yield RawText(number, " ".join(words), bool(mark), gap)
        gap = 0


@dataclass
class TypedPart:
    """A heading (None before the first) and the lines under it. ``kind``: front | major | annex."""

    kind: str
    heading: RawText | None
    title: str = ""
    items: list[RawRow | RawText] = field(default_factory=list)

    @cached_property
    def rows(self) -> list[RawRow]:
        """The rows, in order, once all items are known."""
        return [item for item in self.items if isinstance(item, RawRow)]


def split(items: Iterable[RawRow | RawText]) -> tuple[list[TypedPart], set[str]]:
    """Parts in printed order, and the codes (first one of each) of every 专业大类 that the contents or headings name."""
    parts = [TypedPart("front", None)]
    majors: set[str] = set()
    for item in items:
        if isinstance(item, RawText):
            text = squeeze(_PAGE.sub("", item.text))
            of_contents = _PAGE.search(item.text)
            major = parse_major(text)
            annex = parse_annex(item.text)
            if major is not None and major.codes:
                majors.add(major.codes[0])
                if not of_contents:
                    parts.append(TypedPart("major", item))
                    continue
            elif annex is not None and annex[0] is not None and not of_contents:
                parts.append(TypedPart("annex", item, annex[1]))
                continue
            elif parts[-1].kind == "annex" and not (parts[-1].title or parts[-1].items):
                parts[-1].title = text  # below a number alone
        parts[-1].items.append(item)
    return parts, majors


@dataclass(frozen=True)
class Placed:
    """A cell of a grid: its raw cell, the line it stands on, and how sure its place (and span) is.

    ``follows``: the row goes on after a page end, the text may go on too. ``inferred``: not printed here.
    """

    row: int
    col: int
    raw: RawCell
    line: int
    row_span: int = 1
    col_span: int = 1
    confidence: float = 1.0
    follows: bool = False
    inferred: bool = False


@dataclass
class TypedGrid:
    """A table as the transcript means it: ``n_rows`` × ``n_cols`` cells; rows and columns from 0."""

    n_cols: int
    cells: list[Placed] = field(default_factory=list)
    n_rows: int = 0
