"""What kind of source a file is, by what it holds."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from pipeline.errors import XizeError

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")

_SUFFIXES = {
    "doc": (".doc", ".wps"),
    "xls": (".xls", ".et"),
    "wps": (".wps", ".doc", ".et"),
    "rtf": (".rtf", ".doc", ".wps"),
    "odf": (".odt", ".ods"),
}
"""Kinds of Office files other than zip → the names they go by."""

ABOUT = {
    "pdf": "细则的PDF",
    "docx": "细则的Word文件",
    "xlsx": "细则的Excel附件",
    "transcript": "细则的文字稿",
}
"""Kinds of source, and what source.yaml says of a file of each."""


def contents(path: Path) -> bytes:
    """The bytes of a file. Raises XizeError when it cannot be read or is empty."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise XizeError(f"无法读取{path}（{error.strerror}）：请检查路径与权限。") from error
    if not data:
        raise XizeError(f"{path}是空文件：请换上完整的文件。")
    return data


def kind_of(path: Path) -> str:
    """``pdf``, ``docx``, ``xlsx`` or ``transcript``. Raises XizeError."""
    data = contents(path)
    if b"%PDF-" in data[:1024]:
        return "pdf"
    kind = office_kind(data)
    if path.suffix.lower() == ".pdf" and not kind:
        raise XizeError(f"{path}不是PDF（文件头中没有%PDF）：请重新下载或导出为PDF。")
    if kind:
        sheets = kind == "xls" or (kind in ("zip", "odf", "encrypted") and _has_sheets(path, data))
        return "xlsx" if sheets else "docx"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise XizeError(
            f"{path}不是PDF、Word、Excel文件，也不是UTF-8编码的文字稿：请换上其中之一。"
        ) from None
    if text.lstrip("\ufeff \r\n\t").lower().startswith(("<", "mime-version:")):
        raise XizeError(f"{path}是网页或XML（有的系统这样导出“.doc”）：请用Word打开，另存为.docx后再加入。")
    return "transcript"


def suffix_of(path: Path, kind: str) -> str:
    """The suffix that a file of ``kind`` is kept under: its own where that tells what it holds, else the usual one."""
    usual = _SUFFIXES.get(office_kind(contents(path)), (f".{kind}",))
    own = path.suffix.lower()
    return own if own in usual else usual[0]


def is_picture(path: Path) -> bool:
    """Whether a file is a PNG, JPEG or TIFF. Raises OSError."""
    with path.open("rb") as stream:
        return stream.read(8).startswith(_PICTURES)


def office_kind(data: bytes) -> str:
    """What an Office file is: zip | doc | xls | wps (another OLE file) | rtf | odf | encrypted; "" for any other file."""
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            return "encrypted"
        for name, kind in (("WordDocument", "doc"), ("Workbook", "xls"), ("Book", "xls")):
            if f"{name}\0".encode("utf-16-le") in data:
                return kind
        return "wps"
    if data.startswith(b"{\\rtf"):
        return "rtf"
    if data.startswith(b"PK"):
        return "odf" if b"mimetypeapplication/vnd.oasis.opendocument" in data[:200] else "zip"
    return ""


def _has_sheets(path: Path, data: bytes) -> bool:
    """Whether a zip holds a workbook; where it cannot be opened, its name decides."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(name.startswith("xl/") for name in archive.namelist()) or b"spreadsheet" in data[:200]
    except (zipfile.BadZipFile, ValueError, OSError):
        return path.suffix.lower() in (".xlsx", ".xls", ".et")
