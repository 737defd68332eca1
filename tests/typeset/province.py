"""A rulebook of another province: other majors, class codes, items and annexes."""

from __future__ import annotations

import random

from .annexes import annexes_of
from .content import refresh_toc
from .document import Truth
from .hard import hard_cells
from .layout import TIERS
from .stock import PLACES, THINGS, class_cells

_ORDINALS = "一二三四五六七八九十"


def ordinal(n: int) -> str:
    """1 → 一 … 19 → 十九."""
    return _ORDINALS[n - 1] if n <= 10 else "十" + _ORDINALS[n - 11]


def province(
    seed: int = 1,
    majors: int = 8,
    classes: int = 5,
    scale: float = 1.0,
    moe: list[tuple[str, str, str]] | None = None,
    hard: float = 0.0,
    more: bool = False,
) -> Truth:
    """Another province's rulebook: invented majors, class codes, items and annexes (no word of a known edition's items).

    ``moe``: (class code, class name, major name) rows to take majors and classes from instead of invented ones.
    ``hard``: the share of classes that hold items which are hard to part as well.
    ``more``: annexes have further lists and remarks merged over rows.
    """
    dice = random.Random(f"province{seed}")
    place = dice.choice(PLACES)
    year = dice.randint(2023, 2027)
    tail = dice.choice(
        ("专业“双师型”教师非教师系列专业技术资格及相关职业资格证书目录", "“双师型”教师相关职业资格证书目录")
    )
    sections = []
    pool: dict[str, list[tuple[str, str]]] = {}
    names: dict[str, str] = {}
    if moe:
        for code, name, major in moe:
            pool.setdefault(code[:2], []).append((code, name))
            names[code[:2]] = major
    else:
        for n in range(majors):
            code = str(61 + n if n < 19 else 80)
            names[code] = "与".join(dice.sample(THINGS, 2)) + "大类"
            pool[code] = [
                (f"{code}{c:02}", "".join(dice.sample(THINGS, dice.choice((1, 1, 2)))) + "类")
                for c in range(1, 10)
            ]
    for n, major in enumerate(sorted(dice.sample(sorted(pool), min(majors, len(pool)))), start=1):
        alts = [str(int(major) - 20), str(int(major) - 40)]
        found = []
        chosen = sorted(
            dice.sample(pool[major], min(len(pool[major]), dice.randint(max(1, classes - 2), classes + 2)))
        )
        for code, name in chosen:
            cells = class_cells(dice)
            if hard and dice.random() < hard:
                cells = {kind: {t: list(dict.fromkeys(cells[kind][t] + hardly)) for t, hardly in tiers.items()}
                         for kind, tiers in hard_cells(dice).items()}  # fmt: skip
            found.append({"codes": [code, *(a + code[2:] for a in alts)], "name": name, "cells": cells})
        heading = f"{ordinal(n)}、{major}（{alts[0]}、{alts[1]}）{names[major]}{tail}"
        sections.append(
            {"ordinal": ordinal(n), "major_code": major, "alt_codes": alts, "name": names[major], "classes": found,
             "heading": heading, "page": 0}
        )  # fmt: skip
    truth = {
        "title": f"{year}年{place}双师型教师专业认定细则",
        "producer": "",
        "page_count": 0,
        "notes": [
            f"1. 本细则适用于{place}职业院校“双师型”教师认定，认定工作按{len(sections)}个专业大类开展。",
            "2. 职业资格证书等级按照五级制划分，其中：五级对应初级；四级对应中级；三级、二级、一级对应高级。",
        ],
        "kind_labels": {
            "title": "本专业或相近专业非教师系列职务（职称）",
            "skill": dice.choice(
                (
                    "国家技能等级证书（职业资格证书）",
                    "职业技能等级证书（职业资格证书）",
                    "国家职业技能等级证书",
                )
            ),
            "practice": dice.choice(("执业资格证书", "职业（执业）资格证书", "执业资格")),
            "one_plus_x": dice.choice(("1+X技能等级证书", "“1+X”职业技能等级证书", "1+X证书")),
            "industry": dice.choice(("行业内其它权威证书", "行业内其他权威证书", "其他行业权威证书")),
        },
        "tiers": list(TIERS),
        "catalogue_heading": tail.removeprefix("专业"),
        "toc": [],
        "sections": sections,
        "annexes": annexes_of(dice, place, scale, more),
    }
    return refresh_toc(truth)
