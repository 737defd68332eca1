"""Changes to a finished PDF that any producer's file may show: pages turned by /Rotate, crop boxes."""

from __future__ import annotations

from pathlib import Path

from .layout import Layout


def turn(path: Path, chosen: str, by: int) -> None:
    """Turn the content of pages and set /Rotate so that they are shown upright as before.

    ``chosen``: odd | all. ``by``: 90, 180 or 270 degrees clockwise that the viewer turns the page.
    """
    import pikepdf

    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        for number, page in enumerate(pdf.pages, start=1):
            if chosen == "odd" and number % 2 == 0:
                continue
            x0, y0, x1, y1 = (float(v) for v in page.mediabox)
            width, height = x1 - x0, y1 - y0
            # the content is turned counter-clockwise by what the viewer turns clockwise
            matrix, box = {
                90: ((0, 1, -1, 0, height + y0, -x0), (0, 0, height, width)),
                180: ((-1, 0, 0, -1, width + x0, height + y0), (0, 0, width, height)),
                270: ((0, -1, 1, 0, -y0, width + x0), (0, 0, height, width)),
            }[by]
            numbers = " ".join(f"{value:.3f}" for value in matrix)
            page.contents_add(f"q {numbers} cm\n".encode(), prepend=True)
            page.contents_add(b"\nQ", prepend=False)
            page.mediabox = pikepdf.Array(list(box))
            for key in ("/CropBox", "/TrimBox", "/BleedBox", "/ArtBox"):
                if key in page.obj:
                    del page.obj[key]
            page.obj["/Rotate"] = by
        pdf.save(path)


def crop(path: Path, by: float) -> None:
    """Enlarge every media box by ``by`` points and keep the old one as crop box (printer's marks area)."""
    import pikepdf

    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        for page in pdf.pages:
            x0, y0, x1, y1 = (float(v) for v in page.mediabox)
            page.obj["/CropBox"] = pikepdf.Array([x0, y0, x1, y1])
            page.mediabox = pikepdf.Array([x0 - by, y0 - by, x1 + by, y1 + by])
        pdf.save(path)


def postprocess(path: Path, layout: Layout) -> None:
    """Apply what the layout asks for."""
    if layout.crop:
        crop(path, layout.crop)
    if layout.rotate != "none":
        turn(path, layout.rotate, layout.rotate_by)
