"""The same work on many items, shared with forked copies of this process.

A forked copy starts within milliseconds, with everything imported and every argument at hand, so that sharing pays
even for a second of work; a spawned process would first import for half a second. Forking is safe only while no other
thread may hold a lock; where it is not, :func:`copies` says 0 and everything is done in this process.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from multiprocessing.connection import Connection, Pipe, wait
from queue import SimpleQueue
from typing import Generic, TypeVar

__all__ = ["Aside", "Steps", "aside", "aside_in_steps", "copies", "forked_map", "processors", "sendable"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_TICKET = 4
"""Bytes of an item's number in the pipe from which whoever is free takes the next one."""
_SPENT = -1
"""In the place of an item's number: what a copy has spent, its last word."""


def processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def copies(workers: int | None = None) -> int:
    """How many forked copies may help this process: one per further processor (``workers`` in all), if forking is safe.

    On Linux, from the main thread, while no thread runs beside it but those that draw a progress bar: they hold no
    lock that a copy needs, for copies print nothing.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return 0
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if any(not type(thread).__module__.startswith("rich.") for thread in others):
        return 0
    return max((workers or processors()) - 1, 0)


def sendable(error: Exception) -> Exception:
    """``error`` where another process can be given it; else a RuntimeError with its type, message and traceback as text.

    An exception whose ``__init__`` takes other arguments than its message holds is pickled, but cannot be unpickled.
    """
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # its own code runs here and may raise anything: then it cannot be sent
        said = "".join(traceback.format_exception(error))
        return RuntimeError(f"{type(error).__name__}: {error}\n{said}")
    return error


def forked_map(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    helpers: int,
    done: Callable[[int], None] | None = None,
    first: Callable[[], None] | None = None,
) -> list[Result]:
    """``[work(item) for item in items]``, shared between this process and ``helpers`` forked copies of it.

    Whoever is free takes the next item. Results must be picklable. ``done`` is told the index of each item that is
    finished. ``first`` is done by this process alone, once its copies are at work. What a copy that was killed has
    left undone is done here. Raises what ``work`` raises (see :func:`sendable`).
    """
    results: dict[int, Result] = {}

    def keep(index: int, result: Result) -> None:
        results[index] = result
        if done is not None:
            done(index)

    if helpers > 0 and len(items) > 1:
        _share(work, items, min(helpers, len(items) - 1), keep, first)
    elif first is not None:
        first()
    for index, item in enumerate(items):
        if index not in results:
            keep(index, work(item))
    return [results[index] for index in range(len(items))]


class Steps(Iterator[Result]):
    """The results of work that was begun in a forked copy, or that is done here when they are asked for.

    Nobody ends the copy when its results are dropped: whoever may not take them all calls ``close``.
    """

    def __init__(self, work: Callable[[], Iterator[Result]]) -> None:
        self._work = work
        self._here: Iterator[Result] | None = None
        self._taken = 0
        self._child: tuple[Connection, int] | None = None
        if not copies():
            self._here = work()
            return
        ours, theirs = Pipe(duplex=False)
        child = os.fork()
        if child == 0:
            ours.close()  # else a copy whose parent was killed would wait for ever to be read
            _answer(work, theirs)
        theirs.close()
        self._child = ours, child

    def __next__(self) -> Result:
        if self._child is not None:
            pipe, _ = self._child
            try:
                fine, answer, spent = pipe.recv()
            except (EOFError, OSError):  # it was killed: what it has not given is done here
                self.wait()
                self._here = islice(self._work(), self._taken, None)
            else:
                if spent is not None:  # its last word
                    self.wait()
                    if fine:
                        raise StopIteration
                if not fine:
                    raise answer
                self._taken += 1
                result: Result = answer
                return result
        if self._here is None:
            raise StopIteration
        return next(self._here)

    def wait(self) -> None:
        """Wait until the copy has ended, whether it had more to give or not."""
        if self._child is not None:
            (pipe, child), self._child = self._child, None
            pipe.close()
            os.waitpid(child, 0)

    def close(self) -> None:
        """End the copy: nobody wants what it has not given yet. Safe to call twice."""
        if self._child is not None:
            os.kill(self._child[1], signal.SIGKILL)
            self.wait()
        self._here = None


class Aside(Generic[Result]):
    """Work begun in a forked copy: call it, once, for the result, or ``close`` it."""

    def __init__(self, steps: Steps[Result]) -> None:
        self._steps = steps

    def __call__(self) -> Result:
        try:
            (only,) = self._steps
        finally:  # also when waiting is interrupted: what the copy does may hold a lock or write files
            self._steps.wait()
        return only

    def close(self) -> None:
        """End the copy: nobody wants its result. Safe to call twice."""
        self._steps.close()


def aside(work: Callable[[], Result]) -> Aside[Result]:
    """``work`` begun in a forked copy of this process, which may go on meanwhile: call what is given for its result.

    The result must be picklable. Where no copy may help (see :func:`copies`), and when the copy was killed, the work
    is done in this process once its result is asked for; ask once. Raises then what ``work`` raises (see
    :func:`sendable`). A result that is not asked for must be closed: else the copy goes on unseen.
    """
    return Aside(Steps(lambda: (work() for _ in range(1))))


def aside_in_steps(work: Callable[[], Iterator[Result]]) -> Steps[Result]:
    """As :func:`aside`, for work that gives several results, each as soon as it is made."""
    return Steps(work)


def _answer(work: Callable[[], Iterator[Result]], pipe: Connection) -> None:
    """The life of a copy with one thing to do. It ends at once, without the clean-up that is its parent's business."""
    begun = time.process_time()
    try:
        try:
            for answer in work():
                pipe.send((True, answer, None))
            last: tuple[bool, object] = True, None
        except Exception as error:  # handed to the parent, which raises it
            last = False, sendable(error)
        pipe.send((*last, begun))
    finally:
        os._exit(0)


def _share(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    helpers: int,
    keep: Callable[[int, Result], None],
    first: Callable[[], None] | None,
) -> None:
    tickets = _tickets(len(items))
    if tickets is None:
        if first is not None:
            first()
        return
    children: dict[Connection, int] = {}
    try:
        for _ in range(helpers):
            ours, theirs = Pipe(duplex=False)
            child = os.fork()
            if child == 0:
                for reader in (ours, *children):  # else copies whose parent was killed would wait to be read
                    reader.close()
                _help(work, items, tickets, theirs)
            theirs.close()
            children[ours] = child
        if first is not None:
            first()
        for index in _taken(tickets):
            keep(index, work(items[index]))
            _collect(children, keep, timeout=0.0)
        while children:
            _collect(children, keep, timeout=None)
    finally:
        os.close(tickets)
        for connection, child in children.items():  # something went wrong: nobody waits for the rest
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            connection.close()


def _tickets(count: int) -> int | None:
    """The end of a pipe from which items' numbers are taken; None where it does not hold them all.

    They are written before anyone reads. A pipe holds 64 KiB as a rule, but a single page once its user has many.
    """
    import fcntl  # (not on every system: here one forks)

    tickets, fill = os.pipe()
    try:
        if count * _TICKET > fcntl.fcntl(fill, fcntl.F_GETPIPE_SZ):
            os.close(tickets)
            return None
        os.write(fill, b"".join(index.to_bytes(_TICKET, "little") for index in range(count)))
    finally:
        os.close(fill)
    return tickets


def _taken(tickets: int) -> Iterator[int]:
    while ticket := os.read(tickets, _TICKET):
        yield int.from_bytes(ticket, "little")


def _help(work: Callable[[Item], Result], items: Sequence[Item], tickets: int, answers: Connection) -> None:
    """A copy's whole life. It ends at once, without the clean-up that is its parent's business."""
    code = 1
    begun = time.process_time()
    # Sent aside: a pipe holds little, and the parent empties it only between two items of its own.
    outbox: SimpleQueue[tuple[int, bool, object] | None] = SimpleQueue()
    sender = threading.Thread(target=_send_all, args=(outbox, answers), daemon=True)
    sender.start()
    try:
        for index in _taken(tickets):
            try:
                outbox.put((index, True, work(items[index])))
            except Exception as error:
                outbox.put((index, False, sendable(error)))
                break
        outbox.put((_SPENT, True, begun))
        outbox.put(None)
        sender.join()
        answers.close()
        code = 0
    finally:
        os._exit(code)


def _send_all(outbox: SimpleQueue[tuple[int, bool, object] | None], answers: Connection) -> None:
    """Send everything up to None. When the parent has gone, so does this copy."""
    try:
        while (answer := outbox.get()) is not None:
            answers.send(answer)
    except BaseException:
        os._exit(1)


def _collect(
    children: dict[Connection, int], keep: Callable[[int, Result], None], timeout: float | None
) -> None:
    """Take what copies have finished, waiting ``timeout`` seconds for the first (None: as long as it takes)."""
    for connection in wait(list(children), timeout):
        assert isinstance(connection, Connection)
        try:
            index, fine, answer = connection.recv()
        except (EOFError, OSError):  # it has ended, and what it has left undone is done by the caller
            os.waitpid(children.pop(connection), 0)
            connection.close()
            continue
        if not fine:
            raise answer
        if index != _SPENT:
            keep(index, answer)
