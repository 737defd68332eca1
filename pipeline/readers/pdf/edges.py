"""Rulings → rails: what is drawn as many pieces, put together to the straight lines that are meant.

Sorting does it: parallel rulings are snapped together across, pieces of one line joined along it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.readers.pdf.page import Bools, Floats, PageArrays

_WHITE = 0.97
_DASH = 8.0
"""Points: pieces up to this length count as dashes; a cell's own border strokes are longer."""


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
class Rail:
    """A straight ruling: ``at`` its position across, ``low``–``high`` its extent along (points)."""

    at: float
    low: float
    high: float


def rails(page: PageArrays, settings: GridSettings) -> tuple[list[Rail], list[Rail]]:
    """Horizontal and vertical rulings, parallel ones snapped together and pieces of one joined."""
    rulings = page.rulings[_drawn(page)]
    if len(rulings):
        # Browsers let borders of a cut row run on beyond the page, under its clip.
        rulings = np.column_stack(
            [
                np.clip(rulings[:, [0, 2]], 0, page.width),
                np.clip(rulings[:, [1, 3]], 0, page.height),
                rulings[:, 4],
            ]
        )[:, [0, 2, 1, 3, 4]]
    if len(rulings) == 0:
        return [], []
    flat = (rulings[:, 3] - rulings[:, 1]) <= (rulings[:, 2] - rulings[:, 0])
    h, v = rulings[flat], rulings[~flat]
    dots = rulings[np.isclose(rulings[:, 0], rulings[:, 2]) & np.isclose(rulings[:, 1], rulings[:, 3])]
    if len(dots):
        v = np.vstack([v, dots])
    return (
        _join(np.stack([h[:, 1], h[:, 0], h[:, 2], h[:, 4]], axis=1), settings),
        _join(np.stack([v[:, 0], v[:, 1], v[:, 3], v[:, 4]], axis=1), settings),
    )


def _drawn(page: PageArrays) -> Bools:
    """Rulings that can be seen: white ones count only upon a darker fill."""
    visible = page.ruling_light < _WHITE
    dark = page.fills[page.fills[:, 4] < _WHITE] if len(page.fills) else page.fills
    if visible.all() or len(dark) == 0:
        return visible
    for i in np.flatnonzero(~visible).tolist():
        x0, top, x1, bottom, _ = page.rulings[i].tolist()
        x, y = (x0 + x1) / 2, (top + bottom) / 2
        visible[i] = bool(
            (
                (dark[:, 0] <= x + 1) & (dark[:, 2] >= x - 1) & (dark[:, 1] <= y + 1) & (dark[:, 3] >= y - 1)
            ).any()
        )
    return visible


def snap(positions: Floats, distance: float) -> Floats:
    """Each position replaced by the mean of its cluster; neighbours nearer than ``distance`` share one.

    A cluster never grows wider than 1.6 × ``distance``, so that a row of fine steps does not collapse into one line.
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


def _join(pieces: Floats, settings: GridSettings) -> list[Rail]:
    """Rows of (at, low, high, thickness) → rails: snapped across, joined along over gaps of up to ``join`` points.

    A dashed line's gaps may be as long as its dashes; they are bridged when pieces on both sides are short alike.
    """
    if len(pieces) == 0:
        return []
    at = snap(pieces[:, 0], settings.snap)
    out: list[Rail] = []
    order = np.lexsort((pieces[:, 1], at))
    places = np.column_stack([at, pieces[:, 1], pieces[:, 2]])[order].tolist()
    here, begin, end, longest = places[0][0], places[0][1], places[0][2], places[0][2] - places[0][1]
    for place, low, high in places[1:]:
        length, gap = high - low, settings.join
        if length < _DASH and longest < _DASH:
            gap = max(gap, min(1.5 * max(length, longest), 9.0))
        if place == here and low <= end + gap:
            end, longest = max(end, high), max(longest, length)
        else:
            out.append(Rail(here, begin, end))
            here, begin, end, longest = place, low, high, length
    out.append(Rail(here, begin, end))
    return [rail for rail in out if rail.high - rail.low >= settings.shortest]
