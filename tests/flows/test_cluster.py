"""Editions published on a real Dask cluster of two processes, one of which is killed in the middle."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.runner import run_editions
from pipeline.editions.add import add_edition
from pipeline.editions.edition import load_edition
from pipeline.editions.plan import plan
from pipeline.errors import XizeError
from pipeline.job import Options, Outcome
from pipeline.readers.pdf.read import read_pdf
from pipeline.staging import load_staged, pages_read
from tests.cli_home import one_sentence, print_rulebook, xize
from tests.flows.prefect_home import ask, reissue, tasks_of
from tests.served_files import move_to, served_files
from tests.typeset import bad

RULEBOOK, TABLES = "testland-2026", "testland-2027"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, list[str]]]:
    """A folder, the address under which an HTTP server offers it, and the paths that were asked for."""
    folder = tmp_path_factory.mktemp("served")
    with served_files(folder) as (address, asked):
        yield folder, address, asked


@pytest.fixture(scope="module")
def cluster(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two worker processes of one thread, with a folder of their own for what they fetch."""
    from distributed import LocalCluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XIZE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("NO_PROXY", "127.0.0.1")
        with LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL
        ) as made:  # fmt: skip
            yield made


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, small: dict[str, Any], served: tuple[Path, str, list[str]]
) -> Path:
    """Two editions: a rulebook that lies at a URL only, and 40 pages of tables (no rulebook) in the home."""
    home = tmp_path_factory.mktemp("home")
    rulebook = print_rulebook(small, tmp_path_factory.mktemp("print") / "rulebook.pdf")
    document = tmp_path_factory.mktemp("print") / "document.pdf"
    bad.good(document, pages=40)
    add_edition(home, TABLES, document, title="试用细则")
    added = add_edition(home, RULEBOOK, rulebook, title="试用细则").edition
    stored = added.path("pdf")
    move_to(added.folder / "source.yaml", f"{served[1]}/rulebook.pdf?token=secret")
    stored.rename(served[0] / "rulebook.pdf")
    return home


def killer(cluster: Any, killed: list[int], ended: threading.Event) -> None:
    """Kill the worker that is first seen reading a page range. It is stopped first, so that it cannot get done."""
    pids = {str(nanny.worker_address): nanny.process.pid for nanny in cluster.workers.values()}
    while not ended.is_set():
        for address, worker in list(cluster.scheduler.workers.items()):
            if any("read_range" in str(task) for task in list(worker.processing)) and address in pids:
                os.kill(pids[address], signal.SIGSTOP)
                time.sleep(0.3)
                still = any("read_range" in str(task) for task in list(worker.processing))
                os.kill(pids[address], signal.SIGKILL if still else signal.SIGCONT)
                if still:
                    killed.append(pids[address])
                    return
        time.sleep(0.005)


@dataclass(frozen=True)
class Ran:
    """What a run over both editions came to, a worker having been killed in the middle of it."""

    outcomes: list[Outcome]
    refused: str
    killed: list[int]
    seen: list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def ran(cluster: Any, home: Path) -> Ran:
    """Both editions, once: one document is fetched over HTTP, the other loses the worker that reads it."""
    outcomes: list[Outcome] = []
    killed: list[int] = []
    seen: list[tuple[str, int, int]] = []
    ended = threading.Event()
    watcher = threading.Thread(target=killer, args=(cluster, killed, ended))
    watcher.start()
    try:
        with pytest.raises(XizeError) as refused:
            run_editions(
                [TABLES, RULEBOOK],
                Options(home, ""),
                address=cluster.scheduler_address,
                report=lambda *step: seen.append(step),
                finished=outcomes.append,
            )
    finally:
        ended.set()
        watcher.join()
    return Ran(outcomes, str(refused.value), killed, seen)


@pytest.mark.long
@pytest.mark.timeout(900)  # on a machine that others keep busy, starting processes takes minutes
def test_a_killed_worker_costs_a_retry_and_a_bad_document_nothing_but_itself(
    ran: Ran, home: Path, served: tuple[Path, str, list[str]]
) -> None:
    """One document is published, the other is read to its end although a worker is killed."""
    assert len(ran.killed) == 1
    # What is no rulebook is refused with the sentence it has without a cluster, the other edition is published.
    assert ran.refused.startswith(f"{TABLES}：") and RULEBOOK not in ran.refused
    assert [outcome.job.edition.name for outcome in ran.outcomes] == [RULEBOOK]
    release = ran.outcomes[0].release
    assert release is not None and release.release == "r001" and ran.outcomes[0].rows["classes"] == 2
    assert (Path(release.folder) / "validation" / "index.html").is_file()
    pages = ran.outcomes[0].stats["pages"]
    assert release.manifest["stats"]["pages_read"] == pages
    assert (home / "staged" / RULEBOOK / "findings.parquet").is_file()
    # The cells staged are those that this process reads, in the same order: no range is missing or stands twice.
    for edition, path in (
        (TABLES, load_edition(home, TABLES).path()),
        (RULEBOOK, served[0] / "rulebook.pdf"),
    ):
        alone = read_pdf(path)
        staged = load_staged(plan(Options(home, edition)))
        assert staged is not None
        for name in ("cells", "blocks", "pages"):
            assert getattr(staged, name).equals(getattr(alone, name)), (edition, name)
    assert ran.seen[-1] == ("read", 40 + pages, 40 + pages)
    # Each process fetched the file at most once, and never asked where nothing was needed.
    assert 1 <= served[2].count("/rulebook.pdf?token=secret") <= 4


@pytest.mark.timeout(900)
@pytest.mark.long
def test_what_prefect_shows_of_it_is_true(ran: Ran) -> None:
    (flow_run,) = ask("flow_runs/filter", {"flow_runs": {"name": {"any_": ["publish-on-cluster"]}}})
    assert flow_run["state_type"] == "FAILED"  # for one of the two
    tasks = tasks_of(flow_run, 6)
    names = {f"finish-{TABLES}", f"finish-{RULEBOOK}"}
    names |= {f"read-{TABLES}-{pages}" for pages in ("1-16", "17-32", "33-40")}
    assert names <= tasks.keys()
    assert tasks.pop(f"finish-{TABLES}")["state_type"] == "FAILED"
    assert {task["state_type"] for task in tasks.values()} == {"COMPLETED"}


@pytest.mark.timeout(900)
@pytest.mark.long
def test_run_again_only_what_has_changed_is_done(ran: Ran, cluster: Any, home: Path) -> None:
    again = run_editions([RULEBOOK], Options(home, ""), address=cluster.scheduler_address)
    assert [(one.changed, one.release.release if one.release else None) for one in again] == [(False, "r001")]
    before = plan(Options(home, TABLES))
    assert pages_read(before) == 40
    reissue(home, TABLES, 20)
    with pytest.raises(XizeError, match="^.+。$"):  # still no rulebook
        run_editions([TABLES], Options(home, ""), address=cluster.scheduler_address)
    job = plan(Options(home, TABLES))
    assert job.sha256 != before.sha256 and pages_read(job) == 1
    staged, alone = load_staged(job), read_pdf(job.path, workers=1)
    assert staged is not None
    for name in ("cells", "blocks", "pages"):
        assert getattr(staged, name).equals(getattr(alone, name)), name


def test_a_cluster_that_is_there_is_looked_at_first(cluster: Any, tmp_path: Path) -> None:
    from flows.cluster import check_cluster

    check_cluster(cluster.scheduler_address, Options(tmp_path, ""))
    assert list((tmp_path / "curated").iterdir()) == []  # nothing is left of having looked
    with pytest.raises(XizeError, match="无法连接Dask调度器"):
        check_cluster("nonsense", Options(tmp_path, ""))


def test_a_remote_cluster_needs_a_prefect_server_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(XizeError, match="PREFECT_API_URL"):
        run_editions(["testland-2026"], Options(tmp_path, ""), address="tcp://192.0.2.1:8786")


def test_without_the_extra_one_sentence_names_it(tmp_path: Path) -> None:
    """In a Python whose finder knows no Dask, as where the extra was not installed."""
    program = (
        "import sys\n"
        "from importlib.machinery import PathFinder\n"
        "class Without(PathFinder):\n"
        "    @classmethod\n"
        "    def find_spec(cls, name, path=None, target=None):\n"
        "        missing = name.partition('.')[0] in ('distributed', 'dask', 'prefect_dask')\n"
        "        return None if missing else super().find_spec(name, path, target)\n"
        "sys.meta_path[:] = [f for f in sys.meta_path if f is not PathFinder] + [Without]\n"
        "from pipeline.cli import main\n"
        f"sys.argv = ['xize', '--home', {str(tmp_path)!r}, 'run', 'testland-2026', '--runner', 'dask']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert 'pip install "xize[cluster]"' in one_sentence(done.stderr)


@pytest.mark.parametrize(
    "options", [["--runner", "dask", "--no-prefect"], ["--address", "tcp://127.0.0.1:8786"]]
)
def test_options_that_contradict_each_other_are_refused(tmp_path: Path, options: list[str]) -> None:
    done = xize(tmp_path, "run", "testland-2026", *options)
    assert done.code == 2 and "--runner dask" in one_sentence(done.err)
