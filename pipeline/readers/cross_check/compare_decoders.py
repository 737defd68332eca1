"""The two decoders held against each other: what pdfium and pdfplumber print on a page, glyph by glyph, line by line.

They share no code. Where they agree on a page, neither is likely to be wrong about it; where they do not, one of them has
lost or invented something before the grid was ever looked for, which no second look at the grid would show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.findings import Finding
from pipeline.forked import copies, forked_map
from pipeline.readers.pdf.page import Floats, PageArrays
from pipeline.readers.pdf.read import PageReader, open_pdf
from pipeline.readers.pdf.visible import see
from pipeline.text import squeeze

FIRST, SECOND = "pdfium", "pdfplumber"

_BESIDE = 0.25
"""Share of its size by which a glyph's middle may be elsewhere: far less would be another cell."""
_OFF = 1.0
"""Points by which the ends of a line may be elsewhere."""
_RANGE = 8
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
    a, b = see(a)[0], see(b)[0]
    here, there = _glyphs(a), _glyphs(b)
    letters = {text: number for number, text in enumerate(sorted({*here, *there}))}
    tolerance = max(0.5, _BESIDE * float(np.median(a.sizes)) if len(a.sizes) else 0.5)
    lone = [
        index
        for indices, alone in [_without_partner(here, there, a, b, letters, tolerance)]
        for index, single in zip(indices, alone, strict=True)
        if single
    ]
    lines = a.rulings[:, :4][_apart(a.rulings[:, :4], b.rulings[:, :4], _OFF)]
    return Disagreement(tuple(squeeze(a.texts[i]) for i in lone), a.boxes[lone], lines)


def _glyphs(page: PageArrays) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, text in enumerate(page.texts):
        if squeezed := squeeze(text):
            found.setdefault(squeezed, []).append(index)
    return found


def _without_partner(
    here: dict[str, list[int]],
    there: dict[str, list[int]],
    a: PageArrays,
    b: PageArrays,
    letters: dict[str, int],
    tolerance: float,
) -> tuple[list[int], list[bool]]:
    """The indices of the glyphs of ``a``, in order, and whether each of them is alone."""

    def points(found: dict[str, list[int]], page: PageArrays) -> tuple[list[int], Floats]:
        pairs = sorted((index, letters[text]) for text, indices in found.items() for index in indices)
        indices = [index for index, _ in pairs]
        boxes = page.boxes[indices]
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        # Different characters lie far apart in a third direction.
        return indices, np.column_stack([middles, 1e6 * np.array([letter for _, letter in pairs])])

    indices, mine = points(here, a)
    _, theirs = points(there, b)
    return indices, _apart(mine, theirs, tolerance).tolist()


def _apart(points: Floats, others: Floats, tolerance: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
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


def _compare(one: PageReader, other: PageReader, number: int) -> Finding | None:
    pages: list[PageArrays] = []
    for reader in (one, other):
        try:
            pages.append(reader.decode(number))
        except Exception as error:  # decoders raise anything on a broken content stream
            return Finding(
                "decoder_disagreement",
                f"第{number}页：解码器{reader.engine}未能读取该页，无从核对；请对照原页核对。",
                f"{number}|{reader.engine}: {type(error).__name__}",
                page=number,
            )
    return page_finding(*pages)


def compare_decoders(
    path: Path, pages: Sequence[int], password: str = "", workers: int | None = None
) -> list[Finding]:
    """A finding for each of ``pages`` on which the decoders disagree. Raises XizeError when the file cannot be opened."""

    def compare(numbers: Sequence[int]) -> list[Finding]:
        with open_pdf(path, password, FIRST) as one, open_pdf(path, password, SECOND) as other:
            found = [_compare(one, other, number) for number in numbers]
        return [finding for finding in found if finding is not None]

    parts = [pages[i : i + _RANGE] for i in range(0, len(pages), _RANGE)]
    return [finding for part in forked_map(compare, parts, copies(workers)) for finding in part]
