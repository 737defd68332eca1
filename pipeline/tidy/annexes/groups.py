"""Banner rows and text lines that name a list, a part or a group."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz import fuzz

from pipeline.model import Line
from pipeline.text import normalise, squeeze
from pipeline.vocabulary.annexes import Spec

_ORDINAL = re.compile(
    r"^(?:第[一二三四五六七八九十\d]+(?:部分|篇|节)[、:.]?|[(]?[一二三四五六七八九十]{1,3}(?:[)][、.]?|[、.])|[(]?\d{1,2}(?:[)][、.]?|[、.](?!\d)))"
)
_TAIL = re.compile(r"(?:参考)?(?:名单|目录|清单|一览表|列表|表)$")
_NOTE = re.compile(r"^(?:注|备注|说明|附注|合计|总计|共计)\d*[:、]?")
_LONGEST = 40


@dataclass(frozen=True)
class PartName:
    """A part's value, whether it is one of the known ones, and the text it was read from."""

    value: str
    known: bool
    text: str


def strip_ordinal(text: str) -> str:
    """``text`` without 一、 (二) 3. in front."""
    return _ORDINAL.sub("", text)


def part_name(text: str, spec: Spec, sure: bool = False) -> PartName | None:
    """The value that a banner's or context line's text gives to the spec's part field, or None if it is no part.

    A known value that the text contains; else what the part's pattern finds; else, for a text that has the form of
    a list title (一、…名单), the text as printed without ordinal and 参考名单, 职业资格. ``sure``: the text is known to be a
    part, whatever its form.
    """
    part = spec.part
    if part is None:
        return None
    text = normalise(text)
    inside = [word for word in part.known if len(word) > 1 and squeeze(word) in squeeze(text)]
    # 专业技术人员 does not contain 技能人员, but a longer known value may contain a shorter one.
    inside = [word for word in inside if not any(word != other and word in other for other in inside)]
    if len(inside) == 1:
        return PartName(inside[0], True, text)
    if part.pattern and not inside and len(text) <= _LONGEST and (found := re.search(part.pattern, text)):
        value = next(group for group in found.groups() if group)
        return PartName(value, value in part.known, text)
    if inside or not text or len(text) > _LONGEST or _NOTE.match(text):
        return None
    ordinal = _ORDINAL.match(text) is not None
    if not sure and not ordinal and not (len(text) <= 12 and text.endswith("类")):
        return None
    value = _TAIL.sub("", strip_ordinal(text)) or text
    value = re.sub(r"(?<=.{2})职业资格$", "", value)
    return PartName(value, value in part.known, text)


def context_part(lines: tuple[Line, ...], spec: Spec) -> tuple[PartName | None, tuple[Line, ...]]:
    """The part that the text lines before a table name: the last one that names any. Also the lines it used."""
    for stop in range(len(lines), 0, -1):
        found = part_name(lines[stop - 1].text, spec)
        if found:
            return found, (lines[stop - 1],)
        if stop >= 2:  # a list title that wraps
            found = part_name(lines[stop - 2].text + lines[stop - 1].text, spec)
            if found and found.known:
                return found, lines[stop - 2 : stop]
    return None, ()


def is_title(text: str, title: str) -> bool:
    """Whether a banner only repeats the annex's title."""
    text, title = squeeze(text), squeeze(title)
    text = re.sub(r"^附(?:件|录|表)[一二三四五六七八九十\d]*[::]*", "", text)
    return bool(text) and fuzz.ratio(text, title) >= 85


def is_note(text: str) -> bool:
    """Whether a banner is a remark or a sum below the rows, not a title above them."""
    return _NOTE.match(normalise(text)) is not None
