"""The whole edition as tables, made from the truth file by the pipeline's own tidying (no PDF in between)."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import Any

import pyarrow as pa

from pipeline.schema import TABLES, build
from pipeline.text import normalise, squeeze
from pipeline.tidy.annexes import read_annexes
from pipeline.tidy.entries import entry_id
from pipeline.tidy.grades.levels import expand, read_levels, read_rule3
from pipeline.tidy.grades.names import organisation_names
from pipeline.vocabulary.headings import numeral
from tests.tidy.annexes.tables import TRUTH, annex_of, intended_lines

EDITION = "shanghai-2025"
Rows = dict[str, list[dict[str, Any]]]


@cache
def truth() -> dict[str, Any]:
    """The truth file."""
    return json.loads(TRUTH.read_text(encoding="utf-8"))


@cache
def truth_rows() -> Rows:
    """Rows by table name; links, findings, cells and coverage are empty."""
    data = truth()
    rows: Rows = {name: [] for name in TABLES}
    annexes = read_annexes([annex_of(a) for a in data["annexes"]], intended_lines)
    for name, found in annexes.rows.items():
        rows[name] = [dict(row, source="pdf") for row in found]
    names = {str(row["org"]) for name, found in rows.items() for row in found if row.get("org")}
    organisations = organisation_names(names)
    rule3 = read_rule3(data["notes"])
    for number, note in enumerate(data["notes"], 1):
        rows["notes"].append({"number": str(number), "text": normalise(note), "source": "pdf", "page": 3})
    for section in data["sections"]:
        where = {"source": "pdf", "page": section["page"]}
        others = [*section["alt_codes"], None, None]
        rows["majors"].append(
            {
                "major_code": section["major_code"],
                "college_code": others[0],
                "bachelor_code": others[1],
                "ordinal": numeral(section["ordinal"]),
                "name": section["name"],
                "toc_page": section["page"],
                "present": True,
                **where,
            }
        )
        for class_ in section["classes"]:
            _class_rows(rows, class_, section["major_code"], organisations, rule3)
    return rows


def _class_rows(
    rows: Rows, class_: dict[str, Any], major: str, organisations: frozenset[str], rule3: dict[int, str]
) -> None:
    code, college, bachelor = [*class_["codes"], None, None][:3]
    where = {"source": "pdf", "page": class_["pages"][0]}
    rows["classes"].append(
        {
            "class_code": code,
            "college_code": college,
            "bachelor_code": bachelor,
            "name": class_["name"],
            "major_code": major,
            **where,
        }
    )
    for kind, tiers in class_["cells"].items():
        for tier, items in tiers.items():
            seen: Counter[str] = Counter()
            for position, item in enumerate(items, 1):
                text = normalise(item)
                seen[squeeze(text)] += 1
                levels = read_levels(text, organisations)
                entry = {
                    "entry_id": entry_id(code, kind, tier, text, seen[squeeze(text)]),
                    "class_code": code,
                    "kind": kind,
                    "tier": tier,
                    "position": position,
                    "text": text,
                    "name": levels.name or text,
                    "issuer": levels.issuer,
                    "grades": list(levels.grades),
                    "level": levels.level,
                    "cell_id": f"{code}-{kind}-{tier}",
                    "top": 100.0 + 12 * position,
                    **where,
                }
                rows["entries"].append(entry)
                rows["credentials"].extend(expand(entry, rule3))


@cache
def truth_tables() -> dict[str, pa.Table]:
    """Every table of the contract."""
    return {name: build(name, rows, EDITION) for name, rows in truth_rows().items()}
