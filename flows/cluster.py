"""Editions published on a Dask cluster: page ranges and documents are the tasks, this process only keeps order.

A worker needs the source's URL, Prefect's API and the curated folder's URL; it gives back Arrow bytes. Staged files,
locks and the steward's home stay here. Call :func:`flows.environment.prepare` before importing this module.
"""

from __future__ import annotations

import logging
import queue
from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from distributed.scheduler import KilledWorker
from prefect import flow
from prefect.context import FlowRunContext, SettingsContext, get_settings_context
from prefect.exceptions import CancelledRun, CrashedRun
from prefect.futures import PrefectFuture
from pydantic import PrivateAttr, SecretStr

from flows import packing, steps
from flows.artifacts import publish_findings
from flows.tasks import count_pages, finish_document, read_range
from pipeline import run, staging
from pipeline.editions.edition import edition_lock
from pipeline.errors import XizeError
from pipeline.run import Job, Options, Outcome

_LOG = logging.getLogger(__name__)
_NO_PASSWORD = SecretStr("")

# How often a task is submitted when its worker is lost each time (Dask itself has tried some times by then).
_SUBMISSIONS = 3
# How often the flow looks whether the cluster is still there while no task ends.
_LOOK_SECONDS = 30
_LOST = (KilledWorker, CancelledError, CrashedRun, CancelledRun)


class _FixedSettings(SettingsContext):
    """Prefect's settings as they are now, serialised once.

    Prefect sends them along with every task and serialises them anew each time: nine tenths of what a task costs the
    flow's process (0.1 s), which is what limits a cluster.
    """

    _serialized: dict[str, Any] | None = PrivateAttr(None)

    def serialize(self, include_secrets: bool = True) -> dict[str, Any]:
        """As SettingsContext.serialize; ``include_secrets`` is always true between a flow and its tasks."""
        if self._serialized is None:
            self._serialized = super().serialize(include_secrets=include_secrets)
        return self._serialized


def fixed_settings() -> AbstractContextManager[Any]:
    """A context in which the current settings hold and tasks are submitted at less cost."""
    current = get_settings_context()
    return _FixedSettings(profile=current.profile, settings=current.settings)


@dataclass
class _Document:
    """A document under way: its job, the ranges that have come back, and the lock on its edition."""

    job: Job
    url: str
    locks: ExitStack
    ranges: list[tuple[int, ...]] = field(default_factory=list)
    parts: dict[tuple[int, ...], bytes] = field(default_factory=dict)
    futures: list[PrefectFuture[Any]] = field(default_factory=list)
    plan: steps.ToRead | None = None

    @property
    def name(self) -> str:
        return self.job.edition.name


@dataclass(frozen=True)
class _Step:
    """A task of a document: ``count``, ``read`` (with its pages) or ``finish``, submitted for the n-th time."""

    document: _Document
    kind: str
    pages: tuple[int, ...] = ()
    submission: int = 1


class _Desk:
    """Keeps documents moving from counting to reading to publishing; all of it in the flow's own thread."""

    def __init__(self) -> None:
        self.done: queue.SimpleQueue[tuple[_Step, PrefectFuture[Any]]] = queue.SimpleQueue()
        self.active: dict[str, _Document] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.failures: dict[str, Exception] = {}

    def open(self, options: Options) -> None:
        """Begin a document, unless nothing has changed since its last release."""
        name = options.edition
        with ExitStack() as locks:
            try:
                locks.enter_context(edition_lock(options.home, name))
                job = run.plan(options, fetch=False)
                last = run.unchanged(job) if options.publish else None
                if last is not None:
                    self._finished(name, steps.same(job, last))
                    return
                url = job.edition.file(job.kind).url or str(job.path.resolve())
                staged = staging.load_staged(job)
                if staged is None and job.kind != "pdf":
                    job = run.plan(options)  # a transcript is small: read here
                    staged = run.read(job)
            except XizeError as error:
                self.failures[name] = error
                return
            document = self.active[name] = _Document(job, url, locks.pop_all())
        if staged is None:
            self._submit(_Step(document, "count"))
        else:
            document.ranges, document.parts = [()], {(): packing.pack(staged)}
            self._submit(_Step(document, "finish"))

    def step(self) -> None:
        """Wait for any task to end and do what follows from it."""
        step, future = self._next()
        document = step.document
        if self.active.get(document.name) is not document:
            return  # of a document that has failed meanwhile
        try:
            value = future.result()
        except (*_LOST, Exception) as error:
            if isinstance(error, _LOST) and step.submission < _SUBMISSIONS:
                _LOG.warning("%s：%s的工作进程中断，任务重新安排。", document.name, _what(step))
                self._submit(_Step(document, step.kind, step.pages, step.submission + 1))
            elif isinstance(error, _LOST):
                self._fail(document, _lost(step))
            else:
                self._fail(document, error)
            return
        try:
            self._go_on(step, value)
        except XizeError as error:
            self._fail(document, error)

    def _next(self) -> tuple[_Step, PrefectFuture[Any]]:
        """The next task to end. Raises XizeError when the connection to the cluster is gone, so that none will."""
        while True:
            try:
                return self.done.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                client = _client()
                if client is not None and client.status in ("closing", "closed"):
                    raise XizeError("与Dask调度器的连接已中断：请检查调度器与网络后再运行。") from None

    def _go_on(self, step: _Step, value: Any) -> None:
        document = step.document
        if step.kind == "count":
            self._counted(document, value)
        elif step.kind == "read":
            document.parts[step.pages] = value
            steps.progress().read(len(step.pages))
            if len(document.parts) == len(document.ranges):
                self._read(document)
        else:
            self._brought(document, value)

    def _counted(self, document: _Document, total: int) -> None:
        """The number of pages is known: have those read that no earlier file of the edition held."""
        plan = document.plan = steps.to_read_of(document.job, total)
        steps.progress().expect(total)
        steps.progress().read(total - plan.pages)
        document.ranges = list(plan.ranges)
        for pages in plan.ranges:
            self._submit(_Step(document, "read", pages))
        if not plan.ranges:
            self._read(document)

    def _read(self, document: _Document) -> None:
        """Every page is there: stage them, and have them published."""
        plan = document.plan
        known, pages = (None, None) if plan is None else (plan.known, plan.pages)
        reading = steps.merge(self._in_order(document), known)
        staging.store_staged(document.job, reading, read=pages)
        if known is not None:
            document.ranges, document.parts = [()], {(): packing.pack(reading)}
        self._submit(_Step(document, "finish"))

    def _brought(self, document: _Document, value: dict[str, Any]) -> None:
        """A document is published (or was refused): its findings come home."""
        packing.bring_home(document.job.options.home, value["files"])
        findings = packing.last_findings(document.job)
        if findings is not None:
            publish_findings(document.name, findings)
        if "error" in value:
            raise XizeError(*value["error"])
        self._finished(document.name, Outcome(document.job, **value["outcome"]))
        self._close(document)

    def _finished(self, name: str, outcome: Outcome) -> None:
        self.outcomes[name] = outcome
        steps.progress().finished(outcome)

    def _submit(self, step: _Step) -> None:
        document, job = step.document, step.document.job
        options, password = job.options, SecretStr(job.options.password)
        future: PrefectFuture[Any]
        if step.kind == "count":
            future = count_pages.submit(document.url, job.sha256, options.decoder, password)
        elif step.kind == "read":
            future = read_range.submit(
                document.url, job.sha256, step.pages, options.decoder, steps.readers_code(), password
            )
        else:
            parcel = packing.parcel(job, document.url)
            future = finish_document.submit(document.name, parcel, self._in_order(document))
        document.futures.append(future)  # Dask forgets the task of a future that nobody holds
        future.add_done_callback(lambda ended: self.done.put((step, ended)))

    def _in_order(self, document: _Document) -> list[bytes]:
        return [document.parts[pages] for pages in document.ranges]

    def _fail(self, document: _Document, error: BaseException) -> None:
        self.failures[document.name] = error if isinstance(error, Exception) else RuntimeError(str(error))
        for future in document.futures:
            wrapped = getattr(future, "wrapped_future", None)
            if wrapped is not None:
                wrapped.cancel()
        self._close(document)

    def _close(self, document: _Document) -> None:
        document.futures.clear()
        document.parts.clear()
        document.locks.close()
        del self.active[document.name]

    def close(self) -> None:
        """Give up what is under way."""
        for document in list(self.active.values()):
            self._close(document)


def _what(step: _Step) -> str:
    return f"第{steps.span(step.pages).replace('-', '至').replace('+', '、')}页" if step.pages else "整份文件"


def _lost(step: _Step) -> XizeError:
    return XizeError(
        f"处理{_what(step)}的工作进程接连中断（{_SUBMISSIONS}次）：请检查各机内存（每个进程宜有1 GB以上）与网络后再运行。"
    )


@flow(name="publish_editions", flow_run_name="publish-on-cluster")
def publish_editions(
    editions: list[str],
    home: Path,
    source: str | None = None,
    decoder: str = "pdfium",
    password: SecretStr = _NO_PASSWORD,
    cross_check: bool = False,
    allow_incomplete: bool = False,
    publish: bool = True,
    latest: bool = False,
    curated: str | None = None,
) -> list[Outcome]:
    """Publish editions on the flow's task runner, many at a time; nothing happens to those that have not changed.

    One edition that fails keeps none of the others back; raises XizeError naming those that failed at the end.
    """
    desk, waiting = _Desk(), deque(dict.fromkeys(editions))
    at_once = _at_once()
    options = Options(
        home=home, edition="", source=source, password=password.get_secret_value(), decoder=decoder,
        cross_check=cross_check, allow_incomplete=allow_incomplete, publish=publish, latest=latest, curated=curated,
    )  # fmt: skip
    try:
        with fixed_settings():
            while waiting or desk.active:
                while waiting and len(desk.active) < at_once:
                    desk.open(replace(options, edition=waiting.popleft()))
                if desk.active:
                    desk.step()
    finally:
        desk.close()
    raise_failures(desk.failures, single=len(set(editions)) == 1)
    return [desk.outcomes[name] for name in dict.fromkeys(editions)]


def _client() -> Any:
    """The Dask client of the flow's task runner, None on another task runner."""
    context = FlowRunContext.get()
    return getattr(context.task_runner, "client", None) if context is not None else None


def _at_once() -> int:
    """Documents under way at a time: enough to keep every worker busy while others wait for their last pages."""
    client = _client()
    workers = sum(client.nthreads().values()) if client is not None else 1
    return workers + max(2, workers // 4)


def raise_failures(failures: dict[str, Exception], *, single: bool = False) -> None:
    """One sentence for all documents that failed; a fault that is no document's own is raised as it is."""
    for error in failures.values():
        if not isinstance(error, XizeError):
            raise error
    if failures:
        sentences: Sequence[str] = [str(error).rstrip("。") for error in failures.values()]
        if not single:
            sentences = [f"{name}：{text}" for name, text in zip(failures, sentences, strict=True)]
        codes = [error.exit_code for error in failures.values() if isinstance(error, XizeError)]
        raise XizeError("；".join(sentences) + "。", exit_code=max(codes))
