"""Lost pages: what remains of a class whose head is lost belongs to which class?

A run of blank lines longer than at an ordinary page end says that pages are missing. The first row after it goes on
in the middle of something that is not there. The classes missing between the two that stand around, in the order of
the national list, are the candidates; their names and the words of their 专业大类 decide, the order being kept.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.readers.transcript.evidence import word_pairs

_STAYS = 0.3
_AGAIN = 3.0
_COMMON = frozenset({"类", "与", "和"})


@dataclass(frozen=True)
class Fragment:
    """Rows after lost pages: their text, the class before, the next class with a head of its own."""

    text: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Guess:
    """The class that a fragment belongs to, and how sure that is (0–1)."""

    code: str
    name: str
    confidence: float


def usual_gap(gaps: Sequence[int]) -> int:
    """How many blank lines stand at an ordinary page end."""
    positive = [gap for gap in gaps if gap]
    return Counter(positive).most_common(1)[0][0] if positive else 0


def lost_pages(gap: int, usual: int) -> int:
    """How many pages a run of blank lines says are missing: an empty page adds a blank line on both its sides."""
    if usual == 0 or gap <= usual + 1:
        return 0
    return (gap - usual) // (usual + 1) or 1


def guess(
    fragments: Sequence[Fragment],
    reference: Mapping[str, str],
    known: Mapping[str, str],
) -> list[Guess | None]:
    """A class for every fragment; None where no class is missing (the fragment goes on with the class before).

    ``reference``: code → name of all classes, in order; ``known``: code → all text printed under that class.
    """
    order = {code: i for i, code in enumerate(reference)}
    out: list[Guess | None] = [None] * len(fragments)
    i = 0
    while i < len(fragments):
        j = i
        while j < len(fragments) and fragments[j].before == fragments[i].before:
            j += 1
        first = fragments[i]
        low = order.get(first.before or "", -1)
        high = order.get(first.after or "", len(order))
        missing = [code for code, at in order.items() if low < at < high]
        if missing:
            candidates = ([first.before] if first.before else []) + missing
            out[i:j] = _assign(fragments[i:j], candidates, first.before, reference, known)
        i = j
    return out


def _assign(
    fragments: Sequence[Fragment],
    candidates: Sequence[str],
    before: str | None,
    reference: Mapping[str, str],
    known: Mapping[str, str],
) -> list[Guess | None]:
    """Best monotone assignment of consecutive fragments to candidate classes."""
    rare = _rarity(known)
    scores = [[_likeness(f.text, c, before, reference, known, rare) for c in candidates] for f in fragments]
    n, m = len(fragments), len(candidates)
    best = [[-math.inf] * m for _ in range(n)]
    back = [[0] * m for _ in range(n)]
    for j in range(n):
        for c in range(m):
            # Pages are missing between two fragments: they rather belong to different classes.
            options = [(best[j - 1][p] + 0.4 * (p < c), p) for p in range(c + 1)] if j else [(0.0, 0)]
            value, back[j][c] = max(options, key=lambda o: o[0])
            best[j][c] = value + scores[j][c]
    c = max(range(m), key=lambda k: best[n - 1][k])
    chosen = []
    for j in range(n - 1, -1, -1):
        chosen.append(c)
        c = back[j][c]
    chosen.reverse()
    out: list[Guess | None] = []
    for j, c in enumerate(chosen):
        if candidates[c] == before:
            out.append(None)
            continue
        weights = [math.exp(min(s - scores[j][c], 50.0)) for s in scores[j]]
        sure = 0.9 / sum(weights)
        out.append(Guess(candidates[c], reference[candidates[c]], round(min(sure, 0.9), 4)))
    return out


def _likeness(
    text: str,
    code: str,
    before: str | None,
    reference: Mapping[str, str],
    known: Mapping[str, str],
    rare: Callable[[str], float],
) -> float:
    """How much a text looks like it stands under a class (log scale)."""
    name = "".join(c for c in reference[code] if c not in _COMMON)
    pairs = word_pairs(text)
    names = {name[i : i + 2] for i in range(len(name) - 1)}
    hits = sum(min(text.count(pair), 12) * rare(pair) for pair in names)
    if code == before:
        words = known.get(code, "")
        # One class does not list the same things twice: what is repeated belongs to another one.
        again = len(_items(text) & _items(words))
        hits -= _AGAIN * min(again, 4)
    else:
        words = "".join(
            printed for other, printed in known.items() if other[:2] == code[:2] and other != before
        )
    return (
        math.copysign(1.5 * math.log1p(abs(hits)), hits)
        + 10.0 * _share(pairs, words, rare)
        + (_STAYS if code == before else 0.0)
    )


def _items(text: str) -> set[str]:
    """Bracketed items of a text without blanks: what stands between two closing brackets."""
    return {item for item in text.split(")") if len(item) > 6}


def _rarity(known: Mapping[str, str]) -> Callable[[str], float]:
    """How much a pair of characters tells: little if it stands under most classes."""
    spread = Counter(
        pair for text in known.values() for pair in {text[i : i + 2] for i in range(len(text) - 1)}
    )
    size = len(known) + 1
    return lambda pair: math.log(size / (spread[pair] + 0.5)) / math.log(2 * size)


def _share(pairs: Sequence[str], text: str, rare: Callable[[str], float]) -> float:
    if not text:
        return 0.0
    have = {text[i : i + 2] for i in range(len(text) - 1)}
    return sum(rare(pair) for pair in pairs if pair in have) / max(sum(map(rare, pairs)), 1e-6)
