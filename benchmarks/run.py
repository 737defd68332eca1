"""Speed, memory and accuracy side by side with everything else that reads tables: the targets, passed or missed.

    python benchmarks/run.py [--edition shanghai-2025] [--rounds 5] [--peers .venv-bench/bin/python] [--write]

Each round runs, one after the other and each in a process of its own: the parts of a run (benchmarks/steps.py), the
whole of it, the same again with nothing changed, a re-issue with one page changed, a document of 2,000 pages, and
every peer that is installed in the peers' environment (benchmarks/peers.py). A machine's pace changes from minute to
minute; what is compared is therefore measured side by side, one right after the other, the first in one round the
second in the next, and the median of the rounds' ratios counts. Memory is the peak of the largest single process,
sampled 20 times a second. ``--write`` puts tables and plot into docs/.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import growth, score

ROOT = Path(__file__).resolve().parent.parent

PAGE, PLOT = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "benchmarks.png"
STEP, PEERS = [sys.executable, str(ROOT / "benchmarks" / "steps.py")], ROOT / "benchmarks" / "peers.py"


@dataclass(frozen=True)
class Measure:
    """One command: seconds on the clock, seconds of processor time, peak memory in MiB of its largest process."""

    seconds: float
    processor: float
    memory: float


def measured(command: list[str]) -> Measure:
    """Run a command to its end. Raises RuntimeError with its output when it fails."""
    # Everybody's imports are compiled once, as they are on a user's machine.
    without = ("XIZE_HOME", "PYTHONDONTWRITEBYTECODE")
    environment = {key: value for key, value in os.environ.items() if key not in without}
    environment["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryFile("w+") as output:
        before, begin, peak = os.times(), time.perf_counter(), 0
        process = psutil.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        while process.poll() is None:
            peak = max(peak, _largest(process))
            try:
                process.wait(0.05)
            except psutil.TimeoutExpired:
                continue
        seconds, after = time.perf_counter() - begin, os.times()
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(command[:6])} …: exit code {process.returncode}\n{output.read()}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Measure(seconds, spent, peak / 2**20)


def _largest(process: psutil.Process) -> int:
    """Resident bytes of the largest of a process and all that it started; what ends meanwhile counts nothing."""
    largest = 0
    try:
        for one in [process, *process.children(recursive=True)]:
            try:
                largest = max(largest, one.memory_info().rss)
            except psutil.NoSuchProcess:
                continue
    except psutil.NoSuchProcess:
        pass  # it ended between two looks
    return largest


@dataclass
class Bench:
    """What one call of this program measures, and what came of it."""

    edition: str
    folder: Path
    peers: str | None
    long: int
    taken: dict[str, list[Measure]] = field(default_factory=dict)
    ratios: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def pdf(self) -> Path:
        """The edition's PDF."""
        return ROOT / "raw" / self.edition / f"{self.edition}.pdf"

    @property
    def home(self) -> Path:
        """The home that is worked in."""
        return self.folder / "home"

    @property
    def out(self) -> Path:
        """Where parts of a run write."""
        return self.folder / "out"

    @cached_property
    def repeated(self) -> Path:
        """The document of many pages."""
        path = self.folder / "long.pdf"
        subprocess.run([*STEP, "long", str(self.pdf), str(path), str(self.long)], check=True, cwd=ROOT)
        return path

    @cached_property
    def present(self) -> dict[str, str]:
        """Peers that can run → package and version."""
        if self.peers is None:
            return {}
        answer = subprocess.run(
            [self.peers, str(PEERS), "versions"], check=True, capture_output=True, text=True
        )
        known: dict[str, str | None] = json.loads(answer.stdout)
        for name, found in known.items():
            if found is None:
                print(f"  {name:16} left out: not installed (or, for tabula, no Java)")
        return {name: found for name, found in known.items() if found is not None}

    def fresh_home(self) -> None:
        """Nothing staged, nothing published."""
        for folder in (self.home, self.out):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        shutil.copytree(ROOT / "raw" / self.edition, self.home / "raw" / self.edition)

    def take(self, name: str) -> Measure:
        """Measure something by its name."""
        if name in OURS and name not in ("again", "one page", "prefect"):
            self.fresh_home()
        if name == "long whole":
            subprocess.run(
                [*STEP, "replace", str(self.home), self.edition, str(self.repeated)], check=True, cwd=ROOT
            )
        if name == "prefect":  # what was read stays unread, Prefect's own database stays: a warm run
            for folder in ("staged", "curated"):
                shutil.rmtree(self.home / folder, ignore_errors=True)
        measure = measured(self.command(name))
        self.taken.setdefault(name, []).append(measure)
        print(f"  {name:16} {measure.seconds:7.2f} s  {measure.memory:5.0f} MiB", flush=True)
        if name in self.present:
            result = json.loads((self.folder / f"{name}.json").read_text("utf-8"))
            self.found.setdefault("peers", {})[name] = [self.present[name], result]
        return measure

    def command(self, name: str) -> list[str]:
        """What is run to measure something."""
        run = [
            sys.executable,
            "-m",
            "pipeline.cli",
            "--home",
            str(self.home),
            "run",
            self.edition,
            "--no-prefect",
        ]
        known: dict[str, list[str]] = {
            "cells": [*STEP, "cells", str(self.pdf), str(self.folder / "cells.parquet")],
            "curated": [*STEP, "curated", str(self.home), self.edition, str(self.out)],
            "whole": run,
            "again": run,
            "prefect": [part for part in run if part != "--no-prefect"],
            "one page": [*run, "--allow-incomplete"],
            "long whole": [*run, "--allow-incomplete"],
        }
        if name == "long":
            return [*STEP, "cells", str(self.repeated), str(self.folder / "long.parquet")]
        if name in known:
            return known[name]
        assert self.peers is not None
        return [self.peers, str(PEERS), name, str(self.pdf), str(self.folder / f"{name}.json")]

    def beside(self, ours: str, other: str, number: int) -> None:
        """Measure two things right after each other, ``ours`` first in rounds of odd number."""
        if other in THEIRS and other not in self.present:
            self.take(ours)
            return
        if number % 2:
            first = self.take(ours).seconds
            second = self.take(other).seconds
        else:
            second = self.take(other).seconds
            first = self.take(ours).seconds
        self.ratios.setdefault((ours, other), []).append(first / second)

    def round(self, number: int) -> None:
        """Everything once."""
        print(f"round {number}", flush=True)
        self.beside("cells", "floor", number)
        self.beside("curated", "tabula", number)
        self.beside("whole", "pdfplumber", number)
        self.beside("cells", "tablers", number)
        if number == 1:
            self.beside("long", "cells", number)
            self.beside("long whole", "whole", number)
            for name in ("camelot_vector", "camelot_lattice", "pymupdf"):
                if name in self.present:
                    self.take(name)
        self.releases()
        if number == 1:
            measured(self.command("prefect"))  # makes Prefect's database
        self.take("prefect")

    def releases(self) -> None:
        """What follows a whole run: its score, the same again, a re-issue with one page changed."""
        self.take("again")
        release = self.home / "curated" / self.edition / "r001"
        self.found["manifest"] = json.loads((release / "manifest.json").read_text("utf-8"))
        truth = ROOT / "tests" / "data" / f"{self.edition}.truth.json"
        if truth.is_file():
            tables, manifest, _ = score.load_release(release)
            self.found["score"] = score.score(json.loads(truth.read_text("utf-8")), tables, manifest)
        subprocess.run([*STEP, "reissue", str(self.home), self.edition, "50"], check=True, cwd=ROOT)
        self.take("one page")
        (record,) = [
            path
            for path in (self.home / "staged" / self.edition / "pdf").glob("*/reading.json")
            if json.loads(path.read_text("utf-8"))["sha256"] == _digest(self.home, self.edition)
        ]
        self.found["pages read"] = json.loads(record.read_text("utf-8"))["read"]

    def largest(self, *names: str) -> float:
        """Peak memory of the largest process of the measures named, in MiB."""
        return max(measure.memory for name in names for measure in self.taken[name])


def _digest(home: Path, edition: str) -> str:
    return hashlib.sha256((home / "raw" / edition / f"{edition}.pdf").read_bytes()).hexdigest()


def agreement(bench: Bench) -> dict[str, tuple[int, int]]:
    """Peer → (cells with text that it found, of which as many as ours have the very same text).

    It says how much of our reading a peer sees as we do, wherever it puts it; what is right is told by the truth.
    """
    import pyarrow.parquet as pq

    texts = pq.read_table(bench.folder / "cells.parquet", columns=["lines"]).column("lines").to_pylist()
    ours = Counter(score.squeeze("".join(line["text"] for line in lines)) for lines in texts)
    found = {}
    for name, (_, cells) in bench.found.get("peers", {}).items():
        theirs = Counter(score.squeeze(text) for _, text in cells)
        theirs.pop("", None)
        found[name] = sum(theirs.values()), sum((theirs & ours).values())
    return found


@dataclass(frozen=True)
class Target:
    """A figure that must not exceed a limit."""

    name: str
    value: float
    limit: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether it does not."""
        return self.value <= self.limit


def targets(bench: Bench) -> list[Target]:
    """Every target whose measures there are."""
    out: list[Target] = []

    def against(name: str, ours: str, other: str, limit: float) -> None:
        if (ours, other) in bench.ratios:
            out.append(Target(name, median(bench.ratios[ours, other]), limit, "×"))

    against("decode + grid, one core / pdfium floor", "cells", "floor", 3.0)
    against("whole run / plain pdfplumber loop", "whole", "pdfplumber", 0.6)
    ordinary = bench.largest("cells", "curated", "whole", "again", "one page", "prefect")
    whole, prefect = (median(one.seconds for one in bench.taken[name]) for name in ("whole", "prefect"))
    return [
        *out,
        Target("largest process of a run", ordinary, 600.0, " MiB"),
        Target(
            f"largest process of a whole run of {bench.long:,} pages",
            bench.largest("long whole"),
            1536.0,
            " MiB",
        ),
        Target("unchanged re-run", median(one.seconds for one in bench.taken["again"]), 1.5, " s"),
        Target("a run under Prefect, its database made, less one without", prefect - whole, 12.0, " s"),
        Target("pages read again when one has changed", bench.found["pages read"], 1.0, ""),
    ]


OURS = {
    "cells": "xize: decode + grid, cells.parquet written, one core",
    "curated": "xize: PDF to all curated Parquet",
    "whole": "xize: whole run (imports, validation, release)",
    "again": "xize: the same again, nothing changed",
    "prefect": "xize: whole run under Prefect, its database made",
    "one page": "xize: whole run, one page of the file changed",
    "long": "xize: decode + grid of a document of many such pages, one core",
    "long whole": "xize: whole run of that document",
}
THEIRS = {
    "floor": "pdfium decodes every glyph and path: the floor",
    "tabula": "tabula-java, lattice",
    "camelot_vector": "camelot, lattice, vector engine",
    "pdfplumber": "pdfplumber, loop of extract_tables()",
    "camelot_lattice": "camelot, lattice",
    "pymupdf": "PyMuPDF, find_tables()",
    "tablers": "tablers, find_tables() with text, in Rust",
}


def speed_table(bench: Bench) -> str:
    """All measures as Markdown, with what peers see of the cells."""
    same = agreement(bench)
    lines = [
        "| | seconds | best | processor seconds | largest process | cells with text | as in our cells |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    for name, title in {**OURS, **THEIRS}.items():
        if name not in bench.taken:
            continue
        seconds = [one.seconds for one in bench.taken[name]]
        processor = median(one.processor for one in bench.taken[name])
        cells, equal = same.get(name, (0, 0))
        known = bench.found.get("peers", {}).get(name, [""])[0]
        seen = f"{cells:,} | {equal:,}" if cells else " | "
        title = f"{title} ({known})" if known else title
        lines.append(
            f"| {title} | {median(seconds):.2f} | {min(seconds):.2f} | {processor:.2f} "
            f"| {bench.largest(name):.0f} MiB | {seen} |"
        )
    return "\n".join(lines)


def target_table(found: list[Target]) -> str:
    """The targets as Markdown."""
    lines = ["| target | measured | at most | |", "| --- | --: | --: | --- |"]
    for target in found:
        value, limit = (
            f"{x:.2f}".rstrip("0").rstrip(".") + target.unit for x in (target.value, target.limit)
        )
        lines.append(f"| {target.name} | {value} | {limit} | {'PASS' if target.met else 'MISS'} |")
    return "\n".join(lines)


def accuracy(bench: Bench) -> str:
    """What of the truth the release of the measured run holds, in a sentence or a table."""
    parts: Mapping[str, Any] | None = bench.found.get("score")
    if parts is None:
        return "There is no truth file for this edition."
    return "```\n" + score.show(dict(parts), 0).strip() + "\n```"


def page(bench: Bench, found: list[Target], curves: list[growth.Curve], rounds: int) -> str:
    """docs/benchmarks.md."""
    manifest = bench.found["manifest"]
    rows, stats = manifest["rows"], manifest["stats"]
    libraries = ", ".join(
        f"{n} {version(n)}" for n in ("pypdfium2", "numpy", "pyarrow", "great_expectations")
    )
    return f"""<!-- Written by `make bench`. -->
# Speed, memory and accuracy

{bench.edition}: {stats["pages"]} pages, {rows["entries"]:,} entries, {rows["cells"]:,} cell pieces. Whole processes from start
to end, medians of {rounds} rounds on {psutil.cpu_count()} processors, Python {platform.python_version()}, {libraries}. Peers are called once, in an
environment of their own, on one thread (Java takes more for its compiler), and only read tables: no tidying, no
validation, nothing written but the texts of the cells. What is
compared ran one right after the other, either first in turn; the median of the rounds' ratios counts.

![Seconds of everything that was measured](benchmarks.png)

## Targets

{target_table(found)}

## Measures

{speed_table(bench)}

The last two columns tell how many cells with text a peer finds, and how many of them have the text of one of our cells
(pieces of cells cut by page breaks count apart).

## Accuracy of the measured run

{accuracy(bench)}

## Growth

Time for one page between decoder and cells as its rulings and glyphs double; `growth` is the exponent over the whole
range (1: linear). `python benchmarks/growth.py` measures it alone.

{growth.as_table(curves)}
"""


def draw(bench: Bench) -> None:
    """docs/benchmarks.png, by matplotlib in the peers' environment."""
    if bench.peers is None:
        return
    titles = {**OURS, **THEIRS}
    bars = [
        {"name": titles[name], "seconds": median(one.seconds for one in taken), "ours": name in OURS}
        for name, taken in bench.taken.items()
        if name not in ("again", "long", "long whole")
    ]
    data = {"title": f"{bench.edition}: {bench.found['manifest']['stats']['pages']} pages", "bars": bars}
    source = bench.folder / "plot.json"
    source.write_text(json.dumps(data), encoding="utf-8")
    subprocess.run([bench.peers, str(PEERS), "plot", str(source), str(PLOT)], check=True)


def main() -> int:
    """Command line; exit code 1 when a target is missed."""
    parser = argparse.ArgumentParser(description="Measure speed, memory and accuracy against other readers.")
    parser.add_argument("--edition", default="shanghai-2025")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--long", type=int, default=2000, help="pages of the long document")
    parser.add_argument("--peers", help="Python of the peers' environment; without it only xize is measured")
    parser.add_argument(
        "--write", action="store_true", help="write docs/benchmarks.md and docs/benchmarks.png"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xize-bench-") as folder:
        bench = Bench(args.edition, Path(folder), args.peers, args.long)
        for number in range(1, args.rounds + 1):
            bench.round(number)
        found, curves = targets(bench), growth.measure(3)
        print(
            f"\n{speed_table(bench)}\n\n{target_table(found)}\n\n{accuracy(bench)}\n\n{growth.as_table(curves)}"
        )
        if args.write:
            PAGE.write_text(page(bench, found, curves, args.rounds), encoding="utf-8")
            draw(bench)
            print(f"\n{PAGE} and {PLOT} written")
    linear = all(curve.growth <= growth.LIMIT for curve in curves)
    return int(not (linear and all(target.met for target in found)))


if __name__ == "__main__":
    sys.exit(main())
