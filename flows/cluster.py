"""Editions published on a Dask cluster: page ranges and documents are its tasks, this process only keeps order.

A worker needs the source's url, Prefect's API and the curated folder's url. Staged files, locks and the steward's home
stay here. Comes after :func:`flows.settings.prepare`.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from distributed import Client, LocalCluster
from distributed.scheduler import KilledWorker
from prefect import flow, get_run_logger, task
from prefect.exceptions import CancelledRun, CrashedRun
from pydantic import SecretStr

from flows.editions import IN_MEMORY, NO_PASSWORD, current_watcher, may_pass, publish_findings
from pipeline import run, staging
from pipeline.editions.download import fetch, local_path
from pipeline.editions.edition import edition_lock
from pipeline.editions.plan import plan
from pipeline.errors import XizeError, raise_failures
from pipeline.job import Job, Options, Outcome, code_digest
from pipeline.outcome import finish, same_as, unchanged
from pipeline.processes import processors
from pipeline.reading import Reading, join_readings
from pipeline.releases.catalogue import curated_url
from pipeline.releases.learned import learned

PAGES_PER_TASK = 16
"""Coarse: every task costs Prefect some tens of milliseconds of bookkeeping."""

_CONNECT_SECONDS = 15
_TRIED_AGAIN: dict[str, Any] = {
    **IN_MEMORY, "retries": 2, "retry_delay_seconds": [1, 5], "retry_condition_fn": may_pass,
}  # fmt: skip
_OTHER_PROGRAM = "工作进程与发起运行的机器所装xize不同：请在各机安装同一版本后再运行。"


# -- the cluster


@contextmanager
def local_cluster(workers: int | None) -> Iterator[str]:
    """The address of a cluster on this machine, one thread a process: the work is Python's."""
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=workers or processors(),
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",  # any port that is free
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield str(cluster.scheduler_address)


def check_cluster(address: str, options: Options) -> None:
    """XizeError unless the cluster answers, has workers with this very program, and they see curated/."""
    try:
        client = Client(address, set_as_default=False, timeout=_CONNECT_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise XizeError(
            f"无法连接Dask调度器{address}：请检查地址（如tcp://主机:8786）与网络，并确认调度器已启动。"
        ) from error
    with client:
        if not client.scheduler_info()["workers"]:
            raise XizeError(f"Dask集群{address}没有工作进程：请先在各机启动dask worker。")
        try:
            codes = set(client.run(code_digest).values())
        except ModuleNotFoundError as error:
            raise XizeError('工作进程没有安装xize：请在各机运行 pip install "xize[cluster]"。') from error
        if codes != {code_digest()}:
            raise XizeError(_OTHER_PROGRAM)
        folder = local_path(curated_url(options.home, options.curated))
        if folder is not None and options.publish:
            _check_shared(client, folder.resolve())


def _check_shared(client: Client, folder: Path) -> None:
    """XizeError unless every worker sees ``folder``: what it published would else end up on its own disk."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(prefix=".seen-", dir=folder) as mark:
        seen: dict[str, Any] = client.run(os.path.exists, mark.name)
    blind = [worker for worker, there in seen.items() if not there]
    if blind:
        raise XizeError(
            f"工作进程{blind[0]}看不到发布文件夹{folder}：请用--curated给出各机共有的文件夹或s3://等地址。"
        )


# -- the tasks, which run on workers


@dataclass(frozen=True)
class Parcel:
    """A job for a machine without the home folder: the url of its source, the digest of the program that is to run.

    ``files``: the edition's YAML files and the record of how its source was read, by their place in the home.
    """

    job: Job
    url: str
    code: str
    files: dict[str, bytes]

    def fetched(self) -> Path:
        """The source on this machine. Raises XizeError, also when another program runs here."""
        if self.code != code_digest():
            raise XizeError(_OTHER_PROGRAM)
        return fetch(self.url, self.job.sha256)

    @contextmanager
    def unpacked(self) -> Iterator[Job]:
        """The job in a temporary home of its own. Messages name the steward's home, not that one."""
        with tempfile.TemporaryDirectory(prefix="xize-home-") as name:
            home, job = Path(name), self.job
            _write_files(home, self.files)
            options, edition = replace(job.options, home=home), replace(job.edition, home=home)
            try:
                yield replace(job, options=options, edition=edition, path=self.fetched())
            except XizeError as error:
                message = str(error).replace(name, str(job.options.home))
                raise type(error)(message, error.exit_code) from error


@task(task_run_name="read-{edition}-{first}-{last}", **_TRIED_AGAIN)
def read_range(edition: str, first: int, last: int, parcel: Parcel, pages: list[int]) -> Reading:
    """Some pages (from 1) between ``first`` and ``last``, which name the task."""
    from pipeline.readers.pdf.read import read_pages

    options = parcel.job.options
    reading = read_pages(parcel.fetched(), pages, options.password, options.decoder)
    get_run_logger().info("%s：%d页，%d个单元格。", edition, len(reading.pages), len(reading.cells))
    return reading


@task(task_run_name="finish-{edition}", **_TRIED_AGAIN)
def finish_document(
    edition: str, parcel: Parcel, reading: Reading
) -> tuple[dict[str, Any] | XizeError, dict[str, bytes]]:
    """Tidy, validate and publish on a machine that has but the parcel and the reading.

    Gives the outcome's fields but the job, or the refusal to publish; and the files that belong in the home's staged/.
    """
    log = get_run_logger()
    with parcel.unpacked() as job, tempfile.TemporaryDirectory(prefix="xize-site-") as folder:
        site, home = Path(folder) / "validation", job.options.home
        result = run.tidy_reading(job, reading)
        log.info("%s：整理出%d个条目。", edition, result.tables["entries"].num_rows)
        verdict = run.validate_result(job, result, site)
        log.info("%s：校验发现%d项。", edition, len(verdict.findings))
        came: dict[str, Any] | XizeError
        try:
            done = finish(job, result, verdict, site)
            came = {one.name: getattr(done, one.name) for one in fields(done) if one.name != "job"}
        except XizeError as error:
            came = error
        files = _files(home, (home / "staged").rglob("*"))
        return came, {name: files[name] for name in files.keys() - parcel.files.keys()}


def _files(home: Path, paths: Iterable[Path]) -> dict[str, bytes]:
    """The files among ``paths`` by their place in the home."""
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def _write_files(home: Path, files: dict[str, bytes]) -> None:
    """Put files in their place under ``home``, each in one step."""
    for name, data in files.items():
        place = home / name
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.tmp")
        beside.write_bytes(data)
        beside.replace(place)


# -- the flow


@dataclass
class _ClusterDocument:
    """An edition under way: what is known of its reading, how many pages are read anew, the tasks that are awaited."""

    job: Job
    known: Reading | None
    pages: int = 0
    ranges: list[Any] = field(default_factory=list)
    last: Any = None


@flow(name="publish_editions", flow_run_name="publish-on-cluster")
def publish_editions(
    editions: list[str], home: Path, password: SecretStr = NO_PASSWORD, **options: Any
) -> list[Outcome]:
    """Publish editions on the flow's task runner, all at a time; nothing happens to those that have not changed.

    ``options``: those of :class:`pipeline.job.Options`. One edition that fails keeps none of the others back; raises
    XizeError naming those that failed at the end.
    """
    watcher, names = current_watcher(), tuple(dict.fromkeys(editions))
    asked = Options(home=home, edition="", password=password.get_secret_value(), **options)
    documents: dict[str, _ClusterDocument] = {}
    outcomes: dict[str, Outcome] = {}
    failures: dict[str, Exception] = {}
    come: list[int] = []

    def begin(name: str) -> None:
        locks.enter_context(edition_lock(home, name))
        job = learned(plan(replace(asked, edition=name)))
        last = unchanged(job)
        if last is not None:
            outcomes[name] = same_as(job, last)
            watcher.finished(outcomes[name])
        else:
            documents[name] = _begun(job)

    def assemble(name: str) -> None:
        _assemble(documents[name], read)

    def read(pages: int) -> None:
        come.append(pages)
        watcher.report("read", sum(come), sum(document.pages for document in documents.values()))

    def end(name: str) -> None:
        outcomes[name] = _brought_home(documents[name])
        watcher.finished(outcomes[name])

    with ExitStack() as locks:
        for step in (begin, assemble, end):
            for name in names:
                if name not in failures and name not in outcomes:
                    with _noting(name, failures):
                        step(name)
    raise_failures(failures, single=len(names) == 1)
    return [outcomes[name] for name in names]


@contextmanager
def _noting(name: str, failures: dict[str, Exception]) -> Iterator[None]:
    """An error within is noted as this edition's failure. Dask has tried a task whose worker was lost several times."""
    try:
        yield
    except (KilledWorker, CancelledError, CrashedRun, CancelledRun):
        failures[name] = XizeError(
            "处理它的工作进程接连中断，或与Dask调度器的连接已中断：请检查各机内存（每个进程宜有1 GB以上）与网络后再运行。"
        )
    except Exception as error:
        failures[name] = error


def _begun(job: Job) -> _ClusterDocument:
    """A document whose pages are being read, but those that are staged or that an earlier file held."""
    staged = staging.load_staged(job)
    if staged is not None or job.kind != "pdf":
        return _ClusterDocument(job, staged or run.read(job))  # a transcript is small: read here
    from pipeline.readers.pdf.read import page_ranges

    known, missing, _ = run.pages_to_read(job)
    parcel = _parcel(job)
    ranges = [
        read_range.submit(job.edition.name, pages[0], pages[-1], parcel, list(pages))
        for pages in page_ranges(missing, PAGES_PER_TASK)
    ]
    return _ClusterDocument(job, known, len(missing), ranges)


def _parcel(job: Job) -> Parcel:
    home, record = job.options.home, staging.staged_folder(job) / "reading.json"
    options = replace(job.options, curated=curated_url(home, job.options.curated), workers=1)
    url = job.edition.file(job.kind).url or str(job.path.resolve())
    files = _files(home, [*job.edition.folder.glob("*.yaml"), record])
    return Parcel(replace(job, options=options), url, code_digest(), files)


def _assemble(document: _ClusterDocument, read: Callable[[int], None]) -> None:
    """Wait for the document's pages, stage them, and have them tidied, validated and published.

    ``read`` is told how many more pages have come.
    """
    job, readings = document.job, [] if document.known is None else [document.known]
    for future in document.ranges:
        readings.append(future.result())
        read(len(readings[-1].pages))
    reading = join_readings(readings)
    if document.pages or staging.load_staged(job) is None:
        staging.store_staged(job, reading, read=document.pages)
    document.last = finish_document.submit(job.edition.name, _parcel(job), reading)
    document.ranges, document.known = [], None


def _brought_home(document: _ClusterDocument) -> Outcome:
    """Wait until the document is published (or refused); its findings come home and become an artifact."""
    came, files = document.last.result()
    _write_files(document.job.options.home, files)
    publish_findings(document.job)
    if isinstance(came, XizeError):
        raise came
    return Outcome(document.job, **came)
