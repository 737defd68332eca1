"""The transcript reader: file → staged cells, blocks and one page; line numbers stand for pages and boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.readers.transcript.annexes import annex_grids
from pipeline.readers.transcript.catalogue_grid import catalogue_grids
from pipeline.readers.transcript.source import Placed, RawRow, RawText, TypedGrid, parse, read_text, split
from pipeline.reading import HEADING, INFERRED, OPENS, SIZE, TRANSCRIPT, Reading, staged_without_pages


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
    grids: list[TypedGrid] = []
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


def to_reading(
    grids: Sequence[TypedGrid], texts: Sequence[RawText], findings: Sequence[Finding], lines: int
) -> Reading:
    """Arrow tables as a PDF's reader gives them; ``lines``: how many the transcript has."""
    cells = [_cell_row(cell, number) for number, grid in enumerate(grids, start=1) for cell in grid.cells]
    blocks = [
        {"role": "text", "text": text.text, "size": HEADING if text.heading else SIZE, "line": text.line}
        for text in sorted(texts, key=lambda text: text.line)
    ]
    return staged_without_pages(TRANSCRIPT, cells, blocks, findings, lines)


def _cell_row(cell: Placed, table_no: int) -> dict[str, object]:
    return {
        "cell_id": f"l{cell.line:05d}-t{table_no}-r{cell.row:03d}-c{cell.col:02d}",
        "table_no": table_no,
        "row": cell.row,
        "col": cell.col,
        "row_span": cell.row_span,
        "col_span": cell.col_span,
        "lines": [{"text": word} for word in cell.raw.words],
        "engine": INFERRED if cell.inferred else TRANSCRIPT,
        "sizes": [OPENS if opens else SIZE for opens in cell.raw.opens],
        "confidence": cell.confidence,
        "open_top": cell.follows,
        "line": cell.line,
    }
