"""Items whose stated grade belongs to another tier by rule 3, summed up so that one decision settles many.

Where a cell states the same foreign grade at least ``SYSTEMATIC`` times, the class uses another scale (三级 in the 初级
column …), and every such cell of the document is one question. Single items are more likely misprints: one finding
per printed text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.quality.content import Entry, about, cell_name, places
from pipeline.quality.findings import Finding
from pipeline.schema import GRADE_LABELS, KINDS

SYSTEMATIC = 3
"""Items of one cell that state the same foreign grade: from here on it is a scale, no misprint."""


def tier_conflicts(entries: Sequence[Entry], credentials: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """The findings on all rows of ``credentials`` with ``tier_conflict``; keys are entry_ids."""
    rules: dict[str, list[str]] = {}
    for row in credentials:
        if row["tier_conflict"]:
            rules.setdefault(row["entry_id"], []).append(row["tier_by_rule"])
    at_fault = [entry for entry in entries if entry["entry_id"] in rules]
    per_cell = Counter((_cell(entry), _stated(entry)) for entry in at_fault)
    scales: dict[tuple[str, str, str], list[Entry]] = {}
    singles: dict[tuple[str, str], list[Entry]] = {}
    for entry in at_fault:
        if per_cell[_cell(entry), _stated(entry)] >= SYSTEMATIC:
            scales.setdefault((entry["kind"], entry["tier"], _stated(entry)), []).append(entry)
        else:
            singles.setdefault((entry["text"], entry["tier"]), []).append(entry)
    for (kind, tier, stated), group in scales.items():
        cells = len({_cell(entry) for entry in group})
        yield about(
            "tier_conflict",
            f"{KINDS[kind]}的{tier}栏有{cells}个单元格、{len(group)}个条目写明“{stated}”，按说明第3条应属"
            f"{_tiers(group, rules)}；已照原文发布，请核对这些专业类是否另有对应规则，属实则接受此项。",
            f"{kind}|{tier}|{stated}",
            group,
            table="credentials",
        )
    for (text, tier), group in singles.items():
        where = cell_name(group[0]) if len(group) == 1 else places(group)
        yield about(
            "tier_conflict",
            f"“{text}”列在{tier}（{where}），按说明第3条应属{_tiers(group, rules)}；"
            f"已照原文发布，请核对原文，属实则接受此项。",
            f"{text}|{tier}",
            group,
            table="credentials",
        )


def _cell(entry: Entry) -> tuple[str, str, str]:
    return entry["class_code"], entry["kind"], entry["tier"]


def _stated(entry: Entry) -> str:
    return "、".join(GRADE_LABELS[grade] for grade in entry["grades"]) or str(entry["level"])


def _tiers(group: Sequence[Entry], rules: Mapping[str, list[str]]) -> str:
    return "、".join(dict.fromkeys(tier for entry in group for tier in rules[entry["entry_id"]]))
