"""A release as sheets: which columns there are, what they mean, and every value as text, number or nothing.

Codes stay text (6101, 01, the numbers that annexes print); only counts and measures become numbers. Beside a column
of code words (``kind``, ``status`` …) and beside a class code stands what it means in Chinese: derived columns, which
are not in the published tables and are marked as such.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.editions.files import save_file
from pipeline.errors import XizeError
from pipeline.findings import CODES
from pipeline.quality.coverage import STATUSES, SUBJECTS
from pipeline.releases.catalogue import Release, find_release, load_release, read_file
from pipeline.releases.storage import Store
from pipeline.schema import KINDS, QUEUES, SEVERITIES, TABLES
from pipeline.schema.json_schema import value_schema
from pipeline.schema.types import Field, Table
from pipeline.text import csv_text

Value = str | int | float | None

# Cells as read are no data for an office; they come only when asked for.
_TECHNICAL = frozenset({"cells"})

# Whole numbers that name something instead of counting it.
_CODES = frozenset({"annex_no"})

# The blank of the normalised text never stands at a line's end, so a line feed tells a list's members apart.
SEPARATOR = "\n"


@dataclass(frozen=True)
class Sheet:
    """One table: ``rows`` hold a value per column. Beside the published columns stand derived ones, which explain another."""

    table: str
    title: str
    meaning_zh: str
    columns: tuple[Field, ...]
    rows: tuple[tuple[Value, ...], ...]

    def is_derived(self, column: Field) -> bool:
        """Whether a column is not in the published table."""
        return column.name not in TABLES[self.table].by_name


@dataclass(frozen=True)
class Book:
    """A release for export: what it is (``about``: label and text) and its sheets."""

    edition: str
    release: str
    created: str
    about: tuple[tuple[str, str], ...]
    sheets: tuple[Sheet, ...]


def load(store: Store, edition: str, release: str | None = None, tables: Sequence[str] = ()) -> Book:
    """The release (default: the latest) as sheets, ``tables`` in the order given (default: all but ``cells``).

    Raises XizeError when there is no such release or table, or when a file of it cannot be read.
    """
    found = find_release(store, edition, release)
    data = load_release(store.url, edition, found.release)
    return book(found.manifest, read_package(store, found), data, tables)


def book(
    record: Mapping[str, Any],
    package: Mapping[str, Any],
    data: Mapping[str, pa.Table],
    tables: Sequence[str] = (),
) -> Book:
    """As :func:`load`, of the tables of a release with its manifest and datapackage."""
    chosen = _choose(list(data), tables)
    classes = {row["class_code"]: row["name"] for row in data["classes"].to_pylist()}
    sheets = tuple(_sheet(TABLES[name], data[name], classes) for name in chosen)
    if record["source"]["kind"] == "docx":
        sheets = tuple(map(_of_paragraphs, sheets))
    return Book(record["edition"], record["release"], record["created"], _about(record, package), sheets)


def _of_paragraphs(sheet: Sheet) -> Sheet:
    """A sheet of a Word file: its lines are paragraphs."""
    columns = (replace(one, title_zh="段落号") if one.name == "line" else one for one in sheet.columns)
    return replace(sheet, columns=tuple(columns))


def _choose(have: Sequence[str], wanted: Sequence[str]) -> list[str]:
    known = [name for name in TABLES if name in have]
    for name in wanted:
        if name not in known:
            raise XizeError(f"该发布中没有表“{name}”：--tables可用{'、'.join(known)}。")
    return list(dict.fromkeys(wanted)) or [name for name in known if name not in _TECHNICAL]


def read_package(store: Store, release: Release) -> Mapping[str, Any]:
    """The datapackage.json of a release. Raises XizeError when it cannot be read, or is not the one published."""
    data = read_file(store, release, "datapackage.json")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise XizeError(
            f"{release.folder}/datapackage.json无法读取（{error}）：请改用其他发布，或重新发布。"
        ) from error
    return document if isinstance(document, dict) else {}


def _about(record: Mapping[str, Any], package: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    source = record["source"]
    licence = "；".join(one.get("title", "").split(" / ")[0] for one in package.get("licenses", ()))
    rows = (
        ("版本", record["edition"]),
        ("名称", record["title"]),
        ("发布", record["release"]),
        ("发布时间", record["created"]),
        ("来源种类", source["kind"]),
        ("来源文件", source["file"]),
        ("来源文件SHA-256", source["sha256"]),
        ("来源说明", source.get("about") or ""),
        ("是否完整", "否（缺少目录所列的部分，见覆盖情况表）" if record.get("allow_incomplete") else "是"),
        ("使用条件", licence),
        ("免责声明", str(package.get("disclaimer", ""))),
        (
            "读表须知",
            "标“附加”的列由其他列推得，不在发布的数据中。等级1至5：5为五级/初级工，1为一级/高级技师。"
            "页码、位置以所读的来源文件为准。",
        ),
    )
    return tuple((label, str(text)) for label, text in rows if text)


_CLASS_NAME = Field(
    "class_name",
    "专业类名称",
    "Name of the class",
    "专业类代码所指的专业类",
    "Name of the class",
    nullable=True,
)


def _sheet(table: Table, data: pa.Table, classes: Mapping[str, str]) -> Sheet:
    columns: list[Field] = []
    values: list[list[Value]] = []
    for field in table.fields:
        raw = data[field.name].to_pylist()
        columns.append(field)
        values.append(raw if pa.types.is_string(field.type) else [_shown(field, one) for one in raw])
        labels = _labels(table, field)
        if labels:
            columns.append(_label_column(field))
            values.append([None if one is None else labels.get(one, one) for one in raw])
        if field.name == "class_code" and table.name != "classes":
            columns.append(_CLASS_NAME)
            values.append([classes.get(one) for one in raw])
    return Sheet(table.name, table.title_zh, table.doc_zh, tuple(columns), tuple(zip(*values, strict=True)))


def _labels(table: Table, field: Field) -> Mapping[str, str]:
    """What the code words of a column mean; none where they are Chinese already."""
    known: dict[tuple[str, str], Mapping[str, str]] = {
        ("coverage", "subject"): SUBJECTS,
        ("coverage", "status"): STATUSES,
        ("findings", "code"): {name: code.title_zh for name, code in CODES.items()},
        ("findings", "queue"): QUEUES,
        ("findings", "severity"): SEVERITIES,
        ("findings", "status"): {"open": "待处理", "accepted": "已接受", "corrected": "已更正"},
        ("findings", "table"): {name: one.title_zh for name, one in TABLES.items()},
        ("links", "table"): {name: one.title_zh for name, one in TABLES.items()},
        ("links", "method"): {"exact": "完全一致", "normalised": "去除证书字样后一致", "fuzzy": "近似"},
    }
    return KINDS if field.name == "kind" else known.get((table.name, field.name), {})


def _label_column(field: Field) -> Field:
    name, title, english = f"{field.name}_label", f"{field.title_zh}（中文）", f"{field.title_en} in Chinese"
    return Field(name, title, english, f"{field.title_zh}的中文说法", english, nullable=field.nullable)


def values_zh(field: Field) -> str:
    """Which values a column may have; empty: any."""
    values = "、".join(field.enum or ())
    if not values and field.known:
        values = "、".join(field.known) + "等"
    if not values and field.bounds and field.bounds[1] <= 5:
        values = f"{field.bounds[0]:g}至{field.bounds[1]:g}"
    return values


def type_zh(field: Field) -> str:
    """What the values of a column are."""
    kind = value_schema(field.type)
    if kind["type"] == "array":
        whole = kind["items"]["type"] == "integer"
        return "整数，可有多个，以、连接" if whole else "文字，可有多条，一行一条"
    if field.name in _CODES:
        return "文字（编号）"
    return {"boolean": "是/否", "integer": "整数", "number": "小数"}.get(kind["type"], "文字")


def _shown(field: Field, value: Any) -> Value:
    """A published value as an office reads it."""
    if value is None or value == []:
        return None
    if isinstance(value, bool):
        return _yes_no(value)
    if isinstance(value, list):
        numbers = all(isinstance(one, int) for one in value)
        return ("、" if numbers else SEPARATOR).join(map(_member, value))
    if isinstance(value, float):
        return float(f"{value:.7g}")  # all that a 32-bit number has: 0.97, not 0.970000029
    plain: Value = str(value) if field.name in _CODES else value
    return plain


def _member(value: Any) -> str:
    if isinstance(value, dict):  # a printed line with its box: its text
        return str(value.get("text", ""))
    if isinstance(value, list):
        return "、".join(f"{one:.7g}" for one in value)
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def dictionary(book: Book) -> Iterator[tuple[str, ...]]:
    """What every column means: table, its title, code, Chinese header, type, meaning, values, nullable, derived."""
    for sheet in book.sheets:
        for column in sheet.columns:
            yield (
                sheet.table, sheet.title, column.name, column.title_zh, type_zh(column), column.doc_zh,
                column.doc_en, values_zh(column), _yes_no(column.nullable), _yes_no(sheet.is_derived(column)),
            )  # fmt: skip


def _yes_no(value: bool) -> str:
    return "是" if value else "否"


DICTIONARY_HEADER = (
    "表名", "表", "列名", "中文列名", "类型", "含义", "含义（英文）", "取值", "可为空", "附加"
)  # fmt: skip


def write_csv(book: Book, folder: Path) -> list[Path]:
    """Write ``<table>.csv`` per sheet, columns.csv (every column's meaning) and about.csv into ``folder``: UTF-8 with BOM,
    Chinese headers, no formulas.

    Files of the same names are replaced, others are left alone. Returns the files. Raises XizeError when the folder
    cannot be written.
    """
    tables: dict[str, tuple[Iterable[str], Iterable[Sequence[Value]]]] = {
        sheet.table: ([column.title_zh for column in sheet.columns], sheet.rows) for sheet in book.sheets
    }
    tables |= {"columns": (DICTIONARY_HEADER, dictionary(book)), "about": (("项目", "内容"), book.about)}
    written = {folder / f"{name}.csv": csv_text(*table, line_end="\r\n") for name, table in tables.items()}
    for path, text in written.items():
        save_file(path, text.encode("utf-8-sig"))
    return list(written)
