"""The two decoders compared: what pdfium and pdfplumber print on a page, glyph by glyph, line by line.

They share no code. Where they agree on a page, neither is likely to be wrong about it; where they do not, one of them has
lost or invented something before the grid is looked for, which no other grid finder would show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.processes import map_in_processes
from pipeline.readers.pdf.open import OpenPdf, open_pdf
from pipeline.readers.pdf.page import Bools, Floats, Ints, PageArrays
from pipeline.readers.pdf.visible import visible_glyphs
from pipeline.text import squeeze

FIRST, SECOND = "pdfium", "pdfplumber"

_BESIDE = 0.25
"""Share of its size by which a glyph's middle may be elsewhere: far less would be another cell."""
_OFF = 1.0
"""Points by which the ends of a line may be elsewhere."""
_RANGE = 16
"""Pages per item of work: opening the file anew for each takes a while."""
_SHOWN = 20


@dataclass(frozen=True)
class Disagreement:
    """What only one of two readings of a page has: characters, and the boxes of glyphs and of lines (n, 4)."""

    texts: tuple[str, ...]
    glyphs: Floats
    lines: Floats

    def __bool__(self) -> bool:
        return bool(self.texts) or len(self.lines) > 0


def only_in(a: PageArrays, b: PageArrays) -> Disagreement:
    """What of the visible glyphs and lines of ``a`` has no partner in ``b``: the same character in the same place (to
    a quarter of its size), a line between the same ends (to a point). Blanks do not count, nor does how often."""
    a, b = visible_glyphs(a)[0], visible_glyphs(b)[0]
    numbers: dict[str, int] = {}
    tolerance = max(0.5, _BESIDE * float(np.median(a.sizes)) if len(a.sizes) else 0.5)
    index, points = _points(a, numbers)
    lone = index[_apart(points, _points(b, numbers)[1], tolerance)].tolist()
    lines = a.rulings[:, :4][_apart(a.rulings[:, :4], b.rulings[:, :4], _OFF)]
    return Disagreement(tuple(squeeze(a.texts[i]) for i in lone), a.boxes[lone], lines)


def _points(page: PageArrays, numbers: dict[str, int]) -> tuple[Ints, Floats]:
    """The glyphs that print something: their indices, and (n, 3) the middle of each and the number of its text, far
    apart for different ones; ``numbers`` is added to."""
    texts = list(map(squeeze, page.texts))
    index = np.array([i for i, text in enumerate(texts) if text], dtype=np.int64)
    known = [1e6 * numbers.setdefault(texts[i], len(numbers)) for i in index.tolist()]
    return index, np.column_stack([*(at[index] for at in page.centres), known])


def _apart(points: Floats, others: Floats, tolerance: float) -> Bools:
    """Which points have none of ``others`` within ``tolerance`` in every direction."""
    from scipy.spatial import cKDTree

    if not len(points) or not len(others):
        return np.ones(len(points), dtype=bool)
    distance, _ = cKDTree(others).query(points, p=np.inf, distance_upper_bound=tolerance)
    return np.asarray(np.isinf(distance))


def page_finding(first: PageArrays, second: PageArrays) -> Finding | None:
    """The finding that two decoders' readings of a page (pdfium's and pdfplumber's) differ, None where they agree."""
    sides = {FIRST: only_in(first, second), SECOND: only_in(second, first)}
    said, evidence = [], []
    for name, side in sides.items():
        if side.texts:
            said.append(f"只有{name}读出{len(side.texts)}个字（“{''.join(side.texts[:_SHOWN])}”）")
        if len(side.lines):
            said.append(f"只有{name}读出{len(side.lines)}条线")
        if side:
            evidence.append(f"{name}: {''.join(side.texts[:200])} | {len(side.lines)}")
    if not said:
        return None
    boxes = np.vstack([box for side in sides.values() for box in (side.glyphs, side.lines)])
    return Finding(
        "decoder_disagreement",
        f"第{first.number}页：两个解码器读出的内容不一致：{'；'.join(said)}；请对照原页核对。",
        f"{first.number}|{' / '.join(evidence)}",
        page=first.number,
        x0=float(boxes[:, 0].min()),
        top=float(boxes[:, 1].min()),
        x1=float(boxes[:, 2].max()),
        bottom=float(boxes[:, 3].max()),
    )


def compare_decoders(
    path: Path, pages: Sequence[int], password: str = "", workers: int | None = None
) -> list[Finding]:
    """A finding for each of ``pages`` on which the decoders disagree. Raises XizeError when the file cannot be opened."""
    ranges = [pages[i : i + _RANGE] for i in range(0, len(pages), _RANGE)]
    parts = map_in_processes(partial(_compare_pages, path, password), ranges, workers)
    return [finding for part in parts for finding in part]


def _compare_pages(path: Path, password: str, pages: Sequence[int]) -> list[Finding]:
    with open_pdf(path, password, FIRST) as one, open_pdf(path, password, SECOND) as other:
        found = [_compare_page(one, other, number) for number in pages]
    return [finding for finding in found if finding is not None]


def _compare_page(one: OpenPdf, other: OpenPdf, number: int) -> Finding | None:
    pages: list[PageArrays] = []
    for pdf in (one, other):
        try:
            pages.append(pdf.decode(number))
        except XizeError as error:
            return Finding(
                "decoder_disagreement",
                f"第{number}页：解码器{pdf.decoder}未能读取该页，无从核对；请对照原页核对。",
                f"{number}|{pdf.decoder}: {type(error.__cause__).__name__}",
                page=number,
            )
    return page_finding(*pages)
