"""The reading tidied anew with one correction more, in a process of its own: what a correction of cells does."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from pipeline.errors import XizeError

if TYPE_CHECKING:
    from pipeline.job import Options
    from pipeline.quality.corrections.file import Correction

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
        from pipeline.job import plan
        from pipeline.run import read

        self.job = plan(options)
        self.reading = read(self.job)
        self.words = {
            word: value
            for word, meaning in self.job.edition.source.headers.items()
            if (value := meaning.kind or meaning.field or meaning.tier)
        }
        self.tidied: OrderedDict[str, tuple[Any, frozenset[str]]] = OrderedDict()

    def with_corrections(self, corrections: Sequence[Correction]) -> Mapping[str, Sequence[dict[str, Any]]]:
        """The rows by table as a run would have them. Raises XizeError as a run does."""
        from pipeline.quality.corrections.cells import apply_to_cells
        from pipeline.quality.corrections.rows import apply_to_rows
        from pipeline.tidy.document import tidy

        key = cells_key(corrections)
        if key not in self.tidied:
            cells, changed = apply_to_cells(self.reading.cells, corrections)
            made = tidy(replace(self.reading, cells=cells), self.words, self.job.path.name)
            self.tidied[key] = made, changed
        self.tidied.move_to_end(key)
        while len(self.tidied) > _KEPT:
            self.tidied.popitem(last=False)
        made, changed = self.tidied[key]
        return apply_to_rows(made.rows, corrections, rule3=made.rule3, corrected_cells=changed)


def _serve(connection: Connection, options: Options) -> None:
    """The process: answers (before, after) with the changes, or with the sentence of what is wrong."""
    from pipeline.review.preview import as_json, changes

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the page's process ends it
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
        self._changed = threading.Condition()
        self._number = 0
        self._waiting: tuple[int, Sequence[Correction], Sequence[Correction]] | None = None
        self._answers: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self._known: set[str] = set()
        self._closed = False
        self._process: Any = None
        self._thread = threading.Thread(target=self._work, name="retidy", daemon=True)
        self._thread.start()

    def ask(self, before: Sequence[Correction], after: Sequence[Correction]) -> int:
        """Have the changes between two lists of corrections worked out; gives the number of the question."""
        with self._changed:
            self._number += 1
            self._waiting = self._number, list(before), list(after)
            self._changed.notify_all()
            return self._number

    def knows(self, corrections: Sequence[Correction]) -> bool:
        """Whether an answer about these corrections needs no tidying any more."""
        with self._changed:
            return cells_key(corrections) in self._known and self._waiting is None

    def answer(self, number: int, timeout: float = 0.0) -> dict[str, Any] | None:
        """The answer to a question: None while it is worked on, {"gone": True} when a later one took its place."""
        with self._changed:
            self._changed.wait_for(lambda: number in self._answers or self._closed, timeout)
            if number in self._answers:
                return self._answers[number]
            later = max(self._answers, default=0)
            return {"gone": True} if later > number else None

    def close(self) -> None:
        """End the process at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            if self._process is not None:
                self._process.terminate()

    def _work(self) -> None:
        context = multiprocessing.get_context("spawn")
        mine: Any = None
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._closed)
                if self._closed or self._waiting is None:
                    return
                number, before, after = self._waiting
                self._waiting = None
                if self._process is None or not self._process.is_alive():
                    mine, theirs = context.Pipe()
                    self._process = context.Process(target=_serve, args=(theirs, self._options), daemon=True)
                    self._process.start()
                    theirs.close()
                    self._known.clear()
            answer: dict[str, Any] = {"problem": "整理过程意外中断：请再试一次，或运行“xize run”查看。"}
            with contextlib.suppress(EOFError, OSError):
                mine.send((before, after))
                answer = mine.recv()
            with self._changed:
                if "problem" not in answer:
                    self._known |= {cells_key(before), cells_key(after)}
                self._answers[number] = answer
                while len(self._answers) > 50:
                    self._answers.popitem(last=False)
                self._changed.notify_all()
