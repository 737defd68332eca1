"""The flows with the real Prefect: what its API says of a run is what has happened."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.server import prepare
from pipeline.editions.add import add_edition
from pipeline.editions.edition import edition_lock
from pipeline.editions.plan import plan
from pipeline.errors import XizeError
from pipeline.job import Options, Outcome
from tests.flows.conftest import EDITION
from tests.flows.prefect_home import ask, command, tasks_of


def latest_flow_run() -> dict[str, Any]:
    """The flow run that was started last."""
    run: dict[str, Any] = ask("flow_runs/filter", {"sort": "START_TIME_DESC", "limit": 1})[0]
    return run


def logs_of(flow_run: dict[str, Any], count: int) -> dict[str, str]:
    """The messages of a flow run's logs by task run, once there are ``count`` of them."""
    until = time.monotonic() + 60
    asked = {"logs": {"flow_run_id": {"any_": [flow_run["id"]]}}, "sort": "TIMESTAMP_ASC"}
    while len(found := ask("logs/filter", asked)) < count and time.monotonic() < until:
        time.sleep(0.2)
    texts: dict[str, str] = {}
    for log in found:
        texts[log["task_run_id"]] = texts.get(log["task_run_id"], "") + log["message"]
    return texts


def test_what_prefect_shows_of_a_run_is_true(prefect_server: None, single: Path) -> None:
    from flows.runner import run
    from pipeline.run import run as run_here

    seen: list[tuple[str, int, int]] = []
    begin = time.time()
    outcome = run(Options(single, EDITION), lambda *step: seen.append(step))
    seconds = time.time() - begin
    assert outcome.release is not None and outcome.changed and outcome.rows["classes"] == 1
    folder = single / "curated" / EDITION / "r001"
    assert json.loads((folder.parent / "latest.json").read_text("utf-8"))["release"] == "r001"
    assert (folder / "validation" / "index.html").is_file()
    # Progress: pages, then the other stages.
    pages = [done for stage, done, _ in seen if stage == "read"]
    assert pages == sorted(pages) and pages[-1] == outcome.stats["pages"]
    assert [stage for stage, _, _ in seen[len(pages) :]] == ["tidy", "validate", "publish"]

    flow_run = latest_flow_run()
    assert (flow_run["name"], flow_run["state_type"]) == (f"publish-{EDITION}", "COMPLETED")
    tasks = tasks_of(flow_run, 5)
    order = sorted(tasks, key=lambda name: tasks[name]["start_time"])
    assert order == ["plan", "read", "tidy", "validate", "publish"]
    assert {(task["state_type"], task["run_count"]) for task in tasks.values()} == {("COMPLETED", 1)}
    # They took what they took: one after the other, together most of the time of the whole.
    times = [
        tuple(map(datetime.fromisoformat, (tasks[n]["start_time"], tasks[n]["end_time"]))) for n in order
    ]
    assert all(before[1] <= after[0] for before, after in zip(times, times[1:], strict=False))
    spent = {name: (end - start).total_seconds() for name, (start, end) in zip(order, times, strict=True)}
    assert seconds / 2 < sum(spent.values()) < seconds
    texts = logs_of(flow_run, 12)
    said = {name: texts[task["id"]] for name, task in tasks.items()}
    assert f"{outcome.stats['pages']}页" in said["read"] and "个单元格" in said["read"]
    assert f"'entries': {outcome.rows['entries']}" in said["tidy"]
    assert outcome.report is not None
    assert f"{len(outcome.report.results)}项期望" in said["validate"]
    assert str(folder) in said["publish"]
    wanted = {"key": {"any_": [f"findings-{EDITION}"]}, "flow_run_id": {"any_": [flow_run["id"]]}}
    found = ask("artifacts/filter", {"artifacts": wanted})
    assert found[0]["task_run_id"] == tasks["publish"]["id"]
    # The same tables as without Prefect; a second run asks Prefect for nothing.
    assert not run_here(Options(single, EDITION)).changed
    count = ask("flow_runs/count", {})
    assert not run(Options(single, EDITION)).changed
    assert ask("flow_runs/count", {}) == count


@pytest.mark.long
def test_a_document_at_fault_is_not_tried_again(prefect_server: None, home: Path, rulebook: Path) -> None:
    """Its sentence comes out as it is; the other edition of a rebuild is published."""
    from flows.editions import rebuild_all

    add_edition(home, "testland-2030", rulebook, title="试用细则")
    with pytest.raises(XizeError, match=f"^{EDITION}：") as failure:
        rebuild_all(home)
    assert "testland-2030" not in str(failure.value)
    assert not (home / "curated" / EDITION / "latest.json").exists()
    assert (home / "curated" / "testland-2030" / "r001" / "manifest.json").is_file()
    runs = ask(
        "flow_runs/filter",
        {"flow_runs": {"name": {"any_": [f"publish-{EDITION}"]}}, "sort": "START_TIME_DESC"},
    )
    assert runs[0]["state_type"] == "FAILED"
    tasks = tasks_of(runs[0], 3)
    assert {name: (task["state_type"], task["run_count"]) for name, task in tasks.items()} == {
        "plan": ("COMPLETED", 1), "read": ("COMPLETED", 1), "tidy": ("FAILED", 1),
    }  # fmt: skip
    path = plan(Options(home, EDITION)).path
    path.write_bytes(path.read_bytes() + b"\n")
    from flows.editions import publish_edition

    with pytest.raises(XizeError, match="校验和不符"):
        publish_edition(EDITION, home)
    assert tasks_of(latest_flow_run(), 1)["plan"]["run_count"] == 1


@pytest.mark.long
def test_a_file_that_cannot_be_fetched_for_a_moment_is_tried_again(
    prefect_server: None, single: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import editions
    from pipeline.editions.download import Unreachable

    asked: list[Options] = []

    def at_second(options: Options) -> Any:
        asked.append(options)
        if len(asked) == 1:
            raise Unreachable("网络中断。")
        return plan(options)

    monkeypatch.setattr(editions, "planned", at_second)
    outcome: Outcome = editions.publish_edition(EDITION, single)
    assert outcome.changed and tasks_of(latest_flow_run(), 5)["plan"]["run_count"] == 2


def test_findings_as_markdown() -> None:
    from pipeline.quality.findings_markdown import findings_markdown
    from pipeline.schema import build

    place = {"source": "pdf", "page": 3}
    rows = [
        {"finding_id": f"{EDITION}:{n:016x}", "queue": "reading", "chance": 0.3, "code": "item_implausible", "severity": "warning", "message": f"第{n}项|<b>异常。",
         "evidence": "", **place} for n in range(120)
    ]  # fmt: skip
    fault = {
        "finding_id": EDITION + ":" + "f" * 16,
        "severity": "error",
        "code": "key_duplicated",
        "message": "键重复。",
    }
    text = findings_markdown(EDITION, build("findings", [*rows, rows[0] | fault], EDITION))
    assert text.startswith(f"# {EDITION}的发现") and "错误1项，警告120项，提示0项。" in text
    assert "| 警告 | `item_implausible` | 条目形式异常 | 120 |" in text
    assert text.index("键重复。") < text.index("第0项") and "第0项\\|\\<b\\>异常。" in text
    assert "另有21项，见findings表。" in text
    assert findings_markdown(EDITION, build("findings", [], EDITION)).endswith("错误0项，警告0项，提示0项。")


# -- the command line, with a server of its own


def test_a_run_leaves_its_records_and_nothing_else(ran: Path) -> None:
    """Prefect's own database holds what has happened, its server has gone, and with it its log."""
    folder = ran / "staged" / ".prefect"
    assert {path.name.partition(".")[0] for path in folder.iterdir()} <= {"prefect", "memo_store"}
    with closing(sqlite3.connect(folder / "prefect.db")) as database:
        runs = database.execute("select name, state_type from flow_run").fetchall()
        tasks = database.execute("select name, state_type from task_run").fetchall()
        (logs,) = database.execute("select count(*) from log where task_run_id is not null").fetchone()
    assert runs == [(f"publish-{EDITION}", "COMPLETED")]
    assert {state for _, state in tasks} == {"COMPLETED"} and logs >= 10
    assert {name.partition("-")[0] for name, _ in tasks} == {"plan", "read", "tidy", "validate", "publish"}


@pytest.mark.long
def test_a_refusal_is_the_sentence_that_it_is_without_prefect(with_database: None, home: Path) -> None:
    running, alone = command(home, "run", EDITION), None
    _, said = running.communicate(timeout=240)
    alone = command(home, "run", EDITION, "--no-prefect")
    assert alone.communicate(timeout=240)[1] == said and said.strip().count("\n") == 0
    assert running.returncode == alone.returncode == 2


def test_a_configured_server_that_does_not_answer_is_one_sentence(single: Path) -> None:
    running = command(single, "run", EDITION, PREFECT_API_URL="http://127.0.0.1:9/api")
    _, said = running.communicate(timeout=60)
    assert running.returncode == 2 and said.strip().count("\n") == 0
    assert said.startswith("无法连接PREFECT_API_URL所指的Prefect服务器http://127.0.0.1:9/api（")
    assert not (single / "curated").exists()


@pytest.mark.parametrize(
    ("name", "health", "said"),
    [("run", b"<html>", "所答的不是Prefect"), ("run", b"true", "401"), ("serve", b"true", "401")],
)
def test_a_configured_address_of_something_else_is_one_sentence(
    single: Path, name: str, health: bytes, said: str
) -> None:
    """Any other page, or a server that wants a password."""
    with answering(health) as port:
        running = command(single, name, EDITION, PREFECT_API_URL=f"http://127.0.0.1:{port}/api")
        _, shown = running.communicate(timeout=120)
    assert running.returncode == 2 and shown.strip().count("\n") == 0
    assert said in shown and f"127.0.0.1:{port}/api" in shown
    assert not (single / "curated").exists()


@contextmanager
def answering(health: bytes) -> Iterator[int]:
    """The port of an HTTP server that says ``health`` of its health, and 401 to all else."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/api/health" else 401)
            self.send_header("Content-Length", str(len(health)))
            self.end_headers()
            self.wfile.write(health)

        do_POST = do_GET

        def log_message(self, format: str, *words: Any) -> None:
            """Silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_the_folder_that_prefect_home_names_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's log lies there, before Prefect itself makes it."""
    monkeypatch.setattr(os, "environ", {"PREFECT_HOME": str(tmp_path / "a" / "b")})
    assert prepare(tmp_path) == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.long
def test_a_server_that_cannot_start_says_why(single: Path) -> None:
    folder = single / "staged" / ".prefect"
    folder.mkdir(parents=True)
    (folder / "prefect.db").write_bytes(b"no database" * 1000)
    running = command(single, "run", EDITION)
    _, said = running.communicate(timeout=240)
    assert running.returncode == 2 and said.strip().count("\n") == 0
    (log,) = folder.glob("server-*.log")
    assert str(log) in said and "file is not a database" in log.read_text("utf-8")


@contextmanager
def with_server(home: Path) -> Iterator[tuple[Any, Any]]:
    """``xize run`` once its server listens: the run's process and the server's."""
    import psutil

    running = command(home, "run", EDITION)
    try:
        while running.poll() is None:
            for child in psutil.Process(running.pid).children():
                if "flows.server" in child.cmdline() and any(
                    one.status == psutil.CONN_LISTEN for one in child.net_connections()
                ):
                    yield running, child
                    return
            time.sleep(0.05)
        raise AssertionError(running.communicate())
    finally:
        running.kill()
        running.wait()


@pytest.mark.long
def test_a_server_that_has_gone_ends_the_run_with_one_sentence(with_database: None, single: Path) -> None:
    """Nothing goes on asking for it, nothing is published."""
    with with_server(single) as (running, server):
        server.kill()
        _, said = running.communicate(timeout=240)
    assert running.returncode == 2
    assert said.strip().startswith("Prefect服务器没有启动或已中断") and said.strip().count("\n") == 0
    assert not (single / "curated" / EDITION / "latest.json").exists()


@pytest.mark.long
def test_a_run_that_is_killed_leaves_no_process_behind(with_database: None, single: Path) -> None:
    """Nor is the next run kept from anything."""
    import psutil

    with with_server(single) as (running, server):
        running.kill()
        running.communicate()
        _, alive = psutil.wait_procs([server], timeout=60)
    assert not alive
    with edition_lock(single, EDITION):
        pass
