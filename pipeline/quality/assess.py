"""The quality room in the order of a run: links, coverage and content findings; then statuses and attention marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrow import array, grouped, rows, with_column
from pipeline.findings import BOUNDARY_CODES, CODES, Finding
from pipeline.quality.checks.classes import classes, positions
from pipeline.quality.checks.content import boundaries, form, level_words, repetitions, set_apart
from pipeline.quality.checks.links import TARGETS, bare, link
from pipeline.quality.checks.neighbours import near_duplicates
from pipeline.quality.checks.pages import damaged_pages, missing_glyphs, pictured_cells
from pipeline.quality.checks.tiers import tier_conflicts
from pipeline.quality.checks.uncertain import uncertain
from pipeline.quality.checks.writing import characters, occupation_codes, org_codes
from pipeline.quality.corrections.file import Correction
from pipeline.quality.coverage import coverage
from pipeline.quality.decisions import Acceptance, as_decided, finding_rows, statuses
from pipeline.schema import ANNEX_TABLES, build
from pipeline.tidy.grades.names import organisation_names
from pipeline.vocabulary.annexes import ORGANISATIONS


def assess(
    tables: Mapping[str, pa.Table],
    *,
    edition: str,
    source: str,
    toc: Sequence[Any] = (),
    pages: pa.Table | None = None,
) -> tuple[dict[str, pa.Table], list[Finding]]:
    """(tables with ``links`` and ``coverage``, content findings) of tidied tables.

    ``source``: the kind of source read; ``toc`` and ``pages`` as :func:`coverage.coverage` has them.
    """
    links, unlinked = link(tables)
    covered = coverage(tables, source=source, toc=toc, pages=pages)
    made = {
        **tables,
        "coverage": build("coverage", covered, edition, source),
        "links": build("links", links, edition, source),
    }
    of_pages: list[Finding] = []
    if pages is not None:
        of_pages = [*damaged_pages(pages), *missing_glyphs(pages), *pictured_cells(pages)]
    return made, [*of_pages, *check_tables(tables), *unlinked]


def check_tables(tables: Mapping[str, pa.Table]) -> list[Finding]:
    """The content findings of an edition. ``tables`` needs ``entries`` and ``credentials``; the others help.

    Rows of ``entries`` must stand in reading order within a cell (``position``).
    """
    entries = rows(tables["entries"])
    credentials = tables["credentials"]
    at_fault = credentials.filter(credentials["tier_conflict"]).to_pylist()
    # The names of certificates, qualifications, occupations and titles that the annexes print.
    names = sorted(_texts(tables, {target for targets in TARGETS.values() for target in targets}))
    apart = set_apart(_catalogue_cells(tables, entries))
    return [
        *boundaries(entries, [*names, *dict.fromkeys(map(bare, names))], apart),
        *near_duplicates(entries, names),
        *tier_conflicts(entries, at_fault),
        *level_words(entries, organisation_names(_texts(tables, ORGANISATIONS))),
        *form(entries),
        *repetitions(entries),
        *uncertain(entries),
        *positions(entries),
        *classes(tables),
        *characters(tables),
        *org_codes(tables),
        *occupation_codes(tables),
    ]


def _catalogue_cells(
    tables: Mapping[str, pa.Table], entries: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """The names and lines of the cells in which entries begin, where the cells are there."""
    if "cells" not in tables:
        return []
    cells = tables["cells"].select(["cell_id", "lines"])
    named = array({entry["cell_id"] for entry in entries} - {None}, pa.string())
    return rows(cells.filter(pc.is_in(cells["cell_id"], value_set=named)))


def _texts(tables: Mapping[str, pa.Table], columns: Iterable[tuple[str, str]]) -> set[str]:
    """What stands in columns of the tables that are there."""
    present = [column for column in columns if column[0] in tables]
    return {text for table, column in present for text in tables[table][column].to_pylist() if text}


def name_rows(findings: Sequence[Finding], tables: Mapping[str, pa.Table]) -> list[Finding]:
    """Findings about lines of cells with the rows that stand there: entries by their cell and height, annex rows by the
    row of the table that the cell stands in."""
    entries = tables["entries"].select(["entry_id", "cell_id", "top", "bottom"])
    items = grouped(entries.to_pylist(), itemgetter("cell_id"))
    annexes: dict[str, tuple[str, str]] = {}
    for name in ANNEX_TABLES:
        for row in tables[name].select(["row_id", "cell_id"]).to_pylist():
            annexes.setdefault((row["cell_id"] or "").rpartition("-")[0], (name, row["row_id"]))
    out = []
    for finding in findings:
        cell, top, bottom = finding.cell_id or "", finding.top or 0.0, finding.bottom or 0.0
        here = [row["entry_id"] for row in items.get(cell, ()) if row["top"] < bottom and row["bottom"] > top]
        found = [("entries", key) for key in here]
        if not found and (row_of := annexes.get(cell.rpartition("-")[0])):
            found = [row_of]
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
        "entries": mark_entries(tables["entries"], findings, states),
        "findings": build("findings", finding_rows(findings, edition, states), edition, source),
    }


_OF_ENTRIES = frozenset({"entries", "credentials", "links"})
"""The tables whose findings name entries by their entry_id."""


def mark_entries(entries: pa.Table, findings: Sequence[Finding], states: Mapping[str, str]) -> pa.Table:
    """``entries`` with ``requires_attention`` where an open finding of the queue ``reading``, or an error, is about one, and
    ``settled_by`` "steward" where a doubt about its beginning or end was accepted: it is right as read.

    ``states``: digits → status of the findings that are not open (see ``decisions.statuses``).
    """
    wanted = {
        row
        for finding in findings
        if finding.table in _OF_ENTRIES
        and (finding.level == "error" or CODES[finding.code].queue == "reading")
        and finding.digits not in states
        for row in finding.rows
    }
    settled = {
        row
        for finding in findings
        if finding.code in BOUNDARY_CODES and states.get(finding.digits) == "accepted"
        for row in finding.rows
    }
    ids = entries["entry_id"].to_pylist()
    marked = with_column(entries, "requires_attention", [entry_id in wanted for entry_id in ids])
    if not settled or "settled_by" not in entries.column_names:  # a release of before the column
        return marked
    by = zip(ids, entries["settled_by"].to_pylist(), strict=True)
    return with_column(
        marked, "settled_by", ["steward" if entry_id in settled else known for entry_id, known in by]
    )
