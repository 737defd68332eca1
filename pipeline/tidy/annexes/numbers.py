"""Running numbers: gaps and duplicates per list."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.model import GridCell
from pipeline.schema import TABLES
from pipeline.tidy.annexes.model import AnnexResult, Row
from pipeline.vocabulary.annexes import Numbering, Spec


@dataclass
class RunningNumber:
    """Follows one running number through the rows of one annex (all its tables).

    A number may start again at 1, or go on, wherever one of the fields that it runs within changes. A merged number
    cell counts once. A single wrong number (2, 9, 4) is reported once: what follows may go on as if it had been right.
    """

    spec: Spec
    numbering: Numbering
    out: AnnexResult
    scope: tuple[object, ...] | None = None
    last: int = 0
    meant: int = 0  # what the number before should have been, where it was wrong
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
            self.scope, self.seen, self.meant = scope, set(), 0
        where = TABLES[self.spec.table].title_zh + (
            f"（{'/'.join(str(s) for s in scope if s)}）" if any(scope) else ""
        )
        digits = text.strip(".、()")
        if not (digits.isascii() and digits.isdigit()):
            message = f"{where}的序号“{text}”不是数字；请核对原文。"
            self._report("running_number_invalid", message, text, cell, row)
            self.meant = self.last + 1
            return
        number = int(digits)
        numbered = row.get(self.numbering.of) if self.numbering.of else None
        if numbered and not fresh and (number, numbered) == (self.last, self.numbered):
            return
        self.numbered = numbered
        expected = self.last + 1
        before_was_wrong = bool(self.meant) and number == self.meant + 1
        wrong = number != expected and not before_was_wrong and not (fresh and number == 1)
        if number in self.seen:
            message = f"{where}的序号{number}重复出现；请核对原文。"
            self._report("running_number_duplicate", message, text, cell, row)
            wrong = True
        elif wrong:
            before = f"{self.last}之后是{number}" if self.last else f"从{number}开始"
            message = f"{where}的序号不连续：{before}；请核对原文是印错、漏号，还是有行未读出。"
            self._report("running_number_gap", message, f"{self.last}→{number}", cell, row)
        self.meant = expected if wrong else 0
        self.seen.add(number)
        self.last = number

    def _report(self, code: str, message: str, evidence: str, cell: GridCell, row: Row) -> None:
        self.out.report(code, message, evidence, cell, self.spec.table, str(row["row_id"]))
