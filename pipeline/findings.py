"""Findings: what is doubtful, in the steward's words. One documented list of codes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: ``severity`` error | warning | info, its Chinese title and what the steward should do.

    ``queue``: ``reading`` (it may be read wrongly) | ``document`` (it is printed so).
    """

    code: str
    severity: str
    queue: str
    title_zh: str
    remedy_zh: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubtful place. Box in PDF points, origin top left; ``key`` is an entry_id, class_code or row_id.

    One that sums up several rows has their keys in ``keys`` and the place of the first. ``chance``: the probability that
    something is wrong, where the check knows it.
    """

    code: str
    message: str
    evidence: str
    severity: str = ""
    table: str | None = None
    key: str | None = None
    page: int | None = None
    line: int | None = None
    x0: float | None = None
    top: float | None = None
    x1: float | None = None
    bottom: float | None = None
    cell_id: str | None = None
    confidence: float = 1.0
    keys: tuple[str, ...] = ()
    chance: float | None = None

    @property
    def rows(self) -> tuple[str, ...]:
        """The keys of the rows that it is about: one decision settles them all."""
        return self.keys or ((self.key,) if self.key is not None else ())

    @property
    def level(self) -> str:
        """The severity: the finding's own, or that of its code."""
        return self.severity or CODES[self.code].severity

    @property
    def likelihood(self) -> float:
        """The probability that something is wrong: what the check knows, else what its code and confidence suggest."""
        if self.chance is not None:
            return self.chance
        queue = CODES[self.code].queue
        return max(_CHANCE[queue, self.level], 1.0 - self.confidence if queue == "reading" else 0.0)

    @property
    def digits(self) -> str:
        """Stable across runs and the same in every edition: a hash of code, table, key and evidence."""
        text = "\x1f".join((self.code, self.table or "", self.key or "", self.evidence))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


BOUNDARY_CODES = frozenset({"boundary_uncertain", "boundary_differs", "item_cut_off", "items_run_together"})
"""Doubts about where an item begins and ends: who accepts one settles the items that it names."""


def digits_of(finding_id: str) -> str:
    """The digits of a finding's id, which is ``<edition>:<16 hex digits>``, or (version 1 of the contract) they alone."""
    return finding_id.rpartition(":")[2]


# How often something is wrong where the finding itself does not know it.
_CHANCE = {
    ("reading", "error"): 1.0, ("reading", "warning"): 0.3, ("reading", "info"): 0.1,
    ("document", "error"): 1.0, ("document", "warning"): 0.02, ("document", "info"): 0.01,
}  # fmt: skip


CODES: dict[str, Code] = {
    row[0]: Code(*row)
    for row in (
        ("text_outside_tables", "info", "document", "表外文字", "核对该处文字是否应属于某个表格；如属说明性文字，可接受此项。"),
        # found by reading and tidying
        ("header_similar", "warning", "reading", "表头按相近词识别", "核对表头；可在source.yaml的headers中写明。"),
        ("merged_across_columns", "warning", "reading", "单元格横跨多列", "核对合并是否属实；条目计入所跨的每一列。"),
        ("class_code_missing", "warning", "document", "专业类没有代码", "核对原文；确未印出则接受此项，以N开头的键可用于查询与更正。"),
        ("class_name_missing", "warning", "reading", "专业类没有名称", "核对原文中该代码旁的名称；确未印出则接受此项。"),
        ("major_code_missing", "warning", "document", "专业大类没有代码", "核对标题；确未印出则接受此项。"),
        ("class_code_repeated", "warning", "document", "专业类代码重复", "核对原文代码；可在corrections.yaml中更正。"),
        ("class_under_other_heading", "warning", "reading", "专业类印在别的大类之下", "核对是否缺了大类标题或缺页。"),
        ("major_heading_missing", "warning", "reading", "专业大类没有标题", "核对是否缺了大类标题或缺页。"),
        ("catalogue_text_unplaced", "error", "reading", "目录表文字未能归入条目", "核对该处的表格线与文字。"),
        ("catalogue_column_extra", "warning", "document", "目录表有证书之外的列", "核对该列是否含条目；是则在source.yaml的headers中写明其类别。"),
        ("placeholder", "info", "document", "占位符号", "该格按空白处理；如有内容，请在corrections.yaml中更正。"),
        ("table_outside_sections", "warning", "reading", "不在任何大类或附件下的表格", "核对其标题是否读出。"),
        ("hidden_text", "info", "document", "隐藏文字", "该文字在页面上看不见，未读入；如确为正文，请核对原件。"),
        ("text_repainted", "info", "reading", "重复描绘的字", "同一个字在原处描绘两次，只读一次；如确为两个字，请在corrections.yaml中更正。"),
        ("page_without_text", "warning", "reading", "页面没有文字层", "对该页做文字识别后再读。"),
        ("page_damaged", "error", "reading", "页面内容流损坏", "重新取得该文件；取不到时对照原件，用corrections.yaml补正该页，再接受此项。"),
        ("glyphs_missing", "error", "reading", "页面所印的字没有读全", "重新取得该文件；取不到时对照原件，用corrections.yaml补正该页，再写明理由接受此项。"),
        ("cell_pictured", "warning", "reading", "单元格里是图片", "对照原件，图片中的字请在corrections.yaml中补上，或先做文字识别。"),
        ("undecodable_text", "warning", "reading", "字符没有编码", "对照原件，在corrections.yaml中更正。"),
        ("span_uncertain", "info", "reading", "合并单元格在分页处的范围不确定", "核对分页处的空单元格是否属于上一页的合并单元格。"),
        ("room_uncertain", "info", "reading", "列宽余量难以估计", "文件较短时属正常；请多核对可信度低的条目，再接受此项。"),
        ("annex_number_unread", "warning", "reading", "附件编号读不出", "核对附件标题中的编号与名称；无误则接受此项。"),
        ("annex_empty", "warning", "reading", "附件没有表格", "核对该附件的表格是否读出，或原文是否没有表格。"),
        ("annex_unknown", "warning", "document", "未知附件", "附件内容已存入annex_other；如需成表，请告知维护者。"),
        ("annex_similar", "warning", "reading", "附件仅凭相近标题或列标题识别", "核对该附件是否确为所识别的表。"),
        ("annex_column_unknown", "warning", "reading", "附件缺少必需的列", "在source.yaml的headers中写明列标题对应的字段。"),
        ("annex_column_similar", "warning", "reading", "附件列标题按相近词识别", "核对列标题；可在source.yaml的headers中写明。"),
        ("annex_column_extra", "warning", "document", "附件有合约之外的列", "该列内容已存入annex_other，核对是否需要。"),
        ("annex_header_missing", "warning", "reading", "附件表格没有列标题", "核对各列是否按通常的次序排列。"),
        ("annex_category_unknown", "warning", "document", "未知的奖项类别", "核对列标题；按原文发布。"),
        ("annex_part_unknown", "warning", "document", "未知的分表", "核对分表名称；按原文发布。"),
        ("annex_part_missing", "warning", "reading", "未写明分表", "核对该表属于哪个分表。"),
        ("annex_banner_unknown", "warning", "reading", "通栏文字未能归类", "核对该行文字是标题、分组还是说明。"),
        ("annex_sum", "info", "document", "附件的合计行", "核对该行是否确为合计而非数据；属实则接受此项。"),
        ("annex_key_missing", "error", "reading", "附件一行缺少识别该行的值", "核对原文该格是否属于上一页或上一行的合并单元格；可在corrections.yaml中补上，原文确为空白则写明理由接受。"),
        ("annex_value_missing", "warning", "reading", "附件一行缺少必需的值", "核对原文该单元格是否为空。"),
        ("annex_grades_unread", "warning", "reading", "等级读不出", "核对等级一栏的文字。"),
        ("annex_rule_unread", "warning", "reading", "职称对应规则读不出", "核对该单元格；原文已保留在rule列。"),
        ("annex_text_unplaced", "warning", "reading", "附件文字未能归入任何一行", "核对该处的表格线与文字。"),
        ("row_id_duplicate", "warning", "document", "行标识重复", "核对序号是否重复；重复的行加#2等后缀。"),
        ("running_number_gap", "warning", "reading", "序号不连续", "核对原文是否漏号，或有行未读出。"),
        ("running_number_duplicate", "warning", "document", "序号重复", "核对原文序号。"),
        ("running_number_invalid", "warning", "document", "序号不是数字", "核对原文序号。"),
        ("org_code_pattern", "warning", "document", "机构备案号格式不符", "核对备案号；如系原文笔误，可在corrections.yaml中更正。"),
        # found in the content of the tables (quality/)
        ("level_words_contradict", "warning", "document", "等级字样互相矛盾", "核对原文；等级已照原文全部列出，属误植则在corrections.yaml中更正。"),
        ("level_word_unknown", "info", "document", "等级字样不在五级之内", "核对该字样；属于别的等级体系则接受此项。"),
        ("brackets_unbalanced", "warning", "reading", "括号不成对", "核对原文；可在corrections.yaml中用replace更正，属原文如此则接受。"),
        ("item_cut_off", "warning", "reading", "条目似被截断", "核对原文；可在corrections.yaml中用join或replace更正。"),
        ("item_length", "warning", "reading", "条目过短或过长", "核对是否拆分或合并有误；可在corrections.yaml中用split或join更正。"),
        ("item_ditto", "warning", "reading", "条目只写“同上”", "对照原文，在corrections.yaml中用replace写明所指的条目，或用drop删去。"),
        ("items_run_together", "warning", "reading", "两个条目似连成一条", "核对原文；可在corrections.yaml中用split更正。"),
        ("item_repeated", "warning", "document", "同一单元格重复列出", "核对原文；多余者在corrections.yaml中用drop删去，属实则接受。"),
        ("boundary_differs", "info", "reading", "条目起止与上一版不同", "对照原文；有误则在corrections.yaml中用split或join更正，无误则接受。"),
        ("boundary_uncertain", "info", "reading", "条目起止不确定", "对照原文；有误则在corrections.yaml中用split或join更正，无误则接受。"),
        ("name_near_duplicate", "warning", "document", "与相邻名称只差一字", "核对是否误植；可在corrections.yaml中用replace更正，属实则接受。"),
        ("one_plus_x_unlinked", "warning", "document", "1+X证书不在目录附件中", "核对名称与附件；属附件未收则接受此项。"),
        # found by validation (expectations/), or in majors, classes and characters (quality/)
        ("schema_violation", "error", "reading", "数据表结构不符", "属程序问题，请连同输入文件报告。"),
        ("value_missing", "error", "reading", "必填值缺失", "核对原文该处是否为空；如读漏，请报告。"),
        ("value_not_allowed", "error", "reading", "值不在约定之中", "核对原文；如系原文笔误，可在corrections.yaml中更正。"),
        ("value_out_of_bounds", "error", "reading", "数值超出范围", "核对原文；如系原文笔误，可在corrections.yaml中更正。"),
        ("key_duplicated", "error", "reading", "键重复", "核对原文是否重复列出；如系原文笔误，可在corrections.yaml中更正。"),
        ("reference_dangling", "error", "reading", "所指的行不存在", "核对所指的专业类、专业大类或附件行是否漏读。"),
        ("value_unknown", "warning", "document", "未见过的取值", "核对原文；属实则接受此项。"),
        ("value_unusual", "warning", "document", "写法与众不同", "核对原文；如系原文笔误，可在corrections.yaml中更正。"),
        ("text_implausible", "warning", "reading", "文字可疑", "核对原文该处的字符；可在corrections.yaml中更正。"),
        ("class_code_inconsistent", "warning", "document", "专业代码不一致", "核对原文；如系原文笔误，可在corrections.yaml中更正。"),
        ("class_without_entries", "warning", "document", "专业类没有条目", "核对原文各栏是否空白；属实则接受此项，有内容而未读出请报告。"),
        ("section_header_only", "warning", "document", "专业大类只印表头", "核对原文该部分是否确无专业类；属实则接受此项。"),
        ("section_without_classes", "error", "reading", "专业大类没有专业类", "核对该部分的表格；确要发布请加--allow-incomplete。"),
        ("class_not_in_moe_list", "info", "document", "与教育部专业目录不同", "核对专业类代码与名称；属实则接受此项。"),
        ("item_implausible", "warning", "reading", "条目形式异常", "核对原文，看条目是否拆分或合并有误。"),
        ("position_not_continuous", "warning", "reading", "条目位置不连续", "核对该单元格是否漏读，或专业类是否重复。"),
        ("credential_missing", "error", "reading", "条目展开有误", "属程序问题，请连同输入文件报告。"),
        ("grades_invalid", "error", "reading", "等级列表不合约定", "属程序问题，请连同输入文件报告。"),
        ("grade_label_wrong", "error", "reading", "等级名称不符", "属程序问题，请连同输入文件报告。"),
        ("tier_rule_wrong", "error", "reading", "规定级次有误", "属程序问题，请连同输入文件报告。"),
        ("tier_conflict", "warning", "document", "级次与说明不符", "核对原文；属实则接受此项。"),
        ("toc_section_missing", "error", "reading", "目录所列专业大类未见", "核对文件是否完整；确要发布请加--allow-incomplete。"),
        ("toc_annex_missing", "error", "reading", "目录所列附件未见", "核对文件是否完整；确要发布请加--allow-incomplete。"),
        ("toc_annex_absent", "warning", "document", "目录所列附件不在文件中", "核对原文是否本无此附件；如另有文件，请一并取得。"),
        ("annex_without_rows", "warning", "reading", "附件没有表格行", "核对该附件是否只有文字，或其表格漏读。"),
        ("characters_lost", "warning", "reading", "表格文字有遗漏", "核对原文；请连同输入文件报告。"),
        ("characters_added", "error", "reading", "条目文字多于原文", "核对原文；请连同输入文件报告。"),
        ("row_count_below", "error", "reading", "行数过少", "核对是否漏读；行数范围写在source.yaml中。"),
        ("row_count_above", "warning", "reading", "行数过多", "核对是否重复读取；行数范围写在source.yaml中。"),
        # found by cross-checking with camelot (readers/cross_check/)
        ("cross_check_structure", "warning", "reading", "两种读法的框线不一致", "对照原页核对该处的单元格；证据中有两种读法。"),
        ("cross_check_text", "warning", "reading", "两种读法的文字不一致", "对照原页核对该单元格的文字；证据中有两种读法。"),
        ("cross_check_coarser", "info", "document", "camelot看出的框线较少", "该页框线较细、较浅或为虚线，未能全部核对；可接受此项。"),
        ("cross_check_unseen", "info", "document", "camelot没有看出表格", "该页无从核对；如有疑问，用xize tables --debug查看。"),
        ("cross_check_failed", "info", "document", "camelot未能读取该页", "该页未作核对；如有疑问，用xize tables --debug查看。"),
        # found by cross-checking the two decoders (readers/cross_check/)
        ("decoder_disagreement", "warning", "reading", "两个解码器读出的内容不一致", "对照原页核对文字和框线；证据中有各自独有的部分。"),
        # found by the reader of Word files
        ("tracked_changes", "warning", "reading", "有未定的修订", "核对定稿；已按接受修订读取，如不应接受，请在Word中拒绝后换上新文件。"),
        ("footnote_mark", "info", "document", "脚注标记", "该标记不计入文字；核对脚注是否改变条目的意思。"),
        ("raised_mark", "warning", "reading", "升高的小字没有注文", "核对该处是否脚注标记；是则在corrections.yaml中用replace删去，原文如此则接受此项。"),
        ("struck_out", "warning", "reading", "划去的文字", "已照常读入；核对是否已删去，是则在corrections.yaml中用drop或replace更正，仍有效则接受此项。"),
        ("hidden_rows", "warning", "reading", "表格中有隐藏的行或列", "隐藏的内容已照常读入；核对其是否应属正文。"),
        ("correction_not_applied", "info", "reading", "更正不适用于这一来源", "对照该来源此处的读法；读法正确则接受此项。"),
        ("sources_differ", "warning", "reading", "同一版本的两个来源不一致", "对照两个来源，以正确者为准；有误则在corrections.yaml中更正。"),
        ("page_recognised", "info", "document", "文字由识别得出", "对照原页抽查；识别不确定之处另有发现。"),
        ("ocr_uncertain", "warning", "reading", "识别出的文字不确定", "对照原页核对该单元格；有误则在corrections.yaml中更正。"),
        # found by the transcript reader
        ("pages_lost", "warning", "reading", "文字稿缺页", "对照原件补上所缺的页；确无原件则接受此项。"),
        ("class_inferred", "warning", "reading", "专业类由推断而来", "核对该段内容属于哪个专业类；可在corrections.yaml中更正。"),
        ("uncertain_alignment", "warning", "reading", "列对应不确定", "核对该行各格所在的列；可在corrections.yaml中写明（map column）。"),
        ("uncertain_span", "warning", "reading", "合并单元格范围不确定", "对照原件核对该值适用到哪些行；可在corrections.yaml中写明（set span）。"),
        ("transcriber_repetition", "info", "document", "转录者重复", "核对原件；确为重复则接受此项。"),
        ("value_carried_over", "info", "reading", "换页后重印的值", "核对两处是否同一个合并单元格；属实则接受此项。"),
        ("number_inferred", "warning", "reading", "序号由推断而来", "对照原件核对序号。"),
    )
}  # fmt: skip
