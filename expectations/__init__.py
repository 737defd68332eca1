"""Validation of curated tables: Great Expectations suites per table, rules of ours beside them, the report, the site.

Importing this package is cheap; Great Expectations itself is imported when a validation runs.
"""

from __future__ import annotations

from expectations.report import Result, TocItem, ValidationContext, ValidationReport
from expectations.validate import validate

__all__ = ["Result", "TocItem", "ValidationContext", "ValidationReport", "validate"]
