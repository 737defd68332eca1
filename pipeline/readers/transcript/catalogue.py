"""Catalogue rows of a transcript → grids with the header's columns, one per 专业大类."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from pipeline.findings import Finding
from pipeline.readers.transcript import align
from pipeline.readers.transcript.body_rows import Body, Catalogued, class_code
from pipeline.readers.transcript.emit import emit, filled_texts
from pipeline.readers.transcript.evidence import Evidence, kinship
from pipeline.readers.transcript.missing_pages import Fragment, guess, lost_pages
from pipeline.readers.transcript.parts import Header, Part, catalogue_header
from pipeline.readers.transcript.repeats import contained
from pipeline.readers.transcript.source import RawCell
from pipeline.text import depth_after


def catalogue_grids(parts: Sequence[Part], reference: Mapping[str, str], usual: int) -> Catalogued:
    """The grid of every part that is a 专业大类. ``reference``: code → name of all classes that there are, in order."""
    out = Catalogued()
    headers: dict[int, Header] = {}
    bodies = _bodies(parts, usual, headers)
    _name_fragments(bodies, reference, out)
    evidence = _learn(bodies)
    if evidence is not None:
        _align_all(bodies, evidence, out)
    emit(bodies, headers, out)
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
    opening = [b for b in bodies if b.fresh and _sure(b) and b.header.groups == sample.groups]
    for col in range(1, sample.columns):
        n = sum(col in body.row.filled for body in opening)
        evidence.habits[col] = math.log((n + 0.5) / (len(opening) - n + 0.5))
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
            evidence.start_class(text for b in bodies if b.code == body.code for text in b.row.texts)
            tails, code = {}, body.code
        if before is not None and contained(filled_texts(body), filled_texts(before)):
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
        first = body.header.groups[1] if body.header.columns > 1 else -1
        lead = sum(group == first for group in body.header.groups) if body.fresh else 0
        ways = [align.align(scores, *align.folded(filled, by_row, like, lead)) for by_row in (True, False)]
        found = max(ways, key=lambda way: way.score)
    else:
        missing = body.header.columns - max(min(len(body.row.cells), body.header.columns), filled[-1] + 1)
        start, step = align.in_order(filled, missing, like)
        kin = kinship([body.row.cells[i].text for i in filled])
        habits = evidence.habits if body.fresh else {}
        found = align.align(scores, start, align.with_habits(step, kin, body.header.groups, habits))
    if not found.cols:
        found = align.Alignment(tuple(min(i, body.header.columns - 1) for i in filled), 0.0)
    body.cols = found.cols
    body.confidence = round(found.confidence, 4)
    if found.margin < align.NEAR:
        out.findings.append(
            Finding(
                "uncertain_alignment",
                f"第{body.row.line}行{_why(body)}；按内容对到各列，另一种对法也相近，请核对这些条目所在的列。",
                " | ".join(body.row.cells[i].text[:24] for i in filled)[:300],
                table="entries",
                key=body.code,
                line=body.row.line,
                confidence=body.confidence,
            )
        )


def _why(body: Body) -> str:
    """What is wrong with a row's cells, so that they had to be put into columns by what they say."""
    found, meant = len(body.row.cells), body.header.width
    if found != meant:
        return f"有{found}格，表头有{meant}格"
    if body.odd:
        return f"的格数与表头相同（{meant}格），但首格不是专业类，各格像是错了位"
    if body.suspect:
        return f"的格数与表头相同（{meant}格），但本大类有的行超出表头的列，空格多少不可靠"
    return f"的格数与表头相同（{meant}格），但前面缺页，没有表头可以对照"


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
