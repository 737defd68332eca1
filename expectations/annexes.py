"""What the annex tables and the quality tables mean: running numbers, links that lead somewhere."""

# ruff: noqa: E501  (Chinese titles and messages: the checks are read as a list)
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from expectations.checks import Check, Data
from pipeline.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Numbering:
    """How an annex counts its rows: in ``column``, anew (or on) in every ``group``; ``repeats``: several rows a number."""

    column: str = "no"
    group: tuple[str, ...] = ()
    repeats: bool = False


NUMBERED: dict[str, Numbering] = {
    "annex_2_organisers": Numbering(),
    "annex_3_contests": Numbering(),
    "annex_4_associations": Numbering(group=("list",)),
    "annex_5_evaluators": Numbering(group=("group",)),
    "annex_6_assessments": Numbering("org_no", group=("part",), repeats=True),
    "annex_7_one_plus_x": Numbering(),
    "annex_8_qualifications": Numbering(group=("part",), repeats=True),
    "annex_9_overseas": Numbering(group=("list",)),
    "annex_10_titles": Numbering("series_no", repeats=True),
    "annex_11_mappings": Numbering(repeats=True),
}


def annex_checks(data: Data) -> Iterator[Check]:
    """The expectations on running numbers, links and findings."""
    for table, numbering in NUMBERED.items():
        if data.has(table, numbering.column, *numbering.group):
            yield Check(
                table, "running_numbers", "running_number_gap", "warning", "none", ("number_problem",),
                f"{TABLES[table].by_name[numbering.column].title_zh}从1起连续，不跳号、不重复",
                "{title}的序号不连续：{value}（{key}），请核对是否漏行；如原文如此，可接受此项。",
                derived={"number_problem": partial(_number_problem, table=table, numbering=numbering)},
                reported_by=("running_number_", "annex_value_missing"),
            )  # fmt: skip
    if data.rows("links"):
        yield Check(
            "links", "row_exists", "reference_dangling", "error", "none", ("row_dangling",),
            "row_id均见于所指的附件表", "{title}（{key}）指向的{value}不存在。", derived={"row_dangling": _link_problem},
        )  # fmt: skip
    if data.rows("findings"):
        # The findings speak for themselves: no finding about a finding.
        yield Check(
            "findings", "no_open_error", "error_finding", "error", "none", ("open_error",),
            "没有未处理的错误级发现", "{value}", derived={"open_error": _open_errors}, findings=False,
        )  # fmt: skip


def _number_problem(data: Data, table: str, numbering: Numbering) -> pd.Series:
    """Where a running number does not follow the one printed before it; null where it does.

    A new group (list, part, another annex) may count on or start at 1 again. Rows stand in reading order. Of a single
    wrong number (2, 9, 4) what follows is not wrong as well.
    """
    import pandas as pd

    frame = data.frames[table]
    printed = frame[numbering.column]
    number = pd.to_numeric(printed.where(printed.str.fullmatch(r"\d{1,6}")), errors="coerce")
    groups = [column for column in ("annex_no", *numbering.group) if column in frame.columns]
    keys = frame[groups].astype(object).where(frame[groups].notna(), "")
    fresh = (keys != keys.shift()).any(axis=1)
    before = number.shift()
    good = (number == before + 1) | (fresh & (number == 1))
    if numbering.repeats:
        good |= ~fresh & (number == before)
    # The number before is the wrong one if this one goes on from the number before that.
    runs = (number.ne(before) | fresh).cumsum()
    good |= ~fresh & (number == runs.map(number.groupby(runs).first().shift(2)) + 2)
    # After something that is no number nothing can be said about the next.
    good |= number.notna() & before.isna() & ~fresh
    good |= printed.isna()
    shown = printed.fillna("")
    words = "“" + shown.shift().fillna("") + "”之后是“" + shown + "”"
    words = words.mask(fresh, "以“" + shown + "”开头")
    words = words.mask(number.isna(), "“" + shown + "”不是数字")
    return words.astype(object).where(~good, None)


def _link_problem(data: Data) -> pd.Series:
    links = data.frames["links"]
    target = links["table"] + "/" + links["row_id"]
    known: set[str] = set()
    for table in links["table"].unique():
        if data.has(table, "row_id"):
            known.update(f"{table}/{row}" for row in data.frames[table]["row_id"])
    return target.astype(object).where(~target.isin(list(known)), None)


def _open_errors(data: Data) -> pd.Series:
    frame = data.frames["findings"]
    blocking = (frame["severity"] == "error") & (frame["status"] == "open")
    return frame["message"].astype(object).where(blocking, None)
