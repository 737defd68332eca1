"""Rulings and lines of text in a straightened picture, in pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.readers.ocr.picture import Grey
from pipeline.readers.pdf.page import Floats

_RULING = 0.22
"""Inches of the shortest level ruling: longer than any stroke of a letter."""
_UPRIGHT = 0.12
"""Inches of the shortest upright one: the height of a row of one line. Strokes of letters are as long."""
_LETTER = 0.6
"""Inches across or down from which on connected ink is no letter of a heading: strokes of letters are no rulings."""
_STACKED = 0.3
"""Inches up to which letters of two rows that touch the ruling between them look like an upright one."""
_MEETS = 0.015
"""Inches within which the end of a short ruling meets the edge of the ruling across it."""
_ALIKE = 4
"""So many short rulings side by side that end alike are the borders of a row that a page cuts open."""
_ATTACHED = 0.1, 0.3
"""Share of an upright, and of a short level ruling, at whose sides ink may stand: text set tightly above or below."""
_SPECK = 0.012
"""Share of a square character's area that the smallest sign has."""
_DENSE = 0.12
"""Least share of ink in the box of a line of text; with noise in place of text there is a tenth of it."""
_GAP = 0.32
"""Share of the usual line's height that parts two lines; strokes of one character stand nearer."""

_TIGHT = 1.25
"""How many times a character's height the lines of a text stand apart when they touch."""
_THIN = 0.6
"""Share of the usual ink of a row of pixels that is left between two lines that touch."""


@dataclass(frozen=True)
class Ruled:
    """The rulings of a picture: ``lines`` (n, 5) x0, top, x1, bottom, thickness in pixels, and the ink without them."""

    lines: Floats
    text: Grey


def find_rulings(ink: Grey, dark: Grey, dpi: float) -> Ruled:
    """Long level and upright strokes of what is ink or dark, and the ink that is left when they are wiped out."""
    import cv2

    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink | dark, connectivity=8)
    large = stats[:, 2:4].max(axis=1) >= _LETTER * dpi
    large[0] = False
    drawn = np.asarray(large[labels], dtype=np.uint8)
    level, upright = (list(_strokes(drawn, dpi, way)) for way in (True, False))
    wiped = ink.copy()
    whole = _whole(level, upright, _LETTER * dpi, dpi), _whole(upright, level, _STACKED * dpi, dpi)
    found = [_bare(*whole, drawn, dpi), _bare(*whole[::-1], drawn, dpi)]
    for _, here, pixels in (one for some in found for one in some):
        wiped[here][cv2.dilate(pixels, np.ones((3, 3), np.uint8)) > 0] = 0
    lines = [line for some in found for line, _, _ in some]
    return Ruled(np.array(lines, dtype=np.float64).reshape(-1, 5), wiped)


_Stroke = tuple[tuple[float, float, float, float, float], tuple[slice, slice], Grey]
"""A stroke as in :class:`Ruled`, where it is, and its pixels there."""


def _strokes(drawn: Grey, dpi: float, level: bool) -> Iterator[_Stroke]:
    """The straight strokes that may be rulings."""
    import cv2

    length = max(15, round((_RULING if level else _UPRIGHT) * dpi))
    # A line that is not quite level steps aside by a pixel now and then: thickened by one across, it goes on.
    thicker = cv2.dilate(drawn, np.ones((2, 1) if level else (1, 2), np.uint8))
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (length, 1) if level else (1, length))
    strokes = np.asarray(cv2.morphologyEx(thicker, cv2.MORPH_OPEN, kernel), dtype=np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    for k in range(1, count):
        x, y, wide, high, area = (int(v) for v in stats[k])
        along, across = (wide, high) if level else (high, wide)
        thick = area / max(along, 1)
        if across > max(0.06 * dpi, 0.02 * along) and across > 3 * thick:
            continue
        if thick > 0.06 * dpi:
            continue  # a bar or a filled field, no ruling
        here = slice(max(0, y - 2), y + high + 2), slice(max(0, x - 2), x + wide + 2)
        if level:
            yield (x, y + high / 2, x + wide, y + high / 2, thick), here, strokes[here]
        else:
            yield (x + wide / 2, y, x + wide / 2, y + high, thick), here, strokes[here]


def _whole(strokes: list[_Stroke], others: list[_Stroke], short: float, dpi: float) -> list[_Stroke]:
    """Without strokes below ``short`` pixels that do not end on both sides at strokes ``others`` across, or go on with a longer
    one: strokes of letters that touch a ruling between them."""
    lines = np.array([line for line, _, _ in strokes]).reshape(-1, 5)
    far = np.array([line for line, _, _ in others]).reshape(-1, 5)
    near = _MEETS * dpi
    room = near + far[:, 4:] / 2
    long = (lines[:, 2:4] - lines[:, :2]).max(axis=1, initial=0) >= short
    ends = lines[long][:, :4].reshape(-1, 2)

    def meets(place: Floats) -> bool:
        inside = (far[:, :2] - room <= place) & (place <= far[:, 2:4] + room)
        return bool(inside.all(axis=1).any() or (abs(ends - place) <= 2 * near).all(axis=1).any())

    met = np.array([[meets(line[:2]), meets(line[2:4])] for line in lines], dtype=bool).reshape(-1, 2)
    upright = (lines[:, 0] == lines[:, 2])[:, None]
    spans = np.where(upright, lines[:, 1:4:2], lines[:, 0:3:2])
    place = np.where(upright, lines[:, :1], lines[:, 1:2])
    usual = spans[:, 1] - spans[:, 0] >= _RULING * dpi
    alike = (abs(spans[:, None] - spans) <= near).all(axis=2) & met.any(axis=1)
    in_line = (abs(place - place[long, 0]) <= 2 * near).any(axis=1)
    kept = long | (met.all(axis=1) & (usual | in_line)) | (usual & (alike.sum(axis=1) >= _ALIKE))
    return [strokes[k] for k in np.flatnonzero(kept)]


def _bare(strokes: list[_Stroke], others: list[_Stroke], drawn: Grey, dpi: float) -> list[_Stroke]:
    """Without strokes to which other strokes than those ``others`` across are attached along their way: those of letters that
    touch rulings above and below, row by row. Level ones from an inch on have text set upon them."""
    import cv2

    rest = drawn.copy()
    for _, here, pixels in others:
        rest[here][cv2.dilate(pixels, np.ones((3, 3), np.uint8)) > 0] = 0
    out = []
    for line, here, pixels in strokes:
        level = line[1] == line[3]
        part, own = (rest[here].T, pixels.T) if level else (rest[here], pixels)
        inside = (part & own).any(axis=1)
        attached = (inside & part[:, [0, -1]].any(axis=1)).sum() / max(inside.sum(), 1)
        if attached <= _ATTACHED[level] or (level and line[2] - line[0] >= dpi):
            out.append((line, here, pixels))
    return out


@dataclass(frozen=True)
class TextBox:
    """A line of text in pixels."""

    x0: int
    top: int
    x1: int
    bottom: int


def without_specks(text: Grey, usual: float) -> Grey:
    """The ink without what is smaller than a full stop: noise of the scanner."""
    import cv2

    _, labels, stats, _ = cv2.connectedComponentsWithStats(text, connectivity=8)
    kept = stats[:, 4] >= max(4.0, _SPECK * usual * usual)
    kept[0] = False
    return np.asarray(kept[labels], dtype=np.uint8)


def usual_height(text: Grey, dpi: float) -> float:
    """The usual height of a character in pixels, by the components of the ink."""
    import cv2

    _, _, stats, _ = cv2.connectedComponentsWithStats(text, connectivity=8)
    high = stats[1:, 3]
    likely = high[(high > 0.045 * dpi) & (high < 0.3 * dpi)]
    return float(np.percentile(likely, 75)) if len(likely) else 0.12 * dpi


def lines_in(text: Grey, box: TextBox, usual: float) -> Iterator[TextBox]:
    """The lines of text within a box, top to bottom: runs of rows with ink, strokes of one character put together."""
    part = text[box.top : box.bottom, box.x0 : box.x1]
    rows = part.sum(axis=1) > 0
    runs = _runs(rows)
    joined: list[list[int]] = []
    for start, stop in runs:
        if joined:
            before = joined[-1]
            gap, high = start - before[1], stop - before[0]
            thin = min(stop - start, before[1] - before[0]) < 0.6 * usual
            if gap < _GAP * usual and high <= 1.3 * usual and thin:
                before[1] = stop
                continue
        joined.append([start, stop])
    for start, stop in (piece for run in joined for piece in _parted(part, run[0], run[1], usual)):
        columns = np.flatnonzero(part[start:stop].sum(axis=0))
        dense = part[start:stop, columns].mean() >= _DENSE
        if not dense or (stop - start < 0.25 * usual and len(columns) < 0.4 * usual):
            continue  # noise, or what is left of a ruling
        yield TextBox(
            box.x0 + int(columns[0]), box.top + start, box.x0 + int(columns[-1]) + 1, box.top + stop
        )


def _parted(part: Grey, start: int, stop: int, usual: float) -> Iterator[tuple[int, int]]:
    """The lines of a run of rows with ink: set tightly, brackets of one line reach into the next, with little ink between."""
    rows = part[start:stop].sum(axis=1)
    count = 1 + round((stop - start - usual) / (_TIGHT * usual))
    at, reach = start, max(1, round(0.3 * usual))
    for k in range(1, count):
        middle = round(k * (stop - start) / count)
        near = rows[middle - reach : middle + reach + 1]
        if near.min() <= _THIN * rows.mean():
            cut = start + middle - reach + int(near.argmin())
            yield at, cut
            at = cut
    yield at, stop


def parts_of_line(text: Grey, line: TextBox, usual: float) -> list[TextBox]:
    """A line outside tables, cut where it leaves three characters' room: the page number of the contents, say."""
    columns = text[line.top : line.bottom, line.x0 : line.x1].sum(axis=0) > 0
    out: list[TextBox] = []
    for start, stop in _runs(columns):
        if out and line.x0 + start - out[-1].x1 < 3 * usual:
            out[-1] = TextBox(out[-1].x0, line.top, line.x0 + stop, line.bottom)
        else:
            out.append(TextBox(line.x0 + start, line.top, line.x0 + stop, line.bottom))
    return out


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """The stretches of True: start and end."""
    padded = np.concatenate([[False], flags, [False]]).astype(np.int8)
    edges = np.flatnonzero(np.diff(padded))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
