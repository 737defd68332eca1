"""Writing one decision into a steward's file, and taking exactly that decision back.

An entry is appended to corrections.yaml as text: what stood there before stays as it was, byte for byte.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap

from pipeline.editions.files import decisions_lock, save_file
from pipeline.editions.source_yaml import load_yaml, yaml_bytes
from pipeline.errors import XizeError
from pipeline.findings import digits_of
from pipeline.quality.appending import appended, parsed
from pipeline.quality.correction_template import in_one_line
from pipeline.quality.corrections.file import HEAD, Correction, parse_corrections
from pipeline.quality.decisions import Row, accept, load_accepted

_KEYS = ("where", "action", "column", "after", "from", "to", "reason", "by", "date", "finding", "evidence")


@dataclass(frozen=True)
class Written:
    """A file before and after one decision (None: there was no file), and what the decision was about.

    ``piece``: the text that was added to the file's end.
    """

    path: Path
    before: bytes | None
    after: bytes
    what: str
    piece: bytes = b""
    findings: tuple[str, ...] = ()


def compose(wanted: Mapping[str, Any], by: str, date: datetime.date) -> CommentedMap:
    """An entry from what the page sends, keys in the usual order. Raises XizeError for an unknown key."""
    given = {name: value for name, value in wanted.items() if value is not None and value != ""}
    unknown = [name for name in given if name not in _KEYS]
    if unknown:
        raise XizeError(f"更正中有不认识的键“{unknown[0]}”：请重新载入本页。")
    if not isinstance(given.get("where"), Mapping):
        raise XizeError("更正没有写明where：请重新载入本页后再试。")
    if not str(given.get("reason", "")).strip():
        raise XizeError("更正须写明理由：请填写reason一栏。")
    if not by.strip():
        raise XizeError("更正须署名：请在页首填写署名。")
    given |= {"by": by.strip(), "date": date}
    return CommentedMap(
        {
            name: in_one_line(given[name]) if isinstance(given[name], Mapping) else given[name]
            for name in _KEYS
            if name in given
        }
    )


def candidate(
    path: Path, entries: Sequence[tuple[CommentedMap, str]]
) -> tuple[bytes, bytes, list[Correction]]:
    """(the file's bytes with ``entries`` at its end, the piece added, all corrections then).

    ``entries``: each with the comment above it. Nothing is written. Raises XizeError when the file or an entry is not as a
    run would have it.
    """
    before = path.read_bytes() if path.is_file() else None
    after, piece, document = appended(path, before, entries, HEAD)
    return after, piece, list(parse_corrections(path, document))


def write_corrections(path: Path, entries: Sequence[tuple[CommentedMap, str]]) -> Written:
    """Add entries (one decision) to corrections.yaml. Raises XizeError; the file is then as it was."""
    with decisions_lock(path.parent):
        before = path.read_bytes() if path.is_file() else None
        after, piece, _ = candidate(path, entries)
        save_file(path, after)
    first = entries[0][0]
    named = tuple(dict.fromkeys(entry["finding"] for entry, _ in entries if entry.get("finding")))
    many = f"，{len(entries)}处" if len(entries) > 1 else ""
    return Written(path, before, after, f"更正（{first['action']}{many}）", piece, named)


def write_acceptances(path: Path, rows: Sequence[Row], why: str, by: str, date: datetime.date) -> Written:
    """Accept findings (one decision) in accepted.yaml, as ``xize accept`` does. Raises XizeError."""
    with decisions_lock(path.parent):
        before = path.read_bytes() if path.is_file() else None
        accept(path, rows, why, by, date)
        after = path.read_bytes()
    piece = after[len(before or b"") :] if after.startswith(before or b"") else b""
    many = f"{len(rows)}项" if len(rows) > 1 else ""
    return Written(path, before, after, f"接受{many}", piece, tuple(row["finding_id"] for row in rows))


def take_back(written: Written) -> None:
    """Take exactly this decision out of its file; whatever was written there since stays.

    Raises XizeError when the file no longer holds the decision as it was written.
    """
    with decisions_lock(written.path.parent):
        _take_back(written)


def _take_back(written: Written) -> None:
    path = written.path
    now = path.read_bytes() if path.is_file() else None
    if now == written.after:
        if written.before is None:
            path.unlink()
        else:
            save_file(path, written.before)
        return
    if written.piece and now is not None and now.count(written.piece) == 1:
        save_file(path, now.replace(written.piece, b""))
        return
    if path.name == "accepted.yaml" and now is not None:
        _take_acceptances(written)
        return
    raise XizeError(_CHANGED.format(path))


_CHANGED = "{}在此后改动过，找不到原样的该项决定：请直接编辑该文件。"


def _take_acceptances(written: Written) -> None:
    """Put the entries of the findings in accepted.yaml back to what they were before, or take them out."""
    load_accepted(written.path)
    document = load_yaml(written.path) or []
    earlier, made = (
        _by_digits(parsed(written.path, data) if data else None) for data in (written.before, written.after)
    )
    here = _by_digits(document)
    for digits in map(digits_of, written.findings):
        if here.get(digits) != made[digits]:
            raise XizeError(_CHANGED.format(written.path))
        if digits in earlier:
            here[digits].update(earlier[digits])
        else:
            document.remove(here[digits])
    save_file(written.path, yaml_bytes(document))


def _by_digits(document: Sequence[Any] | None) -> dict[str, Any]:
    return {digits_of(one.get("finding_id", "")): one for one in document or ()}
