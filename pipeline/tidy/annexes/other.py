"""What of the annexes fits no table of the contract: every cell of it is a row of annex_other."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.model import GridCell, LogicalTable
from pipeline.schema import TABLES, row_id
from pipeline.tidy.annexes.cells import joined
from pipeline.tidy.annexes.columns import Header, guessed_header, header_rows, leaves
from pipeline.tidy.annexes.model import Annex, AnnexResult, Row
from pipeline.tidy.annexes.recognise import Choice
from pipeline.vocabulary.annexes import ALL_WORDS, RANKS, Spec, known_word


def other_rows(
    annex: Annex,
    table: LogicalTable,
    number: int,
    near: Choice | None,
    header_map: Mapping[str, str],
    out: AnnexResult,
) -> list[Row]:
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
    rows = []
    for cell in sorted(table.cells, key=lambda c: (c.row, c.col)):
        if cell.text:
            ref = next((ref for ref in refs if ref.start <= cell.col < ref.stop), None)
            header = "·".join((*ref.uppers, ref.text)) if ref and ref.text and cell.row >= stop else None
            rows.append(_cell_row(annex, number, cell, header, out))
    return rows


def rows_of_extra_columns(
    annex: Annex, table: LogicalTable, number: int, spec: Spec, header: Header, out: AnnexResult
) -> list[Row]:
    """The cells of columns that the table's contract does not have, with one finding a column."""
    rows: list[Row] = []
    seen: set[int] = set()
    for cell in table.cells:
        if not cell.text or out.has(cell):
            continue
        ref = next((ref for ref in header.refs if ref.start <= cell.col < ref.stop), None)
        if ref is None or ref.field is not None or not ref.text:
            continue
        rows.append(_cell_row(annex, number, cell, ref.text, out))
        if ref.start not in seen:
            seen.add(ref.start)
            message = f"附件《{annex.title}》有合约之外的列“{ref.text}”，其内容存入annex_other。"
            out.report("annex_column_extra", message, f"{annex.title}:{ref.text}", cell, spec.table)
    return rows


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
