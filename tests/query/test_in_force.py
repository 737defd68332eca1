"""Several versions of a rulebook within a year: their order, and which of them is in force on a day."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.query.catalogue import _ADDED, Catalog
from pipeline.releases.catalogue import FACTS, _completed, editions_in, list_releases
from pipeline.releases.publish import RunInfo, parquet_bytes, publish
from pipeline.releases.storage import open_store
from pipeline.schema import TABLES
from tests.cli_home import one_sentence, xize
from tests.query.test_query import _ENTRIES, _tables
from tests.sample_tables import source_info

ASKED = ("check", "--class", "6101", "--name", "农作物植保员")
# Edition → effective_from, supersedes.
VERSIONS = {
    "demo-2025": ("2025-09-01", None),
    "demo-2025-2": ("2026-01-01", None),
    "demo-2025-10": ("2025-06-01", "demo-2025"),
    "demo-2026": ("2026-09-01", None),
    "demo-2027": (None, None),
}


def _publish(curated: Path, edition: str, effective_from: str | None, supersedes: str | None = None) -> bool:
    facts = dict.fromkeys(FACTS) | {"effective_from": effective_from, "supersedes": supersedes}
    source = replace(source_info(edition=edition), facts=facts)
    return publish(_tables(edition, _ENTRIES), source, RunInfo(), curated).changed


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("versions")
    for edition, (effective_from, supersedes) in VERSIONS.items():
        _publish(folder / "curated", edition, effective_from, supersedes)
    return folder


def _judges(home: Path, *more: str) -> list[str]:
    done = xize(home, *ASKED, *more, "--json")
    assert done.code == 0, done.err
    return [one["edition"] for one in json.loads(done.out)["verdicts"]]


@pytest.mark.parametrize(
    ("day", "edition"),
    [
        ("2025-06-01", "demo-2025-10"), ("2025-09-01", "demo-2025-10"), ("2025-12-31", "demo-2025-10"),
        ("2026-01-01", "demo-2025-2"), ("2026-03-01", "demo-2025-2"), ("2030-01-01", "demo-2026"),
    ],
)  # fmt: skip
def test_the_edition_in_force_answers(home: Path, day: str, edition: str) -> None:
    """The latest that has begun; one that another of them supersedes is out, though it began later."""
    assert _judges(home, "--on", day) == [edition]


def test_no_edition_in_force_is_one_sentence(home: Path) -> None:
    done = xize(home, *ASKED, "--on", "2025-05-31")
    assert done.code == 2 and "2025-05-31没有生效的版本" in one_sentence(done.err)
    assert "demo-2027没有写明effective_from" in done.err and "demo-2026自2026-09-01起施行" in done.err
    assert "不是日期" in one_sentence(xize(home, *ASKED, "--on", "2026年3月").err)
    done = xize(home, *ASKED, "--on", "2026-03-01", "--edition", "demo-2026")
    assert done.code == 2 and "请去掉其中一个" in one_sentence(done.err)


def test_a_list_is_judged_by_the_edition_in_force(home: Path, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("专业类,证书名称\n6101,农作物植保员\n", "utf-8")
    done = xize(home, "check", "--list", people, "--on", "2026-03-01")
    assert done.code == 0, done.err
    (row,) = csv.DictReader(io.StringIO(done.out.removeprefix("\ufeff")))
    assert row["依据版本"] == "demo-2025-2@r001"


def test_a_list_without_a_day_leaves_out_what_has_not_begun(tmp_path: Path) -> None:
    for edition, effective_from in (("demo-2025", None), ("demo-2025-2", None), ("demo-2026", "2999-01-01")):
        _publish(tmp_path / "curated", edition, effective_from)
    with Catalog(tmp_path / "curated") as catalog:
        assert catalog.judging() == "demo-2025-2"
    _publish(tmp_path / "curated", "demo-2025", "2020-01-01")
    with Catalog(tmp_path / "curated") as catalog:
        assert catalog.judging() == "demo-2025"


def test_every_jurisdiction_has_its_own(tmp_path: Path) -> None:
    for edition, effective_from in (
        ("demo-2025", "2025-01-01"),
        ("anhui-2024", "2024-01-01"),
        ("anhui-2026", "2026-01-01"),
    ):
        _publish(tmp_path / "curated", edition, effective_from)
    assert _judges(tmp_path, "--on", "2025-06-01") == ["anhui-2024", "demo-2025"]
    assert _judges(tmp_path, "--on", "2024-06-01") == ["anhui-2024"]


def test_the_order_is_by_year_and_version(home: Path) -> None:
    names = list(VERSIONS)
    assert editions_in(open_store(home / "curated")) == names
    assert [one.edition for one in list_releases(home / "curated")] == names
    with Catalog(home / "curated") as catalog:
        assert list(catalog.releases) == names
        rows = catalog.sql(
            "select first_edition, last_edition, missing_editions, editions from entry_history"
        ).to_pylist()
        assert {row["first_edition"] for row in rows} == {"demo-2025"} and rows[0]["editions"] == names
        said = catalog.sql(
            "select edition, year, version, effective_from from releases where version = 10"
        ).to_pylist()
    assert [(one["year"], one["version"], str(one["effective_from"])) for one in said] == [
        (2025, 10, "2025-06-01")
    ]
    done = xize(home, "history", "--name", "农作物植保员", "--class", "6101")
    assert done.code == 0 and "2025年（最早的版本）已列入" in done.out, done.err


def test_facts_are_carried(home: Path) -> None:
    """To manifest, datapackage, index and the lists of releases; other facts of the same tables are another release."""
    folder = home / "curated" / "demo-2025-10" / "r001"
    index = json.loads((home / "curated" / "index.json").read_text("utf-8"))["editions"]
    (listed,) = json.loads(xize(home, "releases", "demo-2025-10", "--json").out)
    of_index = next(one for one in index if one["edition"] == "demo-2025-10")["releases"][0]
    for record in (
        json.loads((folder / "manifest.json").read_text("utf-8")),
        json.loads((folder / "datapackage.json").read_text("utf-8")), of_index, listed,
    ):  # fmt: skip
        found = {name: record[name] for name in FACTS}
        assert found == {
            "issued": None,
            "effective_from": "2025-06-01",
            "document_no": None,
            "supersedes": "demo-2025",
        }
    assert "施行2025-06-01  取代demo-2025" in xize(home, "releases", "demo-2025-10").out
    assert not _publish(home / "curated", "demo-2027", None)
    assert _publish(home / "curated", "demo-2027", "2027-01-01")


def test_columns_of_older_releases_are_null() -> None:
    """Every column that the contract has gained is there, whatever release is shown, in SQL and in tables."""
    for name, columns in _ADDED.items():
        declared = TABLES[name].arrow
        assert columns.keys() <= set(declared.names)
        old = declared.empty_table().drop_columns(list(columns))
        assert _completed(name, parquet_bytes(old)).schema.names == declared.names
