"""The annexes of the truth file as rows of the contract's tables, and reading annexes to compare with them."""

from __future__ import annotations

from collections import Counter

from pipeline.schema import ANNEX_TABLES, TABLES, build
from pipeline.text import normalise
from pipeline.tidy.annexes import Annex, AnnexResult, read_annexes
from tests.tidy.annexes.tables import Sheet, intended_lines, truth_annexes

TRUTH = truth_annexes()
# Columns of the truth's tables in the contract's names, list by list; None: read below.
FIELDS: dict[int, list[list[str]]] = {
    2: [["no", "name"]],
    3: [["no", "type", "example"]],
    4: [["no", "name", "supervisor"], ["no", "name", "supervisor", "lead_unit"]],
    5: [["no", "org", "authority", "occupation", "grades"]],
    6: [
        ["org_no", "org", "org_code", "no", "occupation_code", "occupation", "grades"],
        ["org_no", "org", "org_code", "no", "occupation_code", "occupation", "item_type"],
    ],
    7: [["no", "org", "certificate", "batch"]],
    8: [
        ["no", "name", "sub_name", "departments", "category", "legal_basis"],
        ["no", "name", "sub_name", "departments", "category", "legal_basis", "note"],
    ],
    9: [
        ["no", "field", "certificate", "issuer"],
        ["no", "field", "certificate", "issuer"],
        ["no", "field", "issuer", "certificate"],
        ["no", "field", "issuer", "certificate"],
    ],
    11: [["no", "qualification", "rule"]],
}
PARTS = {
    4: ("list", ["双重管理", "脱钩"]),
    6: ("part", ["社会化职业技能等级认定", "专项职业能力考核"]),
    8: ("part", ["专业技术人员", "技能人员"]),
    9: ("list", ["A", "B", "C", "D"]),
}
TABLE_OF = dict(enumerate(ANNEX_TABLES, start=1))
RANKS = ["正高级", "副高级", "中级", "助理级", "员级"]
CATEGORIES = ["教学技能比赛、教学成果奖", "高技能人才称号", "科技或发明奖项·省部级", "科技或发明奖项·国家级"]


def expected(no: int) -> list[dict]:
    """The rows that annex ``no`` of the truth must give, printed columns only (annex 11: one row per cell)."""
    tables = TRUTH[no]["tables"]
    if no == 1:
        return [
            {"category": CATEGORIES[col], "name": normalise(row[col])}
            for row in tables[0]["rows"]
            for col in range(4)
            if row[col]
        ]
    if no == 10:
        return _ladders(tables[0])
    rows = []
    for index, table in enumerate(tables):
        group = None
        for row in table["rows"]:
            if len(set(row)) == 1 and len(row) > 1:
                group = row[0]
                continue
            made = {name: _value(name, text) for name, text in zip(FIELDS[no][index], row, strict=True)}
            if made.get("sub_name") == made.get("name"):
                made.pop("sub_name", None)
            if no in PARTS:
                made[PARTS[no][0]] = PARTS[no][1][index]
            if no == 5:
                made["group"] = group
            rows.append({name: value for name, value in made.items() if value not in (None, "")})
    return rows


def _value(name: str, text: str) -> object:
    if name == "grades":
        return [int(n) for n in text.split("、")]
    if name in ("departments", "legal_basis"):
        return [normalise(line) for line in text.split("\n")]
    if name == "rule":
        return "\n".join(normalise(line) for line in text.split("\n"))
    return normalise(text)


def _ladders(table: dict) -> list[dict]:
    rows, counts = [], Counter()
    for row in table["rows"]:
        counts[row[0]] += 1
        for rank, title in zip(RANKS, row[2:], strict=True):
            if title:
                made = {"series_no": row[0], "series": normalise(row[1]), "ladder": counts[row[0]]}
                rows.append({**made, "rank": rank, "title": normalise(title)})
    return rows


def read(*annexes: Annex, **options: object) -> AnnexResult:
    """Read; check that nothing was lost, and that every row fits the contract."""
    result = read_annexes(annexes, intended_lines, **options)
    left = [f.evidence for f in result.findings if f.code == "annex_text_unplaced"]
    given = sum(len(c.text) for a in annexes for t in a.tables for c in t.cells)
    counts = result.characters
    assert counts["given"] == given == counts["rows"] + counts["heads"] + counts["findings"]
    assert counts["findings"] == sum(map(len, left))
    for name, rows in result.rows.items():
        table = build(name, [{**row, "source": "pdf"} for row in rows], "test-2025")
        ids = table.column("row_id").to_pylist()
        assert len(set(ids)) == len(ids)
    return result


def printed(result: AnnexResult, table: str) -> list[dict]:
    """The rows of a table without provenance, derived columns and empty values; one per cell for annex 11."""
    own = {f.name for f in TABLES[table].fields}
    own -= {"edition", "annex_no", "row_id", "source", "page", "line", "x0", "top", "x1", "bottom", "cell_id"}
    own -= {"confidence", "corrected", "condition", "titles", "remark"}
    rows = [
        {k: v for k, v in row.items() if k in own and v not in (None, "", [])} for row in result.rows[table]
    ]
    if table == "annex_11_mappings":
        rows = [row for i, row in enumerate(rows) if i == 0 or row != rows[i - 1]]
    return rows


def codes(result: AnnexResult) -> Counter:
    """How often each finding occurs."""
    return Counter(f.code for f in result.findings)


def same(result: AnnexResult, no: int) -> None:
    """Every row of the annex equals the truth's, in order (the titles of one ladder row in any order)."""
    got, want = printed(result, TABLE_OF[no]), expected(no)
    if no in (1, 10):
        got, want = sorted(got, key=str), sorted(want, key=str)
    wrong = [(g, w) for g, w in zip(got, want, strict=False) if g != w]
    assert not wrong, wrong[:3]
    assert len(got) == len(want)


def reword(sheet: Sheet, header_rows: int, words: dict[str, str]) -> Sheet:
    """The sheet with other header words."""
    rows = [[words.get(text, text) for text in row] for row in sheet.rows[:header_rows]] + sheet.rows[
        header_rows:
    ]
    return Sheet(rows, sheet.merges, sheet.widths, sheet.context, sheet.page)
