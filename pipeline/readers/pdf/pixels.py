"""Preparing the picture of a page so that camelot sees its ruling lines: dark grounds, dashed lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.readers.pdf.page import Floats

_GAP = 6.0
"""Widest gap of a dashed line, points."""

_GROUND = 12.0
_DARK = 140
"""A ground is what is commonest within so many points; it is dark when its grey is below this (0 black, 255 white)."""


def flatten(picture: Any, scale: float) -> Any:
    """The picture with dark backgrounds made white: each pixel by how much it differs from what surrounds it.

    On a dark ground camelot's local threshold takes the halo of white letters for lines. Pages without dark areas
    are left as they are.
    """
    import cv2

    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    ground = cv2.medianBlur(small, max(3, round(_GROUND * scale / 4) | 1))
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


def close_gaps(picture: Any, scale: float, letters: Floats, size: float) -> Any:
    """The picture with the boxes of its ``letters`` wiped out and gaps up to ``_GAP`` points closed along lines."""
    import cv2

    out = picture.copy()
    margin = 0.1 * size
    grown = letters + np.array([-margin, -margin, margin, margin])
    for x0, top, x1, bottom in np.clip(np.round(grown * scale), 0, None).astype(int).tolist():
        out[top:bottom, x0:x1] = 255
    length = round(_GAP * scale)
    across = cv2.morphologyEx(out, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_RECT, (length, 1)))
    down = cv2.morphologyEx(out, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_RECT, (1, length)))
    return np.minimum(across, down)
