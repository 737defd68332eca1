"""Pictures of pages as pdfium draws them, upright as the readers measure them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

_SHADES = 8


def draw_page(
    document: Any, number: int, scale: float, *, turned: int = 0, grey: bool = False
) -> Image.Image:
    """Page ``number`` (from 1) of an open pypdfium2 document, ``scale`` pixels per point.

    ``turned``: by how many degrees counter-clockwise the readers turned the page. The caller holds
    ``pdfium_calls.LOCK``. Raises pypdfium2.PdfiumError when the page cannot be loaded.

    >>> import pypdfium2
    >>> draw_page(pypdfium2.PdfDocument("rules.pdf"), 1, 0.5).size
    (298, 421)
    """
    page = document[number - 1]
    picture: Image.Image = page.render(scale=scale, grayscale=grey).to_pil().convert("L" if grey else "RGB")
    page.close()
    return picture.rotate(turned, expand=True) if turned else picture


def grey_pages(
    path: Path, numbers: Iterable[int], scale: float, turned: Mapping[int, int] | None = None
) -> Iterator[tuple[int, Image.Image]]:
    """(number, picture) of the pages in shades of grey, in order; those that pdfium cannot load are left out.

    ``turned``: by how many degrees each page was turned when it was read, where that is known: it need not be read again.

    Raises pypdfium2.PdfiumError when the file cannot be opened: it is encrypted, or broken.

    >>> [(number, picture.mode) for number, picture in grey_pages(Path("rules.pdf"), [1], 1.0)]
    [(1, 'L')]
    """
    import pypdfium2 as pdfium

    from pipeline.readers.pdf.decode_pdfium import open_pdfium
    from pipeline.readers.pdf.pdfium_calls import LOCK, PdfiumError
    from pipeline.readers.pdf.visible import turn_upright

    decoding = open_pdfium(path) if turned is None else nullcontext()
    with LOCK, pdfium.PdfDocument(path) as document, decoding as decoded:
        for number in sorted(set(numbers)):
            if not 1 <= number <= len(document):
                continue
            try:
                degrees = (
                    turn_upright(decoded.read(number)).turned if decoded else (turned or {}).get(number, 0)
                )
                picture = draw_page(document, number, scale, turned=degrees, grey=True)
            except (PdfiumError, pdfium.PdfiumError):
                continue
            yield number, picture


def grey_png(picture: Image.Image) -> bytes:
    """A grey picture as a PNG of few shades: text stays sharp and small.

    >>> (_, picture), = grey_pages(Path("rules.pdf"), [1], 1.0)
    >>> grey_png(picture)[1:4]
    b'PNG'
    """
    from PIL import Image

    step = 256 // _SHADES
    indexed = Image.frombytes("P", picture.size, picture.point([v // step for v in range(256)]).tobytes())
    indexed.putpalette([round(i * 255 / (_SHADES - 1)) for i in range(_SHADES) for _ in range(3)])
    out = io.BytesIO()
    indexed.save(out, "PNG", bits=4, optimize=False, compress_level=4)
    return out.getvalue()
