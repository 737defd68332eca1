"""``xize run`` from the review page, in a process of its own that reports its progress line by line."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.errors import XizeError
from pipeline.job import STAGES, Options, Outcome
from pipeline.run import run
from pipeline.schema import TABLES
from pipeline.schema.changes import CHANGE_KINDS
from pipeline.system import apart, end_group, sigterm_exits

_ROOT = str(Path(__file__).resolve().parents[2])


class Rerun:
    """One run at a time. ``status`` is idle | running | tried | published | unchanged | failed."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._status: dict[str, Any] = {"status": "idle", "words": ""}

    @property
    def status(self) -> dict[str, Any]:
        """How the run stands, in a sentence and (0–1) how far the stage is."""
        with self._guard:
            return dict(self._status)

    def start(self, publish: bool) -> bool:
        """Start a run, which publishes or only says what that would change; False when one is under way."""
        with self._guard:
            if self._status["status"] == "running":
                return False
            self._status = {"status": "running", "words": "准备", "share": None}
            known = os.environ.get("PYTHONPATH")
            path = f"{_ROOT}{os.pathsep}{known}" if known else _ROOT
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "pipeline.review.rerun"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"}, **apart(),
                )  # fmt: skip
            except OSError as error:
                words = f"无法开始运行（{error.strerror}）：请在命令行运行“xize run”。"
                self._status = {"status": "failed", "words": words}
                return True
            threading.Thread(
                target=self._follow, args=(self._process, publish), name="rerun", daemon=True
            ).start()
        return True

    def _follow(self, process: subprocess.Popen[bytes], publish: bool) -> None:
        assert process.stdin is not None and process.stdout is not None
        with suppress(BrokenPipeError), process.stdin:  # it has ended already: what it said is reported
            pickle.dump(replace(self._options, publish=publish), process.stdin)
        last: dict[str, Any] = {}
        said = "没有说明"
        for line in process.stdout:
            if not line.startswith(b'{"status"'):  # a library's own words, or those of an error
                said = line.decode("utf-8", "replace").strip() or said
                continue
            last = json.loads(line)
            if last["status"] == "running":
                with self._guard:
                    self._status = last
        process.wait()
        if last.get("status") in (None, "running"):
            words = f"运行意外中断（{said[:200]}）：请在命令行运行“xize run”查看。"
            last = {"status": "failed", "words": words}
        with self._guard:
            self._status, self._process = last, None

    def close(self) -> None:
        """End a run that is under way, with all of its processes."""
        with self._guard:
            process = self._process
        if process is not None:
            end_group(process)


def _trial(outcome: Outcome) -> dict[str, Any]:
    """What publishing would change, and what is still doubtful."""
    changes = {
        name: [[CHANGE_KINDS[kind], count] for kind, count in kinds.items()]
        for name, kinds in outcome.changes.items()
    }
    # What is only divided otherwise changes no printed text, but rows.
    rows = [
        [TABLES[one.table].title_zh, one.added, one.removed, one.changed]
        for one in outcome.deltas
        if one.rows_before and (one.added or one.removed or one.changed)
    ]
    return {"changes": changes, "rows": rows, "queues": dict(outcome.by_queue), "errors": outcome.open_errors}


def _main() -> None:
    """The process: run with the options given on standard input, and say on standard output how it goes."""

    def say(status: str, words: str, **more: Any) -> None:
        print(json.dumps({"status": status, "words": words, **more}, ensure_ascii=False), flush=True)

    def report(stage: str, done: int, total: int) -> None:
        say("running", STAGES.get(stage, stage), share=done / total if total > 1 else None)

    try:
        with sigterm_exits():  # what was begun is cleared away
            outcome = run(pickle.load(sys.stdin.buffer), report)
    except XizeError as error:
        say("failed", str(error))
    except OSError as error:
        say("failed", f"无法读写文件（{error.strerror}）：请检查磁盘空间与权限。")
    else:
        name = outcome.release.release if outcome.release else ""
        if outcome.release is None:
            say("tried", f"已试运行，没有发布。{outcome.remark}", **_trial(outcome))
        elif outcome.changed:
            say("published", f"已发布{name}。{outcome.remark}", release=name)
        else:
            say("unchanged", f"没有变化，最新仍为{name}。{outcome.remark}", release=name)


if __name__ == "__main__":
    _main()
