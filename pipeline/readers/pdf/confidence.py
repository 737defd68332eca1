"""How far a staged cell is trusted: the scale of the ``confidence`` column.

1.00  two readings that know nothing of each other agree on the cell's borders and text
0.97  one reading, of ruling lines that the file itself names (nothing spoke against it)
0.90  one reading, of ruling lines seen in the pixels of a picture
0.80  two readings agree on the borders, but not on the text
0.60  two readings draw different borders there
"""

from __future__ import annotations

AGREED = 1.0
SINGLE = 0.97
PIXELS = 0.9
TEXT_DIFFERS = 0.8
STRUCTURE_DIFFERS = 0.6


def confidence_of(engine: str) -> float:
    """What a cell read by ``engine`` alone is worth."""
    return PIXELS if engine == "camelot" else SINGLE
