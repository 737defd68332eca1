"""The quality room in the order of a run: links, coverage and content findings; then statuses and attention marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipeline.forked import aside
from pipeline.quality.checks import check_tables, mark_attention
from pipeline.quality.corrections import Correction
from pipeline.quality.coverage import TocItem, coverage
from pipeline.quality.decisions import Acceptance, finding_rows, statuses
from pipeline.quality.findings import Finding
from pipeline.quality.links import link
from pipeline.quality.pages import damaged_pages
from pipeline.schema import build


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
    content = aside(lambda: check_tables(tables))
    rows, unlinked = link(tables)
    covered = coverage(tables, source=source, toc=toc, reference=reference, pages=pages)
    made = {
        **tables,
        "coverage": build("coverage", covered, edition, source),
        "links": build("links", rows, edition, source),
    }
    return made, [*damaged, *content(), *unlinked]


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
    rows: list[dict[str, Any]] = finding_rows(findings, states)
    return {
        **tables,
        "entries": mark_attention(tables["entries"], findings, states),
        "findings": build("findings", rows, edition, source),
    }
