"""What a text states and how alike two texts are, the same for both sides of a comparison."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz.distance import Indel

from pipeline.text import squeeze
from pipeline.tidy.grades.levels import Levels

# Words that many names share: they say what kind of thing it is, not which. Two names are compared without them.
_TAIL = re.compile(
    r"(?:(?:职业|专业)?(?:技能|能力)?(?:等级|水平)?(?:资格)?(?:考试)?(?:合格)?(?:证书|证明|认证|证)|"
    r"(?:行业|专业|同业|促进|服务|联合)*(?:协会|学会|商会|联合会|研究会|促进会|委员会)|"
    r"工程师|"
    r"(?:科技|技术|教育|信息|网络|咨询|文化|发展|管理|服务)*(?:股份|集团|有限|责任|\(集团\))*公司)$"
)
_HEAD = re.compile(r"^(?:中华人民共和国|中国|全国|国家|国际|上海市?|北京市?|1\+X)")


@lru_cache(maxsize=65536)
def core(name: str) -> str:
    """A name without the words that many names share at its ends; the name itself if nothing else is left."""
    bare = _HEAD.sub("", _TAIL.sub("", name))
    return bare if len(bare) >= 2 else name


@lru_cache(maxsize=65536)
def alike(first: str, second: str) -> float:
    """Similarity of two names, 0–1: share of characters in common, in order, common words at the ends left out.

    Different names never reach 1.
    """
    if first == second:
        return 1.0
    whole = float(Indel.normalized_similarity(first, second))
    one, other = core(first), core(second)
    bare = float(Indel.normalized_similarity(one, other))
    if bare == 1:  # they differ in the common words only (…职业技能等级证书, …技能等级证书)
        return 0.9 + whole / 12
    if (one == first) != (other == second):  # one of them has no common words: they are part of what differs
        bare = max(bare, whole)
    return min(0.99, bare)


def item_change(before: Levels, after: Levels) -> str:
    """Which kind of change two items in the same place are whose texts differ: the most specific one.

    Grade words may differ where the grades are the same ((四级/中级工), (四级/中级)): grades_changed.
    """
    same_issuer = squeeze(before.issuer or "") == squeeze(after.issuer or "")
    same_words = [squeeze(word) for word in before.words] == [squeeze(word) for word in after.words]
    same_levels = same_words and (before.grades, before.level) == (after.grades, after.level)
    if squeeze(before.name) == squeeze(after.name):
        if same_issuer and not same_levels:
            return "grades_changed" if before.grades or after.grades else "level_changed"
        if same_levels and not same_issuer:
            return "issuer_changed"
    return "entry_renamed"


def item_alike(before: Levels, after: Levels) -> float:
    """Similarity of two items: that of their names; other grades or another issuer count a little against it."""
    likeness = alike(squeeze(before.name), squeeze(after.name))
    if (before.issuer or "") != (after.issuer or ""):
        likeness -= 0.1 * (1 - alike(before.issuer or "", after.issuer or ""))
    if before.grades != after.grades or before.level != after.level:
        likeness -= 0.05
    return max(0.0, likeness)
