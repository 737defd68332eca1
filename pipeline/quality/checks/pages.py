"""Findings about whole pages, from the checks that a reading made of them and its count of glyphs."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from pipeline.findings import Finding
from pipeline.reading import BROKEN, LEFT_OUT


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


def missing_glyphs(pages: pa.Table) -> Iterator[Finding]:
    """One finding per page whose content shows more than was read, or whose content cannot be counted.

    ``pages``: the columns of ``reading.PAGES``.
    """
    for row in pages.select(["page", "glyphs", "missing"]).to_pylist():
        page, missing = row["page"], row["missing"]
        if missing == 0:
            continue
        said = f"第{page}页少读{missing}字" if missing else f"第{page}页的内容无法清点，不知是否少读"
        yield Finding(
            "glyphs_missing",
            f"{said}；请重新取得该文件（内嵌字体或内容可能已损坏），或对照原件用corrections.yaml补正该页后接受此项。",
            f"page {page}: {row['glyphs']} glyphs read, {missing} missing",
            page=page,
        )


def conservation(pages: pa.Table) -> dict[str, int]:
    """What became of the glyphs that all pages show: ``painted`` = ``read`` + ``missing`` + those left out by reason."""
    left_out = {name: sum(pages.column(name).to_pylist()) for name in LEFT_OUT}
    read = sum(pages.column("glyphs").to_pylist())
    missing = sum(filter(None, pages.column("missing").to_pylist()))
    return {"painted": read + missing + sum(left_out.values()), "read": read, **left_out, "missing": missing}
