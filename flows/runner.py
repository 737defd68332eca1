"""``xize run`` under Prefect: the flow in this process, with the same signature as pipeline.run.run."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from flows import server, steps
from flows.pool import reader_pool
from flows.reporting import reporting
from pipeline.edition import edition_lock
from pipeline.errors import XizeError
from pipeline.run import Job, Options, Outcome, Report, plan, unchanged
from pipeline.staging import load_staged


def run(options: Options, report: Report | None = None, task_runner: Any = None) -> Outcome:
    """Publish an edition through the flow ``publish_edition``.

    ``task_runner``: a Prefect task runner for the page ranges, default threads over worker processes. A run that
    finds nothing changed answers before Prefect is loaded; pages are read while Prefect and its server start.
    Raises XizeError as :func:`pipeline.run.run` does.
    """
    with edition_lock(options.home, options.edition):
        job = plan(options)
        last = unchanged(job) if options.publish else None
        if last is not None:
            return steps.same(job, last)
        ranges = _to_read(job)

    from flows.environment import ensure

    ensure(options.home)
    with reader_pool(options.workers) if len(ranges) > 1 else nullcontext() as pool:
        if pool is not None:
            pool.expect(job.path, ranges, options.password, options.decoder)
        return _flow(options, report, task_runner)


def _to_read(job: Job) -> tuple[tuple[int, ...], ...]:
    """The page ranges that the flow's tasks will ask for; none when the reading is staged."""
    return () if job.kind != "pdf" or load_staged(job) is not None else steps.to_read(job).ranges


def _flow(options: Options, report: Report | None, task_runner: Any) -> Outcome:
    from pydantic import SecretStr

    from flows.editions import publish_edition

    flow = publish_edition if task_runner is None else publish_edition.with_options(task_runner=task_runner)
    token = steps.PROGRESS.set(steps.Progress(report))
    try:
        with reporting():
            outcome: Outcome = flow(
                options.edition,
                options.home,
                source=options.source,
                decoder=options.decoder,
                password=SecretStr(options.password),
                workers=options.workers,
                cross_check=options.cross_check,
                allow_incomplete=options.allow_incomplete,
                publish=options.publish,
                latest=options.latest,
                curated=options.curated,
            )
    except XizeError:
        raise
    except Exception as error:
        if server.failed():
            raise XizeError(server.FAILED) from error
        raise
    finally:
        steps.PROGRESS.reset(token)
    return outcome
