"""query.py and checking.py: SQL over the releases, and whether a certificate counts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.errors import XizeError
from pipeline.query.catalogue import Catalog
from pipeline.query.check import parse_grade, parse_level
from pipeline.releases.catalogue import load_release
from pipeline.releases.publish import RunInfo, publish
from pipeline.schema import TABLES, build
from tests.cli_home import snapshot
from tests.sample_tables import sample_tables, source_info

WHERE = {
    "source": "pdf",
    "page": 7,
    "x0": 72.0,
    "top": 100.5,
    "x1": 140.0,
    "bottom": 111.0,
    "cell_id": "p7-3",
}


def _entry(
    number: int, kind: str, tier: str, text: str, name: str, grades: tuple[int, ...] = (), **more: object
):
    return {
        "entry_id": f"{number:016x}",
        "class_code": more.pop("class_code", "6101"),
        "kind": kind,
        "tier": tier,
        "position": number,
        "text": text,
        "name": name,
        "grades": list(grades),
        **more,
        **WHERE,
    }


_ENTRIES = (
    _entry(1, "skill", "初级", "农作物植保员(五级/初级工)", "农作物植保员", (5,)),
    _entry(2, "skill", "中级", "农作物植保员(四级/中级工)", "农作物植保员", (4,)),
    _entry(3, "skill", "高级", "农作物植保员(三级/二级)", "农作物植保员", (3, 2)),
    _entry(4, "title", "中级", "农艺师", "农艺师"),
    _entry(5, "one_plus_x", "初级", "Web前端开发(初级)", "Web前端开发", level="初级"),
    _entry(6, "one_plus_x", "中级", "Web前端开发(中级)", "Web前端开发", level="中级"),
    _entry(
        7,
        "industry",
        "高级",
        "华为技术有限公司:HCIE(高级认证)",
        "HCIE",
        level="高级",
        issuer="华为技术有限公司",
    ),
    _entry(8, "skill", "初级", "林木种苗工(四级/中级工)", "林木种苗工", (4,), class_code="6102"),
    _entry(9, "title", "初级", "农艺师", "农艺师", class_code="6102"),
)


def _tables(edition: str, entries=_ENTRIES) -> dict[str, pa.Table]:
    majors = [{"major_code": "61", "ordinal": 1, "name": "农林牧渔大类", "present": True, "source": "pdf"}]
    classes = [
        {
            "class_code": code,
            "college_code": f"4{code[1:]}",
            "name": name,
            "major_code": "61",
            "source": "pdf",
        }
        for code, name in (("6101", "农业类"), ("6102", "林业类"))
    ]
    classes[0]["bachelor_code"] = "2101"
    rule = {5: "初级", 4: "中级", 3: "高级", 2: "高级", 1: "高级"}
    credentials = [
        {
            **{key: value for key, value in row.items() if key not in ("position", "text", "grades")},
            "grade": grade,
            "tier_by_rule": rule.get(grade) if grade else row.get("level"),
            "tier_conflict": grade is not None and rule[grade] != row["tier"],
        }
        for row in entries
        for grade in row["grades"] or [None]
    ]
    rows = {"majors": majors, "classes": classes, "entries": entries, "credentials": credentials}
    return {name: build(name, rows.get(name, ()), edition) for name in TABLES}


def _publish(curated: str | Path, edition: str, entries=_ENTRIES) -> None:
    publish(_tables(edition, entries), source_info(edition=edition), RunInfo(), curated)


@pytest.fixture(scope="module", params=["local", "memory"])
def curated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two editions; in 2026 the plant protector of grade 4 is gone. shanghai-2025 has two releases."""
    if request.param == "local":
        url = str(tmp_path_factory.mktemp("it's curated"))
    else:
        url = "memory://test-query/curated"
    _publish(url, "shanghai-2025", _ENTRIES[:4])
    _publish(url, "shanghai-2025")
    _publish(url, "shanghai-2026", tuple(row for row in _ENTRIES if row["entry_id"] != f"{2:016x}"))
    yield url
    if request.param == "memory":
        import fsspec

        fsspec.filesystem("memory").rm("/test-query", recursive=True)


@pytest.fixture(scope="module")
def catalog(curated: str) -> Iterator[Catalog]:
    with Catalog(curated) as catalog:
        yield catalog


def test_views_show_the_latest_release_of_every_edition(catalog: Catalog) -> None:
    rows = catalog.sql("select edition, count(*)::int as n from entries group by all order by 1").to_pylist()
    assert rows == [{"edition": "shanghai-2025", "n": 9}, {"edition": "shanghai-2026", "n": 8}]
    assert catalog.releases == {"shanghai-2025": "r002", "shanghai-2026": "r001"}
    assert catalog.sql("select release from releases order by edition")["release"].to_pylist() == [
        "r002",
        "r001",
    ]
    for name, table in TABLES.items():
        assert catalog.sql(f"select * from {name}").column_names == list(table.names)


def test_a_release_can_be_pinned(curated: str, catalog: Catalog) -> None:
    query = 'select count(*)::int as n from "shanghai-2025@r001".entries'
    assert catalog.sql(query).to_pylist() == [{"n": 4}] == catalog.sql(query).to_pylist()
    both = catalog.sql(
        'select b.text from "shanghai-2025".entries b anti join "shanghai-2026".entries a using (entry_id)'
    )
    assert both["text"].to_pylist() == ["农作物植保员(四级/中级工)"]
    with Catalog(curated, pins=["shanghai-2025@r001"]) as pinned:
        assert pinned.releases == {"shanghai-2025": "r001", "shanghai-2026": "r001"}
        assert pinned.sql("select count(*)::int as n from entries").to_pylist() == [{"n": 12}]


def test_parameters_fill_a_query(catalog: Catalog) -> None:
    found = catalog.sql("select distinct text from entries where text like $like", {"like": "%林木%"})
    assert found["text"].to_pylist() == ["林木种苗工(四级/中级工)"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("selec 1", "SQL无法执行：.*syntax error"),
        ("select nothing from entries", "SQL无法执行：.*nothing"),
        ('select 1 from "shanghai-2025@r009".entries', "没有发布r009"),
        ('select 1 from "anhui-2025".entries', "anhui-2025还没有当前发布"),
    ],
)
def test_a_wrong_query_is_one_sentence(catalog: Catalog, query: str, said: str) -> None:
    with pytest.raises(XizeError, match=said) as refusal:
        catalog.sql(query)
    assert "\n" not in str(refusal.value)


def test_a_damaged_release_is_named(tmp_path: Path) -> None:
    _publish(tmp_path, "shanghai-2025")
    file = tmp_path / "shanghai-2025" / "r001" / "entries.parquet"
    data = file.read_bytes()
    # Cut off; and whole, but not the file that was published.
    for other in (data[: len(data) // 2], (file.parent / "majors.parquet").read_bytes()):
        file.write_bytes(other)
        for read in (Catalog, lambda url: load_release(url, "shanghai-2025")):
            with pytest.raises(XizeError, match=r"entries\.parquet与发布清单登记的校验和不符.*。$"):
                read(tmp_path)
    # Made so on purpose, with a manifest that fits.
    manifest = file.with_name("manifest.json")
    manifest.write_text(
        manifest.read_text().replace(
            hashlib.sha256(data).hexdigest(), hashlib.sha256(b"no Parquet").hexdigest()
        )
    )
    file.write_bytes(b"no Parquet")
    with pytest.raises(XizeError, match="表entries无法读取.*。$"):
        Catalog(tmp_path)
    file.unlink()
    with pytest.raises(XizeError, match=r"entries\.parquet无法读取.*。$"):
        Catalog(tmp_path)


def test_a_folder_without_releases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(XizeError, match="还没有任何发布"):
        Catalog(tmp_path)
    _publish(tmp_path, "shanghai-2025")
    with pytest.raises(XizeError, match="anhui-2026还没有当前发布"):
        Catalog(tmp_path, pins=["anhui-2026"])
    with pytest.raises(XizeError, match="不是版本"):
        Catalog(tmp_path, pins=["r001"])


@pytest.mark.parametrize("code", ["6101", "4101", "2101", "农业类", " ６１０１ "])
def test_every_code_of_a_class_is_understood(catalog: Catalog, code: str) -> None:
    answer = catalog.check(code, "农作物植保员", grade=4, edition="shanghai-2025")
    assert answer.counts and answer.tiers == ("中级",)
    (match,) = answer.matches
    assert (match.text, match.grade, match.how) == ("农作物植保员(四级/中级工)", 4, "exact")
    assert (match.page, match.x0, match.bottom, match.cell_id) == (7, 72.0, 111.0, "p7-3")
    assert (match.edition, match.release, match.class_name) == ("shanghai-2025", "r002", "农业类")


def test_each_edition_gives_its_own_verdict(catalog: Catalog) -> None:
    answer = catalog.check("6101", "农作物植保员", grade=4)
    assert [(verdict.edition, verdict.counts) for verdict in answer.verdicts] == [
        ("shanghai-2025", True),
        ("shanghai-2026", False),
    ]
    assert answer.counts
    assert {row.how for row in answer.near if row.edition == "shanghai-2026"} == {"other_grade"}


def test_a_release_can_be_asked(catalog: Catalog) -> None:
    assert not catalog.check("6101", "HCIE", edition="shanghai-2025@r001").counts
    assert catalog.check("6101", "HCIE", edition="shanghai-2025@r002").counts


def test_without_a_grade_every_tier_of_the_name_is_told(catalog: Catalog) -> None:
    answer = catalog.check("6101", "农作物植保员", edition="shanghai-2025")
    assert answer.tiers == ("初级", "中级", "高级")
    assert [row.grade for row in answer.matches] == [5, 4, 3, 2]


def test_an_entry_without_grade_counts_for_every_grade_and_says_so(catalog: Catalog) -> None:
    answer = catalog.check("6101", "农艺师", grade=1, edition="shanghai-2025")
    assert answer.tiers == ("中级",)
    assert answer.verdicts[0].remarks == ("条目未写明等级，任何等级均计入",)


def test_a_level_is_not_a_grade(catalog: Catalog) -> None:
    assert catalog.check("6101", "Web前端开发", level="中级", edition="shanghai-2025").tiers == ("中级",)
    answer = catalog.check("6101", "Web前端开发", grade=4, edition="shanghai-2025")
    assert not answer.counts and {row.how for row in answer.near} == {"other_grade"}


@pytest.mark.parametrize(
    ("name", "tiers"),
    [
        ("农作物植保员(四级/中级工)", ("中级",)),
        ("农作物 植保员（四级／中级工）", ("中级",)),
        ("农作物植保员(四级)", ("中级",)),
        ("web前端开发（初级）", ("初级",)),
        ("HCIE", ("高级",)),
        ("华为技术有限公司：HCIE", ("高级",)),
        ("HCIE(高级认证)", ("高级",)),
    ],
)
def test_the_name_may_be_written_in_several_ways(catalog: Catalog, name: str, tiers: tuple[str, ...]) -> None:
    answer = catalog.check("6101", name, edition="shanghai-2025")
    assert answer.tiers == tiers and all(row.how == "exact" for row in answer.matches)


def test_another_grade_is_no_but_shown(catalog: Catalog) -> None:
    answer = catalog.check("6101", "农作物植保员", grade=1, edition="shanghai-2025")
    assert not answer.counts and answer.tiers == () and answer.matches == ()
    assert [row.grade for row in answer.near if row.how == "other_grade"] == [5, 4, 3, 2]


def test_near_names_are_offered(catalog: Catalog) -> None:
    answer = catalog.check("6101", "农作物植保师", grade=4, edition="shanghai-2025")
    assert not answer.counts
    assert answer.near[0].name == "农作物植保员" and answer.near[0].how == "near"
    assert 60 <= answer.near[0].score < 100
    assert len({row.entry_id for row in answer.near}) == len(answer.near)
    assert catalog.check("6101", "珠宝", edition="shanghai-2025").near == ()


def test_the_same_name_in_another_class_is_told(catalog: Catalog) -> None:
    answer = catalog.check("6101", "林木种苗工", edition="shanghai-2025")
    assert not answer.counts
    assert [(row.class_code, row.how) for row in answer.near][0] == ("6102", "other_class")


def test_an_entry_against_the_rule_says_so(catalog: Catalog) -> None:
    answer = catalog.check("6102", "林木种苗工", grade=4, edition="shanghai-2025")
    assert answer.tiers == ("初级",) and answer.matches[0].tier_by_rule == "中级"
    assert "与说明中等级对应的级次不符" in answer.verdicts[0].remarks[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"class_code": "9999", "name": "农艺师"}, "没有专业类9999.*6101至6102"),
        ({"class_code": "6101", "name": "  "}, "名称为空"),
        ({"class_code": "6101", "name": "农艺师", "edition": "anhui-2025"}, "没有版本anhui-2025"),
        ({"class_code": "6101", "name": "农艺师", "edition": "2025"}, "不是版本"),
        ({"class_code": "6101", "name": "农艺师", "grade": 6}, "等级“6”无法识别"),
        ({"class_code": "6101", "name": "农艺师", "level": "顶级"}, "等级词“顶级”无法识别"),
    ],
)
def test_what_cannot_be_answered_is_an_error(catalog: Catalog, arguments: dict, said: str) -> None:
    with pytest.raises(XizeError, match=said):
        catalog.check(**arguments)


@pytest.mark.parametrize("text", [4, "4", "4级", "四级", "中级工", "四级/中级工", "４"])
def test_grades_are_understood(text: str | int) -> None:
    assert parse_grade(text) == 4


def test_no_grade_and_levels() -> None:
    assert parse_grade(None) is None and parse_grade("技师") == 2 and parse_grade("高级技师") == 1
    assert parse_level(None) is None and parse_level("高 级") == "高级"


def test_the_whole_truth_can_be_asked(tmp_path: Path) -> None:
    """Every credential of the real edition counts at the tier in which it stands."""
    tables = sample_tables(6)
    publish(tables, source_info(), RunInfo(), tmp_path)
    rows = tables["credentials"].to_pylist()
    with Catalog(tmp_path) as catalog:
        for row in rows[:: max(1, len(rows) // 15)]:
            answer = catalog.check(row["class_code"], row["name"], grade=row["grade"])
            assert row["tier"] in answer.tiers, row
            assert row["entry_id"] in {match.entry_id for match in answer.matches}, row


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("copy (select 1) to '{file}'", "不能用COPY.*-o"),
        ("select 1; export database '{file}'", "不能用EXPORT.*-o"),
        (" ; ", "没有可执行的查询"),
        ("-- 什么也不问", "没有可执行的查询"),
        ("select 1 as a; select 2 as b", "一次"),
    ],
)
def test_what_is_no_single_query_is_refused(catalog: Catalog, tmp_path: Path, query: str, words: str) -> None:
    for ask in (catalog.sql, catalog.rows):
        with pytest.raises(XizeError, match=words):
            ask(query.format(file=tmp_path / "file"))
    assert list(tmp_path.iterdir()) == []


def test_steps_before_the_query_are_allowed(catalog: Catalog) -> None:
    query = "create temp table mine as select 7 as n; select n from mine"
    assert catalog.rows(query) == (["n"], [(7,)])


_OUT_OF_REACH = "查询只能读取已发布的表，不能读写其他文件"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("copy (select 1) to '{release}/entries.parquet' (format parquet)", "不能用COPY"),
        ("explain analyze copy (select 1) to '{release}/entries.parquet'", _OUT_OF_REACH),
        (
            "explain /**/ analyze /**/ copy (select 1) to 'curated://{edition}/r001/entries.parquet'",
            _OUT_OF_REACH,
        ),
        ("explain (analyze, format json) copy (select 1) to '{release}/x.csv'", _OUT_OF_REACH),
        ("with x as (copy (select 1) to '{release}/entries.parquet') select * from x", _OUT_OF_REACH),
        ("with x as (copy (select 1) to 'curated://{edition}/r001/x.csv') select * from x", _OUT_OF_REACH),
        ("select * from query('with x as (copy (select 1) to ''{release}/x'') from x')", "SQL无法执行"),
        ("prepare p as copy (select 1) to '{release}/x.csv'", "不能用PREPARE"),
        ("execute p", "不能用EXECUTE"),
        ("export database '{release}/x'", "不能用EXPORT"),
        ("import database '{folder}'", "SQL无法执行|只能读取"),
        ("attach '{release}/x.db' as d", "不能用ATTACH"),
        ("attach ':memory:' as d; copy from database memory to d", "不能用ATTACH"),
        ("install httpfs", "不能用LOAD"),
        ("load httpfs", "不能用LOAD"),
        ("update extensions", "不能用UPDATE EXTENSIONS"),
        ("set enable_external_access = true", "SQL无法执行"),
        ("set allowed_directories = ['/']", "SQL无法执行"),
        ("reset lock_configuration", "SQL无法执行"),
        ("pragma profiling_output = '{release}/x'", "SQL无法执行"),
        ("call enable_logging(storage = 'file', storage_path = '{release}/x')", "SQL无法执行"),
        ("copy (select 1) to '.tmp/x'", "不能用COPY"),
        ("with x as (copy (select 1) to '.tmp/x') select * from x", _OUT_OF_REACH),
        ("create persistent secret s (type http)", "SQL无法执行"),
        ("select * from read_text('/etc/hostname')", _OUT_OF_REACH),
        ("select * from read_csv('{folder}/secret.csv')", _OUT_OF_REACH),
        ("select * from read_csv('curated://../secret.csv')", "SQL无法执行"),
        ("select * from glob('/*')", _OUT_OF_REACH),
        ("select * from read_parquet('https://example.invalid/x.parquet')", _OUT_OF_REACH),
        ("select * from '{release}/entries.parquet'", _OUT_OF_REACH),
        (
            "create or replace table t (a text); insert into t from read_text('{folder}/secret.csv')",
            _OUT_OF_REACH,
        ),
        ("select * from wanted", "SQL无法执行"),
        ("from sniff_csv('{folder}/secret.csv')", _OUT_OF_REACH),
        ("from query('from read_blob(''{folder}/secret.csv'')')", _OUT_OF_REACH),
        ("create view v as from read_text('{folder}/secret.csv'); from v", _OUT_OF_REACH),
        ("create macro f() as table from read_text('{folder}/secret.csv'); from f()", _OUT_OF_REACH),
        ("from query_table('{folder}/secret.csv')", "SQL无法执行|只能读取"),
        ("select * from 'http://127.0.0.1:9/x.parquet'", _OUT_OF_REACH),
        ("select getenv('HOME')", "SQL无法执行"),
    ],
)
def test_no_query_harms_or_reads_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, words: str
) -> None:
    wanted = pa.table({"a": [1]})  # which DuckDB would find by its Python name
    home, work = tmp_path / "home", tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    _publish(home, "shanghai-2025")
    (home / "secret.csv").write_text("geheim\n")
    before = snapshot(tmp_path)
    attack = query.format(release=home / "shanghai-2025" / "r001", edition="shanghai-2025", folder=home)
    with Catalog(home) as catalog:
        for ask in (catalog.sql, catalog.rows):
            with pytest.raises(XizeError, match=words) as refusal:
                ask(attack)
            assert str(refusal.value).count("\n") == 0 and "Traceback" not in str(refusal.value)
        assert catalog.rows("select count(*) from entries") == (["count_star()"], [(len(_ENTRIES),)])
    assert snapshot(tmp_path) == before and wanted.num_rows == 1


@pytest.mark.parametrize(
    "query",
    [
        "explain analyze select * from entries",
        "describe entries",
        "summarize select page from entries",
        "pivot entries on tier using count(*) group by kind",
        "from 'curated://shanghai-2025/r002/entries.parquet'",
        "select * from glob('curated://*')",
        "set variable code = '6101'; select * from entries where class_code = getvariable('code')",
        "create macro twice(a) as 2 * a; select twice(21)",
    ],
)
def test_what_only_asks_is_answered(curated: str, query: str) -> None:
    with Catalog(curated) as catalog:
        assert catalog.rows(query)[1]
