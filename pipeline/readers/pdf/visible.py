"""What of a decoded page can be seen: upright, painted once, not hidden.

Pure functions from :class:`PageArrays` to :class:`PageArrays`; whatever they take away is handed back as text, so
that nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.model import Line
from pipeline.readers.pdf.page import WHITE, Bools, Floats, PageArrays
from pipeline.text import clean

_SQUARE = 24.0
"""Points: text takes as much room as it has letters in squares of this side."""
_MIDDLE = 0.2
"""Share of a letter's size off its middle at which a rule strikes it out, at most."""
_STROKE = 0.15
"""Share of a letter's size that such a rule is thick, at most."""
_NEAR = 0.2
"""Share of its size within which a glyph that is painted again lies, at most."""


@dataclass(frozen=True)
class Hidden:
    """Text that is in the file but not on the page, or a second time: ``reason`` is invisible | white | watermark |
    outside | clipped | repainted; ``glyphs`` counts it without blanks."""

    page: int
    reason: str
    text: str
    box: tuple[float, float, float, float]
    glyphs: int


def visible_glyphs(page: PageArrays) -> tuple[PageArrays, list[Hidden]]:
    """The page as a reader sees it, and the text that was left out.

    Turned upright, glyphs outside the page, invisible and white-on-white ones and skewed watermarks removed, glyphs
    that are painted twice (fake bold) kept once. Invisible text stays when it is the page's only text over a picture
    (the text layer of a scan).

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     page, hidden = visible_glyphs(pdf.decode(1))
    >>> len(page.texts), hidden
    (40, [])
    """
    page = turn_upright(page)
    hidden: list[Hidden] = []
    n = len(page.texts)
    if n == 0:
        return page, hidden
    x, y = page.centres
    inside = (x >= 0) & (x <= page.width) & (y >= 0) & (y <= page.height)
    # What is clipped to nothing, or to a place beside the page, is not painted.
    low, high = np.maximum(page.clips[:, :2], 0), np.minimum(page.clips[:, 2:], (page.width, page.height))
    clipped = inside & ~(low < high).all(axis=1)
    # So is a line of another page that a browser paints once more and clips to this page's body.
    shown = np.minimum(page.boxes[:, 3], high[:, 1]) - np.maximum(page.boxes[:, 1], low[:, 1])
    body = high[:, 1] - low[:, 1] > page.height / 2
    clipped |= inside & body & (shown < 0.1 * (page.boxes[:, 3] - page.boxes[:, 1]))
    inside &= ~clipped
    blank = ~np.fromiter(map(bool, map(str.strip, page.texts)), dtype=bool, count=n)
    drop: dict[str, Bools] = {"clipped": clipped, "outside": ~inside}
    painted = ~page.invisible
    if (painted & ~blank & inside).any() or len(page.images) == 0:
        drop["invisible"] = page.invisible & inside
    drop["white"] = _white(page, x, y) & inside & painted
    drop["watermark"] = _watermark(page, blank) & inside
    keep = ~np.any(list(drop.values()), axis=0)
    drop["repainted"] = _repeated(page, keep & ~blank)
    left = np.ones(n, dtype=bool)
    for reason, where in drop.items():
        where = where & left
        left &= ~where
        if (where & ~blank).any():
            text = "".join(page.texts[i] for i in np.flatnonzero(where)).strip()
            least, most = page.boxes[where].min(axis=0).tolist(), page.boxes[where].max(axis=0).tolist()
            count = int((where & ~blank).sum())
            hidden.append(Hidden(page.number, reason, text, (*least[:2], *most[2:]), count))
    return (page if left.all() else page.glyphs(left)), hidden


def _white(page: PageArrays, x: Floats, y: Floats) -> Bools:
    """Glyphs painted white where no darker fill or picture lies beneath them."""
    white = page.light >= WHITE
    if not white.any():
        return white
    where = np.flatnonzero(white)
    x, y = x[where], y[where]
    seen = np.zeros(len(where), dtype=bool)
    dark = page.fills[page.fills[:, 4] < WHITE, :4]
    for x0, top, x1, bottom in np.concatenate([dark, page.images]).tolist():
        seen |= (x >= x0) & (x <= x1) & (y >= top) & (y <= bottom)
    white[where[seen]] = False
    return white


def _watermark(page: PageArrays, blank: Bools) -> Bools:
    """Skewed glyphs: nothing in a ruled table is set askew, watermarks are.

    A watermark set straight across the page is known by its size: several times the page's ordinary text, and pale.
    """
    skewed = page.angles < 0
    text = ~skewed & ~blank
    if not text.any():
        return skewed
    usual = float(np.median(page.sizes[text]))
    huge = (page.sizes > 3.0 * usual) & (page.light > 0.5)
    return np.asarray(skewed | huge)


def _repeated(page: PageArrays, among: Bools) -> Bools:
    """Which glyphs are painted again (nearly) on top of themselves, as producers do for fake bold or shadows.

    They are painted by another text object, nearer than half their own width: two narrow letters of one word are not.
    """
    again = np.zeros(len(page.texts), dtype=bool)
    index = np.flatnonzero(_crowded(page, among))
    if len(index) == 0:
        return again
    boxes, sizes = page.boxes[index], np.where(page.sizes[index] == 0, 1.0, page.sizes[index])
    narrow = np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    near = np.minimum(_NEAR * sizes, 0.5 * np.where(narrow > 0, narrow, sizes))
    square = float(near.max())
    places: dict[tuple[str, int, int], list[int]] = {}
    for i, off, run in zip(index.tolist(), near.tolist(), page.runs[index].tolist(), strict=True):
        text, (x0, top) = page.texts[i], page.boxes[i, :2].tolist()
        column, row = int(x0 // square), int(top // square)
        around = (
            j
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            for j in places.get((text, column + dx, row + dy), ())
            if page.runs[j] != run
        )
        if any(abs(page.boxes[j, 0] - x0) < off and abs(page.boxes[j, 1] - top) < off for j in around):
            again[i] = True
        else:
            places.setdefault((text, column, row), []).append(i)
    return again


def _crowded(page: PageArrays, among: Bools) -> Bools:
    """Which glyphs ``among`` some may stand upon another one of the same text: they share a small square of the page.

    Whatever lies nearer than the squares' half side shares a square with it in one of four checkerboards, each set off
    by half a side against the others: found by sorting.
    """
    out = np.zeros(len(page.texts), dtype=bool)
    index = np.flatnonzero(among)
    if len(index) == 0:
        return out
    numbers: dict[str, int] = {}
    codes = np.array([numbers.setdefault(page.texts[i], len(numbers)) for i in index.tolist()])
    side = 2 * _NEAR * (float(page.sizes[index].max()) or 1.0)
    x, y = page.boxes[index, 0] / side, page.boxes[index, 1] / side
    for dx in (0.0, 0.5):
        for dy in (0.0, 0.5):
            column, row = np.floor(x + dx).astype(np.int64), np.floor(y + dy).astype(np.int64)
            row -= row.min()
            column -= column.min()
            # One number per text and square; squares that came to share one would only be looked at in vain.
            places = (codes * (column.max() + 1) + column) * (row.max() + 1) + row
            order = np.argsort(places, kind="stable")
            same = places[order[1:]] == places[order[:-1]]
            out[index[order[1:][same]]] = True
            out[index[order[:-1][same]]] = True
    return out


def turn_upright(page: PageArrays) -> PageArrays:
    """The page turned so that its body reads from left to right; ``turned`` tells by how much.

    The body is what takes the most room: upright headers may have more letters than the figures below them.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     turn_upright(pdf.decode(1)).turned
    0
    """
    if not page.angles.any():
        return page
    lettered = [i for i, text in enumerate(page.texts) if clean(text).strip()]
    angles, squares = page.angles[lettered], np.column_stack(page.centres)[lettered] // _SQUARE
    rooms = {angle: len(np.unique(squares[angles == angle], axis=0)) for angle in (0, 90, 180, 270)}
    best = max(rooms, key=lambda angle: rooms[angle])
    if best == 0 or rooms[best] <= len(np.unique(squares, axis=0)) / 2:
        return page
    width, height = page.width, page.height

    def turned(boxes: Floats) -> Floats:
        x0, top, x1, bottom = boxes.T[:4]
        if best == 90:  # text runs downwards: turn counter-clockwise
            new = [top, width - x1, bottom, width - x0]
        elif best == 270:  # text runs upwards: turn clockwise
            new = [height - bottom, x0, height - top, x1]
        else:
            new = [width - x1, height - bottom, width - x0, height - top]
        return np.column_stack([*new, boxes[:, 4:]])

    sideways = best in (90, 270)
    return replace(
        page,
        width=height if sideways else width,
        height=width if sideways else height,
        boxes=turned(page.boxes),
        rulings=turned(page.rulings),
        fills=turned(page.fills),
        images=turned(page.images),
        clips=turned(page.clips),
        angles=np.where(page.angles >= 0, (page.angles - best) % 360, -1),
        turned=best,
    )


def without_strikes(page: PageArrays) -> tuple[PageArrays, list[Line]]:
    """The page without the rules that strike letters out, which are no borders, and the texts that they strike out.

    Such a rule runs through the middle of two letters or more and ends where they end: a border, an underline, a
    fraction's bar and a highlight do not.
    """
    index = np.flatnonzero(np.fromiter((bool(text.strip()) for text in page.texts), bool, len(page.texts)))
    index = index[np.argsort(page.centres[1][index], kind="stable")]
    x, y = (centres[index] for centres in page.centres)
    boxes, sizes, rules = page.boxes[index], page.sizes[index], page.rulings
    level = (rules[:, 3] - rules[:, 1] < 0.5) & (rules[:, 2] - rules[:, 0] > 4 * rules[:, 4])
    reach = _MIDDLE * sizes.max(initial=0.0)
    first, last = np.searchsorted(y, rules[:, 1] - reach), np.searchsorted(y, rules[:, 3] + reach)
    kept = np.ones(len(rules), dtype=bool)
    struck: list[Line] = []
    for k in np.flatnonzero(level & (last - first > 1)).tolist():
        x0, top, x1, _, thick = rules[k].tolist()
        near = np.arange(first[k], last[k])
        size = sizes[near]
        on = (
            (np.abs(y[near] - top) <= _MIDDLE * size)
            & (x[near] > x0)
            & (x[near] < x1)
            & (thick < _STROKE * size)
        )
        near = near[on]
        if len(near) < 2:
            continue
        low, high = boxes[near, :2].min(axis=0), boxes[near, 2:].max(axis=0)
        slack = 2 * _MIDDLE * float(sizes[near].max())
        if low[0] - slack < x0 and x1 < high[0] + slack:
            kept[k] = False
            text = "".join(page.texts[i] for i in sorted(index[near].tolist()))
            struck.append(
                Line(text, float(low[0]), float(low[1]), float(high[0]), float(high[1]), page.number)
            )
    return replace(page, rulings=rules[kept], ruling_light=page.ruling_light[kept]), struck
