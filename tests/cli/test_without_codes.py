"""Editions whose class cells print no codes, or codes of six digits, all the way: run, check, diff, history …"""

from __future__ import annotations

import copy
import csv
import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.releases.storage import dump_json
from tests.cli_home import TRUTH, one_sentence, print_rulebook, xize
from tests.typeset.content import excerpt

pytestmark = pytest.mark.long
CODED, BARE = "demo-2025", "demo-2026"


def _key(name: str) -> str:
    return "N" + hashlib.sha256(name.encode()).hexdigest()[:8]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two editions of the same words, the second without codes in its class cells; its title is another."""
    home = tmp_path_factory.mktemp("bare")
    (home / "raw").mkdir()
    coded = excerpt(json.loads(TRUTH.read_text("utf-8")), classes=2, annex_rows=4, sections=2, annexes=3)
    bare = copy.deepcopy(coded)
    for section in bare["sections"]:
        for one in section["classes"]:
            one["codes"] = []
    for name, truth in ((CODED, coded), (BARE, bare)):
        path = print_rulebook(truth, home / f"{name}.pdf")
        assert xize(home, "add", name, path).code == 0
        done = xize(home, "run", name, "--no-prefect")
        assert done.code == 0, done.err
    return home


def _rows(home: Path, table: str, release: str = "r001") -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(
        home / "curated" / BARE / release / f"{table}.parquet"
    ).to_pylist()
    return rows


def test_the_name_is_the_key(home: Path) -> None:
    classes = _rows(home, "classes")
    assert [row["name"] for row in classes if row["code_printed"]] == [] and len(classes) == 4
    assert {row["class_code"] for row in classes} == {_key(str(row["name"])) for row in classes}
    assert {row["major_code"] for row in classes} == {"61", "62"}
    keys = {row["class_code"] for row in classes}
    assert {row["class_code"] for table in ("entries", "credentials") for row in _rows(home, table)} == keys
    said = [row for row in _rows(home, "findings") if row["code"] == "class_code_missing"]
    assert {row["key"] for row in said} == keys and {row["severity"] for row in said} == {"warning"}
    coded = pq.read_table(home / "curated" / CODED / "r001" / "classes.parquet")["code_printed"]
    assert set(coded.to_pylist()) == {True}


def test_check_takes_the_name_and_the_key(home: Path) -> None:
    for asked in ("农业类", _key("农业类")):
        done = xize(home, "check", "--class", asked, "--name", "农业经理人", "--edition", BARE, "--json")
        answer = json.loads(done.out)
        assert done.code == 0 and answer["counts"], done.err
        assert {one["class_code"] for one in answer["verdicts"]} == {_key("农业类")}
    done = xize(home, "check", "--class", "农业类", "--name", "农业经理人", "--json")
    assert [one["counts"] for one in json.loads(done.out)["verdicts"]] == [True, True]
    done = xize(home, "check", "--class", "6101", "--name", "农业经理人", "--edition", BARE)
    assert done.code == 2 and "请用名称" in one_sentence(done.err)


def test_one_change_for_a_class_that_prints_no_code(home: Path) -> None:
    done = xize(home, "diff", CODED, BARE, "--format", "json")
    changes = json.loads(done.out)
    assert done.code == 1 and {row["change"] for row in changes} == {"class_recoded"}, done.out
    pairs = {(row["before"][:4], row["after"]) for row in changes}
    assert pairs == {("6101", None), ("6102", None), ("6203", None), ("6206", None)}
    farming = next(row for row in changes if row["class_name"] == "农业类")
    assert (farming["class_code"], farming["class_code_after"]) == ("6101", _key("农业类"))
    back = json.loads(xize(home, "diff", BARE, CODED, "--format", "json").out)
    assert [row["change"] for row in back] == ["class_recoded"] * 4 and {row["before"] for row in back} == {
        None
    }
    for option, name in (("--html", "a.html"), ("--xlsx", "a.xlsx"), ("--notice", "a.docx")):
        assert xize(home, "diff", CODED, BARE, option, home / name).code == 1 and (home / name).stat().st_size


def test_history_follows_a_class_that_loses_its_code(home: Path) -> None:
    for asked in ("6101", "农业类", _key("农业类")):
        done = xize(home, "history", "--class", asked, "--name", "农业经理人", "--format", "json")
        assert done.code == 0, done.err
        (life,) = json.loads(done.out)["lives"]
        assert life["class_code"] == "6101"
        states = [(one["edition"], one["state"]) for one in life["editions"]]
        assert states == [(CODED, "stands"), (BARE, "stands")], asked


def test_coverage_knows_the_classes_by_name(home: Path) -> None:
    rows = {row["key"]: row for row in _rows(home, "coverage") if row["subject"] == "class"}
    assert (rows["6101"]["status"], rows["6101"]["detail"]) == ("present", "没有印出代码")
    done = xize(home, "coverage", BARE)
    assert (
        done.code == 0 and "有4个" in done.out and "6103畜牧业类" in done.out and "6101农业类" not in done.out
    )
    assert "class_not_in_moe_list" not in {row["code"] for row in _rows(home, "findings")}


def test_export_and_sql_hold_the_keys(home: Path) -> None:
    assert xize(home, "export", BARE, "--csv", home / "csv").code == 0
    with (home / "csv" / "classes.csv").open(encoding="utf-8-sig") as stream:
        assert _key("农业类") in {cell for row in csv.reader(stream) for cell in row}
    done = xize(
        home, "sql", "select edition, code_printed from classes where name = '农业类' order by 1", "-f", "csv"
    )
    assert done.out.splitlines()[1:] == [f"{CODED},True", f"{BARE},False"]


def test_a_release_of_before_there_was_the_column_stays_readable(home: Path, tmp_path: Path) -> None:
    folder = home / "curated" / CODED / "r001"
    kept = {name: (folder / name).read_bytes() for name in ("classes.parquet", "manifest.json")}
    table = pq.read_table(folder / "classes.parquet").drop_columns(["code_printed"])
    pq.write_table(table, folder / "classes.parquet")
    manifest = json.loads(kept["manifest.json"])
    data = (folder / "classes.parquet").read_bytes()
    manifest["files"]["classes.parquet"] = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "rows": 4,
    }
    (folder / "manifest.json").write_bytes(dump_json(manifest))
    try:
        asked = ["--class", "农业类", "--name", "农业经理人"]
        assert xize(home, "check", *asked, "--edition", CODED).code == 0
        assert xize(home, "check", *asked).code == 0
        assert xize(home, "check", "--class", "9999", "--name", "农业经理人", "--edition", CODED).code == 2
        (life,) = json.loads(xize(home, "history", *asked, "--format", "json").out)["lives"]
        assert life["class_code"] == "6101" and not life["gaps"]
        changes = json.loads(xize(home, "diff", CODED, BARE, "--format", "json").out)
        assert [row["change"] for row in changes] == ["class_recoded"] * 4
        assert xize(home, "diff", f"{CODED}@r001", CODED).code == 0
        assert xize(home, "coverage", CODED).code == 0
        assert xize(home, "export", CODED, "--xlsx", tmp_path / "old.xlsx").code == 0
    finally:
        for name, content in kept.items():
            (folder / name).write_bytes(content)


def test_a_correction_by_key(home: Path) -> None:
    """Last: it publishes another release."""
    entry = next(row for row in _rows(home, "entries") if row["class_code"] == _key("农业类"))
    correction = {
        "where": {"class": entry["class_code"], "kind": entry["kind"], "tier": entry["tier"]},
        "action": "replace", "from": entry["text"], "to": "星际园艺师(三级/高级工)", "reason": "勘误", "by": "甲", "date": "2026-01-01",
    }  # fmt: skip
    (home / "raw" / BARE / "corrections.yaml").write_text(
        json.dumps([correction], ensure_ascii=False), "utf-8"
    )
    done = xize(home, "run", BARE, "--no-prefect")
    assert done.code == 0, done.err
    corrected = [row for row in _rows(home, "entries", "r002") if row["corrected"]]
    assert [(row["class_code"], row["text"]) for row in corrected] == [
        (_key("农业类"), "星际园艺师(三级/高级工)")
    ]
    finding = next(row for row in _rows(home, "findings", "r002") if row["key"] == _key("农业类"))
    done = xize(home, "accept", str(finding["finding_id"]), "-e", BARE, "--why", "原文如此", "--by", "甲")
    assert done.code == 0, done.err


def test_codes_of_six_digits_work_like_the_rest(home: Path, tmp_path: Path) -> None:
    """Its contents name an annex that is not there, too: that stops nothing."""
    six = excerpt(json.loads(TRUTH.read_text("utf-8")), classes=2, annex_rows=4, sections=2, annexes=3)
    for section in six["sections"]:
        for one in section["classes"]:
            one["codes"] = [f"{code}05" for code in one["codes"]]
    six["toc"].append({"text": "附件9：境外职业资格证书认可清单", "page": 2})
    assert xize(home, "add", "demo-2027", print_rulebook(six, tmp_path / "six.pdf")).code == 0
    done = xize(home, "run", "demo-2027", "--no-prefect")
    assert done.code == 0, done.err
    folder = home / "curated" / "demo-2027" / "r001"
    classes = pq.read_table(folder / "classes.parquet").to_pylist()
    codes = [(row["class_code"], row["college_code"], row["major_code"]) for row in classes]
    assert codes[:2] == [("610105", "410105", "61"), ("610205", "410205", "61")]
    (absent,) = (
        row
        for row in pq.read_table(folder / "findings.parquet").to_pylist()
        if row["code"] == "toc_annex_absent"
    )
    assert absent["severity"] == "warning" and "附件9" in absent["message"]
    covered = pq.read_table(folder / "coverage.parquet").to_pylist()
    assert [row["status"] for row in covered if row["subject"] == "annex" and row["key"] == "9"] == ["absent"]
    done = xize(
        home, "check", "--class", "610105", "--name", "农业经理人", "--edition", "demo-2027", "--json"
    )
    assert {one["class_code"] for one in json.loads(done.out)["verdicts"]} == {"610105"} and done.code == 0
    done = xize(home, "diff", CODED, "demo-2027", "--format", "json")
    assert done.code in (0, 1), done.err
    # Each class is paired with that of its name; a change names the code before.
    assert {row["class_code"] for row in json.loads(done.out)} == {"6101", "6102", "6203", "6206"}
