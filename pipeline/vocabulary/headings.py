"""How headings are written: patterns of majors, annexes, notes and lines of the contents, Chinese numerals."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.text import clean, normalise, squeeze

NUMERAL = "一二三四五六七八九十百零〇"
_CODES = r"\d{2}(?:\d{2})?"
MAJOR = re.compile(
    rf"^(?:第?(?P<ordinal>[{NUMERAL}]+|\d{{1,2}})(?:[章节部分篇]+|[、.:]))?[、.:]?"
    rf"(?:(?P<code>{_CODES})[(\[](?P<others>[\d、,，/;及和]+)[)\]](?P<name>\S{{2,22}}?大类|\S{{2,24}}?类)"
    rf"|(?P<name2>[^\d()、,;:]{{2,20}}?大类)[(\[](?P<codes2>\d{{2}}[\d、,，/;及和]*)[)\]]"
    rf"|(?P<code3>{_CODES})(?P<name3>[^\d()、,;:]{{2,20}}?大类)"
    rf"|(?P<name4>[^\d()、,;:]{{2,20}}?大类))"
    rf"(?P<rest>.*)$"
)
_DIGIT = "一二三四五六七八九"
_SEP = r"[、.:\-—–]"
ANNEX = re.compile(
    rf"^附\s*[件录表]\s*(?:(?P<no>\d{{1,2}}|[{_DIGIT}]?十[{_DIGIT}]?|[{_DIGIT}])"
    rf"(?:[\-—–]\d{{1,2}}(?=\s|[、:]|$|(?![年月日级])[一-龥]))?"  # 附表2-1: of 附表2
    rf"(?:(?=\s|{_SEP}|$)|(?![\d+%级〇零百])|(?=(?:19|20)\d\d(?!\d)|1\+)))?"
    rf"\s*(?P<sep>{_SEP}*)\s*(?P<title>.*)$",
    re.DOTALL,
)
"""An annex's number and title. Where nothing parts the two, the number ends where a title may begin: with no digit, but for
a year and 1+X; else no number is told."""
UNTOLD = re.compile(r"(?!(?:19|20)\d\d(?!\d)|1\+)\d|[一二三四五六七八九十]*[〇零百]")
"""How the title of an annex without number begins where a number may be part of it."""
NOTES = re.compile(r"^(?:[一-龥]{0,4})说明:?$")
TOC = re.compile(r"^(?:目录|目次|总目录)$")
LEADER = re.compile(r"^(?P<text>.*?)(?:[.…·・‥⋯_\-—]{3,}|\s{3,}|\t)\s*(?P<page>\d{1,4})$")
FOOTNOTE = re.compile(r"^\s*(?:[①-⑳*＊†‡※]|[\[［(（]\d{1,2}[\]］)）]|\d{1,2}\s*(?![\s\d.、．,，)）/\-]))")
"""How a note at a page's foot begins: with its mark."""
NOT_A_TITLE = re.compile(r"^(?:[至和与及到~、,，。.;；)）的中所]|第)")
NO_TITLE = re.compile(r"^(?:[(\[].*[)\]]$|注[:\d]|(?:[一-龥]*单位|日期|时间|编号|文号)[:])")
"""A line below a heading that is none of its title: in brackets, a note, who or when."""
_VALUES = {char: i for i, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "十": 10, "百": 100}


def numeral(text: str) -> int | None:
    """一 … 九十九 or decimal digits → the number; None when it is none."""
    if text.isdigit():
        return int(text)
    total = current = 0
    for char in text:
        value = _VALUES.get(char)
        if value is None:
            return None
        if value >= 10:
            total += (current or 1) * value
            current = 0
        else:
            current = value
    return total + current


class MajorHeading(NamedTuple):
    """What the heading of a 专业大类 states: its ordinal, its name, its codes (two or four digits each)."""

    number: int | None
    name: str
    codes: tuple[str, ...]


def major_heading(match: re.Match[str]) -> MajorHeading:
    """What a match of ``MAJOR`` states."""
    name = match["name"] or match["name2"] or match["name3"] or match["name4"] or ""
    codes = re.findall(r"\d{2,4}", " ".join(match[g] or "" for g in ("code", "others", "codes2", "code3")))
    return MajorHeading(numeral(match["ordinal"]) if match["ordinal"] else None, name, tuple(codes))


def parse_major(text: str) -> MajorHeading | None:
    """A heading or line of the contents that names a 专业大类, taken apart; None for any other text.

    parse_major("一、61（41、21）农林牧渔大类") → MajorHeading(1, "农林牧渔大类", ("61", "41", "21"))
    """
    match = MAJOR.match(squeeze(text))
    if match is None or not (match["code"] or match["codes2"] or match["code3"] or match["ordinal"]):
        return None
    return major_heading(match)


def annex_match(text: str) -> re.Match[str] | None:
    """A match of ``ANNEX``, by a text's blanks as printed; those of a spaced 附 件 mean nothing where they come again."""
    text = clean(text).strip()
    wide = len(text[1:]) - len(text[1:].lstrip())
    return ANNEX.match(re.sub(rf"(?<!\s)\s{{1,{wide}}}(?!\s)", "", text) if wide else text)


def parse_annex(text: str) -> tuple[int | None, str] | None:
    """(number, title) of an annex heading or line of the contents, blanks as printed; None for any other text.

    parse_annex("附件3 1+X证书目录") → (3, "1+X证书目录")
    """
    match = annex_match(text)
    if match is None or not (match["no"] or match["title"]):
        return None
    return (numeral(match["no"]) if match["no"] else None), normalise(match["title"])


def begins_note(line: str, mark: str) -> bool:
    """Whether a note with this mark begins in a line: not a longer number, nor a point of an enumeration (2、…).

    Several notes may share a line: a sign tells where each begins, a number only in a line that 注 opens.

    begins_note("①2026年起停用", "①"), begins_note("注：①停用；②限本市", "②") → True, True
    """
    number = mark[-1].isdecimal()
    inside = not number or line.lstrip().startswith(("注", "备注"))
    opening = r"(?:^|[;；。])" if inside else "^"
    after = r"(?![\d、])" if number else f"(?!{re.escape(mark[-1])})"
    said = rf"{opening}\s*(?:备?注\s*[:：]?)?\s*[(（\[［〔]?{re.escape(mark)}{after}.*?[^\W\d_]"
    return re.search(said, line) is not None
