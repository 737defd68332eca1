"""``xize run --runner dask``: a Dask cluster that is there (``--address``), or one made on this machine."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flows import steps
from flows.calling import call
from flows.reporting import report_to
from pipeline.errors import XizeError
from pipeline.run import Options, Outcome, Report

if TYPE_CHECKING:
    from distributed import Client

_CONNECT_SECONDS = 15


def run_editions(
    editions: Sequence[str],
    options: Options,
    *,
    address: str | None = None,
    report: Report | None = None,
    finished: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Publish editions on a Dask cluster; ``options`` hold for all of them (its ``edition`` is not looked at).

    ``address``: the scheduler's (tcp://host:port), None for a cluster on this machine with ``options.workers``
    processes. ``finished`` is called with each outcome as it comes, also when other editions fail. Raises XizeError:
    the extra is not installed, the cluster cannot be used, or editions failed (all of them named).
    """
    if find_spec("prefect_dask") is None or find_spec("distributed") is None:
        raise XizeError('没有安装Dask：请先运行 pip install "xize[cluster]"，或去掉--runner dask。')
    if address is not None and not _is_local(address) and not os.environ.get("PREFECT_API_URL"):
        raise XizeError(
            "集群在别的机器上时需要各机都能访问的Prefect服务器："
            "请先启动它，并设置环境变量PREFECT_API_URL（如http://服务器:4200/api）。"
        )
    from flows.environment import ensure

    ensure(options.home)
    with local_cluster(options.workers) if address is None else checked(address, options) as place:
        return publish_on(editions, options, place, report, finished)


def publish_on(
    editions: Sequence[str],
    options: Options,
    address: str,
    report: Report | None = None,
    finished: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """As :func:`run_editions`, on the cluster whose scheduler is at ``address``; Prefect is set up already."""
    from prefect_dask.task_runners import DaskTaskRunner

    from flows.cluster import publish_editions

    flow = publish_editions.with_options(task_runner=DaskTaskRunner(address=address))  # type: ignore[arg-type]
    outcomes: list[Outcome] = call(flow, list(editions), options, steps.Progress(report, finished))
    return outcomes


def _is_local(address: str) -> bool:
    return urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")


@contextmanager
def local_cluster(workers: int | None) -> Iterator[str]:
    """A cluster on this machine, one thread a process: the work is Python's, which runs one thread at a time."""
    from distributed import LocalCluster

    count = workers or len(os.sched_getaffinity(0))
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=count,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",  # any port that is free
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield str(cluster.scheduler_address)


@contextmanager
def checked(address: str, options: Options) -> Iterator[str]:
    """A cluster that is there, looked at first: it answers, has workers with this very program, and they see curated/."""
    from distributed import Client

    from pipeline.editions.download import local_path
    from pipeline.releases.catalogue import curated_url
    from pipeline.run import code_digest

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
            raise XizeError("工作进程与发起运行的机器所装xize不同：请在各机安装同一版本后再运行。")
        # Workers that have served other flows would go on telling those flows' server.
        client.run(report_to, os.environ.get("PREFECT_API_URL"))
        folder = local_path(curated_url(options.home, options.curated))
        if folder is not None and options.publish:
            _shared(client, folder.resolve())
    yield address


def _shared(client: Client, folder: Path) -> None:
    """XizeError unless every worker sees ``folder``: what it published would else end up on its own disk."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(prefix=".seen-", dir=folder) as mark:
        seen: dict[str, Any] = client.run(os.path.exists, mark.name)
    blind = [worker for worker, there in seen.items() if not there]
    if blind:
        raise XizeError(
            f"工作进程{blind[0]}看不到发布文件夹{folder}：请用--curated给出各机共有的文件夹或s3://等地址。"
        )
