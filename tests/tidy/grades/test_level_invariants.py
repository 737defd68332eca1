"""What holds for the stated grades and levels of every item of a whole rulebook."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.schema import GRADE_LABELS
from pipeline.text import normalise
from pipeline.tidy.grades.levels import read_levels

TRUTH = Path(__file__).parents[2] / "data" / "shanghai-2025.truth.json"


@pytest.fixture(scope="module")
def items() -> list[str]:
    truth = json.loads(TRUTH.read_text(encoding="utf-8"))
    return [
        normalise(item)
        for section in truth["sections"]
        for one in section["classes"]
        for tiers in one["cells"].values()
        for cell in tiers.values()
        for item in cell
    ]


def _subsequence(short: str, long: str) -> bool:
    characters: Iterator[str] = iter(long)
    return all(c in characters for c in short)


def test_name_is_made_of_the_printed_characters_only(items: list[str]) -> None:
    for item in items:
        read = read_levels(item)
        assert read.name, item
        assert _subsequence(read.name, item), (item, read.name)
        assert read.issuer is None or _subsequence(read.issuer, item)


def test_nothing_but_punctuation_is_dropped(items: list[str]) -> None:
    """Every letter of an item is in its name, its issuer or a stated word; 国家职业资格 before a grade goes with it."""
    for item in items:
        read = read_levels(item)
        if read.name in read.words:
            continue  # the whole item is a level: the name repeats it
        kept = "".join((read.name, read.issuer or "", *read.words))
        missing = sorted(re.sub(r"\W", "", item))
        for char in re.sub(r"\W", "", kept):
            missing.remove(char)
        assert not missing or "国家职业资格" in item, (item, read)


def test_bracket_of_one_grade_is_read_in_every_item(items: list[str]) -> None:
    pairs = {label: grade for grade, label in GRADE_LABELS.items()}
    seen = 0
    for item in items:
        if match := re.search(r"\(([^()]+)\)$", item):
            grade = pairs.get(match[1])
            if grade is not None:
                assert read_levels(item).grades == (grade,), item
                seen += 1
    assert seen > 1000


def test_normalised_name_is_stable(items: list[str]) -> None:
    assert all(normalise(read_levels(item).name) == read_levels(item).name for item in items)
