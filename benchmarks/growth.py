"""How the time for one page grows with what is on it: rulings and glyphs doubled again and again.

    python benchmarks/growth.py [--rounds 3]

Pages are made up as arrays, as a decoder would give them: a table drawn cell by cell (four strokes each), the same
table with ever more glyphs, and strokes scattered over the page that make no table. Reading is everything between the
decoder and the cells. Processor time of one process, best of the rounds; ``growth`` is the exponent by which the time
grew from the first size to the last (1: linear, 2: quadratic).
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.readers.pdf.page import NO_CLIP, PageArrays, Shapes
from pipeline.readers.pdf.read import read_arrays

COLUMNS, WIDE, HIGH = 10, 60.0, 30.0
Row = tuple[float, ...]
LIMIT = 1.25
"""An exponent up to this counts as linear (sorting adds its logarithm)."""


@dataclass(frozen=True)
class Curve:
    """Seconds by size of one kind of page."""

    name: str
    unit: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def growth(self) -> float:
        """The exponent from the first size to the last."""
        return math.log(self.seconds[-1] / self.seconds[0]) / math.log(self.sizes[-1] / self.sizes[0])


def page_of(
    width: float, height: float, strokes: list[Row], glyphs: list[Row], texts: list[str]
) -> PageArrays:
    """A page with black strokes (x and y of both ends) and upright glyphs (box and size)."""
    shapes, placed = Shapes(), np.array(glyphs).reshape(-1, 5)
    clips = np.tile(NO_CLIP, (len(strokes), 1))
    shapes.add_strokes(np.column_stack([np.array(strokes), np.tile([0.5, 0.0], (len(strokes), 1))]), clips)
    nothing = np.zeros(len(placed))
    return PageArrays(
        number=1,
        width=width,
        height=height,
        texts=tuple(texts),
        boxes=placed[:, :4],
        sizes=placed[:, 4],
        light=nothing,
        angles=nothing.astype(np.int64),
        invisible=nothing.astype(bool),
        runs=np.arange(len(placed)),
        clips=np.tile(NO_CLIP, (len(placed), 1)),
        fonts=("F",) * len(placed),
        **shapes.arrays(),
    )


def table_of(strokes: int, glyphs: int) -> PageArrays:
    """A table of ten columns drawn with about ``strokes`` strokes, cell by cell, ``glyphs`` glyphs spread over it."""
    rows = max(1, strokes // (4 * COLUMNS))
    drawn: list[Row] = []
    printed: list[Row] = []
    texts: list[str] = []
    each = -(-glyphs // (rows * COLUMNS))
    for row in range(rows):
        for column in range(COLUMNS):
            x, y = 20 + column * WIDE, 20 + row * HIGH
            corners = [(x, y), (x + WIDE, y), (x + WIDE, y + HIGH), (x, y + HIGH)]
            drawn += [(*p, *q) for p, q in zip(corners, [*corners[1:], corners[0]], strict=True)]
            size = min(9.0, 0.9 * math.sqrt(WIDE * HIGH / max(each, 1)))
            per_line = max(1, int((WIDE - 2) / size))
            for k in range(min(each, glyphs - len(texts))):
                left, top = x + 1 + (k % per_line) * size, y + 1 + (k // per_line) * size
                printed.append((left, top, left + size, top + size, size))
                texts.append(chr(0x4E00 + (row * 37 + column * 11 + k) % 3000))
    return page_of(40 + COLUMNS * WIDE, 40 + rows * HIGH, drawn, printed, texts)


def scattered(strokes: int) -> PageArrays:
    """Short strokes anywhere on a page whose area grows with their number."""
    chance = random.Random(strokes)
    side = 20 * math.sqrt(strokes)
    drawn: list[Row] = []
    for k in range(strokes):
        x, y = chance.uniform(0, side), chance.uniform(0, side)
        drawn.append((x, y, x + 25, y) if k % 2 else (x, y, x, y + 25))
    return page_of(side, side, drawn, [], [])


KINDS: tuple[tuple[str, str, tuple[int, ...], Callable[[int], PageArrays]], ...] = (
    ("table drawn cell by cell", "rulings", (625, 1250, 2500, 5000, 10000), lambda n: table_of(n, 0)),
    ("table full of text", "glyphs", (2500, 5000, 10000, 20000, 40000), lambda n: table_of(2000, n)),
    ("strokes that make no table", "rulings", (625, 1250, 2500, 5000, 10000), scattered),
)


def measure(rounds: int) -> list[Curve]:
    """All curves; sizes of a curve are gone through round by round."""
    curves = []
    for name, unit, sizes, make in KINDS:
        pages = [make(size) for size in sizes]
        best = [math.inf] * len(sizes)
        for _ in range(rounds):
            for k, page in enumerate(pages):
                begin = time.process_time()
                read_arrays(page, "pdfium")
                best[k] = min(best[k], time.process_time() - begin)
        curves.append(Curve(name, unit, sizes, tuple(best)))
    return curves


def as_table(curves: list[Curve]) -> str:
    """Markdown: milliseconds by size, microseconds apiece, the exponent."""
    lines = ["| page | size | ms | µs apiece | growth |", "| --- | --: | --: | --: | --: |"]
    for curve in curves:
        for k, (size, seconds) in enumerate(zip(curve.sizes, curve.seconds, strict=True)):
            name, growth = ("", "") if k else (curve.name, f"{curve.growth:.2f}")
            lines.append(
                f"| {name} | {size:,} {curve.unit} | {seconds * 1e3:.1f} | {seconds / size * 1e6:.1f} | {growth} |"
            )
    return "\n".join(lines)


def main() -> int:
    """Command line; exit code 1 when a curve grows faster than linearly."""
    parser = argparse.ArgumentParser(description="How the time for a page grows with its rulings and glyphs.")
    parser.add_argument("--rounds", type=int, default=3)
    curves = measure(parser.parse_args().rounds)
    print(as_table(curves))
    return int(any(curve.growth > LIMIT for curve in curves))


if __name__ == "__main__":
    sys.exit(main())
