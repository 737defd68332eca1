"""The contract's closed vocabularies and the columns that many tables share."""

# ruff: noqa: E501  (one field, one line: the declarations are read as a list)
from __future__ import annotations

import pyarrow as pa

from pipeline.schema.types import Field

TIERS = ("初级", "中级", "高级")

KINDS = {
    "title": "本专业或相近专业非教师系列职务(职称)",
    "skill": "国家技能等级证书(职业资格证书)",
    "practice": "执业资格证书",
    "one_plus_x": "1+X技能等级证书",
    "industry": "行业内其它权威证书",
}

GRADE_LABELS = {5: "五级/初级工", 4: "四级/中级工", 3: "三级/高级工", 2: "二级/技师", 1: "一级/高级技师"}

SEVERITIES = {"error": "错误", "warning": "警告", "info": "提示"}

QUEUES = {"reading": "可能读错", "document": "原文如此"}

BOOL = pa.bool_()
INT8 = pa.int8()
INT32 = pa.int32()
FLOAT32 = pa.float32()
STRINGS = pa.list_(pa.string())
GRADES = pa.list_(pa.int8())


def number(
    name: str, title_zh: str, title_en: str, doc_zh: str, doc_en: str, *, nullable: bool = False
) -> Field:
    """An int32 column of counts or positions (never negative)."""
    return Field(
        name, title_zh, title_en, doc_zh, doc_en, type=INT32, nullable=nullable, bounds=(0, 2**31 - 1)
    )


# fmt: off
EDITION = Field("edition", "版本", "Edition", "地区-年份，同年后出者为地区-年份-序号", "<jurisdiction>-<year>, or <jurisdiction>-<year>-<n> for a later version of that year", pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*-\d{4}(-[1-9]\d?)?$")
ENTRY_ID = Field(
    "entry_id", "条目标识", "Entry id",
    "由专业类代码、类别、级次、文字与出现次序散列而成，各版本一致",
    "Hash of class_code, kind, tier, text and the occurrence number; the same in every edition",
    pattern=r"^[0-9a-f]{8,64}$",
)
CLASS_CODE = Field(
    "class_code", "专业类代码", "Class code",
    "印在最前的代码；没有印出代码者为N加名称SHA-256的前8位，同名者加-2等后缀",
    "The first code printed; where none is, N and 8 hex digits of the name's SHA-256 (-2 … for a name that stands twice)",
    pattern=r"^(\d{4,}|N[0-9a-f]{8}(-\d+)?)$",
)
KIND = Field(
    "kind", "证书类别", "Kind",
    "；".join(f"{key}：{label}" for key, label in KINDS.items()),
    "Group of columns in which the entry stands",
    enum=tuple(KINDS),
)
TIER = Field("tier", "级次", "Tier", "条目所在的表格列", "The table column in which the entry stands", enum=TIERS)
LEVEL = Field(
    "level", "等级词", "Level",
    "文字仅写明初级/中级/高级时的等级词", "The word where the text states only 初级, 中级 or 高级",
    nullable=True, enum=TIERS,
)
GRADE_LIST = Field(
    "grades", "技能等级", "Grades",
    "文字本身写明的国家职业技能等级，由高数到低数排列（5为五级，1为一级）",
    "National skill grades that the text itself states, descending (5 lowest, 1 highest)", type=GRADES,
    bounds=(1, 5), default=[],
)

PROVENANCE: tuple[Field, ...] = (
    Field("source", "来源", "Source", "读取的来源种类（pdf、docx、transcript等）", "Kind of source read (pdf, docx, transcript, …)"),
    Field("page", "页码", "Page", "PDF页码，从1起", "PDF page, from 1", type=INT32, nullable=True, bounds=(1, 1e6)),
    Field("line", "行号", "Line", "文字稿的行号，或Word文件的段落号（正文中第几个w:p），从1起", "Line of a transcript, or number of the w:p in a Word file, from 1", type=INT32, nullable=True, bounds=(1, 1e7)),
    Field("x0", "左", "Left", "左边（点，原点在页面左上角）", "Left edge, points, origin top left", type=FLOAT32, nullable=True),
    Field("top", "上", "Top", "上边（点，原点在页面左上角）", "Top edge, points, origin top left", type=FLOAT32, nullable=True),
    Field("x1", "右", "Right", "右边（点，原点在页面左上角）", "Right edge, points, origin top left", type=FLOAT32, nullable=True),
    Field("bottom", "下", "Bottom", "下边（点，原点在页面左上角）", "Bottom edge, points, origin top left", type=FLOAT32, nullable=True),
    Field("cell_id", "单元格标识", "Cell id", "所在单元格（见cells表）", "The cell it stands in (table cells)", nullable=True),
    Field("confidence", "可信度", "Confidence", "0到1", "0 to 1", type=FLOAT32, bounds=(0, 1), default=1.0),
    Field("corrected", "已更正", "Corrected", "内容是否经corrections.yaml更正", "Whether corrections.yaml changed the row", type=BOOL, default=False),
)
# fmt: on
