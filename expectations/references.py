"""References between tables as one expectation of our own: every value stands among the keys of other tables.

Importing this module imports Great Expectations (seconds). A suite with this expectation runs only where this module is
imported; the suites that are published do without, and own_checks.json has its rules, their SQL and their results.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import great_expectations.execution_engine as _engines
import great_expectations.expectations.metrics as _metrics
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from great_expectations.expectations.expectation import ColumnMapExpectation

from expectations.rules import ROW_HEAD, Rule
from pipeline.schema import ANNEX_TABLES, TABLES, Table

# The library re-exports these without declaring so.
engines: Any = _engines
metrics: Any = _metrics


class ReferringValues(metrics.ColumnMapMetricProvider):  # type: ignore[misc]
    """Whether a value stands among the keys: of each target its file, what goes before its values, its column."""

    condition_metric_name = "column_values.refer_to_tables"
    condition_value_keys = ("targets",)

    @metrics.column_condition_partial(engine=engines.PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column: pd.Series[str], targets: list[list[str]], **more: Any) -> pd.Series[bool]:
        keys = {
            before + str(value)
            for file, before, name in targets
            for value in pq.read_table(file, columns=[name])[name].to_pylist()
        }
        return column.isin(keys)


class ExpectColumnValuesToReferToTables(ColumnMapExpectation):
    """Expect the values of a column to stand among the keys of other tables.

    ``targets``: a Parquet file, what goes before its values, and its column, of every table that may be referred to.
    """

    targets: list[list[str]]

    map_metric = "column_values.refer_to_tables"
    success_keys = ("targets", "mostly")
    args_keys = ("column", "targets")


@dataclass(frozen=True)
class Reference:
    """``columns`` of the rule's table refer to the ``targets``: (table, what goes before its values, column)."""

    rule: Rule
    columns: tuple[str, ...]
    targets: tuple[tuple[str, str, str], ...]

    @property
    def column(self) -> str:
        """The one column of a frame that holds the values of all: table/row_id."""
        return "/".join(self.columns)

    def added_to(self, frame: pa.Table) -> pa.Table:
        """The frame with that column."""
        if self.column in frame.column_names:
            return frame
        joined = pc.binary_join_element_wise(*(frame[name] for name in self.columns), "/")
        return frame.append_column(self.column, joined)

    def expectation(self, folder: Path, **said: Any) -> ExpectColumnValuesToReferToTables:
        """The expectation over the files of a folder; ``said``: what Great Expectations keeps of the rule."""
        targets = [
            [str(folder / f"{table}.parquet"), before, column] for table, before, column in self.targets
        ]
        return ExpectColumnValuesToReferToTables(column=self.column, targets=targets, **said)


def references(table: Table) -> Iterator[Reference]:
    """What a table's rows refer to."""
    for foreign in table.foreign:
        (column,), (target,) = foreign.fields, foreign.target_fields
        title = TABLES[foreign.target].title_zh
        rule = Rule(
            table.name, f"foreign_{foreign.target}", "reference_dangling", "error",
            f"{column}均见于{title}表（{foreign.target}）", f"{{title}}（{{key}}）指向的{{value}}在{title}表中不存在。",
            sql=f"SELECT {ROW_HEAD}, {column} AS value FROM {table.name}"
            f" WHERE {column} NOT IN (SELECT {target} FROM {foreign.target})",
        )  # fmt: skip
        yield Reference(rule, (column,), ((foreign.target, "", target),))
    if table.name == "links":
        annexes = " UNION ALL ".join(f"SELECT '{name}/' || row_id FROM {name}" for name in ANNEX_TABLES)
        rule = Rule(
            "links", "row_exists", "reference_dangling", "error",
            "row_id均见于所指的附件表", "{title}（{key}）指向的{value}不存在。",
            sql=f"""SELECT {ROW_HEAD}, "table" || '/' || row_id AS value FROM links WHERE value NOT IN ({annexes})""",
        )  # fmt: skip
        yield Reference(
            rule, ("table", "row_id"), tuple((name, f"{name}/", "row_id") for name in ANNEX_TABLES)
        )
