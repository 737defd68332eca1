"""Two sources of one edition: known differences are found, gathered and shown."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.diff import Side
from pipeline.diff.sources import Comparison, compare
from pipeline.editions.add import add_edition
from pipeline.editions.edition import load_edition
from pipeline.releases.catalogue import load_release
from pipeline.releases.manifest import SourceInfo
from pipeline.releases.publish import RunInfo, publish
from pipeline.schema import TABLES, build
from pipeline.tidy.entries import entry_id
from tests.cli_home import EDITION, Done, one_sentence, xize

Rows = dict[str, list[dict[str, Any]]]


def _side(source: str, rows: Rows) -> Side:
    tables = {name: build(name, rows.get(name, ()), EDITION, source) for name in TABLES}
    manifest = {"title": "细则", "source": {"kind": source, "file": f"x.{source}", "sha256": "0" * 64}}
    return Side(EDITION, "r001", tables, manifest, Path("nowhere"))


def _entries(class_code: str, kind: str, tier: str, *texts: str) -> list[dict[str, Any]]:
    return [
        {
            "entry_id": entry_id(class_code, kind, tier, text, position),
            "class_code": class_code,
            "kind": kind,
            "tier": tier,
            "position": position,
            "text": text,
            "name": text,
        }
        for position, text in enumerate(texts, 1)
    ]


def _class(code: str, name: str) -> dict[str, Any]:
    return {"class_code": code, "name": name, "major_code": code[:2]}


def _association(no: int, name: str, lead: str) -> dict[str, Any]:
    row = {"annex_no": 4, "list": "脱钩", "no": str(no), "row_id": f"脱钩/{no}"}
    return {**row, "name": name, "supervisor": "商务部", "lead_unit": lead}


def _both() -> tuple[Rows, Rows]:
    left: Rows = {
        "classes": [_class("6101", "农业类"), _class("6102", "林业类")],
        "entries": [
            *_entries("6101", "skill", "初级", "农作物植保员(五级)", "动画制作(中级)", "园艺工"),
            *_entries("6101", "skill", "中级", "农作物植保员(四级)"),
            *_entries("6101", "title", "中级", "农艺师", "兽医师"),
            *_entries("6102", "skill", "初级", "林木种苗工", "护林员"),
        ],
        "annex_4_associations": [
            _association(1, "中国粮食行业协会", "中国演艺设备技术协会"),
            _association(2, "中国物流与采购联合会", "中国演艺设备技术协会"),
            _association(3, "中国烹饪协会", "中国演艺设备技术协会"),
        ],
    }
    right: Rows = {
        "classes": [_class("6101", "农业类")],
        "entries": [
            # 物→勿 in two cells, one item split in two; a title has moved to another tier; 6102 is lost.
            *_entries("6101", "skill", "初级", "农作勿植保员(五级)", "动画", "制作(中级)", "园艺工"),
            *_entries("6101", "skill", "中级", "农作勿植保员(四级)"),
            *_entries("6101", "title", "中级", "农艺师"),
            *_entries("6101", "title", "高级", "兽医师"),
        ],
        "annex_4_associations": [
            _association(1, "中国粮食行业协会", "中国教育装备行业协会"),
            _association(2, "中国物流与采购联合会", "中国教育装备行业协会"),
            # Another running number: the same row all the same.
            _association(4, "中国烹饪协会", "中国教育装备行业协会"),
        ],
    }
    return left, right


@pytest.fixture(scope="module")
def found() -> Comparison:
    left, right = _both()
    return compare(_side("pdf", left), _side("transcript", right))


def test_every_difference_is_found_once_and_gathered(found: Comparison) -> None:
    said = {
        (one.kind, tuple(sorted({difference.pair.section for difference in one.differences}))): one
        for one in found.decisions
    }
    # Two of them are about the annex: see below.
    assert len(found.decisions) == 6 and len(said) == 5
    misread = said["text", ("6101",)]
    assert len(misread.differences) == 2  # one decision for both cells
    assert {difference.pair.label for difference in misread.differences} == {
        f"6101农业类 国家技能等级证书(职业资格证书) {tier}" for tier in ("初级", "中级")
    }
    split = said["split", ("6101",)]
    assert (split.left, split.right) == ("动画制作(中级)", "动画 | 制作(中级)")
    moved = said["place", ("6101",)]
    assert len(moved.differences) == 2 and moved.repairs == 1
    assert "执业" not in moved.left and "中级" in moved.left and "高级" in moved.right
    lost = said["left", ("6102",)]
    assert {difference.pair.table for difference in lost.differences} == {"classes", "entries"}
    leads = [one for one in found.decisions if one.differences[0].pair.table == "annex_4_associations"]
    assert sorted((len(one.differences), one.left, one.right) for one in leads) == [
        (1, "3", "4"),
        (3, "中国演艺设备技术协会", "中国教育装备行业协会"),
    ]


def test_what_repairs_most_comes_first(found: Comparison) -> None:
    repairs = [one.repairs for one in found.decisions]
    assert repairs == sorted(repairs, reverse=True) and repairs[0] == 3
    assert [one.number for one in found.decisions] == list(range(1, len(repairs) + 1))


def test_the_figures_add_up(found: Comparison) -> None:
    summary = found.summary()
    assert found.compared == found.agree + sum(found.cells_by_kind.values())
    assert found.compared == sum(cells for cells, _ in found.cells_by_table.values())
    assert found.agree == sum(agree for _, agree in found.cells_by_table.values())
    assert found.cells_by_table["entries"] == (5, 0)
    assert summary["differences"] == len(list(found.rows()))
    assert found.items[2] <= min(found.items[:2])


def test_an_annex_row_that_one_source_lacks_is_one_decision() -> None:
    rows = [
        _association(no, name, "商务部") for no, name in enumerate(("粮食协会", "物流联合会", "烹饪协会"), 1)
    ]
    found = compare(
        _side("pdf", {"annex_4_associations": rows}), _side("transcript", {"annex_4_associations": rows[:2]})
    )
    assert [(one.kind, one.left, one.right) for one in found.decisions] == [
        ("left", "行业协会商会名单脱钩/3（5项）", "")
    ]


def test_equal_sources_are_equal() -> None:
    left, _ = _both()
    # Blanks and widths of characters are no difference.
    spaced = {**left, "notes": [{"number": "1", "text": "五级 （初级工）"}]}
    plain = {**left, "notes": [{"number": "1", "text": "五级(初级工)"}]}
    found = compare(_side("pdf", spaced), _side("transcript", plain))
    assert found.equal and found.agree == found.compared > 20 and not list(found.rows())


# --- from the command line, with a real PDF ---------------------------------------------------------------------


def _altered(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """A reading of the same document as a text: lines for pages, one item misread, one split."""
    altered = {}
    for name, table in tables.items():
        rows = table.to_pylist()
        for number, row in enumerate(rows, 1):
            if "source" in row:
                row |= {"source": "transcript", "page": None, "line": number}
                row |= dict.fromkeys(("x0", "top", "x1", "bottom"))
            if name == "cells":
                row["lines"] = [
                    {**line, **dict.fromkeys(("x0", "top", "x1", "bottom"))} for line in row["lines"]
                ]
        if name == "entries":
            rows[0]["text"] = f"误{rows[0]['text'][1:]}"
            cut = {**rows[1], "entry_id": "ab" * 8, "text": rows[1]["text"][:2]}
            rows[1] = {**rows[1], "text": rows[1]["text"][2:]}
            rows.insert(1, cut)
            for position, row in enumerate(rows, 1):
                row["position"] = position
        altered[name] = build(name, rows, EDITION, "transcript")
    return altered


@pytest.fixture(scope="module")
def two(published: tuple[Path, Done], tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("two") / "home"
    shutil.copytree(published[0], home)
    transcript = home / "text.txt"
    transcript.write_text("细则\n", "utf-8")
    add_edition(home, EDITION, transcript)
    publish(
        _altered(load_release(home / "curated", EDITION)),
        SourceInfo.of(load_edition(home, EDITION), "transcript"),
        RunInfo(),
        home / "curated",
    )
    return home


def test_the_page_shows_both_sources(two: Path, tmp_path: Path) -> None:
    page = tmp_path / "new" / "compare.html"
    done = xize(two, "compare", EDITION, "--format", "json", "--html", page)
    assert done.code == 1 and str(page) in done.err
    document = json.loads(done.out)
    assert [row["kind"] for row in document["rows"]] == ["split", "text"]
    split = document["rows"][0]
    assert "".join(split["transcript_items"]) == split["pdf_items"][0]
    assert split["pdf_page"] and split["pdf_x0"] and split["transcript_line"] and not split["transcript_page"]
    html = page.read_text("utf-8")
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)|https?://|url\(|@import""", html)
    assert html.count("data:image/png;base64,") == 2  # a crop of the PDF for each
    assert "断行读法不同" in html and "<ins>误</ins>" in html and f"第{split['transcript_line']}行" in html
    # A source file that is not the one read any more is not shown, and that is said.
    (two / "raw" / EDITION / f"{EDITION}.pdf").rename(tmp_path / "gone.pdf")
    try:
        again = xize(two, "compare", EDITION, "--html", page)
        assert again.code == 1 and "没有它的截图" in again.err
        assert "data:image/png" not in page.read_text("utf-8")
    finally:
        (tmp_path / "gone.pdf").rename(two / "raw" / EDITION / f"{EDITION}.pdf")


def test_csv_and_table(two: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(xize(two, "compare", EDITION, "-f", "csv").out)))
    assert [row["kind"] for row in rows] == ["split", "text"] and " | " in rows[0]["transcript_items"]
    table = xize(two, "compare", EDITION, "--sources", "transcript,pdf", "--limit", "1")
    assert table.code == 1 and "列出前1项" in table.out and "断行读法不同" in table.out


def test_what_cannot_be_compared_is_one_sentence(home: Path) -> None:
    for words, said in (
        (("--sources", "pdf"), "两个来源"),
        (("--sources", "pdf,pdf"), "两个不同的来源"),
        (("--sources", "pdf,transcript"), "没有kind为transcript的文件"),
    ):
        done = xize(home, "compare", EDITION, *words)
        assert done.code == 2 and said in one_sentence(done.err)
    (home / "text.txt").write_text("细则\n", "utf-8")
    add_edition(home, EDITION, home / "text.txt")
    done = xize(home, "compare", EDITION)
    assert done.code == 2
    assert f"xize run {EDITION} --source transcript" in one_sentence(done.err)
