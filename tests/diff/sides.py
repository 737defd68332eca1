"""Sides to compare, made from truths by the pipeline's own tidying: what a perfect reading would publish."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.diff import Side
from pipeline.schema import TABLES, build
from pipeline.text import normalise, squeeze
from pipeline.tidy.annexes import read_annexes
from pipeline.tidy.entries import entry_id
from pipeline.tidy.grades.levels import read_levels
from pipeline.tidy.grades.names import organisation_names
from pipeline.vocabulary.headings import numeral
from tests.tidy.annexes.tables import TRUTH, annex_of, intended_lines

Truth = dict[str, Any]
Divide = Callable[[Sequence[str]], Sequence[str]]


def known_truth() -> Truth:
    """The truth of the edition that is known."""
    return dict(json.loads(TRUTH.read_text("utf-8")))


def side_of(
    truth: Truth, edition: str = "shanghai-2025", release: str = "r001", divide: Divide = lambda items: items
) -> Side:
    """A release of a truth. ``divide`` may cut or join the items of a cell, as an unsure reading does."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    annexes = read_annexes([annex_of(a) for a in truth["annexes"]], intended_lines)
    for name, found in annexes.rows.items():
        rows[name] = [dict(row, source="pdf") for row in found]
    organisations = organisation_names(
        {str(r["org"]) for found in rows.values() for r in found if r.get("org")}
    )
    for number, note in enumerate(truth["notes"], 1):
        rows["notes"].append({"number": str(number), "text": normalise(note), "source": "pdf", "page": 3})
    for ordinal, section in enumerate(truth["sections"], 1):
        college, bachelor = [*section["alt_codes"], None, None][:2]
        rows["majors"].append(
            {"major_code": section["major_code"], "college_code": college, "bachelor_code": bachelor,
             "ordinal": numeral(section["ordinal"]) or ordinal, "name": section["name"], "toc_page": 4, "present": True,
             "source": "pdf", "page": 4}
        )  # fmt: skip
        for class_ in section["classes"]:
            code, college, bachelor = [*class_["codes"], None, None][:3]
            rows["classes"].append(
                {"class_code": code, "college_code": college, "bachelor_code": bachelor, "name": class_["name"],
                 "major_code": section["major_code"], "source": "pdf", "page": 4}
            )  # fmt: skip
            for kind, tiers in class_["cells"].items():
                for tier, items in tiers.items():
                    printed = [normalise(i) for i in items]
                    made = _entries(divide(printed), (code, kind, tier), organisations)
                    # What an unsure reading cuts or joins is published as unsure.
                    unsure = {} if [row["text"] for row in made] == printed else {"confidence": 0.9}
                    rows["entries"] += [row | unsure for row in made]
    tables = {name: build(name, found, edition) for name, found in rows.items()}
    digest = hashlib.sha256(repr(rows).encode()).hexdigest()
    manifest = {"title": truth["title"], "source": {"kind": "pdf"}, "code_version": "1",
                "files": {"all.parquet": {"sha256": digest}}}  # fmt: skip
    return Side(edition, release, tables, manifest, Path(edition))


def _entries(
    items: Sequence[str], place: tuple[str, str, str], organisations: frozenset[str]
) -> list[dict[str, Any]]:
    code, kind, tier = place
    seen: Counter[str] = Counter()
    rows = []
    for position, text in enumerate(items, 1):
        seen[squeeze(text)] += 1
        levels = read_levels(text, organisations)
        rows.append(
            {"entry_id": entry_id(code, kind, tier, text, seen[squeeze(text)]), "class_code": code, "kind": kind,
             "tier": tier, "position": position, "text": text, "name": levels.name or text, "issuer": levels.issuer,
             "grades": list(levels.grades), "level": levels.level, "source": "pdf", "page": 4,
             "top": 100.0 + 12 * position, "cell_id": "-".join(place)}
        )  # fmt: skip
    return rows
