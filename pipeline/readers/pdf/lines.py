"""Glyphs → printed lines, for all cells of a page at once. Pure functions over :class:`PageArrays`.

The glyphs of every cell are sorted together, by cell, height and place; what remains per line is to join its
characters. Only where sorting alone does not tell (glyphs set a little higher or lower, blanks between Latin words,
ligatures, text turned sideways) is a cell or line gone through glyph by glyph.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from pipeline.model import Line
from pipeline.readers.pdf.page import WORD, Bools, Floats, Ints, PageArrays
from pipeline.text import is_cjk

_NO_SPACE_BEFORE = set(",.;:!?)]}%，。；：！？）】》、")
_TAB = 1.5
"""Ems from which on text counts as set apart."""


@lru_cache(maxsize=16384)
def printed(text: str) -> str:
    """A glyph's text without blanks and format characters: some ToUnicode maps add zero-width ones.

    >>> printed("a \\u200bb")
    'ab'
    """
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")


def lines_of(page: PageArrays, index: Ints) -> list[Line]:
    """The printed lines of the glyphs ``index``, top to bottom, each with its text, box and advances.

    Glyphs share a line when their vertical centres differ by less than half the smaller size. Glyphs turned against
    the page (a sideways header word) are put together along their own direction.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     lines = lines_of(pdf.decode(1), np.arange(40))
    >>> lines[0].text, lines[0].size
    ('序号\\t机构名称\\t等级', 9.0)
    """
    return lines_by_group(page, [index])[0]


def lines_by_group(page: PageArrays, groups: Sequence[Ints]) -> list[list[Line]]:
    """:func:`lines_of` for each of many groups of glyphs (the cells of a table).

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     groups = lines_by_group(pdf.decode(1), [np.arange(2), np.arange(2, 6)])
    >>> [[line.text for line in lines] for lines in groups]
    [['序号'], ['机构名称']]
    """
    out: list[list[Line]] = [[] for _ in groups]
    if not groups:
        return out
    sizes = np.fromiter(map(len, groups), dtype=np.int64, count=len(groups))
    where = np.concatenate(groups)
    group = np.repeat(np.arange(len(groups)), sizes)
    turned = page.angles[where] != 0
    if turned.any():
        aside = np.unique(group[turned])
        for k in aside.tolist():
            out[k] = _turned_lines(page, groups[k])
        level = ~np.isin(group, aside)
        where, group = where[level], group[level]
    for k, line in _level_lines(page, where, group):
        out[k].append(line)
    return out


def level_lines(page: PageArrays, where: Ints) -> list[Line]:
    """The printed lines of the glyphs ``where``, all of them taken to run from left to right.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     [line.text for line in level_lines(pdf.decode(1), np.arange(2))]
    ['序号']
    """
    return [line for _, line in _level_lines(page, where, np.zeros(len(where), dtype=np.int64))]


def _turned_lines(page: PageArrays, where: Ints) -> list[Line]:
    """The lines of glyphs of different directions, each direction read as if it were level."""
    angles = page.angles[where]
    out: list[Line] = []
    for angle in sorted(set(angles.tolist())):
        part = where[angles == angle]
        if angle not in (90, 270):
            out += level_lines(page, part)
            continue
        x0, top, x1, bottom = page.boxes.T
        # Lines follow each other leftwards when text runs downwards (90), rightwards when it runs upwards.
        level = (top, -x1, bottom, -x0) if angle == 90 else (-bottom, x0, -top, x1)
        for line in level_lines(replace(page, boxes=np.column_stack(level)), part):
            if angle == 90:
                box = -line.bottom, line.x0, -line.top, line.x1
            else:
                box = line.top, -line.x1, line.bottom, -line.x0
            out.append(replace(line, x0=box[0], top=box[1], x1=box[2], bottom=box[3]))
    return out


def _level_lines(page: PageArrays, where: Ints, group: Ints) -> Iterable[tuple[int, Line]]:
    """(group, line) in the order of the groups, top to bottom."""
    texts = list(map(printed, map(page.texts.__getitem__, where.tolist())))
    shown = np.fromiter(map(bool, texts), dtype=bool, count=len(texts))
    if not shown.all():
        texts = [text for text in texts if text]
        where, group = where[shown], group[shown]
    n = len(where)
    if n == 0:
        return
    boxes, sizes = page.boxes[where], page.sizes[where]
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    order = np.lexsort((boxes[:, 0], middle, group))
    first = _line_starts(middle[order], sizes[order], group[order])
    order = order[np.lexsort((boxes[order, 0], np.cumsum(first)))]
    boxes, sizes, group, where = boxes[order], sizes[order], group[order], where[order]
    texts = list(map(texts.__getitem__, order.tolist()))

    heads = np.flatnonzero(first)
    begins, ends = heads.tolist(), [*heads[1:].tolist(), n]
    plain = _plain(boxes, sizes, texts, first, heads)
    advances = (boxes[:, 2] - boxes[:, 0]).tolist()
    least, most = np.minimum.reduceat(boxes, heads), np.maximum.reduceat(boxes, heads)
    outer = np.column_stack([least[:, :2], most[:, 2:]]).tolist()
    one_size = (np.minimum.reduceat(sizes, heads) == np.maximum.reduceat(sizes, heads)).tolist()
    owners, usual = group[heads].tolist(), sizes[heads].tolist()
    for k, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        if plain[k]:
            text, advance = "".join(texts[begin:end]), tuple(advances[begin:end])
        else:
            text, advance = _spaced(texts[begin:end], boxes[begin:end], sizes[begin:end])
        size = usual[k] if one_size[k] else float(np.median(sizes[begin:end]))
        x0, top, x1, bottom = outer[k]
        yield owners[k], Line(text, x0, top, x1, bottom, page.number, advance, size)


def _line_starts(middle: Floats, sizes: Floats, group: Ints) -> Bools:
    """Which glyphs begin a line, the glyphs being sorted by group and height.

    A glyph joins the line above when its centre lies within half the smaller size of the line's mean centre. A step
    down by half the glyph's own size begins a line whatever the mean; between such steps, centres that lie all
    within half the smallest size make one line. What is neither is gone through one by one.
    """
    n = len(middle)
    first = np.ones(n, dtype=bool)
    first[1:] = (group[1:] != group[:-1]) | ((middle[1:] - middle[:-1] >= 0.5 * sizes[1:]) & (sizes[1:] > 0))
    heads = np.flatnonzero(first)
    tails = np.append(heads[1:], n) - 1
    spread = middle[tails] - middle[heads]
    doubtful = (spread > 0) & (spread >= 0.499 * np.minimum.reduceat(sizes, heads))
    for k in np.flatnonzero(doubtful).tolist():
        at = reach = 0.0
        members = 0
        for i in range(int(heads[k]), int(tails[k]) + 1):
            size = float(sizes[i])
            if members and middle[i] - at < 0.5 * min(reach, size or reach):
                members += 1
                at += (float(middle[i]) - at) / members
                reach = min(reach, size or reach)
            else:
                first[i] = True
                members, at, reach = 1, float(middle[i]), size or 1.0
    return first


def _plain(boxes: Floats, sizes: Floats, texts: Sequence[str], first: Bools, heads: Ints) -> list[bool]:
    """Lines of one character per glyph in which no gap can mean a blank."""
    odd = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) != 1
    inner = ~first[1:]
    size = np.where(sizes[1:] == 0, 1.0, sizes[1:])
    odd[1:] |= inner & (boxes[1:, 0] - boxes[:-1, 2] > WORD * size)
    odd[1:] |= inner & (boxes[1:, 2] < boxes[:-1, 2])
    plain: list[bool] = (~np.logical_or.reduceat(odd, heads)).tolist()
    return plain


def _spaced(texts: Sequence[str], boxes: Floats, sizes: Floats) -> tuple[str, tuple[float, ...]]:
    """Text and advances of a line from its glyphs, left to right.

    A blank is put where the gap between Latin words shows one, a tab before text set apart.
    """
    chars: list[str] = []
    advances: list[float] = []
    end: float | None = None
    for text, (x0, _, x1, _), size in zip(texts, boxes.tolist(), sizes.tolist(), strict=True):
        if end is not None:
            gap, em = x0 - end, size or 1.0
            if gap > _TAB * em:
                # Text set apart (the page number of a line of the contents); between ideographs a tab means nothing.
                chars.append("\t")
                advances.append(gap)
            elif (
                gap > WORD * em
                and not is_cjk(chars[-1])
                and not is_cjk(text[0])
                and text[0] not in _NO_SPACE_BEFORE
            ):
                chars.append(" ")
                advances.append(gap)
        chars.extend(text)
        advances.extend([(x1 - x0) / len(text)] * len(text))
        end = x1 if end is None else max(end, x1)
    return "".join(chars), tuple(advances)
