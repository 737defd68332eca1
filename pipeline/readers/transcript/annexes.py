"""Annex rows of a transcript → grids: tables told apart, columns put right, merged values spread with care."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.findings import Finding
from pipeline.readers.transcript.annex_columns import (
    NUMBERS,
    AnnexRow,
    Labels,
    is_banner,
    place_rows,
    read_labels,
)
from pipeline.readers.transcript.source import Placed, RawCell, RawRow, TypedGrid
from pipeline.readers.transcript.spans import Span, find_spans
from pipeline.vocabulary.annexes import ALL_WORDS, known_word

_OFTEN_BLANK = 0.3
_OPTIONAL = 0.6
_ENDS = re.compile(r"[。;；！？!?)\]》〉]$")


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
        grid, more = _grid(table, title)
        grids.append(grid)
        findings += more
    return grids, findings


def _is_header(row: RawRow) -> bool:
    texts = [row.cells[i].text for i in row.filled]
    if len(texts) < 2 or any(text.isdigit() for text in texts):
        return False
    known = sum(known_word(text, ALL_WORDS, {}) for text in texts)
    return (texts[0] in NUMBERS and known >= 2) or known > 0.6 * len(texts)


def _tables(rows: Sequence[RawRow]) -> list[TypedTable]:
    """The tables of an annex: each begins with the rows of one cell above its header; the first row heads one anyway."""
    out: list[TypedTable] = []
    held: list[RawRow] = []
    for row in rows:
        if not row.filled:
            continue
        if is_banner(row):
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


def _is_second(row: RawRow, head: RawRow) -> bool:
    """Whether the row below a header, its first cells blank, belongs to it: the header's groups are wider than a column."""
    wide = any(not cell.words for cell in head.cells[1:])
    return wide and row.filled[0] > 0 and row.gap == 0 and not set(row.filled) <= set(head.filled)


def _grid(table: TypedTable, title: str) -> tuple[TypedGrid, list[Finding]]:
    labels = read_labels(table.header, table.body)
    grid = TypedGrid(labels.columns)
    for banner in table.banners:
        grid.cells.append(Placed(grid.n_rows, 0, banner.cells[0], banner.line, col_span=labels.columns))
        grid.n_rows += 1
    _emit_header(grid, labels)
    rows = place_rows(table.body, labels)
    findings = []
    for row in rows:
        if row.near:
            message = (
                f"附件《{title}》第{row.line}行的格数与表头不符，按内容对到各列，另一种对法也相近，请核对。"
            )
            texts = " | ".join(cell.text for cell in row.cells.values())[:300]
            findings.append(
                Finding("uncertain_alignment", message, texts, line=row.line, confidence=row.confidence)
            )
    if labels.numbered:
        findings += [*_nest(rows, labels, title), *_number(rows, title), *_spread(rows, labels, title)]
    _emit_body(grid, rows, labels)
    return grid, findings


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


def _nest(rows: Sequence[AnnexRow], labels: Labels, title: str) -> list[Finding]:
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
                findings.append(_carried_over(row.cells.pop(c).text, row.line, labels.name(c), title))
        if not row.nested:
            before = row
    return findings


def _number(rows: Sequence[AnnexRow], title: str) -> list[Finding]:
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
            message = f"附件《{title}》第{row.line}行没有序号，按前后推为{last}，请核对。"
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


def _spread(rows: Sequence[AnnexRow], labels: Labels, title: str) -> list[Finding]:
    """Spread merged cells over the rows that they cover; findings about values printed again and uncertain reaches."""
    findings = []
    for col in range(labels.columns):
        for start, stop in _blocks(rows):
            for span in _column_spans(rows, col, start, stop, labels):
                for row, sure in zip(rows[span.start : span.stop], span.confidence, strict=True):
                    row.covers[col] = 0
                    row.confidence = min(row.confidence, sure)
                rows[span.start].covers[col] = span.stop - span.start
                findings += _merge(rows, span, col, labels.name(col), title)
    return findings


def _merge(rows: Sequence[AnnexRow], span: Span, col: int, name: str, title: str) -> list[Finding]:
    """Set a merged cell's value in its first row only."""
    findings = []
    if span.at != span.start:
        rows[span.start].cells[col] = rows[span.at].cells[col]
    for r in range(span.start + 1, span.stop):
        again = rows[r].cells.pop(col, None)
        if again is not None and r != span.at:
            findings.append(_carried_over(again.text, rows[r].line, name, title))
    if min(span.confidence) < 0.95:
        first, last = (rows[r].cells.get(0) for r in (span.start, span.stop - 1))
        reach = f"{first.text if first else '?'}—{last.text if last else '?'}"
        message = (
            f"附件《{title}》“{name}”一列的“{span.value[:30]}”只印了一次，推断它适用于序号{reach}，请核对。"
        )
        evidence, line, sure = f"{span.value[:80]}:{reach}", rows[span.at].line, min(span.confidence)
        findings.append(Finding("uncertain_span", message, evidence, line=line, confidence=sure))
    return findings


def _carried_over(text: str, line: int, name: str, title: str) -> Finding:
    message = f"附件《{title}》“{name}”一列的“{text[:30]}”在第{line}行又印了一次（多为换页），视为同一个合并单元格。"
    return Finding("value_carried_over", message, f"{text}×1", key=str(line), line=line)


def _blocks(rows: Sequence[AnnexRow]) -> list[tuple[int, int]]:
    """Stretches of rows between banners."""
    ends = [-1, *(r for r, row in enumerate(rows) if row.banner), len(rows)]
    return [(a + 1, b) for a, b in zip(ends, ends[1:], strict=False) if b > a + 1]


def _column_spans(rows: Sequence[AnnexRow], col: int, start: int, stop: int, labels: Labels) -> list[Span]:
    """The spans of one column, rows ``start`` … ``stop`` - 1; none where the column's cells are not merged."""
    own = [r for r in range(start, stop) if not rows[r].nested]
    nested = [r for r in range(start, stop) if rows[r].nested]
    filled = sum(col in rows[r].cells for r in own) / max(len(own), 1)
    if not nested:
        return [] if filled in (0, 1) or col == 0 else _spans(rows, col, start, stop)
    groups = [(a, b) for a, b in zip(own, [*own[1:], stop], strict=True) if b - a > 1]
    if col < labels.grouped:
        return [Span("", a, a, b, (1.0,) * (b - a)) for a, b in groups if col in rows[a].cells]
    if filled < _OPTIONAL:
        return _run_on(rows, col, start, stop)
    if sum(col not in rows[r].cells for r in nested) < _OFTEN_BLANK * len(nested):
        return []
    return [span for a, b in groups for span in _spans(rows, col, a, b)]


def _run_on(rows: Sequence[AnnexRow], col: int, start: int, stop: int) -> list[Span]:
    """Texts of a column that is mostly blank, cut by page ends: put together, their parts are one cell."""
    out = []
    r = start
    while r < stop:
        first, end = rows[r].cells.get(col), r + 1
        whole = first or RawCell()
        while first and end < stop and rows[end].nested and rows[end].page > rows[end - 1].page:
            if col not in rows[end].cells or _ENDS.search(whole.text):
                break
            whole, end = whole + rows[end].cells.pop(col), end + 1
        joined = end - r
        if first and joined > 1:
            rows[r].cells[col] = whole
            while end < stop and rows[end].nested and col not in rows[end].cells:
                end += 1
            sure = (1.0, *[0.95] * (joined - 1), *[0.6] * (end - r - joined))
            out.append(Span(first.text, r, r, end, sure))
        r = end
    return out


def _spans(rows: Sequence[AnnexRow], col: int, start: int, stop: int) -> list[Span]:
    values = [row.cells[col].text if col in row.cells else "" for row in rows[start:stop]]
    # A row's own words: its first cell beside the number and the merged column.
    names = [
        next((cell.text for c, cell in sorted(row.cells.items()) if c not in (0, col)), "")
        for row in rows[start:stop]
    ]
    found = find_spans(values, names, [row.page for row in rows[start:stop]])
    return [Span(s.value, s.at + start, s.start + start, s.stop + start, s.confidence) for s in found]
