"""Links between catalogue entries and annex rows, on the whole edition and on single names."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from pipeline.findings import Finding
from pipeline.quality.checks import links
from pipeline.schema import build
from tests.quality.truth_tables import EDITION, truth_rows, truth_tables


@pytest.fixture(scope="module")
def linked() -> tuple[list[dict[str, Any]], list[Finding]]:
    return links.link(truth_tables())


def _entries() -> dict[str, dict[str, Any]]:
    return {row["entry_id"]: row for row in truth_rows()["entries"]}


def _named(row: dict[str, Any]) -> set[str]:
    """What the annex row of a link calls itself."""
    columns = {
        column for targets in links.TARGETS.values() for table, column in targets if table == row["table"]
    }
    (found,) = [other for other in truth_rows()[row["table"]] if other["row_id"] == row["row_id"]]
    return {found[column] for column in columns if found.get(column)}


def test_every_link_fits_the_table_and_leads_to_a_row(
    linked: tuple[list[dict[str, Any]], list[Finding]],
) -> None:
    rows, _ = linked
    table = build("links", rows, EDITION)
    assert table.num_rows == len({row["entry_id"] for row in rows}), "one link per entry"
    for name in {row["table"] for row in rows}:
        ids = {row["row_id"] for row in truth_rows()[name]}
        assert {row["row_id"] for row in rows if row["table"] == name} <= ids


def test_shares_by_method(linked: tuple[list[dict[str, Any]], list[Finding]]) -> None:
    rows, _ = linked
    entries = _entries()
    kinds = Counter(entry["kind"] for entry in entries.values())
    shares = Counter((entries[row["entry_id"]]["kind"], row["method"]) for row in rows)
    assert set(kinds) - {kind for kind, _ in shares} == {"industry"}
    assert shares["one_plus_x", "normalised"] / kinds["one_plus_x"] > 0.7
    assert (
        sum(shares["one_plus_x", method] for method in ("exact", "normalised", "fuzzy"))
        > 0.8 * kinds["one_plus_x"]
    )
    assert shares["title", "exact"] / kinds["title"] > 0.55
    # Likeness is the exception: what it finds has been read by hand, and more of it would be guesses.
    assert 80 < sum(count for (_, method), count in shares.items() if method == "fuzzy") < 160


def test_exact_and_normalised_links_say_the_same(linked: tuple[list[dict[str, Any]], list[Finding]]) -> None:
    entries = _entries()
    for row in linked[0]:
        name = entries[row["entry_id"]]["name"]
        if row["method"] == "fuzzy":
            assert row["score"] < 1
            continue
        assert row["score"] == 1
        assert links.bare(name) in {links.bare(text) for text in _named(row)}, (name, row)


@pytest.mark.parametrize(
    ("kind", "text", "table", "name", "method"),
    [
        ("one_plus_x", "植保无人机应用职业技能等级证书(初级)", "annex_7_one_plus_x", "植保无人飞机应用职业技能等级证书", "fuzzy"),
        ("one_plus_x", "设施蔬菜生产职业技能等级证书(初级)", "annex_7_one_plus_x", "设施蔬菜生产职业技能等级证书", "normalised"),
        ("one_plus_x", "1+X老年照护职业技能等级证书(中级)", "annex_7_one_plus_x", "老年照护职业技能等级证书", "normalised"),
        ("skill", "车工(四级/中级工)", "annex_6_assessments", "车工", "normalised"),
        ("title", "高级工程师", "annex_10_titles", "高级工程师", "exact"),
        ("practice", "执业药师", "annex_8_qualifications", "执业药师", "exact"),
    ],
)  # fmt: skip
def test_single_names(kind: str, text: str, table: str, name: str, method: str) -> None:
    entry = next(row for row in truth_rows()["entries"] if row["kind"] == kind and row["tier"] == "初级")
    made = {**entry, "text": text, "name": text.split("(")[0], "grades": []}
    rows, _ = links.link({**truth_tables(), "entries": build("entries", [made], EDITION)})
    assert [(row["table"], row["method"]) for row in rows] == [(table, method)]
    assert name in _named(rows[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("高级工程师", "正高级工程师"),
        ("邮轮运营职业技能等级考评员证书", "邮轮运营职业技能等级证书"),
        ("跨境电商B2B数据运营", "跨境电商B2C数据运营"),
        ("一级注册建筑师", "二级注册建筑师"),
        ("助理医师", "助理兽医师"),
    ],
)
def test_words_that_tell_credentials_apart_are_never_bridged(one: str, other: str) -> None:
    assert links.telling(links.bare(one)) != links.telling(links.bare(other))


def test_grades_choose_among_rows_of_one_name() -> None:
    base = {**truth_rows()["annex_6_assessments"][0], "occupation": "车工"}
    rows = [{**base, "row_id": str(n), "grades": grades} for n, grades in enumerate(([5], [4, 3], [3, 2, 1]))]
    entry = next(row for row in truth_rows()["entries"] if row["kind"] == "skill")
    for grades, expected in (([5], "0"), ([4, 3], "1"), ([1], "2"), ([], "0")):
        made = build("entries", [{**entry, "text": "车工(某级)", "name": "车工", "grades": grades}], EDITION)
        tables = {"entries": made, "annex_6_assessments": build("annex_6_assessments", rows, EDITION)}
        assert [row["row_id"] for row in links.link(tables)[0]] == [expected]


def test_unlinked_one_plus_x_entries_are_findings(linked: tuple[list[dict[str, Any]], list[Finding]]) -> None:
    rows, findings = linked
    done = {row["entry_id"] for row in rows}
    wanted = {key for key, entry in _entries().items() if entry["kind"] == "one_plus_x" and key not in done}
    named = [key for finding in findings for key in finding.rows]
    assert sorted(named) == sorted(wanted), "each unlinked entry in one finding"
    assert len({finding.digits for finding in findings}) == len(findings)


def test_without_annexes_there_is_nothing_to_link_to() -> None:
    empty: dict[str, pa.Table] = {"entries": truth_tables()["entries"]}
    assert links.link(empty) == ([], [])


def _certificate(name: str, number: int) -> dict[str, Any]:
    entry = next(row for row in truth_rows()["entries"] if row["kind"] == "one_plus_x")
    return {**entry, "text": name, "name": name, "grades": [], "entry_id": f"{number:016x}"}


def _unlinked(names: list[str]) -> list[Finding]:
    entries = build("entries", [_certificate(name, n) for n, name in enumerate(names, 1)], EDITION)
    annex = truth_tables()["annex_7_one_plus_x"]
    return links.link({"entries": entries, "annex_7_one_plus_x": annex})[1]


def test_an_unlinked_certificate_is_shown_beside_the_most_alike_one() -> None:
    (finding,) = _unlinked(["云安全运营职业技能等级证书"])
    assert finding.level == "warning" and finding.key == f"{1:016x}"
    assert "“云安全运营服务职业技能等级证书”" in finding.message


def test_proofs_of_a_role_are_one_info() -> None:
    made = _unlinked(["邮轮运营职业技能等级考评员证书", "会展管理职业技能等级认证师资证书", "车联网集成应用"])
    assert [(finding.level, len(finding.rows)) for finding in made] == [("info", 2), ("warning", 1)]


def test_where_most_certificates_are_missing_the_annex_is_in_question() -> None:
    strange = [f"{name}操作职业技能等级证书" for name in "甲乙丙丁戊己庚辛壬癸子丑"]
    (finding,) = _unlinked([*strange, "老年照护职业技能等级证书"])
    assert len(finding.rows) == 12 and "13种证书中有12种" in finding.message
    assert len(_unlinked(strange[:5])) == 5, "a few say nothing about the annex"
