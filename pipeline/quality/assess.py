"""The quality room in the order of a run: links, coverage and content findings; then statuses and attention marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipeline.findings import Finding
from pipeline.quality.check_tables import check_tables, mark_attention, mark_settled
from pipeline.quality.checks.links import link
from pipeline.quality.checks.pages import damaged_pages
from pipeline.quality.corrections.file import Correction
from pipeline.quality.coverage import coverage
from pipeline.quality.decisions import Acceptance, as_decided, finding_rows, statuses
from pipeline.schema import build


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
    damaged = damaged_pages(pages) if pages is not None else ()
    return made, [*damaged, *check_tables(tables), *unlinked]


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
