"""The validation site: our own offline pages, and the suites and results that run again without our code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from expectations import ValidationReport, validate
from pipeline.findings import digits_of
from pipeline.quality.decisions import Acceptance, finding_rows, row_digest
from pipeline.schema import TABLES
from tests.expectation_tables import context, good_rows, tables_of


def _rows() -> dict[str, Any]:
    """Two small tables, one with faults and with words that would be markup if they were not escaped."""
    everything = good_rows()
    rows = {name: everything[name] for name in ("annex_2_organisers", "annex_4_associations")}
    rows["annex_4_associations"][1]["list"] = "<script>alert(1)</script>&amp"
    rows["annex_2_organisers"][1]["row_id"] = "1"
    rows["findings"] = everything["findings"]
    rows["findings"][0].update(table="annex_4_associations", message="<script>alert(1)</script>&amp")
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
        self.text = text
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
    pages = {path.stem for path in folder.glob("*.html")}
    assert pages == {"index", "document", "structure", *TABLES}
    for path in folder.rglob("*"):
        if path.suffix not in (".html", ".css"):
            continue
        text = path.read_text("utf-8")
        assert not re.search(r"https?:|//[a-z0-9-]+\.[a-z]|@import|url\(|<script", text), path.name
        for target in _Page(text).targets if path.suffix == ".html" else ():
            assert target.startswith("#") or (folder / target).is_file(), (path.name, target)


def test_the_pages_are_chinese_and_say_what_failed(site: tuple[Path, ValidationReport]) -> None:
    folder, report = site
    words = "".join(_Page((folder / "index.html").read_text("utf-8")).words)
    assert "数据验证报告" in words and "验证未通过" in words  # the other tables are missing
    assert "试用<版>" in words and f"共检查{report.summary['expectations']}条期望" in words
    page = "".join(_Page((folder / "annex_2_organisers.html").read_text("utf-8")).words)
    assert "键唯一：row_id" in page and "行政机构名单的键重复：1（第1行）" in page
    assert "<script>alert(1)</script>&amp" in words, "the document's words are text, not markup"


def test_the_site_lists_every_finding_and_counts_as_the_run_does(tmp_path: Path) -> None:
    tables = tables_of(_rows())
    first = validate(tables, context=context())
    row = next(
        row for row in finding_rows(first.findings, "shanghai-2025") if row["code"] == "key_duplicated"
    )
    accepted = Acceptance(
        finding_id=row["finding_id"], evidence=row_digest(row), why="如此", by="某人", date=date(2026, 1, 1)
    )
    report = validate(tables, context=context(accepted=(accepted,)), site_dir=tmp_path)
    rows = tables["findings"].to_pylist() + finding_rows(
        report.findings, "shanghai-2025", {digits_of(row["finding_id"]): "accepted"}
    )
    index = _Page((tmp_path / "index.html").read_text("utf-8"))
    words = "".join(index.words)
    assert (
        f"发现共{len(rows)}项" in words and words.count("已接受") == 2
    )  # the heading of the counts, and that one
    counted = Counter(row["severity"] for row in rows)
    for severity, label in (("error", "错误"), ("warning", "警告"), ("info", "提示")):
        (line,) = re.findall(
            rf'<td class="{severity}">{label}</td>.*?<td class="n">(\d+)</td></tr>', index.text
        )
        assert int(line) == counted[severity]
    pages = ["document", *TABLES]
    everything = "".join(
        "".join(_Page((tmp_path / f"{page}.html").read_text("utf-8")).words) for page in pages
    )
    for row in rows:
        assert row["message"] in words and row["message"] in everything


def test_the_site_is_the_same_for_the_same_tables(
    site: tuple[Path, ValidationReport], tmp_path: Path
) -> None:
    folder, report = site
    again = validate(tables_of(_rows()), context=context(title="试用<版>"), site_dir=tmp_path)
    assert again == report
    written, before = (
        {path.relative_to(f): path.read_bytes() for path in f.rglob("*") if path.is_file()}
        for f in (tmp_path, folder)
    )
    assert written == before


ALONE = """
import json, sys
from pathlib import Path
import great_expectations as gx

release = Path(sys.argv[1])
context = gx.get_context(mode="ephemeral")
source = context.data_sources.add_pandas_filesystem("release", base_directory=release)
failed = []
for path in sorted((release / "validation" / "suites").glob("*.json")):
    suite = gx.ExpectationSuite(**json.loads(path.read_text("utf-8")))
    suite.add_expectation(gx.expectations.ExpectColumnValuesToNotBeNull(column="edition"))
    data = source.add_parquet_asset(path.stem).add_batch_definition_path("all", path=f"{path.stem}.parquet")
    definition = gx.ValidationDefinition(name=path.stem, data=data, suite=context.suites.add(suite))
    outcome = context.validation_definitions.add(definition).run()
    failed += [
        [path.stem, one.expectation_config.meta["name"], one.result["unexpected_count"]]
        for one in outcome.results
        if not one.success
    ]
assert not [name for name in sys.modules if name.partition(".")[0] in ("pipeline", "expectations", "flows")]
print(json.dumps(failed))
"""


@pytest.mark.long
def test_the_suites_run_again_with_great_expectations_alone(tmp_path: Path) -> None:
    rows = good_rows()
    rows["classes"][2]["major_code"] = "64"
    rows["entries"][3]["class_code"] = "61O1"
    rows["annex_8_qualifications"][1]["category"] = "其他类"
    tables = tables_of(rows)
    for name, table in tables.items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    validate(tables, context=context(), site_dir=tmp_path / "validation")
    code = tmp_path / "alone.py"
    code.write_text(ALONE, "utf-8")
    environment = os.environ | {"GX_ANALYTICS_ENABLED": "false", "TQDM_DISABLE": "1"}
    command = [sys.executable, "-P", str(code), str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout.splitlines()[-1])
    results = json.loads((tmp_path / "validation" / "results.json").read_text("utf-8"))["tables"]
    before = [
        [name, one["name"], one["result"]["unexpected_count"]]
        for name in sorted(results)
        for one in results[name]["results"]
        if not one["success"]
    ]
    assert sorted(again) == sorted(before)
    assert ["entries", "class_code_pattern", 1] in again


def test_our_own_checks_run_again_in_duckdb(tmp_path: Path) -> None:
    import duckdb

    rows = good_rows()
    rows["links"][0]["row_id"] = "99"
    rows["notes"][0].update(x0=95.0, x1=90.0)
    tables = tables_of(rows)
    for name, table in tables.items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    validate(tables, context=context(), site_dir=tmp_path / "validation")
    own = json.loads((tmp_path / "validation" / "own_checks.json").read_text("utf-8"))
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"SET file_search_path = '{tmp_path}'")
        for name, view in own["views"].items():
            connection.execute(f"CREATE VIEW {name} AS {view}")
        for check in own["checks"]:
            if check["sql"]:
                found[check["table"], check["name"]] = len(connection.execute(check["sql"]).fetchall())
    assert found == {(c["table"], c["name"]): len(c["unexpected"]) for c in own["checks"] if c["sql"]}
    assert found["links", "row_exists"] == 1 and found["notes", "place"] == 1
