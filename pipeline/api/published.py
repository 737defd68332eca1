"""What is published, row by row: the editions, their entries, what of a document is there, and the schema of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse

from pipeline.api import models
from pipeline.api.models import PROBLEMS, Edition, Kind, OptionalClass, Tier
from pipeline.api.served import Served
from pipeline.errors import UnknownName
from pipeline.query.catalogue import Catalog
from pipeline.query.check import classes_named, parse_grade, releases_asked
from pipeline.releases.catalogue import index_bytes
from pipeline.schema import TABLES, TIERS
from pipeline.schema.json_schema import row_schema
from pipeline.text import normalise

_WHERE = {
    "codes": "class_code in $codes",
    "kind": "kind = $kind",
    "tier": "tier = $tier",
    "grade": "list_contains(grades, $grade)",
    "q": "contains(text, $q)",
}


def add_routes(app: FastAPI, served: Served) -> None:
    """The routes that ask no question but for rows."""

    @app.get("/editions", response_model=dict[str, Any])
    def editions(request: Request) -> Response:
        """各版本及其历次发布（同curated/index.json）。"""
        return served.tagged(request, lambda _: json.loads(index_bytes(served.store)))

    @app.get("/entries", response_model=models.Entries, responses=PROBLEMS)
    def entries(
        request: Request,
        edition: Edition = None,
        class_code: OptionalClass = None,
        kind: Kind = None,
        tier: Tier = None,
        grade: Annotated[str | None, Query(description="原文写明的等级：5至1，四级……", max_length=50)] = None,
        q: Annotated[str | None, Query(description="原文中的文字", max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    ) -> Response:
        """已发布的条目，逐页；可按专业类、类别、级次、等级和文字筛选。"""
        wanted = {"kind": kind, "tier": tier, "grade": parse_grade(grade), "q": q and normalise(q)}

        def page(catalog: Catalog) -> dict[str, Any]:
            releases, schema = _shown(catalog, edition)
            codes = None if class_code is None else _codes(catalog, releases, schema, class_code)
            total, rows = _page(catalog, schema, {"codes": codes, **wanted}, limit, offset)
            follows = request.url.include_query_params(offset=offset + limit, limit=limit)
            return {
                "releases": releases, "total": total, "limit": limit, "offset": offset,
                "next": str(follows) if offset + limit < total else None, "rows": rows,
            }  # fmt: skip

        return served.tagged(request, page)

    @app.get("/entries/{entry_id}", response_model=models.EntryRows, responses=PROBLEMS)
    def entry(request: Request, entry_id: str) -> Response:
        """一个条目，在各版本的当前发布中。"""

        def told(catalog: Catalog) -> list[dict[str, Any]]:
            query = "select * from entries where entry_id = $id order by edition"
            rows: list[dict[str, Any]] = catalog.sql(query, {"id": entry_id}).to_pylist()
            if not rows:
                raise UnknownName("各版本的当前发布中都没有这个条目：请核对entry_id（见/entries）。")
            return rows

        return served.tagged(request, told)

    _scope(app, served)


def _scope(app: FastAPI, served: Served) -> None:
    @app.get("/coverage", response_model=models.CoverageOf, responses=PROBLEMS)
    def coverage(request: Request, edition: Edition = None) -> Response:
        """文件的哪些部分在数据中，哪些是来源缺失的。"""

        def told(catalog: Catalog) -> dict[str, Any]:
            releases, schema = _shown(catalog, edition)
            return {"releases": releases, "rows": catalog.sql(f"select * from {schema}.coverage").to_pylist()}

        return served.tagged(request, told)

    @app.get("/schema/{table}", response_model=dict[str, Any], responses=PROBLEMS)
    def schema(table: str) -> Response:
        """一张表的行的JSON Schema。"""
        if table not in TABLES:
            raise UnknownName(f"没有表“{table[:50]}”：现有{'、'.join(TABLES)}。")
        return JSONResponse(row_schema(TABLES[table]))


def _shown(catalog: Catalog, edition: str | None) -> tuple[dict[str, str], str]:
    """The releases that are asked for, and the SQL schema that shows them. Raises XizeError."""
    releases = releases_asked(catalog, edition)
    if edition is None:
        return releases, "main"
    (name, release), *_ = releases.items()
    return releases, f'"{name}@{release}"'


def _page(
    catalog: Catalog, schema: str, wanted: Mapping[str, Any], limit: int, offset: int
) -> tuple[int, list[dict[str, Any]]]:
    """(number of all entries that fit, those of the page), in reading order. ``wanted``: as _WHERE names it; None: any."""
    values = {name: value for name, value in wanted.items() if value is not None}
    where = " and ".join(_WHERE[name] for name in values) or "true"
    total = catalog.sql(f"select count(*) as n from {schema}.entries where {where}", values)["n"][0].as_py()
    query = f"""
        select * from {schema}.entries where {where}
        order by edition, class_code, kind, list_position($tiers, tier), position, entry_id limit $limit offset $offset
    """
    page = catalog.sql(query, {**values, "tiers": list(TIERS), "limit": limit, "offset": offset})
    return total, page.to_pylist()


def _codes(catalog: Catalog, releases: dict[str, str], schema: str, named: str) -> list[str]:
    """The classes of a code or name. Raises UnknownName."""
    codes = [code for code, _ in classes_named(catalog, schema, named)]
    if not codes:
        raise UnknownName(f"{'、'.join(releases)}中没有专业类{named}：请核对代码或名称（见/coverage）。")
    return codes
