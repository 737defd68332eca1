"""A change as it is found, and the published table of them: provenance of both sides, marks, confidence, groups, ids."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.diff.side import Names, Row, Side
from pipeline.findings import CODES
from pipeline.schema.changes import CHANGE_KINDS, CHANGES
from pipeline.schema.common import KINDS, TIERS
from pipeline.text import squeeze


@dataclass(frozen=True, slots=True)
class At:
    """One side of a change: its text, the published rows it rests on (usually one), and where they belong."""

    text: str | None = None
    rows: Sequence[Row] = ()
    key: str | None = None
    class_code: str | None = None
    kind: str | None = None
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """One change. ``before`` or ``after`` is None where it only came or went.

    ``sure`` is how certain the pairing is (0–1), before the confidence of the rows themselves comes in.
    """

    change: str
    table: str
    before: At | None
    after: At | None
    field: str | None = None
    score: float | None = None
    sure: float = 1.0


_PRINTED = ("source", "page", "line", "x0", "top", "x1", "bottom", "cell_id")
"""The columns of a row that say where it is printed; every change carries them of both sides."""

_PLACES = ("class_code", "kind", "tier", "key")
"""What :class:`At` says of where a text belongs."""

_KIND_ORDER = {name: n for n, name in enumerate(CHANGE_KINDS)}
_COLUMNS = {name: n for n, name in enumerate(KINDS)}
_TIERS = {name: n for n, name in enumerate(TIERS)}


def _doubts(side: Side) -> frozenset[tuple[str, str]]:
    """(table, key) and ("cell", cell_id) of what an open finding suspects of being misread."""
    found: set[tuple[str, str]] = set()
    for row in side.rows("findings"):
        if row["status"] != "open" or not (row["code"] in CODES and CODES[row["code"]].queue == "reading"):
            continue
        keys = {row["key"], *row["keys"]} - {None}
        found.update((row["table"] or "", key) for key in keys)
        if not keys and row["cell_id"]:
            found.add(("cell", row["cell_id"]))
    return frozenset(found)


_KEYS = {"entries": "entry_id", "classes": "class_code", "majors": "major_code", "notes": "number"}


def _doubtful(draft: Draft, at: At, doubts: frozenset[tuple[str, str]]) -> bool:
    column = _KEYS.get(draft.table, "row_id")
    return any(
        (draft.table, str(row.get(column) or "")) in doubts or ("cell", str(row.get("cell_id"))) in doubts
        for row in at.rows
    )


def _common_marks(before: Side, after: Side) -> list[str]:
    """Marks that every change of this comparison carries."""
    unlike = {
        "unlike_sources": before.source != after.source,
        "unlike_versions": before.manifest.get("code_version") != after.manifest.get("code_version"),
    }
    return [mark for mark, holds in unlike.items() if holds]


def _hash(*parts: object) -> str:
    text = "\x1f".join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _group(draft: Draft) -> str:
    """Changes of one kind with the same words before and after are one decision, wherever they stand."""
    texts = (squeeze(at.text or "") if at else "" for at in (draft.before, draft.after))
    return _hash(draft.change, draft.table, draft.field, *texts)


def _confidence(draft: Draft, rows: Iterable[Row], marks: Sequence[str]) -> float:
    values = [row.get("confidence") for row in rows]
    least = min((float(value) for value in values if value is not None), default=1.0)
    doubt = 0.8 if any(mark.startswith("finding_") for mark in marks) else 1.0
    return round(max(0.0, min(1.0, least * draft.sure * doubt)), 4)


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


def _row(draft: Draft, sides: Mapping[str, At], names: Names) -> dict[str, Any]:
    """What changed and where: texts, places, and names for readers."""
    was, now = sides["before"], sides["after"]
    row: dict[str, Any] = {"change": draft.change, "table": draft.table, "field": draft.field}
    for column in _PLACES:
        first, second = getattr(was, column), getattr(now, column)
        row |= {column: first or second, f"{column}_after": second}
    for suffix, at in sides.items():
        row[suffix] = at.text
        row |= {f"{name}_{suffix}": at.rows[0].get(name) for name in _PRINTED if at.rows}
    code = row["class_code"] or ""
    major = row["key"] if draft.table == "majors" else names.major_of_class.get(code)
    row |= {"class_name": names.class_name(code), "major_code": major}
    return {**row, "major_name": names.majors.get(major or "")}


def changes_table(drafts: Sequence[Draft], read_differently: int, before: Side, after: Side) -> pa.Table:
    """The table ``changes``, in the order of a report.

    The schema's metadata holds ``read_differently``: how many differences were only differences of reading.
    """
    names, common = Names(before, after), _common_marks(before, after)
    doubts = {"before": _doubts(before), "after": _doubts(after)}
    releases = {
        f"{what}_{suffix}": getattr(side, what)
        for suffix, side in (("before", before), ("after", after))
        for what in ("edition", "release")
    }
    groups = [_group(draft) for draft in drafts]
    sizes = Counter(groups)
    repeats: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    for draft, group in zip(drafts, groups, strict=True):
        sides = {"before": draft.before or At(), "after": draft.after or At()}
        marks = [f"corrected_{at}" for at, one in sides.items() if any(r.get("corrected") for r in one.rows)]
        marks += [f"finding_{at}" for at, one in sides.items() if _doubtful(draft, one, doubts[at])]
        marks += common
        row = _row(draft, sides, names)
        place = (getattr(at, column) for column in _PLACES for at in sides.values())
        texts = (at.text for at in sides.values())
        # What tells a change from all others of its comparison.
        identity = _hash(draft.change, draft.table, *place, draft.field, *texts, before.name, after.name)
        repeats[identity] += 1
        row["change_id"] = identity if repeats[identity] == 1 else _hash(identity, repeats[identity])
        confidence = _confidence(draft, [*sides["before"].rows, *sides["after"].rows], marks)
        row |= {"score": draft.score, "confidence": confidence, "marks": marks}
        rows.append({**row, **releases, "group": group, "group_size": sizes[group]})
    table = CHANGES.build(sorted(rows, key=_order), before.edition)
    return table.replace_schema_metadata({"read_differently": str(read_differently)})
