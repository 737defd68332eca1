"""Corrections of a whole document: only the tables, slots and annexes that they name are made into rows for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrow import array
from pipeline.quality.corrections.cells import apply_to_cells
from pipeline.quality.corrections.file import Correction, Target
from pipeline.quality.corrections.rows import apply_to_rows
from pipeline.reading import in_order
from pipeline.schema import ANNEX_TABLES, build
from pipeline.tidy.grades.grammar import DEFAULT_RULE3
from pipeline.tidy.grades.names import organisation_names

Slot = tuple[str | None, ...]

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
    annexes = {one.where.annex for one in corrections if one.where.annex is not None}
    slots = _slots(tables, [one for one in corrections if one.where.annex is None])
    masks = {"classes": array([True] * len(tables["classes"]), pa.bool_())}
    for name in ("entries", "credentials"):
        here = zip(*(tables[name][column].to_pylist() for column in _SLOT), strict=True)
        masks[name] = array([slot in slots for slot in here], pa.bool_())
    for name in ANNEX_TABLES:
        if name in tables and annexes & set(tables[name]["annex_no"].to_pylist()):
            masks[name] = array([True] * len(tables[name]), pa.bool_())
    return masks


def _slots(tables: Mapping[str, pa.Table], corrections: Sequence[Correction]) -> set[Slot]:
    """The slots that corrections of items may look at: those they name, and those that moves lead to."""
    slots: set[Slot] = set()
    # By cell that is named: where its items may stand. A move starts where the earlier ones left the item.
    stands: dict[str, set[Slot]] = {one.where.cell_id: set() for one in corrections if one.where.cell_id}
    entries = tables["entries"]
    for row in entries.filter(_in(entries["cell_id"], list(stands))).select(["cell_id", *_SLOT]).to_pylist():
        stands[row["cell_id"]].add(tuple(row[name] for name in _SLOT))
    class_cells = dict(
        zip(*(tables["classes"][name].to_pylist() for name in ("class_code", "cell_id")), strict=True)
    )
    for correction in corrections:
        where = correction.where
        named: Slot = (where.class_code, where.kind, where.tier)
        own = {named} if where.cell_id is None else set(stands[where.cell_id])
        slots |= own
        if correction.action == "add" and class_cells.get(where.class_code) in stands:
            # In an empty slot the new item has its class's place.
            stands[class_cells[where.class_code]].add(named)
        if correction.action != "move":
            continue
        to = Target.model_validate(correction.to)
        goals = {slot: (to.class_code or slot[0], to.kind or slot[1], to.tier or slot[2]) for slot in own}
        slots.update(goals.values())
        # An item named by its slot may be of any cell that has items there.
        carried = stands.values() if where.cell_id is None else [stands[where.cell_id]]
        for there in carried:
            there |= {goals[slot] for slot in there & own}
    return slots


def _organisations(tables: Mapping[str, pa.Table]) -> frozenset[str]:
    """As :func:`correct_rows.organisations_in`, of columns."""
    names: set[str] = set()
    for name in ANNEX_TABLES:
        columns = ["org", *(["name"] if name == "annex_4_associations" else [])]
        for column in columns:
            if name in tables and column in tables[name].column_names:
                names.update(value for value in tables[name][column].to_pylist() if value)
    return organisation_names(sorted(names))
