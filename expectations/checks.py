"""One expectation as we declare it, before Great Expectations sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from expectations.report import ValidationContext

if TYPE_CHECKING:
    import pandas as pd

Form = Literal["filled", "in_set", "regex", "within", "unique", "lengths", "equal", "rows", "none"]


@dataclass(frozen=True)
class Data:
    """The tables under validation: as published (Arrow) and as frames without their list columns (pandas)."""

    tables: Mapping[str, pa.Table]
    frames: Mapping[str, pd.DataFrame]
    context: ValidationContext

    def rows(self, table: str) -> int:
        """Number of rows, 0 for a table that is not there."""
        return len(self.frames[table]) if table in self.frames else 0

    def has(self, table: str, *columns: str) -> bool:
        """Whether ``table`` has rows and all ``columns``."""
        return self.rows(table) > 0 and all(column in self.frames[table].columns for column in columns)


@dataclass(frozen=True)
class Check:
    """One expectation of one table.

    ``form`` names the Great Expectations class (see expectations.suites); ``columns`` are what it looks at,
    ``derived`` the columns computed for it. Under form ``none`` the derived column holds, for every row at
    fault, what is wrong with it in the steward's words, and null elsewhere. ``message`` is filled with title,
    table, key, row, column, value and the row's own columns; ``findings`` False keeps it from making any.
    ``reported_by``: beginnings of the codes under which tidying reports the same about a row: once is enough.
    """

    table: str
    name: str
    code: str
    severity: str
    form: Form
    columns: tuple[str, ...]
    title: str
    message: str
    options: Mapping[str, object] = field(default_factory=dict)
    derived: Mapping[str, Callable[[Data], pd.Series]] = field(default_factory=dict)
    findings: bool = True
    reported_by: tuple[str, ...] = ()
