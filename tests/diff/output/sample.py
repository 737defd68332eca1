"""Tables of changes invented for the reports' tests, on the releases of the small typeset edition."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from pipeline.diff import Side
from pipeline.schema.changes import CHANGES


def later(side: Side) -> Side:
    """The same data published once more: another release of another hash."""
    return replace(side, release="r002", manifest={**side.manifest, "release": "r002"})


def change(what: str, table: str, /, **values: Any) -> dict[str, Any]:
    """One row of CHANGES; what is not given is null, [] or the default."""
    row: dict[str, Any] = {field.name: field.default for field in CHANGES.fields}
    row |= {"change": what, "table": table, "marks": [], "group_size": 1, **values}
    evidence = repr(sorted((key, str(value)) for key, value in row.items()))
    row["change_id"] = hashlib.sha256(evidence.encode()).hexdigest()[:16]
    row["group"] = values.get("group") or row["change_id"]
    return row


def changes(rows: Sequence[Mapping[str, Any]], before: Side, after: Side) -> pa.Table:
    """The rows as an Arrow table of CHANGES' schema."""
    names = {
        "edition_before": before.edition,
        "release_before": before.release,
        "edition_after": after.edition,
        "release_after": after.release,
    }
    return pa.Table.from_pylist([{**row, **names} for row in rows], schema=CHANGES.arrow)


def place(row: Mapping[str, Any], suffix: str) -> dict[str, Any]:
    """Where a published row is printed, as one side of a change."""
    columns = ("source", "page", "line", "x0", "top", "x1", "bottom", "cell_id")
    return {f"{column}_{suffix}": row[column] for column in columns}


def several(before: Side) -> list[dict[str, Any]]:
    """A change of most kinds, on entries, classes and annex rows that the release really has."""
    entries = before.tables["entries"].to_pylist()
    classes = {row["class_code"]: row for row in before.tables["classes"].to_pylist()}
    majors = {row["major_code"]: row["name"] for row in before.tables["majors"].to_pylist()}

    def entry(index: int, what: str, after: str | None, /, **values: Any) -> dict[str, Any]:
        row = entries[index]
        of = classes[row["class_code"]]
        facts = {
            "class_code": row["class_code"],
            "class_code_after": row["class_code"],
            "class_name": of["name"],
            "major_code": of["major_code"],
            "major_name": majors[of["major_code"]],
            "kind": row["kind"],
            "kind_after": row["kind"],
            "tier": row["tier"],
            "tier_after": row["tier"],
            "key": row["entry_id"],
            "before": row["text"],
            "after": after,
            **place(row, "before"),
            **(place(row, "after") if after else {}),
        }
        return change(what, "entries", **{**facts, **values})

    last = len(entries) - 1
    gone = {"class_code_after": None, "kind_after": None, "tier_after": None}
    code, of = next(iter(classes.items()))
    rows = [
        entry(0, "entry_renamed", "新" + entries[0]["text"], score=0.9, confidence=0.95),
        entry(1, "grades_changed", entries[1]["text"] + "(一级/高级技师)", marks=["finding_after"], confidence=0.55),
        entry(2, "entry_removed", None, **gone),
        entry(3, "entry_tier_moved", entries[3]["text"], tier="初级", tier_after="高级"),
        entry(4, "entry_reordered", entries[4]["text"]),
        entry(last, "entry_kind_moved", entries[last]["text"], kind="skill", kind_after="industry"),
        change("class_renamed", "classes", class_code=code, class_code_after=code, class_name=of["name"],
               major_code=of["major_code"], major_name=majors[of["major_code"]], field="name",
               before=of["name"], after="智慧" + of["name"], **place(of, "before"), **place(of, "after")),
        change("note_changed", "notes", key="3", before="五级为初级", after="五级、四级为初级"),
        change("edition_changed", "edition", field="title", before="2025年细则（试用版）", after="2026年细则"),
    ]  # fmt: skip
    for name in sorted(before.tables):
        if name.startswith("annex_") and before.tables[name].num_rows:
            row = before.tables[name].to_pylist()[0]
            rows.append(
                change(
                    "annex_row_removed",
                    name,
                    key=row["row_id"],
                    before=f"{row['row_id']} | 示例",
                    **place(row, "before"),
                )
            )
    # One renaming in several cells of both majors: decided once.
    spread = [entries[index] for index in (5, 6, last - 1)]
    for row in spread:
        of = classes[row["class_code"]]
        rows.append(
            change("entry_renamed", "entries", class_code=row["class_code"], class_code_after=row["class_code"],
                   class_name=of["name"], major_code=of["major_code"], major_name=majors[of["major_code"]],
                   kind=row["kind"], kind_after=row["kind"], tier=row["tier"], tier_after=row["tier"], key=row["entry_id"],
                   before="农作物植保员(四级/中级工)", after="农作物植保工(四级/中级工)", group="feedfacefeedface",
                   group_size=len(spread), confidence=0.88, marks=["unlike_versions"],
                   **place(row, "before"), **place(row, "after"))
        )  # fmt: skip
    return rows


def crowd(before: Side, count: int, seed: int = 5) -> list[dict[str, Any]]:
    """``count`` invented changes of many kinds over twenty majors, most of them single."""
    chance = random.Random(seed)
    words = "农作物植保家畜繁殖园林艺师水产养护食品检验电子商务机械制造数控车工焊汽车维修护理美容建筑设计"
    kinds = (
        "entry_added",
        "entry_removed",
        "entry_renamed",
        "entry_tier_moved",
        "grades_changed",
        "issuer_changed",
    )
    boxes = [place(row, "before") for row in before.tables["entries"].to_pylist()]
    after = [{key.replace("_before", "_after"): value for key, value in box.items()} for box in boxes]
    rows = []
    for number in range(count):
        kind = chance.choice(kinds)
        text = "".join(chance.choice(words) for _ in range(chance.randint(4, 12))) + "员(四级/中级工)"
        other = text.replace("员(四级/中级工)", "工(三级/高级工)")
        major = 61 + number * 20 // count
        code = f"{major}{1 + number % 9:02d}"
        at = chance.randrange(len(boxes))
        rows.append(
            change(kind, "entries", class_code=code, class_code_after=code, class_name=f"第{code}类", major_code=str(major),
                   major_name=f"第{major}大类", kind=chance.choice(("title", "skill", "industry")), tier="初级", tier_after="中级",
                   key=f"{number:016x}", before=None if kind == "entry_added" else text,
                   after=None if kind == "entry_removed" else other, confidence=round(chance.uniform(0.5, 1), 2),
                   group=f"{number // 4:016x}" if number < 400 else None, group_size=4 if number < 400 else 1,
                   **({} if kind == "entry_added" else boxes[at]), **({} if kind == "entry_removed" else after[at]))
        )  # fmt: skip
    return rows
