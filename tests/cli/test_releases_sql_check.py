"""The commands add, releases, rollback, prune, sql and check, as the command line mounts them."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from pipeline.cli.app import app
from pipeline.errors import XizeError
from pipeline.releases.publish import RunInfo, publish
from tests.cli_home import Done, one_sentence, xize
from tests.sample_tables import EDITION, sample_tables, source_info


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three releases of one edition, the last the latest."""
    folder = tmp_path_factory.mktemp("pristine")
    for limit in (1, 2, 3):
        publish(sample_tables(limit), source_info(), RunInfo(), folder / "curated")
    return folder


@pytest.fixture
def home(tmp_path: Path, pristine: Path) -> Path:
    """The releases, for the test alone."""
    shutil.copytree(pristine / "curated", tmp_path / "curated")
    return tmp_path


def _xize(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--home", str(home), *arguments])


def _latest(home: Path) -> str:
    return json.loads((home / "curated" / EDITION / "latest.json").read_text())["release"]


def test_releases_are_listed_with_the_latest_marked(home: Path) -> None:
    listed = _xize(home, "releases").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [f"{EDITION}@r00{number}" for number in (1, 2, 3)]
    assert [("[当前]" in line) for line in listed] == [False, False, True]
    records = json.loads(_xize(home, "releases", EDITION, "--json").stdout)
    assert [record["rows"]["classes"] for record in records] == [1, 2, 3]
    assert isinstance(_xize(home, "releases", "anhui-2026").exception, XizeError)


def test_rollback_points_back_and_deletes_nothing(home: Path) -> None:
    done = _xize(home, "rollback", EDITION, "r001")
    assert done.exit_code == 0 and "r001" in done.stdout and _latest(home) == "r001"
    assert len(list((home / "curated" / EDITION).glob("r*"))) == 3
    # The next run finds the newest release unchanged and leaves the steward's choice alone.
    again = publish(sample_tables(3), source_info(), RunInfo(), home / "curated")
    assert not again.changed and _latest(home) == "r001"
    for release in ("r009", "../r001", "latest.json"):
        assert isinstance(_xize(home, "rollback", EDITION, release).exception, XizeError)
    (home / "curated" / EDITION / "r002" / "classes.parquet").unlink()
    damaged = _xize(home, "rollback", EDITION, "r002").exception
    assert isinstance(damaged, XizeError) and "已损坏（classes.parquet）" in str(damaged)
    assert _latest(home) == "r001"


def test_a_receiver_verifies_a_release(home: Path) -> None:
    sound = _xize(home, "verify", EDITION)
    assert sound.exit_code == 0 and f"{EDITION}@r003完好" in sound.stdout
    folder = home / "curated" / EDITION / "r002"
    (folder / "classes.parquet").write_bytes((folder / "majors.parquet").read_bytes())
    (folder / "datapackage.json").unlink()
    (folder / "extra.exe").write_bytes(b"MZ")
    found = xize(home, "verify", f"{EDITION}@r002")
    assert found.code == 1 and not found.out
    classes, package, extra = map(one_sentence, found.err.splitlines())
    assert "classes.parquet与清单登记的校验和不符" in classes
    assert "datapackage.json不见了" in package and "extra.exe不在清单中" in extra
    shutil.copytree(folder.with_name("r001"), folder.with_name("r004"))
    assert "的清单说它是" in one_sentence(xize(home, "verify", f"{EDITION}@r004").err)
    assert _xize(home, "verify", f"{EDITION}@r003").exit_code == 0
    assert isinstance(_xize(home, "verify", f"{EDITION}@r009").exception, XizeError)


def test_prune_never_deletes_the_latest(home: Path) -> None:
    _xize(home, "rollback", EDITION, "r001")
    assert "已删除r002" in _xize(home, "prune", "--keep", "1").stdout
    assert sorted(path.name for path in (home / "curated" / EDITION).glob("[!.]*")) == [
        "latest.json",
        "r001",
        "r003",
    ]
    assert "没有可删除的发布" in _xize(home, "prune", EDITION, "--keep", "1").stdout
    assert isinstance(_xize(home, "prune", "--keep", "0").exception, XizeError)


def test_sql_writes_every_format(home: Path, tmp_path: Path) -> None:
    query = "select class_code, text, grades, issuer from entries where kind = 'skill' order by text limit 3"
    plain = _xize(home, "sql", query)
    assert plain.exit_code == 0 and "class_code" in plain.stdout and "6101" in plain.stdout
    rows = json.loads(_xize(home, "sql", query, "--format", "json").stdout)
    assert len(rows) == 3 and all(isinstance(row["grades"], list) for row in rows)
    assert all(row["text"] in plain.stdout for row in rows)
    flat = list(csv.DictReader(io.StringIO(_xize(home, "sql", query, "-f", "csv").stdout)))
    assert [json.loads(row["grades"]) for row in flat] == [row["grades"] for row in rows]
    assert {row["issuer"] for row in flat} == {""}
    target = tmp_path / "out.parquet"
    assert _xize(home, "sql", query, "-f", "parquet", "-o", str(target)).exit_code == 0
    assert pq.read_table(target)["text"].to_pylist() == [row["text"] for row in rows]
    assert isinstance(_xize(home, "sql", query, "-f", "parquet").exception, XizeError)
    assert isinstance(_xize(home, "sql", query, "-o", str(tmp_path / "no/where.csv")).exception, XizeError)


def test_sql_loses_no_column_of_a_repeated_name(home: Path, tmp_path: Path) -> None:
    query = "select class_code, name as class_code from classes where class_code = '6101'"
    target = tmp_path / "out"
    for format in ("json", "parquet"):
        refused = _xize(home, "sql", query, "-f", format, "-o", str(target)).exception
        assert isinstance(refused, XizeError) and "重名的列“class_code”" in str(refused)
        assert "as" in str(refused) and not target.exists()
    assert _xize(home, "sql", query, "-f", "csv").stdout == "class_code,class_code\n6101,农业类\n"
    shown = _xize(home, "sql", query).stdout
    assert "6101" in shown and "农业类" in shown


def test_csv_for_a_spreadsheet_runs_no_formula(home: Path) -> None:
    query = "select '=1+1' as \"=x\", -1 as n, '@a' as b, '\t=2' as c, ['=3'] as d"
    assert _xize(home, "sql", query, "-f", "csv").stdout == '\'=x,n,b,c,d\n\'=1+1,-1,\'@a,\'\t=2,"[""=3""]"\n'


def test_sql_writes_a_table_to_a_file_as_to_a_pipe(home: Path, tmp_path: Path) -> None:
    query = "select *, repeat('长', 200) as wide, 7 as \"count(1)\" from entries limit 5"
    target = tmp_path / "out.txt"
    assert _xize(home, "sql", query, "-o", str(target)).exit_code == 0
    assert target.read_text() == _xize(home, "sql", query).stdout


def test_sql_at_a_release(home: Path) -> None:
    query = "select count(*)::int as n from classes"
    assert json.loads(_xize(home, "sql", query, "-f", "json").stdout) == [{"n": 3}]
    pinned = _xize(home, "sql", query, "--at", f"{EDITION}@r001", "-f", "json")
    assert json.loads(pinned.stdout) == [{"n": 1}]


def test_check_answers_with_its_exit_code(home: Path) -> None:
    yes = _xize(home, "check", "--class", "6101", "--name", "农作物植保员", "--grade", "4")
    assert yes.exit_code == 0
    assert f"{EDITION}@r003 6101农业类 农作物植保员 4级：计入，级次：中级" in yes.stdout
    assert "第4页，框(72.0, " in yes.stdout and "单元格6101-skill-中级" in yes.stdout
    no = _xize(home, "check", "--class", "4101", "--name", "农作物植保", "--grade", "四级")
    assert no.exit_code == 1 and "不计入" in no.stdout and "名称相近" in no.stdout
    error = _xize(home, "check", "--class", "9999", "--name", "农作物植保员").exception
    assert isinstance(error, XizeError) and error.exit_code == 2


def test_check_as_json(home: Path) -> None:
    answer = json.loads(_xize(home, "check", "--class", "2101", "--name", "农作物植保员", "--json").stdout)
    assert answer["counts"] is True and answer["tiers"] == ["初级", "中级", "高级"]
    first = answer["matches"][0]
    assert {"text", "page", "x0", "top", "x1", "bottom", "cell_id", "release", "edition"} <= first.keys()
    assert answer["verdicts"][0]["release"] == "r003"


def test_add_says_what_to_do_next(tmp_path: Path) -> None:
    transcript = tmp_path / "t.txt"
    transcript.write_text("2026年江苏省细则\n", encoding="utf-8")
    added = _xize(tmp_path, "add", "jiangsu-2026", str(transcript))
    assert (
        added.exit_code == 0
        and "2026年江苏省细则" in added.stdout
        and "xize run jiangsu-2026" in added.stdout
    )
    assert (tmp_path / "raw/jiangsu-2026/source.yaml").is_file()
    assert "未作改动" in _xize(tmp_path, "add", "jiangsu-2026", str(transcript)).stdout


ROOT = Path(__file__).resolve().parents[2]


def test_what_parquet_or_the_terminal_cannot_hold_is_one_sentence(
    published: tuple[Path, Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _ = published
    file = tmp_path / "x.parquet"
    done = xize(home, "sql", "select interval 1 month as i", "-f", "parquet", "-o", file)
    assert done.code == 2 and "Parquet" in one_sentence(done.err) and not file.exists()
    assert xize(None, "--home", "", "releases").code == 2
    monkeypatch.setenv("PYTHONIOENCODING", "gbk")
    command = [sys.executable, "-m", "pipeline.cli", "--home", home, "sql", "select '𠮷' as a"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="gbk", check=False)
    assert refused.returncode == 2 and "U00020bb7" in one_sentence(refused.stderr)
