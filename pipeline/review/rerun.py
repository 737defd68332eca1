"""``xize run`` from the review page, in a process of its own that reports its progress line by line."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.job import Options

_STAGES = {"read": "读取页面", "check": "交叉核对", "tidy": "整理", "validate": "校验", "publish": "发布"}


class Rerun:
    """One run at a time. ``status`` is idle | running | published | unchanged | failed."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._guard = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._status: dict[str, Any] = {"status": "idle", "words": ""}

    @property
    def status(self) -> dict[str, Any]:
        """How the run stands, in a sentence and (0–1) how far the stage is."""
        with self._guard:
            return dict(self._status)

    def start(self) -> bool:
        """Start a run; False when one is under way."""
        with self._guard:
            if self._status["status"] == "running":
                return False
            self._status = {"status": "running", "words": "准备", "share": None}
            try:
                # A session of its own: all of its processes can be ended together.
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "pipeline.review.rerun"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                    encoding="utf-8", start_new_session=True, env=_environment(),
                )  # fmt: skip
            except OSError as error:
                words = f"无法开始运行（{error.strerror}）：请在命令行运行“xize run”。"
                self._status = {"status": "failed", "words": words}
                return True
            process = self._process
        assert process.stdin is not None
        asked = {
            "home": str(self._options.home), "edition": self._options.edition, "source": self._options.source,
            "password": self._options.password, "curated": self._options.curated,
            "allow_incomplete": self._options.allow_incomplete,
        }  # fmt: skip
        with contextlib.suppress(BrokenPipeError):  # it has ended already: what it said is reported
            process.stdin.write(json.dumps(asked))
            process.stdin.close()
        threading.Thread(target=self._follow, args=(process,), name="rerun", daemon=True).start()
        return True

    def _follow(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None and process.stderr is not None
        errors: list[str] = []
        reader = threading.Thread(target=_drain, args=(process.stderr, errors), daemon=True)
        reader.start()
        last: dict[str, Any] = {}
        for line in process.stdout:
            try:
                last = json.loads(line)
            except ValueError:
                continue  # a library's own words
            if last.get("status") == "running":
                with self._guard:
                    self._status = last
        process.wait()
        reader.join(5)
        if last.get("status") in (None, "running"):
            said = next((line.strip() for line in reversed(errors) if line.strip()), "没有说明")
            last = {
                "status": "failed",
                "words": f"运行意外中断（{said[:200]}）：请在命令行运行“xize run”查看。",
            }
        with self._guard:
            self._status = last
            self._process = None

    def close(self) -> None:
        """End a run that is under way, with all of its processes."""
        with self._guard:
            process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
                return
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _drain(stream: IO[str], into: list[str]) -> None:
    for line in stream:
        into.append(line)
        del into[:-50]


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{known}" if known else root, "PYTHONUTF8": "1"}


def _main() -> None:
    from pipeline.errors import XizeError
    from pipeline.job import Options
    from pipeline.run import run

    asked = json.loads(sys.stdin.read())
    options = Options(
        Path(asked["home"]), asked["edition"], asked["source"],
        password=asked["password"], curated=asked["curated"],
        allow_incomplete=asked["allow_incomplete"],
    )  # fmt: skip

    def say(**words: Any) -> None:
        print(json.dumps(words, ensure_ascii=False), flush=True)

    def report(stage: str, done: int, total: int) -> None:
        share = done / total if total > 1 else None
        say(status="running", words=_STAGES.get(stage, stage), share=share)

    try:
        outcome = run(options, report)
    except XizeError as error:
        say(status="failed", words=str(error))
        return
    except OSError as error:
        say(status="failed", words=f"无法读写文件（{error.strerror}）：请检查磁盘空间与权限。")
        return
    name = outcome.release.release if outcome.release else ""
    if outcome.changed:
        say(status="published", words=f"已发布{name}。", release=name)
    else:
        say(status="unchanged", words=f"没有变化，最新仍为{name}。", release=name)


if __name__ == "__main__":
    _main()
