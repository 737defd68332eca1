"""Corrections of tidied rows: catalogue items (and with them their ids, grades and credentials) and annex rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import pyarrow as pa

from pipeline.arrow import grouped
from pipeline.model import Slot, slot_of
from pipeline.quality.corrections.file import Correction, Target, fitting, only_one
from pipeline.schema import ANNEX_TABLES, TABLES, row_id
from pipeline.text import list_marks, normalise, squeeze
from pipeline.tidy.entries import entry_id, stated
from pipeline.tidy.entries import organisations as organisations_of
from pipeline.tidy.grades.grammar import DEFAULT_RULE3
from pipeline.tidy.grades.levels import expand, read_grade_list

Row = dict[str, Any]
Rows = dict[str, list[Row]]

_PLACE = ("source", "page", "line", "x0", "top", "x1", "bottom", "cell_id")
_NUMBERS = ("no", "series_no", "org_no")
_PARTS = ("part", "list", "group", "category")
NOT_PRINTED = frozenset({"annex_no", "row_id", "edition", *_PLACE, "confidence", "corrected"})


def apply_to_rows(
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    corrections: Iterable[Correction],
    *,
    organisations: frozenset[str] | None = None,
    rule3: Mapping[int, str] = DEFAULT_RULE3,
    corrected_cells: Collection[str] = (),
    left_out: list[Correction] | None = None,
) -> Rows:
    """The rows by table with the corrections of rows applied in their order; what they touch is ``corrected``.

    ``rows``: as tidying gives them; ``entries`` in reading order. Changed items are read anew (name, issuer, grades,
    level, entry_id, and their rows of ``credentials``) with ``organisations`` (None: those that the annex rows name) and
    ``rule3``. Rows that start in one of ``corrected_cells`` (see :func:`cells.apply_to_cells`) are marked too; corrections of cells are left alone.
    Raises XizeError naming the correction that matches nothing, several places, or other text than it expects; with
    ``left_out`` it is put there instead.
    """
    wanted = [correction for correction in corrections if not correction.of_cells]
    out: Rows = {name: [dict(row) for row in table] for name, table in rows.items()}
    if wanted:
        catalogue = _Catalogue(out, organisations_of(out) if organisations is None else organisations)
        for correction in wanted:
            with fitting(correction, left_out):
                if correction.where.annex is not None:
                    _annex(out, correction)
                else:
                    catalogue.apply(correction)
        catalogue.write(rule3)
    if corrected_cells:
        for table in out.values():
            for row in table:
                if row.get("cell_id") in corrected_cells:
                    row["corrected"] = True
    return out


class _Catalogue:
    """The items of every slot in reading order, while they are changed."""

    def __init__(self, rows: Rows, organisations: frozenset[str]) -> None:
        self.rows, self.organisations = rows, organisations
        self.slots: dict[Slot, list[Row]] = grouped(rows.get("entries", []), slot_of)
        self.classes = {row["class_code"]: row for row in rows.get("classes", [])}
        self.touched: set[Slot] = set()

    def apply(self, correction: Correction) -> None:
        """Carry out one correction of catalogue items."""
        others = {"join": self._join, "move": self._move, "add": self._add}
        if correction.action in others:
            others[correction.action](correction)
            return
        slot, index = self._find(correction)
        texts = {"replace": [correction.to], "split": correction.to, "drop": []}[correction.action]
        assert isinstance(texts, list)
        self._put(slot, index, 1, [self._read(self.slots[slot][index], str(text)) for text in texts])

    def _join(self, correction: Correction) -> None:
        assert isinstance(correction.expect, list)
        wanted = [squeeze(text) for text in correction.expect]
        found = [
            (slot, at)
            for slot in self._slots_of(correction)
            for at in range(len(self.slots[slot]) - len(wanted) + 1)
            if [squeeze(entry["text"]) for entry in self.slots[slot][at : at + len(wanted)]] == wanted
            and correction.where.position in (None, self.slots[slot][at]["position"])
        ]
        slot, at = only_one(
            found, correction, f"相邻的{'、'.join(f'“{text}”' for text in correction.expect)}"
        )
        text = str(correction.to) if correction.to is not None else "".join(correction.expect)
        self._put(slot, at, len(wanted), [self._read(self.slots[slot][at], text)])

    def _move(self, correction: Correction) -> None:
        slot, index = self._find(correction)
        target = Target.model_validate(correction.to)
        goal = (target.class_code or slot[0], target.kind or slot[1], target.tier or slot[2])
        if goal[0] not in self.classes:
            raise correction.error(f"要移往的专业类{goal[0]}不存在")
        entry = self.slots[slot][index]
        self._put(slot, index, 1, [])
        items = self.slots.setdefault(goal, [])
        at = len(items) if target.position is None else min(target.position - 1, len(items))
        moved = dict(entry, class_code=goal[0], kind=goal[1], tier=goal[2])
        self._put(goal, at, 0, [self._read(moved, entry["text"])])

    def _add(self, correction: Correction) -> None:
        where = correction.where
        if where.class_code is not None and where.class_code not in self.classes:
            raise correction.error(f"不再适用：专业类{where.class_code}不存在")
        slot: Slot = only_one(self._slots_of(correction, new=True), correction, "可确定类别与级次的单元格")
        items = self.slots.setdefault(slot, [])
        text = str(correction.to)
        if any(squeeze(entry["text"]) == squeeze(text) for entry in items) and where.position is None:
            raise correction.error(f"不再适用：该处已有“{text}”")
        at = len(items) if where.position is None else min(where.position - 1, len(items))
        if correction.after is not None:
            after = squeeze(correction.after)
            before = [i for i, entry in enumerate(items) if squeeze(entry["text"]) == after]
            at = only_one(before, correction, f"“{correction.after}”（after）") + 1
        beside = items[at - 1] if at else items[0] if items else self.classes[slot[0]]
        place = {name: beside.get(name) for name in _PLACE if name in beside}
        made = dict(place, class_code=slot[0], kind=slot[1], tier=slot[2], requires_attention=False)
        self._put(slot, at, 0, [self._read(made, text)])

    def _slots_of(self, correction: Correction, new: bool = False) -> list[Slot]:
        where = correction.where
        if where.cell_id is not None:
            return [
                s for s, items in self.slots.items() if any(e.get("cell_id") == where.cell_id for e in items)
            ]
        slot = (str(where.class_code), str(where.kind), str(where.tier))
        return [slot] if new or slot in self.slots else []

    def _find(self, correction: Correction) -> tuple[Slot, int]:
        """The one item whose text is ``from``."""
        where, text = correction.where, str(correction.expect)
        found = [
            (slot, index)
            for slot in self._slots_of(correction)
            for index, entry in enumerate(self.slots[slot])
            if squeeze(entry["text"]) == squeeze(text)
            and (where.cell_id is None or entry.get("cell_id") == where.cell_id)
            and where.position in (None, entry["position"])
        ]
        place: tuple[Slot, int] = only_one(found, correction, f"条目“{text}”")
        return place

    def _read(self, entry: Row, text: str) -> Row:
        """``entry`` with another text, read anew; a steward's word is certain."""
        same = squeeze(text) == squeeze(
            entry.get("text", "")
        )  # moved: its mark (①) may be a mere digit by now
        read = {} if same else stated(normalise(text), self.organisations, *list_marks([text]))
        return {**entry, **read, "settled_by": "steward", "confidence": 1.0, "corrected": True}

    def _put(self, slot: Slot, at: int, count: int, items: list[Row]) -> None:
        """Put ``items`` in place of ``count`` items of a slot. Positions are counted anew at the end only:
        every correction of a file names the positions that the reader gave."""
        self.slots[slot][at : at + count] = items
        for item in items:
            item.setdefault("position", 0)
        self.touched.add(slot)

    def write(self, rule3: Mapping[int, str]) -> None:
        """Positions, ids and credentials of the touched slots, and all entries in reading order."""
        for slot in self.touched:
            seen: Counter[str] = Counter()
            for position, entry in enumerate(self.slots[slot], 1):
                key = squeeze(entry["text"])
                seen[key] += 1
                entry["position"] = position
                entry["entry_id"] = entry_id(*slot, entry["text"], seen[key])
        entries = [entry for items in self.slots.values() for entry in items]
        self.rows["entries"] = entries
        if "credentials" not in self.rows:
            return
        known: dict[str, list[Row]] = grouped(self.rows["credentials"], itemgetter("entry_id"))
        columns = set(TABLES["credentials"].names)
        credentials: list[Row] = []
        for entry in entries:
            if slot_of(entry) in self.touched:
                made = expand(entry, rule3)
                known[entry["entry_id"]] = [{k: v for k, v in row.items() if k in columns} for row in made]
            credentials += known.get(entry["entry_id"], [])
        self.rows["credentials"] = credentials


def _annex(out: Rows, correction: Correction) -> None:
    """Replace a value of an annex row, drop a row, or add one."""
    where = correction.where
    rows = [
        (table, row)
        for table in ANNEX_TABLES
        for row in out.get(table, [])
        if row["annex_no"] == where.annex
        and (where.part is None or where.part in [row.get(p) for p in _PARTS])
    ]
    if correction.action == "add":
        _add_annex_row(out, correction, rows)
        return
    if correction.column is not None:
        _check_column(correction, sorted({table for table, _ in rows}))
    found = []
    for table, row in rows:
        if where.row_id is not None and row["row_id"] != where.row_id:
            continue
        if where.no is not None and where.no not in [row.get(name) for name in _NUMBERS]:
            continue
        columns = [correction.column] if correction.column else [c for c in row if c not in NOT_PRINTED]
        found += [
            (table, row, column) for column in columns if _reads(row.get(column), str(correction.expect))
        ]
    if correction.action == "drop":  # any of its values names the row
        found = list({id(row): (table, row, column) for table, row, column in found}.values())
    table, row, column = only_one(found, correction, f"“{correction.expect}”")
    if correction.action == "drop":
        out[table] = [other for other in out[table] if other is not row]
        return
    if column not in TABLES[table].by_name:
        raise correction.error(f"：{TABLES[table].title_zh}没有列{column}")
    old_id = row_id(table, row)
    row[column] = _changed(row[column], str(correction.expect), str(correction.to))
    row["corrected"] = True
    if (new_id := row_id(table, row)) != old_id:
        row["row_id"] = new_id


def _check_column(correction: Correction, tables: Sequence[str]) -> None:
    """Raise XizeError, naming the columns that there are, when none of ``tables`` has the correction's column."""
    known = [name for table in tables for name in TABLES[table].names if name not in NOT_PRINTED]
    if tables and correction.column not in known:
        titles = "、".join(TABLES[table].title_zh for table in tables)
        columns = "、".join(dict.fromkeys(known))
        raise correction.error(f"的column写作“{correction.column}”，而{titles}没有这一列，只有{columns}")


def _reads(value: object, expect: str) -> bool:
    """Whether an annex value is what the correction expects: the text, one of a list's texts, or its grades."""
    if isinstance(value, list):
        if value and isinstance(value[0], int):
            return read_grade_list(expect) == value
        return any(squeeze(str(one)) == squeeze(expect) for one in value)
    return value is not None and squeeze(str(value)) == squeeze(expect)


def _changed(value: object, expect: str, to: str) -> object:
    if isinstance(value, list):
        if value and isinstance(value[0], int):
            return read_grade_list(to)
        return [normalise(to) if squeeze(str(one)) == squeeze(expect) else one for one in value]
    return int(to) if isinstance(value, int) else normalise(to)


def _add_annex_row(out: Rows, correction: Correction, rows: Sequence[tuple[str, Row]]) -> None:
    where = correction.where
    table = only_one(sorted({table for table, _ in rows}), correction, "该附件的表")
    declared = TABLES[table].by_name
    assert isinstance(correction.to, dict)
    unknown = [name for name in correction.to if name not in declared or name in NOT_PRINTED]
    if unknown:
        raise correction.error(f"的to有{TABLES[table].title_zh}没有的列“{unknown[0]}”")
    beside = rows[-1][1]
    made: Row = {name: beside.get(name) for name in _PLACE if name in beside} | {"annex_no": where.annex}
    if where.no is not None and "no" in declared:
        made["no"] = where.no
    for name, value in correction.to.items():
        if name == "grades":
            made[name] = read_grade_list("、".join(map(str, value if isinstance(value, list) else [value])))
        else:
            made[name] = normalise(str(value)) if declared[name].type == pa.string() else value
    lacking = [
        name for name, field in declared.items()
        if not field.nullable and field.default is None and made.get(name) is None
        and name not in ("edition", "source", "row_id")
    ]  # fmt: skip
    if lacking:
        raise correction.error(f"的to缺少列“{lacking[0]}”")
    made |= {"row_id": row_id(table, made), "confidence": 1.0, "corrected": True}
    if any(row["row_id"] == made["row_id"] for _, row in rows):
        raise correction.error(f"不再适用：该附件已有行{made['row_id']}")
    out[table].append(made)
