"""Invented annexes of another province, of the shapes that rulebooks have (and one that none had before)."""

from __future__ import annotations

import random
from typing import Any

from .stock import ACTS, BUREAUS, FIRMS, LATIN, THINGS, occupation

Table = dict[str, Any]


def bases(dice: random.Random, place: str) -> dict[str, Any]:
    """An annex that no edition before had: practice bases, merged by region."""
    rows, merges = [], []
    number = 0
    for region in ("城东片区", "城西片区", "北部山区", "滨海新区"):
        start = len(rows) + 1
        for _ in range(dice.randint(1, 5)):
            number += 1
            rows.append(
                [
                    region,
                    str(number),
                    f"{dice.choice(FIRMS)}{dice.choice(THINGS)}集团有限公司",
                    occupation(dice),
                    f"{dice.randint(5, 60)}人",
                ]
            )
        if len(rows) > start:
            merges.append([start, 0, len(rows), 0])
    header = [["所在区域", "编号", "实践基地名称", "岗位方向", "年接收人数"]]
    title = f"{place}职业教育教师企业实践基地名单"
    return {
        "no": 0,
        "printed_no": 0,
        "title": title,
        "heading": "",
        "page": 0,
        "tables": [{"header": header, "rows": rows, "merges": merges}],
    }


def _numbered(header: list[str], make: Any, count: int) -> Table:
    rows = [[str(n), *make(n)] for n in range(1, count + 1)]
    return {"header": [header], "rows": rows, "merges": []}


def _spans(values: list[str], first: int, col: int) -> list[list[int]]:
    """Merges of equal neighbours in a column whose first value stands in grid row ``first``."""
    merges, start = [], 0
    for n in range(1, len(values) + 1):
        if n == len(values) or values[n] != values[start]:
            if n - start > 1:
                merges.append([first + start, col, first + n - 1, col])
            start = n
    return merges


def _associations(dice: random.Random, count: int) -> Table:
    rows, n = [], 0
    used: str | None = None
    while n < count:
        bureau = dice.choice([b for b in BUREAUS if b != used])
        used = bureau
        for _ in range(dice.choice((1, 1, 2, 3, 6, 14, 30))):
            n += 1
            rows.append(
                [
                    str(n),
                    f"{dice.choice(THINGS)}{dice.choice(('行业协会', '学会', '商会', '产业联合会'))}",
                    bureau,
                ]
            )
    header = [["一、双重管理行业协会商会名单"] * 3, ["序号", "行业协会商会", "业务主管单位"]]
    return {"header": header, "rows": rows, "merges": [[0, 0, 0, 2], *_spans([r[2] for r in rows], 2, 2)]}


def _assessments(dice: random.Random, place: str, count: int) -> Table:
    rows: list[list[str]] = []
    for org in range(1, count + 1):
        name = f"{place}{dice.choice(THINGS)}{dice.choice(('技术学院', '有限公司', '研究院', '行业协会'))}"
        code = f"S0000{dice.randint(30, 65)}{dice.randint(1000000, 9999999)}"
        for n in range(1, dice.choice((1, 1, 2, 3, 9)) + 1):
            grades = dice.choice(("5", "5、4", "5、4、3", "4、3", "4、3、2、1", "5、4、3、2、1"))
            job = f"{dice.randint(2, 6)}-{dice.randint(1, 30):02}-{dice.randint(1, 20):02}-{dice.randint(1, 30):02}"
            rows.append([str(org), name, code, str(n), job, occupation(dice), grades])
    header = [
        ["一、社会化职业技能等级认定"] * 7,
        ["编号", "评价机构名称", "机构备案号", "序号", "职业编码", "职业（工种）", "等级"],
    ]
    merges = [[0, 0, 0, 6]]
    for col in range(3):
        merges += [[a, col, c, col] for a, _, c, _ in _spans([r[0] for r in rows], 2, 0)]
    return {"header": header, "rows": rows, "merges": merges}


def _titles(dice: random.Random, count: int) -> Table:
    rows, merges = [], [[0, 0, 1, 0], [0, 1, 1, 1], [0, 2, 0, 6], [1, 2, 1, 3], [1, 5, 1, 6]]
    for n in range(1, count + 1):
        series = f"{dice.choice(THINGS)}专业人员"
        start = len(rows) + 2
        for _ in range(dice.choice((1, 1, 2, 4))):
            t = dice.choice(THINGS) + dice.choice(("师", "工程师", "经济师"))
            rows.append(
                [
                    str(n),
                    series,
                    f"正高级{t}",
                    f"高级{t}",
                    t,
                    f"助理{t}",
                    dice.choice(("", t.removesuffix("师") + "员")),
                ]
            )
        if len(rows) + 1 > start:
            merges += [[start, 0, len(rows) + 1, 0], [start, 1, len(rows) + 1, 1]]
    top = ["序号", "名称", *["各层级职称名称"] * 5]
    return {
        "header": [top, ["序号", "名称", "高级", "高级", "中级", "初级", "初级"]],
        "rows": rows,
        "merges": merges,
    }


def _mappings(dice: random.Random, count: int) -> Table:
    def make(_: int) -> list[str]:
        t = dice.choice(THINGS)
        shape = dice.randrange(4)
        rule = (
            f"{t}工程师",
            f"一级注册{t}师：工程师\n二级注册{t}师：助理工程师",
            f"{dice.randint(2012, 2021)}年前取得：工程师或者经济师；\n{dice.randint(2022, 2024)}年后取得：经济师",
            f"初级资格：助理{t}师\n中级资格：{t}师\n高级资格：高级{t}师",
        )[shape]
        return [f"{t}{dice.choice(('职业资格', '专业技术资格', '师'))}", rule]

    return _numbered(["序号", "国家职业资格名称", "可对应的职称"], make, count)


def _overseas(dice: random.Random, letter: str, count: int, swap: bool) -> Table:
    rows: list[list[str]] = []
    while len(rows) < count:
        area = f"{dice.choice(THINGS)}、{dice.choice(THINGS)}及相关领域"
        for _ in range(dice.choice((1, 2, 4))):
            issuer = f"{dice.choice(('英国', '德国', '新加坡', '新西兰'))}{dice.choice(THINGS)}学会 (Institute of {dice.choice(LATIN)} Practice, I{dice.choice('ABCDE')}P)"
            for _ in range(dice.choice((1, 1, 2, 3))):
                cert = f"{dice.choice(('特许', '注册', '资深'))}{dice.choice(THINGS)}师 (Chartered {dice.choice(LATIN)} Member)"
                rows.append(
                    [str(len(rows) + 1), area, issuer, cert]
                    if swap
                    else [str(len(rows) + 1), area, cert, issuer]
                )
    names = (
        ["序号", "行业领域", "发证机构", "职业资格证书"]
        if swap
        else ["序号", "行业领域", "职业资格证书", "发证机构"]
    )
    at = 2 if swap else 3
    merges = [[0, 0, 0, 3], *_spans([r[1] for r in rows], 2, 1), *_spans([r[1] + r[at] for r in rows], 2, at)]
    return {"header": [[f"{letter}类"] * 4, names], "rows": rows, "merges": merges}


def _qualifications(dice: random.Random, count: int) -> Table:
    rows: list[list[str]] = []
    merges = [[0, 0, 0, 5], [1, 1, 1, 2]]
    for n in range(1, count + 1):
        name = f"{dice.choice(THINGS)}{dice.choice(('专业人员资格', '师', '执业资格'))}"
        subs = dice.choice((1, 1, 1, 3))
        start = len(rows) + 2
        bureau = "\n".join(dice.sample(BUREAUS, dice.choice((1, 1, 2))))
        category = dice.choice(("准入类", "水平评价类"))
        for _ in range(subs):
            sub = name if subs == 1 else f"{dice.choice(THINGS)}{dice.choice(ACTS)}人员"
            basis = "\n".join(
                f"《{dice.choice(THINGS)}{dice.choice(('管理条例', '安全法', '从业人员职业资格制度规定'))}》"
                + dice.choice(
                    (
                        "",
                        f"（{dice.choice(BUREAUS)}令{dice.randint(2005, 2023)}年第{dice.randint(1, 90)}号）",
                    )
                )
                for _ in range(dice.choice((1, 1, 2, 4)))
            )
            rows.append([str(n), name, sub, bureau, category, basis])
        last = len(rows) + 1
        if subs == 1:
            merges.append([start, 1, start, 2])
        else:
            merges += [[start, c, last, c] for c in (0, 1, 3, 4)]
    header = [
        ["一、专业技术人员职业资格"] * 6,
        ["序号", "职业资格名称", "职业资格名称", "实施部门（单位）", "资格类别", "设定依据"],
    ]
    return {"header": header, "rows": rows, "merges": merges}


def _further_associations(dice: random.Random, count: int) -> Table:
    """The second list of associations: a column more, its leaders merged."""
    first = _associations(dice, count)
    rows = [[*row, row[2].removesuffix("厅") + "学会"] for row in first["rows"]]
    header = [["二、脱钩行业协会商会名单"] * 4, [*first["header"][1], "自律服务小组牵头单位"]]
    merges = [[0, 0, 0, 3], *_spans([r[2] for r in rows], 2, 2), *_spans([r[2] for r in rows], 2, 3)]
    return {"header": header, "rows": rows, "merges": merges}


def _with_remarks(table: Table, dice: random.Random) -> Table:
    """A table with a column 备注 more, some remarks merged over the rows of several numbers."""
    header = [[*row, row[-1] if n == 0 else "备注"] for n, row in enumerate(table["header"])]
    merges = [m for m in table["merges"] if m[0] > 0] + [[0, 0, 0, len(header[0]) - 1]]
    first, rows = len(header), []
    remark, left = "", 0
    for n, row in enumerate(table["rows"]):
        begins = n == 0 or row[0] != table["rows"][n - 1][0]
        if begins and left <= 0:
            left = dice.choice((1, 1, 2, 4))
            remark = dice.choice(
                ("", f"{dice.choice(THINGS)}类资格，{row[0]}号起按{dice.choice(BUREAUS)}的规定执行")
            )
        left -= begins
        rows.append([*row, remark])
    texts = [row[-1] or f"-{n}" for n, row in enumerate(rows)]
    return {"header": header, "rows": rows, "merges": [*merges, *_spans(texts, first, len(header[0]) - 1)]}


def _skills(dice: random.Random, count: int) -> Table:
    """The second list of qualifications."""
    table = _qualifications(dice, count)
    header = [["二、技能人员职业资格"] * 6, *table["header"][1:]]
    return {**table, "header": header}


def annexes_of(dice: random.Random, place: str, scale: float, more: bool = False) -> list[dict[str, Any]]:
    """The annexes of a province; ``more``: with second lists and remarks merged over rows."""

    def many(n: int) -> int:
        return max(3, round(n * scale))

    def contest(_: int) -> list[str]:
        return [
            dice.choice(("省级", "行业", "国际")) + dice.choice(THINGS) + "类",
            f"{dice.choice(THINGS)}技能大赛",
        ]

    def plus(_: int) -> list[str]:
        return [
            f"{dice.choice(FIRMS)}{dice.choice(THINGS)}科技有限公司",
            f"{dice.choice(THINGS)}{dice.choice(ACTS)}职业技能等级证书",
            f"第{dice.choice('一二三四')}批",
        ]

    found: list[tuple[str, list[Table]]] = [
        (f"{place}教师企业实践基地名单", bases(dice, place)["tables"]),
        ("职称系列（专业）各层级名称", [_titles(dice, many(24))]),
        ("比赛主办单位为行业协会商会参考名单", [_associations(dice, many(160))]),
        (f"{place}社会化职业技能等级认定目录", [_assessments(dice, place, many(40))]),
        (
            "境外职业资格证书认可清单",
            [_overseas(dice, "A", many(40), False), _overseas(dice, "B", many(12), True)],
        ),
        ("国家职业资格目录", [_qualifications(dice, many(45))]),
        ("国家专业技术人员职业资格与职称对应表", [_mappings(dice, many(40))]),
        ("教育部1+X证书目录", [_numbered(["序号", "评价组织", "证书名称", "批次"], plus, many(120))]),
        ("制定比赛名单", [_numbered(["序号", "制定类型", "举例"], contest, many(8))]),
    ]
    if more:
        lists = dict(found)
        lists["比赛主办单位为行业协会商会参考名单"].append(_further_associations(dice, many(60)))
        lists["国家职业资格目录"][:] = [
            _with_remarks(table, dice) for table in (_qualifications(dice, many(45)), _skills(dice, many(20)))
        ]
    dice.shuffle(found)
    ordinals = range(1, len(found) + 1)
    return [
        {
            "no": n,
            "printed_no": n,
            "title": title,
            "heading": f"附件{n}：{title}",
            "page": 0,
            "tables": tables,
        }
        for n, (title, tables) in zip(ordinals, found, strict=True)
    ]
