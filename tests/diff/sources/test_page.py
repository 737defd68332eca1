"""The comparison's page in a browser: filters, search, nothing wider than the window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.diff.sources import Comparison, compare, render
from tests.diff.sources.test_compare import _both, _side


@pytest.fixture(scope="module")
def found() -> Comparison:
    left, right = _both()
    left["entries"][0]["text"] = "<b>农作物植保员</b>(五级)"
    return compare(_side("pdf", left), _side("transcript", right))


@pytest.fixture(scope="module")
def page(found: Comparison, browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    path = tmp_path_factory.mktemp("page") / "compare.html"
    path.write_text(render(found), "utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    yield page
    page.close()


def _shown(page: Any) -> list[str]:
    return [card.get_attribute("data-kind") for card in page.query_selector_all(".card:not([hidden])")]


def test_the_page_filters_and_searches(page: Any, found: Comparison) -> None:
    everything = [decision.kind for decision in found.decisions]
    assert _shown(page) == everything
    page.uncheck("input[value=text]")
    assert _shown(page) == [kind for kind in everything if kind != "text"]
    assert page.inner_text("#shown") == f"{len(_shown(page))}/{len(everything)}项"
    page.check("input[value=text]")
    page.select_option("select[name=section]", "annex_4_associations")
    assert _shown(page) == ["text", "text"]
    page.select_option("select[name=section]", "")
    page.fill("input[name=words]", "动画 制作")
    assert _shown(page) == ["split"]
    page.fill("input[name=words]", "没有这样的字")
    assert not _shown(page) and page.is_visible("#nothing")
    page.fill("input[name=words]", "")
    page.click("text=全部收起")
    assert page.query_selector(".card[open]") is None
    page.click("text=全部展开")
    assert len(page.query_selector_all(".card[open]")) == len(everything)


def test_the_documents_words_are_text_and_nothing_is_cut_off(page: Any) -> None:
    assert page.query_selector("main b") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert "<b>" in page.inner_text("main")
