"""The quality tables: coverage, links, findings, cells."""

# ruff: noqa: E501  (one field, one line: the declarations are read as a list)
from __future__ import annotations

import pyarrow as pa

from pipeline.reading import LINE
from pipeline.schema.annexes import ANNEXES
from pipeline.schema.common import (
    BOOL,
    EDITION,
    ENTRY_ID,
    FLOAT32,
    INT32,
    PROVENANCE,
    QUEUES,
    SEVERITIES,
    STRINGS,
    number,
)
from pipeline.schema.types import Field, ForeignKey, Table

COVERAGE = Table(
    "coverage", "覆盖情况", "Coverage",
    "文件的哪些部分在数据中：专业类对照教育部目录，目录对照标题，没有表格的页，附件序号",
    "Which parts of the document are in the data: classes against the ministry's list, contents against headings, pages without a table, running numbers",
    (
        EDITION,
        Field("subject", "对象", "Subject", "专业类、专业大类、附件、页面或附件序号", "What it is about", enum=("major", "class", "annex", "numbers", "page")),
        Field("key", "键", "Key", "代码、附件号、页码或分表", "Code, annex number, page or sub-list"),
        Field("name", "名称", "Name", "名称", "Its name"),
        Field("status", "状态", "Status", "有、来源中缺失、文件中没有、目录之外、没有表格、连续、不连续",
              "lost: the source lacks it; absent: the document does not have it; extra: in no list",
              enum=("present", "lost", "absent", "extra", "no_table", "complete", "broken")),
        Field("detail", "说明", "Detail", "差异或缺漏之处", "What differs or is missing", nullable=True),
        *PROVENANCE,
    ),
    key=("subject", "key"),
    order=("subject", "key"),
)  # fmt: skip

LINKS = Table(
    "links", "条目与附件的对应", "Links",
    "目录条目与附件行的对应",
    "Which annex row a catalogue entry names",
    (
        EDITION,
        ENTRY_ID,
        Field("table", "附件表", "Annex table", "附件表名", "Name of the annex table", enum=tuple(annex.name for annex in ANNEXES)),
        Field("row_id", "行标识", "Row id", "附件表的行标识", "row_id in that table"),
        Field("method", "方法", "Method", "对应方法", "How it was matched", enum=("exact", "normalised", "fuzzy")),
        Field("score", "相似度", "Score", "0到1", "Similarity, 0 to 1", type=FLOAT32, bounds=(0, 1), default=1.0),
        *PROVENANCE,
    ),
    key=("entry_id", "table", "row_id"),
    order=("entry_id", "table", "row_id"),
    foreign=(ForeignKey(("entry_id",), "entries", ("entry_id",)),),
)  # fmt: skip

FINDINGS = Table(
    "findings", "发现", "Findings",
    "存疑之处；error阻止发布，warning与info随数据发布",
    "What is doubtful; an error blocks publishing, warnings and infos are published with the data",
    (
        EDITION,
        Field("finding_id", "发现标识", "Finding id", "版本:16位十六进制；各次运行一致，各版本同一疑问的16位相同",
              "<edition>:<16 hex digits>; stable across runs, the digits are the same for the same doubt of every edition",
              pattern=r"^[a-z][a-z0-9-]*:[0-9a-f]{16}$"),
        Field("code", "代码", "Code", "发现的种类", "Kind of finding", pattern=r"^[a-z][a-z0-9_]*$"),
        Field("severity", "严重程度", "Severity", "严重程度", "How grave", enum=tuple(SEVERITIES)),
        Field("table", "表", "Table", "所涉的表", "The table it is about", nullable=True),
        Field("key", "键", "Key", "条目标识、专业类代码或行标识", "entry_id, class_code or row_id", nullable=True),
        Field("keys", "所涉各行", "Keys", "一项决定所涉的各行的键；只涉一行时为空", "Keys of all rows that one decision settles; empty where it is only one", type=STRINGS, default=[]),
        Field("message", "说明", "Message", "一句话说明", "One Chinese sentence"),
        Field("evidence", "证据", "Evidence", "所据的文字", "The text it rests on"),
        Field("status", "状态", "Status", "处理状态", "What became of it",
              enum=("open", "accepted", "corrected"), default="open"),
        Field("queue", "队列", "Queue", "；".join(f"{name}：{label}" for name, label in QUEUES.items()),
              "reading: it may be read wrongly; document: it is printed so", enum=tuple(QUEUES)),
        Field("chance", "有误的可能", "Chance", "确有错误的概率，0到1", "Probability that something is wrong, 0 to 1", type=FLOAT32, bounds=(0, 1)),
        *PROVENANCE,
    ),
    key=("finding_id",),
    order=("severity", "code", "page", "line", "top", "x0"),
)  # fmt: skip

CELLS = Table(
    "cells", "单元格", "Cells",
    "读取到的表格单元格，未经任何整理",
    "Table cell pieces as read, before any cleaning",
    (
        EDITION,
        Field("cell_id", "单元格标识", "Cell id", "单元格（在一页上的部分）", "A cell, or its part on one page"),
        number("page", "页码", "Page", "从1起；文字稿与Word文件为空", "From 1; null for a transcript and a Word file", nullable=True),
        number("table_no", "表号", "Table number", "页内第几个表", "Which table of the page"),
        number("row", "行", "Row", "从0起", "From 0"),
        number("col", "列", "Column", "从0起", "From 0"),
        number("row_span", "跨行数", "Row span", "所跨行数", "Rows covered"),
        number("col_span", "跨列数", "Column span", "所跨列数", "Columns covered"),
        Field("x0", "左", "Left", "左边（点）", "Left edge, points, origin top left", type=FLOAT32, nullable=True),
        Field("top", "上", "Top", "上边（点）", "Top edge, points, origin top left", type=FLOAT32, nullable=True),
        Field("x1", "右", "Right", "右边（点）", "Right edge, points, origin top left", type=FLOAT32, nullable=True),
        Field("bottom", "下", "Bottom", "下边（点）", "Bottom edge, points, origin top left", type=FLOAT32, nullable=True),
        Field("lines", "文字行", "Lines", "各行文字及位置", "Printed lines with their boxes", type=pa.list_(LINE), default=[]),
        Field("engine", "引擎", "Engine", "读取引擎", "The engine that read it"),
        Field("advances", "字宽", "Advances", "各行每个字符的宽度（点）",
              "Width of every character of each line, points", type=pa.list_(pa.list_(FLOAT32)), default=[]),
        Field("sizes", "字号", "Sizes", "各行字号（点）", "Font size of each line, points", type=pa.list_(FLOAT32), default=[]),
        Field("confidence", "可信度", "Confidence", "0到1", "0 to 1", type=FLOAT32, bounds=(0, 1), default=1.0),
        Field("open_top", "上边未闭合", "Open top", "上边无边框线", "No border at its top", type=BOOL, default=False),
        Field("open_bottom", "下边未闭合", "Open bottom", "下边无边框线", "No border at its bottom", type=BOOL, default=False),
        Field("line", "行号", "Line", "文字稿的行号，或Word文件的段落号，从1起", "Line of a transcript, or number of the w:p in a Word file, from 1", type=INT32, nullable=True),
        Field("source", "来源", "Source", "读取的来源种类", "Kind of source read"),
    ),
    key=("cell_id",),
    order=("page", "line", "table_no", "row", "col"),
)  # fmt: skip
