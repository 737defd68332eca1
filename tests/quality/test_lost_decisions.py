"""Nobody's decision is lost: many at once, during a run, and on what somebody else has decided."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.editions import files
from pipeline.editions.files import decisions_lock
from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.job import Options
from pipeline.quality.decisions import accept, finding_rows, load_accepted
from pipeline.releases.catalogue import load_release
from pipeline.releases.last_findings import load_findings
from pipeline.run import run
from tests.quality.small_editions import OLD, make_home
from tests.quality.truth_tables import EDITION

TODAY = datetime.date(2026, 1, 5)
ROOT = Path(__file__).parents[2]
TWENTY_FIVE = """
import datetime, sys, time
from pathlib import Path
from pipeline.findings import Finding
from pipeline.quality.decisions import accept, finding_rows
for number in range(25):
    rows = finding_rows([Finding("item_length", "某条。", f"{sys.argv[2]}/{number}", table="entries", key="a" * 16)], "shanghai-2025")
    accept(Path(sys.argv[1]), rows, "原文如此", sys.argv[2], datetime.date(2026, 1, 5))
    time.sleep(0.05)  # a person looks before the next
"""


def _start(*arguments: str | Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.long
def test_sixteen_commands_at_once_are_sixteen_acceptances(home: Path) -> None:
    ids = [row["finding_id"] for row in load_findings(home, EDITION, "")[:16]]
    command = ("-m", "pipeline.cli", "--home", home, "accept")
    started = [_start(*command, one, "--why", "原文如此", "--by", f"员{n}") for n, one in enumerate(ids)]
    said = [one.communicate(timeout=120) for one in started]
    assert [one.returncode for one in started] == [0] * 16, said
    accepted = load_accepted(home / "raw" / EDITION / "accepted.yaml")
    assert sorted((one.finding_id, one.by) for one in accepted) == sorted(
        (finding, f"员{n}") for n, finding in enumerate(ids)
    )


@pytest.mark.long
def test_none_of_two_hundred_decisions_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "accepted.yaml"
    started = [_start("-c", TWENTY_FIVE, path, f"员{number}") for number in range(8)]
    assert [one.wait(180) for one in started] == [0] * 8, [one.stderr.read() for one in started if one.stderr]
    accepted = load_accepted(path)
    assert len({one.finding_id for one in accepted}) == len(accepted) == 200


def test_who_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "DECISIONS_WAIT", 0.3)
    holds = (
        "import sys; from pathlib import Path; from pipeline.editions.files import decisions_lock\n"
        "with decisions_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", holds, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert other.stdout is not None and other.stdout.readline() == "held\n"
    rows = finding_rows([Finding("item_length", "某条。", "甲", table="entries", key="a" * 16)], EDITION)
    with pytest.raises(XizeError, match="正由别人写入：请稍后再试。$"):
        accept(tmp_path / "accepted.yaml", rows, "原文如此", "李", TODAY)
    other.communicate(timeout=20)
    assert accept(tmp_path / "accepted.yaml", rows, "原文如此", "李", TODAY) == 1
    with pytest.raises(XizeError, match="找不到文件夹"), decisions_lock(tmp_path / "none"):
        pass


@pytest.mark.long
def test_what_is_decided_during_a_run_counts_for_the_next(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    tried = run(Options(home, OLD, publish=False, workers=1))
    assert tried.remark == ""
    row = load_findings(home, OLD, "")[0]
    path = home / "raw" / OLD / "accepted.yaml"

    def decide(stage: str, done: int, total: int) -> None:
        if stage == "validate":  # never kept waiting by the run
            accept(path, [row], "原文如此", "李", TODAY)

    first = run(Options(home, OLD, workers=1, allow_incomplete=True), decide)
    assert first.remark == "运行期间accepted.yaml有改动：本次按开始时的内容，改动在下次运行时生效。"

    def status() -> str:
        rows = load_release(home / "curated", OLD)["findings"].to_pylist()
        return str(next(one["status"] for one in rows if one["finding_id"] == row["finding_id"]))

    assert status() == "open"
    second = run(Options(home, OLD, workers=1, allow_incomplete=True))
    assert second.changed and second.remark == "" and status() == "accepted"
