"""A stitched table → its data rows, each with the header, part and group that hold for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pipeline.findings import Finding
from pipeline.model import GridCell, LogicalTable
from pipeline.tidy.annexes.cells import Ledger, joined
from pipeline.tidy.annexes.columns import Header, Ref, banner, eliminate, find_header, starting
from pipeline.tidy.annexes.groups import PartName, is_note, is_title, part_name, strip_ordinal
from pipeline.tidy.annexes.model import finding
from pipeline.vocabulary.annexes import Spec


@dataclass(frozen=True)
class State:
    """What holds for the next row: header, part and group."""

    header: Header | None = None
    part: PartName | None = None
    group: str | None = None


@dataclass(frozen=True)
class DataRow:
    """One data row of the grid and what holds for it. ``own``: its cells that start in it, left to right."""

    row: int
    state: State
    header: Header
    own: tuple[GridCell, ...]


class Walker:
    """Walks the rows of one table under one spec. ``state`` stands at the end for the next table of the annex."""

    def __init__(
        self,
        table: LogicalTable,
        spec: Spec,
        title: str,
        header_map: Mapping[str, str],
        state: State,
        ledger: Ledger,
        findings: list[Finding],
    ) -> None:
        self.table, self.spec, self.title, self.header_map = table, spec, title, header_map
        self.state, self.ledger, self.findings = state, ledger, findings
        self.read_any = False  # a header or a data row of this table was read
        self.named = False  # a part was named for this table

    def rows(self) -> Iterator[DataRow]:
        """The data rows, top to bottom; headers and banners are taken off on the way."""
        row = 0
        while row < self.table.n_rows:
            own = starting(self.table, row)
            if not own:
                row += 1
            elif cell := banner(self.table, row):
                self._banner(cell)
                row += 1
            elif header := self._header(row):
                row = header.stop
            else:
                self.read_any = True
                if self.state.header is not None:
                    yield DataRow(row, self.state, self.state.header, tuple(own))
                row += 1

    def _header(self, row: int) -> Header | None:
        header = find_header(self.table, row, self.spec, self.header_map, first=not self.read_any)
        if header is None:
            return None
        if header.missing:
            header = eliminate(header, self.spec)
        if header.missing and self.state.header is not None:
            return None  # words of a header by chance: a data row
        if header.missing or not any(ref.field for ref in header.refs):
            return None
        self.ledger.head(*header.cells)
        old = self.state.header
        if old is None or old.texts != header.texts:
            self._report_columns(header)
        self.state = replace(self.state, header=header)
        self.read_any = True
        return header

    def _report_columns(self, header: Header) -> None:
        """Findings about columns that were not matched by their very word."""
        for ref in header.refs:
            cell = self.table.at(header.stop - 1, ref.start) or self.table.at(header.start, ref.start)
            if ref.field and ref.how in ("similar", "left", "pair"):
                how = {
                    "similar": f"列标题“{ref.text}”按相近词识别为“{_label(self.spec, ref)}”",
                    "left": f"列标题“{ref.text}”未能识别，因其他各列均已对应，视为“{_label(self.spec, ref)}”",
                    "pair": f"列标题“{ref.text}”只有一列，视为“{ref.field}”",
                }[ref.how]
                message = f"附件《{self.title}》的{how}。"
                self.findings.append(
                    finding("annex_column_similar", message, ref.text, cell, self.spec.table)
                )
            elif ref.how == "printed":
                message = f"附件《{self.title}》的列标题“{ref.text}”不是已知类别，按原文发布。"
                self.findings.append(
                    finding("annex_category_unknown", message, ref.text, cell, self.spec.table)
                )

    def _banner(self, cell: GridCell) -> None:
        text = joined(cell)
        self.ledger.head(cell)
        if is_title(text, self.title):
            return
        # The first title above a header is a part whatever its form; further down it must look like one.
        part = part_name(text, self.spec, sure=not (self.read_any or self.named or is_note(text)))
        if part is not None:
            self.named = True
            if self.spec.part and (self.state.part is None or part.value != self.state.part.value):
                self.set_part(part, cell)
            return
        if self.spec.group and not is_note(text):
            self.state = replace(self.state, group=strip_ordinal(text) or text)
            return
        message = f"附件《{self.title}》中有一行通栏文字未能归入任何一列：“{text[:60]}”。"
        self.findings.append(finding("annex_banner_unknown", message, text, cell, self.spec.table))

    def set_part(self, part: PartName, cell: GridCell | None) -> None:
        """A new part starts; an unknown one is published as printed, with a finding."""
        self.state = replace(self.state, part=part, group=None)
        if not part.known and self.spec.part:
            known = "、".join(self.spec.part.known)
            message = f"附件《{self.title}》的分表“{part.text}”不在已知的{known}之内，按原文发布。"
            self.findings.append(finding("annex_part_unknown", message, part.text, cell, self.spec.table))


def _label(spec: Spec, ref: Ref) -> str:
    return next((column.words[0] for column in spec.columns if column.field == ref.field), ref.field or "")
