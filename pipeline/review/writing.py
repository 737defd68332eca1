"""Writing one decision into a steward's file, and taking exactly that decision back.

An entry is appended to corrections.yaml as text: what stood there before stays as it was, byte for byte.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from pipeline.editions.files import decisions_lock, save_file
from pipeline.editions.source_yaml import load_yaml, round_trip, yaml_bytes
from pipeline.errors import XizeError
from pipeline.findings import digits_of
from pipeline.quality.correction_template import in_one_line
from pipeline.quality.corrections.file import HEAD, Correction, parse_corrections
from pipeline.quality.decisions import Row, load_accepted
from pipeline.quality.decisions import accept as write_acceptances

_KEYS = ("where", "action", "column", "after", "from", "to", "reason", "by", "date", "finding", "evidence")


@dataclass(frozen=True)
class Written:
    """A file before and after one decision (None: there was no file), and what the decision was about.

    ``piece``: the text that was added to the end of corrections.yaml.
    """

    path: Path
    before: bytes | None
    after: bytes
    what: str
    piece: bytes = b""
    finding: str | None = None


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


def candidate(path: Path, entry: CommentedMap, comment: str = "") -> tuple[bytes, bytes, list[Correction]]:
    """(the file's bytes with ``entry`` at its end, the piece added, all corrections then).

    Nothing is written. Raises XizeError when the file or the entry is not as a run would have it.
    """
    before = path.read_bytes() if path.is_file() else b""
    document = load_yaml(path) if path.is_file() else None
    if document is not None and not isinstance(document, CommentedSeq):
        raise XizeError(f"{path}不是列表：每项更正请以“- where:”开头。")
    piece = _piece(entry, comment, _indent(before, document))
    if b"\r\n" in before:
        piece = piece.replace(b"\n", b"\r\n")
    if before and not before.endswith(b"\n"):
        piece = b"\n" + piece
    if not before:
        piece = f"# {HEAD}\n".encode() + piece
    after = before + piece
    made = _parsed(after)
    was = list(document or [])
    if made is None or len(made) != len(was) + 1 or list(made[:-1]) != was or dict(made[-1]) != dict(entry):
        raise XizeError(
            f"无法在{path}末尾添加一项：请把它改成每项以“- where:”开头的列表，不用方括号与“...”。"
        )
    return after, piece, list(parse_corrections(path, made))


def _indent(data: bytes, document: CommentedSeq | None) -> int:
    """How far the items' dashes stand from the left."""
    if not document:
        return 0
    line = data.decode("utf-8").splitlines()[int(document.lc.item(0)[0])]
    return len(line) - len(line.lstrip(" "))


def _piece(entry: CommentedMap, comment: str, indent: int) -> bytes:
    stream = io.StringIO()
    dumper = round_trip()
    dumper.indent(mapping=2, sequence=2, offset=0)
    dumper.dump(CommentedSeq([entry]), stream)
    lines = [f"# {line}" for line in comment.splitlines() if line.strip()] + stream.getvalue().splitlines()
    return "".join(f"{' ' * indent}{line}\n" if line else "\n" for line in lines).encode()


def _parsed(data: bytes) -> Any:
    """The document, None where the text is no list."""
    try:
        document = round_trip().load(data.decode("utf-8"))
    except (YAMLError, UnicodeDecodeError, RecursionError):
        return None
    return document if isinstance(document, CommentedSeq) else None


def write_correction(path: Path, entry: CommentedMap, comment: str = "") -> Written:
    """Add an entry to corrections.yaml. Raises XizeError; the file is then as it was."""
    with decisions_lock(path.parent):
        before = path.read_bytes() if path.is_file() else None
        after, piece, _ = candidate(path, entry, comment)
        save_file(path, after)
    return Written(path, before, after, f"更正（{entry['action']}）", piece, entry.get("finding"))


def write_acceptance(path: Path, rows: Sequence[Row], why: str, by: str, date: datetime.date) -> Written:
    """Accept findings in accepted.yaml, as ``xize accept`` does. Raises XizeError."""
    with decisions_lock(path.parent):
        before = path.read_bytes() if path.is_file() else None
        write_acceptances(path, rows, why, by, date)
        return Written(path, before, path.read_bytes(), "接受", finding=rows[0]["finding_id"])


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
    if not written.piece and now is not None and path.name == "accepted.yaml" and written.finding:
        _take_acceptance(written)
        return
    raise XizeError(f"{path}在此后改动过，找不到原样的该项决定：请直接编辑该文件。")


def _take_acceptance(written: Written) -> None:
    """Put the finding's entry of accepted.yaml back to what it was before, or take it out."""
    load_accepted(written.path)
    document = load_yaml(written.path)
    old = _parsed(written.before) if written.before else None
    digits = digits_of(written.finding or "")

    def is_it(one: Mapping[str, Any]) -> bool:
        return digits_of(one.get("finding_id", "")) == digits

    earlier = next(filter(is_it, old or []), None)
    made = next(filter(is_it, _parsed(written.after)))
    at = [index for index, one in enumerate(document or []) if is_it(one)]
    if len(at) != 1 or dict(document[at[0]]) != dict(made):
        raise XizeError(f"{written.path}在此后改动过，找不到原样的该项决定：请直接编辑该文件。")
    if earlier is None:
        del document[at[0]]
    else:
        document[at[0]].update(earlier)
    save_file(written.path, yaml_bytes(document))
