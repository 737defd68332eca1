"""Annex rows of a transcript → grids: tables told apart, columns put right, merged values spread with care."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.findings import Finding
from pipeline.readers.transcript.columns import Labels, place_rows, read_labels
from pipeline.readers.transcript.model import Grid, Placed
from pipeline.readers.transcript.parts import Part
from pipeline.readers.transcript.source import RawCell, RawRow
from pipeline.readers.transcript.spans import Span, find_spans
from pipeline.vocabulary.annexes import ALL_WORDS, known_word

_NUMBERS = frozenset({"序号", "编号", "序", "号"})
_OFTEN_BLANK = 0.3
_OPTIONAL = 0.6
_ENDS = re.compile(r"[。;；!？?)\]》〉]$")


@dataclass
class Table:
    """One table of an annex as typed: banners above, header rows, body."""

    banners: list[RawRow] = field(default_factory=list)
    header: list[RawRow] = field(default_factory=list)
    body: list[RawRow] = field(default_factory=list)


@dataclass
class Row:
    """A body row: its cells by column, its line, whether it starts a page, and whether it goes on a numbered one."""

    line: int
    cells: dict[int, RawCell]
    page: int
    nested: bool = False
    banner: bool = False
    confidence: float = 1.0


def annex_grids(part: Part) -> tuple[list[Grid], list[Finding]]:
    """The tables of an annex as grids, and what was doubtful about them."""
    grids: list[Grid] = []
    findings: list[Finding] = []
    for table in _tables(part):
        grid, more = _grid(table, part)
        grids.append(grid)
        findings.extend(more)
    return grids, findings


def _is_header(row: RawRow) -> bool:
    texts = [row.cells[i].text for i in row.filled]
    if len(texts) < 2 or any(text.isdigit() for text in texts):
        return False
    known = sum(known_word(text, ALL_WORDS, {}) for text in texts)
    return (texts[0] in _NUMBERS and known >= 2) or known > 0.6 * len(texts)


def _is_banner(row: RawRow) -> bool:
    return row.filled == [0] and not row.cells[0].text.isdigit()


def _tables(part: Part) -> list[Table]:
    out: list[Table] = []
    held: list[RawRow] = []
    for row in part.rows:
        if not row.filled:
            continue
        if _is_header(row):
            if (
                out
                and not out[-1].body
                and out[-1].header
                and not held
                and row.line <= out[-1].header[-1].line + 2
            ):
                out[-1].header.append(row)
            else:
                out.append(Table(held, [row]))
            held = []
            continue
        if _is_banner(row):
            held.append(row)
            continue
        if not out:
            out.append(Table(held, [row]))
        else:
            out[-1].body.extend([*held, row])
        held = []
    if held:
        out = out or [Table()]
        out[-1].body.extend(held)
    return [_second_header(table) for table in out]


def _second_header(table: Table) -> Table:
    """The row below a header whose first cells are blank, where the header's groups are wider than one column."""
    if len(table.header) == 1 and table.body:
        first, head = table.body[0], table.header[0]
        wide = [i for i, cell in enumerate(head.cells) if not cell.words and i > 0]
        under = [i for i in first.filled if i not in head.filled]
        if under and wide and first.filled and first.filled[0] > 0 and first.gap == 0:
            table.header.append(table.body.pop(0))
    return table


def _grid(table: Table, part: Part) -> tuple[Grid, list[Finding]]:
    labels = read_labels(table.header, table.body)
    grid = Grid(labels.columns)
    findings: list[Finding] = []
    for banner in table.banners:
        grid.cells.append(Placed(grid.n_rows, 0, banner.cells[0], banner.line, col_span=labels.columns))
        grid.n_rows += 1
    loose = _emit_header(grid, labels)
    rows = [Row(line, {col: raw}, 0) for line, col, raw in loose]
    placed, doubtful = place_rows(table.body, labels)
    page = 0
    for body, cells, confidence in placed:
        page += body.gap > 0
        rows.append(Row(body.line, cells, page, banner=_is_banner(body), confidence=confidence))
    for line, texts, confidence in doubtful:
        findings.append(
            Finding(
                "uncertain_alignment",
                f"附件《{part.title}》第{line}行的格数与表头不符，按内容对到各列，另一种对法也相近，请核对。",
                texts[:300],
                key=None,
                line=line,
                confidence=confidence,
            )
        )
    findings.extend(_nest(rows, labels, part))
    findings.extend(_number(rows, labels, part))
    _emit_body(grid, rows, labels, part, findings)
    return grid, findings


def _emit_header(grid: Grid, labels: Labels) -> list[tuple[int, int, RawCell]]:
    """Header cells with their spans; gives cells of the second header row that are no header words."""
    loose: list[tuple[int, int, RawCell]] = []
    top = grid.n_rows
    lower = labels.lower
    for col, span, raw in labels.upper:
        below = [c for c in range(col, col + span) if lower and lower.get(c)]
        down = len(labels.rows) if not below else 1
        grid.cells.append(Placed(top, col, raw, labels.rows[0].line, down, span))
        if down == 1 and len(labels.rows) > 1:
            words = [c for c in below if known_word(lower[c].text, ALL_WORDS, {}) or len(below) == 1]
            stops = [*below[1:], col + span]
            for c, stop in zip(below, stops, strict=True):
                is_word = c in words or not words or lower[c].text.startswith(tuple("高中初副正省部国"))
                strange = len(below) > 1 and not is_word
                if strange:
                    loose.append((labels.rows[1].line, c, lower[c]))
                start = col if c == below[0] else c
                text = RawCell() if strange else lower[c]
                grid.cells.append(Placed(top + 1, start, text, labels.rows[1].line, 1, stop - start))
    grid.n_rows += len(labels.rows)
    return loose


def _nest(rows: Sequence[Row], labels: Labels, part: Part) -> list[Finding]:
    """Mark rows that go on the numbered row above: their number is blank, or printed again after a page end."""
    findings: list[Finding] = []
    if not labels.numbered:
        return findings
    before: Row | None = None
    for row in rows:
        if row.banner:
            before = None
            continue
        if 0 not in row.cells:
            row.nested = before is not None
        elif before is not None and all(
            row.cells.get(c) is not None and row.cells[c].text == before.cells.get(c, RawCell()).text
            for c in (0, 1)
        ):
            row.nested = True
            for c in (0, 1):
                findings.append(_carried_over(row.cells.pop(c).text, row.line, labels.name(c), part))
        if not row.nested:
            before = row
    return findings


def _number(rows: list[Row], labels: Labels, part: Part) -> list[Finding]:
    """Rows whose number is lost at a page end, in a table that nests nowhere: the number runs on."""
    nested = [row for row in rows if row.nested]
    body = [row for row in rows if not row.banner]
    findings: list[Finding] = []
    if not labels.numbered or not nested or len(nested) > 0.1 * len(body):
        return findings
    last = 0
    for row in body:
        number = row.cells.get(0)
        if number is not None and number.text.isdigit():
            last = int(number.text)
        elif row.nested and 1 not in row.cells and row.page > 0 and last:
            last += 1
            row.nested = False
            row.cells[0] = RawCell((str(last),), (False,))
            row.confidence = min(row.confidence, 0.6)
            findings.append(
                Finding(
                    "number_inferred",
                    f"附件《{part.title}》第{row.line}行没有序号，按前后推为{last}，请核对。",
                    " | ".join(cell.text for cell in row.cells.values())[:200],
                    line=row.line,
                    confidence=0.6,
                )
            )
    return findings


def _emit_body(grid: Grid, rows: list[Row], labels: Labels, part: Part, findings: list[Finding]) -> None:
    owner: dict[tuple[int, int], tuple[int, int]] = {}  # (row, col) → (row of the cell, rows covered)
    sure = [row.confidence for row in rows]
    blocks = _blocks(rows)
    for col in range(labels.columns):
        for start, stop in blocks:
            for span in _column_spans(rows, col, start, stop, labels):
                owner.update(
                    {(r, col): (span.start, span.stop - span.start) for r in range(span.start, span.stop)}
                )
                if span.at != span.start:
                    rows[span.start].cells[col] = rows[span.at].cells[col]
                for r, confidence in zip(range(span.start, span.stop), span.confidence, strict=True):
                    sure[r] = min(sure[r], confidence)
                    again = rows[r].cells.pop(col, None) if r != span.start else None
                    if again is not None and r != span.at and not _joined(rows[span.start].cells[col], again):
                        findings.append(_carried_over(again.text, rows[r].line, labels.name(col), part))
                if min(span.confidence) < 0.95:
                    findings.append(_uncertain(span, rows, labels, col, part))
    base = grid.n_rows
    for r, row in enumerate(rows):
        if row.banner:
            grid.cells.append(Placed(base + r, 0, row.cells[0], row.line, 1, labels.columns))
            continue
        skip = -1
        for col in range(labels.columns):
            if col <= skip:
                continue
            first, count = owner.get((r, col), (r, 1))
            if first != r:
                continue
            raw = row.cells.get(col, RawCell())
            wide = 1
            alone = col == labels.split and col + 1 not in row.cells
            if alone and not row.nested and not _nested_below(rows, r):
                wide, skip = 2, col + 1
            grid.cells.append(Placed(base + r, col, raw, row.line, count, wide, round(sure[r], 4)))
    grid.n_rows += len(rows)


def _joined(whole: RawCell, half: RawCell) -> bool:
    """Whether ``half`` is the end of a text that a page end had cut."""
    return len(whole.words) > len(half.words) and whole.words[-len(half.words) :] == half.words


def _carried_over(text: str, line: int, name: str, part: Part) -> Finding:
    return Finding(
        "value_carried_over",
        f"附件《{part.title}》“{name}”一列的“{text[:30]}”在第{line}行又印了一次（多为换页），视为同一个合并单元格。",
        f"{text}×1",
        key=str(line),
        line=line,
    )


def _nested_below(rows: Sequence[Row], r: int) -> bool:
    return r + 1 < len(rows) and rows[r + 1].nested


def _blocks(rows: Sequence[Row]) -> list[tuple[int, int]]:
    """Stretches of rows between banners."""
    out = []
    start = 0
    for r, row in enumerate(rows):
        if row.banner:
            if r > start:
                out.append((start, r))
            start = r + 1
    if start < len(rows):
        out.append((start, len(rows)))
    return out


def _column_spans(rows: list[Row], col: int, start: int, stop: int, labels: Labels) -> list[Span]:
    """The spans of one column, rows ``start`` … ``stop`` - 1; none where the column's cells are not merged."""
    if not labels.numbered:
        return []
    own = [r for r in range(start, stop) if not rows[r].nested]
    nested = [r for r in range(start, stop) if rows[r].nested]
    filled = sum(col in rows[r].cells for r in own) / max(len(own), 1)
    if nested and col < labels.grouped:
        groups = [(r, next((q for q in own if q > r), stop)) for r in own]
        return [Span("", a, a, b, (1.0,) * (b - a)) for a, b in groups if b - a > 1 and col in rows[a].cells]
    if nested:
        blank = sum(col not in rows[r].cells for r in nested) / len(nested)
        if filled < _OPTIONAL:
            return _run_on(rows, col, start, stop)
        if blank < _OFTEN_BLANK:
            return []
        out = []
        for a in own:
            b = next((q for q in own if q > a), stop)
            if b - a > 1:
                out.extend(_shifted(_spans(rows, col, a, b), 0))
        return out
    if filled == 1 or filled == 0 or col == 0:
        return []
    return _spans(rows, col, start, stop)


def _run_on(rows: list[Row], col: int, start: int, stop: int) -> list[Span]:
    """A text of a column that is mostly blank, cut by a page end: the two halves are one cell."""
    out = []
    for r in range(start, stop - 1):
        here, after = rows[r].cells.get(col), rows[r + 1].cells.get(col)
        cut = rows[r + 1].page > rows[r].page and rows[r + 1].nested
        if here and after and cut and not _ENDS.search(here.text):
            rows[r].cells[col] = RawCell(here.words + after.words, here.opens + after.opens)
            last = r + 2
            while last < stop and rows[last].nested and col not in rows[last].cells:
                last += 1
            out.append(Span(here.text, r, r, last, (1.0, 0.95) + (0.6,) * (last - r - 2)))
    return out


def _spans(rows: list[Row], col: int, start: int, stop: int) -> list[Span]:
    values = [rows[r].cells[col].text if col in rows[r].cells else "" for r in range(start, stop)]
    names = [_own_words(rows[r], col) for r in range(start, stop)]
    pages = [rows[r].page for r in range(start, stop)]
    return _shifted(find_spans(values, names, pages), start)


def _shifted(spans: list[Span], by: int) -> list[Span]:
    return [Span(s.value, s.at + by, s.start + by, s.stop + by, s.confidence) for s in spans]


def _own_words(row: Row, col: int) -> str:
    """The words of a row's own cells: those beside the merged column that are filled in (nearly) every row."""
    texts = [cell.text for c, cell in sorted(row.cells.items()) if c not in (0, col)]
    return texts[0] if texts else ""


def _uncertain(span: Span, rows: Sequence[Row], labels: Labels, col: int, part: Part) -> Finding:
    first, last = rows[span.start].cells.get(0), rows[span.stop - 1].cells.get(0)
    reach = f"{first.text if first else '?'}—{last.text if last else '?'}"
    return Finding(
        "uncertain_span",
        f"附件《{part.title}》“{labels.name(col)}”一列的“{span.value[:30]}”只印了一次，推断它适用于序号{reach}，请核对。",
        f"{span.value[:80]}:{reach}",
        line=rows[span.at].line,
        confidence=min(span.confidence),
    )
