"""Findings about whole pages, from the checks that a reading made of them."""

from __future__ import annotations

import pyarrow as pa

from pipeline.findings import Finding
from pipeline.reading import BROKEN


def damaged_pages(pages: pa.Table) -> list[Finding]:
    """One finding per page whose content stream is damaged. ``pages``: the columns of ``reading.PAGES``."""
    return [
        Finding(
            "page_damaged",
            f"第 {row['page']} 页内容流损坏，读出的内容可能不全或有误；请重新取得该文件，或对照原件补正该页后接受此项。",
            f"page {row['page']}: {row['glyphs']} glyphs",
            page=row["page"],
        )
        for row in pages.select(["page", "glyphs", "checks"]).to_pylist()
        if BROKEN in row["checks"]
    ]
