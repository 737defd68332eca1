"""The desk at which a document is worked on: what one step leaves there the next one takes up.

A flow's tasks ask it for one step after the other. It stands in this process, or (flows.ahead) in a process of its own
that works ahead of the tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from flows import steps
from flows.artifacts import findings_markdown
from flows.packing import last_findings
from pipeline import run, staging

if TYPE_CHECKING:
    from expectations.report import ValidationReport
    from pipeline.reading import Reading
    from pipeline.run import Job, Outcome, Report, RunResult


@dataclass(frozen=True)
class Ranges:
    """What reading takes: the document's pages in all (0: it is staged), the ranges (pages from 1) not known yet."""

    total: int = 0
    missing: tuple[tuple[int, ...], ...] = ()

    @property
    def known(self) -> int:
        """How many pages are known from an earlier file."""
        return self.total - sum(map(len, self.missing))


class Desk(Protocol):
    """The steps in their order; each raises XizeError as its namesake in pipeline.run does.

    ``job``: the document. ``ahead``: whether steps are done before they are asked for, and tell their progress
    themselves while pages are read.
    """

    job: Job
    ahead: bool

    def ranges(self) -> Ranges:
        """What must be read."""

    def join(self, parts: list[bytes]) -> None:
        """The missing ranges, packed: from now on the document is read, and staged."""

    def tidy(self) -> None:
        """The reading as tables."""

    def validate(self) -> None:
        """The verdict on the tables."""

    def publish(self) -> Outcome:
        """The release, or what it would change."""

    def findings(self) -> str | None:
        """What publishing has found, as Markdown, also when it is a reason not to publish; None if it came to nothing."""


class DeskHere:
    """A desk in this process. A step whose forerunner has not been done does that first, from what is staged.

    ``check``: validates as expectations.validate does. ``site``: the folder for the rendered verdict. ``report`` is
    told of stages (default: whoever follows the current run).
    """

    ahead = False

    def __init__(
        self, job: Job, check: Callable[..., ValidationReport], site: Path, report: Report | None = None
    ) -> None:
        self.job = job
        self._check, self._site = check, site
        self._report = report or steps.progress().stage
        self._plan: steps.ToRead | None = None
        self._reading: Reading | None = None
        self._result: RunResult | None = None
        self._verdict: ValidationReport | None = None

    def ranges(self) -> Ranges:
        """As :class:`Desk`. Reads at once what is no PDF."""
        self._reading = staging.load_staged(self.job)
        if self._reading is None and self.job.kind != "pdf":
            self._reading = run.read(self.job)
        if self._reading is not None:
            return Ranges()
        self._plan = steps.to_read(self.job)
        return Ranges(self._plan.total, self._plan.ranges)

    def join(self, parts: list[bytes]) -> None:
        """As :class:`Desk`. Where the parts are not what is missing here, the document is read here."""
        if self._plan is None and self._reading is None:
            self.ranges()  # another desk gave the ranges: the pages that it knew are needed here, too
        if self._reading is not None:
            return
        plan = self._plan
        if plan is None or len(parts) != len(plan.ranges):
            self.reading()
            return
        reading = steps.merge(parts, plan.known)
        staging.store_staged(self.job, reading, read=plan.pages)
        self._reading = reading

    def reading(self) -> Reading:
        """The document as read: joined, staged or, if neither, read here."""
        if self._reading is None:
            self._reading = run.read(self.job, self._report)
        return self._reading

    def tidy(self) -> None:
        """As :class:`Desk`."""
        self._result = run.tidy_reading(self.job, self.reading(), self._report)

    def result(self) -> RunResult:
        """The tables."""
        if self._result is None:
            self.tidy()
        assert self._result is not None
        return self._result

    def validate(self) -> None:
        """As :class:`Desk`."""
        result = self.result()
        self._report("validate", 0, 1)
        self._verdict = self._check(
            run.with_findings(self.job, result),
            context=run.validation_context(self.job, result),
            site_dir=self._site,
        )

    def publish(self) -> Outcome:
        """As :class:`Desk`."""
        if self._verdict is None:
            self.validate()
        assert self._verdict is not None
        self._report("publish", 0, 1)
        return run.finish(self.job, self.result(), self._verdict, self._site)

    def findings(self) -> str | None:
        """As :class:`Desk`."""
        found = None if self._verdict is None else last_findings(self.job)
        return None if found is None else findings_markdown(self.job.edition.name, found)
