"""The annex tables. An annex is recognised by title and header; ``annex_no`` is only the number printed."""

# ruff: noqa: E501  (one field, one line: the declarations are read as a list)
from __future__ import annotations

from pipeline.schema.common import EDITION, GRADE_LIST, INT8, PROVENANCE, STRINGS, number
from pipeline.schema.types import Field, Table

_ANNEX_NO = Field(
    "annex_no", "附件号", "Annex number", "印出的附件号", "The number printed", type=INT8, bounds=(0, 127)
)
_ROW_ID = Field("row_id", "行标识", "Row id", "由关键列以/连接而成", "The key columns joined by /")


def _no(
    doc_zh: str = "印出的序号", doc_en: str = "The running number printed", *, nullable: bool = False
) -> Field:
    return Field("no", "序号", "Number", doc_zh, doc_en, nullable=nullable)


def _annex(
    name: str,
    title_zh: str,
    title_en: str,
    doc_zh: str,
    doc_en: str,
    row_key: tuple[str, ...],
    *fields: Field,
) -> Table:
    """An annex table: edition, annex_no, row_id, its own columns, provenance."""
    columns = (EDITION, _ANNEX_NO, _ROW_ID, *fields, *PROVENANCE)
    return Table(name, title_zh, title_en, doc_zh, doc_en, columns, key=("row_id",), row_key=row_key)


ANNEXES: tuple[Table, ...] = (
    _annex(
        "annex_1_awards", "奖项目录", "Awards",
        "教学技能比赛、教学成果奖、高技能人才称号、科技或发明奖项，一奖一行",
        "Teaching contests and awards, honours for skilled workers, science and invention awards; one row per award",
        ("category", "name"),
        Field("category", "类别", "Category", "奖项所在的列", "The column it stands in",
              known=("教学技能比赛、教学成果奖", "高技能人才称号", "科技或发明奖项·省部级", "科技或发明奖项·国家级")),
        Field("name", "名称", "Name", "奖项名称", "Name of the award"),
    ),
    _annex(
        "annex_2_organisers", "行政机构名单", "Organisers",
        "可为比赛主办单位的行政机构", "Government bodies that count as a contest's organiser",
        ("no",),
        _no(),
        Field("name", "名称", "Name", "行政机构名称", "Name of the body"),
    ),
    _annex(
        "annex_3_contests", "指定比赛名单", "Contests", "指定类型的比赛及举例", "Named types of contests with examples",
        ("no",),
        _no(),
        Field("type", "类型", "Type", "比赛类型", "Type of contest"),
        Field("example", "举例", "Example", "比赛举例", "An example"),
    ),
    _annex(
        "annex_4_associations", "行业协会商会名单", "Associations",
        "可为比赛主办单位的全国性行业协会商会", "National trade associations that count as a contest's organiser",
        ("list", "no"),
        Field("list", "名单", "List", "双重管理或脱钩", "Doubly supervised or independent", known=("双重管理", "脱钩")),
        _no(),
        Field("name", "名称", "Name", "协会商会名称", "Name of the association"),
        Field("supervisor", "主管单位", "Supervisor", "（原）业务主管单位或行业管理部门", "(Former) supervising body", nullable=True),
        Field("lead_unit", "牵头单位", "Lead unit", "自律服务小组牵头单位", "Lead of its self-regulation group", nullable=True),
    ),
    _annex(
        "annex_5_evaluators", "社会培训评价组织名单", "Evaluators",
        "遴选通过的社会培训评价组织及评价项目", "Selected training and evaluation organisations and what they evaluate",
        ("no",),
        _no(),
        Field("org", "机构名称", "Organisation", "评价机构名称", "Name of the organisation"),
        Field("authority", "主管部门", "Authority", "主管部门", "Its authority"),
        Field("occupation", "职业（工种）", "Occupation", "评价的职业（工种）", "Occupation evaluated"),
        GRADE_LIST,
        Field("group", "分组", "Group", "该行之上的通栏标题", "A banner row above the row", nullable=True),
    ),
    _annex(
        "annex_6_assessments", "技能等级认定及能力考核目录", "Assessments",
        "社会化职业技能等级认定及专项职业能力考核目录", "Skill grade assessments and special ability tests",
        ("part", "org_no", "no"),
        Field("part", "部分", "Part", "所在的分表", "The sub-list", known=("社会化职业技能等级认定", "专项职业能力考核")),
        Field("org_no", "机构编号", "Organisation number", "印出的编号", "As printed"),
        Field("org", "评价机构", "Organisation", "评价机构名称", "Name of the organisation"),
        Field("org_code", "机构备案号", "Registration number", "机构备案号", "As printed", usual=r"^S\d{12}$"),
        _no("机构内的序号", "Number within the organisation", nullable=True),
        Field("occupation_code", "职业编码", "Occupation code", "职业（项目）编码", "As printed", usual=r"^\d(-\d{2}){3}$"),
        Field("occupation", "职业（工种）", "Occupation", "职业（工种）或评价项目", "Occupation or item tested"),
        GRADE_LIST,
        Field("item_type", "项目类型", "Item type", "评价项目的类型", "Type of the item tested", nullable=True),
    ),
    _annex(
        "annex_7_one_plus_x", "1+X证书目录", "1+X certificates",
        "教育部1+X职业技能等级证书", "The education ministry's 1+X certificates",
        ("no",),
        _no(),
        Field("org", "评价组织", "Organisation", "培训评价组织", "Evaluating organisation"),
        Field("certificate", "证书名称", "Certificate", "证书名称", "Name of the certificate"),
        Field("batch", "批次", "Batch", "公布批次", "Batch in which it was announced"),
    ),
    _annex(
        "annex_8_qualifications", "国家职业资格目录", "Qualifications",
        "国家职业资格目录，一资格一行", "The national list of qualifications",
        ("part", "no", "sub_name"),
        Field("part", "部分", "Part", "所在的分表", "The sub-list", known=("专业技术人员", "技能人员")),
        _no(),
        Field("name", "职业资格名称", "Qualification", "职业资格名称", "Name of the qualification"),
        Field("sub_name", "细分名称", "Sub-name", "资格之下的细分名称", "Name of a part of it", nullable=True),
        Field("departments", "实施部门", "Departments", "实施部门（单位），一行一个", "Responsible departments, one per line", type=STRINGS, default=[]),
        Field("category", "资格类别", "Category", "准入类或水平评价类", "Admission or level", known=("准入类", "水平评价类")),
        Field("legal_basis", "设定依据", "Legal basis", "设定依据，一行一条", "Legal bases, one per printed line", type=STRINGS, default=[]),
        Field("note", "备注", "Note", "备注", "Remark", nullable=True),
    ),
    _annex(
        "annex_9_overseas", "境外职业资格证书认可清单", "Overseas certificates",
        "认可的境外职业资格证书", "Recognised certificates from abroad",
        ("list", "no"),
        Field("list", "清单", "List", "A至D类", "A to D", known=("A", "B", "C", "D")),
        _no(),
        Field("field", "行业领域", "Field", "行业领域", "Industry or field"),
        Field("certificate", "职业资格证书", "Certificate", "证书名称", "Name of the certificate"),
        Field("issuer", "发证机构", "Issuer", "发证机构", "Issuing body"),
    ),
    _annex(
        "annex_10_titles", "职称系列各层级名称", "Professional titles",
        "职称系列（专业）各层级名称，一名称一行", "Titles of every rank of every series; one row per title",
        ("series_no", "ladder", "rank", "title"),
        Field("series_no", "系列序号", "Series number", "印出的序号", "As printed"),
        Field("series", "系列", "Series", "职称系列（专业）名称", "Name of the series"),
        number("ladder", "梯次", "Ladder", "系列内的第几行", "Which row of the series"),
        Field("rank", "层级", "Rank", "职称层级", "Rank", known=("正高级", "副高级", "中级", "助理级", "员级")),
        Field("title", "职称名称", "Title", "职称名称", "The title"),
    ),
    _annex(
        "annex_11_mappings", "职业资格与职称对应表", "Qualification to title",
        "国家专业技术人员职业资格可对应的职称，一条件一行", "Titles that qualifications count as; one row per condition",
        ("no", "condition"),
        _no(),
        Field("qualification", "职业资格", "Qualification", "职业资格名称", "Name of the qualification"),
        Field("rule", "对应规则", "Rule", "单元格原文", "The cell as printed"),
        Field("condition", "条件", "Condition", "级别或取得时间等条件", "Grade, date or other condition", nullable=True),
        Field("titles", "职称", "Titles", "可对应的职称", "Titles it counts as", type=STRINGS, default=[]),
        Field("remark", "备注", "Remark", "如需符合的要求", "Such as requirements to be met", nullable=True),
    ),
    _annex(
        "annex_other", "其他附件", "Other annexes",
        "以上各表均不合的附件，一单元格一行", "The cells of an annex that none of the above fits",
        ("annex_no", "table_no", "row", "col"),
        Field("title", "标题", "Title", "附件标题", "Title of the annex"),
        number("table_no", "表号", "Table number", "附件内第几个表", "Which table of the annex"),
        number("row", "行", "Row", "从0起", "From 0"),
        number("col", "列", "Column", "从0起", "From 0"),
        Field("header", "列标题", "Header", "该列的标题", "Header of the column", nullable=True),
        Field("text", "文字", "Text", "单元格文字", "Text of the cell"),
    ),
)  # fmt: skip
