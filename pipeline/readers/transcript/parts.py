"""Lines of a transcript → its parts: front matter, 专业大类, annexes; which rows stand under which heading."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.readers.transcript.source import RawRow, RawText
from pipeline.text import squeeze
from pipeline.vocabulary.headings import parse_annex, parse_major
from pipeline.vocabulary.kinds import kind_scores, tier_word

_PAGE = re.compile(r"\t\d{1,4}$")


@dataclass
class Part:
    """A heading (None before the first) and the lines under it. ``kind``: front | major | annex."""

    kind: str
    heading: RawText | None
    items: list[RawRow | RawText] = field(default_factory=list)
    codes: tuple[str, ...] = ()
    title: str = ""

    @property
    def rows(self) -> list[RawRow]:
        """The rows, in order."""
        return [item for item in self.items if isinstance(item, RawRow)]


def split(items: Iterable[RawRow | RawText]) -> tuple[list[Part], list[str]]:
    """Parts in printed order, and the codes (first one of each) of every 专业大类 that the contents or headings name."""
    parts = [Part("front", None)]
    majors: list[str] = []
    for item in items:
        if isinstance(item, RawRow):
            parts[-1].items.append(item)
            continue
        text = squeeze(_PAGE.sub("", item.text))
        major = parse_major(text)
        if major is not None and major.codes and major.codes[0] not in majors:
            majors.append(major.codes[0])
        if _PAGE.search(item.text):
            parts[-1].items.append(item)
        elif major is not None and major.codes:
            parts.append(Part("major", item, codes=major.codes))
        elif (annex := parse_annex(text)) is not None and annex[0] is not None and annex[1]:
            parts.append(Part("annex", item, title=annex[1]))
        else:
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
    if len(named) < 3 or len(set(named)) < 3 or len(named) < 0.7 * len(row.filled):
        return None
    columns = max(i for i, tier in enumerate(tiers) if tier) + 1
    above = rows[at - 1] if at and rows[at - 1].line >= row.line - 2 else None
    groups = [-1] * columns
    if above is not None:
        number = 0
        for col in range(columns):
            text = above.cells[col].text if col < len(above.cells) else ""
            if tiers[col] and text and max(kind_scores(text).values()) >= 50:
                number += 1
            groups[col] = number if tiers[col] else -1
    return Header((above, row) if above else (row,), len(row.cells), tuple(tiers[:columns]), tuple(groups))
