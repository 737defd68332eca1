"""Findings about whole pages, from the checks that a reading made of them and its count of glyphs."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from pipeline.findings import Finding
from pipeline.reading import BROKEN, CUT, LEFT_OUT, RESOURCE, STRUCTURE
from pipeline.text import page_spans

_OWN = {BROKEN: "内容流损坏", CUT: "内容流不完整"}
_SHARED = {RESOURCE: "所用的字体、编码表或图片损坏", STRUCTURE: "所需的对象缺失或不在文件标明的位置"}
"""What many pages may have in common: it is found once."""


def damaged_pages(pages: pa.Table) -> Iterator[Finding]:
    """One finding per damaged page, or per damage that pages share. ``pages``: the columns of ``reading.PAGES``."""
    rows = pages.select(["page", "glyphs", "checks"]).to_pylist()
    for row in rows:
        for check in sorted(_OWN.keys() & set(row["checks"])):
            evidence = f"page {row['page']}: {row['glyphs']} glyphs"
            yield _finding(
                [row["page"]], _OWN[check], evidence if check == BROKEN else f"{evidence}, {check}"
            )
    for check, words in _SHARED.items():
        numbers = [row["page"] for row in rows if check in row["checks"]]
        if numbers:
            yield _finding(numbers, words, f"pages {page_spans(numbers)}: {check}")


def damage_in_words(pages: pa.Table) -> list[str]:
    """A sentence per kind of damage, naming the pages."""
    found = []
    for check, words in (_OWN | _SHARED).items():
        numbers = [
            row["page"] for row in pages.select(["page", "checks"]).to_pylist() if check in row["checks"]
        ]
        if numbers:
            found.append(f"第{page_spans(numbers)}页{words}，读出的内容可能不全或有误：请重新取得该文件。")
    return found


def _finding(numbers: list[int], words: str, evidence: str) -> Finding:
    message = f"第 {page_spans(numbers)} 页{words}，读出的内容可能不全或有误；请重新取得该文件，或对照原件补正该页后接受此项。"
    return Finding("page_damaged", message, evidence, page=numbers[0])


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
