"""Kill a publishing process at every kind of step and report what was left.

Each child process publishes a second release and is killed (SIGKILL) right before one of its file operations,
or after some milliseconds. What a reader would then find, and what the next publish makes of it, goes to
standard output as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.releases.catalogue import damaged_files, latest_name, release_names
from pipeline.releases.publish import RunInfo, publish
from pipeline.releases.storage import open_store
from tests.sample_tables import EDITION, sample_tables, source_info

_WATCHED = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir")


def _child(work: Callable[[], object]) -> tuple[int, bool]:
    """Run ``work`` in a forked process: (its pid, whether this is the parent)."""
    pid = os.fork()
    if pid:
        return pid, True
    try:
        work()
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def main(folder: Path) -> None:
    """Publish r001, then try to publish r002 again and again, killing the process each time."""
    curated, pristine = folder / "curated", folder / "pristine"
    tables, source = {1: sample_tables(1), 2: sample_tables(2)}, source_info()

    def release(limit: int) -> None:
        publish(tables[limit], source, RunInfo(), curated)

    def watched(act: Callable[[int, str], None]) -> None:
        count = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal count
            if event in _WATCHED and str(arguments[0]).startswith(str(curated)):
                act(count, event)
                count += 1

        sys.addaudithook(hook)
        release(2)

    def killed_at(step: int) -> None:
        watched(lambda count, _: os.kill(os.getpid(), signal.SIGKILL) if count == step else None)

    release(1)
    shutil.copytree(curated, pristine)
    log = folder / "events"
    log.touch()
    pid, _ = _child(lambda: watched(lambda _, event: _append(log, event)))
    assert os.waitpid(pid, 0)[1] == 0
    events = log.read_text().split()
    # Every change of a name, and a good sample of the files opened.
    steps = [i for i, event in enumerate(events) if event != "open" or i % 30 == 0 or i == len(events) - 1]
    outcomes = []
    for step in [*steps, *(-delay for delay in (30, 90))]:
        shutil.rmtree(curated)
        shutil.copytree(pristine, curated)
        if step >= 0:
            pid, _ = _child(lambda step=step: killed_at(step))
        else:
            pid, _ = _child(lambda: release(2))
            time.sleep(-step / 1000)
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        store = open_store(curated)
        latest = latest_name(store, EDITION)
        left = {
            "step": step,
            "event": events[step] if step >= 0 else "time",
            "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
            "latest": latest,
            "damaged": [
                name for one in release_names(store, EDITION) for name in damaged_files(store, EDITION, one)
            ],
            "leftovers": len([name for name in store.names(EDITION) if ".tmp-" in name]),
        }
        release(2)
        left["after"] = {
            "latest": latest_name(store, EDITION),
            "names": store.names(EDITION),
            "damaged": damaged_files(store, EDITION, "r002"),
        }
        outcomes.append(left)
    print(json.dumps(outcomes))


def _append(log: Path, event: str) -> None:
    with log.open("a") as stream:
        stream.write(event + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
