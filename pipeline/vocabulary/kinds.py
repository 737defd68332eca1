"""Words that head the columns of a catalogue table: the five kinds of certificates and the three tiers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from rapidfuzz import fuzz

from pipeline.schema import KINDS, TIERS
from pipeline.text import squeeze

_ALIASES: dict[str, str] = {
    "title": (
        "本专业或相近专业非教师系列职务(职称) 本专业或相近专业非教师系列专业技术职务(职称) 非教师系列职务(职称) 非教师系列专业技术职务 "
        "非教师系列专业技术资格 非教师系列职称 专业技术职务 专业技术资格 专业技术职称 职务(职称) 职称"
    ),
    "skill": (
        "国家技能等级证书(职业资格证书) 国家职业技能等级证书 国家职业技能等级证书(职业资格证书) 职业技能等级证书(职业资格证书) "
        "国家职业资格证书(职业技能等级证书) 国家职业资格证书 职业资格证书 职业技能等级证书 技能等级证书 技能人员职业资格"
    ),
    "practice": (
        "执业资格证书 国家执业资格证书 执业资格 执业(职业)资格证书 职业(执业)资格证书 专业技术人员执业资格 执业证书"
    ),
    "one_plus_x": ("1+X技能等级证书 1+X职业技能等级证书 1+X证书 1+X等级证书 “1+X”职业技能等级证书"),
    "industry": (
        "行业内其它权威证书 行业内其他权威证书 行业其他权威证书 行业权威证书 行业内权威证书 行业企业证书 其他行业证书 其他权威证书 "
        "行业企业认证证书"
    ),
}
"""General words for the five kinds, blanks between them; a word that is none of them is matched by similarity, with a finding."""

_TIER = re.compile(
    r"^(?:[“\"]?双师型?[”\"]?型?)?(?:教师)?([初中高])级?(?:级别|级次|层次|层级|等级)?(?:[“\"]?双师型?[”\"]?)?(?:教师)?$"
)


def tier_word(text: str) -> str | None:
    """初级, 中级 or 高级 where a header cell names just a tier."""
    match = _TIER.match(squeeze(text)) if len(text) <= 10 else None
    return f"{match[1]}级" if match else None


@lru_cache(maxsize=4096)
def kind_scores(words: str) -> Mapping[str, float]:
    """Similarity 0–100 of header words to each kind; 100 only for an alias."""
    text = core(words)
    return {kind: max(_alike(text, alias) for alias in aliases) for kind, aliases in _CORES.items()}


def _alike(text: str, alias: str) -> float:
    """Similarity 0–100 of two header words, also without what stands in brackets."""
    if text == alias:
        return 100.0
    bare, other = _bare(text), _bare(alias)
    within = 0.98 * fuzz.ratio(bare, other) if bare and other else 0.0
    return max(min(99.0, fuzz.ratio(text, alias)), min(98.0, within))


def core(text: str) -> str:
    """Header words as they are compared: without blanks and quotation marks, in capitals."""
    return re.sub(r"[“”\"'·\s]", "", squeeze(text)).upper()


@lru_cache(maxsize=4096)
def _bare(text: str) -> str:
    return re.sub(r"[(\[].*?[)\]]", "", text)


_CORES = {kind: tuple(map(core, aliases.split())) for kind, aliases in _ALIASES.items()}
assert set(_ALIASES) == set(KINDS) and len(TIERS) == 3
