"""`xize api` as clients use it: over HTTP, from a process of its own."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import openpyxl
import pytest

from pipeline.query.catalogue import Catalog
from pipeline.releases.catalogue import load_release
from pipeline.releases.publish import RunInfo, publish
from tests.api.conftest import serving
from tests.cli_home import EDITION, Done, xize
from tests.sample_tables import source_info


@pytest.fixture(scope="module")
def rows(published: tuple[Path, Done]) -> list[dict[str, Any]]:
    """The entries that are published."""
    found: list[dict[str, Any]] = load_release(published[0] / "curated", EDITION)["entries"].to_pylist()
    return found


def test_check_answers_as_the_command_does(
    client: httpx.Client, rows: list[dict[str, Any]], published: tuple[Path, Done]
) -> None:
    with Catalog(published[0] / "curated") as catalog:
        for row in rows[::5]:
            answer = client.get("/check", params={"class": row["class_code"], "name": row["text"]})
            wanted = catalog.check(row["class_code"], row["text"]).to_dict()
            assert answer.status_code == 200 and answer.json() == json.loads(json.dumps(wanted))
            assert answer.json()["matches"][0]["release"] == "r001"


def test_what_is_not_there_is_404_and_what_is_malformed_422(
    client: httpx.Client, rows: list[dict[str, Any]]
) -> None:
    known = {"class": rows[0]["class_code"], "name": rows[0]["name"]}
    for path, asked, words in (
        ("/check", {"class": "9999", "name": "x"}, "请核对代码"),
        ("/check", {**known, "edition": "demo-2031"}, "现有：demo-2025"),
        ("/check", {**known, "edition": "demo-2025@r009"}, "现有：r001"),
        ("/entries", {"class": "9999"}, "请核对代码"),
        ("/history", {"name": "x", "jurisdiction": "mars"}, "现有demo"),
        ("/coverage", {"edition": "demo-2031"}, "现有"),
        ("/entries/0000000000000000", {}, "请核对entry_id"),
        ("/schema/nothing", {}, "现有"),
        ("/nowhere", {}, "openapi"),
    ):
        answer = client.get(path, params=asked)
        assert answer.status_code == 404 and words in answer.json()["problem"], answer.text
    for path, asked in (
        ("/check", {**known, "grade": "九级"}),
        ("/check", {**known, "edition": "x y"}),
        ("/check", {"class": "6101"}),
        ("/entries", {"limit": "0"}),
        ("/entries", {"tier": "x"}),
        ("/entries", {"kind": "x"}),
        ("/history", {"name": "x", "kind": "nothing"}),
    ):
        answer = client.get(path, params=asked)
        assert answer.status_code == 422 and answer.json()["problem"], answer.text
    assert client.request("DELETE", "/entries").status_code == 405


def test_entries_come_page_by_page_and_as_the_schema_says(
    client: httpx.Client, rows: list[dict[str, Any]]
) -> None:
    found: list[dict[str, Any]] = []
    address: str | None = "/entries?limit=7"
    while address:
        answer = client.get(address).json()
        assert answer["releases"] == {EDITION: "r001"} and answer["total"] == len(rows)
        found += answer["rows"]
        address = answer["next"]
    assert sorted(row["entry_id"] for row in found) == sorted(row["entry_id"] for row in rows)
    schema = client.get("/schema/entries").json()
    for row in found:
        jsonschema.validate(row, schema)
    wanted = [row for row in rows if 3 in row["grades"] and row["tier"] == "高级" and "师" in row["text"]]
    asked = {"grade": "三级", "tier": "高级", "q": "师", "limit": 1000, "edition": f"{EDITION}@r001"}
    answer = client.get("/entries", params=asked).json()
    assert sorted(row["text"] for row in answer["rows"]) == sorted(row["text"] for row in wanted)
    one = rows[0]
    assert [row["text"] for row in client.get(f"/entries/{one['entry_id']}").json()] == [one["text"]]
    hostile = client.get("/entries", params={"class": "' or 1=1 --", "q": '"; drop table entries'})
    assert hostile.status_code == 404


def test_the_other_answers(client: httpx.Client, rows: list[dict[str, Any]]) -> None:
    assert client.get("/health").json() == {"status": "ok", "releases": {EDITION: "r001"}, "problem": None}
    assert client.get("/editions").json()["editions"][0]["current"] == "r001"
    life = client.get("/history", params={"name": rows[0]["name"]}).json()["lives"][0]
    assert "2025年" in life["summary"] and life["editions"][0]["release"] == "r001"
    assert {row["subject"] for row in client.get("/coverage").json()["rows"]} >= {"class", "major"}
    described = client.get("/openapi.json").json()
    assert {"/check", "/history", "/coverage", "/editions", "/entries", "/health", "/reconcile"} <= described[
        "paths"
    ].keys()
    parameters = {one["name"]: one for one in described["paths"]["/check"]["get"]["parameters"]}
    assert parameters["name"]["schema"]["examples"] == ["农作物植保员"]
    row = described["components"]["schemas"]["EntriesRow"]["properties"]
    assert row["grades"]["items"]["type"] == "integer" and "等级" in row["grades"]["description"]


def test_a_list_comes_back_with_its_answers(client: httpx.Client, rows: list[dict[str, Any]]) -> None:
    one = next(row for row in rows if row["grades"])
    asked = [
        {"class": one["class_code"], "name": one["text"], "grade": ""},
        {"class": one["class_code"], "name": "并不存在的证书"},
        {"class": "9999", "name": "x"},
        {"class": one["class_code"], "name": one["name"], "grade": "九级"},
    ]
    answer = client.post("/check", json={"rows": asked}).json()
    assert [row["answer"] for row in answer["rows"]][0] == "是" and answer["rows"][0][
        "release"
    ] == f"{EDITION}@r001"
    assert [row["answer"] for row in answer["rows"]][2:] == ["无法判断", "无法判断"]
    assert answer["rows"][0]["text"] == one["text"] and answer["rows"][0]["page"] == str(one["page"])
    assert sum(answer["counts"].values()) == 4
    secret = client.post("/check", json={"rows": [{"class": "6101", "nom": "张三的秘密"}]})
    assert secret.status_code == 422 and "张三" not in secret.text
    given = f"姓名,专业类,证书名称\n=1+1,{one['class_code']},{one['text']}\n"
    made = client.post("/check/file", content=given.encode("gb18030"), headers={"content-type": "text/csv"})
    table = list(csv.reader(io.StringIO(made.content.decode("utf-8-sig"))))
    assert table[1][:4] == ["'=1+1", one["class_code"], one["text"], "是"]
    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(given)):
        book.active.append([cell.lstrip("=") for cell in row])
    sent = io.BytesIO()
    book.save(sent)
    made = client.post("/check/file", params={"format": "xlsx"}, content=sent.getvalue())
    sheet = openpyxl.load_workbook(io.BytesIO(made.content)).active
    assert [cell.value for cell in sheet[2]][2:4] == [one["text"], "是"]
    assert client.post("/check/file", content=b"x").status_code == 415
    assert client.post("/check/file?format=xlsx", content=b"x").status_code == 422
    large = client.post("/check", content=b"[" * 21_000_000, headers={"content-type": "application/json"})
    assert large.status_code == 413
    chunked = client.post("/check", content=iter([b"{}"]), headers={"content-type": "application/json"})
    assert chunked.status_code == 413


def test_tags_and_releases_published_while_it_runs(own_home: Path) -> None:
    with serving(own_home) as client:
        first = client.get("/entries")
        tag = first.headers["etag"]
        again = client.get("/entries", headers={"if-none-match": f'W/{tag}, "other"'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        curated = own_home / "curated"
        tables = load_release(curated, EDITION)
        tables["entries"] = tables["entries"].slice(1)
        publish(tables, source_info(edition=EDITION), RunInfo(), curated, latest=True)
        time.sleep(1.1)
        fresh = client.get("/entries", headers={"if-none-match": tag})
        assert fresh.status_code == 200 and fresh.headers["etag"] != tag
        assert (
            fresh.json()["releases"] == {EDITION: "r002"}
            and fresh.json()["total"] == first.json()["total"] - 1
        )
        old = client.get("/entries", params={"edition": f"{EDITION}@r001"}).json()
        assert old["total"] == first.json()["total"] and old["releases"] == {EDITION: "r001"}
        # A release that is broken is not shown: the one before goes on, and /health says so.
        tables["entries"] = tables["entries"].slice(1)
        publish(tables, source_info(edition=EDITION), RunInfo(), curated, latest=True)
        (curated / EDITION / "r003" / "entries.parquet").write_bytes(b"x")
        time.sleep(1.1)
        assert client.get("/entries").json()["releases"] == {EDITION: "r002"}
        health = client.get("/health").json()
        assert health["status"] == "degraded" and "校验和不符" in health["problem"]


def test_who_may_ask(own_home: Path, tmp_path: Path) -> None:
    done = xize(own_home, "api", "--host", "0.0.0.0", "--port", "0")
    assert done.code != 0 and "--token" in done.err
    assert "口令过短" in xize(own_home, "api", "--token", "short").err
    assert "还没有任何发布" in xize(tmp_path, "api").err
    token = "a-token-for-this-test-only"
    with serving(own_home, "--token", token) as client:
        assert client.get("/health").status_code == 200
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": token + "x"}):
            refused = client.get("/editions", headers=headers)
            assert refused.status_code == 401 and "口令不符" in refused.json()["problem"]
        assert client.get("/editions", headers={"authorization": f"Bearer {token}"}).status_code == 200
        assert client.get("/editions", params={"token": token}).status_code == 401
        assert client.get("/reconcile", params={"token": token}).status_code == 200
        assert client.get("/health", headers={"host": "evil.example"}).status_code == 421
