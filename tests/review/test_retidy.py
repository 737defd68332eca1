"""Questions to the process that tidies anew: one at a time, of several waiting only the latest."""

from __future__ import annotations

import json
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import XizeError
from pipeline.job import Options
from pipeline.review import rerun
from pipeline.review.retidy import Tidier


def test_of_several_waiting_only_the_latest_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def changes(self: Tidier, before: list[Any], after: list[Any]) -> dict[str, Any]:
        begun.set()
        assert go_on.wait(10)
        return {"answer": len(after)}

    monkeypatch.setattr(Tidier, "_changes", changes)
    tidier = Tidier(Options(tmp_path, "nowhere-2031"))
    one: Any = object()
    try:
        first = tidier.ask([], [one])
        assert begun.wait(10)
        second, third = tidier.ask([], [one] * 2), tidier.ask([], [one] * 3)
        assert tidier.answer(first) is None and tidier.answer(third) is None
        assert tidier.answer(second) == {"gone": True} and tidier.answer(99) is None
        go_on.set()
        assert tidier.answer(third, 10) == {"answer": 3} and tidier.answer(first) == {"answer": 1}
    finally:
        go_on.set()
        tidier.close()


def test_a_process_that_cannot_answer_says_so(tmp_path: Path) -> None:
    tidier = Tidier(Options(tmp_path, "nowhere-2031"))
    try:
        answer = tidier.answer(tidier.ask([], []), 60)
        assert answer is not None and "nowhere-2031" in answer["problem"]
    finally:
        tidier.close()


def test_a_stage_of_a_run_is_named_in_chinese(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: Any, report: Any) -> None:
        report("recognise", 1, 4)
        raise XizeError("停。")

    monkeypatch.setattr(rerun, "run", run)
    monkeypatch.setattr(pickle, "load", lambda stream: None)
    rerun._main()
    said, failed = map(json.loads, capsys.readouterr().out.splitlines())
    assert said == {"status": "running", "words": "识别扫描页", "share": 0.25} and failed["words"] == "停。"
