"""Validation of curated tables with Great Expectations: suites per table, the report, the rendered site.

Importing this package is cheap; Great Expectations itself is imported when a validation runs.
"""

from __future__ import annotations

from expectations.report import ExpectationResult, TocItem, ValidationContext, ValidationReport
from expectations.validate import validate

__all__ = [
    "ExpectationResult",
    "TocItem",
    "ValidationContext",
    "ValidationReport",
    "validate",
]
