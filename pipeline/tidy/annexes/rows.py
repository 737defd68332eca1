"""Data rows → rows of the contract's annex tables, one builder per shape of table."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.findings import Finding
from pipeline.model import GridCell, LogicalTable
from pipeline.schema import TABLES, row_id
from pipeline.text import normalise
from pipeline.tidy.annexes import rules
from pipeline.tidy.annexes.cells import Ledger, bases, code, joined, line_texts, titles, values
from pipeline.tidy.annexes.columns import Ref
from pipeline.tidy.annexes.model import LineReader, Row, finding, line_provenance, provenance
from pipeline.tidy.annexes.numbers import Counter
from pipeline.tidy.annexes.segments import DataRow
from pipeline.tidy.grades.levels import read_grade_list
from pipeline.vocabulary.annexes import RANKS, Column, Spec

_LISTED = 3  # so many intended lines in one award cell say that the table lists awards line by line


class Builder:
    """Builds the rows of one annex under one spec; keeps running numbers over all its tables."""

    def __init__(
        self,
        spec: Spec,
        annex_no: int | None,
        read_lines: LineReader,
        ledger: Ledger,
        findings: list[Finding],
        known_titles: frozenset[str],
    ) -> None:
        self.spec, self.annex_no, self.read_lines = spec, annex_no, read_lines
        self.ledger, self.findings, self.known_titles = ledger, findings, known_titles
        self.counters = [Counter(spec, numbering, findings) for numbering in spec.numberings]
        self.columns = {column.field: column for column in spec.columns}
        self.needed = frozenset(f.name for f in TABLES[spec.table].fields if not f.nullable)
        self.series: tuple[str, ...] = ()
        self.ladder = 0
        self.codes: set[int] = set()
        self.lacking: set[str] = set()
        self.texts: dict[int, str] = {}
        self.awards: set[int] = set()
        self.listing: dict[int, bool] = {}
        self.build: Callable[[LogicalTable, DataRow], list[Row]] = {
            "flat": self._flat,
            "awards": self._awards,
            "ladders": self._ladders,
            "mappings": self._mappings,
        }[spec.shape]

    def rows(self, table: LogicalTable, data: DataRow) -> list[Row]:
        """The rows of the contract's table that one data row of the grid gives."""
        return self.build(table, data)

    def _base(self, data: DataRow, own: GridCell) -> Row:
        row: Row = {"annex_no": self.annex_no or 0, **provenance(own)}
        if self.spec.part:
            row[self.spec.part.field] = data.state.part.value if data.state.part else ""
        if self.spec.group:
            row[self.spec.group] = data.state.group
        return row

    def _finish(self, row: Row) -> Row:
        row["row_id"] = row_id(self.spec.table, row)
        return row

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

    def _value(self, column: Column, cell: GridCell) -> object:
        if column.read == "code":
            return code(cell)
        if column.read == "grades":
            return self._grades(cell)
        if column.read == "lines":
            return line_texts(cell, self.read_lines)
        if column.read == "bases":
            return bases(cell, self.read_lines)
        return self._text(cell)

    def _text(self, cell: GridCell) -> str:
        """The cell's joined text; a merged cell is read once."""
        if id(cell) not in self.texts:
            self.texts[id(cell)] = joined(cell)
        return self.texts[id(cell)]

    def _grades(self, cell: GridCell) -> list[int]:
        text = joined(cell)
        grades = read_grade_list(text)
        if not grades and id(cell) not in self.codes:
            self.codes.add(id(cell))
            message = f"等级“{text}”读不出一至五级中的任何一级。"
            self.findings.append(finding("annex_grades_unread", message, text, cell, self.spec.table))
        return grades

    def _fill(self, row: Row, cells: dict[str, GridCell], fields: tuple[str, ...]) -> None:
        for name in fields:
            column = self.columns[name]
            cell = cells.get(name)
            listed = column.read in ("grades", "lines", "bases")
            if cell is not None:
                row[name] = self._value(column, cell)
                self.ledger.row(cell)
            elif listed:
                row[name] = []
            elif name in self.needed and name not in row:
                row[name] = ""

    def _lacks(self, column: Column, own: GridCell) -> None:
        """The table has no such column at all: one finding."""
        if column.field not in self.lacking:
            self.lacking.add(column.field)
            title = TABLES[self.spec.table].title_zh
            message = f"{title}没有“{column.words[0]}”一列，该字段为空；请核对该表的列标题。"
            self.findings.append(finding("annex_value_missing", message, column.field, own, self.spec.table))

    def _check(self, row: Row, data: DataRow, cells: dict[str, GridCell], own: GridCell) -> None:
        """Findings about a finished row: values missing (one finding), running numbers."""
        missing: list[Column] = []
        for name, column in self.columns.items():
            if (
                name not in cells
                and name in self.needed
                and not (self.spec.part and name == self.spec.part.field)
            ):
                if column.read == "grades" and not column.required:
                    continue
                if data.header.ref(name) is None:
                    self._lacks(column, own)
                    continue
                missing.append(column)
        if missing:
            key = str(row["row_id"])
            words = "".join(f"“{column.words[0]}”" for column in missing)
            message = (
                f"{TABLES[self.spec.table].title_zh}中“{key}”一行缺少{words}；"
                f"请核对原文该处是空白，还是属于上一页或上一行的合并单元格。"
            )
            evidence = f"{key}:{'、'.join(column.field for column in missing)}"
            self.findings.append(finding("annex_value_missing", message, evidence, own, self.spec.table, key))
        for counter in self.counters:
            counter.see(row, cells.get(counter.numbering.field))

    def _flat(self, table: LogicalTable, data: DataRow) -> list[Row]:
        cells = self._cells(table, data)
        own = [cell for cell in data.own if any(cell is c for c in cells.values())]
        if not own:
            return []
        row = self._base(data, own[0])
        self._fill(row, cells, tuple(self.columns))
        self._finish(row)
        self._check(row, data, cells, own[0])
        return [row]

    def _awards(self, table: LogicalTable, data: DataRow) -> list[Row]:
        rows: list[Row] = []
        for ref in data.header.refs:
            for cell in values(table, data.row, ref):
                if cell.row != data.row or id(cell) in self.awards or not ref.field:
                    continue
                self.awards.add(id(cell))
                for name in self._names(table, cell):
                    row = self._base(data, cell)
                    row.update(category=ref.field, name=name)
                    self.ledger.row(cell)
                    rows.append(self._finish(row))
        return rows

    def _names(self, table: LogicalTable, cell: GridCell) -> list[str]:
        """One award a cell; where cells list several, line by line, one award a line."""
        if id(table) not in self.listing:
            self.listing[id(table)] = any(
                len(c.lines) >= _LISTED and len(self.read_lines(c)) >= _LISTED for c in table.cells
            )
        return line_texts(cell, self.read_lines) if self.listing[id(table)] else [self._text(cell)]

    def _ladders(self, table: LogicalTable, data: DataRow) -> list[Row]:
        cells = self._cells(table, data)
        ranks = {ref.field: ref for ref in data.header.refs if ref.field in RANKS}
        named = [cells[name] for name in self.columns if name in cells]
        own = [cell for cell in data.own if any(cell is c for c in (*named, *cells.values()))]
        if not own:
            return []
        # By text, not by cell: a series may be printed again on the next page, or in every row.
        series = tuple(cells[name].text for name in self.columns if name in cells)
        self.ladder = self.ladder + 1 if series and series == self.series else 1
        self.series = series
        rows: list[Row] = []
        for rank in RANKS:
            rows.extend(self._titles(table, data, cells, rank, ranks.get(rank)))
        if rows:
            self._check(rows[0], data, cells, own[0])
        return rows

    def _titles(
        self, table: LogicalTable, data: DataRow, cells: dict[str, GridCell], rank: str, ref: Ref | None
    ) -> list[Row]:
        rows: list[Row] = []
        for cell in values(table, data.row, ref) if ref else ():
            for title in titles(cell, self.read_lines):
                row = self._base(data, cell)
                self._fill(row, cells, tuple(self.columns))
                row.update(ladder=self.ladder, rank=rank, title=title)
                self.ledger.row(cell)
                rows.append(self._finish(row))
        return rows

    def _mappings(self, table: LogicalTable, data: DataRow) -> list[Row]:
        cells = self._cells(table, data)
        own = [cell for cell in data.own if any(cell is c for c in cells.values())]
        if not own:
            return []
        cell = cells.get("rule")
        lines = self.read_lines(cell) if cell else []
        texts = [normalise(line.text) for line in lines]
        rows: list[Row] = []
        for index, mapping in enumerate(rules.read_rule(texts, self.known_titles)):
            row = self._base(data, own[0])
            if index and cell is not None:
                row.update(line_provenance(cell, lines[mapping.line]))
            self._fill(row, cells, tuple(self.columns))
            row.update(
                rule="\n".join(texts),
                condition=mapping.condition,
                titles=list(mapping.titles),
                remark=mapping.remark,
            )
            rows.append(self._finish(row))
        self._check(rows[0], data, cells, own[0])
        if cell is not None and not all(row["titles"] for row in rows):
            message = f"对应规则“{'；'.join(texts)[:80]}”读不出职称。"
            key = str(rows[0]["row_id"])
            self.findings.append(finding("annex_rule_unread", message, cell.text, cell, self.spec.table, key))
        return rows
