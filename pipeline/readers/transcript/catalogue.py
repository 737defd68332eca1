"""Catalogue rows of a transcript, and which class each belongs to, also after missing pages.

A run of blank lines longer than at an ordinary page end says that pages are missing. The first row after it goes on
in the middle of something that is not there. The classes missing between the two that stand around, in the order of
the national list, are the candidates; their names and the words of their 专业大类 decide, the order being kept.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from pipeline.findings import Finding
from pipeline.readers.transcript.columns import align, pairs, word_pairs
from pipeline.readers.transcript.source import RawCell, RawRow, TypedPart
from pipeline.vocabulary.kinds import kind_scores, tier_word

_CLASS = re.compile(r"^\d{4,6}(?:[\s,、/]*\d{4,6}){0,2}[\s,、/]*[^\d\s()]\S*(?:\s\S+){0,4}$")
_KIND = 50
"""Words at least so similar (0–100) to a kind's name begin a column group."""
_STAYS = 0.3
_AGAIN = 3.0
_APART = 0.4
_COMMON = frozenset({"类", "与", "和"})


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


@dataclass(frozen=True)
class Fragment:
    """Rows after missing pages: their text, the class before, the next class with a head of its own."""

    text: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Guess:
    """The class that a fragment belongs to, and how sure that is (0–1)."""

    code: str
    name: str
    confidence: float


def missing_pages(gap: int, usual: int) -> int:
    """How many pages a run of blank lines says are missing: an empty page adds a blank line on both its sides."""
    if usual == 0 or gap <= usual + 1:
        return 0
    return (gap - usual) // (usual + 1) or 1


def guess(
    fragments: Sequence[Fragment], reference: Mapping[str, str], known: Mapping[str, str]
) -> list[Guess | None]:
    """A class for every fragment; None where no class is missing (the fragment goes on with the class before).

    ``reference``: code → name of all classes, in order; ``known``: code → all text printed under that class.
    """
    order = {code: i for i, code in enumerate(reference)}
    likeness = _Likeness(reference, known)
    out: list[Guess | None] = []
    for before, group in groupby(fragments, key=lambda fragment: fragment.before):
        together = list(group)
        low = order.get(before or "", -1)
        high = order.get(together[0].after or "", len(order))
        candidates = list(reference)[low + 1 : high]
        if not candidates:
            out += [None] * len(together)
            continue
        if before:
            candidates.insert(0, before)
        scores = [
            {c: likeness.of(f.text, code, before) for c, code in enumerate(candidates)} for f in together
        ]
        out += _assign(scores, candidates, before, reference)
    return out


def _assign(
    scores: Sequence[Mapping[int, float]],
    candidates: Sequence[str],
    before: str | None,
    reference: Mapping[str, str],
) -> list[Guess | None]:
    """The best assignment of consecutive fragments to candidate classes that keeps their order."""
    cols = np.arange(len(candidates))
    # Pages are missing between two fragments: they rather belong to different classes.
    step = np.where(cols > cols[:, None], -_APART, np.where(cols == cols[:, None], 0.0, math.inf))
    chosen = align(scores, (np.zeros(len(cols)), [step] * (len(scores) - 1))).cols
    out: list[Guess | None] = []
    for score, c in zip(scores, chosen, strict=True):
        code = candidates[c]
        sure = 0.9 / sum(math.exp(min(other - score[c], 50.0)) for other in score.values())
        out.append(None if code == before else Guess(code, reference[code], round(min(sure, 0.9), 4)))
    return out


class _Likeness:
    """How much a text looks like it stands under a class (log scale)."""

    def __init__(self, reference: Mapping[str, str], known: Mapping[str, str]) -> None:
        self.reference = reference
        self.known = known
        self.spread = Counter(pair for text in known.values() for pair in pairs(text))

    def of(self, text: str, code: str, before: str | None) -> float:
        """``code``: the class; ``before``: the class that the text follows."""
        names = pairs("".join(char for char in self.reference[code] if char not in _COMMON))
        hits = sum(min(text.count(pair), 12) * self._rarity(pair) for pair in names)
        if code == before:
            words = self.known.get(code, "")
            # One class does not list the same things twice: what is repeated belongs to another one.
            hits -= _AGAIN * min(len(_items(text) & _items(words)), 4)
        else:
            words = "".join(w for c, w in self.known.items() if c[:2] == code[:2] and c != before)
        named = math.copysign(1.5 * math.log1p(abs(hits)), hits)
        return named + 10.0 * self._share(text, words) + (_STAYS if code == before else 0.0)

    def _rarity(self, pair: str) -> float:
        """How much a pair of characters tells: little if it stands under most classes."""
        size = len(self.known) + 1
        return math.log(size / (self.spread[pair] + 0.5)) / math.log(2 * size)

    def _share(self, text: str, words: str) -> float:
        """The share of a text's pairs that stand in ``words``, rare ones counted more."""
        if not words:
            return 0.0
        weights = [(pair, self._rarity(pair)) for pair in word_pairs(text)]
        have = pairs(words)
        return sum(w for pair, w in weights if pair in have) / max(sum(w for _, w in weights), 1e-6)


def _items(text: str) -> set[str]:
    """Bracketed items of a text without blanks: what stands between two closing brackets."""
    return {item for item in text.split(")") if len(item) > 6}
