"""Lines of a transcript → its parts: front matter, 专业大类, annexes; and the header of a catalogue table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.readers.transcript.source import RawRow, RawText
from pipeline.text import squeeze
from pipeline.vocabulary.headings import parse_annex, parse_major
from pipeline.vocabulary.kinds import kind_scores, tier_word

_PAGE = re.compile(r"\t\d{1,4}$")
_KIND = 50
"""Words at least so similar (0–100) to a kind's name begin a column group."""


@dataclass
class Part:
    """A heading (None before the first) and the lines under it. ``kind``: front | major | annex."""

    kind: str
    heading: RawText | None
    title: str = ""
    items: list[RawRow | RawText] = field(default_factory=list)

    @cached_property
    def rows(self) -> list[RawRow]:
        """The rows, in order, once all items are known."""
        return [item for item in self.items if isinstance(item, RawRow)]


def split(items: Iterable[RawRow | RawText]) -> tuple[list[Part], set[str]]:
    """Parts in printed order, and the codes (first one of each) of every 专业大类 that the contents or headings name."""
    parts = [Part("front", None)]
    majors: set[str] = set()
    for item in items:
        if isinstance(item, RawText):
            text = squeeze(_PAGE.sub("", item.text))
            of_contents = _PAGE.search(item.text)
            major = parse_major(text)
            annex = parse_annex(text)
            if major is not None and major.codes:
                majors.add(major.codes[0])
                if not of_contents:
                    parts.append(Part("major", item))
                    continue
            elif annex is not None and annex[0] is not None and annex[1] and not of_contents:
                parts.append(Part("annex", item, annex[1]))
                continue
        parts[-1].items.append(item)
    return parts, majors


@dataclass(frozen=True)
class Header:
    """A catalogue header: its rows, ``width`` cells as typed, tiers and group number by column, column 0 the class."""

    rows: tuple[RawRow, ...]
    width: int
    tiers: tuple[str, ...]
    groups: tuple[int, ...]

    @property
    def columns(self) -> int:
        """Columns that mean something (blank ones at the end left out)."""
        return len(self.tiers)


def catalogue_header(rows: list[RawRow], at: int) -> Header | None:
    """The header whose row of tiers is ``rows[at]``: at least three tier words, all three tiers among them."""
    row = rows[at]
    tiers = [tier_word(cell.text) or "" for cell in row.cells]
    named = [tier for tier in tiers if tier]
    if len(set(named)) < 3 or len(named) < 0.7 * len(row.filled):
        return None
    columns = max(i for i, tier in enumerate(tiers) if tier) + 1
    above = rows[at - 1] if at and rows[at - 1].line >= row.line - 2 else None
    groups = [-1] * columns
    if above is not None:
        number = 0
        for col, text in enumerate((*above.texts, *[""] * columns)[:columns]):
            if tiers[col]:
                number += bool(text) and max(kind_scores(text).values()) >= _KIND
                groups[col] = number
    return Header((above, row) if above else (row,), len(row.cells), tuple(tiers[:columns]), tuple(groups))
