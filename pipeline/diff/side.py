"""One side of a comparison: a release with its tables, and the file that it was read from."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.editions.edition import load_edition
from pipeline.editions.files import file_sha256
from pipeline.errors import XizeError
from pipeline.releases.catalogue import (
    Release,
    curated_url,
    find_release,
    load_release,
    parse_pin,
    released_from,
)  # fmt: skip
from pipeline.releases.storage import Store, open_store
from pipeline.schema import ANNEX_TABLES, TABLES

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Side:
    """One release to compare: its tables by name and its manifest. ``home``: the folder whose raw/ has its file."""

    edition: str
    release: str
    tables: Mapping[str, pa.Table]
    manifest: Mapping[str, Any]
    home: Path

    @property
    def name(self) -> str:
        """``shanghai-2025@r001``"""
        return f"{self.edition}@{self.release}"

    @property
    def title(self) -> str:
        """The rulebook's title, or the edition's name where the manifest states none."""
        return str(self.manifest.get("title") or self.edition)

    @property
    def created(self) -> str:
        """The day on which the release was published, YYYY-MM-DD; "" where that is not known."""
        return str(self.manifest.get("created", ""))[:10]

    @property
    def source(self) -> str:
        """The kind of source it was read from: pdf or transcript."""
        return str(self.manifest["source"]["kind"])

    @property
    def file(self) -> str:
        """The name of the file it was read from."""
        return str(self.manifest["source"]["file"])

    @property
    def file_sha256(self) -> str:
        """The checksum of the file it was read from."""
        return str(self.manifest["source"]["sha256"])

    @cached_property
    def sha256(self) -> str:
        """What the release holds, as one SHA-256 in hexadecimal; sign-offs are bound to it.

        It covers edition, release and the checksums of the release's Parquet files as the manifest lists them. The
        time of publishing and the validation site are left out: the same data published again are the same data.
        """
        files = self.manifest["files"].items()
        tables = {name: record["sha256"] for name, record in files if name.endswith(".parquet")}
        content = {"edition": self.edition, "release": self.release, "files": tables}
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @cached_property
    def original(self) -> tuple[Path | None, str]:
        """The file that the release was read from, if it is still at hand; otherwise None and why not (Chinese).

        The checksum must be the manifest's: a reissued file would show other lines under the same boxes.
        """
        path = self.home / "raw" / self.edition / self.file
        if not path.is_file():
            return None, f"{self.edition}的原文件{self.file}不在手边"
        if file_sha256(path) != self.file_sha256:
            return None, f"{self.edition}的原文件{self.file}已不是{self.name}所读的那一份"
        return path, ""

    @property
    def pdf(self) -> Path | None:
        """The PDF whose pages can be shown; None where that is not at hand, or the source is none."""
        return self.original[0] if self.source == "pdf" else None

    @cached_property
    def cells(self) -> PrintedCells:
        """The cells of the document as they were read."""
        return PrintedCells(self.rows("cells"))

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table as mappings; [] where the release has no such table."""
        found = self.tables.get(table)
        return [] if found is None else found.to_pylist()

    def lookup(self, table: str, key: str, value: str) -> dict[str, Any]:
        """One column of a table by another; {} where the release has no such table."""
        return {row[key]: row[value] for row in self.rows(table)}


class PrintedCells:
    """Cells as read; ``by_id``: each by its cell_id."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.by_id = {row["cell_id"]: row for row in rows}
        self._tables: dict[tuple[int | None, int], list[Row]] = defaultdict(list)
        for row in rows:
            self._tables[row["page"], row["table_no"]].append(row)

    def row_of(self, cell_id: str | None) -> list[Row]:
        """The cells of the printed row that begins where a cell does, left to right, those merged over it included."""
        cell = self.by_id.get(cell_id or "")
        if cell is None:
            return []
        table = self._tables[cell["page"], cell["table_no"]]
        found = [one for one in table if one["row"] <= cell["row"] < one["row"] + max(1, one["row_span"])]
        return sorted(found, key=lambda one: one["col"])


def load_side(home: Path, spec: str, curated: str | None = None) -> Side:
    """The release that ``spec`` names (``EDITION`` or ``EDITION@RELEASE``; default: the latest) with all its tables.

    ``curated``: folder or URL of the releases (default: curated/ under ``home``). Raises XizeError when ``spec`` is
    no such name, or when there is no such release, or it cannot be read.
    """
    edition, release = parse_pin(spec)
    store = open_store(curated_url(home, curated))
    return _side(store, find_release(store, edition, release), home)


def load_sides(
    home: Path, edition: str, sources: tuple[str, str], curated: str | None = None
) -> tuple[Side, Side]:
    """The last release of each source of one edition.

    Raises XizeError when the edition has no such source, or no release of it, naming the run that makes one.
    """
    if sources[0] == sources[1]:
        raise XizeError(f"两个来源都是{sources[0]}：请给出两个不同的来源，如--sources pdf,transcript。")
    known, store = load_edition(home, edition), open_store(curated_url(home, curated))

    def last(source: str) -> Side:
        known.file(source)
        return _side(store, released_from(store, edition, source), home)

    return last(sources[0]), last(sources[1])


def _side(store: Store, found: Release, home: Path) -> Side:
    tables = load_release(store.url, found.edition, found.release)
    return Side(found.edition, found.release, tables, found.manifest, home)


class Names:
    """Names of classes, majors and annexes; of majors, the first side's where both sides have one."""

    def __init__(self, before: Side, after: Side) -> None:
        self._sides = before, after
        #: Name by class code, before and after.
        self.classes = tuple(side.lookup("classes", "class_code", "name") for side in self._sides)
        self.majors: dict[str, str] = self._either("majors", "major_code", "name")
        self.major_of_class: dict[str, str] = self._either("classes", "class_code", "major_code")

    def _either(self, table: str, key: str, value: str) -> dict[str, Any]:
        before, after = self._sides
        return after.lookup(table, key, value) | before.lookup(table, key, value)

    def class_name(self, code: str) -> str | None:
        """The name of a class; the first side's where both have one."""
        return self.classes[0].get(code) or self.classes[1].get(code)

    @cached_property
    def _annex_numbers(self) -> Mapping[str, int]:
        numbers: dict[str, int] = {}
        for side in self._sides:  # the later side's number counts
            for name in ANNEX_TABLES:
                if (table := side.tables.get(name)) is not None and table.num_rows:
                    numbers[name] = table["annex_no"][0].as_py()
        return numbers

    def table(self, name: str) -> str:
        """What a table is called: 附件4 行业协会商会名单."""
        title = TABLES[name].title_zh if name in TABLES else "文件标题与标题行"
        if name not in ANNEX_TABLES or name == "annex_other":
            return title
        return f"附件{self._annex_numbers.get(name) or ''} {title}"

    def annex_order(self, name: str) -> tuple[int, int]:
        """A key under which annexes come in the order of their printed numbers."""
        known = ANNEX_TABLES.index(name) if name in ANNEX_TABLES else len(ANNEX_TABLES)
        return (self._annex_numbers.get(name) or 100, known)
