"""Annexes → rows of the contract's annex tables, findings, and an account of every cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.findings import Finding
from pipeline.model import GridCell, LogicalTable
from pipeline.schema import TABLES, row_id
from pipeline.text import normalise, squeeze
from pipeline.tidy.annexes.cells import joined, line_texts, values
from pipeline.tidy.annexes.columns import Header, banner, guessed_header, header_rows, leaves
from pipeline.tidy.annexes.model import Annex, AnnexResult, LineReader, Row
from pipeline.tidy.annexes.recognise import Choice, choose, continues, headless
from pipeline.tidy.annexes.rows import RowBuilder
from pipeline.tidy.annexes.rules import alone
from pipeline.tidy.annexes.walk import State, Walker, context_part, part_name
from pipeline.vocabulary.annexes import ALL_WORDS, BY_TABLE, RANKS, Spec, known_word
from pipeline.vocabulary.headings import UNTOLD

_PLACE = ("page", "x0", "top", "x1", "bottom", "cell_id")


def read_annexes(
    annexes: Sequence[Annex], read_lines: LineReader, header_map: Mapping[str, str] | None = None
) -> AnnexResult:
    """Read every annex.

    ``read_lines`` reads the intended lines of a cell; ``header_map``: source.yaml's printed header word → field name or
    a known header word. Rows lack ``edition`` and ``source``, which the caller adds. Nothing is lost: the text of every
    cell stands in a row, a header or banner, or a finding, and ``AnnexResult.characters`` counts them.
    """
    words = {squeeze(k): v for k, v in (header_map or {}).items()}
    out = AnnexResult({name: [] for name in (*BY_TABLE, "annex_other")})
    chosen = [(annex, [choose(table, annex.title, words) for table in annex.tables]) for annex in annexes]
    # The table of titles comes before the mappings, which use its words.
    chosen.sort(key=lambda one: any(best and best.spec.shape == "mappings" for best, _ in one[1]))
    for annex, choices in chosen:
        _AnnexReader(annex, read_lines, words, out).read(choices)
    for name, rows in out.rows.items():
        out.findings.extend(_make_ids_unique(name, rows))
    out.characters = _count(annexes, out)
    return out


@dataclass
class _AnnexReader:
    """Reads the tables of one annex; what one table leaves holds for the next."""

    annex: Annex
    read_lines: LineReader
    header_map: Mapping[str, str]
    out: AnnexResult
    state: State = State()
    choice: Choice | None = None
    builders: dict[str, RowBuilder] = field(default_factory=dict)

    def read(self, choices: Sequence[tuple[Choice | None, Choice | None]]) -> None:
        """Read all tables; ``choices``: what :func:`choose` says of each."""
        annex = self.annex
        if annex.no is None and UNTOLD.match(annex.title):
            message = f"附件标题“{annex.title}”的编号与名称之间没有间隔，无法分开，编号未填；请核对原文。"
            self.out.findings.append(Finding("annex_number_unread", message, annex.title, page=annex.page))
        if not annex.tables:
            message = f"附件《{annex.title}》的标题之下没有表格。"
            self.out.findings.append(Finding("annex_empty", message, annex.title, page=annex.page))
        for number, (table, (choice, near)) in enumerate(zip(annex.tables, choices, strict=True), start=1):
            if choice is None and near is None:
                choice = self._without_header(table)
            if choice is not None:
                self._table(table, number, choice)
            else:
                self.out.rows["annex_other"] += other_rows(
                    annex, table, number, near, self.header_map, self.out
                )

    def _without_header(self, table: LogicalTable) -> Choice | None:
        """What a table without a header is: the one before it going on, or a list whose title is known, its columns in
        the usual order."""
        if self.choice is not None and self.state.header is not None and continues(table, self.state.header):
            return replace(self.choice, header=None)
        found = headless(table, self.annex.title)
        if found is not None:
            self.state = State(header=found.header)
            message = f"附件《{self.annex.title}》的表格没有列标题，按通常的列次序读取。"
            self._report("annex_header_missing", message, self.annex.title, table, found)
        return found

    def _table(self, table: LogicalTable, number: int, choice: Choice) -> None:
        spec, title, rows = choice.spec, self.annex.title, self.out.rows[choice.spec.table]
        if self.choice is None or self.choice.spec is not spec:
            if choice.by in ("similar", "header"):
                how = "标题相近" if choice.by == "similar" else "列标题"
                message = f"附件《{title}》仅凭{how}识别为“{TABLES[spec.table].title_zh}”，请核对。"
                self._report("annex_similar", message, title, table, choice)
            keep = self.state.header if choice.header is None or choice.by == "order" else None
            self.state = State(header=keep, part=part_name(title, spec))
        self.choice = choice
        if spec.table not in self.builders:
            known = self._known_titles(table, choice) if spec.shape == "mappings" else frozenset()
            self.builders[spec.table] = RowBuilder(spec, self.annex.no, self.read_lines, self.out, known)
        walker = Walker(table, spec, title, self.header_map, self.state, self.out)
        self._name_part(walker, choice.header)
        lacking = False
        for data in walker.rows():
            made = self.builders[spec.table].rows(table, data)
            rows += made
            lacking = lacking or bool(made and spec.part and not made[0].get(spec.part))
        if lacking:
            message = f"附件《{title}》第{number}个表未写明属于哪个分表（{'、'.join(spec.parts)}）。"
            self._report("annex_part_missing", message, f"{title}#{number}", table, choice)
        self.state = walker.state
        if self.state.header is not None:
            self.out.rows["annex_other"] += rows_of_extra_columns(
                self.annex, table, number, spec, self.state.header, self.out
            )

    def _name_part(self, walker: Walker, header: Header | None) -> None:
        """The part that the text before a table names, if any."""
        table = walker.table
        part, used = context_part(table.context, walker.spec)
        if part is not None:
            self.out.context.extend(used)
            text = normalise("".join(line.text for line in used))
            walker.set_part(part, text, next(iter(table.starting(0)), None))
        elif header is not None and self._restarts(table, header, walker):
            walker.state = replace(walker.state, part=None)

    def _restarts(self, table: LogicalTable, header: Header, walker: Walker) -> bool:
        """Whether a table with a header but no title of its own counts from 1 again: it is another list, unnamed."""
        number = header.ref(walker.spec.numberings[-1].field) if walker.spec.numberings else None
        titled = any(banner(table, row) for row in range(header.start))
        if walker.state.part is None or number is None or titled:
            return False
        below = range(header.stop, table.n_rows)
        first = next((cell.text for row in below for cell in values(table, row, number)), "")
        return first == "1" and bool(self.out.rows[walker.spec.table])

    def _known_titles(self, table: LogicalTable, choice: Choice) -> frozenset[str]:
        """Titles printed alone: those of the titles' table and of rules without conditions."""
        words = {str(row["title"]) for row in self.out.rows["annex_10_titles"]}
        header = choice.header
        ref = header.ref("rule") if header else None
        if header is not None and ref is not None:
            for row in range(header.stop, table.n_rows):
                for cell in values(table, row, ref):
                    words.update(alone(line_texts(cell, self.read_lines)))
        return frozenset(words)

    def _report(self, code: str, message: str, evidence: str, table: LogicalTable, choice: Choice) -> None:
        self.out.report(code, message, evidence, table.cells[0], choice.spec.table)


def _make_ids_unique(name: str, rows: Iterable[Row]) -> Iterator[Finding]:
    """Give a row_id that occurs again #2, #3 …; a finding for each, but for rows that print no number."""
    seen: Counter[str] = Counter()
    for row in rows:
        key = str(row["row_id"])
        seen[key] += 1
        if seen[key] == 1:
            continue
        fresh = row["row_id"] = f"{key}#{seen[key]}"
        if row.get(TABLES[name].row_key[-1]) == "":
            continue  # no number is printed: said once for the column
        message = f"{name}的行标识“{key}”重复，第{seen[key]}次出现的记为“{fresh}”。"
        place: dict[str, Any] = {column: row[column] for column in _PLACE}
        yield Finding("row_id_duplicate", message, fresh, table=name, key=fresh, **place)


def _count(annexes: Iterable[Annex], out: AnnexResult) -> dict[str, int]:
    """The characters of all cells by where they stand; a cell that stands nowhere becomes a finding."""
    counts = {"given": 0, "rows": 0, "heads": 0, "findings": 0}
    for annex in annexes:
        for cell in (cell for table in annex.tables for cell in table.cells if cell.text):
            stands = out.stands.get(id(cell), "findings")
            counts["given"] += len(cell.text)
            counts[stands] += len(cell.text)
            if stands == "findings":
                message = f"附件《{annex.title}》中有文字未能归入任何一行：“{cell.text[:60]}”。"
                out.report("annex_text_unplaced", message, cell.text, cell)
    return counts


def other_rows(
    annex: Annex,
    table: LogicalTable,
    number: int,
    near: Choice | None,
    header_map: Mapping[str, str],
    out: AnnexResult,
) -> Iterator[Row]:
    """The rows of a table that fits no spec, the ``number``-th of its annex; ``near``: the nearest spec, whose required
    columns it lacks."""
    first = next((cell for cell in table.cells if cell.text), table.cells[0])
    if near is not None and near.header is not None:
        lacking = [_word(near.spec, name) for name in near.header.missing]
        words = "、".join(ref.text for ref in near.header.refs if ref.text)
        message = (
            f"附件《{annex.title}》像是“{TABLES[near.spec.table].title_zh}”，但列标题（{words}）中找不到"
            f"{'、'.join(lacking)}，内容存入annex_other；可在source.yaml的headers中写明对应关系。"
        )
        out.report("annex_column_unknown", message, words, first, "annex_other")
    else:
        message = f"附件《{annex.title}》的第{number}个表不属于任何已知附件，内容存入annex_other。"
        out.report("annex_unknown", message, f"{annex.title}#{number}", first, "annex_other")
    start = next((r for r in range(table.n_rows) if len(table.starting(r)) > 1), 0)
    stop = header_rows(table, start, ALL_WORDS, header_map, least=1)
    if stop == start:
        cells = table.starting(start)
        named = len(cells) > 1 and known_word(cells[0].text, ALL_WORDS, {})
        stop = start + 1 if named else guessed_header(table, start)
    refs = leaves(table, start, stop) if stop > start else []
    for cell in sorted(table.cells, key=lambda c: (c.row, c.col)):
        if cell.text:
            ref = next((ref for ref in refs if ref.start <= cell.col < ref.stop), None)
            header = "·".join((*ref.uppers, ref.text)) if ref and ref.text and cell.row >= stop else None
            yield _cell_row(annex, number, cell, header, out)


def rows_of_extra_columns(
    annex: Annex, table: LogicalTable, number: int, spec: Spec, header: Header, out: AnnexResult
) -> Iterator[Row]:
    """The cells of columns that the table's contract does not have, with one finding a column."""
    seen: set[int] = set()
    for cell in table.cells:
        if not cell.text or id(cell) in out.stands:
            continue
        ref = next((ref for ref in header.refs if ref.start <= cell.col < ref.stop), None)
        if ref is None or ref.field is not None or not ref.text:
            continue
        yield _cell_row(annex, number, cell, ref.text, out)
        if ref.start not in seen:
            seen.add(ref.start)
            message = f"附件《{annex.title}》有合约之外的列“{ref.text}”，其内容存入annex_other。"
            out.report("annex_column_extra", message, f"{annex.title}:{ref.text}", cell, spec.table)


def _cell_row(annex: Annex, number: int, cell: GridCell, header: str | None, out: AnnexResult) -> Row:
    out.row(cell)
    row: Row = {
        "annex_no": annex.no or 0,
        "title": annex.title,
        "table_no": number,
        "row": cell.row,
        "col": cell.col,
        "header": header,
        "text": joined(cell),
        **cell.place,
    }
    return {**row, "row_id": row_id("annex_other", row)}


def _word(spec: Spec, name: str) -> str:
    column = next((column for column in spec.columns if column.field == name), None)
    return f"“{column.words[0]}”" if column else f"“{'、'.join(RANKS)}”"
