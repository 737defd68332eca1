"""Annexes → rows of the contract's annex tables, findings, and an account of every cell."""

from __future__ import annotations

from collections import Counter as Multiset
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.findings import Finding
from pipeline.model import GridCell, Line, LogicalTable
from pipeline.schema import TABLES, row_id
from pipeline.text import squeeze
from pipeline.tidy.annexes.cells import Ledger, joined, line_texts, values
from pipeline.tidy.annexes.columns import Header, Ref, banner, header_rows, leaves, starting
from pipeline.tidy.annexes.groups import context_part, part_name
from pipeline.tidy.annexes.headless import headless
from pipeline.tidy.annexes.model import (
    Annex,
    AnnexResult,
    Earlier,
    LineReader,
    Row,
    finding,
    provenance,
    row_finding,
)
from pipeline.tidy.annexes.recognise import Choice, choose, continues
from pipeline.tidy.annexes.rows import Builder
from pipeline.tidy.annexes.rules import alone
from pipeline.tidy.annexes.segments import State, Walker
from pipeline.vocabulary.annexes import ALL_WORDS, BY_TABLE, RANKS, Spec, known_word


def read_annexes(
    annexes: Sequence[Annex],
    *,
    rules: Any,
    header_map: Mapping[str, str] | None = None,
    read_lines: LineReader | None = None,
    earlier: Earlier | None = None,
) -> AnnexResult:
    """Read every annex.

    ``rules``: the line breaking rules learned from the document, for ``pipeline.tidy.wraps.items.hard_lines``;
    ``read_lines``: another reader of a cell's intended lines in its place.
    ``header_map``: source.yaml's printed header word → field name or a known header word.
    ``earlier``: what the annexes read before left (``AnnexResult.after``).
    Rows lack ``edition`` and ``source``, which the caller adds. Nothing is lost: the text of every cell stands in a
    row, a header or banner, or a finding, and ``AnnexResult.characters`` counts them.
    """
    if read_lines is None:
        from pipeline.tidy.wraps.items import hard_lines

        def read_lines(cell: GridCell) -> list[Line]:
            return hard_lines(cell, rules)

    words = {squeeze(k): v for k, v in (header_map or {}).items()}
    return _Reader(read_lines, words, earlier or Earlier()).read(annexes)


class _Reader:
    def __init__(self, read_lines: LineReader, header_map: Mapping[str, str], earlier: Earlier) -> None:
        self.read_lines, self.header_map, self.earlier = read_lines, header_map, earlier
        self.result = AnnexResult(rows={name: [] for name in (*BY_TABLE, "annex_other")})
        self.ledger = Ledger()
        self.known: frozenset[str] = frozenset()
        self.state = State()
        self.choice: Choice | None = None
        self.builders: dict[str, Builder] = {}

    def read(self, annexes: Sequence[Annex]) -> AnnexResult:
        """All annexes; the titles' table comes before the mappings that use its words."""
        choices = {
            (a, t): choose(table, annex.title, self.header_map)
            for a, annex in enumerate(annexes)
            for t, table in enumerate(annex.tables)
        }
        order = sorted(range(len(annexes)), key=lambda a: _mappings_last(choices, a))
        for index in order:
            self._annex(annexes[index], [choices[index, t] for t in range(len(annexes[index].tables))])
        self._unique_ids()
        self._account(annexes)
        return self.result

    def _annex(self, annex: Annex, choices: list[tuple[Choice | None, Choice | None]]) -> None:
        self.state, self.choice, self.builders = State(), None, {}
        if not annex.tables:
            message = f"附件《{annex.title}》的标题之下没有表格。"
            self.result.findings.append(Finding("annex_empty", message, annex.title, page=annex.page))
        for number, (table, (choice, near)) in enumerate(zip(annex.tables, choices, strict=True), start=1):
            if choice is None and self.choice is not None and self._continued(table, near):
                choice = replace(self.choice, header=None)
            elif choice is None and (spec := self._headless(table, annex, near)):
                choice = spec
            if choice is None:
                self._other(annex, table, number, near)
            else:
                self._table(annex, table, number, choice)

    def _continued(self, table: LogicalTable, near: Choice | None) -> bool:
        header = self.state.header
        return header is not None and near is None and continues(table, header)

    def _headless(self, table: LogicalTable, annex: Annex, near: Choice | None) -> Choice | None:
        """A list without any header whose title is known: its columns in the usual order, if they look like it."""
        found = headless(table, annex.title) if near is None else None
        if found is not None and found.header is not None:
            self.state = State(header=found.header)
            message = f"附件《{annex.title}》的表格没有列标题，按通常的列次序读取。"
            cell = next(iter(table.cells))
            self.result.findings.append(
                finding("annex_header_missing", message, annex.title, cell, found.spec.table)
            )
        return found

    def _table(self, annex: Annex, table: LogicalTable, number: int, choice: Choice) -> None:
        spec, out = choice.spec, self.result
        if self.choice is None or self.choice.spec is not spec:
            self._report_choice(annex, table, choice)
            keep = self.state.header if choice.header is None or choice.by == "order" else None
            self.state = State(header=keep, part=part_name(annex.title, spec))
        self.choice = choice
        if spec.shape == "mappings" and not self.known:
            self.known = self._known_titles(table, choice)
        if spec.table not in self.builders:
            self.builders[spec.table] = Builder(
                spec, annex.no, self.read_lines, self.ledger, out.findings, self.known
            )
        builder = self.builders[spec.table]
        walker = Walker(table, spec, annex.title, self.header_map, self.state, self.ledger, out.findings)
        part, used = context_part(table.context, spec)
        if part is None and choice.header is not None and self._restarts(table, choice.header, walker):
            walker.state = replace(walker.state, part=None)
        if part is not None:
            walker.named = True
            out.context.extend(used)
            if self.state.part is None or part.value != self.state.part.value:
                walker.set_part(part, starting(table, 0)[0] if starting(table, 0) else None)
        lacking = False
        for data in walker.rows():
            rows = builder.rows(table, data)
            out.rows[spec.table].extend(rows)
            lacking = lacking or bool(rows and spec.part and not rows[0].get(spec.part.field))
        if lacking and spec.part:
            message = (
                f"附件《{annex.title}》第{number}个表未写明属于哪个分表（{'、'.join(spec.part.known)}）。"
            )
            out.findings.append(
                finding("annex_part_missing", message, f"{annex.title}#{number}", table.cells[0], spec.table)
            )
        self.state = walker.state
        self._extra(annex, table, number, spec, walker)

    def _restarts(self, table: LogicalTable, header: Header, walker: Walker) -> bool:
        """Whether a table with a header but no title of its own counts from 1 again: it is another list, unnamed."""
        number = header.ref(walker.spec.numberings[-1].field) if walker.spec.numberings else None
        if (
            walker.state.part is None
            or number is None
            or any(banner(table, row) for row in range(header.start))
        ):
            return False
        below = range(header.stop, table.n_rows)
        first = next((cell.text for row in below for cell in values(table, row, number)), "")
        return first == "1" and bool(self.result.rows[walker.spec.table])

    def _report_choice(self, annex: Annex, table: LogicalTable, choice: Choice) -> None:
        if choice.by in ("similar", "header"):
            how = "标题相近" if choice.by == "similar" else "列标题"
            label = TABLES[choice.spec.table].title_zh
            message = f"附件《{annex.title}》仅凭{how}识别为“{label}”，请核对。"
            self.result.findings.append(
                finding("annex_similar", message, annex.title, table.cells[0], choice.spec.table)
            )

    def _known_titles(self, table: LogicalTable, choice: Choice) -> frozenset[str]:
        """Titles printed alone: those of the titles' table and of rules without conditions."""
        words = self._titles()
        ref = choice.header.ref("rule") if choice.header else None
        for row in range(choice.header.stop if choice.header else 0, table.n_rows):
            for cell in values(table, row, ref) if ref else ():
                words.update(alone(line_texts(cell, self.read_lines)))
        return frozenset(words)

    def _titles(self) -> set[str]:
        return {str(row["title"]) for row in self.result.rows["annex_10_titles"]} | self.earlier.titles

    def _extra(self, annex: Annex, table: LogicalTable, number: int, spec: Spec, walker: Walker) -> None:
        """Cells of columns that the table's contract does not have go to annex_other, with one finding a column."""
        header = walker.state.header
        if header is None:
            return
        seen: set[int] = set()
        for cell in table.cells:
            if not cell.text or self.ledger.has(cell):
                continue
            ref = next((r for r in header.refs if r.start <= cell.col < r.stop), None)
            if ref is None or ref.field is not None or not ref.text:
                continue
            self._cell(annex, number, cell, ref.text)
            if ref.start not in seen:
                seen.add(ref.start)
                message = f"附件《{annex.title}》有合约之外的列“{ref.text}”，其内容存入annex_other。"
                evidence = f"{annex.title}:{ref.text}"
                self.result.findings.append(
                    finding("annex_column_extra", message, evidence, cell, spec.table)
                )

    def _other(self, annex: Annex, table: LogicalTable, number: int, near: Choice | None) -> None:
        """A table that fits no spec: every cell goes to annex_other."""
        first = next((cell for cell in table.cells if cell.text), table.cells[0])
        if near is not None and near.header is not None:
            lacking = [_word(near.spec, name) for name in near.header.missing]
            words = "、".join(ref.text for ref in near.header.refs if ref.text)
            message = (
                f"附件《{annex.title}》像是“{TABLES[near.spec.table].title_zh}”，但列标题（{words}）中找不到"
                f"{'、'.join(lacking)}，内容存入annex_other；可在source.yaml的header_map中写明对应关系。"
            )
            self.result.findings.append(finding("annex_column_unknown", message, words, first, "annex_other"))
        else:
            message = f"附件《{annex.title}》的第{number}个表不属于任何已知附件，内容存入annex_other。"
            evidence = f"{annex.title}#{number}"
            self.result.findings.append(finding("annex_unknown", message, evidence, first, "annex_other"))
        row = next((r for r in range(table.n_rows) if len(starting(table, r)) > 1), 0)
        stop = header_rows(table, row, ALL_WORDS, self.header_map, least=1)
        if stop == row and _looks_like_header(table, row):
            stop = row + 1
        refs = leaves(table, row, stop) if stop > row else []
        for cell in sorted(table.cells, key=lambda c: (c.row, c.col)):
            if cell.text:
                self._cell(annex, number, cell, _header_of(refs, cell) if cell.row >= stop else None)

    def _cell(self, annex: Annex, number: int, cell: GridCell, header: str | None) -> None:
        row: Row = {"annex_no": annex.no or 0, **provenance(cell)}
        row.update(
            title=annex.title, table_no=number, row=cell.row, col=cell.col, header=header, text=joined(cell)
        )
        row["row_id"] = row_id("annex_other", row)
        self.result.rows["annex_other"].append(row)
        self.ledger.row(cell)

    def _unique_ids(self) -> None:
        """A row_id that occurs again gets #2, #3 …; several titles of one rank cell are no fault."""
        ids: dict[str, Multiset[str]] = {}
        for name, rows in self.result.rows.items():
            counts = ids[name] = Multiset(self.earlier.ids.get(name, {}))
            for row in rows:
                key = str(row["row_id"])
                counts[key] += 1
                if counts[key] == 1:
                    continue
                row["row_id"] = f"{key}#{counts[key]}"
                if row.get(TABLES[name].row_key[-1]) == "":
                    continue  # no number is printed: said once for the column
                message = f"{name}的行标识“{key}”重复，第{counts[key]}次出现的记为“{row['row_id']}”。"
                self.result.findings.append(row_finding("row_id_duplicate", message, name, row))
        self.result.after = Earlier(frozenset(self._titles()), ids)

    def _account(self, annexes: Sequence[Annex]) -> None:
        """Every non-empty cell is in a row or a head; what is left becomes a finding."""
        counts = {"given": 0, "rows": 0, "heads": 0, "findings": 0}
        for annex in annexes:
            for table in annex.tables:
                for cell in table.cells:
                    if not cell.text:
                        continue
                    size = len(cell.text)
                    counts["given"] += size
                    if id(cell) in self.ledger.rows:
                        counts["rows"] += size
                    elif id(cell) in self.ledger.heads:
                        counts["heads"] += size
                    else:
                        counts["findings"] += size
                        message = f"附件《{annex.title}》中有文字未能归入任何一行：“{cell.text[:60]}”。"
                        self.result.findings.append(finding("annex_text_unplaced", message, cell.text, cell))
        self.result.characters = counts


def _mappings_last(
    choices: Mapping[tuple[int, int], tuple[Choice | None, Choice | None]], annex: int
) -> bool:
    return any(
        a == annex and c is not None and c.spec.shape == "mappings" for (a, _), (c, _n) in choices.items()
    )


def _word(spec: Spec, name: str) -> str:
    column = next((column for column in spec.columns if column.field == name), None)
    return f"“{column.words[0]}”" if column else f"“{'、'.join(RANKS)}”"


def _looks_like_header(table: LogicalTable, row: int) -> bool:
    cells = starting(table, row)
    below = starting(table, row + 1) if row + 1 < table.n_rows else []
    short = all(len(cell.text) <= 16 and not cell.text.isdigit() for cell in cells)
    return (
        len(cells) > 1
        and short
        and bool(below)
        and (below[0].text.isdigit() or known_word(cells[0].text, ALL_WORDS, {}))
    )


def _header_of(refs: list[Ref], cell: GridCell) -> str | None:
    ref = next((r for r in refs if r.start <= cell.col < r.stop), None)
    return "·".join((*ref.uppers, ref.text)) if ref and ref.text else None
