"""Rows of the published tables for the routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.errors import UnknownName
from pipeline.query.catalogue import Catalog
from pipeline.query.check import classes_named, releases_asked
from pipeline.schema import TIERS
from pipeline.text import normalise

Rows = list[dict[str, Any]]

_WHERE = {
    "class": "class_code in $codes",
    "kind": "kind = $kind",
    "tier": "tier = $tier",
    "grade": "list_contains(grades, $grade)",
    "q": "contains(text, $q)",
}


def _shown(catalog: Catalog, edition: str | None) -> tuple[dict[str, str], str]:
    """The releases that are asked for, and the SQL schema that shows them. Raises XizeError."""
    releases = releases_asked(catalog, edition)
    if edition is None:
        return releases, "main"
    (name, release), *_ = releases.items()
    return releases, f'"{name}@{release}"'


def entries_page(
    catalog: Catalog, edition: str | None, wanted: Mapping[str, Any], limit: int, offset: int
) -> tuple[dict[str, str], int, Rows]:
    """(releases, number of all rows that fit, those of the page), in reading order.

    ``wanted``: class (a code or a name), kind, tier, grade, q (text within); None: any. Raises XizeError.
    """
    releases, schema = _shown(catalog, edition)
    asked = {name: value for name, value in wanted.items() if value is not None}
    values: dict[str, Any] = {name: value for name, value in asked.items() if name != "class"}
    if "q" in asked:
        values["q"] = normalise(asked["q"])
    if "class" in asked:
        values["codes"] = [code for code, _ in classes_named(catalog, schema, asked["class"])]
        if not values["codes"]:
            raise UnknownName(
                f"{'、'.join(releases)}中没有专业类{asked['class']}：请核对代码或名称（见/coverage）。"
            )
    where = " and ".join(_WHERE[name] for name in asked) or "true"
    total = catalog.sql(f"select count(*) as n from {schema}.entries where {where}", values)["n"][0].as_py()
    query = f"""
        select * from {schema}.entries where {where}
        order by edition, class_code, kind, list_position($tiers, tier), position, entry_id limit $limit offset $offset
    """
    page = catalog.sql(query, {**values, "tiers": list(TIERS), "limit": limit, "offset": offset})
    return releases, total, page.to_pylist()


def entry_rows(catalog: Catalog, entry_id: str) -> Rows:
    """An entry in every edition that has it. Raises UnknownName."""
    rows: Rows = catalog.sql(
        "select * from entries where entry_id = $id order by edition", {"id": entry_id}
    ).to_pylist()
    if not rows:
        raise UnknownName("各版本的当前发布中都没有这个条目：请核对entry_id（见/entries）。")
    return rows


def coverage_rows(catalog: Catalog, edition: str | None) -> tuple[dict[str, str], Rows]:
    """(releases, rows of the table coverage). Raises XizeError."""
    releases, schema = _shown(catalog, edition)
    return releases, catalog.sql(f"select * from {schema}.coverage").to_pylist()
