"""The title of a document that is added: what it prints, what its metadata say, else the name of its file."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from pipeline.errors import XizeError
from pipeline.text import is_cjk, normalise, unkeepable

_LONGEST = 120
"""Characters of the longest title that is believed."""

_LETTERS = 0.6
"""Least share of letters, ideographs and digits in a title."""

_FAMILIAR = 0.9
"""Least share of a title's ideographs that the national character sets of the mainland or Taiwan have: a font whose
codes are read wrongly gives any of Unicode's, most of which nobody writes."""

_ACCENTED = 1 / 3
"""Letters with accents from this share on are Chinese read in a Western encoding, not words."""


@dataclass(frozen=True)
class Title:
    """A title, and a sentence for the user where it is not simply what the document says ("" where it is)."""

    text: str
    remark: str = ""


def title_of(path: Path, kind: str, password: str | None = None) -> Title:
    """The title of a PDF (as printed, else by its metadata) or of a transcript; the file's name where neither can be
    read, and for other kinds. Raises XizeError when the file cannot be opened as a PDF."""
    if kind == "pdf":
        return choose_title(path, *_of_pdf(path, password))
    return choose_title(path, _first_line(path) if kind == "transcript" else None)


def choose_title(path: Path, printed: str | None, metadata: str | None = None, raw: bytes = b"") -> Title:
    """The title of a file that prints one, states one in its metadata (``raw``: as bytes), or has only its name."""
    if printed and readable(printed):
        return Title(printed)
    stated = normalise(metadata) if metadata else ""
    if metadata and (better := repaired(metadata, raw)):
        return Title(better, "标题取自PDF元数据，其编码有误，已经还原，请核对。")
    if stated and readable(stated):
        return Title(stated)
    name = path.stem
    if unkeepable(name):
        name = ""
    garbled = "文件中的标题是乱码，没有采用；" if printed or stated else "文件中没有标题；"
    return Title(name, f"{garbled}标题暂用文件名，请在source.yaml中改正。")


def readable(text: str) -> bool:
    """Whether a text can be a title: of a title's length, mostly letters and ideographs in use, nothing that no title
    holds (control and private characters, stand-ins for characters without a code)."""
    chars = [char for char in text if not char.isspace()]
    if not 2 <= len(chars) <= _LONGEST:
        return False
    if any(unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn") or char == "\ufffd" for char in text):
        return False
    letters = [char for char in chars if unicodedata.category(char)[0] in "LN"]
    ideographs = [char for char in letters if is_cjk(char)]
    accented = [char for char in letters if "\u00a1" <= char <= "\u024f"]
    return (
        len(letters) >= _LETTERS * len(chars)
        and sum(map(_familiar, ideographs)) >= _FAMILIAR * len(ideographs)
        and len(accented) < _ACCENTED * len(letters)
    )


def _familiar(char: str) -> bool:
    return any(_encodes(char, charset) for charset in ("gb2312", "big5"))


def _encodes(text: str, charset: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def repaired(text: str, raw: bytes = b"") -> str | None:
    """The Chinese that ``text`` was before its bytes were read in a wrong encoding; None where that gives no clean
    Chinese, so for every text that is right as it stands.

    A PDF's strings are Unicode or PDFDocEncoding; producers write GBK or UTF-8 bytes all the same, which then read
    as accented Latin letters (ISO 32000-1, 7.9.2.2). ``raw``: the bytes themselves, where they are known.
    """
    if text.isascii():
        return None
    for data in (raw, *_bytes_of(text)):
        for charset in ("utf-8", "gb2312"):
            try:
                found = normalise(data.decode(charset))
            except UnicodeDecodeError:
                continue
            chinese = [char for char in found if not char.isascii() and unicodedata.category(char)[0] == "L"]
            if len(chinese) >= 2 and all(map(is_cjk, chinese)) and readable(found):
                return found
    return None


def _bytes_of(text: str) -> Iterator[bytes]:
    """The bytes that ``text`` may have been, read as Latin-1, as Windows' Latin or (if it was UTF-8) as GBK."""
    for charset in ("latin-1", "cp1252", "gb18030"):
        try:
            data = text.encode(charset)
        except UnicodeEncodeError:
            continue
        if charset != "gb18030" or not _encodes(text, "gb2312"):
            yield data


def _first_line(path: Path) -> str | None:
    """A transcript's title: its first line with text, without heading marks."""
    with path.open(encoding="utf-8") as stream:
        return next((text for line in stream if (text := normalise(line.lstrip("\ufeff# ")))), None)


def _of_pdf(path: Path, password: str | None) -> tuple[str | None, str | None, bytes]:
    """(the title printed on the first page: the lines in the largest type, where they are Chinese; that in the
    metadata; the bytes of the latter). Raises XizeError when the file cannot be opened as a PDF."""
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect
    from pdfminer.pdftypes import resolve1
    from pdfplumber.utils.exceptions import PdfminerException

    try:
        with pdfplumber.open(path, password=password or "") as pdf:
            if not pdf.pages:
                raise XizeError(f"{path}没有任何页面：文件可能不完整，请重新下载。")
            lines = pdf.pages[0].extract_text_lines()
            metadata = pdf.metadata.get("Title")
            stored = [resolve1(info["Title"]) for info in pdf.doc.info if "Title" in info]
    except PdfminerException as error:
        if error.args and isinstance(error.args[0], PDFPasswordIncorrect):
            raise XizeError(f"{path}已加密：请用--password给出密码。") from error
        raise XizeError(f"{path}无法作为PDF打开：文件可能已损坏或不完整，请重新下载。") from error
    sizes = (round(max(char["size"] for char in line["chars"]), 1) for line in lines)
    printed = normalise(in_largest_type(zip((line["text"] for line in lines), sizes, strict=True)) or "")
    raw = stored[-1] if stored and isinstance(stored[-1], bytes) else b""
    chinese = printed if any(map(is_cjk, printed)) else None
    return chinese, metadata if isinstance(metadata, str) else None, raw


def in_largest_type(lines: Iterable[tuple[str, float]]) -> str | None:
    """The first run of lines (text, size) in the largest type, joined; None where all type is of one size."""
    runs = [(size, "".join(text for text, _ in run)) for size, run in groupby(lines, itemgetter(1))]
    return max(runs, key=itemgetter(0))[1] if len(runs) > 1 else None
