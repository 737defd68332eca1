"""What a comparison works on: a side, a change as it is found, and what a comparison gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa

Row = Mapping[str, Any]

PLACE = ("source", "page", "line", "x0", "top", "x1", "bottom", "cell_id")
"""The columns of a row that say where it is printed; every change carries them of both sides."""


@dataclass(frozen=True)
class Side:
    """One release to compare: its tables by name, its manifest, and the folder or URL it lies in."""

    edition: str
    release: str
    tables: Mapping[str, pa.Table]
    manifest: Mapping[str, Any]
    folder: str

    @property
    def name(self) -> str:
        """``shanghai-2025@r001``"""
        return f"{self.edition}@{self.release}"

    @cached_property
    def sha256(self) -> str:
        """Hash over the manifest's own hashes of the release's files: the same only for the same content."""
        import hashlib
        import json

        files = {name: record.get("sha256") for name, record in self.manifest.get("files", {}).items()}
        return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table as mappings; [] where the release has no such table."""
        found = self.tables.get(table)
        return [] if found is None else found.to_pylist()


@dataclass(frozen=True, slots=True)
class Draft:
    """One change as it is found. ``rows_before`` and ``rows_after`` are the published rows it rests on (usually one).

    ``sure`` is how certain the pairing is (0–1), before the confidence of the rows themselves comes in.
    """

    change: str
    table: str
    rows_before: tuple[Row, ...] = ()
    rows_after: tuple[Row, ...] = ()
    before: str | None = None
    after: str | None = None
    class_code: str | None = None
    class_code_after: str | None = None
    kind: str | None = None
    kind_after: str | None = None
    tier: str | None = None
    tier_after: str | None = None
    key: str | None = None
    key_after: str | None = None
    field: str | None = None
    score: float | None = None
    sure: float = 1.0


@dataclass
class Found:
    """All changes of one comparison and how many differences were only differences of reading."""

    drafts: list[Draft] = field(default_factory=list)
    read_differently: int = 0
