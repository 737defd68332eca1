"""Sample tables for tests of publishing and querying: the truth of an edition in the contract's shape."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pyarrow as pa

from pipeline.editions.edition import load_edition
from pipeline.findings import CODES, Finding
from pipeline.releases.manifest import SourceInfo
from pipeline.schema import GRADE_LABELS, TABLES, build, row_id
from pipeline.text import normalise

EDITION = "shanghai-2025"
DATA = Path(__file__).parent / "data"
_GRADES = {"五级": 5, "四级": 4, "三级": 3, "二级": 2, "一级": 1}
_STATED = re.compile(r"\((?P<words>[^()]*?[一二三四五]级[^()]*)\)$")
_TIER_OF = {5: "初级", 4: "中级", 3: "高级", 2: "高级", 1: "高级"}


def _grades(text: str) -> tuple[str, list[int]]:
    stated = _STATED.search(text)
    if stated is None:
        return text, []
    return text[: stated.start()], [grade for word, grade in _GRADES.items() if word in stated["words"]]


def _entry_id(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:16]


@cache
def _truth() -> dict:
    return json.loads((DATA / f"{EDITION}.truth.json").read_text(encoding="utf-8"))


@cache
def truth_rows(limit: int | None = None) -> dict[str, list[dict[str, object]]]:
    """Rows by table name; at most ``limit`` classes."""
    truth = _truth()
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in TABLES}
    for ordinal, section in enumerate(truth["sections"], 1):
        where = {"source": "pdf", "page": section["page"]}
        alternatives = [*section["alt_codes"], None, None]
        rows["majors"].append(
            {
                "major_code": section["major_code"],
                "college_code": alternatives[0],
                "bachelor_code": alternatives[1],
                "ordinal": ordinal,
                "name": section["name"],
                "toc_page": section["page"],
                "present": True,
                **where,
            }
        )
        for class_ in section["classes"]:
            if limit is None or len(rows["classes"]) < limit:
                _class_rows(rows, class_, section["major_code"])
        if limit is not None and len(rows["classes"]) >= limit:
            break
    _annex_rows(rows, truth["annexes"])
    _quality_rows(rows)
    return rows


def _annex_rows(rows: dict[str, list[dict[str, object]]], annexes: list[dict]) -> None:
    """Annexes 7 and 8 (its first part): one with plain columns, one with lists."""
    plain, lists = (next(annex for annex in annexes if annex["no"] == no) for no in (7, 8))
    for top, (no, org, certificate, batch) in enumerate(plain["tables"][0]["rows"][:40]):
        row = {"annex_no": 7, "row_id": no, "no": no, "org": org, "certificate": certificate, "batch": batch}
        rows["annex_7_one_plus_x"].append({**row, "source": "pdf", "page": plain["page"], "top": float(top)})
    for no, name, sub_name, departments, category, basis in lists["tables"][0]["rows"]:
        different = sub_name if sub_name != name else None
        row = {"part": "专业技术人员", "no": no, "name": name, "sub_name": different, "category": category}
        row |= {"departments": departments.split("\n"), "legal_basis": basis.split("\n")}
        row |= {"annex_no": 8, "row_id": row_id("annex_8_qualifications", row)}
        rows["annex_8_qualifications"].append({**row, "source": "pdf", "page": lists["page"]})


def _quality_rows(rows: dict[str, list[dict[str, object]]]) -> None:
    entry, row = rows["entries"][0], rows["annex_7_one_plus_x"][0]
    finding = Finding("text_outside_tables", "表格外有文字。", "目录", page=1)
    link = {"table": "annex_7_one_plus_x", "row_id": row["row_id"], "method": "fuzzy", "score": 0.75}
    rows["links"].append({"entry_id": entry["entry_id"], **link, "source": "pdf", "page": entry["page"]})
    rows["findings"].append(
        {
            "finding_id": f"{EDITION}:{finding.digits}",
            "code": finding.code,
            "queue": CODES[finding.code].queue,
            "chance": finding.likelihood,
            "severity": finding.level,
            "message": finding.message,
            "evidence": finding.evidence,
            "page": finding.page,
            "source": "pdf",
        }
    )
    box = {"x0": 72.0, "top": 100.0, "x1": 120.0, "bottom": 110.5}
    for col, text in enumerate(("助理", "农艺师")):
        line = {"text": text, **box}
        cell = {
            "cell_id": f"p4-{col}",
            "page": 4,
            "table_no": 0,
            "row": 0,
            "col": col,
            "row_span": 1,
            "col_span": 1,
        }
        cell |= {"lines": [line], "advances": [[10.5] * len(text)], "sizes": [10.5], "engine": "test"}
        rows["cells"].append({**cell, **box, "source": "pdf"})


def _class_rows(rows: dict[str, list[dict[str, object]]], class_: dict, major_code: str) -> None:
    codes = [*class_["codes"], None, None]
    where = {"source": "pdf", "page": class_["pages"][0]}
    code = codes[0]
    rows["classes"].append(
        {
            "class_code": code,
            "college_code": codes[1],
            "bachelor_code": codes[2],
            "name": class_["name"],
            "major_code": major_code,
            **where,
        }
    )
    seen: dict[tuple[str, ...], int] = {}
    for kind, tiers in class_["cells"].items():
        for tier, items in tiers.items():
            for position, item in enumerate(items, 1):
                text = normalise(item)
                name, grades = _grades(text)
                occurrence = seen[code, kind, tier, text] = seen.get((code, kind, tier, text), 0) + 1
                entry = {
                    "entry_id": _entry_id(code, kind, tier, text, occurrence),
                    "class_code": code,
                    "kind": kind,
                    "tier": tier,
                    "name": name,
                    **where,
                    "x0": 72.0,
                    "top": 100.0 + position,
                    "x1": 120.0,
                    "bottom": 110.0 + position,
                    "cell_id": f"{code}-{kind}-{tier}",
                }
                rows["entries"].append({**entry, "position": position, "text": text, "grades": grades})
                for grade in grades or [None]:
                    rule = _TIER_OF.get(grade) if grade else None
                    rows["credentials"].append(
                        {
                            **entry,
                            "grade": grade,
                            "grade_label": GRADE_LABELS.get(grade),
                            "tier_by_rule": rule,
                            "tier_conflict": rule is not None and rule != tier,
                        }
                    )


@cache
def sample_tables(limit: int | None = None, edition: str = EDITION) -> dict[str, pa.Table]:
    """Every table of the contract (most annexes empty)."""
    return {name: build(name, rows, edition) for name, rows in truth_rows(limit).items()}


def source_info(home: Path | None = None, kind: str = "pdf", edition: str = EDITION) -> SourceInfo:
    """The project's own edition as a release's source."""
    known = SourceInfo.of(load_edition(home or Path(__file__).parents[1], EDITION), kind)
    return replace(known, edition=edition)
