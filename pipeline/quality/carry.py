"""``xize carry``: decisions of one edition taken over to another (or to a replaced file of the same one).

A correction or acceptance holds where the printed text is the same. Whether it does is found by trying: a correction is
applied to what the new file reads like, an acceptance must meet the same finding with the same evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.editions.files import decisions_lock
from pipeline.editions.source_yaml import load_yaml
from pipeline.errors import XizeError
from pipeline.findings import digits_of
from pipeline.model import slot_of
from pipeline.quality.appending import append
from pipeline.quality.corrections.cells import apply_to_cells, cell_text
from pipeline.quality.corrections.file import HEAD as CORRECTIONS_HEAD
from pipeline.quality.corrections.file import Correction, load_corrections
from pipeline.quality.corrections.rows import Rows, apply_to_rows
from pipeline.quality.decisions import HEAD as ACCEPTED_HEAD
from pipeline.quality.decisions import Acceptance, Row, decided, load_accepted, row_digest, write_yaml
from pipeline.text import squeeze


@dataclass(frozen=True)
class NewReading:
    """What the other edition reads like, uncorrected: staged cells, rows by table, findings as rows."""

    cells: pa.Table
    rows: Rows
    findings: Sequence[Row]


@dataclass
class Carried:
    """Indexes of the corrections that hold (with their cell_id in the new file, if they name a cell), those that have
    nothing left to do and why the others do not hold; the acceptances that hold, and those that do not."""

    corrections: dict[int, str | None] = field(default_factory=dict)
    done_already: list[Correction] = field(default_factory=list)
    lost_corrections: list[tuple[Correction, str]] = field(default_factory=list)
    accepted: list[Acceptance] = field(default_factory=list)
    lost_accepted: list[Acceptance] = field(default_factory=list)


def carry(
    corrections: Sequence[Correction],
    accepted: Iterable[Acceptance],
    cells_before: pa.Table | None,
    after: NewReading,
) -> Carried:
    """Try every decision on the new reading.

    ``cells_before``: the cells of the file that the corrections were made for; without them a correction that names
    a cell_id is tried under the same id.
    """
    out = Carried()
    texts = _texts(after.cells)
    old = {} if cells_before is None else {row["cell_id"]: cell_text(row) for row in _listed(cells_before)}
    cells, rows = after.cells, after.rows
    for index, correction in enumerate(corrections):
        try:
            moved = _moved(correction, old, texts)
            # One after the other, as a run applies them: a later one may build on an earlier one.
            if moved.of_cells:
                cells, _ = apply_to_cells(cells, [moved])
            else:
                rows = apply_to_rows(rows, [moved], organisations=frozenset())
        except XizeError as error:
            if _stands(correction, rows):
                out.done_already.append(correction)
            else:
                out.lost_corrections.append((correction, str(error)))
        else:
            out.corrections[index] = moved.where.cell_id
    # What is left of a finding that is corrected in part may have been accepted.
    left = decided(after.findings, corrections=[corrections[index] for index in out.corrections])
    now = {
        (digits_of(row["finding_id"]), row_digest(row)): row["finding_id"] for row in (*left, *after.findings)
    }
    for one in accepted:
        there = now.get((digits_of(one.finding_id), one.evidence))
        if there is None:
            out.lost_accepted.append(one)
        else:
            out.accepted.append(one.model_copy(update={"finding_id": there}))
    return out


def _stands(correction: Correction, rows: Rows) -> bool:
    """Whether the items that a correction makes stand there without it: as the last edition taught, or printed so now."""
    where, to = correction.where, correction.to
    joined = "".join(map(str, correction.expect)) if isinstance(correction.expect, list) else ""
    made = {"replace": [to], "split": to, "join": [joined if to is None else to]}.get(correction.action)
    there = {
        squeeze(row["text"])
        for row in rows.get("entries", ())
        if slot_of(row) == (where.class_code, where.kind, where.tier)
    }
    return isinstance(made, list) and {squeeze(str(text)) for text in made} <= there


def _listed(cells: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = cells.select(["cell_id", "lines"]).to_pylist()
    return rows


def _texts(cells: pa.Table) -> dict[str, list[str]]:
    """Text of a cell → the ids of the cells that read so."""
    found: dict[str, list[str]] = {}
    for row in _listed(cells):
        found.setdefault(cell_text(row), []).append(row["cell_id"])
    return found


def _moved(correction: Correction, old: Mapping[str, str], texts: Mapping[str, list[str]]) -> Correction:
    """The correction with the cell_id that its cell has in the new file. Raises XizeError where it is not told."""
    cell_id = correction.where.cell_id
    if cell_id is None or cell_id not in old:
        return correction
    same = texts.get(old[cell_id], [])
    if cell_id in same:
        return correction
    if len(same) != 1:
        raise correction.error(f"不再适用：新文件中有{len(same)}个单元格读作“{old[cell_id][:40]}”")
    where = correction.where.model_copy(update={"cell_id": same[0]})
    return correction.model_copy(update={"where": where})


def append_corrections(source: Path, target: Path, kept: Mapping[int, str | None]) -> int:
    """Append the entries of ``source`` with the indexes ``kept`` (index → cell_id in the new file) to ``target``.

    Comments and order are kept; entries that stand in ``target`` already are not written twice. Gives how many were
    written; raises XizeError.
    """
    if not kept:
        return 0
    document = load_yaml(source)
    for index, cell_id in kept.items():
        if document[index].get("finding"):
            document[index]["finding"] = f"{target.parent.name}:{digits_of(document[index]['finding'])}"
        if cell_id is not None:
            document[index]["where"]["cell_id"] = cell_id
    with decisions_lock(target.parent):
        load_corrections(target)  # a file with a mistake in it is not written over
        there = load_yaml(target) if target.is_file() else None
        if not there:
            # A new file: the old one without what does not apply keeps every comment in its place.
            for index in reversed(range(len(document))):
                if index not in kept:
                    del document[index]
            write_yaml(target, document)
            return len(document)
        fresh = [document[index] for index in sorted(kept) if document[index] not in there]
        append(target, [(item, "") for item in fresh], CORRECTIONS_HEAD)
        return len(fresh)


def append_accepted(target: Path, kept: Iterable[Acceptance]) -> int:
    """Append acceptances that ``target`` does not hold yet. Gives how many were written; raises XizeError."""
    with decisions_lock(target.parent):
        known = {digits_of(one.finding_id) for one in load_accepted(target)}
        fresh = [one.model_dump() for one in kept if digits_of(one.finding_id) not in known]
        if fresh:
            append(target, [(one, "") for one in fresh], ACCEPTED_HEAD)
    return len(fresh)
