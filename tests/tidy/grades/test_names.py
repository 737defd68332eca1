"""Brackets, organisations and issuers."""

from __future__ import annotations

import pytest

from pipeline.tidy.grades.levels import read_levels
from pipeline.tidy.grades.names import (
    Bracket,
    brackets,
    is_organisation,
    issuer_bracket,
    organisation_names,
    split_issuer,
)


@pytest.mark.parametrize(
    "text",
    [
        "某某技术有限公司",
        "某某(上海)有限公司",
        "某某集团",
        "中国连锁经营协会",
        "中国社会福利与养老服务协会",
        "中国物流与采购联合会",
        "国家体育总局",
        "国家体育总局人力资源部",
        "国家体育总局职业技能鉴定指导中心",
        "中国民用航空局",
        "上海市教委",
        "上海市教育委员会",
        "上海市人社局",
        "广东省人力资源和社会保障厅",
        "省人社厅",
        "人力资源和社会保障部",
        "中华人民共和国人事部",
        "国家司法部",
        "卫生部",
        "工信部",
        "人社部&工信部",
        "职业经理研究中心",
        "教育部考试中心",
        "中央电化教育馆",
        "华南理工大学",
        "中国科学院",
        "国际项目管理协会(IPMA)",
        "全国工商联",
        "第三职业技能鉴定站",
    ],
)
def test_organisations(text: str) -> None:
    assert is_organisation(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "公司",
        "俱乐部",
        "加工中心",
        "呼叫中心",
        "头部",
        "全部",
        "幼儿部",
        "国际部",
        "中国",
        "北京",
        "高等学校",
        "图书馆",
        "变电站",
        "音乐会",
        "母婴护理员",
        "新能源汽车",
        "数控铣工",
        "人力资源共享服务、人力资源管理",
        "国际商务师",
        "CFA",
        "含工具钳工、机修钳工",
    ],
)
def test_directions_and_places_are_no_organisations(text: str) -> None:
    assert not is_organisation(text)


@pytest.mark.parametrize(
    ("text", "issuer"),
    [
        ("某某技术有限公司:HCIA", "某某技术有限公司"),
        ("某某(上海)有限公司:HCIA", "某某(上海)有限公司"),
        ("Adobe:ACP", "Adobe"),
        ("H3C:认证工程师", "H3C"),
        ("CFA Institute:CFA", "CFA Institute"),
        ("思科:CCT", "思科"),
        ("某某云:架构师", "某某云"),
        ("上海市教委:教师资格证", "上海市教委"),
        ("A协会:B公司:焊工", "A协会"),
        ("类别:焊工", None),
        ("工种:焊工", None),
        ("包括:焊工", None),
        ("Oracle认证:应用程序开发人员", None),
        ("BIM:建模", None),
        ("1+X:网页", None),
        ("国际注册会计师:ACCA", None),
        ("新能源汽车:检测", None),
        ("比例1:2", None),
        ("前端(甲公司:乙)", None),
        ("某某公司:", None),
        (":焊工", None),
        ("焊工", None),
    ],
)
def test_organisation_before_a_colon(text: str, issuer: str | None) -> None:
    found, rest = split_issuer(text)
    assert found == issuer
    assert rest == (len(issuer) + 1 if issuer else 0)


def test_organisation_alone_in_the_last_bracket() -> None:
    assert issuer_bracket("营养师(卫生部)") == ("卫生部", "营养师")
    assert issuer_bracket("营养师(卫生部)(涉外)") == (None, "营养师(卫生部)(涉外)")
    assert issuer_bracket("营养师(卫生部推荐)") == (None, "营养师(卫生部推荐)")
    assert issuer_bracket("(国家体育总局)") == (None, "(国家体育总局)")


def test_brackets_nest_and_may_stay_open() -> None:
    assert brackets("a(b[c])d(e") == [
        Bracket(1, 7, 0, True),
        Bracket(3, 6, 1, True),
        Bracket(8, 10, 0, False),
    ]
    assert brackets("a)b") == []
    assert brackets("三级(含)以上") == []


def test_brands_come_from_the_documents_organisations() -> None:
    known = organisation_names(
        [
            "北京甲乙跳动科技有限公司",
            "四川丙丁档案管理服务有限责任公司",
            "戊己网股份有限公司",
            "携某旅游网络技术(上海)有限公司",
        ]
    )
    for brand in ("甲乙跳动", "北京甲乙跳动", "四川丙丁", "戊己网", "携某"):
        read = read_levels(f"新媒体营销({brand}/初级)", known)
        assert (read.issuer, read.level, read.name) == (brand, "初级", "新媒体营销")
        assert read_levels(f"新媒体营销({brand}/初级)").issuer is None


def test_a_trade_is_no_brand() -> None:
    known = organisation_names(
        ["北京新能源汽车股份有限公司", "上海无人艇有限公司", "上海无人艇协会", "中国汽车工程研究院"]
    )
    for direction in ("新能源汽车", "无人艇", "汽车", "上海"):
        assert read_levels(f"维修工({direction})", known).issuer is None
