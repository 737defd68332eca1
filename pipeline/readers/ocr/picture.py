"""The picture of a scanned page: taken from the PDF, straightened, its ink told from its paper."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.editions.pictures import LARGEST, SMALLEST, check_size
from pipeline.errors import XizeError

Grey = npt.NDArray[np.uint8]

_DPI = (150, 300)
"""Lowest and highest resolution in which a page is read; a coarser picture is drawn larger, a finer one smaller."""
STROKE, RULING = 0.8, 0.72
"""Shades of the brightest paper near by below which a stroke of a letter and a ruling are printed."""
_CLEAR = 12, 4.5
"""Shades by which ink is darker than what is round it: at least so many, and so many times the noise of the paper."""
_MOST = 5.0
"""Degrees by which a scan may be askew."""


@dataclass(frozen=True)
class Picture:
    """A page straightened: ``grey`` (rows, columns) 0 black … 255 white, ``ink`` where something is printed, pixels per
    point, and the page's size in points."""

    grey: Grey
    ink: Grey
    scale: float
    width: float
    height: float


def page_picture(document: Any, number: int, name: str) -> Picture:
    """The picture of page ``number`` (from 1) of an open pdfium document.

    Raises XizeError for a picture that is far too small or too large, and for a page that cannot be drawn.
    """
    page = document[number - 1]
    try:
        width, height = page.get_size()
        dpi = _resolution(page, f"{name} 第 {number} 页")
        scale = min(dpi / 72, math.sqrt(LARGEST / 4 / max(width * height, 1.0)))
        bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
        grey = np.array(bitmap.to_numpy().reshape(bitmap.height, bitmap.width))
        bitmap.close()
    except XizeError:
        raise
    except Exception as error:  # pdfium raises anything on a broken picture
        raise XizeError(
            f"{name} 第 {number} 页：图片已损坏，无法识别；请重新扫描或重新取得该文件。"
        ) from error
    finally:
        page.close()
    grey = straightened(grey)
    return Picture(grey, ink_of(grey), grey.shape[1] / width, width, height)


def _resolution(page: Any, where: str) -> float:
    """Dots per inch of the page's largest picture, within what is useful."""
    import pypdfium2.raw as raw

    best = 0.0
    for one in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        across, down = ctypes.c_uint(), ctypes.c_uint()
        if not raw.FPDFImageObj_GetImagePixelSize(one.raw, across, down):
            continue
        left, bottom, right, top = one.get_bounds()
        best = max(best, 72 * across.value / max(right - left, 1.0))
        shown = (right - left) * (top - bottom) > 10_000
        check_size(f"{where}：图片", across.value, down.value, least=SMALLEST if shown else 0)
    return min(max(best, _DPI[0]), _DPI[1])


def straightened(grey: Grey) -> Grey:
    """The picture turned so that its lines are level: by the angle at which rows of ink stand out most."""
    import cv2

    factor = min(1.0, 800 / max(grey.shape))
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    dark = (255 - small).astype(np.float32)
    dark[dark < 60] = 0

    def sharpness(angle: float) -> float:
        sums = _turned(dark, angle, 0).sum(axis=1)
        return float(np.square(np.diff(sums)).sum())

    coarse = max(np.arange(-_MOST, _MOST + 0.1, 0.5), key=sharpness)
    angle = float(max(np.arange(coarse - 0.5, coarse + 0.51, 0.05), key=sharpness))
    return grey if abs(angle) < 0.04 else np.asarray(_turned(grey, angle, 255), dtype=np.uint8)


def _turned(picture: Any, angle: float, ground: int) -> Any:
    import cv2

    high, wide = picture.shape
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), angle, 1.0)
    return cv2.warpAffine(picture, turn, (wide, high), flags=cv2.INTER_CUBIC, borderValue=ground)


def ink_of(grey: Grey) -> Grey:
    """1 where something is printed: darker than the paper round it, specks left out."""
    import cv2

    smooth = cv2.GaussianBlur(grey, (3, 3), 0)
    window = max(31, round(min(grey.shape) / 40) | 1)
    noise = 1.48 * float(np.median(cv2.absdiff(smooth, cv2.medianBlur(smooth, 15))))
    clear = max(_CLEAR[0], _CLEAR[1] * noise)
    local = cv2.adaptiveThreshold(smooth, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, clear)
    level, _ = cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return np.asarray((np.asarray(local) > 0) & (np.asarray(smooth) < min(235, level + 50)), dtype=np.uint8)


def dark_of(grey: Grey, shade: float) -> Grey:
    """Where the picture is darker than ``shade`` of the paper: thin strokes (一) beside bold letters too, which ``ink_of`` leaves
    out."""
    import cv2

    smooth = cv2.GaussianBlur(grey, (3, 3), 0)
    window = max(31, round(min(grey.shape) / 40) | 1)
    paper = cv2.blur(np.asarray(cv2.dilate(smooth, np.ones((window, window), np.uint8))), (window, window))
    return np.asarray(np.asarray(smooth) < shade * np.asarray(paper), dtype=np.uint8)
