"""The flows: an edition is extracted, an edition is published, everything is rebuilt.

Page ranges are mapped tasks whose results are kept by content: file hash, pages, decoder and code. The steps after them
are tasks that ask the document's desk (flows.desk) for one step each: tables stay where they are made.
Call :func:`flows.environment.prepare` before importing this module.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE, CacheKeyFnPolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.utilities.annotations import unmapped
from pydantic import SecretStr

from expectations import validate as validate_here
from flows import steps
from flows.ahead import Lost, desk_ahead
from flows.artifacts import publish_markdown
from flows.desk import Desk, DeskHere
from flows.pool import reader_pool
from flows.tasks import range_key, read_range
from pipeline import run
from pipeline.editions.edition import edition_lock, editions
from pipeline.errors import XizeError
from pipeline.run import Options, Outcome, RunResult

# Threads only wait here: the reading itself is done by other processes (flows.ahead, flows.pool).
_THREADS: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=8)
_NO_PASSWORD = SecretStr("")


# A range once read is kept in Prefect's home: a run that ended early, or the same file elsewhere, goes on from there.
cached_range = read_range.with_options(
    cache_policy=CacheKeyFnPolicy(cache_key_fn=range_key), persist_result=True
)


async def _lost(task: Any, task_run: TaskRun, state: State[Any]) -> bool:
    """Whether trying again can help: a step fails the same way again, unless the process that did it has gone."""
    return isinstance(await state.aresult(raise_on_failure=False), Lost)


# Nothing to be compared or kept: what a step works on lies on the desk.
_STEP: dict[str, Any] = {
    "retries": 1,
    "retry_delay_seconds": 1,
    "retry_condition_fn": _lost,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}


@task(name="tidy", **_STEP)
def tidy(desk: Desk) -> None:
    """The reading as curated tables."""
    desk.tidy()


@task(name="validate", **_STEP)
def validate(desk: Desk) -> None:
    """The verdict on the tables."""
    desk.validate()


@task(name="publish", **_STEP)
def publish_tables(desk: Desk) -> Outcome:
    """The release, or what it would change."""
    return desk.publish()


def read_document(desk: Desk) -> None:
    """What is staged for the source, or its page ranges read as mapped tasks and staged. Inside a flow.

    Pages that an earlier file of the edition held unchanged are taken from there.
    """
    plan, job = desk.ranges(), desk.job
    progress = steps.Progress() if desk.ahead else steps.progress()
    progress.expect(plan.total)
    progress.read(plan.known)
    with reader_pool(job.options.workers):
        futures = cached_range.map(
            unmapped(str(job.path)),
            unmapped(job.sha256),
            list(plan.missing),
            unmapped(job.options.decoder),
            unmapped(steps.readers_code()),
            unmapped(SecretStr(job.options.password)),
        )
        parts = []
        for pages, future in zip(plan.missing, futures, strict=True):
            parts.append(future.result())
            progress.read(len(pages))
    desk.join(parts)


@flow(name="extract_edition", flow_run_name="extract-{edition}", task_runner=_THREADS)
def extract_edition(
    edition: str,
    home: Path,
    source: str | None = None,
    decoder: str = "pdfium",
    password: SecretStr = _NO_PASSWORD,
) -> RunResult:
    """Read an edition's source (staged under staged/) and tidy it; nothing is published."""
    options = Options(home, edition, source, password.get_secret_value(), decoder)
    with edition_lock(home, edition):
        desk = DeskHere(run.plan(options), validate_here, Path())
        read_document(desk)
        tidy(desk)
        return desk.result()


@flow(name="publish_edition", flow_run_name="publish-{edition}", task_runner=_THREADS)
def publish_edition(
    edition: str,
    home: Path,
    source: str | None = None,
    decoder: str = "pdfium",
    password: SecretStr = _NO_PASSWORD,
    workers: int | None = None,
    cross_check: bool = False,
    allow_incomplete: bool = False,
    publish: bool = True,
    latest: bool = False,
    curated: str | None = None,
) -> Outcome:
    """Read, tidy, validate and publish an edition; nothing happens when nothing has changed.

    The findings become an artifact of the run, whether they let it publish or not.
    """
    ahead = desk_ahead()
    if ahead is not None:  # whoever began it holds the lock and knows that something has changed
        return _publish(ahead)
    options = Options(
        home=home, edition=edition, source=source, password=password.get_secret_value(), decoder=decoder,
        workers=workers, cross_check=cross_check, allow_incomplete=allow_incomplete, publish=publish,
        latest=latest, curated=curated,
    )  # fmt: skip
    with edition_lock(home, edition):
        job = run.plan(options)
        last = run.unchanged(job) if publish else None
        if last is not None:
            return steps.same(job, last)
        with tempfile.TemporaryDirectory(prefix="xize-site-") as folder:
            return _publish(DeskHere(job, validate_here, Path(folder) / "validation"))


def _publish(desk: Desk) -> Outcome:
    read_document(desk)
    tidy(desk)
    validate(desk)
    try:
        return publish_tables(desk)
    finally:
        found = desk.findings()
        if found is not None:
            publish_markdown(desk.job.edition.name, found)


@flow(name="rebuild_all", task_runner=_THREADS)
def rebuild_all(
    home: Path, allow_incomplete: bool = False, curated: str | None = None
) -> dict[str, str | None]:
    """Publish every edition that has changed, one after the other; edition → release.

    One edition that fails keeps none of the others back. Raises XizeError naming those that failed.
    """
    done: dict[str, str | None] = {}
    failed: list[str] = []
    for edition in editions(home):
        try:
            outcome = publish_edition(edition, home, allow_incomplete=allow_incomplete, curated=curated)
        except XizeError as error:
            failed.append(f"{edition}：{error}")
        else:
            done[edition] = outcome.release.release if outcome.release else None
    if failed:
        raise XizeError("；".join(failed))
    return done
