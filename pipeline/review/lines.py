"""The printed lines of a catalogue cell, and what one key does at each line end: split the item there, or join the two.

山水画师(五级/初级工)        gap 1 lies between two items: joining makes one of them
──────────────── gap 1
园林植物养护                gap 2 lies inside an item: splitting makes two
──────────────── gap 2
员(四级/中级工)
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from pipeline.errors import XizeError
from pipeline.model import slot_of
from pipeline.quality.corrections.file import Correction
from pipeline.quality.corrections.rows import apply_to_rows
from pipeline.review.model import Material, Row
from pipeline.review.preview import pending
from pipeline.text import normalise, squeeze


def printed(
    material: Material, cell_id: str, named: Sequence[str], corrections: Sequence[Correction]
) -> dict[str, Any]:
    """{"lines", "gaps", "at"} of the part of a catalogue cell that stands in one cell of a page; no gaps where its lines
    cannot be told apart any more (other words were put there).

    A line is {"text", "box"}. A gap is {"line": the index of the line below it, "kind": split | join, "mine":
    whether it is about an entry that is named, "entry": the correction without reason}. ``named``: the entry_ids that a finding is about; ``at``: the gap that it means most
    probably. ``corrections``: those on file now; what the rows do not know of them yet is applied first.
    Raises KeyError when there is no such cell.
    """
    cell = material.cell_by_id[cell_id]
    lines = [
        {"text": line["text"], "box": None if line["x0"] is None else [line[side] for side in _SIDES]}
        for line in cell["lines"]
    ]
    rows = _rows(material, material.continues.get(cell_id, cell_id), named, corrections)
    gaps = _gaps(material, [squeeze(line["text"]) for line in cell["lines"]], rows)
    at = _meant(gaps, set(named))
    for gap in gaps:
        gap["mine"] = not named or bool({*named}.intersection(gap.pop("keys")))
    return {"lines": lines, "gaps": gaps, "at": at}


_SIDES = ("x0", "top", "x1", "bottom")


def _rows(
    material: Material, start: str, named: Sequence[str], corrections: Sequence[Correction]
) -> list[Row]:
    """The items of the catalogue cell, as they are with the corrections on file."""
    slots = material.slots
    here = [slot for slot, rows in slots.items() if any(row["cell_id"] == start for row in rows)]
    # A merged cell stands in several tiers: the one that the finding is about, else the first.
    here.sort(key=lambda slot: not any(row["entry_id"] in named for row in slots[slot]))
    if not here:
        return []
    slot = here[0]
    later, _ = pending(material.edition.corrections, corrections, material.applied)
    waiting = [one for one in later if (one.where.class_code, one.where.kind, one.where.tier) == slot]
    rows = {"entries": slots[slot], "classes": material.rows.get("classes", ())}
    try:
        return apply_to_rows(rows, waiting, organisations=frozenset(), rule3=material.rule3)["entries"]
    except XizeError:  # edited by hand: the next run says what is wrong with it
        return []


def _gaps(material: Material, texts: Sequence[str], rows: Sequence[Row]) -> list[Row]:
    whole, cell = "".join(squeeze(row["text"]) for row in rows), "".join(texts)
    at = whole.find(cell) if cell else -1
    if at < 0 or whole.find(cell, at + 1) >= 0:
        return []
    starts = list(accumulate((len(squeeze(row["text"])) for row in rows), initial=0))
    gaps = []
    for line, text in enumerate(texts):
        if 0 < at < len(whole):
            index = bisect_right(starts, at) - 1
            joins = at == starts[index]
            here = rows[index - 1 : index + 1] if joins else rows[index : index + 1]
            entry = _join(material, here) if joins else _split(material, here[0], at - starts[index])
            keys = [row["entry_id"] for row in here]
            gaps.append({"line": line, "kind": "join" if joins else "split", "keys": keys, "entry": entry})
        at += len(text)
    return gaps


def where_of(material: Material, row: Mapping[str, Any]) -> Row:
    """How a correction names the place of an entry."""
    where: Row = {"class": row["class_code"], "kind": row["kind"], "tier": row["tier"]}
    text = squeeze(row["text"])
    if sum(squeeze(one["text"]) == text for one in material.slots.get(slot_of(row), ())) > 1:
        where["position"] = row["position"]
    return where


def _join(material: Material, pair: Sequence[Row]) -> Row:
    first, second = (row["text"] for row in pair)
    entry = {"where": where_of(material, pair[0]), "action": "join", "from": [first, second]}
    together = normalise(f"{first} {second}")  # two Latin words keep a blank between them
    return entry if together == first + second else {**entry, "to": together}


def _split(material: Material, row: Row, count: int) -> Row:
    """The correction that makes two items of one, the first of ``count`` characters, blanks not counted."""
    text, index = row["text"], 0
    while len(squeeze(text[:index])) < count:
        index += 1
    parts = [text[:index].strip(), text[index:].strip()]
    return {"where": where_of(material, row), "action": "split", "from": text, "to": parts}


def _meant(gaps: Sequence[Row], named: set[str]) -> int | None:
    """Which gap a finding about the entries ``named`` means: between two of them, else inside one, else beside one."""

    def worth(gap: Row) -> tuple[float, int]:
        mine = len(named.intersection(gap["keys"]))
        return (mine if gap["kind"] == "join" else 1.5 * mine, -gap["line"])

    best = max(gaps, key=worth, default=None)
    return None if best is None else gaps.index(best)


def everywhere(material: Material, entry: Row) -> list[Row]:
    """A correction of catalogue items at every place where the same stands: ``entry`` itself first, then the others."""
    wanted = entry["from"] if isinstance(entry["from"], list) else [entry["from"]]
    keys = [squeeze(str(text)) for text in wanted]
    found = [entry]
    rows = material.rows.get("entries", ())
    mine = {name: entry["where"].get(name) for name in ("class", "kind", "tier", "position")}
    for at in range(len(rows) - len(keys) + 1):
        here = rows[at : at + len(keys)]
        if len(set(map(slot_of, here))) == 1 and [squeeze(row["text"]) for row in here] == keys:
            where = where_of(material, here[0])
            if {name: where.get(name) for name in mine} != mine:
                found.append({**entry, "where": where})
    return found
