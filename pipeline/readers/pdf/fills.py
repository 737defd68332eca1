"""Borders that only the edges of filled areas make: a banner of another colour, rows striped in turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.readers.pdf.edges import Edge, GridSettings
from pipeline.readers.pdf.intersections import EdgeGroup
from pipeline.readers.pdf.page import Floats, PageArrays

_OTHER = 0.02
"""Luminance by which colours differ that are seen to be two."""
_BESIDE = 1.0
"""Points off a fill's edge at which the colours on both sides of it are looked for."""


def with_fill_edges(page: PageArrays, group: EdgeGroup, settings: GridSettings) -> EdgeGroup:
    """The group with those edges of fills that run from one of its borders to another where no ruling is drawn.

    >>> from dataclasses import replace
    >>> across, down = [Edge(0, 0, 50), Edge(40, 0, 50)], [Edge(0, 0, 40), Edge(50, 0, 40)]
    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     page = replace(pdf.decode(1), fills=np.array([[0.0, 0.0, 50.0, 20.0, 0.8]]))
    >>> with_fill_edges(page, EdgeGroup(across, down), GridSettings()).horizontal[-1]
    Edge(at=20.0, low=0.0, high=50.0)
    """
    if len(page.fills) == 0 or not group.horizontal or not group.vertical:
        return group
    level = _sides(page.fills, group.horizontal, group.vertical, settings)
    turned = page.fills[:, [1, 0, 3, 2, 4]]
    upright = _sides(turned, group.vertical, group.horizontal, settings)
    return EdgeGroup([*group.horizontal, *level], [*group.vertical, *upright])


def _sides(
    fills: Floats, parallel: Sequence[Edge], ends: Sequence[Edge], settings: GridSettings
) -> list[Edge]:
    """Upper and lower sides of ``fills`` that reach from one of the ``ends`` to another, where none of the ``parallel``
    edges is near and the colour changes."""
    places = np.array([edge.at for edge in ends])
    lows, highs = fills[:, 0], fills[:, 2]
    meets = [(np.abs(at[:, None] - places) <= settings.reach).any(axis=1) for at in (lows, highs)]
    drawn = list(parallel)
    least, most = min(edge.at for edge in parallel), max(edge.at for edge in parallel)
    made: list[Edge] = []
    for i in np.flatnonzero(meets[0] & meets[1]).tolist():
        low, high = float(lows[i]), float(highs[i])
        for at in fills[i, [1, 3]].tolist():
            near = [edge for edge in (*drawn, *made) if abs(edge.at - at) <= settings.snap + settings.reach]
            shared = sum(max(0.0, min(edge.high, high) - max(edge.low, low)) for edge in near)
            if not least < at < most or shared >= settings.cover * (high - low):
                continue
            middle = (low + high) / 2
            if abs(_light(fills, middle, at - _BESIDE) - _light(fills, middle, at + _BESIDE)) > _OTHER:
                made.append(Edge(near[0].at if near else at, low, high))
    return made


def _light(fills: Floats, x: float, y: float) -> float:
    """The luminance of what is filled last at a place: 1 where nothing is."""
    over = (fills[:, 0] <= x) & (x <= fills[:, 2]) & (fills[:, 1] <= y) & (y <= fills[:, 3])
    return float(fills[np.flatnonzero(over)[-1], 4]) if over.any() else 1.0
