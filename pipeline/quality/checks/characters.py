"""Characters that no published text should have: left-over glyph codes, control characters, text not normalised."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipeline.arrow import rows
from pipeline.findings import Finding
from pipeline.quality.checks.content import about
from pipeline.schema import PROVENANCE, TABLES
from pipeline.text import normalise

# Tables whose text is not the document's own words (or is raw on purpose).
_NOT_PROSE = frozenset({"credentials", "links", "findings", "cells", "coverage"})
_NO_WORDS = frozenset({"edition", "row_id", *(field.name for field in PROVENANCE)})
# Whole cells as printed: their line ends belong to them.
_WITH_LINES = frozenset({("annex_11_mappings", "rule"), ("annex_other", "text")})


def characters(tables: Mapping[str, pa.Table]) -> Iterator[Finding]:
    """One finding per suspicious text of a table."""
    for name in (name for name in TABLES if name in tables and name not in _NOT_PROSE):
        groups: dict[str, list[Mapping[str, Any]]] = {}
        every = rows(tables[name])
        for column in _prose(name):
            judge = cell_problem if (name, column) in _WITH_LINES else text_problem
            problems = {word: judge(word) for word in {row[column] for row in every} - {None}}
            for row in every:
                if problem := problems.get(row[column]):
                    groups.setdefault(problem, []).append(row)
        for problem, its in groups.items():
            yield about("text_implausible", _message(name, problem, its), f"characters={problem}", its, name)


def _prose(table: str) -> Iterator[str]:
    for field in TABLES[table].fields:
        plain = field.enum is None and field.pattern is None and field.name not in _NO_WORDS
        if plain and pa.types.is_string(field.type):
            yield field.name


def _message(table: str, problem: str, its: Sequence[Mapping[str, Any]]) -> str:
    more = f"等{len(its)}处" if len(its) > 1 else ""
    return f"{TABLES[table].title_zh}（{its[0][TABLES[table].key[0]]}{more}）的文字可疑：{problem}。"


def cell_problem(text: str) -> str | None:
    """:func:`text_problem` of the first printed line of a cell that has one."""
    return next((found for line in text.split("\n") if (found := text_problem(line)) is not None), None)


def text_problem(text: str) -> str | None:
    """What makes a published text suspicious, in words; None where nothing does."""
    if text.isascii() and text.isprintable() and text == text.strip():
        return None
    for char in text:
        category = unicodedata.category(char)
        if category in ("Co", "Cn") or char == "\ufffd":
            return f"“{text}”含无法识别的字符U+{ord(char):04X}"
        if category == "Cc":
            return f"“{text!r}”含控制字符"
    return f"“{text}”未按约定规范化" if normalise(text) != text else None
