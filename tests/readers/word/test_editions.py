"""Whole editions as Word files: every item and every annex row, exactly; as .doc too; through the commands."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from lxml import etree

from pipeline.readers.word.office import converted, soffice
from pipeline.readers.word.package import W, open_package
from pipeline.readers.word.read import read_word
from pipeline.schema import ANNEX_TABLES
from pipeline.text import normalise, squeeze
from pipeline.tidy.document import Tidied, tidy
from tests.cli_home import EDITION, small_truth, xize
from tests.quality.truth_tables import truth, truth_rows
from tests.readers.word.test_read import as_doc
from tests.typeset import Layout
from tests.typeset.province import province
from tests.typeset.word import print_word

PLACE = {"source", "page", "line", "x0", "top", "x1", "bottom", "cell_id", "confidence"}
needs_office = pytest.mark.skipif(soffice() is None, reason="no LibreOffice on this machine")
EDITIONS: dict[str, Callable[[], Any]] = {
    "2025": truth, "province": lambda: province(7), "every break manual": lambda: province(3)
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("word")


@cache
def _printed(folder: Path, name: str) -> tuple[Any, Path]:
    document = EDITIONS[name]()
    layout = Layout(name, banner="text" if name != "2025" else "row")
    return document, print_word(
        document, layout, folder / f"{name}.docx", every_break=name.startswith("every")
    )


def _items(document: Any) -> Counter[tuple[str, str, str, int, str]]:
    return Counter(
        (one["codes"][0], kind, tier, position, normalise(text))
        for section in document["sections"]
        for one in section["classes"]
        for kind, tiers in one["cells"].items()
        for tier, texts in tiers.items()
        for position, text in enumerate(texts, 1)
    )


def _read_items(tidied: Tidied) -> Counter[tuple[Any, ...]]:
    names = ("class_code", "kind", "tier", "position", "text")
    return Counter(tuple(row[name] for name in names) for row in tidied.rows["entries"])


def _bare(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in PLACE} for row in rows]


@pytest.mark.parametrize("name", EDITIONS)
def test_every_item(folder: Path, name: str) -> None:
    document, path = _printed(folder, name)
    tidied = tidy(read_word(path), {}, path.name)
    assert _read_items(tidied) == _items(document)
    assert tidied.characters["lost"] == 0 and tidied.characters["in_findings"] == 0
    numbered = list(etree.fromstring(open_package(path, "document").data("word/document.xml")).iter(f"{W}p"))
    for row in tidied.rows["entries"]:
        printed = squeeze("".join(numbered[int(str(row["line"])) - 1].itertext()))
        assert squeeze(str(row["text"])) in printed and "page" not in row and "x0" not in row


def test_every_annex_row_of_2025(folder: Path) -> None:
    tidied = tidy(read_word(_printed(folder, "2025")[1]), {}, "2025.docx")
    for table in ANNEX_TABLES:
        wanted = _bare(truth_rows()[table])
        found = _bare([dict(row) for row in tidied.rows[table]])
        assert found == wanted, table
    assert not tidied.findings


@needs_office
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("2025", marks=pytest.mark.long),
        "province",
        pytest.param("every break manual", marks=pytest.mark.long),
    ],
)
@pytest.mark.long
def test_the_old_format_gives_the_same(folder: Path, name: str) -> None:
    document, path = _printed(folder, name)
    made = as_doc(path)
    assert converted(made, "docx").startswith(b"PK")
    old_rows, new_rows = (tidy(read_word(one), {}, one.name).rows for one in (made, path))
    for table, rows in new_rows.items():
        assert _bare([dict(row) for row in old_rows[table]]) == _bare([dict(row) for row in rows]), table
    assert _items(document).total() == len(old_rows["entries"])


@pytest.mark.long
def test_from_add_to_release(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    path = print_word(small_truth(), Layout("small"), tmp_path / "rulebook.docx")
    added = xize(home, "add", EDITION, path)
    assert added.code == 0 and normalise(small_truth()["title"]) in added.out
    assert (home / "raw" / EDITION / f"{EDITION}.docx").read_bytes() == path.read_bytes()
    run = xize(home, "run", EDITION, "--no-prefect")
    assert run.code == 0, run.err
    release = home / "curated" / EDITION / "r001"
    entries = pq.read_table(release / "entries.parquet")
    assert set(entries["source"].to_pylist()) == {"docx"} and None not in entries["line"].to_pylist()
    assert entries["page"].null_count == entries["x0"].null_count == len(entries)
    cells = pq.read_table(release / "cells.parquet")
    assert set(cells["engine"].to_pylist()) == {"docx"} and cells["page"].null_count == len(cells)
    assert json.loads((release / "manifest.json").read_text("utf-8"))["source"]["kind"] == "docx"
    item = entries.to_pylist()[0]
    checked = xize(home, "check", "--class", item["class_code"], "--name", item["name"])
    assert f"第{item['line']}段" in checked.out
    listed = xize(home, "findings", EDITION)
    assert "行 " not in listed.out
    assert "没有变化" in xize(home, "run", EDITION, "--no-prefect").out
