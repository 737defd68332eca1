"""The tables of a whole document: stitched over pages, and sorted by what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.model import LogicalTable
from pipeline.reading import PageInfo
from pipeline.tidy.catalogue import is_catalogue
from pipeline.tidy.sections import Section
from pipeline.tidy.stitch import StitchedSection, StitchedTable, stitch


@dataclass(frozen=True)
class DocumentTables:
    """Sections with their stitched tables, and the tables by what they are: those of the catalogue, each with the
    heading it stands under, the annexes, and all others."""

    sections: Sequence[StitchedSection] = ()
    catalogue: Sequence[tuple[StitchedTable, str]] = ()
    annexes: Sequence[StitchedSection] = ()
    others: Sequence[StitchedTable] = ()

    @property
    def under_headings(self) -> list[tuple[LogicalTable, str]]:
        """The tables of the catalogue, each with the heading it stands under."""
        return [(table.table, heading) for table, heading in self.catalogue]

    @property
    def annex_groups(self) -> dict[str, list[LogicalTable]]:
        """The tables of each annex, which are of one design."""
        return {
            f"annex{index}": [table.table for table in annex.tables]
            for index, annex in enumerate(self.annexes)
        }

    @property
    def groups(self) -> dict[str, list[LogicalTable]]:
        """Tables of one design: the catalogue's, and those of each annex."""
        return {"catalogue": [table.table for table, _ in self.catalogue], **self.annex_groups}

    @property
    def all(self) -> list[StitchedTable]:
        """Every table: those of annexes, of the catalogue, others."""
        annexes = [table for annex in self.annexes for table in annex.tables]
        return [*annexes, *(table for table, _ in self.catalogue), *self.others]


def document_tables(sections: Sequence[Section], pages: Sequence[PageInfo]) -> DocumentTables:
    """Stitch the tables of every section and sort them.

    Those of annexes belong to these; of the rest, those under a 专业大类 or with a catalogue's header are the
    catalogue's.
    """
    pictured = frozenset(page.page for page in pages if not page.tables and page.pictures)
    stitched = [stitch(section, pictured) for section in sections]
    catalogue: list[tuple[StitchedTable, str]] = []
    others: list[StitchedTable] = []
    for one in stitched:
        for table in one.tables if one.section.kind != "annex" else ():
            if one.section.kind == "major" or is_catalogue(table.table):
                catalogue.append((table, one.section.text))
            else:
                others.append(table)
    annexes = [one for one in stitched if one.section.kind == "annex"]
    return DocumentTables(stitched, catalogue, annexes, others)
