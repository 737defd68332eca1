"""``xize correct``: an entry of corrections.yaml with everything but the decision filled in."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pipeline.arrow import array
from pipeline.editions.source_yaml import load_yaml
from pipeline.errors import XizeError
from pipeline.quality.corrections.file import ACTIONS
from pipeline.quality.decisions import Row, write_yaml
from pipeline.schema import ANNEX_TABLES

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
_HEAD = "更正：逐项写明where、action、from、to、reason、by、date；原文变化后不再适用者会使运行停止。"


def write_skeleton(
    path: Path, finding: Row, tables: Mapping[str, pa.Table], by: str, date: datetime.date
) -> tuple[int, int]:
    """Append entries for the rows of a finding to ``path`` (comments and order kept): (written, rows in all).

    ``tables``: the rows that the finding names (a release, or the last reading); may lack any.
    Raises XizeError when the file has an entry for the finding already, or cannot be read or written.
    """
    document = load_yaml(path) if path.is_file() else None
    if document is None:
        document = CommentedSeq()
        document.yaml_set_start_comment(_HEAD)
    if not isinstance(document, CommentedSeq):
        raise XizeError(f"{path}不是列表：每项更正请以“- where:”开头。")
    if any(isinstance(item, Mapping) and item.get("finding") == finding["finding_id"] for item in document):
        raise XizeError(f"{path}中已有发现{finding['finding_id']}的更正：请直接编辑该项。")
    rows = _rows(finding, tables)
    for row in rows[:LIMIT]:
        document.append(_entry(finding, row, by, date))
        words = f"{_place(finding, row)}{finding['message']}\naction可为：{'、'.join(ACTIONS)}"
        document.yaml_set_comment_before_after_key(len(document) - 1, before=words, indent=2)
    write_yaml(path, document)
    return min(len(rows), LIMIT), len(rows)


def _place(finding: Row, row: Mapping[str, Any] | None) -> str:
    page = (row or finding).get("page")
    line = (row or finding).get("line")
    return f"第{page}页 " if page is not None else f"第{line}行 " if line is not None else ""


def _rows(finding: Row, tables: Mapping[str, pa.Table]) -> Sequence[Mapping[str, Any] | None]:
    """The rows that the finding is about, as far as ``tables`` has them; [None] where it names none."""
    table = "entries" if finding["table"] in ("entries", "credentials", "links") else finding["table"]
    keys = set(finding["keys"] or ([finding["key"]] if finding["key"] else []))
    if table not in tables or not keys:
        return [None]
    column = "entry_id" if table == "entries" else "row_id" if table in ANNEX_TABLES else None
    if column is None:
        return [None]
    import pyarrow.compute as pc

    mask = pc.is_in(tables[table][column], value_set=array(sorted(keys), pa.string()))
    found: list[Mapping[str, Any] | None] = tables[table].filter(mask).to_pylist()
    return found or [None]


def _entry(finding: Row, row: Mapping[str, Any] | None, by: str, date: datetime.date) -> CommentedMap:
    where: dict[str, Any]
    action, expect = USUAL.get(finding["code"], "replace"), finding["evidence"]
    extra: dict[str, Any] = {}
    if row is not None and "entry_id" in row:
        where = {"class": row["class_code"], "kind": row["kind"], "tier": row["tier"]}
        if finding["code"] == "item_repeated":
            where["position"] = row["position"]
        expect = [row["text"], None] if action == "join" else row["text"]
    elif row is not None:
        where = {"annex": row["annex_no"], "row_id": row["row_id"]}
        extra["column"] = None
    else:
        where = {"cell_id": finding["cell_id"]}
    flow = CommentedMap(where)
    flow.fa.set_flow_style()
    to: Any = None
    if action == "move":
        to = CommentedMap({"tier": None})
        to.fa.set_flow_style()
    return CommentedMap(
        {
            "where": flow,
            "action": action,
            **extra,
            "from": expect,
            **({} if action == "drop" else {"to": to}),
            "reason": None,
            "by": by,
            "date": date,
            "finding": finding["finding_id"],
        }
    )
