"""Findings as a steward works through them: order, acceptances that lapse, templates, carrying over; on the command line."""

from __future__ import annotations

import csv
import datetime
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli.app import app
from pipeline.editions.source_yaml import dump_yaml, load_yaml
from pipeline.errors import XizeError
from pipeline.findings import Finding, digits_of
from pipeline.quality.assess import assess, set_statuses
from pipeline.quality.corrections.file import load_corrections
from pipeline.quality.decisions import (
    accept,
    affected,
    by_worth,
    finding_rows,
    load_accepted,
    row_digest,
    statuses,
)
from tests.quality.small_editions import CHANGED, KEPT, NEW, OLD, make_home
from tests.quality.truth_tables import EDITION, truth_tables

TODAY = datetime.date(2026, 1, 5)


def xize(home: Path, *arguments: str, fails: bool = False) -> Result:
    result = CliRunner().invoke(app, ["--home", str(home), *arguments])
    if fails:
        assert isinstance(result.exception, XizeError), result.output
    else:
        assert result.exit_code == 0, (result.output, result.exception)
    return result


def listed(home: Path, *arguments: str) -> list[dict[str, Any]]:
    return json.loads(xize(home, "findings", EDITION, "--format", "json", *arguments).stdout)


# --- the files


def _finding(evidence: str = "甲", keys: tuple[str, ...] = ("a" * 8, "b" * 8)) -> Finding:
    return Finding("tier_conflict", "某条。", evidence, table="credentials", keys=keys, page=3)


def test_an_acceptance_lapses_when_its_evidence_changes(tmp_path: Path) -> None:
    path = tmp_path / "accepted.yaml"
    rows = finding_rows([_finding()], EDITION)
    assert accept(path, rows, "原文如此", "李", TODAY) == 1
    accepted = load_accepted(path)
    assert [(one.why, one.by, one.date, one.code) for one in accepted] == [
        ("原文如此", "李", TODAY, "tier_conflict")
    ]
    assert statuses([_finding()], accepted) == {_finding().digits: "accepted"}
    # The same rows in another order are the same evidence; one row more is not.
    assert statuses([_finding(keys=("b" * 8, "a" * 8))], accepted)
    more = _finding(keys=("a" * 8, "b" * 8, "c" * 8))
    assert more.digits == _finding().digits and not statuses([more], accepted)


def test_accepting_keeps_comments_and_order(tmp_path: Path) -> None:
    path = tmp_path / "accepted.yaml"
    one, other = finding_rows([_finding("甲"), _finding("乙")], EDITION)
    accept(path, [one], "原文如此", "李", TODAY)
    path.write_text(
        "# 李经手\n" + path.read_text(encoding="utf-8") + "  # 已与发布机关核对\n", encoding="utf-8"
    )
    accept(path, [other], "同上", "王", TODAY)
    before = path.read_bytes()
    with pytest.raises(XizeError, match=f"发现{one['finding_id']}已由李接受，没有改动"):
        accept(path, [other, one], "再次核对", "王", TODAY)
    assert path.read_bytes() == before
    accept(path, [one], "再次核对", "李", TODAY)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# 李经手\n") and "# 已与发布机关核对" in text
    assert [(a.finding_id, a.why) for a in load_accepted(path)] == [
        (one["finding_id"], "再次核对"),
        (other["finding_id"], "同上"),
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("- finding_id: abcdef01\n  why: 甲\n", "第1行缺少键“evidence”"),
        ("甲\n", "不是列表"),
        ("- 甲\n", "第1行不是一项接受"),
        (
            "- finding_id: abcdef01\n  evidence: 0123456789abcdef\n  why: 甲\n  by: 李\n  date: 某日\n",
            "第5行",
        ),
        ("- [\n", "不是合法的YAML"),
    ],
)
def test_a_mistake_in_accepted_yaml(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "accepted.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(XizeError, match=word) as caught:
        load_accepted(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(XizeError):
        accept(path, finding_rows([_finding()], EDITION), "甲", "李", TODAY)
    assert path.read_text(encoding="utf-8") == text, "a file with a mistake is not written over"


# --- the command line


def test_findings_come_by_worth(home: Path) -> None:
    rows = listed(home)
    assert [row["finding_id"] for row in rows] == [row["finding_id"] for row in by_worth(rows)]
    queues = [row["queue"] for row in rows]
    assert set(queues) == {"reading", "document"} and queues == sorted(queues, reverse=True)
    for queue in ("reading", "document"):
        worth = [row["chance"] * row["rows"] for row in rows if row["queue"] == queue]
        assert worth == sorted(worth, reverse=True)
        assert [row["finding_id"] for row in listed(home, "--queue", queue)] == [
            row["finding_id"] for row in rows if row["queue"] == queue
        ]
    known = rows[queues.index("document")]
    assert known["rows"] > 300 and known["code"] == "tier_conflict" and known["remedy"]


def test_filters_and_formats(home: Path) -> None:
    rows = listed(home)
    page = next(row["page"] for row in rows if row["code"] == "item_repeated")
    kept = listed(home, "--code", "item_repeated", "--page", str(page), "--severity", "warning")
    assert kept == [row for row in rows if row["code"] == "item_repeated" and row["page"] == page] and kept
    assert listed(home, "--limit", "3") == rows[:3]
    assert listed(home, "--status", "accepted") == []
    text = xize(home, "findings", EDITION, "--format", "csv", "--code", "item_repeated").stdout
    made = list(csv.DictReader(io.StringIO(text)))
    same = [row for row in rows if row["code"] == "item_repeated"]
    assert [row["finding_id"] for row in made] == [row["finding_id"] for row in same]
    assert made[0]["keys"].split() == same[0]["keys"] and made[0]["message"] == same[0]["message"]
    shown = xize(home, "findings", EDITION, "--limit", "2").stdout
    lines = shown.splitlines()
    assert lines[0].startswith(f"{EDITION} · 来源pdf · r001 · 待处理：可能读错")
    assert all(sum(2 if ord(char) > 0x2E7F else 1 for char in line) <= 100 for line in lines)
    whole = "".join(line.strip() for line in lines)
    for row in rows[:2]:
        assert all(words in whole for words in (row["finding_id"], row["message"], f"处理：{row['remedy']}"))
    assert f"共{len(rows)}项" in shown
    assert "tier_conflikt" in str(
        xize(home, "findings", EDITION, "--code", "tier_conflikt", fails=True).exception
    )
    assert "没有符合条件" in xize(home, "findings", EDITION, "--page", "9999").stdout


def test_an_edition_that_was_never_run(home: Path) -> None:
    error = xize(home, "findings", "shanghai-2031", fails=True).exception
    assert "xize run shanghai-2031" in str(error)


def test_findings_of_a_release(home: Path) -> None:
    everything = listed(home)
    (home / "staged" / EDITION / "findings.parquet").unlink()
    assert listed(home) == everything == listed(home, "--release", "r001")


def test_accept_settles_until_the_evidence_changes(home: Path) -> None:
    first, second = listed(home)[:2]
    said = xize(
        home, "accept", digits_of(first["finding_id"])[:8], "--why", "该类另有对应规则", "--by", "李"
    ).stdout
    assert "接受1项" in said
    assert first["finding_id"] not in {row["finding_id"] for row in listed(home)}
    (kept,) = listed(home, "--status", "accepted")
    assert kept["finding_id"] == first["finding_id"]
    # The next run marks the rows accordingly, and tells when it no longer counts.
    accepted = load_accepted(home / "raw" / EDITION / "accepted.yaml")
    tables, findings = assess(truth_tables(), edition=EDITION, source="pdf")
    settled = set_statuses(tables, findings, edition=EDITION, source="pdf", accepted=accepted)
    (row,) = [r for r in settled["findings"].to_pylist() if r["status"] == "accepted"]
    assert row["finding_id"] == first["finding_id"]
    plain = set_statuses(tables, findings, edition=EDITION, source="pdf")
    attention = [sum(t["entries"]["requires_attention"].to_pylist()) for t in (plain, settled)]
    assert 0 < attention[0] - attention[1] <= affected(first)
    assert second["finding_id"] in {row["finding_id"] for row in listed(home)}


def test_accept_refuses_what_is_not_one_finding(home: Path) -> None:
    assert "至少前6位" in str(xize(home, "accept", "ab", "--why", "甲", fails=True).exception)
    assert "没有标识为“zzzzzz”" in str(xize(home, "accept", "zzzzzz", "--why", "甲", fails=True).exception)
    known = listed(home)[0]["finding_id"]
    assert "--why" in str(xize(home, "accept", known, "--why", " ", fails=True).exception)
    assert not (home / "raw" / EDITION / "accepted.yaml").exists()


def test_correct_writes_everything_but_the_decision(home: Path) -> None:
    path = home / "raw" / EDITION / "corrections.yaml"
    near = next(
        row for row in listed(home, "--code", "name_near_duplicate") if "西式西点师" in row["message"]
    )
    said = xize(home, "correct", near["finding_id"], "--by", "李").stdout
    assert "1项待填" in said
    with pytest.raises(XizeError, match="没有写明|须用to"):
        load_corrections(path)  # undecided: a run stops and says where
    (item,) = load_yaml(path)
    assert dict(item["where"]) == {"class": "6901", "kind": "skill", "tier": "初级"}
    assert (
        item["from"].startswith("西式西点师") and item["to"] is None and item["finding"] == near["finding_id"]
    )
    assert near["message"] in path.read_text(encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    decided = text.replace("to:\n", "to: 西式面点师(五级/初级工)\n").replace(
        "reason:\n", "reason: 误植 # 已核对\n"
    )
    path.write_text(decided, encoding="utf-8")
    (correction,) = load_corrections(path)
    assert correction.finding == near["finding_id"]
    # A second one is added below; the first is left as it is. Asking again for the same is refused.
    repeated = listed(home, "--code", "item_repeated")[0]
    xize(home, "correct", repeated["finding_id"])
    again = path.read_text(encoding="utf-8")
    assert again.startswith(decided.rstrip("\n")) and "# 已核对" in again
    assert "已有发现" in str(xize(home, "correct", near["finding_id"], fails=True).exception)
    items = load_yaml(path)[1:]
    assert len(items) == repeated["rows"] and all(
        i["action"] == "drop" and i["where"]["position"] for i in items
    )
    # What is decided counts at once; what is not does not keep anybody from the list.
    assert [row["finding_id"] for row in listed(home, "--status", "corrected")] == [near["finding_id"]]


def test_a_finding_about_hundreds_of_rows_gets_a_start(home: Path) -> None:
    first = max(listed(home), key=lambda row: row["rows"])
    assert first["rows"] > 300
    said = xize(home, "correct", first["finding_id"]).stdout
    assert f"涉及{first['rows']}处，只写了前20处" in said and "xize accept" in said
    assert len(load_yaml(home / "raw" / EDITION / "corrections.yaml")) == 20


def test_a_corrected_finding_says_so(home: Path) -> None:
    path = home / "raw" / EDITION / "corrections.yaml"
    by_id = {row["entry_id"]: row for row in truth_tables()["entries"].to_pylist()}
    near = next(row for row in listed(home, "--code", "name_near_duplicate") if row["key"] in by_id)
    entry = by_id[near["key"]]

    def write(text: str) -> None:
        place = f'{{class: "{entry["class_code"]}", kind: {entry["kind"]}, tier: {entry["tier"]}}}'
        path.write_text(
            f"- where: {place}\n  action: drop\n  from: {text}\n  reason: 误植\n  by: 李\n"
            f"  date: 2026-01-05\n  finding: {near['finding_id']}\n",
            encoding="utf-8",
        )

    write(entry["text"])  # as 1.0.0 wrote it, without evidence
    assert [row["finding_id"] for row in listed(home, "--status", "corrected")] == [near["finding_id"]]
    write("甲")  # another row is none of its evidence
    assert listed(home, "--status", "corrected") == []


# --- carrying over, on printed editions


@pytest.fixture(scope="module")
def two_editions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_home(tmp_path_factory.mktemp("two") / "home")
    corrections = f"""\
# 甲类
- where: {{class: "6101", kind: skill, tier: 初级}}
  action: replace   # 一字之差
  from: {KEPT}
  to: 插花花艺师(五级/初级工)
  reason: 误植
  by: 李
  date: 2026-01-05
- where: {{class: "6101", kind: skill, tier: 初级}}
  action: replace
  from: {CHANGED}
  to: 花艺环境设计师(四级/中级)
  reason: 误植
  by: 李
  date: 2026-01-05
"""
    (home / "raw" / OLD / "corrections.yaml").write_text(corrections, encoding="utf-8")
    return home


def test_carry(two_editions: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(two_editions, home)
    from pipeline.cli.findings import fresh_reading
    from pipeline.editions.edition import load_edition

    old = [dict(row) for row in fresh_reading(load_edition(home, OLD)).findings]
    fresh = fresh_reading(load_edition(home, NEW)).findings
    new = {(digits_of(row["finding_id"]), row_digest(row)) for row in fresh}
    same = [row for row in old if (digits_of(row["finding_id"]), row_digest(row)) in new]
    gone = {**old[0], "finding_id": "0123456789abcdef", "message": "已不存在的发现。"}
    assert same
    accept(home / "raw" / OLD / "accepted.yaml", [same[0], gone], "原文如此", "李", TODAY)
    said = xize(home, "carry", OLD, NEW).stdout
    assert f"更正：1项已转到{NEW}，1项不再适用" in said and CHANGED in said
    assert "接受：1项" in said and "已不存在的发现" in said
    (kept,) = load_corrections(home / "raw" / NEW / "corrections.yaml")
    assert kept.expect == KEPT
    assert "# 一字之差" in (home / "raw" / NEW / "corrections.yaml").read_text(encoding="utf-8")
    assert [one.finding_id for one in load_accepted(home / "raw" / NEW / "accepted.yaml")] == [
        f"{NEW}:{digits_of(same[0]['finding_id'])}"
    ]
    # Once more changes nothing.
    files = [home / "raw" / NEW / name for name in ("corrections.yaml", "accepted.yaml")]
    before = [file.read_bytes() for file in files]
    assert "其中1项那里已有" in xize(home, "carry", OLD, NEW).stdout
    assert [file.read_bytes() for file in files] == before


def test_what_stands_there_already_is_not_lost(two_editions: Path, tmp_path: Path) -> None:
    """As after a run that learned from the last edition: the correction has nothing left to do."""
    home = tmp_path / "home"
    shutil.copytree(two_editions, home)
    path = home / "raw" / OLD / "corrections.yaml"
    known = load_yaml(path)
    known[0] |= {"from": "甲工", "to": KEPT}
    known[1] |= {"action": "join", "from": [KEPT[:3], KEPT[3:]], "to": None}
    dump_yaml(path, known)
    assert "更正：0项已转到" in (said := xize(home, "carry", OLD, NEW).stdout)
    assert "，2项所改已是如此，0项不再适用" in said


def test_carry_to_a_replaced_file_of_the_same_edition(two_editions: Path, tmp_path: Path) -> None:
    """An erratum: the file under raw/ is another one; what no longer applies is named, nothing is written."""
    home = tmp_path / "home"
    shutil.copytree(two_editions, home)
    from pipeline.editions.edition import load_edition
    from pipeline.editions.files import file_sha256

    path = load_edition(home, OLD).path()
    before = file_sha256(path)
    shutil.copy(load_edition(home, NEW).path(), path)
    source = home / "raw" / OLD / "source.yaml"
    source.write_text(source.read_text(encoding="utf-8").replace(before, file_sha256(path)), encoding="utf-8")
    decided = (home / "raw" / OLD / "corrections.yaml").read_bytes()
    said = xize(home, "carry", OLD, OLD).stdout
    assert "更正：1项仍适用，1项不再适用" in said and CHANGED in said
    assert (home / "raw" / OLD / "corrections.yaml").read_bytes() == decided
    (home / "raw" / OLD / "corrections.yaml").unlink()
    assert "没有可转移" in xize(home, "carry", OLD, NEW).stdout


def test_a_correction_of_a_cell_follows_its_text() -> None:
    from pipeline.quality.carry import NewReading, carry
    from pipeline.quality.corrections.file import Correction
    from tests.quality.test_corrections import staged

    old = staged(
        {"row": 0, "col": 0, "x0": 40.0, "texts": ["甲"]}, {"row": 1, "col": 0, "x0": 40.0, "texts": ["乙"]}
    )
    new = staged(*({"row": n, "col": 0, "x0": 40.0, "texts": [t]} for n, t in enumerate(("丙", "丙", "乙"))))
    made = [
        Correction.model_validate(
            {
                "where": {"cell_id": f"p0001-t1-r{row:03d}-c00"}, "action": "replace", "from": text, "to": "丁",
                "reason": "误植", "by": "李", "date": TODAY, "line": row + 1, "file": "corrections.yaml",
            }
        )
        for row, text in enumerate("甲乙")
    ]  # fmt: skip
    done = carry(made, (), old, NewReading(new, {}, ()))
    assert done.corrections == {1: "p0001-t1-r002-c00"}
    assert [c.expect for c, _ in done.lost_corrections] == ["甲"] and "第1行" in done.lost_corrections[0][1]


@pytest.mark.parametrize("words", ["a\udcffb", "红\x1b[31m"])
def test_what_no_file_should_keep_is_not_accepted(words: str, tmp_path: Path) -> None:
    path = tmp_path / "accepted.yaml"
    rows = finding_rows([_finding()], EDITION)
    for why, by in ((words, "李"), ("原文如此", words)):
        with pytest.raises(XizeError, match="控制字符"):
            accept(path, rows, why, by, TODAY)
    assert not path.exists()


def test_a_user_without_a_name_is_asked_for_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = listed(home)[0]["finding_id"]
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)  # no such user in the system's list
    failed = xize(home, "accept", known, "--why", "甲", fails=True)
    assert str(failed.exception) == "不知道是谁在操作：请用--by署名。"
    assert xize(home, "accept", known, "--why", "甲", "--by", "李").exit_code == 0
