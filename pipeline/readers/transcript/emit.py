"""Aligned catalogue rows → grids with the header's columns; repeated cells once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.findings import Finding
from pipeline.readers.transcript.body_rows import Body, Catalogued
from pipeline.readers.transcript.model import Grid, Placed
from pipeline.readers.transcript.parts import Header
from pipeline.readers.transcript.repeats import repeats
from pipeline.readers.transcript.source import RawCell, parse_cell


def filled_texts(body: Body) -> list[str]:
    """The texts of a row's filled cells, in order."""
    return [body.row.cells[i].text for i in body.row.filled]


def emit(bodies: Sequence[Body], headers: Mapping[int, Header], out: Catalogued) -> None:
    """Every part's grid: its header and the body rows, repetitions left out and counted in findings."""
    for number, header in headers.items():
        grid = out.grids[number] = Grid(header.columns)
        _emit_header(grid, header)
    block: list[Body] = []
    for i, body in enumerate(bodies):
        block.append(body)
        last = i + 1 == len(bodies)
        if last or bodies[i + 1].row.gap or bodies[i + 1].part != body.part or bodies[i + 1].fresh:
            _emit_block(block, out)
            block = []


def _emit_header(grid: Grid, header: Header) -> None:
    above, tiers = (header.rows[0], header.rows[-1]) if len(header.rows) > 1 else (None, header.rows[0])
    if above is not None:
        labels = [i for i in range(header.columns) if i < len(above.cells) and above.cells[i].words] or [0]
        if labels[0] != 0:
            labels.insert(0, 0)
        for start, stop in zip(labels, [*labels[1:], header.columns], strict=True):
            span = (
                2
                if not header.tiers[start] and not (start < len(tiers.cells) and tiers.cells[start].words)
                else 1
            )
            grid.cells.append(Placed(0, start, above.cells[start], above.line, span, stop - start))
    row = 1 if above is not None else 0
    taken = {c.col + k for c in grid.cells if c.row_span == 2 for k in range(c.col_span)}
    for col in range(header.columns):
        if col not in taken:
            grid.cells.append(Placed(row, col, tiers.cells[col], tiers.line))
    grid.n_rows = row + 1


def _emit_block(block: Sequence[Body], out: Catalogued) -> None:
    """Rows that follow one another without a page end, all of one class (the first may open it)."""
    grid = out.grids[block[0].part]
    placed = [
        (b.row.line, {c: b.row.cells[i].text for i, c in zip(b.row.filled, b.cols, strict=False) if c})
        for b in block
        if not b.repeated and len(set(b.cols)) == len(b.cols)
    ]
    drop: set[tuple[int, int]] = set()
    for again in repeats(placed):
        drop.update((line, again.col) for line in again.lines)
        others = [text for _, text in again.dropped]
        out.findings.append(_repetition(again.text, others, again.line, again.lines, block[0].code))
    for body in block:
        if body.repeated:
            texts = filled_texts(body)
            whole = "|".join(texts)
            out.findings.append(_repetition(whole, [whole], body.row.line, (body.row.line,), body.code))
            continue
        _emit_row(grid, body, drop)


def _repetition(
    text: str, others: Sequence[str], line: int, lines: Sequence[int], code: str | None
) -> Finding:
    """``others``: the repeated texts, all of which stand in the evidence (nothing is lost)."""
    counts = "；".join(f"{other}×{others.count(other)}" for other in dict.fromkeys(others))
    return Finding(
        "transcriber_repetition",
        f"转录者把“{text[:40]}”重复写了{len(lines)}次（第{lines[0]}—{lines[-1]}行），只发布一次；请对照原件核对。",
        counts,
        table="entries",
        key=code,
        line=line,
    )


def _emit_row(grid: Grid, body: Body, drop: set[tuple[int, int]]) -> None:
    rows: list[dict[int, RawCell]] = [{}]
    before = -1
    for index, col in zip(body.row.filled, body.cols, strict=True):
        if (body.row.line, col) in drop and len(set(body.cols)) == len(body.cols):
            continue
        if col in rows[-1] or col < before:
            rows.append({})
        rows[-1][col] = body.row.cells[index]
        before = col
    inferred = None
    if body.guess is not None and body.lost:
        inferred = parse_cell(f"{body.guess.code} {body.guess.name}")
    confidence = min(body.confidence, body.guess.confidence if body.guess else 1.0)
    for k, cells in enumerate(rows):
        if not cells and not inferred:
            continue
        for col in range(grid.n_cols):
            raw = cells.get(col, RawCell())
            is_inferred = col == 0 and k == 0 and inferred is not None and not raw.words
            grid.cells.append(
                Placed(
                    grid.n_rows,
                    col,
                    inferred if is_inferred and inferred is not None else raw,
                    body.row.line,
                    confidence=body.guess.confidence if is_inferred and body.guess else confidence,
                    follows=body.follows and k == 0,
                    inferred=is_inferred,
                )
            )
        grid.n_rows += 1
