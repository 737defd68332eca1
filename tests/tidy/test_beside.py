"""A Word file beside the PDF: it settles items; where the two differ, a finding names both readings."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.text import normalise, squeeze
from pipeline.tidy.beside import settle
from pipeline.tidy.wraps.segment_model import Item
from tests.cli_home import EDITION, small_truth, xize
from tests.typeset import Layout, typeset
from tests.typeset.word import print_word


def _items(lines: list[str], found: list[tuple[int, int]], wanted: list[str]) -> list[tuple[str, bool]]:
    guessed = [Item(a, b, "".join(lines[a : b + 1]), 0.6) for a, b in found]
    return [(item.text, sure) for item, sure in settle(lines, guessed, wanted)]


def test_the_word_file_says_where_items_end() -> None:
    lines = ["执业护理", "师护士执业", "资格证书"]
    assert _items(lines, [(0, 0), (1, 2)], ["执业护理师护士执业资格证书"]) == [
        ("执业护理师护士执业资格证书", True)
    ]
    assert _items(lines, [(0, 2)], ["执业护理", "师护士执业", "资格证书"]) == [(line, True) for line in lines]


def test_blanks_of_latin_words_come_from_the_word_file() -> None:
    lines = ["Linux认证:LinuxProfe", "ssional Institute"]
    wanted = ["Linux认证:LinuxProfessional Institute"]
    assert _items(lines, [(0, 1)], wanted) == [("Linux认证:LinuxProfessional Institute", True)]


def test_only_where_the_characters_are_the_same() -> None:
    lines = ["农艺师", "园艺师", "茶艺", "师"]
    found = [(0, 0), (1, 2), (3, 3)]
    assert _items(lines, found, ["农艺师", "园林师", "茶艺师"]) == [
        ("农艺师", True),
        ("园艺师", True),
        ("茶艺师", True),
    ]
    # The end of 园艺师 is gone in the Word file: what the PDF says of that place stays.
    assert _items(lines, found, ["农艺师", "园", "茶艺师"]) == [("农艺师", True), ("园艺师茶艺师", False)]


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A PDF in columns so narrow that most items wrap, and its truth."""
    document = small_truth()
    path = tmp_path_factory.mktemp("narrow") / "rulebook.pdf"
    typeset(document, Layout("narrow", size=7), path)
    return path, document


def _home(folder: Path, pdf: Path, document: Any) -> Path:
    home = folder / "home"
    home.mkdir()
    assert xize(home, "add", EDITION, pdf).code == 0
    joined = xize(home, "add", EDITION, print_word(document, Layout("word"), folder / "rulebook.docx"))
    assert joined.code == 0, joined.err
    return home


def _wanted(document: Any) -> list[str]:
    return sorted(
        normalise(text)
        for section in document["sections"]
        for one in section["classes"]
        for tiers in one["cells"].values()
        for texts in tiers.values()
        for text in texts
    )


@pytest.mark.long
def test_rows_with_page_and_box_and_exact_items(tmp_path: Path, narrow: tuple[Path, dict[str, Any]]) -> None:
    pdf, document = narrow
    home = _home(tmp_path, pdf, document)
    run = xize(home, "run", EDITION, "--no-prefect")
    assert run.code == 0, run.err
    release = home / "curated" / EDITION / "r001"
    entries = pq.read_table(release / "entries.parquet").to_pylist()
    assert sorted(row["text"] for row in entries) == _wanted(document)
    assert {row["settled_by"] for row in entries} == {"word_file"} and {row["source"] for row in entries} == {
        "pdf"
    }
    assert all(row["page"] and row["x0"] is not None and row["line"] is None for row in entries)
    codes = pq.read_table(release / "findings.parquet")["code"].to_pylist()
    assert "sources_differ" not in codes and "boundary_uncertain" not in codes
    manifest = json.loads((release / "manifest.json").read_text("utf-8"))
    assert [(one["role"], one["kind"]) for one in manifest["used"]] == [("read", "pdf"), ("settles", "docx")]
    # Both files decide whether anything changed; the comparison of sources works on them too.
    assert "没有变化" in xize(home, "run", EDITION, "--no-prefect").out
    assert xize(home, "run", EDITION, "--source", "docx", "--no-prefect").code == 0
    assert xize(home, "compare", EDITION, "--sources", "pdf,docx").code == 0
    source = home / "raw" / EDITION / "source.yaml"
    source.write_text(f"{source.read_text('utf-8')}settle: none\n", "utf-8")
    assert xize(home, "run", EDITION, "--no-prefect").code == 0
    alone = pq.read_table(home / "curated" / EDITION / "r003" / "entries.parquet")
    assert set(alone["settled_by"].to_pylist()) == {None}


@pytest.mark.long
def test_differences_are_named(tmp_path: Path, narrow: tuple[Path, dict[str, Any]]) -> None:
    pdf, document = narrow
    other = copy.deepcopy(document)
    cells = other["sections"][0]["classes"][0]["cells"]
    kind, tier = next((k, t) for k, tiers in cells.items() for t, texts in tiers.items() if len(texts) > 2)
    printed, cells[kind][tier][1] = cells[kind][tier][1], "星际导航师(四级/中级工)"
    lone = next((k, t) for k, tiers in cells.items() for t, texts in tiers.items() if not texts)
    cells[lone[0]][lone[1]].append("只在此处的证书")
    other["annexes"][1]["tables"][0]["rows"][0][1] = "另一个机构"
    home = _home(tmp_path, pdf, other)
    assert xize(home, "run", EDITION, "--no-prefect").code == 0
    release = home / "curated" / EDITION / "r001"
    found = [
        one
        for one in pq.read_table(release / "findings.parquet").to_pylist()
        if one["code"] == "sources_differ"
    ]
    said = " ".join(one["evidence"] for one in found)
    assert squeeze(printed) in squeeze(said) and "星际导航师" in said
    assert "只在此处的证书" in said and "另一个机构" in said and len(found) == 3
    entries = pq.read_table(release / "entries.parquet").to_pylist()
    assert sorted(row["text"] for row in entries) == _wanted(document)
