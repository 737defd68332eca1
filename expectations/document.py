"""What the document as a whole promises: its table of contents, the row counts of an edition, every character."""

# ruff: noqa: E501  (Chinese titles and messages: the checks are read as a list)
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from expectations.checks import Check, Data
from pipeline.errors import XizeError
from pipeline.schema import ANNEX_TABLES, TABLES

if TYPE_CHECKING:
    import pandas as pd

DOCUMENT = "document"
# Characters that a run may lose before it is no longer a blemish but a broken reading.
LOST_SHARE = 0.01


def document_frame(data: Data) -> pd.DataFrame:
    """One row per promise: every line of the table of contents, and the conservation of characters.

    Columns ``item``, ``page``, and (null where kept) ``section_missing``, ``annex_missing``, ``annex_empty``,
    ``characters_lost``, ``too_many_lost``.
    """
    import pandas as pd

    columns = [
        "item",
        "page",
        "section_missing",
        "annex_missing",
        "annex_empty",
        "characters_lost",
        "too_many_lost",
    ]
    rows: list[dict[str, object]] = []
    numbers = _annex_numbers(data)
    for item in data.context.toc:
        missing = f"{item.kind}_missing"
        row: dict[str, object] = {
            "item": item.label,
            "page": item.page,
            missing: None if item.found else item.label,
        }
        if item.kind == "annex" and item.found and item.number is not None and item.number not in numbers:
            row["annex_empty"] = item.label
        rows.append(row)
    rows.extend({"item": name, "section_missing": name} for name in _absent_majors(data))
    lost, total = data.context.characters_lost, data.context.characters_in_tables
    if lost is not None:
        words = (
            f"表格文字{total}个字符中有{lost}个未进入任何行或发现"
            if total
            else f"{lost}个字符未进入任何行或发现"
        )
        broken = lost > LOST_SHARE * (total or 0)
        rows.append(
            {
                "item": "表格文字守恒",
                "characters_lost": words if lost and not broken else None,
                "too_many_lost": words if lost and broken else None,
            }
        )
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    return frame.where(frame.notna(), None)


def _annex_numbers(data: Data) -> set[str]:
    """The printed numbers of the annexes that have rows in any annex table."""
    numbers: set[str] = set()
    for table in ANNEX_TABLES:
        if data.has(table, "annex_no"):
            numbers.update(str(int(no)) for no in data.frames[table]["annex_no"].dropna().unique())
    return numbers


def _absent_majors(data: Data) -> list[str]:
    """Majors that stand in no heading of the body and whose line of the contents is not reported already."""
    if not data.has("majors", "name", "present"):
        return []
    frame = data.frames["majors"]
    reported = [item.label for item in data.context.toc if not item.found]
    absent = frame.loc[~frame["present"].astype(bool), "name"]
    return [str(name) for name in absent if not any(str(name) in label for label in reported)]


def document_checks(data: Data) -> Iterator[Check]:
    """The expectations on the document as a whole."""
    severity = "warning" if data.context.allow_incomplete else "error"
    for kind, name, title in (
        ("section", "sections_present", "专业大类"),
        ("annex", "annexes_present", "附件"),
    ):
        yield Check(
            DOCUMENT, name, f"toc_{kind}_missing", severity, "none", (f"{kind}_missing",),
            f"目录所列的每个{title}都在正文中", "目录所列的“{value}”在正文中没有找到；"
            "请核对文件是否完整，确要照此发布请加--allow-incomplete。",
        )  # fmt: skip
    yield Check(
        DOCUMENT, "annexes_filled", "annex_without_rows", "warning", "none", ("annex_empty",),
        "正文中的每个附件都有表格行", "“{value}”在正文中有标题，却没有读到任何表格行，请核对原文。",
    )  # fmt: skip
    yield Check(
        DOCUMENT, "characters_kept", "characters_lost", "warning", "none", ("characters_lost",),
        "表格中的每个字符都进入某一行或某个发现", "{value}，请核对原文。",
    )  # fmt: skip
    yield Check(
        DOCUMENT, "few_characters_lost", "characters_lost", "error", "none", ("too_many_lost",),
        f"未进入任何行或发现的字符不超过{LOST_SHARE:.0%}", "{value}，读取有误，不能发布。",
    )  # fmt: skip


def bounds_checks(data: Data) -> Iterator[Check]:
    """Row counts within what source.yaml gives: too few rows block, too many only warn.

    Raises XizeError when source.yaml names a table that the contract does not have.
    """
    for table, (fewest, most) in data.context.bounds.items():
        if table not in TABLES:
            raise XizeError(
                f"{data.context.edition}的source.yaml为未知的表“{table}”规定了行数，请改为数据约定中的表名。"
            )
        title = TABLES[table].title_zh
        if fewest is not None:
            yield Check(
                table, "enough_rows", "row_count_below", "error", "rows", (), f"不少于{fewest}行",
                f"{title}应不少于{fewest}行，实为{{observed}}行，可能漏读。", {"min_value": fewest},
            )  # fmt: skip
        if most is not None:
            yield Check(
                table, "not_too_many_rows", "row_count_above", "warning", "rows", (), f"不多于{most}行",
                f"{title}应不多于{most}行，实为{{observed}}行，请核对。", {"max_value": most},
            )  # fmt: skip
