"""What an edition learns from earlier ones: items whose beginning and end something settled, and what one line printed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from pipeline.arrow import grouped
from pipeline.editions.names import validate_name
from pipeline.editions.plan import plan
from pipeline.errors import XizeError
from pipeline.findings import BOUNDARY_CODES
from pipeline.job import Job, Options
from pipeline.model import Slot, slot_of
from pipeline.releases.catalogue import (
    curated_url,
    editions_in,
    find_release,
    latest_name,
    parquet_table,
    read_file,
)
from pipeline.releases.storage import Store, open_store
from pipeline.text import squeeze
from pipeline.tidy.wraps.segment_model import BY_LAYOUT, Memory

Row = Mapping[str, Any]


def planned(options: Options) -> Job:
    """What a run will work on, with what it learns from earlier editions. Raises XizeError as ``plan`` and :func:`learned`."""
    return learned(plan(options))


def learned(job: Job) -> Job:
    """The job with what it learns from earlier editions; only what is known there, by its hash, counts for ``inputs``.

    ``source.yaml: learn_from`` names the editions, ``none`` learns nothing; without it, the latest earlier edition of the same
    jurisdiction that has a current release teaches. Raises XizeError where a named edition has no release, or one is damaged.
    """
    store = open_store(curated_url(job.options.home, job.options.curated))
    memory = Memory()
    records = []
    for edition in _teachers(store, job):
        taught, record = _known(store, edition)
        memory = _both(memory, taught)
        records.append(record)
    if not memory.items and not memory.printed:
        return replace(job, learned=tuple(records))
    digest = hashlib.sha256((job.inputs + _hash(memory)).encode()).hexdigest()
    return replace(job, inputs=digest, memory=memory, learned=tuple(records))


def _both(first: Memory, second: Memory) -> Memory:
    """What two editions teach together."""
    items = {
        text: first.items.get(text, frozenset()) | second.items.get(text, frozenset())
        for text in {**first.items, **second.items}
    }
    printed = {
        slot: "\n\n".join(one.printed[slot] for one in (first, second) if slot in one.printed)
        for slot in {**first.printed, **second.printed}
    }
    return Memory(items, max(first.coverage, second.coverage), printed)


def edition_before(store: Store, edition: str) -> str | None:
    """The latest earlier edition of the same jurisdiction that has a current release."""
    parts = validate_name(edition)
    for other in reversed(editions_in(store)):
        its = validate_name(other)
        if its.jurisdiction == parts.jurisdiction and its < parts and latest_name(store, other):
            return other
    return None


def _teachers(store: Store, job: Job) -> Iterable[str]:
    asked = job.edition.source.learn_from
    if asked == "none":
        return ()
    if asked is not None:
        return asked
    before = edition_before(store, job.edition.name)
    return (before,) if before else ()


def _known(store: Store, edition: str) -> tuple[Memory, Mapping[str, str]]:
    """What an edition's current release teaches, and the record of it."""
    try:
        release = find_release(store, edition)
        entries, findings, cells = (
            parquet_table(read_file(store, release, f"{name}.parquet"))
            for name in ("entries", "findings", "cells")
        )
    except XizeError as error:
        raise XizeError(
            f"要借鉴的版本{edition}读不出（{str(error).rstrip('。')}）；或在source.yaml写learn_from: none。"
        ) from error
    memory = taught(entries.to_pylist(), findings.to_pylist(), cells.select(["cell_id", "lines"]).to_pylist())
    record = {"role": "learned", "kind": "release", "edition": edition, "release": release.release}
    return memory, {**record, "sha256": _hash(memory)}


def taught(entries: Sequence[Row], findings: Iterable[Row], cells: Iterable[Row]) -> Memory:
    """What the rows of a release teach: its settled items, their share of those that layout does not settle, and its lines."""
    known: dict[str, frozenset[Slot]] = {}
    rows = list(settled(entries, findings))
    for row in rows:
        text = squeeze(row["text"])
        known[text] = known.get(text, frozenset()) | {slot_of(row)}
    undecided, decided = (sum(map(_beyond_layout, some)) for some in (entries, rows))
    return Memory(known, round(decided / undecided, 3) if undecided else 0.0, printed(entries, cells))


def printed(entries: Iterable[Row], cells: Iterable[Row]) -> dict[Slot, str]:
    """The text of every slot, a line feed wherever a printed line or an item ended. Slots whose entries are not the text of
    their cells as read (a correction, a cell without an entry of its own) are left out, and those of a transcript."""
    lines = {cell["cell_id"]: [squeeze(line["text"]) for line in cell["lines"]] for cell in cells}
    out = {}
    for slot, rows in grouped((row for row in entries if row["source"] != "transcript"), slot_of).items():
        items = [squeeze(row["text"]) for row in sorted(rows, key=lambda row: int(row["position"]))]
        pieces = dict.fromkeys(row["cell_id"] for row in rows)
        texts = [text for piece in pieces for text in lines.get(piece, ())]
        if "".join(texts) == "".join(items):
            out[slot] = _with_ends(texts, items)
    return out


def _with_ends(lines: Sequence[str], items: Sequence[str]) -> str:
    ends = {end for texts in (lines, items) for end in accumulate(map(len, texts))}
    return "".join(char + "\n" * (at in ends) for at, char in enumerate("".join(items), 1))


def by_layout(row: Row) -> bool:
    """Whether layout alone says where an entry begins and ends."""
    return (row.get("confidence") or 0.0) >= BY_LAYOUT and row.get("source") != "transcript"


def _beyond_layout(row: Row) -> bool:
    """Whether layout alone does not settle an entry."""
    return bool(row.get("settled_by")) or row["confidence"] < BY_LAYOUT


def settled(entries: Iterable[Row], findings: Iterable[Row]) -> Iterator[Row]:
    """The entries whose beginning and end are known: by a Word file, an edition, a steward, or by layout alone.

    A doubtful reading that nobody has looked at teaches nothing: next year's same error would come back silent. What a
    steward settled, or an earlier edition taught, goes on: its doubts are those of its words, and come back.
    """
    doubted = {
        key for row in findings if row["status"] == "open" and row["code"] in BOUNDARY_CODES
        for key in (row["key"], *(row.get("keys") or ()))
    }  # fmt: skip
    for row in entries:
        sure = row.get("settled_by") or row.get("corrected") or by_layout(row)
        if sure and (row.get("settled_by") in ("steward", "edition") or row["entry_id"] not in doubted):
            yield row


def _hash(memory: Memory) -> str:
    items = [f"{text}\t{'|'.join(sorted(map('/'.join, slots)))}" for text, slots in memory.items.items()]
    slots = [f"{'/'.join(slot)}\t{text}" for slot, text in memory.printed.items()]
    lines = [*sorted(items), *sorted(slots), f"{memory.coverage:.3f}"]
    return hashlib.sha256("\0".join(lines).encode()).hexdigest()
