"""Data rows → rows of the contract's annex tables, by the shape of the table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.model import GridCell, LogicalTable
from pipeline.schema import TABLES, row_id
from pipeline.text import normalise
from pipeline.tidy.annexes.cells import bases, joined, line_texts, lone_lines, names, titles, values
from pipeline.tidy.annexes.model import AnnexResult, LineReader, Row
from pipeline.tidy.annexes.rules import read_rule
from pipeline.tidy.annexes.walk import DataRow
from pipeline.tidy.grades.levels import read_grade_list
from pipeline.vocabulary.annexes import IDENTIFYING, RANKS, Column, Numbering, Spec

_LISTED = 3  # so many intended lines in one award cell say that the table lists awards line by line
_FILLED = 0.9  # the most confidence of a row that has a value which a page break leaves in doubt
Cells = Mapping[str, GridCell]
"""field → the cell whose value a row has."""


@dataclass
class RowBuilder:
    """Builds the rows of one annex under one spec; follows its running numbers over all its tables.

    ``known_titles``: titles that stand alone elsewhere. Tables and cells that were seen are known by their identity.
    """

    spec: Spec
    annex_no: int | None
    read_lines: LineReader
    out: AnnexResult
    known_titles: frozenset[str]
    series: tuple[str, ...] = ()
    ladder: int = 0
    unread: set[int] = field(default_factory=set)  # grade cells that were reported
    lacking: set[str] = field(default_factory=set)  # fields without a column that were reported
    names: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By field: names that stand alone in a cell."""
    seen: set[int] = field(default_factory=set)  # tables whose names are known
    awards: set[int] = field(default_factory=set)  # award cells that were read
    listing: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.numbers = [RunningNumber(self.spec, numbering, self.out) for numbering in self.spec.numberings]
        self.columns = {column.field: column for column in self.spec.columns}
        self.title = TABLES[self.spec.table].title_zh
        self.needed = frozenset(f.name for f in TABLES[self.spec.table].fields if not f.nullable)

    def rows(self, table: LogicalTable, data: DataRow) -> list[Row]:
        """The rows of the contract's table that one data row of the grid gives."""
        if self.spec.shape == "awards":
            return self._awards(table, data)
        if id(table) not in self.seen:
            self._learn_names(table, data)
        cells = self._cells(table, data)
        own = next((cell for cell in data.own if any(cell is one for one in cells.values())), None)
        if own is None:
            return []
        if self.spec.shape == "ladders":
            rows = self._ladders(table, data, cells)
        elif self.spec.shape == "mappings":
            rows = self._mappings(data, cells, own)
        else:
            rows = [self._row(data, own.place, cells)]
        if any(cell.unsure_from is not None and data.row >= cell.unsure_from for cell in cells.values()):
            for row in rows:
                row["confidence"] = min(float(str(row["confidence"])), _FILLED)
        if rows:
            self._check(rows[0], data, cells, own)
        if self.spec.shape == "mappings" and "rule" in cells and not all(row["titles"] for row in rows):
            rule, key = cells["rule"], str(rows[0]["row_id"])
            printed = str(rows[0]["rule"]).replace("\n", "；")
            message = f"对应规则“{printed[:80]}”读不出职称。"
            self.out.report("annex_rule_unread", message, rule.text, rule, self.spec.table, key)
        return rows

    def _learn_names(self, table: LogicalTable, data: DataRow) -> None:
        """Take down the names that cells of list columns print alone."""
        self.seen.add(id(table))
        for ref in data.header.refs:
            if ref.field and ref.field in self.columns and self.columns[ref.field].read == "lines":
                self.names[ref.field] |= lone_lines(table, ref, data.row)

    def _cells(self, table: LogicalTable, data: DataRow) -> dict[str, GridCell]:
        """field → the cell whose value the row has, as the ruling lines say."""
        cells: dict[str, GridCell] = {}
        for ref in data.header.refs:
            if ref.field is None:
                continue
            found = values(table, data.row, ref)
            if found:
                cells[ref.field] = found[0]
            if len(found) > 1 and ref.field == "name" and "sub_name" in self.columns:
                cells.setdefault("sub_name", found[1])
        if "sub_name" in cells and cells["sub_name"] is cells.get("name"):
            del cells["sub_name"]
        return cells

    def _row(self, data: DataRow, place: Row, cells: Cells, **more: object) -> Row:
        """A row at ``place`` with the values of ``cells`` and ``more``, and its row_id."""
        row: Row = {"annex_no": self.annex_no or 0, **place}
        if self.spec.part:
            row[self.spec.part] = data.state.part or ""
        if self.spec.group:
            row[self.spec.group] = data.state.group
        for name, column in self.columns.items():
            if name in cells:
                row[name] = self._value(column, cells[name])
                self.out.row(cells[name])
            elif column.read in ("grades", "lines", "bases"):
                row[name] = []
            elif name in self.needed:
                row.setdefault(name, "")
        row.update(more)
        row["row_id"] = row_id(self.spec.table, row)
        return row

    def _value(self, column: Column, cell: GridCell) -> object:
        if column.read == "code":
            return cell.text
        if column.read == "grades":
            return self._grades(cell)
        if column.read == "lines":
            return names(cell, self.read_lines, self.names[column.field])
        if column.read == "bases":
            return bases(cell, self.read_lines)
        return joined(cell)

    def _grades(self, cell: GridCell) -> list[int]:
        text = joined(cell)
        grades = read_grade_list(text)
        if not grades and id(cell) not in self.unread:
            self.unread.add(id(cell))
            message = f"等级“{text}”读不出一至五级中的任何一级。"
            self.out.report("annex_grades_unread", message, text, cell, self.spec.table)
        return grades

    def _check(self, row: Row, data: DataRow, cells: Cells, own: GridCell) -> None:
        """Findings about a finished row: columns and values missing, running numbers."""
        missing: list[Column] = []
        for name, column in self.columns.items():
            if name in cells or name not in self.needed or name == self.spec.part:
                continue
            if column.read == "grades" and not column.required:
                continue
            if data.header.ref(name) is not None:
                missing.append(column)
            elif name not in self.lacking:
                self.lacking.add(name)
                message = f"{self.title}没有“{column.words[0]}”一列，该字段为空；请核对该表的列标题。"
                self.out.report("annex_value_missing", message, name, own, self.spec.table)
        if missing:
            key = str(row["row_id"])
            words = "".join(f"“{column.words[0]}”" for column in missing)
            message = (
                f"{self.title}中“{key}”一行缺少{words}；"
                f"请核对原文该处是空白，还是属于上一页或上一行的合并单元格。"
            )
            evidence = f"{key}:{'、'.join(column.field for column in missing)}"
            names_row = any(column.field in IDENTIFYING for column in missing)
            code = "annex_key_missing" if names_row else "annex_value_missing"
            self.out.report(code, message, evidence, own, self.spec.table, key)
        for number in self.numbers:
            number.see(row, cells.get(number.numbering.field))

    def _awards(self, table: LogicalTable, data: DataRow) -> list[Row]:
        """One row per award of every cell that begins in the data row."""
        rows: list[Row] = []
        for ref in data.header.refs:
            for cell in values(table, data.row, ref):
                if cell.row != data.row or id(cell) in self.awards or not ref.field:
                    continue
                self.awards.add(id(cell))
                self.out.row(cell)
                for name in self._names(table, cell):
                    rows.append(self._row(data, cell.place, {}, category=ref.field, name=name))
        return rows

    def _names(self, table: LogicalTable, cell: GridCell) -> list[str]:
        """One award a cell; where cells list several, line by line, one award a line."""
        if id(table) not in self.listing:
            self.listing[id(table)] = any(
                len(c.lines) >= _LISTED and len(self.read_lines(c)) >= _LISTED for c in table.cells
            )
        return line_texts(cell, self.read_lines) if self.listing[id(table)] else [joined(cell)]

    def _ladders(self, table: LogicalTable, data: DataRow, cells: Cells) -> list[Row]:
        """One row per title of every rank. Rows of one series count its ladders."""
        # By text, not by cell: a series may be printed again on the next page, or in every row.
        series = tuple(cells[name].text for name in self.columns if name in cells)
        self.ladder = self.ladder + 1 if series and series == self.series else 1
        self.series = series
        refs = {ref.field: ref for ref in data.header.refs if ref.field in RANKS}
        rows: list[Row] = []
        for rank in RANKS:
            for cell in values(table, data.row, refs[rank]) if rank in refs else ():
                for title in titles(cell, self.read_lines):
                    self.out.row(cell)
                    more = {"ladder": self.ladder, "rank": rank, "title": title}
                    rows.append(self._row(data, cell.place, cells, **more))
        return rows

    def _mappings(self, data: DataRow, cells: Cells, own: GridCell) -> list[Row]:
        """One row per condition of the rule, at the line on which the condition stands."""
        cell = cells.get("rule")
        lines = self.read_lines(cell) if cell else []
        texts = [normalise(line.text) for line in lines]
        rows: list[Row] = []
        for index, mapping in enumerate(read_rule(texts, self.known_titles)):
            place = own.place
            if index and cell is not None:
                line = lines[mapping.line]
                piece = next((one for one in cell.pieces if one.page == line.page), cell.first)
                place = {**piece.place, "confidence": cell.confidence, **line.place}
            rows.append(
                self._row(
                    data, place, cells, rule="\n".join(texts), condition=mapping.condition,
                    titles=list(mapping.titles), remark=mapping.remark,
                )
            )  # fmt: skip
        return rows


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
