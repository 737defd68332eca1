"""The transcript reader: file → staged reading."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.readers.transcript.annexes import annex_grids
from pipeline.readers.transcript.catalogue import catalogue_grids
from pipeline.readers.transcript.missing_pages import usual_gap
from pipeline.readers.transcript.model import Grid
from pipeline.readers.transcript.parts import split
from pipeline.readers.transcript.source import RawRow, RawText, parse, read_text
from pipeline.readers.transcript.staging import to_reading
from pipeline.reading import Reading


def read_transcript(path: Path, reference: Mapping[str, str] | None = None) -> Reading:
    """Read a text transcript.

    ``reference``: class code → name of all 专业类 that there are, in the national list's order; with it the remains
    of a class whose head is lost are given to the right class. Raises XizeError for an empty file, one that is no
    text, or one without a single table row.
    """
    text = read_text(path)
    items = list(parse(text))
    if not any(isinstance(item, RawRow) for item in items):
        raise XizeError(f"{path.name}：没有以制表符分隔的表格行，不是可读的文字稿；请核对文件。")
    parts, majors = split(items)
    usual = usual_gap([item.gap for item in items])
    classes = {code: name for code, name in (reference or {}).items() if code[:2] in majors}
    catalogued = catalogue_grids(parts, classes, usual)
    grids: list[Grid] = []
    findings: list[Finding] = list(catalogued.findings)
    texts: list[RawText] = []
    for number, part in enumerate(parts):
        if part.heading is not None:
            texts.append(part.heading)
        texts.extend(item for item in part.items if isinstance(item, RawText))
        if number in catalogued.grids:
            grids.append(catalogued.grids[number])
        elif part.rows:
            tables, more = annex_grids(part)
            grids.extend(tables)
            findings.extend(more)
    return to_reading(grids, texts, findings, text.count("\n") + 1)
