"""What a content stream says, as far as it tells whether it is whole and how much it paints.

Nothing is interpreted: strings, comments and inline pictures are cut out, what is left are names, numbers and operators
(ISO 32000-1, 7.8.2 and annex A).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

__all__ = ["Content", "read_content"]

_OPERATORS = {
    name: count
    for count, names in (
        (0, b"q Q BT ET EMC BX EX h n S s f F f* B B* b b* W W* T*"),
        (1, b"w J j M ri i gs Do Tj ' TL Tc Tw Tz Ts Tr G g CS cs SC SCN sc scn sh TJ MP BMC"),
        (2, b"m l d d0 Td TD Tf DP BDC"),
        (3, b'RG rg "'),
        (4, b"re v y K k"),
        (6, b"c cm Tm d1"),
    )
    for name in names.split()
}
"""Every operator, and how many operands it needs at least."""
_PAINT = (b"re", b"l", b"c", b"v", b"y", b"Do", b"sh", b"Tj", b"TJ", b"'", b'"')
_PAIRS = ((b"BT", b"ET"), (b"q", b"Q"), (b"BMC", b"EMC"))

_STRING = rb"\((?:[^()\\]|\\[\s\S])*+\)"
for _ in range(3):
    _STRING = rb"\((?:[^()\\]|\\[\s\S]|" + _STRING + rb")*+\)"
_APART = re.compile(
    _STRING + rb"|<[0-9A-Fa-f\s\0]*+>|(%)[^\r\n]*|(?<![^\s\]>)])(BI)(?=[\s/])[\s\S]*?\sEI(?![^\s])"
)
_NUMBER = re.compile(rb"[-+.\d]+(?:[eE][-+]?\d+)?|true|false|null|/.*", re.DOTALL)
_PAINTED, _FONT = re.compile(rb"/([^\s/]+)\s+Do(?!\S)"), re.compile(rb"/([^\s/]+)\s+[-+.\d]+\s+Tf(?!\S)")
_SPACED = bytes.maketrans(b"]{}\0", b"    ")


@dataclass(frozen=True)
class Content:
    """A content stream (or several, painted as one): ``size`` in bytes, ``objects`` that it paints at most,
    ``painted`` the names of the XObjects and how often each is painted, ``fonts`` the names of its fonts, ``cut``
    whether it ends early or holds what no content stream does."""

    size: int
    objects: int
    painted: Counter[str]
    fonts: frozenset[str]
    cut: bool


def read_content(data: bytes) -> Content:
    """The figures of decoded content.

    >>> read_content(b"BT /F1 9 Tf (a) Tj ET /X Do"), read_content(b"q 1 0 0 1 72").cut
    (Content(size=27, objects=2, painted=Counter({'X': 1}), fonts=frozenset({'F1'}), cut=False), True)
    """
    rest = _APART.sub(_replaced if b"%" in data or b"BI" in data else b" 0 ", data)
    if b"(" in rest:
        rest = _APART.sub(_replaced, _without_strings(data))
    rest = rest.replace(b"<<", b" 0 ").replace(b">>", b" ").replace(b"[", b" 0 ").replace(b"/", b" /")
    rest = rest.translate(_SPACED)
    words = rest.split()
    counts = Counter(words)
    known = counts.keys() & _OPERATORS.keys()
    strange = [word for word in counts if word not in known and not _NUMBER.fullmatch(word)]
    counts[b"BMC"] += counts[b"BDC"]
    cut = (
        (bool(strange) and b"BX" not in counts)
        or any(counts[begin] > counts[end] for begin, end in _PAIRS)
        or _ends_within(words)
    )
    return Content(
        len(data),
        sum(counts[name] for name in _PAINT),
        _names(rest, _PAINTED),
        frozenset(_names(rest, _FONT)),
        cut,
    )


def _replaced(match: re.Match[bytes]) -> bytes:
    """A comment is nothing, an inline picture an operator without operands, a string an operand."""
    return b" " if match[1] else b" n " if match[2] else b" 0 "


def _without_strings(data: bytes) -> bytes:
    """The data with strings of any depth of brackets replaced; an unfinished one is left as ``(``."""
    parts, depth, begin = [], 0, 0
    for match in re.finditer(rb"\\[\s\S]|%[^\r\n]*|[()]", data):
        if match[0] == b"(":
            if depth == 0:
                parts.append(data[begin : match.start()])
            depth += 1
        elif match[0] == b")" and depth:
            depth -= 1
            begin = match.end()
            if depth == 0:
                parts.append(b" 0 ")
    return b"".join([*parts, b" ( " if depth else data[begin:]])


def _ends_within(words: list[bytes]) -> bool:
    """Whether the last operator lacks operands, or operands stand behind it."""
    operands = 0
    for word in reversed(words):
        if word in _OPERATORS:
            break
        operands += 1
    if operands or not words:
        return operands > 0
    needed, had = _OPERATORS[words[-1]], 0
    for word in reversed(words[:-1][-needed:] if needed else []):
        if word in _OPERATORS:
            break
        had += 1
    return had < needed


def _names(rest: bytes, pattern: re.Pattern[bytes]) -> Counter[str]:
    """The names that a pattern finds, their #xx resolved, and how often."""
    found: Counter[str] = Counter()
    for name, times in Counter(pattern.findall(rest)).items():
        plain = re.sub(rb"#([0-9A-Fa-f]{2})", lambda code: bytes.fromhex(code[1].decode()), name)
        found[plain.decode("utf-8", "replace")] += times
    return found
