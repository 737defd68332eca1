"""The same work on many items, shared with forked copies of this process.

A forked copy starts within milliseconds, with everything imported and every argument at hand, so that sharing pays
even for a second of work; a spawned process would first import for half a second. Forking is safe only while no other
thread may hold a lock; where it is not, :func:`copies` says 0 and everything is done in this process.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, Pipe, wait
from typing import TypeVar

from pipeline import timing

__all__ = ["aside", "copies", "forked_map", "processors"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_TICKET = 4
"""Bytes of an item's number in the pipe from which whoever is free takes the next one."""
_SPENT = -1
"""In the place of an item's number: what a copy has spent, its last word."""
_MOST = 60_000 // _TICKET
"""So many tickets fit into a pipe whose reader has not begun."""


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


def forked_map(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    helpers: int,
    done: Callable[[int], None] | None = None,
) -> list[Result]:
    """``[work(item) for item in items]``, shared between this process and ``helpers`` forked copies of it.

    Whoever is free takes the next item. Results must be picklable. ``done`` is told the index of each item that is
    finished. What a copy that was killed has left undone is done here. Raises what ``work`` raises.
    """
    results: dict[int, Result] = {}

    def keep(index: int, result: Result) -> None:
        results[index] = result
        if done is not None:
            done(index)

    if helpers > 0 and 1 < len(items) <= _MOST:
        _share(work, items, min(helpers, len(items) - 1), keep)
    for index, item in enumerate(items):
        if index not in results:
            keep(index, work(item))
    return [results[index] for index in range(len(items))]


def aside(work: Callable[[], Result]) -> Callable[[], Result]:
    """``work`` begun in a forked copy of this process, which may go on meanwhile: call what is given for its result.

    The result must be picklable. Where no copy may help (see :func:`copies`), and when the copy was killed, the work
    is done in this process once its result is asked for; ask once. Raises then what ``work`` raises.
    """
    if not copies():
        return work
    ours, theirs = Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        ours.close()  # else a copy whose parent was killed would wait for ever to be read
        _answer(work, theirs)
    theirs.close()

    def result() -> Result:
        try:
            fine, answer, spent = ours.recv()
        except EOFError:
            return work()
        finally:
            ours.close()
            os.waitpid(child, 0)
        timing.add(spent)
        if not fine:
            raise answer
        found: Result = answer
        return found

    return result


def _answer(work: Callable[[], Result], pipe: Connection) -> None:
    """The life of a copy with one thing to do. It ends at once, without the clean-up that is its parent's business."""
    begun = time.process_time()
    timing.begin()
    try:
        try:
            answer: tuple[bool, object] = True, work()
        except Exception as error:  # handed to the parent, which raises it
            answer = False, error
        pipe.send((*answer, timing.of_copy(begun)))
    finally:
        os._exit(0)


def _share(
    work: Callable[[Item], Result], items: Sequence[Item], helpers: int, keep: Callable[[int, Result], None]
) -> None:
    tickets, fill = os.pipe()
    os.write(fill, b"".join(index.to_bytes(_TICKET, "little") for index in range(len(items))))
    os.close(fill)
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


def _taken(tickets: int) -> Iterator[int]:
    while ticket := os.read(tickets, _TICKET):
        yield int.from_bytes(ticket, "little")


def _help(work: Callable[[Item], Result], items: Sequence[Item], tickets: int, answers: Connection) -> None:
    """A copy's whole life. It ends at once, without the clean-up that is its parent's business."""
    code = 1
    begun = time.process_time()
    timing.begin()
    try:
        for index in _taken(tickets):
            try:
                answer = True, work(items[index])
            except Exception as error:
                answers.send((index, False, error))
                break
            answers.send((index, *answer))
        answers.send((_SPENT, True, timing.of_copy(begun)))
        answers.close()
        code = 0
    finally:
        os._exit(code)


def _collect(
    children: dict[Connection, int], keep: Callable[[int, Result], None], timeout: float | None
) -> None:
    """Take what copies have finished, waiting ``timeout`` seconds for the first (None: as long as it takes)."""
    for connection in wait(list(children), timeout):
        assert isinstance(connection, Connection)
        try:
            index, fine, answer = connection.recv()
        except EOFError:  # it has ended, and what it has left undone is done by the caller
            os.waitpid(children.pop(connection), 0)
            connection.close()
            continue
        if not fine:
            raise answer
        if index == _SPENT:
            timing.add(answer)
        else:
            keep(index, answer)
