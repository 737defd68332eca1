"""What is odd about majors, classes and the order of items: codes that do not belong together, names of no list, gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipeline.findings import Finding
from pipeline.quality.checks.content import Entry, about, by_cell
from pipeline.schema import TABLES
from pipeline.schema.moe_classes import reference_classes, reference_majors


def classes(tables: Mapping[str, pa.Table]) -> Iterator[Finding]:
    """The findings about majors and classes; ``tables`` without them have none."""
    if "majors" not in tables or "classes" not in tables:
        return
    majors, its = tables["majors"].to_pylist(), tables["classes"].to_pylist()
    filled = set(tables["entries"]["class_code"].to_pylist())
    yield from _codes("majors", majors, 1)
    yield from _codes("classes", its, 3)
    yield from _ordinals(majors)
    yield from _names("majors", majors, reference_majors())
    yield from _names("classes", its, reference_classes())
    for row in its:
        code, name = row["class_code"], row["name"]
        if row["code_printed"] and code[:2] != row["major_code"]:
            value = f"{code}属{row['major_code']}"
            message = f"专业类{code}的代码与所属专业大类不一致：{value}。"
            yield about("class_code_inconsistent", message, f"in_major={value}", [row], table="classes")
        if code not in filled:
            message = f"专业类{code}{name}的各栏都没有读到条目；请核对原文是否空白，属实则接受此项。"
            yield about("class_without_entries", message, f"has_entries={code}{name}", [row], table="classes")


def _codes(table: str, rows: Sequence[Mapping[str, Any]], tail: int) -> Iterator[Finding]:
    """The codes of one row end alike: 61, 41, 21; 6101, 4101, 2101."""
    for row in rows:
        own = row[TABLES[table].key[0]]
        for column in ("college_code", "bachelor_code"):
            if row[column] is not None and row[column][-tail:] != own[-tail:]:
                value = f"{own}与{row[column]}"
                message = f"{TABLES[table].title_zh}{own}的代码不一致：{value}。"
                yield about(
                    "class_code_inconsistent", message, f"{column}_agrees={value}", [row], table=table
                )


def _ordinals(majors: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    before = 0
    for row in majors:
        if row["ordinal"] != before + 1:
            value = f"{before}之后是{row['ordinal']}"
            message = f"专业大类{row['major_code']}的序号不连续：{value}。"
            yield about("running_number_gap", message, f"ordinal_continuous={value}", [row], table="majors")
        before = row["ordinal"]


def _names(table: str, rows: Sequence[Mapping[str, Any]], known: Mapping[str, str]) -> Iterator[Finding]:
    """Codes that are not in the ministry's list, and names that it prints otherwise; without a code the name tells."""
    names = set(known.values())
    for row in rows:
        code, name = row[TABLES[table].key[0]], row["name"]
        unprinted = code.startswith("N")
        if known.get(code) == name or (unprinted and name in names):
            continue
        said = "的代码不在目录中"
        if code in known:
            said = f"在目录中为“{known[code]}”"
        elif unprinted:
            said = "的名称不在目录中"
        value = f"{code}“{name}”{said}"
        message = f"{TABLES[table].title_zh}与教育部目录（2021年）不同：{value}。"
        yield about("class_not_in_moe_list", message, f"moe_list={value}", [row], table=table)


def positions(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Items of a cell that are not counted 1, 2, 3 …; items of which only grade and issuer are left."""
    for group in by_cell(entries).values():
        for number, entry in enumerate(group, 1):
            if entry["position"] != number:
                value = f"第{number}条的位置为{entry['position']}"
                message = f"{entry['entry_id']}在单元格内的位置不连续：{value}。"
                yield about("position_not_continuous", message, f"position={value}", [entry])
            if not entry["name"]:
                yield about("item_implausible", f"{entry['entry_id']}的条目没有名称。", "named=", [entry])
