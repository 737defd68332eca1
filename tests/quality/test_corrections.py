"""corrections.yaml: what it must say, and what each action does to cells and rows."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.errors import XizeError
from pipeline.quality.corrections.cells import apply_to_cells, cell_text
from pipeline.quality.corrections.file import ACTIONS, Correction, load_corrections, summary
from pipeline.quality.corrections.rows import Rows, apply_to_rows
from pipeline.reading import CELLS
from pipeline.schema import build
from tests.quality.truth_tables import EDITION, truth_rows

SIGNED = {"reason": "误植", "by": "李", "date": "2026-01-05"}


def corrections(tmp_path: Path, text: str) -> tuple[Correction, ...]:
    path = tmp_path / "corrections.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return load_corrections(path)


def one(**entry: Any) -> Correction:
    return Correction.model_validate({**SIGNED, **entry, "line": 7, "file": "corrections.yaml"})


def entries_of(rows: Rows, code: str, kind: str, tier: str) -> list[dict[str, Any]]:
    return [
        row for row in rows["entries"] if (row["class_code"], row["kind"], row["tier"]) == (code, kind, tier)
    ]


def texts(rows: Rows, code: str = "6901", kind: str = "skill", tier: str = "初级") -> list[str]:
    return [row["text"] for row in entries_of(rows, code, kind, tier)]


def where(tier: str = "初级", **more: Any) -> dict[str, Any]:
    return {"class": "6901", "kind": "skill", "tier": tier, **more}


@pytest.fixture(scope="module")
def rows() -> Rows:
    return truth_rows()


# --- the file


def test_a_file_as_a_steward_writes_it(tmp_path: Path) -> None:
    found = corrections(
        tmp_path,
        """\
        # 2025年版的更正
        - where: {class: 6901, kind: skill, tier: 初级}   # 代码可不加引号
          action: replace
          from: 西式西点师(五级/初级工)
          to: 西式面点师(五级/初级工)
          reason: 误植
          by: 李
          date: 2026-01-05
        - where: {annex: 6, no: 3}
          action: replace
          column: org_code
          expect: s000031300045
          to: S000031300045
          reason: 大小写误植
          by: 李
          date: 2026-01-05
        """,
    )
    assert [(c.action, c.line) for c in found] == [("replace", 2), ("replace", 9)]
    assert (
        found[0].where.class_code == "6901"
        and found[1].where.no == "3"
        and found[1].expect == "s000031300045"
    )
    made = summary((tmp_path / "corrections.yaml").read_bytes(), found)
    assert made["count"] == 2 and made["by_action"] == {"replace": 2} and made["sha256"]
    assert load_corrections(tmp_path / "none.yaml") == ()


GOOD = """\
- where: {class: "6901", kind: skill, tier: 初级}
  action: replace
  from: 甲
  to: 乙
  reason: 误植
  by: 李
  date: 2026-01-05
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ("action: replace", "action: rename", 2, "动作“rename”不认识"),
        ("  action: replace\n", "", 1, "没有写明动作"),
        ("  to: 乙\n", "  to:\n", 1, "用to写明"),
        ("  reason: 误植\n", "  reason:\n", 5, "没有写明“reason”"),
        ("  by: 李\n", "", 1, "没有写明“by”"),
        ("date: 2026-01-05", "date: 某日", 7, "“date”有误"),
        ("reason: 误植", "raeson: 误植", 5, "raeson"),
        ("kind: skill, ", "", 1, "kind与tier"),
        ("kind: skill", "kind: skills", 1, "没有“skills”这一类别"),
        ("tier: 初级", "tier: 低级", 1, "没有“低级”这一级次"),
        ('{class: "6901", kind: skill, tier: 初级}', "{annex: 7}", 1, "no或row_id"),
        ("  from: 甲\n", "  from: [甲\n", None, "不是合法的YAML"),
        ("date: 2026-01-05", "date: 2026-13-05", 7, "不存在的日期"),
        ("- where", "where", None, "不是列表"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(
    tmp_path: Path, old: str, new: str, line: int | None, word: str
) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new)
    if word == "不是列表":
        text = "where: 甲\n"
    with pytest.raises(XizeError) as caught:
        corrections(tmp_path, text)
    message = str(caught.value)
    assert word in message and "corrections.yaml" in message and "\n" not in message
    if line is not None:
        assert f"第{line}行" in message


@pytest.mark.parametrize(
    "entry",
    [
        {"action": "split", "from": "甲乙", "to": ["甲", "丙"]},
        {"action": "split", "from": "甲乙", "to": ["甲乙"]},
        {"action": "join", "from": ["甲"]},
        {"action": "join", "from": ["甲", "乙"], "to": "甲丙"},
        {"action": "move", "from": "甲", "to": {"tier": "低级"}},
        {"action": "move", "from": "甲", "to": {}},
        {"action": "set_span", "from": {"row_span": 1}, "to": {"row_span": 2}},
        {"action": "map_column", "from": 1, "to": 2},
        {"action": "add"},
        {"action": "drop"},
    ],
)
def test_an_action_that_lacks_what_it_needs_is_refused(tmp_path: Path, entry: dict[str, Any]) -> None:
    import json

    path = tmp_path / "corrections.yaml"
    document = [{"where": {"class": "6901", "kind": "skill", "tier": "初级"}, **entry, **SIGNED}]
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(XizeError, match=f"第1行.*{entry['action']}|第1行.*to"):
        load_corrections(path)


# --- items


def test_replace(rows: Rows) -> None:
    before = entries_of(rows, "6901", "skill", "初级")
    old = next(row for row in before if row["name"] == "西式西点师")
    out = apply_to_rows(
        rows, [one(where=where(), action="replace", to="西式面点师(四级/中级工)", **{"from": old["text"]})]
    )
    new = entries_of(out, "6901", "skill", "初级")[before.index(old)]
    assert (new["text"], new["name"], new["grades"]) == ("西式面点师(四级/中级工)", "西式面点师", [4])
    assert new["corrected"] and new["position"] == old["position"] and new["page"] == old["page"]
    assert new["entry_id"] != old["entry_id"]
    made = [row for row in out["credentials"] if row["entry_id"] == new["entry_id"]]
    assert [(row["grade"], row["tier_by_rule"], row["tier_conflict"]) for row in made] == [(4, "中级", True)]
    assert not any(row["entry_id"] == old["entry_id"] for row in out["credentials"])
    # Everything else is as it was, and what was given is untouched.
    assert sum(bool(row.get("corrected")) for row in out["entries"]) == 1
    assert len(out["credentials"]) == len(rows["credentials"]) and len(out["entries"]) == len(rows["entries"])
    assert not old.get("corrected")
    build("entries", out["entries"], EDITION, "pdf")
    build("credentials", out["credentials"], EDITION, "pdf")


@pytest.mark.parametrize("mark", ["、", "；", "，", " / "])
def test_the_mark_between_the_parts_of_a_split_may_be_left_out(rows: Rows, mark: str) -> None:
    first = texts(rows)[0]
    listed = f"甲{first}{mark}乙{first}"
    given = apply_to_rows(rows, [one(where=where(), action="replace", to=listed, **{"from": first})])
    parted = [one(where=where(), action="split", to=[f"甲{first}", f"乙{first}"], **{"from": listed})]
    assert texts(apply_to_rows(given, parted))[:2] == [f"甲{first}", f"乙{first}"]


def test_split_and_join_are_each_other_undone(rows: Rows) -> None:
    before = texts(rows)
    pair = before[:2]
    joined = apply_to_rows(rows, [one(where=where(), action="join", **{"from": pair})])
    assert texts(joined) == ["".join(pair), *before[2:]]
    parted = apply_to_rows(joined, [one(where=where(), action="split", to=pair, **{"from": "".join(pair)})])
    assert texts(parted) == before
    ids = [row["entry_id"] for row in entries_of(parted, "6901", "skill", "初级")]
    assert ids == [row["entry_id"] for row in entries_of(rows, "6901", "skill", "初级")]
    assert [row["position"] for row in entries_of(parted, "6901", "skill", "初级")] == list(
        range(1, len(ids) + 1)
    )


def test_move_between_tiers(rows: Rows) -> None:
    text, there = texts(rows)[0], texts(rows, tier="中级")
    move = {"where": where(), "action": "move", "from": text}
    out = apply_to_rows(rows, [one(**move, to={"tier": "中级", "position": 2})])
    assert texts(out) == texts(rows)[1:] and texts(out, tier="中级") == [there[0], text, *there[1:]]
    assert entries_of(out, "6901", "skill", "中级")[1]["corrected"]
    printed = apply_to_rows(rows, [one(**move, to={"kind": "执业资格证书"})])
    assert texts(printed) == texts(rows)[1:] and texts(printed, kind="practice")[-1] == text
    with pytest.raises(XizeError, match="第7行.*专业类9999不存在"):
        apply_to_rows(rows, [one(**move, to={"class": "9999"})])


def test_drop_and_add(rows: Rows) -> None:
    text = texts(rows)[1]
    dropped = apply_to_rows(rows, [one(where=where(), action="drop", **{"from": text})])
    assert texts(dropped) == [texts(rows)[0], *texts(rows)[2:]]
    add = one(where=where(), action="add", to=text, after=texts(rows)[0])
    again = apply_to_rows(dropped, [add])
    assert texts(again) == texts(rows)
    new = entries_of(again, "6901", "skill", "初级")[1]
    old = entries_of(rows, "6901", "skill", "初级")[1]
    assert new["corrected"] and new["page"] is not None
    assert all(new[name] == old[name] for name in ("entry_id", "grades", "level", "name", "position"))
    with pytest.raises(XizeError, match="已有"):
        apply_to_rows(rows, [add])
    # Into a cell that is empty: the place is the class's.
    empty = {"class": "6101", "kind": "practice", "tier": "初级"}
    assert texts(rows, "6101", "practice") == []
    filled = apply_to_rows(rows, [one(where=empty, action="add", to="执业兽医")])
    assert texts(filled, "6101", "practice") == ["执业兽医"]
    build("entries", filled["entries"], EDITION, "pdf")


def test_several_corrections_in_their_order(rows: Rows) -> None:
    first, second, *_ = texts(rows)
    out = apply_to_rows(
        rows,
        [
            one(where=where(), action="replace", to="甲工(五级/初级工)", **{"from": first}),
            one(where=where(), action="drop", **{"from": second}),
            one(where=where(), action="move", to={"tier": "高级"}, **{"from": "甲工(五级/初级工)"}),
        ],
    )
    assert texts(out) == texts(rows)[2:] and texts(out, tier="高级")[-1] == "甲工(五级/初级工)"


def test_what_matches_nothing_or_several_places_stops(rows: Rows) -> None:
    with pytest.raises(XizeError, match=r"corrections\.yaml第7行.*6901·skill·初级.*没有条目“没有的条目”"):
        apply_to_rows(rows, [one(where=where(), action="replace", to="乙", **{"from": "没有的条目"})])
    twice = next(
        cell
        for cell in _cells(rows)
        if any(_texts(rows, cell).count(text) > 1 for text in _texts(rows, cell))
    )
    text = next(text for text in _texts(rows, twice) if _texts(rows, twice).count(text) > 1)
    place = dict(zip(("class", "kind", "tier"), twice, strict=True))
    with pytest.raises(XizeError, match="适用于2处"):
        apply_to_rows(rows, [one(where=place, action="drop", **{"from": text})])
    second = [row["position"] for row in entries_of(rows, *twice) if row["text"] == text][1]
    out = apply_to_rows(rows, [one(where={**place, "position": second}, action="drop", **{"from": text})])
    assert _texts(out, twice).count(text) == 1


def _cells(rows: Rows) -> list[tuple[str, str, str]]:
    return list(dict.fromkeys((row["class_code"], row["kind"], row["tier"]) for row in rows["entries"]))


def _texts(rows: Rows, cell: tuple[str, str, str]) -> list[str]:
    return [row["text"] for row in entries_of(rows, *cell)]


# --- annex rows


def test_annex_value(rows: Rows) -> None:
    (old,) = [row for row in rows["annex_7_one_plus_x"] if row["no"] == "12"]
    fix = {"where": {"annex": 7, "no": "12"}, "action": "replace", "from": old["org"], "to": "某某有限公司"}
    out = apply_to_rows(rows, [one(**fix)])
    (new,) = [row for row in out["annex_7_one_plus_x"] if row["no"] == "12"]
    assert new["org"] == "某某有限公司" and new["corrected"] and new["row_id"] == old["row_id"]
    assert sum(bool(row.get("corrected")) for row in out["annex_7_one_plus_x"]) == 1
    with pytest.raises(XizeError, match="第7行.*附件7之?.*没有“别的文字”|第7行.*没有“别的文字”"):
        apply_to_rows(rows, [one(**{**fix, "from": "别的文字"})])


def test_annex_key_grades_and_lists(rows: Rows) -> None:
    graded = next(row for row in rows["annex_5_evaluators"] if row["grades"])
    stated = "、".join(map(str, graded["grades"]))
    place = {"annex": 5, "row_id": graded["row_id"]}
    fix = one(where=place, action="replace", column="grades", to="5、4", **{"from": stated})
    out = apply_to_rows(rows, [fix])
    assert next(r for r in out["annex_5_evaluators"] if r["row_id"] == graded["row_id"])["grades"] == [5, 4]
    listed = next(row for row in rows["annex_8_qualifications"] if len(row["departments"]) > 1)
    place = {"annex": 8, "row_id": listed["row_id"]}
    fix = one(
        where=place, action="replace", column="departments", to="某部", **{"from": listed["departments"][1]}
    )
    new = next(
        r for r in apply_to_rows(rows, [fix])["annex_8_qualifications"] if r["row_id"] == listed["row_id"]
    )
    assert new["departments"] == [listed["departments"][0], "某部", *listed["departments"][2:]]
    number = one(where={"annex": 7, "no": "447"}, action="replace", column="no", to="448", **{"from": "447"})
    assert apply_to_rows(rows, [number])["annex_7_one_plus_x"][-1]["row_id"] == "448"


def test_annex_rows_come_and_go(rows: Rows) -> None:
    last = rows["annex_7_one_plus_x"][-1]
    drop = one(where={"annex": 7, "no": "447"}, action="drop", **{"from": last["certificate"]})
    out = apply_to_rows(rows, [drop])
    assert len(out["annex_7_one_plus_x"]) == 446
    to = {"org": last["org"], "certificate": last["certificate"], "batch": last["batch"]}
    add = one(where={"annex": 7, "no": "447"}, action="add", to=to)
    again = apply_to_rows(out, [add])["annex_7_one_plus_x"]
    assert len(again) == 447 and again[-1]["row_id"] == "447" and again[-1]["corrected"]
    build("annex_7_one_plus_x", again, EDITION, "pdf")
    with pytest.raises(XizeError, match="已有行447"):
        apply_to_rows(rows, [add])
    with pytest.raises(XizeError, match="缺少列“certificate”"):
        apply_to_rows(
            out, [one(where={"annex": 7, "no": "447"}, action="add", to={"org": "甲", "batch": "一"})]
        )


# --- cells


def staged(*cells: dict[str, Any]) -> pa.Table:
    made = []
    for cell in cells:
        lines = [
            {"text": text, "x0": cell["x0"] + 2, "top": 100.0 + 12 * i, "x1": cell["x0"] + 2 + 10 * len(text), "bottom": 110.0 + 12 * i}
            for i, text in enumerate(cell.pop("texts"))
        ]  # fmt: skip
        made.append(
            {
                "page": 1,
                "table_no": 1,
                "row_span": 1,
                "col_span": 1,
                "top": 98.0,
                "x1": cell["x0"] + 60,
                "bottom": 130.0,
                "lines": lines,
                "engine": "test",
                "sizes": [10.0] * len(lines),
                "confidence": 1.0,
                "advances": [[10.0] * len(line["text"]) for line in lines],
                "open_top": False,
                "open_bottom": False,
                "line": None,
                "cell_id": f"p0001-t1-r{cell['row']:03d}-c{cell['col']:02d}",
                **cell,
            }  # fmt: skip
        )
    return pa.Table.from_pylist(made, schema=CELLS)


@pytest.fixture
def cells() -> pa.Table:
    return staged(
        {"row": 0, "col": 0, "x0": 40.0, "texts": ["序号"]},
        {"row": 0, "col": 1, "x0": 100.0, "texts": ["机构", "备案号"]},
        {"row": 1, "col": 0, "x0": 40.0, "texts": ["1"]},
        {"row": 1, "col": 1, "x0": 100.0, "texts": ["s0000313", "00045"]},
        {"row": 2, "col": 0, "x0": 40.0, "texts": ["2"]},
        {"row": 2, "col": 1, "x0": 100.0, "texts": []},
    )


def named(cells: pa.Table, cell_id: str) -> dict[str, Any]:
    (found,) = [row for row in cells.to_pylist() if row["cell_id"] == cell_id]
    return found


def test_cell_text(cells: pa.Table) -> None:
    place = {"cell_id": "p0001-t1-r001-c01"}
    out, changed = apply_to_cells(
        cells, [one(where=place, action="replace", to="S0000313", **{"from": "s0000313"})]
    )
    new = named(out, place["cell_id"])
    assert cell_text(new) == "S000031300045" and changed == {place["cell_id"]}
    assert [len(a) for a in new["advances"]] == [len(line["text"]) for line in new["lines"]]
    whole, _ = apply_to_cells(
        cells, [one(where=place, action="replace", to="S00003\n1300045\n附", **{"from": "s000031300045"})]
    )
    assert [line["text"] for line in named(whole, place["cell_id"])["lines"]] == ["S00003", "1300045", "附"]
    assert out.schema == cells.schema and cell_text(named(cells, place["cell_id"])) == "s000031300045"
    with pytest.raises(XizeError, match="第7行.*单元格p0001-t1-r001-c01.*没有“x”"):
        apply_to_cells(cells, [one(where=place, action="replace", to="y", **{"from": "x"})])
    with pytest.raises(XizeError, match="适用于2处.*from写得更长"):
        apply_to_cells(cells, [one(where=place, action="replace", to="9", **{"from": "000"})])
    with pytest.raises(XizeError, match="没有单元格p0009"):
        apply_to_cells(
            cells, [one(where={"cell_id": "p0009-t1-r000-c00"}, action="replace", to="y", **{"from": "x"})]
        )


def test_span(cells: pa.Table) -> None:
    place = {"cell_id": "p0001-t1-r001-c01"}
    span = {"where": place, "action": "set_span", "from": {"row_span": 1}}
    out, _ = apply_to_cells(cells, [one(**span, to={"row_span": 2})])
    assert named(out, place["cell_id"])["row_span"] == 2 and out.num_rows == cells.num_rows - 1
    with pytest.raises(XizeError, match="row_span现为1，而非3"):
        apply_to_cells(cells, [one(**{**span, "from": {"row_span": 3}}, to={"row_span": 2})])
    above = {"cell_id": "p0001-t1-r000-c00"}
    with pytest.raises(XizeError, match="会盖住有文字的单元格p0001-t1-r001-c00"):
        apply_to_cells(cells, [one(**{**span, "where": above}, to={"row_span": 2})])


def test_column(cells: pa.Table) -> None:
    place = {"cell_id": "p0001-t1-r002-c00"}
    out, _ = apply_to_cells(cells, [one(where=place, action="map_column", to=1, **{"from": 0})])
    moved = named(out, place["cell_id"])
    assert (moved["col"], moved["x0"]) == (1, 100.0) and moved["lines"][0]["x0"] == 102.0
    assert out.num_rows == cells.num_rows - 1
    with pytest.raises(XizeError, match="第0列，而非第5列"):
        apply_to_cells(cells, [one(where=place, action="map_column", to=1, **{"from": 5})])


def test_a_column_that_the_table_does_not_have(cells: pa.Table) -> None:
    """It would move the text out of the table, where no row takes it up: refused, naming the columns that there are."""
    place = {"cell_id": "p0001-t1-r001-c01"}
    said = r"第7行.*的to写作第2列，而该表只有第0至1列：0“序号”、1“机构备案号”"
    with pytest.raises(XizeError, match=said):
        apply_to_cells(cells, [one(where=place, action="map_column", to=2, **{"from": 1})])
    wide = staged(
        {"row": 0, "col": 0, "col_span": 2, "x0": 40.0, "texts": ["甲"]},
        {"row": 0, "col": 2, "x0": 100.0, "texts": ["十二个字以上的列标题会被截短"]},
        {"row": 1, "col": 1, "x0": 40.0, "texts": ["乙"]},
    )
    first = {"cell_id": "p0001-t1-r000-c00"}
    with pytest.raises(XizeError, match="横跨2列），而该表只有第0至2列：0、1“乙”、2“十二个字以上的列标题…”"):
        apply_to_cells(wide, [one(where=first, action="map_column", to=2, **{"from": 0})])


def test_an_annex_column_that_the_table_does_not_have(rows: Rows) -> None:
    row = rows["annex_7_one_plus_x"][0]
    place = {"annex": 7, "row_id": row["row_id"]}
    entry = {
        "where": place,
        "action": "replace",
        "from": row["certificate"],
        "to": "新名",
        "column": "issuer",
    }
    with pytest.raises(XizeError, match="的column写作“issuer”，而.*没有这一列，只有no、.*certificate"):
        apply_to_rows(rows, [one(**entry)])


def test_rows_of_corrected_cells_are_marked(rows: Rows) -> None:
    cell_id = rows["annex_7_one_plus_x"][3]["cell_id"]
    out = apply_to_rows(rows, [], corrected_cells={cell_id})
    assert [row["row_id"] for row in out["annex_7_one_plus_x"] if row.get("corrected")] == ["4"]


def test_every_action_is_documented_and_tested() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    for action in ACTIONS:
        assert re.search(rf'"action": "{action}"|action="{action}"', source)
