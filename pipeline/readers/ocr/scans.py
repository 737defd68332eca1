"""Which pages of a document are to be recognised, their recognition in several processes, kept page by page."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from pipeline.arrow import where
from pipeline.editions.files import replace_folder
from pipeline.findings import Finding
from pipeline.processes import map_in_processes
from pipeline.readers.ocr.engine import installed
from pipeline.readers.ocr.read import read_scans
from pipeline.readers.pdf.page import REPLACEMENT
from pipeline.readers.pdf.page_keys import page_keys
from pipeline.reading import (
    RECOGNISED,
    UNREADABLE,
    PageInfo,
    Reading,
    blocks_of,
    cells_of,
    join_readings,
    pages_of,
    select_pages,
)
from pipeline.text import CLOSE, OPEN, normalise, page_spans

_PICTURED = 0.3
"""Share of a page that pictures cover at least, for it to be a scan."""
_FEW = 100
"""Characters below which a page of a picture without a table is looked at: what a scanner's program writes on its pages."""
DOUBTFUL = 0.9
"""Certainty of a line below which a line is named; the table in docs/reading.md says why."""

_HEAD = 3
"""Up to which row a page's first table may go on from the page before, its header repeated."""
_CONFUSED = re.compile(
    r"[a-z][01]{1,2}[a-z]|[a-z]{2}[01]\b|\b[01][a-z]{2}|^[1-5](、[1-5])*[.,，][1-5]([.,，、][1-5])*$|一一"
)

Progress = Callable[[int, int], None]


def pages_to_recognise(reading: Reading) -> list[int]:
    """Numbers of the pages that are pictures with hardly any text (a page number, say), and of those whose text layer is bad."""
    pictured = [page for page in pages_of(reading) if page.pictures > _PICTURED]
    ruled = {cell.page for cell in cells_of(reading) if cell.text} if pictured else set()
    return [
        page.page
        for page in pictured
        if (page.glyphs < _FEW and page.page not in ruled) or UNREADABLE in page.checks
    ]


def recognised(
    path: Path,
    reading: Reading,
    password: str = "",
    workers: int | None = None,
    kept: Path | None = None,
    progress: Progress | None = None,
) -> Reading:
    """The reading with its scanned pages recognised, where the extra is installed.

    ``kept``: a folder in which recognised pages are kept by their content. Raises XizeError as ``read_scans`` does.
    """
    wanted = pages_to_recognise(reading) if installed() else []
    if not wanted:
        return reading
    keys = page_keys(path, password) if kept is not None else ()
    places = [
        kept / f"{number:05d}-{keys[number - 1]}-{_digest()}"
        if kept is not None and keys and keys[number - 1]
        else None
        for number in wanted
    ]
    done = 0

    def count(_: int) -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, len(wanted))

    if progress:
        progress(0, len(wanted))
    work = partial(_page, path, password)
    made = map_in_processes(work, list(zip(wanted, places, strict=True)), workers, count)
    better = [one for number, one in zip(wanted, made, strict=True) if _better(one, reading, number)]
    taken = {page for one in better for page in one.pages.column("page").to_pylist()}
    rest = [number for number in reading.pages.column("page").to_pylist() if number not in taken]
    return join_readings([select_pages(reading, rest), *better])


def doubts(reading: Reading) -> Iterator[Finding]:
    """What was recognised: which pages, and every line that is not sure or whose cell has brackets without a partner."""
    pages = [page for page in pages_of(reading) if page.engine == RECOGNISED]
    if pages:
        yield _told(pages)
    table = where(reading.cells, "engine", RECOGNISED)
    cells = cells_of(replace(reading, cells=table)) if table.num_rows else []
    foot: dict[int, float] = {}
    for cell in cells:
        foot[cell.page] = max(foot.get(cell.page, 0.0), cell.bottom)
    for cell, scores in zip(cells, table.column("scores").to_pylist(), strict=True):
        if not cell.lines:
            continue
        scores = scores or [0.0] * len(cell.lines)
        # A cell at a page's foot or head may go on over the break.
        ends = cell.bottom < foot[cell.page] - 1
        unpaired = _unpaired(normalise(cell.text), begins=cell.table_no > 1 or cell.row > _HEAD, ends=ends)
        named = [k for k, score in enumerate(scores) if score < DOUBTFUL or _odd(cell.lines[k].text)]
        if unpaired and not named:
            named = [min(range(len(cell.lines)), key=lambda k: scores[k])]
        for k in named:
            line = cell.lines[k]
            why = "括号不成对" if unpaired and scores[k] >= DOUBTFUL else "识别把握不大"
            yield Finding(
                "ocr_uncertain",
                f"第 {cell.page} 页识别出的“{line.text[:40]}”{why}；请对照原页。",
                f"{cell.cell_id}|{line.text}",
                **line.place,
                cell_id=cell.cell_id,
                confidence=float(scores[k]),
            )


def _unpaired(text: str, begins: bool, ends: bool) -> bool:
    """Whether brackets lack a partner, or pair with one of another kind: 〔2007]. The first need not have been opened in a text
    that does not begin here, nor the last be closed in a text that does not end here."""
    held: list[str] = []
    brackets = [char for char in text if char in OPEN + CLOSE]
    for at, char in enumerate(brackets):
        if char in OPEN:
            held.append(CLOSE[OPEN.index(char)])
        elif held.pop() != char if held else begins or at:
            return True
    return bool(held) and (ends or len(held) > 1 or brackets[-1] in CLOSE)


def _odd(text: str) -> bool:
    """Whether a line holds what no print does: a digit that is a letter by its neighbours (Fe11ow), grades parted by points
    (5.4.3), a dash of two characters read as 一一, a stand-in."""
    return REPLACEMENT in text or _CONFUSED.search(text) is not None


def _told(pages: Sequence[PageInfo]) -> Finding:
    spans = page_spans(page.page for page in pages)
    message = f"第 {spans} 页的文字由识别得出（扫描图，或文字层不如识别结果），请留意识别不确定之处。"
    return Finding("page_recognised", message, f"pages {spans}", page=pages[0].page)


def _page(path: Path, password: str, wanted: tuple[int, Path | None]) -> Reading:
    """One page, from where it is kept or recognised and kept."""
    number, place = wanted
    if place is not None and place.is_dir():
        return Reading.load(place)
    reading = read_scans(path, [number], password)
    if place is not None:
        replace_folder(place, "cells.parquet", "识别结果", reading.save)
    return reading


@lru_cache(maxsize=1)
def _digest() -> str:
    """Digest of the code that recognises, and of the form of a reading: other code may read the same page otherwise."""
    digest = hashlib.sha256()
    here = Path(__file__).resolve().parent
    shared = (here.parents[1] / name for name in ("reading.py", "model.py"))
    for path in (*shared, *sorted(here.glob("*.py")), *sorted((here.parent / "pdf").glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _bad_share(reading: Reading) -> float:
    """Share of the characters that have no code."""
    texts = [*(cell.text for cell in cells_of(reading)), *(block.line.text for block in blocks_of(reading))]
    return sum(text.count(REPLACEMENT) for text in texts) / max(sum(map(len, texts)), 1)


def _better(made: Reading, reading: Reading, number: int) -> bool:
    """Whether a page's recognition has fewer doubtful characters than its text layer, or far more text."""
    before = select_pages(reading, [number])
    (page,) = pages_of(before)
    cells = cells_of(made)
    scores = made.cells.column("scores").to_pylist()
    doubtful = sum(
        len(line.text)
        for cell, some in zip(cells, scores, strict=True)
        for line, score in zip(cell.lines, some or (), strict=True)
        if score < DOUBTFUL
    )
    total = sum(len(cell.text) for cell in cells)
    outside = sum(len(block.line.text) for block in blocks_of(made))
    if UNREADABLE not in page.checks:
        return not page.glyphs or total + outside > 2 * page.glyphs
    return bool(total) and doubtful / total < _bad_share(before)
