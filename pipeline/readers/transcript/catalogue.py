"""Catalogue rows of a transcript: which class each belongs to, and which columns its cells stand in."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.findings import Finding
from pipeline.readers.transcript.columns import (
    NEAR,
    ColumnEvidence,
    align,
    folded,
    in_order,
    kinship,
    with_habits,
)
from pipeline.readers.transcript.missing_pages import Fragment, Guess, guess, missing_pages
from pipeline.readers.transcript.source import RawCell, RawRow, TypedPart
from pipeline.text import depth_after
from pipeline.vocabulary.kinds import kind_scores, tier_word

_CLASS = re.compile(r"^\d{4,6}(?:[\s,、/]*\d{4,6}){0,2}[\s,、/]*[^\d\s()]\S*(?:\s\S+){0,4}$")
_LEAST = 5
"""So many filled cells of a row, found again in the row before, are a repetition."""
_KIND = 50
"""Words at least so similar (0–100) to a kind's name begin a column group."""


@dataclass(frozen=True)
class TypedHeader:
    """A catalogue header: its rows, ``width`` cells as typed, tiers and group number by column, column 0 the class."""

    rows: tuple[RawRow, ...]
    width: int
    tiers: tuple[str, ...]
    groups: tuple[int, ...]

    @property
    def columns(self) -> int:
        """Columns that mean something (blank ones at the end left out)."""
        return len(self.tiers)


def catalogue_header(rows: list[RawRow], at: int) -> TypedHeader | None:
    """The header whose row of tiers is ``rows[at]``: at least three tier words, all three tiers among them."""
    row = rows[at]
    tiers = [tier_word(cell.text) or "" for cell in row.cells]
    named = [tier for tier in tiers if tier]
    if len(set(named)) < 3 or len(named) < 0.7 * len(row.filled):
        return None
    columns = max(i for i, tier in enumerate(tiers) if tier) + 1
    above = rows[at - 1] if at and rows[at - 1].line >= row.line - 2 else None
    groups = [-1] * columns
    if above is not None:
        number = 0
        for col, text in enumerate((*above.texts, *[""] * columns)[:columns]):
            if tiers[col]:
                number += bool(text) and max(kind_scores(text).values()) >= _KIND
                groups[col] = number
    return TypedHeader(
        (above, row) if above else (row,), len(row.cells), tuple(tiers[:columns]), tuple(groups)
    )


@dataclass
class BodyRow:
    """A body row on its way to the grid of part ``part``.

    ``exact``: it has exactly the header's number of cells. ``odd``: all the same its first cell is no class's.
    ``suspect``: its table has cells beyond the header's last column. ``fresh``: it begins a class. ``missing``: pages
    missing before it. ``follows``: it may go on the row before a page end. ``repeated``: it stands in the row before.
    """

    row: RawRow
    part: int
    header: TypedHeader
    exact: bool
    code: str | None
    fresh: bool
    missing: int
    follows: bool
    odd: bool = False
    suspect: bool = False
    repeated: bool = False
    guess: Guess | None = None
    cols: tuple[int, ...] = ()
    confidence: float = 1.0

    @property
    def texts(self) -> list[str]:
        """The texts of the filled cells, in order."""
        return [self.row.cells[i].text for i in self.row.filled]

    @property
    def sure(self) -> bool:
        """Whether its cells stand in the columns that they should."""
        return self.exact and not self.odd and not self.suspect

    @property
    def known_cells(self) -> Iterator[tuple[int, RawCell]]:
        """(column, cell) of the filled cells beside the class of a sure row."""
        return ((i, self.row.cells[i]) for i in self.row.filled if 0 < i < self.header.columns)


def body_rows(parts: Sequence[TypedPart], usual: int) -> tuple[list[BodyRow], dict[int, TypedHeader]]:
    """The body rows of all parts that are a 专业大类, and the header of each such part by its number.

    ``usual``: blank lines at an ordinary page end. A part without a header goes on under the one before.
    """
    out: list[BodyRow] = []
    shown: dict[int, TypedHeader] = {}
    header: TypedHeader | None = None
    for number, part in enumerate(parts):
        if part.kind != "major":
            continue
        headers = {at: found for at in range(len(part.rows)) if (found := catalogue_header(part.rows, at))}
        skip = {row.line for found in headers.values() for row in found.rows}
        own: list[BodyRow] = []
        trusted = False
        code: str | None = None
        for at, row in enumerate(part.rows):
            if row.line in skip:
                header = headers.get(at, header)
                trusted = True
                continue
            if header is None or not row.filled:
                continue
            missing = missing_pages(row.gap, usual)
            trusted = trusted and not missing
            first = class_code(row.cells[0])
            code = first or code
            exact = trusted and len(row.cells) == header.width
            follows = first is None and row.gap > 0 and not missing
            own.append(BodyRow(row, number, header, exact, code, first is not None, missing, follows))
        if header is not None and (headers or own):
            shown[number] = next(iter(headers.values()), header)
            suspect = any(body.row.filled[-1] >= header.columns for body in own)
            for body in own:
                body.suspect = suspect
        out += own
    _mark_odd(out)
    return out, shown


def class_code(cell: RawCell) -> str | None:
    """The first code of a class cell; None for any other cell."""
    printed = cell.printed
    return printed[:4] if len(printed) < 60 and _CLASS.match(printed) else None


def _mark_odd(rows: Sequence[BodyRow]) -> None:
    """Rows whose first cell holds something else than a class, and those that go on directly below them."""
    before = False
    for body in rows:
        typed = bool(body.row.cells[0].words)
        body.odd = before = not body.fresh and (typed or (before and not body.row.gap))


def name_fragments(rows: Sequence[BodyRow], reference: Mapping[str, str]) -> list[Finding]:
    """Give rows after missing pages a class of their own where one is missing there; findings about what was guessed.

    ``reference``: code → name of all classes that there are, in order.
    """
    opens = [i for i, body in enumerate(rows) if body.fresh or body.missing] + [len(rows)]
    extents = [range(a, b) for a, b in zip(opens, opens[1:], strict=False) if not rows[a].fresh]
    known: dict[str, str] = defaultdict(str)
    for i, body in enumerate(rows):
        if body.code and not any(i in extent for extent in extents):
            known[body.code] += "".join(body.row.texts)
    fragments = [
        Fragment(
            "".join(text for i in extent for text in rows[i].row.texts),
            next((b.code for b in reversed(rows[: extent.start]) if b.fresh), None),
            next((b.code for b in rows[extent.stop :] if b.fresh), None),
        )
        for extent in extents
    ]
    findings = []
    for extent, fragment, found in zip(extents, fragments, guess(fragments, reference, known), strict=True):
        first = rows[extent.start]
        line = first.row.line
        message = f"第{line}行之前缺{first.missing}页左右（空行过多，且该行没有专业类）；请对照原件补上。"
        around = f"{fragment.before}…{fragment.after}:{line}"
        code = found.code if found else fragment.before
        findings.append(Finding("pages_lost", message, around, table="classes", key=code, line=line))
        if found is None:
            continue
        for i in extent:
            rows[i].guess, rows[i].code = found, code
        message = (
            f"第{line}行起的内容失去了专业类名称，按前后代码与内容归入{found.code}{found.name}"
            f"（可信度{found.confidence:.2f}），请核对。"
        )
        inferred = Finding(
            "class_inferred", message, fragment.text[:120], table="classes", key=code, line=line
        )
        findings.append(replace(inferred, confidence=found.confidence))
    return findings


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


def align_rows(rows: Sequence[BodyRow]) -> list[Finding]:
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
