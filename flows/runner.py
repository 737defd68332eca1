"""``xize run`` under Prefect: the flow in this process, with the same signature as pipeline.run.run."""

from __future__ import annotations

from typing import Any

from pipeline.edition import edition_lock
from pipeline.run import Options, Outcome, Report, plan, unchanged


def run(options: Options, report: Report | None = None, task_runner: Any = None) -> Outcome:
    """Publish an edition through the flow ``publish_edition``.

    ``task_runner``: a Prefect task runner for the page ranges, default threads over worker processes. A run that
    finds nothing changed answers before Prefect is loaded. Raises XizeError as :func:`pipeline.run.run` does.
    """
    from flows import steps

    with edition_lock(options.home, options.edition):
        job = plan(options)
        last = unchanged(job) if options.publish else None
        if last is not None:
            return steps.same(job, last)

    from flows.environment import ensure

    ensure(options.home)
    from pydantic import SecretStr

    from flows.editions import publish_edition

    flow = publish_edition if task_runner is None else publish_edition.with_options(task_runner=task_runner)
    token = steps.PROGRESS.set(steps.Progress(report))
    try:
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
    finally:
        steps.PROGRESS.reset(token)
    return outcome
