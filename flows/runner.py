"""``xize run`` under Prefect: a server where none is configured, and the flow in this process. Imports no Prefect."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flows.server import Server, explained, prepare, server_for
from pipeline.editions.edition import edition_lock
from pipeline.errors import XizeError
from pipeline.job import Options, Outcome, Report
from pipeline.outcome import unchanged
from pipeline.releases.learned import planned

if TYPE_CHECKING:
    from flows.editions import Watcher


def run(options: Options, report: Report = lambda stage, done, total: None) -> Outcome:
    """Publish an edition through the flow ``publish_edition``; what has not changed needs no Prefect.

    Raises XizeError as :func:`pipeline.run.run` does, and when Prefect's server cannot be had.
    """
    with edition_lock(options.home, options.edition):
        if (last := unchanged(planned(options))) is not None:
            return last
    start(options.home)
    from flows.editions import Watcher, publish_edition

    done: Outcome = _call(publish_edition, options.edition, options, Watcher(report))
    return done


def run_editions(
    editions: Sequence[str],
    options: Options,
    *,
    address: str | None = None,
    report: Report = lambda stage, done, total: None,
    finished: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Publish editions on a Dask cluster; ``options`` hold for all of them (its ``edition`` is not looked at).

    ``address``: the scheduler's (tcp://host:port), None for a cluster on this machine with ``options.workers``
    processes. ``finished`` is called with each outcome as it comes, also when other editions fail. Raises XizeError:
    the extra is not installed, the cluster cannot be used, or editions failed (all of them named).
    """
    if find_spec("prefect_dask") is None or find_spec("distributed") is None:
        raise XizeError('没有安装Dask：请先运行 pip install "xize[cluster]"，或去掉--runner dask。')
    local = address is None or urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")
    if not local and not os.environ.get("PREFECT_API_URL"):
        raise XizeError(
            "集群在别的机器上时需要各机都能访问的Prefect服务器："
            "请先启动它，并设置环境变量PREFECT_API_URL（如http://服务器:4200/api）。"
        )
    start(options.home)
    from prefect_dask.task_runners import DaskTaskRunner

    from flows.cluster import check_cluster, local_cluster, publish_editions
    from flows.editions import Watcher

    if address is None:
        runner = DaskTaskRunner(cluster_kwargs=local_cluster(options.workers))
    else:
        check_cluster(address, options)
        runner = DaskTaskRunner(address=address)
    flow = publish_editions.with_options(task_runner=runner)  # type: ignore[arg-type]
    outcomes: list[Outcome] = _call(flow, list(editions), options, Watcher(report, finished))
    return outcomes


@cache
def start(home: Path) -> Server | None:
    """Set Prefect up for this process; the server that was started for it, if any, which ends with this process.

    Raises XizeError when PREFECT_API_URL names a server that does not answer.
    """
    if "prefect" in sys.modules:
        return None
    server = server_for(prepare(home))
    if server is not None:
        # Registered before Prefect's own last words, hence called after them.
        atexit.register(server.stop)
        # A server on this machine is there or it is gone: Prefect's five more attempts take a minute for each request.
        os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "1")
    return server


def _call(flow: Any, subject: Any, options: Options, watcher: Watcher) -> Any:
    """Call a flow that publishes ``subject`` (an edition's name, or several) once the server, if any, is ready.

    Raises XizeError, also when Prefect's server has gone.
    """
    from pydantic import SecretStr

    from flows.editions import WATCHER

    asked = {key: value for key, value in vars(options).items() if key not in ("home", "edition")}
    server = start(options.home)
    if server is not None:
        server.wait()
    token = WATCHER.set(watcher)
    try:
        with explained(server):
            return flow(subject, options.home, **asked | {"password": SecretStr(options.password)})
    finally:
        WATCHER.reset(token)
