"""Missing pages: what remains of a class whose head is lost belongs to which class?

A run of blank lines longer than at an ordinary page end says that pages are missing. The first row after it goes on
in the middle of something that is not there. The classes missing between the two that stand around, in the order of
the national list, are the candidates; their names and the words of their 专业大类 decide, the order being kept.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from pipeline.readers.transcript.columns import align, pairs, word_pairs

_STAYS = 0.3
_AGAIN = 3.0
_APART = 0.4
_COMMON = frozenset({"类", "与", "和"})


@dataclass(frozen=True)
class Fragment:
    """Rows after missing pages: their text, the class before, the next class with a head of its own."""

    text: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Guess:
    """The class that a fragment belongs to, and how sure that is (0–1)."""

    code: str
    name: str
    confidence: float


def missing_pages(gap: int, usual: int) -> int:
    """How many pages a run of blank lines says are missing: an empty page adds a blank line on both its sides."""
    if usual == 0 or gap <= usual + 1:
        return 0
    return (gap - usual) // (usual + 1) or 1


def guess(
    fragments: Sequence[Fragment], reference: Mapping[str, str], known: Mapping[str, str]
) -> list[Guess | None]:
    """A class for every fragment; None where no class is missing (the fragment goes on with the class before).

    ``reference``: code → name of all classes, in order; ``known``: code → all text printed under that class.
    """
    order = {code: i for i, code in enumerate(reference)}
    likeness = _Likeness(reference, known)
    out: list[Guess | None] = []
    for before, group in groupby(fragments, key=lambda fragment: fragment.before):
        together = list(group)
        low = order.get(before or "", -1)
        high = order.get(together[0].after or "", len(order))
        candidates = list(reference)[low + 1 : high]
        if not candidates:
            out += [None] * len(together)
            continue
        if before:
            candidates.insert(0, before)
        scores = [
            {c: likeness.of(f.text, code, before) for c, code in enumerate(candidates)} for f in together
        ]
        out += _assign(scores, candidates, before, reference)
    return out


def _assign(
    scores: Sequence[Mapping[int, float]],
    candidates: Sequence[str],
    before: str | None,
    reference: Mapping[str, str],
) -> list[Guess | None]:
    """The best assignment of consecutive fragments to candidate classes that keeps their order."""
    cols = np.arange(len(candidates))
    # Pages are missing between two fragments: they rather belong to different classes.
    step = np.where(cols > cols[:, None], -_APART, np.where(cols == cols[:, None], 0.0, math.inf))
    chosen = align(scores, (np.zeros(len(cols)), [step] * (len(scores) - 1))).cols
    out: list[Guess | None] = []
    for score, c in zip(scores, chosen, strict=True):
        code = candidates[c]
        sure = 0.9 / sum(math.exp(min(other - score[c], 50.0)) for other in score.values())
        out.append(None if code == before else Guess(code, reference[code], round(min(sure, 0.9), 4)))
    return out


class _Likeness:
    """How much a text looks like it stands under a class (log scale)."""

    def __init__(self, reference: Mapping[str, str], known: Mapping[str, str]) -> None:
        self.reference = reference
        self.known = known
        self.spread = Counter(pair for text in known.values() for pair in pairs(text))

    def of(self, text: str, code: str, before: str | None) -> float:
        """``code``: the class; ``before``: the class that the text follows."""
        names = pairs("".join(char for char in self.reference[code] if char not in _COMMON))
        hits = sum(min(text.count(pair), 12) * self._rarity(pair) for pair in names)
        if code == before:
            words = self.known.get(code, "")
            # One class does not list the same things twice: what is repeated belongs to another one.
            hits -= _AGAIN * min(len(_items(text) & _items(words)), 4)
        else:
            words = "".join(w for c, w in self.known.items() if c[:2] == code[:2] and c != before)
        named = math.copysign(1.5 * math.log1p(abs(hits)), hits)
        return named + 10.0 * self._share(text, words) + (_STAYS if code == before else 0.0)

    def _rarity(self, pair: str) -> float:
        """How much a pair of characters tells: little if it stands under most classes."""
        size = len(self.known) + 1
        return math.log(size / (self.spread[pair] + 0.5)) / math.log(2 * size)

    def _share(self, text: str, words: str) -> float:
        """The share of a text's pairs that stand in ``words``, rare ones counted more."""
        if not words:
            return 0.0
        weights = [(pair, self._rarity(pair)) for pair in word_pairs(text)]
        have = pairs(words)
        return sum(w for pair, w in weights if pair in have) / max(sum(w for _, w in weights), 1e-6)


def _items(text: str) -> set[str]:
    """Bracketed items of a text without blanks: what stands between two closing brackets."""
    return {item for item in text.split(")") if len(item) > 6}
