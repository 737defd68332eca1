"""Annex rows of a transcript → grids: tables told apart, every row's cells under the label that they belong to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipeline.findings import Finding
from pipeline.readers.transcript.columns import NEAR, Alignment, ColumnEvidence, align, in_order
from pipeline.readers.transcript.source import Placed, RawCell, RawRow, TypedGrid
from pipeline.readers.transcript.spans import carried_over, spread
from pipeline.vocabulary.annexes import ALL_WORDS, known_word

_NUMBERS = frozenset({"序号", "编号", "序", "号"})
_DUE = 1.5
_HABIT = 3.5
"""Log-odds by which the usual place of a cell is preferred in a row that fits the header."""


@dataclass
class Labels:
    """The header of an annex table as columns.

    ``upper``: (column, columns covered, cell) of its first row; ``lower``: cells of its second row by column.
    ``usual``: index as typed → column, in a row typed like the header; ``split``: the column whose label stands over
    two columns. ``grouped``: so many first columns are blank where a row goes on the numbered one above.
    """

    rows: Sequence[RawRow]
    upper: list[tuple[int, int, RawCell]]
    lower: dict[int, RawCell]
    usual: dict[int, int]
    numbered: bool
    split: int | None = None
    grouped: int = 1

    @property
    def columns(self) -> int:
        """How many columns there are."""
        col, span, _ = self.upper[-1]
        return col + span

    def name(self, col: int) -> str:
        """The printed word above a column."""
        return next((raw.text for at, span, raw in self.upper if at <= col < at + span), "")


@dataclass
class AnnexRow:
    """A body row: its cells by column, its line, and the number of its page.

    ``confidence``: how sure its columns and spans are; ``near``: others are nearly as likely. ``nested``: it goes on a numbered
    row. ``banner``: it is one cell across the table. ``covers``: column → rows that a merged cell covers from here on; 0
    inside one.
    """

    line: int
    cells: dict[int, RawCell]
    page: int = 0
    confidence: float = 1.0
    near: bool = False
    nested: bool = False
    banner: bool = False
    covers: dict[int, int] = field(default_factory=dict)


@dataclass
class TypedTable:
    """One table of an annex as typed: banners above, header rows, body."""

    banners: list[RawRow]
    header: list[RawRow]
    body: list[RawRow] = field(default_factory=list)


def annex_grids(rows: Sequence[RawRow], title: str) -> tuple[list[TypedGrid], list[Finding]]:
    """The tables of an annex as grids, and what was doubtful about them. ``title``: the annex's."""
    grids: list[TypedGrid] = []
    findings: list[Finding] = []
    for table in _tables(rows):
        grid, more = _grid(table)
        grids.append(grid)
        findings += [replace(one, message=f"附件《{title}》{one.message}") for one in more]
    return grids, findings


def _tables(rows: Sequence[RawRow]) -> list[TypedTable]:
    """The tables of an annex: each begins with the rows of one cell above its header; the first row heads one anyway."""
    out: list[TypedTable] = []
    held: list[RawRow] = []
    for row in rows:
        if not row.filled:
            continue
        if _is_banner(row):
            held.append(row)
            continue
        if not _is_header(row) and out:
            out[-1].body += [*held, row]
        elif out and not out[-1].body and not held and row.line <= out[-1].header[-1].line + 2:
            out[-1].header.append(row)
        else:
            out.append(TypedTable(held, [row]))
        held = []
    if held:
        out = out or [TypedTable([], [held.pop(0)])]
        out[-1].body += held
    for table in out:
        if len(table.header) == 1 and table.body and _is_second(table.body[0], table.header[0]):
            table.header.append(table.body.pop(0))
    return out


def _is_header(row: RawRow) -> bool:
    texts = [row.cells[i].text for i in row.filled]
    if len(texts) < 2 or any(text.isdigit() for text in texts):
        return False
    known = sum(known_word(text, ALL_WORDS, {}) for text in texts)
    return (texts[0] in _NUMBERS and known >= 2) or known > 0.6 * len(texts)


def _is_second(row: RawRow, head: RawRow) -> bool:
    """Whether the row below a header, its first cells blank, belongs to it: the header's groups are wider than a column."""
    wide = any(not cell.words for cell in head.cells[1:])
    return wide and row.filled[0] > 0 and row.gap == 0 and not set(row.filled) <= set(head.filled)


def _is_banner(row: RawRow) -> bool:
    """Whether a row holds just one text, in its first cell."""
    return row.filled == [0] and not row.cells[0].text.isdigit()


def _grid(table: TypedTable) -> tuple[TypedGrid, list[Finding]]:
    labels = _read_labels(table.header, table.body)
    grid = TypedGrid(labels.columns)
    for banner in table.banners:
        grid.cells.append(Placed(grid.n_rows, 0, banner.cells[0], banner.line, col_span=labels.columns))
        grid.n_rows += 1
    _emit_header(grid, labels)
    rows = _place_rows(table.body, labels)
    findings = []
    for row in rows:
        if row.near:
            message = f"第{row.line}行的格数与表头不符，按内容对到各列，另一种对法也相近，请核对。"
            texts = " | ".join(cell.text for cell in row.cells.values())[:300]
            findings.append(
                Finding("uncertain_alignment", message, texts, line=row.line, confidence=row.confidence)
            )
    if labels.numbered:
        findings += [*_nest(rows, labels), *_number(rows), *spread(rows, labels)]
    _emit_body(grid, rows, labels)
    return grid, findings


def _read_labels(header: Sequence[RawRow], body: Sequence[RawRow]) -> Labels:
    """The columns that a header (one or two rows) names; blank ones at its end are none, one that hides a nested column
    has two."""
    first = header[0]
    labelled = first.filled
    numbered = len(labelled) > 1 and first.cells[labelled[0]].text in _NUMBERS
    upper: list[tuple[int, int, RawCell]] = []
    usual: dict[int, int] = {}
    lower: dict[int, RawCell] = {}
    split = None
    if len(header) > 1:
        lower = {i: header[1].cells[i] for i in header[1].filled}
        columns = max(labelled[-1] + 1, max(lower) + 1, _usual_width(body))
        for start, stop in zip(labelled, [*labelled[1:], columns], strict=True):
            upper.append((start, stop - start, first.cells[start]))
        usual = {i: i for i in range(columns)}
    else:
        if numbered and max((len(row.filled) for row in body), default=0) == len(labelled) + 1:
            split = _split_label(labelled)
        col = 0
        for k, index in enumerate(labelled):
            span = 2 if k == split else 1
            upper.append((col, span, first.cells[index]))
            usual[index] = col
            col += span
        if split is not None:
            usual.setdefault(labelled[split] + 1, split + 1)
    # How many first columns stay blank in most rows whose number is blank.
    going_on = sorted(row.filled[0] for row in body if row.filled[0] > 0)
    grouped = going_on[len(going_on) // 2] if going_on else 1
    return Labels(header, upper, lower, usual, numbered, split, grouped)


def _usual_width(body: Sequence[RawRow]) -> int:
    widths = sorted(row.filled[-1] + 1 for row in body)
    return widths[int(0.98 * (len(widths) - 1))] if widths else 0


def _split_label(labelled: Sequence[int]) -> int:
    """Which label stands over two columns: the one before the header's first blank cell; else the one behind the number."""
    gap = next((i for i in range(labelled[0], labelled[-1]) if i not in labelled), None)
    return 1 if gap is None else labelled.index(gap - 1)


def _emit_header(grid: TypedGrid, labels: Labels) -> None:
    """Put header cells with their spans into the grid: the first row's over those that stand below them."""
    top = grid.n_rows
    for col, span, raw in labels.upper:
        below = [c for c in range(col, col + span) if c in labels.lower]
        down = 1 if below else len(labels.rows)
        grid.cells.append(Placed(top, col, raw, labels.rows[0].line, down, span))
        edges = [col, *below[1:], col + span]
        for c, start, stop in zip(below, edges, edges[1:], strict=False):
            grid.cells.append(Placed(top + 1, start, labels.lower[c], labels.rows[1].line, 1, stop - start))
    grid.n_rows += len(labels.rows)


def _place_rows(body: Sequence[RawRow], labels: Labels) -> list[AnnexRow]:
    """Every row's cells by column; pages are counted from 0."""
    out: list[AnnexRow] = []
    evidence = ColumnEvidence(tuple(range(labels.columns)), ("",) * labels.columns)
    filled = [1.0] * labels.columns
    fitting = 2.0
    taught: dict[int, list[tuple[int, RawCell]]] = {}
    for row in body:
        cols = _usual(row, labels)
        if _fits(row, cols, labels):
            fitting += 1
            for col in cols:
                filled[col] += 1
            if len(row.filled) >= labels.columns - 1:
                taught[row.line] = [(col, row.cells[i]) for i, col in zip(row.filled, cols, strict=True)]
                for col, cell in taught[row.line]:
                    evidence.add(col, cell)
    # How much likelier a column is filled than blank: a cell rather stands in one that mostly is.
    habit = [max(-_HABIT, min(_HABIT, math.log(f / max(fitting - f, 0.5)))) for f in filled]
    page = 0
    for row in body:
        page += row.gap > 0
        if _is_banner(row) and labels.numbered:
            out.append(AnnexRow(row.line, {0: row.cells[0]}, page, banner=True))
            continue
        # A row must not bear witness for itself.
        for col, cell in taught.get(row.line, []):
            evidence.add(col, cell, -1)
        found = _place(row, labels, evidence, habit)
        for col, cell in taught.get(row.line, []):
            evidence.add(col, cell)
        cells: dict[int, RawCell] = {}
        for i, col in zip(row.filled, found.cols, strict=True):
            cells[col] = cells.get(col, RawCell()) + row.cells[i]
        sure = 1.0 if found.margin >= 4 else round(found.confidence, 4)
        out.append(AnnexRow(row.line, cells, page, sure, found.margin < NEAR, banner=_is_banner(row)))
    return out


def _usual(row: RawRow, labels: Labels) -> list[int]:
    """The column of every filled cell of a row typed like the header (-1: none). Where a hidden nested column is typed
    out, every column is."""
    if labels.split is not None and row.filled[-1] == labels.columns - 1:
        return list(row.filled)
    return [labels.usual.get(i, -1) for i in row.filled]


def _fits(row: RawRow, cols: Sequence[int], labels: Labels) -> bool:
    number = row.cells[0].text
    return -1 not in cols and (not labels.numbered or not number or number.isdigit())


def _place(row: RawRow, labels: Labels, evidence: ColumnEvidence, habit: Sequence[float]) -> Alignment:
    """The columns of a row's filled cells. ``habit``: log-odds that a column is filled."""
    columns, filled = labels.columns, row.filled
    cols = _usual(row, labels)
    fits = _fits(row, cols, labels)
    if labels.split is not None and filled == list(range(columns)) and row.cells[0].text.isdigit():
        return Alignment(tuple(filled), math.inf)
    scores: list[dict[int, float]] = []
    for k, i in enumerate(filled):
        number = k == 0 and row.cells[i].text.isdigit()
        allowed = range(columns)
        if labels.numbered and not number:
            allowed = range(1, columns)
        elif labels.numbered and i == 0:
            allowed = range(1)
        score = {col: value + habit[col] for col, value in evidence.score(row.cells[i], allowed).items()}
        if fits and cols[k] in score:
            score[cols[k]] += _DUE / len(filled) ** 0.5
        scores.append(score)
    last = max(labels.usual)
    beyond = {i: labels.usual[last] + i - last if i > last else i for i in filled}
    expected = [col if col >= 0 else beyond[i] for i, col in zip(filled, cols, strict=True)]
    found = align(scores, in_order(expected, columns, 0, {}))
    return found if found.cols else Alignment(tuple(min(i, columns - 1) for i in filled), 0.0)


def _nest(rows: Sequence[AnnexRow], labels: Labels) -> list[Finding]:
    """Mark rows that go on the numbered row above: their number is blank, or printed again after a page end."""
    findings = []
    before: AnnexRow | None = None
    for row in rows:
        if row.banner:
            before = None
            continue
        if before is not None:
            printed = [row.cells[c].text for c in (0, 1) if c in row.cells]
            again = [before.cells[c].text for c in (0, 1) if c in before.cells]
            row.nested = 0 not in row.cells or (len(printed) == 2 and printed == again)
        if row.nested and 0 in row.cells:
            for c in (0, 1):
                findings.append(carried_over(row.cells.pop(c).text, row.line, labels.name(c)))
        if not row.nested:
            before = row
    return findings


def _number(rows: Sequence[AnnexRow]) -> list[Finding]:
    """Rows whose number is lost at a page end, in a table that nests nowhere: the number runs on."""
    body = [row for row in rows if not row.banner]
    findings: list[Finding] = []
    if sum(row.nested for row in rows) > 0.1 * len(body):
        return findings
    last = 0
    for row in body:
        if 0 in row.cells and row.cells[0].text.isdigit():
            last = int(row.cells[0].text)
        elif row.nested and 1 not in row.cells and row.page > 0 and last:
            last += 1
            row.nested = False
            row.cells[0] = RawCell((str(last),), (False,))
            row.confidence = min(row.confidence, 0.6)
            message = f"第{row.line}行没有序号，按前后推为{last}，请核对。"
            texts = " | ".join(cell.text for cell in row.cells.values())[:200]
            findings.append(Finding("number_inferred", message, texts, line=row.line, confidence=0.6))
    return findings


def _emit_body(grid: TypedGrid, rows: Sequence[AnnexRow], labels: Labels) -> None:
    """Put the body into the grid, merged cells over the rows that they cover."""
    split = labels.split
    for r, row in enumerate(rows, start=grid.n_rows):
        if row.banner:
            grid.cells.append(Placed(r, 0, row.cells[0], row.line, 1, labels.columns))
            continue
        wide = split is not None and _stands_alone(rows, r - grid.n_rows) and split + 1 not in row.cells
        for col in range(labels.columns):
            down = row.covers.get(col, 1)
            if down and not (wide and split is not None and col == split + 1):
                raw, across = row.cells.get(col, RawCell()), 2 if wide and col == split else 1
                grid.cells.append(Placed(r, col, raw, row.line, down, across, round(row.confidence, 4)))
    grid.n_rows += len(rows)


def _stands_alone(rows: Sequence[AnnexRow], r: int) -> bool:
    """Whether a row goes on none, and none goes on it."""
    return not rows[r].nested and not (r + 1 < len(rows) and rows[r + 1].nested)
