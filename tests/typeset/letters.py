"""Did everything that a truth says get printed? Counts letters of a PDF against those of the truth."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import pypdfium2

from .document import Truth, blocks
from .layout import Layout


def _letters(text: str) -> Counter[str]:
    flat = unicodedata.normalize("NFKC", text)
    return Counter(
        c for c in flat if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc", "Cn", "Co")
    )


def wanted(truth: Truth, layout: Layout) -> Counter[str]:
    """Letters of all blocks, each cell once, without page numbers."""
    found: Counter[str] = Counter()
    for block in blocks(truth, layout):
        found += _letters(block.text)
        for entry in block.entries:
            found += _letters(entry["text"])
        if block.grid is not None:
            for cell in block.grid.cells:
                found += _letters("".join(cell.paras))
    return found


def printed(path: Path) -> Counter[str]:
    """Letters of a PDF as another library (pdfium) reads them, whole pages without order."""
    found: Counter[str] = Counter()
    document = pypdfium2.PdfDocument(path)
    for page in document:
        text = page.get_textpage()
        found += _letters(text.get_text_range())
    document.close()
    return found


def missing(truth: Truth, layout: Layout, path: Path) -> Counter[str]:
    """Letters that the truth has and the PDF has not."""
    lost = wanted(truth, layout) - printed(path)
    del lost["-"]  # pdfium takes a hyphen at a line's end for hyphenation and drops it
    return lost
