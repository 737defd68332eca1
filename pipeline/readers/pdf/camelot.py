"""camelot's lattice flavour, which sees ruling lines in the pixels of the drawn page.

camelot's parser is driven directly rather than through ``camelot.read_pdf``. That way the page is drawn and laid out
in the frame in which this project measures (crop box and /Rotate applied, turned upright, points, origin top left),
encrypted files open (``read_pdf`` hands no password to its renderer), and the smallest line it looks for follows the
size of the page's letters instead of the size of the paper.

camelot, OpenCV and pdfium are imported when a document is opened, never with this module.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import XizeError
from pipeline.readers.pdf.grid import unite
from pipeline.readers.pdf.page import Bools, Floats, PageArrays

ENGINE = "camelot"

_DPI = 200
_MAX_PIXELS = 14_000_000
"""Larger sheets are drawn more coarsely, so that a worker never needs more than some 200 MB."""

_LETTERS = 1.2
"""Shortest line looked for, in letter heights: longer than any stroke of a letter, shorter than a row is high."""

_DESCENT = 0.2
"""How far letters reach below their baseline, as a share of their size."""

_GAP = 6.0
"""Widest gap of a dashed line, points."""

_LONG = 3.0
"""What is longer than so many letters is no letter's stroke."""

_GRAIN, _FAINT = 10.0, 6.0
"""A dash is darker than its ground by more than so many times what the ground's own dark dots usually are, and by more
than so much grey."""

_GROUND = 12.0
_DARK = 140
"""A ground is what is commonest within so many points; it is dark when its grey is below this (0 black, 255 white)."""

_USUAL_SIZE = 10.0
_THIN = 0.5


@dataclass(frozen=True)
class CamelotCell:
    """A cell as camelot read it: box in points, origin top left, and its text."""

    x0: float
    top: float
    x1: float
    bottom: float
    text: str


@dataclass(frozen=True)
class CamelotTable:
    """A table as camelot read it: its box (x0, top, x1, bottom) and its cells, each once however far it spans."""

    bbox: tuple[float, float, float, float]
    cells: tuple[CamelotCell, ...]


@dataclass(frozen=True)
class Frame:
    """How a page is seen: width and height in points (upright), and by how much it was turned for that."""

    width: float
    height: float
    turned: int


@lru_cache(maxsize=1)
def _lattice_class() -> Any:
    """camelot's lattice parser without its gates: an empty table is a table, and so is one of a page without text."""
    from camelot.parsers.lattice import Lattice

    class AllGrids(Lattice):  # type: ignore[misc,unused-ignore]
        def _reject_table(self, table: Any) -> bool:
            return False

        def _document_has_no_text(self) -> bool:
            return False

    return AllGrids


class _Drawn:
    """A camelot image backend that hands over a page that has been drawn already."""

    def __init__(self, picture: Any) -> None:
        self._picture = picture

    def convert(self, *_: Any, **__: Any) -> None:
        """camelot asks for a file only when ``to_array`` fails."""
        raise OSError("the page is drawn in memory only")

    def to_array(self, *_: Any, **__: Any) -> Any:
        """The page, blue-green-red."""
        return self._picture


class CamelotDocument:
    """An open PDF whose tables camelot finds page by page; pages are drawn one at a time and never kept."""

    def __init__(self, pdfium: Any, playa: Any, name: str) -> None:
        self._pdfium = pdfium
        self._playa = playa
        self._name = name

    def tables(self, number: int, frame: Frame, size: float = _USUAL_SIZE) -> list[CamelotTable]:
        """camelot's own tables of page ``number`` (from 1), top to bottom, with its own reading of their text.

        ``size`` is the usual letter size in points. Raises XizeError when the page cannot be drawn or read.
        """
        _, found, high = self._parse(number, frame, size, pixels_only=False)
        tables = [table for table in (_table(table, high) for table in found) if table is not None]
        return sorted(tables, key=lambda table: (round(table.bbox[1]), table.bbox[0]))

    def lines(self, page: PageArrays, broken: bool = False) -> Floats:
        """The ruling lines that camelot sees in the pixels of a (seen, upright) page, as ``PageArrays.rulings``.

        ``broken``: look for dashed and dotted lines too. Letters are wiped out first, then gaps are closed. Raises
        XizeError when the page cannot be drawn.
        """
        frame = Frame(page.width, page.height, page.turned)
        letters = page.boxes if broken else None
        parser, _, high = self._parse(page.number, frame, usual_size(page), pixels_only=True, letters=letters)
        down = [
            (x, high - max(y0, y1), x, high - min(y0, y1), _THIN) for x, y0, _, y1 in parser.vertical_segments
        ]
        across = [
            (min(x0, x1), high - y, max(x0, x1), high - y, _THIN)
            for x0, y, x1, _ in parser.horizontal_segments
        ]
        seen = np.array(down + across, dtype=np.float64).reshape(-1, 5)
        return seen[~_strokes(seen, page)]

    def _parse(
        self, number: int, frame: Frame, size: float, pixels_only: bool, letters: Floats | None = None
    ) -> tuple[Any, list[Any], float]:
        """The parser after its work, its tables, and the height in points of the square that it saw."""
        try:
            picture, scale = self._draw(number, frame)
            if letters is not None:
                picture = _close_gaps(picture, scale, letters, size)
            layout, across, down = (None, [], []) if pixels_only else self._layout(number, frame)
            high = len(picture) / scale
            parser = _lattice_class()(
                engine="raster" if pixels_only else "combined",
                # Lines are sought on a square, so that the shortest one is as long across as down.
                line_scale=max(15, math.floor(high / (_LETTERS * max(size, 4.0)))),
                split_text=True,
                backend=_Drawn(picture),
                use_fallback=False,
            )
            parser.prepare_page_parse(self._name, layout, (high, high), number, [], across, down, "", {})
            return parser, list(parser.extract_tables()), high
        except Exception as error:  # pdfium, playa and OpenCV raise anything on a broken page
            raise XizeError(
                f"{self._name} 第 {number} 页：页面内容已损坏，无法以像素方式读取；请重新取得该文件。"
            ) from error

    def _draw(self, number: int, frame: Frame) -> tuple[Any, float]:
        """The page in reading orientation in the upper left corner of a white square (rows, columns,
        blue-green-red), and its pixels per point."""
        scale = min(_DPI / 72, math.sqrt(_MAX_PIXELS) / max(frame.width, frame.height))
        page = self._pdfium[number - 1]
        bitmap = page.render(scale=scale, rev_byteorder=False, may_draw_forms=False)
        picture = bitmap.to_numpy()
        if picture.ndim == 2 or picture.shape[2] == 1:
            picture = np.repeat(picture.reshape(*picture.shape[:2], 1), 3, axis=2)
        picture = np.rot90(picture[:, :, :3], frame.turned // 90)
        side = max(picture.shape[:2])
        square = np.full((side, side, 3), 255, dtype=np.uint8)
        square[: picture.shape[0], : picture.shape[1]] = picture
        scale = picture.shape[1] / frame.width
        bitmap.close()
        page.close()
        return _flatten(square, scale), scale

    def _layout(self, number: int, frame: Frame) -> tuple[Any, list[Any], list[Any]]:
        """camelot's layout of the page in its upright frame, origin bottom left: layout, level and upright lines."""
        from camelot.utils import get_image_char_and_text_objects, get_page_layout

        page = self._playa.pages[number - 1]
        page.set_initial_ctm("default", 0)
        a, b, c, d, e, f = _upright(page, frame.turned)
        # Lines are sought on a square, in whose upper left corner the page stands: its lower edge is lifted.
        page.ctm = (a, b, c, d, e, f + max(frame.width, frame.height) - frame.height)
        layout, _ = get_page_layout(page)  # type: ignore[no-untyped-call]
        _, _, across, down = get_image_char_and_text_objects(layout)
        for line in [*across, *down]:
            _settle(line)
        return layout, across, down


def _ground(grey: Any, scale: float) -> Any:
    """What is commonest around each pixel, at a quarter of the size."""
    import cv2

    small = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return cv2.medianBlur(small, max(3, round(_GROUND * scale / 4) | 1))


def _flatten(picture: Any, scale: float) -> Any:
    """The picture with dark backgrounds made white: each pixel by how much it differs from what surrounds it.

    On a dark ground camelot's local threshold takes the halo of white letters for lines. Pages without dark areas
    are left as they are.
    """
    import cv2

    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    ground = _ground(grey, scale)
    # Close-set text is dark in places too, but never over a cell's width.
    shape = (max(1, round(2 * _GROUND * scale / 4)), max(1, round(_GROUND / 2 * scale / 4)))
    dark = cv2.morphologyEx(
        (ground < _DARK).astype(np.uint8), cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_RECT, shape)
    )
    if not dark.any():
        return picture
    size = (grey.shape[1], grey.shape[0])
    ground = cv2.resize(ground, size, interpolation=cv2.INTER_LINEAR)
    dark = cv2.resize(dark, size, interpolation=cv2.INTER_NEAREST)
    return cv2.cvtColor(np.where(dark > 0, 255 - cv2.absdiff(grey, ground), grey), cv2.COLOR_GRAY2BGR)


def _close_gaps(picture: Any, scale: float, letters: Floats, size: float) -> Any:
    """The picture with the boxes of its ``letters`` wiped out and gaps up to ``_GAP`` points closed along lines.

    The boxes of an OCR layer may lie over rules: what is long stays. The grain of the paper makes no lines.
    """
    import cv2

    def along(how: int, source: Any, length: int) -> Any:
        shapes = [cv2.getStructuringElement(cv2.MORPH_RECT, shape) for shape in ((length, 1), (1, length))]
        return np.minimum(*(cv2.morphologyEx(source, how, shape) for shape in shapes))

    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    ground = cv2.resize(_ground(grey, scale), grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    out = grey.copy()
    margin = 0.1 * size
    grown = letters + np.array([-margin, -margin, margin, margin])
    for x0, top, x1, bottom in np.clip(np.round(grown * scale), 0, None).astype(int).tolist():
        out[top:bottom, x0:x1] = ground[top:bottom, x0:x1]
    np.minimum(out, along(cv2.MORPH_CLOSE, grey, round(_LONG * size * scale)), out=out)
    out = along(cv2.MORPH_OPEN, out, round(_GAP * scale))
    darker = cv2.subtract(ground, out)
    darker[darker <= max(_FAINT, _GRAIN * np.median(darker))] = 0
    return cv2.cvtColor(255 - darker, cv2.COLOR_GRAY2BGR)


def _strokes(lines: Floats, page: PageArrays) -> Bools:
    """Lines that lie within one letter's box: strokes of letters larger than most."""
    large = page.boxes[page.sizes > usual_size(page)] + np.array([-1.0, -1.0, 1.0, 1.0])
    inside = (
        (large[None, :, 0] <= lines[:, None, 0])
        & (large[None, :, 1] <= lines[:, None, 1])
        & (large[None, :, 2] >= lines[:, None, 2])
        & (large[None, :, 3] >= lines[:, None, 3])
    )
    return np.asarray(inside.any(axis=1))


def _settle(line: Any) -> None:
    """Put the letters of a text line where their baseline says.

    camelot's layout hangs every letter's box on its font's descent, which fonts state wrongly by up to a whole line;
    the letters would then be counted to the row below.
    """
    from playa.miner import LTChar

    letters = [item for item in line if isinstance(item, LTChar)]
    for letter in letters:
        a, b, c, d, e, f = letter.matrix
        if letter.adv <= 0:  # set from top to bottom: the box hangs on the advance, not on the descent
            continue
        x0, y0, x1, y1 = letter.bbox
        if b == 0 and c == 0:
            low = f - _DESCENT * (y1 - y0) if d > 0 else f - (1 - _DESCENT) * (y1 - y0)
            letter.set_bbox((x0, low, x1, low + y1 - y0))
        elif a == 0 and d == 0:
            low = e - _DESCENT * (x1 - x0) if c > 0 else e - (1 - _DESCENT) * (x1 - x0)
            letter.set_bbox((low, y0, low + x1 - x0, y1))
    if letters:
        line.set_bbox(
            (
                min(letter.x0 for letter in letters),
                min(letter.y0 for letter in letters),
                max(letter.x1 for letter in letters),
                max(letter.y1 for letter in letters),
            )
        )


def _upright(page: Any, turned: int) -> tuple[float, float, float, float, float, float]:
    """Matrix from a page's user space to its upright frame: crop box, /Rotate, then ``turned`` undone."""
    media, crop = page.mediabox, page.cropbox
    x0, y0 = max(crop[0], media[0]), max(crop[1], media[1])
    x1, y1 = min(crop[2], media[2]), min(crop[3], media[3])
    clockwise = (int(page.attrs.get("Rotate", 0) or 0) - turned) % 360
    if clockwise == 90:
        return (0, -1, 1, 0, -y0, x1)
    if clockwise == 180:
        return (-1, 0, 0, -1, x1, y1)
    if clockwise == 270:
        return (0, 1, -1, 0, y1, -x0)
    return (1, 0, 0, 1, -x0, -y0)


def _table(table: Any, height: float) -> CamelotTable | None:
    """camelot's table (cells with edge flags, origin bottom left) → cells with true spans and their texts.

    camelot never shows a cell's span: cells with no edge between them are one.
    """
    parts = table.cells
    x = np.array([table.cols[0][0], *(col[1] for col in table.cols)], dtype=np.float64)
    y = height - np.array([table.rows[0][0], *(row[1] for row in table.rows)], dtype=np.float64)
    if len(x) < 2 or len(y) < 2 or not (np.diff(x) > 0).all() or not (np.diff(y) > 0).all():
        return None
    rows, cols = len(y) - 1, len(x) - 1

    def flags(name: str) -> Bools:
        return np.array([[bool(getattr(cell, name)) for cell in row] for row in parts], dtype=np.bool_)

    across = np.ones((rows + 1, cols), dtype=np.bool_)
    down = np.ones((cols + 1, rows), dtype=np.bool_)
    across[1:-1] = flags("top")[1:] | flags("bottom")[:-1]
    down[1:-1] = (flags("left")[:, 1:] | flags("right")[:, :-1]).T
    grid = unite(x, y, across, down)
    texts = [""] * len(grid.cells)
    for row in range(rows):
        for col in range(cols):
            texts[int(grid.owner[row, col])] += parts[row][col].text
    cells = zip(grid.cells, texts, strict=True)
    return CamelotTable(grid.bbox, tuple(CamelotCell(c.x0, c.top, c.x1, c.bottom, text) for c, text in cells))


@contextmanager
def open_camelot(path: Path, password: str = "") -> Iterator[CamelotDocument]:
    """Open a PDF for camelot. Raises XizeError when it cannot be opened, or not with this password.

    >>> with open_camelot(Path("rules.pdf")) as document:
    ...     len(document.tables(1, Frame(595, 842, 0)))
    1
    """
    import warnings

    import cv2
    import playa
    import pypdfium2

    logging.getLogger("playa").setLevel(logging.ERROR)
    cv2.setNumThreads(1)  # pages run in parallel already
    try:
        drawn = pypdfium2.PdfDocument(path, password=password or None)
    except pypdfium2.PdfiumError as error:
        raise XizeError(
            f"{path.name}：无法以像素方式打开（文件损坏，或已加密而密码不符）；请核对文件，加密的请用 --password 给出密码。"
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with playa.open(path, password=password, space="page") as laid_out:
                yield CamelotDocument(drawn, laid_out, path.name)
    except (playa.PDFPasswordIncorrect, playa.PDFEncryptionError) as error:
        raise XizeError(f"{path.name}：文件已加密；请用 --password 给出正确的密码。") from error
    finally:
        drawn.close()


def usual_size(page: PageArrays) -> float:
    """The median size of a page's letters, points.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     usual_size(pdf.decode(1))
    9.0
    """
    return float(np.median(page.sizes)) if len(page.sizes) else _USUAL_SIZE
