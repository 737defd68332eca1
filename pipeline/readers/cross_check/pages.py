"""Cross-checking: pages read a second time, with camelot, in worker processes, and compared with what was staged."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrow import array
from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.model import Cell
from pipeline.readers.cross_check.compare_cells import PageComparison, compare, letter_size
from pipeline.readers.pdf.camelot import ENGINE, CamelotDocument, CamelotTable, Frame, open_camelot
from pipeline.readers.pdf.confidence import AGREED, STRUCTURE_DIFFERS, TEXT_DIFFERS
from pipeline.reading import Block, Reading, blocks_of, cells_of, pages_of

Progress = Callable[[int, int], None]

_RANGE = 4


def suspects(reading: Reading) -> list[int]:
    """Pages that are cross-checked unasked: those whose reading fails its own checks."""
    return [info.page for info in pages_of(reading) if info.checks and info.engine != ENGINE]


def cross_check(
    path: Path,
    reading: Reading,
    pages: Sequence[int],
    password: str = "",
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[Reading, list[Finding]]:
    """Read ``pages`` with camelot too: the reading with its cells' confidence adjusted, and the disagreements.

    Raises XizeError when the file cannot be opened.
    """
    compared = compare_pages(path, reading, pages, password, workers, progress)
    return with_confidence(reading, compared), [finding for page in compared for finding in page.findings]


def compare_pages(
    path: Path,
    reading: Reading,
    pages: Sequence[int],
    password: str = "",
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[PageComparison]:
    """The comparison of every page in ``pages``, in their order; pages are read in ``workers`` processes.

    Raises XizeError when the file cannot be opened; a page that camelot alone cannot read is ``failed``.
    """
    wanted = set(pages)
    infos = {info.page: info for info in pages_of(reading) if info.page in wanted}
    chosen = pc.is_in(reading.cells.column("page"), array(sorted(wanted), pa.int32()))
    cells: dict[int, list[Cell]] = defaultdict(list)
    for cell in cells_of(Reading(reading.cells.filter(chosen), reading.blocks, reading.pages)):
        cells[cell.page].append(cell)
    blocks: dict[int, list[Block]] = defaultdict(list)
    for block in blocks_of(reading):
        blocks[block.line.page].append(block)
    tasks = [
        (
            info.page,
            Frame(info.width, info.height, info.turned),
            letter_size(cells[info.page], blocks[info.page]),
        )
        for info in (infos[page] for page in pages)
        if info.engine != ENGINE
    ]
    seen = _see_all(path, password, tasks, workers, progress)
    return [compare(infos[page], cells[page], blocks[page], seen.get(page)) for page in pages]


def with_confidence(reading: Reading, compared: Sequence[PageComparison]) -> Reading:
    """The reading with the confidence of every compared cell set as ``readers.confidence`` explains."""
    values: dict[str, float] = {}
    for page in compared:
        values.update(dict.fromkeys(page.agreed, AGREED))
        values.update(dict.fromkeys(page.text, TEXT_DIFFERS))
        values.update(dict.fromkeys(page.structure, STRUCTURE_DIFFERS))
    ids = reading.cells.column("cell_id").to_pylist()
    before = reading.cells.column("confidence").to_pylist()
    column = array([values.get(name, old) for name, old in zip(ids, before, strict=True)], pa.float32())
    at = reading.cells.schema.get_field_index("confidence")
    return Reading(
        reading.cells.set_column(at, reading.cells.schema.field(at), column), reading.blocks, reading.pages
    )


def summary(compared: Sequence[PageComparison]) -> dict[str, int]:
    """Figures for a run's report: pages by status, cells by outcome."""
    figures = {"pages": len(compared), "cells": sum(page.cells for page in compared)}
    figures.update(
        {f"pages_{status}": n for status, n in sorted(Counter(p.status for p in compared).items())}
    )
    figures["cells_agreed"] = sum(len(page.agreed) for page in compared)
    figures["cells_text_differs"] = sum(len(page.text) for page in compared)
    figures["cells_structure_differs"] = sum(len(page.structure) for page in compared)
    return figures


# Reading with camelot, in worker processes

_Task = tuple[int, Frame, float]
_Result = tuple[int, list[CamelotTable] | str]

_document: CamelotDocument | None = None
_opened: AbstractContextManager[CamelotDocument] | None = None


def _start(path: str, password: str) -> None:
    global _document, _opened
    _opened = open_camelot(Path(path), password)  # kept, so that the file stays open until the process ends
    _document = _opened.__enter__()


def _work(tasks: Sequence[_Task]) -> list[_Result]:
    assert _document is not None
    return _see(_document, tasks)


def _see(document: CamelotDocument, tasks: Sequence[_Task]) -> list[_Result]:
    """Per page its tables, or why there are none: a page that only camelot fails at must not end the run."""
    out: list[_Result] = []
    for page, frame, size in tasks:
        try:
            out.append((page, document.tables(page, frame, size)))
        except XizeError as error:
            out.append((page, repr(error.__cause__)))
    return out


def _see_all(
    path: Path, password: str, tasks: Sequence[_Task], workers: int | None, progress: Progress | None
) -> dict[int, list[CamelotTable] | str]:
    seen: dict[int, list[CamelotTable] | str] = {}
    if not tasks:
        return seen
    # Opened here first: a wrong password is one sentence, not a broken pool of workers.
    with open_camelot(path, password) as document:
        workers = workers or len(os.sched_getaffinity(0))
        ranges = [list(tasks[i : i + _RANGE]) for i in range(0, len(tasks), _RANGE)]
        if workers == 1 or len(ranges) <= 2:
            for part in ranges:
                seen.update(_see(document, part))
                if progress:
                    progress(len(seen), len(tasks))
            return seen
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(workers, len(ranges)), context, initializer=_start, initargs=(str(path), password)
    ) as pool:
        futures = [pool.submit(_work, part) for part in ranges]
        try:
            for future in futures:
                seen.update(future.result())
                if progress:
                    progress(len(seen), len(tasks))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return seen
