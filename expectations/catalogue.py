"""What the catalogue tables mean: codes that belong together, grades and tiers, items that read like items."""

# ruff: noqa: E501  (Chinese titles and messages: the checks are read as a list)
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from expectations.checks import Check, Data
from expectations.reference import reference_classes, reference_majors
from pipeline.schema import GRADE_LABELS

if TYPE_CHECKING:
    import pandas as pd

# A printed item is at least a word and rarely longer than a long certificate name with issuer and grades.
ITEM_LENGTH = (2, 120)
# The codes under which pipeline.quality reports the same about an item.
REPORTED = ("brackets_", "item_cut_off", "item_length")
_OPENING, _CLOSING = "([{《〈「『【“", ")]}》〉」』】”"
_LEADS_BADLY = re.compile(r"^[)\]}》〉」』】”、,;。.!?/·]")
_HANGS = re.compile(r"[(\[{《〈「『【“、,;/:]$")


def catalogue_checks(data: Data) -> Iterator[Check]:
    """The expectations on majors, classes, entries and credentials."""
    if data.rows("majors"):
        yield from _major_checks(data)
    if data.rows("classes"):
        yield from _class_checks()
    if data.rows("entries"):
        yield from _entry_checks(data)
    if data.rows("credentials"):
        yield from _credential_checks(data)


def _major_checks(data: Data) -> Iterator[Check]:
    for column, title in (("college_code", "高职专科"), ("bachelor_code", "职业本科")):
        yield Check(
            "majors", f"{column}_agrees", "class_code_inconsistent", "warning", "none", (f"{column}_problem",),
            f"{title}代码与中职代码末位相同（如61、41、21）", "专业大类{key}的代码不一致：{value}。",
            derived={f"{column}_problem": partial(_code_problem, table="majors", own="major_code", other=column, tail=1)},
        )  # fmt: skip
    yield Check(
        "majors", "ordinal_continuous", "running_number_gap", "warning", "none", ("ordinal_problem",),
        "专业大类的序号从一起连续", "专业大类{key}的序号不连续：{value}。", derived={"ordinal_problem": _ordinal_problem},
    )  # fmt: skip
    yield Check(
        "majors", "has_classes", "section_without_classes", "warning" if data.context.allow_incomplete else "error",
        "none", ("empty_section",), "正文中的每个专业大类都有专业类", "专业大类“{value}”在正文中有标题，却没有读到任何专业类；"
        "请核对该页的表格，或以--allow-incomplete照此发布。", derived={"empty_section": _empty_sections},
    )  # fmt: skip
    yield Check(
        "majors", "moe_list", "class_not_in_moe_list", "info", "none", ("moe_problem",),
        "专业大类的代码与名称见于教育部《职业教育专业目录（2021年）》", "专业大类与教育部目录（2021年）不同：{value}。",
        derived={"moe_problem": _moe_major},
    )  # fmt: skip


def _class_checks() -> Iterator[Check]:
    for column, title in (("college_code", "高职专科"), ("bachelor_code", "职业本科")):
        yield Check(
            "classes", f"{column}_agrees", "class_code_inconsistent", "warning", "none", (f"{column}_problem",),
            f"{title}代码与首个代码后三位相同（如6101、4101、2101）", "专业类{key}的代码不一致：{value}。",
            derived={f"{column}_problem": partial(_code_problem, table="classes", own="class_code", other=column, tail=3)},
        )  # fmt: skip
    yield Check(
        "classes", "in_major", "class_code_inconsistent", "warning", "none", ("major_problem",),
        "专业类代码以所属专业大类的代码开头", "专业类{key}的代码与所属专业大类不一致：{value}。",
        derived={"major_problem": _class_outside_major},
    )  # fmt: skip
    yield Check(
        "classes", "has_entries", "class_without_entries", "warning", "none", ("empty_class",),
        "每个专业类都有证书条目", "专业类{value}的各栏都没有读到条目；请核对原文是否空白，属实则接受此项。", derived={"empty_class": _empty_classes},
    )  # fmt: skip
    yield Check(
        "classes", "moe_list", "class_not_in_moe_list", "info", "none", ("moe_problem",),
        "专业类的代码与名称见于教育部《职业教育专业目录（2021年）》", "专业类与教育部目录（2021年）不同：{value}。",
        derived={"moe_problem": _moe_class},
    )  # fmt: skip


def _entry_checks(data: Data) -> Iterator[Check]:
    low, high = ITEM_LENGTH
    yield Check(
        "entries", "length", "item_implausible", "warning", "lengths", ("text",),
        f"条目长度在{low}至{high}个字符之间", "{key}的条目“{value}”长度异常，可能拆分或合并有误，请核对原文。",
        {"min_value": low, "max_value": high}, reported_by=REPORTED,
    )  # fmt: skip
    yield Check(
        "entries", "form", "item_implausible", "warning", "none", ("form_problem",),
        "条目括号成对，不以标点开头，不以开括号或顿号结尾", "{key}的条目形式异常：{value}。",
        derived={"form_problem": _form_problem}, reported_by=REPORTED,
    )  # fmt: skip
    yield Check(
        "entries", "named", "item_implausible", "warning", "lengths", ("name",),
        "条目去掉等级与机构后仍有名称", "{key}的条目没有名称。", {"min_value": 1},
    )  # fmt: skip
    yield Check(
        "entries", "position", "position_not_continuous", "warning", "none", ("position_problem",),
        "同一专业类、类别与级次内，位置从1起连续", "{key}在单元格内的位置不连续：{value}。",
        derived={"position_problem": _position_problem},
    )  # fmt: skip
    if "credentials" in data.frames:
        yield Check(
            "entries", "expanded", "credential_missing", "error", "none", ("expansion_problem",),
            "每个条目在证书表中按等级展开：一等级一行，未写等级者一行", "{key}展开为证书的行数不符：{value}。",
            derived={"expansion_problem": _expansion_problem},
        )  # fmt: skip


def _credential_checks(data: Data) -> Iterator[Check]:
    yield Check(
        "credentials", "label", "grade_label_wrong", "error", "equal", ("grade_label", "grade_label_expected"),
        "等级名称与等级相符（如3为三级/高级工）", "证书{key}的等级名称应为“{grade_label_expected}”，实为“{grade_label}”。",
        derived={"grade_label_expected": _expected_label, },
    )  # fmt: skip
    yield Check(
        "credentials", "rule_3", "tier_rule_wrong", "error", "equal", ("tier_by_rule", "tier_expected"),
        "tier_by_rule等于说明第3条对该等级的规定（五级初级，四级中级，三级以上高级；另有规定者从其规定）",
        "证书{key}按说明第3条应为“{tier_expected}”，所记为“{tier_by_rule}”。", derived={"tier_expected": _expected_tier},
    )  # fmt: skip
    yield Check(
        "credentials", "conflict_flag", "tier_rule_wrong", "error", "none", ("flag_problem",),
        "tier_conflict恰在所在级次与规定级次不同时为真", "证书{key}的tier_conflict有误：{value}。",
        derived={"flag_problem": _flag_problem},
    )  # fmt: skip
    yield Check(
        "credentials", "tier", "tier_conflict", "warning", "none", ("conflict",),
        "证书所在的级次与其等级按说明第3条应属的级次一致", "{value}，与说明第3条不符，已照原文发布。",
        derived={"conflict": _tier_conflict},
        reported_by=("tier_conflict",),
    )  # fmt: skip


def _code_problem(data: Data, table: str, own: str, other: str, tail: int) -> pd.Series:
    frame = data.frames[table]
    differs = frame[other].notna() & (frame[own].str[-tail:] != frame[other].str[-tail:])
    return (frame[own] + "与" + frame[other]).astype(object).where(differs, None)


def _ordinal_problem(data: Data) -> pd.Series:
    ordinal = data.frames["majors"]["ordinal"]
    before = ordinal.shift(fill_value=0)
    text = before.astype(str) + "之后是" + ordinal.astype(str)
    return text.astype(object).where(ordinal != before + 1, None)


def _empty_sections(data: Data) -> pd.Series:
    frame = data.frames["majors"]
    filled: Iterable[str] = data.frames["classes"]["major_code"] if data.has("classes", "major_code") else []
    empty = frame["present"].astype(bool) & ~frame["major_code"].isin(filled)
    return (frame["major_code"] + frame["name"]).astype(object).where(empty, None)


def _class_outside_major(data: Data) -> pd.Series:
    frame = data.frames["classes"]
    outside = frame["class_code"].str[:2] != frame["major_code"]
    return (frame["class_code"] + "属" + frame["major_code"]).astype(object).where(outside, None)


def _empty_classes(data: Data) -> pd.Series:
    frame = data.frames["classes"]
    filled: Iterable[str] = data.frames["entries"]["class_code"] if data.has("entries", "class_code") else []
    text = frame["class_code"] + frame["name"]
    return text.astype(object).where(~frame["class_code"].isin(filled), None)


def _moe_class(data: Data) -> pd.Series:
    import pandas as pd

    known, frame = reference_classes(), data.frames["classes"]
    words = [
        _compare(code, name, known) for code, name in zip(frame["class_code"], frame["name"], strict=True)
    ]
    return pd.Series(words, index=frame.index, dtype=object)


def _moe_major(data: Data) -> pd.Series:
    import pandas as pd

    known, frame = reference_majors(), data.frames["majors"]
    words = [
        _compare(code, name, known) for code, name in zip(frame["major_code"], frame["name"], strict=True)
    ]
    return pd.Series(words, index=frame.index, dtype=object)


def _compare(code: str, name: str, known: dict[str, str]) -> str | None:
    if code not in known:
        return f"{code}“{name}”的代码不在目录中"
    if known[code] != name:
        return f"{code}“{name}”在目录中为“{known[code]}”"
    return None


def form_problem(text: str) -> str | None:
    """Why ``text`` does not look like one whole item: brackets that do not pair, a cut at its start or end."""
    stack: list[str] = []
    for char in text:
        if char in _OPENING:
            stack.append(_CLOSING[_OPENING.index(char)])
        elif char in _CLOSING and (not stack or stack.pop() != char):
            return f"“{text}”的括号不成对"
    if stack:
        return f"“{text}”的括号未闭合"
    if _LEADS_BADLY.search(text):
        return f"“{text}”以标点开头"
    if _HANGS.search(text):
        return f"“{text}”似未写完"
    return None


def _form_problem(data: Data) -> pd.Series:
    text = data.frames["entries"]["text"]
    bad = {word: found for word in text.dropna().unique() if (found := form_problem(str(word))) is not None}
    return text.map(bad).astype(object).where(text.isin(list(bad)), None)


def _position_problem(data: Data) -> pd.Series:
    frame = data.frames["entries"]
    cell = frame.groupby(["class_code", "kind", "tier"], sort=False)["position"]
    rank = cell.rank(method="first")
    text = "第" + rank.astype(int).astype(str) + "条的位置为" + frame["position"].astype(str)
    return text.astype(object).where(rank != frame["position"], None)


def _expansion_problem(data: Data) -> pd.Series:
    import pyarrow.compute as pc

    frame = data.frames["entries"]
    lengths: pd.Series = pc.list_value_length(data.tables["entries"].column("grades")).to_pandas()
    wanted = lengths.fillna(0).clip(lower=1)
    rows = data.frames["credentials"]["entry_id"].value_counts()
    found = frame["entry_id"].map(rows).fillna(0).astype(int)
    text = "应为" + wanted.astype(int).astype(str) + "行，实为" + found.astype(str) + "行"
    return text.astype(object).where(found != wanted, None)


def _expected_label(data: Data) -> pd.Series:
    return data.frames["credentials"]["grade"].map(GRADE_LABELS).astype(object)


def _expected_tier(data: Data) -> pd.Series:
    frame = data.frames["credentials"]
    by_grade = frame["grade"].map(dict(data.context.rule3)).astype(object)
    return by_grade.where(frame["grade"].notna(), frame["level"].astype(object))


def _differs_by_rule(data: Data) -> pd.Series:
    frame = data.frames["credentials"]
    return frame["tier_by_rule"].notna() & (
        frame["tier_by_rule"].astype(object) != frame["tier"].astype(object)
    )


def _flag_problem(data: Data) -> pd.Series:
    frame = data.frames["credentials"]
    text = (
        "级次"
        + frame["tier"]
        + "，规定级次"
        + frame["tier_by_rule"].fillna("无")
        + "，所记为"
        + frame["tier_conflict"].astype(str)
    )
    return text.astype(object).where(_differs_by_rule(data) != frame["tier_conflict"].astype(bool), None)


def _tier_conflict(data: Data) -> pd.Series:
    frame = data.frames["credentials"]
    stated = frame["grade_label"].fillna(frame["level"])
    text = "“" + frame["name"] + "（" + stated + "）”列在" + frame["tier"]
    return text.astype(object).where(_differs_by_rule(data), None)
