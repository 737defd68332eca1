"""What a content stream says, as far as it tells whether it is whole, how much it paints and which text it shows.

The data are taken apart into tokens (ISO 32000-1, 7.2 and 7.8.2); of the operators (annex A) only those are followed that
choose a font, show text or paint an XObject.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Content", "Step", "name_of", "read_content"]

_OPERATORS = {
    name: count
    for count, names in (
        (0, b"q Q BT ET EMC BX EX EI h n S s f F f* B B* b b* W W* T*"),
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
_FOLLOWED = {
    name: count
    for count, names in ((0, b"q Q EMC"), (1, b"Tj ' \" TJ gs Do BMC"), (2, b"Tf BDC"))
    for name in names.split()
}
"""The operators of :data:`Step`, and how many tokens before them are kept."""

_TOKEN = re.compile(
    rb"[^\s\0\[\]<>(){}/%]++|<[0-9A-Fa-f\s\0]*+>|\((?:[^()\\]++|\\[\s\S])*+\)?+|/[^\s\0\[\]<>(){}/%]*+"
    rb"|%[^\r\n]*+|<<|>>|[\[\]<>(){}]"
)
_OPERAND = re.compile(
    rb"[-+.\d]+(?:[eE][-+]?\d+)?|true|false|null|<[\s\S]+|/[\s\S]*|\[|\((?:[^()\\]++|\\[\s\S])*+\)"
)
_PICTURE, _ITS_END = re.compile(rb"(?<![^\s\0])BI(?=[\s\0/])"), re.compile(rb"[\s\0]EI(?![^\s\0])")
_CLOSING = frozenset((b"]", b">>", b"{", b"}"))
_INSIDE = re.compile(rb"\\[\s\S]|[()]")
_CODED = re.compile(rb"#([0-9A-Fa-f]{2})")

Step = tuple[bytes, Sequence[bytes]]
"""An operator that chooses a font, keeps or restores it, shows text, paints an XObject or marks content, and its operands,
those of TJ being what stands in its array."""


@dataclass(frozen=True)
class Content:
    """A content stream (or several, painted as one): ``size`` in bytes, ``objects`` that it paints at most, its
    ``steps``, ``cut`` whether it ends early or holds what no content stream does, ``endless`` whether a string has no end."""

    size: int
    objects: int
    steps: Sequence[Step]
    cut: bool
    endless: bool

    def names(self, operator: bytes) -> Counter[str]:
        """The names that an operator is about, and how often."""
        tokens = Counter(about[0] for which, about in self.steps if which == operator)
        found: Counter[str] = Counter()
        for token, times in tokens.items():
            found[name_of(token)] += times
        return found


def read_content(data: bytes) -> Content:
    """The figures and steps of decoded content.

    >>> read_content(b"BT /F1 9 Tf (a) Tj ET").steps, read_content(b"q 1 0 0 1 72").cut
    ([(b'Tf', [b'/F1', b'9']), (b'Tj', [b'(a)'])], True)
    """
    tokens = [] if _PICTURE.search(data) else [one for one in _TOKEN.findall(data) if one[:1] != b"%"]
    strange = _strange(tokens)
    if not tokens or any(token[:1] == b"(" for token in strange):
        tokens = list(_one_by_one(data))
        strange = _strange(tokens)
    counts = Counter(tokens)
    counts[b"BMC"] += counts[b"BDC"]
    cut = (
        (bool(strange) and b"BX" not in counts)
        or any(counts[begin] > counts[end] for begin, end in _PAIRS)
        or _ends_within(tokens)
    )
    padded = [b"", b"", *tokens]  # an operator may lack operands
    steps: list[Step] = [
        (token, _array(padded, i) if token == b"TJ" else padded[i - _FOLLOWED[token] : i])
        for i, token in enumerate(padded)
        if token in _FOLLOWED
    ]
    endless = any(token[:1] == b"(" for token in strange)
    return Content(len(data), sum(counts[name] for name in _PAINT), steps, cut, endless)


def _strange(tokens: Sequence[bytes]) -> list[bytes]:
    """Those that are neither operators nor operands."""
    return [token for token in set(tokens) - _OPERATORS.keys() - _CLOSING if not _OPERAND.fullmatch(token)]


def _one_by_one(data: bytes) -> Iterator[bytes]:
    """The tokens of content with strings that hold brackets, which are escaped, and with pictures: the operator EI without
    operands."""
    at, pictures = 0, True
    while match := _TOKEN.search(data, at):
        token, at = match[0], match.end()
        if token[:1] == b"(":
            token, at = _string(data, match.start())
        elif token == b"BI" and pictures:
            end = _ITS_END.search(data, at)
            pictures = end is not None  # else none of those behind has an end either
            token, at = (b"EI", end.end()) if end else (token, at)
        if token[:1] != b"%":
            yield token


def _string(data: bytes, begin: int) -> tuple[bytes, int]:
    """The string that begins at ``begin``, brackets inside escaped, and where it ends; without an end, all that follows."""
    out, depth, at = bytearray(b"("), 1, begin + 1
    while depth and (match := _INSIDE.search(data, at)):
        out += data[at : match.start()]
        depth += (match[0] == b"(") - (match[0] == b")")
        out += b"\\" + match[0] if depth and match[0] in b"()" else match[0]
        at = match.end()
    return (bytes(out), at) if depth == 0 else (data[begin:], len(data))


def name_of(token: bytes) -> str:
    """What a name token says, its #xx resolved; "" for any other token.

    >>> name_of(b"/A#20b"), name_of(b"12")
    ('A b', '')
    """
    plain = _CODED.sub(lambda code: bytes.fromhex(code[1].decode()), token[1:])
    return plain.decode("utf-8", "replace") if token[:1] == b"/" else ""


def _array(tokens: Sequence[bytes], end: int) -> Sequence[bytes]:
    """The tokens in the array that ends before ``tokens[end]``; none where no array does."""
    begin = end - 1
    while begin > 0 and tokens[begin] != b"[" and tokens[begin] not in _OPERATORS:
        begin -= 1
    return tokens[begin:end]


def _ends_within(tokens: Sequence[bytes]) -> bool:
    """Whether the last operator lacks operands, or operands stand behind it."""
    words = [token for token in reversed(tokens[-40:]) if token not in _CLOSING]
    had = [token not in _OPERATORS for token in words]
    if not words or had[0]:
        return bool(words)
    needed = _OPERATORS[words[0]]
    return not all(had[1 : needed + 1]) or len(had) <= needed
