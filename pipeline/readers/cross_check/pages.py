"""Cross-checking: pages read a second time, with camelot, and compared with what was staged."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pipeline.arrow import with_column
from pipeline.errors import XizeError
from pipeline.model import Cell
from pipeline.processes import map_in_processes
from pipeline.readers.cross_check.compare_cells import PageComparison, compare, letter_size
from pipeline.readers.pdf.camelot import ENGINE, CamelotTable, Frame, open_camelot
from pipeline.reading import (
    AGREED,
    DAMAGE,
    STRUCTURE_DIFFERS,
    TEXT_DIFFERS,
    UNREADABLE,
    Block,
    Reading,
    blocks_of,
    cells_of,
    pages_of,
    select_pages,
)

Progress = Callable[[int, int], None]

_RANGE = 4
"""Pages per item of work."""
_SMALL = 8
"""Up to so many pages are read in this process: starting others takes longer."""


def suspects(reading: Reading) -> list[int]:
    """Pages that are cross-checked unasked: those whose reading fails a check that another reading could settle."""
    return [
        info.page
        for info in pages_of(reading)
        if not {*info.checks} <= {*DAMAGE, UNREADABLE} and info.engine != ENGINE
    ]


def compare_pages(
    path: Path,
    reading: Reading,
    pages: Sequence[int],
    password: str = "",
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[PageComparison]:
    """The comparison of every page in ``pages``, in their order; many pages are read in ``workers`` processes.

    Raises XizeError when the file cannot be opened; a page that camelot alone cannot read is ``failed``.
    """
    infos = {info.page: info for info in pages_of(reading)}
    cells: dict[int, list[Cell]] = defaultdict(list)
    for cell in cells_of(select_pages(reading, pages)):
        cells[cell.page].append(cell)
    blocks: dict[int, list[Block]] = defaultdict(list)
    for block in blocks_of(reading):
        blocks[block.line.page].append(block)
    tasks = [
        (page, Frame(info.width, info.height, info.turned), letter_size(cells[page], blocks[page]))
        for page, info in ((page, infos[page]) for page in pages)
        if info.engine != ENGINE
    ]
    ranges = [tasks[i : i + _RANGE] for i in range(0, len(tasks), _RANGE)]
    done = 0

    def count(index: int) -> None:
        nonlocal done
        done += len(ranges[index])
        if progress:
            progress(done, len(tasks))

    results = map_in_processes(
        partial(_read_tables, path, password), ranges, workers if len(tasks) > _SMALL else 1, count
    )
    seen = dict(result for part in results for result in part)
    return [compare(infos[page], cells[page], blocks[page], seen.get(page)) for page in pages]


def with_confidence(reading: Reading, compared: Sequence[PageComparison]) -> Reading:
    """The reading with the confidence of every compared cell set as ``pipeline.reading`` explains."""
    values: dict[str, float] = {}
    for page in compared:
        values.update(dict.fromkeys(page.agreed, AGREED))
        values.update(dict.fromkeys(page.text, TEXT_DIFFERS))
        values.update(dict.fromkeys(page.structure, STRUCTURE_DIFFERS))
    pairs = zip(*(reading.cells[name].to_pylist() for name in ("cell_id", "confidence")), strict=True)
    return replace(
        reading,
        cells=with_column(reading.cells, "confidence", [values.get(name, old) for name, old in pairs]),
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


_Task = tuple[int, Frame, float]
"""Number, frame and letter size of a page."""
_Result = tuple[int, list[CamelotTable] | str]


def _read_tables(path: Path, password: str, tasks: Sequence[_Task]) -> list[_Result]:
    """Per page camelot's tables, or why there are none: a page that only camelot fails at must not end the run."""
    out: list[_Result] = []
    with open_camelot(path, password) as document:
        for page, frame, size in tasks:
            try:
                out.append((page, document.tables(page, frame, size)))
            except XizeError as error:
                out.append((page, repr(error.__cause__)))
    return out
