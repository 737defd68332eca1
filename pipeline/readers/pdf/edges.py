"""Rulings → edges: what is drawn in many strokes, put together to the straight lines that are meant.

Sorting does it: parallel rulings are snapped together across, strokes of one line joined along it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.readers.pdf.page import WHITE, Floats, PageArrays

_DASH = 8.0
"""Points: strokes up to this length count as dashes; a cell's own border strokes are longer."""


@dataclass(frozen=True)
class GridSettings:
    """Tolerances in points: ``snap`` unites parallel rulings, ``join`` closes gaps along one, ``reach`` lets ends meet.

    ``shortest`` is the least length of a ruling, ``cover`` the share of a border that must be drawn.
    """

    snap: float = 2.6
    join: float = 4.0
    reach: float = 3.0
    shortest: float = 4.5
    cover: float = 0.5
    open_end: float = 5.0


@dataclass(frozen=True)
class Edge:
    """A straight line of a table: ``at`` its position across, ``low``–``high`` its extent along (points)."""

    at: float
    low: float
    high: float


def find_edges(page: PageArrays, settings: GridSettings) -> tuple[list[Edge], list[Edge]]:
    """The horizontal and the vertical edges of a page: parallel rulings snapped together, strokes of one line joined.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     horizontal, vertical = find_edges(pdf.decode(1), GridSettings())
    >>> horizontal[0]
    Edge(at=120.0, low=80.0, high=460.0)
    """
    rulings = _seen(page)
    # Browsers let borders of a cut row run on beyond the page, under its clip; what lies there whole is not drawn.
    rulings = rulings[
        (rulings[:, :2] <= (page.width, page.height)).all(axis=1) & (rulings[:, 2:4] >= 0).all(axis=1)
    ]
    if len(rulings) == 0:
        return [], []
    x0, x1 = np.clip(rulings[:, [0, 2]], 0, page.width).T
    top, bottom = np.clip(rulings[:, [1, 3]], 0, page.height).T
    level = bottom - top <= x1 - x0
    upright = ~level | (np.isclose(x0, x1) & np.isclose(top, bottom))  # a dot may belong to either
    return (
        _join(np.column_stack([top, x0, x1])[level], settings),
        _join(np.column_stack([x0, top, bottom])[upright], settings),
    )


def _seen(page: PageArrays) -> Floats:
    """Rulings (n, 5) that can be seen: white ones count only upon or between darker fills, as far as these reach."""
    visible = page.ruling_light < WHITE
    dark = page.fills[page.fills[:, 4] < WHITE] if len(page.fills) else page.fills
    if visible.all() or len(dark) == 0:
        return page.rulings[visible]
    rulings = page.rulings.copy()
    for i in np.flatnonzero(~visible).tolist():
        line = rulings[i, :4]
        margin = max(1.0, rulings[i, 4] / 2 + 0.5)  # fills end where a ruling of its own width begins
        beneath = dark[
            (dark[:, :2] <= line[2:] + margin).all(axis=1) & (dark[:, 2:4] >= line[:2] - margin).all(axis=1)
        ]
        if len(beneath):
            least, most = beneath[:, :2].min(axis=0) - margin, beneath[:, 2:4].max(axis=0) + margin
            middle = (line[:2] + line[2:]) / 2
            visible[i] = bool(((least <= middle) & (middle <= most)).all())
            rulings[i, :4] = np.clip(line, np.tile(least, 2), np.tile(most, 2))
    return rulings[visible]


def snap(positions: Floats, distance: float) -> Floats:
    """Each position replaced by the mean of its cluster; neighbours nearer than ``distance`` share one.

    A cluster never grows wider than 1.6 × ``distance``, so that a row of fine steps does not collapse into one line.

    >>> snap(np.array([10.0, 10.4, 50.0]), 1.0).tolist()
    [10.2, 10.2, 50.0]
    """
    order = np.argsort(positions, kind="stable")
    out = np.empty_like(positions)
    start = 0
    ranked = positions[order]
    steps = ranked.tolist()
    for i in range(1, len(steps) + 1):
        if i == len(steps) or steps[i] - steps[i - 1] > distance or steps[i] - steps[start] > 1.6 * distance:
            out[order[start:i]] = ranked[start:i].mean()
            start = i
    return out


def _join(strokes: Floats, settings: GridSettings) -> list[Edge]:
    """Rows of (at, low, high) → edges: snapped across, joined along over gaps of up to ``join`` points.

    A dashed line's gaps may be as long as its dashes; they are bridged when strokes on both sides are short alike. Two
    strokes that are both shorter than the gap between them are no line: dashes of two lines one below the other.
    """
    if len(strokes) == 0:
        return []
    at = snap(strokes[:, 0], settings.snap)
    out: list[Edge] = []
    order = np.lexsort((strokes[:, 1], at))
    places = np.column_stack([at, strokes[:, 1], strokes[:, 2]])[order].tolist()
    here, begin, end, longest = places[0][0], places[0][1], places[0][2], places[0][2] - places[0][1]
    joined, widest = 1, 0.0  # strokes of the edge so far, and the widest gap between them
    for place, low, high in [*places[1:], (np.inf, 0.0, 0.0)]:
        length, gap = high - low, settings.join
        if length < _DASH and longest < _DASH:
            gap = max(gap, min(1.5 * max(length, longest), 9.0))
        if place == here and low <= end + gap:
            widest, joined = max(widest, low - end), joined + (low > end)
            end, longest = max(end, high), max(longest, length)
            continue
        if end - begin >= settings.shortest and not (joined == 2 and widest > longest):
            out.append(Edge(here, begin, end))
        here, begin, end, longest = place, low, high, length
        joined, widest = 1, 0.0
    return out
