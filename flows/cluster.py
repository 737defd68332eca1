"""Editions published on a Dask cluster: page ranges and documents are its tasks, this process only keeps order.

A worker needs the source's url, Prefect's API and the curated folder's url. Staged files, locks and the steward's home
stay here. Comes after :func:`flows.settings.prepare`.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast

from distributed import Client, LocalCluster
from distributed.scheduler import KilledWorker
from prefect import flow, get_run_logger, task
from prefect.exceptions import CancelledRun, CrashedRun
from pydantic import SecretStr

from flows.artifacts import publish_findings
from flows.editions import IN_MEMORY, NO_PASSWORD, may_pass, report_of_context, tell_finished
from pipeline import run, staging
from pipeline.editions.download import fetch, local_path
from pipeline.editions.edition import edition_lock, file_sha256, load_edition
from pipeline.errors import XizeError
from pipeline.job import Job, Options, Outcome, code_digest, plan
from pipeline.outcome import finish, same_as, unchanged
from pipeline.processes import processors
from pipeline.reading import Reading, join_readings
from pipeline.releases.catalogue import curated_url

PAGES_PER_TASK = 16
"""Coarse: every task costs Prefect some tens of milliseconds of bookkeeping."""

_CONNECT_SECONDS = 15
_RETRIED: dict[str, Any] = {
    "retries": 2, "retry_delay_seconds": [1, 5], "retry_condition_fn": may_pass, **IN_MEMORY,
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
class Source:
    """Where a worker finds a file: its url (or a path that all machines share), and the program that it must run."""

    url: str
    sha256: str
    code: str
    decoder: str
    password: SecretStr

    def fetched(self) -> Path:
        """The file on this machine. Raises XizeError, also when another program runs here."""
        if self.code != code_digest():
            raise XizeError(_OTHER_PROGRAM)
        return fetch(self.url, self.sha256)


@dataclass(frozen=True)
class Parcel:
    """All that a machine without the home folder needs to tidy, validate and publish a reading.

    ``files``: the edition's YAML files and the record of how its source was read, by their place in the home.
    """

    options: Options
    kind: str
    source: Source
    inputs: str
    files: dict[str, bytes]


@dataclass(frozen=True)
class Finished:
    """What a worker sends back: the outcome's fields but the job, or the refusal; files for the home's staged/."""

    outcome: dict[str, Any] | None
    refused: XizeError | None
    files: dict[str, bytes]


@task(name="count-pages", **_RETRIED)
def count_pages(source: Source) -> int:
    """How many pages a PDF has. Raises XizeError when it cannot be fetched or opened."""
    from pipeline.readers.pdf.read import count_pages

    total = count_pages(source.fetched(), source.password.get_secret_value(), source.decoder)
    get_run_logger().info("%d页。", total)
    return total


def _range_name(parameters: dict[str, Any]) -> str:
    return f"read-{parameters['pages'][0]}-{parameters['pages'][-1]}"


@task(task_run_name=cast(Any, _range_name), **_RETRIED)
def read_range(source: Source, pages: tuple[int, ...]) -> Reading:
    """One range of pages (from 1)."""
    from pipeline.readers.pdf.read import read_pages

    reading = read_pages(source.fetched(), pages, source.password.get_secret_value(), source.decoder)
    get_run_logger().info("%d页，%d个单元格。", len(reading.pages), len(reading.cells))
    return reading


@task(task_run_name="finish-{edition}", **_RETRIED)
def finish_document(edition: str, parcel: Parcel, reading: Reading) -> Finished:
    """Tidy, validate and publish on a machine that has but the parcel and the reading."""
    with _unpacked(parcel) as job, tempfile.TemporaryDirectory(prefix="xize-site-") as folder:
        site = Path(folder) / "validation"
        outcome, refused = None, None
        result = run.tidy_reading(job, reading)
        verdict = run.validate_result(job, result, site)
        try:
            done = finish(job, result, verdict, site)
        except XizeError as error:
            refused = XizeError(str(error), error.exit_code)
        else:
            outcome = {one.name: getattr(done, one.name) for one in fields(done) if one.name != "job"}
        rows = {name: table.num_rows for name, table in result.tables.items() if table.num_rows}
        get_run_logger().info("%s：整理出%s；校验发现%d项。", edition, rows, len(verdict.findings))
        return Finished(outcome, refused, _left_behind(job.options.home, parcel))


@contextmanager
def _unpacked(parcel: Parcel) -> Iterator[Job]:
    """The job again, in a temporary home of its own. Messages name the steward's home, not that one."""
    with tempfile.TemporaryDirectory(prefix="xize-home-") as name:
        home = Path(name)
        _write_files(home, parcel.files)
        options = replace(parcel.options, home=home)
        try:
            edition = load_edition(home, options.edition)
            yield Job(
                options, edition, parcel.kind, parcel.source.fetched(), parcel.source.sha256, parcel.inputs
            )
        except XizeError as error:
            message = str(error).replace(str(home), str(parcel.options.home))
            raise type(error)(message, error.exit_code) from error


def _left_behind(home: Path, parcel: Parcel) -> dict[str, bytes]:
    """The files that a job has written under staged/, by their place in the home; not those of its parcel."""
    found = sorted(path for path in (home / "staged").rglob("*") if path.is_file() and path.name != ".lock")
    named = {path.relative_to(home).as_posix(): path for path in found}
    return {name: path.read_bytes() for name, path in named.items() if name not in parcel.files}


def _write_files(home: Path, files: dict[str, bytes]) -> None:
    """Put files in their place under ``home``, each in one step. Raises XizeError."""
    for name, data in files.items():
        place = home / name
        beside = place.with_name(f".{place.name}.tmp")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(data)
            beside.replace(place)
        except OSError as error:
            raise XizeError(f"无法写入{place}（{error.strerror}）：请检查磁盘空间与权限。") from error


# -- the flow


@dataclass
class _Document:
    """An edition under way: its job and source; what is known of its pages; the tasks that are to bring the rest."""

    job: Job
    source: Source
    reading: Reading | None = None
    count: Any = None
    parts: list[Any] = field(default_factory=list)
    last: Any = None
    read: int | None = None


@flow(name="publish_editions", flow_run_name="publish-on-cluster")
def publish_editions(
    editions: list[str],
    home: Path,
    source: str | None = None,
    decoder: str = "pdfium",
    password: SecretStr = NO_PASSWORD,
    cross_check: bool = False,
    allow_incomplete: bool = False,
    publish: bool = True,
    latest: bool = False,
    curated: str | None = None,
) -> list[Outcome]:
    """Publish editions on the flow's task runner, all at a time; nothing happens to those that have not changed.

    One edition that fails keeps none of the others back; raises XizeError naming those that failed at the end.
    """
    options = Options(
        home=home, edition="", source=source, password=password.get_secret_value(), decoder=decoder,
        cross_check=cross_check, allow_incomplete=allow_incomplete, publish=publish, latest=latest, curated=curated,
    )  # fmt: skip
    names = list(dict.fromkeys(editions))
    documents: dict[str, _Document] = {}
    outcomes: dict[str, Outcome] = {}
    failures: dict[str, Exception] = {}
    with ExitStack() as locks:
        for name in names:
            with _noting(name, failures):
                locks.enter_context(edition_lock(home, name))
                document = _open(replace(options, edition=name))
                if isinstance(document, Outcome):
                    outcomes[name] = document
                    tell_finished(document)
                else:
                    documents[name] = document
        progress = _Progress()
        for step in (progress.submit_ranges, progress.submit_finish):
            for name, document in documents.items():
                if name not in failures:
                    with _noting(name, failures):
                        step(document)
        for name, document in documents.items():
            if name not in failures:
                with _noting(name, failures):
                    outcomes[name] = _brought_home(document)
                    tell_finished(outcomes[name])
    _raise(failures, single=len(names) == 1)
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


def _open(options: Options) -> _Document | Outcome:
    """Begin a document: have its pages counted unless its reading is known; the outcome where nothing has changed."""
    job = plan(options, fetch=False)
    last = unchanged(job)
    if last is not None:
        return same_as(job, last)
    reading = staging.load_staged(job)
    if reading is None and job.kind != "pdf":
        job = plan(options)  # a transcript is small: read here
        reading = run.read(job)
    url = job.edition.file(job.kind).url or str(job.path.resolve())
    source = Source(url, job.sha256, code_digest(), options.decoder, SecretStr(options.password))
    document = _Document(job, source, reading)
    if reading is None:
        document.count = count_pages.submit(source)
    return document


class _Progress:
    """The steps of documents that count pages: read so far, and in all."""

    def __init__(self) -> None:
        self._report = report_of_context()
        self._done = self._total = 0

    def _add(self, done: int, total: int = 0) -> None:
        self._done, self._total = self._done + done, self._total + total
        self._report("read", self._done, self._total)

    def submit_ranges(self, document: _Document) -> None:
        """Have the pages read that no earlier file of the edition held."""
        if document.reading is not None:
            return
        from pipeline.readers.pdf.read import page_ranges

        total = document.count.result()
        document.reading = known = staging.known_pages(document.job) if _lies_here(document.job) else None
        have = set() if known is None else set(known.pages.column("page").to_pylist())
        missing = [number for number in range(1, total + 1) if number not in have]
        document.read = len(missing)
        self._add(len(have), total)
        document.parts = [
            read_range.submit(document.source, tuple(pages)) for pages in page_ranges(missing, PAGES_PER_TASK)
        ]

    def submit_finish(self, document: _Document) -> None:
        """Wait for the document's pages, stage them, and have them tidied, validated and published."""
        readings = [] if document.reading is None else [document.reading]
        for part in document.parts:
            readings.append(part.result())
            self._add(len(readings[-1].pages))
        document.parts = []
        reading = join_readings(readings)
        if document.read is not None:
            staging.store_staged(document.job, reading, read=document.read)
        name = document.job.edition.name
        document.last = finish_document.submit(name, _parcel(document), reading)
        document.reading = None


def _lies_here(job: Job) -> bool:
    """Whether ``job.path`` is the verified file: one that only workers fetch is not."""
    if job.edition.file(job.kind).url is None:
        return True
    return job.path.is_file() and file_sha256(job.path) == job.sha256


def _parcel(document: _Document) -> Parcel:
    job = document.job
    home = job.options.home
    options = replace(job.options, curated=curated_url(home, job.options.curated), workers=1)
    record = staging.staged_folder(job) / "reading.json"
    paths = [*sorted(job.edition.folder.glob("*.yaml")), *([record] if record.is_file() else [])]
    files = {path.relative_to(home).as_posix(): path.read_bytes() for path in paths}
    return Parcel(options, job.kind, document.source, job.inputs, files)


def _brought_home(document: _Document) -> Outcome:
    """Wait until the document is published (or refused); its findings come home and become an artifact."""
    done: Finished = document.last.result()
    _write_files(document.job.options.home, done.files)
    publish_findings(document.job)
    if done.refused is not None:
        raise done.refused
    return Outcome(document.job, **(done.outcome or {}))


def _raise(failures: dict[str, Exception], *, single: bool) -> None:
    """One sentence for all documents that failed; a fault that is no document's own is raised as it is."""
    if not failures:
        return
    for error in failures.values():
        if not isinstance(error, XizeError):
            raise error
    sentences: Sequence[str] = [str(error).rstrip("。") for error in failures.values()]
    if not single:
        sentences = [f"{name}：{text}" for name, text in zip(failures, sentences, strict=True)]
    codes = [error.exit_code for error in failures.values() if isinstance(error, XizeError)]
    raise XizeError("；".join(sentences) + "。", exit_code=max(codes))
