"""What is asked and answered, as pydantic models: from the dataclasses of pipeline.query and the tables of pipeline.schema."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, create_model

from pipeline.query.check import PrintedEntry, Verdict
from pipeline.schema import KINDS, TABLES, TIERS
from pipeline.schema.json_schema import row_schema

Releases = Annotated[
    dict[str, str], Field(description="各版本所用的发布", examples=[{"shanghai-2025": "r001"}])
]


VerdictOf = create_model(
    "Verdict", counts=(bool, ...), **{one.name: (one.type, ...) for one in fields(Verdict)}
)  # type: ignore[call-overload]


class EntriesRow(BaseModel):
    """A row of the table entries."""

    model_config = ConfigDict(json_schema_extra=row_schema(TABLES["entries"]))


class CoverageRow(BaseModel):
    """A row of the table coverage."""

    model_config = ConfigDict(json_schema_extra=row_schema(TABLES["coverage"]))


EntryRows = list[EntriesRow]


class Problem(BaseModel):
    """Why a request was not answered: one sentence with its remedy."""

    problem: str = Field(examples=["没有版本shanghai-2031的发布（现有：shanghai-2025）：请核对--edition。"])


PROBLEMS: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "没有所问的版本、发布或专业类"},
    422: {"model": Problem, "description": "问法不合要求"},
}
"""What a route may say instead of its answer."""

Class = Annotated[
    str,
    Query(
        alias="class", description="专业类：代码（中职、高职或本科）或名称", max_length=100, examples=["6101"]
    ),
]
OptionalClass = Annotated[
    str | None, Query(alias="class", description="专业类：代码或名称", max_length=100, examples=["6101"])
]
Name = Annotated[str, Query(description="证书名称", max_length=500, examples=["农作物植保员"])]
Edition = Annotated[
    str | None, Query(description="只看这个版本或发布", max_length=100, examples=["shanghai-2025"])
]
On = Annotated[date | None, Query(description="按这一天生效的版本（不写edition时）", examples=["2026-03-01"])]
Kind = Annotated[
    str | None,
    Query(
        description="、".join(f"{key}：{label}" for key, label in KINDS.items()),
        pattern=f"^({'|'.join(KINDS)})$",
    ),
]
Tier = Annotated[str | None, Query(description="级次", pattern=f"^({'|'.join(TIERS)})$")]


class Answered(BaseModel):
    """Whether a certificate counts, with the printed text as evidence."""

    counts: bool
    tiers: list[str] = Field(description="计入的级次，由低到高", examples=[["中级"]])
    class_code: str
    name: str
    grade: int | None
    level: str | None
    verdicts: list[VerdictOf] = Field(description="各版本的结论，写明发布")  # type: ignore[valid-type]
    matches: list[PrintedEntry] = Field(description="据以计入的条目")
    near: list[PrintedEntry] = Field(description="不计入时最相近的条目")


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
    rows: list[EntriesRow]


class CoverageOf(BaseModel):
    """Which parts of the documents are in the data."""

    releases: Releases
    rows: list[CoverageRow]


class Health(BaseModel):
    """Whether the server answers, from which releases."""

    status: str = Field(description="ok，或degraded：较新的发布打不开，仍按先前的发布回答")
    releases: Releases
    problem: str | None
