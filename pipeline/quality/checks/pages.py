"""Findings about whole pages, from the checks that a reading made of them and its count of glyphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from pipeline.arrow import where
from pipeline.findings import Finding
from pipeline.reading import BROKEN, CUT, LEFT_OUT, RESOURCE, STRUCTURE, Reading
from pipeline.text import page_spans

_OWN = {BROKEN: "内容流损坏", CUT: "内容流不完整"}
_SHARED = {RESOURCE: "所用的字体、编码表或图片损坏", STRUCTURE: "所需的对象缺失或不在文件标明的位置"}
"""What many pages may have in common: it is found once."""

_COUNTED = (
    ("{}字没有读出：请重新取得该文件，或对照原件", "missing"),
    ("{}字的字体没有给出编码（以�代替）：请对照原件", "unreadable"),
    ("{}个单元格里只有图片而没有文字：请对照原件，或先做文字识别（OCR）", "pictured"),
    ("{}字在页面上看不见（不可见、白色或水印），未读入", "hidden"),
    ("{}字在页面之外，未读入", "outside"),
    ("{}字被裁去，未读入", "clipped"),
    ("{}字在原处重复描绘，只读一次", "repainted"),
)
"""What is told of how many, by the name of the figure."""


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


def pages_in_words(reading: Reading) -> list[str]:
    """What whoever takes a reading's tables must know: a sentence per kind of damage or of what is not in them."""
    rows = reading.pages.to_pylist()
    said = [
        f"第{page_spans(numbers)}页{words}，读出的内容可能不全或有误：请重新取得该文件。"
        for check, words in (_OWN | _SHARED).items()
        if (numbers := [row["page"] for row in rows if check in row["checks"]])
    ]
    unreadable = _unreadable(reading)
    for words, name in _COUNTED:
        found = unreadable if name == "unreadable" else {row["page"]: row[name] for row in rows if row[name]}
        if found:
            said.append(f"第{page_spans(found)}页有{words.format(sum(found.values()))}。")
    if numbers := [row["page"] for row in rows if not row["glyphs"]]:
        said.append(f"第{page_spans(numbers)}页没有文字：如是扫描件，请先做文字识别（OCR）。")
    if numbers := [row["page"] for row in rows if _uncounted(row)]:
        said.append(f"第{page_spans(numbers)}页的内容无法清点，不知是否少读：请重新取得该文件。")
    return said


def _uncounted(row: Mapping[str, Any]) -> bool:
    """Whether a page's glyphs could not be counted though its content is whole."""
    return row["missing"] is None and not _OWN.keys() & set(row["checks"])


def _unreadable(reading: Reading) -> dict[int, int]:
    """How many characters without a code were read, by page."""
    import pyarrow.compute as pc

    lines = reading.cells.column("lines").combine_chunks()
    of_cells = reading.cells.column("page").combine_chunks().take(pc.list_parent_indices(lines))
    shown = where(reading.blocks, "role", "text")
    found: Counter[int] = Counter()
    for texts, pages in (
        (lines.flatten().field("text"), of_cells),
        (shown.column("text"), shown.column("page")),
    ):
        counts = pc.count_substring(texts, "�").to_pylist()
        for page, count in zip(pages.to_pylist(), counts, strict=True):
            if count:
                found[page] += count
    return found


def _finding(numbers: list[int], words: str, evidence: str) -> Finding:
    message = f"第 {page_spans(numbers)} 页{words}，读出的内容可能不全或有误；请重新取得该文件，或对照原件补正该页后接受此项。"
    return Finding("page_damaged", message, evidence, page=numbers[0])


def missing_glyphs(pages: pa.Table) -> Iterator[Finding]:
    """One finding per page whose content shows more than was read, or is whole and cannot be counted all the same.

    ``pages``: the columns of ``reading.PAGES``.
    """
    for row in pages.select(["page", "glyphs", "missing", "checks"]).to_pylist():
        page, missing = row["page"], row["missing"]
        if not missing and not _uncounted(row):
            continue
        said = f"第{page}页少读{missing}字" if missing else f"第{page}页的内容无法清点，不知是否少读"
        message = f"{said}；请重新取得该文件（内嵌字体或内容可能已损坏），或对照原件用corrections.yaml补正该页后接受此项。"
        evidence = f"page {page}: {row['glyphs']} glyphs read, {missing} missing"
        yield Finding("glyphs_missing", message, evidence, page=page)


def pictured_cells(pages: pa.Table) -> Iterator[Finding]:
    """One finding per page with cells that hold pictures but no text. ``pages``: the columns of ``reading.PAGES``."""
    for row in pages.select(["page", "pictured"]).to_pylist():
        page, count = row["page"], row["pictured"]
        if count:
            message = f"第{page}页有{count}个单元格里只有图片而没有文字，图片中的字没有读出；请对照原件，或先做文字识别（OCR）。"
            yield Finding("cell_pictured", message, f"page {page}: {count} cells", page=page)


def conservation(pages: pa.Table) -> dict[str, int]:
    """What became of the glyphs that all pages show: ``painted`` = ``read`` + ``missing`` + those left out by reason."""
    left_out = {name: sum(pages.column(name).to_pylist()) for name in LEFT_OUT}
    read = sum(pages.column("glyphs").to_pylist())
    missing = sum(filter(None, pages.column("missing").to_pylist()))
    return {"painted": read + missing + sum(left_out.values()), "read": read, **left_out, "missing": missing}
