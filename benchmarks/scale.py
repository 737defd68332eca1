"""Fifty synthetic rulebooks published on one and two Dask workers, and what a country's would take, on paper.

    python benchmarks/scale.py [--documents 50] [--workers 1 2] [--write]

Prints the documents (kept in benchmarks/out/scale/), publishes them with every number of workers, measures empty
tasks of the same shape, and fits the model that docs/scale.md explains. What was measured with the same code and
documents is kept in benchmarks/out/scale/measured.json, so that a run that was stopped goes on where it was;
``--fresh`` measures anew. ``--write`` puts the tables into docs/scale.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import platform
import re
import shutil
import sys
import time
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from pipeline.editions.add import add_edition
from pipeline.errors import XizeError
from pipeline.job import Options, code_digest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "scale.md"
OUT = ROOT / "benchmarks" / "out" / "scale"
MARKS = ("<!-- measured: written by `python benchmarks/scale.py --write` -->", "<!-- /measured -->")

# What is reckoned: 31 provinces, ten years, 200 pages a document.
DOCUMENTS, PAGES_EACH = 310, 200
RECKONED_WORKERS = (2, 16, 64)
EMPTY_TASKS = 100


def program() -> str:
    """Digest of all code that is measured, and of how: what was measured with other code does not count."""
    digest = hashlib.sha256(code_digest().encode())
    for path in (*sorted((ROOT / "flows").glob("*.py")), Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def edition(number: int) -> str:
    """The name of a synthetic edition."""
    return f"bench-{number:03}-2026"


def print_documents(home: Path, count: int) -> dict[str, int]:
    """Print and add ``count`` documents that are not there yet; edition → pages."""
    from pipeline.readers.pdf.read import count_pages
    from tests.typeset import Layout, typeset
    from tests.typeset.province import province

    folder = OUT / "pdf"
    folder.mkdir(parents=True, exist_ok=True)
    pages = {}
    for number in range(count):
        place = folder / f"{number:03}.pdf"
        if not place.exists():
            beside = place.with_suffix(".new.pdf")
            truth = province(seed=1000 + number, majors=3 + number % 6, classes=4, scale=0.5 + number % 4 / 4)
            typeset(truth, Layout(f"bench-{number:03}"), beside)
            beside.rename(place)
        add_edition(home, edition(number), place, title=f"试用细则{number}")
        pages[edition(number)] = count_pages(place)
    return pages


def publish(home: Path, pages: dict[str, int], workers: int) -> dict[str, Any]:
    """Publish all documents on a new cluster of ``workers`` processes; seconds by kind of task, and the whole."""
    from distributed import Client, LocalCluster, get_task_stream

    from flows.cluster import local_cluster
    from flows.runner import run_editions

    for folder in ("staged", "curated"):
        for name in pages:
            shutil.rmtree(home / folder / name, ignore_errors=True)
    first, *rest = pages
    refused, load = 0, os.getloadavg()[0]
    with LocalCluster(**local_cluster(workers)) as cluster:
        address = cluster.scheduler_address
        warm = Options(home, first, allow_incomplete=True)
        for name in (first,):  # every process loads its libraries once, before the clock runs
            try:
                run_editions([name], warm, address=address)
            except XizeError:
                refused += 1
        with Client(address, set_as_default=False) as client:
            client.run(_load)
            empty = empty_tasks(address)
            driver, begin = time.process_time(), time.perf_counter()
            with get_task_stream(client=client) as stream:
                done: list[Any] = []
                try:
                    everything = Options(home, "", allow_incomplete=True)
                    run_editions(rest, everything, address=address, finished=done.append)
                except XizeError as error:
                    refused += len(rest) - len(done)
                    print(f"refused: {error}", file=sys.stderr)
                seconds = time.perf_counter() - begin
            driver = time.process_time() - driver
    kinds: dict[str, list[float]] = defaultdict(list)
    for task in stream.data:
        spent = sum(
            part["stop"] - part["start"] for part in task["startstops"] if part["action"] == "compute"
        )
        kinds[task["key"].rpartition("-")[0]].append(spent)
    return {
        "workers": workers, "documents": len(rest), "pages": sum(pages[name] for name in rest), "seconds": seconds,
        "driver": driver, "load": load, "refused": refused, "tasks": {kind: len(spent) for kind, spent in kinds.items()},
        "task_seconds": {kind: sum(spent) for kind, spent in kinds.items()},
        "empty_task": empty, "finish": fit_finish(stream.data, [pages[name] for name in rest]),
    }  # fmt: skip


def _load() -> None:
    """Import on a worker what its tasks will use."""
    import expectations.engine  # noqa: F401
    import pipeline.readers.pdf.read  # noqa: F401
    from pipeline.staging import readers_digest

    code_digest()
    readers_digest()


def fit_finish(stream: Any, pages: list[int]) -> tuple[float, float]:
    """Seconds of tidying, validating and publishing as (per document, per page), by least squares.

    Which task was which document's is not recorded: both are sorted, a longer document takes longer.
    """
    spent = sorted(
        sum(part["stop"] - part["start"] for part in task["startstops"] if part["action"] == "compute")
        for task in stream
        if task["key"].startswith("finish_document")
    )
    if len(spent) != len(pages) or len(set(pages)) < 2:
        return (float(np.mean(spent)) if spent else 0.0, 0.0)
    slope, base = np.polyfit(sorted(pages), spent, 1)
    if slope < 0 or base < 0:
        return (0.0, sum(spent) / sum(pages))
    return (float(base), float(slope))


def empty_tasks(address: str) -> dict[str, float]:
    """Seconds per task that does nothing, of a page range's shape: as it goes, and of whose processor.

    ``flow``: this process, in which a local cluster's scheduler runs too; it is what more workers do not speed up.
    ``server``: Prefect's. ``wall`` holds the worker's own share.
    """
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE
    from prefect_dask import DaskTaskRunner

    @task(cache_policy=NO_CACHE, persist_result=False)
    def nothing(edition: str, first: int, last: int, parcel: bytes, pages: list[int]) -> bytes:
        return b"0" * 60_000

    @flow(task_runner=DaskTaskRunner(address=address))
    def many(count: int) -> int:
        futures = [
            nothing.submit("bench", n, n + 15, b"0" * 4000, list(range(n, n + 16))) for n in range(count)
        ]
        return sum(len(future.result()) for future in futures)

    many(20)
    before = time.perf_counter(), time.process_time(), _server_seconds()
    many(EMPTY_TASKS)
    after = time.perf_counter(), time.process_time(), _server_seconds()
    spent = [(end - begin) / EMPTY_TASKS for begin, end in zip(before, after, strict=True)]
    return dict(zip(("wall", "flow", "server"), spent, strict=True))


def _server_seconds() -> float:
    """Processor seconds of the Prefect servers that this process has started."""
    import psutil

    spent = 0.0
    for child in psutil.Process().children():
        if "flows.server" in child.cmdline():
            times = child.cpu_times()
            spent += times.user + times.system
    return spent


def model(runs: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds of the model, from the run with the fewest workers (its tasks compete least for the processors)."""
    run = min(runs, key=lambda one: one["workers"])
    reads = run["tasks"]["read_range"]
    return {
        "page": run["task_seconds"]["read_range"] / run["pages"],
        "finish": run["finish"][0],
        "finish_page": run["finish"][1],
        # A task that does nothing still occupies its worker for what Prefect does around it: counted in the above.
        "task": min(one["empty_task"]["flow"] for one in runs),
        "server": min(one["empty_task"]["server"] for one in runs),
        # What the flow's own process spends on a document beyond its tasks: staging, findings, locks.
        "driver": max(
            0.0,
            (run["driver"] - run["empty_task"]["flow"] * (reads + run["documents"])) / run["documents"],
        ),
    }  # fmt: skip


def reckon(m: dict[str, float], workers: int) -> tuple[float, float]:
    """(seconds of the part that spreads over the workers, seconds of the part that one process does alone)."""
    tasks = DOCUMENTS * (math.ceil(PAGES_EACH / 16) + 1)
    spread = DOCUMENTS * (PAGES_EACH * (m["page"] + m["finish_page"]) + m["finish"])
    return spread / workers, tasks * m["task"] + DOCUMENTS * m["driver"]


def _span(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 5400 else f"{seconds / 60:.0f} min"


def tables(runs: list[dict[str, Any]]) -> str:
    """The measured and the reckoned table, as Markdown."""
    first = runs[0]
    lines = [
        MARKS[0], "",
        f"**Measured**: {first['documents']} different synthetic rulebooks, {first['pages']} pages, on a machine of "
        f"{os.cpu_count()} processors that also runs the scheduler, the flow and Prefect's server (Python "
        f"{platform.python_version()}, prefect {version('prefect')}, dask {version('dask')}). "
        "One more document was published before the clock ran.", "",
        "| Dask workers | seconds | pages / min | documents / min | reading, s / page | tidy + validate + publish, s / document | empty task, ms | of it the flow's and scheduler's processor, ms | flow's process, CPU s | load average before | refused |",
        "| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]  # fmt: skip
    for run in runs:
        finish = run["task_seconds"]["finish_document"] / run["documents"]
        lines.append(
            f"| {run['workers']} | {run['seconds']:.0f} | {60 * run['pages'] / run['seconds']:.0f} "
            f"| {60 * run['documents'] / run['seconds']:.1f} | {run['task_seconds']['read_range'] / run['pages']:.3f} "
            f"| {finish:.2f} | {1000 * run['empty_task']['wall']:.0f} | {1000 * run['empty_task']['flow']:.0f} "
            f"| {run['driver']:.0f} | {run['load']:.1f} | {run['refused']} |"
        )
    m, count = model(runs), DOCUMENTS * (math.ceil(PAGES_EACH / 16) + 1)
    spread, alone = reckon(m, 1)
    limit = DOCUMENTS * PAGES_EACH / alone * 60
    lines += [
        "",
        f"**Reckoned, on paper, never run**: {DOCUMENTS * PAGES_EACH:,} pages (31 provinces × 10 years × "
        f"{PAGES_EACH} pages) by the model below with the figures above; every worker is taken to have a processor "
        "of its own like this machine's, and storage to keep up.", "",
        f"    T(W) = ({DOCUMENTS * PAGES_EACH:,} · {m['page']:.3f} + {DOCUMENTS} · ({m['finish']:.2f} + {m['finish_page']:.3f} "
        f"· {PAGES_EACH})) / W  +  {count:,} · {m['task']:.4f} + {DOCUMENTS} · {m['driver']:.2f}", "",
        "| workers | spread over the workers | one after the other | together | speed-up |",
        "| --: | --: | --: | --: | --: |",
    ]  # fmt: skip
    for workers in RECKONED_WORKERS:
        part, _ = reckon(m, workers)
        lines.append(
            f"| {workers} | {_span(part)} | {_span(alone)} | {_span(part + alone)} "
            f"| {(spread + alone) / (part + alone):.1f} |"
        )
    lines += [
        "",
        f"Figures of the model: reading {m['page']:.3f} s/page; tidy, validate, publish {m['finish']:.2f} s/document "
        f"+ {m['finish_page']:.3f} s/page; a task {1000 * m['task']:.1f} ms of the "
        f"flow's and scheduler's processor ({1000 * m['server']:.1f} ms of Prefect's server beside it); the flow's "
        f"process {m['driver']:.2f} s/document besides. However many workers: no more than {limit:,.0f} pages a minute "
        f"for one flow; beyond {spread / alone:.0f} workers the single process is the larger part.",
        "", MARKS[1],
    ]  # fmt: skip
    return "\n".join(lines)


def write(text: str) -> None:
    """Put the tables between their marks in docs/scale.md."""
    page = PAGE.read_text("utf-8")
    pattern = re.compile(re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1]), re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"{PAGE}: the marks are missing: {MARKS[0]} … {MARKS[1]}")
    PAGE.write_text(pattern.sub(lambda _: text, page), "utf-8")


def main() -> None:
    """Print, publish, measure, reckon."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--documents", type=int, default=50)
    arguments.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--fresh", action="store_true", help="measure anew")
    arguments.add_argument("--write", action="store_true", help="write docs/scale.md")
    chosen = arguments.parse_args()
    home = OUT / "home"
    (home / "raw").mkdir(parents=True, exist_ok=True)
    os.environ["PYTHONPATH"] = str(ROOT)  # for the cluster's processes
    from flows.runner import start

    server = start(home)
    if server is not None:
        server.wait()
    pages = print_documents(home, chosen.documents + 1)
    store = OUT / "measured.json"
    known = json.loads(store.read_text("utf-8")) if store.exists() and not chosen.fresh else {}
    runs = []
    for workers in chosen.workers:
        key = f"{program()}-{chosen.documents}-{workers}"
        if key not in known:
            print(f"{chosen.documents} documents, {workers} workers …", file=sys.stderr)
            known[key] = publish(home, pages, workers)
            store.write_text(json.dumps(known, indent=1), "utf-8")
        runs.append(known[key])
    text = tables(runs)
    print(text)
    if chosen.write:
        write(text)


if __name__ == "__main__":
    main()
