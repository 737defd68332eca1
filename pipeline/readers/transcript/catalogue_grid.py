"""Catalogue rows → grids with the header's columns, one per 专业大类: cells put into columns, what was typed again and again once.

Where a class is written one item to a row, a column with fewer items than its neighbours is often filled up by
repeating its last ones, and a machine that loses its place repeats itself for dozens of rows.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.findings import Finding
from pipeline.readers.transcript.catalogue import BodyRow, TypedHeader, body_rows, name_fragments
from pipeline.readers.transcript.columns import (
    NEAR,
    ColumnEvidence,
    align,
    folded,
    in_order,
    kinship,
    with_habits,
)
from pipeline.readers.transcript.source import Placed, RawCell, TypedGrid, TypedPart, parse_cell
from pipeline.text import depth_after

_LEAST = 5
"""So many filled cells of a row, found again in the row before, are a repetition."""
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
    findings = [*name_fragments(rows, reference), *_align_rows(rows)]
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


def _learn(rows: Sequence[BodyRow]) -> ColumnEvidence:
    """What the sure rows under the commonest header teach."""
    [((groups, tiers), _)] = Counter((b.header.groups, b.header.tiers) for b in rows).most_common(1)
    evidence = ColumnEvidence(groups, tiers)
    sure = [body for body in rows if body.sure and body.header.groups == groups]
    for body in sure:
        for col, cell in body.known_cells:
            evidence.add(col, cell)
    opening = [body for body in sure if body.fresh]
    for col in range(1, len(groups)):
        n = sum(col in body.row.filled for body in opening)
        evidence.habits[col] = math.log((n + 0.5) / (len(opening) - n + 0.5))
    return evidence


def _align_rows(rows: Sequence[BodyRow]) -> list[Finding]:
    """Set the columns of every row's filled cells, or that it is ``repeated``; findings about doubtful ones."""
    if not rows:
        return []
    evidence = _learn(rows)
    findings: list[Finding] = []
    tails: dict[int, str] = {}
    code: str | None = None
    before: BodyRow | None = None
    for body in rows:
        if body.code != code or body.fresh:
            major = (body.code or "")[:2]
            if major != (code or "")[:2]:
                alike = (b for b in rows if b.sure and (b.code or "")[:2] == major)
                evidence.start_major(known for b in alike for known in b.known_cells)
            evidence.start_class(text for b in rows if b.code == body.code for text in b.row.texts)
            tails, code = {}, body.code
        if before is not None and contained(body.texts, before.texts):
            body.repeated = True
            continue
        if body.exact and not body.odd and body.row.filled[-1] < body.header.columns:
            body.cols = tuple(body.row.filled)
        else:
            findings += _align(body, evidence, tails, _alike(body, before))
        for index, col in zip(body.row.filled, body.cols, strict=True):
            if col:
                tails[col] = body.row.cells[index].text
                evidence.add_own(col, tails[col])
        before = body
    return findings


def contained(row: Sequence[str], earlier: Sequence[str]) -> bool:
    """Whether a row's filled texts stand, in the same order, in an earlier row: without a gap, or with one gap between
    two stretches the longer of which says enough by itself."""
    if not _LEAST <= len(row) <= len(earlier):
        return False
    for i in range(len(earlier) - len(row) + 1):
        same = 0
        while same < len(row) and row[same] == earlier[i + same]:
            same += 1
        rest = row[same:]
        if not rest:
            return True
        starts = range(i + same, len(earlier) - len(rest) + 1)
        if max(same, len(rest)) >= _LEAST and any(earlier[k : k + len(rest)] == rest for k in starts):
            return True
    return False


def _alike(body: BodyRow, before: BodyRow | None) -> dict[int, int]:
    """Index as typed → column, as in the row before, where that looks the same or was typed shifted."""
    if before is None:
        return {}
    if before.exact and before.cols and before.cols[0] != before.row.filled[0]:
        shift = before.cols[0] - before.row.filled[0]
        return {i: i + shift for i in body.row.filled}
    if body.row.gap or len(before.row.cells) != len(body.row.cells):
        return {}
    return dict(zip(before.row.filled, before.cols, strict=True))


def _align(
    body: BodyRow, evidence: ColumnEvidence, tails: Mapping[int, str], like: Mapping[int, int]
) -> list[Finding]:
    """Set a row's columns by what its cells say. ``tails``: the last text of every column of the class."""
    filled, columns, groups = body.row.filled, body.header.columns, body.header.groups
    cells = [body.row.cells[i] for i in filled]
    scores = [evidence.score(cell, range(1, min(columns, len(evidence.groups)))) for cell in cells]
    if body.follows:
        scores = [
            {c: s + _continues(tails.get(c, ""), cell.text) for c, s in score.items()}
            for score, cell in zip(scores, cells, strict=True)
        ]
    if body.fresh:
        scores[0] = {0: 0.0}
    if filled[-1] >= 1.5 * columns or len(filled) > columns:
        lead = groups.count(groups[1]) if body.fresh and columns > 1 else 0
        costs = [folded(filled, columns, by_row, like, lead) for by_row in (True, False)]
        found = max((align(scores, way) for way in costs), key=lambda way: way.score)
    else:
        missing = columns - max(min(len(body.row.cells), columns), filled[-1] + 1)
        kin = kinship([cell.text for cell in cells])
        plain = in_order(filled, columns, missing, like)
        habits = evidence.habits if body.fresh else {}
        found = align(scores, with_habits(plain, kin, groups, habits))
    body.cols = found.cols or tuple(min(i, columns - 1) for i in filled)
    body.confidence = round(found.confidence, 4)
    if found.margin >= NEAR:
        return []
    message = f"第{body.row.line}行{_why(body)}；按内容对到各列，另一种对法也相近，请核对这些条目所在的列。"
    texts = " | ".join(cell.text[:24] for cell in cells)[:300]
    doubt = Finding("uncertain_alignment", message, texts, table="entries", key=body.code, line=body.row.line)
    return [replace(doubt, confidence=body.confidence)]


def _why(body: BodyRow) -> str:
    """What is wrong with a row's cells, so that they had to be put into columns by what they say."""
    found, meant = len(body.row.cells), body.header.width
    if found != meant:
        return f"有{found}格，表头有{meant}格"
    if body.odd:
        return f"的格数与表头相同（{meant}格），但首格不是专业类，各格像是错了位"
    if body.suspect:
        return f"的格数与表头相同（{meant}格），但本大类有的行超出表头的列，空格多少不可靠"
    return f"的格数与表头相同（{meant}格），但前面缺页，没有表头可以对照"


def _continues(tail: str, text: str) -> float:
    """How well a cell after a page end goes on from the last text of a column: brackets left open must be closed."""
    mark = re.search(r"[()\[\]]", text[:40])
    left_open = depth_after(tail) > 0
    if mark and mark[0] in ")]":
        return 3.0 if left_open else -2.5
    return -1.0 if left_open else 0.0


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
