"""The review page as a steward uses it, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli_home import EDITION, print_rulebook, small_truth, xize
from tests.review.conftest import REPEATED, TWO_IN_ONE, Served, serving

PARTS = ["量子园艺师", "云端灌溉员(五级/初级工)"]
HAND = """# 李的更正，勿动
- where: {annex: 6,   no: 999}   # 尚未核对
  action: add
  to: {part: 专项职业能力考核}
  reason: 待核
  by: 王
  date: 2026-01-01
"""


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A browser page; any complaint of the browser (an error, a broken policy) fails the test."""
    made = browser.new_page(viewport={"width": 1280, "height": 800})
    said: list[str] = []
    made.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: said.append(str(error)))
    made.set_default_timeout(60_000)
    yield made
    made.close()
    refused = "the server responded with a status of 409"  # a refusal, shown as a sentence
    assert [line for line in said if refused not in line] == []


def opened(page: Any, served: Served) -> None:
    page.goto(served.address)
    page.wait_for_selector("body[data-ready]")
    page.wait_for_selector("#sheet[data-shown]")


def findings(page: Any) -> list[str]:
    return [item.inner_text() for item in page.query_selector_all("#findings li .message")]


def choose(page: Any, words: str) -> None:
    page.locator("#findings li", has_text=words).first.click()
    page.wait_for_selector("#findings li.chosen")
    page.locator(".card .message", has_text=words).wait_for()


@pytest.mark.long
def test_correct_run_again_and_it_is_gone(page: Any, doubtful: Path, tmp_path: Path) -> None:
    last_year = print_rulebook(small_truth(), tmp_path / "last.pdf")
    assert xize(doubtful, "add", "demo-2024", last_year).code == 0
    assert xize(doubtful, "run", "demo-2024", "--no-prefect").code == 0
    path = doubtful / "raw" / EDITION / "corrections.yaml"
    with serving(doubtful) as served:
        opened(page, served)
        assert page.evaluate("[location.search, document.cookie]") == ["", ""]  # no token left lying about
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        choose(page, REPEATED)
        page.wait_for_selector("#sheet rect.cell.chosen")
        assert page.locator(".row .text", has_text=REPEATED).count() >= 2
        page.keyboard.press("c")
        page.wait_for_selector("#action")
        assert page.input_value("#action") == "drop"  # what usually mends this kind
        page.wait_for_selector(".preview .minus")
        assert page.inner_text(".preview .minus").startswith(REPEATED)
        assert not path.exists()
        page.fill("#reason", "重复，删去其一")
        page.click("#write")
        page.locator("#run", has_text="1项新更正").wait_for()
        [entry] = yaml.safe_load(path.read_text("utf-8"))
        assert (entry["action"], entry["from"], entry["by"]) == ("drop", REPEATED, "李")
        assert entry["reason"] == "重复，删去其一" and entry["where"]["position"]
        page.select_option("#filter-status", "corrected")
        assert any(REPEATED in words for words in findings(page))
        page.select_option("#filter-status", "")
        page.click("#run")  # asks first, and publishes nothing yet
        page.click("#run-try")
        page.locator("#dialog", has_text=f"与{EDITION}@r001相比：删除条目1处").wait_for(timeout=120_000)
        shown = page.inner_text("#dialog")
        assert "与demo-2024@r001相比：新增条目1处" in shown and "证书条目增0减1改1" in shown
        left = page.evaluate(
            "X.state.findings.filter((one) => one.status === 'open').map((one) => one.queue)"
        )
        doubts = (left.count("reading"), left.count("document"))
        assert "仍未决：可能读错{}项，原文如此{}项。".format(*doubts) in shown
        assert not (doubtful / "curated" / EDITION / "r002").exists()
        assert page.inner_text("#notice").startswith("最近一次运行没有发布（试运行）")
        page.click("#run-publish")
        page.locator("#toast", has_text="已发布r002").wait_for(timeout=120_000)
        assert not any(REPEATED in words for words in findings(page))
        assert page.inner_text("#release") == "r002"
        assert page.inner_text("#run") == "重新运行"
        page.click("#page-after")
    listed = json.loads(xize(doubtful, "findings", EDITION, "--format", "json").out)
    assert not any(REPEATED in one["message"] for one in listed)
    manifest = doubtful / "curated" / EDITION / "r002" / "manifest.json"
    assert json.loads(manifest.read_text("utf-8"))["stats"]["corrections"]["by_action"] == {"drop": 1}


def test_accept_split_undo_and_keys(page: Any, doubtful: Path) -> None:
    folder = doubtful / "raw" / EDITION
    accepted, corrections = folder / "accepted.yaml", folder / "corrections.yaml"
    with serving(doubtful) as served:
        opened(page, served)
        first, second, *_ = shown = findings(page)
        assert page.inner_text("#findings li.chosen .message") == first
        page.keyboard.press("n")
        page.locator(".card .message", has_text=second).wait_for()
        page.keyboard.press("ArrowUp")
        page.wait_for_selector("#findings li.chosen >> nth=0")
        assert page.inner_text("#findings li.chosen .message") == first
        # accept, remembered
        page.keyboard.press("a")
        page.fill("#why", "原文如此")
        page.keyboard.press("Enter")
        page.locator("#toast", has_text="已接受").wait_for()
        [one] = yaml.safe_load(accepted.read_text("utf-8"))
        assert (one["why"], one["by"]) == ("原文如此", "李")
        assert first not in findings(page)
        page.wait_for_selector("#detail[data-shown]")
        assert page.inner_text(".card .message") == second  # the next in the order of before
        page.keyboard.press("R")  # the next of a kind needs no reason any more, but may get another
        assert page.input_value("#why") == "原文如此"
        page.keyboard.press("Escape")
        # undo takes exactly that back
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("u")
        page.locator("#toast", has_text="已撤销").wait_for()
        assert not accepted.exists()
        assert first in findings(page)
        # reviewed: kept with the edition
        page.keyboard.press("r")
        page.locator("#progress", has_text=f"待处理{len(shown) - 1}").wait_for()
        page.keyboard.press("p")
        page.locator("#progress", has_text="已看1/").wait_for()
        # a split, its parts shown at once
        page.evaluate("X.goRow(X.page.rows.find((row) => row.text.includes('量子园艺师')))")
        row = page.locator(".row", has_text="量子园艺师").first
        row.locator("button").click()
        page.select_option("#action", "split")
        page.fill("#to", "\n".join(PARTS))
        page.wait_for_selector(".preview .plus >> nth=1")
        parts = [one.inner_text() for one in page.query_selector_all(".preview .plus")]
        assert [part.startswith(text) for part, text in zip(parts, PARTS, strict=True)] == [True, True]
        page.fill("#to", "量子园艺师\n别的")
        page.locator(".preview .problem", has_text="连起来与from不同").wait_for()
        page.fill("#to", "\n".join(PARTS))
        page.fill("#reason", "两条连印")
        corrections.write_text(HAND.replace("999", "1"), "utf-8")
        page.click("#write")  # what another wrote meanwhile cannot apply: nothing is written over
        page.wait_for_selector("#toast.bad")
        assert corrections.read_text("utf-8") == HAND.replace("999", "1")
        hand = "# 只有注释，勿动\n\n"
        corrections.write_text(hand, "utf-8")
        page.click("#write")
        page.locator("#toast", has_text="已写入").wait_for()
        text = corrections.read_text("utf-8")
        assert text.startswith(hand)
        [entry] = yaml.safe_load(text)
        assert entry["to"] == PARTS
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("u")
        page.locator("#toast", has_text="已撤销").wait_for()
        assert corrections.read_text("utf-8") == hand
        # pages and help
        page.keyboard.press("ArrowRight")
        page.wait_for_selector('#sheet[data-shown="4"]')
        page.keyboard.press("ArrowLeft")
        page.wait_for_selector('#sheet[data-shown="3"]')
        page.keyboard.press("?")
        page.wait_for_selector("#help[open]")
    with serving(doubtful) as served:
        opened(page, served)
        assert "已看1/" in page.inner_text("#progress")


def test_cells_and_rows_show_each_other(page: Any, doubtful: Path) -> None:
    with serving(doubtful) as served:
        opened(page, served)
        page.evaluate("X.turn(3 - X.page.n)")
        page.wait_for_selector('#sheet[data-shown="3"]')
        box = page.locator("#sheet rect.cell", has_not=page.locator("none"))
        cell = page.evaluate("X.page.rows.find((row) => row.text.includes('量子园艺师')).cell")
        page.locator(f'#sheet rect[data-cell="{cell}"]').click()
        assert box.count() > 20
        shown = [one.inner_text() for one in page.query_selector_all("#detail .row .text")]
        assert TWO_IN_ONE in shown and REPEATED in shown
        page.locator("#detail .row", has_text="量子园艺师").click()
        page.wait_for_selector("#items .item.chosen")
        inside = page.evaluate(
            """() => { const a = document.querySelector('#items .item.chosen').getBoundingClientRect();
            const b = document.querySelector('#sheet .cell.chosen').getBoundingClientRect();
            return a.left >= b.left - 2 && a.right <= b.right + 2 && a.top >= b.top - 2 && a.bottom <= b.bottom + 2; }"""
        )
        assert inside
        # a cell's span: worked out anew in the background, and refused with the run's own words
        page.locator("#detail .title button").click()
        page.select_option("#action", "set_span")
        page.fill("#col-span", "9")
        page.locator(".preview .problem", has_text="会盖住有文字的单元格").wait_for()
        page.select_option("#action", "cell")
        page.fill("#to", "绝无仅有师(五级/初级工)")
        page.locator(".preview .plus", has_text="绝无仅有师").first.wait_for(timeout=60_000)
        assert not (doubtful / "raw" / EDITION / "corrections.yaml").exists()


def test_the_site_opens_from_a_folder(page: Any, doubtful: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    done = xize(doubtful, "review", EDITION, "--static", target)
    assert done.code == 0, done.err
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((target / "index.html").as_uri())
    page.wait_for_selector("body[data-ready]")
    page.wait_for_selector("#sheet[data-shown]")
    choose(page, REPEATED)
    assert page.locator("#detail .row .text", has_text=REPEATED).count() >= 2
    assert page.evaluate("document.querySelector('#sheet img').naturalWidth") > 500
    assert not page.is_visible("#accept") and not page.is_visible("#run") and not page.is_visible("#by")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector('#sheet[data-shown="4"]')
    assert asked and all(url.startswith((target.as_uri(), "data:")) for url in asked)
