"""Reading a PDF: open it (or say clearly why not), pages in parallel, decoder → grid finder → staged cells."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.errors import XizeError
from pipeline.forked import copies, forked_map, processors
from pipeline.garbage import collecting_seldom
from pipeline.model import Cell, Line
from pipeline.readers.pdf.cell_text import assign, overflowing_lines, trim_open_ends
from pipeline.readers.pdf.checks import failed_checks
from pipeline.readers.pdf.confidence import confidence_of
from pipeline.readers.pdf.damage import damaged_pages
from pipeline.readers.pdf.grid import Found, find_grids
from pipeline.readers.pdf.lines import lines_by_group, lines_of
from pipeline.readers.pdf.page import PageArrays
from pipeline.readers.pdf.raster import SecondLook, needs_camelot
from pipeline.readers.pdf.visible import Hidden, see
from pipeline.reading import BROKEN, Block, PageInfo, Reading, cell_id, join_readings, to_reading
from pipeline.timing import measured

Progress = Callable[[int, int], None]
"""Called with (pages done, pages in all)."""

_RANGE = 8
"""Pages per task: few enough to share the work evenly and to show progress, enough to keep the overhead small."""

_SMALL = 16
"""Documents up to this many pages are read in-process: workers would cost more than they gain."""

_SPAWN = 64
"""The same where workers cannot be forked but must be spawned, each of which takes as long to start as some 30 pages."""


# pdfminer warns once per glyph of a font without a bounding box; nothing of what is read depends on it.
logging.getLogger("pdfminer").setLevel(logging.ERROR)


class PageReader:
    """An open PDF whose pages are read one by one."""

    def __init__(self, document: object, decoder: str, pixels: SecondLook, password: str) -> None:
        self._document = document
        self.engine = decoder
        self.password = password
        self.pixels = pixels
        self.page_count: int = document.page_count  # type: ignore[attr-defined]

    def decode(self, number: int) -> PageArrays:
        """The arrays of page ``number`` (from 1), as decoded."""
        arrays: PageArrays = self._document.read(number)  # type: ignore[attr-defined]
        return arrays


@contextmanager
def open_pdf(path: Path, password: str = "", decoder: str = "pdfium") -> Iterator[PageReader]:
    """Open a PDF for reading.

    Raises XizeError, in one sentence with the remedy, when the file is missing, empty, not a PDF, truncated or
    encrypted without the right password.
    """
    _look_at_file(path)
    if decoder == "pdfium":
        with _open_with_pdfium(path, password) as reader:
            yield reader
        return
    if decoder != "pdfplumber":
        raise XizeError(f"没有名为“{decoder}”的解码器；请用 pdfplumber 或 pdfium。")
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect
    from pdfminer.pdfexceptions import PDFException
    from pdfminer.psexceptions import PSException
    from pdfplumber.utils.exceptions import PdfminerException

    from pipeline.readers.pdf.decode_pdfplumber import open_pdfplumber

    opened = False
    try:
        with open_pdfplumber(path, password) as document:
            opened = True
            if document.page_count == 0:
                raise _no_pages(path)
            with closing(SecondLook(path, password)) as pixels:
                yield PageReader(document, decoder, pixels, password)
    except (PdfminerException, PDFException, PSException) as error:
        if opened:
            raise
        cause = error.args[0] if error.args else error
        locked = isinstance(cause, PDFPasswordIncorrect) or isinstance(error, PDFPasswordIncorrect)
        foreign = isinstance(cause, PDFEncryptionError) or isinstance(error, PDFEncryptionError)
        raise _cannot_open(path, password, locked, foreign) from error


@contextmanager
def _open_with_pdfium(path: Path, password: str) -> Iterator[PageReader]:
    from pipeline.readers.pdf.decode_pdfium import open_pdfium
    from pipeline.readers.pdf.pdfium_calls import PdfiumError

    opened = False
    try:
        with open_pdfium(path, password) as document:
            opened = True
            if document.page_count == 0:
                raise _no_pages(path)
            with closing(SecondLook(path, password)) as pixels:
                yield PageReader(document, "pdfium", pixels, password)
    except PdfiumError as error:
        if opened:
            raise
        raise _cannot_open(path, password, error.password, error.security) from error


def _no_pages(path: Path) -> XizeError:
    return XizeError(f"{path.name}：文件中没有任何页面，可能已损坏；请重新取得该 PDF。")


def _cannot_open(path: Path, password: str, locked: bool, foreign: bool) -> XizeError:
    """Why a decoder cannot open a file: ``locked`` by a password, or encrypted in a ``foreign`` way, or broken."""
    if locked:
        how = "所给密码不正确，请用 --password 给出正确的密码" if password else "请用 --password 给出密码"
        return XizeError(f"{path.name}：文件已加密；{how}。")
    if foreign:
        return XizeError(f"{path.name}：文件的加密方式不受支持；请先用其他工具另存为未加密的 PDF。")
    return XizeError(f"{path.name}：PDF 结构已损坏，无法读取；请重新取得或另存该文件。")


def _look_at_file(path: Path) -> None:
    """The checks that need no PDF library."""
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise XizeError(f"{path}：找不到该文件；请核对路径。") from error
    if path.is_dir():
        raise XizeError(f"{path}：这是一个文件夹，不是 PDF 文件；请给出文件路径。")
    if size == 0:
        raise XizeError(f"{path.name}：文件是空的（0 字节）；请重新取得该 PDF。")
    with path.open("rb") as file:
        head = file.read(1024)
        file.seek(max(0, size - 8192))
        tail = file.read()
    if b"%PDF-" not in head:
        raise XizeError(f"{path.name}：不是 PDF 文件（缺少 PDF 文件头）；请给出 PDF 格式的文件。")
    if b"%%EOF" not in tail:
        raise XizeError(f"{path.name}：PDF 文件不完整（缺少文件尾，可能下载中断）；请重新取得该文件。")


def read_page(
    arrays: PageArrays, engine: str, find: Callable[[PageArrays], Found] = find_grids
) -> tuple[list[Cell], list[Block], PageInfo, Found]:
    """Cells, lines outside tables and the page's own checks, from its decoded arrays; ``find`` finds its tables."""
    page, hidden = see(arrays)
    found = trim_open_ends(page, find(page))
    cells, outside = cells_on(page, found, engine)
    info = PageInfo(
        page.number,
        page.width,
        page.height,
        page.turned,
        sum(map(bool, map(str.strip, page.texts))),
        len(found.horizontal) + len(found.vertical),
        picture_share(page),
        len(found.grids),
        engine,
        failed_checks(page, found.grids, cells, outside),
    )
    blocks = [Block("text", line) for line in outside] + [Block(h.reason, _hidden_line(h)) for h in hidden]
    return [cell for table in cells for cell in table], blocks, info, found


def cells_on(page: PageArrays, found: Found, engine: str) -> tuple[list[list[Cell]], list[Line]]:
    """Cells of every grid with their lines, and the lines outside, top to bottom."""
    per_grid, free = assign(page, found.grids)
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
                    confidence_of(engine),
                    grid.open_top and cell.row == 0,
                    grid.open_bottom and cell.row + cell.row_span == rows,
                )
                for cell, lines in zip(grid.cells, lines_by_group(page, glyphs), strict=True)
            ]
        )
    return tables, lines_of(page, free)


def _hidden_line(hidden: Hidden) -> Line:
    return Line(hidden.text, *hidden.box, hidden.page, (), 0.0)


def picture_share(page: PageArrays) -> float:
    """Share of the page that its pictures cover, 0–1 (a scan may be cut into strips)."""
    if len(page.images) == 0 or page.width * page.height == 0:
        return 0.0
    areas = (page.images[:, 2] - page.images[:, 0]) * (page.images[:, 3] - page.images[:, 1])
    return min(1.0, float(areas.sum()) / (page.width * page.height))


def read_pages(path: Path, numbers: Sequence[int], password: str = "", decoder: str = "pdfium") -> Reading:
    """Read some pages (numbers from 1) in this process."""
    with open_pdf(path, password, decoder) as reader:
        return _read_with(reader, path, numbers)


def look_at(
    reader: PageReader, path: Path, number: int
) -> tuple[list[Cell], list[Block], PageInfo, Found, PageArrays]:
    """Page ``number`` read, by its vector rulings or, where these are only pixels, by what camelot sees in its picture.

    A page whose content is damaged fails a check of its own (see :mod:`damage`). Raises XizeError when a decoder
    cannot read the page at all.
    """
    try:
        with measured("decode"):
            damaged = number in damaged_pages(path, reader.password)
            arrays = reader.decode(number)
    except XizeError:
        raise
    except Exception as error:  # decoders raise anything on a broken content stream
        raise XizeError(
            f"{path.name} 第 {number} 页：页面内容已损坏，无法读取；请重新取得该文件。"
        ) from error
    with measured("grid"):
        read = read_page(arrays, reader.engine)
        if needs_camelot(read[2]):
            seen = reader.pixels.read(arrays)
            if seen[2].tables:
                read = seen
    cells, blocks, info, found = read
    if damaged:
        info = replace(info, checks=(*info.checks, BROKEN))
    return cells, blocks, info, found, arrays


def _read_with(reader: PageReader, path: Path, numbers: Sequence[int]) -> Reading:
    cells: list[Cell] = []
    blocks: list[Block] = []
    pages: list[PageInfo] = []
    for number in numbers:
        page_cells, page_blocks, info, _, _ = look_at(reader, path, number)
        cells += page_cells
        blocks += page_blocks
        pages.append(info)
    with measured("stage"):
        return to_reading(cells, blocks, pages)


def page_ranges(numbers: Sequence[int], size: int = _RANGE) -> list[list[int]]:
    """Page numbers in ranges of at most ``size``."""
    return [list(numbers[i : i + size]) for i in range(0, len(numbers), size)]


def count_pages(path: Path, password: str = "", decoder: str = "pdfium") -> int:
    """Number of pages. Raises XizeError like :func:`open_pdf`."""
    with open_pdf(path, password, decoder) as reader:
        return reader.page_count


def read_pdf(
    path: Path,
    *,
    pages: Sequence[int] | None = None,
    password: str = "",
    decoder: str = "pdfium",
    workers: int | None = None,
    progress: Progress | None = None,
    first: Callable[[], None] | None = None,
) -> Reading:
    """Read a PDF (or only ``pages``), shared with worker processes that each open the file once; order is restored.

    ``first`` is done in this process, while the others read already.
    ``workers`` defaults to the processors this process may use. Raises XizeError as :func:`open_pdf` does, and for a
    page number that the document does not have.
    """
    total = count_pages(path, password, decoder)
    numbers = list(pages) if pages is not None else list(range(1, total + 1))
    wrong = [number for number in numbers if not 1 <= number <= total]
    if wrong:
        raise XizeError(f"{path.name}：没有第 {wrong[0]} 页（共 {total} 页）；请核对 --pages。")
    with measured("decode"):
        damaged_pages(path, password)  # once, before there are copies of this process that each would ask
    ranges = page_ranges(numbers)
    done = 0

    def count(index: int) -> None:
        nonlocal done
        done += len(ranges[index])
        if progress:
            progress(done, len(numbers))

    workers = min(workers or processors(), len(ranges))
    helpers = copies(workers) if len(numbers) > _SMALL else 0
    if workers > 1 and not helpers and len(numbers) > _SPAWN:
        if first is not None:
            first()
        return join_readings(_read_spawned(path, ranges, password, decoder, workers, count))
    with _Readers(path, password, decoder) as readers, collecting_seldom():
        return join_readings(forked_map(readers.read, ranges, helpers, count, first))


class _Readers:
    """Reads ranges of pages, in this process or in a forked copy of it, each of which opens the file once."""

    def __init__(self, path: Path, password: str, decoder: str) -> None:
        self._path, self._password, self._decoder = path, password, decoder
        self._open: dict[int, PageReader] = {}
        self._stack = ExitStack()

    def read(self, numbers: Sequence[int]) -> Reading:
        process = os.getpid()
        if process not in self._open:
            opened = open_pdf(self._path, self._password, self._decoder)
            self._open[process] = self._stack.enter_context(opened)
        return _read_with(self._open[process], self._path, numbers)

    def __enter__(self) -> _Readers:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()


_worker: _Readers | None = None


def _start_worker(path: str, password: str, decoder: str) -> None:
    global _worker
    _worker = _Readers(Path(path), password, decoder)  # the file stays open until the process ends


def _work(numbers: Sequence[int]) -> Reading:
    assert _worker is not None
    return _worker.read(numbers)


def _read_spawned(
    path: Path,
    ranges: Sequence[Sequence[int]],
    password: str,
    decoder: str,
    workers: int,
    done: Callable[[int], None],
) -> list[Reading]:
    """Ranges read in spawned processes: for a parent with threads, whose forked copies might hang."""
    parts: list[Reading] = []
    with ProcessPoolExecutor(
        workers,
        multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(str(path), password, decoder),
    ) as pool:
        futures = [pool.submit(_work, part) for part in ranges]
        try:
            for index, future in enumerate(futures):
                parts.append(future.result())
                done(index)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return parts
