"""Opening a Word file (or an Excel one): which kind it is by its content, its XML parts, or clearly why not.

A file comes from outside: parts are read up to a limit (zip bombs), XML without entities and without the network.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from lxml import etree

from pipeline.editions.kinds import contents, office_kind
from pipeline.errors import XizeError
from pipeline.readers.word.office import converted

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
"""The namespace of WordprocessingML, as lxml writes it before a name."""
ALTERNATIVES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"

_STRICT = (
    (
        b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    ),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
)
"""Namespaces of the strict form of the standard and those of the usual one."""

_PART = 192 * 1024 * 1024
"""Bytes of XML that one part may hold: many times the largest rulebook."""
_RATIO, _SMALL = 300, 16 * 1024 * 1024
"""How many times smaller than its text a part may be stored (XML packs some 10 to 60 times), unless it is small."""
_MEMBERS = 20_000


def val(parent: Any | None, tag: str) -> str | None:
    """What the child ``tag`` of an element says (its w:val), None where there is none."""
    child = parent.find(f"{W}{tag}") if parent is not None else None
    return None if child is None else child.get(f"{W}val")


def text_of(element: Any, *tags: str) -> str:
    """The text of all ``tags`` (w:t unless named) within an element, one after the other."""
    return "".join(one.text or "" for one in element.iter(*(tags or (f"{W}t",))))


def chosen(alternatives: Any) -> Any:
    """The content of an ALTERNATIVES element that a program of today shows: the first choice, else the fallback."""
    return next((one for one in alternatives if isinstance(one.tag, str)), ())


class Package:
    """An open Office file: its parts as XML trees. ``main`` is the name of the part that holds the document."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.main = ""
        self._bytes = data
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError) as error:
            raise _damaged(name) from error
        self._names = set(self._archive.namelist())
        if len(self._names) > _MEMBERS:
            raise XizeError(f"{name}：内含{len(self._names)}个文件，多得异常，没有读取；请换用可信的原件。")

    def xml(self, part: str) -> Any | None:
        """The root of a part, None where there is none. Raises XizeError for a damaged or far too large one."""
        if part not in self._names:
            return None
        data = self.data(part)
        for strict, usual in _STRICT:
            data = data.replace(strict, usual)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(data, parser)
        except etree.XMLSyntaxError as error:
            raise _damaged(self.name, part) from error
        if root.getroottree().docinfo.internalDTD is not None:
            raise _with_doctype(self.name, part)
        return root

    def data(self, part: str) -> bytes:
        """The bytes of a part. Raises XizeError as :meth:`xml`."""
        info = self._archive.getinfo(part)
        most = min(_PART, max(info.compress_size * _RATIO, _SMALL))
        try:
            with self._archive.open(info) as stream:
                data = stream.read(most + 1)
        except RuntimeError as error:  # zipfile's word for an encrypted member
            raise _encrypted(self.name) from error
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise _damaged(self.name, part) from error
        if len(data) > most:
            raise XizeError(f"{self.name}：{part}解压后大得异常，疑为压缩炸弹，没有读取；请换用可信的原件。")
        return data

    def parts(self, folder: str) -> list[str]:
        """The names of the parts in a folder."""
        return sorted(name for name in self._names if name.startswith(folder))

    def check(self) -> None:
        """Look at every part, for a library that reads them all. Raises XizeError as :meth:`xml`."""
        for name in self._names:
            data = self.data(name)
            if name.endswith((".xml", ".rels")) and b"<!DOCTYPE" in data:
                raise _with_doctype(self.name, name)

    def stream(self) -> BinaryIO:
        """The whole file."""
        return io.BytesIO(self._bytes)

    def related(self, kind: str) -> list[str]:
        """The parts that the main part names under a relationship of ``kind`` (``styles``, ``header`` …)."""
        folder = PurePosixPath(self.main).parent
        root = self.xml(f"{folder}/_rels/{PurePosixPath(self.main).name}.rels")
        if root is None:
            return []
        targets = [
            one.get("Target", "")
            for one in root
            if one.get("Type", "").endswith(f"/{kind}") and one.get("TargetMode") != "External"
        ]
        return [target.lstrip("/") if target.startswith("/") else f"{folder}/{target}" for target in targets]

    def first(self, kind: str) -> Any | None:
        """The root of the first of these parts, None where there is none."""
        return self.xml(next(iter(self.related(kind)), ""))

    def title(self) -> str | None:
        """The title that the file's properties state."""
        core = self.xml("docProps/core.xml")
        return None if core is None else core.findtext("{http://purl.org/dc/elements/1.1/}title")


def open_package(path: Path, main: str) -> Package:
    """Open a Word file (``main`` "document") or an Excel file ("workbook"), an old binary one through LibreOffice.

    Raises XizeError in one sentence when the file is missing, empty, damaged, encrypted, holds macros, is a zip bomb
    or of another kind, and as :func:`converted` does.
    """
    data = contents(path)
    kind = office_kind(data)
    if kind == "encrypted":
        raise _encrypted(path.name)
    if kind in ("doc", "xls", "rtf", "odf", "wps"):
        data = converted(path, "xlsx" if main == "workbook" else "docx")
    elif kind != "zip":
        raise XizeError(f"{path.name}：既不是Office文件，也不能由LibreOffice转换；请用Word另存为.docx。")
    return _unzipped(path.name, data, main)


def _unzipped(name: str, data: bytes, main: str) -> Package:
    package = Package(name, data)
    found = _main_part(package, main)
    if any(part.lower().endswith("vbaproject.bin") for part in package.parts("")):
        raise _with_macros(name)
    if found is None:
        what = "Excel" if main == "workbook" else "Word"
        raise XizeError(f"{name}：不是{what}文件（压缩包中没有{main}.xml）；请核对文件。")
    package.main = found
    return package


def _main_part(package: Package, main: str) -> str | None:
    """The name of the part that the content types declare to be the document; None where there is none."""
    types = package.xml("[Content_Types].xml")
    if types is None:
        return None
    for one in types:
        kind, part = one.get("ContentType", ""), str(one.get("PartName", "")).lstrip("/")
        if "macroEnabled" in kind:
            raise _with_macros(package.name)
        word = "wordprocessingml" if main == "document" else "spreadsheetml"
        if word in kind and kind.endswith(("document.main+xml", "sheet.main+xml", "template.main+xml")):
            return part
    return None


def _with_doctype(name: str, part: str) -> XizeError:
    return XizeError(f"{name}：{part}中有文档类型声明，不是正常的Office文件；请换用可信的原件。")


def _with_macros(name: str) -> XizeError:
    return XizeError(f"{name}：文件带有宏，没有读取；请在Office中另存为不带宏的.docx或.xlsx。")


def _encrypted(name: str) -> XizeError:
    return XizeError(f"{name}：文件已加密；请在Office中去掉密码，另存后再用。")


def _damaged(name: str, part: str = "") -> XizeError:
    where = f"（{part}）" if part else ""
    return XizeError(f"{name}：文件已损坏或不完整{where}，无法读取；请重新取得该文件。")
