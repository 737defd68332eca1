"""Where an item begins or ends is in doubt: one question per gap between items, or per item that may be two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipeline.findings import Finding
from pipeline.quality.checks.content import Entry, about, by_cell, cell_name
from pipeline.reading import PIXELS, STRUCTURE_DIFFERS, TEXT_DIFFERS
from pipeline.text import squeeze
from pipeline.tidy.wraps.segment_model import bare_of

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
