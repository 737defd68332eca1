"""The rendered validation site, and the process that validates while others work."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from expectations import ValidationReport, validate
from tests.expectation_tables import context, good_rows, tables_of


def _rows() -> dict[str, Any]:
    """Two small tables, one with faults and with words that would be markup if they were not escaped."""
    everything = good_rows()
    rows = {name: everything[name] for name in ("annex_2_organisers", "annex_4_associations")}
    rows["annex_4_associations"][1]["list"] = "<script>alert(1)</script>&amp"
    rows["annex_2_organisers"][1]["no"] = "9"
    return rows


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ValidationReport]:
    folder = tmp_path_factory.mktemp("validation") / "site"
    report = validate(tables_of(_rows()), context=context(title="试用<版>"), site_dir=folder)
    return folder, report


class _Page(HTMLParser):
    """What a page loads or points to, its visible text, and its title."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        loads = ("src", "href", "srcset", "action", "data")
        self.targets += [value or "" for name, value in attrs if name in loads]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_site_needs_no_network(site: tuple[Path, ValidationReport]) -> None:
    folder, _ = site
    pages = sorted(folder.glob("*.html"))
    names = ["annex_2_organisers", "annex_4_associations", "document", "index", "structure"]
    assert [p.stem for p in pages] == names
    for path in folder.rglob("*"):
        text = path.read_text("utf-8")
        assert not re.search(r"https?:|//[a-z0-9-]+\.[a-z]|@import|url\(", text), path.name
        if path.suffix == ".html":
            for target in _Page(text).targets:
                assert target.startswith("#") or (folder / target).is_file(), (path.name, target)


def test_the_pages_are_chinese_and_say_what_failed(site: tuple[Path, ValidationReport]) -> None:
    folder, report = site
    index = _Page((folder / "index.html").read_text("utf-8"))
    words = "".join(index.words)
    assert "数据验证报告" in words and "验证未通过" in words  # the other tables are missing
    assert "试用<版>" in words and f"共检查{report.summary['expectations']}条期望" in words
    assert "“1”之后是“9”" in words
    page = "".join(_Page((folder / "annex_2_organisers.html").read_text("utf-8")).words)
    assert "序号从1起连续，不跳号、不重复" in page and "“1”之后是“9”" in page
    for english in ("Expectation", "Observed", "unexpected", "Overview", "Statistics", "null"):
        assert english not in page.replace("Great Expectations", "")


def test_the_documents_words_are_text_not_markup(site: tuple[Path, ValidationReport]) -> None:
    folder, _ = site
    for name in ("index", "annex_4_associations"):
        page = _Page((folder / f"{name}.html").read_text("utf-8"))
        assert page.tags.count("script") == (name != "index")
        assert "<script>alert(1)</script>&amp" in "".join(page.words)


def test_the_site_is_the_same_for_the_same_tables(
    site: tuple[Path, ValidationReport], tmp_path: Path
) -> None:
    folder, report = site
    again = validate(tables_of(_rows()), context=context(title="试用<版>"), site_dir=tmp_path)
    assert again == report
    written, before = ({p.name: p.read_bytes() for p in f.iterdir()} for f in (tmp_path, folder))
    assert written == before
