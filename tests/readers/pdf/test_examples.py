"""The examples in docstrings are true: of the ground floor and beside it, and of reading, on the zoo's usual table."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from pipeline.readers.pdf.open import open_pdf
from pipeline.readers.pdf.read import read_page, read_pdf
from pipeline.readers.pdf.visible import visible_glyphs
from pipeline.reading import cells_of
from tests.readers.pdf.scans import table

GROUND = (
    "editions.names", "errors", "model", "outcome", "processes", "reading", "readers.word.styles", "text",
)  # fmt: skip
READERS = (
    "camelot", "cell_text", "charts", "checks", "content", "damage", "decode_pdfium", "decode_pdfplumber", "decode_whole",
    "edges", "export", "fills", "footnotes", "grid", "intersections", "lines", "open", "page", "page_keys",
    "painted", "pdfium_calls", "pictures", "raster", "read", "streams", "visible",
)  # fmt: skip


@pytest.mark.parametrize("name", [*GROUND, *(f"readers.pdf.{name}" for name in READERS)])
def test_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table(tmp_path / "rules.pdf")
    monkeypatch.chdir(tmp_path)
    known = {
        "Path": Path, "cells_of": cells_of, "np": np, "open_pdf": open_pdf, "read_page": read_page, "read_pdf": read_pdf,
        "visible_glyphs": visible_glyphs,
    }  # fmt: skip
    tried = doctest.testmod(import_module(f"pipeline.{name}"), extraglobs=known)
    assert tried.attempted and not tried.failed
