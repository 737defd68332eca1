"""Editions published on a real Dask cluster of two processes, one of which is killed in the middle."""

from __future__ import annotations

import functools
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.editions.add import add_edition
from pipeline.editions.download import Unreachable, fetch, shown
from pipeline.editions.edition import file_sha256, load_edition
from pipeline.errors import XizeError
from pipeline.readers.pdf.read import read_pdf
from pipeline.run import Options, Outcome, plan
from pipeline.staging import load_staged, pages_read
from tests.cli_home import one_sentence, print_rulebook, xize
from tests.prefect_home import prefect_in, reissue
from tests.typeset import bad

RULEBOOK, TABLES = "testland-2026", "testland-2027"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, list[str]]]:
    """A folder, the address under which an HTTP server offers it, and the paths that were asked for."""
    folder, asked = tmp_path_factory.mktemp("served"), list[str]()

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            if self.command == "GET":
                asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prefect as the command line sets it up, its server and database in a temporary folder."""
    with prefect_in(tmp_path_factory.mktemp("prefect")):
        yield


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


def move_to(source: Path, url: str) -> None:
    """Let source.yaml say that the file lies at ``url``."""
    text = source.read_text("utf-8")
    assert text.count("kind: pdf") == 1
    source.write_text(text.replace("kind: pdf", f"kind: pdf\n    url: {url}"), "utf-8")


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


class Kept(logging.Handler):
    """Keeps what a logger says (pytest's own capture hangs on the root logger, which Prefect sets up anew)."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@dataclass(frozen=True)
class Ran:
    """What a run over both editions came to, a worker having been killed in the middle of it."""

    outcomes: list[Outcome]
    refused: str
    killed: list[int]
    retries: list[str]
    seen: list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def ran(cluster: Any, home: Path) -> Ran:
    """Both editions, once: one document is fetched over HTTP, the other loses the worker that reads it."""
    from flows.dask_runner import publish_on

    # Dask itself gives up at once: the flow must submit the task again.
    cluster.scheduler.allowed_failures = 0
    outcomes: list[Outcome] = []
    killed: list[int] = []
    ended = threading.Event()
    log = Kept()
    logging.getLogger("flows.cluster").addHandler(log)
    seen: list[tuple[str, int, int]] = []
    watcher = threading.Thread(target=killer, args=(cluster, killed, ended))
    watcher.start()
    try:
        with pytest.raises(XizeError) as refused:
            publish_on(
                [TABLES, RULEBOOK],
                Options(home, ""),
                cluster.scheduler_address,
                lambda *step: seen.append(step),
                outcomes.append,
            )
    finally:
        ended.set()
        watcher.join()
        logging.getLogger("flows.cluster").removeHandler(log)
    retries = [record.getMessage() for record in log.records]
    return Ran(outcomes, str(refused.value), killed, retries, seen)


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
    assert release.manifest["stats"]["pages_read"] == ran.outcomes[0].stats["pages"]
    assert (home / "staged" / RULEBOOK / "findings.parquet").is_file()
    # The cells staged are those that this process reads, in the same order: no range is missing or stands twice.
    for edition, path in (
        (TABLES, load_edition(home, TABLES).path()),
        (RULEBOOK, served[0] / "rulebook.pdf"),
    ):
        alone = read_pdf(path)
        folder = (
            plan(Options(home, edition), fetch=False).edition.staged_cells("pdf", file_sha256(path)).parent
        )
        for name in ("cells", "blocks", "pages"):
            assert pq.read_table(folder / f"{name}.parquet").equals(getattr(alone, name)), (edition, name)
    # What the killed worker was reading or was to read next: submitted anew, each range once.
    assert ran.retries and len(set(ran.retries)) == len(ran.retries)
    assert all(re.search(r"：第\d+至\d+页的工作进程中断，任务重新安排。$", text) for text in ran.retries)
    assert (
        ran.seen[-1][:1] == ("read",)
        and ran.seen[-1][1] == ran.seen[-1][2] == 40 + ran.outcomes[0].stats["pages"]
    )
    # Each process fetched the file at most once, and never asked where nothing was needed.
    assert 1 <= served[2].count("/rulebook.pdf?token=secret") <= 4


@pytest.mark.timeout(900)
def test_run_again_only_what_has_changed_is_done(ran: Ran, cluster: Any, home: Path) -> None:
    from flows.dask_runner import publish_on

    again = publish_on([RULEBOOK], Options(home, ""), cluster.scheduler_address)
    assert [(one.changed, one.release.release if one.release else None) for one in again] == [(False, "r001")]
    before = plan(Options(home, TABLES))
    assert pages_read(before) == 40
    reissue(home, TABLES, 20)
    with pytest.raises(XizeError, match="^.+。$"):  # still no rulebook
        publish_on([TABLES], Options(home, ""), cluster.scheduler_address)
    job = plan(Options(home, TABLES))
    assert job.sha256 != before.sha256 and pages_read(job) == 1
    staged, alone = load_staged(job), read_pdf(job.path, workers=1)
    assert staged is not None
    for name in ("cells", "blocks", "pages"):
        assert getattr(staged, name).equals(getattr(alone, name)), name


def test_a_cluster_that_is_there_is_looked_at_first(cluster: Any, tmp_path: Path) -> None:
    from flows.dask_runner import checked

    with checked(cluster.scheduler_address, Options(tmp_path, "")) as address:
        assert address == cluster.scheduler_address
    assert list((tmp_path / "curated").iterdir()) == []  # nothing is left of having looked
    with pytest.raises(XizeError, match="无法连接Dask调度器"), checked("nonsense", Options(tmp_path, "")):
        pass


def test_a_remote_cluster_needs_a_prefect_server_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from flows.dask_runner import run_editions

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


# -- files by URL


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own for fetched files."""
    monkeypatch.setenv("XIZE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


def test_a_file_is_fetched_once_and_its_checksum_compared(
    cache: Path, served: tuple[Path, str, list[str]]
) -> None:
    folder, address, asked = served
    (folder / "a b.pdf").write_bytes(b"%PDF- one")
    url, sha256 = f"{address}/a%20b.pdf", file_sha256(folder / "a b.pdf")
    path = fetch(url, sha256)
    assert path == cache / sha256 / "a_b.pdf" and path.read_bytes() == b"%PDF- one"
    assert fetch(url, sha256) == path and asked.count("/a%20b.pdf") == 1
    path.write_bytes(b"%PDF- spoilt")  # a file of the cache that has changed is fetched again
    assert fetch(url, sha256).read_bytes() == b"%PDF- one" and asked.count("/a%20b.pdf") == 2
    with pytest.raises(XizeError, match="校验和不符") as other:
        fetch(url.replace("http://", "http://me:pass@"), "0" * 64)
    assert "pass" not in str(other.value)
    assert [file.name for file in cache.rglob("*") if file.is_file()] == ["a_b.pdf"]


def test_what_cannot_be_fetched_is_told_apart(
    cache: Path, served: tuple[Path, str, list[str]], tmp_path: Path
) -> None:
    with pytest.raises(XizeError, match="没有文件") as missing:
        fetch(f"{served[1]}/nowhere.pdf", "0" * 64)
    assert not isinstance(missing.value, Unreachable)  # trying again would not help
    with pytest.raises(Unreachable, match="无法取得http://127.0.0.1:1/x.pdf"):
        fetch("http://127.0.0.1:1/x.pdf?key=secret", "0" * 64)
    with pytest.raises(XizeError, match="无法使用地址nowhere://a/b"):
        fetch("nowhere://a/b", "0" * 64)
    with pytest.raises(XizeError, match="找不到该文件"):
        fetch(f"file://{tmp_path}/none.pdf", "0" * 64)
    (tmp_path / "there.pdf").write_bytes(b"x")
    assert (
        fetch(f"file://{tmp_path}/there.pdf", file_sha256(tmp_path / "there.pdf")) == tmp_path / "there.pdf"
    )
    assert not list(cache.rglob("*.pdf"))
    assert shown("https://me:pass@host/a.pdf?sig=1") == "https://host/a.pdf"


def test_an_edition_by_url_needs_no_file_in_its_folder(
    cache: Path, served: tuple[Path, str, list[str]], tmp_path: Path
) -> None:
    document = tmp_path / "document.pdf"
    bad.good(document, pages=1)
    edition = add_edition(tmp_path, "testland-2031", document, title="试用细则").edition
    move_to(edition.folder / "source.yaml", f"{served[1]}/moved.pdf")
    edition.path("pdf").rename(served[0] / "moved.pdf")
    job = plan(Options(tmp_path, "testland-2031"))
    assert job.path.is_relative_to(cache) and job.path.read_bytes() == document.read_bytes()
    text = (edition.folder / "source.yaml").read_text("utf-8")
    (edition.folder / "source.yaml").write_text(text.replace("url: http", "url: 'not an address' #"), "utf-8")
    with pytest.raises(XizeError, match=r"source.yaml第\d+行的键“files.第1项.url”有误"):
        load_edition(tmp_path, "testland-2031")
