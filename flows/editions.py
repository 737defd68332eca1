"""The flows: an edition is extracted, an edition is published, everything is rebuilt.

Page ranges are mapped tasks whose results are kept by content: file hash, pages, decoder and code.
Call :func:`flows.environment.prepare` before importing this module.
"""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE, CacheKeyFnPolicy
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.utilities.annotations import unmapped
from pydantic import SecretStr

from expectations import ValidationReport, Validator, warm_up
from flows import steps
from flows.artifacts import publish_findings
from flows.pool import reader_pool
from flows.tasks import range_key, read_range
from pipeline import run, staging
from pipeline.edition import edition_lock, editions
from pipeline.errors import XizeError
from pipeline.readers.staged import Reading
from pipeline.run import Job, Options, Outcome, RunResult

# Threads only wait here: the reading itself is done by worker processes (flows.pool).
_THREADS: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=8)
_NO_PASSWORD = SecretStr("")


# A range once read is kept in Prefect's home: a run that ended early, or the same file elsewhere, goes on from there.
cached_range = read_range.with_options(
    cache_policy=CacheKeyFnPolicy(cache_key_fn=range_key), persist_result=True
)


@task(name="tidy", cache_policy=NO_CACHE, persist_result=False)
def tidy(job: Job, reading: Reading) -> RunResult:
    """A reading as curated tables."""
    steps.progress().stage("tidy")
    return run.tidy_reading(job, reading)


@task(name="validate", cache_policy=NO_CACHE, persist_result=False)
def validate(job: Job, result: RunResult, validator: Validator, site: Path) -> ValidationReport:
    """The verdict on the tables; the rendered site goes to ``site``."""
    steps.progress().stage("validate")
    context = run.validation_context(job, result)
    return validator.validate(run.with_findings(job, result), context=context, site_dir=site)


def read_document(job: Job) -> Reading:
    """What is staged for the source, or its page ranges read as mapped tasks and staged. Inside a flow.

    Pages that an earlier file of the edition held unchanged are taken from there.
    """
    staged = staging.load_staged(job)
    if staged is not None or job.kind != "pdf":
        return staged if staged is not None else run.read(job)
    plan, progress = steps.to_read(job), steps.progress()
    progress.expect(plan.total)
    progress.read(plan.total - plan.pages)
    with reader_pool(job.options.workers) if len(plan.ranges) > 1 else nullcontext():
        futures = cached_range.map(
            unmapped(str(job.path)),
            unmapped(job.sha256),
            list(plan.ranges),
            unmapped(job.options.decoder),
            unmapped(steps.readers_code()),
            unmapped(SecretStr(job.options.password)),
        )
        parts = []
        for pages, future in zip(plan.ranges, futures, strict=True):
            parts.append(future.result())
            progress.read(len(pages))
    reading = steps.merge(parts, plan.known)
    staging.store_staged(job, reading, read=plan.pages)
    return reading


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
        job = run.plan(options)
        return tidy(job, read_document(job))


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
        with warm_up() as validator, tempfile.TemporaryDirectory(prefix="xize-site-") as folder:
            site = Path(folder) / "validation"
            result = tidy(job, read_document(job))
            report = validate(job, result, validator, site)
            publish_findings(edition, run.with_findings(job, result, report)["findings"])
            steps.progress().stage("publish")
            return run.finish(job, result, report, site)


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
