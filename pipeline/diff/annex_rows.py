"""The annex tables as they are printed: one row of cells per printed row, whatever the published table divides.

``annex_10`` is published one row per title and ``annex_11`` one row per condition; printed is one row of a series and
one cell of rules. What the published table only derives (condition, titles, remark, ladder) is no cell here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pipeline.diff.model import Row, Side
from pipeline.text import squeeze


@dataclass(frozen=True)
class AnnexSpec:
    """How one annex is compared.

    ``cells``: its printed cells in order; ``numbers``: those that are running numbers; ``names``: which cells say
    what a row is about, with weights; ``part``: the column that says in which list it stands.
    """

    cells: tuple[str, ...]
    numbers: tuple[str, ...]
    names: Mapping[str, float]
    part: str | None = None
    merged: tuple[str, ...] = ()

    @property
    def contents(self) -> tuple[str, ...]:
        """The cells that are no running numbers."""
        return tuple(cell for cell in self.cells if cell not in self.numbers)


RANKS = ("正高级", "副高级", "中级", "助理级", "员级")

SPECS: dict[str, AnnexSpec] = {
    "annex_1_awards": AnnexSpec(("name",), (), {"name": 1}, "category"),
    "annex_2_organisers": AnnexSpec(("no", "name"), ("no",), {"name": 1}),
    "annex_3_contests": AnnexSpec(("no", "type", "example"), ("no",), {"type": 2, "example": 1}),
    "annex_4_associations": AnnexSpec(
        ("no", "name", "supervisor", "lead_unit"), ("no",), {"name": 1}, "list"
    ),
    "annex_5_evaluators": AnnexSpec(
        ("no", "org", "authority", "occupation", "grades"), ("no",), {"org": 2, "occupation": 2}, "group"
    ),
    "annex_6_assessments": AnnexSpec(
        ("org_no", "org", "org_code", "no", "occupation_code", "occupation", "grades", "item_type"),
        ("org_no", "no"), {"org": 1, "org_code": 1, "occupation_code": 1, "occupation": 2}, "part",
    ),
    "annex_7_one_plus_x": AnnexSpec(
        ("no", "org", "certificate", "batch"), ("no",), {"certificate": 3, "org": 2}
    ),
    "annex_8_qualifications": AnnexSpec(
        ("no", "name", "sub_name", "departments", "category", "legal_basis", "note"), ("no",),
        {"name": 2, "sub_name": 2}, "part",
    ),
    "annex_9_overseas": AnnexSpec(
        ("no", "field", "certificate", "issuer"), ("no",), {"certificate": 2, "issuer": 2}, "list"
    ),
    "annex_10_titles": AnnexSpec(("series_no", "series", *RANKS), ("series_no",), {"series": 1, **dict.fromkeys(RANKS, 1)}),
    "annex_11_mappings": AnnexSpec(("no", "qualification", "rule"), ("no",), {"qualification": 1}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Printed:
    """One printed row: ``texts`` and ``keys`` (without blanks) by cell, its part, and the published rows it gave."""

    texts: Mapping[str, str]
    keys: Mapping[str, str]
    part: str
    rows: tuple[Row, ...]
    position: int

    @property
    def row_id(self) -> str:
        """The published row's id (of the first, where a printed row gave several)."""
        return str(self.rows[0]["row_id"])


def printed_rows(side: Side, table: str) -> list[Printed]:
    """The rows of an annex as printed, in reading order."""
    spec, rows = SPECS[table], side.rows(table)
    if table == "annex_10_titles":
        groups = _together(rows, lambda row: (row["series_no"], row["series"], row["ladder"]))
        return [_ladder(spec, group, n) for n, group in enumerate(groups)]
    if table == "annex_11_mappings":
        groups = _together(rows, lambda row: (row["no"], row["qualification"], row["rule"]))
    else:
        groups = [[row] for row in rows]
    return [_printed(spec, group, n) for n, group in enumerate(groups)]


def _together(rows: Iterable[Row], key: Callable[[Row], object]) -> list[list[Row]]:
    groups: list[list[Row]] = []
    last: object = None
    for row in rows:
        if groups and key(row) == last:
            groups[-1].append(row)
        else:
            groups.append([row])
        last = key(row)
    return groups


def _text(value: object) -> str:
    """A published value as its cell prints it."""
    if value is None:
        return ""
    if isinstance(value, list):
        numbers = all(isinstance(item, int) for item in value)
        return ("、" if numbers else "\n").join(str(item) for item in value)
    return str(value)


def _printed(spec: AnnexSpec, rows: list[Row], position: int) -> Printed:
    texts = {cell: _text(rows[0][cell]) for cell in spec.cells}
    if "legal_basis" in texts and len(rows[0]["legal_basis"]) < 2:
        texts["legal_basis"] = "".join(rows[0]["legal_basis"])
    part = str(rows[0].get(spec.part) or "") if spec.part else ""
    return Printed(texts, {cell: squeeze(text) for cell, text in texts.items()}, part, tuple(rows), position)


def _ladder(spec: AnnexSpec, rows: list[Row], position: int) -> Printed:
    """One printed row of annex 10: the series and the titles of each rank."""
    texts = {"series_no": rows[0]["series_no"], "series": rows[0]["series"]}
    for rank in RANKS:
        texts[rank] = "\n".join(row["title"] for row in rows if row["rank"] == rank)
    others = [row for row in rows if row["rank"] not in RANKS]
    for row in others:  # an unknown rank is published as printed; its titles stand beside the last known one
        texts[RANKS[-1]] = "\n".join(filter(None, (texts[RANKS[-1]], row["title"])))
    return Printed(texts, {cell: squeeze(text) for cell, text in texts.items()}, "", tuple(rows), position)


_GRADE_WORDS = re.compile(r"[\d一二三四五级初中高工技师/、,,;至到~\-()]+")


def grade_cells(side: Side, rows: Iterable[Printed]) -> dict[int, str]:
    """What the grade cell of each row prints (by ``position``), found among the cells of the same table row.

    Rows whose cells are not to be found (a transcript's merged cells, say) are left out.
    """
    import pyarrow.compute as pc

    from pipeline.tidy.grades.levels import read_grade_list

    wanted = {row.position: row.rows[0] for row in rows}
    pages = sorted({row["page"] for row in wanted.values() if row["page"] is not None})
    cells = side.tables.get("cells")
    if cells is None or not pages:
        return {}
    import pyarrow as pa

    here = cells.filter(pc.is_in(cells["page"], pa.array(pages, cells["page"].type)))
    by_row: dict[tuple[int, int, int], list[Row]] = {}
    place: dict[str, tuple[int, int, int]] = {}
    for cell in here.select(["cell_id", "page", "table_no", "row", "row_span", "col", "lines"]).to_pylist():
        place[cell["cell_id"]] = cell["page"], cell["table_no"], cell["row"]
        for n in range(cell["row"], cell["row"] + max(1, cell["row_span"])):
            by_row.setdefault((cell["page"], cell["table_no"], n), []).append(cell)
    found: dict[int, str] = {}
    for position, row in wanted.items():
        texts = []
        for cell in by_row.get(place.get(row["cell_id"], (-1, -1, -1)), ()):
            text = squeeze("".join(line["text"] for line in cell["lines"]))
            if _GRADE_WORDS.fullmatch(text) and read_grade_list(text) == row["grades"]:
                texts.append((cell["col"], text))
        if texts:
            found[position] = max(texts)[1]
    return found
