"""The transcript reader: file → staged reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import XizeError
from pipeline.readers.transcript.annexes import annex_grids
from pipeline.readers.transcript.catalogue_grid import catalogue_grids
from pipeline.readers.transcript.outline import split
from pipeline.readers.transcript.source import RawRow, RawText, parse, read_text
from pipeline.readers.transcript.staging import Grid, to_reading
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
    gaps = Counter(item.gap for item in items if item.gap)
    usual = gaps.most_common(1)[0][0] if gaps else 0  # blank lines at an ordinary page end
    classes = {code: name for code, name in (reference or {}).items() if code[:2] in majors}
    catalogues, findings = catalogue_grids(parts, classes, usual)
    grids: list[Grid] = []
    for number, part in enumerate(parts):
        if number in catalogues:
            grids.append(catalogues[number])
        else:
            tables, more = annex_grids(part.rows, part.title)
            grids += tables
            findings += more
    texts = [part.heading for part in parts if part.heading is not None]
    texts += [item for part in parts for item in part.items if isinstance(item, RawText)]
    return to_reading(grids, texts, findings, text.count("\n") + 1)
