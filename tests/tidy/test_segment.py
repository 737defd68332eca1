"""Segmentation: the best division of a cell and its posterior are those of all divisions tried one by one."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from pipeline.text import depth_after
from pipeline.tidy.wraps import segment_weights as arrays
from pipeline.tidy.wraps.segment import CellProblem, segment_all, segment_some
from pipeline.tidy.wraps.segment_forms import (
    bare_levels_inside,
    ends_badly,
    further_papers,
    heads_only,
    latin_alone,
    level_head,
    levels_inside,
    opens_badly,
    organisation_alone,
    paper_only,
    title_after_certification,
)
from pipeline.tidy.wraps.segment_model import (
    CERTAIN,
    SURE,
    Candidates,
    CellLines,
    Memory,
    bare_of,
    base_of,
    divide,
    join,
)
from pipeline.tidy.wraps.segment_weights import TRAITS, Gaps, is_general, load_weights, own_weights, weighed
from pipeline.tidy.wraps.segment_words import Lessons, learn
from tests.tidy.segment_by_hand import (
    gap_features,
    item_features,
    printed_features,
    typed_features,
    typed_gap_features,
    unbalanced,
    worth,
)

PRINTED, TYPED = own_weights()["printed"], own_weights()["typed"]


def _traits(**set_: float) -> tuple[float, ...]:
    out = [0.0] * len(TRAITS)
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


@pytest.mark.parametrize(
    ("ask", "cases"),
    [
        (levels_inside, {"考级证书:2-9级绿氢师": 1, "HCIA(初级认证)绿氢师(中级)": 1, "讲师资格证(1-10级)": 0, "绿氢师(初级)": 0, "绿氢师(初级)CAD": 1}),
        (bare_levels_inside, {"检验员一级鉴定师": 1, "武术师初级封装员": 1, "营养师一级(高级技师)": 0, "检验员三级及以上": 0}),
        (bare_levels_inside, {"农业经济员助理农业经济师": 1, "助理农艺师农业经济员": 1, "中级营养师按摩师(技师)": 1, "高级工艺美术师": 0, "高级技师(二级)": 0}),
        (further_papers, {"合格证书堤坝师证书": 1, "执业研学宣纸从业资格证": 1, "执业药师资格证书": 0, "等级证书及资格证书": 0}),
        (further_papers, {"1+X电子商务1+X区块链": 1, "1+X证书教师培训证书": 0}),
        (paper_only, {"上岗证(6-10)": 1, "裁判": 1, "中级专业技术水平": 1, "考级证书:1-10级": 1, "绿氢类考级证书:1-10级": 0, "某协会:执业证书": 1}),
        (organisation_alone, {"应急管理厅": 1, "音乐家协会": 1, "文物局:修复师": 0}),
        (further_papers, {"船员资格导游资格(初级)": 1, "导游资格(初级)": 0, "教师资格证书": 0}),
        (latin_alone, {"3D-ABC": 1, "Python(高级)": 1, "ISO/IEC27 001(中级)": 1, "ACCA": 0, "Level 1": 0, "CAD工程师": 0}),
        (opens_badly, {"工程师CAD": 1, ":甲": 1, "[财政": 1, "执业证书口腔医师": 1, "工程师(高级)": 0, "《甲》内审员": 0, "执业证书": 0}),
        (ends_badly, {"华为:": 1, "冶金(注册)": 1, "绿氢师(高级)": 0}),
        (heads_only, {"一级注册": 1, "一级注册师": 0}),
        (level_head, {"1+X区块链": 1, "高级(教师)": 0, "高级工": 0, "执业护理": 1, "执业证书": 0}),
    ],
)  # fmt: skip
def test_what_a_text_tells_by_itself(ask: Callable[[str], float], cases: Mapping[str, int]) -> None:
    assert {text: int(ask(text)) for text in cases} == cases


def test_a_bare_title_behind_a_certification_goes_on() -> None:
    assert title_after_certification("阿里云认证", "高级工程师")
    assert not title_after_certification("阿里云认证", "云计算工程师")


def test_brackets_and_joins() -> None:
    assert depth_after("甲(乙[丙") == 2 and depth_after("甲)乙(") == 1
    assert unbalanced("甲)(乙") == 2 and unbalanced("甲(乙)") == 0
    assert join("华为:HCIA", "Cloud") == "华为:HCIA Cloud" and join("茶艺", "师") == "茶艺师"
    assert is_general("执业证书") and is_general("技能等级证书(初级)") and not is_general("护士执业证书")


def _by_hand(cell: CellLines, lessons: Lessons) -> dict[tuple[bool, ...], float]:
    """The score of every division of a cell none of whose gaps is settled."""
    texts = cell.texts
    starts = {text[:2]: sum(other[:2] == text[:2] for other in texts) for text in texts}
    ends = {text[-2:]: sum(other[-2:] == text[-2:] for other in texts) for text in texts}
    weights = TYPED if cell.traits else PRINTED
    odds = []
    for k in range(len(texts) - 1):
        words = float(lessons.boundary_odds([(texts[k], texts[k + 1])])[0])
        if cell.traits:
            found = typed_gap_features(
                cell.odds[k], words, texts[k], texts[k + 1], starts, ends, cell.traits[k]
            )
        else:
            found = gap_features(cell.odds[k], words, texts[k], texts[k + 1], starts, ends)
        odds.append(sum(w * f for w, f in zip(weights.gap.values(), found, strict=True)))
    texts_of = Counter(
        reduce(join, texts[first:last])
        for first in range(len(texts))
        for last in range(first + 1, len(texts) + 1)
    )
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
                repeats = None if cell.traits else texts_of[text] - 1
                score += worth(text, texts[start : k + 1], lessons, {}, weights, repeats)
                start = k + 1
        scores[division] = score
    return scores


def _documents() -> list[CellLines]:
    names = ["茶艺师", "评茶员", "制茶工", "茶叶加工工", "咖啡师", "调饮师", "品酒师", "酿酒师", "白酒酿造工"]
    return [CellLines(tuple(names[k:] + names[:k]), (SURE,) * (len(names) - 1)) for k in range(len(names))]


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
    cell = CellLines(tuple(texts), (0.3,) * gaps, (), traits)
    scores = _by_hand(cell, lessons)
    best = max(scores, key=lambda division: scores[division])
    total = sum(math.exp(score - scores[best]) for score in scores.values())
    items = segment_some([CellProblem(cell, lessons)])[0]
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
    cell = CellLines(("茶艺", "师", "评茶员"), (SURE, -30.0))
    assert [item.text for item in segment_some([CellProblem(cell, lessons)])[0]] == ["茶艺", "师评茶员"]
    typed = CellLines(("茶艺", "师", "评茶员"), (CERTAIN, -CERTAIN), (), (_traits(), _traits()))
    assert [item.text for item in segment_some([CellProblem(typed, lessons)])[0]] == ["茶艺", "师评茶员"]


def test_an_item_known_elsewhere_is_put_together_again() -> None:
    """A stray blank inside a typed item, which stands whole in other cells, is no boundary."""
    typed = _traits(t6=1.0)
    whole = [
        CellLines(("注册安全工程师", "一级建造师", "注册监理工程师"), (SURE, SURE), (), (typed, typed))
        for _ in range(4)
    ]
    broken = CellLines(("一级建造师", "注册安全", "工程师", "注册监理工程师"), (SURE,) * 3, (), (typed,) * 3)
    found = segment_all([*whole, broken])
    assert [item.text for item in found[-1]] == ["一级建造师", "注册安全工程师", "注册监理工程师"]
    assert [item.text for item in found[0]] == ["注册安全工程师", "一级建造师", "注册监理工程师"]


def test_a_transcript_learns_from_an_earlier_edition() -> None:
    """Two words are one item, or two, as the earlier edition settled in the same cell."""
    slot = ("6101", "title", "初级")
    cell = CellLines(("审计底稿", "评估", "茶艺师"), (0.0, CERTAIN), (), (_traits(), _traits()), slot)
    for items in (["审计底稿评估", "茶艺师"], ["审计底稿", "评估", "茶艺师"]):
        memory = Memory({text: frozenset({slot}) for text in items}, 1.0)
        assert [item.text for item in segment_all([cell], memory=memory)[0]] == items


def test_what_an_earlier_edition_printed_on_one_line_is_no_boundary() -> None:
    """The words of a full line and of the next are two items elsewhere; last year's line says that they are one here."""
    slot = ("6101", "title", "初级")
    cell = CellLines(("注册安全员", "茶艺师评审员", "品酒师"), (0.0, SURE), slot=slot)
    memory = Memory(printed={slot: "注册安\n全员茶艺师评\n审员\n品酒师\n"})
    lessons = [*_documents(), cell]
    assert len(segment_all(lessons)[-1]) == 3
    found = segment_all(lessons, memory=memory)[-1]
    assert [item.text for item in found] == ["注册安全员茶艺师评审员", "品酒师"]
    assert found[0].confidence > 0.9
    sure = CellLines(cell.texts, (SURE, SURE), slot=slot)
    assert len(segment_all([*_documents(), sure], memory=memory)[-1]) == 3, "this year's layout is certain"


def test_typed_features_name_their_evidence() -> None:
    lessons = learn(_documents(), ["茶艺师"])
    near = {"\0健康管理师"}
    found = typed_features("健康管理师五级", ["健康管理", "师五级"], lessons, near)
    assert found[2] == 1.0 and found[0] == 0.0 and found[4] == 1.0
    assert typed_features("某省人力资源协会", ["某省人力资源协会"], lessons, {})[0] == 1.0
    assert typed_features("健康照护师四级营养师", ["健康照护师四级", "营养师"], lessons, {})[1] == 1.0
    assert len(found) + 17 == len(TYPED.item)


_PIECES = (
    "茶艺",
    "师",
    "(五级",
    "/初级工)",
    "评茶员(四级)",
    "Cloud",
    "HCIA",
    "华为:",
    "职业资格",
    "证书",
    "工程",
    ")",
    "、乙",
)


def _parts(seed: int, count: int = 40) -> list[list[str]]:
    draw = random.Random(seed)
    return [[draw.choice(_PIECES) for _ in range(draw.randint(2, 20))] for _ in range(count)]


@pytest.mark.parametrize("seed", range(3))
def test_features_of_all_items_at_once_are_those_of_each_item_alone(seed: int) -> None:
    parts = _parts(seed)
    lessons = learn(
        [CellLines(tuple(part), (SURE,) * (len(part) - 1)) for part in parts], ["茶艺师证书", "茶艺师(五级)"]
    )
    items = Candidates()
    for part in parts:
        items.add_part(part, [-0.1] * (len(part) - 1))
    near = [{"评茶员", "\0茶艺师", "茶艺师"} if i % 3 else set() for i in range(len(items.lines))]
    typed, printed = (
        np.stack(list(arrays.item_features(items, lessons, near, typed=typed).values()), axis=1)
        for typed in (True, False)
    )
    texts_of = [Counter(items.texts[low:high]) for _, _, low, high in items.parts]
    number = [(p, k) for p, part in enumerate(parts) for k in range(len(part))]
    for k, (first, last) in enumerate(zip(items.first, items.last, strict=True)):
        part, start = number[first]
        of_item = parts[part][start : start + last - first + 1]
        text = ""
        for line in of_item:
            text = join(text, line)
        assert items.texts[k] == text and items.unbalanced[k] == unbalanced(text)
        assert tuple(typed[k]) == (
            *item_features(text, of_item, lessons, near[first], typed=True),
            *typed_features(text, of_item, lessons, near[first]),
        ), text
        assert tuple(printed[k]) == (
            *item_features(text, of_item, lessons, near[first]),
            *printed_features(text, of_item, lessons, near[first], texts_of[part][text] - 1),
        ), text


def test_every_run_of_lines_is_a_candidate_unless_it_is_hopeless_or_too_long() -> None:
    items = Candidates()
    items.add_part(["甲"] * 20, [0.0] * 19)
    items.add_part(["(甲", *["乙"] * 19], [0.0] * 19)
    items.add_part(["丙", "丁"], [-26.0])
    runs = set(zip(items.first, items.last, strict=True))
    assert len(runs) == len(items.first)
    assert {last for first, last in runs if first == 0} == set(range(14))
    assert {last for first, last in runs if first == 20} == set(range(20, 40))  # its bracket stays open
    assert {run for run in runs if run[0] >= 40} == {(40, 40), (41, 41)}


def test_a_cell_of_thousands_of_doubtful_lines_keeps_its_posteriors() -> None:
    """Sums over divisions double with every line: they must stay within the range of floats, and exact."""
    lessons = Lessons()
    texts = tuple(draw for part in _parts(5, 250) for draw in part)
    cell = CellLines(texts, (0.2,) * (len(texts) - 1))
    items = segment_some([CellProblem(cell, lessons)])[0]
    assert len(texts) > 2000 and "".join(item.text for item in items).replace(" ", "") == "".join(texts)
    forward, backward = [0.0] * (len(texts) + 1), [0.0] * (len(texts) + 1)
    odds = _printed_odds(cell, lessons)
    scores = {}
    texts_of: Counter[str] = Counter()
    for start in range(len(texts)):
        text, inner = "", 0.0
        for end in range(start, min(start + 120, len(texts))):
            if end > start:
                inner -= math.log1p(math.exp(odds[end - 1]))
                if end - start >= 14 and depth_after(text) == 0:
                    break
            if inner < -25:
                break
            text = join(text, texts[end])
            texts_of[text] += 1
            scores[start, end] = inner - (math.log1p(math.exp(-odds[end])) if end < len(odds) else 0.0)
    for start, end in scores:
        of_item = texts[start : end + 1]
        text = reduce(join, of_item)
        scores[start, end] += worth(text, of_item, lessons, (), PRINTED, texts_of[text] - 1)
    reach: list[list[float]] = [[] for _ in range(len(texts) + 1)]
    for (start, end), score in sorted(scores.items()):
        if reach[start]:
            forward[start], reach[start] = _sum(reach[start]), []
        reach[end + 1].append(forward[start] + score)
    forward[-1] = _sum(reach[-1])
    for start in reversed(range(len(texts))):
        ends = [end for end in range(start, min(start + 120, len(texts))) if (start, end) in scores]
        backward[start] = _sum([scores[start, end] + backward[end + 1] for end in ends])
    for item in items:
        score = scores[item.first, item.last]
        wanted = math.exp(forward[item.first] + score + backward[item.last + 1] - forward[-1])
        assert item.confidence == pytest.approx(wanted, abs=1e-6)


def _sum(logs: Sequence[float]) -> float:
    most = max(logs)
    return most + math.log(sum(math.exp(x - most) for x in logs))


def _printed_odds(cell: CellLines, lessons: Lessons) -> list[float]:
    texts = cell.texts
    starts = {text[:2]: sum(other[:2] == text[:2] for other in texts) for text in set(texts)}
    ends = {text[-2:]: sum(other[-2:] == text[-2:] for other in texts) for text in set(texts)}
    words = lessons.boundary_odds(list(zip(texts, texts[1:], strict=False))).tolist()
    found = [
        gap_features(cell.odds[k], words[k], texts[k], texts[k + 1], starts, ends) for k in range(len(words))
    ]
    return [sum(w * f for w, f in zip(PRINTED.gap.values(), one, strict=True)) for one in found]


def test_segmentation_does_not_depend_on_how_many_lines_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [
        CellLines(tuple(part), (0.3,) * (len(part) - 1), (k - 1,) if k else ())
        for k, part in enumerate(_parts(7))
    ]
    together = segment_all([*_documents(), *cells])
    monkeypatch.setattr("pipeline.tidy.wraps.segment._AT_ONCE", 1)
    assert segment_all([*_documents(), *cells]) == together


@pytest.mark.parametrize("typed", [False, True])
def test_features_of_all_gaps_at_once_are_those_of_each_gap_alone(typed: bool) -> None:
    draw = random.Random(4)
    part = next(iter(_parts(4, 1)))
    pairs = list(zip(part, part[1:], strict=False))
    starts = {text[:2]: draw.randint(1, 5) for text in part}
    ends = {text[-2:]: draw.randint(1, 5) for text in part}
    traits = [tuple(float(draw.randint(0, 1)) for _ in TRAITS) for _ in pairs]
    numbers = [draw.uniform(-3, 3) for _ in pairs], [draw.uniform(-3, 3) for _ in pairs]
    gaps = Gaps(
        pairs,
        np.array(numbers[0]),
        np.array(numbers[1]),
        [starts[second[:2]] for _, second in pairs],
        [ends[first[-2:]] for first, _ in pairs],
        traits if typed else (),
    )
    found = arrays.gap_features(gaps, typed)
    assert list(found) == list((TYPED if typed else PRINTED).gap)
    for k, (first, second) in enumerate(pairs):
        here = (numbers[0][k], numbers[1][k], first, second, starts, ends)
        alone = typed_gap_features(*here, traits[k]) if typed else gap_features(*here)
        assert [feature[k] for feature in found.values()] == pytest.approx(list(alone))


def test_the_file_holds_a_weight_for_every_feature_and_no_other() -> None:
    items = Candidates()
    items.add_part(["茶艺", "师"], [-0.1])
    for name, model in load_weights().items():
        found = arrays.item_features(items, Lessons(), [set()] * 2, typed=name == "typed")
        assert list(found) == list(model.item)
    with pytest.raises(ValueError, match="known"):
        weighed({name: 1.0 for name in PRINTED.item if name != "known"}, found)


def test_all_divisions_add_up() -> None:
    items = Candidates()
    for part in _parts(9, 5):
        items.add_part(part, [-0.1] * (len(part) - 1))
    scores = [random.Random(k).uniform(-2, 2) for k in range(len(items.texts))]
    found = divide(items, scores)
    for k, (start, stop, low, high) in enumerate(items.parts):
        for line in range(start, stop):  # every line belongs to one item
            over = [n for n in range(low, high) if items.first[n] <= line <= items.last[n]]
            assert sum(found.posterior[n] for n in over) == pytest.approx(1.0)
        assert found.total[k] >= sum(scores[n] for n in found.best[k])


def test_an_empty_cell_beside_doubtful_ones_is_empty() -> None:
    doubtful = [CellLines(tuple(part), (0.3,) * (len(part) - 1)) for part in _parts(7, 5)]
    assert segment_all([*doubtful, CellLines((), ())])[-1] == []


def test_the_page_on_weights_names_every_feature() -> None:
    page = (Path(__file__).parents[2] / "docs" / "weights.md").read_text("utf-8")
    rows = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert rows == {name for model in load_weights().values() for name in (*model.gap, *model.item)}
