"""The table of changes between two editions or two releases: made by ``xize diff``, not part of a release."""

# ruff: noqa: E501  (one field, one line: the declarations are read as a list)
from __future__ import annotations

from pipeline.schema.common import FLOAT32, INT32, KINDS, STRINGS, TIERS, number
from pipeline.schema.types import Field, Table

CHANGE_KINDS: dict[str, str] = {
    "edition_changed": "文件标题或标题行有变",
    "major_changed": "专业大类有变",
    "class_added": "新增专业类",
    "class_removed": "取消专业类",
    "class_renamed": "专业类更名",
    "class_recoded": "专业类代码有变",
    "entry_added": "新增条目",
    "entry_removed": "删除条目",
    "entry_renamed": "条目改名",
    "entry_tier_moved": "改列级次",
    "entry_kind_moved": "改列证书类别",
    "entry_class_moved": "改列专业类",
    "grades_changed": "技能等级有变",
    "level_changed": "等级词有变",
    "issuer_changed": "颁发单位有变",
    "entry_reordered": "次序有变",
    "note_changed": "说明有变",
    "annex_row_added": "附件新增行",
    "annex_row_removed": "附件删除行",
    "annex_row_changed": "附件内容有变",
    "annex_row_renumbered": "附件序号有变",
}
"""Every kind of change with the words a reviewer reads, in the order of a report."""

QUIET_CHANGES = ("entry_reordered", "annex_row_renumbered")
"""Left out unless asked for."""

MARKS: dict[str, str] = {
    "corrected_before": "前一侧经更正",
    "corrected_after": "后一侧经更正",
    "finding_before": "前一侧存疑，可能是误读",
    "finding_after": "后一侧存疑，可能是误读",
    "unlike_sources": "两侧来源种类不同",
    "unlike_versions": "两侧由不同版本的程序读出",
}
"""What a reviewer should know about how a change came about."""


def _side(suffix: str, side_zh: str, side_en: str) -> tuple[Field, ...]:
    """Where one side of a change is printed."""
    return (
        Field(f"source_{suffix}", f"{side_zh}来源", f"Source {side_en}", "读取的来源种类", "Kind of source read", nullable=True),
        Field(f"page_{suffix}", f"{side_zh}页码", f"Page {side_en}", "从1起", "From 1", type=INT32, nullable=True),
        Field(f"line_{suffix}", f"{side_zh}行号", f"Line {side_en}", "文字稿的行号，或Word文件的段落号", "Line of a transcript, or number of the w:p in a Word file", type=INT32, nullable=True),
        *(
            Field(f"{edge}_{suffix}", f"{side_zh}{word}", f"{name} {side_en}", "点，原点在页面左上角", "Points, origin top left", type=FLOAT32, nullable=True)
            for edge, word, name in (("x0", "左", "Left"), ("top", "上", "Top"), ("x1", "右", "Right"), ("bottom", "下", "Bottom"))
        ),
        Field(f"cell_id_{suffix}", f"{side_zh}单元格", f"Cell {side_en}", "所在单元格", "The cell it stands in", nullable=True),
    )  # fmt: skip


CHANGES = Table(
    "changes", "变更", "Changes",
    "两个版本（或同一版本的两次发布）之间印出文字的差别",
    "What is printed differently between two editions, or two releases of one",
    (
        Field("change_id", "变更标识", "Change id", "由变更内容散列而成，同样两次发布之间不变", "Hash of what changed; the same whenever the same two releases are compared", pattern=r"^[0-9a-f]{16}$"),
        Field("change", "变更种类", "Change", "；".join(f"{k}：{v}" for k, v in CHANGE_KINDS.items()), "Kind of change", enum=tuple(CHANGE_KINDS)),
        Field("table", "表", "Table", "所涉的表", "The table it is about"),
        Field("class_code", "专业类代码", "Class code", "变更前的专业类（新增的为变更后的）", "Class before (after, for what was added)", nullable=True),
        Field("class_code_after", "变更后专业类代码", "Class code after", "变更后的专业类", "Class after", nullable=True),
        Field("class_name", "专业类名称", "Class name", "专业类名称，供阅读", "Name of the class, for readers", nullable=True),
        Field("major_code", "专业大类代码", "Major code", "所属专业大类", "Major group it belongs to", nullable=True),
        Field("major_name", "专业大类名称", "Major name", "专业大类名称，供阅读", "Name of the major group, for readers", nullable=True),
        Field("kind", "证书类别", "Kind", "变更前的类别", "Kind before", nullable=True, enum=tuple(KINDS)),
        Field("kind_after", "变更后证书类别", "Kind after", "变更后的类别", "Kind after", nullable=True, enum=tuple(KINDS)),
        Field("tier", "级次", "Tier", "变更前的级次", "Tier before", nullable=True, enum=TIERS),
        Field("tier_after", "变更后级次", "Tier after", "变更后的级次", "Tier after", nullable=True, enum=TIERS),
        Field("key", "键", "Key", "条目标识、专业类代码或行标识（变更前；新增的为变更后）", "entry_id, class_code or row_id (before; after for what was added)", nullable=True),
        Field("key_after", "变更后键", "Key after", "变更后的键", "Key after", nullable=True),
        Field("field", "字段", "Field", "有变的列", "Which column changed", nullable=True),
        Field("before", "变更前", "Before", "变更前印出的文字", "Printed text before", nullable=True),
        Field("after", "变更后", "After", "变更后印出的文字", "Printed text after", nullable=True),
        *_side("before", "变更前", "before"),
        *_side("after", "变更后", "after"),
        Field("edition_before", "前一版本", "Edition before", "版本", "Edition"),
        Field("release_before", "前一发布", "Release before", "发布", "Release"),
        Field("edition_after", "后一版本", "Edition after", "版本", "Edition"),
        Field("release_after", "后一发布", "Release after", "发布", "Release"),
        Field("score", "相似度", "Score", "前后文字的相似度，0到1", "Similarity of before and after, 0 to 1", type=FLOAT32, nullable=True, bounds=(0, 1)),
        Field("confidence", "可信度", "Confidence", "0到1", "0 to 1", type=FLOAT32, bounds=(0, 1), default=1.0),
        Field("marks", "标记", "Marks", "；".join(f"{k}：{v}" for k, v in MARKS.items()), "How the change came about, where that matters", type=STRINGS, default=[]),
        Field("group", "组", "Group", "多处相同的变更同属一组，一次决定", "The same change made in many places is one group, decided once"),
        number("group_size", "组内处数", "Group size", "该组共有几处", "How many places the group has"),
    ),
    key=("change_id",),
    order=("change", "class_code", "kind", "tier", "page_before", "top_before"),
)  # fmt: skip
