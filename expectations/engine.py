"""The Great Expectations run: an ephemeral context, a validation definition per table, one checkpoint with our action.

The tables lie as Parquet files in a folder, as in a release, with two columns more: the key and the number of a row, by
which the rows that break a rule come back. Importing this module imports Great Expectations (seconds).
"""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

# Offline and silent, before the library is imported: no telemetry, no progress bars.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.setdefault("TQDM_DISABLE", "1")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import great_expectations as gx
    from great_expectations.checkpoint.actions import ValidationAction
    from great_expectations.compatibility.pydantic import PrivateAttr
    from great_expectations.data_context.types.base import ProgressBarsConfig

    from expectations.references import references
    from expectations.suites import rule_of, said_of, scalar_columns, suite

from expectations.report import Result, SuiteOutcome, ValidationContext
from expectations.rules import KEY, PLACE, ROW, Rule
from pipeline.schema import TABLES

if TYPE_CHECKING:
    from great_expectations.checkpoint.actions import ActionContext
    from great_expectations.checkpoint.checkpoint import CheckpointResult
    from great_expectations.core import ExpectationValidationResult

for _name in ("great_expectations", "great_expectations.data_context.types.base"):
    logging.getLogger(_name).setLevel(logging.ERROR)

RESULT_FORMAT = {"result_format": "COMPLETE", "unexpected_index_column_names": [KEY, ROW, *PLACE]}
# Of a result in Great Expectations' own form, what is said twice or differs from run to run.
_DROPPED = ("partial_", "unexpected_list", "unexpected_index_query", "unexpected_index_column_names")


class FindingsAction(ValidationAction):
    """The checkpoint's action: turns the results of every expectation into ours and plain JSON.

    Raises RuntimeError when an expectation could not be evaluated at all: a fault of ours, never of the data.
    """

    type: Literal["findings"] = "findings"
    _outcome: SuiteOutcome = PrivateAttr(
        default_factory=lambda: SuiteOutcome(f"great_expectations {gx.__version__}")
    )

    @property
    def outcome(self) -> SuiteOutcome:
        """What was made of the checkpoint's results."""
        return self._outcome

    def run(
        self, checkpoint_result: CheckpointResult, action_context: ActionContext | None = None
    ) -> dict[str, Any]:
        """As Great Expectations calls it after a run."""
        for suite_result in checkpoint_result.run_results.values():
            table = suite_result.suite_name
            plain = []
            for one in suite_result.results:
                rule = rule_of(one.expectation_config, table)
                if _raised(one.exception_info or {}):
                    raise RuntimeError(f"{table}.{rule.name} could not be evaluated: {one.exception_info}")
                evaluated = int(one.result.get("element_count", 1))
                self._outcome.results.append(Result(rule, evaluated, [] if one.success else _rows(one)))
                if not rule.sql:
                    plain.append(_plain(rule, one))
            good = sum(one["success"] for one in plain)
            said = {"success": good == len(plain), "evaluated": len(plain), "successful": good}
            self._outcome.json_results[table] = {**said, "results": plain}
        return {"results": len(self._outcome.results)}


def run_suites(
    tables: Mapping[str, pa.Table], context: ValidationContext, place: Path | None = None
) -> SuiteOutcome:
    """Check every table that has rows (or ought to); its files lie meanwhile in ``place`` (None: temporary files)."""
    gx_context = gx.get_context(mode="ephemeral")
    gx_context.variables.progress_bars = ProgressBarsConfig(globally=False)
    suites = {name: suite(TABLES[name], context) for name in tables}
    as_json: dict[str, Any] = {name: one.to_json_dict() for name, one in suites.items()}
    with tempfile.TemporaryDirectory(prefix="xize-validate-", dir=place) as folder:
        source = gx_context.data_sources.add_pandas_filesystem("release", base_directory=Path(folder))
        definitions = []
        for name, table in tables.items():
            frame = table.select([*scalar_columns(TABLES[name]), KEY, ROW])
            for one in references(TABLES[name]):
                frame = one.added_to(frame)
                suites[name].add_expectation(one.expectation(Path(folder), **said_of(one.rule)))
            pq.write_table(frame, Path(folder) / f"{name}.parquet", compression="none")
        asset = source.add_parquet_asset("tables")
        for name, table in tables.items():
            if not table.num_rows and name not in context.bounds:
                continue  # nothing to look at
            definition = gx.ValidationDefinition(
                name=name,
                data=asset.add_batch_definition_path(name, path=f"{name}.parquet"),
                suite=gx_context.suites.add(suites[name]),
            )
            definitions.append(gx_context.validation_definitions.add(definition))
        checkpoint = gx_context.checkpoints.add(
            gx.Checkpoint(
                name="edition",
                validation_definitions=definitions,
                actions=[FindingsAction(name="findings")],
                result_format=RESULT_FORMAT,
            )
        )
        with warnings.catch_warnings():  # pandas remarks on groups in a pattern
            warnings.simplefilter("ignore", UserWarning)
            if definitions:
                checkpoint.run()
    action = checkpoint.actions[0]
    assert isinstance(action, FindingsAction)
    action.outcome.json_suites |= as_json
    return action.outcome


def _raised(info: Mapping[str, Any]) -> bool:
    """Whether evaluating an expectation raised an exception; it is told flatly or by metric."""
    return any(isinstance(one, dict) and one.get("raised_exception") for one in (info, *info.values()))


def _plain(rule: Rule, one: ExpectationValidationResult) -> dict[str, Any]:
    """A result in Great Expectations' own form, by the rule's name; the suite has the expectation itself."""
    result: Any = one.to_json_dict()["result"]
    kept = {key: value for key, value in result.items() if not key.startswith(_DROPPED)}
    return {"name": rule.name, "success": bool(one.success), "result": kept}


def _rows(one: ExpectationValidationResult) -> list[dict[str, Any]]:
    """The rows that break an expectation, each with what is wrong with it; one without place for a whole table."""
    if "unexpected_index_list" not in one.result:
        return [{"value": one.result.get("observed_value")}]
    kwargs: Any = one.expectation_config.kwargs  # type: ignore[union-attr]
    columns = kwargs.get("column_list") or [kwargs["column"]]
    found = []
    for row in one.result["unexpected_index_list"]:
        plain = {name: None if value != value else value for name, value in row.items()}  # no NaN of pandas
        value = "/".join(_word(plain[column]) for column in columns)
        found.append({**plain, ROW: int(row[ROW]), "value": value})
    return found


def _word(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
