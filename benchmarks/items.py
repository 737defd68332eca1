"""Items of typeset editions against truth, with what the reading says of its own doubt: a table, and a reliability plot.

    python benchmarks/items.py FOLDER … [--svg docs/reliability.svg]

A folder holds NAME.pdf and NAME.truth.json, as `benchmarks/corpus.py build` and `tools/train_weights.py --folder` leave
them. "Named" are the items below the threshold of `boundary_uncertain`, "silent" the wrong ones above it, "expected" as
many as their confidences predict; ECE is the expected calibration error over twenty bins. Each folder is a line of the plot.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.corpus import read_tables  # noqa: E402
from pipeline.quality.checks.uncertain import UNSURE  # noqa: E402
from pipeline.text import squeeze  # noqa: E402

_COLOURS = ("#1f6fb2", "#c2571a", "#3a8a3a")
_SIDE, _EDGE = 320, 44


class Judged(NamedTuple):
    """An item as published: how sure it is, and whether it stands in the truth of its cell."""

    confidence: float
    right: bool


def truth_cells(truth: Mapping[str, Any]) -> dict[tuple[str, str, str], list[str]]:
    """The right items (blanks deleted) by class, kind and tier."""
    out: dict[tuple[str, str, str], list[str]] = {}
    for section in truth["sections"]:
        for one in section["classes"]:
            for kind, tiers in one["cells"].items():
                for tier, texts in tiers.items():
                    out.setdefault((one["codes"][0], kind, tier), []).extend(map(squeeze, texts))
    return out


def judged(truth: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]) -> tuple[list[Judged], int]:
    """Every item of the catalogue, and how many the truth has."""
    left = {slot: Counter(texts) for slot, texts in truth_cells(truth).items()}
    wanted = sum(cell.total() for cell in left.values())
    out = []
    for entry in entries:
        cell = left.get((entry["class_code"], entry["kind"], entry["tier"]), Counter())
        text = squeeze(entry["text"])
        out.append(Judged(float(entry["confidence"]), cell[text] > 0))
        cell[text] -= 1
    return out, wanted


def bins(items: Sequence[Judged], width: float = 0.05) -> list[tuple[int, float, float]]:
    """Per filled bin of confidence: how many items, how sure on average, and the share that is right."""
    found: dict[int, list[Judged]] = {}
    for item in items:
        found.setdefault(min(int(item.confidence / width), round(1 / width) - 1), []).append(item)
    return [
        (len(some), sum(i.confidence for i in some) / len(some), sum(i.right for i in some) / len(some))
        for _, some in sorted(found.items())
    ]


def line(name: str, items: Sequence[Judged], wanted: int) -> str:
    """One edition as a row of the table."""
    n, wrong = len(items), sum(not item.right for item in items)
    sure = [item for item in items if item.confidence >= UNSURE]
    silent, expected = sum(not item.right for item in sure), sum(1 - item.confidence for item in sure)
    error = sum(count * abs(mean - right) for count, mean, right in bins(items)) / n
    f1, named = 2 * (n - wrong) / (n + wanted), 100 * (n - len(sure)) / n
    return (
        f"| {name} | {n} | {f1:.4f} | {wrong} | {named:.1f} % | {silent} | {1000 * silent / n:.1f} "
        f"| {1000 * expected / n:.1f} | {error:.4f} |"
    )


def plot(series: Mapping[str, Sequence[Judged]]) -> str:
    """Mean confidence against the share that is right, as SVG: bins with 20 items or more."""
    side, edge = _SIDE, _EDGE

    def at(x: float, y: float) -> str:
        low = 0.4
        return f"{edge + (x - low) / (1 - low) * side:.1f},{edge / 2 + (1 - y) / (1 - low) * side:.1f}"

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{side + 2 * edge}" height="{side + 2 * edge}" font-family="sans-serif" font-size="11">',
           '<rect width="100%" height="100%" fill="#fff"/>', f'<polyline points="{at(0.4, 0.4)} {at(1, 1)}" stroke="#bbb" stroke-dasharray="4 4"/>']  # fmt: skip
    for tick in (0.4, 0.6, 0.8, 1.0):
        (x, below), (left, y) = at(tick, 0.4).split(","), at(0.4, tick).split(",")
        out += [f'<text x="{x}" y="{float(below) + 16}" text-anchor="middle">{tick}</text>', f'<text x="{float(left) - 6}" y="{y}" text-anchor="end">{tick}</text>']  # fmt: skip
    for colour, (row, (name, items)) in zip(_COLOURS, enumerate(series.items()), strict=False):
        dots = [
            at(mean, right) for count, mean, right in bins(items) if count >= 20 and min(mean, right) >= 0.4
        ]
        out.append(f'<polyline points="{" ".join(dots)}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        out += [
            f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in (dot.split(",") for dot in dots)
        ]
        out.append(
            f'<text x="{edge + 10}" y="{edge / 2 + 14 + 15 * row}" fill="{colour}">{name}: {len(items):,} items</text>'
        )
    words = f'<text x="{edge + side / 2}" y="{side + edge + 22}" text-anchor="middle">confidence; upwards: share that is right</text></svg>'
    return "\n".join([*out, words, ""])


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Score items and their confidences.")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--svg", type=Path, help="file for the reliability plot")
    args = parser.parse_args()
    print("| edition | items | F1 | wrong | named | silent | per 1,000 | expected per 1,000 | ECE |")
    print("|---|" + "---:|" * 8)
    series: dict[str, list[Judged]] = {}
    for folder in args.folders:
        for file in sorted(folder.glob("*.truth.json")):
            name = file.name.removesuffix(".truth.json")
            tables, _ = read_tables(name, folder, {"allow_incomplete": True})
            items, wanted = judged(json.loads(file.read_text("utf-8")), tables["entries"].to_pylist())
            print(line(name, items, wanted), flush=True)
            series.setdefault(folder.name, []).extend(items)
    if args.svg:
        args.svg.write_text(plot(series), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
