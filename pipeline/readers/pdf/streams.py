"""Whether the data of a stream are whole, told by its filters, and how much they decode to.

A Flate stream has an end and a checksum (RFC 1950, 2.2); LZW, RunLength, ASCII85 and ASCIIHex data have a mark at their
end (ISO 32000-1, 7.4). Pictures' own filters (DCT, JPX, JBIG2, CCITT) tell nothing here.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Sequence

__all__ = ["decoded_size"]

_LARGEST = 1 << 30
"""Bytes that data are decoded to at most: what gives more is judged no further."""
_CHUNK = 1 << 20
_CLEAR, _END = 256, 257
"""LZW's codes."""
_ENDS = {"ASCII85Decode": b"~>", "A85": b"~>", "ASCIIHexDecode": b">", "AHx": b">"}
_PICTURES = frozenset({"DCTDecode", "DCT", "JPXDecode", "JBIG2Decode", "CCITTFaxDecode", "CCF", "Crypt"})
_BLANKS = b"\0\t\n\f\r "


def decoded_size(data: bytes, filters: Sequence[str], early: int = 1) -> int | None:
    """How many bytes ``filters``, first to last, make of ``data``; None where the data are not whole.

    Where a filter does not tell (a picture's) or is the last and tells by its codes alone (LZW, RunLength), the size of
    what goes into it. ``early``: /EarlyChange of LZW. A filter that there is not makes nothing whole.

    >>> data = zlib.compress(b"0 0 m")
    >>> decoded_size(data, ["FlateDecode"]), decoded_size(data[:-5], ["FlateDecode"])
    (5, None)
    """
    ended, size = True, len(data)
    for position, name in enumerate(filters):
        if name in ("FlateDecode", "Fl"):
            inflated = _inflated(data, keep=position + 1 < len(filters))
            if inflated is None:
                return None
            ended, (data, size) = True, inflated
        elif name in _ENDS:
            # The mark may be left out where the data that come out have an end of their own.
            bare, mark, _ = data.partition(_ENDS[name])
            ended = bool(mark) or not data.strip(_BLANKS)
            try:
                data = _from_text(bare, name)
            except ValueError:
                return None
            size = len(data)
        elif name in ("LZWDecode", "LZW"):
            return size if _lzw_ends(data, early) else None
        elif name in ("RunLengthDecode", "RL"):
            return size if _run_length_ends(data) else None
        else:
            return size if name in _PICTURES and ended else None
    return size if ended else None


def _from_text(data: bytes, name: str) -> bytes:
    """ASCII85 or ASCIIHex data decoded. Raises ValueError for what no such filter writes."""
    if _ENDS[name] == b"~>":
        return base64.a85decode(data.strip(_BLANKS).removeprefix(b"<~"), ignorechars=_BLANKS)
    digits = re.sub(rb"[\0\s]", b"", data)
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def _inflated(data: bytes, keep: bool) -> tuple[bytes, int] | None:
    """Flate data inflated (b"" unless ``keep``) and their size, None where they are not whole.

    They may end right before the checksum: some producers leave it out. Data of nothing are whole.
    """
    if not data.strip(_BLANKS):
        return b"", 0
    if len(data) < 2 or data[0] & 0x0F != 8 or data[1] & 0x20 or int.from_bytes(data[:2]) % 31:
        return None  # no zlib header
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    rest, out, size, checksum = data[2:], [], 0, 1
    try:
        while not inflater.eof and size < _LARGEST:
            made = inflater.decompress(rest, _CHUNK)
            rest = inflater.unconsumed_tail
            if not made and not rest and not inflater.eof:
                return None
            checksum, size = zlib.adler32(made, checksum), size + len(made)
            if keep:
                out.append(made)
    except zlib.error:
        return None
    told = inflater.unused_data
    right = checksum.to_bytes(4).startswith(told[:4]) or not told.strip(b"\r\n ")
    return (b"".join(out), size) if right else None


def _lzw_ends(data: bytes, early: int) -> bool:
    """Whether LZW codes lead to their end mark. ``early``: codes grow by a bit one code early (1) or not (0)."""
    size, width, at, first = 258, 9, 0, True
    while at + width <= 8 * len(data):
        three = int.from_bytes(data[at >> 3 : (at >> 3) + 3].ljust(3, b"\0"))
        code = (three >> (24 - width - (at & 7))) & ((1 << width) - 1)
        at += width
        if code == _END:
            return True
        if code == _CLEAR:
            size, width, first = 258, 9, True
            continue
        if code > size or (first and code > _CLEAR):
            return False
        if not first:
            size = min(size + 1, 4096)
        first = False
        width = min(max((size + early).bit_length(), 9), 12)
    return not data.strip(_BLANKS)


def _run_length_ends(data: bytes) -> bool:
    at = 0
    while at < len(data):
        length = data[at]
        if length == 128:
            return True
        at += length + 2 if length < 128 else 2
    return not data
