"""How values are written: characters that no published text should have (left-over glyph codes, control characters, text
not normalised), and codes written otherwise than the document's other codes of the same column.

How a code is written is learned from the column, because another province or year may count more digits; the usual
pattern that the schema declares only decides where the column itself does not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipeline.arrow import grouped, rows
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
            where = f"{its[0][TABLES[name].key[0]]}{f'等{len(its)}处' if len(its) > 1 else ''}"
            message = f"{TABLES[name].title_zh}（{where}）的文字可疑：{problem}。"
            yield about("text_implausible", message, f"characters={problem}", its, name)


def _prose(table: str) -> Iterator[str]:
    for field in TABLES[table].fields:
        plain = field.enum is None and field.pattern is None and field.name not in _NO_WORDS
        if plain and pa.types.is_string(field.type):
            yield field.name


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


_DIGIT = re.compile(r"[0-9]")
_TABLE = "annex_6_assessments"


def shape(code: str) -> str:
    """How a code is written: every digit as 9, letters (and what stands between) as they are."""
    return _DIGIT.sub("9", code)


def odd_codes(codes: Iterable[str], declared: str | None = None) -> dict[str, str]:
    """The codes that are not written like most others of their column, each with a usual one to compare it with.

    ``declared``: the pattern of the schema; it decides between equally frequent ways of writing, and when no way is
    that of half the codes, it alone says what is odd. Blanks are no codes.
    """
    distinct = [code for code in dict.fromkeys(codes) if code.strip()]
    if not distinct:
        return {}
    pattern = re.compile(declared) if declared is not None else None

    def fits(code: str) -> bool:
        return pattern is not None and pattern.search(code) is not None

    usual = max(grouped(distinct, shape).values(), key=lambda same: (len(same), fits(same[0])))
    if 2 * len(usual) < len(distinct):
        usual = [code for code in distinct if fits(code)]
        if not usual:
            return {}
    kept = set(usual)
    return {code: usual[0] for code in distinct if code not in kept}


def org_codes(tables: Mapping[str, pa.Table]) -> Iterator[Finding]:
    """One finding per registration number (机构备案号) that is written otherwise than the others."""
    for code, usual, group in _odd_rows(tables, "org_code"):
        message = (
            f"机构备案号“{code}”（{group[0]['org'] or '机构名称空缺'}）的写法与本文件其他备案号（如“{usual}”）不同；"
            f"请核对原文，如系误植，请在corrections.yaml中用replace更正。"
        )
        yield about("org_code_pattern", message, code, group, table=_TABLE)


def occupation_codes(tables: Mapping[str, pa.Table]) -> Iterator[Finding]:
    """The same of the codes of occupations."""
    for code, usual, group in _odd_rows(tables, "occupation_code"):
        value = f"“{code}”与其他行（如“{usual}”）写法不同"
        message = f"{TABLES[_TABLE].title_zh}（{group[0]['row_id']}）的职业编码{value}；请核对原文，属实则接受此项。"
        yield about("value_unusual", message, f"occupation_code_usual={value}", group, table=_TABLE)


def _odd_rows(
    tables: Mapping[str, pa.Table], column: str
) -> Iterator[tuple[str, str, list[Mapping[str, Any]]]]:
    """(odd code, a usual one, the rows that bear the odd one)."""
    its: Sequence[Mapping[str, Any]] = rows(tables[_TABLE]) if _TABLE in tables else ()
    declared = TABLES[_TABLE].by_name[column].usual
    for code, usual in odd_codes((row[column] or "" for row in its), declared).items():
        yield code, usual, [row for row in its if row[column] == code]
