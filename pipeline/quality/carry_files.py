"""Writing carried decisions into the other edition's files, comments and order kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.editions.source_yaml import load_yaml
from pipeline.errors import XizeError
from pipeline.quality.corrections.file import load_corrections
from pipeline.quality.decisions import Acceptance, load_accepted, write_yaml


def append_corrections(source: Path, target: Path, kept: Mapping[int, str | None]) -> int:
    """Append the entries of ``source`` with the indexes ``kept`` (index → cell_id in the new file) to ``target``.

    Entries that stand in ``target`` already are not written twice. Gives how many were written; raises XizeError.
    """
    if not kept:
        return 0
    load_corrections(target)  # a file with a mistake in it is not written over
    document = load_yaml(source)
    there = load_yaml(target) if target.is_file() else None
    if there is None:
        # A new file: the old one without what does not apply keeps every comment in its place.
        for index in reversed(range(len(document))):
            if index not in kept:
                del document[index]
        for item, cell_id in zip(document, (kept[index] for index in sorted(kept)), strict=True):
            _point(item, cell_id)
        write_yaml(target, document)
        return len(document)
    if not hasattr(there, "append"):
        raise XizeError(f"{target}不是列表：每项更正请以“- where:”开头。")
    count = 0
    for index, cell_id in sorted(kept.items()):
        item = document[index]
        _point(item, cell_id)
        if item not in there:
            there.append(item)
            count += 1
    write_yaml(target, there)
    return count


def _point(item: dict[str, dict[str, object]], cell_id: str | None) -> None:
    if cell_id is not None:
        item["where"]["cell_id"] = cell_id


def append_accepted(target: Path, kept: Iterable[Acceptance]) -> int:
    """Append acceptances that ``target`` does not hold yet. Gives how many were written; raises XizeError."""
    known = {one.finding_id for one in load_accepted(target)}
    fresh = [one for one in kept if one.finding_id not in known]
    if not fresh:
        return 0
    document = load_yaml(target) if target.is_file() else None
    document = [] if document is None else document
    for one in fresh:
        document.append(one.model_dump())
    write_yaml(target, document)
    return len(fresh)
