"""Random editions of provinces that nobody has read: is their structure exact?

    python benchmarks/editions.py [ENGINE …] [--seeds 1-40] [--out DIR] [--results FILE]

Every edition is typeset by a seed (``tests/typeset/editions.py``), then read by ``xize add`` and ``xize run`` alone. It
is exact when it is published, majors, classes and notes are as printed (F1 1.000), every annex has F1 ≥ 0.995, and the
characters of every class × kind × tier stand where they were printed (which item a line belongs to is another matter).
A line of JSON per edition is added to the results; seeds that it has already are left out.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.expected import squeeze
from benchmarks.score import load_release, score
from tests.typeset import available, typeset
from tests.typeset.editions import ENGINES, random_edition

ROOT = Path(__file__).resolve().parent.parent
Row = dict[str, Any]
ANNEX = 0.995


def slots(truth: Mapping[str, Any], entries: Sequence[Row]) -> list[str]:
    """The class/kind/tier whose printed characters are not those of its entries."""
    want: Counter[tuple[str, str, str, str]] = Counter()
    got: Counter[tuple[str, str, str, str]] = Counter()
    for section in truth["sections"]:
        for cls in section["classes"]:
            for kind, tiers in cls["cells"].items():
                for tier, items in tiers.items():
                    for char in "".join(map(squeeze, items)):
                        want[cls["codes"][0], kind, tier, char] += 1
    for row in entries:
        for char in squeeze(row["text"]):
            got[row["class_code"], row["kind"], row["tier"], char] += 1
    return sorted({"/".join(key[:3]) for key in (want - got) + (got - want)})


def failures(truth: Mapping[str, Any], tables: Mapping[str, Any]) -> list[str]:
    """What of an edition's structure is not exact, part by part; [] where all is."""
    result = score(truth, tables)
    out = []
    for part in result["parts"]:
        if part["part"] == "entries":
            continue
        least = ANNEX if part["part"].startswith("annex") else 1.0
        # Whether the header's words are rows of annex_other too is no matter of reading.
        figure = part["recall"] if part["part"] == "annex_other" else part["f1"]
        if figure < least:
            out.append(f"{part['part']} {figure:.4f} {json.dumps(part['wrong'][:2], ensure_ascii=False)}")
    rows = tables["entries"]
    wrong = slots(truth, rows.to_pylist() if hasattr(rows, "to_pylist") else rows)
    return [*out, *([f"entries in {len(wrong)} wrong places: {' '.join(wrong[:4])}"] if wrong else [])]


def published(pdf: Path, home: Path) -> tuple[Mapping[str, Any] | None, str]:
    """The tables of the release that adding and running an edition make (the work of ``xize add`` and ``xize run
    --no-prefect``, without starting Python each time), or None and what they said."""
    from pipeline.editions.add import add_edition
    from pipeline.errors import XizeError
    from pipeline.job import Options
    from pipeline.run import run

    edition = "province-2026"
    shutil.rmtree(home, ignore_errors=True)
    try:
        add_edition(home, edition, pdf)
        run(Options(home=home, edition=edition))
    except XizeError as error:
        return None, str(error)
    folder = home / "curated" / edition
    rows, _, _ = load_release(folder / json.loads((folder / "latest.json").read_text("utf-8"))["release"])
    return rows, ""


def one(engine: str, seed: int, out: Path) -> Row:
    """Typeset and read one edition."""
    begin = time.perf_counter()
    truth, layout = random_edition(seed, engine)
    pdf = out / f"{layout.name}.pdf"
    printed = typeset(truth, layout, pdf)
    rows, said = published(pdf, out / f"home-{layout.name}")
    wrong = failures(printed, rows) if rows is not None else [said]
    if not wrong:
        pdf.unlink()
    shutil.rmtree(out / f"home-{layout.name}", ignore_errors=True)
    return {
        "engine": engine, "seed": seed, "pages": printed["page_count"], "exact": not wrong, "wrong": wrong,
        "seconds": round(time.perf_counter() - begin, 1),
    }  # fmt: skip


def main() -> int:
    """Command line; exit code 1 if an edition is not exact."""
    parser = argparse.ArgumentParser(description="Try random editions.")
    parser.add_argument("engines", nargs="*", default=list(ENGINES))
    parser.add_argument("--seeds", default="1-67", help="from-to")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "out" / "editions")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "editions.jsonl")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    first, last = map(int, args.seeds.split("-"))
    known = (
        [json.loads(line) for line in args.results.read_text("utf-8").splitlines()]
        if args.results.exists()
        else []
    )
    done = {(row["engine"], row["seed"]) for row in known}
    for seed in range(first, last + 1):
        for engine in args.engines:
            if missing := available(engine):
                parser.error(missing)
            if (engine, seed) in done:
                continue
            known.append(one(engine, seed, args.out))
            with args.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(known[-1], ensure_ascii=False) + "\n")
            print(f"{engine}-{seed}: {'exact' if known[-1]['exact'] else known[-1]['wrong']}", flush=True)
    for engine in args.engines:
        own = [row["exact"] for row in known if row["engine"] == engine]
        print(f"{engine}: {sum(own)} of {len(own)} exact")
    return int(not all(row["exact"] for row in known))


if __name__ == "__main__":
    sys.exit(main())
