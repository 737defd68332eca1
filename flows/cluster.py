"""Editions published on a Dask cluster: page ranges and documents are its tasks, this process only keeps order.

A worker needs the source's url, Prefect's API and the curated folder's url. Staged files, locks and the steward's home
stay here. Comes after :func:`flows.server.prepare`.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections import Counter
from collections.abc import Generator
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path
from typing import Any

from distributed import Client
from distributed.scheduler import KilledWorker
from prefect import flow, get_run_logger, task
from prefect.exceptions import CancelledRun, CrashedRun
from pydantic import SecretStr

from flows.editions import NO_PASSWORD, TRIED_AGAIN, Watcher, publish_findings, tell_failure
from pipeline import run, staging
from pipeline.editions.download import local_path
from pipeline.editions.edition import edition_lock
from pipeline.editions.parcel import OTHER_PROGRAM, Parcel, files_under, write_files
from pipeline.errors import XizeError, raise_failures
from pipeline.job import Job, Options, Outcome, code_digest
from pipeline.outcome import finish, unchanged
from pipeline.readers.pdf.read import page_ranges
from pipeline.reading import Reading, join_readings
from pipeline.releases.catalogue import curated_url
from pipeline.releases.learned import planned
from pipeline.system import processors

PAGES_PER_TASK = 16
"""Coarse: every task costs Prefect some tens of milliseconds of bookkeeping."""

_INTERRUPTED = "处理它的工作进程接连中断，或与Dask调度器的连接已中断：请检查各机内存（每个进程宜有1 GB以上）与网络后再运行。"


def local_cluster(workers: int | None) -> dict[str, Any]:
    """The options of Dask's LocalCluster, one thread a process (the work is Python's), on ports that are free."""
    own = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
    return {"n_workers": workers or processors(), "threads_per_worker": 1, "processes": True, **own}


def check_cluster(address: str, options: Options) -> None:
    """XizeError unless the cluster answers, has workers with this very program, and they see curated/."""
    try:
        client = Client(address, set_as_default=False, timeout=15)  # type: ignore[no-untyped-call]
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
            raise XizeError(OTHER_PROGRAM)
        folder = local_path(curated_url(options.home, options.curated))
        if folder is None or not options.publish:
            return
        # What a worker that does not see the folder published would end up on its own disk.
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=".seen-", dir=folder.resolve()) as mark:
            seen: dict[str, Any] = client.run(os.path.exists, mark.name)
        for worker in (name for name, there in seen.items() if not there):
            raise XizeError(
                f"工作进程{worker}看不到发布文件夹{folder}：请用--curated给出各机共有的文件夹或s3://等地址。"
            )


@task(task_run_name="read-{edition}-{first}-{last}", **TRIED_AGAIN)
def read_range(edition: str, first: int, last: int, parcel: Parcel, pages: list[int]) -> Reading:
    """Some pages (from 1) between ``first`` and ``last``, which name the task."""
    from pipeline.readers.pdf.read import read_pages

    options = parcel.job.options
    reading = read_pages(parcel.fetched(), pages, options.password, options.decoder, options.limits)
    get_run_logger().info("%s：%d页，%d个单元格。", edition, len(reading.pages), len(reading.cells))
    return reading


@task(task_run_name="finish-{edition}", **TRIED_AGAIN)
def finish_document(
    edition: str, parcel: Parcel, reading: Reading
) -> tuple[Outcome | XizeError, dict[str, bytes]]:
    """Tidy, validate and publish on a machine that has but the parcel and the reading.

    Gives the outcome, or the refusal to publish; and the files that belong in the home's staged/.
    """
    log = get_run_logger()
    with parcel.unpacked() as job, tempfile.TemporaryDirectory(prefix="xize-site-") as folder:
        site, home = Path(folder) / "validation", job.options.home
        result = run.tidy_reading(job, reading)
        log.info("%s：整理出%d个条目。", edition, result.tables["entries"].num_rows)
        verdict = run.validate_result(job, result, site)
        log.info("%s：校验发现%d项。", edition, len(verdict.findings))
        came: Outcome | XizeError
        try:
            came = finish(job, result, verdict, site)
        except XizeError as error:
            came = error
        files = files_under(home, (home / "staged").rglob("*"))
        return came, {name: files[name] for name in files.keys() - parcel.files.keys()}


@flow(name="publish_editions", flow_run_name="publish-on-cluster", on_failure=[tell_failure])
def publish_editions(
    editions: list[str], home: Path, password: SecretStr = NO_PASSWORD, **options: Any
) -> list[Outcome]:
    """Publish editions on the flow's task runner, all at a time; nothing happens to those that have not changed.

    ``options``: those of :class:`pipeline.job.Options`. One edition that fails keeps none of the others back; raises
    XizeError naming those that failed at the end.
    """
    from flows.editions import WATCHER  # the flow travels to the workers with what it names: no ContextVar

    asked = Options(home=home, edition="", password=password.get_secret_value(), **options)
    watcher, pages = WATCHER.get(), Counter[str]()
    under_way = {name: _published(replace(asked, edition=name), watcher, pages) for name in editions}
    outcomes: dict[str, Outcome] = {}
    failures: dict[str, Exception] = {}
    while under_way:  # every edition takes a step before any takes its next
        for name, steps in list(under_way.items()):
            try:
                next(steps)
                continue
            except StopIteration as done:
                outcomes[name] = done.value
                watcher.finished(done.value)
            except (KilledWorker, CancelledError, CrashedRun, CancelledRun):
                failures[name] = XizeError(_INTERRUPTED)
            except Exception as error:
                failures[name] = error
            del under_way[name]
    raise_failures(failures, single=len(set(editions)) == 1)
    return [outcomes[name] for name in dict.fromkeys(editions)]


def _published(options: Options, watcher: Watcher, pages: Counter[str]) -> Generator[None, None, Outcome]:
    """An edition's way in three steps: its pages are submitted; they have come, and what remains is submitted; that is done.

    Pages that are staged, or that an earlier file held, are not read again. ``pages``: how many were ``asked`` for and how
    many have ``come``, of all editions.
    """
    with edition_lock(options.home, options.edition):
        job = planned(options)
        if (last := unchanged(job)) is not None:
            return last
        staged, name = staging.load_staged(job), job.edition.name
        known, missing = staged, list[int]()
        if staged is None and job.kind == "pdf":
            known, missing, _ = run.pages_to_read(job)
        elif staged is None:
            known = run.read(job)  # a text is small: read here
        parcel = _parcel(job)
        ranges = [
            read_range.submit(name, some[0], some[-1], parcel, list(some))
            for some in page_ranges(missing, PAGES_PER_TASK)
        ]
        pages["asked"] += len(missing)
        yield
        readings = [] if known is None else [known]
        for future in ranges:
            readings.append(future.result())
            pages["come"] += len(readings[-1].pages)
            watcher.report("read", pages["come"], pages["asked"])
        reading = run.recognise_scans(job, join_readings(readings), watcher.report)
        if missing or staging.load_staged(job) is None:
            staging.store_staged(job, reading, read=len(missing))
        finished = finish_document.submit(name, _parcel(job), reading)
        del known, readings, reading, ranges
        yield
        came, files = finished.result()
        write_files(options.home, files)
        publish_findings(job)
        if isinstance(came, XizeError):
            raise came
        return replace(came, job=job)


def _parcel(job: Job) -> Parcel:
    home, record = job.options.home, staging.staged_folder(job) / "reading.json"
    return Parcel.of(job, record, curated_url(home, job.options.curated))
