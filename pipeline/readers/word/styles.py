"""What styles and lists say of a paragraph: the size of its type, hidden and struck-out text, and its automatic number ("1.", "一、", "(2)")
as Word renders it, which stands in no text of the file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from icu4py.messageformat import MessageFormat

from pipeline.readers.word.package import W, val

_USUAL = 10.0
"""Points of text for which a document names no size (ECMA-376, 17.3.2.38)."""

_SEVERAL = 20
"""Styles that may be based on each other in a row: a circle ends there."""

_DIGITS = "〇一二三四五六七八九"
_FORMAL = "零壹贰叁肆伍陆柒捌玖"
_ROMAN = MessageFormat("{number, number}", "en@numbers=romanlow")


@dataclass(frozen=True)
class Look:
    """What a style, or a paragraph or run of its own, says; None where it says nothing.

    ``number``: (numId, level) of the list that it belongs to, numId "0" for none.
    """

    size: float | None = None
    hidden: bool | None = None
    struck: bool | None = None
    number: tuple[str | None, int | None] | None = None


@dataclass
class Styles:
    """The document's styles by id, each with all that it inherits."""

    default: Look
    usual: str | None = None
    by_id: dict[str, Look] = field(default_factory=dict)

    def of(self, style: str | None) -> Look:
        """The look of a style, of the default paragraph style for None."""
        return self.by_id.get(style or self.usual or "", self.default)


def on(element: Any | None) -> bool | None:
    """What a switch such as w:vanish says; None where it is not there."""
    return None if element is None else element.get(f"{W}val", "true") not in ("0", "false", "off")


def look_of(run: Any | None, paragraph: Any | None = None) -> Look:
    """The look that w:rPr and w:pPr state."""
    size = hidden = struck = number = None
    if run is not None:
        halves = whole(val(run, "sz"))
        size = None if halves is None else halves / 2
        hidden = on(run.find(f"{W}vanish"))
        lines = [said for tag in ("strike", "dstrike") if (said := on(run.find(f"{W}{tag}"))) is not None]
        struck = any(lines) if lines else None
    listed = paragraph.find(f"{W}numPr") if paragraph is not None else None
    if listed is not None:
        number = val(listed, "numId"), whole(val(listed, "ilvl"))
    return Look(size, hidden, struck, number)


def under(own: Look, inherited: Look) -> Look:
    """``own``, with what it leaves open taken from ``inherited``."""
    number = own.number or inherited.number
    if own.number and inherited.number:
        (name, level), (its_name, its_level) = own.number, inherited.number
        number = name or its_name, its_level if level is None else level
    return Look(
        own.size if own.size is not None else inherited.size,
        own.hidden if own.hidden is not None else inherited.hidden,
        own.struck if own.struck is not None else inherited.struck,
        number,
    )


def read_styles(root: Any | None) -> Styles:
    """The styles of word/styles.xml (None: the document has none)."""
    if root is None:
        return Styles(Look(_USUAL, False))
    defaults = root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr")
    styles = Styles(under(look_of(defaults), Look(_USUAL, False)))
    own: dict[str, tuple[str | None, Look]] = {}
    for style in root.iter(f"{W}style"):
        name = style.get(f"{W}styleId", "")
        own[name] = val(style, "basedOn"), look_of(style.find(f"{W}rPr"), style.find(f"{W}pPr"))
        if style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") in ("1", "true", "on"):
            styles.usual = name
    for name in own:
        look, step = Look(), name
        for _ in range(_SEVERAL):
            base, said = own.get(step, (None, Look()))
            look = under(look, said)
            if base is None:
                break
            step = base
        styles.by_id[name] = under(look, styles.default)
    return styles


def whole(text: str | None) -> int | None:
    """A number as XML writes it, None for anything else."""
    try:
        return int(text or "")
    except ValueError:
        return None


@dataclass(frozen=True)
class Level:
    """One level of a list: ``text`` with %1 … %9 for the numbers of the levels, how its own number is written, where it
    begins, after which level it begins anew (None: after any higher one, 0: never)."""

    text: str = ""
    style: str = "decimal"
    start: int = 1
    anew: int | None = None
    legal: bool = False
    between: str = " "


@dataclass
class DocumentLists:
    """The lists of a document and how far each has counted. Lists that share a definition count on together."""

    lists: dict[str, tuple[str, dict[int, Level]]] = field(default_factory=dict)
    starts: dict[str, dict[int, int]] = field(default_factory=dict)
    _counts: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    _begun: set[tuple[str, int]] = field(default_factory=set)

    def next(self, name: str, level: int) -> str:
        """The number of the list's next paragraph at ``level`` (from 0) with what stands behind it; "" for a bullet or
        a list that there is not."""
        if name not in self.lists:
            return ""
        shared, levels = self.lists[name]
        own = levels.get(level, Level())
        counts = self._counts[shared]
        if (name, level) not in self._begun:
            self._begun.add((name, level))
            if level in self.starts.get(name, {}):
                counts[level] = self.starts[name][level] - 1
        counts[level] = counts.get(level, own.start - 1) + 1
        for deeper in [one for one in counts if one > level]:
            anew = levels.get(deeper, Level()).anew
            if anew is None or anew > 0 and level < anew:
                del counts[deeper]
        if own.style == "bullet":
            return ""

        def number(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            said = levels.get(at, Level())
            return written(counts.get(at, said.start), "decimal" if own.legal else said.style)

        text = re.sub(r"%([1-9])", number, own.text)
        return text + own.between if text else ""


def written(number: int, style: str) -> str:
    """A number in a style of ECMA-376, 17.18.59; one that is not known is written in digits.

    >>> written(12, "chineseCountingThousand"), written(3, "upperRoman"), written(2, "decimalEnclosedCircle")
    ('十二', 'III', '②')
    """
    zeros = re.match(r"0+1(?=,)", style)
    return f"{number:0{len(zeros[0])}d}" if zeros else _STYLES.get(style, str)(number)


def _counted(number: int, digits: str = _DIGITS, units: str = "十百千") -> str:
    """A number up to 9999 as it is spoken: 一百零五."""
    if not 0 < number < 10_000:
        return "".join(digits[int(one)] for one in str(number))
    out, zero = "", False
    for power in (3, 2, 1, 0):
        digit = number // 10**power % 10
        if not digit:
            zero = bool(out)
            continue
        out += ("零" if zero else "") + digits[digit] + (units[power - 1] if power else "")
        zero = False
    return out.removeprefix("一") if out.startswith("一十") else out


def _letters(number: int) -> str:
    """a … z, aa, bb …"""
    return chr(97 + (number - 1) % 26) * ((number - 1) // 26 + 1) if number > 0 else str(number)


def _roman(number: int) -> str:
    return _ROMAN.format({"number": number}) if 0 < number < 4000 else str(number)


def _from(first: str, last: int) -> Callable[[int], str]:
    """Numbers that have a character of their own, ``first`` for 1, up to ``last``."""
    return lambda number: chr(ord(first) + number - 1) if 0 < number <= last else str(number)


def _of(signs: str) -> Callable[[int], str]:
    return lambda number: signs[(number - 1) % len(signs)] if number > 0 else str(number)


_STYLES: dict[str, Callable[[int], str]] = {
    "none": lambda number: "",
    "decimalZero": lambda number: f"{number:02d}",
    "upperLetter": lambda number: _letters(number).upper(),
    "lowerLetter": _letters,
    "upperRoman": lambda number: _roman(number).upper(),
    "lowerRoman": _roman,
    "ordinal": lambda number: f"{number}.",
    "decimalFullWidth": lambda number: "".join(chr(0xFF10 + int(one)) for one in str(number)),
    "decimalEnclosedCircle": _from("①", 20),
    "decimalEnclosedCircleChinese": _from("①", 20),
    "decimalEnclosedParen": _from("⑴", 20),
    "decimalEnclosedFullstop": _from("⒈", 20),
    "ideographEnclosedCircle": _from("㊀", 10),
    "ideographTraditional": _of("甲乙丙丁戊己庚辛壬癸"),
    "ideographZodiac": _of("子丑寅卯辰巳午未申酉戌亥"),
    "chineseLegalSimplified": lambda number: _counted(number, _FORMAL, "拾佰仟"),
    "ideographLegalTraditional": lambda number: _counted(number, _FORMAL, "拾佰仟"),
    "ideographDigital": lambda number: "".join(_DIGITS[int(one)] for one in str(number)),
    "japaneseDigitalTenThousand": lambda number: "".join(_DIGITS[int(one)] for one in str(number)),
    **dict.fromkeys(
        (
            "chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting",
            "taiwaneseCountingThousand", "koreanCounting",
        ),
        _counted,
    ),
}  # fmt: skip


def read_numbering(root: Any | None) -> DocumentLists:
    """The lists of word/numbering.xml (None: the document has none)."""
    out = DocumentLists()
    if root is None:
        return out
    kinds: dict[str, dict[int, Level]] = {}
    linked: dict[str, str] = {}
    named: dict[str, str] = {}
    for kind in root.findall(f"{W}abstractNum"):
        name = kind.get(f"{W}abstractNumId", "")
        kinds[name] = dict(map(_level, kind.findall(f"{W}lvl")))
        if (link := val(kind, "numStyleLink")) is not None:
            linked[name] = link
        if (link := val(kind, "styleLink")) is not None:
            named[link] = name
    for one in root.findall(f"{W}num"):
        name, shared = one.get(f"{W}numId", ""), val(one, "abstractNumId") or ""
        shared = named.get(linked.get(shared, ""), shared)
        levels = dict(kinds.get(shared, {}))
        starts: dict[int, int] = {}
        for override in one.findall(f"{W}lvlOverride"):
            at = whole(override.get(f"{W}ilvl")) or 0
            for own in override.findall(f"{W}lvl"):
                levels[at] = _level(own)[1]
            if (start := whole(val(override, "startOverride"))) is not None:
                starts[at] = start
                levels[at] = replace(levels.get(at, Level()), start=starts[at])
        out.lists[name] = (shared, levels)
        out.starts[name] = starts
    return out


def _level(element: Any) -> tuple[int, Level]:
    # A style of the newer kind stands in an alternative: "001, 002, 003, …".
    newer = next((one.get(f"{W}format", "") for one in element.iter(f"{W}numFmt")), "")
    return whole(element.get(f"{W}ilvl")) or 0, Level(
        val(element, "lvlText") or "",
        newer or val(element, "numFmt") or "decimal",
        whole(val(element, "start")) or 0,
        whole(val(element, "lvlRestart")),
        bool(on(element.find(f"{W}isLgl"))),
        "" if val(element, "suff") == "nothing" else " ",
    )
