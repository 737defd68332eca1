"""The 专业大类 and 专业类 of 教育部《职业教育专业目录（2021年）》: moe-2021-classes.csv beside this module."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

_CODES = ("major_code", "college_code", "bachelor_code")


@cache
def reference_rows() -> tuple[dict[str, str], ...]:
    """The list itself, one row per class: its codes, numbers and names as in the file."""
    with Path(__file__).with_name("moe-2021-classes.csv").open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


@cache
def reference_classes() -> dict[str, str]:
    """Class code → name, for the codes of all three levels of education (6101, 4101 and 2101 alike)."""
    return {row[code] + row["class_no"]: row["class_name"] for row in reference_rows() for code in _CODES}


@cache
def reference_majors() -> dict[str, str]:
    """Major code → name, for the codes of all three levels of education (61, 41 and 21 alike)."""
    return {row[code]: row["major_name"] for row in reference_rows() for code in _CODES}
