"""What an edition learns from earlier ones: the items whose beginning and end something settled there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pipeline.editions.names import validate_name
from pipeline.errors import XizeError
from pipeline.findings import BOUNDARY_CODES
from pipeline.job import Job
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
from pipeline.tidy.wraps.segment_model import Memory

BY_LAYOUT = 0.99995
"""Confidence from which on layout alone settled an item (what words decided stays below, see ``segment.LIKELY``)."""

Slots = dict[str, frozenset[tuple[str, str, str]]]


def learned(job: Job) -> Job:
    """The job with what it learns from earlier editions; only what is known there, by its hash, counts for ``inputs``.

    ``source.yaml: learn_from`` names the editions, ``none`` learns nothing; without it, the latest earlier edition of the same
    jurisdiction that has a current release teaches. Raises XizeError where a named edition has no release, or one is damaged.
    """
    store = open_store(curated_url(job.options.home, job.options.curated))
    known: Slots = {}
    records, shares = [], [0.0]
    for edition in _teachers(store, job):
        here, share, record = _known(store, edition)
        for text, slots in here.items():
            known[text] = known.get(text, frozenset()) | slots
        records.append(record)
        shares.append(share)
    if not known:
        return replace(job, learned=tuple(records))
    digest = hashlib.sha256((job.inputs + _hash(known, max(shares))).encode()).hexdigest()
    return replace(job, inputs=digest, memory=Memory(known, max(shares)), learned=tuple(records))


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


def _known(store: Store, edition: str) -> tuple[Slots, float, Mapping[str, str]]:
    """The settled items of an edition's current release, their share of those that layout does not settle, and the record."""
    try:
        release = find_release(store, edition)
        entries, findings = (
            parquet_table(read_file(store, release, f"{name}.parquet")).to_pylist()
            for name in ("entries", "findings")
        )
    except XizeError as error:
        raise XizeError(
            f"要借鉴的版本{edition}读不出（{str(error).rstrip('。')}）；或在source.yaml写learn_from: none。"
        ) from error
    known: Slots = {}
    rows = list(settled(entries, findings))
    for row in rows:
        text = squeeze(row["text"])
        known[text] = known.get(text, frozenset()) | {(row["class_code"], row["kind"], row["tier"])}
    undecided, decided = (sum(map(_beyond_layout, some)) for some in (entries, rows))
    share = round(decided / undecided, 3) if undecided else 0.0
    record = {"role": "learned", "kind": "release", "edition": edition, "release": release.release}
    return known, share, {**record, "sha256": _hash(known, share)}


def _beyond_layout(row: Mapping[str, Any]) -> bool:
    """Whether layout alone does not settle an entry."""
    return bool(row.get("settled_by")) or row["confidence"] < BY_LAYOUT


def settled(
    entries: Iterable[Mapping[str, Any]], findings: Iterable[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """The entries whose beginning and end are known: by a Word file, an edition, a steward, or by layout alone.

    A doubtful reading that nobody has looked at teaches nothing: next year's same error would come back silent.
    """
    doubted = {
        key for row in findings if row["status"] == "open" and row["code"] in BOUNDARY_CODES
        for key in (row["key"], *(row.get("keys") or ()))
    }  # fmt: skip
    for row in entries:
        by_layout = row["confidence"] >= BY_LAYOUT and row.get("source") != "transcript"
        sure = row.get("settled_by") or row.get("corrected") or by_layout
        if sure and (row.get("settled_by") == "steward" or row["entry_id"] not in doubted):
            yield row


def _hash(known: Slots, share: float) -> str:
    lines = sorted(f"{text}\t{'|'.join(sorted(map('/'.join, slots)))}" for text, slots in known.items())
    return hashlib.sha256("\n".join([*lines, f"{share:.3f}"]).encode()).hexdigest()
