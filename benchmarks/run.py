"""The whole run against a plain loop of pdfplumber over the same file, side by side: time, memory, the re-run.

    python benchmarks/run.py [--edition shanghai-2025] [--rounds 3] [--write]

Each round runs, one after the other and each in a process of its own: ``xize run --no-prefect`` in an empty home
(read, tidy, validate, publish), the same again with nothing changed, and a single-process loop of ``pdfplumber.open``
→ ``page.extract_tables()``. Memory is the peak of the resident memory of the process and its children together,
sampled 20 times a second (pages that they share count once per process). The best round of each counts.
``--write`` puts the table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"

PLAIN = """
import sys, pdfplumber
with pdfplumber.open(sys.argv[1]) as pdf:
    print(sum(len(page.extract_tables()) for page in pdf.pages))
"""


@dataclass(frozen=True)
class Measure:
    """One command: seconds on the clock, seconds of processor time, peak memory in MiB of the whole process tree."""

    seconds: float
    processor: float
    memory: float


def measured(command: list[str], environment: dict[str, str]) -> Measure:
    """Run a command to its end. Raises RuntimeError with its output when it fails."""
    with tempfile.TemporaryFile("w+") as output:
        before, begin, peak = os.times(), time.perf_counter(), 0
        process = psutil.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        while process.poll() is None:
            peak = max(peak, _resident(process))
            time.sleep(0.05)
        seconds, after = time.perf_counter() - begin, os.times()
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(command[:6])} …: exit code {process.returncode}\n{output.read()}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Measure(seconds, spent, peak / 2**20)


def _resident(process: psutil.Process) -> int:
    """Resident bytes of a process and everything it started; what ends meanwhile counts nothing."""
    total = 0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for one in family:
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def one_round(edition: str, pdf: Path) -> tuple[dict[str, Measure], dict[str, object]]:
    """The measures of one round, and the manifest of what was published."""
    environment = {key: value for key, value in os.environ.items() if key != "XIZE_HOME"}
    environment["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory(prefix="xize-bench-") as folder:
        home = Path(folder)
        shutil.copytree(ROOT / "raw" / edition, home / "raw" / edition)
        run = [sys.executable, "-m", "pipeline.cli", "--home", folder, "run", edition, "--no-prefect"]
        measures = {
            "whole": measured(run, environment),
            "again": measured(run, environment),
            "plain": measured([sys.executable, "-c", PLAIN, str(pdf)], environment),
        }
        curated = home / "curated" / edition
        names = sorted(path.name for path in curated.glob("r*"))
        if names != ["r001"]:
            raise RuntimeError(f"one release was to be published, there are {names}")
        manifest: dict[str, object] = json.loads((curated / "r001" / "manifest.json").read_text("utf-8"))
    return measures, manifest


NAMES = {
    "whole": "`xize run --no-prefect`, nothing staged",
    "again": "the same again, nothing changed",
    "plain": "plain loop of `page.extract_tables()`",
}


def table(best: dict[str, Measure]) -> str:
    """The measures as a Markdown table, with each one's share of the plain loop's time."""
    lines = [
        "| | seconds | of the plain loop | processor seconds | peak memory |",
        "| --- | --: | --: | --: | --: |",
    ]
    for key, name in NAMES.items():
        m = best[key]
        share = m.seconds / best["plain"].seconds
        lines.append(f"| {name} | {m.seconds:.1f} | {share:.2f} | {m.processor:.1f} | {m.memory:.0f} MiB |")
    return "\n".join(lines)


def page(best: dict[str, Measure], manifest: dict[str, object], edition: str, rounds: int) -> str:
    """docs/benchmarks.md."""
    rows, stats = manifest["rows"], manifest["stats"]
    assert isinstance(rows, dict)
    assert isinstance(stats, dict)
    libraries = ", ".join(f"{name} {version(name)}" for name in ("pdfplumber", "pypdfium2", "pyarrow"))
    return f"""<!-- Written by `python benchmarks/run.py --write`. -->
# Speed and memory

{edition}: {stats["pages"]} pages, {rows["entries"]} entries, {rows["cells"]} cell pieces. The whole run reads, tidies,
validates and publishes; the plain loop only calls pdfplumber's own table finder on every page and keeps nothing.

{table(best)}

Best of {rounds} rounds on {os.cpu_count()} processors, Python {platform.python_version()}, {libraries}.
Memory is that of the process and its workers together. `make bench` measures anew.
"""


def main() -> int:
    """Command line; exit code 1 when the whole run is not quicker than the plain loop."""
    parser = argparse.ArgumentParser(description="Measure the whole run against a plain pdfplumber loop.")
    parser.add_argument("--edition", default="shanghai-2025")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    args = parser.parse_args()
    pdf = ROOT / "raw" / args.edition / f"{args.edition}.pdf"
    done, manifest = [], {}
    for number in range(1, args.rounds + 1):
        measures, manifest = one_round(args.edition, pdf)
        done.append(measures)
        print(
            f"round {number}: " + ", ".join(f"{key} {m.seconds:.1f} s" for key, m in measures.items()),
            flush=True,
        )
    best = {
        key: Measure(
            min(m[key].seconds for m in done),
            min(m[key].processor for m in done),
            max(m[key].memory for m in done),
        )
        for key in NAMES
    }
    print(f"\n{table(best)}")
    if args.write:
        PAGE.write_text(page(best, manifest, args.edition, args.rounds), encoding="utf-8")
        print(f"\n{PAGE} written")
    return int(best["whole"].seconds >= best["plain"].seconds)


if __name__ == "__main__":
    sys.exit(main())
