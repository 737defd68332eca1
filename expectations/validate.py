"""Running the suites: tables in, a verdict with findings out, the rendered site on the side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from expectations.annexes import annex_checks
from expectations.base import STRUCTURE, base_checks, structure_checks, structure_frame
from expectations.catalogue import catalogue_checks
from expectations.checks import Check, Data
from expectations.document import DOCUMENT, bounds_checks, document_checks, document_frame
from expectations.findings import KEYS
from expectations.report import ValidationContext, ValidationReport
from pipeline.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.quality.scope import Scope


def validate(
    tables: Mapping[str, pa.Table], *, context: ValidationContext, site_dir: Path | None = None
) -> ValidationReport:
    """Validate one edition's curated tables.

    ``tables``: table name → Arrow table of pipeline.schema (a missing one is an error, an empty one is not).
    ``site_dir``: where the rendered site goes (created; index.html and one page per table), None for none.
    Raises XizeError when ``context.bounds`` names an unknown table, OSError when the site cannot be written.
    """
    from expectations.engine import run

    checks, frames = plan(prepare(tables, context))
    return run(checks, frames, context, site_dir, _scope(tables) if site_dir is not None else None)


def _scope(tables: Mapping[str, pa.Table]) -> Scope | None:
    """The coverage of the tables that are as declared."""
    from expectations.scope import scope_of

    return scope_of(
        {
            name: table
            for name, table in tables.items()
            if name in TABLES and _is_sound(table, TABLES[name].arrow)
        }
    )


def prepare(tables: Mapping[str, pa.Table], context: ValidationContext) -> Data:
    """Tables as frames: list columns left out (derived columns check them), nulls as NaN/None."""
    frames = {name: _frame(table) for name, table in tables.items() if name in TABLES}
    if "findings" in frames and "keys" in tables["findings"].column_names:
        frames["findings"][KEYS] = [
            "\x1f".join(keys or ()) for keys in tables["findings"]["keys"].to_pylist()
        ]
    return Data(tables, frames, context)


def _frame(table: pa.Table) -> pd.DataFrame:
    kinds = zip(table.column_names, table.schema.types, strict=True)
    frame: pd.DataFrame = table.select([n for n, kind in kinds if not pa.types.is_nested(kind)]).to_pandas(
        split_blocks=True
    )
    return frame


def plan(data: Data) -> tuple[dict[str, list[Check]], dict[str, pd.DataFrame]]:
    """The checks that apply to ``data`` by suite, and each suite's frame with the columns derived for them.

    A table without rows gets only its row count checked; the suites `structure` and `document` look at frames
    of their own. Tables come in publishing order.
    """
    import pandas as pd

    frames: dict[str, pd.DataFrame] = {
        DOCUMENT: document_frame(data),
        STRUCTURE: structure_frame(data),
        **data.frames,
    }
    found: dict[str, list[Check]] = {}
    for check in _checks(data, with_document=len(frames[DOCUMENT]) > 0):
        found.setdefault(check.table, []).append(check)
    checks = {table: found[table] for table in (DOCUMENT, STRUCTURE, *TABLES) if table in found}
    for table, suite in checks.items():
        frame = frames.get(table, pd.DataFrame()).copy(deep=False)  # the columns themselves are shared
        for name, make in {name: make for check in suite for name, make in check.derived.items()}.items():
            frame[name] = make(data)
        frames[table] = frame
    return checks, frames


def _checks(data: Data, *, with_document: bool) -> Iterator[Check]:
    if with_document:
        yield from document_checks(data)
    yield from structure_checks()
    present = [table for name, table in TABLES.items() if name in data.tables]
    sound = [table for table in present if _is_sound(data.tables[table.name], table.arrow)]
    for table in sound:
        yield from base_checks(data, table)
    # Meaning presupposes structure: where a column is missing, the suite `structure` has said so.
    if len(sound) == len(present):
        yield from catalogue_checks(data)
        yield from annex_checks(data)
    yield from bounds_checks(data)


def _is_sound(table: pa.Table, declared: pa.Schema) -> bool:
    found = {field.name: field.type for field in table.schema}
    return all(found.get(field.name) == field.type for field in declared)
