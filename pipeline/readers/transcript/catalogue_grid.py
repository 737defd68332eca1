"""Aligned catalogue rows → grids with the header's columns, one per 专业大类; what was typed again and again once.

Where a class is written one item to a row, a column with fewer items than its neighbours is often filled up by
repeating its last ones, and a machine that loses its place repeats itself for dozens of rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.findings import Finding
from pipeline.readers.transcript.catalogue import BodyRow, TypedHeader, align_rows, body_rows, name_fragments
from pipeline.readers.transcript.source import Placed, RawCell, TypedGrid, TypedPart, parse_cell

_LOOP = 3
"""A run of so many equal cells in a column says that the rows around are looping."""
_ROWS = 4

Block = Sequence[tuple[int, Mapping[int, str]]]
"""Rows that follow one another on one page and belong to one class: (line, column → squeezed text)."""


@dataclass
class Repeat:
    """A cell text that stands once too often, or more: where the one that stays is, and (line, text) of the others."""

    text: str
    line: int
    col: int
    again: list[tuple[int, str]] = field(default_factory=list)


def catalogue_grids(
    parts: Sequence[TypedPart], reference: Mapping[str, str], usual: int
) -> tuple[dict[int, TypedGrid], list[Finding]]:
    """The grid of every part (by number) that is a 专业大类, and findings. ``reference``: code → name of all classes
    that there are, in order; ``usual``: blank lines at an ordinary page end."""
    rows, headers = body_rows(parts, usual)
    findings = [*name_fragments(rows, reference), *align_rows(rows)]
    grids = {number: _header_grid(header) for number, header in headers.items()}
    block: list[BodyRow] = []
    for body in rows:
        if block and (body.row.gap or body.fresh or body.part != block[0].part):
            findings += _emit_block(grids[block[0].part], block)
            block = []
        block.append(body)
    if block:
        findings += _emit_block(grids[block[0].part], block)
    return grids, findings


def _header_grid(header: TypedHeader) -> TypedGrid:
    """A grid with the header's cells: groups over their tiers, what stands over no tier two rows high."""
    grid = TypedGrid(header.columns)
    tiers = header.rows[-1]
    covered: set[int] = set()
    if len(header.rows) > 1:
        above = header.rows[0]
        labels = [i for i in above.filled if 0 < i < header.columns]
        for start, stop in zip([0, *labels], [*labels, header.columns], strict=True):
            high = not header.tiers[start] and start not in tiers.filled
            grid.cells.append(Placed(0, start, above.cells[start], above.line, 1 + high, stop - start))
            covered.update(range(start, stop) if high else ())
        grid.n_rows = 1
    for col in range(header.columns):
        if col not in covered:
            grid.cells.append(Placed(grid.n_rows, col, tiers.cells[col], tiers.line))
    grid.n_rows += 1
    return grid


def _emit_block(grid: TypedGrid, block: Sequence[BodyRow]) -> list[Finding]:
    """Put the rows of a block into the grid; findings about repetitions."""
    plain = [b for b in block if not b.repeated and len(set(b.cols)) == len(b.cols)]
    again = repeats([(b.row.line, dict(zip(b.cols, b.texts, strict=True))) for b in plain])
    findings = [_repetition(one, block[0].code) for one in again]
    drop = {(line, one.col) for one in again for line, _ in one.again}
    for body in block:
        line = body.row.line
        if body.repeated:
            whole = "|".join(body.texts)
            findings.append(_repetition(Repeat(whole, line, 0, [(line, whole)]), body.code))
        else:
            _emit_row(grid, body, {col for at, col in drop if at == line})
    return findings


def repeats(block: Block) -> list[Repeat]:
    """The repetitions within a block, beside the class in column 0."""
    if len(block) < _ROWS:
        return []
    columns = sorted({col for _, cells in block for col in cells if col})
    looping = any(_longest_run(block, col) >= _LOOP for col in columns)
    out: list[Repeat] = []
    for col in columns:
        first: dict[str, Repeat] = {}
        before = ""
        for line, cells in block:
            text = cells.get(col, "")
            if text and text in first and (looping or text == before):
                first[text].again.append((line, text))
            elif text and looping and _cut_longer(text, before):
                first[before].again.append((line, text))
                continue
            elif text:
                first.setdefault(text, Repeat(text, line, col))
            before = text
        out += sorted((one for one in first.values() if one.again), key=lambda one: one.again[0])
    return out


def _cut_longer(text: str, before: str) -> bool:
    """Whether both are the beginning of one cut-off text, this one a little longer."""
    return (
        len(before) >= 4 and text.startswith(before) and len(text) <= len(before) + 3 and text[-1] not in ")]"
    )


def _longest_run(block: Block, col: int) -> int:
    """The most rows in a row whose cells in a column hold the same text."""
    longest = run = 0
    before = ""
    for _, cells in block:
        text = cells.get(col, "")
        run = run + 1 if text and text == before else int(bool(text))
        longest = max(longest, run)
        before = text
    return longest


def _repetition(repeat: Repeat, code: str | None) -> Finding:
    """All repeated texts stand in the evidence: nothing is lost."""
    texts = [text for _, text in repeat.again]
    first, last = repeat.again[0][0], repeat.again[-1][0]
    message = f"转录者把“{repeat.text[:40]}”重复写了{len(texts)}次（第{first}—{last}行），只发布一次；请对照原件核对。"
    evidence = "；".join(f"{text}×{n}" for text, n in Counter(texts).items())
    return Finding("transcriber_repetition", message, evidence, table="entries", key=code, line=repeat.line)


def _emit_row(grid: TypedGrid, body: BodyRow, drop: set[int]) -> None:
    """Put a row, without its cells in the columns ``drop``, into the grid: several grid rows where its columns begin
    anew. The first row after missing pages gets the class that was guessed."""
    rows: list[dict[int, RawCell]] = [{}]
    before = -1
    for index, col in zip(body.row.filled, body.cols, strict=True):
        if col in drop:
            continue
        if col in rows[-1] or col < before:
            rows.append({})
        rows[-1][col] = body.row.cells[index]
        before = col
    guess = body.guess
    inferred = guess is not None and body.missing > 0 and 0 not in rows[0]
    if guess is not None and inferred:
        rows[0][0] = parse_cell(f"{guess.code} {guess.name}")
    sure = min(body.confidence, guess.confidence) if guess else body.confidence
    for cells in filter(None, rows):
        first = cells is rows[0]
        for col in range(grid.n_cols):
            cell = Placed(grid.n_rows, col, cells.get(col, RawCell()), body.row.line, confidence=sure)
            if guess and inferred and first and col == 0:
                cell = replace(cell, confidence=guess.confidence, inferred=True)
            grid.cells.append(replace(cell, follows=body.follows and first))
        grid.n_rows += 1
