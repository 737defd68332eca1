"""Next year's edition, read after a year's work on the last one: everything settled, only what was asked about, or nothing.

    python benchmarks/years.py FOLDER/LAST FOLDER/NEXT …

Beside each NAME.pdf stands NAME.truth.json. The steward is simulated from the truth of LAST: an item that is asked about he
accepts where it is right, else he puts the right ones in its place. Nothing is published. Cells: wrong items, F1, silent ones.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.corpus import read_tables  # noqa: E402
from benchmarks.items import judged, truth_cells  # noqa: E402
from pipeline.quality.checks.uncertain import UNSURE  # noqa: E402
from pipeline.releases.learned import taught  # noqa: E402
from pipeline.text import squeeze  # noqa: E402
from pipeline.tidy.wraps.segment_model import Memory  # noqa: E402

Row = dict[str, Any]
YEARS = {"not known": None, "all right": 2.0, f"only the items below {UNSURE} settled": UNSURE, "nothing settled but by layout": 0.0}  # fmt: skip
"""What of the last year was settled: the confidence below which an item was looked at."""


def _spans(texts: Sequence[str]) -> list[tuple[int, int]]:
    return list(pairwise([0, *accumulate(map(len, texts))]))


def corrected(rows: Sequence[Row], right: Sequence[str], asked: float) -> Iterator[Row]:
    """A cell's rows after a steward has looked at those below ``asked``; a cell with another text than the truth stays as it is."""
    texts = [squeeze(row["text"]) for row in rows]
    whole = "".join(texts)
    wanted = _spans(right) if "".join(right) == whole else _spans(texts)
    seen = [span for span, row in zip(_spans(texts), rows, strict=True) if row["confidence"] < asked]
    mended = [
        one for one in wanted if any(one[0] < b and a < one[1] for a, b in seen if (a, b) not in wanted)
    ]
    left = [
        (span, row | {"settled_by": "steward"} if span in seen else row)
        for span, row in zip(_spans(texts), rows, strict=True)
        if not any(a < span[1] and span[0] < b for a, b in mended)
    ]
    put = [(one, rows[0] | {"text": whole[slice(*one)], "settled_by": "steward"}) for one in mended]
    for position, (_, row) in enumerate(sorted(left + put, key=lambda one: one[0]), 1):
        yield row | {"position": position}


def after(tables: Mapping[str, Any], truth: Mapping[str, Any], asked: float) -> Memory:
    """What the last year teaches when a steward has looked at all items below ``asked``."""
    right = truth_cells(truth)
    rows: list[Row] = []
    for slot, group in groupby(
        tables["entries"].to_pylist(), key=lambda row: (row["class_code"], row["kind"], row["tier"])
    ):
        rows += corrected(list(group), right.get(slot, []), asked)
    findings = [] if asked else tables["findings"].to_pylist()
    return taught(rows, findings, tables["cells"].select(["cell_id", "lines"]).to_pylist())


def main() -> int:
    """Command line."""
    last, *following = map(Path, sys.argv[1:])
    options = {"allow_incomplete": True}
    tables, _ = read_tables(last.name, last.parent, options)
    truth = json.loads(last.with_name(f"{last.name}.truth.json").read_text("utf-8"))
    print("| last year | " + " | ".join(f"`{path.name}`" for path in following) + " |")
    print("|---|" + "---|" * len(following))
    for name, asked in YEARS.items():
        memory = None if asked is None else after(tables, truth, asked)
        cells = []
        for path in following:
            found, _ = read_tables(path.name, path.parent, options, memory)
            items, wanted = judged(
                json.loads(path.with_name(f"{path.name}.truth.json").read_text("utf-8")),
                found["entries"].to_pylist(),
            )
            wrong = [item for item in items if not item.right]
            f1 = 2 * (len(items) - len(wrong)) / (len(items) + wanted)
            cells.append(f"{len(wrong)}, {f1:.4f}, {sum(item.confidence >= UNSURE for item in wrong)}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
