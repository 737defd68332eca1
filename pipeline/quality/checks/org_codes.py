"""Codes written otherwise than the document's other codes of the same column: likely misprints or misreadings.

How a code is written is learned from the column, because another province or year may count more digits; the usual
pattern that the schema declares only decides where the column itself does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from pipeline.arrow import grouped
from pipeline.findings import Finding
from pipeline.quality.checks.content import about
from pipeline.schema import TABLES

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
    rows: list[Mapping[str, Any]] = tables[_TABLE].to_pylist() if _TABLE in tables else []
    declared = TABLES[_TABLE].by_name[column].usual
    for code, usual in odd_codes((row[column] or "" for row in rows), declared).items():
        yield code, usual, [row for row in rows if row[column] == code]
