"""One Great Expectations suite per table, generated from pipeline.schema with the library's own expectations.

A suite needs nothing of ours: what several tables must tell stands in references and own_checks. What a finding says of the rows that
break an expectation stands in its ``meta``. Importing this module imports Great Expectations (seconds).
"""

# ruff: noqa: E501  (Chinese titles and messages: the rules are read as a list)
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import great_expectations as gx
import great_expectations.expectations as _gxe
import pyarrow as pa
from great_expectations.expectations.expectation import Expectation

from expectations.report import ValidationContext
from expectations.rules import Rule
from pipeline.schema import PROVENANCE, TABLES, Field, Table

# The library re-exports its expectations without declaring so.
gxe: Any = _gxe
_LARGEST = 2**31 - 1  # the largest of its type is no bound to speak of
_SEVERITY = {"error": "critical", "warning": "warning", "info": "info"}
# Every table has these: own_checks._place_rule and own_checks.structure look at them at once.
_SHARED = frozenset({"edition", *(field.name for field in PROVENANCE)})
# Reading reports a word outside these vocabularies where it finds it, once for all rows below.
_READ = frozenset(
    {("annex_1_awards", "category"), *((name, part) for name in TABLES for part in ("part", "list"))}
)


def scalar_columns(table: Table) -> list[str]:
    """The columns that a pandas frame can judge: all but the lists."""
    return [field.name for field in table.fields if not pa.types.is_nested(field.type)]


def suite(table: Table, context: ValidationContext) -> gx.ExpectationSuite:
    """The suite of one table: its columns, nulls, vocabularies, patterns, bounds, key and row count."""
    expectations = [
        gxe.ExpectTableColumnsToMatchSet(
            column_set=scalar_columns(table), exact_match=False,
            **said_of(Rule(table.name, "columns", "schema_violation", "error", "约定的各列都在", "{title}缺少约定的列。")),
        )
    ]  # fmt: skip
    for field in table.fields:
        if field.name in scalar_columns(table) and field.name not in _SHARED:
            expectations += _column(table.name, field)
    expectations += _keys(table)
    expectations += _row_count(table, *context.bounds.get(table.name, (None, None)))
    return gx.ExpectationSuite(name=table.name, expectations=expectations)


def rule_of(config: Any, table: str) -> Rule:
    """The rule that an expectation (its configuration, as results have it) was made from."""
    return Rule(table=table, title=config.description, **config.meta)


def said_of(rule: Rule) -> dict[str, Any]:
    """What Great Expectations keeps of a rule."""
    meta = {key: value for key, value in asdict(rule).items() if key not in ("table", "title")}
    if not rule.sql:
        del meta["sql"]
    return {"description": rule.title, "severity": _SEVERITY[rule.severity], "meta": meta}


def _column(table: str, field: Field) -> Iterator[Expectation]:
    """Nulls, closed (error) and open (warning) vocabularies, patterns and bounds of one column."""
    name, label = field.name, f"{field.title_zh}（{field.name}）"
    refused = f"{{title}}（{{key}}）的{field.title_zh}“{{value}}”"
    if not field.nullable:
        rule = Rule(
            table, f"{name}_required", "value_missing", "error", f"{label}均有值",
            f"{{title}}第{{row}}行（{{key}}）缺少必填的值：{name}。", f"required={name}",
        )  # fmt: skip
        yield gxe.ExpectColumnValuesToNotBeNull(column=name, **said_of(rule))
    if field.enum is not None:
        rule = Rule(
            table, f"{name}_enum", "value_not_allowed", "error",
            f"{label}为约定的取值之一：{'、'.join(field.enum)}", f"{refused}不在约定的取值之中。",
        )  # fmt: skip
        yield gxe.ExpectColumnValuesToBeInSet(column=name, value_set=list(field.enum), **said_of(rule))
    if field.pattern is not None:
        rule = Rule(
            table, f"{name}_pattern", "value_not_allowed", "error",
            f"{label}符合格式 {field.pattern}", f"{refused}不符合约定的格式。",
        )  # fmt: skip
        yield gxe.ExpectColumnValuesToMatchRegex(column=name, regex=field.pattern, **said_of(rule))
    if field.known is not None:
        rule = Rule(
            table, f"{name}_known", "value_unknown", "warning",
            f"{label}为已知的取值：{'、'.join(field.known)}", f"{refused}是未见过的取值，已照原文发布。",
            findings=(table, name) not in _READ,
        )  # fmt: skip
        yield gxe.ExpectColumnValuesToBeInSet(column=name, value_set=list(field.known), **said_of(rule))
    if field.bounds is not None:
        low, high = field.bounds
        rule = Rule(
            table, f"{name}_bounds", "value_out_of_bounds", "error",
            f"{label}在{low:g}与{high:g}之间" if high < _LARGEST else f"{label}不小于{low:g}",
            f"{{title}}第{{row}}行（{{key}}）的数值超出范围：{name}={{value}}。", f"bounds={name}={{value}}",
        )  # fmt: skip
        yield gxe.ExpectColumnValuesToBeBetween(column=name, min_value=low, max_value=high, **said_of(rule))


def _keys(table: Table) -> Iterator[Expectation]:
    """The key is unique."""
    rule = Rule(
        table.name, "key", "key_duplicated", "error", "键唯一：" + "＋".join(table.key), "{title}的键重复：{value}（第{row}行）。",
    )  # fmt: skip
    if len(table.key) == 1:
        yield gxe.ExpectColumnValuesToBeUnique(column=table.key[0], **said_of(rule))
    else:
        yield gxe.ExpectCompoundColumnsToBeUnique(
            column_list=list(table.key), ignore_row_if="never", **said_of(rule)
        )


def _row_count(table: Table, fewest: int | None, most: int | None) -> Iterator[Expectation]:
    """The bounds of source.yaml: too few rows block, too many only warn."""
    if fewest is not None:
        rule = Rule(
            table.name, "enough_rows", "row_count_below", "error", f"不少于{fewest}行",
            f"{{title}}应不少于{fewest}行，实为{{value}}行，可能漏读。",
        )  # fmt: skip
        yield gxe.ExpectTableRowCountToBeBetween(min_value=fewest, **said_of(rule))
    if most is not None:
        rule = Rule(
            table.name, "not_too_many_rows", "row_count_above", "warning", f"不多于{most}行",
            f"{{title}}应不多于{most}行，实为{{value}}行，请核对。",
        )  # fmt: skip
        yield gxe.ExpectTableRowCountToBeBetween(max_value=most, **said_of(rule))
