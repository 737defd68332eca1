"""The review's data as plain JSON: the state of the work, one page, the rows behind a finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pipeline.findings import CODES
from pipeline.quality.correction_template import USUAL
from pipeline.quality.decisions import affected, by_worth, keys_of, remedy
from pipeline.review.lines import where_of
from pipeline.review.model import NOT_SHOWN, Material, Page, Row
from pipeline.schema import ANNEX_TABLES, GRADE_LABELS, KINDS, SEVERITIES, TABLES, TIERS

LOW = 0.8
"""Cells and rows below this confidence are shown as doubtful."""

ROWS_SHOWN = 200
"""How many of the rows behind one finding are listed."""

_SHORT_KINDS = {
    "title": "职称",
    "skill": "技能等级",
    "practice": "执业资格",
    "one_plus_x": "1+X",
    "industry": "行业证书",
}


def state(
    material: Material, findings: Sequence[Row], reviewed: Collection[str], pages: Collection[int]
) -> Row:
    """The whole work: edition, pages with their open points, findings in the order of the work.

    ``findings``: the material's, with their status as decided now; ``reviewed`` and ``pages``: what was looked at.
    """
    open_on = Counter(
        material.page_of(row) for row in findings if row["status"] == "open" and row["finding_id"] not in reviewed
    )  # fmt: skip
    return {
        "edition": material.edition.name,
        "title": material.edition.source.title,
        "kind": material.kind,
        "release": material.release,
        "picture": material.sha256[:16],
        "notice": material.notice,
        "kinds": {name: {"label": label, "short": _SHORT_KINDS[name]} for name, label in KINDS.items()},
        "tiers": list(TIERS),
        "classes": [[code, name] for code, name in sorted(material.class_names.items())],
        "codes": {code.code: [code.title_zh, USUAL.get(code.code, "replace")] for code in CODES.values()},
        "pages": [
            {
                "n": page.number,
                "label": page_label(material, page),
                "open": open_on[page.number],
                "findings": len(material.findings_on.get(page.number, ())),
                "low": sum(cell["confidence"] < LOW for cell in material.cells_on.get(page.number, ())),
                "reviewed": page.number in pages,
            }
            for page in material.pages
        ],
        "findings": [_finding(material, row, reviewed) for row in by_worth(findings)],
    }


def page_label(material: Material, page: Page) -> str:
    """A page in words."""
    if material.pictured:
        return f"第{page.number}页"
    return f"第{page.first}–{page.last}行" if page.last else f"表{page.number}"


def _finding(material: Material, row: Mapping[str, Any], reviewed: Collection[str]) -> Row:
    keys = keys_of(row)
    return {
        "id": row["finding_id"],
        "code": row["code"],
        "severity": row["severity"],
        "queue": row["queue"],
        "chance": _rounded(row["chance"]),
        "status": row["status"],
        "reviewed": row["finding_id"] in reviewed,
        "rows": affected(row),
        "page": material.page_of(row),
        "line": row["line"],
        "cell": row["cell_id"],
        "table": row["table"],
        "key": keys[0] if keys else None,
        "message": row["message"],
        "evidence": row["evidence"],
        "remedy": remedy(row["code"]),
        "confidence": _rounded(row["confidence"]),
        "box": _box(row),
    }


def page(material: Material, number: int) -> Row:
    """One page: its size or lines, cells with their boxes, and the rows that start on it.

    Raises KeyError when there is no such page.
    """
    if not 1 <= number <= len(material.pages):
        raise KeyError(number)
    one = material.pages[number - 1]
    graver = _graver(material, number)
    cells = [
        {
            "id": cell["cell_id"],
            "box": _box(cell),
            "line": cell["line"],
            "confidence": _rounded(cell["confidence"]),
            "text": "\n".join(cell["texts"]),
            "place": [cell["table_no"], cell["row"], cell["col"], cell["row_span"], cell["col_span"]],
            "severity": graver.get(cell["cell_id"]),
            "continues": material.continues.get(cell["cell_id"]),
        }
        for cell in material.cells_on.get(number, ())
        # A transcript's empty cells have no place on the page.
        if cell["texts"] or material.kind != "transcript" or cell["cell_id"] in graver
    ]
    made: Row = {
        "n": number,
        "label": page_label(material, one),
        "width": one.width,
        "height": one.height,
        "cells": cells,
        "rows": [shown(material, table, row) for table, row in material.rows_on.get(number, ())],
    }
    if material.kind == "transcript":
        made["first"] = one.first
        made["lines"] = list(material.lines[one.first - 1 : one.last])
    return made


def _graver(material: Material, number: int) -> dict[str, str]:
    """Cell → the gravest finding about it or about a row that starts in it."""
    about = [(row["cell_id"], row["severity"]) for row in material.findings_on.get(number, ())]
    for row in material.findings:
        named = [material.by_key.get((_table_of(row["table"]), key)) for key in row["keys"]]
        here = [one for one in named if one is not None and material.page_of(one) == number]
        about += [(one["cell_id"], row["severity"]) for one in here]
    about.sort(key=lambda one: list(SEVERITIES).index(one[1]), reverse=True)
    return {cell: severity for cell, severity in about if cell}


def _table_of(table: str | None) -> str:
    return "entries" if table in ("credentials", "links") else table or ""


def rows_of(material: Material, finding_id: str) -> Row:
    """The rows that a finding is about. Raises KeyError when there is no such finding."""
    row = material.by_id[finding_id]
    keys = keys_of(row)
    table = _table_of(row["table"])
    found = [known for key in keys if (known := material.by_key.get((table, key))) is not None]
    return {"total": len(keys), "rows": [shown(material, table, one) for one in found[:ROWS_SHOWN]]}


def slot(material: Material, class_code: str, kind: str, tier: str) -> list[Row]:
    """The items of a catalogue cell in reading order."""
    return [shown(material, "entries", row) for row in material.slots.get((class_code, kind, tier), ())]


def shown(material: Material, table: str, row: Mapping[str, Any]) -> Row:
    """A row as the page shows it: text, labelled fields, and how a correction names its place."""
    declared = TABLES[table]
    key = row["entry_id"] if table == "entries" else "/".join(str(row[name]) for name in declared.key)
    made: Row = {
        "table": table,
        "title": declared.title_zh,
        "id": row["row_id"] if table in ANNEX_TABLES else key,
        "page": material.page_of(row),
        "line": row["line"],
        "cell": row["cell_id"],
        "box": _box(row),
        "confidence": _rounded(row["confidence"]),
        "corrected": bool(row["corrected"]),
        "attention": bool(row.get("requires_attention")),
    }
    if table == "entries":
        return made | _entry(material, row)
    values = [
        (name, row[name])
        for name in declared.names
        if name not in NOT_SHOWN and row.get(name) not in (None, [])
    ]
    made["text"] = " | ".join(_words(name, value) for name, value in values)
    made["fields"] = [[declared.by_name[name].title_zh, _words(name, value)] for name, value in values]
    if table in ANNEX_TABLES:
        made["where"] = {"annex": row["annex_no"], "row_id": row["row_id"]}
        made["columns"] = [
            [name, declared.by_name[name].title_zh, _parts(name, value)] for name, value in values
        ]
        made["place"] = f"附件{row['annex_no']} {declared.title_zh} {row['row_id']}"
    return made


def _entry(material: Material, row: Mapping[str, Any]) -> Row:
    class_name = material.class_names.get(row["class_code"], "")
    fields = [["名称", row["name"]]]
    if row["issuer"]:
        fields.append(["发证机构", row["issuer"]])
    if row["grades"]:
        fields.append(["技能等级", _words("grades", row["grades"])])
    if row["level"]:
        fields.append(["级别", row["level"]])
    return {
        "text": row["text"],
        "fields": fields,
        "where": where_of(material, row),
        "position": row["position"],
        "place": f"{row['class_code']}{class_name} · {_SHORT_KINDS[row['kind']]} · {row['tier']} · 第{row['position']}条",
    }


def _words(name: str, value: Any) -> str:
    if name == "grades":
        return "、".join(GRADE_LABELS.get(grade, str(grade)) for grade in value)
    if isinstance(value, list):
        return "；".join(map(str, value))
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)


def _parts(name: str, value: Any) -> list[str]:
    """The texts that a correction may name in an annex value: each of a list's, the grades as one."""
    if name == "grades":
        return ["、".join(map(str, value))]
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _box(row: Mapping[str, Any]) -> list[float] | None:
    if row["x0"] is None or row["top"] is None:
        return None
    return [round(float(row[name]), 1) for name in ("x0", "top", "x1", "bottom")]


def _rounded(value: float | None) -> float:
    return round(float(value if value is not None else 1.0), 2)
