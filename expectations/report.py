"""What a validation is told and what it answers: plain records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from expectations.rules import Rule
from pipeline.findings import Finding

if TYPE_CHECKING:
    from pipeline.quality.corrections.file import Correction
    from pipeline.quality.decisions import Acceptance

# Rule 3 of the document as the contract states it; an edition whose 说明 says otherwise passes its own.
RULE_3: Mapping[int, str] = {5: "初级", 4: "中级", 3: "高级", 2: "高级", 1: "高级"}


@dataclass(frozen=True, slots=True)
class TocItem:
    """One line of the table of contents: a section or annex, and whether its heading stands in the body."""

    kind: Literal["section", "annex"]
    label: str
    found: bool
    number: str | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """What the tables alone cannot say.

    ``bounds``: table name → (fewest, most) rows, either may be None; tables not named are not counted.
    ``toc``: the document's own table of contents, empty where it has none. ``rule3``: grade → tier.
    ``allow_incomplete`` makes missing sections and annexes warnings, not errors; the summary records it.
    ``characters_in_tables`` and ``characters_lost`` (in no row and no finding): the conservation figure.
    ``accepted`` and ``corrections``: the steward's decisions, so that the site shows what became of the findings.
    """

    edition: str
    bounds: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    toc: tuple[TocItem, ...] = ()
    rule3: Mapping[int, str] = field(default_factory=lambda: dict(RULE_3))
    allow_incomplete: bool = False
    characters_in_tables: int | None = None
    characters_lost: int | None = None
    title: str = ""
    accepted: tuple[Acceptance, ...] = ()
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """One rule after its run: how many rows (or items) were looked at, and those that break it."""

    rule: Rule
    evaluated: int
    rows: Sequence[Mapping[str, Any]]

    @property
    def success(self) -> bool:
        """Whether no row breaks it."""
        return not self.rows


@dataclass
class SuiteOutcome:
    """What came of the suites: results, and by table the results and the suites as JSON; ``engine``: name and version of what
    judged."""

    engine: str
    results: list[Result] = field(default_factory=list)
    json_results: dict[str, dict[str, Any]] = field(default_factory=dict)
    json_suites: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """The verdict. ``success`` is False as soon as one rule of severity ``error`` is broken.

    ``findings`` are ready to be appended to the findings table; ``summary`` is for the manifest (JSON types
    only, the same for the same input); ``errors`` and ``warnings`` are the rules that were broken.
    """

    success: bool
    results: tuple[Result, ...]
    findings: tuple[Finding, ...]
    summary: Mapping[str, object]

    @property
    def errors(self) -> tuple[Result, ...]:
        """Broken rules of severity error: they block publishing."""
        return tuple(r for r in self.results if not r.success and r.rule.severity == "error")

    @property
    def warnings(self) -> tuple[Result, ...]:
        """Broken rules of severity warning or info: they are published."""
        return tuple(r for r in self.results if not r.success and r.rule.severity != "error")
