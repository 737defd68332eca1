"""``xize run`` under Prefect: the flow in this process, with the same signature as pipeline.run.run."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from flows import steps
from flows.ahead import working_ahead
from flows.calling import call
from pipeline.editions.edition import edition_lock
from pipeline.garbage import collecting_seldom
from pipeline.run import Options, Outcome, Report, plan, unchanged


def run(options: Options, report: Report | None = None) -> Outcome:
    """Publish an edition through the flow ``publish_edition``.

    A run that finds nothing changed answers before Prefect is loaded. Otherwise the document is worked on in a process
    of its own, from now on; Prefect and its server start meanwhile, and their tasks wait for its steps.
    Raises XizeError as :func:`pipeline.run.run` does.
    """
    with edition_lock(options.home, options.edition):
        job = plan(options)
        last = unchanged(job) if options.publish else None
        if last is not None:
            return steps.same(job, last)
        progress = steps.Progress(report)
        with (
            tempfile.TemporaryDirectory(prefix="xize-site-") as folder,
            working_ahead(job, Path(folder) / "validation", progress.stage) as desk,
        ):
            begin_server = _prepare(options.home)
            with collecting_seldom():
                # What the flow's first call would import later, when nothing else goes on; much of it the server's, too.
                import fastapi  # noqa: F401
                import prefect.artifacts
                import prefect.events.worker
                import prefect.flow_engine
                import prefect.task_engine  # noqa: F401

                from flows.editions import publish_edition

            begin_server()  # a forked copy of this process, which has no threads of ours until the next line
            desk.begin()
            outcome: Outcome = call(
                publish_edition, options.edition, options, progress, workers=options.workers
            )
            return outcome


def _prepare(home: Path) -> Callable[[], None]:
    """Set Prefect up, unless it is at work in this process already; call what is given when it has been imported."""
    if "prefect" in sys.modules:
        return lambda: None
    from flows import environment, server

    environment.prepare(home)
    return server.announce_for_this_process()
