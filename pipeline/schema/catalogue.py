"""The catalogue tables: majors, classes, entries, credentials, notes."""

# ruff: noqa: E501  (one field, one line: the declarations are read as a list)
from __future__ import annotations

from dataclasses import replace

from pipeline.schema.common import (
    BOOL,
    CLASS_CODE,
    EDITION,
    ENTRY_ID,
    GRADE_LABELS,
    GRADE_LIST,
    INT8,
    KIND,
    LEVEL,
    PROVENANCE,
    TIER,
    TIERS,
    number,
)  # fmt: skip
from pipeline.schema.types import Field, ForeignKey, Table

_NAME = Field(
    "name",
    "名称",
    "Name",
    "不含所写等级、机构与列表序号的名称",
    "Text without stated grade or level, issuer and list mark",
)
_ISSUER = Field(
    "issuer", "发证机构", "Issuer",
    "冒号前的机构，或末尾括号内单独的机构", "An organisation before a colon, or alone in the last bracket",
    nullable=True,
)  # fmt: skip

_MAJOR_CODE = Field(
    "major_code", "专业大类代码", "Major code",
    "中职代码；没有印出代码者为N加名称SHA-256的前8位",
    "Secondary code; where none is printed, N and 8 hex digits of the name's SHA-256",
    pattern=r"^(\d{2}|N[0-9a-f]{8})$",
)  # fmt: skip

MAJORS = Table(
    "majors", "专业大类", "Majors",
    "细则目录与正文中的专业大类",
    "The groups of classes (专业大类) of the table of contents and the body",
    (
        EDITION,
        _MAJOR_CODE,
        Field("college_code", "高职专科代码", "College code", "印出的代码", "As printed", nullable=True, pattern=r"^\d{2}$"),
        Field("bachelor_code", "职业本科代码", "Bachelor code", "印出的代码", "As printed", nullable=True, pattern=r"^\d{2}$"),
        Field("ordinal", "序号", "Ordinal", "标题前的汉字序号", "The number before the heading", type=INT8, bounds=(1, 127)),
        Field("name", "名称", "Name", "专业大类名称", "Name of the major"),
        number("toc_page", "目录页码", "Page in the contents", "目录所印页码", "Page that the contents print", nullable=True),
        Field("present", "正文有标题", "Present", "标题是否见于正文", "Its heading stands in the body, not only in the contents", type=BOOL),
        *PROVENANCE,
    ),
    key=("major_code",),
    order=("ordinal",),
)  # fmt: skip

CLASSES = Table(
    "classes", "专业类", "Classes",
    "各专业大类之下的专业类",
    "The classes (专业类) of the majors",
    (
        EDITION,
        CLASS_CODE,
        Field("code_printed", "印有代码", "Code printed", "是否印出代码；否则class_code由名称得出", "A code is printed; else class_code is made of the name", type=BOOL, default=True),
        Field("college_code", "高职专科代码", "College code", "印出的代码", "As printed", nullable=True, pattern=r"^\d{4,}$"),
        Field("bachelor_code", "职业本科代码", "Bachelor code", "印出的代码", "As printed", nullable=True, pattern=r"^\d{4,}$"),
        Field("name", "名称", "Name", "专业类名称", "Name of the class"),
        replace(_MAJOR_CODE, doc_zh="所属专业大类", doc_en="The major it belongs to"),
        *PROVENANCE,
    ),
    key=("class_code",),
    order=("class_code",),
    foreign=(ForeignKey(("major_code",), "majors", ("major_code",)),),
)  # fmt: skip

ENTRIES = Table(
    "entries", "证书条目", "Entries",
    "目录中的证书条目，一条一行，按印出的文字",
    "One row per item as printed",
    (
        EDITION,
        ENTRY_ID,
        CLASS_CODE,
        KIND,
        TIER,
        number("position", "位置", "Position", "在单元格内的次序，从1起", "Reading order in its cell, from 1"),
        Field("text", "原文", "Text", "印出的文字，已还原换行并规范化", "As printed, un-wrapped, normalised"),
        _NAME,
        _ISSUER,
        GRADE_LIST,
        LEVEL,
        Field("settled_by", "起止依据", "Settled by", "除本来源外确定条目起止的依据：Word文件、上一版、审核人；为空则仅凭本来源",
              "What fixed where the item begins and ends beyond the source itself; empty: nothing did", nullable=True, enum=("word_file", "edition", "steward")),
        Field("requires_attention", "须留意", "Requires attention", "是否有须人工查看的发现", "A finding about it wants a steward's eye", type=BOOL, default=False),
        *PROVENANCE,
    ),
    key=("entry_id",),
    order=("class_code", "kind", "tier", "position"),
    foreign=(ForeignKey(("class_code",), "classes", ("class_code",)),),
)  # fmt: skip

CREDENTIALS = Table(
    "credentials", "证书（按等级展开）", "Credentials",
    "条目按等级展开，一条目一等级一行；未写等级者一行且等级为空",
    "Entries with ranges expanded, one row per entry and grade (one row with null grade where none is stated)",
    (
        EDITION,
        ENTRY_ID,
        CLASS_CODE,
        KIND,
        TIER,
        _NAME,
        _ISSUER,
        Field("grade", "技能等级", "Grade", "5为五级，1为一级", "5 lowest, 1 highest", type=INT8, nullable=True, bounds=(1, 5)),
        Field("grade_label", "等级名称", "Grade label", "如三级/高级工", "Such as 三级/高级工", nullable=True, enum=tuple(GRADE_LABELS.values())),
        LEVEL,
        Field("tier_by_rule", "按说明应属级次", "Tier by rule", "说明第3条对该等级的规定；仅有等级词者即该词",
              "What rule 3 says for the grade; for a level alone, that level", nullable=True, enum=TIERS),
        Field("tier_conflict", "级次不符", "Tier conflict", "所在级次与说明不符", "The tier differs from tier_by_rule", type=BOOL, default=False),
        *PROVENANCE,
    ),
    key=("entry_id", "grade"),
    order=("class_code", "kind", "tier", "page", "line", "top", "x0", "entry_id", "-grade"),
    foreign=(
        ForeignKey(("entry_id",), "entries", ("entry_id",)),
        ForeignKey(("class_code",), "classes", ("class_code",)),
    ),
)  # fmt: skip

NOTES = Table(
    "notes", "说明", "Notes",
    "细则正文的说明",
    "The rulebook's own notes (说明)",
    (
        EDITION,
        Field("number", "编号", "Number", "说明的编号", "Number of the note"),
        replace(_NAME, name="text", title_zh="原文", title_en="Text", doc_zh="说明的文字", doc_en="Its text"),
        *PROVENANCE,
    ),
    key=("number",),
)  # fmt: skip
