"""Items whose stated grade belongs to another tier by rule 3, summed up so that one decision settles many.

Three signs say that another scale is in use (三级 in the 初级 column …), and every such item of the document is then one
question: a cell states the same foreign grade at least ``SYSTEMATIC`` times; or one certificate's grades run evenly
through the tiers of its class (三级, 二级, 一级, or upwards 一级, 二级, 三级); or most graded items of the column, in at
least ``SYSTEMATIC`` classes, state it. Other single items are more likely misprints:
one finding per printed text; only an info where the item's own level words contradict each other, which is reported
for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from pipeline.arrow import grouped
from pipeline.findings import Finding
from pipeline.model import slot_of
from pipeline.quality.checks.content import Entry, about, cell_name, places
from pipeline.quality.checks.links import bare
from pipeline.schema import GRADE_LABELS, KINDS, TIERS
from pipeline.tidy.grades.levels import read_levels

SYSTEMATIC = 3
"""Items of one cell that state the same foreign grade: from here on it is a scale, no misprint."""


def tier_conflicts(entries: Sequence[Entry], credentials: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """The findings on all rows of ``credentials`` with ``tier_conflict``; keys are entry_ids."""
    rules: dict[str, list[str]] = {}
    for row in credentials:
        if row["tier_conflict"]:
            rules.setdefault(row["entry_id"], []).append(row["tier_by_rule"])
    at_fault = [entry for entry in entries if entry["entry_id"] in rules]
    usual = _usual(entries)
    per_cell = Counter((slot_of(entry), _stated(entry)) for entry in at_fault)
    running = _running(entries)
    scales: dict[tuple[str, str, str], list[Entry]] = {}
    singles: dict[tuple[str, str], list[Entry]] = {}
    for entry in at_fault:
        usually = (entry["kind"], entry["tier"], _stated(entry)) in usual
        if usually or per_cell[slot_of(entry), _stated(entry)] >= SYSTEMATIC or entry["entry_id"] in running:
            scales.setdefault((entry["kind"], entry["tier"], _stated(entry)), []).append(entry)
        else:
            singles.setdefault((entry["text"], entry["tier"]), []).append(entry)
    for (kind, tier, stated), group in list(scales.items()):
        if len({entry["text"] for entry in group}) == 1:  # nothing to sum up
            singles.setdefault((group[0]["text"], tier), []).extend(group)
            del scales[kind, tier, stated]
    for (kind, tier, stated), group in scales.items():
        cells = len({slot_of(entry) for entry in group})
        message = (
            f"{KINDS[kind]}的{tier}栏有{cells}个单元格、{len(group)}个条目写明“{stated}”，按说明第3条应属"
            f"{_tiers(group, rules)}；已照原文发布，请核对这些专业类是否另有对应规则，属实则接受此项。"
        )
        yield _finding(message, f"{kind}|{tier}|{stated}", group)
    for (text, tier), group in singles.items():
        where = cell_name(group[0]) if len(group) == 1 else places(group)
        message = (
            f"“{text}”列在{tier}（{where}），按说明第3条应属{_tiers(group, rules)}；"
            f"已照原文发布，请核对原文，属实则接受此项。"
        )
        yield _finding(message, f"{text}|{tier}", group)


def _finding(message: str, evidence: str, group: Sequence[Entry]) -> Finding:
    severity = "info" if all(read_levels(entry["text"]).conflict for entry in group) else ""
    return about("tier_conflict", message, evidence, group, table="credentials", severity=severity)


def _usual(entries: Sequence[Entry]) -> set[tuple[str, str, str]]:
    """The (kind, tier, grade words) of which most graded items of a column are, in at least ``SYSTEMATIC`` classes."""
    stated = (entry for entry in entries if entry["grades"])
    found = set()
    for (kind, tier), group in grouped(stated, itemgetter("kind", "tier")).items():
        words, count = Counter(_stated(entry) for entry in group).most_common(1)[0]
        classes = {entry["class_code"] for entry in group if _stated(entry) == words}
        if 2 * count > len(group) and len(classes) >= SYSTEMATIC:
            found.add((kind, tier, words))
    return found


def _running(entries: Sequence[Entry]) -> set[str]:
    """The entry_ids of certificates whose single grades go evenly up or down through the tiers of a class."""
    single = (entry for entry in entries if len(entry["grades"]) == 1)
    ladders = grouped(single, lambda entry: (entry["class_code"], entry["kind"], bare(entry["name"])))
    found: set[str] = set()
    for ladder in ladders.values():
        steps = sorted(((TIERS.index(entry["tier"]), entry) for entry in ladder), key=itemgetter(0))
        if len({at for at, _ in steps}) < len(steps):
            continue  # several in one tier
        pairs = list(zip(steps, steps[1:], strict=False))
        paces = {
            (later["grades"][0] - earlier["grades"][0]) / (to - at) for (at, earlier), (to, later) in pairs
        }
        if len(paces) == 1 and abs(paces.pop()) == 1:
            found.update(entry["entry_id"] for _, entry in steps)
    return found


def _stated(entry: Entry) -> str:
    return "、".join(GRADE_LABELS[grade] for grade in entry["grades"]) or str(entry["level"])


def _tiers(group: Sequence[Entry], rules: Mapping[str, list[str]]) -> str:
    return "、".join(dict.fromkeys(tier for entry in group for tier in rules[entry["entry_id"]]))
