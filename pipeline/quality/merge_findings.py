"""Findings that are one and the same but for their place: one finding that names all its pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import attrgetter

from pipeline.arrow import grouped
from pipeline.findings import Finding
from pipeline.text import page_spans

_PAGES = "\0"
"""Stands for the page numbers in a message."""


def merge_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, in the order in which they first come.

    Findings with one id say the same of the same text (a watermark on every page, a dash in many cells): one decision
    settles them all. What stays is the first, with its place; its message has every different sentence, with the pages
    that it names, or behind the last how many places there are and on which pages.
    """
    groups = grouped(findings, attrgetter("digits")).values()
    return [group[0] if len(group) == 1 else _one(group) for group in groups]


def _one(group: Sequence[Finding]) -> Finding:
    places = {(one.page, one.line, one.cell_id, one.x0, one.top) for one in group}
    pages: dict[str, list[int]] = {}
    for one in group:
        message, number = _without_page(one)
        pages.setdefault(message, []).extend([] if number is None else [number])
    said = [_with_pages(message, numbers) for message, numbers in pages.items()]
    if len(said) == 1 and len(places) == 1:
        return group[0]
    if len(places) > 1 and not any(pages.values()):
        known = {one.page for one in group if one.page is not None}
        at = f"，在第 {page_spans(known)} 页" if known else ""
        said[-1] += f"（共 {len(places)} 处{at}）"
    return replace(group[0], message="；".join(said) + "。")


def _without_page(finding: Finding) -> tuple[str, int | None]:
    """The message without its full stop and without its page's number; that number where it is named."""
    message = finding.message.removesuffix("。")
    for words in (f"第 {finding.page} 页", f"第{finding.page}页"):
        if finding.page is not None and words in message:
            return message.replace(words, words.replace(str(finding.page), _PAGES), 1), finding.page
    return message, None


def _with_pages(message: str, numbers: Sequence[int]) -> str:
    return message.replace(_PAGES, page_spans(numbers), 1) if numbers else message
