"""Which sections of a document are tidied together.

A small rulebook is one part: its tables teach each other. In a larger one the annexes are a part of their own, which is read
beside the catalogue. A document that is many times longer is tidied part by part, each
about as long as a rulebook and learning from itself, so that memory does not grow with the number of pages. Its annexes
come first, for the names in them are known to every part of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.tidy.outline import Section
from pipeline.tidy.pieces import PageTable

WHOLE = 80_000
"""Cell pieces and printed lines, together, up to which a document is one part: about 300 pages of a rulebook."""

PART = 20_000
"""Cell pieces and lines of a part of a larger one: enough to learn from."""


ALONE = 5_000
"""Cell pieces and lines from which on annexes can teach themselves how their lines are broken: they are then read beside
the catalogue, not with it."""


@dataclass(frozen=True)
class Part:
    """Sections that are tidied together: annexes and all others."""

    annexes: tuple[Section, ...]
    others: tuple[Section, ...]


def parts_of(
    sections: Sequence[Section],
    whole: int = WHOLE,
    part: int = PART,
    alone: int = ALONE,
    together: bool = False,
) -> list[Part]:
    """The parts of a document in the order in which they are to be read; the last is never one of annexes alone.

    ``together``: annexes are not to be parted from the catalogue.
    """
    annexes = [section for section in sections if section.kind == "annex"]
    others = [section for section in sections if section.kind != "annex"]
    if together or sum(map(_weight, sections)) <= whole:
        if together or min(sum(map(_weight, annexes)), sum(map(_weight, others))) < alone:
            return [Part(tuple(annexes), tuple(others))]
        return [Part(tuple(annexes), ()), Part((), tuple(others))]
    return [
        *(Part(tuple(some), ()) for some in _evenly(annexes, part)),
        *(Part((), tuple(some)) for some in _evenly(others, part)),
    ]


def tables_of(section: Section) -> Iterator[PageTable]:
    """The tables of a section, page by page."""
    return (item for item in section.content if isinstance(item, PageTable))


def _weight(section: Section) -> int:
    return sum(table.stop - table.start + table.lines for table in tables_of(section))


def _evenly(sections: Sequence[Section], part: int) -> Iterator[list[Section]]:
    """Runs of sections of about the same size, about ``part`` (a section is never divided)."""
    total = sum(map(_weight, sections))
    wanted = total / max(1, round(total / part))
    run: list[Section] = []
    held = 0
    for section in sections:
        weight = _weight(section)
        if run and held + weight / 2 > wanted:
            yield run
            run, held = [], 0
        run.append(section)
        held += weight
    if run:
        yield run
