"""Content findings: what a steward should look at, computed from the tidied tables; and which entries that concerns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from pipeline.arrow import array, rows
from pipeline.findings import BOUNDARY_CODES, CODES, Finding
from pipeline.quality.checks.characters import characters
from pipeline.quality.checks.classes import classes, positions
from pipeline.quality.checks.content import boundaries, form, level_words, repetitions
from pipeline.quality.checks.links import TARGETS, bare
from pipeline.quality.checks.neighbours import near_duplicates
from pipeline.quality.checks.org_codes import occupation_codes, org_codes
from pipeline.quality.checks.tiers import tier_conflicts
from pipeline.quality.checks.uncertain import uncertain

# The tables whose findings name entries by their entry_id.
_OF_ENTRIES = frozenset({"entries", "credentials", "links"})


def check_tables(tables: Mapping[str, pa.Table]) -> list[Finding]:
    """The content findings of an edition. ``tables`` needs ``entries`` and ``credentials``; the others help.

    Rows of ``entries`` must stand in reading order within a cell (``position``).
    """
    entries = rows(tables["entries"])
    credentials = tables["credentials"]
    at_fault = credentials.filter(credentials["tier_conflict"]).to_pylist()
    names = sorted(annex_names(tables))
    return [
        *boundaries(entries, [*names, *dict.fromkeys(map(bare, names))]),
        *near_duplicates(entries, names),
        *tier_conflicts(entries, at_fault),
        *level_words(entries),
        *form(entries),
        *repetitions(entries),
        *uncertain(entries),
        *positions(entries),
        *classes(tables),
        *characters(tables),
        *org_codes(tables),
        *occupation_codes(tables),
    ]


def annex_names(tables: Mapping[str, pa.Table]) -> set[str]:
    """The names of certificates, qualifications, occupations and titles that the annexes print."""
    columns = {target for targets in TARGETS.values() for target in targets if target[0] in tables}
    return {name for table, column in columns for name in tables[table][column].to_pylist() if name}


def mark_attention(
    entries: pa.Table, findings: Iterable[Finding], statuses: Mapping[str, str] | None = None
) -> pa.Table:
    """``entries`` with ``requires_attention``: an open finding of the queue ``reading``, or an error, is about it.

    ``statuses``: digits → status of the findings that are not open (see ``decisions.statuses``).
    """
    settled = {key for key, status in (statuses or {}).items() if status != "open"}
    wanted = {
        row
        for finding in findings
        if finding.table in _OF_ENTRIES
        and (finding.level == "error" or CODES[finding.code].queue == "reading")
        and finding.digits not in settled
        for row in finding.rows
    }
    marks = array([entry_id in wanted for entry_id in entries["entry_id"].to_pylist()], pa.bool_())
    index = entries.schema.get_field_index("requires_attention")
    return entries.set_column(index, entries.schema.field(index), marks)


def mark_settled(entries: pa.Table, findings: Iterable[Finding], statuses: Mapping[str, str]) -> pa.Table:
    """``entries`` with ``settled_by`` "steward" where a doubt about their beginning or end was accepted: they are right as read.

    ``statuses``: as of :func:`mark_attention`.
    """
    settled = {
        row
        for finding in findings
        if finding.code in BOUNDARY_CODES and statuses.get(finding.digits) == "accepted"
        for row in finding.rows
    }
    if not settled or "settled_by" not in entries.column_names:
        return entries
    by = zip(entries["entry_id"].to_pylist(), entries["settled_by"].to_pylist(), strict=True)
    marks = array(["steward" if entry_id in settled else known for entry_id, known in by], pa.string())
    index = entries.schema.get_field_index("settled_by")
    return entries.set_column(index, entries.schema.field(index), marks)
