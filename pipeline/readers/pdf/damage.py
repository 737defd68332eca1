"""Pages whose content streams are damaged.

Both decoders paint what a damaged stream still gives and say nothing: a page then reads as if it were shorter. The
compressed data know better: a Flate stream has an end and a checksum (RFC 1950, 2.2). All streams of a file are
inflated first, without looking at what they belong to, which takes some milliseconds; only where one of them is not
whole, the document's objects are parsed to tell which pages it is painted on.

What nothing can tell: a content stream that is not compressed and ends early.
"""

from __future__ import annotations

import mmap
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from itertools import starmap
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import XizeError

_CHUNK = 1 << 20
_CHECKSUM_BYTES = 4
_LONGEST = 4096
"""Bytes before a stream in which its dictionary is looked for."""

_FILTER = re.compile(rb"/Filter\s*(\[[^\]]*\]|/\w+|\d)")
_NAME = re.compile(rb"/(\w+)")
_FLATE, _ASCII85, _HEX = ("FlateDecode", "Fl"), ("ASCII85Decode", "A85"), ("ASCIIHexDecode", "AHx")


def damaged_pages(path: Path, password: str = "") -> frozenset[int]:
    """The numbers (from 1) of the pages whose content is damaged.

    Remembered while the file stays the same. Raises XizeError when streams are damaged and nothing tells which pages.
    """
    found = path.stat()
    return _damaged_pages(path, password, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=4)
def _damaged_pages(path: Path, password: str, size: int, changed: int) -> frozenset[int]:
    with path.open("rb") as file, closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) as data:
        encrypted = data.find(b"/Encrypt") >= 0
        if not encrypted and all(starmap(_sound, _streams(data))):
            return frozenset()
    return _by_page(path, password, encrypted)


def _streams(data: mmap.mmap) -> Iterator[tuple[bytes, bytes]]:
    """(dictionary, data as stored) of every stream, but for pictures and fonts, which no page's content is."""
    at = data.find(b"stream")
    while at >= 0:
        start = at + 6
        if data[start : start + 2] == b"\r\n":
            start += 2
        elif data[start : start + 1] in (b"\n", b"\r"):
            start += 1
        else:  # the word itself in some text
            at = data.find(b"stream", start)
            continue
        end = data.find(b"endstream", start)
        if end < 0:
            end = len(data)
        head = data[max(0, at - _LONGEST) : at]
        head = head[head.rfind(b" obj") + 1 :]
        if not any(mark in head for mark in (b"/Length1", b"/Image", b"/FontFile")):
            yield head, data[start:end]
        at = data.find(b"stream", end + 9)


def _sound(head: bytes, data: bytes) -> bool:
    filters = _FILTER.search(head)
    if filters is None:
        return True
    if filters[1].isdigit():
        return False  # named elsewhere in the file
    return whole(data, [name.decode("latin-1") for name in _NAME.findall(filters[1])])


def whole(data: bytes, filters: Sequence[str]) -> bool:
    """Whether a stream can be decoded to its end by its ``filters``; True where they are such that nothing tells."""
    for name in filters:
        if name in _FLATE:
            return _inflates(data)
        try:
            if name in _ASCII85:
                data = ascii85(data)
            elif name in _HEX:
                data = bytes.fromhex(data.partition(b">")[0].decode("ascii"))
            else:
                return True
        except ValueError:  # (with UnicodeDecodeError) what no such filter writes
            return False
    return True


def _inflates(data: bytes) -> bool:
    """Whether zlib data are whole, or end right before the checksum: some producers leave it out."""
    if not data.strip():
        return True
    try:
        if _ends(zlib.decompressobj(), data):
            return True
    except zlib.error:
        pass  # in the middle, or at the checksum: told apart below
    bare = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return _ends(bare, data[2:]) and len(bare.unused_data.strip()) < _CHECKSUM_BYTES
    except zlib.error:
        return False


def _ends(inflater: Any, data: bytes) -> bool:
    """Whether the data lead to the end of the compressed stream; nothing inflated is kept. Raises zlib.error."""
    while not inflater.eof:
        made = inflater.decompress(data, _CHUNK)
        data = inflater.unconsumed_tail
        if not made and not data:
            return False
    return True


def ascii85(data: bytes) -> bytes:
    """The bytes that ASCII85Decode gives (ISO 32000-1, 7.4.3). Raises ValueError for a character that it lacks."""
    text = (
        data.partition(b"~>")[0].translate(None, b" \t\r\n\f\0").removeprefix(b"<~").replace(b"z", b"!" * 5)
    )
    lacking = -len(text) % 5
    digits = np.frombuffer(text + b"u" * lacking, dtype=np.uint8).astype(np.int64) - 33
    if ((digits < 0) | (digits >= 85)).any():
        raise ValueError("not ASCII85")
    groups = digits.reshape(-1, 5) @ np.array([85**4, 85**3, 85**2, 85, 1])
    values: bytes = groups.astype(">u4").tobytes()
    return values[: len(values) - lacking]


def _by_page(path: Path, password: str, encrypted: bool) -> frozenset[int]:
    from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError, PDFPasswordIncorrect
    from pdfminer.pdfpage import PDFPage
    from pdfminer.pdfparser import PDFParser

    damaged = set()
    known: dict[int, bool] = {}
    try:
        with path.open("rb") as file:
            document = PDFDocument(PDFParser(file), password)
            for number, page in enumerate(PDFPage.create_pages(document), start=1):
                if not all(_stream(one, known) for one in (*page.contents, *_forms(page.resources, set()))):
                    damaged.add(number)
    except (PDFPasswordIncorrect, PDFEncryptionError):
        return frozenset()  # encrypted in a way that pdfium knows and pdfminer does not: nothing can be told
    except Exception as error:  # pdfminer raises anything on a broken document
        if encrypted:
            return frozenset()
        raise XizeError(
            f"{path.name}：文件中有损坏的数据流，且无法查明在哪一页；请重新取得或另存该文件。"
        ) from error
    return frozenset(damaged)


def _stream(reference: Any, known: dict[int, bool]) -> bool:
    """Whether a content stream is whole, asked of each object only once; a reference to nothing is not."""
    from pdfminer.pdftypes import PDFObjRef, PDFStream, resolve1

    number = reference.objid if isinstance(reference, PDFObjRef) else None
    if number in known:
        return known[number]
    stream = resolve1(reference)
    if not isinstance(stream, PDFStream):
        result = False
    else:
        data = stream.rawdata or b""
        if stream.decipher and stream.objid is not None and stream.genno is not None:
            data = stream.decipher(stream.objid, stream.genno, data, stream.attrs)
        result = whole(data, [str(getattr(name, "name", name)) for name, _ in stream.get_filters()])
    if number is not None:
        known[number] = result
    return result


def _forms(resources: Any, seen: set[int]) -> Iterator[Any]:
    """The form XObjects that resources name, and those that these name."""
    from pdfminer.pdftypes import PDFObjRef, PDFStream, resolve1
    from pdfminer.psparser import LIT

    named = resolve1((resolve1(resources) or {}).get("XObject")) or {}
    for reference in named.values():
        if isinstance(reference, PDFObjRef):
            if reference.objid in seen:
                continue
            seen.add(reference.objid)
        stream = resolve1(reference)
        if isinstance(stream, PDFStream) and stream.get("Subtype") is LIT("Form"):
            yield reference
            yield from _forms(stream.get("Resources"), seen)
