"""Text normalisation of the data contract, and the small character classes that everything shares."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import TypeVar

# CJK Radicals Supplement → the ideograph that is printed. NFKC maps the Kangxi radicals (U+2F00…) but leaves
# these alone, although PDF fonts' ToUnicode maps name them for the whole ideograph.
# Source: Unicode Character Database, EquivalentUnifiedIdeograph.txt (entries that stand alone as words).
_RADICALS = str.maketrans(
    {
        "⺁": "厂", "⺄": "乙", "⺈": "刀", "⺊": "卜", "⺎": "兀", "⺒": "巳", "⺓": "幺",
        "⺝": "月", "⺟": "母", "⺠": "民", "⺫": "目", "⺬": "示", "⺶": "羊", "⻁": "虎", "⻄": "西",
        "⻅": "见", "⻆": "角", "⻉": "贝", "⻋": "车", "⻑": "長", "⻓": "长", "⻔": "门", "⻘": "青",
        "⻙": "韦", "⻚": "页", "⻛": "风", "⻜": "飞", "⻝": "食", "⻢": "马", "⻣": "骨", "⻤": "鬼",
        "⻥": "鱼", "⻦": "鸟", "⻧": "卤", "⻨": "麦", "⻩": "黄", "⻪": "黾", "⻬": "齐", "⻮": "齿",
        "⻰": "龙", "⻳": "龟",
        # Kangxi radicals that NFKC turns into a form other than the one printed in simplified Chinese.
        "⼾": "户", "⾭": "青",
        # Glyphs that fonts share between two characters, whose ToUnicode map names the rarer one.
        "㬵": "胶", "⋯": "…", "‑": "-", "∕": "/",
    }
)  # fmt: skip

_CJK = re.compile(
    r"[\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]"
)


@lru_cache(maxsize=65536)
def is_cjk(char: str) -> bool:
    """Whether ``char`` is an ideograph or kana (a character that typesetters break lines beside)."""
    return _CJK.match(char) is not None


@lru_cache(maxsize=65536)
def _glues(char: str) -> bool:
    """Whether a blank beside ``char`` carries no meaning: a CJK character, a bracket or punctuation."""
    return is_cjk(char) or unicodedata.category(char)[0] in "PS"


class _Cleaning(dict[int, int | str | None]):
    """What ``str.translate`` makes of a character, found out when it first comes: format characters are deleted."""

    def __missing__(self, code: int) -> int | None:
        found = self[code] = None if unicodedata.category(chr(code)) == "Cf" else code
        return found


_CLEANING = _Cleaning(_RADICALS)


def clean(text: str) -> str:
    """NFKC, radicals to ideographs, format characters (category Cf) deleted; blanks are left as they are."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text.translate(_CLEANING))


@lru_cache(maxsize=65536)
def normalise(text: str) -> str:
    """The contract's text normalisation.

    NFKC; format characters are deleted; a blank that touches a CJK character, a bracket or punctuation on either
    side is deleted; one blank stays between two Latin or digit words.

    >>> normalise("ＰＬＣ  programming （ 四级 ）")
    'PLC programming(四级)'
    """
    words = clean(text).split()
    if not words:
        return ""
    out = [words[0]]
    for before, after in zip(words, words[1:], strict=False):
        if not (_glues(before[-1]) or _glues(after[0])):
            out.append(" ")
        out.append(after)
    return "".join(out)


_BLANKS = re.compile(r"\s+")


@lru_cache(maxsize=65536)
def squeeze(text: str) -> str:
    """``normalise`` with every blank deleted: the key under which two printed texts count as the same.

    >>> squeeze("农 业\\n农村厅")
    '农业农村厅'
    """
    return _BLANKS.sub("", clean(text))


OPEN, CLOSE = "([{【〔《〈", ")]}】〕》〉"
OPEN_QUOTES, CLOSE_QUOTES = "「『“‘", "」』”’"
_BRACKETS = re.compile(f"[{re.escape(OPEN + CLOSE)}]")


@lru_cache(maxsize=65536)
def brackets(text: str) -> tuple[int, int]:
    """Brackets of ``text`` without a partner: (closing ones, opening ones)."""
    stray = depth = 0
    for char in _BRACKETS.findall(text):
        if char in OPEN:
            depth += 1
        elif depth:
            depth -= 1
        else:
            stray += 1
    return stray, depth


_STEPS = dict.fromkeys(OPEN, 1) | dict.fromkeys(CLOSE, -1)
_QUOTES = _STEPS | dict.fromkeys(OPEN_QUOTES, 1) | dict.fromkeys(CLOSE_QUOTES, -1)


def depth_after(text: str, depth: int = 0, *, quotes: bool = False) -> int:
    """Open brackets (and quotation marks) after ``text``, having begun with ``depth``; a closing one with nothing open
    counts none."""
    steps = _QUOTES if quotes else _STEPS
    for char in text:
        depth = max(depth + steps.get(char, 0), 0)
    return depth


def unkeepable(text: str) -> bool:
    """Whether a text that a user gave holds what no file should keep: halves of characters (bytes that are no UTF-8 on
    a command line), or control characters, which would steer the terminal on which they are shown."""
    return any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\r\t" for char in text)


def page_spans(numbers: Iterable[int]) -> str:
    """Page numbers as short text.

    >>> page_spans([5, 1, 2, 3])
    '1-3、5'
    """
    out = []
    # In a run, numbers are as far from their places in the list.
    for _, group in groupby(enumerate(sorted(set(numbers))), key=lambda place: place[1] - place[0]):
        run = [number for _, number in group]
        out.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return "、".join(out)


def place_words(page: int | None, line: int | None, source: str | None = None) -> str:
    """A place in words, "" where it is not known; the lines of a Word file (``source`` docx) are its paragraphs.

    >>> place_words(3, None), place_words(None, 12), place_words(None, 12, "docx")
    ('第3页', '第12行', '第12段')
    """
    if page is not None:
        return f"第{page}页"
    return "" if line is None else f"第{line}段" if source == "docx" else f"第{line}行"


_LIST_MARK = re.compile(
    r"\s*(?:(?P<round>[①-⑳⑴-⒇⒈-⒛])|(?P<open>[(（]?)(?P<number>\d{1,2})(?P<close>[.．、)）])"
    r"|(?P<bullet>[•●○■◆◇▪◦‣➢·・∙\-–—]))\s*(?=[^\s\-–—·….．、)）])"
)


def list_marks(lines: Sequence[str]) -> list[str]:
    """Per line, the mark with which it begins an item of a list: numbers that count on from the first line's, or its bullet;
    "" where there is none. ``lines``: as read, for normalising turns ① into a digit.

    >>> list_marks(["1.农艺师", "2.3D打印", "造型师"]), list_marks(["①技术员", "②助理工程师"]), list_marks(["2.5G通信"])
    (['1.', '2.', ''], ['①', '②'], [''])
    """
    marks: list[str] = []
    style: tuple[str, ...] | None = None
    number = 0
    for at, line in enumerate(lines):
        found = _LIST_MARK.match(line)
        own, value = _style(found) if found else (None, 0)
        if not at and found and not (found["number"] and line[found.end()].isdigit()):  # 2.5G is one number
            style, number = own, value
        if found and own == style and value == number:
            marks.append(found[0].strip())
            number += not found["bullet"]
        else:
            marks.append("")
    return marks


def _style(mark: re.Match[str]) -> tuple[tuple[str, ...], int]:
    """How a list mark is written, and its number (0 for a bullet)."""
    if mark["round"]:
        block = "①⑴⒈"[(mark["round"] >= "⑴") + (mark["round"] >= "⒈")]
        return (block,), ord(mark["round"]) - ord(block) + 1
    if mark["number"]:
        return (clean(mark["open"]), clean(mark["close"])), int(mark["number"])
    return ("bullet", mark["bullet"]), 0


_PAGE_NUMBER = re.compile(
    r"^[-–—~·•\s]*(?:第\s*\d{1,4}\s*页(?:\s*[/,，]?\s*共\s*\d{1,4}\s*页)?|(?P<number>\d{1,4})(?:\s*/\s*\d{1,4})?"
    r"|page\s*\d+(?:\s*of\s*\d+)?|[ivxlcIVXLC]{1,6})[-–—~·•\s]*$",
    re.IGNORECASE,
)
_OFF = 60
"""By how much a printed page number may differ from the page's place in the file."""


def is_page_number(text: str, page: int) -> bool:
    """Whether a line alone at a page's edge is its number: near the page's place in the file, so that no code is.

    >>> is_page_number("- 7 -", 7), is_page_number("第 7 页 共 9 页", 7), is_page_number("620305", 7)
    (True, True, False)
    """
    match = _PAGE_NUMBER.match(text)
    return match is not None and (match["number"] is None or abs(int(match["number"]) - page) <= _OFF)


# What a spreadsheet may take for a formula at the start of a cell (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Value = TypeVar("Value")


def neutral(value: Value) -> Value | str:
    """A text that a spreadsheet would run as a formula gets a leading apostrophe; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def csv_text(header: Iterable[object], rows: Iterable[Iterable[object]], line_end: str = "\n") -> str:
    """A table as CSV, a line each; no cell is a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=line_end)
    for row in (header, *rows):
        writer.writerow([neutral(value) for value in row])
    return text.getvalue()
