"""Findings about whole pages, from the checks that a reading made of them."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from pipeline.findings import Finding
from pipeline.reading import BROKEN, CUT, RESOURCE, STRUCTURE
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
