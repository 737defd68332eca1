"""From our checks to Great Expectations suites, including the two expectations that its library lacks.

Importing this module imports Great Expectations (seconds): only expectations.validate does, and late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import great_expectations as gx
import great_expectations.expectations as _gxe
import pandas as pd
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import Expectation, MulticolumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (
    multicolumn_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (
    MulticolumnMapMetricProvider,
)

from expectations.checks import Check

# The library re-exports its expectations without declaring so.
gxe: Any = _gxe
_DOMAIN = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")
_SEVERITY = {"error": "critical", "warning": "warning", "info": "info"}


class RowsFilled(MulticolumnMapMetricProvider):
    """Row metric: no value of the columns is null."""

    condition_metric_name = "xize.rows.filled"
    condition_domain_keys = _DOMAIN
    condition_value_keys = ()

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column_list: pd.DataFrame, **kwargs: Any) -> pd.Series:
        return column_list.notna().all(axis=1)


class RowsWithinBounds(MulticolumnMapMetricProvider):
    """Row metric: every number stands within its own column's bounds (nulls do)."""

    condition_metric_name = "xize.rows.within_bounds"
    condition_domain_keys = _DOMAIN
    condition_value_keys = ("bounds",)

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(
        cls,
        column_list: pd.DataFrame,
        bounds: Mapping[str, Sequence[float]],
        **kwargs: Any,
    ) -> pd.Series:
        good = pd.Series(True, index=column_list.index)
        for name, (low, high) in bounds.items():
            good &= column_list[name].between(low, high) | column_list[name].isna()
        return good


class ExpectRequiredValuesToBePresent(MulticolumnMapExpectation):
    """Expect that every row has a value in every column of ``column_list``."""

    map_metric: ClassVar[str] = "xize.rows.filled"
    ignore_row_if: Literal["all_values_are_missing", "any_value_is_missing", "never"] = "never"


class ExpectNumbersToBeWithinBounds(MulticolumnMapExpectation):
    """Expect that every number stands within ``bounds`` (column → smallest and largest)."""

    bounds: dict[str, list[float]]
    map_metric: ClassVar[str] = "xize.rows.within_bounds"
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "bounds")
    ignore_row_if: Literal["all_values_are_missing", "any_value_is_missing", "never"] = "never"


def _in_set(check: Check, common: dict[str, Any]) -> Any:
    values: Any = check.options["value_set"]
    return gxe.ExpectColumnValuesToBeInSet(column=check.columns[0], value_set=list(values), **common)


def _within(check: Check, common: dict[str, Any]) -> Any:
    bounds: Any = check.options["bounds"]
    if len(check.columns) == 1:
        low, high = bounds[check.columns[0]]
        return gxe.ExpectColumnValuesToBeBetween(
            column=check.columns[0], min_value=low, max_value=high, **common
        )
    plain = {name: list(pair) for name, pair in bounds.items()}
    return ExpectNumbersToBeWithinBounds(column_list=list(check.columns), bounds=plain, **common)


def _unique(check: Check, common: dict[str, Any]) -> Any:
    if len(check.columns) == 1:
        return gxe.ExpectColumnValuesToBeUnique(column=check.columns[0], **common)
    return gxe.ExpectCompoundColumnsToBeUnique(
        column_list=list(check.columns), ignore_row_if="never", **common
    )


_FORMS: Mapping[str, Callable[[Check, dict[str, Any]], Expectation]] = {
    "filled": lambda c, k: ExpectRequiredValuesToBePresent(column_list=list(c.columns), **k),
    "in_set": _in_set,
    "regex": lambda c, k: gxe.ExpectColumnValuesToMatchRegex(
        column=c.columns[0], regex=c.options["regex"], **k
    ),
    "within": _within,
    "unique": _unique,
    "lengths": lambda c, k: gxe.ExpectColumnValueLengthsToBeBetween(column=c.columns[0], **c.options, **k),
    "equal": lambda c, k: gxe.ExpectColumnPairValuesToBeEqual(
        column_A=c.columns[0], column_B=c.columns[1], ignore_row_if="both_values_are_missing", **k
    ),
    "rows": lambda c, k: gxe.ExpectTableRowCountToBeBetween(**c.options, **k),
    "none": lambda c, k: gxe.ExpectColumnValuesToBeNull(column=c.columns[0], **k),
}


def expectation(check: Check) -> Expectation:
    """The Great Expectations object for ``check``; our name, code and severity travel in its meta."""
    words = {"error": "错误", "warning": "警告", "info": "提示"}[check.severity]
    common: dict[str, Any] = {
        "description": f"【{words}】{check.title}",
        "severity": _SEVERITY[check.severity],
        "meta": {"name": check.name, "code": check.code, "severity": check.severity},
    }
    return _FORMS[check.form](check, common)


def suite(table: str, checks: Iterable[Check]) -> gx.ExpectationSuite:
    """The suite of one table."""
    return gx.ExpectationSuite(name=table, expectations=[expectation(check) for check in checks])
