"""The Reconciliation Service, asked as OpenRefine asks it (API 0.2)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from pipeline.releases.catalogue import load_release
from tests.cli_home import EDITION, Done


def _ask(client: httpx.Client, **queries: Any) -> dict[str, Any]:
    answer = client.post("/reconcile", data={"queries": json.dumps(queries)})
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    found: dict[str, Any] = answer.json()
    return found


def test_names_are_matched_and_columns_fetched(client: httpx.Client, published: tuple[Path, Done]) -> None:
    rows = load_release(published[0] / "curated", EDITION)["entries"].to_pylist()
    manifest = client.get("/reconcile").json()
    assert "0.2" in manifest["versions"] and {"name", "identifierSpace", "schemaSpace"} <= manifest.keys()
    texts = [row["text"] for row in rows]
    one = next(row for row in rows if row["grades"] and texts.count(row["text"]) == 1)
    found = _ask(
        client,
        q0={"query": one["text"], "properties": [{"pid": "class", "v": one["class_code"]}]},
        q1={"query": f"{one['name']}某", "limit": 3},
        q2={"query": "与什么都不像的ZZZZ"},
        q3={"query": one["text"], "properties": [{"pid": "专业类", "v": {"id": "0000"}}]},
    )
    best = found["q0"]["result"][0]
    assert (best["id"], best["name"], best["match"], best["score"]) == (
        one["entry_id"],
        one["text"],
        True,
        100.0,
    )
    assert (
        f"第{one['page']}页" in best["description"] and {"id": one["kind"]}.items() <= best["type"][1].items()
    )
    near = found["q1"]["result"]
    assert 0 < len(near) <= 3 and not any(one["match"] for one in near) and near[0]["score"] < 100
    assert found["q2"]["result"] == [] and found["q3"]["result"] == []
    extend = {
        "ids": [one["entry_id"], "gone"],
        "properties": [{"id": "tier"}, {"id": "page"}, {"id": "release"}],
    }
    answer = client.post("/reconcile", data={"extend": json.dumps(extend)}).json()
    assert answer["rows"]["gone"] == {"tier": [], "page": [], "release": []}
    assert answer["rows"][one["entry_id"]] == {
        "tier": [{"str": one["tier"]}], "page": [{"int": one["page"]}], "release": [{"str": f"{EDITION}@r001"}],
    }  # fmt: skip
    view = manifest["view"]["url"].replace("{{id}}", one["entry_id"])
    assert client.get(view).json()[0]["text"] == one["text"]


def test_choices_and_refusals(client: httpx.Client) -> None:
    manifest = client.get("/reconcile").json()
    proposed = manifest["extend"]["propose_properties"]
    listed = client.get(proposed["service_url"] + proposed["service_path"], params={"type": "entry"}).json()
    assert {"id": "tier", "name": "级次"} in listed["properties"]
    suggest = manifest["suggest"]["property"]
    found = client.get(suggest["service_url"] + suggest["service_path"], params={"prefix": "专业"}).json()[
        "result"
    ]
    assert {one["id"] for one in found} == {"class_code", "class_name"}
    assert client.get("/reconcile/suggest/anything").status_code == 422
    for form in (
        {"queries": "{"},
        {"queries": "[]"},
        {"queries": '{"q": 1}'},
        {"queries": '{"q": {"query": 1}}'},
        {"extend": "{}"},
    ):
        answer = client.post("/reconcile", data=form)
        assert answer.status_code == 422 and answer.json()["problem"]
    many = {str(at): {"query": "x"} for at in range(1001)}
    assert "请分成几批" in client.post("/reconcile", data={"queries": json.dumps(many)}).text


def test_what_is_no_question_is_one_sentence(client: httpx.Client, published: tuple[Path, Done]) -> None:
    """Nothing that JSON can say ends the connection; one odd row does not spoil the batch."""
    odd = ("x", 5, True, [], ["a"], [["a"]], {"id": ["a"]}, [{"pid": [], "v": {}}], "\ud800", "\0", 10**400)
    for value in odd:
        for name in ("type", "properties", "limit"):
            asked: dict[str, Any] = {"queries": {"q": {"query": "农艺师", name: value}}}
            asked["extend"] = {"ids": [value], "properties": [{"id": value}, {"id": "tier"}]}
            for what, said in asked.items():
                answer = client.post("/reconcile", data={what: json.dumps(said)})
                assert answer.status_code == 200 or list(answer.json()) == ["problem"], (what, said)
    half = [{"class": "6101", "name": "甲"}, {"class": "\ud800", "name": "\ud800"}]
    for body in ({"rows": half[:1], "edition": "\ud800"}, {"rows": half}):
        answer = client.post("/check", content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert answer.status_code == 422 and list(answer.json()) == ["problem"]
    assert client.get("/entries", params={"offset": 10**20}).status_code == 422
    row = load_release(published[0] / "curated", EDITION)["entries"].to_pylist()[0]
    grade = [{"pid": "grade", "v": "特级"}]
    found = _ask(
        client, a={"query": row["text"]}, b={"query": "甲", "properties": grade}, c={"query": "甲" * 501}
    )
    assert found["a"]["result"] and found["c"]["result"] == []
