"""What Great Expectations cannot judge in a pandas frame of one table: lists, several tables' rows, the whole edition.
(References from table to table are an expectation of our own: :mod:`expectations.references`.)

Rules with SQL run in DuckDB over the tables, and just so over a release's Parquet files (see own_checks.json there). The
rest is decided here: the tables' Arrow types, the table of contents, the characters that were lost.
"""

# ruff: noqa: E501  (Chinese titles and messages: the rules are read as a list)
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from expectations.report import Result, ValidationContext
from expectations.rules import KEY, ROW, ROW_HEAD, Rule
from pipeline.schema import ANNEX_TABLES, GRADE_LABELS, TABLES, Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Characters that a run may lose before it is no longer a blemish but a broken reading.
LOST_SHARE = 0.01
Rows = list[dict[str, Any]]


def own_results(tables: Mapping[str, pa.Table], context: ValidationContext) -> list[Result]:
    """Every rule of ours on the tables of the contract (each there, as declared); see :func:`structure` for that."""
    import duckdb

    found = list(_document(tables, context))
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        for rule in _sql_rules(context):
            found.append(Result(rule, tables[rule.table].num_rows, _select(rule.sql, connection)))
    return found


def structure(tables: Mapping[str, pa.Table], edition: str) -> Result:
    """Every table has every declared column in the declared type, and one edition throughout."""
    rule = Rule(
        "structure", "structure", "schema_violation", "error",
        "每个表、每一列都在，类型与数据约定一致，且全表只有本版本",
        "数据表结构与约定不符：{table}.{column}应为“{expected}”，实为“{found}”。", "structure={found}/{expected}",
    )  # fmt: skip
    looked_at: Rows = []
    for table in TABLES.values():
        given = tables.get(table.name)
        types = {} if given is None else {field.name: str(field.type) for field in given.schema}
        looked_at += [
            {"table": table.name, "column": field.name, "expected": str(field.type), "found": types.get(field.name, "缺失")}
            for field in table.fields
        ]  # fmt: skip
        if given is not None and given.num_rows and "edition" in types:
            editions = "、".join(sorted(map(str, given["edition"].unique().to_pylist())))
            looked_at.append(
                {"table": table.name, "column": "edition=", "expected": edition, "found": editions}
            )
    wrong = [row | {"value": row["found"]} for row in looked_at if row["found"] != row["expected"]]
    return Result(rule, len(looked_at), wrong)


def _select(sql: str, connection: DuckDBPyConnection) -> Rows:
    """The rows that a rule's SQL selects, in their table's order."""
    selected = connection.execute(sql)
    names = [column[0] for column in selected.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in selected.fetchall()]
    return sorted(rows, key=lambda row: row[ROW])


def _sql_rules(context: ValidationContext) -> Iterator[Rule]:
    for table in TABLES.values():
        yield _place_rule(table)
        for field in table.fields:
            if pa.types.is_list(field.type) and field.bounds is not None:
                yield _list_rule(table.name, field.name, field.title_zh, *field.bounds)
    yield from _credential_rules(context.rule3)
    yield Rule(
        "majors", "has_classes", "section_without_classes", "warning" if context.allow_incomplete else "error",
        "正文中的每个专业大类都有专业类",
        "专业大类“{value}”在正文中有标题，却没有读到任何专业类；请核对该页的表格，或以--allow-incomplete照此发布。",
        sql=f"SELECT {ROW_HEAD}, major_code || name AS value FROM majors"
        " WHERE present AND major_code NOT IN (SELECT major_code FROM classes) AND major_code NOT IN"
        " (SELECT key FROM findings WHERE code = 'section_header_only' AND key IS NOT NULL)",
    )  # fmt: skip
    # The findings speak for themselves: no finding about a finding.
    yield Rule(
        "findings", "no_open_error", "error_finding", "error", "没有未处理的错误级发现", "{value}", findings=False,
        sql=f"SELECT {ROW_HEAD}, message AS value FROM findings WHERE severity = 'error' AND status = 'open'",
    )  # fmt: skip


def _place_rule(table: Table) -> Rule:
    """Page, line, box and confidence of a row, and that its provenance is filled."""
    cases = [
        "WHEN x0 > x1 THEN '左边大于右边'",
        "WHEN top > bottom THEN '上边大于下边'",
        "WHEN x0 IS NOT NULL AND (top IS NULL OR x1 IS NULL OR bottom IS NULL) THEN '坐标不全'",
        "WHEN source IS NULL OR confidence IS NULL THEN '来源或可信度空缺'",
    ]
    for name in ("page", "line", "confidence"):
        field = table.by_name[name]
        if field.bounds is not None:
            low, high = field.bounds
            cases.append(f"WHEN {name} NOT BETWEEN {low} AND {high} THEN '{field.title_zh}超出范围'")
    return Rule(
        table.name, "place", "value_out_of_bounds", "error",
        "来源、页码、行号、坐标与可信度合理（左不大于右，上不大于下）", "{title}第{row}行（{key}）的位置不合理：{value}。",
        sql=f"SELECT {ROW_HEAD}, CASE {' '.join(cases)} END AS value FROM {table.name} WHERE value IS NOT NULL",
    )  # fmt: skip


def _list_rule(table: str, column: str, title: str, low: float, high: float) -> Rule:
    """Numbers in a list stand within their bounds, from the largest to the smallest, none twice."""
    return Rule(
        table, f"{column}_list", "grades_invalid", "error",
        f"{title}（{column}）各值在{low:g}与{high:g}之间，由大到小，不重复",
        "{title}（{key}）的" + title + "不合约定：{value}。",
        sql=f"""SELECT {ROW_HEAD}, CASE WHEN {column} IS NULL THEN '列表为空值'
WHEN list_count({column}) < len({column}) OR list_min({column}) < {low} OR list_max({column}) > {high}
THEN {column}::VARCHAR || '超出范围'
WHEN {column} <> list_reverse_sort(list_distinct({column})) THEN {column}::VARCHAR || '未由大到小排列'
END AS value FROM {table} WHERE value IS NOT NULL""",
    )  # fmt: skip


def _credential_rules(rule3: Mapping[int, str]) -> Iterator[Rule]:
    """The rows of ``credentials`` follow from the entries: one per grade, with its label and the tier of rule 3."""
    labels = " ".join(f"WHEN {grade} THEN '{label}'" for grade, label in GRADE_LABELS.items())
    tiers = " ".join(f"WHEN {grade} THEN '{tier}'" for grade, tier in rule3.items())
    yield Rule(
        "entries", "expanded", "credential_missing", "error",
        "每个条目在证书表中按等级展开：一等级一行，未写等级者一行", "{key}展开为证书的行数不符：{value}。",
        sql=f"""SELECT {ROW_HEAD}, '应为' || greatest(len(grades), 1) || '行，实为' || coalesce(n, 0) || '行' AS value
FROM entries LEFT JOIN (SELECT entry_id, count(*) AS n FROM credentials GROUP BY entry_id) USING (entry_id)
WHERE coalesce(n, 0) <> greatest(len(grades), 1) AND EXISTS (SELECT 1 FROM credentials)""",
    )  # fmt: skip
    yield Rule(
        "credentials", "label", "grade_label_wrong", "error", "等级名称与等级相符（如3为三级/高级工）",
        "证书{key}的等级名称应为“{wanted}”，实为“{grade_label}”。", "label={grade_label}/{wanted}",
        sql=f"""SELECT {ROW_HEAD}, grade_label, CASE grade {labels} END AS wanted, grade_label AS value
FROM credentials WHERE grade_label IS DISTINCT FROM wanted""",
    )  # fmt: skip
    yield Rule(
        "credentials", "rule_3", "tier_rule_wrong", "error",
        "tier_by_rule等于说明第3条对该等级的规定（五级初级，四级中级，三级以上高级；另有规定者从其规定）",
        "证书{key}按说明第3条应为“{wanted}”，所记为“{tier_by_rule}”。", "rule_3={tier_by_rule}/{wanted}",
        sql=f"""SELECT {ROW_HEAD}, tier_by_rule, tier_by_rule AS value,
CASE WHEN grade IS NULL THEN level ELSE CASE grade {tiers} END END AS wanted
FROM credentials WHERE tier_by_rule IS DISTINCT FROM wanted""",
    )  # fmt: skip
    yield Rule(
        "credentials", "conflict_flag", "tier_rule_wrong", "error",
        "tier_conflict恰在所在级次与规定级次不同时为真", "证书{key}的tier_conflict有误：{value}。",
        sql=f"""SELECT {ROW_HEAD}, '级次' || tier || '，规定级次' || coalesce(tier_by_rule, '无') || '，所记为'
|| CASE WHEN tier_conflict THEN 'True' ELSE 'False' END AS value
FROM credentials WHERE tier_conflict <> coalesce(tier_by_rule <> tier, FALSE)""",
    )  # fmt: skip


def _document(tables: Mapping[str, pa.Table], context: ValidationContext) -> Iterator[Result]:
    """What the document as a whole promises: its table of contents, and that every character is kept."""
    absent = _absent_majors(tables["majors"], context)
    lost, total = context.characters_lost, context.characters_in_tables
    if not context.toc and not absent and lost is None:
        return
    severity = "warning" if context.allow_incomplete else "error"
    for kind, name, title in (
        ("section", "sections_present", "专业大类"),
        ("annex", "annexes_present", "附件"),
    ):
        rule = Rule(
            "document", name, f"toc_{kind}_missing", severity, f"目录所列的每个{title}都在正文中",
            "目录所列的“{value}”在正文中没有找到；请核对文件是否完整，确要照此发布请加--allow-incomplete。",
        )  # fmt: skip
        rows = [
            {"value": item.label, "page": item.page}
            for item in context.toc
            if item.kind == kind and not item.found
        ]
        yield _numbered(
            rule,
            sum(item.kind == kind for item in context.toc),
            [*rows, *(absent if kind == "section" else ())],
        )
    annexes = [
        item for item in context.toc if item.kind == "annex" and item.found and item.number is not None
    ]
    filled = {str(no) for name in ANNEX_TABLES for no in tables[name]["annex_no"].unique().to_pylist()}
    rule = Rule(
        "document", "annexes_filled", "annex_without_rows", "warning",
        "正文中的每个附件都有表格行", "“{value}”在正文中有标题，却没有读到任何表格行，请核对原文。",
    )  # fmt: skip
    empty = [{"value": item.label, "page": item.page} for item in annexes if item.number not in filled]
    yield _numbered(rule, len(annexes), empty)
    words = f"表格文字{total}个字符中有{lost}个" if total else f"{lost}个字符"
    said: Rows = [{"value": f"{words}未进入任何行或发现"}] if lost else []
    broken = (lost or 0) > LOST_SHARE * (total or 0)
    rule = Rule(
        "document", "characters_kept", "characters_lost", "warning",
        "表格中的每个字符都进入某一行或某个发现", "{value}，请核对原文。",
    )  # fmt: skip
    yield _numbered(rule, total or 0, [] if broken else said)
    rule = Rule(
        "document", "few_characters_lost", "characters_lost", "error",
        f"未进入任何行或发现的字符不超过{LOST_SHARE:.0%}", "{value}，读取有误，不能发布。",
    )  # fmt: skip
    yield _numbered(rule, total or 0, said if broken else [])


def _numbered(rule: Rule, evaluated: int, rows: Rows) -> Result:
    return Result(rule, evaluated, [{KEY: None, ROW: number, **row} for number, row in enumerate(rows, 1)])


def _absent_majors(majors: pa.Table, context: ValidationContext) -> Rows:
    """Majors that stand in no heading of the body and whose line of the contents is not reported already; one without a
    name is in no contents, and has a finding of its own."""
    reported = [item.label for item in context.toc if not item.found]
    absent = [row["name"] for row in majors.to_pylist() if not row["present"] and row["name"]]
    return [{"value": name} for name in absent if not any(name in label for label in reported)]
