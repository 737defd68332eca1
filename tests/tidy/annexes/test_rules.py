"""Rules of the table "qualification → title": one case a line."""

from __future__ import annotations

import pytest

from pipeline.text import normalise
from pipeline.tidy.annexes.rules import alone, read_rule

KNOWN = frozenset(
    [
        "工程师",
        "助理工程师",
        "高级工程师",
        "经济师",
        "助理经济师",
        "会计师",
        "主管药师",
        "主治医师",
        "药师",
        "护师",
        "审计师",
        "助理审计师",
        "审计员",
        "编辑",
        "助理编辑",
        "翻译",
        "助理翻译",
        "医师",
        "医士",
    ]
)

CASES: list[tuple[str, list[tuple[str | None, list[str], str | None]]]] = [
    ("经济师", [(None, ["经济师"], None)]),
    ("主管药师或主管中药师", [(None, ["主管药师", "主管中药师"], None)]),
    ("经济师或者工程师、会计师", [(None, ["经济师", "工程师", "会计师"], None)]),
    (
        "一级注册计量师：工程师\n二级注册计量师：助理工程师",
        [("一级注册计量师", ["工程师"], None), ("二级注册计量师", ["助理工程师"], None)],
    ),
    (
        "2018年前取得：工程师或者经济师；\n2018年后取得：一级注册造价工程师：工程师，二级注册造价工程师：助理工程师",
        [
            ("2018年前取得", ["工程师", "经济师"], None),
            ("2018年后取得:一级注册造价工程师", ["工程师"], None),
            ("2018年后取得:二级注册造价工程师", ["助理工程师"], None),
        ],
    ),
    (
        "2018年后取得：\n一级造价师：工程师\n二级造价师：助理工程师\n2018年前取得：\n工程师",
        [
            ("2018年后取得:一级造价师", ["工程师"], None),
            ("2018年后取得:二级造价师", ["助理工程师"], None),
            ("2018年前取得", ["工程师"], None),
        ],
    ),
    (
        "初级资格：助理工程师\n中级资格：工程师\n需符合《指导意见》（人社部发〔2019〕16号）关于学历、资历条件。",
        [
            ("初级资格", ["助理工程师"], "需符合《指导意见》(人社部发〔2019〕16号)关于学历、资历条件。"),
            ("中级资格", ["工程师"], "需符合《指导意见》(人社部发〔2019〕16号)关于学历、资历条件。"),
        ],
    ),
    (
        "中级：主治医师、主管药师\n初级：药师、护师",
        [("中级", ["主治医师", "主管药师"], None), ("初级", ["药师", "护师"], None)],
    ),
    (
        "注册税务师（2014年及以前取得）：经济师\n税务师（2014年以后取得）：助理经济师",
        [
            ("注册税务师(2014年及以前取得)", ["经济师"], None),
            ("税务师(2014年以后取得)", ["助理经济师"], None),
        ],
    ),
    (
        "中级资格：编辑（技术编辑或一级校对）\n初级资格：助理编辑（助理技术编辑或二级校对）",
        [
            ("中级资格", ["编辑", "技术编辑", "一级校对"], None),
            ("初级资格", ["助理编辑", "助理技术编辑", "二级校对"], None),
        ],
    ),
    (
        "二级口译、笔译翻译：翻译\n三级口译、笔译翻译：助理翻译",
        [("二级口译、笔译翻译", ["翻译"], None), ("三级口译、笔译翻译", ["助理翻译"], None)],
    ),
    (
        "外销员：助理经济师；国际商务师：经济师",
        [("外销员", ["助理经济师"], None), ("国际商务师", ["经济师"], None)],
    ),
    ("按级别可对应助理工程师、工程师", [("按级别", ["助理工程师", "工程师"], None)]),
    (
        "2020年前取得的，对应工程师；2020年后取得的，可对应助理工程师",
        [("2020年前取得", ["工程师"], None), ("2020年后取得", ["助理工程师"], None)],
    ),
    ("工程师（需2018年前取得）", [(None, ["工程师"], "需2018年前取得")]),
    ("工程师，需符合学历条件", [(None, ["工程师"], "需符合学历条件")]),
    ("主治（主管）医师", [(None, ["主治(主管)医师"], None)]),
    ("注：按国家有关规定执行", [(None, [], "注:按国家有关规定执行")]),
]


@pytest.mark.parametrize(("rule", "want"), CASES)
def test_rule(rule: str, want: list[tuple[str | None, list[str], str | None]]) -> None:
    found = read_rule([normalise(line) for line in rule.split("\n")], KNOWN)
    assert [(m.condition, list(m.titles), m.remark) for m in found] == want


@pytest.mark.parametrize(
    "rule", [rule for rule, _ in CASES if "\n" in rule and not rule.endswith("。") and "：\n" not in rule]
)
def test_the_same_with_line_ends_lost(rule: str) -> None:
    lines = [normalise(line) for line in rule.split("\n")]
    apart, run_on = read_rule(lines, KNOWN), read_rule([normalise(" ".join(lines))], KNOWN)
    assert [(m.condition, m.titles) for m in run_on] == [(m.condition, m.titles) for m in apart]


def test_each_condition_knows_its_line() -> None:
    found = read_rule(["一级:工程师", "二级:助理工程师;三级:技术员"], KNOWN)
    assert [m.line for m in found] == [0, 1, 1]


def test_words_that_stand_alone() -> None:
    assert alone(["经济师或工程师"]) == ["经济师", "工程师"]
    assert alone(["中级:经济师"]) == alone(["甲", "乙"]) == alone(["按级别可对应经济师"]) == []
