"""history.py and the view entry_history: a certificate over three editions of one jurisdiction and one of another."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.errors import XizeError
from pipeline.query.catalogue import Catalog
from pipeline.query.history import History, history
from pipeline.releases.publish import RunInfo, publish
from pipeline.schema import TABLES, build
from pipeline.tidy.entries import entry_id
from pipeline.tidy.grades.levels import read_levels
from tests.sample_tables import source_info

# Class, kind, tier, printed text: the protector changes its tier and grade and is gone for a year; the smith's name
# changes; the gardener stands in all years; a class is lost in one source.
_GARDENER = ("6101", "skill", "初级", "园艺工(五级/初级工)")
_EDITIONS: dict[str, list[tuple[str, str, str, str]]] = {
    "shanghai-2024": [
        ("6101", "skill", "初级", "农作物植保员(五级/初级工)"),
        ("6101", "skill", "初级", "农业机械修理工(五级/初级工)"),
        ("6102", "skill", "中级", "林木种苗工(四级/中级工)"),
        _GARDENER,
    ],
    "shanghai-2025": [
        ("6101", "skill", "初级", "农业机械维修工(五级/初级工)"),
        ("6103", "title", "中级", "兽医师"),
        _GARDENER,
    ],
    "shanghai-2026": [
        ("6101", "skill", "中级", "农作物植保员(四级/中级工)"),
        ("6101", "skill", "高级", "农作物植保员(三级/高级工、二级/技师)"),
        ("6101", "skill", "初级", "农业机械维修工(五级/初级工)"),
        ("6102", "skill", "中级", "林木种苗工(四级/中级工)"),
        _GARDENER,
    ],
    "jiangsu-2025": [
        ("6101", "skill", "初级", "农作物植保员(五级/初级工)"),
        ("6101", "title", "中级", "农艺师"),
    ],
}
_NAMES = {"6101": "农业类", "6102": "林业类", "6103": "畜牧业类"}


def _publish(
    curated: Path, edition: str, printed: list[tuple[str, str, str, str]], confidence: float = 1.0
) -> None:
    entries: list[dict[str, Any]] = []
    for position, (class_code, kind, tier, text) in enumerate(printed, 1):
        stated = read_levels(text)
        entries.append(
            {
                "entry_id": entry_id(class_code, kind, tier, text, 1),
                "class_code": class_code,
                "kind": kind,
                "tier": tier,
                "position": position,
                "confidence": confidence,
                "text": text,
                "name": text.partition("(")[0],
                "grades": list(stated.grades),
                "level": stated.level,
                "source": "pdf",
                "page": 10 + position,
            }
        )
    codes = sorted({entry["class_code"] for entry in entries})
    classes = [
        {
            "class_code": code,
            "college_code": f"4{code[1:]}",
            "name": _NAMES[code],
            "major_code": "61",
            "source": "pdf",
        }
        for code in codes
    ]
    coverage = [
        {"subject": "class", "key": code, "name": name, "status": "lost", "source": "pdf"}
        for code, name in _NAMES.items()
        if code not in codes and (edition, code) == ("shanghai-2025", "6102")
    ]
    rows = {"entries": entries, "classes": classes, "coverage": coverage}
    publish(
        {name: build(name, rows.get(name, ()), edition) for name in TABLES},
        source_info(edition=edition),
        RunInfo(),
        curated,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("years")
    # An older release of an edition does not count.
    _publish(folder / "curated", "shanghai-2025", _EDITIONS["shanghai-2024"])
    for edition, printed in _EDITIONS.items():
        _publish(folder / "curated", edition, printed)
    return folder


@pytest.fixture(scope="module")
def catalog(home: Path) -> Iterator[Catalog]:
    with Catalog(home=home) as catalog:
        yield catalog


def _states(found: History) -> list[tuple[str, str, list[str]]]:
    return [
        (life.jurisdiction, life.class_code, [one.state for one in life.standings]) for life in found.lives
    ]


def test_a_name_is_followed_over_changes_of_tier_and_grade(catalog: Catalog) -> None:
    found = history(catalog, "农作物 植保员", jurisdiction="shanghai")
    (life,) = found.lives
    assert _states(found) == [("shanghai", "6101", ["stands", "absent", "stands"])]
    assert [(one.edition, one.tiers, one.grades) for one in life.standings] == [
        ("shanghai-2024", ("初级",), (5,)),
        ("shanghai-2025", (), ()),
        ("shanghai-2026", ("中级", "高级"), (4, 3, 2)),
    ]
    assert life.first.edition == "shanghai-2024" and life.last.edition == "shanghai-2026"
    assert [one.edition for one in life.gaps] == ["shanghai-2025"]
    assert life.sentence() == (
        "2024年（最早的版本）已列入，2025年未列，2026年仍列入，现为中级（四级）；高级（三级、二级）。"
    )
    assert [entry.text for entry in life.last.entries] == [row[3] for row in _EDITIONS["shanghai-2026"][:2]]


def test_every_jurisdiction_has_its_own_years(catalog: Catalog) -> None:
    assert _states(history(catalog, "农作物植保员")) == [
        ("jiangsu", "6101", ["stands"]),
        ("shanghai", "6101", ["stands", "absent", "stands"]),
    ]
    with pytest.raises(XizeError, match=r"没有地区“anhui”的发布：现有jiangsu、shanghai。"):
        history(catalog, "农作物植保员", jurisdiction="anhui")


def test_a_lost_class_is_not_silence(catalog: Catalog) -> None:
    assert _states(history(catalog, "林木种苗工")) == [("shanghai", "6102", ["stands", "lost", "stands"])]
    (life,) = history(catalog, "兽医师").lives
    assert [one.state for one in life.standings] == ["no_class", "stands", "no_class"]
    assert life.sentence() == "2025年起列入，2026年起无此专业类，最后为中级。"


def test_a_new_name_is_suggested_where_the_old_one_ends(catalog: Catalog) -> None:
    (old,) = history(catalog, "农业机械修理工").lives
    assert [one.state for one in old.standings] == ["stands", "absent", "absent"]
    assert [one.renamed and one.renamed[0] for one in old.standings] == [None, *["农业机械维修工"] * 2]
    (new,) = history(catalog, "农业机械维修工").lives
    assert new.standings[0].renamed is not None and new.standings[0].renamed[0] == "农业机械修理工"
    # What stands beside a name all the years is no other name for it.
    assert all(one.renamed is None for one in history(catalog, "园艺工").lives[0].standings)


def test_a_printed_text_leads_to_its_name(catalog: Catalog) -> None:
    (life,) = history(catalog, "农作物植保员(四级/中级工)", jurisdiction="shanghai").lives
    assert [one.state for one in life.standings] == ["stands", "absent", "stands"]


def test_near_names_are_offered(catalog: Catalog) -> None:
    found = history(catalog, "农作物植物保护员")
    assert not found.lives
    assert found.near[0].name == "农作物植保员" and found.near[0].class_codes == ("6101",)
    assert found.near[0].editions == ("jiangsu-2025", "shanghai-2024", "shanghai-2026")
    assert not history(catalog, "zzzz").near


def test_class_and_kind_narrow_the_question(catalog: Catalog) -> None:
    for code in ("6101", "4101", "农业类"):
        assert history(catalog, "农艺师", class_code=code, kind="title").lives
    assert not history(catalog, "农艺师", class_code="6103").lives
    assert not history(catalog, "农艺师", kind="skill").lives
    with pytest.raises(XizeError, match="没有专业类“9999”"):
        history(catalog, "农艺师", class_code="9999")
    with pytest.raises(XizeError, match="名称为空"):
        history(catalog, "  ")


def test_the_view_has_a_row_per_entry_and_jurisdiction(catalog: Catalog) -> None:
    rows = catalog.sql("select * from entry_history").to_pylist()
    printed = {(edition.split("-")[0], *item) for edition, items in _EDITIONS.items() for item in items}
    assert len(rows) == len(printed)
    by_text = {(row["jurisdiction"], row["class_code"], row["text"]): row for row in rows}
    gardener = by_text["shanghai", "6101", "园艺工(五级/初级工)"]
    assert gardener["editions"] == ["shanghai-2024", "shanghai-2025", "shanghai-2026"]
    assert gardener["missing_editions"] == []
    assert gardener["entry_id"] == entry_id("6101", "skill", "初级", "园艺工(五级/初级工)", 1)
    smith = by_text["shanghai", "6102", "林木种苗工(四级/中级工)"]
    assert (smith["first_edition"], smith["last_edition"]) == ("shanghai-2024", "shanghai-2026")
    assert smith["missing_editions"] == ["shanghai-2025"]
    assert smith["tiers"] == ["中级"] and [one["grades"] for one in smith["grades"]] == [[4], [4]]
    protector = by_text["jiangsu", "6101", "农作物植保员(五级/初级工)"]
    assert protector["editions"] == ["jiangsu-2025"]
    assert protector["entry_id"] == by_text["shanghai", "6101", "农作物植保员(五级/初级工)"]["entry_id"]


def _xize(home: Path, *words: str) -> Any:
    return CliRunner().invoke(app, ["--home", str(home), *words])


def test_from_the_command_line(home: Path) -> None:
    done = _xize(home, "history", "--name", "农作物植保员", "--class", "6101", "--jurisdiction", "shanghai")
    assert done.exit_code == 0
    assert "2025年未列" in done.stdout and "农作物植保员(三级/高级工、二级/技师)" in done.stdout
    assert "shanghai-2025@r002" in done.stdout and "jiangsu" not in done.stdout
    document = json.loads(_xize(home, "history", "--name", "农作物植保员", "-f", "json").stdout)
    assert [life["gaps"] for life in document["lives"]] == [[], ["shanghai-2025"]]
    assert document["lives"][1]["editions"][2]["grades"] == [4, 3, 2]
    rows = list(csv.DictReader(io.StringIO(_xize(home, "history", "--name", "园艺工", "-f", "csv").stdout)))
    assert [row["state"] for row in rows] == ["stands"] * 3 and {row["grades"] for row in rows} == {"5"}
    missing = _xize(home, "history", "--name", "农作物植物保护员")
    assert missing.exit_code == 1 and "农作物植保员（" in missing.stdout
    refused = _xize(home, "history", "--name", "园艺工", "--jurisdiction", "anhui").exception
    assert isinstance(refused, XizeError) and refused.exit_code == 2
    sql = _xize(home, "sql", "select distinct tiers from entry_history where name = '园艺工'", "-f", "json")
    assert json.loads(sql.stdout) == [{"tiers": ["初级"]}]


def test_the_same_characters_read_as_other_items_are_no_change(tmp_path: Path) -> None:
    """An item that one year's reading joins and another's parts stands in both; where layout is certain, it does not."""
    whole, parts = ["影视编导师"], ["影视", "编导师"]
    for year, (texts, confidence) in enumerate(
        [(whole, 0.9), (parts, 0.9), (parts, 1.0), (whole, 1.0)], 2024
    ):
        printed = [("6101", "skill", "初级", text) for text in texts]
        _publish(tmp_path / "curated", f"shanghai-{year}", printed, confidence)
    with Catalog(home=tmp_path) as catalog:
        assert _states(history(catalog, "编导师"))[0][2] == ["divided", "stands", "stands", "divided"]
        found = history(catalog, "影视编导师").lives[0]
    assert [one.state for one in found.standings] == ["stands", "divided", "divided", "stands"]
    assert "2025年列有相同文字而起止读法不同" in found.sentence()
    _publish(tmp_path / "curated", "shanghai-2024", [("6101", "skill", "初级", "影视编导师")], 1.0)
    _publish(tmp_path / "curated", "shanghai-2025", [("6101", "skill", "初级", text) for text in parts], 1.0)
    with Catalog(home=tmp_path) as catalog:
        assert _states(history(catalog, "影视编导师"))[0][2] == ["stands", "absent", "absent", "stands"]
