"""Items as hard to part as those of real rulebooks, of invented words: nothing on the page tells where they end."""

from __future__ import annotations

import random

from .layout import KINDS, TIERS
from .stock import ACTS, BUREAUS, FIRMS, LATIN, PLACES, THINGS

_ROLES = ("编绘", "演奏", "监督", "校勘", "指挥", "舞台", "讲解", "口译", "领航", "轮机")
_ENDS = ("师", "员", "师", "工", "")
_GRADES = ("五级", "四级", "三级", "二级", "一级")
_ACRONYMS = ("ABCA", "CPMB", "TMA", "DIA", "QRPA", "NCEF", "JBT", "WFDC")
_BODIES = ("学会", "协会", "联合会", "研究院", "集团", "有限公司", "科技股份有限公司", "数据科技有限公司")
_FOREIGN = (
    "CertifiedUser",
    "CertifiedSpecialist",
    "ProfessionalInstitute",
    "CertifiedEngineer",
    "ApplicationBuilder",
)
_PAPERS = (
    "资格证书",
    "执业证书",
    "从业资格证",
    "专业技术职称证书",
    "职业资格证书",
    "考级讲师资格证书",
    "上岗证",
    "合格证书",
)


def _thing(dice: random.Random) -> str:
    return "".join(dice.sample(THINGS, 1 if dice.random() < 0.7 else 2))


def _plain(dice: random.Random) -> str:
    """A name without a suffix: 储能运维与检测."""
    middle = dice.choice(("", "", "与", "数据", "系统", "智能", "综合"))
    return (
        _thing(dice)
        + middle
        + dice.choice(ACTS)
        + (dice.choice(("", "", "与应用", "技术", "与管理", "服务")))
    )


def _issuer(dice: random.Random) -> str:
    name = dice.choice(FIRMS) if dice.random() < 0.5 else dice.choice(PLACES)[:2] + _thing(dice)
    if dice.random() < 0.1:
        return f"{dice.choice(BUREAUS)}{_thing(dice)}信息与推广服务中心({dice.choice(THINGS)}站)"
    return name + dice.choice(_BODIES) + (f"({dice.choice(_ACRONYMS)})" if dice.random() < 0.15 else "")


def _titles(dice: random.Random) -> dict[str, list[str]]:
    """Titles with their level in front, several levels of a kind in one cell: 二级编绘 一级监督 …"""
    out: dict[str, list[str]] = {tier: [] for tier in TIERS}
    roles = [
        dice.choice((dice.choice(_ROLES), dice.choice(THINGS))) + dice.choice(_ENDS)
        for _ in range(dice.randint(2, 6))
    ]
    for role in roles:
        for tier, grades in zip(TIERS, (_GRADES[1:3], _GRADES[2:4], _GRADES[3:]), strict=True):
            out[tier] += [grade + role for grade in grades if dice.random() < 0.55]
    for tier, head in zip(TIERS, ("助理", "", "高级"), strict=True):
        for _ in range(dice.randint(0, 3)):
            name = dice.choice(THINGS)[:2] + dice.choice(("师", "员", "士", "长", "副", "引航员", "药师"))
            out[tier].append(
                dice.choice((head, "", dice.choice(("主任", "副主任", "主管", "初级", "正高级")))) + name
            )
        if dice.random() < 0.3:
            out[tier].append(f"{_thing(dice)}工程师{dice.choice(('初级', '中级', '高级', '(高级)'))}")
    return out


def _industry(dice: random.Random, tier: str) -> str:
    """One certificate as industries name them."""
    latin, thing, act = dice.choice(LATIN), _thing(dice), dice.choice(ACTS)
    shapes = (
        lambda: f"{_issuer(dice)}:{tier}{thing}师",
        lambda: f"{_issuer(dice)}:{thing}{act}师({tier})",
        lambda: f"{_issuer(dice)}:国际注册{thing}工程师" + dice.choice(("", f"({tier})")),
        lambda: f"{_issuer(dice)}:{latin}认证{dice.choice(('资深', '', '高级', '物联网'))}工程师",
        lambda: f"{latin}认证{dice.choice(('高级工程师', '产品专家', '工程师', '讲师'))}" + dice.choice(("", f"({tier})")),
        lambda: f"{latin}{dice.choice(_FOREIGN)}({dice.choice(_ACRONYMS)}){tier}认证",
        lambda: f"{latin}认证:{latin}{dice.choice(_FOREIGN)}",
        lambda: f"{latin}{thing}人才培养项目——{thing}{act}与{dice.choice(ACTS)}({tier})",
        lambda: f"{_issuer(dice).split('(')[0]}{thing}专业等级证书({dice.randint(1, 5)}-{dice.randint(6, 10)}级)",
        lambda: f"{thing}讲师{dice.choice(('资格证', '资格证书'))}{dice.randint(1, 5)}-{dice.randint(6, 10)}级",
        lambda: f"{thing}类{act}考级证书:{dice.randint(1, 5)}-{dice.randint(6, 10)}级",
        lambda: f"{thing}{act}({tier})裁判",
        lambda: f"{dice.choice(_ACRONYMS)}全国{thing}行业学会评委",
        lambda: f"世界{thing}大会{act}评委证",
        lambda: f"{dice.choice(PLACES)[:2]}县中小学{thing}{thing}员",
        lambda: f"{latin}-{dice.choice(_ACRONYMS)}{thing}{act}工程师",
        lambda: f"{thing}{act}设计开发工程师{latin}({tier})",
    )  # fmt: skip
    return dice.choice(shapes)()


def hard_cells(dice: random.Random) -> dict[str, dict[str, list[str]]]:
    """Cells of one class whose items are hard to part."""
    cells: dict[str, dict[str, list[str]]] = {kind: {tier: [] for tier in TIERS} for kind in KINDS}
    if dice.random() < 0.5:
        cells["title"] = _titles(dice)
    skill = [
        _thing(dice) + dice.choice(("", dice.choice(ACTS))) + dice.choice("师员工")
        for _ in range(dice.randint(0, 6))
    ]
    for name in skill:
        for n, tier in enumerate(TIERS):
            word = (("五级", "四级", "三级")[n], tier, ("初级工", "中级工", "高级工")[n])[dice.randrange(3)]
            form = dice.choice(
                (
                    f"{name}({word})",
                    f"{name}({word})",
                    f"{name}{tier}",
                    f"{tier}{name}",
                    f"{name}资格证书({word})",
                )
            )
            if dice.random() < 0.8:
                cells["skill"][tier].append(form)
    names = [_plain(dice) for _ in range(dice.randint(0, 6))]
    bodies = [_issuer(dice) for _ in range(dice.randint(1, 2))]
    for name in names:
        named = f"{dice.choice(bodies)}:{name}" if dice.random() < 0.35 else name
        tail = dice.choice(("", "", "职业技能等级证书", "({})", "职业技能等级证书({})"))
        for tier in TIERS:
            if dice.random() < 0.8:
                cells["one_plus_x"][tier].append(named + tail.format(tier))
    body, pool = _issuer(dice), [dice.choice(THINGS)[:2] for _ in range(3)]
    for tier in TIERS:
        if dice.random() < 0.3:  # one long issuer several times in a cell
            cells["industry"][tier] += [
                f"{body}:{_thing(dice)}{dice.choice(ACTS)}师({tier})" for _ in range(dice.randint(2, 4))
            ]
        if dice.random() < 0.25:
            cells["industry"][tier] += dice.sample(_ACRONYMS, dice.randint(2, 4))
        cells["industry"][tier] += [_industry(dice, tier) for _ in range(dice.randint(0, 5))]
        cells["practice"][tier] += [
            dice.choice(("执业" + dice.choice(pool), f"执业{dice.choice(pool)}师", _thing(dice) + dice.choice(_PAPERS), _plain(dice) + "技术",
                         f"{_thing(dice)}师{dice.choice(_PAPERS)}({dice.randint(1, 9)}-10)", f"{_issuer(dice)}{_thing(dice)}{dice.choice(_PAPERS)}"))
            for _ in range(dice.randint(0, 4))
        ]  # fmt: skip
    shared = [_industry(dice, "").replace("()", "") for _ in range(dice.randint(0, 2))]
    for tier in TIERS:  # one item in several tiers
        cells["industry"][tier] += [item for item in shared if dice.random() < 0.8]
        for kind in KINDS:
            dice.shuffle(cells[kind][tier]) if kind in ("industry", "practice") else None
            cells[kind][tier] = list(dict.fromkeys(cells[kind][tier]))
    return cells
