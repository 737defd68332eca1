"""Coverage: what of the document is there, against the ministry's list, the contents and the running numbers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from pipeline.quality.coverage import coverage, summary
from pipeline.schema import build
from tests.quality.truth_tables import EDITION, truth_rows, truth_tables


def rows_of(tables: dict[str, pa.Table], **more: Any) -> list[dict[str, Any]]:
    rows = coverage(tables, source="pdf", **more)
    build("coverage", rows, EDITION)  # what it gives fits the contract
    assert len({(row["subject"], row["key"]) for row in rows}) == len(rows)
    return rows


def by(rows: list[dict[str, Any]], subject: str) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in rows if row["subject"] == subject}


def changed(**tables: list[dict[str, Any]]) -> dict[str, pa.Table]:
    return {**truth_tables(), **{name: build(name, rows, EDITION) for name, rows in tables.items()}}


def test_the_whole_edition() -> None:
    rows = rows_of(truth_tables())
    counts = summary(rows)
    assert counts["class"] == {"absent": 12, "present": 85} and counts["major"] == {"present": 19}
    assert by(rows, "class")["6104"]["status"] == "absent"
    assert by(rows, "class")["6101"]["page"] == 4
    assert counts["numbers"] == {"complete": 16}
    assert set(counts["annex"].values()) == {11}


def test_a_major_whose_heading_is_lost_loses_its_classes_in_the_source() -> None:
    majors = [{**row, "present": row["major_code"] != "61"} for row in truth_rows()["majors"]]
    classes = [row for row in truth_rows()["classes"] if row["class_code"] != "6102"]
    rows = rows_of(changed(majors=majors, classes=classes))
    assert by(rows, "major")["61"]["status"] == "lost"
    statuses = {key: row["status"] for key, row in by(rows, "class").items() if key.startswith("61")}
    assert statuses == {"6101": "present", "6102": "lost", "6103": "present", "6104": "lost"}
    assert by(rows, "class")["6201"]["status"] == "absent"
    assert summary(rows)["class"]["lost"] == 2


def test_names_and_codes_that_differ_and_classes_of_no_list() -> None:
    classes = [dict(row) for row in truth_rows()["classes"]]
    classes[0] |= {"name": "农艺类"}
    classes[1] |= {"class_code": "4102", "college_code": None}
    classes[2] |= {"class_code": "6199"}
    classes.append({**classes[3], "class_code": "9901", "name": "某类"})
    found = by(rows_of(changed(classes=classes)), "class")
    assert found["6101"]["detail"] == "印作“农艺类”" and found["6102"]["detail"] == "印作代码4102"
    assert found["6103"]["detail"] == "印作代码6199" and found["9901"]["status"] == "extra"


def test_contents_against_headings() -> None:
    toc = [
        SimpleNamespace(kind="annex", label="附件7：教育部1+X证书目录", found=True, number="7", page=101),
        SimpleNamespace(kind="annex", label="附件12：某附件", found=False, number="12", page=130),
        SimpleNamespace(kind="annex", label="附件12：又一附件", found=False, number="12", page=131),
        SimpleNamespace(kind="section", label="一、农林牧渔大类", found=True, number="61", page=4),
    ]
    majors = [dict(row) for row in truth_rows()["majors"]]
    majors[0]["toc_page"] = None
    majors[1]["toc_page"] += 3
    rows = rows_of(changed(majors=majors), toc=toc)
    annexes = by(rows, "annex")
    assert annexes["7"]["status"] == "present" and annexes["7"]["detail"] == "447行"
    assert annexes["12"]["status"] == annexes["12#2"]["status"] == "lost"
    assert annexes["6"]["status"] == "extra" and "目录未列" in annexes["6"]["detail"]
    found = by(rows, "major")
    assert found["61"]["detail"] == "正文有标题，目录未列"
    assert found["62"]["detail"] == "目录印第8页，标题实在第5页" and found["63"]["detail"] is None


def test_numbers_with_gaps_and_duplicates() -> None:
    associations = [
        row for row in truth_rows()["annex_4_associations"] if row["no"] not in ("3", "7", "8", "200")
    ]
    certificates = [dict(row) for row in truth_rows()["annex_7_one_plus_x"]]
    certificates[4]["no"] = "4"
    certificates[9]["no"] = "十"
    found = by(
        rows_of(changed(annex_4_associations=associations, annex_7_one_plus_x=certificates)), "numbers"
    )
    first, second = (found[f"annex_4_associations/4/{name}"] for name in ("双重管理", "脱钩"))
    assert first["detail"] == "缺3、7-8" and second["detail"] == "缺200"
    assert found["annex_7_one_plus_x/7"]["detail"] == "缺5、10；重复4；不是数字的1处（“十”）"
    # Several rows of one number are meant where the annex counts its heads only.
    assert found["annex_10_titles/10"]["status"] == "complete"


def test_pages_without_a_table() -> None:
    pages = pa.table(
        {
            "page": [1, 2, 3, 4],
            "tables": [0, 1, 0, 0],
            "glyphs": [500, 900, 0, 0],
            "pictures": [0.0, 0.0, 0.9, 0.0],
        }
    )
    rows = rows_of(truth_tables(), pages=pages)
    assert {key: row["detail"] for key, row in by(rows, "page").items()} == {
        "1": "有文字",
        "3": "图片",
        "4": "空白",
    }


def test_without_contents_it_still_says_what_there_is() -> None:
    rows = coverage(truth_tables(), source="transcript")
    assert summary(rows)["annex"] == {"present": 11}
    assert {row["source"] for row in rows} == {"transcript"}
