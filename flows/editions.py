"""The flows of one machine: an edition is published, everything is rebuilt.

The tasks are the steps of :mod:`pipeline.run`, done by the task itself. Values go from task to task in this process and
are never stored; what was read is kept under staged/ by its content. Comes after :func:`flows.server.prepare`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pyarrow.parquet as pq
from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.logging.loggers import flow_run_logger
from prefect.utilities.annotations import quote
from pydantic import SecretStr

from expectations.report import ValidationReport
from pipeline import run
from pipeline.editions.download import Unreachable
from pipeline.editions.edition import edition_lock, editions
from pipeline.errors import XizeError, for_each
from pipeline.job import Job, Limits, Options, Outcome, Report, RunResult
from pipeline.outcome import finish, unchanged
from pipeline.processes import Call, process_beside
from pipeline.quality.findings_markdown import findings_markdown
from pipeline.reading import Reading
from pipeline.releases.last_findings import last_findings_path
from pipeline.releases.learned import planned
from pipeline.staging import pages_read, work_folder

NO_PASSWORD = SecretStr("")
IN_MEMORY: dict[str, Any] = {"persist_result": False, "cache_policy": NO_CACHE}
"""Options of a task whose values are large: they are neither stored nor hashed."""

WEBHOOK = "XIZE_WEBHOOK"
"""The address that a JSON object is posted to: event (failed | doubtful), edition, release, text, run."""

whole: Any = quote
"""A value for a task, which is given it as it is: Prefect looks through collections of others for futures."""


class Watcher(NamedTuple):
    """Who is told how far flows of this context have come, and of every edition that is done on a cluster."""

    report: Report = lambda stage, done, total: None
    finished: Callable[[Outcome], None] = lambda outcome: None


WATCHER: ContextVar[Watcher] = ContextVar("xize_watcher", default=Watcher())  # noqa: B039 (a named tuple does not change)


async def may_pass(task: Any, task_run: TaskRun, state: State[Any]) -> bool:
    """Whether trying again can help: not when the document itself is at fault."""
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, Unreachable) or not isinstance(error, XizeError)


def publish_findings(job: Job) -> None:
    """Attach the findings that the job's last run left to the current flow or task run, as ``findings-<edition>``."""
    edition = job.edition.name
    path = last_findings_path(job.options.home, edition)
    if path.is_file():
        text = findings_markdown(edition, pq.read_table(path))
        create_markdown_artifact(text, key=f"findings-{edition}", description=f"{edition}的发现")


TRIED_AGAIN = IN_MEMORY | {"retries": 2, "retry_delay_seconds": [1, 5], "retry_condition_fn": may_pass}


def tell_failure(flow: Any, flow_run: Any, state: Any) -> None:
    """Prefect calls this when a flow run fails or crashes."""
    parameters = flow_run.parameters or {}
    edition = str(parameters.get("edition") or "、".join(map(str, parameters.get("editions") or ())))
    text = f"{edition or flow.name}：运行失败，没有发布；{state.message or state.name}"
    _post("failed", edition, None, text, flow_run.name, flow_run_logger(flow_run, flow))


def tell_doubts(outcome: Outcome) -> None:
    """Tell of a new release where something may have been read wrongly, or parts of the document are missing."""
    made, count = outcome.release, outcome.by_queue.get("reading", 0)
    if made is None or not outcome.changed:
        return
    doubts = [f"{count}处可能读错"] * bool(count)
    doubts += ["缺少目录所列的部分"] * bool(made.manifest.get("allow_incomplete"))
    if doubts:
        text = f"{made.edition}@{made.release}已发布，但{'，'.join(doubts)}：请用“xize review {made.edition}”核对。"
        _post("doubtful", made.edition, made.release, text, None, get_run_logger())


def _post(event: str, edition: str, release: str | None, text: str, run: str | None, logger: Any) -> None:
    """Post what happened; that nobody listens is logged, and does not make a run worse than it is."""
    address = os.environ.get(WEBHOOK)
    if not address:
        return
    body = {"event": event, "edition": edition, "release": release, "text": text, "run": run}
    try:
        httpx.post(address, json=body, timeout=10, follow_redirects=True).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        logger.warning("没有通知到%s所指的地址（%s）：请检查该地址。", WEBHOOK, str(error).partition("\n")[0])


@task(name="plan", **TRIED_AGAIN)
def plan(options: Options) -> Job:
    """The verified source; a file that lies at a url is fetched."""
    job = planned(options)
    get_run_logger().info("%s：%s，sha256为%s。", job.edition.name, job.path.name, job.sha256)
    return job


@task(name="read", **IN_MEMORY)
def read(job: Job) -> Reading:
    """The reading: what is staged, or the file read by processes of this machine and staged."""
    reading = run.read(job, WATCHER.get().report)
    get_run_logger().info(
        "%s：%d页（其中新读%s页），%d个单元格。",
        job.path.name, len(reading.pages), pages_read(job), len(reading.cells),
    )  # fmt: skip
    return reading


@task(name="tidy", **IN_MEMORY)
def tidy(job: Job, reading: Reading) -> RunResult:
    """The reading checked, corrected and tidied into tables."""
    result = run.tidy_reading(job, reading, WATCHER.get().report)
    rows = {name: table.num_rows for name, table in result.tables.items() if table.num_rows}
    get_run_logger().info("整理出%s；发现%d项。", rows, len(result.findings))
    return result


@task(name="validate", **IN_MEMORY)
def validate(job: Job, result: RunResult, site: Path, call: Call[Any]) -> ValidationReport:
    """The verdict of Great Expectations, which ``call`` calls in its process, rendered into the folder ``site``."""
    verdict = run.validate_result(job, result, site, WATCHER.get().report, call)
    get_run_logger().info(
        "%d项期望，其中%d项错误、%d项警告不成立；发现%d项。",
        len(verdict.results), len(verdict.errors), len(verdict.warnings), len(verdict.findings),
    )  # fmt: skip
    return verdict


@task(name="publish", **IN_MEMORY)
def publish_result(job: Job, result: RunResult, verdict: ValidationReport, site: Path) -> Outcome:
    """The release, or what it would change. The findings become an artifact, whether they let it publish or not."""
    try:
        outcome = finish(job, result, verdict, site, WATCHER.get().report)
    finally:
        publish_findings(job)
    tell_doubts(outcome)
    where = "没有发布" if outcome.release is None else outcome.release.folder
    get_run_logger().info(
        "%s：条目%d，发现%s。%s", where, outcome.rows["entries"], dict(outcome.by_severity), outcome.remark
    )
    return outcome


@flow(
    name="publish_edition",
    flow_run_name="publish-{edition}",
    on_failure=[tell_failure],
    on_crashed=[tell_failure],
)
def publish_edition(
    edition: str,
    home: Path,
    source: str | None = None,
    decoder: str = "pdfium",
    password: SecretStr = NO_PASSWORD,
    workers: int | None = None,
    cross_check: bool = False,
    allow_incomplete: bool = False,
    publish: bool = True,
    latest: bool = False,
    curated: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 (it does not change)
    by: str = "",
) -> Outcome:
    """Read, tidy, validate and publish an edition; nothing happens when nothing has changed."""
    options = Options(
        home=home, edition=edition, source=source, password=password.get_secret_value(), decoder=decoder,
        workers=workers, cross_check=cross_check, allow_incomplete=allow_incomplete, publish=publish,
        latest=latest, curated=curated, limits=limits, by=by,
    )  # fmt: skip
    with edition_lock(home, edition):
        job = plan(whole(options))
        if (last := unchanged(job)) is not None:
            get_run_logger().info("%s：没有变化，最新为%s。", edition, last.release and last.release.release)
            return last
        reading = read(whole(job))
        with process_beside("expectations.engine") as beside, work_folder(job) as folder:
            result = tidy(whole(job), whole(reading))
            site = folder / "validation"
            verdict = validate(whole(job), whole(result), site, whole(beside))
            return publish_result(whole(job), whole(result), whole(verdict), site)


@flow(name="rebuild_all")
def rebuild_all(
    home: Path, allow_incomplete: bool = False, curated: str | None = None
) -> dict[str, str | None]:
    """Publish every edition that has changed, one after the other; edition → release.

    One edition that fails keeps none of the others back. Raises XizeError naming those that failed.
    """
    done: dict[str, str | None] = {}

    def publish(edition: str) -> None:
        outcome = publish_edition(edition, home, allow_incomplete=allow_incomplete, curated=curated)
        done[edition] = outcome.release.release if outcome.release else None

    for_each(editions(home), publish)
    return done
