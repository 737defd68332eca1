"""The base of every suite, derived from pipeline.schema: nothing here knows what a table means."""

# ruff: noqa: E501  (Chinese titles and messages: the checks are read as a list)
from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from expectations.checks import Check, Data
from pipeline.quality.checks.org_codes import odd_codes
from pipeline.schema import PROVENANCE, TABLES
from pipeline.schema.types import Field, ForeignKey, Table
from pipeline.text import normalise

if TYPE_CHECKING:
    import pandas as pd

STRUCTURE = "structure"
_PROVENANCE = frozenset(field.name for field in PROVENANCE)
# Tables whose text is not the document's own words (or is raw on purpose).
_NOT_PROSE = frozenset({"credentials", "links", "findings", "cells", "coverage"})
# Whole cells as printed: their line ends belong to them.
_WITH_LINES = frozenset({("annex_11_mappings", "rule"), ("annex_other", "text")})


def structure_frame(data: Data) -> pd.DataFrame:
    """One row per declared column: its declared and its found Arrow type; and one per table for its edition."""
    import pandas as pd

    rows: list[tuple[str, str, str, str]] = []
    for table in TABLES.values():
        found = data.tables.get(table.name)
        for field in table.fields:
            index = -1 if found is None else found.schema.get_field_index(field.name)
            kind = "缺失" if found is None or index < 0 else str(found.schema.field(index).type)
            rows.append((table.name, field.name, str(field.type), kind))
        if found is not None and found.num_rows and "edition" in found.column_names:
            editions = sorted(str(e) for e in found.column("edition").unique().to_pylist())
            rows.append((table.name, "edition=", data.context.edition, "、".join(editions)))
    return pd.DataFrame(rows, columns=["table", "column", "expected", "found"])


def structure_checks() -> Iterator[Check]:
    """Every table has every declared column in the declared type, and one edition throughout."""
    yield Check(
        STRUCTURE, "structure", "schema_violation", "error", "equal", ("found", "expected"),
        "每个表、每一列都在，类型与数据约定一致，且全表只有本版本",
        "数据表结构与约定不符：{table}.{column}应为“{expected}”，实为“{found}”。",
    )  # fmt: skip


def base_checks(data: Data, table: Table) -> Iterator[Check]:
    """Nulls, enumerations, patterns, bounds, keys and foreign keys of ``table`` as its schema declares them."""
    present = [field for field in table.fields if data.has(table.name, field.name)]
    listed = [
        field for field in table.fields if _is_list(field) and _has_column(data, table.name, field.name)
    ]
    required = tuple(field.name for field in present if not field.nullable)
    if len(required) > 1:
        yield Check(
            table.name, "required", "value_missing", "error", "filled", required,
            "必填列均有值：" + "、".join(required), "{title}第{row}行（{key}）缺少必填的值：{value}。",
        )  # fmt: skip
    for field in present:
        yield from _column_checks(table, field)
    for field in listed:
        if field.bounds is not None:
            yield _list_check(table, field)
    bounds = {
        field.name: field.bounds for field in present if field.bounds and field.name not in _PROVENANCE and _numeric(field)
    }  # fmt: skip
    if bounds:
        text = "；".join(f"{name}在{low:g}与{high:g}之间" for name, (low, high) in bounds.items())
        yield Check(
            table.name, "bounds", "value_out_of_bounds", "error", "within", tuple(bounds),
            text, "{title}第{row}行（{key}）的数值超出范围：{value}。", {"bounds": bounds},
        )  # fmt: skip
    if data.has(table.name, *table.key):
        yield Check(
            table.name, "key", "key_duplicated", "error", "unique", table.key,
            "键唯一：" + "＋".join(table.key), "{title}的键重复：{value}（第{row}行）。",
        )  # fmt: skip
    for foreign in table.foreign:
        if data.has(table.name, *foreign.fields):
            yield _foreign_check(table, foreign)
    if data.has(table.name, "x0", "x1", "top", "bottom"):
        yield Check(
            table.name, "place", "value_out_of_bounds", "error", "none", ("place_problem",),
            "页码、行号、坐标与可信度合理（左不大于右，上不大于下）", "{title}第{row}行（{key}）的位置不合理：{value}。",
            derived={"place_problem": partial(_place_problem, table=table.name)},
        )  # fmt: skip
    prose = tuple(field.name for field in present if _is_prose(field)) if table.name not in _NOT_PROSE else ()
    if prose:
        yield Check(
            table.name, "characters", "text_implausible", "warning", "none", ("text_problem",),
            "文字已规范化，不含乱码、私用区字符与控制字符", "{title}（{key}）的文字可疑：{value}。",
            derived={"text_problem": partial(_text_problem, table=table.name, columns=prose)},
        )  # fmt: skip


def _has_column(data: Data, table: str, column: str) -> bool:
    found = data.tables.get(table)
    return found is not None and found.num_rows > 0 and column in found.column_names


def _is_list(field: Field) -> bool:
    return bool(pa.types.is_list(field.type))


def _numeric(field: Field) -> bool:
    return bool(pa.types.is_integer(field.type) or pa.types.is_floating(field.type))


def _is_prose(field: Field) -> bool:
    plain = field.enum is None and field.pattern is None and field.name not in _PROVENANCE
    return plain and bool(pa.types.is_string(field.type)) and field.name not in ("edition", "row_id")


def _column_checks(table: Table, field: Field) -> Iterator[Check]:
    """The expectations on the values of one column: closed (error) and open (warning) vocabularies and patterns."""
    name, label = field.name, f"{field.title_zh}（{field.name}）"
    if name == "edition":  # checked for the whole table in `structure`
        return
    if field.enum is not None:
        yield Check(
            table.name, f"{name}_enum", "value_not_allowed", "error", "in_set", (name,),
            f"{label}为约定的取值之一：{'、'.join(field.enum)}", "{title}（{key}）的{column}“{value}”不在约定的取值之中。",
            {"value_set": field.enum},
        )  # fmt: skip
    if field.pattern is not None:
        yield Check(
            table.name, f"{name}_pattern", "value_not_allowed", "error", "regex", (name,),
            f"{label}符合格式 {field.pattern}", "{title}（{key}）的{column}“{value}”不符合约定的格式。",
            {"regex": field.pattern},
        )  # fmt: skip
    if field.known is not None:
        yield Check(
            table.name, f"{name}_known", "value_unknown", "warning", "in_set", (name,),
            f"{label}为已知的取值：{'、'.join(field.known)}", "{title}（{key}）的{column}“{value}”是未见过的取值，已照原文发布。",
            {"value_set": field.known}, reported_by=("annex_category_", "annex_part_", "annex_value_missing"),
        )  # fmt: skip
    if field.usual is not None:
        problem = f"{name}_odd"
        yield Check(
            table.name, f"{name}_usual", "value_unusual", "warning", "none", (problem,),
            f"{label}的写法与本表其他行一致（通常为{field.usual}）", "{title}（{key}）的" + field.title_zh + "{value}；请核对原文，属实则接受此项。",
            derived={problem: partial(_odd_problem, table=table.name, column=name, declared=field.usual)},
            reported_by=(f"{name}_",),
        )  # fmt: skip


def _list_check(table: Table, field: Field) -> Check:
    assert field.bounds is not None
    low, high = field.bounds
    column = f"{field.name}_problem"
    return Check(
        table.name, f"{field.name}_list", "grades_invalid", "error", "none", (column,),
        f"{field.title_zh}（{field.name}）各值在{low:g}与{high:g}之间，由大到小，不重复",
        "{title}（{key}）的" + field.title_zh + "不合约定：{value}。",
        derived={column: partial(_list_problem, table=table.name, column=field.name, low=low, high=high)},
    )  # fmt: skip


def _foreign_check(table: Table, foreign: ForeignKey) -> Check:
    column = "_".join(foreign.fields) + "_dangling"
    target = TABLES[foreign.target]
    return Check(
        table.name, f"foreign_{foreign.target}", "reference_dangling", "error", "none", (column,),
        f"{'、'.join(foreign.fields)}均见于{target.title_zh}表（{target.name}）",
        "{title}（{key}）指向的{value}在" + f"{target.title_zh}表中不存在。",
        derived={column: partial(_dangling, table=table.name, foreign=foreign)},
    )  # fmt: skip


def _dangling(data: Data, table: str, foreign: ForeignKey) -> pd.Series:
    """The key values that no row of the target table has; null where there is one, or where the key is null."""
    frame = data.frames[table]
    name = foreign.fields[0]
    if len(foreign.fields) > 1:
        raise ValueError(f"{table}: foreign keys of several columns are not supported")
    known: Iterable[str] = ()
    if data.has(foreign.target, *foreign.target_fields):
        known = data.frames[foreign.target][foreign.target_fields[0]]
    return frame[name].astype(object).where(frame[name].notna() & ~frame[name].isin(known), None)


def _place_problem(data: Data, table: str) -> pd.Series:
    """What is wrong with a row's page, line, box or confidence, in words; null where nothing is."""
    import pandas as pd

    frame = data.frames[table]
    problem = pd.Series(None, index=frame.index, dtype=object)
    tests: list[tuple[str, pd.Series]] = [
        ("左边大于右边", frame["x0"] > frame["x1"]),
        ("上边大于下边", frame["top"] > frame["bottom"]),
        ("坐标不全", frame[["x0", "top", "x1", "bottom"]].isna().any(axis=1) & frame["x0"].notna()),
    ]
    by_name = TABLES[table].by_name
    for name in ("page", "line", "confidence"):
        if name in frame.columns and name in by_name and by_name[name].bounds is not None:
            low, high = by_name[name].bounds or (0, 0)
            tests.append((f"{by_name[name].title_zh}超出范围", (frame[name] < low) | (frame[name] > high)))
    for words, bad in tests:
        problem[bad.fillna(False).astype(bool)] = words
    return problem


def _odd_problem(data: Data, table: str, column: str, declared: str) -> pd.Series:
    """Codes written otherwise than the others of their column, in words; null elsewhere, blanks included."""
    values = data.frames[table][column]
    odd = odd_codes((str(value) for value in values.dropna()), declared)
    words = {code: f"“{code}”与其他行（如“{usual}”）写法不同" for code, usual in odd.items()}
    return values.map(words).astype(object).where(values.isin(list(words)), None)


def _list_problem(data: Data, table: str, column: str, low: float, high: float) -> pd.Series:
    """The list as text where a member is out of bounds or the order is not strictly descending; null elsewhere."""
    import pandas as pd

    values = data.tables[table].column(column).to_pylist()
    out: list[str | None] = []
    for members in values:
        if members is None:
            out.append("列表为空值")
        elif any(m is None or not low <= m <= high for m in members):
            out.append(f"{members}超出范围")
        elif any(a <= b for a, b in zip(members, members[1:], strict=False)):
            out.append(f"{members}未由大到小排列")
        else:
            out.append(None)
    return pd.Series(out, index=data.frames[table].index, dtype=object)


def cell_problem(text: str) -> str | None:
    """:func:`text_problem` of the first printed line of a cell that has one."""
    return next((found for line in text.split("\n") if (found := text_problem(line)) is not None), None)


def text_problem(text: str) -> str | None:
    """What makes a published text suspicious: left-over glyph codes, control characters, text not normalised."""
    if text.isascii() and text.isprintable() and text == text.strip():
        return None
    for char in text:
        category = unicodedata.category(char)
        if category in ("Co", "Cn") or char == "\ufffd":
            return f"“{text}”含无法识别的字符U+{ord(char):04X}"
        if category == "Cc":
            return f"“{text!r}”含控制字符"
    if normalise(text) != text:
        return f"“{text}”未按约定规范化"
    return None


def _text_problem(data: Data, table: str, columns: tuple[str, ...]) -> pd.Series:
    import pandas as pd

    frame = data.frames[table]
    problem = pd.Series(None, index=frame.index, dtype=object)
    for column in columns:
        # Few distinct words in many rows: each is judged once.
        judge = cell_problem if (table, column) in _WITH_LINES else text_problem
        words = frame[column].dropna().unique()
        bad: Mapping[str, str] = {w: found for w in words if (found := judge(str(w))) is not None}
        if bad:
            hits = frame[column].isin(list(bad))
            problem[hits] = frame.loc[hits, column].map(bad)
    return problem
