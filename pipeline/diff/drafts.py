"""A change as it is found: what stands on either side, before it becomes a row of the published table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.diff.side import Row


@dataclass(frozen=True, slots=True)
class At:
    """One side of a change: its text, the published rows it rests on (usually one), and where they belong."""

    text: str | None = None
    rows: Sequence[Row] = ()
    key: str | None = None
    class_code: str | None = None
    kind: str | None = None
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """One change. ``before`` or ``after`` is None where it only came or went.

    ``sure`` is how certain the pairing is (0–1), before the confidence of the rows themselves comes in.
    """

    change: str
    table: str
    before: At | None
    after: At | None
    field: str | None = None
    score: float | None = None
    sure: float = 1.0


@dataclass
class FoundChanges:
    """All changes of one comparison and how many differences were only differences of reading."""

    drafts: list[Draft] = field(default_factory=list)
    read_differently: int = 0
