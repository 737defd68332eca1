"""A desk in a process of its own that works ahead: it reads, tidies and validates a document while Prefect starts.

Its steps are those of a run without Prefect, one after the other, up to publishing, which waits to be asked for. The
tasks of the flow wait for these steps and are given their results or their errors. The process has no threads, so it
may fork copies to help it (pipeline.forked), and holds all tables: only small things travel, the ranges' readings by way of
files. When it is killed, the task that waits for it fails and is tried again, from then on in the flow's own process.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from flows.desk import DeskHere, Ranges
from flows.packing import outcome_parts, pack
from flows.pool import ReaderPool, reading_with
from pipeline import timing
from pipeline.forked import copies, sendable
from pipeline.run import Job, Outcome, Report

_CLOSE_SECONDS = 10


class Lost(Exception):
    """The process that works ahead has gone. Asked again, the step is done in this process."""


# -- the process


def _work(job: Job, folder: Path, pipe: Connection) -> None:
    """The life of the process: every step in turn, each told to the parent; publishing when it is asked for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends this process
    ended: list[int] = []

    def end(number: int, _: object) -> None:
        ended.append(number)
        sys.exit(143)  # not at once: what is half written is removed

    def tell(*message: object) -> None:
        if ended:  # it came while this process forked, when Python ignores what is raised
            sys.exit(143)
        pipe.send(message)

    signal.signal(signal.SIGTERM, end)
    timing.begin()
    try:
        try:
            _steps(job, folder, pipe, tell)
        except (EOFError, BrokenPipeError):
            return  # the parent has gone
        except Exception as error:
            sent = sendable(error)
            if sent is error:  # else its text has this already
                sent.add_note("".join(traceback.format_exception(error)))
            tell("failed", "", sent, timing.so_far())
        pipe.recv()  # nothing more will be asked: until the parent ends this
    except (EOFError, BrokenPipeError):
        return


def _steps(job: Job, folder: Path, pipe: Connection, tell: Callable[..., None]) -> None:
    from expectations import validate
    from pipeline.garbage import collecting_seldom
    from pipeline.reading import select_pages

    def done(step: str, value: object = None) -> None:
        tell("done", step, value, timing.so_far())
        timing.begin()

    def report(stage: str, count: int, total: int) -> None:
        tell("report", stage, (count, total), {})

    with collecting_seldom():
        desk = DeskHere(job, validate, folder, report)
        ranges = desk.ranges()
        done("ranges", ranges)
        reading = desk.reading()
        for pages in ranges.missing:
            _packed(folder, pages).write_bytes(pack(select_pages(reading, pages)))
        done("join")
        desk.tidy()
        done("tidy")
        desk.validate()
        done("validate")
        pipe.recv()
        try:
            outcome = desk.publish()
        finally:
            done("findings", desk.findings())
        done("publish", outcome_parts(outcome))


def _packed(site: Path, pages: Sequence[int]) -> Path:
    """Where a range lies packed: beside the folder of the rendered verdict."""
    return site.with_name(f"pages-{pages[0]}-{pages[-1]}")


# -- this process


class DeskAhead:
    """The desk in the process (see flows.desk.Desk); whoever asks for a step waits until it is done there.

    ``begin`` first: until then this process has no thread more than before. Safe across threads.
    """

    ahead = True

    def __init__(self, job: Job, site: Path, report: Report) -> None:
        self.job = job
        self._site, self._report = site, report
        # Forked if that is safe: everything is imported and at hand then.
        context: Any = multiprocessing.get_context("fork" if copies(2) else "spawn")
        self._pipe, theirs = context.Pipe()
        self.process = context.Process(target=_start, args=(self._pipe, job, site, theirs))
        self.process.start()
        theirs.close()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._changed = threading.Condition()
        self._done: dict[str, Any] = {}
        self._error: Exception | None = None
        self._gone = self._told = False
        self._own: DeskHere | None = None
        self._readers = ReaderPool(1)

    def begin(self) -> None:
        """Begin to listen to the process."""
        self._listener.start()

    def _listen(self) -> None:
        try:
            self._hear()
        except Exception as error:  # raised by whoever waits: nobody sees what a thread raises
            with self._changed:
                self._error = self._error or error
        finally:
            with self._changed:
                self._gone = True
                self._changed.notify_all()

    def _hear(self) -> None:
        """Take what the process says until it has gone. Raises what reporting raises, or what cannot be unpickled."""
        while True:
            try:
                kind, step, value, spent = self._pipe.recv()
            except (EOFError, OSError):
                return
            timing.add(spent)
            if kind == "report":
                self._report(step, *value)
                continue
            with self._changed:
                if kind == "done":
                    self._done[step] = value
                else:
                    self._error = value
                self._changed.notify_all()

    def _here(self, step: str) -> bool:
        """Wait for ``step``; True when it must be done in this process. Raises the step's error and Lost."""
        with self._changed:
            self._changed.wait_for(lambda: step in self._done or self._error or self._gone)
            if step in self._done:
                return False
            if self._error is not None:
                raise self._error
            if not self._told:
                self._told = True
                raise Lost("the process that worked ahead has ended")
            return True

    def _here_at_once(self, step: str) -> bool:
        """As ``_here``, but without Lost: no task asks for the step, so that nobody would try again."""
        try:
            return self._here(step)
        except Lost:
            return True

    @property
    def _desk(self) -> DeskHere:
        if self._own is None:
            from expectations import validate

            self._own = DeskHere(self.job, validate, self._site, self._report)
        return self._own

    def ranges(self) -> Ranges:
        """As Desk.ranges."""
        if self._here_at_once("ranges"):
            return self._desk.ranges()
        found: Ranges = self._done["ranges"]
        return found

    def read(self, path: Path, pages: Sequence[int], password: str, decoder: str) -> bytes:
        """As flows.pool.ReaderPool.read."""
        if self._here("join"):
            return self._readers.read(path, pages, password, decoder)
        return _packed(self._site, pages).read_bytes()

    def join(self, parts: list[bytes]) -> None:
        """As Desk.join."""
        if self._here_at_once("join"):
            self._desk.join(parts)

    def tidy(self) -> None:
        """As Desk.tidy."""
        if self._here("tidy"):
            self._desk.tidy()

    def validate(self) -> None:
        """As Desk.validate."""
        if self._here("validate"):
            self._desk.validate()

    def publish(self) -> Outcome:
        """As Desk.publish."""
        with suppress(OSError):  # it has gone, as will be found below
            self._pipe.send("publish")
        if self._here("publish"):
            return self._desk.publish()
        return Outcome(self.job, **self._done["publish"])

    def findings(self) -> str | None:
        """As Desk.findings."""
        if self._own is not None:
            return self._own.findings()
        found: str | None = self._done.get("findings")
        return found

    def close(self) -> None:
        """End the process, and wait for its end."""
        self.process.terminate()
        self.process.join(_CLOSE_SECONDS)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        if self._listener.ident is not None:  # its pipe is closed only when it no longer reads from it
            self._listener.join(_CLOSE_SECONDS)
        self._pipe.close()
        self._readers.close()


def _start(theirs_no_more: Connection, job: Job, site: Path, pipe: Connection) -> None:
    theirs_no_more.close()  # a forked copy's own copy of it: else it would not notice that its parent has gone
    _work(job, site, pipe)


_DESK: ContextVar[DeskAhead | None] = ContextVar("xize_desk_ahead", default=None)


def desk_ahead() -> DeskAhead | None:
    """The desk of the context, if any."""
    return _DESK.get()


@contextmanager
def working_ahead(job: Job, site: Path, report: Report) -> Iterator[DeskAhead]:
    """Begin to work on ``job`` in a process of its own; flows in this context take the document from there.

    ``site``: the folder for the rendered verdict, in one that this run may write to. ``report`` is told of stages.
    """
    desk = DeskAhead(job, site, report)
    token = _DESK.set(desk)
    try:
        with reading_with(desk):
            yield desk
    finally:
        _DESK.reset(token)
        desk.close()
