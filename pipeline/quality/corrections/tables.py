"""Corrections of a whole document, as Arrow tables: only what corrections may touch is made into rows for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrow import array
from pipeline.quality.corrections.cells import apply_to_cells
from pipeline.quality.corrections.file import Correction
from pipeline.quality.corrections.rows import apply_to_rows
from pipeline.reading import in_order
from pipeline.schema import ANNEX_TABLES, build
from pipeline.tidy.grades.grammar import DEFAULT_RULE3


def correct_cells(cells: pa.Table, corrections: Iterable[Correction]) -> tuple[pa.Table, frozenset[str]]:
    """As :func:`cells.apply_to_cells`; only the pages of the cells that are named are looked at."""
    wanted = [correction for correction in corrections if correction.of_cells]
    if not wanted:
        return cells, frozenset()
    named = cells.filter(_in(cells["cell_id"], [str(one.where.cell_id) for one in wanted]))
    # The cells of a transcript have no page: if one is named, all are looked at.
    here = pc.is_in(cells["page"], value_set=named["page"].combine_chunks())
    corrected, changed = apply_to_cells(cells.filter(here), wanted)
    whole = pa.concat_tables([cells.filter(pc.invert(here)), corrected]).combine_chunks()
    if whole["page"].null_count:
        return whole, changed
    return in_order(whole, ("page", "table_no", "row", "col")), changed


def correct_tables(
    tables: Mapping[str, pa.Table],
    corrections: Iterable[Correction],
    *,
    edition: str,
    source: str,
    rule3: Mapping[int, str] = DEFAULT_RULE3,
    corrected_cells: Collection[str] = (),
) -> dict[str, pa.Table]:
    """The published tables with the corrections of rows applied: see :func:`rows.apply_to_rows`."""
    out = dict(tables)
    wanted = [correction for correction in corrections if not correction.of_cells]
    if wanted:
        names = [name for name in ("classes", "entries", "credentials", *ANNEX_TABLES) if name in out]
        changed = apply_to_rows({name: out[name].to_pylist() for name in names}, wanted, rule3=rule3)
        out |= {name: build(name, changed[name], edition, source) for name in names}
    for name, table in out.items() if corrected_cells else ():
        if "corrected" in table.column_names and "cell_id" in table.column_names:
            mark = pc.or_(table["corrected"], _in(table["cell_id"], sorted(corrected_cells)))
            index = table.schema.get_field_index("corrected")
            out[name] = table.set_column(index, table.schema.field(index), mark)
    return out


def _in(column: pa.ChunkedArray, values: Sequence[str]) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=array(values, pa.string()))
