"""What each page of a PDF consists of, as a digest: a page whose digest is the same reads the same.

The digest covers everything that the page's content can reach: content streams, resources (fonts, forms, pictures)
however deeply they refer to each other, boxes, rotation and what annotations look like. It does not cover object
numbers, the order of objects or of keys, so that a file saved anew keeps its pages' digests as long as their streams
are stored as before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_OWN = ("Contents", "Resources", "MediaBox", "CropBox", "Rotate", "UserUnit", "Group")
_LOOKS = ("Subtype", "Rect", "F", "AP", "AS", "C", "OC")
_BEYOND = ("Parent", "StructParent", "StructParents", "PieceInfo", "Metadata", "LastModified")
"""Keys that lead away from a page's looks: to other pages, to the document's structure, to a program's notes."""


class _CycleError(Exception):
    """Objects that contain each other have no digest of their own."""


def page_keys(path: Path, password: str = "") -> tuple[str | None, ...]:
    """The digest of every page, in order; None for a page that refers to itself in a circle or cannot be followed.

    Gives nothing at all, ``()``, for a file that pdfminer cannot open: its pages are then read whenever it changes.

    >>> [len(key) for key in page_keys(Path("rules.pdf"))]
    [32]
    """
    from pdfminer.pdfdocument import PDFDocument
    from pdfminer.pdfpage import PDFPage
    from pdfminer.pdfparser import PDFParser

    with path.open("rb") as file:
        try:
            document = PDFDocument(PDFParser(file), password=password)
            pages = [page.attrs for page in PDFPage.create_pages(document)]
            digests = _Digests()
            layers = digests.of(document.catalog.get("OCProperties"))
        except Exception:  # pdfminer raises anything on a broken document
            return ()
        keys: list[str | None] = []
        for number, page in enumerate(pages, start=1):
            try:
                keys.append(_key(digests, page, number, layers))
            except Exception:  # pdfminer raises anything on a broken document
                keys.append(None)
                digests.forget_unfinished()
    return tuple(keys)


def _key(digests: _Digests, page: Mapping[str, Any], number: int, layers: bytes) -> str:
    """A page's digest. Its number counts: whether a line at its edge is the page's number depends on it."""
    found = hashlib.sha256(b"%d" % number + layers)
    for name in _OWN:
        found.update(digests.of(page.get(name)))
    annotations = digests.resolved(page.get("Annots")) or ()
    for annotation in map(digests.resolved, annotations):
        for name in _LOOKS:
            found.update(digests.of(annotation.get(name)))
    return found.hexdigest()[:32]


class _Digests:
    """Digests of PDF objects; what an indirect object digests to is kept, its bytes are let go."""

    def __init__(self) -> None:
        self._known: dict[int, bytes | None] = {}

    def resolved(self, value: Any) -> Any:
        """The object itself where ``value`` refers to one."""
        from pdfminer.pdftypes import resolve1

        return resolve1(value)

    def forget_unfinished(self) -> None:
        """After an error: what was under way may yet be reached from elsewhere."""
        self._known = {number: known for number, known in self._known.items() if known is not None}

    def of(self, value: Any) -> bytes:
        """The digest of an object and all that it refers to. Raises _CycleError."""
        from pdfminer.pdftypes import PDFObjRef, PDFStream

        if isinstance(value, PDFObjRef):
            number = value.objid
            if number not in self._known:
                self._known[number] = None  # under way
                self._known[number] = self.of(value.resolve())
            known = self._known[number]
            if known is None:
                raise _CycleError
            return known
        found = hashlib.sha256()
        if isinstance(value, PDFStream):
            found.update(b"stream" + self.of({k: v for k, v in value.attrs.items() if k != "Length"}))
            data = value.get_rawdata()
            if data is None:
                raise ValueError("stream without data")
            found.update(data)
            value.rawdata = None  # seen once, known by its number: a document's pictures together may be larger than memory
        elif isinstance(value, dict):
            for key in sorted(value):
                if key not in _BEYOND:
                    found.update(key.encode("utf-8", "surrogateescape") + b"\0" + self.of(value[key]))
        elif isinstance(value, (list, tuple)):
            found.update(b"list")
            if any(isinstance(member, (PDFObjRef, PDFStream, dict, list, tuple)) for member in value):
                for member in value:
                    found.update(self.of(member))
            else:  # a font's widths are thousands of numbers
                found.update(repr(value).encode("utf-8", "backslashreplace"))
        else:
            found.update(type(value).__name__.encode() + repr(value).encode("utf-8", "backslashreplace"))
        return found.digest()
