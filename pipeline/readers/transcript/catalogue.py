"""Catalogue rows of a transcript → grids with the header's columns, one per 专业大类."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.quality.findings import Finding
from pipeline.readers.transcript import align
from pipeline.readers.transcript.evidence import Evidence
from pipeline.readers.transcript.lost import Fragment, Guess, guess, lost_pages
from pipeline.readers.transcript.model import Grid, Placed
from pipeline.readers.transcript.parts import Header, Part, catalogue_header
from pipeline.readers.transcript.repeats import contained, repeats
from pipeline.readers.transcript.source import RawCell, RawRow, parse_cell
from pipeline.tidy.segment import depth_after

_CLASS = re.compile(r"^\d{4}(?:[\s,、/]*\d{4}){0,2}[\s,、/]*[^\d\s()]\S*(?:\s\S+){0,4}$")


@dataclass
class Body:
    """A body row on its way to the grid.

    ``exact``: it has exactly the header's number of cells. ``odd``: all the same its first cell is no class's.
    ``suspect``: its table has cells beyond the header's last column. ``lost``: pages missing before it.
    """

    row: RawRow
    part: int
    header: Header
    exact: bool
    code: str | None = None
    lost: int = 0
    guess: Guess | None = None
    fresh: bool = False
    cols: tuple[int, ...] = ()
    confidence: float = 1.0
    follows: bool = False
    repeated: bool = False
    odd: bool = False
    suspect: bool = False

    @property
    def head(self) -> RawCell:
        """The first cell."""
        return self.row.cells[0]


@dataclass
class Catalogued:
    """Grids by part number, findings, and how many pages are lost where."""

    grids: dict[int, Grid] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def class_code(cell: RawCell) -> str | None:
    """The first code of a class cell; None for any other cell."""
    printed = cell.printed
    return printed[:4] if len(printed) < 60 and _CLASS.match(printed) else None


def catalogue_grids(parts: Sequence[Part], reference: Mapping[str, str], usual: int) -> Catalogued:
    """The grid of every part that is a 专业大类. ``reference``: code → name of all classes that there are, in order."""
    out = Catalogued()
    headers: dict[int, Header] = {}
    bodies = _bodies(parts, usual, headers)
    _name_fragments(bodies, reference, out)
    evidence = _learn(bodies)
    if evidence is not None:
        _align_all(bodies, evidence, out)
    _emit(bodies, headers, out)
    return out


def _bodies(parts: Sequence[Part], usual: int, headers: dict[int, Header]) -> list[Body]:
    bodies: list[Body] = []
    header: Header | None = None
    for number, part in enumerate(parts):
        if part.kind != "major":
            continue
        rows = part.rows
        trusted = False
        skip: set[int] = set()
        for at in range(len(rows)):
            found = catalogue_header(rows, at)
            if found is not None:
                skip.update(row.line for row in found.rows)
                headers.setdefault(number, found)
        code: str | None = None
        for at, row in enumerate(rows):
            if row.line in skip:
                header = catalogue_header(rows, at) or header
                trusted = True
                continue
            if header is None or not row.filled:
                continue
            lost = lost_pages(row.gap, usual)
            trusted = trusted and not lost
            own = class_code(row.cells[0])
            code = own or code
            body = Body(row, number, header, trusted and len(row.cells) == header.width, code, lost)
            body.fresh = own is not None
            body.follows = not own and row.gap > 0 and not lost
            before = bodies[-1] if bodies else None
            follows_odd = before is not None and before.odd and not row.gap and not row.cells[0].words
            body.odd = not own and (bool(row.cells[0].words) or follows_odd)
            bodies.append(body)
            headers.setdefault(number, header)
        if header is not None and any(
            b.part == number and b.row.filled[-1] >= header.columns for b in bodies
        ):
            for body in bodies:
                body.suspect = body.suspect or body.part == number
    return bodies


def _name_fragments(bodies: list[Body], reference: Mapping[str, str], out: Catalogued) -> None:
    """Give rows after lost pages a class of their own where one is missing there."""
    known: dict[str, str] = {}
    starts: list[int] = []
    open_fragment = False
    for i, body in enumerate(bodies):
        if body.fresh:
            open_fragment = False
        elif body.lost:
            open_fragment = True
            starts.append(i)
        if not open_fragment and body.code:
            known[body.code] = known.get(body.code, "") + "".join(body.row.texts)
    fragments: list[Fragment] = []
    extents: list[range] = []
    for s, i in enumerate(starts):
        end = i + 1
        while end < len(bodies) and not bodies[end].fresh and end not in starts[s + 1 :]:
            end += 1
        before = next((b.code for b in reversed(bodies[:i]) if b.fresh), None)
        after = next((b.code for b in bodies[end:] if b.fresh), None)
        text = "".join("".join(b.row.texts) for b in bodies[i:end])
        fragments.append(Fragment(text, before, after))
        extents.append(range(i, end))
    for extent, fragment, found in zip(extents, fragments, guess(fragments, reference, known), strict=True):
        first = bodies[extent.start]
        out.findings.append(
            Finding(
                "pages_lost",
                f"第{first.row.line}行之前缺{first.lost}页左右（空行过多，且该行没有专业类）；请对照原件补上。",
                f"{fragment.before}…{fragment.after}:{first.row.line}",
                table="classes",
                key=found.code if found else fragment.before,
                line=first.row.line,
            )
        )
        for i in extent:
            bodies[i].guess = found
            if found is not None:
                bodies[i].code = found.code
        if found is not None:
            out.findings.append(
                Finding(
                    "class_inferred",
                    f"第{first.row.line}行起的内容失去了专业类名称，按前后代码与内容归入{found.code}{found.name}"
                    f"（可信度{found.confidence:.2f}），请核对。",
                    fragment.text[:120],
                    table="classes",
                    key=found.code,
                    line=first.row.line,
                    confidence=found.confidence,
                )
            )


def _learn(bodies: Sequence[Body]) -> Evidence | None:
    sample = next((body.header for body in bodies), None)
    if sample is None:
        return None
    evidence = Evidence(sample.groups, sample.tiers)
    for body in bodies:
        if _sure(body) and body.header.groups == sample.groups:
            for col in body.row.filled:
                if 0 < col < sample.columns:
                    evidence.add(col, body.row.cells[col])
    return evidence


def _sure(body: Body) -> bool:
    return body.exact and not body.odd and not body.suspect


def _sure_cells(bodies: Sequence[Body], major: str) -> Iterator[tuple[int, RawCell]]:
    """Filled cells of a 专业大类 in rows with exactly the header's cells."""
    for body in bodies:
        if _sure(body) and (body.code or "")[:2] == major:
            for col in body.row.filled:
                if 0 < col < body.header.columns:
                    yield col, body.row.cells[col]


def _align_all(bodies: Sequence[Body], evidence: Evidence, out: Catalogued) -> None:
    tails: dict[int, str] = {}
    code: str | None = None
    before: Body | None = None
    for body in bodies:
        if body.code != code or body.fresh:
            if (body.code or "")[:2] != (code or "")[:2]:
                evidence.start_major(_sure_cells(bodies, (body.code or "")[:2]))
            evidence.start_class()
            tails, code = {}, body.code
        if before is not None and contained(_filled(body), _filled(before)):
            body.repeated = True
            continue
        shifted = (
            before is not None and before.exact and before.cols and before.cols[0] != before.row.filled[0]
        )
        inside = body.header.columns
        if body.exact and not body.odd and all(i < inside for i in body.row.filled):
            body.cols = tuple(body.row.filled)
        else:
            alike = before is not None and not body.row.gap and len(before.row.cells) == len(body.row.cells)
            like = dict(zip(before.row.filled, before.cols, strict=True)) if alike and before else {}
            if shifted and before is not None:
                change = before.cols[0] - before.row.filled[0]
                like = {i: i + change for i in body.row.filled}
            _align(body, evidence, tails, like, out)
        for index, col in zip(body.row.filled, body.cols, strict=True):
            if col:
                tails[col] = body.row.cells[index].text
                evidence.add_own(col, tails[col])
        before = body


def _filled(body: Body) -> list[str]:
    return [body.row.cells[i].text for i in body.row.filled]


def _align(
    body: Body, evidence: Evidence, tails: Mapping[int, str], like: Mapping[int, int], out: Catalogued
) -> None:
    filled = body.row.filled
    columns = range(1, body.header.columns)
    scores: list[dict[int, float]] = []
    for index in filled:
        cell = body.row.cells[index]
        if index == 0 and body.fresh:
            scores.append({0: 0.0})
            continue
        score = evidence.score(cell, columns)
        if body.follows:
            score = {c: s + _continues(tails.get(c), cell.text) for c, s in score.items()}
        scores.append(score)
    if filled[-1] >= 1.5 * body.header.columns or len(filled) > body.header.columns:
        ways = [align.align(scores, *align.folded(filled, by_row)) for by_row in (True, False)]
        found = max(ways, key=lambda way: way.score)
    else:
        missing = body.header.columns - max(min(len(body.row.cells), body.header.columns), filled[-1] + 1)
        found = align.align(scores, *align.in_order(filled, missing, like))
    if not found.cols:
        found = align.Alignment(tuple(min(i, body.header.columns - 1) for i in filled), 0.0)
    body.cols = found.cols
    body.confidence = round(found.confidence, 4)
    if found.margin < align.NEAR:
        out.findings.append(
            Finding(
                "uncertain_alignment",
                f"第{body.row.line}行有{len(body.row.cells)}格，表头有{body.header.width}格；"
                f"按内容对到各列，另一种对法也相近，请核对这些条目所在的列。",
                " | ".join(body.row.cells[i].text[:24] for i in filled)[:300],
                table="entries",
                key=body.code,
                line=body.row.line,
                confidence=body.confidence,
            )
        )


def _continues(tail: str | None, text: str) -> float:
    """How well a cell after a page end goes on from the last text of a column: brackets left open must be closed."""
    closes = False
    for char in text[:40]:
        if char in "([":
            break
        if char in ")]":
            closes = True
            break
    left_open = bool(tail) and depth_after(tail or "") > 0
    if left_open and closes:
        return 3.0
    if closes:
        return -2.5
    return -1.0 if left_open else 0.0


def _emit(bodies: Sequence[Body], headers: Mapping[int, Header], out: Catalogued) -> None:
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
            texts = _filled(body)
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
