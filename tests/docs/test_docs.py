"""docs/findings.md is what the code writes, and the code list is whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.docs.__main__ import DOCS, PAGES, main
from pipeline.findings import CODES
from pipeline.schema import QUEUES, SEVERITIES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_generated_pages_are_up_to_date(name: str) -> None:
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == PAGES[name](), (
        f"run: python -m pipeline.docs {name}"
    )


def test_check_tells_a_stale_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.docs.__main__.DOCS", tmp_path)
    assert main(["--check"]) == 1
    assert main(["findings"]) == 0 and main(["--check", "findings"]) == 0
    (tmp_path / "findings.md").write_text("old", encoding="utf-8")
    assert main(["--check", "findings"]) == 1
    assert main(["nothing"]) == 2


def test_every_code_is_whole_and_on_the_page() -> None:
    page = PAGES["findings"]()
    for code in CODES.values():
        assert code.severity in SEVERITIES and code.title_zh and code.remedy_zh.endswith("。")
        assert f"| `{code.code}` | {QUEUES[code.queue]} | {code.title_zh} |" in page


def test_every_code_that_is_raised_is_documented() -> None:
    raised = set()
    for folder in ("pipeline", "expectations"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            raised |= set(re.findall(r"\b(?:Finding|about|finding|row_finding)\(\s*\"([a-z0-9_]+)\"", text))
    assert len(raised) > 20
    assert raised <= CODES.keys(), sorted(raised - CODES.keys())
