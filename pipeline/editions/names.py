"""The names of editions, taken apart and put in order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from pipeline.errors import XizeError

NAME = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*-\d{4}(?:-[1-9]\d?)?"
"""The pattern of an edition's name."""

_PARTS = re.compile(r"(?P<jurisdiction>.+)-(?P<year>\d{4})(?:-(?P<version>[1-9]\d?))?")


class NameParts(NamedTuple):
    """What an edition's name says. ``version``: n of a later version within the year, else 0. In the order of editions:
    by jurisdiction, year and version."""

    jurisdiction: str
    year: int
    version: int = 0

    @property
    def words(self) -> str:
        """The edition in words: 2025年, 2025年第2版."""
        return f"{self.year}年" + (f"第{self.version}版" if self.version else "")


def validate_name(name: str) -> NameParts:
    """The parts of an edition's name ``<jurisdiction>-<year>`` or ``<jurisdiction>-<year>-<n>``; XizeError on any other.

    >>> validate_name("shanghai-2025-2")
    NameParts(jurisdiction='shanghai', year=2025, version=2)
    """
    parts = name_parts(name)
    if parts is None:
        raise XizeError(
            f"版本名“{name}”不合规则：应为“地区-年份”，同年后出者为“地区-年份-序号”（序号1至99），小写字母、数字与连字符，"
            "如shanghai-2026、shanghai-2026-2。"
        )
    return parts


def name_parts(name: str) -> NameParts | None:
    """As :func:`validate_name`, but None for any other name."""
    match = _PARTS.fullmatch(name) if re.fullmatch(NAME, name) else None
    return match and NameParts(match["jurisdiction"], int(match["year"]), int(match["version"] or 0))


def in_order(names: Iterable[str]) -> list[str]:
    """Names of editions by jurisdiction, year and version (shanghai-2025, shanghai-2025-2, shanghai-2025-10), then what is
    no such name."""
    return sorted(names, key=lambda name: (name_parts(name) is None, name_parts(name) or name))
