"""What the review page shows: an immutable snapshot of an edition's findings, rows, cells and pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.editions.edition import Edition, load_edition
from pipeline.errors import XizeError

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.releases.catalogue import Release

Row = dict[str, Any]

LINES_PER_PAGE = 60
"""A transcript has no pages: it is shown in stretches of so many lines."""

_CELL_COLUMNS = (
    "cell_id", "page", "line", "table_no", "row", "col", "row_span", "col_span", "x0", "top", "x1", "bottom",
    "lines", "confidence", "open_top", "open_bottom",
)  # fmt: skip


@dataclass(frozen=True)
class Page:
    """One page of the review: a page of a PDF (size in points as read, degrees clockwise that it was turned), or the
    lines ``first``–``last`` (from 1) of a transcript."""

    number: int
    width: float = 0.0
    height: float = 0.0
    turned: int = 0
    first: int = 0
    last: int = 0


@dataclass(frozen=True)
class Material:
    """Everything that is shown, as it stood when it was loaded.

    ``release`` is None when the rows are those of a run that was not published. ``applied``: the sha256 of the
    corrections.yaml that the rows rest on, None where there was none. ``notice``: a sentence for the steward, or "".
    ``staged``: the cells as Arrow, without corrections.
    """

    edition: Edition
    kind: str
    path: Path
    sha256: str
    release: str | None
    applied: str | None
    rows: Mapping[str, Sequence[Row]]
    cells: Sequence[Row]
    findings: Sequence[Row]
    pages: Sequence[Page]
    lines: Sequence[str] = ()
    rule3: Mapping[int, str] | None = None
    notice: str = ""
    staged: pa.Table | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)

    @cached_property
    def by_id(self) -> dict[str, Row]:
        """finding_id → finding."""
        return {row["finding_id"]: row for row in self.findings}

    @cached_property
    def by_key(self) -> dict[tuple[str, str], Row]:
        """(table, key) → row, for rows that findings may name."""
        known = {("entries", row["entry_id"]): row for row in self.rows.get("entries", ())}
        known |= {("classes", row["class_code"]): row for row in self.rows.get("classes", ())}
        known |= {("majors", row["major_code"]): row for row in self.rows.get("majors", ())}
        for table, rows in self.rows.items():
            if table.startswith("annex_"):
                known |= {(table, row["row_id"]): row for row in rows}
        return known

    @cached_property
    def class_names(self) -> dict[str, str]:
        """class_code → name."""
        return {row["class_code"]: row["name"] for row in self.rows.get("classes", ())}

    @cached_property
    def cell_by_id(self) -> dict[str, Row]:
        """cell_id → staged cell."""
        return {cell["cell_id"]: cell for cell in self.cells}

    @cached_property
    def slot_sizes(self) -> Counter[tuple[str, str, str, str]]:
        """How often a text stands in a catalogue cell: (class, kind, tier, text) → count."""
        from pipeline.text import squeeze

        return Counter(
            (row["class_code"], row["kind"], row["tier"], squeeze(row["text"]))
            for row in self.rows.get("entries", ())
        )

    def page_of(self, row: Mapping[str, Any]) -> int | None:
        """The page of the review on which a row, cell or finding stands."""
        if self.kind != "transcript":
            return int(row["page"]) if row["page"] is not None else None
        return (int(row["line"]) - 1) // LINES_PER_PAGE + 1 if row["line"] is not None else None

    @cached_property
    def cells_on(self) -> dict[int, list[Row]]:
        """Page → its cells."""
        return self._by_page(self.cells)

    @cached_property
    def rows_on(self) -> dict[int, list[tuple[str, Row]]]:
        """Page → (table, row) of what starts there, in reading order; rows derived from others left out."""
        found: dict[int, list[tuple[str, Row]]] = {}
        for table, rows in self.rows.items():
            if table in ("credentials", "links", "coverage", "findings"):
                continue
            for page, here in self._by_page(rows).items():
                found.setdefault(page, []).extend((table, row) for row in here)
        return found

    @cached_property
    def findings_on(self) -> dict[int, list[Row]]:
        """Page → its findings."""
        return self._by_page(self.findings)

    def _by_page(self, rows: Sequence[Row]) -> dict[int, list[Row]]:
        found: dict[int, list[Row]] = {}
        for row in rows:
            page = self.page_of(row)
            if page is not None:
                found.setdefault(page, []).append(row)
        return found

    @cached_property
    def continues(self) -> dict[str, str]:
        """Cell that goes on from the page before → the cell there in which it starts.

        A piece with text but no row of its own at the top of its page (and no repeated header) goes with the last cell
        of the same edges in the last table of the page before.
        """
        return _continued(self) if self.kind != "transcript" else {}


def load(
    home: Path, name: str, release: str | None = None, curated: str | None = None, password: str = ""
) -> Material:
    """The material of an edition: of ``release``, else of its last run.

    The rows come from the release that the findings belong to. A run that was not published left findings and a
    staged reading: the rows are then tidied anew. Raises XizeError when the edition was never run, or when its source
    file is missing or not the one registered.
    """
    from pipeline.quality.decisions import load_findings
    from pipeline.releases.catalogue import curated_url, last_release, read_manifest
    from pipeline.releases.storage import open_store

    edition = load_edition(home, name)
    url = curated_url(home, curated)
    store = open_store(url)
    findings = load_findings(home, name, url, release)
    known: Release | None = None
    if release is not None:
        kind = str(read_manifest(store, name, release)["source"]["kind"])
    else:
        kind = str(findings[0]["source"]) if findings else edition.source.read
        known = last_release(store, name, kind)
        release = known.release if known is not None and _same(known, findings, url) else None
    path, sha256 = edition.verify(kind)
    if release is None:
        return _unpublished(edition, kind, path, sha256, findings, password)
    manifest = read_manifest(store, name, release)
    rows, staged = _release_rows(url, name, release)
    other = manifest["source"].get("sha256") != sha256
    notice = "来源文件在该次发布之后已更换，页面图与数据可能不一致：请重新运行。" if other else ""
    applied = (manifest.get("stats", {}).get("corrections") or {}).get("sha256")
    return _material(edition, kind, path, sha256, release, applied, rows, staged, findings, notice, password)


def _same(release: Release, findings: Sequence[Row], url: str) -> bool:
    """Whether the findings of the last run are those of the release."""
    from pipeline.releases.catalogue import parquet_table
    from pipeline.releases.storage import open_store

    data = open_store(url).read(f"{release.edition}/{release.release}/findings.parquet")
    published = parquet_table(data).column("finding_id").to_pylist()
    return set(published) == {row["finding_id"] for row in findings}


def _release_rows(url: str, name: str, release: str) -> tuple[dict[str, list[Row]], pa.Table]:
    from pipeline.releases.catalogue import load_release

    tables = load_release(url, name, release)
    return _plain({table: rows for table, rows in tables.items() if table != "cells"}), tables["cells"]


def _plain(tables: Mapping[str, pa.Table]) -> dict[str, list[Row]]:
    return {name: table.to_pylist() for name, table in tables.items()}


def _cells(table: pa.Table) -> list[Row]:
    cells: list[Row] = table.select(_CELL_COLUMNS).to_pylist()
    for cell in cells:
        cell["texts"] = [line["text"] for line in cell["lines"]]
    return cells


def _unpublished(
    edition: Edition, kind: str, path: Path, sha256: str, findings: list[Row], password: str
) -> Material:
    """The rows of the staged reading, tidied with the corrections of today."""
    from pipeline.job import Options, plan
    from pipeline.run import read, tidy_reading

    job = plan(Options(edition.home, edition.name, kind, password=password))
    reading = read(job)
    notice = "最近一次运行没有发布：所示为暂存的读取结果，处理完错误后请重新运行。"
    rows: dict[str, list[Row]] = {}
    applied = None
    rule3 = None
    try:
        result = tidy_reading(job, reading)
    except XizeError as error:
        notice = f"最近一次运行没有发布，且现在无法整理：{error}"
    else:
        rows = _plain({name: table for name, table in result.tables.items() if name != "cells"})
        applied = _digest(edition.corrections)
        rule3 = result.context["rule3"]
    made = _material(
        edition, kind, path, sha256, None, applied, rows, reading.cells, findings, notice, password
    )
    return replace(made, rule3=rule3)


def _digest(path: Path) -> str | None:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _material(
    edition: Edition, kind: str, path: Path, sha256: str, release: str | None, applied: str | None,
    rows: dict[str, list[Row]], staged: pa.Table, findings: list[Row], notice: str, password: str,
) -> Material:  # fmt: skip
    lines: list[str] = []
    if kind == "transcript":
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        pages = [
            Page(index + 1, first=first, last=min(first + LINES_PER_PAGE - 1, len(lines)))
            for index, first in enumerate(range(1, len(lines) + 1, LINES_PER_PAGE))
        ]
    else:
        pages = _pdf_pages(edition, kind, path, sha256, password)
    return Material(
        edition, kind, path, sha256, release, applied, rows, _cells(staged), findings, pages, lines,
        notice=notice, staged=staged, password=password,
    )  # fmt: skip


def _pdf_pages(edition: Edition, kind: str, path: Path, sha256: str, password: str) -> list[Page]:
    """The pages with their size as read: what is staged knows it, else the file itself."""
    import pyarrow.parquet as pq

    from pipeline.review.pictures import page_sizes

    staged = edition.staged_cells(kind, sha256).with_name("pages.parquet")
    sizes = page_sizes(path, password)
    read: dict[int, Row] = {}
    if staged.is_file():
        table = pq.read_table(staged, columns=["page", "width", "height", "turned"])
        read = {row["page"]: row for row in table.to_pylist()}
    return [
        Page(number, known["width"], known["height"], known["turned"])
        if (known := read.get(number))
        else Page(number, *size)
        for number, size in enumerate(sizes, 1)
    ]


def _continued(material: Material) -> dict[str, str]:
    starts = {row["cell_id"] for row in material.rows.get("entries", ())}
    tables = {(cell["page"], cell["table_no"]) for cell in material.cells if cell["cell_id"] in starts}
    found: dict[str, str] = {}
    for number, cells in sorted(material.cells_on.items()):
        before = material.cells_on.get(number - 1)
        if not before:
            continue
        first = min(cell["table_no"] for cell in cells)
        last = max(cell["table_no"] for cell in before)
        for cell in cells:
            if cell["table_no"] != first or not cell["texts"] or cell["cell_id"] in starts:
                continue
            if (number - 1, last) not in tables or not (cell["row"] == 0 or cell["open_top"]):
                continue
            over = [
                other
                for other in before
                if other["table_no"] == last
                and abs(other["x0"] - cell["x0"]) < 3
                and abs(other["x1"] - cell["x1"]) < 3
                and other["texts"]
            ]
            if over and all(other["texts"] != cell["texts"] for other in over):
                end = str(max(over, key=lambda other: other["row"])["cell_id"])
                found[cell["cell_id"]] = found.get(end, end)
    return found
