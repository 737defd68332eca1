"""Validation of curated tables with Great Expectations: suites per table, the report, the rendered site.

Importing this package is cheap; Great Expectations itself is imported when a validation runs (or by
:func:`warm_up`, in a process of its own, while the document is still being read).
"""

from __future__ import annotations

from expectations.report import ExpectationResult, TocItem, ValidationContext, ValidationReport
from expectations.validate import validate
from expectations.worker import Validator, warm_up

__all__ = [
    "ExpectationResult",
    "TocItem",
    "ValidationContext",
    "ValidationReport",
    "Validator",
    "validate",
    "warm_up",
]
