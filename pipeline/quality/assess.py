"""The quality room in the order of a run: links, coverage and content findings; then statuses and attention marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import pyarrow as pa

from pipeline.arrow import batched
from pipeline.findings import Finding
from pipeline.forked import copies, forked_map
from pipeline.quality.check_tables import checks_of, mark_attention
from pipeline.quality.checks.links import link_row, linked
from pipeline.quality.checks.pages import damaged_pages
from pipeline.quality.corrections.file import Correction
from pipeline.quality.coverage import TocItem, coverage
from pipeline.quality.decisions import Acceptance, finding_rows, statuses
from pipeline.quality.merge_findings import gather
from pipeline.schema import build
from pipeline.schema.table_builder import Gathered

_ROWS = 5_000
"""Rows that are held as rows before they become columns."""


def assess(
    tables: Mapping[str, pa.Table],
    *,
    edition: str,
    source: str,
    toc: Sequence[TocItem] = (),
    reference: Iterable[Mapping[str, str]] = (),
    pages: pa.Table | None = None,
) -> tuple[dict[str, pa.Table], list[Finding]]:
    """(tables with ``links`` and ``coverage``, content findings) of tidied tables.

    ``source``: the kind of source read; ``toc``, ``reference`` and ``pages`` as :func:`coverage.coverage` has them.
    """
    damaged = damaged_pages(pages) if pages is not None else []
    links = Gathered(edition, source)
    unlinked: list[Finding] = []

    def link_here() -> None:
        pairs, findings = linked(tables)
        for some in batched(pairs, _ROWS):
            links.keep("links", [link_row(entry, best) for entry, best in some])
        unlinked.extend(findings)

    # A copy of this process begins with the checks; this one makes the links, then takes its share of them.
    found = forked_map(lambda check: check(), checks_of(tables), copies(), first=link_here)
    covered = coverage(tables, source=source, toc=toc, reference=reference, pages=pages)
    made = {
        **tables,
        "coverage": build("coverage", covered, edition, source),
        "links": links.table("links"),
    }
    return made, [*damaged, *chain.from_iterable(found), *unlinked]


def settle(
    tables: Mapping[str, pa.Table],
    findings: Sequence[Finding],
    *,
    edition: str,
    source: str,
    accepted: Iterable[Acceptance] = (),
    corrections: Iterable[Correction] = (),
) -> dict[str, pa.Table]:
    """The tables with ``findings`` (status by the steward's decisions) and ``entries.requires_attention``."""
    states = statuses(findings, accepted, corrections)
    made = Gathered(edition, source)
    for some in batched(gather(findings), _ROWS):
        made.keep("findings", finding_rows(some, states))
    return {
        **tables,
        "entries": mark_attention(tables["entries"], findings, states),
        "findings": made.table("findings"),
    }
