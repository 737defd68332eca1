"""Writing one decision into a steward's file, and taking exactly that decision back.

An entry is appended to corrections.yaml as text: what stood there before stays as it was, byte for byte.
"""

from __future__ import annotations

import datetime
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from pipeline.editions.source_yaml import load_yaml
from pipeline.errors import XizeError
from pipeline.quality.corrections.file import Correction, parse_corrections
from pipeline.quality.decisions import Row, load_accepted
from pipeline.quality.decisions import accept as write_acceptances

_HEAD = "# 更正：逐项写明where、action、from、to、reason、by、date；原文变化后不再适用者会使运行停止。\n"
_KEYS = ("where", "action", "column", "after", "from", "to", "reason", "by", "date", "finding")


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


def yaml() -> YAML:
    """Reading and writing with comments, order and quotes kept."""
    made = YAML(typ="rt")
    made.width = 4096
    made.indent(mapping=2, sequence=4, offset=2)
    made.preserve_quotes = True
    return made


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
    where = CommentedMap(given["where"])
    where.fa.set_flow_style()
    entry = CommentedMap()
    for name in _KEYS:
        if name == "where":
            entry[name] = where
        elif name == "by":
            entry[name] = by.strip()
        elif name == "date":
            entry[name] = date
        elif name in given:
            entry[name] = given[name]
    for name in ("from", "to"):
        if isinstance(entry.get(name), Mapping):
            entry[name] = CommentedMap(entry[name])
            entry[name].fa.set_flow_style()
    return entry


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
        piece = _HEAD.encode() + piece
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
    dumper = yaml()
    dumper.indent(mapping=2, sequence=2, offset=0)
    dumper.dump(CommentedSeq([entry]), stream)
    lines = [f"# {line}" for line in comment.splitlines() if line.strip()] + stream.getvalue().splitlines()
    return "".join(f"{' ' * indent}{line}\n" if line else "\n" for line in lines).encode()


def _parsed(data: bytes) -> Any:
    """The document, None where the text is no list."""
    try:
        document = yaml().load(data.decode("utf-8"))
    except (YAMLError, UnicodeDecodeError):
        return None
    return document if isinstance(document, CommentedSeq) else None


def write_correction(path: Path, entry: CommentedMap, comment: str = "") -> Written:
    """Add an entry to corrections.yaml. Raises XizeError; the file is then as it was."""
    before = path.read_bytes() if path.is_file() else None
    after, piece, _ = candidate(path, entry, comment)
    replace_file(path, after)
    return Written(path, before, after, f"更正（{entry['action']}）", piece, entry.get("finding"))


def write_acceptance(path: Path, rows: Sequence[Row], why: str, by: str, date: datetime.date) -> Written:
    """Accept findings in accepted.yaml, as ``xize accept`` does. Raises XizeError."""
    before = path.read_bytes() if path.is_file() else None
    write_acceptances(path, rows, why, by, date)
    return Written(path, before, path.read_bytes(), "接受", finding=rows[0]["finding_id"])


def take_back(written: Written) -> None:
    """Take exactly this decision out of its file; whatever was written there since stays.

    Raises XizeError when the file no longer holds the decision as it was written.
    """
    path = written.path
    now = path.read_bytes() if path.is_file() else None
    if now == written.after:
        if written.before is None:
            path.unlink()
        else:
            replace_file(path, written.before)
        return
    if written.piece and now is not None and now.count(written.piece) == 1:
        replace_file(path, now.replace(written.piece, b""))
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
    earlier = next((one for one in old or [] if one.get("finding_id") == written.finding), None)
    made = next(one for one in _parsed(written.after) if one.get("finding_id") == written.finding)
    at = [index for index, one in enumerate(document or []) if one.get("finding_id") == written.finding]
    if len(at) != 1 or dict(document[at[0]]) != dict(made):
        raise XizeError(f"{written.path}在此后改动过，找不到原样的该项决定：请直接编辑该文件。")
    if earlier is None:
        del document[at[0]]
    else:
        document[at[0]].update(earlier)
    stream = io.BytesIO()
    yaml().dump(document, stream)
    replace_file(written.path, stream.getvalue())


def replace_file(path: Path, data: bytes) -> None:
    """Write a file in one atomic step. Raises XizeError; the file is then as it was."""
    beside = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    try:
        with beside.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise XizeError(
            f"无法写入{path}（{error.strerror}）：请检查磁盘空间与权限；原文件没有变动。"
        ) from error
