"""The cells of every class × kind × tier → entries, one per printed item, and the credentials they state."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.findings import Finding
from pipeline.model import Cell, Line, Slot
from pipeline.reading import SINGLE
from pipeline.schema import KINDS, TIERS
from pipeline.text import list_marks, normalise, squeeze
from pipeline.tidy.beside import WordFile, settle
from pipeline.tidy.catalogue import Catalogue
from pipeline.tidy.grades.levels import read_levels
from pipeline.tidy.grades.names import organisation_names
from pipeline.tidy.wraps import segment
from pipeline.tidy.wraps.items import LineRules, lines_as_items, placed_lines, segment_cell
from pipeline.tidy.wraps.segment_model import Item, Memory
from pipeline.vocabulary.annexes import ORGANISATIONS

Row = dict[str, object]
_PLACEHOLDER = re.compile(r"^(?:[-—–/\\\u3000·…]+|无|空白|/)$")
_SUFFIX = re.compile(r"(?:职业技能等级)?证书$")
_NAMES = (
    ("annex_7_one_plus_x", "certificate"),
    ("annex_8_qualifications", "name"),
    ("annex_8_qualifications", "sub_name"),
    ("annex_5_evaluators", "occupation"),
    ("annex_6_assessments", "occupation"),
    ("annex_10_titles", "title"),
    ("annex_11_mappings", "qualification"),
)


@dataclass
class TidyEntries:
    """Rows of ``entries`` (without edition and source), the cells whose text is only a placeholder, and where a Word file
    beside the PDF has other items."""

    rows: list[Row]
    placeholders: list[Cell]
    differing: list[Finding] = field(default_factory=list)


def entry_id(class_code: str, kind: str, tier: str, text: str, occurrence: int) -> str:
    """Stable name of an entry: hash of class, kind, tier, text and occurrence number (from 1), the same every year."""
    key = "\x1f".join((class_code, kind, tier, squeeze(text), str(occurrence)))
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def known_names(rows: Mapping[str, Sequence[Mapping[str, object]]]) -> list[str]:
    """Whole names that the annexes print: certificates, qualifications, occupations, titles. ``rows``: by table."""
    printed = _values(rows, _NAMES)
    names = {*printed, *(_SUFFIX.sub("", name) for name in printed)}
    return sorted(name for name in names if len(name) > 1)


def organisations(rows: Mapping[str, Sequence[Mapping[str, object]]]) -> frozenset[str]:
    """What the organisations that the annexes name are called (see ``names.organisation_names``). ``rows``: by table."""
    return organisation_names(sorted(_values(rows, ORGANISATIONS)))


def _values(
    rows: Mapping[str, Sequence[Mapping[str, object]]], columns: Iterable[tuple[str, str]]
) -> set[str]:
    values = (row.get(column) for table, column in columns for row in rows.get(table, ()))
    return {value for value in values if isinstance(value, str) and value}


def stated(text: str, organisations: frozenset[str], mark: str = "") -> dict[str, Any]:
    """The columns of an entry that follow from its text (normalised); ``mark``: the list mark that it begins with (as read),
    which is no part of the name."""
    unmarked = text.removeprefix(normalise(mark))
    levels = read_levels(unmarked, organisations)
    return {
        "text": text,
        "name": levels.name or unmarked,
        "issuer": levels.issuer,
        "grades": list(levels.grades),
        "level": levels.level,
    }


def read_entries(
    catalogue: Catalogue,
    rules: LineRules,
    known_names: Iterable[str],
    organisations: frozenset[str],
    beside: WordFile | None = None,
    memory: Memory | None = None,
) -> TidyEntries:
    """Segment the cells of every slot into items and read what each item states.

    ``known_names``: whole names known from the annexes; ``organisations``: names by which issuers are known; ``beside``:
    the Word file that settles the PDF; ``memory``: the items that earlier editions settled.
    """
    slots = catalogue.slots
    keys = [
        key
        for one in catalogue.classes
        for kind in KINDS
        for tier in TIERS
        if (key := (one.class_code, kind, tier)) in slots
    ]
    index = {key: i for i, key in enumerate(keys)}
    printed: list[list[tuple[Line, Cell]]] = []
    placeholders: list[Cell] = []
    problems = []
    for key in keys:
        lines = placed_lines(slots[key])
        if lines and all(_PLACEHOLDER.match(squeeze(line.text)) for line, _ in lines):
            placeholders += slots[key]
            lines = []
        code, kind, own = key
        near = tuple(index[code, kind, tier] for tier in TIERS if tier != own and (code, kind, tier) in index)
        printed.append(lines)
        problems.append(segment_cell(lines, rules, near, slot=key))
    if rules.every_line:
        found = [lines_as_items(problem.texts) for problem in problems]
    else:
        found = segment.segment_all(problems, known_names, sorted(organisations), memory)
    out = TidyEntries([], placeholders)
    for key, lines, problem, items in zip(keys, printed, problems, found, strict=True):
        settled: set[int] = set()
        if beside is not None and key in beside.items and lines:
            by_word = settle(problem.texts, items, beside.items[key])
            items = [item for item, _ in by_word]
            settled = {item.first for item, sure in by_word if sure}
        rows = _rows_of(key, lines, items, organisations, settled, memory)
        out.rows += rows
        if beside is not None:
            out.differing += beside.compared(key, rows, slots[key][0])
    if beside is not None:
        for key in sorted(beside.items.keys() - index.keys()):
            out.differing += beside.compared(key, [], None)
    return out


def _rows_of(
    key: Slot,
    lines: Sequence[tuple[Line, Cell]],
    items: Iterable[Item],
    organisations: frozenset[str],
    settled: Collection[int],
    memory: Memory | None,
) -> list[Row]:
    """The rows of a slot's items. ``lines``: its printed lines, each with the cell piece it stands in; ``settled``: the
    first lines of the items that the Word file settles; ``memory``: what earlier editions settled."""
    known = memory.items if memory is not None else {}
    rows: list[Row] = []
    seen: Counter[str] = Counter()
    marks = list_marks([line.text for line, _ in lines])
    for item in items:
        text = normalise(item.text)
        if not text:
            continue
        seen[squeeze(text)] += 1
        line, piece = lines[item.first]
        last = lines[item.last][0]
        # An item that goes on in another column or on another page has the box of its first line.
        whole = last.page == line.page and last.top >= line.top
        boxes = [one for one, _ in lines[item.first : item.last + 1]] if whole else [line]
        confidence = round(min(item.confidence, _as_read(piece)), 4)
        by_edition = confidence != 1.0 and key in known.get(squeeze(text), ())
        rows.append(
            {
                "entry_id": entry_id(*key, text, seen[squeeze(text)]),
                "class_code": key[0],
                "kind": key[1],
                "tier": key[2],
                "position": len(rows) + 1,
                **stated(text, organisations, marks[item.first]),
                "settled_by": "word_file" if item.first in settled else "edition" if by_edition else None,
                "requires_attention": False,
                **line.place,
                "x0": min(box.x0 for box in boxes),
                "x1": max(box.x1 for box in boxes),
                "bottom": max(box.bottom for box in boxes),
                "cell_id": piece.cell_id,
                "confidence": confidence,
            }
        )
    return rows


def _as_read(piece: Cell) -> float:
    """The probability that a cell is read rightly: one good reader's word is certain, a doubtful cell's is not."""
    return 1.0 if piece.confidence >= SINGLE else piece.confidence
