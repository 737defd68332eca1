"""Segmentation: the best division of a cell and its posterior are those of all divisions tried one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import pytest

from pipeline.tidy.segment import segment, segment_all
from pipeline.tidy.segment_model import (
    CERTAIN,
    SURE,
    Cell,
    bare_of,
    base_of,
    depth_after,
    join,
    unbalanced,
)
from pipeline.tidy.segment_weights import (
    PRINTED,
    TYPED,
    gap_features,
    is_general,
    typed_features,
    typed_gap_features,
    worth,
)
from pipeline.tidy.segment_words import Lessons, learn

_TRAITS = len(TYPED.gap) - 2 * 7 + 1


def _traits(**set_: float) -> tuple[float, ...]:
    out = [0.0] * _TRAITS
    for key, value in set_.items():
        out[int(key[1:])] = value
    return tuple(out)


@pytest.mark.parametrize(
    ("text", "base", "bare"),
    [
        ("茶艺师(五级/初级工)", "茶艺师", "茶艺师"),
        ("茶艺师(国家职业资格五级)", "茶艺师", "茶艺师"),
        ("健康管理师五级", "健康管理师五级", "健康管理师"),
        ("速录初级证书", "速录初级证书", "速录证书"),
        ("茶艺师(涉外)", "茶艺师", "茶艺师(涉外)"),
    ],
)
def test_what_tiers_have_in_common(text: str, base: str, bare: str) -> None:
    assert base_of(text) == base
    assert bare_of(text) == bare


def test_brackets_and_joins() -> None:
    assert depth_after("甲(乙[丙") == 2 and depth_after("甲)乙(") == 1
    assert unbalanced("甲)(乙") == 2 and unbalanced("甲(乙)") == 0
    assert join("华为:HCIA", "Cloud") == "华为:HCIA Cloud" and join("茶艺", "师") == "茶艺师"
    assert is_general("执业证书") and is_general("技能等级证书(初级)") and not is_general("护士执业证书")


def _by_hand(cell: Cell, lessons: Lessons) -> dict[tuple[bool, ...], float]:
    """The score of every division of a cell none of whose gaps is settled."""
    texts = cell.texts
    starts = {text[:2]: sum(other[:2] == text[:2] for other in texts) for text in texts}
    ends = {text[-2:]: sum(other[-2:] == text[-2:] for other in texts) for text in texts}
    weights = TYPED if cell.traits else PRINTED
    odds = []
    for k in range(len(texts) - 1):
        words = lessons.boundary_odds(texts[k], texts[k + 1])
        if cell.traits:
            found = typed_gap_features(
                cell.odds[k], words, texts[k], texts[k + 1], starts, ends, cell.traits[k]
            )
        else:
            found = gap_features(cell.odds[k], words, texts[k], texts[k + 1], starts, ends)
        odds.append(sum(w * f for w, f in zip(weights.gap, found, strict=True)))
    scores = {}
    for division in product((False, True), repeat=len(texts) - 1):
        score = 0.0
        start = 0
        for k, parted in enumerate((*division, True)):
            if k < len(division):
                score -= math.log1p(math.exp(-odds[k] if parted else odds[k]))
            if parted:
                text = ""
                for line in texts[start : k + 1]:
                    text = join(text, line)
                score += worth(text, texts[start : k + 1], lessons, {}, weights)
                start = k + 1
        scores[division] = score
    return scores


def _documents() -> list[Cell]:
    names = ["茶艺师", "评茶员", "制茶工", "茶叶加工工", "咖啡师", "调饮师", "品酒师", "酿酒师", "白酒酿造工"]
    return [Cell(tuple(names[k:] + names[:k]), (SURE,) * (len(names) - 1)) for k in range(len(names))]


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize(
    "texts",
    [
        ("茶艺师", "评茶员", "茶叶加", "工工"),
        ("白酒酿", "造工", "茶艺师(五级", "/初级工)", "调饮师"),
        ("品酒", "师", "酿酒", "师", "咖啡师"),
    ],
)
def test_best_division_and_posterior_are_exact(texts: Sequence[str], typed: bool) -> None:
    lessons = learn(_documents())
    gaps = len(texts) - 1
    traits = tuple(_traits(t0=1.0, t2=1.0) for _ in range(gaps)) if typed else ()
    cell = Cell(tuple(texts), (0.3,) * gaps, (), traits)
    scores = _by_hand(cell, lessons)
    best = max(scores, key=lambda division: scores[division])
    total = sum(math.exp(score - scores[best]) for score in scores.values())
    items = segment(cell, lessons)
    found = tuple(k in {item.last for item in items} for k in range(gaps))
    assert found == best
    for item in items:
        same = sum(
            math.exp(score - scores[best])
            for division, score in scores.items()
            if (item.first == 0 or division[item.first - 1])
            and (item.last == gaps or division[item.last])
            and not any(division[item.first : item.last])
        )
        assert item.confidence == pytest.approx(same / total, abs=1e-6)


def test_what_is_settled_stays() -> None:
    lessons = learn(_documents())
    cell = Cell(("茶艺", "师", "评茶员"), (SURE, -30.0))
    assert [item.text for item in segment(cell, lessons)] == ["茶艺", "师评茶员"]
    typed = Cell(("茶艺", "师", "评茶员"), (CERTAIN, -CERTAIN), (), (_traits(), _traits()))
    assert [item.text for item in segment(typed, lessons)] == ["茶艺", "师评茶员"]


def test_an_item_known_elsewhere_is_put_together_again() -> None:
    """A stray blank inside a typed item, which stands whole in other cells, is no boundary."""
    typed = _traits(t6=1.0)
    whole = [
        Cell(("注册安全工程师", "一级建造师", "注册监理工程师"), (SURE, SURE), (), (typed, typed))
        for _ in range(4)
    ]
    broken = Cell(("一级建造师", "注册安全", "工程师", "注册监理工程师"), (SURE,) * 3, (), (typed,) * 3)
    found = segment_all([*whole, broken])
    assert [item.text for item in found[-1]] == ["一级建造师", "注册安全工程师", "注册监理工程师"]
    assert [item.text for item in found[0]] == ["注册安全工程师", "一级建造师", "注册监理工程师"]


def test_typed_features_name_their_evidence() -> None:
    lessons = learn(_documents(), ["茶艺师"])
    near = {"\0健康管理师": 1}
    found = typed_features("健康管理师五级", ["健康管理", "师五级"], lessons, near)
    assert found[2] == 1.0 and found[0] == 0.0 and found[4] == 1.0
    assert typed_features("某省人力资源协会", ["某省人力资源协会"], lessons, {})[0] == 1.0
    assert typed_features("健康照护师四级营养师", ["健康照护师四级", "营养师"], lessons, {})[1] == 1.0
    assert len(found) + 17 == len(TYPED.item)
