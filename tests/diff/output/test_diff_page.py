"""The diff page as a reviewer uses it: in a real browser, from a file, without a network."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.diff import Side
from pipeline.diff.output.diff_page import write_html
from pipeline.diff.output.signoff import read_back
from pipeline.errors import XizeError
from pipeline.schema.changes import CHANGE_KINDS, QUIET_CHANGES
from tests.cli_home import sha256
from tests.diff.output import sample

Sides = tuple[Side, Side]
Open = Callable[..., Any]


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Open a file in a browser of its own; what the page says on its console or asks of a network fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    said: list[str] = []

    def opened(path: Path) -> Any:
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith(("file:", "data:", "blob:")) or said.append(request.url),
        )
        page.goto(path.as_uri())
        return page

    yield opened
    context.close()
    assert said == []


@pytest.fixture
def written(table: pa.Table, sides: Sides, tmp_path: Path) -> Path:
    path = tmp_path / "out" / "diff.html"
    write_html(table, *sides, path)
    return path


def _loud(table: pa.Table) -> list[dict[str, Any]]:
    return [row for row in table.to_pylist() if row["change"] not in QUIET_CHANGES]


def _pictures(path: Path) -> int:
    """Characters of pictures that the page holds."""
    return sum(map(len, re.findall(r'<script type="text/plain"[^>]*>([^<]*)', path.read_text("utf-8"))))


def _count(page: Any) -> tuple[int, int]:
    """(groups, places) that the list says it shows."""
    numbers = re.findall(r"(?:共|现列)(\d+)项(?:（(\d+)处）)?$", page.inner_text("#count"))
    groups, places = numbers[0]
    return int(groups), int(places or groups)


def test_counts_filters_search(written: Path, table: pa.Table, sides: Sides, open_page: Open) -> None:
    page = open_page(written)
    rows = _loud(table)
    assert _count(page) == (len({row["group"] for row in rows}), len(rows))
    assert page.locator(".change").count() == len({row["group"] for row in rows})
    for side in sides:
        assert side.sha256[:12] in page.inner_text(".sides")
    for kind, title in CHANGE_KINDS.items():
        expected = sum(row["change"] == kind for row in rows)
        button = page.locator(f'#facet-kinds [data-key="{kind}"]')
        if expected:
            assert button.inner_text().split("\n") == [title, str(expected)]
    page.click('#facet-kinds [data-key="entry_renamed"]')
    renamed = [row for row in rows if row["change"] == "entry_renamed"]
    assert _count(page)[1] == len(renamed)
    major = renamed[-1]["major_code"]  # of the last of the three places
    page.click(f'#facet-sections [data-key="{major}"]')
    assert _count(page)[1] == sum(row["major_code"] == major for row in renamed) == 1
    assert "其中1处符合筛选" in page.inner_text(".change .where")
    page.click("#reset")
    for control, column, value in (
        ("#f-tier", "tier", "初级"),
        ("#f-kd", "kind", "industry"),
        ("#f-class", "class_code", "6101"),
    ):
        page.select_option(control, value)
        assert _count(page)[1] == sum(value in (row[column], row[f"{column}_after"]) for row in rows)
        page.select_option(control, "")
    page.select_option("#f-confidence", "low")
    assert _count(page)[1] == sum(row["confidence"] < 0.7 for row in rows) == 1
    page.click("#reset")
    page.select_option("#f-mark", "finding_after")
    assert _count(page)[1] == 1
    page.click("#reset")
    page.fill("#search", f"植保工 {major}")  # parts of words, both wanted
    assert _count(page) == (1, 1)
    page.fill("#search", "６１０１")  # full-width digits find the class
    assert _count(page)[1] == sum("6101" in (row["class_code"], row["class_code_after"]) for row in rows)
    page.fill("#search", "不会有的词")
    assert page.is_visible("#none") and page.locator(".change").count() == 0
    page.click("#reset")
    page.check("#f-quiet")
    assert _count(page)[1] == table.num_rows
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_highlighting(written: Path, open_page: Open) -> None:
    page = open_page(written)
    row = page.locator(".change", has_text="农作物植保")
    assert row.locator("del").all_inner_texts() == ["员"] and row.locator("ins").all_inner_texts() == ["工"]
    assert row.locator(".text.before").inner_text().replace("\n", "") == "前农作物植保员(四级/中级工)"


def test_pictures_unfold(written: Path, open_page: Open) -> None:
    """Both pages' pictures appear, with the box within sight and ink under it."""
    page = open_page(written)
    row = page.locator(".change", has_text="条目改名").filter(has_text="相似度")
    row.locator(".fold").click()
    assert row.locator("figure").count() == 2
    for index in range(2):
        view = row.locator(".view").nth(index)
        assert view.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
        outer, box = view.bounding_box(), view.locator(".box").bounding_box()
        assert outer["x"] <= box["x"] and box["x"] + box["width"] <= outer["x"] + outer["width"]
        assert outer["y"] <= box["y"] and box["y"] + box["height"] <= outer["y"] + outer["height"]
        dark = view.evaluate(
            """view => { const image = view.querySelector("img"), box = view.querySelector(".box"), canvas = document.createElement("canvas");
            canvas.width = box.offsetWidth; canvas.height = box.offsetHeight;
            const pen = canvas.getContext("2d"); pen.drawImage(image, -box.offsetLeft, -box.offsetTop);
            return pen.getImageData(0, 0, canvas.width, canvas.height).data.filter((value, at) => at % 4 === 0 && value < 120).length; }"""
        )  # fmt: skip
        assert dark > 30
    row.locator(".fold").click()
    assert not row.locator("figure").first.is_visible()
    many = page.locator(".change", has_text="农作物植保")
    many.locator(".fold").click()
    assert many.locator(".place").count() == 3
    many.locator(".place summary").nth(2).click()
    many.locator(".place").nth(2).locator("img").first.wait_for()


def test_sign_off_and_read_back(
    written: Path, table: pa.Table, sides: Sides, open_page: Open, tmp_path: Path
) -> None:
    page = open_page(written)
    page.keyboard.press("j")  # the change made in three places comes first
    page.keyboard.press("a")
    page.fill("#name", "王 <b>老师</b>")
    page.keyboard.press("Enter")
    page.wait_for_selector('.change.current[data-state="accepted"]')
    page.keyboard.press("j")
    page.keyboard.press("q")  # the name is not asked again
    page.keyboard.type("年份是否如此？a")  # letters typed into the comment are no commands
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.keyboard.press("a")  # taken back
    total = len({row["group"] for row in _loud(table)})
    assert f"已签2 / {total}项（认可1，存疑1，未签{total - 2}）" == page.inner_text("#progress-text")
    page.select_option("#f-state", "queried")
    assert _count(page)[0] == 1
    for _ in range(5):  # kept in the browser, which hands it to the new page's process in its own time
        page.reload()
        if page.inner_text("#progress-text").startswith("已签2"):
            break
        page.wait_for_timeout(200)
    assert page.inner_text("#progress-text").startswith("已签2") and page.locator("b").count() == 0
    with page.expect_download() as download:
        page.click("#export")
    exported = tmp_path / "exported.json"
    download.value.save_as(exported)
    assert re.fullmatch(
        r"signoff-demo-2025-r001--demo-2025-r002-王_.*\.json", download.value.suggested_filename
    )
    summary = read_back([exported], table, *sides)
    assert summary.counts == {"accepted": 1, "queried": 1, "conflict": 0, "open": total - 2}
    assert summary.of("accepted")[0].places == 3
    assert summary.of("queried")[0].decisions[0].comment == "年份是否如此？a"

    # Another's file is merged in the page as read_back merges it; a page written now shows what is kept.
    theirs = json.loads(exported.read_text("utf-8"))
    for decision in theirs["decisions"]:
        decision |= {"by": "李", "decision": "accepted", "comment": ""}
    other = tmp_path / "li.json"
    other.write_text(json.dumps(theirs), "utf-8")
    page.set_input_files("#import-file", other)
    page.wait_for_function("() => document.getElementById('status').textContent.includes('导入3条')")
    expected = read_back([other], table, *sides).counts
    assert f"认可{expected['accepted']}，意见不一{expected['conflict']}" in page.inner_text("#progress-text")
    assert expected["conflict"] == 1 and expected["accepted"] == 2
    again = tmp_path / "again.html"
    write_html(table, *sides, again)
    page.evaluate("localStorage.clear()")
    fresh = open_page(again)
    assert "意见不一1" in fresh.inner_text("#progress-text")


def test_other_releases_are_refused(
    written: Path, table: pa.Table, sides: Sides, open_page: Open, tmp_path: Path
) -> None:
    before, after = sides
    other = replace(after, release="r003", manifest={**after.manifest, "release": "r003"})
    path = tmp_path / "other.html"
    write_html(sample.changes(sample.several(before), before, other), before, other, path)
    page = open_page(path)
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.fill("#name", "王")
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        page.click("#export")
    exported = tmp_path / "other.json"
    download.value.save_as(exported)
    with pytest.raises(XizeError):
        read_back([exported], table, *sides)
    page = open_page(written)
    page.set_input_files("#import-file", exported)
    page.wait_for_selector("#status.alarm")
    assert "校验和不符" in page.inner_text("#status")
    assert page.inner_text("#progress-text").startswith("已签0")


def test_keyboard_and_labels(written: Path, open_page: Open) -> None:
    page = open_page(written)
    for key, index in (("j", 0), ("j", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        current = page.evaluate("document.activeElement.dataset.group")
        assert current == page.locator(".change").nth(index).get_attribute("data-group")
    page.keyboard.press("Enter")
    assert page.locator(".change.current .fold").get_attribute("aria-expanded") == "true"
    page.keyboard.press("Enter")
    assert page.locator(".change.current .detail").is_hidden()
    page.keyboard.press("/")
    page.keyboard.type("ja")
    assert page.input_value("#search") == "ja"
    unnamed = page.eval_on_selector_all(
        "button, input:not([hidden]), select, textarea, progress",
        "nodes => nodes.filter(node => !(node.textContent.trim() || node.getAttribute('aria-label') || (node.labels && node.labels.length))).length",
    )
    assert unnamed == 0


def test_print(written: Path, table: pa.Table, open_page: Open, tmp_path: Path) -> None:
    """Every change in full, whatever of the list was drawn; heads repeat; no control is printed."""
    import pypdfium2 as pdfium

    page = open_page(written)
    page.pdf(path=tmp_path / "print.pdf", prefer_css_page_size=True)
    document = pdfium.PdfDocument(tmp_path / "print.pdf")
    pages = ["".join(leaf.get_textpage().get_text_bounded().split()) for leaf in document]
    assert document[0].get_size()[0] > document[0].get_size()[1]
    document.close()
    whole = "".join(pages)
    for row in _loud(table):
        for text in (row["before"], row["after"]):
            assert not text or len(text) > 20 or "".join(text.split()) in whole
    assert "导出签核" not in whole and "原页对照" not in whole
    assert len(pages) > 1 and f"第1页，共{len(pages)}页" in pages[0]
    assert all("变更前变更后签核" in text for text in pages[1:])
    assert page.locator("#print-area").inner_text() == ""  # gone again


def test_hostile_text(sides: Sides, open_page: Open, tmp_path: Path) -> None:
    evil = "</script><img src=x onerror=document.title='x'><!--<script>\u2028"
    rows = [sample.change("note_changed", "notes", key=evil, before=evil, after=evil + "改")]
    path = tmp_path / "evil.html"
    write_html(sample.changes(rows, *sides), *sides, path)
    page = open_page(path)
    assert page.title() != "x" and page.locator(".change img").count() == 0
    assert evil[:-1] in page.inner_text(".change .text.before")


def test_without_the_original(
    table: pa.Table, sides: Sides, own_home: Path, open_page: Open, tmp_path: Path
) -> None:
    """Printed lines of the cell stand in for the picture, and the page says why."""
    for pdf in own_home.glob("raw/*/*.pdf"):
        pdf.unlink()
    path = tmp_path / "bare.html"
    write_html(table, *sides, path)
    page = open_page(path)
    assert "不在手边" in page.inner_text(".remark")
    row = page.locator(".change", has_text="删除条目")
    row.locator(".fold").click()
    assert row.locator("img").count() == 0
    gone = next(item for item in table.to_pylist() if item["change"] == "entry_removed")
    assert row.locator(".lines mark").inner_text() in gone["before"]


def test_transcript(sides: Sides, own_home: Path, open_page: Open, tmp_path: Path) -> None:
    """The lines of a transcript are shown as they are, a long one cut round the place."""
    text = "\n".join(["第一行", "甲" * 400 + "农艺师" + "乙" * 400, "第三行"])
    (own_home / "raw" / "demo-2025" / "text.txt").write_text(text, "utf-8")
    import hashlib

    source = {"kind": "transcript", "file": "text.txt", "sha256": hashlib.sha256(text.encode()).hexdigest()}
    before = replace(sides[0], manifest={**sides[0].manifest, "source": source})
    rows = [
        sample.change(
            "note_changed",
            "notes",
            key="1",
            before="农艺师",
            after="园艺师",
            line_before=2,
            source_before="transcript",
        )
    ]
    path = tmp_path / "text.html"
    write_html(sample.changes(rows, before, sides[1]), before, sides[1], path)
    page = open_page(path)
    page.locator(".fold").click()
    lines = page.locator(".lines p").all_inner_texts()
    assert (lines[0], lines[2]) == ("第一行", "第三行") and "农艺师" in lines[1] and len(lines[1]) < 200
    assert page.locator(".lines mark").count() == 1 and "第2行" in page.inner_text(".meta .pages")


def test_budget_for_pictures(table: pa.Table, sides: Sides, open_page: Open, tmp_path: Path) -> None:
    sizes = []
    for name, budget in (("whole", 1 << 30), ("none", 0)):
        path = tmp_path / f"{name}.html"
        write_html(table, *sides, path, budget)
        sizes.append(_pictures(path))
    assert sizes[0] > 0 and sizes[1] == 0
    page = open_page(tmp_path / "none.html")
    assert "未附原页图片" in page.inner_text(".remark")
    row = page.locator(".change", has_text="删除条目")
    row.locator(".fold").click()
    assert row.locator(".lines").count() == 1


def test_five_thousand(crowd: pa.Table, sides: Sides, open_page: Open, tmp_path: Path) -> None:
    """Quick to write, to open and to filter; rows are drawn where the reader looks, and all are reachable."""
    path = tmp_path / "many.html"
    start = time.process_time()
    write_html(crowd, *sides, path)
    assert time.process_time() - start < 15
    assert path.stat().st_size < 12 << 20
    page = open_page(path)
    paint = "performance.getEntriesByName('first-contentful-paint')"
    page.wait_for_function(f"() => {paint}.length")
    assert page.evaluate(f"{paint}[0].startTime") < 1500
    assert _count(page) == (4700, 5000)
    assert page.locator(".change").count() < 400
    timed = """() => { const start = performance.now(); document.querySelector("#search").value = "植保";
        document.querySelector("#search").dispatchEvent(new Event("input")); document.body.offsetHeight; return performance.now() - start; }"""
    assert min(page.evaluate(timed) for _ in range(3)) < 200
    expected = sum(
        any("植保" in (row[side] or "") for side in ("before", "after")) for row in crowd.to_pylist()
    )
    assert _count(page)[1] == expected
    page.click("#reset")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("() => document.querySelector('.chunk:last-child').childElementCount > 0")
    assert page.locator(".change").count() < 800


def test_one_file_is_painted_once(
    table: pa.Table, sides: Sides, own_home: Path, open_page: Open, tmp_path: Path
) -> None:
    """Two releases of one file share their pictures; two files do not, even if they look alike."""
    shared = tmp_path / "shared.html"
    write_html(table, *sides, shared)
    before, after = sides
    pdf = own_home / "raw" / "demo-2025" / "demo-2025.pdf"
    copy = pdf.with_name("copy.pdf")
    copy.write_bytes(pdf.read_bytes() + b"\n")
    source = {"kind": "pdf", "file": "copy.pdf", "sha256": sha256(copy)}
    apart = tmp_path / "apart.html"
    write_html(table, before, replace(after, manifest={**after.manifest, "source": source}), apart)
    assert 0 < _pictures(shared) < _pictures(apart) * 0.7
    page = open_page(apart)
    row = page.locator(".change", has_text="农作物植保")
    row.locator(".fold").click()
    for index in range(2):
        image = row.locator(".place").first.locator("img").nth(index)
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
