"""Corrections of staged cells, before tidying: text as read, spans, columns."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrow import array
from pipeline.quality.corrections.file import Correction, fitting, only_one
from pipeline.reading import in_order
from pipeline.text import normalise, squeeze

_Cell = dict[str, Any]

_SHOWN = 10
"""Characters of a column's first text in a message."""


def apply_to_cells(
    cells: pa.Table, corrections: Iterable[Correction], left_out: list[Correction] | None = None
) -> tuple[pa.Table, frozenset[str]]:
    """Staged cells with the corrections of cells applied, in their order, and the cell_ids that they changed.

    ``cells``: the columns of ``reading.CELLS``. Corrections of rows are left alone. Raises XizeError naming the
    correction when its cell is missing or does not read as it expects; with ``left_out`` it is put there instead.
    """
    wanted = [correction for correction in corrections if correction.of_cells]
    if not wanted:
        return cells, frozenset()
    named = pc.is_in(cells["cell_id"], value_set=array([one.where.cell_id for one in wanted], pa.string()))
    # Only their pages are looked at; the cells of a transcript have none: if one is named, all are.
    here = pc.is_in(cells["page"], value_set=cells.filter(named)["page"].combine_chunks())
    rows: list[_Cell] = cells.filter(here).to_pylist()
    changed: set[str] = set()
    for correction in wanted:
        with fitting(correction, left_out):
            tried = list(map(dict, rows))  # one that does not fit leaves everything as it was
            at = [row for row in tried if row["cell_id"] == correction.where.cell_id]
            cell = only_one(at, correction, f"单元格{correction.where.cell_id}")
            if correction.action == "replace":
                _replace(cell, correction)
            elif correction.action == "set_span":
                tried = _set_span(tried, cell, correction)
            else:
                tried = _map_column(tried, cell, correction)
            rows = tried
            changed.add(cell["cell_id"])
    corrected = pa.Table.from_pylist(rows, schema=cells.schema)
    whole = pa.concat_tables([cells.filter(pc.invert(here)), corrected]).combine_chunks()
    if not whole["page"].null_count:
        whole = in_order(whole, ("page", "table_no", "row", "col"))
    return whole, frozenset(changed)


def cell_text(cell: _Cell) -> str:
    """All characters of a staged cell, blanks deleted."""
    return squeeze("".join(line["text"] for line in cell["lines"]))


def _replace(cell: _Cell, correction: Correction) -> None:
    """Other words in the one line that holds ``from``, or in place of the whole cell's text."""
    old, new = str(correction.expect), str(correction.to)
    if squeeze(old) == cell_text(cell):
        texts = [text for text in new.split("\n") if text.strip()]
        # Lines beyond the printed ones have the box and size of the last, else those of the cell.
        boxes = cell["lines"] or [{name: cell[name] for name in ("x0", "top", "x1", "bottom")}]
        sizes = cell["sizes"] or [0.0]
        cell["lines"] = [dict(boxes[min(i, len(boxes) - 1)], text=normalise(t)) for i, t in enumerate(texts)]
        cell["sizes"] = [sizes[min(i, len(sizes) - 1)] for i in range(len(texts))]
        cell["advances"] = [_advances(line) for line in cell["lines"]]
        return
    texts = [normalise(line["text"]) for line in cell["lines"]]
    found = [i for i, text in enumerate(texts) for _ in range(text.count(normalise(old)))]
    index = only_one(found, correction, f"“{old}”，现为“{cell_text(cell)[:60]}”")
    line = cell["lines"][index] = dict(cell["lines"][index], text=texts[index].replace(normalise(old), new))
    cell["advances"] = list(cell["advances"])
    if index < len(cell["advances"]):
        cell["advances"][index] = _advances(line)


def _advances(line: _Cell) -> list[float]:
    """The line's width shared out evenly: what was typed in has no measured widths."""
    count = len(line["text"])
    width = (line["x1"] or 0.0) - (line["x0"] or 0.0)
    return [width / count] * count if count else []


def _same_table(rows: list[_Cell], cell: _Cell) -> list[_Cell]:
    table = itemgetter("page", "table_no")
    return [row for row in rows if table(row) == table(cell) and row is not cell]


def _covers(cell: _Cell, other: _Cell) -> bool:
    """Whether two cells of a table share a grid position."""
    return bool(
        cell["row"] < other["row"] + other["row_span"]
        and other["row"] < cell["row"] + cell["row_span"]
        and cell["col"] < other["col"] + other["col_span"]
        and other["col"] < cell["col"] + cell["col_span"]
    )


def _without_covered(rows: list[_Cell], cell: _Cell, correction: Correction) -> list[_Cell]:
    """The rows without the empty cells that ``cell`` now covers. Raises XizeError when one of them has text."""
    covered = [other for other in _same_table(rows, cell) if _covers(cell, other)]
    for other in covered:
        if cell_text(other):
            raise correction.error(f"会盖住有文字的单元格{other['cell_id']}（“{cell_text(other)[:30]}”）")
        for name, better in (("x0", min), ("top", min), ("x1", max), ("bottom", max)):
            if cell[name] is not None and other[name] is not None and correction.action == "set_span":
                cell[name] = better(cell[name], other[name])
    gone = {other["cell_id"] for other in covered}
    return [row for row in rows if row["cell_id"] not in gone]


def _set_span(rows: list[_Cell], cell: _Cell, correction: Correction) -> list[_Cell]:
    expect, to = correction.expect, correction.to
    assert isinstance(expect, dict) and isinstance(to, dict)
    for name, span in expect.items():
        if cell[name] != span:
            raise correction.error(f"不再适用：{name}现为{cell[name]}，而非{span}")
    cell.update(to)
    return _without_covered(rows, cell, correction)


def _columns(rows: list[_Cell], cell: _Cell, width: int) -> str:
    """The columns of the cell's table for a message: each with the first text that stands in it alone."""
    table = sorted([cell, *_same_table(rows, cell)], key=lambda row: row["row"])
    said = []
    for column in range(width):
        texts = (cell_text(row) for row in table if row["col"] == column and row["col_span"] == 1)
        first = next(filter(None, texts), "")
        more = "…" if len(first) > _SHOWN else ""
        said.append(f"{column}“{first[:_SHOWN]}{more}”" if first else f"{column}")
    return "、".join(said)


def _map_column(rows: list[_Cell], cell: _Cell, correction: Correction) -> list[_Cell]:
    """The cell moves to column ``to``, with the left and right edge of that column where another row shows them."""
    if cell["col"] != correction.expect:
        raise correction.error(f"不再适用：该单元格现在第{cell['col']}列，而非第{correction.expect}列")
    assert isinstance(correction.to, int)
    width = max(row["col"] + row["col_span"] for row in [cell, *_same_table(rows, cell)])
    if correction.to + cell["col_span"] > width:
        whole = f"（该单元格横跨{cell['col_span']}列）" if cell["col_span"] > 1 else ""
        known = _columns(rows, cell, width)
        raise correction.error(f"的to写作第{correction.to}列{whole}，而该表只有第0至{width - 1}列：{known}")
    place = (correction.to, cell["col_span"])
    there = (row for row in _same_table(rows, cell) if (row["col"], row["col_span"]) == place)
    pattern = next((row for row in there if row["x0"] is not None), None)
    cell["col"] = correction.to
    if pattern is not None and cell["x0"] is not None:
        shift = pattern["x0"] - cell["x0"]
        cell["x0"], cell["x1"] = pattern["x0"], pattern["x1"]
        cell["lines"] = [dict(line, x0=line["x0"] + shift, x1=line["x1"] + shift) for line in cell["lines"]]
    return _without_covered(rows, cell, correction)
