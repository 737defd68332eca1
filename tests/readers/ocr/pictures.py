"""Scans as scanners make them: pages as pictures without text, askew, with noise, packed as JPEG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2 as pdfium
from PIL import Image


def scan(
    source: Path,
    target: Path,
    pages: Sequence[int] | None = None,
    dpi: int = 200,
    skew: float = 0.5,
    noise: float = 8.0,
    seed: int = 1,
) -> Path:
    """Write ``pages`` (from 1) of a PDF as pictures: ``skew`` in degrees, ``noise`` in shades of grey."""
    drawn = pdfium.PdfDocument(source)
    numbers = list(pages) if pages is not None else list(range(1, len(drawn) + 1))
    dice = np.random.default_rng(seed)
    with pikepdf.new() as made:
        for number in numbers:
            width, height = drawn[number - 1].get_size()
            picture = drawn[number - 1].render(scale=dpi / 72).to_pil().convert("L")
            picture = picture.rotate(skew, resample=Image.Resampling.BICUBIC, fillcolor=255)
            grey = np.asarray(picture, dtype=np.float32) * 0.9 + 12
            grey += dice.normal(0, noise, grey.shape).astype(np.float32)
            data = io.BytesIO()
            Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(data, "JPEG", quality=70)
            page = made.add_blank_page(page_size=(width, height))
            image = made.make_stream(
                data.getvalue(), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=picture.width,
                Height=picture.height, ColorSpace=pikepdf.Name.DeviceGray, BitsPerComponent=8,
                Filter=pikepdf.Name.DCTDecode,
            )  # fmt: skip
            name = page.add_resource(image, pikepdf.Name.XObject)
            page.contents_add(f"q {width} 0 0 {height} 0 0 cm {name} Do Q".encode())
        made.save(target)
    drawn.close()
    return target
