"""The annex tables, declared: one short block each. Words are general vocabulary, never one edition's rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pipeline.schema import TABLES
from pipeline.text import squeeze


@dataclass(frozen=True)
class Column:
    """A column: the field it fills, the header words that name it (blanks between them), how its cells are read.

    ``read``: text (all lines joined) | code (blanks deleted) | grades | lines (one value per intended line) |
    bases (legal bases).
    """

    field: str
    header: str
    required: bool = False
    read: str = "text"

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The header words, squeezed, the usual one first."""
        return tuple(map(squeeze, self.header.split()))


@dataclass(frozen=True)
class Numbering:
    """A running number: its field, the fields within whose values it runs (and may start again at 1), and the field
    that it numbers: rows that repeat both, instead of a merged cell, count once."""

    field: str
    within: tuple[str, ...] = ()
    of: str | None = None


@dataclass(frozen=True)
class Spec:
    """An annex table. ``title``: words that name it (a regular expression over the squeezed title); ``sign``: header
    words that no other table has; ``part``: the field that a banner row or a text line before the table fills, and how its
    unknown values look; ``shape``: flat | awards | ladders | mappings; ``twins``: pairs of fields that may stand under one
    header word."""

    table: str
    title: str
    titles: tuple[str, ...]
    sign: str
    columns: tuple[Column, ...] = ()
    part: str | None = None
    part_pattern: str | None = None
    group: str | None = None
    numberings: tuple[Numbering, ...] = ()
    shape: str = "flat"
    twins: tuple[tuple[str, str], ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The known values of the field ``part``."""
        return (TABLES[self.table].by_name[self.part].known or ()) if self.part else ()


NO = "序号 编号 序次 No No."
IDENTIFYING = frozenset(
    {"no", "org_no", "org", "org_code", "series_no", "series", "field", "name", "qualification"}
)
"""Fields that say which row it is: where the table has such a column and needs its values, none is ever published empty
without an error."""

SPECS: tuple[Spec, ...] = (
    Spec(
        "annex_1_awards",
        title="教学成果奖|教学技能比赛|科技或发明奖|发明奖项|高技能人才称号|人才称号",
        titles=("教学技能比赛、教学成果奖、高技能人才称号、科技或发明奖项目录",),
        sign="教学成果奖|高技能人才称号|发明奖",
        shape="awards",
    ),
    Spec(
        "annex_2_organisers",
        title="行政机构|行政机关|行政部门",
        titles=("比赛主办单位为行政机构名单",),
        sign="行政机构|行政机关",
        columns=(
            Column("no", NO, read="code"),
            Column("name", "行政机构 行政机构名称 行政机关 行政部门 机构名称 单位名称 主办单位 主办单位名称 名称", required=True),
        ),
        numberings=(Numbering("no"),),
    ),
    Spec(
        "annex_3_contests",
        title="(制定|指定|特定|认定)的?(比赛|竞赛|赛事|大赛)",
        titles=("制定比赛名单",),
        sign="制定类型|指定类型|比赛类型|举例",
        columns=(
            Column("no", NO, read="code"),
            Column("type", "制定类型 指定类型 类型 比赛类型 竞赛类型 赛事类型 类别 比赛类别", required=True),
            Column("example", "举例 示例 例子 比赛举例 例如 比赛示例 比赛名称 举例说明", required=True),
        ),
        numberings=(Numbering("no"),),
    ),
    Spec(
        "annex_4_associations",
        title="行业协会|协会商会",
        titles=("比赛主办单位为全国性行业协会商会参考名单",),
        sign="行业协会|协会商会|协会名称|牵头单位",
        columns=(
            Column("list", "名单类别 清单类别 名单类型"),
            Column("no", NO, read="code"),
            Column(
                "name",
                "行业协会商会 行业协会商会名称 全国性行业协会商会 全国性行业协会商会名称 协会商会名称 协会商会 协会名称 行业协会名称 行业协会 "
                "单位名称 名称 主办单位",
                required=True,
            ),
            Column(
                "supervisor",
                "业务主管单位 原业务主管单位 原业务主管单位/行业管理部门 行业管理部门 主管单位 原主管单位 主管部门 业务主管部门 "
                "原业务主管部门 行业主管部门 管理部门",
            ),
            Column("lead_unit", "自律服务小组牵头单位 牵头单位 自律服务牵头单位 自律小组牵头单位 服务小组牵头单位 自律服务小组组长单位 自律服务小组牵头单位名称"),
        ),
        part="list",
        numberings=(Numbering("no", ("list",)),),
    ),
    Spec(
        "annex_5_evaluators",
        title="评价组织及评价|培训评价组织|评价机构及(评价)?项目|评价项目名单",
        titles=("遴选通过的社会培训评价组织及评价项目名单",),
        sign="主管部门|评价组织",
        columns=(
            Column("no", NO, read="code"),
            Column(
                "org",
                "机构名称 评价机构名称 评价机构 评价组织 培训评价组织 社会培训评价组织 评价组织名称 社会培训评价组织名称 组织名称 单位名称 "
                "培训评价组织名称",
                required=True,
            ),
            Column("authority", "主管部门 主管单位 业务主管单位 业务主管部门 上级主管部门 行业主管部门"),
            Column("occupation", "职业(工种) 职业工种 职业名称 职业(工种)名称 职业/工种 职业、工种 职业 工种 评价项目 评价职业 评价职业(工种)", required=True),
            Column("grades", "等级 级别 认定等级 评价等级 技能等级 职业技能等级 可认定等级 认定级别", required=True, read="grades"),
        ),
        group="group",
        numberings=(Numbering("no", ("group",)),),
    ),
    Spec(
        "annex_6_assessments",
        title="等级认定|专项职业能力|社会化职业技能",
        titles=("上海市社会化职业技能等级认定及专项职业能力考核目录", "社会化职业技能等级认定目录"),
        sign="备案号|职业编码|职业代码",
        columns=(
            Column("part", "认定类型 评价类型 部分"),
            Column("org_no", "编号 机构编号 机构序号 评价机构编号", required=True, read="code"),
            Column("org", "评价机构名称 机构名称 评价机构 评价组织 评价组织名称 考核机构名称 单位名称 认定机构名称 认定机构", required=True),
            Column("org_code", "机构备案号 备案号 机构编码 机构代码 备案编号 机构备案编号 评价机构备案号 备案编码 机构备案编码", required=True, read="code"),
            Column("no", "序号 项目序号 职业序号", read="code"),
            Column("occupation_code", "职业编码 职业代码 编码 代码 项目编码 职业(工种)编码 职业(工种)代码 项目代码 职业编号", required=True, read="code"),
            Column(
                "occupation",
                "职业(工种) 评价项目 职业工种 职业名称 职业(工种)名称 考核项目 项目名称 评价项目名称 职业/工种 职业 工种 考核项目名称 "
                "专项职业能力名称",
                required=True,
            ),
            Column("grades", "等级 级别 认定等级 评价等级 技能等级 职业技能等级 认定级别", read="grades"),
            Column("item_type", "项目类型 项目类别 考核类型 评价项目类型"),
        ),
        part="part",
        numberings=(Numbering("org_no", ("part",), "org"), Numbering("no", ("part", "org_no"))),
        twins=(("org_no", "no"),),
    ),
    Spec(
        "annex_7_one_plus_x",
        title=r"1\+x",
        titles=("教育部1+X证书目录", "1+X职业技能等级证书目录"),
        sign="批次|培训评价组织|职业技能等级证书",
        columns=(
            Column("no", NO, read="code"),
            Column("org", "评价组织 培训评价组织 职业教育培训评价组织 评价组织名称 培训评价组织名称 评价机构 组织名称 评价机构名称 机构名称", required=True),
            Column(
                "certificate",
                "证书名称 职业技能等级证书名称 职业技能等级证书 1+X证书名称 技能等级证书名称 证书 技能等级证书 1+X职业技能等级证书名称 "
                "1+X证书",
                required=True,
            ),
            Column("batch", "批次 公布批次 发布批次 试点批次 证书批次 所属批次", required=True),
        ),
        numberings=(Numbering("no"),),
    ),
    Spec(
        "annex_8_qualifications",
        title="职业资格目录",
        titles=("国家职业资格目录", "国家职业资格目录(2021年版)"),
        sign="资格类别|设定依据|实施部门",
        columns=(
            Column("part", "人员类别 人员类型"),
            Column("no", NO, read="code"),
            Column("name", "职业资格名称 资格名称 职业资格 国家职业资格名称 名称 国家职业资格", required=True),
            Column("sub_name", "子项名称 子项 职业资格子项 具体资格 具体职业资格 细分名称 职业资格细类 分项名称"),
            Column("departments", "实施部门(单位) 实施部门 实施单位 实施部门/单位 实施部门和单位 实施机构 主管部门 负责部门 实施部门(单位)名称", required=True, read="lines"),
            Column("category", "资格类别 类别 资格类型 职业资格类别 资格性质 类型", required=True),
            Column("legal_basis", "设定依据 法律依据 设置依据 依据 法规依据 设立依据 政策依据", required=True, read="bases"),
            Column("note", "备注 说明 附注 备注说明"),
        ),
        part="part",
        numberings=(Numbering("no", ("part",), "name"),),
        twins=(("name", "sub_name"),),
    ),
    Spec(
        "annex_9_overseas",
        title="境外|国外|国际职业资格",
        titles=("上海市境外职业资格证书认可清单", "境外职业资格证书认可清单"),
        sign="行业领域|发证机构|颁发机构",
        columns=(
            Column("list", "清单类别 名单类别 类别 分类 清单"),
            Column("no", NO, read="code"),
            Column("field", "行业领域 领域 行业 所属行业 所属领域 行业类别 专业领域 行业(领域) 行业/领域", required=True),
            Column(
                "certificate",
                "职业资格证书 证书名称 资格证书 职业资格证书名称 资格证书名称 职业资格名称 境外职业资格证书 境外职业资格证书名称 职业资格 "
                "证书",
                required=True,
            ),
            Column("issuer", "发证机构 颁发机构 颁证机构 发证单位 发证组织 颁发单位 发证机构名称 颁发机构名称 认证机构 证书颁发机构 发证部门", required=True),
        ),
        part="list",
        part_pattern="([A-Z])[类級级档]|(?:类别|清单|名单|第)([A-Z])(?![A-Z])",
        numberings=(Numbering("no", ("list",)),),
    ),
    Spec(
        "annex_10_titles",
        title="层级名称|职称系列|层级职称",
        titles=("职称系列(专业)各层级名称",),
        sign="各层级职称名称|各层级名称|层级",
        columns=(
            Column("series_no", NO, read="code"),
            Column(
                "series",
                "名称 系列 职称系列 系列名称 系列(专业) 职称系列(专业) 系列(专业)名称 专业系列 职称系列名称 专业名称 "
                "职称系列(专业)名称",
                required=True,
            ),
        ),
        numberings=(Numbering("series_no", of="series"),),
        shape="ladders",
    ),
    Spec(
        "annex_11_mappings",
        title="职称对应|对应表|与职称",
        titles=("国家专业技术人员职业资格与职称对应表",),
        sign="对应的?职称|对应职称|职称",
        columns=(
            Column("no", NO, read="code"),
            Column("qualification", "国家职业资格名称 职业资格名称 职业资格 国家职业资格 资格名称 专业技术人员职业资格 名称 专业技术人员职业资格名称", required=True),
            Column("rule", "可对应的职称 对应职称 可对应职称 对应的职称 职称 对应职称名称 可对应的职称名称 对应关系 可对应的职称层级 可直接对应的职称", required=True, read="lines"),
        ),
        numberings=(Numbering("no"),),
        shape="mappings",
    ),
)  # fmt: skip

BY_TABLE: dict[str, Spec] = {spec.table: spec for spec in SPECS}

ORGANISATIONS = (
    ("annex_4_associations", "name"),
    ("annex_5_evaluators", "org"),
    ("annex_6_assessments", "org"),
    ("annex_7_one_plus_x", "org"),
)
"""Where the annexes name organisations: table, column."""

# Header words of annex 10's rank columns, lowest and upper header rows, and of annex 1's levels.
RANKS = ("正高级", "副高级", "中级", "助理级", "员级")
RANK_WORDS: dict[str, str] = {
    **dict.fromkeys(("正高级", "正高", "正高级职称", "正高级职务"), "正高级"),
    **dict.fromkeys(("副高级", "副高", "副高级职称", "副高级职务"), "副高级"),
    **dict.fromkeys(("中级", "中级职称", "中级职务"), "中级"),
    **dict.fromkeys(("助理级", "助理", "助理级职称", "助级"), "助理级"),
    **dict.fromkeys(("员级", "员", "技术员级", "员级职称"), "员级"),
    **dict.fromkeys(("高级", "高级职称", "高级职务"), "高级"),
    **dict.fromkeys(("初级", "初级职称", "初级职务"), "初级"),
}
LADDER_HEADS = re.compile(r"(各)?(层级|级别|等级)(的)?(职称|职务)?(的)?(名称)?|职称(名称|层级|级别)")
AWARD_LEVEL = re.compile(r"(国家级?|省部级?|省级|部级|市级|直辖市|省、?部级?|地市级)(\(.{0,8}\))?(奖项|级)?")

_PLAIN = re.compile(r"\([^()]*\)")


def plain(text: str) -> str:
    """A header word without brackets, for a second look."""
    return _PLAIN.sub("", text)


def known_word(text: str, words: frozenset[str], header_map: Mapping[str, str]) -> bool:
    """Whether ``text`` is a header word: exactly, or without its brackets, or mapped in source.yaml."""
    return text in words or plain(text) in words or text in header_map


VOCABULARY: dict[str, frozenset[str]] = {
    spec.table: frozenset(word for column in spec.columns for word in column.words).union(
        RANK_WORDS if spec.shape == "ladders" else ()
    )
    for spec in SPECS
}
"""Every header word of a table, squeezed."""
ALL_WORDS: frozenset[str] = frozenset().union(*VOCABULARY.values())
