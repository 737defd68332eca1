"""What was looked at is kept with the edition, and counts only for what it was."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from pipeline.errors import XizeError
from pipeline.review import progress

DAY = datetime.date(2026, 1, 5)
ROW = {"finding_id": "a" * 16, "evidence": "甲", "key": "k", "keys": []}


def test_marks_are_kept_and_taken_away(tmp_path: Path) -> None:
    path = progress.review_path(tmp_path)
    progress.mark_finding(path, ROW, progress.mark("李", DAY))
    progress.mark_page(path, "pdf", "1" * 64, 12, progress.mark("李", DAY))
    progress.mark_page(path, "transcript", "2" * 64, 3, progress.mark("王", DAY))
    known = progress.load_progress(path)
    assert progress.reviewed_findings(known, [ROW]) == {"a" * 16}
    assert progress.reviewed_pages(known, "pdf", "1" * 64) == {12}
    assert progress.reviewed_pages(known, "transcript", "2" * 64) == {3}
    progress.mark_finding(path, ROW, None)
    progress.mark_page(path, "pdf", "1" * 64, 12, None)
    known = progress.load_progress(path)
    assert not progress.reviewed_findings(known, [ROW])
    assert not progress.reviewed_pages(known, "pdf", "1" * 64)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".decisions.lock", "review.json"]


def test_a_mark_counts_for_the_same_evidence_and_file_only(tmp_path: Path) -> None:
    path = progress.review_path(tmp_path)
    progress.mark_finding(path, ROW, progress.mark("李", DAY))
    progress.mark_page(path, "pdf", "1" * 64, 12, progress.mark("李", DAY))
    known = progress.load_progress(path)
    assert not progress.reviewed_findings(known, [{**ROW, "evidence": "乙"}])
    assert not progress.reviewed_findings(known, [{**ROW, "keys": ["k", "l"]}])
    assert not progress.reviewed_pages(known, "pdf", "3" * 64)
    progress.mark_page(path, "pdf", "3" * 64, 1, progress.mark("李", DAY))
    known = progress.load_progress(path)
    assert progress.reviewed_pages(known, "pdf", "3" * 64) == {1}


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"version": 2}', '{"version": 1, "findings": {"a": 1}, "pages": {}}']
)
def test_a_strange_file_is_not_written_over(tmp_path: Path, text: str) -> None:
    path = progress.review_path(tmp_path)
    path.write_text(text, "utf-8")
    with pytest.raises(XizeError, match=r"review\.json"):
        progress.mark_finding(path, ROW, progress.mark("李", DAY))
    assert path.read_text("utf-8") == text
