"""``xize diff`` as a user runs it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.schema.changes import CHANGES
from tests.cli_home import EDITION, Done, one_sentence, replace_source, xize


@pytest.fixture(scope="module")
def two(published: tuple[Path, Done], reissued: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two releases of one edition."""
    import shutil

    home = tmp_path_factory.mktemp("two") / "home"
    shutil.copytree(published[0], home)
    replace_source(home, reissued)
    done = xize(home, "run", EDITION, "--no-prefect")
    assert done.code == 0, done.err
    return home


def test_a_release_against_itself_is_equal(two: Path) -> None:
    done = xize(two, "diff", EDITION, f"{EDITION}@r002")
    assert (done.code, done.err) == (0, "")
    assert "没有变更" in done.out


def test_two_releases_differ(two: Path) -> None:
    done = xize(two, "diff", f"{EDITION}@r001", EDITION)
    assert (done.code, done.err) == (1, "")
    for words in ("按变更种类", "按专业大类", "新增条目", "星际花艺师(三级/高级工)", "农林牧渔大类"):
        assert words in done.out, done.out


def test_formats(two: Path, tmp_path: Path) -> None:
    done = xize(two, "diff", f"{EDITION}@r001", f"{EDITION}@r002", "--format", "json")
    assert done.code == 1, done.err
    rows = json.loads(done.out)
    assert {row["change"] for row in rows} <= set(CHANGES.by_name["change"].enum or ())
    assert "星际花艺师(三级/高级工)" in {row["after"] for row in rows}
    assert list(rows[0]) == list(CHANGES.names)
    table = tmp_path / "changes.parquet"
    assert xize(two, "diff", f"{EDITION}@r001", EDITION, "--format", "parquet", "-o", table).code == 1
    assert pq.read_table(table).schema.equals(CHANGES.arrow)
    done = xize(two, "diff", f"{EDITION}@r001", EDITION, "--format", "csv")
    assert len(list(csv.DictReader(io.StringIO(done.out)))) == len(rows)


def test_the_other_way_round_adds_and_removes_are_exchanged(two: Path) -> None:
    done = xize(two, "diff", f"{EDITION}@r002", f"{EDITION}@r001", "--format", "json")
    assert "星际花艺师(三级/高级工)" in {row["before"] for row in json.loads(done.out)}


@pytest.mark.parametrize(
    "arguments",
    [
        (EDITION, f"{EDITION}@r009"),
        ("nowhere-2031", EDITION),
        (EDITION, "Shanghai 2025"),
        (f"{EDITION}@r001", EDITION, "--format", "parquet"),
        (f"{EDITION}@r001", EDITION, "--format", "json", "-o", "/nowhere/at/all.json"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(two: Path, arguments: tuple[str, ...]) -> None:
    done = xize(two, "diff", *arguments)
    assert done.code == 2
    one_sentence(done.err)
