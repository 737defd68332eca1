"""Running numbers: gaps and duplicates per list."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.quality.findings import Finding
from pipeline.tidy.annexes.model import Row, finding
from pipeline.tidy.annexes.spec import Numbering, Spec
from pipeline.tidy.model import GridCell


@dataclass
class Counter:
    """Follows one running number through the rows of one annex (all its tables).

    A number may start again at 1, or go on, wherever one of the fields that it runs within changes. A merged number
    cell counts once.
    """

    spec: Spec
    numbering: Numbering
    findings: list[Finding]
    scope: tuple[object, ...] | None = None
    last: int = 0
    seen: set[int] = field(default_factory=set)
    cell: GridCell | None = None
    numbered: object = None

    def see(self, row: Row, cell: GridCell | None) -> None:
        """Count the number of a row that stands in ``cell``."""
        if cell is None or cell is self.cell:
            return
        self.cell = cell
        text = str(row.get(self.numbering.field) or "")
        scope = tuple(row.get(name) for name in self.numbering.within)
        fresh = scope != self.scope
        if fresh:
            self.scope, self.seen = scope, set()
        where = f"{self.spec.table}" + (f"（{'/'.join(str(s) for s in scope if s)}）" if any(scope) else "")
        digits = text.strip(".、()")
        if not (digits.isascii() and digits.isdigit()):
            self._report("running_number_invalid", f"{where}的序号“{text}”不是数字。", text, cell, row)
            return
        number = int(digits)
        numbered = row.get(self.numbering.of) if self.numbering.of else None
        if numbered and not fresh and (number, numbered) == (self.last, self.numbered):
            return
        self.numbered = numbered
        expected = self.last + 1
        if number in self.seen:
            self._report("running_number_duplicate", f"{where}的序号{number}重复出现。", text, cell, row)
        elif number != expected and not (fresh and number == 1):
            before = f"{self.last}之后是{number}" if self.last else f"从{number}开始"
            self._report(
                "running_number_gap", f"{where}的序号不连续：{before}。", f"{self.last}→{number}", cell, row
            )
        self.seen.add(number)
        self.last = number

    def _report(self, code: str, message: str, evidence: str, cell: GridCell, row: Row) -> None:
        self.findings.append(finding(code, message, evidence, cell, self.spec.table, str(row["row_id"])))
