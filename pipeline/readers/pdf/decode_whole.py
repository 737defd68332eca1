"""A page by the decoder that gives most of what its content shows, and what no decoder gives."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from pipeline.errors import XizeError
from pipeline.readers.pdf.open import OpenPdf
from pipeline.readers.pdf.page import REPLACEMENT, PageArrays
from pipeline.readers.pdf.painted import missing
from pipeline.readers.pdf.visible import Hidden, visible_glyphs


@dataclass(frozen=True)
class Decoded:
    """The arrays of a page, the decoder (``engine``) that they come from, what of the page is left out on purpose (None:
    what the arrays show), and how many glyphs are ``missing``, None where they cannot be counted."""

    arrays: PageArrays
    engine: str
    hidden: list[Hidden] | None
    missing: int | None


def decode_whole(pdf: OpenPdf, number: int) -> Decoded:
    """Page ``number`` (from 1) by the document's decoder or, where glyphs are missing, by the other one if it reads more.

    So is a page whose characters pdfium does not name, as those of OCR layers, whose map of the whole of Unicode onto
    itself it does not take. Raises XizeError when the document's own decoder cannot read the page.

    >>> with open_pdf(Path("rules.pdf")) as pdf:
    ...     decoded = decode_whole(pdf, 1)
    >>> decoded.engine, decoded.missing
    ('pdfium', 0)
    """
    mine = _decode(pdf, number)
    if mine.missing or (pdf.decoder == "pdfium" and REPLACEMENT in mine.arrays.texts):
        with suppress(XizeError):  # what the other decoder cannot read is this one's alone
            return _better(mine, _decode(pdf.other, number))
    return mine


def _decode(pdf: OpenPdf, number: int) -> Decoded:
    arrays = pdf.decode(number)
    try:
        runs = pdf.painted.runs(number)
        stated = [k for k, run in enumerate(runs) if run.font.stated]
        # pdfium takes no font from a graphics state, but whatever was set before.
        if stated and pdf.decoder == "pdfium":
            arrays = arrays.glyphs(~np.isin(arrays.runs, stated))
        lacking = missing(runs, arrays)
        off = np.isin(arrays.runs, [k for k, run in enumerate(runs) if run.off])
        arrays = replace(arrays, invisible=arrays.invisible | off)
    except (
        Exception
    ):  # the libraries raise anything on a broken page: that glyphs cannot be counted is a finding
        lacking = None
    return Decoded(arrays, pdf.decoder, None, lacking)


def _better(mine: Decoded, other: Decoded) -> Decoded:
    """The one that names more of the visible glyphs; what only the other one shows is missing.

    A library that leaves out what is painted again leaves out nothing that is visible: then nothing is missing, and
    the other one tells what was left out.
    """
    (seen, _), (more, hidden) = visible_glyphs(mine.arrays), visible_glyphs(other.arrays)
    if (_named(more), _printed(more)) > (_named(seen), _printed(seen)):
        return other
    if mine.missing and other.missing is not None:
        lacking = other.missing + max(0, _printed(more) - _printed(seen))
        if lacking < mine.missing:
            return replace(mine, hidden=hidden, missing=lacking)
    return mine


def _printed(page: PageArrays) -> int:
    return sum(map(bool, map(str.strip, page.texts)))


def _named(page: PageArrays) -> int:
    """How many printed glyphs have a name."""
    return _printed(page) - page.texts.count(REPLACEMENT)
