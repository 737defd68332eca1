"""From the changes found to the published table: provenance of both sides, marks, confidence, groups, identifiers."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from pipeline.diff.model import PLACE, Draft, Row, Side
from pipeline.schema.build import build_table
from pipeline.schema.changes import CHANGE_KINDS, CHANGES
from pipeline.schema.common import KINDS, TIERS
from pipeline.text import squeeze

# Findings that say: what is printed there may be something else. The others judge content that was read well.
MISREADING = frozenset(
    {
        "annex_grades_unread", "annex_rule_unread", "annex_text_unplaced", "annex_value_missing", "boundary_uncertain",
        "brackets_unbalanced", "catalogue_text_unplaced", "class_code_missing", "class_inferred", "cross_check_structure",
        "cross_check_text", "item_cut_off", "item_implausible", "item_length", "items_run_together",
        "merged_across_columns", "name_near_duplicate", "number_inferred", "span_uncertain", "text_implausible",
        "transcriber_repetition", "uncertain_alignment", "uncertain_span", "undecodable_text", "value_carried_over",
    }
)  # fmt: skip

_KIND_ORDER = {name: n for n, name in enumerate(CHANGE_KINDS)}
_COLUMNS = {name: n for n, name in enumerate(KINDS)}
_TIERS = {name: n for n, name in enumerate(TIERS)}


def doubts(side: Side) -> frozenset[tuple[str, str]]:
    """(table, key) and ("cell", cell_id) of what an open finding suspects of being misread."""
    table = side.tables.get("findings")
    if table is None:
        return frozenset()
    names = ["code", "status", "table", "key", "keys", "cell_id"]
    found: set[tuple[str, str]] = set()
    for row in table.select(names).to_pylist():
        if row["status"] != "open" or row["code"] not in MISREADING:
            continue
        keys = {row["key"], *row["keys"]} - {None}
        found.update((row["table"] or "", key) for key in keys)
        if not keys and row["cell_id"]:
            found.add(("cell", row["cell_id"]))
    return frozenset(found)


def _key_of(row: Row, table: str) -> str:
    names = {"entries": "entry_id", "classes": "class_code", "majors": "major_code", "notes": "number"}
    return str(row.get(names.get(table, "row_id")) or "")


def _marks(
    draft: Draft,
    doubtful: Mapping[str, frozenset[tuple[str, str]]],
    common: tuple[str, ...],
) -> list[str]:
    marks = []
    sides = {"before": draft.rows_before, "after": draft.rows_after}
    for side, rows in sides.items():
        if any(row.get("corrected") for row in rows):
            marks.append(f"corrected_{side}")
    for side, rows in sides.items():
        known = doubtful[side]
        if any(
            (draft.table, _key_of(row, draft.table)) in known or ("cell", str(row.get("cell_id"))) in known
            for row in rows
        ):
            marks.append(f"finding_{side}")
    return [*marks, *common]


def _common_marks(before: Side, after: Side) -> tuple[str, ...]:
    """Marks that every change of this comparison carries."""
    marks = []
    if before.manifest.get("source", {}).get("kind") != after.manifest.get("source", {}).get("kind"):
        marks.append("unlike_sources")
    if before.manifest.get("code_version") != after.manifest.get("code_version"):
        marks.append("unlike_versions")
    return tuple(marks)


def _hash(*parts: object) -> str:
    text = "\x1f".join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _group(draft: Draft) -> str:
    """Changes of one kind with the same words before and after are one decision, wherever they stand."""
    before, after = squeeze(draft.before or ""), squeeze(draft.after or "")
    return _hash(draft.change, draft.table, draft.field, before, after)


def _confidence(draft: Draft, marks: Iterable[str]) -> float:
    values = [row.get("confidence") for row in (*draft.rows_before, *draft.rows_after)]
    least = min((float(value) for value in values if value is not None), default=1.0)
    doubt = 0.8 if any(mark.startswith("finding_") for mark in marks) else 1.0
    return round(max(0.0, min(1.0, least * draft.sure * doubt)), 4)


def _place(rows: tuple[Row, ...], suffix: str) -> dict[str, Any]:
    if not rows:
        return {}
    return {f"{name}_{suffix}": rows[0].get(name) for name in PLACE}


class _Names:
    """Names of classes and major groups, for readers."""

    def __init__(self, before: Side, after: Side) -> None:
        self.classes: dict[str, tuple[str, str]] = {}
        self.majors: dict[str, str] = {}
        for side in (after, before):
            for row in side.rows("classes"):
                self.classes[row["class_code"]] = row["name"], row["major_code"]
            for row in side.rows("majors"):
                self.majors[row["major_code"]] = row["name"]

    def of(self, draft: Draft) -> dict[str, str | None]:
        code = draft.class_code or draft.class_code_after
        name, major = self.classes.get(code or "", (None, None))
        if draft.table == "majors":
            major = draft.key or draft.key_after
        return {"class_name": name, "major_code": major, "major_name": self.majors.get(major or "")}


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """The order of a report: kind of change, class, column, then where it is printed."""
    side = "before" if row.get("page_before") or row.get("line_before") else "after"
    return (
        _KIND_ORDER[row["change"]],
        row["class_code"] or row["class_code_after"] or "",
        row["table"],
        _COLUMNS.get(row["kind"] or row["kind_after"], 9),
        _TIERS.get(row["tier"] or row["tier_after"], 9),
        row.get(f"page_{side}") or row.get(f"line_{side}") or 0,
        row.get(f"top_{side}") or 0.0,
        row["key"] or row["key_after"] or "",
        row["field"] or "",
        row["before"] or "",
        row["after"] or "",
    )


def changes_table(drafts: Iterable[Draft], before: Side, after: Side, read_differently: int = 0) -> pa.Table:
    """The table ``changes`` of the drafts, in the order of a report.

    The schema's metadata holds ``read_differently``: how many differences were only differences of reading.
    """
    names, common = _Names(before, after), _common_marks(before, after)
    doubtful = {"before": doubts(before), "after": doubts(after)}
    found = list(drafts)
    sizes = Counter(map(_group, found))
    repeats: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    for draft in found:
        marks, group = _marks(draft, doubtful, common), _group(draft)
        identity = _hash(
            draft.change, draft.table, draft.class_code, draft.class_code_after, draft.kind, draft.kind_after,
            draft.tier, draft.tier_after, draft.key, draft.key_after, draft.field, draft.before, draft.after,
            before.name, after.name,
        )  # fmt: skip
        repeats[identity] += 1
        rows.append(
            {
                "change_id": identity if repeats[identity] == 1 else _hash(identity, repeats[identity]),
                "change": draft.change,
                "table": draft.table,
                "class_code": draft.class_code or draft.class_code_after,
                "class_code_after": draft.class_code_after,
                **names.of(draft),
                "kind": draft.kind or draft.kind_after,
                "kind_after": draft.kind_after,
                "tier": draft.tier or draft.tier_after,
                "tier_after": draft.tier_after,
                "key": draft.key or draft.key_after,
                "key_after": draft.key_after,
                "field": draft.field,
                "before": draft.before,
                "after": draft.after,
                **_place(draft.rows_before, "before"),
                **_place(draft.rows_after, "after"),
                "edition_before": before.edition,
                "release_before": before.release,
                "edition_after": after.edition,
                "release_after": after.release,
                "score": draft.score,
                "confidence": _confidence(draft, marks),
                "marks": marks,
                "group": group,
                "group_size": sizes[group],
            }
        )
    table = build_table(CHANGES, sorted(rows, key=_order), before.edition)
    return table.replace_schema_metadata({"read_differently": str(read_differently)})
