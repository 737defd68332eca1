"""Score a release against a truth: what was typeset, cell by cell.

    python benchmarks/score.py TRUTH.json RELEASE_DIR [--json OUT.json] [--show 20]
    python benchmarks/score.py TRUTH.json tables.json --tables      (output of `xize tables … --format json`)

Independent of the pipeline on purpose: it has its own normalisation and its own idea of what a header word means.
Texts are equal when they are the same after NFKC with blanks and format characters deleted.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.expected import LISTS, Row, expected_table, squeeze

Truth = Mapping[str, Any]
Tables = Mapping[str, Any]  # name → pyarrow table


@dataclass
class Part:
    """Figures of one part of the document. ``wrong`` holds one line per difference."""

    name: str
    expected: int = 0
    found: int = 0
    right: int = 0
    cells: int = 0
    cells_right: int = 0
    wrong: list[Row] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Right items among those published."""
        return self.right / self.found if self.found else float(not self.expected)

    @property
    def recall(self) -> float:
        """Right items among those typeset."""
        return self.right / self.expected if self.expected else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def as_dict(self) -> Row:
        """For JSON."""
        return {
            "part": self.name, "expected": self.expected, "found": self.found, "right": self.right,
            "precision": self.precision, "recall": self.recall, "f1": self.f1,
            "cells": self.cells, "cells_right": self.cells_right, "wrong": self.wrong,
        }  # fmt: skip


# -- catalogue


def score_entries(truth: Truth, entries: Sequence[Row]) -> Part:
    """Items per class × kind × tier, compared as sequences."""
    part = Part("entries")
    want: dict[tuple[str, str, str], list[str]] = {}
    for section in truth["sections"]:
        for cls in section["classes"]:
            for kind, tiers in cls["cells"].items():
                for tier, items in tiers.items():
                    want.setdefault((cls["codes"][0], kind, tier), []).extend(map(squeeze, items))
    got: dict[tuple[str, str, str], list[Row]] = {}
    for row in entries:
        got.setdefault((row["class_code"], row["kind"], row["tier"]), []).append(row)
    for key in sorted(set(want) | set(got)):
        have = sorted(got.get(key, []), key=lambda r: r["position"])
        texts, expected = [squeeze(r["text"]) for r in have], want.get(key, [])
        if not texts and not expected:
            continue
        part.cells += 1
        part.cells_right += texts == expected
        part.expected += len(expected)
        part.found += len(texts)
        part.right += sum((Counter(texts) & Counter(expected)).values())
        if texts != expected:
            for op, a, b, c, d in SequenceMatcher(None, expected, texts, autojunk=False).get_opcodes():
                if op != "equal":
                    page = next((r.get("page") for r in [*have[c:d], *have[max(0, c - 1) :], *have]), None)
                    part.wrong.append(
                        {"where": "/".join(key), "page": page, "typeset": expected[a:b], "read": texts[c:d]}
                    )
    return part


def _count(part: Part, want: Sequence[tuple[str, ...]], got: Sequence[tuple[str, ...]]) -> Part:
    part.expected, part.found = len(want), len(got)
    part.right = sum((Counter(want) & Counter(got)).values())
    part.cells = sum(len(w) for w in want)
    for op, a, b, c, d in SequenceMatcher(None, list(want), list(got), autojunk=False).get_opcodes():
        if op != "equal":
            part.wrong.append(
                {
                    "where": part.name,
                    "typeset": [list(w) for w in want[a:b]],
                    "read": [list(g) for g in got[c:d]],
                }
            )
        else:
            part.cells_right += sum(len(w) for w in want[a:b])
    return part


def score_heads(truth: Truth, tables: Mapping[str, Sequence[Row]]) -> list[Part]:
    """Majors, classes and notes."""

    def codes(values: Sequence[str]) -> tuple[str, str, str]:
        return (*values, "", "", "")[:3]  # type: ignore[return-value]

    majors = [(*codes([s["major_code"], *s["alt_codes"]]), squeeze(s["name"])) for s in truth["sections"]]
    classes = [
        (*codes(c["codes"]), squeeze(c["name"]), s["major_code"])
        for s in truth["sections"]
        for c in s["classes"]
    ]

    def row(r: Row, *names: str) -> tuple[str, ...]:
        return tuple(squeeze(r.get(n)) for n in names)

    def bare(text: str) -> str:
        return re.sub(r"^\(?\d+[).、.]", "", squeeze(text))

    return [
        _count(
            Part("majors"), majors,
            [row(r, "major_code", "college_code", "bachelor_code", "name") for r in tables["majors"] if r.get("present", True)],
        ),
        _count(
            Part("classes"), classes,
            [row(r, "class_code", "college_code", "bachelor_code", "name", "major_code") for r in tables["classes"]],
        ),
        _count(Part("notes"), [(bare(n),) for n in truth["notes"]], [(bare(r["text"]),) for r in tables["notes"]]),
    ]  # fmt: skip


# -- annexes


def _published(name: str, row: Row, columns: Iterable[str]) -> tuple[str, ...]:
    out = []
    for column in columns:
        value = row.get(column)
        if column == "grades":
            out.append(",".join(str(v) for v in value or []))
        elif column in LISTS:
            out.append("|".join(squeeze(v) for v in value or []))
        else:
            out.append(squeeze(value))
    return tuple(out)


def _from_zero(rows: Sequence[Row], column: str) -> list[Row]:
    first = min((r[column] for r in rows if isinstance(r.get(column), int)), default=0)
    return [r | {column: r[column] - first} if isinstance(r.get(column), int) else r for r in rows]


def score_annexes(truth: Truth, tables: Mapping[str, Sequence[Row]]) -> list[Part]:
    """Every annex cell: rows aligned in order, cells compared column by column."""
    want: dict[str, list[Row]] = {}
    for annex in truth["annexes"]:
        for table in annex["tables"]:
            name, rows = expected_table(table)
            want.setdefault(name, []).extend(rows)
    parts = []
    names = set(want) | {n for n in tables if n.startswith("annex_") and len(tables[n])}
    for name in sorted(names, key=lambda n: (len(n.split("_")[1]), n)):
        expected = want.get(name, [])
        columns = sorted({c for r in expected for c in r})
        rows = list(tables.get(name, []))
        got = [_published(name, r, columns) for r in rows]
        if name == "annex_10_titles":  # whether the ladder counts from 0 or 1 is no matter of reading
            rows = _from_zero(rows, "ladder")
            got = [_published(name, r, columns) for r in rows]
        if name == "annex_11_mappings":  # one row per condition; the printed cell is what was typeset
            keep = [n for n, g in enumerate(got) if n == 0 or g != got[n - 1]]
            rows, got = [rows[n] for n in keep], [got[n] for n in keep]
        keys = [tuple(r.get(c, "") for c in columns) for r in expected]
        part = Part(name)
        part.expected, part.found = len(keys), len(got)
        part.cells = sum(map(len, keys))
        if name == "annex_other":  # header cells may be published as rows of their own, or not
            heads = Counter(squeeze(r.get("header")) for r in rows)
            extra = Counter(g[0] for g in got) - Counter(k[0] for k in keys) if columns else Counter()
            part.found -= sum(n for text, n in extra.items() if text in heads)
            flat = Counter(g[0] for g in got) if columns else Counter()
            part.right = part.cells_right = sum((Counter(k[0] for k in keys) & flat).values())
            missing = Counter(k[0] for k in keys) - flat
            if missing:
                part.wrong.append({"where": name, "typeset": list(missing), "read": []})
            parts.append(part)
            continue
        if name in ("annex_1_awards", "annex_10_titles"):  # row by row or column by column: both are right
            keys, order = sorted(keys), sorted(range(len(got)), key=lambda n: got[n])
            rows, got = [rows[n] for n in order], [got[n] for n in order]
        for op, a, b, c, d in SequenceMatcher(None, keys, got, autojunk=False).get_opcodes():
            if op == "equal":
                part.right += b - a
                part.cells_right += sum(len(k) for k in keys[a:b])
                continue
            for n in range(max(b - a, d - c)):
                k = keys[a + n] if a + n < b else None
                g = got[c + n] if c + n < d else None
                page = rows[min(c + n, len(rows) - 1)].get("page") if rows else None
                if k and g:
                    part.cells_right += sum(x == y for x, y in zip(k, g, strict=True))
                    diff = {col: [x, y] for col, x, y in zip(columns, k, g, strict=True) if x != y}
                    part.wrong.append({"where": name, "page": page, "row": k[:2], "differs": diff})
                else:
                    part.wrong.append({"where": name, "page": page, "typeset": k, "read": g})
        parts.append(part)
    return parts


# -- a release


def load_release(folder: Path) -> tuple[dict[str, list[Row]], Row, list[Row]]:
    """(rows per table, manifest, findings) of a release directory."""
    import pyarrow.parquet as pq

    rows = {
        p.stem: pq.read_table(p).to_pylist() for p in sorted(folder.glob("*.parquet")) if p.stem != "cells"
    }
    manifest = (
        json.loads((folder / "manifest.json").read_text("utf-8"))
        if (folder / "manifest.json").exists()
        else {}
    )
    return rows, manifest, rows.get("findings", [])


def _dig(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        if key in value:
            return value[key]
        return next((f for v in value.values() if (f := _dig(v, key)) is not None), None)
    return None


def score(truth: Truth, tables: Mapping[str, Any], manifest: Row | None = None) -> Row:
    """All figures. ``tables``: name → pyarrow table or list of rows."""
    rows = {
        n: (t.to_pylist() if hasattr(t, "to_pylist") else list(t)) for n, t in tables.items() if n != "cells"
    }
    rows = {"majors": [], "classes": [], "notes": [], "entries": []} | rows
    parts = [score_entries(truth, rows["entries"]), *score_heads(truth, rows), *score_annexes(truth, rows)]
    findings = Counter((f["code"], f["severity"]) for f in rows.get("findings", []))
    return {
        "parts": [p.as_dict() for p in parts],
        "wrong": sum(len(p.wrong) for p in parts),
        "conservation": _dig(manifest or {}, "conservation"),
        "findings": {f"{code} ({severity})": n for (code, severity), n in sorted(findings.items())},
    }


def show(result: Row, limit: int) -> str:
    """The figures as a text table, then the first differences."""
    lines = [
        f"{'part':<24}{'typeset':>8}{'read':>8}{'right':>8}{'F1':>9}{'cells':>8}{'right':>8}{'wrong':>7}"
    ]
    for p in result["parts"]:
        lines.append(
            f"{p['part']:<24}{p['expected']:>8}{p['found']:>8}{p['right']:>8}{p['f1']:>9.5f}"
            f"{p['cells']:>8}{p['cells_right']:>8}{len(p['wrong']):>7}"
        )
    lines.append(f"conservation: {result['conservation']}")
    lines.append(f"findings: {result['findings']}")
    left = limit
    for p in result["parts"]:
        for w in p["wrong"][:left]:
            lines.append(f"  {p['part']}: {json.dumps(w, ensure_ascii=False)}")
        left = max(0, left - len(p["wrong"]))
    return "\n".join(lines)


# -- grids: `xize tables` against expected grids


def score_tables(expected: Sequence[Row], found: Sequence[Row]) -> Part:
    """Cells of grids: position, spans and text. Tables are paired per page in order.

    ``expected``/``found``: [{"page", "cells": [{"row","col","row_span","col_span","text"}]}].
    """
    part = Part("tables", expected=len(expected), found=len(found))

    def cells(table: Row) -> dict[tuple[int, int, int, int], str]:
        return {
            (c["row"], c["col"], c["row_span"], c["col_span"]): squeeze(c["text"]) for c in table["cells"]
        }

    pages = sorted({t["page"] for t in expected} | {t["page"] for t in found})
    for page in pages:
        want = [cells(t) for t in expected if t["page"] == page]
        got = [cells(t) for t in found if t["page"] == page]
        for n in range(max(len(want), len(got))):
            w, g = (want[n] if n < len(want) else {}), (got[n] if n < len(got) else {})
            part.cells += len(w)
            part.cells_right += sum(g.get(k) == v for k, v in w.items())
            part.right += w == g
            for key in sorted(set(w) | set(g)):
                if w.get(key) != g.get(key):
                    part.wrong.append(
                        {"page": page, "table": n, "cell": key, "typeset": w.get(key), "read": g.get(key)}
                    )
    return part


def main() -> int:
    """Command line; exit code 1 if anything differs."""
    parser = argparse.ArgumentParser(description="Score a release against a truth JSON.")
    parser.add_argument("truth", type=Path)
    parser.add_argument("release", type=Path, help="release directory, or tables.json with --tables")
    parser.add_argument(
        "--tables", action="store_true", help="compare grids of `xize tables` instead of a release"
    )
    parser.add_argument("--json", type=Path, help="write all figures and differences here")
    parser.add_argument("--show", type=int, default=20, help="differences to print")
    args = parser.parse_args()
    truth = json.loads(args.truth.read_text("utf-8"))
    if args.tables:
        part = score_tables(truth["tables"], json.loads(args.release.read_text("utf-8"))["tables"])
        result: Row = {
            "parts": [part.as_dict()],
            "wrong": len(part.wrong),
            "conservation": None,
            "findings": {},
        }
    else:
        rows, manifest, _ = load_release(args.release)
        result = score(truth, rows, manifest)
    print(show(result, args.show))
    if args.json:
        args.json.write_text(json.dumps(result, ensure_ascii=False, indent=1), "utf-8")
    return int(result["wrong"] > 0)


if __name__ == "__main__":
    sys.exit(main())
