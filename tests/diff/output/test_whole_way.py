"""From a reissued rulebook to the signed page: real releases, the real comparison, a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.diff import compare, load_side
from pipeline.diff.output.diff_page import write_html
from pipeline.diff.output.signoff import read_back, signoff_path
from tests.cli_home import EDITION, replace_source, xize


@pytest.mark.long
def test_reissued_rulebook(home: Path, reissued: Path, tmp_path: Path, browser: Any) -> None:
    """The old PDF is gone once the file was replaced: its lines are shown, of the new one the picture."""
    replace_source(home, reissued)
    assert xize(home, "run", EDITION, "--no-prefect").code == 0
    before, after = load_side(home, f"{EDITION}@r001"), load_side(home, EDITION)
    assert after.release == "r002"
    changes = compare(before, after)
    assert changes.num_rows > 0
    path = tmp_path / "diff.html"
    write_html(changes, before, after, path)
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.goto(path.as_uri())
    assert "已不是" in page.inner_text(".remark")
    page.fill("#search", "星际花艺师")
    added = page.locator(".change")
    assert added.count() == 1 and "新增条目" in added.inner_text()
    added.locator(".fold").click()
    assert added.locator(".view img").count() == 1 and "这一侧没有此项" in added.inner_text()
    page.click("#reset")
    gone = page.locator(".change", has_text="量子园艺师")
    gone.locator(".fold").click()
    assert gone.locator("figure").count() == 2
    groups = page.locator(".change").count()
    for _ in range(groups):
        page.keyboard.press("k")  # back to the first
    for number in range(groups):
        if number:
            page.keyboard.press("j")
        page.keyboard.press("a")
        if number == 0:
            page.fill("#name", "王老师")
            page.keyboard.press("Enter")
    page.wait_for_function(
        "() => document.querySelectorAll('.change:not([data-state=accepted])').length === 0"
    )
    with page.expect_download() as download:
        page.click("#export")
    download.value.save_as(tmp_path / "signed.json")
    context.close()
    summary = read_back([tmp_path / "signed.json"], changes, before, after)
    assert summary.complete and len(summary.groups) == groups
    assert signoff_path(before, after).is_relative_to(home / "raw" / EDITION / "signoff")
