"""Who may speak to the review page: real requests to a real server."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pipeline.errors import XizeError
from pipeline.output.web import is_loopback, listen
from pipeline.review.app import guard_for
from tests.cli_home import EDITION, one_sentence, snapshot, xize
from tests.review.conftest import Served, serving


@pytest.fixture(scope="module")
def page(doubtful_home: Path) -> Iterator[Served]:
    """A review page that nothing is written through."""
    with serving(doubtful_home) as served:
        yield served


@pytest.fixture
def steward(page: Served) -> Iterator[httpx.Client]:
    """A client that opened the page by its whole address."""
    with httpx.Client(base_url=page.origin) as client:
        assert client.get(page.address).status_code == 200
        yield client


def csrf(client: httpx.Client) -> str:
    match = re.search(r'name="csrf" content="([^"]+)"', client.get("/").text)
    assert match is not None
    return match[1]


def test_one_line_names_the_address(page: Served) -> None:
    assert re.fullmatch(r"审阅页已打开，.*：http://127\.0\.0\.1:\d+/\?t=[\w-]{43}\n", page.line)


def test_no_token_no_page(page: Served) -> None:
    for path in (
        "/",
        "/?t=",
        "/?t=wrong",
        "/api/state",
        "/api/page/1",
        "/picture/1",
        "/assets/main.js",
        "/nowhere",
    ):
        answer = httpx.get(page.origin + path)
        assert answer.status_code == 403, path
        assert answer.json()["problem"].endswith("。")
        assert "csrf" not in answer.text


def test_token_becomes_a_strict_cookie(page: Served) -> None:
    answer = httpx.get(page.address)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert page.token not in answer.text


def test_foreign_host_is_refused(page: Served, steward: httpx.Client) -> None:
    port = page.origin.rpartition(":")[2]
    for host in (f"evil.example:{port}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.evil.example:{port}", ""):
        answer = steward.get("/api/state", headers={"Host": host})
        assert answer.status_code in (400, 421), host
    assert steward.get("/api/state", headers={"Host": f"localhost:{port}"}).status_code == 200


def test_changes_need_origin_and_csrf_value(page: Served, steward: httpx.Client) -> None:
    value = csrf(steward)
    good = {"Origin": page.origin, "X-Xize-CSRF": value}
    body = {"finding": "0" * 16, "why": "x", "by": "x"}
    assert steward.post("/api/accept", json=body, headers=good).status_code == 404  # passes the guard
    for wrong in (
        {},
        {"Origin": page.origin},
        {"X-Xize-CSRF": value},
        {**good, "X-Xize-CSRF": "wrong"},
        {**good, "Origin": "http://evil.example"},
        {**good, "Origin": "null"},
        {**good, "Origin": page.origin.replace("127.0.0.1", "localhost")},
    ):
        for path in ("accept", "correct", "undo", "preview", "reviewed", "run", "warm"):
            answer = steward.post(f"/api/{path}", json=body, headers=wrong)
            assert answer.status_code == 403, (path, wrong)
    form = steward.post("/api/accept", data={"finding": "x"}, headers=good)
    assert form.status_code == 415
    huge = steward.post("/api/accept", json={"why": "x" * 1_100_000}, headers=good)
    assert huge.status_code == 413
    bare = httpx.post(page.origin + "/api/undo", json={}, headers=good)
    assert bare.status_code == 403


def test_malformed_requests_are_one_sentence(page: Served, steward: httpx.Client) -> None:
    good = {"Origin": page.origin, "X-Xize-CSRF": csrf(steward), "Content-Type": "application/json"}
    for content in (b"[1]", b"{", b'"x"'):
        answer = steward.post("/api/correct", content=content, headers=good)
        assert answer.status_code == 422
        assert answer.json()["problem"].endswith("。")
    for body in (
        {},
        {"entry": 3},
        {"entry": {"where": "x"}},
        {"entry": {"where": {}, "bad": 1}},
        {"entry": {}, "by": 3},
    ):
        answer = steward.post("/api/correct", content=json.dumps(body).encode(), headers=good)
        assert answer.status_code == 409, body
        assert answer.json()["problem"].endswith("。")


def test_security_headers_on_every_answer(page: Served, steward: httpx.Client) -> None:
    for answer in (
        steward.get("/"),
        steward.get("/api/state"),
        steward.get("/picture/1"),
        httpx.get(page.origin),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
    html = steward.get("/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert " style=" not in html and " onclick=" not in html
    assert "http" not in re.sub(r"<!doctype html>", "", html)


def test_nothing_outside_the_edition_is_reachable(steward: httpx.Client) -> None:
    for path in (
        "/assets/..%2f..%2fapp.py", "/assets/%2e%2e/app.py", "/assets/review.html.j2", "/assets//etc/passwd",
        "/picture/0", "/picture/-1", "/picture/99999", "/picture/..%2f1", "/picture/1.webp", "/api/page/0",
        "/api/page/99999", "/api/page/..%2f..%2fsource.yaml", "/api/finding/..%2f..%2fsource.yaml",
        "/raw/source.yaml", "/docs", "/openapi.json", "/redoc", "/templates/review.html.j2",
    ):  # fmt: skip
        answer = steward.get(path)
        assert answer.status_code in (404, 422), path
        assert answer.json()["problem"].endswith("。")


def test_a_page_is_small_and_whole(steward: httpx.Client) -> None:
    state = steward.get("/api/state").json()
    assert [page["n"] for page in state["pages"]] == list(range(1, len(state["pages"]) + 1))
    seen = 0
    for page in state["pages"]:
        answer = steward.get(f"/api/page/{page['n']}")
        assert len(answer.content) < 300_000
        data = answer.json()
        cells = {cell["id"] for cell in data["cells"]}
        assert all(row["cell"] in cells for row in data["rows"] if row["cell"])
        seen += sum(row["table"] == "entries" for row in data["rows"])
        picture = steward.get(f"/picture/{page['n']}")
        assert picture.headers["content-type"] == "image/webp"
        assert picture.content[8:12] == b"WEBP"
    assert seen > 100


def test_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(XizeError, match=str(port)):
            listen("127.0.0.1", port)


def test_other_addresses_need_an_explicit_word(doubtful_home: Path) -> None:
    before = snapshot(doubtful_home / "raw")
    done = xize(doubtful_home, "review", EDITION, "--no-browser", "--host", "192.168.1.5")
    assert done.code == 2
    assert "--allow-remote" in one_sentence(done.err)
    assert snapshot(doubtful_home / "raw") == before


def test_loopback_names() -> None:
    assert (
        is_loopback("127.0.0.1")
        and is_loopback("::1")
        and is_loopback("localhost")
        and is_loopback("127.9.9.9")
    )
    assert (
        not is_loopback("0.0.0.0")
        and not is_loopback("10.0.0.1")
        and not is_loopback("localhost.evil.example")
    )
    assert "[::1]:8000" in guard_for("::1", 8000).hosts
    assert guard_for("10.0.0.1", 8000).hosts == {"10.0.0.1:8000"}
