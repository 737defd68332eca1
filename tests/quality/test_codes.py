"""How codes are written is learned from their column."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.quality.checks.writing import odd_codes, org_codes
from pipeline.schema import TABLES, build
from tests.quality.truth_tables import EDITION, truth_rows

DECLARED = TABLES["annex_6_assessments"].by_name["org_code"].usual


@pytest.mark.parametrize(
    ("codes", "odd"),
    [
        (["S000031300044", "S000031300046", "s000031300045"], {"s000031300045"}),
        (
            ["S0000638729873", "S0000547849068", "S0000498973393"],
            set(),
        ),  # another province counts a digit more
        (["S0000638729873", "S0000547849068", "S000049897339"], {"S000049897339"}),
        (["S0000313000A5", "S000031300046", "S000031300044"], {"S0000313000A5"}),
        (["S000031300044", "s000031300045"], {"s000031300045"}),  # a draw: the declared pattern decides
        (["甲1", "乙22", "丙333"], set()),  # no usual way to write them, and none that is declared
        (["", " ", "S000031300044"], set()),  # blanks are reported as missing values
        ([], set()),
    ],
)
def test_odd_codes(codes: list[str], odd: set[str]) -> None:
    assert set(odd_codes(codes, DECLARED)) == odd


def test_one_finding_per_code_names_all_its_rows() -> None:
    rows = [dict(row) for row in truth_rows()["annex_6_assessments"]]
    code = next(row["org_code"] for row in rows if row["org_code"] != rows[0]["org_code"])
    wrong = [row for row in rows if row["org_code"] == code]
    for row in wrong:
        row["org_code"] = code.lower()
    tables: dict[str, pa.Table] = {"annex_6_assessments": build("annex_6_assessments", rows, EDITION)}
    (finding,) = org_codes(tables)
    assert finding.code == "org_code_pattern" and finding.level == "warning"
    assert finding.rows == tuple(row["row_id"] for row in wrong)
    assert finding.evidence == code.lower() and wrong[0]["org"] in finding.message


def test_without_the_annex_there_is_nothing_to_judge() -> None:
    assert not list(org_codes({}))
