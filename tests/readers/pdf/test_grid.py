"""The grid finder against one small PDF per ruling style and defect."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from benchmarks.score import score_tables
from pipeline.readers.pdf.read import read_pdf
from pipeline.reading import cells_of
from tests.typeset.zoo import ZOO

needs_font = {"disguised_letters": "justmytype_intl_cjk"}


def grids(path: Path) -> list[dict[str, Any]]:
    """What the reader found, in the shape of `xize tables`."""
    tables: dict[tuple[int, int], dict[str, Any]] = {}
    for cell in cells_of(read_pdf(path)):
        table = tables.setdefault((cell.page, cell.table_no), {"page": cell.page, "cells": []})
        table["cells"].append(
            {
                "row": cell.row,
                "col": cell.col,
                "row_span": cell.row_span,
                "col_span": cell.col_span,
                "text": cell.text,
            }
        )
    return [tables[key] for key in sorted(tables)]


@pytest.mark.parametrize("name", sorted(ZOO))
def test_grid(name: str, tmp_path: Path) -> None:
    if name in needs_font and not importlib.util.find_spec(needs_font[name]):
        pytest.skip(f"{needs_font[name]} is not installed")
    path = tmp_path / f"{name}.pdf"
    expected = ZOO[name](path)
    part = score_tables(expected, grids(path))
    assert not part.wrong, "\n".join(map(str, part.wrong))
