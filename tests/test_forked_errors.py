"""What goes wrong beside a process reaches it, and leaves no process behind: errors, results that nobody wants."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from expectations import validate
from flows.ahead import DeskAhead
from flows.desk import DeskHere
from flows.packing import pack
from pipeline import run
from pipeline.editions.add import add_edition
from pipeline.errors import XizeError
from pipeline.forked import forked_map, sendable
from pipeline.readers.pdf.read import read_pdf
from pipeline.reading import Reading, select_pages
from pipeline.run import Options, plan
from pipeline.staging import load_staged, pages_read
from tests.prefect_home import reissue
from tests.test_speed_forked import alone
from tests.typeset import bad

EDITION = "testland-2026"
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

ASIDE = "import os, time\nimport pipeline.forked as forked\nforked.processors = lambda: 2\n"
"""A program's beginning: there is a processor for a copy."""
LEFT = "\ntry:\n    os.waitpid(-1, os.WNOHANG)\n    print('left')\nexcept ChildProcessError:\n    print('none left')"
"""Its end: whether a copy is still there."""


def _refuse() -> None:
    raise TypeError("this cannot be made again")


class _Part:
    """What pickles, and does not unpickle."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _refuse, ()


class TwoArguments(Exception):
    """Pickles, but does not unpickle: its __init__ wants more than its message, and where a library (tblib, which Dask
    brings) does without __init__, a part of it refuses."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"{what} in {where}")
        self.part = _Part()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one edition of three pages (tables, but no rulebook)."""
    (tmp_path / "raw").mkdir()
    document = tmp_path / "document.pdf"
    bad.good(document, pages=3)
    add_edition(tmp_path, EDITION, document, title="试用细则")
    return tmp_path


def _tells_nobody(stage: str, done: int, total: int) -> None:
    """A report."""


def _same(one: Reading, other: Reading) -> bool:
    return all(getattr(one, name).equals(getattr(other, name)) for name in ("cells", "blocks", "pages"))


def test_only_what_cannot_be_sent_is_replaced() -> None:
    known = XizeError("这里", 4)
    assert sendable(known) is known
    try:
        raise TwoArguments("wrong", "here")
    except TwoArguments as error:
        sent = sendable(error)
    assert type(sent) is RuntimeError and str(sent).startswith("TwoArguments: wrong in here\nTraceback")


def test_an_error_that_cannot_be_sent_says_what_it_said() -> None:
    here = os.getpid()

    def work(n: int) -> int:
        if os.getpid() != here:
            raise TwoArguments("wrong", "a copy")
        sum(range(200_000))
        return n

    with pytest.raises(RuntimeError, match="TwoArguments: wrong in a copy"):
        forked_map(work, range(100), 1)


@pytest.mark.parametrize("taken", [0, 1])
@pytest.mark.parametrize("rest", ["time.sleep(60)", "'x' * 4_000_000"])
def test_a_copy_is_ended_when_its_results_are_not_wanted(taken: int, rest: str) -> None:
    printed = alone(
        f"{ASIDE}def work():\n    yield 1\n    yield {rest}\nbegun = time.monotonic()\n"
        f"steps = forked.aside_in_steps(work)\nfor _ in range({taken}):\n    next(steps)\n"
        f"steps.close()\nsteps.close()\nprint(list(steps), time.monotonic() - begun < 30){LEFT}"
    )
    assert printed.splitlines() == ["[] True", "none left"]


def test_a_single_result_may_be_unwanted_or_there_may_be_no_copy() -> None:
    printed = alone(
        f"{ASIDE}forked.aside(lambda: time.sleep(60)).close()\n"
        f"forked.processors = lambda: 1\nforked.aside(lambda: print('done')).close(){LEFT}"
    )
    assert printed.splitlines() == ["none left"]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="pipes have other sizes")
@pytest.mark.parametrize(("items", "shared"), [(1000, True), (2000, False)])
def test_a_pipe_that_holds_little_keeps_nobody_waiting(items: int, shared: bool) -> None:
    """As for a user who has many pipes: each new one holds a page, which is 1024 numbers."""
    printed = alone(
        "import fcntl, os, time\nimport pipeline.forked as forked\nhere, pipe, first = os.getpid(), os.pipe, []\n"
        "def small():\n    ends = pipe()\n    fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, 4096)\n    return ends\n"
        "os.pipe = small\n"
        f"found = forked.forked_map(lambda n: (n, os.getpid() != here), range({items}), 1,\n"
        "    first=lambda: (first.append(1), time.sleep(0.3)))\n"
        f"print(first, [n for n, _ in found] == list(range({items})), any(there for _, there in found)){LEFT}"
    )
    assert printed.splitlines() == [f"[1] True {shared}", "none left"]


def test_a_reading_is_staged_before_an_error_is_raised(home: Path) -> None:
    """Else the copy that stages holds the edition's lock when the next run begins."""
    corrections = plan(Options(home, EDITION)).edition.corrections
    corrections.write_text("- where: 1\n", "utf-8")
    printed = alone(
        f"{ASIDE}from pathlib import Path\nfrom pipeline import run, staging\nfrom pipeline.errors import XizeError\n"
        "store = run.store_staged\n"
        "def slowly(*args, **options):\n    time.sleep(0.5)\n    store(*args, **options)\nrun.store_staged = slowly\n"
        f"options = run.Options(Path({str(home)!r}), {EDITION!r}, workers=1)\n"
        "try:\n    run.run(options)\nexcept XizeError as error:\n    print('corrections.yaml' in str(error))\n"
        "print(staging.load_staged(run.plan(options)) is not None)"
    )
    assert printed.splitlines() == ["True", "True"]


def test_a_desk_that_is_given_no_parts_reads_for_itself(home: Path) -> None:
    job = plan(Options(home, EDITION))
    desk = DeskHere(job, validate, home / "site", _tells_nobody)
    desk.join([])
    staged = load_staged(job)
    assert staged is not None and _same(desk.reading(), staged) and pages_read(job) == 3


def test_parts_are_joined_with_what_another_desk_knew(home: Path) -> None:
    """The process that worked ahead took pages from an earlier file, asked for the rest and was killed."""
    run.read(plan(Options(home, EDITION)))
    reissue(home, EDITION, 2)
    job = plan(Options(home, EDITION))
    (pages,) = DeskHere(job, validate, home / "site", _tells_nobody).ranges().missing
    assert pages == (2,)
    whole = read_pdf(job.path, workers=1)
    desk = DeskHere(job, validate, home / "site", _tells_nobody)
    desk.join([pack(select_pages(whole, pages))])
    assert _same(desk.reading(), whole) and pages_read(job) == 1


def _ahead(home: Path, report: Callable[[str, int, int], None]) -> DeskAhead:
    desk = DeskAhead(plan(Options(home, EDITION)), home / "site", report)
    desk.begin()
    return desk


def test_joining_waits_for_the_process_that_works_ahead(home: Path) -> None:
    with closing(_ahead(home, _tells_nobody)) as desk:
        desk.join([])
        assert load_staged(desk.job) is not None


def test_joining_goes_on_here_when_that_process_has_gone(home: Path) -> None:
    with closing(_ahead(home, _tells_nobody)) as desk:
        desk.process.kill()
        desk.join([])
        assert load_staged(desk.job) is not None


def test_an_error_of_the_report_reaches_who_waits(home: Path) -> None:
    def report(stage: str, done: int, total: int) -> None:
        raise BrokenPipeError("nobody reads this")

    with closing(_ahead(home, report)) as desk, pytest.raises(BrokenPipeError, match="nobody reads this"):
        desk.tidy()
