"""The flows with the real Prefect: a server on a database of its own, tasks that are cached, retried, refused."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from flows.environment import prepare
from pipeline.editions.add import add_edition
from pipeline.editions.edition import edition_lock, file_sha256
from pipeline.errors import XizeError
from pipeline.readers.pdf.read import read_pdf
from pipeline.reading import Reading
from pipeline.run import Options, plan
from pipeline.staging import pages_read
from tests.cli_home import xize
from tests.prefect_home import prefect_in, reissue
from tests.typeset import Layout, bad, typeset
from tests.typeset.content import excerpt

TRUTH = Path(__file__).parent / "data" / "shanghai-2025.truth.json"
EDITION = "testland-2026"


@pytest.fixture(scope="module")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prefect as the command line sets it up, its server and database in a temporary folder."""
    with prefect_in(tmp_path_factory.mktemp("prefect")):
        yield


def _ask(path: str, body: dict[str, Any]) -> Any:
    """The server's own answer to a question."""
    import httpx
    from prefect.settings import PREFECT_API_URL

    answer = httpx.post(f"{PREFECT_API_URL.value()}/{path}", json=body, trust_env=False)
    answer.raise_for_status()
    return answer.json()


def _task_runs(count: int) -> list[Any]:
    """The server's latest ``count`` task runs, once they have ended (it learns of them a moment later)."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.sorting import TaskRunSort

    until = time.monotonic() + 120
    with get_client(sync_client=True) as client:
        while True:
            runs = client.read_task_runs(limit=200, sort=TaskRunSort.EXPECTED_START_TIME_ASC)
            ours = [run for run in runs if run.state is not None and run.state.is_final()]
            if len(ours) >= count or time.monotonic() > until:
                return list(ours)
            time.sleep(0.2)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one edition: 40 pages, three ranges of them (tables, but no rulebook)."""
    (tmp_path / "raw").mkdir()
    document = tmp_path / "document.pdf"
    bad.good(document, pages=40)
    add_edition(tmp_path, EDITION, document, title="试用细则")
    return tmp_path


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small rulebook: one section with one class, and two annexes."""
    path = tmp_path_factory.mktemp("rulebook") / "rulebook.pdf"
    truth = json.loads(TRUTH.read_text("utf-8"))
    typeset(excerpt(truth, classes=1, annex_rows=2, sections=1, annexes=2), Layout("small"), path)
    return path


def _read(home: Path, edition: str) -> Reading:
    """An edition's source, read as the flows do: by mapped tasks of a flow."""
    from prefect import flow

    from expectations import validate
    from flows.desk import DeskHere
    from flows.editions import read_document

    @flow
    def only_read() -> Reading:
        desk = DeskHere(plan(Options(home, edition)), validate, home / "site")
        read_document(desk)
        return desk.reading()

    return only_read()


def test_importing_and_preparing_needs_no_prefect(tmp_path: Path) -> None:
    """Nothing hosted, nothing sent: what the settings say once Prefect is loaded in a process of its own."""
    program = (
        "import sys; from pathlib import Path; import flows.environment as e; import flows.deploy\n"
        "assert 'prefect' not in sys.modules\n"
        f"folder = e.prepare(Path({str(tmp_path)!r}))\n"
        "from prefect.settings import get_current_settings as get\n"
        "s = get(); print(s.home == folder, s.server.analytics_enabled, s.api.url, s.api.key)\n"
        "print(s.server.ephemeral.enabled, s.server.ephemeral.startup_timeout_seconds)\n"
    )
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DO_NOT_TRACK"))}
    done = subprocess.run(
        [sys.executable, "-c", program], env=plain, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False", "None", "None", "True", "180"]


def test_prepare_after_prefect_is_refused(prefect_server: None, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="before the first import"):
        prepare(tmp_path)


def test_page_ranges_are_mapped_tasks_and_cached_by_content(prefect_server: None, home: Path) -> None:
    known = len(_task_runs(0))
    reading = _read(home, EDITION)
    first = _task_runs(known + 3)[known:]
    assert sorted(run.name for run in first) == ["read-1-16", "read-17-32", "read-33-40"]
    assert {run.state_name for run in first} == {"Completed"}
    source = plan(Options(home, EDITION)).path
    assert reading.cells.equals(read_pdf(source).cells)
    # The same bytes in another edition's folder: no page is read again.
    copy = home / "copy.pdf"
    copy.write_bytes(source.read_bytes())
    add_edition(home, "testland-2027", copy, title="试用细则")
    again = _read(home, "testland-2027")
    assert [run.state_name for run in _task_runs(known + 6)[known + 3 :]] == ["Cached"] * 3
    assert again.cells.equals(reading.cells)
    # Other bytes: read.
    changed = home / "changed.pdf"
    bad.good(changed, pages=16)
    add_edition(home, "testland-2028", changed, title="试用细则")
    assert _read(home, "testland-2028").pages.num_rows == 16
    assert [run.state_name for run in _task_runs(known + 7)[known + 6 :]] == ["Completed"]
    # What is staged needs no task at all.
    _read(home, "testland-2028")
    assert len(_task_runs(known + 7)) == known + 7


def test_one_changed_page_is_the_only_one_read_again(prefect_server: None, home: Path) -> None:
    known = len(_task_runs(0))
    first = _read(home, EDITION)
    _task_runs(known + 3)
    reissue(home, EDITION, 20)
    second = _read(home, EDITION)
    runs = _task_runs(known + 4)[known + 3 :]
    assert [(run.name, run.state_name) for run in runs] == [("read-20", "Completed")]
    job = plan(Options(home, EDITION))
    assert pages_read(job) == 1
    alone = read_pdf(job.path, workers=1)
    for name in ("cells", "blocks", "pages"):
        assert getattr(second, name).equals(getattr(alone, name)), name
    assert not second.cells.equals(first.cells)


def test_page_numbers_in_short() -> None:
    from flows.steps import span

    assert [span(pages) for pages in ((1, 2, 3), (4,), (7, 8, 12, 14, 15))] == ["1-3", "4", "7-8+12+14-15"]


def load_rows(release: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table of a release, without their edition."""
    import pyarrow.parquet as pq

    tables = {path.stem: pq.read_table(path) for path in sorted(release.glob("*.parquet"))}
    return {name: table.drop_columns(["edition"]).to_pylist() for name, table in tables.items()}


def test_an_edition_is_published_once_and_everything_rebuilt(
    prefect_server: None, single: Path, home: Path, rulebook: Path
) -> None:
    from flows.runner import run

    seen: list[tuple[str, int, int]] = []
    outcome = run(Options(single, EDITION), lambda *step: seen.append(step))
    assert outcome.release is not None and outcome.changed
    assert outcome.release.release == "r001" and outcome.rows["classes"] == 1
    folder = single / "curated" / EDITION / "r001"
    assert json.loads((folder.parent / "latest.json").read_text("utf-8"))["release"] == "r001"
    assert (folder / "validation" / "index.html").is_file()
    # The progress bar sees pages and stages, in order.
    pages = [done for stage, done, _ in seen if stage == "read"]
    assert pages == sorted(pages) and pages[-1] == seen[len(pages) - 1][2] == outcome.stats["pages"]
    assert [stage for stage, _, _ in seen[len(pages) :]] == ["tidy", "validate", "publish"]
    # The same tables as without Prefect.
    from pipeline.run import run as run_here

    assert not run_here(Options(single, EDITION)).changed
    # A second run asks Prefect for nothing.
    flow_runs = _ask("flow_runs/count", {})
    assert not run(Options(single, EDITION)).changed
    assert _ask("flow_runs/count", {}) == flow_runs > 0
    # Everything rebuilt in another home: the pages come from the cache, the tables are the same, and an
    # edition that holds no rulebook keeps the other from nothing.
    from flows.editions import rebuild_all

    add_edition(home, "testland-2030", rulebook, title="试用细则")
    with pytest.raises(XizeError, match=f"^{EDITION}：") as failure:
        rebuild_all(home)
    assert "testland-2030" not in str(failure.value)
    assert not (home / "curated" / EDITION / "latest.json").exists()
    rebuilt = home / "curated" / "testland-2030" / "r001"
    assert load_rows(rebuilt) == load_rows(folder)


def test_a_changed_file_is_refused_with_its_own_sentence(prefect_server: None, home: Path) -> None:
    from flows.editions import extract_edition

    path = plan(Options(home, EDITION)).path
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(XizeError, match="校验和不符"):
        extract_edition(EDITION, home)


@pytest.mark.parametrize(
    ("cron", "timezone"),
    [("every monday", "Asia/Shanghai"), ("0 3 * *", "UTC"), ("0 3 * * 1", "Mars/Olympus")],
)
def test_a_schedule_that_means_nothing_is_refused(prefect_server: None, cron: str, timezone: str) -> None:
    from flows.deploy import _schedule

    with pytest.raises(XizeError, match="定时"):
        _schedule(cron, timezone)
    assert _schedule("0 3 * * 1", "Asia/Shanghai").timezone == "Asia/Shanghai"


def _read_once(path: Path, sha256: str, begin: Callable[[], object] = lambda: None) -> Any:
    from prefect import flow
    from pydantic import SecretStr

    from flows.packing import unpack
    from flows.steps import readers_code
    from flows.tasks import read_range

    @flow
    def once() -> Any:
        begin()
        return unpack(read_range(str(path), sha256, (1, 2), "pdfplumber", readers_code(), SecretStr("")))

    return once()


def test_what_cannot_pass_is_not_tried_again(prefect_server: None, home: Path) -> None:
    known = len(_task_runs(0))
    with pytest.raises(XizeError, match="找不到该文件"):
        _read_once(home / "nowhere.pdf", "0" * 64)
    assert [run.run_count for run in _task_runs(known + 1)[known:]] == [1]


def test_a_passing_fault_is_tried_again(prefect_server: None, home: Path) -> None:
    """A path that cannot be read for a moment, as on a network drive that comes back."""
    known = len(_task_runs(0))
    path = home / "loop.pdf"
    path.symlink_to(path)  # OSError: too many levels of symbolic links
    sha256 = file_sha256(home / "document.pdf")

    class Repair(logging.Handler):
        """Brings the file back once Prefect has said that it will try again."""

        def emit(self, record: logging.LogRecord) -> None:
            if "Retry" in record.getMessage() and path.is_symlink():
                os.replace(home / "document.pdf", path)

    repair, told = Repair(), logging.getLogger("prefect.task_runs")

    def listen() -> (
        None
    ):  # within the flow: its start sets Prefect's loggers up anew, and keeps them silent here
        told.addHandler(repair)
        told.setLevel(logging.INFO)

    try:
        assert _read_once(path, sha256, listen).pages.num_rows == 2
    finally:
        told.removeHandler(repair)
        told.setLevel(logging.CRITICAL)
    assert [run.run_count for run in _task_runs(known + 1)[known:]] == [2]


def test_findings_become_an_artifact(prefect_server: None) -> None:
    from prefect import flow

    from flows.artifacts import publish_findings
    from pipeline.schema import build

    place = {"source": "pdf", "page": 3}
    rows = [
        {"finding_id": f"{n:016x}", "code": "item_implausible", "severity": "warning", "message": f"第{n}项|<b>异常。",
         "evidence": "", **place} for n in range(120)
    ]  # fmt: skip
    rows.append(
        rows[0]
        | {"finding_id": "f" * 16, "severity": "error", "code": "key_duplicated", "message": "键重复。"}
    )
    table = build("findings", rows, EDITION)

    @flow
    def run() -> None:
        publish_findings(EDITION, table)

    run()
    found = _ask(
        "artifacts/filter", {"artifacts": {"key": {"any_": [f"findings-{EDITION}"]}}, "sort": "CREATED_DESC"}
    )
    text = found[0]["data"]
    assert isinstance(text, str) and text.startswith(f"# {EDITION}的发现")
    assert "错误1项，警告120项，提示0项。" in text
    assert "| 警告 | `item_implausible` | 条目形式异常 | 120 |" in text
    assert text.index("键重复。") < text.index("第0项") and "第0项\\|\\<b\\>异常。" in text
    assert "另有21项，见findings表。" in text


def test_without_findings_the_artifact_says_so() -> None:
    from flows.artifacts import findings_markdown
    from pipeline.schema import build

    text = findings_markdown(EDITION, build("findings", [], EDITION))
    assert text.endswith("错误0项，警告0项，提示0项。")


def free_port() -> int:
    """A port that is free just now (``xize serve`` refuses one that is not)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    import psutil

    return [child.pid for child in psutil.Process(pid).children()]


def test_serving_offers_every_edition_and_its_server_dies_with_it(home: Path) -> None:
    """``xize serve`` as a steward starts it, then killed without a chance to clean up."""
    import httpx
    import psutil

    port = free_port()
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    command = [sys.executable, "-m", "pipeline.cli", "--home", str(home), "serve", "--port", str(port)]
    serving = subprocess.Popen(
        [*command, "--cron", "0 3 * * 1"], env=plain, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until, found = time.monotonic() + 120, {}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api", trust_env=False, timeout=60) as client:
            while len(found) < 2 and time.monotonic() < until and serving.poll() is None:
                time.sleep(0.5)
                try:
                    answer = client.post("/deployments/filter", json={})
                except httpx.ConnectError:  # not even listening yet
                    continue
                found = {one["name"]: one for one in answer.raise_for_status().json()}
            assert client.get("/../").status_code == 200  # the pages, too
        assert set(found) == {EDITION, "all"}
        assert found["all"]["schedules"][0]["schedule"]["cron"] == "0 3 * * 1"
        assert found[EDITION]["parameters"] == {"edition": EDITION, "home": str(home)}
        started = children(serving.pid)
        assert len(started) == 1
        # A second one on the same port is refused, and says so.
        second = subprocess.run(command, env=plain, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 2 and f"端口{port}已被占用" in second.stderr
    finally:
        serving.kill()
        serving.wait()
    until = time.monotonic() + 20
    while psutil.pid_exists(started[0]) and time.monotonic() < until:
        time.sleep(0.1)
    assert not psutil.pid_exists(started[0])


def begun(edition: str, home: Path, *arguments: str) -> subprocess.Popen[str]:
    """``xize run`` in a process of its own, with a Prefect server of its own."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    command = [sys.executable, "-m", "pipeline.cli", "--home", str(home), "run", edition, *arguments]
    return subprocess.Popen(command, env=plain, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def server_of(process: subprocess.Popen[str]) -> Any:
    """The Prefect server that ``process`` has started, once it is there: the child that listens, and nothing else."""
    import psutil

    while process.poll() is None:
        for child in psutil.Process(process.pid).children():
            with suppress(psutil.Error):
                if any(one.status == psutil.CONN_LISTEN for one in child.net_connections()):
                    return child
        time.sleep(0.05)
    raise AssertionError(process.communicate())


@pytest.fixture
def single(tmp_path: Path, rulebook: Path) -> Path:
    """A home with the rulebook as its only edition."""
    folder = tmp_path / "single"
    (folder / "raw").mkdir(parents=True)
    add_edition(folder, EDITION, rulebook, title="试用细则")
    return folder


def test_a_server_that_has_gone_ends_the_run_with_one_sentence(single: Path) -> None:
    """Nothing goes on asking for it, nothing is published."""
    running = begun(EDITION, single)
    server_of(running).kill()
    _, said = running.communicate(timeout=240)
    assert running.returncode == 2
    assert said.strip().startswith("Prefect服务器没有启动或已中断") and said.strip().count("\n") == 0
    assert not (single / "curated" / EDITION / "latest.json").exists()


def test_a_run_that_is_killed_leaves_no_process_behind(single: Path) -> None:
    """Neither its server nor the process that works ahead, nor whom that has started; the next run is kept from nothing."""
    import psutil

    running = begun(EDITION, single)
    server_of(running)
    started = psutil.Process(running.pid).children(recursive=True)
    assert len(started) >= 3  # server, work, validation
    running.kill()
    running.communicate()
    _, alive = psutil.wait_procs(started, timeout=60)
    assert not alive
    assert not (single / "curated" / EDITION / "latest.json").exists()
    with edition_lock(single, EDITION):
        pass


def test_what_working_ahead_finds_wrong_is_one_sentence(home: Path) -> None:
    """A document that holds no rulebook is refused as without Prefect, by the task that asks for its tables."""
    running = begun(EDITION, home)
    _, said = running.communicate(timeout=240)
    alone = begun(EDITION, home, "--no-prefect")
    assert alone.communicate(timeout=240)[1] == said and said.strip().count("\n") == 0
    assert running.returncode == alone.returncode != 0


def test_a_killed_work_process_costs_a_retry(prefect_server: None, single: Path) -> None:
    """The step that was under way is done anew, here; the release is the one that would have come."""
    from flows.runner import run
    from pipeline.run import run as run_here

    killed: list[int | None] = []

    def kill(stage: str, *_: int) -> None:
        if stage == "tidy" and not killed:
            (work,) = multiprocessing.active_children()
            killed.append(work.pid)
            work.kill()

    outcome = run(Options(single, EDITION), kill)
    assert len(killed) == 1 and outcome.changed
    (latest,) = _ask("flow_runs/filter", {"sort": "START_TIME_DESC", "limit": 1})
    until, counts = time.monotonic() + 60, dict[str, int]()
    while len(counts) < 4 and time.monotonic() < until:
        asked = {"flow_runs": {"id": {"any_": [latest["id"]]}}}
        runs = [run for run in _ask("task_runs/filter", asked) if run["state_type"] == "COMPLETED"]
        counts = {run["name"].rpartition("-")[0]: run["run_count"] for run in runs}
    assert counts.pop("tidy") == 2 and set(counts.values()) <= {0, 1}, counts
    assert {"validate", "publish"} <= set(counts)
    assert not run_here(Options(single, EDITION)).changed


def test_prefect_costs_little_and_keeps_its_records(
    single: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processor time of whole runs, servers and all; what Prefect's home holds afterwards is what has happened."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    alone, flow = (
        xize(single, "run", EDITION, *more, "--curated", str(tmp_path / name))
        for name, more in (("alone", ["--no-prefect"]), ("flow", []))
    )
    assert (alone.code, flow.code) == (0, 0), (alone.err, flow.err)
    # 8 here; importing Prefect in two processes each, and Dask with it, took 14.
    assert flow.seconds - alone.seconds < 12
    with closing(sqlite3.connect(single / "staged" / ".prefect" / "prefect.db")) as database:
        assert database.execute("select name, state_type from flow_run").fetchall() == [
            (f"publish-{EDITION}", "COMPLETED")
        ]
        tasks = database.execute("select name, state_type from task_run").fetchall()
        artifacts = database.execute("select key from artifact").fetchall()
    assert {state for _, state in tasks} == {"COMPLETED"}
    assert {name.partition("-")[0] for name, _ in tasks} == {
        "tidy",
        "validate",
        "publish",
    }  # read by the first run
    assert artifacts == [(f"findings-{EDITION}",)]


def test_what_a_run_asks_for_has_its_place_first(prefect_server: None) -> None:
    """By the names that the installed Prefect gives its routers."""
    from prefect.server.api import server

    from flows.server_process import _ASKED

    assert set(_ASKED) <= {router.prefix for router in server.API_ROUTERS}


def test_the_ready_made_database_is_what_the_installed_prefect_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the installed version, at its last migration; another version's database is left alone."""
    from importlib.metadata import version

    import prefect.server.database

    from flows import template

    folder = Path(prefect.server.database.__file__).parent / "_migrations" / "versions" / "sqlite"
    texts = [path.read_text("utf-8") for path in folder.glob("*.py")]
    known, before = (
        {found[1] for text in texts if (found := re.search(rf"^{name}\b.*?= \"(\w+)\"", text, re.MULTILINE))}
        for name in ("revision", "down_revision")
    )
    (last,) = known - before
    head = template._TEMPLATE.read_text("utf-8").partition("\n")[0]
    assert head == f"-- prefect {version('prefect')}, revision {last}"
    assert template.ready_made(tmp_path)
    assert template.ready_made(tmp_path)
    with sqlite3.connect(tmp_path / "prefect.db") as database:
        database.execute("update alembic_version set version_num = 'older'")
    assert not template.ready_made(tmp_path)  # Prefect has to migrate
    other = tmp_path / "other"
    other.mkdir()
    upgraded = tmp_path / "template.sql"
    upgraded.write_text(
        template._TEMPLATE.read_text("utf-8").replace(version("prefect"), "3.0.0", 1), "utf-8"
    )
    monkeypatch.setattr(template, "_TEMPLATE", upgraded)
    assert not template.ready_made(other) and not list(other.iterdir())  # Prefect makes it and migrates
    assert not list(tmp_path.glob(".prefect-*"))
