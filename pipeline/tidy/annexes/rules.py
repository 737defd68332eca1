"""The small grammar of "qualification counts as title" rules: conditions, titles, remarks.

    rule      := clause (line end | ; clause)*
    clause    := remark | condition : clause | titles
    titles    := title ((或者|或|、|/|,) title)*

A clause that names two levels (2018年后取得:一级…:工程师,二级…:助理工程师) hands its outer condition to the parts after
the comma. Where line ends are lost, a known title ends a clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from pipeline.text import depth_after, normalise
from pipeline.tidy.annexes.cells import outside_brackets

_REMARK = re.compile(
    r"^[(]?(?:注|备注|说明|附注)\d*[:、]|^[(]?(?:需|须|应当?|必须|同时|具体|详见|参照|以上|上述|仅限|不再|其中需|并需|并须|但需|但须|且需|且须)"
)
_CLAUSES = re.compile(r";|。(?=.)")
_COMMA = re.compile(r",")
_OR = re.compile(r"或者|或是|或|、|/|,|以及|和(?=.{0,8}师$)")
_VERB = re.compile(
    r"^(?P<condition>.*?)(?:的)?,?(?:均)?(?:可以?)?(?:直接)?(?:相?对应|对应认定|视同|认定为|相当于)(?:为|于|的?职称为?)?(?P<titles>.+)$"
)
_ORDINAL = re.compile(r"^(?:\(\d{1,2}\)|\d{1,2}[.、)]|[①②③④⑤⑥⑦⑧⑨])(?!\d)")
_BRACKET = re.compile(r"^(?P<title>[^()]+)\((?P<inner>[^()]+)\)$")
_CONDITION_WORDS = re.compile(r"取得|\d{4}年|需|须|限|条件|符合|以上|学历|资历")
_GENERIC = ("高级职称", "中级职称", "初级职称", "正高级职称", "副高级职称")
_GLUED_REMARK = re.compile(r"(?<=[师员士辑译称生审)])(?=[需须]符合)")
# A clause that starts in the middle of a line: a grade, a rank or a year after a word that ends a title.
_GLUED = re.compile(
    r"(?<=[师员士辑译称生审)])(?=(?:[一二三四五]级|初级|中级|高级|执业|注册|\d{4}年)[^:]{0,30}:)"
)


@dataclass(frozen=True)
class TitleRule:
    """One condition of a rule: ``condition`` None where there is none; ``line`` the index of its intended line."""

    condition: str | None
    titles: tuple[str, ...]
    remark: str | None
    line: int


def split_titles(text: str) -> tuple[list[str], str | None]:
    """Titles of ``text`` and a remark in brackets, if any: 编辑(技术编辑或一级校对) names three titles,
    工程师(需2018年前取得) one and a remark."""
    titles: list[str] = []
    remark: str | None = None
    for part in outside_brackets(text.strip(" ;,。."), _OR):
        part = part.strip(" ;,。.").removesuffix("等职称")
        found = _BRACKET.match(part)
        if found and _CONDITION_WORDS.search(found["inner"]):
            titles.append(found["title"])
            remark = found["inner"]
        elif found and _OR.search(found["inner"]):
            titles.append(found["title"])
            titles.extend(outside_brackets(found["inner"], _OR))
        elif part:
            titles.append(part)
    return titles, remark


def _first_colon(text: str) -> int:
    """Where the first colon outside brackets stands, or -1."""
    return next(
        (i for i, char in enumerate(text) if char == ":" and depth_after(text[:i], quotes=True) == 0), -1
    )


def _unglue(text: str, known: frozenset[str]) -> list[str]:
    """Clauses of a line whose blanks or line ends are lost: cut after a known title that another condition follows."""
    clauses: list[str] = []
    rest = text
    while True:
        colon = _first_colon(rest)
        tail = rest[colon + 1 :]
        following = _first_colon(tail)
        if colon < 0 or following < 0:
            return [*clauses, rest]
        cut = _cut(tail, following, known)
        if cut <= 0:
            return [*clauses, rest]
        clauses.append(rest[: colon + 1 + cut])
        rest = tail[cut:].lstrip(" ,;")


def _cut(tail: str, following: int, known: frozenset[str]) -> int:
    """Where the titles at the start of ``tail`` end and the next condition (up to ``following``) starts, or 0."""
    pos = 0
    while True:
        lengths = [n for n in range(2, following - pos) if tail[pos : pos + n] in known]
        if not lengths:
            break
        end = pos + max(lengths)
        more = _OR.match(tail, end)
        if more is None or more.end() >= following:
            if tail[end] != "(":
                return end if tail[end] not in ",;" else 0
            close = tail.find(")", end, following) + 1
            more = _OR.match(tail, close) if close else None
            if not close or more is None:
                return close
        pos = more.end()
    found = _GLUED.search(tail, 0, len(tail))
    return found.start() if found and 0 < found.start() < following else 0


class _Parser:
    """Takes the clauses of one rule in printed order; gathers what they map and the remarks between them."""

    def __init__(self, known: frozenset[str]) -> None:
        self.known = known
        self.found: list[TitleRule] = []
        self.remarks: list[str] = []
        self.scope: str | None = None  # an outer condition that holds for the clauses to come
        self.inner: str | None = None  # the inner condition last seen under that scope

    def add(self, condition: str | None, text: str, line: int) -> None:
        titles, remark = split_titles(text)
        self.found.append(TitleRule(condition, tuple(titles), remark, line))

    def clause(self, text: str, line: int) -> None:
        """A remark, a condition with its titles, an outer condition alone, or titles alone."""
        printed = _ORDINAL.sub("", text.strip(" ;"))
        text = printed.rstrip("。")
        if not text:
            return
        colon = _first_colon(text)
        named = colon > 0 and not text.startswith(("注", "备注", "说明", "附注", "("))
        if _REMARK.match(text) and not named:
            self.remarks.append(printed)
            return
        if colon < 0:
            self.plain(text, line)
            return
        condition, rest = text[:colon], text[colon + 1 :]
        if not rest:
            self.scope, self.inner = condition, None
            return
        if (
            self.scope
            and self.inner
            and fuzz.ratio(condition, self.inner) <= fuzz.ratio(condition, self.scope)
        ):
            self.scope = None  # it reads like another outer condition
        if self.scope and self.inner is None and fuzz.ratio(condition, self.scope) >= 75:
            self.scope = None
        self.conditions(self.scope, condition, rest, line)

    def conditions(self, scope: str | None, condition: str, rest: str, line: int) -> None:
        """A condition and what follows its colon: titles, or further conditions after commas."""
        parts = outside_brackets(rest, _COMMA)
        if _first_colon(parts[0]) >= 0:  # two levels: the first condition is the scope of all that follows
            scope = f"{scope}:{condition}" if scope else condition
            self.scope = scope
            colon = _first_colon(parts[0])
            condition, parts[0] = parts[0][:colon], parts[0][colon + 1 :]
        titles: list[str] = []
        for part in parts:
            colon = _first_colon(part)
            if colon >= 0:
                self.add(f"{scope}:{condition}" if scope else condition, ",".join(titles), line)
                condition, titles = part[:colon], [part[colon + 1 :]]
            elif _REMARK.match(part):
                self.remarks.append(part)
            else:
                titles.append(part)
        self.inner = condition if scope else None
        self.add(f"{scope}:{condition}" if scope else condition, ",".join(titles), line)

    def plain(self, text: str, line: int) -> None:
        """A clause without a colon: a condition and titles joined by a verb, or titles alone."""
        verb = _VERB.match(text)
        if verb:
            condition = verb["condition"].strip(",的") or None
            self.add(condition or self.scope, verb["titles"], line)
            return
        parts = outside_brackets(text, _COMMA)
        notes = [part for part in parts if _REMARK.match(part)]
        self.remarks.extend(notes)
        names = [part for part in parts if part not in notes]
        if names:
            self.add(self.scope, ",".join(names), line)


def read_rule(lines: Iterable[str], known: frozenset[str] = frozenset()) -> list[TitleRule]:
    """The conditions of a rule given as its intended lines (normalised).

    ``known``: titles that stand alone elsewhere (other rules, the table of titles); they tell where a clause ends in
    a line that lost its line ends. A remark of its own (需符合…) belongs to every condition.
    """
    parser = _Parser(known | frozenset(_GENERIC))
    for number, line in enumerate(lines):
        for clause in outside_brackets(normalise(line), _CLAUSES):
            for whole in _GLUED_REMARK.split(clause):
                for piece in _unglue(whole, parser.known):
                    parser.clause(piece, number)
    return [
        replace(rule, remark=";".join(r for r in (rule.remark, *parser.remarks) if r) or None)
        for rule in parser.found or [TitleRule(None, (), None, 0)]
    ]


def alone(lines: list[str]) -> list[str]:
    """The titles of a rule that has neither condition nor remark: they are known words for the other rules."""
    if len(lines) != 1 or ":" in lines[0] or len(lines[0]) > 40 or _VERB.match(lines[0]):
        return []
    return split_titles(lines[0])[0]
