"""The reading tidied anew with one correction more, in a process of its own: what a correction of cells does."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from pipeline.errors import XizeError
from pipeline.job import Options
from pipeline.quality.corrections.cells import apply_to_cells
from pipeline.quality.corrections.file import Correction
from pipeline.quality.corrections.rows import apply_to_rows
from pipeline.releases.learned import planned
from pipeline.review.preview import as_json, changes
from pipeline.run import read, tidy_cells
from pipeline.system import ignore_interrupts

_KEPT = 3
"""How many tidied readings the process remembers: with the cell corrections of before, and the latest trials."""


def cells_key(corrections: Sequence[Correction]) -> str:
    """What tidying depends on: the corrections of cells, as text."""
    return "\n".join(
        one.model_dump_json(exclude={"line", "file", "date", "by", "reason"})
        for one in corrections
        if one.of_cells
    )


class _Rows:
    """The rows of a source with corrections; tidied readings are kept by what they depend on."""

    def __init__(self, options: Options) -> None:
        self.job = planned(options)
        self.reading = read(self.job)
        self.tidied: dict[str, tuple[Any, frozenset[str]]] = {}

    def with_corrections(self, corrections: Sequence[Correction]) -> Mapping[str, Sequence[dict[str, Any]]]:
        """The rows by table as a run would have them. Raises XizeError as a run does."""
        key = cells_key(corrections)
        known = self.tidied.pop(key, None)
        if known is None:
            cells, changed = apply_to_cells(self.reading.cells, corrections)
            known = tidy_cells(self.job, replace(self.reading, cells=cells)), changed
        self.tidied[key] = known  # as the latest: the oldest goes first
        while len(self.tidied) > _KEPT:
            del self.tidied[next(iter(self.tidied))]
        made, changed = known
        return apply_to_rows(made.rows, corrections, rule3=made.rule3, corrected_cells=changed)


def _serve(connection: Connection, options: Options) -> None:
    """The process: answers (before, after) with the changes, or with the sentence of what is wrong."""
    ignore_interrupts()
    rows: _Rows | None = None
    while True:
        try:
            before, after = connection.recv()
        except EOFError:
            return
        try:
            rows = rows or _Rows(options)
            answer = as_json(changes(rows.with_corrections(before), rows.with_corrections(after)), "read")
        except XizeError as error:
            answer = {"problem": str(error)}
        connection.send(answer)


class Tidier:
    """The process as the page uses it: one question at a time, of several waiting only the latest."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._guard = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "retidy")
        self._questions: list[Future[dict[str, Any]]] = []
        self._known: set[str] = set()
        self._connection: Any = None
        self._process: Any = None

    def ask(self, before: Sequence[Correction], after: Sequence[Correction]) -> int:
        """Have the changes between two lists of corrections worked out; gives the number of the question, from 1."""
        with self._guard:
            if self._questions:
                self._questions[-1].cancel()  # if it is still waiting
            self._questions.append(self._thread.submit(self._changes, list(before), list(after)))
            return len(self._questions)

    def knows(self, corrections: Sequence[Correction]) -> bool:
        """Whether an answer about these corrections needs no tidying any more."""
        with self._guard:
            busy = bool(self._questions) and not self._questions[-1].done()
            return cells_key(corrections) in self._known and not busy

    def answer(self, number: int, timeout: float = 0.0) -> dict[str, Any] | None:
        """The answer to a question: None while it is worked on, {"gone": True} when a later one took its place."""
        if not 1 <= number <= len(self._questions):
            return None
        try:
            return self._questions[number - 1].result(timeout)
        except CancelledError:
            return {"gone": True}
        except TimeoutError:
            return None

    def close(self) -> None:
        """End the process at once."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._process is not None:
            self._process.terminate()

    def _changes(self, before: list[Correction], after: list[Correction]) -> dict[str, Any]:
        """Ask the process, which is started (again) if need be."""
        if self._process is None or not self._process.is_alive():
            context = multiprocessing.get_context("spawn")
            self._connection, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, self._options), daemon=True)
            self._process.start()
            theirs.close()
            self._known.clear()
        answer: dict[str, Any] = {"problem": "整理过程意外中断：请再试一次，或运行“xize run”查看。"}
        with suppress(EOFError, OSError):
            self._connection.send((before, after))
            answer = self._connection.recv()
        if "problem" not in answer:
            self._known |= {cells_key(before), cells_key(after)}
        return answer
