"""Which annex table is this? Title and header words together decide, never the number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from pipeline.model import LogicalTable
from pipeline.text import squeeze
from pipeline.tidy.annexes.columns import Header, Ref, banner, eliminate, find_header
from pipeline.vocabulary.annexes import SPECS, VOCABULARY, Spec

NEAR_TITLE = 70.0  # the least similarity (0–100) of a title that has none of a table's title words
SAME_TITLE = 80.0  # the least similarity at which a header may be completed by elimination
_TOP_ROWS = 6  # a header stands within the first grid rows
HEADER_LEAST = 0.4  # the least share of matched columns: one title may name two annexes
HEADER_ALONE = 0.8  # the least share of matched columns when the title says nothing


@dataclass(frozen=True)
class Choice:
    """A spec for one table. ``by``: title | similar (title) | header; ``header``: its first header, if it has one."""

    spec: Spec
    by: str
    header: Header | None
    score: float


def _bare(title: str) -> str:
    return re.sub(r"^\d{4}年度?|\(.*?版\)|\(\d{4}年?.*?\)$|\d{4}年度?", "", squeeze(title))


def title_fit(title: str, spec: Spec) -> float:
    """How well (0–100) an annex title names the spec: 100 if one of its words stands in it."""
    text = squeeze(title)
    if re.search(spec.title, text, re.IGNORECASE):
        return 100.0
    return title_similarity(title, spec)


def title_similarity(title: str, spec: Spec) -> float:
    """How near (0–100) the title is to the spec's usual one, years aside."""
    return max(fuzz.ratio(_bare(title), _bare(usual)) for usual in spec.titles)


def first_header(
    table: LogicalTable, spec: Spec, header_map: Mapping[str, str], same_title: bool
) -> Header | None:
    """The header at the top of the table, below its banners."""
    row = 0
    while row < table.n_rows and (banner(table, row) is not None or not table.starting(row)):
        row += 1
    header = find_header(table, row, spec, header_map, first=True) if row < table.n_rows else None
    return eliminate(header, spec) if header is not None and same_title else header


def _fit(header: Header, spec: Spec) -> float:
    columns = [ref for ref in header.refs if ref.text]
    needed = sum(1 for column in spec.columns if column.required)
    found = header.count("exact", "map") + 0.6 * header.count("similar", "left", "pair")
    return found / max(len(columns), needed, 1)


def choose(
    table: LogicalTable, title: str, header_map: Mapping[str, str]
) -> tuple[Choice | None, Choice | None]:
    """The spec that fits the table, and the nearest one that misses a required column (for the finding)."""
    fits: list[Choice] = []
    near: list[Choice] = []
    words = {cell.text for cell in table.cells if cell.row <= _TOP_ROWS}
    for spec in SPECS:
        named = title_fit(title, spec)
        if named < NEAR_TITLE and spec.columns and not (words & VOCABULARY[spec.table] or header_map):
            continue
        header = first_header(table, spec, header_map, title_similarity(title, spec) >= SAME_TITLE)
        if header is None:
            continue
        fit = _fit(header, spec)
        by = "title" if named >= 100 else "similar" if named >= NEAR_TITLE else "header"
        if spec.shape == "awards" and not header.count("exact"):
            continue
        if spec.shape == "ladders" and not any(ref.field == "中级" for ref in header.refs):
            header = replace(header, missing=(*header.missing, "rank"))
        choice = Choice(spec, by, header, fit + (named / 100 if named >= NEAR_TITLE else 0.0))
        if header.missing:
            if by == "title" or (fit >= HEADER_ALONE and _signed(header, spec)):
                near.append(choice)
        elif (by != "header" and fit >= HEADER_LEAST) or (fit >= HEADER_ALONE and _signed(header, spec)):
            fits.append(choice)
    best = max(fits, key=lambda c: c.score, default=None)
    return best, max(near, key=lambda c: c.score, default=None)


def _signed(header: Header, spec: Spec) -> bool:
    """Whether a header word stands in the table that no other annex table has."""
    return any(re.search(spec.sign, text) for ref in header.refs for text in (ref.text, *ref.uppers))


def continues(table: LogicalTable, header: Header) -> bool:
    """Whether a table without a header of its own has the columns of the table before it."""
    return table.n_cols == max(ref.stop for ref in header.refs)


def headless(table: LogicalTable, title: str) -> Choice | None:
    """A choice whose header takes no rows and names the columns by their order, or None.

    Only for flat tables with exactly one spec named by the title, exactly its columns (optional ones from the right
    may lack), numbers in the first column and nowhere else.
    """
    named = [spec for spec in SPECS if spec.shape in ("flat", "mappings") and title_fit(title, spec) >= 100]
    if len(named) != 1:
        return None
    fields = _usual(named[0], table.n_cols)
    rows = [r for r in range(table.n_rows) if banner(table, r) is None and table.starting(r)]
    if not fields or not rows or not all(_numbered(table, row) for row in rows):
        return None
    refs = tuple(Ref(col, col + 1, "", name, "order") for col, name in enumerate(fields))
    header = Header(rows[0], rows[0], refs)
    return Choice(named[0], "order", header, 1.0)


def _usual(spec: Spec, width: int) -> list[str]:
    """The first ``width`` columns of the spec that are not the part's, if no required one is left out."""
    columns = [column for column in spec.columns if column.field not in (spec.part, "sub_name")]
    if any(column.required for column in columns[width:]) or len(columns) < width:
        return []
    return [column.field for column in columns[:width]]


def _numbered(table: LogicalTable, row: int) -> bool:
    first, second = table.at(row, 0), table.at(row, 1)
    return first is not None and first.text.isdigit() and second is not None and not second.text.isdigit()
