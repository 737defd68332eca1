"""What is asked and answered, as pydantic models: from the dataclasses of pipeline.query and the tables of pipeline.schema."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Annotated, Any, get_type_hints

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, create_model

from pipeline.query.check import PrintedEntry, Verdict
from pipeline.schema import TABLES
from pipeline.schema.types import Field as Column

Releases = Annotated[
    dict[str, str], Field(description="各版本所用的发布", examples=[{"shanghai-2025": "r001"}])
]


def _of_dataclass(cls: type, name: str, **more: Any) -> type[BaseModel]:
    hints = get_type_hints(cls)
    own: dict[str, Any] = {one.name: (hints[one.name], ...) for one in fields(cls)}
    return create_model(name, **{**own, **more})


def _python_type(column: Column) -> Any:
    def plain(type_: pa.DataType) -> Any:
        if pa.types.is_list(type_):
            return list[plain(type_.value_type)]  # type: ignore[misc]
        if pa.types.is_boolean(type_):
            return bool
        if pa.types.is_integer(type_):
            return int
        return float if pa.types.is_floating(type_) else str

    found = plain(column.type)
    return found | None if column.nullable else found


def row_model(table: str) -> type[BaseModel]:
    """The row of a published table."""
    columns: dict[str, Any] = {
        one.name: (_python_type(one), Field(description=f"{one.title_zh}：{one.doc_zh}"))
        for one in TABLES[table].fields
    }
    return create_model(f"{table.title().replace('_', '')}Row", **columns)


Printed = _of_dataclass(PrintedEntry, "PrintedEntry")
VerdictOf = _of_dataclass(Verdict, "Verdict", counts=(bool, ...))
EntryRow = row_model("entries")
EntryRows = list[EntryRow]  # type: ignore[valid-type]
CoverageRow = row_model("coverage")


class Problem(BaseModel):
    """Why a request was not answered: one sentence with its remedy."""

    problem: str = Field(examples=["没有版本shanghai-2031的发布（现有：shanghai-2025）：请核对--edition。"])


class Answered(BaseModel):
    """Whether a certificate counts, with the printed text as evidence."""

    counts: bool
    tiers: list[str] = Field(description="计入的级次，由低到高", examples=[["中级"]])
    class_code: str
    name: str
    grade: int | None
    level: str | None
    verdicts: list[VerdictOf] = Field(description="各版本的结论，写明发布")  # type: ignore[valid-type]
    matches: list[Printed] = Field(description="据以计入的条目")  # type: ignore[valid-type]
    near: list[Printed] = Field(description="不计入时最相近的条目")  # type: ignore[valid-type]


class Asked(BaseModel):
    """One certificate of a list."""

    model_config = ConfigDict(populate_by_name=True)
    class_code: str = Field(
        alias="class", description="专业类的代码或名称", max_length=100, examples=["6101"]
    )
    name: str = Field(description="证书名称", max_length=500, examples=["农作物植保员"])
    grade: str = Field(
        "", description="等级：5至1，四级，中级工，或初级、中级、高级；可空", max_length=50, examples=["四级"]
    )


class AskedList(BaseModel):
    """A list of certificates. Nothing of it is kept."""

    edition: str | None = Field(
        None, description="按哪个版本（或发布）核对；默认为现行版本", examples=["shanghai-2025"]
    )
    on: date | None = Field(None, description="按这一天生效的版本（不写edition时）", examples=["2026-03-01"])
    rows: list[Asked] = Field(max_length=20_000)


class ListAnswer(Asked):
    """One certificate with its answer."""

    answer: str = Field(description="是、相近、否或无法判断")
    tier: str | None = Field(description="级次")
    text: str | None = Field(description="原文")
    page: str | None = Field(description="页码")
    release: str | None = Field(description="依据的版本与发布")
    why: str | None = Field(description="说明")


class AnsweredList(BaseModel):
    """The list, answered."""

    counts: dict[str, int]
    rows: list[ListAnswer]


class Entries(BaseModel):
    """A page of entries."""

    releases: Releases
    total: int
    limit: int
    offset: int
    next: str | None = Field(description="下一页的地址；没有则为空")
    rows: list[EntryRow]  # type: ignore[valid-type]


class CoverageOf(BaseModel):
    """Which parts of the documents are in the data."""

    releases: Releases
    rows: list[CoverageRow]  # type: ignore[valid-type]


class Health(BaseModel):
    """Whether the server answers, from which releases."""

    status: str = Field(description="ok，或degraded：较新的发布打不开，仍按先前的发布回答")
    releases: Releases
    problem: str | None
