"""The grammar of stated levels: where they stand in a text and what they mean.

A stretch of text (what a bracket holds, or a chain of levels outside brackets) is divided at / 、 and the like into
``LevelPart``s; each part states a numbered grade (三级), a grade word (高级工), a level word (高级) or nothing. Positions count
in the normalised text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.tidy.grades.names import CLOSING, DASHES, SYMBOLS, Bracket

DEFAULT_RULE3: Mapping[int, str] = {5: "初级", 4: "中级", 3: "高级", 2: "高级", 1: "高级"}

_WORDS = {"初级工": 5, "中级工": 4, "高级工": 3, "技师": 2, "高级技师": 1}
_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5}
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5}

_RANGE = rf"(?:[{DASHES}]+|至|到)"
_SEPARATOR = rf"(?:[{SYMBOLS}\s]+|和|与|或|暨|及(?!以)|{_RANGE})"
_SEPARATOR_RE = re.compile(_SEPARATOR)
_GAP = re.compile(rf"{_SEPARATOR}?")
_RANGE_RE = re.compile(_RANGE)
_NUMBER = r"(?:[一二三四五六七八九十百]+|(?<![A-Za-z0-9.])\d+)"
_WORD = r"(?:初级工|中级工|高级工|高级技师|(?<![初中高特级任席])技师)"
_LEVEL = r"(?<![正副准特超])(?:初级|中级|高级)"
_REACH = r"(?:\(含\)|及其?|或|含)?以[上下]"
_QUALIFICATION = r"(?:国家)?(?:职业资格|职业技能等级|职业技能|技能等级|等级)(?:证书)?"
_LABEL = rf"(?:(?:{_QUALIFICATION}|级别|国家|第|含):?)?"  # what may stand before a level without changing it
_CERTIFICATE = r"(?:认证|证书|等级|资格|技能|证)"

# One part of a bracket that is nothing but a level.
_GRADE_PART = re.compile(
    rf"{_LABEL}(?P<n>{_NUMBER})级(?P<pair>{_WORD}|{_LEVEL}(?:技能)?)?"
    rf"(?:{_QUALIFICATION}|证书|证)?(?P<reach>{_REACH})?(?:证书)?"
)
_WORD_PART = re.compile(rf"{_LABEL}(?P<word>{_WORD})(?P<reach>{_REACH})?")
_LEVEL_PART = re.compile(rf"{_LABEL}(?P<level>{_LEVEL})(?:(?:职业)?{_CERTIFICATE})*(?P<reach>{_REACH})?")
# A level at the end of a longer part: …职业技能等级高级.
_LEVEL_ENDING = re.compile(rf"(?<=等级)(?P<level>{_LEVEL})$")
# Levels side by side whose separator got lost (三级/高级工二级/技师, 三级二级).
_ADJACENT = re.compile(rf"(?:{_NUMBER}级(?:{_WORD})?|{_WORD})(?:{_NUMBER}级(?:{_WORD})?)+")
_ADJACENT_PIECE = re.compile(rf"{_NUMBER}级(?:{_WORD})?|{_WORD}")
# N级 in a longer part of a bracket (三级口译). 三级甲等, 一级学科 grade something else.
_GRADE_INSIDE = re.compile(rf"(?P<n>{_NUMBER})级(?!甲等|乙等|丙等|医院|学科|学院)(?P<reach>{_REACH})?")
_BARE_NUMBER = re.compile(rf"{_LABEL}(?P<n>{_NUMBER})")
_BARE_LEVEL = re.compile(r"[初中]")
_JOINT_LEVEL = re.compile(r"初中级|中高级|初中高级")

# Outside brackets: a chain of levels, standing where the contract lets it state something. The bare words 初级工 …
# 高级技师 state nothing there, so none of them opens a chain.
_FIRST = rf"(?:(?:{_NUMBER}级)+(?:{_WORD})?|{_LEVEL}|[初中](?=[{SYMBOLS}])|{_NUMBER})"
_CHAIN = rf"{_FIRST}(?:{_SEPARATOR}(?:{_FIRST}|{_WORD}))*(?:{_REACH})?"
_HIDDEN = "\x01"  # stands for every character of a bracket while the text outside brackets is searched
_OUTSIDE = (
    # closing the item, its closing 证书 or its trailing brackets; a level may stand before 认证 too
    re.compile(rf"{_CHAIN}(?=(?:(?:职业)?(?:认证|证书?))?[{_HIDDEN}{re.escape(CLOSING)}]*$)"),
    re.compile(rf"{_CHAIN}(?=(?:职业资格|职业技能等级|技能等级|等级)?证书)"),
    re.compile(rf"(?<=职业资格){_CHAIN}|(?<=职业资格证书){_CHAIN}"),
)
MAYBE_LEVEL = re.compile(r"级|技师|[初中高]级工|学徒工")
# A list of grades in running text: 三级、二级、一级 · 三级及以上 · 五、四级 · 三级/高级工
GRADE_LIST = (
    rf"(?:{_NUMBER}[、,])*{_NUMBER}级(?:[/(]?{_WORD}\)?)?"
    rf"(?:{_SEPARATOR}?{_NUMBER}级?(?:[/(]?{_WORD}\)?)?)*(?:{_REACH})?"
)
_HAS_NUMBERED = re.compile(rf"{_NUMBER}级")

# Looks like a level, but the contract gives it no meaning.
_STRANGE = re.compile(
    r"[初中特]级技师|首席技师|学徒工|特级工|"
    r"(?:全部|所有|各个?|全)(?:职业)?(?:技能)?(?:等级|级别)|(?:[A-Z]|I{1,3}|IV|VI{0,3}|IX)级|.{1,6}级"
)
# Ranks of titles and of public bodies: understood, and no level of a certificate.
_RANKS = re.compile(
    r".*(?:[正副]高级|国家级|国际级|省部?级|市级|[区县]级|院级|校级|员级|不分等?级|年级|[初中高]级)"
)


@dataclass(frozen=True, slots=True)
class LevelPart:
    """One part of a bracket or chain: its place, the separator before it, and what it states.

    ``number`` is any number printed before 级 (0 for a numeral beyond five), ``word`` the grade of 初级工 … 高级技师;
    ``whole``: the part is nothing but a level.
    """

    start: int
    stop: int
    before: str
    number: int | None = None
    word: int | None = None
    level: str | None = None
    reach: str = ""
    whole: bool = True

    @property
    def states(self) -> bool:
        """Whether the part states a grade or a level.

        >>> LevelPart(0, 2, "", number=3).states
        True
        """
        return self.number is not None or self.word is not None or self.level is not None


def own_text(bracket: Bracket, all_brackets: Iterable[Bracket]) -> Iterator[tuple[int, int]]:
    """The stretches of a bracket that do not lie in a bracket inside it.

    >>> outer, inner = Bracket(2, 10, 0, True), Bracket(5, 9, 1, True)
    >>> list(own_text(outer, [outer, inner]))
    [(3, 5)]
    """
    start, stop = bracket.inner()
    for inside in all_brackets:
        if inside.depth == bracket.depth + 1 and start <= inside.start < stop:
            if start < inside.start:
                yield start, inside.start
            start = inside.stop
    if start < stop:
        yield start, stop


def _number(numeral: str) -> int:
    """一…五, digits or Roman I–V as a number; 0 for every other numeral (六, 十, 十五)."""
    if numeral.isdecimal():
        return int(numeral)
    return _NUMERALS.get(numeral) or _ROMAN.get(numeral, 0)


def _pieces(text: str, start: int, stop: int) -> Iterator[tuple[int, int, str]]:
    """The stretches between separators, each with the separator before it."""
    at, before = start, ""
    for match in _SEPARATOR_RE.finditer(text, start, stop):
        if match.start() > at:
            yield at, match.start(), before
            before = ""
        before += match.group()
        at = match.end()
    if at < stop:
        yield at, stop, before


def parts(text: str, start: int, stop: int, column: bool = False) -> list[LevelPart]:
    """A bracket's or chain's text as parts. ``column``: bare numbers count by themselves (5、4、3).

    >>> [(part.number, part.word) for part in parts("三级/高级工", 0, 6)]
    [(3, None), (None, 3)]
    """
    found = [p for a, b, before in _pieces(text, start, stop) for p in _part(text, a, b, before, column)]
    # 五至三级, 3-1级, 初、中、高级: a bare number or 初/中 takes the 级 of the next part.
    for i in range(len(found) - 2, -1, -1):
        part, after = found[i], found[i + 1]
        if part.states:
            continue
        bare = text[part.start : part.stop]
        if after.number is not None and after.whole and (match := _BARE_NUMBER.fullmatch(bare)):
            found[i] = LevelPart(part.start, part.stop, part.before, number=_number(match["n"]))
        elif after.level is not None and _BARE_LEVEL.fullmatch(bare):
            found[i] = LevelPart(part.start, part.stop, part.before, level=bare + "级")
    return found


def _part(text: str, start: int, stop: int, before: str, column: bool) -> list[LevelPart]:
    """What one stretch between separators states, if anything; several parts where separators are missing."""
    if match := _GRADE_PART.fullmatch(text, start, stop):
        pair = match["pair"] or ""
        word = _WORDS.get(pair)
        level = pair[:2] if pair and word is None else None
        return [LevelPart(start, stop, before, _number(match["n"]), word, level, match["reach"] or "")]
    if match := _WORD_PART.fullmatch(text, start, stop):
        return [LevelPart(start, stop, before, word=_WORDS[match["word"]], reach=match["reach"] or "")]
    if match := _LEVEL_PART.fullmatch(text, start, stop):
        return [LevelPart(start, stop, before, level=match["level"], reach=match["reach"] or "")]
    if column:
        piece = text[start:stop].removesuffix("级")
        if piece.isdecimal() or piece in _NUMERALS or piece in _ROMAN:
            return [LevelPart(start, stop, before, number=_number(piece))]
    if _ADJACENT.fullmatch(text, start, stop):
        pieces = [match.span() for match in _ADJACENT_PIECE.finditer(text, start, stop)]
        return [p for k, (a, b) in enumerate(pieces) for p in _part(text, a, b, "" if k else before, column)]
    inside = [
        LevelPart(m.start(), m.end(), before, number=_number(m["n"]), reach=m["reach"] or "", whole=False)
        for m in _GRADE_INSIDE.finditer(text, start, stop)
    ]
    if inside:
        return inside
    if match := _LEVEL_ENDING.search(text[:stop], start):
        return [LevelPart(match.start(), match.end(), before, level=match["level"], whole=False)]
    return [LevelPart(start, stop, before)]


def outside(text: str, body: int, found: Sequence[Bracket]) -> list[list[LevelPart]]:
    """The chains of levels outside brackets that stand where they state something.

    >>> [[part.number for part in chain] for chain in outside("珠算五级、四级证书", 0, [])]
    [[5, 4]]
    """
    if "级" not in text:
        return []
    masked = list(text)
    for bracket in found:
        if bracket.depth == 0:
            masked[bracket.start : bracket.stop] = _HIDDEN * (bracket.stop - bracket.start)
    open_text = "".join(masked)
    chains: list[list[LevelPart]] = []
    taken = [False] * len(text)
    for pattern in _OUTSIDE:
        closing = pattern is _OUTSIDE[0]
        for match in pattern.finditer(open_text, body):
            start, stop = match.span()
            numbered = _HAS_NUMBERED.search(open_text, start, stop) is not None
            if any(taken[start:stop]) or not (numbered or closing):
                continue
            chain = parts(text, start, stop)
            if not numbered and any(p.word is not None or p.level is None for p in chain):
                continue
            taken[start:stop] = [True] * (stop - start)
            chains.append(chain)
    return chains


def grades(run: Sequence[LevelPart], numbers: bool = True, words: bool = True) -> Iterator[int]:
    """The grades of one bracket or chain, ranges and 及以上/及以下 expanded, in printed order.

    ``numbers``, ``words``: whether numbered grades and grade words are looked at.

    >>> list(grades(parts("五级至三级", 0, 5)))
    [5, 3, 4, 5, 3]
    """
    last: int | None = None
    for part in run:
        values = [g for g, asked in ((part.number, numbers), (part.word, words)) if asked and g is not None]
        if not values:
            continue
        first = values[0]
        if last is not None and _RANGE_RE.fullmatch(part.before):
            yield from range(min(first, last), max(first, last) + 1)
        yield from values
        if part.reach:
            yield from (range(1, first + 1) if part.reach.endswith("上") else range(first, 6))
        last = values[-1]


def descending(values: Iterable[int]) -> tuple[int, ...]:
    """Grades from 5 to 1 without repeats.

    >>> descending([3, 5, 4, 5])
    (5, 4, 3)
    """
    return tuple(sorted(set(values), reverse=True))


def contradicts(runs: Sequence[Sequence[LevelPart]]) -> bool:
    """Whether the numbered grades, the grade words and the level words of an item cannot all be true.

    三级/二级/一级/高级工/技师 is a list of both kinds, one within the other; 五级/高级工, 四级/技师 and 中级/二级 are not.

    >>> contradicts([parts("五级/高级工", 0, 6)])
    True
    """
    stated = [p for run in runs for p in run if p.states]
    if len(stated) < 2 and not any(p.number is not None and (p.word or p.level) for p in stated):
        return False
    numbers = {grade for run in runs for grade in grades(run, words=False)}
    words = {grade for run in runs for grade in grades(run, numbers=False)}
    if numbers and words and not (words <= numbers or numbers <= words):
        return True
    if any(_mispaired([p for p in run if p.states]) for run in runs):
        return True
    levels = {p.level for p in stated if p.level is not None}
    return bool((numbers or words) and levels) and not {DEFAULT_RULE3[g] for g in numbers | words} & levels


def _mispaired(found: Sequence[LevelPart]) -> bool:
    """Whether in a list of pairs (三级/高级工、二级/技师) a number stands beside another grade's word."""
    if any(p.number is not None and p.word is not None and p.number != p.word for p in found):
        return True
    groups: list[list[LevelPart]] = []
    for part in found:
        if part.before != "/" or not groups:
            groups.append([])
        groups[-1].append(part)
    for group in groups:
        if len(group) == 2 and not any(p.reach for p in group):
            first, second = group
            number = first.number if first.number is not None else second.number
            word = first.word if first.word is not None else second.word
            if number is not None and word is not None and number != word:
                return True
    return False


def strange(text: str, found: Sequence[LevelPart]) -> Iterator[str]:
    """Parts of a bracket that look like levels and are not understood.

    >>> list(strange("特级技师/三级", parts("特级技师/三级", 0, 7)))
    ['特级技师']
    """
    for part in found:
        piece = text[part.start : part.stop]
        odd = _JOINT_LEVEL.fullmatch(piece) or (_STRANGE.fullmatch(piece) and not _RANKS.fullmatch(piece))
        if odd and not part.states:
            yield piece


def spans(text: str, stated: Sequence[LevelPart]) -> tuple[tuple[int, int], ...]:
    """The printed stretches that state something; parts divided by nothing but separators are one stretch.

    >>> spans("三级/高级工", parts("三级/高级工", 0, 6))
    ((0, 6),)
    """
    found: list[tuple[int, int]] = []
    for part in sorted(stated, key=lambda p: p.start):
        if found and _GAP.fullmatch(text, found[-1][1], part.start):
            found[-1] = (found[-1][0], part.stop)
        else:
            found.append((part.start, part.stop))
    return tuple(found)
