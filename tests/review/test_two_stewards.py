"""Two people at one edition: the page and the command line together, two tabs of the page."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from pipeline.quality.decisions import load_accepted
from pipeline.review import progress
from tests.cli_home import EDITION, xize
from tests.review.conftest import REPEATED, Served
from tests.review.test_actions import said, steward, written  # noqa: F401 - a fixture
from tests.review.test_browser import findings, opened, page  # noqa: F401 - a fixture

Steward = tuple[Served, httpx.Client]


def test_the_page_and_the_command_line_together(steward: Steward, doubtful: Path) -> None:  # noqa: F811
    _, client = steward
    ids = [one["id"] for one in client.get("/api/state").json()["findings"]]
    row = next(one for one in client.get("/api/page/3").json()["rows"] if REPEATED in one["text"])
    entry = {"where": {**row["where"]}, "action": "add", "after": None, "reason": "补"}
    entry["where"].pop("position", None)

    def on_the_page(number: int) -> int:
        body = {"entry": {**entry, "to": f"并发师{number}(五级/初级工)"}, "by": f"页{number}"}
        return client.post("/api/correct", json=body).status_code

    def in_a_terminal(finding: str) -> int:
        return xize(doubtful, "accept", finding, "--why", "原文如此", "--by", "端").code

    def looked_at(number: int) -> int:
        return client.post("/api/reviewed", json={"page": number, "reviewed": True, "by": "页"}).status_code

    with ThreadPoolExecutor(8) as many:
        pages = [many.submit(on_the_page, number) for number in range(8)]
        seen = [many.submit(looked_at, number) for number in (1, 2, 3)]
        body = {"finding": ids[0], "why": "原文如此", "by": "页"}
        pages.append(many.submit(lambda: client.post("/api/accept", json=body).status_code))
        commands = [many.submit(in_a_terminal, one) for one in ids[1:]]
        assert [one.result() for one in [*pages, *seen]] == [200] * 12
        assert [one.result() for one in commands] == [0] * len(ids[1:])
    folder = doubtful / "raw" / EDITION
    assert sorted(one["by"] for one in written(doubtful)) == sorted(f"页{number}" for number in range(8))
    assert sorted(one.finding_id for one in load_accepted(folder / "accepted.yaml")) == sorted(ids)
    known = json.loads((folder / "review.json").read_text("utf-8"))
    assert progress.reviewed_pages(known, "pdf", known["pages"]["pdf"]["sha256"]) == {1, 2, 3}


def test_what_another_tab_has_decided_is_said(steward: Steward, doubtful: Path) -> None:  # noqa: F811
    _, client = steward
    one, other = ({"X-Xize-Tab": name} for name in ("one", "other"))
    ids = [finding["id"] for finding in client.get("/api/state").json()["findings"]]
    path = doubtful / "raw" / EDITION / "accepted.yaml"

    def accept(finding: str, why: str, tab: dict[str, str]) -> httpx.Response:
        return client.post("/api/accept", json={"finding": finding, "why": why, "by": "李"}, headers=tab)

    assert accept(ids[0], "第一页", one).status_code == 200
    assert "已由李接受，没有改动" in said(accept(ids[0], "第二页", other))
    assert [(kept.finding_id, kept.why) for kept in load_accepted(path)] == [(ids[0], "第一页")]
    # What stands accepted is not corrected beside that.
    row = next(found for found in client.get("/api/page/3").json()["rows"] if REPEATED in found["text"])
    entry = {
        "where": row["where"],
        "action": "drop",
        "from": row["text"],
        "reason": "重复",
        "finding": ids[0],
    }
    assert "已由李接受" in said(client.post("/api/correct", json={"entry": entry, "by": "王"}, headers=other))
    # Nor does the command line overwrite it.
    refused = xize(doubtful, "accept", ids[0], "--why", "端", "--by", "王")
    assert refused.code == 2 and "已由李接受" in refused.err
    refused = xize(doubtful, "correct", ids[0], "--by", "王")
    assert refused.code == 2 and "已由李接受" in refused.err
    # Undo belongs to the tab that decided.
    assert client.get("/api/state", headers=other).json()["undo"] == ""
    assert "没有可撤销的决定" in said(client.post("/api/undo", json={}, headers=other))
    assert accept(ids[1], "第二页", other).status_code == 200
    assert client.post("/api/undo", json={}, headers=one).json()["finding"] == ids[0]
    assert [(kept.finding_id, kept.why) for kept in load_accepted(path)] == [(ids[1], "第二页")]
    assert "没有可撤销的决定" in said(client.post("/api/undo", json={}, headers=one))
    assert client.post("/api/undo", json={}, headers=other).json()["finding"] == ids[1]


def test_two_tabs_in_a_browser(page: Any, steward: Steward, doubtful: Path) -> None:  # noqa: F811
    served, _ = steward
    path = doubtful / "raw" / EDITION / "accepted.yaml"
    opened(page, served)
    second = page.context.browser.new_page(viewport={"width": 1280, "height": 800})
    opened(second, served)
    first = page.inner_text("#findings li.chosen .message")
    for tab, words in ((page, "已接受"), (second, "已由李接受")):
        tab.bring_to_front()
        tab.keyboard.press("a")
        tab.fill("#why", f"因{words}")
        tab.keyboard.press("Enter")
        tab.locator("#toast", has_text=words).wait_for()
    assert [one.why for one in load_accepted(path)] == ["因已接受"]
    # The second tab shows now what the first did, and cannot take it back; the first can, also after a reload.
    assert first not in findings(second) and second.is_disabled("#undo")
    page.bring_to_front()
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.is_enabled("#undo")
    page.keyboard.press("u")
    page.locator("#toast", has_text="已撤销").wait_for()
    assert not path.exists()
