"""Content findings: on the whole edition, and on items made wrong on purpose."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pipeline.findings import CODES, Finding
from pipeline.quality.assess import check_tables, mark_entries
from pipeline.quality.checks import content
from pipeline.quality.checks.content import cut_off, unbalanced
from pipeline.quality.checks.uncertain import uncertain
from pipeline.quality.decisions import affected, by_worth, finding_rows
from pipeline.schema import TABLES, build
from pipeline.text import normalise
from tests.quality.truth_tables import EDITION, truth_rows, truth_tables


@pytest.fixture(scope="module")
def found() -> list[Finding]:
    return check_tables(truth_tables())


def _of(found: list[Finding], code: str) -> list[Finding]:
    return [finding for finding in found if finding.code == code]


def _entry(text: str, position: int, **more: Any) -> dict[str, Any]:
    from pipeline.tidy.grades.levels import read_levels

    (base,) = truth_tables()["entries"].slice(0, 1).to_pylist()
    base |= {"class_code": "6101", "kind": "skill", "tier": "初级"}
    levels = read_levels(text)
    made = {"text": text, "name": levels.name, "grades": list(levels.grades), "level": levels.level}
    return {**base, **made, "position": position, "entry_id": f"{position:016x}", **more}


def test_every_finding_is_a_whole_one(found: list[Finding]) -> None:
    keys = {
        name: {row[TABLES[name].key[0]] for row in rows}
        for name, rows in truth_rows().items()
        if name in ("entries", "credentials", "classes", "majors")
    }
    assert len({finding.digits for finding in found}) == len(found)
    for finding in found:
        assert finding.rows and set(finding.rows) <= keys[finding.table or ""]
        assert finding.message.endswith("。") and finding.evidence and finding.page is not None
    build("findings", finding_rows(found, EDITION), EDITION, "pdf")


def test_contradicting_level_words(found: list[Finding]) -> None:
    texts = {finding.evidence for finding in _of(found, "level_words_contradict")}
    assert {
        "船体装配工(五级/高级工)",
        "广告设计师(二级/高级工)",
        "社会工作者[社会工作者](中级/二级)",
    } <= texts
    assert len(texts) == 14


def test_tier_conflicts_are_summed_up_and_all_there(found: list[Finding]) -> None:
    conflicts = _of(found, "tier_conflict")
    at_fault = {row["entry_id"] for row in truth_rows()["credentials"] if row["tier_conflict"]}
    named = [key for finding in conflicts for key in finding.rows]
    assert sorted(named) == sorted(at_fault), "each entry in one finding"
    assert sum(row["tier_conflict"] for row in truth_rows()["credentials"]) == 816
    assert len(conflicts) < 100
    first, second = by_worth(finding_rows(conflicts, EDITION))[:2]
    assert affected(first) > 300 and affected(second) > 300
    both = {first["evidence"], second["evidence"]}
    assert both == {"skill|中级|二级/技师", "skill|初级|三级/高级工"}


def test_a_single_conflict_is_not_lost_in_a_scale() -> None:
    entries = [_entry(f"工种{'甲乙丙丁'[n]}员(三级/高级工)", n + 1) for n in range(3)]
    entries.append(_entry("保育师(二级/技师)", 4))
    credentials = [
        {"entry_id": entry["entry_id"], "tier_conflict": True, "tier_by_rule": "高级"} for entry in entries
    ]
    from pipeline.quality.checks.tiers import tier_conflicts

    conflicts = list(tier_conflicts(entries, credentials))
    assert [len(finding.rows) for finding in conflicts] == [3, 1]
    assert "保育师(二级/技师)" in conflicts[1].message and conflicts[1].key == entries[3]["entry_id"]


def _in_conflict(texts: list[tuple[str, str, str]], by_rule: str = "高级") -> list[Finding]:
    """Conflicts of (text, tier, class) of one kind, all but those whose tier is ``by_rule``."""
    from pipeline.quality.checks.tiers import tier_conflicts

    entries = [
        _entry(text, n, tier=tier, class_code=code, entry_id=f"{n:016x}")
        for n, (text, tier, code) in enumerate(texts, 1)
    ]
    rows = [
        {"entry_id": entry["entry_id"], "tier_conflict": True, "tier_by_rule": by_rule}
        for entry in entries
        if entry["tier"] != by_rule
    ]
    return list(tier_conflicts(entries, rows))


def test_a_certificate_whose_grades_run_through_the_tiers_is_a_scale() -> None:
    ladder = [
        (f"{name}({grade})", tier, "6101")
        for name in ("轴承检测师证书", "染料检测师证书")
        for grade, tier in (("三级", "初级"), ("二级", "中级"), ("一级", "高级"))
    ]
    slip = [
        ("保育师(五级)", "初级", "6102"),
        ("面点师(三级)", "初级", "6102"),
        ("面点师(五级)", "中级", "6102"),
    ]
    made = _in_conflict([*ladder, *slip])
    evidence = {finding.evidence: len(finding.rows) for finding in made}
    assert evidence["skill|初级|三级/高级工"] == 2 and evidence["skill|中级|二级/技师"] == 2
    assert evidence["面点师(三级)|初级"] == 1, "its grades do not run evenly: a slip of its own"


def test_what_most_items_of_a_column_state_is_a_scale() -> None:
    column = [(f"{name}检测师证书(三级)", "初级", f"61{n:02}") for n, name in enumerate("甲乙丙丁", 1)]
    (finding,) = _in_conflict([*column, ("戊检测师证书(五级)", "高级", "6105")])
    assert len(finding.rows) == 4 and finding.evidence == "skill|初级|三级/高级工"
    others = [(f"{name}维修工(五级)", "初级", "6106") for name in "甲乙丙丁戊"]
    assert len(_in_conflict([*column, *others])) >= 4, "a minority is looked at one by one"


def test_a_contradiction_is_not_two_decisions() -> None:
    (finding,) = _in_conflict([("船体装配工(五级/高级工)", "初级", "6101")])
    assert finding.level == "info"


def test_repeated_items_one_finding_per_cell(found: list[Finding]) -> None:
    cells = Counter(
        (entry["class_code"], entry["kind"], entry["tier"], entry["text"])
        for entry in truth_rows()["entries"]
    )
    wrong = {cell[:3] for cell, count in cells.items() if count > 1}
    assert len(_of(found, "item_repeated")) == len(wrong) > 40


def test_near_duplicates_name_the_doubtful_one(found: list[Finding]) -> None:
    pairs = {finding.evidence for finding in _of(found, "name_near_duplicate")}
    assert "西式西点师|西式面点师" in pairs and "插花茶艺师|插花花艺师" in pairs
    # Both of these pairs are two certificates each.
    assert not any({"中式面点师", "西式面点师"} == set(pair.split("|")) for pair in pairs)
    assert not any({"一级注册建筑师", "二级注册建筑师"} == set(pair.split("|")) for pair in pairs)
    assert 15 < len(pairs) < 40
    warned = {finding.evidence for finding in _of(found, "name_near_duplicate") if finding.level == "warning"}
    assert "西式西点师|西式面点师" in warned and "插花茶艺师|插花花艺师" in warned and len(warned) < 20


@pytest.mark.parametrize(
    ("doubtful", "known", "level"),
    [
        ("西式西点师", "西式面点师", "warning"),
        ("餐厅服务", "餐厅服务员", "warning"),
        ("音响调音师", "音响调音员", "info"),  # another word for the person: two ways to name an occupation
        ("机电设备工艺师", "机电设备工程师", "info"),
        ("社会工作师", "社会工作者", "info"),
        ("执业中药师", "执业药师", None),  # two qualifications
        ("无线电调试工/员", "无线电调试工", None),  # both ways are spelt out
        ("眼镜验光师(员)", "眼镜验光师", None),
        ("土建施工员等", "土建施工员", None),
    ],
)
def test_near_duplicates_by_kind_of_difference(doubtful: str, known: str, level: str | None) -> None:
    from pipeline.quality.checks.neighbours import near_duplicates

    rows = [_entry(f"{doubtful}", 1, name=doubtful), _entry(known, 2, name=known)]
    assert [finding.level for finding in near_duplicates(rows, [known])] == ([level] if level else [])


def test_near_duplicates_without_annexes_need_complementary_tiers() -> None:
    from pipeline.quality.checks.neighbours import near_duplicates

    usual = [_entry("陶瓷烧成工(五级)", 1), _entry("陶瓷烧成工(四级)", 2, tier="中级")]
    misprint = _entry("陶瓷烧戍工(三级)", 3, tier="高级")
    (finding,) = near_duplicates([*usual, misprint])
    assert finding.key == misprint["entry_id"] and finding.evidence == "陶瓷烧戍工|陶瓷烧成工"
    beside = _entry("陶瓷烧戍工(四级)", 3, tier="中级")
    assert not list(near_duplicates([*usual, beside]))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("花艺师(五级/初级工)", False),
        ("花艺师(五级/初级工", True),
        ("花艺师五级)", True),
        ("花(艺]师", True),
        ("“1+X旅游大数据分析", True),
        ("社会工作者[社会工作者](中级)", False),
        ("三级(含)以上", False),
        ("《茶艺》证书", False),
    ],
)
def test_brackets(text: str, wrong: bool) -> None:
    assert unbalanced(text) is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (":HCIA(初级认证)", True),
        ("专业能力等级证书(中级)", True),
        ("三一重工股份有限公司:", True),
        ("高级", True),
        ("职业技能等级证书(初级)", True),
        ("技师", False),
        ("高级技师", False),
        ("资产评估师", False),
        ("初级会计师", False),
        ("工程师", False),
    ],
)
def test_cut_off(text: str, wrong: bool) -> None:
    assert (cut_off(text) is not None) is wrong


@pytest.mark.parametrize(
    ("text", "ditto"),
    [
        ("同上", True),
        ("(同左)", True),
        ("同前一栏", True),
        ("同初级", True),
        ("〃", True),
        ("同声传译", False),
        ("高级", False),
    ],
)
def test_what_only_refers_to_another_cell_is_no_item(text: str, ditto: bool) -> None:
    entries = [_entry(text, 1), _entry(text, 1, class_code="6102", entry_id="a" * 16)]
    found = [finding for finding in content.form(entries) if finding.code == "item_ditto"]
    assert [finding.rows for finding in found] == ([(f"{1:016x}", "a" * 16)] if ditto else [])


def test_an_item_behind_a_bullet_is_not_cut_off() -> None:
    listed = _entry("·农艺师", 1, name="农艺师")
    assert not list(content.form([listed]))
    assert [finding.code for finding in content.form([_entry("·农艺师", 1)])] == ["item_cut_off"]


def test_the_truth_has_hardly_any_item_of_bad_form(found: list[Finding]) -> None:
    """What a careful reader printed item by item is whole: these checks must hardly ever speak up."""
    assert len(_of(found, "item_cut_off")) <= 2
    assert len(_of(found, "brackets_unbalanced")) == 3
    joined = [finding.evidence for finding in _of(found, "items_run_together")]
    assert joined == ["定制旅行管家服务旅行策划职业技能等级证书(初级)"], (
        "printed as one, though two certificates"
    )
    assert not _of(found, "item_length")


def test_items_run_together_and_cut_apart() -> None:
    entries = [
        _entry("多媒体应用设计师", 1),
        _entry("嵌入式系统设计师", 2),
        _entry("华为技术有限公司:HCIA", 3),
        _entry("多媒体应用设计师嵌入式系统设计师", 1, class_code="6102", entry_id="a" * 16),
        _entry("华为技术有限公", 2, class_code="6102", entry_id="b" * 16),
        _entry("司:HCIA", 3, class_code="6102", entry_id="c" * 16),
    ]
    found = list(content.boundaries(entries))
    assert [(finding.code, finding.rows) for finding in found] == [
        ("items_run_together", ("a" * 16,)),
        ("item_cut_off", ("b" * 16, "c" * 16)),
    ]


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        (["农艺师(三级/高级工)、农艺师(二级/技师)"], "农艺师(三级/高级工)|农艺师(二级/技师)"),
        (["农艺师(五级/初级工);食用"], "农艺师(五级/初级工)|食用"),
        (["农艺师(五级/初级工)菌类生产工(五级/初级工)"], "农艺师(五级/初级工)|菌类生产工(五级/初级工)"),
        (["助理农艺师,农业经济员", "农艺师", "工程师", "植保员"], "助理农艺师|农业经济员"),
        (["1.农艺师2.植保员"], "1.农艺师|2.植保员"),
        (["甲类植保员(三级)/乙类植保员(三级)"], "甲类植保员(三级)|乙类植保员(三级)"),
    ],
)
def test_a_list_in_one_line_is_asked_about(texts: list[str], parts: str) -> None:
    entries = [_entry(text, position) for position, text in enumerate(texts, 1)]
    (finding,) = [f for f in content.boundaries(entries) if f.code == "items_run_together"]
    assert finding.evidence == parts and finding.rows == (entries[0]["entry_id"],)
    assert all(part in finding.message for part in parts.split("|"))


@pytest.mark.parametrize(
    "text",
    [
        "电工/维修电工(五级/初级工)",
        "创业咨询师、创业导师(五级/初级)",
        "植保员(三级/高级工)、(二级/技师)",
        "植保员(三级/高级工、二级/技师)",
        "某某联合会:物流员、助理级",
        "汽车(甲、乙等)品牌内训证书",
        "1、2级植保员",
    ],
)
def test_marks_that_divide_no_items(text: str) -> None:
    entries = [_entry(one, position) for position, one in enumerate((text, "农艺师", "植保员", "物流员"), 1)]
    assert not [f for f in content.boundaries(entries) if f.code == "items_run_together"]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("技术员\u3000助理工程师", ["技术员", "助理工程师"]),
        ("植保员（五级）\tPLC编程员", ["植保员(五级)", "PLC编程员"]),
        ("技 术 员  助 理 工 程 师", ["技术员", "助理工程师"]),
        ("技术员②助理工程师", ["技术员", "2助理工程师"]),
        ("植保员（五级）\t食", ["植保员(五级)", "食"]),
        ("工程\u3000师", None),
        ("技\u3000术\u3000员", None),
        ("技术员 助理工程师", None),
        ("健康管理师\u3000三级", None),
        ("①\u3000技术员", None),
        ("植保员（五级\u3000初级工）", None),
        ("Linux  Professional", None),
    ],
)
def test_words_that_wide_blanks_part(line: str, parts: list[str] | None) -> None:
    entry = _entry(normalise(line), 1, cell_id="T1-R1-C1")
    apart = content.set_apart([{"cell_id": "T1-R1-C1", "lines": [{"text": line}]}])
    found = list(content.boundaries([entry], (), apart))
    assert [finding.evidence.split("|") for finding in found] == ([parts] if parts else [])


@pytest.mark.parametrize(
    ("one", "other", "cut"),
    [
        ("卫生健康委员", "会:某某从业资格证", True),
        ("机械工程师", "学会(IME):国际注册机械工程师", True),
        ("国家信息安全水平证书(NISP)(中级)", "能源局:播音加工从业资格证", False),
        ("国家注册安全证", "能源局:播音加工从业资格证", False),
    ],
)
def test_a_cut_through_an_issuer(one: str, other: str, cut: bool) -> None:
    found = list(content.boundaries([_entry(one, 1), _entry(other, 2)]))
    assert [finding.code for finding in found] == (["item_cut_off"] if cut else [])


def test_halves_that_are_no_items_do_not_part_a_whole() -> None:
    entries = [
        _entry("某某学会:财税从业人员专业能力等级证书(中级)", 1),
        _entry("某某学会:财税从业人员", 1, class_code="6102"),
        _entry("专业能力等级证书(中级)", 2, class_code="6102"),
        _entry("老年照护职业技能等级证书(某某协会)", 1, class_code="6103"),
        _entry("老年照护职业技能等级证", 1, class_code="6104"),
        _entry("书(某某协会)", 2, class_code="6104"),
    ]
    assert not [f for f in content.boundaries(entries) if f.code == "items_run_together"]


def test_one_question_per_doubtful_gap_or_item() -> None:
    sure = [_entry("甲种维修工", 1, confidence=0.97), _entry("乙种维修工", 2, confidence=0.93)]
    assert not list(uncertain(sure))
    alone = _entry("丙种维修工", 3, confidence=0.4)
    (finding,) = uncertain([*sure, alone])
    assert finding.level == "info" and finding.rows == (alone["entry_id"],) and finding.confidence == 0.4
    assert "一条还是几条" in finding.message and "60%" in finding.message
    halves = [_entry("丁种", 4, confidence=0.7), _entry("维修工(初级)", 5, confidence=0.6)]
    again = [
        _entry("丁种", 1, confidence=0.8, tier="中级"),
        _entry("维修工(中级)", 2, confidence=0.8, tier="中级"),
    ]
    alone = _entry("丙种维修工", 7, confidence=0.4)
    first, second = uncertain([*sure, *halves, _entry("戊工", 6), *again, alone])
    assert first.confidence <= second.confidence, "the worst first"
    gap = next(one for one in (first, second) if len(one.rows) > 1)
    assert set(gap.rows) == {one["entry_id"] for one in (*halves, *again)}, (
        "cut alike in two tiers: one question"
    )
    assert "“丁种”与“维修工(初级)”是两条还是一条" in gap.message and gap.evidence == "丁种|维修工"


def test_attention_is_for_what_may_be_read_wrongly(found: list[Finding]) -> None:
    entries = truth_tables()["entries"]
    marked = mark_entries(entries, found, {})
    of_entries = [finding for finding in found if finding.table in ("entries", "credentials")]
    wanted = {key for one in of_entries if CODES[one.code].queue == "reading" for key in one.rows}
    assert wanted
    ids = marked["entry_id"].to_pylist()
    flags = marked["requires_attention"].to_pylist()
    assert {key for key, flag in zip(ids, flags, strict=True) if flag} == wanted
    assert marked.schema == entries.schema
    settled = mark_entries(entries, found, {finding.digits: "accepted" for finding in found})
    assert not any(settled["requires_attention"].to_pylist())
    elsewhere = Finding("value_unusual", "…。", "x", table="annex_6_assessments", key=ids[0])
    assert not any(mark_entries(entries, [elsewhere], {})["requires_attention"].to_pylist())
