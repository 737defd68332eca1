"""Where an item was cut otherwise than the edition that this one learns from cut it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.findings import Finding
from pipeline.quality.checks.content import Entry, about, by_cell, cell, cell_name
from pipeline.text import squeeze
from pipeline.tidy.wraps.segment_model import Memory

_MOST = 4
"""So many neighbours may be one item of the other edition."""

_CERTAIN = 0.99995
"""From this confidence on layout alone says it: then the print itself differs, which is no doubt about the reading."""


def boundary_differs(entries: Sequence[Entry], memory: Memory) -> Iterator[Finding]:
    """Neighbours that an earlier edition settled as one item in the same cell, and items that it settled as two."""
    for slot, group in by_cell(entries).items():
        texts = [squeeze(entry["text"]) for entry in group]
        doubtful = [entry["confidence"] < _CERTAIN for entry in group]
        for first, text in enumerate(texts):
            parts = _two_known(text, memory, cell(group[first])) if doubtful[first] else None
            if parts:
                yield _finding(group[first : first + 1], " | ".join(parts))
            for last in range(first + 1, min(first + _MOST, len(texts))):
                text += texts[last]
                if any(doubtful[first : last + 1]) and slot in memory.items.get(text, ()):
                    yield _finding(group[first : last + 1], text)


def _two_known(text: str, memory: Memory, slot: tuple[str, str, str]) -> tuple[str, str] | None:
    if slot in memory.items.get(text, ()):
        return None
    for at in range(2, len(text) - 1):
        if all(slot in memory.items.get(part, ()) for part in (text[:at], text[at:])):
            return text[:at], text[at:]
    return None


def _finding(group: Sequence[Entry], before: str) -> Finding:
    now = " | ".join(entry["text"] for entry in group)
    message = (
        f"{cell_name(group[0])}中的“{now}”，上一版作“{before}”，文字相同而起止不同；"
        f"请对照原文，如有误请在corrections.yaml中用{'split' if len(group) == 1 else 'join'}更正，无误则接受此项。"
    )
    lowest = min(entry["confidence"] for entry in group)
    return about("boundary_differs", message, f"{now}|{before}", group, confidence=min(lowest, 0.5))
