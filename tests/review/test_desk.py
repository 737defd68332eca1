"""A steward's day at the review page: a hundred single decisions, splits and joins by a key, many at once, links."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli_home import EDITION, print_rulebook, small_truth, xize
from tests.review.conftest import serving
from tests.review.test_browser import opened, page

__all__ = ["page"]
TIMES = """() => {
    window.times = [];
    let pressed = 0;
    document.addEventListener("keydown", () => (pressed = performance.now()), true);
    new MutationObserver(() => {
        if (document.querySelector("#detail").dataset.shown && pressed) {
            window.times.push(performance.now() - pressed);
            pressed = 0;
        }
    }).observe(document.querySelector("#detail"), { attributes: true, attributeFilter: ["data-shown"] });
}"""


def misprinted() -> dict[str, Any]:
    """The small rulebook with a hundred and ten items that lack a bracket, no two alike."""
    truth: dict[str, Any] = copy.deepcopy(small_truth())
    names = ("".join(pair) for pair in itertools.product("砖瓦窑陶瓷釉坯炉彩绘漆", "料坊匠艺火泥色烧刻纹"))
    cells = [one["cells"]["skill"] for section in truth["sections"] for one in section["classes"]]
    for number, name in enumerate(names):
        cells[number % len(cells)]["初级"].append(f"{name}师(五级/初级工")
    return truth


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("many")
    rulebook = print_rulebook(misprinted(), tmp_path_factory.mktemp("print") / "many.pdf")
    assert xize(home, "add", EDITION, rulebook).code == 0
    run = xize(home, "run", EDITION, "--no-prefect")
    assert run.code == 0, run.err
    return home


def test_all_places_in_one_decision(page: Any, many: Path) -> None:
    """What stands in many cells alike is corrected in all of them, with a look before and one undo."""
    path = many / "raw" / EDITION / "corrections.yaml"
    with serving(many) as served:
        opened(page, served)
        page.wait_for_load_state(
            "networkidle"
        )  # the first finding's page has come: another would take the row away
        row = page.evaluate(
            """() => { const count = new Map(); for (const row of X.page.rows) count.set(row.text, (count.get(row.text) || 0) + 1);
            return X.page.rows.find((row) => row.table === 'entries' && count.get(row.text) > 1).text; }"""
        )
        page.evaluate("(text) => X.goRow(X.page.rows.find((row) => row.text === text))", row)
        page.evaluate("X.correct(X.row)")
        page.select_option("#action", "replace")
        page.fill("#to", row + "(另)")
        page.locator("form.decide label.check", has_text="一并更正").locator("input").check()
        page.wait_for_selector(".preview .change >> nth=1")
        page.fill("#reason", "各处相同")
        page.click("#write")
        page.locator("#toast", has_text="已写入").wait_for()
        written = yaml.safe_load(path.read_text("utf-8"))
        assert len(written) > 1 and {one["from"] for one in written} == {row}
        assert len({str(one["where"]) for one in written}) == len(written)
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("u")
        page.locator("#toast", has_text="已撤销").wait_for()
        assert not path.exists()


@pytest.mark.long
def test_a_hundred_single_decisions(page: Any, many: Path) -> None:
    pressed = 0

    def press(key: str) -> None:
        nonlocal pressed
        pressed += 1
        page.keyboard.press(key)

    with serving(many) as served:
        opened(page, served)
        page.select_option("#filter-queue", "reading")
        page.evaluate("X.chooseFinding(X.shown[0])")
        order = page.evaluate("X.shown.map((one) => one.id)")
        assert len(order) >= 100
        page.evaluate(TIMES)
        for finding in order[:100]:
            page.wait_for_selector(f'#detail[data-shown="{finding}"]')
            # What the decision is about stands there: the page's picture, and the cell enlarged.
            assert page.evaluate("document.querySelector('#sheet img').naturalWidth") > 500
            press("a")
            if page.locator("#why").count():
                press("Enter")  # a kind's reason, once
        page.wait_for_selector('body[data-waiting="0"]')
        times = sorted(page.evaluate("window.times"))
        assert pressed <= 130
        assert len(times) >= 99 and times[int(len(times) * 0.95)] <= 300, times
        page.locator("#progress", has_text=f"可能读错{len(order) - 100}/{len(order)}").wait_for()
        # The rest cannot be accepted as a whole.
        page.wait_for_selector(f'#detail[data-shown="{order[100]}"]')
        page.keyboard.press("A")
        page.locator("#toast", has_text="须逐项决定").wait_for()
        page.keyboard.press("u")
        page.wait_for_selector(f'#detail[data-shown="{order[99]}"]')
    accepted = yaml.safe_load((many / "raw" / EDITION / "accepted.yaml").read_text("utf-8"))
    assert [one["finding_id"] for one in accepted] == order[:99]


@pytest.mark.long
def test_split_and_join_by_one_key(page: Any, doubtful: Path) -> None:
    path = doubtful / "raw" / EDITION / "corrections.yaml"
    with serving(doubtful) as served:
        opened(page, served)
        page.evaluate("X.chooseFinding(X.state.findings.find((one) => one.code === 'item_repeated'))")
        page.wait_for_selector("#detail[data-shown] #gap")
        pieces = page.locator("#gap .pieces.join span").all_inner_texts()
        page.keyboard.press("s")
        page.locator("#toast", has_text="已经是两条的分界").wait_for()
        assert not path.exists()
        page.keyboard.press("j")
        page.locator("#toast", has_text="已写入").wait_for()
        [entry] = yaml.safe_load(path.read_text("utf-8"))
        assert (entry["action"], entry["from"]) == ("join", pieces)
        # The cell as it is now: the same line end lies inside an item, and may be split again.
        page.evaluate("X.show(X.state.findings.find((one) => one.code === 'item_repeated'))")
        page.wait_for_selector("#detail[data-shown] #gap")
        wanted = "(wanted) => X.moveGap(X.lines.gaps.findIndex((one) => one.entry.from === wanted) - X.gap)"
        page.evaluate(wanted, "".join(pieces))
        page.wait_for_selector("#gap .pieces.split")
        page.evaluate("document.querySelector('#toast').textContent = ''")
        page.keyboard.press("s")
        page.locator("#toast", has_text="已写入").wait_for()
        second = yaml.safe_load(path.read_text("utf-8"))[1]
        assert (second["action"], second["from"], second["to"]) == ("split", "".join(pieces), pieces)
    tried = xize(doubtful, "run", EDITION, "--no-prefect", "--no-publish")
    assert tried.code == 0, tried.err


def test_a_kind_of_the_document_at_once_and_links(page: Any, doubtful: Path) -> None:
    path = doubtful / "raw" / EDITION / "accepted.yaml"
    with serving(doubtful) as served:
        opened(page, served)
        known = page.evaluate(
            "X.state.findings.filter((one) => one.queue === 'document').map((one) => [one.id, one.code])"
        )
        page.goto(f"{served.origin}/#finding={known[-1][0]}")
        page.reload()
        page.wait_for_selector(f'#detail[data-shown="{known[-1][0]}"]')
        page.evaluate("(id) => (location.hash = '#finding=' + id.split(':')[1].slice(0, 8))", known[0][0])
        page.wait_for_selector(f'#detail[data-shown="{known[0][0]}"]')
        same = [one for one, code in known if code == known[0][1]]
        page.keyboard.press("A")
        assert page.locator("#dialog li").count() == len(same)
        page.fill("#many-why", "原文如此")
        page.click("#many-write")
        page.locator("#toast", has_text="已接受").wait_for()
        assert [one["finding_id"] for one in yaml.safe_load(path.read_text("utf-8"))] == same
        page.keyboard.press("u")
        page.locator("#toast", has_text="已撤销").wait_for()
        assert not path.exists()


def test_five_findings_are_visible(page: Any, many: Path) -> None:
    with serving(many) as served:
        opened(page, served)
        for width, height in ((1280, 800), (1920, 1080)):
            page.set_viewport_size({"width": width, "height": height})
            seen = page.evaluate(
                """() => { const list = document.querySelector('#findings').getBoundingClientRect();
                return [...document.querySelectorAll('#findings li')].map((one) => one.getBoundingClientRect())
                .filter((one) => one.top >= list.top && one.bottom <= list.bottom).length; }"""
            )
            assert seen >= 5
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            box = page.locator("#bars").bounding_box()
            assert box and 0 < box["height"] < 40
        # On a phone: one below the other, nothing beside the screen, nothing over anything else.
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        boxes = [page.locator(f"#{name}").bounding_box() for name in ("source", "detail", "work")]
        assert all(
            above["y"] + above["height"] <= below["y"] + 1 for above, below in itertools.pairwise(boxes)
        )
