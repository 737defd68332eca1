"""The command line from end to end: help, ``xize tables`` on any PDF, ``xize run`` on a small rulebook."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.text import Text
from typer.main import get_command

from pipeline import __version__
from pipeline.cli.app import app
from pipeline.cli.tables import parse_pages
from pipeline.errors import XizeError
from tests.cli_home import (
    EDITION,
    Done,
    one_sentence,
    replace_source,
    snapshot,
    xize,
)
from tests.typeset import bad
from tests.typeset.sheet import PLAN

# -- help


def _commands() -> dict[str, Any]:
    group: Any = get_command(app)
    return dict(group.commands)


def test_help_names_every_command_and_option() -> None:
    shown = xize(None, "--help")
    assert shown.code == 0
    commands = _commands()
    assert {
        "tables",
        "run",
        "add",
        "releases",
        "rollback",
        "prune",
        "sql",
        "check",
        "serve",
    } <= commands.keys()
    assert all(name in shown.out for name in commands)
    assert xize(None, "--version").out.strip() == f"xize {__version__}"


def test_help_texts_are_shown_whole() -> None:
    """Rich takes words in square brackets for markup and shows nothing of them."""
    command: Any = get_command(app)
    texts = [part.help or "" for each in command.commands.values() for part in [each, *each.params]]
    assert len([text for text in texts if "(default: " in text]) > 10
    assert [text for text in texts if Text.from_markup(text).plain != text] == []


def test_help_comes_without_heavy_libraries() -> None:
    program = (
        "import sys, pipeline.cli\n"
        "heavy = {'pandas', 'pyarrow', 'prefect', 'great_expectations', 'duckdb', 'pdfplumber', 'camelot', 'cv2'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("text", ["0", "3-", "7-5", "a", "1,,2", "-3", "1-2-3", ""])
def test_pages_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(XizeError, match="--pages"):
        parse_pages(text)


def test_pages_are_sorted_and_stand_once() -> None:
    assert parse_pages("5-7，3, 6") == [3, 5, 6, 7]
    assert parse_pages(None) is None


# -- xize tables


@pytest.fixture(scope="module")
def three_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pages with the same ruled table."""
    path = tmp_path_factory.mktemp("tables") / "three.pdf"
    bad.good(path, 3)
    return path


def _grid(cells: list[dict[str, Any]]) -> set[tuple[int, int, int, int, str]]:
    return {(c["row"], c["col"], c["row_span"], c["col_span"], c["text"]) for c in cells}


def test_tables_as_json(three_pages: Path) -> None:
    done = xize(None, "tables", three_pages)
    assert done.code == 0 and done.err == ""
    tables = json.loads(done.out)["tables"]
    assert [table["page"] for table in tables] == [1, 2, 3]
    for table in tables:
        assert _grid(table["cells"]) == set(PLAN)
        x0, top, x1, bottom = table["bbox"]
        for cell in table["cells"]:
            assert x0 <= cell["x0"] < cell["x1"] <= x1 and top <= cell["top"] < cell["bottom"] <= bottom


def test_tables_of_some_pages_only(three_pages: Path) -> None:
    done = xize(None, "tables", three_pages, "--pages", "3,1")
    assert [table["page"] for table in json.loads(done.out)["tables"]] == [1, 3]
    beyond = xize(None, "tables", three_pages, "--pages", "2,9")
    assert beyond.code != 0 and "9" in one_sentence(beyond.err) and beyond.out == ""


def test_tables_as_csv(three_pages: Path, tmp_path: Path) -> None:
    done = xize(None, "tables", three_pages, "--format", "csv", "--pages", "2")
    rows = list(csv.reader(io.StringIO(done.out)))
    assert {row[0] for row in rows} == {"2"} and len(rows) == 5
    body = [row[2:] for row in rows]
    assert all(body[r][c] == text for r, c, _, _, text in PLAN)
    # A merged cell's text stands once.
    assert sum(row.count("机构名称") for row in body) == 1
    target = tmp_path / "out.csv"
    assert xize(None, "tables", three_pages, "--format", "csv", "-o", target).out == ""
    with target.open(encoding="utf-8-sig", newline="") as stream:
        assert len(list(csv.reader(stream))) == 15


class _Cells(HTMLParser):
    """The td of a page: (rowspan, colspan, text)."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[tuple[int, int, str]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "td":
            spans = dict(attrs)
            self.cells.append((int(spans.get("rowspan") or 1), int(spans.get("colspan") or 1), ""))
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._open:
            rows, cols, text = self.cells[-1]
            self.cells[-1] = (rows, cols, text + data)


def test_tables_as_html(three_pages: Path) -> None:
    done = xize(None, "tables", three_pages, "--format", "html", "--pages", "1")
    page = _Cells()
    page.feed(done.out)
    assert page.cells == [(rows, cols, text) for _, _, rows, cols, text in sorted(PLAN)]


def test_tables_draws_what_it_saw(three_pages: Path, tmp_path: Path) -> None:
    from PIL import Image

    done = xize(None, "tables", three_pages, "--pages", "1,3", "--debug", tmp_path / "seen")
    assert done.code == 0
    pictures = sorted((tmp_path / "seen").glob("*.png"))
    assert len(pictures) == 2 and all(str(path) in done.err for path in pictures)
    with Image.open(pictures[0]) as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24) or []}
    assert {(214, 39, 40), (31, 119, 180)} <= colours  # rulings across and down


def test_tables_of_an_encrypted_pdf(tmp_path: Path) -> None:
    path = tmp_path / "locked.pdf"
    bad.BAD["encrypted_aes256"](path)
    assert "--password" in one_sentence(xize(None, "tables", path).err)
    opened = xize(None, "tables", path, "--password", bad.PASSWORD)
    assert len(json.loads(opened.out)["tables"]) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere.pdf",), "nowhere.pdf"),
        ((".",), "."),
        (("three.pdf", "--pages", "x"), "--pages"),
        (("three.pdf", "--decoder", "abacus"), "abacus"),
        (("three.pdf", "-o", "no/such/folder.json"), "folder.json"),
        (("three.pdf", "--debug", "three.pdf"), "three.pdf"),
    ],
)
def test_tables_refuses_with_one_sentence(three_pages: Path, arguments: tuple[str, ...], words: str) -> None:
    done = xize(None, "tables", *arguments, cwd=three_pages.parent)
    assert done.code != 0 and words in one_sentence(done.err)


# -- xize run


def _items(small: dict[str, Any]) -> int:
    return sum(
        len(items)
        for section in small["sections"]
        for one in section["classes"]
        for tiers in one["cells"].values()
        for items in tiers.values()
    )


def test_the_first_run_publishes_and_sums_up(published: tuple[Path, Done], small: dict[str, Any]) -> None:
    home, done = published
    assert done.code == 0 and done.err == ""
    release = home / "curated" / EDITION / "r001"
    items = _items(small)
    lines = {line.split()[0]: line.split()[-1] for line in done.out.splitlines() if len(line.split()) > 1}
    assert lines["条目"] == str(items) == str(pq.read_metadata(release / "entries.parquet").num_rows)
    assert str(release) in done.out and f"{release}/validation/index.html" in done.out
    assert (release / "validation/index.html").is_file()
    manifest = json.loads((release / "manifest.json").read_text("utf-8"))
    assert manifest["conservation"]["lost"] == 0 < manifest["conservation"]["published"]
    assert json.loads((home / "curated" / EDITION / "latest.json").read_text()) == {"release": "r001"}


def test_the_second_run_changes_nothing_and_is_quick(published: tuple[Path, Done], home: Path) -> None:
    before = snapshot(home / "curated")
    last = home / "staged" / EDITION / "findings.parquet"
    last.write_bytes(b"of a run of another source")
    done = xize(home, "run", EDITION, "--no-prefect")
    assert done.code == 0 and "没有变化" in done.out
    assert snapshot(home / "curated") == before
    assert last.read_bytes() == (home / "curated" / EDITION / "r001" / "findings.parquet").read_bytes()
    assert done.seconds < 3
    # It shows the figures of the release that stands.
    figures = [
        line
        for line in published[1].out.splitlines()
        if line.split() and not line.startswith(("数据", "校验"))
    ]
    assert [line for line in figures if line in done.out] == figures


@pytest.mark.long
def test_two_runs_give_the_same_bytes(published: tuple[Path, Done], home: Path) -> None:
    shutil.rmtree(home / "curated" / EDITION)
    shutil.rmtree(home / "staged" / EDITION)
    assert xize(home, "run", EDITION, "--no-prefect").code == 0
    first = {
        name: hash_ for name, hash_ in snapshot(published[0] / "curated").items() if name.endswith(".parquet")
    }
    again = {name: hash_ for name, hash_ in snapshot(home / "curated").items() if name.endswith(".parquet")}
    assert again == first and len(again) > 15


@pytest.mark.long
def test_no_publish_shows_what_would_change(home: Path, small: dict[str, Any], reissued: Path) -> None:
    replace_source(home, reissued)
    before = snapshot(home / "curated")
    shown = xize(home, "run", EDITION, "--no-prefect", "--no-publish")
    assert shown.code == 0 and "没有发布" in shown.out
    row = next(line for line in shown.out.splitlines() if " entries " in line)
    items = _items(small)
    # As the columns stand: rows now, rows then, added, removed (and changed: those that moved down the page).
    figures = [int(word) for word in row.split() if word.isdecimal()]
    assert figures[:4] == [items, items + 1, 2, 1]
    assert snapshot(home / "curated") == before
    # And then the release itself.
    assert xize(home, "run", EDITION, "--no-prefect").code == 0
    assert json.loads((home / "curated" / EDITION / "latest.json").read_text()) == {"release": "r002"}


def test_queries_over_the_release(home: Path, small: dict[str, Any]) -> None:
    one = small["sections"][0]["classes"][0]
    listed = xize(home, "releases", "--json")
    assert [record["release"] for record in json.loads(listed.out)] == ["r001"]
    rows = json.loads(
        xize(home, "sql", "select distinct class_code from entries order by 1", "-f", "json").out
    )
    assert rows[0]["class_code"] in str(one.get("codes", one))
    name = json.loads(xize(home, "sql", "select class_code, name from entries limit 1", "-f", "json").out)[0]
    yes = xize(home, "check", "--class", name["class_code"], "--name", name["name"])
    assert yes.code == 0 and "计入" in yes.out and "页" in yes.out
    assert xize(home, "check", "--class", name["class_code"], "--name", "宇航员").code == 1
    unknown = xize(home, "check", "--class", "9999", "--name", "宇航员")
    assert unknown.code == 2 and one_sentence(unknown.err)
    wrong = xize(home, "sql", "select nothing from nowhere")
    assert wrong.code == 2 and "SQL" in wrong.err and "Traceback" not in wrong.err
