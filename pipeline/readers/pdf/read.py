"""A PDF's pages → staged cells: decode, visible glyphs, edges, grid, cells, text; many pages in several processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from pipeline.errors import XizeError
from pipeline.job import Limits
from pipeline.model import Cell, Line
from pipeline.processes import map_in_processes
from pipeline.readers.pdf.camelot import ENGINE as CAMELOT
from pipeline.readers.pdf.cell_text import assign, overflowing_lines, trim_open_ends
from pipeline.readers.pdf.checks import failed_checks
from pipeline.readers.pdf.damage import PageState
from pipeline.readers.pdf.decode_whole import decode_whole
from pipeline.readers.pdf.footnotes import FootnoteMark, footnote_marks
from pipeline.readers.pdf.grid import FoundGrids, Grid, find_grids
from pipeline.readers.pdf.lines import lines_by_group, lines_of
from pipeline.readers.pdf.open import OpenPdf, count_pages, open_pdf
from pipeline.readers.pdf.page import PageArrays
from pipeline.readers.pdf.raster import find_grids_in_pixels, needs_pixels
from pipeline.readers.pdf.visible import Hidden, visible_glyphs, without_strikes
from pipeline.reading import (
    LEFT_OUT,
    PIXELS,
    SINGLE,
    STRUCK,
    Block,
    PageInfo,
    Reading,
    cell_id,
    footnote,
    join_readings,
    to_reading,
)
from pipeline.system import processors
from pipeline.tasks import task

__all__ = [
    "ReadPage",
    "count_pages",
    "open_pdf",
    "page_ranges",
    "read_arrays",
    "read_page",
    "read_pages",
    "read_pdf",
]

Progress = Callable[[int, int], None]
"""Called with (pages done, pages in all)."""

_RANGE = 8
"""Pages read before progress is told of."""

_SHARED = 32
"""Pages that another process reads with the file opened once: few enough to share the work evenly."""

_SMALL = 60
"""Documents up to this many pages are read in this process: starting others takes as long as reading so many."""

_HEAVY = 40_000
"""Pages that paint more objects than this, and damaged ones, are read by another process: they might end it."""


@dataclass(frozen=True)
class ReadPage:
    """One page as read: its cells, the lines outside tables and the hidden text, its own checks, and for pictures of
    it the visible glyphs and what the grid finder found."""

    cells: tuple[Cell, ...]
    blocks: tuple[Block, ...]
    info: PageInfo
    page: PageArrays
    found: FoundGrids


def read_pdf(
    path: Path,
    *,
    pages: Sequence[int] | None = None,
    password: str = "",
    decoder: str = "pdfium",
    workers: int | None = None,
    progress: Progress | None = None,
    limits: Limits = Limits(),  # noqa: B008 (it does not change)
) -> Reading:
    """Read a PDF (or only ``pages``, numbers from 1), a large one in ``workers`` processes (None: one per processor).

    Raises XizeError as :func:`open_pdf` does, for a page number that the document does not have, for a page that the
    decoder cannot read or that is beyond ``limits``, and for one that ended the process that read it.

    >>> [(cell.cell_id, cell.text) for cell in cells_of(read_pdf(Path("rules.pdf")))][:2]
    [('p0001-t1-r000-c00', '序号'), ('p0001-t1-r000-c01', '机构名称')]
    """
    with open_pdf(path, password, decoder) as pdf:
        numbers = list(pages) if pages is not None else list(range(1, pdf.page_count + 1))
        wrong = [number for number in numbers if not 1 <= number <= pdf.page_count]
        if wrong:
            raise XizeError(f"{path.name}：没有第 {wrong[0]} 页（共 {pdf.page_count} 页）；请核对 --pages。")
        here = len(numbers) <= _SMALL or (workers or processors()) == 1
        readings: list[Reading] = []
        apart: list[list[int]] = []
        done = 0

        def count(some: Sequence[int]) -> None:
            nonlocal done
            done += len(some)
            if progress:
                progress(done, len(numbers))

        for some in page_ranges(numbers, _RANGE if here else _SHARED):
            if here and not any(_risky(pdf.state(number)) for number in some):
                readings.append(_read(pdf, some, limits))
                count(some)
            else:
                apart.append(some)
    if apart:
        work = partial(read_pages, path, password=password, decoder=decoder, limits=limits)
        readings += map_in_processes(work, apart, workers, lambda index: count(apart[index]), apart=True)
    return join_readings(readings)


def read_pages(
    path: Path,
    numbers: Sequence[int],
    password: str = "",
    decoder: str = "pdfium",
    limits: Limits = Limits(),  # noqa: B008 (it does not change)
) -> Reading:
    """Read some pages (numbers from 1) in this process. Raises XizeError as :func:`read_pdf` does.

    >>> read_pages(Path("rules.pdf"), [1]).cells.num_rows
    14
    """
    with open_pdf(path, password, decoder) as pdf:
        return _read(pdf, numbers, limits)


def page_ranges(numbers: Sequence[int], size: int = _RANGE) -> list[list[int]]:
    """Page numbers in ranges of at most ``size``.

    >>> page_ranges([1, 2, 3, 7, 9], 2)
    [[1, 2], [3, 7], [9]]
    """
    return [list(numbers[i : i + size]) for i in range(0, len(numbers), size)]


def _risky(state: PageState) -> bool:
    return bool(state.checks) or state.objects > _HEAVY


def _read(pdf: OpenPdf, numbers: Sequence[int], limits: Limits) -> Reading:
    pages = []
    for number in numbers:
        with task(f"{pdf.path.name}第{number}页", limits.seconds):
            pages.append(read_page(pdf, number, limits))
    return to_reading(
        [cell for page in pages for cell in page.cells],
        [block for page in pages for block in page.blocks],
        [page.info for page in pages],
    )


def read_page(pdf: OpenPdf, number: int, limits: Limits = Limits()) -> ReadPage:  # noqa: B008 (it does not change)
    """Page ``number`` (from 1), by its vector rulings or, where these are only pixels, by what camelot sees in its picture.

    A damaged page fails checks of its own (see :mod:`damage`). Raises XizeError when the decoder cannot read the page at
    all, and when it is beyond ``limits``.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     read_page(pdf, 1).info.tables
    1
    """
    state = pdf.state(number)
    _check_limits(pdf, number, state.objects, state.size, limits)
    decoded = decode_whole(pdf, number)
    _check_limits(pdf, number, len(decoded.arrays.texts) + len(decoded.arrays.rulings), 0, limits)
    read = read_arrays(decoded.arrays, decoded.engine, hidden=decoded.hidden)
    if needs_pixels(read.info):
        find = partial(find_grids_in_pixels, document=pdf.camelot)
        seen = read_arrays(decoded.arrays, CAMELOT, find, decoded.hidden)
        if seen.info.tables:
            read = seen
    checks = (*read.info.checks, *sorted(state.checks))
    return replace(read, info=replace(read.info, checks=checks, missing=decoded.missing))


def _check_limits(pdf: OpenPdf, number: int, objects: int, size: int, limits: Limits) -> None:
    many = (
        (objects, limits.objects, "个对象", "--max-objects"),
        (size, limits.size, "字节内容", "--max-bytes"),
    )
    for found, most, what, option in many:
        if found > most:
            raise XizeError(
                f"{pdf.path.name}第{number}页：页面有{found if found < 1 << 60 else '无数'}{what}，超过上限{most}，"
                f"文件可能已损坏；确要读取请用{option}放宽。"
            )


def read_arrays(
    arrays: PageArrays,
    engine: str,
    find: Callable[[PageArrays], FoundGrids] = find_grids,
    hidden: Sequence[Hidden] | None = None,
) -> ReadPage:
    """Cells, lines outside tables and the page's own checks, from its decoded arrays.

    ``engine`` is what the cells are said to be read by; ``find`` finds the tables of the visible, upright page;
    ``hidden`` is what is known to be left out of it (None: what its arrays show).

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     [cell.text for cell in read_arrays(pdf.decode(1), "pdfium").cells][:2]
    ['序号', '机构名称']
    """
    page, left_out = visible_glyphs(arrays)
    page, struck = without_strikes(page)
    hidden = left_out if hidden is None else hidden
    found = trim_open_ends(page, find(page))
    tables, outside, marks = _cells(page, found, engine)
    info = PageInfo(
        page.number,
        page.width,
        page.height,
        page.turned,
        sum(map(bool, map(str.strip, page.texts))),
        len(found.horizontal) + len(found.vertical),
        _picture_share(page),
        len(found.grids),
        engine,
        failed_checks(page, found.grids, tables, outside),
        **_counts(hidden),
        pictured=sum(map(partial(_pictured, page), found.grids, tables)),
    )
    blocks = [Block("text", line) for line in outside]
    blocks += [Block(one.reason, Line(one.text, *one.box, one.page, (), 0.0)) for one in hidden]
    blocks += [Block(STRUCK, one) for one in struck]
    blocks += [footnote(one.text, one.box, page.number, one.note) for one in marks]
    return ReadPage(tuple(cell for table in tables for cell in table), tuple(blocks), info, page, found)


def _cells(
    page: PageArrays, found: FoundGrids, engine: str
) -> tuple[list[list[Cell]], list[Line], list[FootnoteMark]]:
    """Cells of every grid with their lines, the lines outside, top to bottom, and the footnote marks: those with a
    note are left out of cells."""
    per_grid, free = assign(page, found.grids)
    marks = footnote_marks(page, per_grid, free)
    if noted := [mark.glyphs for mark in marks if mark.note is not None]:
        left_out = np.concatenate(noted)
        per_grid = [[group[~np.isin(group, left_out)] for group in groups] for groups in per_grid]
    confidence = PIXELS if engine == CAMELOT else SINGLE
    tables = []
    for number, (grid, glyphs) in enumerate(zip(found.grids, per_grid, strict=True), start=1):
        for k, more in overflowing_lines(page, grid, glyphs, free).items():
            glyphs[k] = np.concatenate([glyphs[k], more])
            free = np.setdiff1d(free, more)
        rows = len(grid.ys) - 1
        tables.append(
            [
                Cell(
                    cell_id(page.number, number, cell.row, cell.col),
                    page.number,
                    number,
                    cell.row,
                    cell.col,
                    cell.row_span,
                    cell.col_span,
                    cell.x0,
                    cell.top,
                    cell.x1,
                    cell.bottom,
                    tuple(lines),
                    engine,
                    confidence,
                    grid.open_top and cell.row == 0,
                    grid.open_bottom and cell.row + cell.row_span == rows,
                )
                for cell, lines in zip(grid.cells, lines_by_group(page, glyphs), strict=True)
            ]
        )
    return tables, lines_of(page, free), marks


def _counts(hidden: Sequence[Hidden]) -> dict[str, int]:
    """How many glyphs are left out by reason, as :class:`PageInfo` calls them."""
    counts = dict.fromkeys(LEFT_OUT, 0)
    for one in hidden:
        counts[one.reason if one.reason in counts else "hidden"] += one.glyphs
    return counts


def _pictured(page: PageArrays, grid: Grid, cells: Sequence[Cell]) -> int:
    """How many ``cells`` of ``grid`` hold the middle of a picture, but no text; pictures beneath a table do not count."""
    x0, top, x1, bottom = grid.bbox
    x, y = (page.images[:, 0] + page.images[:, 2]) / 2, (page.images[:, 1] + page.images[:, 3]) / 2
    large = (page.images[:, 2] - page.images[:, 0]) * (page.images[:, 3] - page.images[:, 1]) > 0.5 * (
        x1 - x0
    ) * (bottom - top)
    within = ~large & (x > x0) & (x < x1) & (y > top) & (y < bottom)
    rows, cols = np.searchsorted(grid.ys, y[within]) - 1, np.searchsorted(grid.xs, x[within]) - 1
    return sum(not cells[k].lines for k in set(grid.owner[rows, cols].tolist()))


def _picture_share(page: PageArrays) -> float:
    """Share of the page that its pictures cover, 0–1 (a scan may be cut into strips)."""
    if len(page.images) == 0 or page.width * page.height == 0:
        return 0.0
    areas = (page.images[:, 2] - page.images[:, 0]) * (page.images[:, 3] - page.images[:, 1])
    return min(1.0, float(areas.sum()) / (page.width * page.height))
