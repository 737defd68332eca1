"""The annex tables as they are compared: the cells of each row.

``annex_11`` is published one row per condition; compared is its one printed cell of rules. What a published table only
derives (condition, titles, remark, ladder) is no cell here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.diff.changes import At
from pipeline.diff.side import Row, Side
from pipeline.text import squeeze
from pipeline.tidy.grades.levels import read_grade_list


@dataclass(frozen=True)
class AnnexSpec:
    """How one annex is compared.

    ``cells``: its printed cells in order; ``numbers``: those that are running numbers; ``names``: which cells say
    what a row is about, with weights; ``part``: the column that says in which list it stands; ``heads``: what cells are
    called that are no columns.
    """

    table: str
    cells: tuple[str, ...]
    numbers: tuple[str, ...]
    names: Mapping[str, float]
    part: str | None = None
    heads: Mapping[str, str] = field(default_factory=dict)

    @property
    def contents(self) -> tuple[str, ...]:
        """The cells that are no running numbers."""
        return tuple(cell for cell in self.cells if cell not in self.numbers)


TITLES = "annex_10_titles"

SPECS = (
    AnnexSpec("annex_1_awards", ("name",), (), {"name": 1}, "category"),
    AnnexSpec("annex_2_organisers", ("no", "name"), ("no",), {"name": 1}),
    AnnexSpec("annex_3_contests", ("no", "type", "example"), ("no",), {"type": 2, "example": 1}),
    AnnexSpec("annex_4_associations", ("no", "name", "supervisor", "lead_unit"), ("no",), {"name": 1}, "list"),
    AnnexSpec(
        "annex_5_evaluators", ("no", "org", "authority", "occupation", "grades"), ("no",), {"org": 2, "occupation": 2},
        "group",
    ),
    AnnexSpec(
        "annex_6_assessments",
        ("org_no", "org", "org_code", "no", "occupation_code", "occupation", "grades", "item_type"),
        ("org_no", "no"), {"org": 1, "org_code": 1, "occupation_code": 1, "occupation": 2}, "part",
    ),
    AnnexSpec("annex_7_one_plus_x", ("no", "org", "certificate", "batch"), ("no",), {"certificate": 3, "org": 2}),
    AnnexSpec(
        "annex_8_qualifications", ("no", "name", "sub_name", "departments", "category", "legal_basis", "note"), ("no",),
        {"name": 2, "sub_name": 2}, "part",
    ),
    AnnexSpec("annex_9_overseas", ("no", "field", "certificate", "issuer"), ("no",), {"certificate": 2, "issuer": 2}, "list"),
    AnnexSpec(TITLES, ("series_no", "series", "rank", "title"), ("series_no",), {"series": 1, "rank": 1, "title": 2}),
    AnnexSpec("annex_11_mappings", ("no", "qualification", "rule"), ("no",), {"qualification": 1}),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PrintedAnnexRow:
    """One printed row: ``texts`` and ``keys`` (without blanks) by cell, its part, and the published rows it gave.

    ``own``: the published row of a cell that has one of its own.
    """

    texts: Mapping[str, str]
    keys: Mapping[str, str]
    part: str
    rows: tuple[Row, ...]
    own: Mapping[str, Row] = field(default_factory=dict)

    def at(self, text: str | None, cell: str = "") -> At:
        """A side of a change in this row; it stands at the published row of the cell, else at the first one."""
        row = self.own.get(cell, self.rows[0])
        return At(text or None, (row,), key=str(row["row_id"]))

    def with_text(self, cell: str, text: str) -> PrintedAnnexRow:
        """The row with another text in a cell."""
        return replace(self, texts={**self.texts, cell: text}, keys={**self.keys, cell: squeeze(text)})


Annex = tuple[AnnexSpec, list[PrintedAnnexRow], list[PrintedAnnexRow]]
"""How an annex is compared, and its rows on both sides."""


def printed_rows(side: Side, spec: AnnexSpec) -> list[PrintedAnnexRow]:
    """The rows of an annex as printed, in reading order."""
    rows = side.rows(spec.table)
    together = spec.table == "annex_11_mappings"
    groups = _together(rows, "no", "qualification", "rule") if together else [[row] for row in rows]
    return [
        _printed(
            {cell: _text(group[0][cell]) for cell in spec.cells},
            group,
            str(group[0][spec.part] or "") if spec.part else "",
        )
        for group in groups
    ]


def _printed(
    cells: Mapping[str, str], group: Sequence[Row], part: str = "", own: Mapping[str, Row] | None = None
) -> PrintedAnnexRow:
    keys = {cell: squeeze(text) for cell, text in cells.items()}
    return PrintedAnnexRow(cells, keys, part, tuple(group), own or {})


def other_annexes(before: Side, after: Side) -> Iterator[Annex]:
    """The annexes that no table of the contract fits, by title: how they are compared, and the rows of both sides.

    Their cells are their columns. The first one is a running number where it holds digits only.
    """
    was, now = _other_lines(before), _other_lines(after)
    for title in {**was, **now}:
        both = was.get(title, []), now.get(title, [])
        heads: dict[str, str] = {}
        for line in (line for lines in both for line in lines):
            heads |= {cell: row["header"] or cell for cell, row in line.items()}
        cells = tuple(sorted(heads, key=int))
        first = [line[cells[0]]["text"] for lines in both for line in lines if cells[0] in line]
        numbers = cells[:1] if all(squeeze(text).isdigit() for text in first) else ()
        names = dict.fromkeys(cells[len(numbers) :], 1)
        was_rows, now_rows = (
            [
                _printed({cell: line[cell]["text"] if cell in line else "" for cell in cells}, [*line.values()], "", line)
                for line in lines
            ]
            for lines in both
        )  # fmt: skip
        yield AnnexSpec("annex_other", cells, numbers, names, heads=heads), was_rows, now_rows


def _other_lines(side: Side) -> dict[str, list[dict[str, Row]]]:
    """Title of an annex → its printed lines, each a row per column."""
    found: dict[str, list[dict[str, Row]]] = defaultdict(list)
    rows = sorted(side.rows("annex_other"), key=itemgetter("annex_no", "table_no", "row", "col"))
    for line in _together(rows, "annex_no", "table_no", "row"):
        found[squeeze(line[0]["title"])].append({str(row["col"]): row for row in line})
    return found


def _together(rows: Iterable[Row], *columns: str) -> list[list[Row]]:
    """Neighbouring rows with the same values."""
    return [list(group) for _, group in groupby(rows, key=lambda row: [row[column] for column in columns])]


def _text(value: object) -> str:
    """A published value as its cell prints it."""
    if isinstance(value, list):
        numbers = all(isinstance(item, int) for item in value)
        return ("、" if numbers else "\n").join(str(item) for item in value)
    return "" if value is None else str(value)


_GRADE_WORDS = re.compile(r"[\d一二三四五级初中高工技师/、,,;至到~\-()]+")


def grade_cells(side: Side, rows: Sequence[PrintedAnnexRow]) -> list[str | None]:
    """What the grade cell of each row prints, found among the cells of the same table row.

    None for rows whose cells are not to be found (a transcript's merged cells, say).
    """
    published = [row.rows[0] for row in rows]
    pages = sorted({row["page"] for row in published if row["page"] is not None})
    cells = side.tables.get("cells")
    if cells is None or not pages:
        return [None] * len(rows)
    here = cells.filter(pc.is_in(cells["page"], pa.array(pages, cells["page"].type)))
    by_row: dict[tuple[int, int, int], list[Row]] = defaultdict(list)
    place: dict[str, tuple[int, int, int]] = {}
    for cell in here.select(["cell_id", "page", "table_no", "row", "row_span", "col", "lines"]).to_pylist():
        place[cell["cell_id"]] = cell["page"], cell["table_no"], cell["row"]
        for n in range(cell["row"], cell["row"] + max(1, cell["row_span"])):
            by_row[cell["page"], cell["table_no"], n].append(cell)
    found: list[str | None] = []
    for row in published:
        texts = [
            (cell["col"], squeeze("".join(line["text"] for line in cell["lines"])))
            for cell in by_row.get(place.get(row["cell_id"], (-1, -1, -1)), ())
        ]
        grades = [
            (column, text)
            for column, text in texts
            if _GRADE_WORDS.fullmatch(text) and read_grade_list(text) == row["grades"]
        ]
        found.append(max(grades)[1] if grades else None)
    return found
