"""Typesetters for tests and benchmarks: a truth (what is to be printed) and a layout (how) become a PDF.

``typeset(truth, layout, path)`` prints with the producer that the layout names and returns the truth with the page
of every section and annex filled in. The engines are real producers: reportlab's canvas under a typesetter of our
own (``canvas``), headless Chromium, WeasyPrint and LibreOffice Writer.
"""

from __future__ import annotations

from .build import available, typeset
from .layout import Layout

__all__ = ["Layout", "available", "typeset"]
