"""A next-year edition with known changes: typeset it, read it, compare it with the published one, score by kind.

    python benchmarks/diff.py [--seed 1] [--engine writer] [--home .] [--edition shanghai-2025] [--out DIR] [--show 20]

What was changed is written down by tests/diff/next_year.py while it changes the truth; a change found is right when
kind of change, table, class, column, field and the texts before and after are all as written down (blanks aside).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.schema.changes import CHANGE_KINDS, QUIET_CHANGES
from pipeline.text import squeeze
from tests.diff.next_year import Expected
from tests.typeset import Layout

ROOT = Path(__file__).resolve().parent.parent
_WIDE = {"class": 0.85, "skill": 1.5, "practice": 0.8}
LAYOUTS = {
    "writer": Layout("writer", "writer", landscape=True, font="Noto Serif CJK SC", size=7, leading=1.15, widths=_WIDE,
                     header_fill="#fde9d9"),
    "writer-portrait": Layout("writer-portrait", "writer", margins=(56, 30, 56, 30), size=6.5, leading=1.1, padding=1.5,
                              header="repeat", widths={"class": 1.0, "skill": 1.5}, justify=True),
    "chromium": Layout("chromium", "chromium", landscape=True, margins=(40, 34, 44, 34), size=7, leading=1.2,
                       widths={"class": 0.75, "skill": 1.5, "practice": 0.7, "industry": 0.9}),
    "canvas": Layout("canvas", landscape=True, margins=(50, 36, 50, 36), rule="fill", widths={"class": 0.8, "skill": 1.3}),
}  # fmt: skip

Key = tuple[str, ...]


def _flat(value: object) -> str:
    return squeeze(str(value or ""))


def _key(change: Mapping[str, Any]) -> Key:
    """What must agree; of an annex row that came or went, the text is compared by ``_same_row``."""
    row = str(change["change"]).startswith("annex_row_") and change["change"] not in (
        "annex_row_changed", "annex_row_renumbered",
    )  # fmt: skip
    moved = [change[name] for name in ("class_code_after", "kind_after", "tier_after")]
    wanted = {"entry_class_moved": moved[:1], "entry_kind_moved": moved[1:], "entry_tier_moved": moved[2:]}
    annex = str(change["table"]).startswith("annex")
    return tuple(
        map(
            _flat,
            (
                change["change"],
                change["table"],
                change["class_code"],
                change["kind"],
                change["tier"],
                *wanted.get(str(change["change"]), ()),
                change["field"] if annex else "",
                "" if row else change["before"],
                "" if row else change["after"],
            ),
        )
    )


def _same_row(expected: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a row that came or went is the expected one: all its cells are in the joined text."""
    for side in ("before", "after"):
        text = _flat(found[side])
        if bool(expected[side]) != bool(found[side]):
            return False
        if not all(_flat(cell) in text for cell in str(expected[side] or "").split(" | ")):
            return False
    return True


def judge(
    expected: Iterable[Expected], found: Sequence[Mapping[str, Any]]
) -> tuple[Counter[str], list[dict[str, Any]], list[Mapping[str, Any]]]:
    """(right by kind, missed, false). Quiet kinds are judged like the others."""
    open_: dict[Key, list[dict[str, Any]]] = {}
    for change in expected:
        record = dataclasses.asdict(change)
        open_.setdefault(_key(record), []).append(record)
    right: Counter[str] = Counter()
    wrong: list[Mapping[str, Any]] = []
    for row in found:
        # The contract's class_code and kind are those before; for what was added, those after.
        for record in open_.get(_key(row), []):
            if (
                _same_row(record, row)
                or "annex_row" not in record["change"]
                or record["change"].endswith("changed")
            ):
                open_[_key(row)].remove(record)
                right[record["change"]] += 1
                break
        else:
            wrong.append(row)
    return right, [record for records in open_.values() for record in records], wrong


def score(expected: Sequence[Expected], found: Sequence[Mapping[str, Any]], show: int = 0) -> str:
    """A table of precision and recall by kind of change, and the first differences."""
    right, missed, wrong = judge(expected, found)
    want = Counter(change.change for change in expected)
    have = Counter(str(row["change"]) for row in found)
    lines = [f"{'change':<22}{'expected':>9}{'found':>7}{'right':>7}{'precision':>11}{'recall':>8}"]
    for kind in CHANGE_KINDS:
        if want[kind] or have[kind]:
            note = "  (left out by default)" if kind in QUIET_CHANGES else ""
            lines.append(_line(kind, want[kind], have[kind], right[kind]) + note)
    loud = [kind for kind in CHANGE_KINDS if kind not in QUIET_CHANGES]
    lines.append(_line("all", *(sum(counts[kind] for kind in loud) for counts in (want, have, right))))
    for label, rows in (("missed", missed), ("false", wrong)):
        told = [row for row in rows if row["change"] not in QUIET_CHANGES]
        lines += [f"{label}: {_told(row)}" for row in told[:show]]
    return "\n".join(lines)


def _line(name: str, want: int, have: int, right: int) -> str:
    precision = right / have if have else 1.0
    recall = right / want if want else 1.0
    return f"{name:<22}{want:>9}{have:>7}{right:>7}{precision:>11.4f}{recall:>8.4f}"


def _told(row: Mapping[str, Any]) -> str:
    names = (
        "change",
        "table",
        "class_code",
        "class_code_after",
        "kind",
        "tier",
        "tier_after",
        "field",
        "key",
    )
    place = " ".join(str(row[name]) for name in names if row.get(name))
    return f"{place}: {row['before']} → {row['after']} {row.get('score') or ''}"


def main() -> int:
    """Command line; exit code 1 if precision or recall of all changes is below 0.98."""
    parser = argparse.ArgumentParser(description="Score the comparison on a next-year edition.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=sorted(LAYOUTS), default="writer")
    parser.add_argument(
        "--home", type=Path, default=ROOT, help="where the edition to compare with is published"
    )
    parser.add_argument("--edition", default="shanghai-2025")
    parser.add_argument("--truth", type=Path, default=ROOT / "tests" / "data" / "shanghai-2025.truth.json")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "out" / "diff")
    parser.add_argument("--show", type=int, default=20, help="differences to print")
    args = parser.parse_args()

    from pipeline.diff import Side, compare, load_side
    from pipeline.editions.add import add_edition
    from pipeline.job import Options, plan
    from pipeline.outcome import with_findings
    from pipeline.run import read, tidy_reading
    from tests.diff.next_year import following
    from tests.typeset import available, typeset

    layout = LAYOUTS[args.engine]
    if missing := available(layout.engine):
        print(f"{args.engine}: left out, {missing}")
        return 2
    before = load_side(args.home, args.edition)
    truth, expected = following(json.loads(args.truth.read_text("utf-8")), args.seed)
    name = f"{args.engine}-{args.seed}"
    home, pdf = args.out / name, args.out / f"{name}.pdf"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    typeset(truth, layout, pdf)
    edition = "next-2026"
    add_edition(home, edition, pdf)
    job = plan(Options(home=home, edition=edition, allow_incomplete=True))
    tables = with_findings(job, tidy_reading(job, read(job)))
    manifest = {**before.manifest, "title": job.edition.source.title}
    begin = time.process_time()
    changes = compare(before, Side(edition, "r001", tables, manifest, str(home)))
    seconds = time.process_time() - begin
    found = changes.to_pylist()
    print(f"{name}: {seconds:.2f} s\n{score(expected, found, args.show)}")
    right, missed, wrong = judge(expected, [row for row in found if row["change"] not in QUIET_CHANGES])
    loud = [row for row in missed if row["change"] not in QUIET_CHANGES]
    return int(bool(loud or wrong) and right.total() / (right.total() + max(len(loud), len(wrong))) < 0.98)


if __name__ == "__main__":
    sys.exit(main())
