"""The tables as JSON Schema: what a row looks like as a JSON object."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipeline.schema.types import Field, Table

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def row_schema(table: Table) -> dict[str, Any]:
    """JSON Schema (2020-12) of one row of ``table``. Columns that it does not name may be added: readers let them pass."""
    return {
        "$schema": _DIALECT,
        "title": table.name,
        "description": f"{table.title_zh}：{table.doc_zh} / {table.doc_en}",
        "type": "object",
        "properties": {field.name: field_schema(field) for field in table.fields},
        "required": list(table.names),
    }


def field_schema(field: Field) -> dict[str, Any]:
    """JSON Schema of one column's values."""
    made: dict[str, Any] = {"title": field.title_zh, "description": f"{field.doc_zh} / {field.doc_en}"}
    made |= value_schema(field.type)
    # Bounds and patterns of a list are those of its members.
    limited = made["items"] if pa.types.is_list(field.type) else made
    if field.bounds:
        number = int if limited.get("type") == "integer" else float
        limited["minimum"], limited["maximum"] = map(number, field.bounds)
    if field.pattern:
        limited["pattern"] = field.pattern
    if field.enum:
        limited["enum"] = list(field.enum)
    if field.nullable:
        made["type"] = [made["type"], "null"]
        if field.enum:
            made["enum"].append(None)
    return made


def value_schema(type_: pa.DataType) -> dict[str, Any]:
    """JSON Schema of the values of an Arrow type."""
    if pa.types.is_list(type_):
        return {"type": "array", "items": value_schema(type_.value_type)}
    if pa.types.is_struct(type_):
        members = {one.name: value_schema(one.type) for one in type_}
        return {"type": "object", "properties": members, "required": list(members)}
    if pa.types.is_boolean(type_):
        return {"type": "boolean"}
    if pa.types.is_integer(type_):
        return {"type": "integer"}
    return {"type": "number" if pa.types.is_floating(type_) else "string"}
