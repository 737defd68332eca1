"""``xize correct``: an entry of corrections.yaml with everything but the decision filled in."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from ruamel.yaml.comments import CommentedMap

from pipeline.arrow import array
from pipeline.editions.files import decisions_lock
from pipeline.editions.source_yaml import load_yaml
from pipeline.errors import XizeError
from pipeline.findings import digits_of
from pipeline.quality.appending import append
from pipeline.quality.corrections.file import ACTIONS, HEAD
from pipeline.quality.corrections.rows import NOT_PRINTED
from pipeline.quality.decisions import Row, keys_of, refuse_decided, remedy, row_digest, with_statuses
from pipeline.schema import ANNEX_TABLES
from pipeline.text import place_words

LIMIT = 20
"""A finding about more rows gets entries for the first so many; what settles hundreds of rows is an acceptance."""

# What usually mends a finding; the steward may choose another action.
USUAL = {
    "item_repeated": "drop",
    "items_run_together": "split",
    "boundary_uncertain": "split",
    "item_cut_off": "join",
    "tier_conflict": "move",
}


def write_template(
    path: Path, finding: Row, tables: Mapping[str, pa.Table], by: str, date: datetime.date
) -> tuple[int, int]:
    """Append entries for the rows of a finding to ``path`` (comments and order kept): (written, rows in all).

    ``tables``: the rows that the finding names (a release, or the last reading); may lack any.
    Raises XizeError when the finding names neither a row nor a cell, when the file has an entry for the same rows already, when somebody else has accepted the finding,
    and when the file cannot be read or written.
    """
    with decisions_lock(path.parent):
        (finding,) = with_statuses([finding], path.parent)
        refuse_decided([finding], path.parent, by, ("accepted",))
        document = load_yaml(path) if path.is_file() else None
        if any(_is_about(item, finding) for item in (document if isinstance(document, list) else ())):
            raise XizeError(f"{path}中已有发现{finding['finding_id']}的更正：请直接编辑该项。")
        rows = rows_of(finding, tables)
        firsts = _firsts(finding, rows)
        action = "join" if firsts else USUAL.get(finding["code"], "replace")
        rows = firsts or rows
        words = f"{finding['message']}\naction可为：{'、'.join(ACTIONS)}"
        entries = [
            (_entry(finding, row, action, tables, by, date), f"{place_before(row or finding)}{words}")
            for row in rows[:LIMIT]
        ]
        append(path, entries, HEAD)
    return min(len(rows), LIMIT), len(rows)


def _is_about(item: object, finding: Row) -> bool:
    """Whether an entry is about the rows of the finding that are left: it is still to be decided, or counts in full."""
    wanted = digits_of(finding["finding_id"])
    if not isinstance(item, Mapping) or digits_of(item.get("finding") or "") != wanted:
        return False
    return finding["status"] != "open" or item.get("reason") is None


def place_before(row: Mapping[str, Any]) -> str:
    """Where a row or a finding stands, for a comment: "第3页 ", or "" where it has no place."""
    words = place_words(row.get("page"), row.get("line"), row.get("source"))
    return f"{words} " if words else ""


def rows_of(finding: Row, tables: Mapping[str, pa.Table]) -> Sequence[Mapping[str, Any] | None]:
    """The rows that the finding is about, as far as ``tables`` has them; [None] where it names none."""
    table = "entries" if finding["table"] in ("entries", "credentials", "links") else finding["table"]
    keys = set(keys_of(finding))
    if table not in tables or table not in (*_KEYS, *ANNEX_TABLES) or not keys:
        return [None]
    mask = pc.is_in(tables[table][_KEYS.get(table, "row_id")], value_set=array(sorted(keys), pa.string()))
    found: list[Mapping[str, Any] | None] = tables[table].filter(mask).to_pylist()
    return found or [None]


def _firsts(finding: Row, rows: Sequence[Mapping[str, Any] | None]) -> list[Mapping[str, Any] | None]:
    """The first of each two items that may be one, where that is the question; [] where it is another."""
    if finding["code"] != "boundary_uncertain" or "|" not in finding["evidence"]:
        return []
    slot = itemgetter("class_code", "kind", "tier")
    items = [row for row in rows if row is not None]
    places = {(slot(item), item["position"]) for item in items}
    return [item for item in items if (slot(item), item["position"] + 1) in places]


_KEYS = {"entries": "entry_id", "classes": "class_code", "majors": "major_code", "notes": "number"}


def _entry(
    finding: Row,
    row: Mapping[str, Any] | None,
    action: str,
    tables: Mapping[str, pa.Table],
    by: str,
    date: datetime.date,
) -> CommentedMap:
    where: dict[str, Any]
    expect: Any
    extra = {}
    if row is not None and "entry_id" in row:
        where = {"class": row["class_code"], "kind": row["kind"], "tier": row["tier"]}
        if finding["code"] == "item_repeated":
            where["position"] = row["position"]
        expect = row["text"]
        if action == "join":
            expect = _with_neighbour(row, tables["entries"])
    elif row is not None and "annex_no" in row:
        where, action = {"annex": row["annex_no"], "row_id": row["row_id"]}, "replace"
        extra["column"], expect = _value(row, finding["evidence"])
    else:
        cell_id = (row or finding).get("cell_id") or finding["cell_id"]
        where, action, expect = {"cell_id": cell_id}, "replace", _cell_text(tables.get("cells"), cell_id)
        if not expect:
            raise XizeError(
                f"发现{finding['finding_id']}没有指明可以更正的行或单元格：{remedy(finding['code']).rstrip('。')}；属实则用“xize accept”接受。"
            )
    to: Any = in_one_line({"tier": None}) if action == "move" else None
    if finding["code"] == "items_run_together" and "|" in finding["evidence"]:
        to = finding["evidence"].split("|")  # the parts that the finding names
    return CommentedMap(
        {
            "where": in_one_line(where),
            "action": action,
            **extra,
            "from": expect,
            **({} if action in ("drop", "join") else {"to": to}),
            "reason": None,
            "by": by,
            "date": date.replace(),  # its own object: YAML writes one that comes again as an alias
            "finding": finding["finding_id"],
            "evidence": row_digest(finding),
        }
    )


def _with_neighbour(row: Mapping[str, Any], entries: pa.Table) -> list[str | None]:
    """The texts of an item and the one that goes on behind it; the one before it where it is the last of its cell."""
    same = [pc.equal(entries[name], row[name]) for name in ("class_code", "kind", "tier")]
    cell = entries.filter(reduce(pc.and_, same)).to_pylist()
    texts = {one["position"]: one["text"] for one in cell}
    at = row["position"]
    if at + 1 not in texts and at - 1 in texts:
        return [texts[at - 1], row["text"]]
    return [row["text"], texts.get(at + 1)]


def _value(row: Mapping[str, Any], evidence: str) -> tuple[str, str]:
    """(column, text) of the annex value that the evidence shows, else of the row's first."""
    values = []
    for name, value in row.items():
        if name in NOT_PRINTED or value in (None, []):
            continue
        whole = "、".join(map(str, value)) if isinstance(value, list) and isinstance(value[0], int) else value
        values += [(name, str(one)) for one in (whole if isinstance(whole, list) else [whole])]
    shown = [one for one in values if one[1] == evidence] or [one for one in values if one[1] in evidence]
    return max(shown, key=lambda one: len(one[1])) if shown else values[0]


def _cell_text(cells: pa.Table | None, cell_id: str | None) -> str:
    """The whole text of a staged cell, "" where it is not known."""
    if cells is None or cell_id is None:
        return ""
    named = cells.filter(pc.equal(cells["cell_id"], cell_id)).to_pylist()
    return "".join(line["text"] for one in named for line in one["lines"])


def in_one_line(mapping: Mapping[str, Any]) -> CommentedMap:
    """A mapping that YAML writes in braces."""
    made = CommentedMap(mapping)
    made.fa.set_flow_style()
    return made
