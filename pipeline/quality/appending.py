"""Entries added to the end of a steward's file: what stood there before stays as it was, byte for byte."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedSeq

from pipeline.editions.files import save_file
from pipeline.editions.source_yaml import file_bytes, known_yaml, parse_yaml, round_trip, yaml_bytes
from pipeline.errors import XizeError

Entry = Mapping[str, Any]


def append(path: Path, entries: Sequence[tuple[Entry, str]], head: str) -> None:
    """Add ``entries`` to the end of a file, in one atomic step: see :func:`appended`. A list in brackets is written anew.

    The caller holds :func:`files.decisions_lock`. Raises XizeError.
    """
    before = file_bytes(path) if path.is_file() else None
    document = parse_yaml(path, before) if before else None
    if document and isinstance(document, CommentedSeq) and document.fa.flow_style():
        document.extend(entry for entry, _ in entries)
        save_file(path, yaml_bytes(document))
    else:
        save_file(path, appended(path, before, entries, head)[0])


def appended(
    path: Path, before: bytes | None, entries: Sequence[tuple[Entry, str]], head: str
) -> tuple[bytes, bytes, CommentedSeq]:
    """(the file's bytes with ``entries`` at its end, the piece added, the document then); nothing is written.

    ``entries``: each with the comment above it, or ""; ``head``: the comment of a new file. Raises XizeError when the file
    is no list, or of a form to which nothing can be added.
    """
    data = before or b""
    document = known_yaml(path, data) if before is not None else None
    if document is not None and not isinstance(document, CommentedSeq):
        raise XizeError(f"{path}不是列表：每项请以“- ”开头，或从备份恢复。")
    indent = _indent(data, document)
    piece = b"".join(_piece(entry, comment, indent) for entry, comment in entries)
    if b"\r\n" in data:
        piece = piece.replace(b"\n", b"\r\n")
    if data and not data.endswith(b"\n"):
        piece = b"\n" + piece
    if not data:
        piece = f"# {head}\n".encode() + piece
    after = data + piece
    made, was = parsed(path, after), list(document or [])
    if made is None or list(made) != [*was, *(dict(entry) for entry, _ in entries)]:
        raise XizeError(f"无法在{path}末尾添加一项：请把它改成每项以“- ”开头的列表，不用方括号与“...”。")
    return after, piece, made


def _indent(data: bytes, document: CommentedSeq | None) -> int:
    """How far the items' dashes stand from the left."""
    if not document:
        return 0
    line = data.decode("utf-8").splitlines()[int(document.lc.item(0)[0])]
    return len(line) - len(line.lstrip(" "))


def _piece(entry: Entry, comment: str, indent: int) -> bytes:
    stream = io.StringIO()
    dumper = round_trip()
    dumper.indent(mapping=2, sequence=2, offset=0)
    dumper.dump(CommentedSeq([entry]), stream)
    lines = [f"# {line}" for line in comment.splitlines() if line.strip()] + stream.getvalue().splitlines()
    return "".join(f"{' ' * indent}{line}\n" if line else "\n" for line in lines).encode()


def parsed(path: Path, data: bytes) -> CommentedSeq | None:
    """The document (to read, not to change), None where the text is no list."""
    try:
        document = known_yaml(path, data)
    except XizeError:
        return None
    return document if isinstance(document, CommentedSeq) else None
