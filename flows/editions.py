"""The flows: an edition is extracted, an edition is published, everything is rebuilt.

Page ranges are mapped tasks whose results are kept by content: file hash, pages, decoder and code.
Call :func:`flows.environment.prepare` before importing this module.
"""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.utilities.annotations import unmapped
from pydantic import SecretStr

from expectations import ValidationReport, Validator, warm_up
from flows import steps
from flows.artifacts import publish_findings
from flows.pool import reader_pool
from pipeline import run, staging
from pipeline.edition import edition_lock, editions
from pipeline.errors import XizeError
from pipeline.readers.staged import Reading
from pipeline.run import Job, Options, Outcome, RunResult

# Threads only wait here: the reading itself is done by worker processes (flows.pool).
_THREADS: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=8)
_NO_PASSWORD = SecretStr("")


def range_key(context: TaskRunContext, arguments: dict[str, Any]) -> str:
    """What a range's reading depends on: the file's bytes, the pages, the decoder and the code, not the path."""
    pages = arguments["pages"]
    span = f"{pages[0]}..{pages[-1]}"
    return "-".join(("read", arguments["sha256"], span, arguments["decoder"], arguments["code"]))


def _range_name(parameters: dict[str, Any]) -> str:
    return f"read-{parameters['pages'][0]}-{parameters['pages'][-1]}"


async def _may_pass(task: Any, task_run: TaskRun, state: State[Any]) -> bool:
    """Whether trying again can help: not when the document itself is at fault."""
    found = await state.aresult(raise_on_failure=False)
    return not isinstance(found, XizeError)


@task(
    task_run_name=cast(Any, _range_name),
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=_may_pass,
    cache_key_fn=range_key,
    persist_result=True,
    result_serializer="compressed/pickle",
)
def read_range(
    path: str, sha256: str, pages: tuple[int, ...], decoder: str, code: str, password: SecretStr
) -> Reading:
    """One range of pages (from 1) of a PDF; ``code`` is the digest of the readers' code."""
    return steps.read_range(Path(path), pages, decoder, password.get_secret_value())


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
    """What is staged for the source, or its page ranges read as mapped tasks and staged. Inside a flow."""
    staged = staging.load_staged(job)
    if staged is not None or job.kind != "pdf":
        return staged if staged is not None else run.read(job)
    ranges, progress = steps.ranges(job), steps.progress()
    progress.expect(sum(map(len, ranges)))
    with reader_pool(job.options.workers) if len(ranges) > 1 else nullcontext():
        futures = read_range.map(
            unmapped(str(job.path)),
            unmapped(job.sha256),
            ranges,
            unmapped(job.options.decoder),
            unmapped(steps.readers_code()),
            unmapped(SecretStr(job.options.password)),
        )
        parts = []
        for pages, future in zip(ranges, futures, strict=True):
            parts.append(future.result())
            progress.read(len(pages))
    reading = steps.merge(parts)
    staging.store_staged(job, reading)
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
