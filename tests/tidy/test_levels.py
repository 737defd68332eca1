"""The contract's rules on stated grades and levels, as a table of cases, and invariants over a whole rulebook."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.schema import GRADE_LABELS
from pipeline.text import normalise
from pipeline.tidy import levels
from pipeline.tidy.levels import (
    expand,
    read_grade_column,
    read_grade_list,
    read_levels,
    read_rule3,
    tier_of_grade,
)

NO: list[int] = []

# text, grades, level, name
CASES = [
    # the five grades as they are written beside an occupation
    ("家政服务员(五级/初级工)", [5], None, "家政服务员"),
    ("家政服务员(四级/中级工)", [4], None, "家政服务员"),
    ("家政服务员(三级/高级工)", [3], None, "家政服务员"),
    ("家政服务员(二级/技师)", [2], None, "家政服务员"),
    ("家政服务员(一级/高级技师)", [1], None, "家政服务员"),
    ("家政服务员（三级／高级工）", [3], None, "家政服务员"),
    ("家政服务员 （ 三级 / 高级工 ）", [3], None, "家政服务员"),
    ("家政服务员【三级/高级工】", [3], None, "家政服务员"),
    ("家政服务员[三级/高级工]", [3], None, "家政服务员"),
    ("家政服务员〔三级/高级工〕", [3], None, "家政服务员"),
    ("家政服务员［三级］", [3], None, "家政服务员"),
    ("家政服务员(三级", [3], None, "家政服务员"),
    ("家政服务员(/三级高级工)", [3], None, "家政服务员"),
    ("家政服务员(三级/二级/一级/)", [3, 2, 1], None, "家政服务员"),
    ("家政服务员(5级/初级)", [5], None, "家政服务员"),
    # N级 inside a bracket, whatever the kind and whatever stands beside it
    ("美术师(四级)", [4], None, "美术师"),
    ("翻译资格(三级口译/笔译翻译)", [3], None, "翻译资格(口译/笔译翻译)"),
    ("航空安全员执照(一级安全员)", [1], None, "航空安全员执照(安全员)"),
    ("运动员等级(一级/国家级/国际级)", [1], None, "运动员等级(国家级/国际级)"),
    ("应用技术(BIM二级)", [2], None, "应用技术(BIM)"),
    ("医务人员(三级甲等医院)", NO, None, "医务人员(三级甲等医院)"),
    # after 职业资格
    ("室内装饰设计员(国家职业资格五级)", [5], None, "室内装饰设计员"),
    ("室内装饰设计师(国家职业资格四级/中级工)", [4], None, "室内装饰设计师"),
    ("物业管理师(国家职业资格二级/二级/技师)", [2], None, "物业管理师"),
    ("物业管理师(职业资格三级)", [3], None, "物业管理师"),
    ("物业管理师(职业技能等级三级)", [3], None, "物业管理师"),
    ("物业管理师国家职业资格三级", [3], None, "物业管理师"),
    ("国家职业资格三级物业管理师", [3], None, "国家职业资格物业管理师"),
    ("国家秘书职业资格三级(高级技能)", [3], None, "国家秘书职业资格"),
    ("国家秘书职业资格证书四级(中级技能)", [4], None, "国家秘书职业资格证书"),
    ("三级秘书(国家职业资格三级)", [3], None, "三级秘书"),
    ("助理物流师(国家职业资格三级)", [3], None, "助理物流师"),
    ("高级照明设计师(国家职业资格一级)", [1], None, "高级照明设计师"),
    # closing the item, right before 证书, before its last bracket
    ("健康管理师五级", [5], None, "健康管理师"),
    ("健康管理师 五级", [5], None, "健康管理师"),
    ("健康管理师五级/初级工", [5], None, "健康管理师"),
    ("健康管理师三级、二级", [3, 2], None, "健康管理师"),
    ("健康管理师五级至三级", [5, 4, 3], None, "健康管理师"),
    ("健康管理师3级", [3], None, "健康管理师"),
    ("珠算五级证书", [5], None, "珠算证书"),
    ("会计师珠算三级证书", [3], None, "会计师珠算证书"),
    ("健康管理师三级职业资格证书", [3], None, "健康管理师职业资格证书"),
    ("公共营养师三级(高级)", [3], None, "公共营养师"),
    ("公共营养师二级(技师)", [2], None, "公共营养师"),
    ("公共营养师一级(高级技师)", [1], None, "公共营养师"),
    ("文学创作一级(正高)", [1], None, "文学创作(正高)"),
    ("文物修复师[金属、陶瓷]三级及以上", [3, 2, 1], None, "文物修复师[金属、陶瓷]"),
    ("社会工作者三级(三级)", [3], None, "社会工作者"),
    ("黑带一级", [1], None, "黑带"),
    # 初级工 … 高级技师 count only inside a bracket
    ("全媒体运营师(初级工)", [5], None, "全媒体运营师"),
    ("全媒体运营师(中级工)", [4], None, "全媒体运营师"),
    ("全媒体运营师(高级工)", [3], None, "全媒体运营师"),
    ("全媒体运营师(技师)", [2], None, "全媒体运营师"),
    ("全媒体运营师(高级技师)", [1], None, "全媒体运营师"),
    ("化工总控工(高级工、技师、高级技师)", [3, 2, 1], None, "化工总控工"),
    ("技师", NO, None, "技师"),
    ("主任技师", NO, None, "主任技师"),
    ("高级技师", NO, None, "高级技师"),
    ("高级舞台技师", NO, None, "高级舞台技师"),
    ("康复治疗技师", NO, None, "康复治疗技师"),
    ("口腔技士(主任技师)", NO, None, "口腔技士(主任技师)"),
    ("中医技师三级", [3], None, "中医技师"),
    # words that open or form the name
    ("高级工程师", NO, None, "高级工程师"),
    ("高级工程师(机械工程)", NO, None, "高级工程师(机械工程)"),
    ("初级会计师", NO, None, "初级会计师"),
    ("一级建造师", NO, None, "一级建造师"),
    ("一级建造师(市政公用工程)", NO, None, "一级建造师(市政公用工程)"),
    ("一级飞行员", NO, None, "一级飞行员"),
    ("三级校对", NO, None, "三级校对"),
    ("二级社会体育指导员", NO, None, "二级社会体育指导员"),
    ("国家二级心理咨询师", NO, None, "国家二级心理咨询师"),
    ("国家网球二级运动员证书", NO, None, "国家网球二级运动员证书"),
    ("国家三级演员(芭蕾舞)职业资格证书", NO, None, "国家三级演员(芭蕾舞)职业资格证书"),
    ("中学高级教师资格", NO, None, "中学高级教师资格"),
    ("正高级工程师", NO, None, "正高级工程师"),
    ("工程师(正高级)", NO, None, "工程师(正高级)"),
    ("机动车检测工程师(高级工程师)", NO, None, "机动车检测工程师(高级工程师)"),
    ("外语等级A级", NO, None, "外语等级A级"),
    ("专业级", NO, None, "专业级"),
    ("五星级", NO, None, "五星级"),
    # digits count only if every number is 1–5
    ("教师资格证书(1级/2级/3级)", [3, 2, 1], None, "教师资格证书"),
    ("教师资格证书(9级/10级/11级)", NO, None, "教师资格证书(9级/10级/11级)"),
    ("教师资格证书(3级/6级)", NO, None, "教师资格证书(3级/6级)"),
    ("音乐专业等级证书(4-8级)", NO, None, "音乐专业等级证书(4-8级)"),
    ("教师资格证1-10级", NO, None, "教师资格证1-10级"),
    ("教师资格证书(1-5)", NO, None, "教师资格证书(1-5)"),
    ("音乐考级(八级)", NO, None, "音乐考级(八级)"),
    ("音乐考级(十五级)", NO, None, "音乐考级(十五级)"),
    ("音乐考级十三级", NO, None, "音乐考级十三级"),
    ("危险品证书(6类)", NO, None, "危险品证书(6类)"),
    ("武术六段", NO, None, "武术六段"),
    # N级及以上 and the like
    ("检验员(四级及以上)", [4, 3, 2, 1], None, "检验员"),
    ("检验员(三级及以上)", [3, 2, 1], None, "检验员"),
    ("检验员(三级以上)", [3, 2, 1], None, "检验员"),
    ("检验员(三级（含）以上)", [3, 2, 1], None, "检验员"),
    ("检验员三级及以上", [3, 2, 1], None, "检验员"),
    ("检验员三级及以上证书", [3, 2, 1], None, "检验员证书"),
    ("检验员一级及以上", [1], None, "检验员"),
    ("检验员(高级工及以上)", [3, 2, 1], None, "检验员"),
    ("检验员(三级/高级工及以上)", [3, 2, 1], None, "检验员"),
    ("检验员(技师以上)", [2, 1], None, "检验员"),
    ("检验员(四级及以下)", [5, 4], None, "检验员"),
    # lists and ranges
    ("焊工(三级/二级/一级/高级工/技师/高级技师)", [3, 2, 1], None, "焊工"),
    ("焊工(三级/二级/一级/高级工/技师)", [3, 2, 1], None, "焊工"),
    ("焊工（三级/高级工、二级/技师、一级/高级技师）", [3, 2, 1], None, "焊工"),
    ("焊工(一级/二级/三级)", [3, 2, 1], None, "焊工"),
    ("焊工(四级/二级/一级)", [4, 2, 1], None, "焊工"),
    ("焊工(二级/技师、四级)", [4, 2], None, "焊工"),
    ("焊工(三级、二级)", [3, 2], None, "焊工"),
    ("焊工(三级，二级；一级)", [3, 2, 1], None, "焊工"),
    ("焊工(三级·二级)", [3, 2], None, "焊工"),
    ("焊工(三级和二级)", [3, 2], None, "焊工"),
    ("焊工(三级 二级)", [3, 2], None, "焊工"),
    ("焊工(三级/高级工二级/技师)", [3, 2], None, "焊工"),
    ("焊工(五级至三级)", [5, 4, 3], None, "焊工"),
    ("焊工(五级-三级)", [5, 4, 3], None, "焊工"),
    ("焊工(五级～三级)", [5, 4, 3], None, "焊工"),
    ("焊工(五级—三级)", [5, 4, 3], None, "焊工"),
    ("焊工(3-1级)", [3, 2, 1], None, "焊工"),
    ("焊工(五至三级)", [5, 4, 3], None, "焊工"),
    ("焊工(五、四、三级)", [5, 4, 3], None, "焊工"),
    ("焊工(五级/初级工至三级/高级工)", [5, 4, 3], None, "焊工"),
    # beside a grade 初级/中级/高级 adds nothing
    ("面点师(高级/三级)", [3], None, "面点师"),
    ("面点师(三级/高级)", [3], None, "面点师"),
    ("面点师(四级/中级)", [4], None, "面点师"),
    ("面点师(初级/初级工)", [5], None, "面点师"),
    ("面点师(三级/高级技能)", [3], None, "面点师"),
    ("营养师(高级/技师/高级技师/注册)", [2, 1], None, "营养师(注册)"),
    ("网络工程师高级(三级/高级工)", [3], None, "网络工程师高级"),
    # a level and no grade
    ("焊接(初级)", NO, "初级", "焊接"),
    ("1+X焊接职业技能等级证书（中级）", NO, "中级", "1+X焊接职业技能等级证书"),
    ("HCIA(初级认证)", NO, "初级", "HCIA"),
    ("系列认证(高级证书)", NO, "高级", "系列认证"),
    ("审计资格(高级)证书", NO, "高级", "审计资格证书"),
    ("检验员(高级及以上)", NO, "高级", "检验员"),
    ("检验员(中级及以上)", NO, "中级", "检验员"),
    ("体育证书(高级/高级以上)", NO, "高级", "体育证书"),
    ("社区服务师(/高级)", NO, "高级", "社区服务师"),
    ("家庭教育指导师初级", NO, "初级", "家庭教育指导师"),
    ("速录中级证书", NO, "中级", "速录证书"),
    ("定制师证(服务职业技能等级高级)", NO, "高级", "定制师证(服务职业技能等级)"),
    ("焊接(初、中、高级)", NO, None, "焊接"),
    ("焊接(初级/中级)", NO, None, "焊接"),
    ("维修证书(高级考评员)", NO, None, "维修证书(高级考评员)"),
    ("维修证书(初级考评员)", NO, None, "维修证书(初级考评员)"),
    ("表演类(戏剧)中级专业技术水平", NO, None, "表演类(戏剧)中级专业技术水平"),
    # contradictions are kept as printed
    ("面点师(五级/高级工)", [5, 3], None, "面点师"),
    ("装配工(四级/技师)", [4, 2], None, "装配工"),
    ("设计师(二级/高级工)", [3, 2], None, "设计师"),
    ("社会工作者(中级/二级)", [2], None, "社会工作者"),
    # other provinces' forms
    ("高级工(三级)", [3], None, "高级工"),
    ("技师(二级)", [2], None, "技师"),
    ("中级工(四级)", [4], None, "中级工"),
    ("一级(高级技师)", [1], None, "一级(高级技师)"),
    ("焊工(高级工(三级))", [3], None, "焊工"),
    ("焊工(等级：三级)", [3], None, "焊工"),
    ("焊工(不分等级)", NO, None, "焊工(不分等级)"),
    ("焊工(全部等级)", NO, None, "焊工(全部等级)"),
    ("焊工(Ⅰ级/Ⅱ级)", NO, None, "焊工(I级/II级)"),
    ("焊工(特级技师)", NO, None, "焊工(特级技师)"),
    ("焊工(五级/初级工)、钳工(三级/高级工)", [5, 3], None, "焊工、钳工"),
    # directions stay in the name
    ("家政服务员(母婴护理员)(五级/初级工)", [5], None, "家政服务员(母婴护理员)"),
    ("铣工(数控铣工)(四级/二级/一级)", [4, 2, 1], None, "铣工(数控铣工)"),
    ("育婴师(五级/初级)(仅限学前专业)", [5], None, "育婴师(仅限学前专业)"),
    ("管理师(人力资源)", NO, None, "管理师(人力资源)"),
    ("执照Part 66 AP(飞机维修)", NO, None, "执照Part 66 AP(飞机维修)"),
]


@pytest.mark.parametrize(("text", "grades", "level", "name"), CASES, ids=[case[0] for case in CASES])
def test_grades_level_and_name(text: str, grades: list[int], level: str | None, name: str) -> None:
    read = read_levels(text)
    assert (list(read.grades), read.level, read.name) == (grades, level, name)


@pytest.mark.parametrize(
    ("text", "issuer", "name"),
    [
        ("某某技术有限公司：HCIA（初级认证）", "某某技术有限公司", "HCIA"),
        ("中国民用航空局:无人机操控员执照", "中国民用航空局", "无人机操控员执照"),
        ("Adobe:ACP(中级)", "Adobe", "ACP"),
        ("国际联合会(IFR):工业机器人操作", "国际联合会(IFR)", "工业机器人操作"),
        ("红某(Red)公司:(认证工程师(中级认证))", "红某(Red)公司", "认证工程师"),
        ("中国物流协会:中级", "中国物流协会", "中级"),
        ("救生员(三级/高级工)(国家体育总局)", "国家体育总局", "救生员"),
        ("救生员(国家体育总局)(三级)", "国家体育总局", "救生员"),
        ("电子商务师(三级/上海市人社局)", "上海市人社局", "电子商务师"),
        ("运营师认证(人社部&工信部/中级工)", "人社部&工信部", "运营师认证"),
        ("营养师(中国营养协会/初级)", "中国营养协会", "营养师"),
        ("营养师(卫生部)", "卫生部", "营养师"),
        ("钢琴教师(中国音乐家协会)证书", "中国音乐家协会", "钢琴教师证书"),
        ("铣工(加工中心)(三级)", None, "铣工(加工中心)"),
        ("类别:焊工(三级)", None, "类别:焊工"),
        ("Linux认证:LPI", None, "Linux认证:LPI"),
        ("音乐等级证书:9-10级", None, "音乐等级证书:9-10级"),
        ("焊工:三级", None, "焊工"),
    ],
)
def test_issuer_is_taken_out_of_the_name(text: str, issuer: str | None, name: str) -> None:
    read = read_levels(text)
    assert (read.issuer, read.name) == (issuer, name)


@pytest.mark.parametrize(
    "text",
    [
        "面点师(五级/高级工)",
        "装配工(四级/技师)",
        "焊工(三级/技师、二级/高级工)",
        "焊工(三级/技师)",
        "焊工三级(技师)",
        "社会工作者(中级/二级)",
        "焊工(五级/高级)",
        "焊工(五级高级工)",
    ],
)
def test_contradiction_is_reported(text: str) -> None:
    assert read_levels(text).conflict


@pytest.mark.parametrize(
    "text",
    [
        "焊工(三级/二级/一级/高级工/技师)",
        "焊工(三级/高级工、二级/技师、一级/高级技师)",
        "焊工(二级/技师、四级)",
        "营养师(高级/技师/高级技师/注册)",
        "公共营养师三级(高级)",
        "面点师(高级/三级)",
        "焊工(三级/高级工及以上)",
        "焊工(一级/一级)",
        "焊工(初级/中级)",
        "焊工",
    ],
)
def test_agreeing_words_are_no_contradiction(text: str) -> None:
    assert not read_levels(text).conflict


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("教师资格证1-10级", ("1-10级",)),
        ("证书(4-8级)", ("4-8级",)),
        ("摄影师(二级/中级技师)", ("中级技师",)),
        ("焊工(特级技师)", ("特级技师",)),
        ("焊工(学徒工)", ("学徒工",)),
        ("焊工(全部等级)", ("全部等级",)),
        ("焊工(Ⅱ级)", ("II级",)),
        ("认证(专家级)", ("专家级",)),
        ("焊接(初、中、高级)", ("初级/中级/高级",)),
        ("焊工(三级)", ()),
        ("工程师(正高级)", ()),
        ("维修证书(高级考评员)", ()),
        ("一级建造师", ()),
    ],
)
def test_words_that_are_not_understood_are_named(text: str, unknown: tuple[str, ...]) -> None:
    assert read_levels(text).unknown == unknown


def test_spans_hold_the_printed_words() -> None:
    text = "某某有限公司:焊工(三级/高级工)"
    read = read_levels(text)
    assert read.words == ("三级/高级工",)
    assert [text[start:stop] for start, stop in read.spans] == list(read.words)


@pytest.mark.parametrize(
    ("text", "grades"),
    [
        ("5、4、3、2、1", [5, 4, 3, 2, 1]),
        ("5", [5]),
        ("5,4,3", [5, 4, 3]),
        ("5；4；3", [5, 4, 3]),
        ("5 4 3", [5, 4, 3]),
        ("5-1", [5, 4, 3, 2, 1]),
        ("1-5级", [5, 4, 3, 2, 1]),
        ("五至一级", [5, 4, 3, 2, 1]),
        ("五级、四级", [5, 4]),
        ("５级、４级", [5, 4]),
        ("三级/高级工", [3]),
        ("三级(高级工)、二级(技师)", [3, 2]),
        ("高级工、技师", [3, 2]),
        ("三级及以上", [3, 2, 1]),
        ("（5、4）", [5, 4]),
        ("Ⅲ、Ⅱ", [3, 2]),
        ("", []),
        ("—", []),
    ],
)
def test_grade_column(text: str, grades: list[int]) -> None:
    assert read_grade_list(text) == grades
    assert read_grade_column(text).unknown == ()


@pytest.mark.parametrize(
    "text", ["全部等级", "6", "5、6", "专项职业能力", "初级", "543", "三级、待定", "2025", "0"]
)
def test_grade_column_that_is_not_understood_states_nothing(text: str) -> None:
    assert read_grade_list(text) == []
    assert read_grade_column(text).unknown == (text,)


@pytest.mark.parametrize(
    ("note", "tiers"),
    [
        ("3. 本细则按五级制划分，其中：五级对应初级；四级对应中级；三级、二级、一级对应高级。", "初中高高高"),
        ("初级对应五级，中级对应四级，高级对应三级及以上", "初中高高高"),
        ("五级、四级对应初级，三级对应中级，二级、一级对应高级", "初初中高高"),
        ("五、四级为初级，三级为中级，二级及以上为高级", "初初中高高"),
        ("其中：初级包括五级、四级；中级包括三级；高级包括二级、一级", "初初中高高"),
        (
            "五级（初级工）对应初级，四级（中级工）、三级（高级工）对应中级，二级（技师）及以上对应高级",
            "初中中高高",
        ),
        ("5级对应初级；4级对应中级；3、2、1级对应高级", "初中高高高"),
        ("三级对应中级；三级对应初级", "初中高高高"),
        ("本次评审工作遵循19个专业大类分类标准", "初中高高高"),
    ],
)
def test_rule_3_is_read_from_the_notes(note: str, tiers: str) -> None:
    assert read_rule3(["本细则自发布之日起施行。", note]) == {
        5 - i: f"{tier}级" for i, tier in enumerate(tiers)
    }


def test_default_rule_3() -> None:
    assert [tier_of_grade(grade) for grade in (5, 4, 3, 2, 1)] == ["初级", "中级", "高级", "高级", "高级"]
    with pytest.raises(KeyError):
        tier_of_grade(6)


def _entry(tier: str, grades: list[int], level: str | None) -> dict[str, object]:
    return {
        "entry_id": "e1",
        "class_code": "9901",
        "kind": "skill",
        "tier": tier,
        "position": 3,
        "text": "焊工(…)",
        "name": "焊工",
        "issuer": None,
        "grades": grades,
        "level": level,
        "page": 7,
    }


def test_expand_makes_a_row_per_grade() -> None:
    rows = expand(_entry("高级", [4, 3, 2, 1], None))
    assert [row["grade"] for row in rows] == [4, 3, 2, 1]
    assert [row["grade_label"] for row in rows] == [GRADE_LABELS[g] for g in (4, 3, 2, 1)]
    assert [row["tier_by_rule"] for row in rows] == ["中级", "高级", "高级", "高级"]
    assert [row["tier_conflict"] for row in rows] == [True, False, False, False]
    assert all(row["entry_id"] == "e1" and row["page"] == 7 and row["name"] == "焊工" for row in rows)
    assert not {"grades", "text", "position"} & set(rows[0])


@pytest.mark.parametrize(
    ("level", "by_rule", "conflict"), [(None, None, False), ("高级", "高级", False), ("初级", "初级", True)]
)
def test_expand_without_grade(level: str | None, by_rule: str | None, conflict: bool) -> None:
    (row,) = expand(_entry("高级", [], level))
    assert (row["grade"], row["grade_label"], row["level"]) == (None, None, level)
    assert (row["tier_by_rule"], row["tier_conflict"]) == (by_rule, conflict)


def test_expand_follows_the_documents_own_rule() -> None:
    (row,) = expand(_entry("中级", [3], None), {5: "初级", 4: "初级", 3: "中级", 2: "高级", 1: "高级"})
    assert (row["tier_by_rule"], row["tier_conflict"]) == ("中级", False)


# --- invariants over a whole rulebook -----------------------------------------------------------------------------

TRUTH = Path(__file__).parents[1] / "data" / "shanghai-2025.truth.json"


@pytest.fixture(scope="module")
def items() -> list[str]:
    truth = json.loads(TRUTH.read_text(encoding="utf-8"))
    return [
        normalise(item)
        for section in truth["sections"]
        for one in section["classes"]
        for tiers in one["cells"].values()
        for cell in tiers.values()
        for item in cell
    ]


def _subsequence(short: str, long: str) -> bool:
    characters: Iterator[str] = iter(long)
    return all(c in characters for c in short)


def test_name_is_made_of_the_printed_characters_only(items: list[str]) -> None:
    for item in items:
        read = read_levels(item)
        assert read.name, item
        assert _subsequence(read.name, item), (item, read.name)
        assert read.issuer is None or _subsequence(read.issuer, item)


def test_nothing_but_punctuation_is_dropped(items: list[str]) -> None:
    """Every letter of an item is in its name, its issuer or a stated word; 国家职业资格 before a grade goes with it."""
    for item in items:
        read = read_levels(item)
        if read.name in read.words:
            continue  # the whole item is a level: the name repeats it
        kept = "".join((read.name, read.issuer or "", *read.words))
        missing = sorted(re.sub(r"\W", "", item))
        for char in re.sub(r"\W", "", kept):
            missing.remove(char)
        assert not missing or "国家职业资格" in item, (item, read)


def test_a_bracket_read_alone_means_the_same_as_in_its_item(items: list[str]) -> None:
    """Items that differ in their name only are read through one cached bracket: it must not change the reading."""
    for item in set(items):
        read = read_levels(item)
        body = len(read.issuer) + 1 if read.issuer and item.startswith(f"{read.issuer}:") else 0
        assert read == levels._read(item, body, read.issuer if body else None, frozenset()), item


def test_bracket_of_one_grade_is_read_in_every_item(items: list[str]) -> None:
    pairs = {label: grade for grade, label in GRADE_LABELS.items()}
    seen = 0
    for item in items:
        if match := re.search(r"\(([^()]+)\)$", item):
            grade = pairs.get(match[1])
            if grade is not None:
                assert read_levels(item).grades == (grade,), item
                seen += 1
    assert seen > 1000


def test_normalised_name_is_stable(items: list[str]) -> None:
    assert all(normalise(read_levels(item).name) == read_levels(item).name for item in items)
