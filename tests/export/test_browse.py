"""browse.html and the start page as a reader uses them: in Chromium, from a folder, without a network."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema
import pyarrow as pa
import pytest

from pipeline.export.browse import browse_page
from pipeline.export.start_page import write_start_page
from pipeline.query.catalogue import Catalog
from pipeline.query.lists import CertificateList, answer_list
from pipeline.releases.catalogue import load_release
from pipeline.releases.storage import open_store
from pipeline.schema import TABLES
from tests.cli_home import EDITION, Done, xize
from tests.sample_tables import sample_tables

HOSTILE = "<img src=x onerror=alert(1)></script><b>=1+1</b>"


@pytest.fixture(scope="module")
def release(published: tuple[Path, Done]) -> Path:
    """The small edition's release."""
    assert published[1].code == 0, published[1].err
    return published[0] / "curated" / EDITION / "r001"


def _open(page: Any, path: Path, hash_: str = "") -> None:
    page.goto(path.as_uri() + hash_)
    page.wait_for_selector("body[data-ready]")


def _texts(page: Any) -> list[str]:
    return [cell.inner_text() for cell in page.query_selector_all("#rows tbody td[data-title=原文]")]


def _rows(release: Path, table: str = "entries") -> list[dict[str, Any]]:
    return load_release(release.parents[1], EDITION)[table].to_pylist()


def _saved(page: Any, button: str) -> list[list[str]]:
    with page.expect_download() as saving:
        page.click(button)
    data = Path(saving.value.path()).read_bytes()
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_every_filter_shows_what_the_tables_say(page: Any, release: Path) -> None:
    rows = _rows(release)
    _open(page, release / "browse.html")
    assert _texts(page)[:100] == [row["text"] for row in rows][:100]
    one = next(row for row in rows if row["grades"])
    grade = str(one["grades"][0])
    page.select_option("#class", one["class_code"])
    page.select_option("#grade", grade)
    wanted = [row for row in rows if row["class_code"] == one["class_code"] and int(grade) in row["grades"]]
    assert sorted(_texts(page)) == sorted(row["text"] for row in wanted)
    assert page.evaluate("location.hash") == f"#entries?class={one['class_code']}&grade={grade}"
    page.click("#clear")
    page.select_option("#tier", "高级")
    page.fill("#q", f"{one['class_code']} {one['name'][:2]}")
    wanted = [
        row for row in rows
        if row["tier"] == "高级" and row["class_code"] == one["class_code"] and one["name"][:2] in row["text"]
    ]  # fmt: skip
    assert sorted(_texts(page)) == sorted(row["text"] for row in wanted)


def test_a_link_that_was_sent_opens_the_same_rows_and_csv_holds_them(page: Any, release: Path) -> None:
    rows = [row for row in _rows(release) if row["tier"] == "高级"]
    _open(page, release / "browse.html", "#entries?tier=%E9%AB%98%E7%BA%A7&sort=-text")
    saved = _saved(page, "#csv")
    at = saved[0].index("原文")
    assert [row[at] for row in saved[1:]] == _texts(page)[: len(saved)]
    assert sorted(row[at] for row in saved[1:]) == sorted(row["text"] for row in rows)


def test_a_row_shows_its_doubts_and_its_place_in_the_original(page: Any, release: Path) -> None:
    findings = [row for row in _rows(release, "findings") if row["table"] == "entries" and row["page"]]
    if not findings:
        pytest.fail("the small edition has no doubtful entry")
    one = findings[0]
    key = (one["keys"] or [one["key"]])[0]
    _open(page, release / "browse.html", f"#entries?row={key}")
    detail = page.locator("#detail")
    assert one["message"] in detail.inner_text()
    page.wait_for_selector("#detail canvas")
    # The picture shows print, not white paper only.
    dark = page.evaluate(
        "() => { const c = document.querySelector('#detail canvas'); const d = c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data; let n = 0;"
        " for (let i = 0; i < d.length; i += 4) if (d[i] < 100 && d[i + 2] < 100) n++; return n; }"
    )
    assert dark > 50
    page.keyboard.press("Escape")
    page.check("#doubt")
    assert all("有疑点" in mark for mark in page.locator("#rows tbody td.mark").all_inner_texts())


def test_a_pasted_list_is_answered_as_the_command_answers_it(page: Any, release: Path) -> None:
    rows = _rows(release)
    classes = _rows(release, "classes")
    given: list[list[str | int | float | bool | None]] = [["等级", "证书名称（全称）", "专业类"]]
    for row in rows[::3]:
        given.append(["", row["text"], row["class_code"]])
        given.append(
            [f"{row['grades'][0]}" if row["grades"] else row["level"] or "", row["name"], row["class_code"]]
        )
        given.append(["一级", row["name"], classes[0]["name"]])
    given += [
        ["", "并不存在的证书", classes[0]["class_code"]],
        ["", "x", "9999"],
        ["九级", rows[0]["name"], rows[0]["class_code"]],
    ]
    with Catalog(release.parents[1]) as catalog:
        wanted, _ = answer_list(
            catalog, CertificateList(given, 0, {"grade": 0, "name": 1, "class": 2}), EDITION
        )
    _open(page, release / "browse.html")
    page.click("#list")
    page.fill("#given", "\n".join("\t".join(map(str, row)) for row in given))
    page.click("#judge")
    saved = _saved(page, "#answers")
    assert saved[0] == [
        "等级",
        "证书名称（全称）",
        "专业类",
        "是否计入",
        "级次",
        "原文",
        "页码",
        "依据版本",
        "说明",
    ]
    for mine, theirs in zip(saved[1:], wanted[1:], strict=True):
        assert mine[3] == theirs[3], (mine, theirs)
        if mine[3] == "是":
            assert mine[4:6] == [theirs[4], theirs[5]] and mine[6] == (theirs[6] or "")


def test_text_of_the_document_is_never_html(page: Any, tmp_path: Path) -> None:
    tables = sample_tables(2)
    for name, column in (("entries", "text"), ("classes", "name"), ("credentials", "name")):
        at = tables[name].column_names.index(column)
        value = tables[name].schema.field(column)
        texts = [HOSTILE, *tables[name][column].to_pylist()[1:]]
        tables[name] = tables[name].set_column(at, value, pa.array(texts, value.type))
    record = {
        "edition": "demo-2025",
        "release": "r001",
        "title": HOSTILE,
        "created": "2026",
        "source": dict.fromkeys(("kind", "file", "sha256"), HOSTILE),
    }
    made = tmp_path / "browse.html"
    made.write_bytes(browse_page(record, {"disclaimer": HOSTILE}, tables))
    _open(page, made)
    assert page.locator("#page img, header img, h1 b").count() == 0
    assert HOSTILE in page.inner_text("h1") and HOSTILE in _texts(page)
    page.locator("#rows tbody tr").first.click()
    assert page.locator("#detail img, #detail b").count() == 0
    page.keyboard.press("Escape")
    assert HOSTILE in sum(_saved(page, "#csv"), [])
    policy = page.get_attribute("meta[http-equiv]", "content")
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_narrow_and_printed(page: Any, release: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    _open(page, release / "browse.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#table").is_visible() and not page.locator("#tables").is_visible()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(_texts(page)) == len(_rows(release))
    assert not page.locator("#filters").is_visible()


def test_the_start_page_follows_a_name_over_the_editions(
    page: Any, published: tuple[Path, Done], tmp_path: Path
) -> None:
    curated = tmp_path / "curated"
    shutil.copytree(published[0] / "curated", curated)
    name = _rows(curated / EDITION / "r001")[0]["name"]
    other = curated / "demo-2024"
    shutil.copytree(curated / EDITION, other)
    store = open_store(curated)
    write_start_page(store)
    _open(page, curated / "index.html", f"#{quote(name)}")
    said = page.inner_text("#lives")
    assert name in said
    assert page.locator("#head th").all_inner_texts()[-2:] == ["demo-2024", EDITION]
    # An edition that is broken is named; the others are there.
    (other / "r001" / "entries.parquet").write_bytes(b"broken")
    write_start_page(store)
    _open(page, curated / "index.html")
    assert "校验和不符" in page.inner_text("body")
    page.click(f"a[href='{EDITION}/r001/browse.html']:text('浏览')")
    page.wait_for_selector("body[data-ready]")


def test_rows_are_what_their_json_schemas_say(release: Path) -> None:
    for name in TABLES:
        schema = json.loads((release / "schema" / f"{name}.json").read_text("utf-8"))
        checker = jsonschema.Draft202012Validator(schema)
        checker.check_schema(schema)
        for row in _rows(release, name)[:50]:
            checker.validate(row)
    broken = _rows(release)[0] | {"grades": [9]}
    schema = json.loads((release / "schema" / "entries.json").read_text("utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_browse_command(published: tuple[Path, Done], tmp_path: Path) -> None:
    home = published[0]
    done = xize(home, "browse", "--no-browser")
    assert done.code == 0 and str(home / "curated" / EDITION / "r001" / "browse.html") in done.out
    own = tmp_path / "page.html"
    assert xize(home, "browse", EDITION, "-o", own).code == 0
    assert own.read_bytes() == (home / "curated" / EDITION / "r001" / "browse.html").read_bytes()
    other = shutil.copytree(home, tmp_path / "other") / "curated" / EDITION / "r001" / "browse.html"
    other.write_text(other.read_text("utf-8").replace("<title>", "<title>他人"), "utf-8")
    refused = xize(tmp_path / "other", "browse", "--no-browser")
    assert refused.code == 2 and "与发布清单登记的校验和不符" in refused.err
    (empty_home := tmp_path / "empty").mkdir()
    empty = xize(empty_home, "browse")
    assert empty.code != 0 and "还没有任何发布" in empty.err
