"""The picture of the coverage, its page in the validation site and ``xize coverage``: nobody takes silence for "not recognised"."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from expectations import validate
from pipeline.cli.app import app
from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.quality.coverage import STATES, Scope, coverage, scope
from pipeline.releases.publish import RunInfo, publish
from pipeline.schema import TABLES, build
from pipeline.schema.moe_classes import reference_majors
from tests.expectation_tables import context
from tests.sample_tables import source_info

EDITION = "shanghai-2025"


def _finding(code: str, key: str, message: str, evidence: str, line: int) -> dict[str, Any]:
    made = Finding(code, message, evidence, line=line, key=key, table="classes")
    return {
        "finding_id": f"{EDITION}:{made.digits}",
        "code": code,
        "severity": made.level,
        "queue": "reading",
        "chance": 0.3,
        "table": "classes",
        "key": key,
        "message": message,
        "evidence": evidence,
        "line": line,
        "source": "transcript",
    }


def _tables(*, gaps: bool = True) -> dict[str, Any]:
    """Four majors of a transcript: one whole, one with lost pages, one whose heading is lost; a class of no list."""

    def major(code: str, ordinal: int, name: str, present: bool, page: int) -> dict[str, Any]:
        row = {"major_code": code, "ordinal": ordinal, "name": name, "present": present, "toc_page": page}
        return {**row, "line": 10 * ordinal, "source": "transcript"}

    names = [
        ("6101", "农业类"),
        ("6301", "电力技术类"),
        ("6303", "新能源发电工程类"),
        ("6501", "水文水资源类"),
    ]
    names += [("7703", "体育类"), ("6199", "星际农业类")]
    classes = [
        {
            "class_code": code,
            "name": name,
            "major_code": code[:2],
            "line": int(code) % 100,
            "source": "transcript",
        }
        for code, name in names
    ]
    entries = [
        {
            "entry_id": f"{number:016x}",
            "class_code": code,
            "kind": "skill",
            "tier": "初级",
            "position": number,
            "text": "园艺工",
            "name": "园艺工",
            "line": 5,
            "source": "transcript",
        }
        for number, (code, _) in enumerate(names, 1)
        if code != "6501"
    ]
    annex = [
        {"annex_no": 2, "row_id": no, "no": no, "name": "某局", "line": 90, "source": "transcript"}
        for no in ("1", "2", "4", "4")
    ]
    for number, row in enumerate(annex):
        row["row_id"] = f"{row['no']}#{number}"
    findings = [
        _finding(
            "pages_lost", "6301", "第83行之前缺3页左右（空行过多）；请对照原件补上。", "6301…6303:83", 83
        ),
        _finding("class_inferred", "7703", "按内容归入7703体育类，请核对。", "7703", 99),
    ]
    rows = {
        "majors": [
            major("61", 1, "农林牧渔大类", True, 4),
            major("63", 2, "能源动力与材料大类", True, 8),
            major("65", 3, "水利大类", True, 36),
            major("77", 4, "教育与体育大类", False, 128),
        ],
        "classes": classes,
        "entries": entries,
        "annex_2_organisers": annex,
        "findings": findings if gaps else [],
    }
    tables = {name: build(name, rows.get(name, ()), EDITION) for name in TABLES}
    covered = coverage(tables, source="transcript")
    return {**tables, "coverage": build("coverage", covered, EDITION)}


def _states(found: Scope) -> dict[str, str]:
    return {one.code: one.state for major in found.majors for one in major.classes}


def test_every_class_of_the_list_has_its_state() -> None:
    found = scope(_tables(), reference_majors())
    assert found is not None
    states = _states(found)
    assert len(states) == 97 + 1 and set(states.values()) == set(STATES)
    assert {
        code: states[code]
        for code in ("6101", "6102", "6199", "6301", "6302", "6304", "6501", "7701", "7703", "7801")
    } == {
        "6101": "present",
        "6102": "absent",
        "6199": "extra",
        "6301": "partial",
        "6302": "unsure",  # pages are missing between 6301 and 6303
        "6304": "absent",
        "6501": "empty",
        "7701": "lost",  # its 专业大类 has lost its heading
        "7703": "partial",
        "7801": "absent",
    }
    assert sum(found.counts.values()) == 98
    by_code = {major.code: major for major in found.majors}
    assert by_code["77"].heading is False and by_code["78"].heading is None
    assert by_code["78"].name == "公安与司法大类" and [m.code for m in found.majors[:4]] == [
        "61",
        "63",
        "65",
        "77",
    ]


def test_the_sentences_name_what_is_missing() -> None:
    found = scope(_tables(), reference_majors())
    assert found is not None and not found.whole
    said = "".join(found.sentences())
    assert "97个专业类" in said and "77教育与体育大类（目录印第128页）" in said
    assert "来源有1处缺页" in said and "1个附件表的序号不连续" in said
    (numbers,) = found.numbers
    assert numbers.status == "broken" and "缺3" in numbers.detail and "重复4" in numbers.detail
    (missing,) = found.missing
    assert missing.where == "第83行" and "缺3页" in missing.detail
    without = scope(_tables(gaps=False), reference_majors())
    assert without is not None and _states(without)["6302"] == "absent"


def test_a_release_without_coverage_has_no_picture() -> None:
    tables = _tables()
    assert scope({**tables, "coverage": tables["coverage"].slice(0, 0)}) is None
    assert scope({name: table for name, table in tables.items() if name != "coverage"}) is None


def test_the_site_has_a_page_of_it(tmp_path: Path) -> None:
    wanted = {name: _tables()[name] for name in ("majors", "classes", "entries", "findings", "coverage")}
    validate(wanted, context=context(edition=EDITION, title="试用<版>"), site_dir=tmp_path)
    page, index = ((tmp_path / name).read_text("utf-8") for name in ("scope.html", "index.html"))
    for words in ("热能与发电工程类", "不能断定细则没有列它", "试用&lt;版&gt;", "目录印第128页", "缺3页左右"):
        assert words in page
    assert page.count('class="tile unsure"') == 2  # the class, and the legend
    assert 'href="scope.html"' in index and "来源有1处缺页" in index
    assert not any(mark in page for mark in ("http:", "https:", "<script", "url("))
    validate(
        {name: table for name, table in wanted.items() if name != "coverage"},
        context=context(),
        site_dir=tmp_path / "without",
    )
    assert not (tmp_path / "without" / "scope.html").exists()
    assert "scope.html" not in (tmp_path / "without" / "index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("covered")
    publish(_tables(), source_info(kind="pdf"), RunInfo(), folder / "curated")
    return folder


def test_from_the_command_line(home: Path) -> None:
    run = lambda *words: CliRunner().invoke(app, ["--home", str(home), "coverage", *words])  # noqa: E731
    done = run(EDITION)
    assert done.exit_code == 1  # something is missing
    assert "6302热能与发电工程类" in done.stdout and "第83行之前缺3页左右" in done.stdout
    document = json.loads(run(EDITION, "-f", "json").stdout)
    assert document["release"] == "r001" and not document["whole"] and document["counts"]["unsure"] == 1
    rows = list(csv.DictReader(io.StringIO(run(EDITION, "--source", "pdf", "-f", "csv").stdout)))
    states = {row["key"]: row["state"] for row in rows if row["subject"] == "class"}
    assert len(states) == 98 and states["6302"] == "unsure"
    for words, said in (
        ((EDITION, "--source", "transcript"), "--source transcript"),
        ((EDITION, "--release", "r009"), "没有发布r009"),
        (("anhui-2025",), "没有当前发布"),
        ((EDITION, "--release", "r001", "--source", "pdf"), "只能给出一个"),
    ):
        error = run(*words).exception
        assert isinstance(error, XizeError) and said in str(error)
