"""Truths to print that grow out of a known one: excerpts and the next edition (another province: ``province``)."""

from __future__ import annotations

import copy
import random
from typing import Any

from .annexes import bases
from .document import Truth
from .stock import fresh

Table = dict[str, Any]

# -- excerpts


def cut_table(table: Table, rows: int) -> Table:
    """The first ``rows`` body rows of an annex table, merges clipped."""
    head = len(table["header"])
    last = head + min(rows, len(table["rows"])) - 1
    merges = []
    for a, b, c, d in table["merges"]:
        if a <= last and (min(c, last), d) != (a, b):
            merges.append([a, b, min(c, last), d])
    return {"header": table["header"], "rows": table["rows"][:rows], "merges": merges}


def excerpt(
    truth: Truth, classes: int = 3, annex_rows: int = 6, sections: int = 2, annexes: int = 99
) -> Truth:
    """A small truth of the same shape: the first sections and classes, the first rows of every annex table."""
    out = copy.deepcopy(truth)
    out["sections"] = out["sections"][:sections]
    for section in out["sections"]:
        section["classes"] = section["classes"][:classes]
    out["annexes"] = out["annexes"][:annexes]
    for annex in out["annexes"]:
        annex["tables"] = [cut_table(t, annex_rows) for t in annex["tables"]]
    return refresh_toc(out)


def refresh_toc(truth: Truth) -> Truth:
    """Table of contents from the headings."""
    heads = [truth["catalogue_heading"], *(p["heading"] for p in truth["sections"] + truth["annexes"])]
    truth["toc"] = [{"text": h, "page": 0} for h in heads]
    return truth


# -- next year


def next_year(truth: Truth, seed: int = 2026) -> Truth:
    """The next edition of the same rulebook: reworded headers, renamed, new and lost classes, changed items and grades,
    annexes renumbered, one dropped, one new."""
    dice = random.Random(seed)
    out = copy.deepcopy(truth)
    year = str(seed)
    out["title"] = out["title"].replace("2025", year).replace("（试用版）", "")
    out["kind_labels"] = {
        "title": "本专业或相近专业非教师系列职务（职称）",
        "skill": "国家职业技能等级证书",
        "practice": "执业资格证书",
        "one_plus_x": "1+X职业技能等级证书",
        "industry": "行业内其他权威证书",
    }
    out["notes"] = [n.replace("附件1至附件19", "附件1至附件11") for n in out["notes"]] + [
        f"{len(out['notes']) + 1}. 本细则自{year}年3月1日起施行，由市教育委员会负责解释。"
    ]
    for n, section in enumerate(out["sections"]):
        classes = section["classes"]
        if n % 4 == 1 and len(classes) > 1:
            classes[0]["name"] = classes[0]["name"].removesuffix("类") + "与装备类"
        if n % 5 == 2 and len(classes) > 2:
            classes.pop(1)
        for cls in classes:
            for kind, tiers in cls["cells"].items():
                for tier, items in tiers.items():
                    if items and dice.random() < 0.25:
                        items.pop(dice.randrange(len(items)))
                    if dice.random() < 0.25:
                        items.insert(dice.randint(0, len(items)), fresh(kind, tier, dice))
                    if len(items) > 1 and dice.random() < 0.1:
                        at = dice.randrange(len(items) - 1)
                        items[at], items[at + 1] = items[at + 1], items[at]
                    for i, item in enumerate(items):
                        if kind == "skill" and dice.random() < 0.1:
                            items[i] = item.replace("一级/高级技师", "一级").replace(
                                "四级/中级工", "四级/中级"
                            )
    annexes = [a for n, a in enumerate(out["annexes"]) if n != 2]
    annexes.insert(4, bases(dice, "市"))
    out["annexes"] = annexes
    for number, annex in enumerate(annexes, start=1):
        annex["no"] = annex["printed_no"] = number
        annex["title"] = annex["title"].replace("2025", year)
        annex["heading"] = f"附件{number}：{annex['title']}"
        for table in annex["tables"]:
            head = table["header"][-1]
            table["header"][-1] = [
                {"主管部门": "主管单位", "评价组织": "培训评价组织"}.get(w, w) for w in head
            ]
    return refresh_toc(out)
