"""Where an item begins or ends is in doubt: one question per gap between items, or per item that may be two; and where an
earlier edition was cut otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipeline.findings import Finding
from pipeline.quality.checks.content import Entry, about, by_cell, cell_name
from pipeline.reading import PIXELS, STRUCTURE_DIFFERS, TEXT_DIFFERS
from pipeline.text import squeeze
from pipeline.tidy.wraps.segment_model import BY_LAYOUT, Memory, bare_of

UNSURE = 0.92
"""Items less certain than this are asked about. Chosen on the text of 2025, of which it names 2 to 5 %; docs/weights.md has the
figures, and where wrong items are left out."""

_OF_CELLS = (PIXELS, TEXT_DIFFERS, STRUCTURE_DIFFERS)
"""Confidences of cells read doubtfully: the most that any of their items has. Such cells have findings of their own."""

_UNSURE_TYPED = 0.5
"""The same for the words of a transcript, whose confidence is no probability."""


def uncertain(entries: Sequence[Entry]) -> Iterator[Finding]:
    """One finding per question, the likeliest error first: are these two items one, or: is this item more than one?

    Two unsure neighbours share the gap between them; an unsure item between sure ones may hold another gap inside. The same
    items cut alike in several tiers or cells are one question. ``chance``: that the answer is another than what is published.
    """
    questions: dict[str, list[tuple[Entry, ...]]] = {}
    for items in _questions(entries):
        evidence = "|".join(bare_of(squeeze(item["text"])) or squeeze(item["text"]) for item in items)
        questions.setdefault(evidence, []).append(items)
    found = [_finding(evidence, group) for evidence, group in questions.items()]
    yield from sorted(found, key=lambda finding: finding.confidence)


def _finding(evidence: str, group: Sequence[tuple[Entry, ...]]) -> Finding:
    sure = min(max(item["confidence"] for item in items) for items in group)
    first = group[0]
    also = f"；另有{len(group) - 1}处同样" if len(group) > 1 else ""
    if len(first) == 1:
        asked = f"“{first[0]['text']}”是一条还是几条"
    else:
        asked = f"“{first[0]['text']}”与“{first[1]['text']}”是两条还是一条"
    message = (
        f"{cell_name(first[0])}中{asked}不能确定（错误的可能约{100 * (1 - sure):.0f}%{also}）；"
        f"请对照原文，如有误请在corrections.yaml中用{'split' if len(first) == 1 else 'join'}更正，无误则接受此项。"
    )
    rows = [item for items in group for item in items]
    return about("boundary_uncertain", message, evidence, rows, confidence=sure)


def _questions(entries: Sequence[Entry]) -> Iterator[tuple[Entry, ...]]:
    """The unsure neighbours of a cell in pairs; unsure items that have no such neighbour alone.

    Where a transcript's row stands in doubt as a whole (its columns, its class), all of it is equally unsure: that is said
    once, of the row, and is no doubt about where its items begin.
    """
    whole: dict[int, float] = {}
    for entry in entries:
        if entry.get("line") is not None:
            whole[entry["line"]] = max(whole.get(entry["line"], 0.0), entry["confidence"])
    highest: dict[str | None, float] = {}
    for entry in entries:
        highest[entry["cell_id"]] = max(highest.get(entry["cell_id"], 0.0), entry["confidence"])
    for group in by_cell(entries).values():
        doubtful = {
            entry["position"]
            for entry in group
            if entry["confidence"] < (UNSURE if entry.get("line") is None else _UNSURE_TYPED)
            and not (
                entry["confidence"] == highest[entry["cell_id"]]
                and round(entry["confidence"], 4) in _OF_CELLS
            )
            and entry["confidence"] < whole.get(entry.get("line") or 0, 2.0)
        }
        asked: set[int] = set()
        for first, second in pairwise(group):
            both = {first["position"], second["position"]}
            if both <= doubtful:
                asked |= both
                yield first, second
        yield from ((entry,) for entry in group if entry["position"] in doubtful - asked)


_MOST = 4
"""So many neighbours may be one item of the other edition."""


def boundary_differs(entries: Sequence[Entry], memory: Memory) -> Iterator[Finding]:
    """Neighbours that an earlier edition settled as one item in the same cell, and items that it settled as two."""
    for slot, group in by_cell(entries).items():
        texts = [squeeze(entry["text"]) for entry in group]
        # Where layout alone says it the print itself differs, which is no doubt about the reading.
        doubtful = [entry["confidence"] < BY_LAYOUT for entry in group]
        for first, text in enumerate(texts):
            parts = _two_known(text, memory, slot) if doubtful[first] else None
            if parts:
                yield _cut_otherwise(group[first : first + 1], " | ".join(parts))
            for last in range(first + 1, min(first + _MOST, len(texts))):
                text += texts[last]
                if any(doubtful[first : last + 1]) and slot in memory.items.get(text, ()):
                    yield _cut_otherwise(group[first : last + 1], text)


def _two_known(text: str, memory: Memory, slot: tuple[str, str, str]) -> tuple[str, str] | None:
    if slot in memory.items.get(text, ()):
        return None
    for at in range(2, len(text) - 1):
        if all(slot in memory.items.get(part, ()) for part in (text[:at], text[at:])):
            return text[:at], text[at:]
    return None


def _cut_otherwise(group: Sequence[Entry], before: str) -> Finding:
    now = " | ".join(entry["text"] for entry in group)
    message = (
        f"{cell_name(group[0])}中的“{now}”，上一版作“{before}”，文字相同而起止不同；"
        f"请对照原文，如有误请在corrections.yaml中用{'split' if len(group) == 1 else 'join'}更正，无误则接受此项。"
    )
    lowest = min(entry["confidence"] for entry in group)
    return about("boundary_differs", message, f"{now}|{before}", group, confidence=min(lowest, 0.5))
