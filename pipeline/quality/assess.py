"""The quality room in the order of a run: links, coverage and content findings; then statuses and attention marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from pipeline.findings import Finding
from pipeline.quality.check_tables import check_tables, mark_attention, mark_settled
from pipeline.quality.checks.links import link
from pipeline.quality.checks.pages import damaged_pages, missing_glyphs, pictured_cells
from pipeline.quality.corrections.file import Correction
from pipeline.quality.coverage import coverage
from pipeline.quality.decisions import Acceptance, as_decided, finding_rows, statuses
from pipeline.schema import ANNEX_TABLES, build


def assess(
    tables: Mapping[str, pa.Table],
    *,
    edition: str,
    source: str,
    toc: Sequence[Any] = (),
    reference: Iterable[Mapping[str, str]] = (),
    pages: pa.Table | None = None,
) -> tuple[dict[str, pa.Table], list[Finding]]:
    """(tables with ``links`` and ``coverage``, content findings) of tidied tables.

    ``source``: the kind of source read; ``toc``, ``reference`` and ``pages`` as :func:`coverage.coverage` has them.
    """
    links, unlinked = link(tables)
    covered = coverage(tables, source=source, toc=toc, reference=reference, pages=pages)
    made = {
        **tables,
        "coverage": build("coverage", covered, edition, source),
        "links": build("links", links, edition, source),
    }
    of_pages: list[Finding] = []
    if pages is not None:
        of_pages = [*damaged_pages(pages), *missing_glyphs(pages), *pictured_cells(pages)]
    return made, [*of_pages, *check_tables(tables), *unlinked]


def name_rows(findings: Sequence[Finding], tables: Mapping[str, pa.Table]) -> list[Finding]:
    """Findings about lines of cells with the rows that stand there: entries by their cell and height, annex rows by the
    row of the table that the cell stands in."""
    items: dict[str, list[Mapping[str, Any]]] = {}
    annexes: dict[str, list[tuple[str, str]]] = {}
    if any(finding.cell_id for finding in findings):
        for row in tables["entries"].select(["entry_id", "cell_id", "top", "bottom"]).to_pylist():
            items.setdefault(row["cell_id"], []).append(row)
        for name in ANNEX_TABLES:
            for row in tables[name].select(["row_id", "cell_id"]).to_pylist():
                annexes.setdefault((row["cell_id"] or "").rpartition("-")[0], []).append(
                    (name, row["row_id"])
                )
    out = []
    for finding in findings:
        cell, top, bottom = finding.cell_id or "", finding.top or 0.0, finding.bottom or 0.0
        here = [row["entry_id"] for row in items.get(cell, ()) if row["top"] < bottom and row["bottom"] > top]
        found = [("entries", key) for key in here] or annexes.get(cell.rpartition("-")[0], [])[:1]
        if found:
            keys = tuple(key for _, key in found)
            finding = replace(finding, table=found[0][0], key=keys[0], keys=keys if len(keys) > 1 else ())
        out.append(finding)
    return out


def set_statuses(
    tables: Mapping[str, pa.Table],
    findings: Sequence[Finding],
    *,
    edition: str,
    source: str,
    accepted: Iterable[Acceptance] = (),
    corrections: Sequence[Correction] = (),
) -> dict[str, pa.Table]:
    """The tables with ``findings`` (status by the steward's decisions) and ``entries.requires_attention``."""
    accepted = list(accepted)
    findings = as_decided(findings, accepted, corrections)
    states = statuses(findings, accepted, corrections)
    return {
        **tables,
        "entries": mark_settled(mark_attention(tables["entries"], findings, states), findings, states),
        "findings": build("findings", finding_rows(findings, edition, states), edition, source),
    }
