"""Lists printed without any header: read in the usual order of columns when title and contents agree."""

from __future__ import annotations

from pipeline.model import LogicalTable
from pipeline.tidy.annexes.columns import Header, Ref, banner, starting
from pipeline.tidy.annexes.recognise import Choice, title_fit
from pipeline.vocabulary.annexes import SPECS, Spec


def headless(table: LogicalTable, title: str) -> Choice | None:
    """A choice whose header takes no rows and names the columns by their order, or None.

    Only for flat tables with exactly one spec named by the title, exactly its columns (optional ones from the right
    may lack), numbers in the first column and nowhere else.
    """
    named = [spec for spec in SPECS if spec.shape in ("flat", "mappings") and title_fit(title, spec) >= 100]
    if len(named) != 1:
        return None
    fields = _usual(named[0], table.n_cols)
    rows = [r for r in range(table.n_rows) if banner(table, r) is None and starting(table, r)]
    if not fields or not rows or not all(_numbered(table, row) for row in rows):
        return None
    refs = tuple(Ref(col, col + 1, "", name, "order") for col, name in enumerate(fields))
    header = Header(rows[0], rows[0], refs)
    return Choice(named[0], "order", header, 1.0)


def _usual(spec: Spec, width: int) -> list[str]:
    """The first ``width`` columns of the spec that are not the part's, if no required one is left out."""
    part = spec.part.field if spec.part else None
    columns = [column for column in spec.columns if column.field != part and column.field != "sub_name"]
    if any(column.required for column in columns[width:]) or len(columns) < width:
        return []
    return [column.field for column in columns[:width]]


def _numbered(table: LogicalTable, row: int) -> bool:
    first, second = table.at(row, 0), table.at(row, 1)
    return first is not None and first.text.isdigit() and second is not None and not second.text.isdigit()
