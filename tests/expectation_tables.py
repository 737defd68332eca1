"""A small rulebook in which every expectation holds; tests break one thing at a time."""

# ruff: noqa: E501  (tables and cases are read as lists)
from __future__ import annotations

import copy
from typing import Any

import pyarrow as pa

from expectations import TocItem, ValidationContext
from pipeline.schema import GRADE_LABELS, TABLES, build, row_id

EDITION = "testland-2026"
PLACE = {
    "source": "pdf",
    "page": 2,
    "x0": 10.0,
    "top": 20.0,
    "x1": 90.0,
    "bottom": 30.0,
    "cell_id": "p2t1r0c0",
}

Rows = dict[str, list[dict[str, Any]]]

TOC = (
    TocItem("section", "一、61（41、21）农林牧渔大类目录", True, "1", 2),
    TocItem("section", "二、62（42、22）资源环境与安全大类目录", True, "2", 3),
    TocItem("annex", "附件2：比赛主办单位名单", True, "2", 4),
    TocItem("annex", "附件7：1+X证书目录", True, "7", 5),
)


def context(**changes: Any) -> ValidationContext:
    """The context that belongs to :func:`good_rows`."""
    settings: dict[str, Any] = {
        "edition": EDITION,
        "toc": TOC,
        "characters_in_tables": 1000,
        "characters_lost": 0,
    }
    return ValidationContext(**(settings | changes))


def _entries() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    listed = [
        ("6101", "skill", "初级", "花艺师(五级/初级工)", "花艺师", [5], None),
        ("6101", "skill", "高级", "花艺师(三级/二级)", "花艺师", [3, 2], None),
        ("6101", "one_plus_x", "中级", "植保无人机应用(中级)", "植保无人机应用", [], "中级"),
        ("6102", "title", "初级", "助理工程师", "助理工程师", [], None),
        ("6102", "title", "初级", "技术员", "技术员", [], None),
        ("6201", "practice", "高级", "注册测绘师", "注册测绘师", [], None),
    ]
    tiers = {5: "初级", 4: "中级", 3: "高级", 2: "高级", 1: "高级"}
    entries, credentials, places = [], [], dict[tuple[str, ...], int]()
    for number, (code, kind, tier, text, name, grades, level) in enumerate(listed):
        places[code, kind, tier] = places.get((code, kind, tier), 0) + 1
        own = {
            "entry_id": f"{number:016x}",
            "class_code": code,
            "kind": kind,
            "tier": tier,
            "name": name,
            **PLACE,
        }
        entries.append(
            own | {"position": places[code, kind, tier], "text": text, "grades": grades, "level": level}
        )
        for grade in grades or [None]:
            rule = level if grade is None else tiers[grade]
            label = None if grade is None else GRADE_LABELS[grade]
            credentials.append(
                own | {"grade": grade, "grade_label": label, "level": level, "tier_by_rule": rule}
            )
    return entries, credentials


def good_rows() -> Rows:
    """Rows of every table, by table name; fresh copies each time."""
    entries, credentials = _entries()
    rows: Rows = {
        "majors": [
            {"major_code": "61", "college_code": "41", "bachelor_code": "21", "ordinal": 1, "name": "农林牧渔大类", "present": True},
            {"major_code": "62", "college_code": "42", "ordinal": 2, "name": "资源环境与安全大类", "present": True},
        ],
        "classes": [
            {"class_code": "6101", "college_code": "4101", "bachelor_code": "2101", "name": "农业类", "major_code": "61"},
            {"class_code": "6102", "college_code": "4102", "name": "林业类", "major_code": "61"},
            {"class_code": "6201", "name": "资源勘查类", "major_code": "62"},
        ],
        "entries": entries,
        "credentials": credentials,
        "notes": [{"number": "1", "text": "本细则适用于双师型教师。"}],
        "annex_1_awards": [{"annex_no": 1, "category": "高技能人才称号", "name": "技术能手"}],
        "annex_2_organisers": [{"annex_no": 2, "no": str(n), "name": f"第{n}部"} for n in (1, 2, 3)],
        "annex_3_contests": [{"annex_no": 3, "no": "1", "type": "金砖", "example": "金砖大赛"}],
        "annex_4_associations": [
            {"annex_no": 4, "list": "双重管理", "no": "1", "name": "甲会"},
            {"annex_no": 4, "list": "双重管理", "no": "2", "name": "乙会"},
            {"annex_no": 4, "list": "脱钩", "no": "3", "name": "丙会"},
        ],
        "annex_5_evaluators": [
            {"annex_no": 5, "no": "1", "org": "甲", "authority": "乙", "occupation": "车工", "grades": [5, 4]}
        ],
        "annex_6_assessments": [
            {"annex_no": 6, "part": "社会化职业技能等级认定", "org_no": "1", "org": "甲", "org_code": "S000031100001",
             "no": str(n), "occupation_code": "6-18-01-01", "occupation": f"工种{n}", "grades": [3]} for n in (1, 2)
        ],
        "annex_7_one_plus_x": [
            {"annex_no": 7, "no": str(n), "org": "甲", "certificate": f"证书{n}", "batch": "第一批"} for n in (1, 2)
        ],
        "annex_8_qualifications": [
            {"annex_no": 8, "part": "专业技术人员", "no": "1", "name": "教师资格", "category": "准入类"},
            {"annex_no": 8, "part": "技能人员", "no": "1", "name": "焊工", "sub_name": "甲", "category": "准入类"},
            {"annex_no": 8, "part": "技能人员", "no": "1", "name": "焊工", "sub_name": "乙", "category": "准入类"},
        ],
        "annex_9_overseas": [
            {"annex_no": 9, "list": letter, "no": "1", "field": "工程", "certificate": "会士(FRSC)", "issuer": "学会"}
            for letter in "AB"
        ],
        "annex_10_titles": [
            {"annex_no": 10, "series_no": "1", "series": "教师", "ladder": 1, "rank": rank, "title": title}
            for rank, title in (("正高级", "教授"), ("副高级", "副教授"))
        ],
        "annex_11_mappings": [
            {"annex_no": 11, "no": "1", "qualification": "资产评估师", "rule": "经济师", "titles": ["经济师"]}
        ],
        "annex_other": [],
        "links": [{"entry_id": entries[0]["entry_id"], "table": "annex_7_one_plus_x", "row_id": "1", "method": "exact"}],
        "findings": [
            {"finding_id": "shanghai-2025:" + "a" * 16, "code": "text_outside_tables", "severity": "info", "queue": "document", "chance": 0.01, "message": "表外文字。", "evidence": "甲"}
        ],
        "cells": [
            {"cell_id": PLACE["cell_id"], "page": 2, "table_no": 1, "row": 0, "col": 0, "row_span": 1, "col_span": 1,
             "x0": 1.0, "top": 1.0, "x1": 9.0, "bottom": 9.0, "engine": "pdfplumber", "source": "pdf"}
        ],
    }  # fmt: skip
    for name, table_rows in rows.items():
        for row in table_rows:
            if name != "cells":
                row.update({key: value for key, value in PLACE.items() if key not in row})
            if TABLES[name].row_key:
                row["row_id"] = row_id(name, row)
    return copy.deepcopy({name: rows.get(name, []) for name in TABLES})


def tables_of(rows: Rows) -> dict[str, pa.Table]:
    """Arrow tables of ``rows``, as the pipeline builds them."""
    return {name: build(name, table_rows, EDITION) for name, table_rows in rows.items()}
