"""Names matched from other tools: the W3C community's Reconciliation Service API 0.2, as OpenRefine speaks it.

The things matched are entries of the editions in force; their ids are entry_ids.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Path, Request, Response
from fastapi.responses import JSONResponse
from rapidfuzz import fuzz, process
from starlette.concurrency import run_in_threadpool

from pipeline.api.served import Served
from pipeline.errors import XizeError
from pipeline.query.catalogue import Catalog
from pipeline.query.check import PrintedEntry, entry_keys, name_key, parse_grade, printed_entries
from pipeline.schema import KINDS
from pipeline.text import squeeze

PATH = "/reconcile"

_MOST_QUERIES = 1000
_MOST_RESULTS = 20
_LONGEST_NAME = 500
_CUTOFF = 60
_PROPERTIES = {
    "text": "原文", "name": "名称", "class_code": "专业类代码", "class_name": "专业类", "kind": "证书类别", "tier": "级次",
    "grades": "等级", "level": "等级词", "issuer": "发证机构", "page": "页码", "release": "版本与发布",
}  # fmt: skip
_ALIASES = {
    "class": "class_code",
    "专业类": "class_code",
    "专业": "class_code",
    "等级": "grade",
    "级次": "tier",
    "类别": "kind",
}
_OPEN_TO_ALL = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}


def add_routes(app: FastAPI, served: Served) -> None:
    """The service's one address, and what it suggests."""

    @app.get(PATH, response_model=dict[str, Any])
    def reconcile_manifest(request: Request) -> Response:
        """名称匹配服务（Reconciliation API 0.2，供OpenRefine等使用）的说明；亦可用queries参数提问。"""
        return _answer(served, request, dict(request.query_params))

    @app.post(PATH, response_model=dict[str, Any], openapi_extra=_FORM)
    async def reconcile(request: Request) -> Response:
        """匹配一批名称（queries），或取所匹配条目的各列（extend）。"""
        form = {
            name: values[0]
            for name, values in parse_qs((await request.body()).decode("utf-8", "replace")).items()
        }
        return await run_in_threadpool(_answer, served, request, form)

    @app.get(f"{PATH}/properties", response_model=dict[str, Any])
    def reconcile_properties() -> Response:
        """可取的各列。"""
        listed = [{"id": name, "name": label} for name, label in _PROPERTIES.items()]
        return JSONResponse({"type": "entry", "properties": listed}, headers=_OPEN_TO_ALL)

    @app.get(f"{PATH}/suggest/{{what}}", response_model=dict[str, Any])
    def reconcile_suggest(
        what: Annotated[str, Path(pattern="^(property|type)$")], prefix: str = ""
    ) -> Response:
        """供选择的列或类别。"""
        known = {**_PROPERTIES, "grade": "等级"} if what == "property" else {"entry": "证书条目", **KINDS}
        found = [{"id": id_, "name": name} for id_, name in known.items() if prefix in id_ or prefix in name]
        return JSONResponse({"result": found}, headers=_OPEN_TO_ALL)


_FORM: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {
                        name: {"type": "string", "description": "JSON"} for name in ("queries", "extend")
                    },
                }
            }
        }
    }
}


def _answer(served: Served, request: Request, form: Mapping[str, str]) -> Response:
    catalog = served.now().catalog
    if "queries" in form:
        queries = _parsed(form["queries"])
        if len(queries) > _MOST_QUERIES:
            raise XizeError(f"一次最多匹配{_MOST_QUERIES}个名称：请分成几批。")
        index = _index(catalog)
        answer: Any = {name: {"result": _candidates(index, query)} for name, query in queries.items()}
    elif "extend" in form:
        answer = _extended(_index(catalog), _parsed(form["extend"]))
    else:
        answer = _manifest(request)
    return JSONResponse(answer, headers=_OPEN_TO_ALL)


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise XizeError("queries或extend不是合格的JSON：请见Reconciliation API 0.2。") from error
    if not isinstance(found, dict):
        raise XizeError("queries或extend应为JSON对象：请见Reconciliation API 0.2。")
    return found


def _manifest(request: Request) -> dict[str, Any]:
    base = str(request.base_url).rstrip("/")
    token = request.query_params.get("token")
    suffix = f"?token={token}" if token else ""
    suggested = {
        what: {"service_url": f"{base}{PATH}", "service_path": f"/suggest/{what}{suffix}"}
        for what in ("property", "type")
    }
    return {
        "versions": ["0.2"],
        "name": "双师型教师专业认定细则（Xize）",
        "identifierSpace": "urn:xize:entry",
        "schemaSpace": "urn:xize:schema",
        "defaultTypes": [{"id": "entry", "name": "证书条目"}],
        "view": {"url": f"{base}/entries/{{{{id}}}}"},
        "suggest": suggested,
        "extend": {
            "propose_properties": {"service_url": base, "service_path": f"{PATH}/properties{suffix}"},
            "property_settings": [],
        },
        "batchSize": 100,
    }


class _Index:
    """The entries of the editions shown: each with its credentials' rows, and which ones have a name."""

    def __init__(self, catalog: Catalog) -> None:
        self.entries: dict[str, list[PrintedEntry]] = defaultdict(list)
        named: dict[str, dict[str, None]] = defaultdict(dict)
        # The latest edition's rows come last: an entry is what it is there.
        for edition, release in sorted(catalog.releases.items()):
            for row in printed_entries(catalog, edition, release):
                self.entries[row.entry_id].append(row)
                for key in entry_keys(row):
                    named[key][row.entry_id] = None
        self.named = {key: list(ids) for key, ids in named.items()}
        self.names = list(named)


def _index(catalog: Catalog) -> _Index:
    return catalog.remembered(("reconcile",), lambda: _Index(catalog))


def _candidates(index: _Index, query: Any) -> list[dict[str, Any]]:
    """What a query's name may mean, best first. Raises XizeError when the query is malformed."""
    if not isinstance(query, dict) or not isinstance(query.get("query"), str):
        raise XizeError("queries中每一项都应有文字query：请见Reconciliation API 0.2。")
    limit = query.get("limit")
    limit = min(limit, _MOST_RESULTS) if isinstance(limit, int) and limit > 0 else 5
    wanted = _wanted(query)
    key = name_key(query["query"])
    if len(key) > _LONGEST_NAME:
        return []
    scores = {id_: 100.0 for id_ in index.named.get(key, ()) if _fits(index.entries[id_], wanted)}
    if len(scores) < limit and key:
        near = process.extract(key, index.names, scorer=fuzz.ratio, score_cutoff=_CUTOFF, limit=50)
        for name, score, _ in near:
            for id_ in index.named[name]:
                if id_ not in scores and _fits(index.entries[id_], wanted):
                    scores[id_] = round(float(score), 1)
    only = list(scores.values()).count(100.0) == 1
    return [_candidate(index.entries[id_][-1], score, only) for id_, score in islice(scores.items(), limit)]


def _wanted(query: Mapping[str, Any]) -> dict[str, Any]:
    """Column → value that the query's properties and type ask for. Raises XizeError.

    A grade that nobody knows stays as it was written: of a whole batch it keeps out only what states another.
    """
    wanted: dict[str, Any] = {}
    properties = query.get("properties") or []
    if not isinstance(properties, list):
        raise XizeError("properties应为列表：请见Reconciliation API 0.2。")
    for one in properties:
        if isinstance(one, dict) and (value := _plain(one.get("v"))):
            name = str(one.get("pid"))
            wanted[_ALIASES.get(name, name)] = value
    if "grade" in wanted:
        with suppress(XizeError):
            wanted["grade"] = parse_grade(wanted["grade"])
    kind = query.get("type")
    if isinstance(kind, str) and kind in KINDS:
        wanted["kind"] = kind
    return wanted


def _plain(value: Any) -> str:
    """A property's value: text, number, or a matched thing with its id."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = value.get("id") or value.get("name") or ""
    return squeeze(str(value or ""))


def _fits(rows: Iterable[PrintedEntry], wanted: Mapping[str, Any]) -> bool:
    return any(all(_has(row, name, value) for name, value in wanted.items()) for row in rows)


def _has(row: PrintedEntry, name: str, value: Any) -> bool:
    """Whether a row has a value asked for. What it does not state, and columns that nobody knows, exclude nothing."""
    if name == "class_code":
        return value in (row.class_code, row.class_name)
    if name == "kind":
        return value in (row.kind, squeeze(row.kind_label))
    found = getattr(row, name, None)
    return found is None or found == value


def _candidate(row: PrintedEntry, score: float, only: bool) -> dict[str, Any]:
    place = "" if row.page is None else f"·第{row.page}页"
    return {
        "id": row.entry_id,
        "name": row.text,
        "description": f"{row.class_code}{row.class_name}·{row.kind_label}·{row.tier}{place}（{row.edition}@{row.release}）",
        "score": score,
        "match": only and score == 100.0,
        "type": [{"id": "entry", "name": "证书条目"}, {"id": row.kind, "name": row.kind_label}],
    }


def _extended(index: _Index, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of matched entries. Raises XizeError."""
    ids, properties = asked.get("ids"), asked.get("properties")
    if not isinstance(ids, list) or not isinstance(properties, list) or len(ids) > _MOST_QUERIES:
        raise XizeError(f"extend应有ids（至多{_MOST_QUERIES}个）和properties：请见Reconciliation API 0.2。")
    asked_for = [one.get("id") for one in properties if isinstance(one, dict)]
    names = [name for name in asked_for if isinstance(name, str) and name in _PROPERTIES]
    found = {str(id_): index.entries.get(str(id_), []) for id_ in ids}
    return {
        "meta": [{"id": name, "name": _PROPERTIES[name]} for name in names],
        "rows": {id_: {name: _cells(rows, name) for name in names} for id_, rows in found.items()},
    }


def _cells(rows: list[PrintedEntry], name: str) -> list[dict[str, Any]]:
    if not rows:
        return []
    if name == "grades":
        return [{"str": row.grade_label} for row in rows if row.grade_label]
    last = rows[-1]
    value = {"release": f"{last.edition}@{last.release}", "kind": last.kind_label}.get(name) or getattr(
        last, name
    )
    return [] if value is None else [{"int": value} if isinstance(value, int) else {"str": value}]
