"""Pages are read the same in one process and in several."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest

from pipeline.errors import XizeError
from pipeline.readers.pdf.read import read_pdf
from tests.readers.pdf.scans import table


def test_many_pages_are_shared_between_processes(tmp_path: Path) -> None:
    path = tmp_path / "many.pdf"
    with pikepdf.open(table(tmp_path / "one.pdf")) as pdf:
        for _ in range(69):
            pdf.pages.append(pdf.pages[0])
        pdf.save(path)
    told: list[tuple[int, int]] = []
    shared = read_pdf(path, workers=2, progress=lambda *at: told.append(at))
    assert told[-1] == (70, 70) and [done for done, _ in told] == sorted(done for done, _ in told)
    alone = read_pdf(path, workers=1)
    for name in ("cells", "blocks", "pages"):
        assert getattr(shared, name).equals(getattr(alone, name)), name
    assert read_pdf(path, pages=[7, 3]).pages.column("page").to_pylist() == [3, 7]


def test_a_page_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(XizeError, match="没有第 2 页（共 1 页）"):
        read_pdf(table(tmp_path / "one.pdf"), pages=[1, 2])
