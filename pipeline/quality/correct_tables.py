"""Corrections of a whole document: only the tables, slots and annexes that they name are made into rows for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrow import array
from pipeline.quality.correct_cells import apply_to_cells
from pipeline.quality.correct_rows import apply_to_rows
from pipeline.quality.corrections import Correction, Target
from pipeline.readers.staged import in_order
from pipeline.schema import ANNEX_TABLES, build
from pipeline.tidy.grade_grammar import DEFAULT_RULE3
from pipeline.tidy.names import organisation_names

_SLOT = ("class_code", "kind", "tier")


def correct_cells(cells: pa.Table, corrections: Iterable[Correction]) -> tuple[pa.Table, frozenset[str]]:
    """As :func:`correct_cells.apply_to_cells`; of cells on pages only the tables that are named are looked at."""
    wanted = [correction for correction in corrections if correction.of_cells]
    if not wanted or cells["page"].null_count:
        return apply_to_cells(cells, wanted)
    named = _in(cells["cell_id"], [str(correction.where.cell_id) for correction in wanted])
    some = cells.filter(named)
    tables = set(zip(some["page"].to_pylist(), some["table_no"].to_pylist(), strict=True))
    here = zip(cells["page"].to_pylist(), cells["table_no"].to_pylist(), strict=True)
    mask = array([one in tables for one in here], pa.bool_())
    corrected, changed = apply_to_cells(cells.filter(mask), wanted)
    whole = pa.concat_tables([cells.filter(pc.invert(mask)), corrected]).combine_chunks()
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
    """The published tables with the corrections of rows applied: see :func:`correct_rows.apply_to_rows`."""
    out = dict(tables)
    wanted = [correction for correction in corrections if not correction.of_cells]
    if wanted:
        touched = _touched(out, wanted)
        changed = apply_to_rows(
            {name: table.filter(touched[name]).to_pylist() for name, table in out.items() if name in touched},
            wanted,
            organisations=_organisations(out),
            rule3=rule3,
        )
        for name, mask in touched.items():
            made = build(name, changed.get(name, []), edition, source)
            out[name] = pa.concat_tables([out[name].filter(pc.invert(mask)), made]).combine_chunks()
    if corrected_cells:
        for name, table in out.items():
            if "corrected" in table.column_names and "cell_id" in table.column_names:
                mark = pc.or_(table["corrected"], _in(table["cell_id"], sorted(corrected_cells)))
                index = table.schema.get_field_index("corrected")
                out[name] = table.set_column(index, table.schema.field(index), mark)
    return out


def _in(column: pa.ChunkedArray, values: Sequence[str]) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=array(values, pa.string()))


def _touched(tables: Mapping[str, pa.Table], corrections: Sequence[Correction]) -> dict[str, pa.Array]:
    """By table: which rows the corrections may look at, a whole slot or a whole annex table at a time."""
    slots: set[tuple[str | None, ...]] = set()
    annexes: set[int] = set()
    entries = tables["entries"]
    for correction in corrections:
        where = correction.where
        if where.annex is not None:
            annexes.add(where.annex)
            continue
        if where.cell_id is not None:
            some = entries.filter(_in(entries["cell_id"], [where.cell_id])).select(_SLOT).to_pylist()
            own = {tuple(row[name] for name in _SLOT) for row in some}
        else:
            own = {(where.class_code, where.kind, where.tier)}
        slots |= own
        if correction.action == "move":
            to = Target.model_validate(correction.to)
            slots |= {(to.class_code or code, to.kind or kind, to.tier or tier) for code, kind, tier in own}
    masks = {"classes": array([True] * len(tables["classes"]), pa.bool_())}
    for name in ("entries", "credentials"):
        here = zip(*(tables[name][column].to_pylist() for column in _SLOT), strict=True)
        masks[name] = array([slot in slots for slot in here], pa.bool_())
    for name in ANNEX_TABLES:
        if name in tables and annexes & set(tables[name]["annex_no"].to_pylist()):
            masks[name] = array([True] * len(tables[name]), pa.bool_())
    return masks


def _organisations(tables: Mapping[str, pa.Table]) -> frozenset[str]:
    """As :func:`correct_rows.organisations_in`, of columns."""
    names: set[str] = set()
    for name in ANNEX_TABLES:
        columns = ["org", *(["name"] if name == "annex_4_associations" else [])]
        for column in columns:
            if name in tables and column in tables[name].column_names:
                names.update(value for value in tables[name][column].to_pylist() if value)
    return organisation_names(sorted(names))
