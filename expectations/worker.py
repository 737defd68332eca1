"""Validation in a process of its own, so that loading Great Expectations overlaps with reading the document.

The import alone takes seconds of pure Python: in a thread it would compete with tidying for the interpreter,
and a thread that imports while a pool forks can deadlock. A spawned process has neither problem, and ends by
itself when its parent does, because its end of the pipe then closes.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing as mp
import signal
import tempfile
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import pyarrow as pa

from expectations.report import ValidationContext, ValidationReport
from expectations.validate import validate
from pipeline import timing
from pipeline.forked import sendable
from pipeline.timing import measured

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

logger = logging.getLogger(__name__)


def _serve(pipe: Connection) -> None:
    """The process: import, then answer requests until the other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, whose end is this one's
    gc.set_threshold(100_000, 50, 100)  # imports make objects that last: looking for unused ones is lost time
    from tqdm import tqdm

    # A progress bar's usual lock is a semaphore of the system, which a process that is ended would leave behind.
    tqdm.set_lock(threading.RLock())
    with measured("imports"):
        import expectations.engine  # noqa: F401  (the slow part, done while the parent reads)
    gc.freeze()  # what is loaded stays: looking through it would also part its pages from those of forked copies

    while True:
        try:
            folder, context, site_dir = pipe.recv()
        except EOFError:
            return
        answer: ValidationReport | Exception
        try:
            with measured("validate"):
                answer = validate(_tables_in(folder), context=context, site_dir=site_dir)
        except Exception as error:  # handed to the caller, who raises it
            answer = sendable(error)
        pipe.send((answer, timing.so_far()))
        timing.begin()


def _write(tables: Mapping[str, pa.Table], folder: Path) -> None:
    """Every table as an Arrow file, which the other process maps into its memory: neither holds a second copy."""
    for name, table in tables.items():
        with pa.ipc.new_file(folder / f"{name}.arrow", table.schema) as file:
            file.write_table(table)


def _tables_in(folder: Path) -> dict[str, pa.Table]:
    """The tables that ``_write`` has written, in its order of names."""
    return {
        path.stem: pa.ipc.open_file(pa.memory_map(str(path))).read_all() for path in sorted(folder.iterdir())
    }


class Validator:
    """A validating process that has been warmed up. A context manager; ``close`` ends the process."""

    def __init__(self) -> None:
        context = mp.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def validate(
        self, tables: Mapping[str, pa.Table], *, context: ValidationContext, site_dir: Path | None = None
    ) -> ValidationReport:
        """As :func:`expectations.validate`, in the warmed process (in this one should that one have died)."""
        with tempfile.TemporaryDirectory(prefix="xize-validate-") as folder:
            _write(tables, Path(folder))
            try:
                self._pipe.send((Path(folder), context, site_dir))
                answer, spent = self._pipe.recv()
            except (EOFError, OSError) as error:
                logger.warning("validation process ended early (%s); validating in this process", error)
                return validate(tables, context=context, site_dir=site_dir)
        timing.add(spent)
        if isinstance(answer, BaseException):
            raise answer
        report: ValidationReport = answer
        return report

    def close(self) -> None:
        """End the process; safe to call twice."""
        self._pipe.close()
        self._process.terminate()  # it holds nothing: at most an import or an unwanted answer is cut short
        self._process.join()

    def __enter__(self) -> Validator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def warm_up() -> Validator:
    """Start loading Great Expectations in the background and return at once.

    Use it around the reading: ``with warm_up() as validator: … validator.validate(tables, context=…)``.
    """
    return Validator()
